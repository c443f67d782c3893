"""Chromium without a window, driven through Chrome's DevTools protocol over two pipes."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60  # seconds, far more than an answer takes


def find_chromium():
    """The program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class _Handler(SimpleHTTPRequestHandler):
    # As servers do that know neither of the two types.
    def guess_type(self, path):
        types = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
        return types.get(Path(path).suffix, "application/octet-stream")

    def log_message(self, *args):
        pass


@contextmanager
def serve(folder):
    """Yields the address of a server of static files, which sends no headers of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Browser:
    """One page. Events of the protocol are kept in `events`, (method, parameters)."""

    def __init__(self, profile):
        """profile: a folder of its own."""
        to_browser, self._requests = os.pipe()
        self._answers, from_browser = os.pipe()
        options = [
            "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}",
            "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--mute-audio",
            "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        ]  # fmt: skip
        # Chromium reads from descriptor 3 and writes to 4, whatever they are here.
        program = (
            "import fcntl, os, sys\n"
            f"ends = [fcntl.fcntl(e, fcntl.F_DUPFD, 10) for e in {(to_browser, from_browser)}]\n"
            "os.dup2(ends[0], 3), os.dup2(ends[1], 4)\n"
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", program, find_chromium(), *options],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.events = []
        self._messages = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._number, self._session = 0, None
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self):
        page = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM", "Accessibility"):
            self.call(f"{domain}.enable")

    def _read(self):
        with os.fdopen(self._answers, "rb") as stream:
            rest = b""
            while piece := os.read(stream.fileno(), 2**20):
                *messages, rest = (rest + piece).split(b"\0")
                for message in messages:
                    self._messages.put(json.loads(message))
        self._messages.put(None)

    def call(self, method, *, session=None, **parameters):
        """A command of the protocol and its result. session: of a worker; None: of the page."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session or self._session:
            message["sessionId"] = session or self._session
        os.write(self._requests, json.dumps(message).encode() + b"\0")
        while True:
            try:
                answer = self._messages.get(timeout=PATIENCE)
            except Empty:
                raise TimeoutError(method) from None
            assert answer is not None, "the browser has ended"
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            if "method" in answer:
                self.events.append((answer["method"], answer.get("params", {})))

    def workers(self):
        """The sessions of the page's workers."""
        start = len(self.events)
        options = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True}
        self.call("Target.setAutoAttach", **options)
        self.run("new Promise(resolve => setTimeout(resolve, 50))")
        return [p["sessionId"] for m, p in self.events[start:] if m == "Target.attachedToTarget"]

    def run(self, script, *, session=None):
        """The value of a JavaScript expression, awaited if it is a promise. session: see `call`."""
        done = self.call(
            "Runtime.evaluate", session=session,
            expression=script, awaitPromise=True, returnByValue=True, userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait_for(self, condition):
        """Until the JavaScript expression `condition` is true; returns its value."""
        return self.run(
            "new Promise((resolve, reject) => { const start = Date.now(); (function look() {"
            f" const found = {condition}; if (found) return resolve(found);"
            f" if (Date.now() - start > {500 * PATIENCE})"
            f" return reject(new Error('in vain: ' + {json.dumps(condition)} + ' ' +"
            " document.body.innerText)); setTimeout(look, 10); })(); })"
        )

    def show(self, *, width=1280, height=900, dark=False):
        """The size of the window, in CSS pixels; a narrow one is a phone's."""
        phone = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open_page(self, address):
        """Opens the page of an export, waits for its model and makes `shown` of page.js global."""
        self.show()
        self.call("Page.navigate", url=address)
        self.wait_for("document.getElementById('choose')?.disabled === false")
        self.run("import('/page.js').then(page => { globalThis.shown = page.shown; })")

    def choose(self, selector, file):
        """Gives `file` to an `<input type="file">`, as if it had been chosen."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def screenshot(self, path):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.call(
            "Page.captureScreenshot",
            captureBeyondViewport=True, clip={**size, "scale": 1},
        )  # fmt: skip
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        os.close(self._requests)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join()

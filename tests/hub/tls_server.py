"""An https server on this machine that behaves well or badly, as the path asks for.

`localhost.pem`, its key and certificate, is for these tests alone: `openssl req -x509 -newkey ec
-pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
-addext subjectAltName=DNS:localhost`.
"""

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("localhost.pem")
REDIRECTS = {
    "/moved": "/model.zip",
    "/to-http": "http://localhost/model.zip?token=secret",
    "/to-file": "file:///etc/hostname",
    "/to-ftp": "ftp://localhost/model.zip",
    "/around": "/around",
}


class TlsServer(ThreadingHTTPServer):
    """files: what it serves, by path. asked: the paths of all requests. closing: set at the end."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.seen = threading.Event()
        self.closing = threading.Event()

    def address(self, path):
        return f"https://localhost:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        """A client that hung up is what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: TlsServer

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        self.server.seen.set()
        if path in REDIRECTS:
            self._start(302, location=REDIRECTS[path])
        elif path == "/silent":
            self.server.closing.wait()
        elif path == "/stalls":
            self._start(200, content_length=5000)
            self.wfile.write(b"PK")
            self.server.closing.wait()
        elif path == "/endless":
            self._start(200)
            while not self.server.closing.is_set():
                self.wfile.write(bytes(2**16))
        elif path == "/drips":
            self._start(200)
            while not self.server.closing.wait(0.01):
                self.wfile.write(b"P")
        elif path == "/huge":
            self._start(200, content_length=2**40)
        elif path == "/short":
            self._start(200, content_length=100)
            self.wfile.write(b"PK")
        elif path in self.server.files:
            self._start(200, content_length=len(self.server.files[path]))
            self.wfile.write(self.server.files[path])
        else:
            self._start(404)

    def _start(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


@contextmanager
def serving():
    """Yields a TlsServer that runs."""
    server = TlsServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def trust(monkeypatch, cache):
    """The certificate is trusted, no proxy stands in between, and models are kept in `cache`."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    monkeypatch.setenv("KERASSEG_CACHE", str(cache))

"""Runs Python programs in processes of their own, without importing TensorFlow anew for each.

The import takes longer than what many of them do. One process has done it and forks for every
program (`tests/fork_server.py`).
"""

import atexit
import functools
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
# Seconds, far more than any of them takes on a slow and busy machine: ends what hangs.
PATIENCE = 900


class _ForkServer:
    def __init__(self):
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, str(PROJECT / "tests" / "fork_server.py"), str(theirs.fileno())],
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def close(self) -> None:
        self.connection.close()
        self.process.wait()


@functools.cache
def _server() -> _ForkServer:
    """One for all tests of this process."""
    server = _ForkServer()
    atexit.register(server.close)
    return server


class ForkedProgram:
    """A `subprocess.Popen` as far as tests need one."""

    def __init__(
        self, arguments, *, folder: Path, environment: dict, session: bool, fork_children: bool
    ):
        self.args = arguments
        self.returncode = None
        self._streams = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115 (communicate)
        read, write = os.pipe()
        self._answers = os.fdopen(read, "rb", buffering=0)
        request = {
            "arguments": arguments,
            "folder": str(folder),
            "environment": environment,
            "session": session,
            "fork_children": fork_children,
        }
        descriptors = [*(stream.fileno() for stream in self._streams), write]
        try:
            socket.send_fds(_server().connection, [json.dumps(request).encode()], descriptors)
        finally:
            os.close(write)
        self.pid = self._answer(PATIENCE)

    def _answer(self, timeout: float) -> int:
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            if not selector.select(timeout):
                raise subprocess.TimeoutExpired(self.args, timeout)
        line = self._answers.readline()
        assert line, "tests/fork_server.py has ended"
        return int(line)

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float = PATIENCE) -> int:
        if self.returncode is None:
            self.returncode = self._answer(timeout)
        return self.returncode

    def communicate(self, timeout: float = PATIENCE) -> tuple[str, str]:
        self.wait(timeout)
        self._answers.close()
        texts = []
        for stream in self._streams:
            with stream:
                stream.seek(0)
                texts.append(stream.read().decode())
        return tuple(texts)

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def start_program(
    arguments,
    *,
    folder: Path,
    session: bool = False,
    fork_children: bool = False,
    **environment: str,
) -> "ForkedProgram | subprocess.Popen":
    """`python ARGUMENTS`, begun in `folder`, with the project importable.

    session: whether it leads a session of its own. fork_children: whether what it starts in Python
    is forked, too. environment: on top of that of the tests.
    """
    arguments = [str(argument) for argument in arguments]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), **environment}
    if sys.platform == "linux":
        return ForkedProgram(
            arguments,
            folder=folder,
            environment=environment,
            session=session,
            fork_children=fork_children,
        )
    # Elsewhere the system's own libraries do not survive a fork.
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=session,
    )


def run_program(
    arguments, *, folder: Path, fork_children: bool = False, **environment: str
) -> subprocess.CompletedProcess:
    """As `start_program`, to its end."""
    program = start_program(arguments, folder=folder, fork_children=fork_children, **environment)
    try:
        output, errors = program.communicate(timeout=PATIENCE)
    finally:
        program.kill()
    return subprocess.CompletedProcess(program.args, program.returncode, output, errors)

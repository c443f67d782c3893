"""One training at a time in a run directory."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerasseg.errors import UserError
from kerasseg.files import os_errors

if sys.platform != "win32":
    import fcntl


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of `folder`, which is made if need be and removed again if it stays empty.

    The lock is on the folder itself: it leaves no file, and ends with the process, however that
    ends. Raises UserError, naming the process that holds it and the host, if another one
    does. Where folders cannot be locked (Windows, some network file systems) nothing is.
    """
    if sys.platform == "win32":
        yield
        return
    with os_errors(folder, "cannot be written"):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{folder}: another training is running there{_holder(descriptor)}; wait for it, "
                "stop it, or use another run_dir or name"
            ) from None
        except OSError:  # not every network file system has such locks
            pass
        yield
    finally:
        os.close(descriptor)
        with suppress(OSError):
            folder.rmdir()  # only an empty one


def _holder(descriptor: int) -> str:
    """` (process 123 on HOST)`, as the kernel says; nothing if not, as in some containers."""
    inode = os.fstat(descriptor).st_ino
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5].endswith(f":{inode}"):
                process = int(fields[4])
                return f" (process {process} on {socket.gethostname()})" if process > 0 else ""
    return ""

"""The ways in which a command ends, and the exit status of each."""

import errno
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

DONE, DONE_IN_PART, USER_ERROR, INTERRUPTED, BUG = 0, 1, 2, 3, 70

_OUT_OF_MEMORY = (
    "out of memory; in training, a larger train.accumulate or a lower train.batch_size, "
    "data.image_size or model.width needs less (a new run), and serving.tile lowers what large "
    "images take"
)
_FULL = re.compile(r"no space left|disk quota exceeded|file too large", re.I)
_MEMORY = re.compile(r"out[_ ]of[_ ]memory|OOM when|failed to allocate|bad_alloc", re.I)
_TRACE = re.compile(r"\{\{.*?\}\}|\[Op:\w+\][^;]*$")  # where in a graph it was
_FILES = ("NotFoundError", "PermissionDeniedError", "AlreadyExistsError")
# What a failed allocation ends in, beside TensorFlow's ResourceExhaustedError.
_PERHAPS_MEMORY = ("InternalError", "UnknownError", "AbortedError")


class UserError(ValueError):
    """What the user can mend: the message is one line that names the file or the setting."""


class Interrupted(Exception):
    """The run stopped in good order (SIGTERM, Ctrl-C); the same command continues it.

    The message, if there is one, says why: another process was lost. Then nothing was saved, and
    the same command continues from the last saved state.
    """


def run_command(function: Callable[[], int | None]) -> int:
    """Runs a command and returns its exit status; nothing a user can mend ends in a traceback.

    The status is what the function returns (None is 0), 2 after a UserError and where files or
    memory fail, 3 after an interruption. Any other exception is a bug: its traceback is printed,
    the status is 70.
    """
    try:
        try:
            status = function()
        except SystemExit as stop:  # --help
            if stop.code:
                raise
            status = DONE
        sys.stdout.flush()
        return status or DONE
    except UserError as error:
        print_error(str(error))
        return USER_ERROR
    except (Interrupted, KeyboardInterrupt) as reason:
        why = str(reason) or "interrupted"
        print(f"{why}; run the same command again to continue", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader (head, less) has gone; at exit Python would flush again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except Exception as error:
        line = line_of(error)
        if line is None:
            traceback.print_exc()
            return BUG
        print_error(line)
        return USER_ERROR


def print_error(message: str) -> None:
    """Prints every line of it on stderr, marked as an error.

    Control characters, which the name of a file may hold, are shown as escapes such as `\\x1b`.
    """
    for line in message.split("\n"):
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
        print(f"error: {shown}", file=sys.stderr)


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Within it SIGTERM raises Interrupted, as Ctrl-C raises KeyboardInterrupt."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def line_of(error: BaseException) -> str | None:
    """What the machine refused (files, disk space, memory) as one line; None for other errors.

    Python says it with OSError and MemoryError, TensorFlow with errors of its own, which are told
    by their names, since it need not be installed.
    """
    if isinstance(error, MemoryError):
        return _OUT_OF_MEMORY
    if isinstance(error, OSError):
        return _line_of_os_error(error)
    names = {kind.__name__ for kind in type(error).__mro__ if _is_tensorflows(kind)}
    message = str(getattr(error, "message", error))
    if names & {"ResourceExhaustedError", *_PERHAPS_MEMORY} and _FULL.search(message):
        return _sentence(message, _FULL)
    if "ResourceExhaustedError" in names or (
        names.intersection(_PERHAPS_MEMORY) and _MEMORY.search(message)
    ):
        return _OUT_OF_MEMORY
    if names.intersection(_FILES):
        return _sentence(message, re.compile(r"; ?(No such file|Permission denied|.*exist)"))
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it is a failed allocation, on the machine or on a GPU."""
    return line_of(error) == _OUT_OF_MEMORY


def _line_of_os_error(error: OSError) -> str:
    reason = error.strerror or (str(error).splitlines() or [type(error).__name__])[0]
    if error.errno == errno.ENOMEM:
        return _OUT_OF_MEMORY
    return reason if error.filename is None else f"{error.filename}: {reason}"


def _is_tensorflows(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "tensorflow"


def _sentence(message: str, words: re.Pattern) -> str:
    """The line of a message of several that holds the words, without the trace around it."""
    lines = [line.strip() for line in message.splitlines() if line.strip()] or [message]
    line = next((line for line in lines if words.search(line)), lines[0])
    return _TRACE.sub("", line).strip()

"""The ways in which a command ends, and the exit status of each."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

DONE, DONE_IN_PART, USER_ERROR, INTERRUPTED, BUG = 0, 1, 2, 3, 70


class UserError(ValueError):
    """What the user can mend: the message is one line that names the file or the setting."""


class Interrupted(Exception):
    """The run stopped in good order (SIGTERM, Ctrl-C); the same command continues it.

    The message, if there is one, says why: another process was lost. Then nothing was saved, and
    the same command continues from the last saved state.
    """


def run_command(function: Callable[[], int | None]) -> int:
    """Runs a command and returns its exit status; nothing a user can mend ends in a traceback.

    The status is what the function returns (None is 0), 2 after a UserError, 3 after an
    interruption. Any other exception is a bug: its traceback is printed, the status is 70.
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
    except Exception:
        traceback.print_exc()
        return BUG


def print_error(message: str) -> None:
    """Prints every line of it on stderr, marked as an error."""
    for line in message.splitlines():
        print(f"error: {line}", file=sys.stderr)


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

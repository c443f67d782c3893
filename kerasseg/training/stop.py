"""SIGTERM and Ctrl-C ask the loop to stop at the next step."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from kerasseg.errors import Interrupted


class StopRequest:
    """`asked` turns true at the first signal; a second Ctrl-C ends the process at once."""

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        """Raises Interrupted if a signal has come."""
        if self.asked:
            raise Interrupted

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Yields a StopRequest; the handlers that were there before come back at the end."""
    request = StopRequest()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, request._ask) for number in numbers}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

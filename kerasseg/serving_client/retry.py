"""What can go wrong between a client and a model server, and what is worth trying again."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")
_LONGEST_WAIT = 5.0  # seconds


class ServingError(Exception):
    """The server gave no usable answer. The message names the server and what it said."""


class RequestRefused(ServingError):
    """Model or server find fault with the request itself (InvalidArgument): never tried again."""


class ServerUnavailable(ServingError):
    """No connection, or the server is up but cannot answer now: tried again."""


def with_retries(call: Callable[[], Answer], *, retries: int, first_wait: float) -> Answer:
    """What `call` returns; after ServerUnavailable it is called again, up to `retries` times.

    first_wait: seconds before the second call; doubled each time up to five seconds, and cut by
    up to a half at random, so that many clients do not come back at the same moment.
    """
    wait = first_wait
    for _ in range(retries):
        try:
            return call()
        except ServerUnavailable:
            time.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, _LONGEST_WAIT)
    return call()

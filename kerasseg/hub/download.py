"""A file behind an address, within limits: https:// by the standard library, the rest by fsspec.

A thread of its own reads and this one waits for it, so that whatever hangs, a name server, a
handshake or a read, is waited for only so long.
"""

import hashlib
import http.client
import queue
import re
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from kerasseg.data.storage import pieces, stamp
from kerasseg.errors import UserError
from kerasseg.version import __version__

TIMEOUT = 30.0  # seconds
_SLOWEST = 32 * 2**10  # bytes/s, over TIMEOUT
_PIECE = 2**18  # bytes
_WAITING = 8  # pieces
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def download(
    address: str, target: Path, *, sha256: str, limit: int, timeout: float = TIMEOUT
) -> None:
    """Writes the file at `address` to `target`.

    sha256: of the file, 64 hexadecimal digits. limit: its bytes, at most. timeout: seconds within
    which at least 32 KiB/s have to arrive, over and over. Certificates are checked against those
    of the system or SSL_CERT_FILE; proxies are those of the environment.
    Raises UserError if that fails, for another file, and for an address that leaves https; what is
    at `target` then is of no use. An OSError is about `target`.
    """
    shown = shown_address(address)
    digest, size = hashlib.sha256(), 0
    read = _https if check_address(address) == "https" else _stored
    with target.open("wb") as file:
        for piece in _in_time(lambda: read(address, limit, timeout), shown, timeout):
            size += len(piece)
            if size > limit:
                raise _too_large(shown, f"more than {limit}", limit)
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != sha256:
        raise UserError(f"{shown}: found sha256 {digest.hexdigest()}, allowed: {sha256}")


def check_address(address: str) -> str:
    """The scheme, in lower case. Raises UserError for one that is not read from."""
    shown, match = shown_address(address), _SCHEME.match(address)
    # fsspec takes chains, such as zip://model.onnx::http://host/a.zip, with any scheme in them.
    if match is None or (match[1].lower() != "https" and "::" in address):
        raise UserError(f"{shown}: not an address, allowed: https://, or one that fsspec reads")
    scheme = match[1].lower()
    if scheme == "http":
        raise UserError(f"{shown}: found http, allowed: https, or an address that fsspec reads")
    return scheme


def shown_address(address: str) -> str:
    """Without what may be secret: user and password before the host, a signature behind `?`."""
    start, mark, rest = address.partition("://")
    place, query, _ = rest.partition("?")
    host, slash, path = place.partition("/")
    return f"{start}{mark}{host.rpartition('@')[2]}{slash}{path}{'?...' if query else ''}"


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows to https:// alone."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            fp.close()
            raise UserError(
                f"{shown_address(req.full_url)}: redirects to {shown_address(newurl)}, allowed: "
                "https"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _https(address: str, limit: int, timeout: float) -> Iterator[bytes]:
    shown = shown_address(address)
    request = urllib.request.Request(address, headers={"User-Agent": f"kerasseg/{__version__}"})
    secure = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    opener = urllib.request.build_opener(secure, _OnlyHttps())
    try:
        with opener.open(request, timeout=timeout) as response:
            length = response.length  # None if the server does not tell
            if length is not None and length > limit:
                raise _too_large(shown, str(length), limit)
            left = limit + 1 if length is None else length  # one more shows that it is too large
            while left > 0 and (piece := response.read1(min(left, _PIECE))):
                left -= len(piece)
                yield piece
            if length is not None and left > 0:
                raise UserError(f"{shown}: ends {left} of {length} bytes too early")
    except urllib.error.HTTPError as error:
        error.close()
        raise UserError(f"{shown}: HTTP {error.code} {_line(error.reason)}") from None


def _stored(address: str, limit: int, timeout: float) -> Iterator[bytes]:
    size = stamp(address)[0]
    if size > limit:
        raise _too_large(shown_address(address), str(size), limit)
    for piece in pieces(address, _PIECE):
        yield piece.tobytes()


def _in_time(read: Callable[[], Iterator[bytes]], shown: str, timeout: float) -> Iterator[bytes]:
    """What `read` yields. Raises UserError for what it raises, and if it is too slow."""
    arrived: queue.Queue[bytes | Exception | None] = queue.Queue(_WAITING)
    given_up = threading.Event()

    def put(item: bytes | Exception | None) -> bool:
        while not given_up.is_set():
            try:
                arrived.put(item, timeout=0.1)
                return True
            except queue.Full:
                pass
        return False

    def fill() -> None:
        try:
            if all(put(piece) for piece in read()):
                put(None)
        except Exception as error:
            put(error)

    threading.Thread(target=fill, name="kerasseg download", daemon=True).start()
    started, got = time.monotonic(), 0
    try:
        while True:
            try:
                item = arrived.get(timeout=max(0.0, started + timeout - time.monotonic()))
            except queue.Empty:
                item = b""
            if item is None:
                return
            if isinstance(item, Exception):
                raise _as_user_error(item, shown)
            got += len(item)
            if time.monotonic() - started >= timeout:
                if got < _SLOWEST * timeout:
                    raise UserError(
                        f"{shown}: too slow, {got} bytes within {timeout:g} seconds, allowed: "
                        f"{_SLOWEST} a second and more"
                    )
                started, got = time.monotonic(), 0
            yield item
    finally:
        given_up.set()


def _as_user_error(error: Exception, shown: str) -> UserError:
    if isinstance(error, UserError):
        return error
    if not isinstance(error, OSError | http.client.HTTPException | ValueError):
        raise error
    if isinstance(error, FileNotFoundError):
        return UserError(f"{shown}: no such file")
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return UserError(f"{shown}: cannot be read ({_line(reason)})")


def _line(reason: object) -> str:
    return (str(reason).splitlines() or [type(reason).__name__])[0]


def _too_large(shown: str, size: str, limit: int) -> UserError:
    return UserError(f"{shown}: found {size} bytes, allowed: {limit} (max_mib)")

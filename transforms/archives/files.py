"""Opening a file of the input, local or remote, and reading it in blocks."""

import errno
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from transforms.errors import JobError
from transforms.records import Reject
from transforms.remote import is_refused, reason_of, transport_of

STAGE = "read"


OPENING_WAITS = (1.0, 5.0)
"""Seconds before a remote source that did not open is tried again."""

BLOCK_BYTES = 1 << 18
"""Small enough to stay in a core's own cache until it is searched and hashed."""


_OWN_FAULTS = {
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ELOOP),
    *(errno.ENAMETOOLONG, errno.ENXIO),
}
"""What is wrong with a local file itself; all else is a fault of the machine."""


class UnreadableError(JobError):
    """A source cannot be read now: trying again may help."""


def open_source(uri: str) -> BinaryIO:
    """Opens a path or URI for reading its bytes as they are, compressed or not.

    Raises:
        Exception: the transport's own, ``OSError`` for a local file: it cannot be opened.
    """
    if not is_remote(uri):
        return Path(uri.removeprefix("file://")).open("rb")
    import smart_open  # noqa: PLC0415 - imports every vendor's library: 0.5 s

    return smart_open.open(uri, "rb", compression="disable", transport_params=transport_of(uri))


def open_patiently(uri: str) -> BinaryIO:
    """``open_source``, with some patience where the source is remote."""
    # It was there when the inputs were matched: a network may need another try.
    for wait in OPENING_WAITS if is_remote(uri) else ():
        try:
            return open_source(uri)
        except Exception:  # every transport has its own
            time.sleep(wait)
    return open_source(uri)


def is_lost(uri: str, error: Exception) -> bool:
    """Whether a file that did not open will not do so later either: gone, or forbidden."""
    if is_remote(uri):
        return is_refused(error)
    return isinstance(error, OSError) and error.errno in _OWN_FAULTS


def is_remote(uri: str) -> bool:
    """Whether a source is read over a network."""
    return "://" in uri and not uri.startswith("file://")


def answers_ranges(uri: str, file: IO[bytes]) -> bool:
    """Whether a file can be read from any position: of a web server's, whether it says so."""
    if not uri.startswith(("http://", "https://")):
        return True
    response = getattr(file, "response", None)
    return response is not None and response.headers.get("Accept-Ranges", "").lower() == "bytes"


def file_blocks(uri: str, file: IO[bytes], start: int | None = None) -> Iterator[bytes]:
    """A file's bytes, from a position on.

    Raises:
        UnreadableError: the file cannot be read.
        io.UnsupportedOperation: a web server does not begin where it was asked to.
    """
    try:
        if start is not None:
            file.seek(start)
        while block := file.read(BLOCK_BYTES):
            yield block
    except (MemoryError, io.UnsupportedOperation):
        raise
    except Exception as error:  # every transport has its own
        if is_remote(uri) or isinstance(error, OSError):
            raise UnreadableError(f"{uri}: {reason_of(error)}") from error
        raise


def file_reject(uri: str, reason: str, message: str, index: int = 0) -> Reject:
    """The reject of a whole file, or of a member of it."""
    return Reject(uri, index, None, STAGE, reason, message, 0, 0)

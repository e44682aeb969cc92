"""Streams of bytes, in blocks: looked into, and decompressed."""

import itertools
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from transforms.archives.bombs import Meter
from transforms.archives.files import BLOCK_BYTES, STAGE
from transforms.records import RejectError

FED_BYTES = 1 << 14
"""Given to zlib at a time: it copies what is left of it at the end of each gzip member, and a file
may have a member for each 20 bytes."""


class Point(NamedTuple):
    """A place in gzip data where decompression can go on.

    Attributes:
        expanded, compressed: bytes before it, decompressed and in the file.
        inflate: zlib's state there.
    """

    expanded: int
    compressed: int
    inflate: "zlib._Decompress"


BEGINNING = Point(0, 0, zlib.decompressobj(wbits=31))


class Points:
    """Where readers of gzip files have been lately, for those that want to read on from there.

    A chunk's reader would have to decompress all that stands before the chunk. Safe to use from
    several threads. Holds for files that stay as they are.
    """

    EVERY = 1 << 20
    """Decompressed bytes from one to the next."""
    KEPT = 32
    """zlib's state takes some 45 KB, and holds up to a block of compressed bytes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: dict[tuple[str, int], Point] = {}

    def add(self, uri: str, point: Point) -> None:
        """Remembers a point, unless one close to it is known; the longest unseen is forgotten."""
        with self._lock:
            key = uri, point.expanded // self.EVERY
            self._points[key] = self._points.pop(key, point)
            if len(self._points) > self.KEPT:
                del self._points[next(iter(self._points))]

    def last_before(self, uri: str, position: int) -> Point:
        """The last point that is known before a decompressed position; else the beginning."""
        with self._lock:
            known = [point for (of, _), point in self._points.items() if of == uri]
        before = (point for point in known if point.expanded <= position)
        return max(before, key=lambda point: point.expanded, default=BEGINNING)


def _forget(_: Point) -> None:
    """Nobody wants to read on from there."""


def peek(blocks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, at least ``size`` if there are so many, and the whole stream again."""
    head = b""
    try:
        while len(head) < size:
            head += next(blocks)
    except StopIteration:
        pass
    except RejectError as error:
        blocks = failing(error)
    return head, itertools.chain([head] if head else [], blocks)


def without(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """A stream without its first bytes."""
    for block in blocks:
        if rest := block[size:]:
            yield rest
        size = max(size - len(block), 0)


def _cut(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """A stream in blocks of no more than some size."""
    for block in blocks:
        for start in range(0, len(block), size):
            yield block[start : start + size]


def failing(error: RejectError) -> Iterator[bytes]:
    """A stream that cannot be read."""
    raise error
    yield b""


def gunzip(
    blocks: Iterator[bytes],
    meter: Meter,
    note: Callable[[Point], None] = _forget,
    start: Point = BEGINNING,
) -> Iterator[bytes]:
    """Decompresses one gzip member after another; what stands before a damage is given first.

    Args:
        blocks: of the file, from ``start`` on.
        meter: counts.
        note: is told of places to go on from.
        start: where to begin.
    """
    expanded, compressed, inflate = start.expanded, start.compressed, start.inflate.copy()
    rest = b""
    for block in _cut(blocks, FED_BYTES):
        rest += block
        while rest:
            if inflate.eof:
                padded = len(rest)
                rest = rest.lstrip(b"\0")  # padding of tapes and disks
                compressed += padded - len(rest)
                if len(rest) < 2:
                    break
                if not rest.startswith(b"\x1f\x8b"):
                    raise RejectError(
                        STAGE, "damaged", "bytes that are not gzip follow the compressed data"
                    )
                inflate = zlib.decompressobj(wbits=31)
            before = inflate.copy()
            note(Point(expanded, compressed, before))
            try:
                data = inflate.decompress(rest, BLOCK_BYTES)
            except zlib.error as error:
                yield from _salvage(before.copy(), rest)
                raise RejectError(
                    STAGE, "damaged", f"the gzip data are damaged from here on: {error}"
                ) from error
            left = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            meter.add(len(rest) - len(left), len(data))
            expanded += len(data)
            compressed += len(rest) - len(left)
            rest = left
            if data:
                yield data
    if rest or not inflate.eof:
        raise RejectError(STAGE, "truncated", "the gzip file ends in the middle of its data")


def _salvage(inflate: "zlib._Decompress", rest: bytes) -> Iterator[bytes]:
    good = bytearray()
    try:
        for byte in rest:
            good += inflate.decompress(bytes((byte,)))
            if len(good) >= BLOCK_BYTES:
                yield bytes(good)
                good.clear()
    except zlib.error:
        yield bytes(good)

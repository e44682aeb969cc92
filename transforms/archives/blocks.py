"""Streams of bytes, in blocks: looked into, and decompressed."""

import itertools
import zlib
from collections.abc import Iterator

from transforms.archives.bombs import Meter
from transforms.archives.files import BLOCK_BYTES, STAGE
from transforms.records import RejectError


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


def failing(error: RejectError) -> Iterator[bytes]:
    """A stream that cannot be read."""
    raise error
    yield b""


def gunzip(blocks: Iterator[bytes], meter: Meter) -> Iterator[bytes]:
    """Decompresses one gzip member after another; what stands before a damage is given first."""
    inflate = zlib.decompressobj(wbits=31)
    rest = b""
    for block in blocks:
        rest += block
        while rest:
            if inflate.eof:
                rest = rest.lstrip(b"\0")  # padding of tapes and disks
                if len(rest) < 2:
                    break
                if not rest.startswith(b"\x1f\x8b"):
                    raise RejectError(
                        STAGE, "damaged", "bytes that are not gzip follow the compressed data"
                    )
                inflate = zlib.decompressobj(wbits=31)
            before = inflate.copy()
            try:
                data = inflate.decompress(rest, BLOCK_BYTES)
            except zlib.error as error:
                yield from _salvage(before, rest)
                raise RejectError(
                    STAGE, "damaged", f"the gzip data are damaged from here on: {error}"
                ) from error
            left = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            meter.add(len(rest) - len(left), len(data))
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

"""A window that moves over a stream of bytes."""

import re
from collections.abc import Iterator

from transforms.records import RejectError

MARKUP_BYTES = 4 << 20
"""A comment, CDATA section or DOCTYPE that is longer than this counts as one that never ends."""


class ByteWindow:
    """A stretch of a stream of bytes that moves forward; positions are those of the stream.

    Attributes:
        keep: what stands before this position may be forgotten.
        damage: why the stream ended before its time.
    """

    def __init__(self, blocks: Iterator[bytes], base: int = 0) -> None:
        self.buffer = bytearray()
        self.base = base
        self.keep = base
        self.ended = False
        self.damage: RejectError | None = None
        self._blocks = blocks

    @property
    def end(self) -> int:
        """Where what has been read ends."""
        return self.base + len(self.buffer)

    def more(self) -> bool:
        """Reads another block; False at the end."""
        if self.ended:
            return False
        drop = min(self.keep, self.end) - self.base
        del self.buffer[:drop]
        self.base += drop
        try:
            self.buffer += next(self._blocks)
        except StopIteration:
            self.ended = True
        except RejectError as error:
            self.ended = True
            self.damage = error
        return not self.ended

    def reach(self, position: int) -> None:
        """Reads up to a position, or to the end."""
        while self.end < position and self.more():
            pass

    def cut(self, start: int, end: int) -> bytes:
        """The bytes between two positions, as far as they are held."""
        with memoryview(self.buffer) as view:
            return bytes(view[max(start - self.base, 0) : max(end - self.base, 0)])

    def search(
        self, pattern: re.Pattern[bytes], start: int, overlap: int
    ) -> tuple[int, int] | None:
        """The first match within ``MARKUP_BYTES`` from ``start`` on; reads as much as that needs.

        No match may be longer than ``overlap``.
        """
        position = start
        while True:
            here, there = position - self.base, start - self.base + MARKUP_BYTES
            if match := pattern.search(self.buffer, here, there):
                return self.base + match.start(), self.base + match.end()
            position = max(start, self.end - overlap)
            if self.end >= start + MARKUP_BYTES or not self.more():
                return None

"""The guard against little that grows without end: bytes out are bounded by bytes in."""

from collections.abc import Iterator
from dataclasses import dataclass

from transforms.archives.files import STAGE
from transforms.records import RejectError

BOMB_BYTES = 64 << 20
BOMB_RATIO = 200
SKIPPED_BOMB_BYTES = 1 << 30
"""So many bytes, so much compressed, without one article in them, come from no archive of articles
(XML shrinks 3- to 20-fold). Repeated articles may shrink more: they are articles all the same. A
package's images and data, which are passed over, may be blank for longer."""

MAX_RATIO = 1032
"""No file holds more, articles or not: it is what gzip can do at most. Other methods, and gzip
inside gzip, can make a million bytes of one."""

MAX_ITEMS = 50_000
MIN_ITEM_BYTES = 32
"""A file gives so many articles and rejects, or one for so many of its own bytes if that is more:
the plan holds them in memory. PubMed's files have 30,000, each compressed to some 1,000 bytes."""


@dataclass
class Meter:
    """Bytes in and out of the decompression of one file, whatever it consists of.

    Attributes:
        skipped: what comes is passed over: a package's member that is no article.
        planned: its articles are known, so they need not be met to know that it holds some.
        stored: bytes of the file itself that were read.
        total: bytes that came out of all decompression.
        items: articles and rejects found.
        compressed, expanded, skipped_bytes: into and out of decompression since the last article.
    """

    skipped: bool = False
    planned: bool = False
    stored: int = 0
    total: int = 0
    items: int = 0
    compressed: int = 0
    expanded: int = 0
    skipped_bytes: int = 0

    def reset(self) -> None:
        """Begins anew with what is allowed without an article: one was found."""
        self.compressed = self.expanded = self.skipped_bytes = 0

    def watch(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Passes on the file's own bytes, and counts them.

        Raises:
            RejectError: so far too much came of them.
        """
        for block in blocks:
            self.stored += len(block)
            self.add(0, 0)
            yield block

    def add(self, compressed: int, expanded: int) -> None:
        """Counts what was decompressed.

        Raises:
            RejectError: that is too much from too little.
        """
        self.total += expanded
        self.compressed += compressed
        if self.skipped:
            self.skipped_bytes += expanded
        else:
            self.expanded += expanded
        if not self.planned and (problem := self._problem()):
            raise RejectError(STAGE, "zip-bomb", problem)

    def _problem(self) -> str:
        """What is too much, or ""."""
        if self.items > max(MAX_ITEMS, self.stored // MIN_ITEM_BYTES):
            return (
                f"{self.stored} bytes of the file gave more than {self.items} articles and rejects"
            )
        if self.total > max(BOMB_BYTES, MAX_RATIO * self.stored):
            return f"{self.stored} bytes of the file hold more than {self.total} bytes"
        enough = BOMB_RATIO * self.compressed
        if self.expanded > max(BOMB_BYTES, enough):
            return (
                f"{self.compressed} compressed bytes hold more than {self.expanded} bytes without "
                "an article"
            )
        if self.skipped_bytes > max(SKIPPED_BOMB_BYTES, enough):
            return (
                f"{self.compressed} compressed bytes hold more than {self.skipped_bytes} bytes of "
                "members that are no articles"
            )
        return ""

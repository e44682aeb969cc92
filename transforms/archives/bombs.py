"""The guard against little that grows without end."""

from dataclasses import dataclass

from transforms.archives.files import STAGE
from transforms.records import RejectError

BOMB_BYTES = 64 << 20
BOMB_RATIO = 200
SKIPPED_BOMB_BYTES = 1 << 30
"""So many bytes, so much compressed, without one article in them, come from no archive of articles
(XML shrinks 3- to 20-fold). Repeated articles may shrink more: they are articles all the same. A
package's images and data, which are passed over, may be blank for longer."""


@dataclass
class Meter:
    """Bytes in and out of decompression, since the last article or member.

    Attributes:
        skipped: the member is passed over.
        planned: its articles are known, so they need not be met to know that it holds some.
    """

    compressed: float = 0
    expanded: int = 0
    skipped: bool = False
    planned: bool = False

    def reset(self, *, skipped: bool = False) -> None:
        """Begins anew: an article was found, or a member that is read or skipped begins."""
        self.compressed = self.expanded = 0
        self.skipped = skipped

    def add(self, compressed: float, expanded: int) -> None:
        """Counts what was decompressed.

        Raises:
            RejectError: that is too much from too little.
        """
        self.compressed += compressed
        self.expanded += expanded
        limit = SKIPPED_BOMB_BYTES if self.skipped else BOMB_BYTES
        if self.expanded > max(limit, BOMB_RATIO * self.compressed) and not self.planned:
            raise RejectError(
                STAGE,
                "zip-bomb",
                f"{self.compressed:.0f} compressed bytes hold more than {self.expanded} bytes "
                "without an article",
            )

"""Chunks: the unit of work, of retry and of progress. An archive is cut into them."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from transforms.records import Archive, ArticleRange, Reject

Entry = ArticleRange | Reject

CHUNKS_PER_ARCHIVE = 32
"""Aimed at, so that the workers of a small run end together ..."""
MIN_CHUNK_BYTES = 1 << 20
MAX_CHUNK_BYTES = 24 << 20
"""... while a Europe PMC archive (10,000 articles, 1.2 GB) makes some 50 chunks of 200 articles."""
MAX_CHUNK_ARTICLES = 500


@dataclass(frozen=True)
class Chunk:
    """Consecutive articles of one archive, and what the plan found between them.

    Attributes:
        chunk_id: archive's name, first and last entry, and a hash of the articles' places and
            bytes: the same input always gives the same name, and another input another.
        entries: the articles, and the rejects that the plan met, in the archive's order.
        reuse: chunks of an earlier state of this archive that hold some of these articles,
            annotated: chunk and position of the article's first row in it, by entry number.
    """

    chunk_id: str
    entries: tuple[Entry, ...]
    reuse: Mapping[int, tuple[str, int]] = field(default_factory=dict)


def cut_chunks(archive: Archive, entries: Sequence[Entry]) -> list[Chunk]:
    """Cuts an archive into chunks, by the archive alone: never by the number of workers."""
    total = sum(_size(entry) for entry in entries)
    limit = min(max(total // CHUNKS_PER_ARCHIVE, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES)
    chunks = []
    first = 0
    size = 0
    for number, entry in enumerate(entries):
        full = size + _size(entry) > limit or number - first >= MAX_CHUNK_ARTICLES
        if number > first and full:
            chunks.append(_chunk(archive, entries, first, number))
            first, size = number, 0
        size += _size(entry)
    if entries:
        chunks.append(_chunk(archive, entries, first, len(entries)))
    return chunks


def _size(entry: Entry) -> int:
    # A reject costs nothing, however many bytes it skips.
    return entry.end_byte - entry.start_byte if isinstance(entry, ArticleRange) else 0


def _chunk(archive: Archive, entries: Sequence[Entry], first: int, end: int) -> Chunk:
    part = tuple(entries[first:end])
    digest = hashlib.sha256()
    for entry in part:
        place = asdict(entry)
        # A package may be packed anew.
        place.pop("package_byte", None)
        digest.update(repr(place).encode())
    return Chunk(f"{archive.name}-{first:07d}-{end - 1:07d}-{digest.hexdigest()[:8]}", part)


def articles_in(entries: Iterable[Entry]) -> Iterator[tuple[int, ArticleRange]]:
    """The articles among a chunk's entries, with their numbers."""
    for number, entry in enumerate(entries):
        if isinstance(entry, ArticleRange):
            yield number, entry

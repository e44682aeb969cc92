"""Chunks: the unit of work, of retry and of progress, and the receipts that commit them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from transforms.records import Archive, ArticleRange, Reject

Entry = ArticleRange | Reject

TABLES = ("articles", "sentences", "annotations", "rejects")

FOLDERS = ("receipts", *TABLES, "jsonl", "plan")
"""Of the output."""

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
        digest.update(repr(asdict(entry)).encode())
    return Chunk(f"{archive.name}-{first:07d}-{end - 1:07d}-{digest.hexdigest()[:8]}", part)


@dataclass(frozen=True)
class Receipt:
    """The proof that a chunk is committed. Its file is written after all of the chunk's shards.

    Attributes:
        chunk_id: of the chunk.
        options: hash of the options and models of the run.
        planned: entries of the chunk: articles and rejects of the plan.
        counts: articles, rejects, duplicates, sentences, tokens ...
        types, sections: annotations by type and by section.
        reasons: rejects by reason.
        notes: what was repaired on the way, counted.
        duplicates: articles left out since they stand elsewhere too: that place, by their own.
        files: by path below the output folder: bytes, and sha256 in hexadecimal.
    """

    chunk_id: str
    options: str
    planned: int
    counts: Mapping[str, int]
    types: Mapping[str, int]
    sections: Mapping[str, int]
    reasons: Mapping[str, int]
    notes: Mapping[str, int]
    duplicates: Mapping[str, str]
    files: Mapping[str, Mapping[str, Any]]

    def to_bytes(self) -> bytes:
        """The receipt's file: the same chunk gives the same bytes."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Receipt":
        """Reads a receipt's file.

        Raises:
            ValueError: it is not one.
        """
        try:
            receipt = cls(**json.loads(data))
            sizes = [file["bytes"] for file in receipt.files.values()]
        except (TypeError, AttributeError, KeyError) as error:
            raise ValueError(str(error)) from error
        if not all(isinstance(size, int) for size in sizes):
            raise ValueError(f"sizes of files are numbers of bytes, not {sizes}")
        return receipt


@dataclass
class Totals:
    """Receipts added up.

    Attributes:
        receipts: sha256 of each receipt's file, by chunk.
        planned: entries of the chunks.
        counts, types, sections, reasons, notes: as in ``Receipt``.
    """

    receipts: dict[str, str] = field(default_factory=dict)
    planned: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    sections: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, receipt: Receipt) -> None:
        """Adds one receipt."""
        self.receipts[receipt.chunk_id] = hashlib.sha256(receipt.to_bytes()).hexdigest()
        self._add(receipt)

    def merge(self, other: "Totals") -> None:
        """Adds another sum."""
        self.receipts.update(other.receipts)
        self._add(other)

    def _add(self, part: "Receipt | Totals") -> None:
        self.planned += part.planned
        self.counts.update(part.counts)
        self.types.update(part.types)
        self.sections.update(part.sections)
        self.reasons.update(part.reasons)
        self.notes.update(part.notes)

    def receipts_sha256(self) -> str:
        """One hash for all receipts, whatever order they came in."""
        lines = "".join(f"{chunk} {digest}\n" for chunk, digest in sorted(self.receipts.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


def files_of(chunk_id: str) -> dict[str, str]:
    """A chunk's shards, by table, as paths below the output folder."""
    shards = {table: f"{table}/{chunk_id}.parquet" for table in TABLES}
    return {**shards, "jsonl": f"jsonl/{chunk_id}.jsonl.gz"}


def receipt_of(chunk_id: str) -> str:
    """A chunk's receipt, as a path below the output folder."""
    return f"receipts/{chunk_id}.json"


def plan_of(archive: str) -> str:
    """An archive's plan, as a path below the output folder."""
    return f"plan/{archive}.json"


def article_key(article_id: str, sha256: str) -> str:
    """What makes two articles the same one: for finding duplicates, and rows to keep."""
    return f"{article_id} {sha256}"


def place_of(source_uri: str, source_index: int) -> str:
    """An article's place in the input, as text."""
    return f"{source_uri}#{source_index}"


def articles_in(entries: Iterable[Entry]) -> Iterator[tuple[int, ArticleRange]]:
    """The articles among a chunk's entries, with their numbers."""
    for number, entry in enumerate(entries):
        if isinstance(entry, ArticleRange):
            yield number, entry

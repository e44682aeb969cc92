"""Receipts: each commits one chunk; added up, they tell what became of every article."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from transforms.records import Counts, Sums


@dataclass(kw_only=True)
class Receipt:
    """The proof that a chunk is committed. Its file is written after all of the chunk's shards.

    Attributes:
        chunk_id: of the chunk.
        options: hash of the options and models of the run.
        planned: entries of the chunk: articles and rejects of the plan.
        sums: what was counted.
        duplicates: articles left out since they stand elsewhere too: that place, by their own.
        files: by path below the output folder: bytes, and sha256 in hexadecimal.
    """

    chunk_id: str
    options: str
    planned: int
    sums: Sums
    duplicates: Mapping[str, str]
    files: Mapping[str, Mapping[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """What the receipt's file says."""
        values = {**vars(self), **vars(self.sums), "counts": self.sums.counts.by_name()}
        del values["sums"]
        return values

    def to_bytes(self) -> bytes:
        """The receipt's file: the same chunk gives the same bytes."""
        return (json.dumps(self.as_json(), indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Receipt":
        """Reads a receipt's file.

        Raises:
            ValueError: it is not one.
        """
        try:
            values = json.loads(data)
            counts = Counts.from_names(values.pop("counts"))
            kinds = {name: Counter(values.pop(name)) for name in _KINDS}
            receipt = cls(**values, sums=Sums(counts, **kinds))
            sizes = [file["bytes"] for file in receipt.files.values()]
        except (TypeError, AttributeError, KeyError) as error:
            raise ValueError(str(error)) from error
        if not all(isinstance(size, int) for size in sizes):
            raise ValueError(f"sizes of files are numbers of bytes, not {sizes}")
        return receipt


_KINDS = tuple(total.name for total in fields(Sums) if total.name != "counts")


@dataclass
class Totals:
    """Receipts added up.

    Attributes:
        receipts: sha256 of each receipt's file, by chunk.
        planned: entries of the chunks.
        sums: what was counted.
    """

    receipts: dict[str, str] = field(default_factory=dict)
    planned: int = 0
    sums: Sums = field(default_factory=Sums)

    def add_receipt(self, receipt: Receipt) -> None:
        """Adds one receipt."""
        self.receipts[receipt.chunk_id] = hashlib.sha256(receipt.to_bytes()).hexdigest()
        self.planned += receipt.planned
        self.sums.add(receipt.sums)

    def merge(self, other: "Totals") -> None:
        """Adds the totals of other receipts."""
        self.receipts.update(other.receipts)
        self.planned += other.planned
        self.sums.add(other.sums)

    def receipts_sha256(self) -> str:
        """One hash for all receipts, whatever order they came in."""
        lines = "".join(f"{chunk} {digest}\n" for chunk, digest in sorted(self.receipts.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


def article_key(article_id: str, sha256: str) -> str:
    """What makes two articles the same one: for finding duplicates, and rows to keep."""
    return f"{article_id} {sha256}"


def place_of(source_uri: str, source_index: int) -> str:
    """An article's place in the input, as text."""
    return f"{source_uri}#{source_index}"


_DUPLICATE = "the same bytes as "


def duplicate_message(first: str) -> str:
    """What ``rejects`` says of an article that stands elsewhere too: that place."""
    return _DUPLICATE + first


def first_place(message: str) -> str:
    """The place in a ``duplicate_message``."""
    return message.removeprefix(_DUPLICATE)

"""Rows of an earlier state of an archive, for the articles that have not changed since."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

import pyarrow as pa

from pipeline.output import storage
from pipeline.output.committed import read_table, whole_receipt
from pipeline.output.receipts import article_key
from transforms import shards
from transforms.journey import Outcome
from transforms.records import Annotation, ArticleRange, split_article_id


@dataclass(frozen=True)
class _Old:
    """One chunk's tables, and where each article's rows start in them."""

    articles: pa.Table
    sentences: pa.Table
    annotations: pa.Table
    first_sentence: list[int]
    first_annotation: list[int]

    def article(
        self, row: int, place: ArticleRange
    ) -> tuple[dict[str, Any], pa.RecordBatch, list[Annotation]]:
        """An article's row, sentences and annotations, with its new place."""
        [values] = self.articles.slice(row, 1).to_pylist()
        values["source_uri"] = place.source_uri
        values["source_index"] = place.source_index
        sentences, annotations = (
            table.slice(starts[row], starts[row + 1] - starts[row])
            for table, starts in (
                (self.sentences, self.first_sentence),
                (self.annotations, self.first_annotation),
            )
        )
        [batch] = sentences.combine_chunks().to_batches() or [
            pa.RecordBatch.from_pylist([], schema=shards.SENTENCES)
        ]
        return values, batch, [Annotation(**found) for found in annotations.to_pylist()]


def annotated_before(output: str, chunks: Iterable[str]) -> dict[str, tuple[str, int]]:
    """The articles that sound chunks hold: chunk and first row, by ``article_key``."""
    known: dict[str, tuple[str, int]] = {}
    for chunk in chunks:
        if not _is_sound(output, chunk):
            continue
        table = read_table(output, chunk, "articles", ["article_id", "sha256"])
        ids, hashes = (table[name].to_pylist() for name in ("article_id", "sha256"))
        for row, (article_id, sha256) in enumerate(zip(ids, hashes, strict=True)):
            if split_article_id(article_id)[1]:
                continue  # goes with the article before it
            known.setdefault(article_key(article_id, sha256), (chunk, row))
    return known


def _is_sound(output: str, chunk: str) -> bool:
    """Whether a chunk is committed, and its files are those of its receipt byte for byte."""
    receipt = whole_receipt(output, chunk)
    return receipt is not None and all(
        hashlib.sha256(storage.read(storage.join(output, path)) or b"").hexdigest()
        == file["sha256"]
        for path, file in receipt.files.items()
    )


class Reader:
    """Gives articles' rows from earlier chunks of the same output, moved to their new places."""

    def __init__(self, output: str, places: Mapping[int, tuple[str, int]]) -> None:
        self._output = output
        self._places = places
        # Neighbours stay neighbours: one old chunk, at a border two, serve a run of articles.
        self._chunk = lru_cache(maxsize=2)(self._read)

    def outcome(self, number: int, entry: ArticleRange) -> Outcome:
        """The outcome of an entry that was annotated before."""
        chunk, first = self._places[number]
        old = self._chunk(chunk)
        outcome = Outcome()
        ids = old.articles["article_id"]
        last = first + 1
        while last < len(ids) and split_article_id(ids[last].as_py())[1]:
            last += 1
        for row in range(first, last):
            outcome.add_article(*old.article(row, entry))
        outcome.counts["articles"] = 1
        outcome.counts["sub_articles"] = last - first - 1
        return outcome

    def _read(self, chunk: str) -> _Old:
        articles, sentences, annotations = (
            read_table(self._output, chunk, table)
            for table in ("articles", "sentences", "annotations")
        )
        return _Old(
            articles,
            sentences,
            annotations,
            _starts(articles["n_sentences"]),
            _starts(articles["n_annotations"]),
        )


def _starts(counts: pa.ChunkedArray) -> list[int]:
    return list(accumulate(counts.to_pylist(), initial=0))

"""Rows of an earlier state of an archive, for the articles that have not changed since."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from pipeline.output import storage
from pipeline.output.committed import by_article, read_table, whole_receipt
from pipeline.output.receipts import article_key
from transforms.journey import Outcome
from transforms.mentions import ANNOTATIONS
from transforms.records import ArticleRange, split_article_id
from transforms.shards import Batch, Table
from transforms.tables import ARTICLES, OF_ARTICLES


def annotated_before(output: str, chunks: Iterable[str]) -> dict[str, tuple[str, int]]:
    """The articles that sound chunks hold: chunk and first row, by ``article_key``."""
    known: dict[str, tuple[str, int]] = {}
    for chunk in chunks:
        if not _is_sound(output, chunk):
            continue
        table = read_table(output, chunk, ARTICLES, ["article_id", "sha256"])
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
        articles = self._chunk(chunk)
        outcome = Outcome()
        for tables in articles[first : _end_of_source(articles, first)]:
            [row] = tables[ARTICLES.name].to_pylist()
            moved = {**row, "source_uri": entry.source_uri, "source_index": entry.source_index}
            batches = {table.name: _as_batch(table, tables[table.name]) for table in OF_ARTICLES}
            outcome.add(moved, batches, tables[ANNOTATIONS.name].to_pylist())
        return outcome.finish()

    def _read(self, chunk: str) -> list[dict[str, pa.Table]]:
        tables = (ARTICLES, *OF_ARTICLES)
        return by_article(
            chunk, {table.name: read_table(self._output, chunk, table) for table in tables}
        )


def _end_of_source(articles: Sequence[Mapping[str, pa.Table]], first: int) -> int:
    """The number of the next article that is not a sub-article of this one."""
    end = first + 1
    while end < len(articles) and split_article_id(_id_of(articles[end]))[1]:
        end += 1
    return end


def _id_of(article: Mapping[str, pa.Table]) -> str:
    return str(article[ARTICLES.name]["article_id"][0].as_py())


def _as_batch(table: Table[Any], rows: pa.Table) -> Batch:
    batches = rows.combine_chunks().to_batches()
    return batches[0] if batches else table.batch([])

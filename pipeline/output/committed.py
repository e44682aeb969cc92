"""Rows that are committed, chunk by chunk: never more than one chunk in memory."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.output import storage
from pipeline.output.paths import files_of, receipt_of
from pipeline.output.receipts import Receipt
from pipeline.output.record import DamagedError
from transforms.mentions import ANNOTATIONS
from transforms.records import Sentence
from transforms.shards import Table
from transforms.tables import ARTICLES, SENTENCES
from transforms.tables import by_article as tables_by_article


class ArticleRows(NamedTuple):
    """An article with what was found in it.

    Attributes:
        row: its row of ``articles``.
        sentences: in order.
        annotations: its rows of ``annotations``, in the order of the text.
    """

    row: dict[str, Any]
    sentences: list[Sentence]
    annotations: list[dict[str, Any]]


def chunk_names(output: str) -> list[str]:
    """The committed chunks, in order.

    Raises:
        storage.StorageError: the folder cannot be listed.
    """
    receipts = storage.sizes(storage.join(output, "receipts"), "*.json")
    return sorted(receipt.removesuffix(".json") for receipt in receipts)


def whole_receipt(output: str, chunk: str) -> Receipt | None:
    """The receipt of a chunk whose files are there, of the sizes that it says; else None.

    Raises:
        storage.StorageError: one cannot be asked for.
    """
    data = storage.read(storage.join(output, receipt_of(chunk)))
    try:
        receipt = None if data is None else Receipt.from_bytes(data)
    except ValueError:
        return None
    for path, file in ({} if receipt is None else receipt.files).items():
        folder, _, name = path.rpartition("/")
        found = storage.sizes(storage.join(output, folder), name)
        if found.get(name) != file["bytes"]:
            return None
    return receipt


def read_table(
    output: str, chunk: str, table: Table[Any], columns: Sequence[str] | None = None
) -> pa.Table:
    """One chunk's shard of one table, or some of its columns.

    Raises:
        DamagedError: it is missing or damaged, though its chunk is committed.
        storage.StorageError: it cannot be read.
    """
    uri = storage.join(output, files_of(chunk)[table.name])
    data = storage.read(uri)
    if data is None:
        raise DamagedError(f"{uri} is missing, though its chunk is committed")
    try:
        # Arrow's threads gain nothing on a shard, and may outlive a short command.
        return pq.read_table(io.BytesIO(data), columns=columns and list(columns), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise DamagedError(f"{uri} is damaged: {error}") from error


def by_article(chunk: str, tables: Mapping[str, pa.Table]) -> list[dict[str, pa.Table]]:
    """A chunk's tables, article by article; see ``tables.by_article``.

    Raises:
        DamagedError: the tables do not fit together.
    """
    try:
        return tables_by_article(tables)
    except ValueError as error:
        raise DamagedError(f"{chunk}: {error}") from error


def read_chunk(output: str, chunk: str) -> Iterator[ArticleRows]:
    """A chunk's articles.

    Raises:
        DamagedError: a shard is missing or damaged, or the tables do not fit together.
        storage.StorageError: one cannot be read.
    """
    tables = {
        ARTICLES.name: read_table(output, chunk, ARTICLES),
        SENTENCES.name: read_table(output, chunk, SENTENCES, ["article_id", *Sentence._fields]),
        ANNOTATIONS.name: read_table(output, chunk, ANNOTATIONS),
    }
    for article in by_article(chunk, tables):
        yield article_rows(article)


def article_rows(tables: Mapping[str, pa.Table | pa.RecordBatch]) -> ArticleRows:
    """One article's rows, as Arrow has them, as Python's."""
    [row] = tables[ARTICLES.name].to_pylist()
    columns = (tables[SENTENCES.name][name].to_pylist() for name in Sentence._fields)
    sentences = [Sentence(*values) for values in zip(*columns, strict=True)]
    return ArticleRows(row, sentences, tables[ANNOTATIONS.name].to_pylist())

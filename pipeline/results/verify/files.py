"""A chunk's files, read as strictly as they were written."""

import gzip
import io
import json
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from transforms.shards import TABLES


class Tables(NamedTuple):
    """What a chunk's shards hold: rows, and lines of JSON.

    Attributes:
        files: bytes and sha256 of each shard, by path.
    """

    files: dict[str, dict[str, Any]]
    articles: list[dict[str, Any]]
    sentences: list[dict[str, Any]]
    annotations: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    jsonl: list[bytes]


class Written(NamedTuple):
    """An article's row and the rows that belong to it."""

    row: dict[str, Any]
    sentences: list[dict[str, Any]]
    annotations: list[dict[str, Any]]


def read_json(data: bytes | None) -> Any:
    """What a file of JSON says; None if it is missing or damaged."""
    try:
        return json.loads(data or b"")
    except ValueError:
        return None


def read_rows(table: str, data: bytes) -> list[dict[str, Any]]:
    """The rows of a shard.

    Raises:
        ValueError, ArrowException, OSError: it is no whole shard of that table.
    """
    found = pq.read_table(io.BytesIO(data))
    schema = TABLES[table]
    if not found.schema.equals(schema) or found.schema.metadata != schema.metadata:
        raise ValueError("has another schema")
    found.validate(full=True)
    return found.to_pylist()  # type: ignore[no-any-return]


def read_lines(data: bytes) -> list[bytes]:
    """The lines of a gzip file.

    Raises:
        OSError, EOFError, zlib.error: it is damaged.
    """
    return io.BytesIO(gzip.decompress(data)).readlines()

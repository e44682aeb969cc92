"""A chunk's files, read as strictly as they were written."""

import gzip
import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from transforms.shards import LINES, Table
from transforms.tables import TABLES


class ChunkRows(NamedTuple):
    """What a chunk's files hold.

    Attributes:
        files: bytes and sha256 of each file, by path.
        rows: of each table, by table.
        lines: of JSON.
    """

    files: dict[str, dict[str, Any]]
    rows: dict[str, list[dict[str, Any]]]
    lines: list[bytes]

    def of(self, table: Table[Any]) -> list[dict[str, Any]]:
        """The rows of a table."""
        return self.rows[table.name]


class Written(NamedTuple):
    """An article's row, and its rows of the other tables, by table."""

    row: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]


def read_json(data: bytes | None) -> Any:
    """What a file of JSON says; None if it is missing or damaged."""
    try:
        return json.loads(data or b"")
    except ValueError:
        return None


def read_rows(table: Table[Any], data: bytes) -> list[dict[str, Any]]:
    """The rows of a shard.

    Raises:
        ValueError, ArrowException, OSError: it is no whole shard of that table.
    """
    found = pq.read_table(io.BytesIO(data))
    schema = table.schema
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


READERS: dict[str, Callable[[bytes], list[Any]]] = {
    **{table.name: partial(read_rows, table) for table in TABLES},
    LINES: read_lines,
}
"""What reads each of a chunk's files, by table and ``LINES``."""

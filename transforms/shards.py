"""From rows to the bytes of a chunk's files: Parquet tables and JSON lines.

The same rows always give the same bytes. Rows become Arrow batches article by article, so that a
chunk in the making costs what its columns cost and not what Python objects would.
"""

import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Generic, TypeAlias, TypeVar, get_args, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

Batch: TypeAlias = pa.RecordBatch
Row = TypeVar("Row", bound=tuple[Any, ...])

SCHEMA_VERSION = "2"
LINES = "jsonl"
"""The file of a chunk that is no table: a line of JSON for each article."""

_ARROW_TYPES: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int32(),
    float: pa.float32(),
    tuple[str, ...]: pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Table(Generic[Row]):
    """A table of the output: what its rows are, and how they are stored.

    Attributes:
        name: of its folder, of its key in receipts, and of its section in README.
        schema: its columns.
        row_group: rows of a row group.
        plain: columns of text without a dictionary: where every value is its own, a dictionary is
            only a second copy.
        count: the column of ``articles`` that says how many rows an article has in this table;
            "" if its rows do not belong to annotated articles.
    """

    name: str
    schema: pa.Schema
    row_group: int
    plain: frozenset[str] = frozenset()
    count: str = ""

    def batch(self, rows: Sequence[Row]) -> Batch:
        """Rows, their values in the order of the columns, as Arrow holds them."""
        columns = zip(*rows, strict=True) if rows else [()] * len(self.schema)
        return Batch.from_arrays(
            [
                pa.array(column, field.type)
                for column, field in zip(columns, self.schema, strict=True)
            ],
            schema=self.schema,
        )

    def to_parquet(self, batches: Iterable[Batch]) -> bytes:
        """One shard. Without rows it is a shard with the same schema and none."""
        sink = pa.BufferOutputStream()
        pq.write_table(
            pa.Table.from_batches(batches, schema=self.schema),
            sink,
            compression="zstd",
            use_dictionary=[
                field.name
                for field in self.schema
                if pa.types.is_string(field.type) and field.name not in self.plain
            ],
            row_group_size=self.row_group,
        )
        return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def schema_of(columns: Iterable[pa.Field]) -> pa.Schema:
    """A schema of these columns, with the version of all schemas."""
    return pa.schema(columns, metadata={"schema_version": SCHEMA_VERSION})


def columns_of(row: type[Row]) -> list[pa.Field]:
    """The columns of a NamedTuple's fields: text, int32, float32, lists; ``| None`` allows nulls.

    >>> from typing import NamedTuple
    >>> class Pair(NamedTuple):
    ...     left: int
    ...     right: str | None
    >>> columns_of(Pair)
    [pyarrow.Field<left: int32 not null>, pyarrow.Field<right: string>]
    """
    columns = []
    for name, hint in get_type_hints(row).items():
        kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        [kind] = {*kinds} - {type(None)}
        columns.append(pa.field(name, _ARROW_TYPES[kind], nullable=type(None) in kinds))
    return columns


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_line(article: Mapping[str, Any], annotations: Iterable[Mapping[str, Any]]) -> bytes:
    """One article's ids and annotations as a line of JSON, with the tables' names and values.

    Args:
        article: the columns of its row of ``articles`` before ``text``, by name.
        annotations: its rows of ``annotations``.
    """
    ids = _JSON.encode(article)
    # One by one: a book of abstracts has 12,000, and as dictionaries they took 25 MB at once.
    encoded = (_JSON.encode(annotation).encode() for annotation in annotations)
    return b'%b,"annotations":[%b]}\n' % (ids[:-1].encode(), b",".join(encoded))


@dataclass(frozen=True)
class Rows:
    """One article's rows, by table, and its line of JSON."""

    batches: Mapping[str, Batch]
    json_line: bytes


class ChunkFiles:
    """The files of a chunk in the making.

    Args:
        tables: every table of the output.
    """

    def __init__(self, tables: Sequence[Table[Any]]) -> None:
        self._tables = tables
        self._batches: dict[str, list[Batch]] = {table.name: [] for table in tables}
        # Compressed as they come, since those of an archive's articles are larger than its tables.
        # Without a time stamp, so that the same lines give the same bytes.
        self._packed = io.BytesIO()
        self._lines = gzip.GzipFile(fileobj=self._packed, mode="wb", compresslevel=6, mtime=0)

    def add(self, rows: Rows) -> None:
        """Adds an article."""
        for table, batch in rows.batches.items():
            self._batches[table].append(batch)
        self._lines.write(rows.json_line)

    def finish(self, batches: Mapping[str, Batch]) -> dict[str, bytes]:
        """Every file's bytes, by table and ``LINES``.

        Args:
            batches: rows that belong to no article, by table.
        """
        self._lines.close()
        for name, batch in batches.items():
            self._batches[name].append(batch)
        files = {table.name: table.to_parquet(self._batches[table.name]) for table in self._tables}
        return {**files, LINES: self._packed.getvalue()}

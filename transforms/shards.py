"""From annotated articles to the bytes of a chunk's shards: Parquet tables and JSON lines.

The same rows always give the same bytes. Rows become Arrow batches article by article, so that a
chunk in the making costs what its columns cost and not what Python objects would.
"""

import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.records import METADATA, Annotated, Annotation, Reject

Batch: TypeAlias = pa.RecordBatch

SCHEMA_VERSION = "1"

_METADATA = {"schema_version": SCHEMA_VERSION}

ARTICLES = pa.schema(
    [
        pa.field("article_id", pa.string(), nullable=False),
        ("pmcid", pa.string()),
        ("pmid", pa.string()),
        ("doi", pa.string()),
        pa.field("source_uri", pa.string(), nullable=False),
        pa.field("source_index", pa.int32(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        ("title", pa.string()),
        ("journal", pa.string()),
        ("article_type", pa.string()),
        ("language", pa.string()),
        ("license", pa.string()),
        ("year", pa.int16()),
        pa.field("text", pa.string(), nullable=False),
        pa.field(
            "passages",
            pa.list_(
                pa.struct(
                    [
                        ("start", pa.int32()),
                        ("end", pa.int32()),
                        ("section", pa.string()),
                        ("path", pa.list_(pa.string())),
                        ("xpath", pa.string()),
                    ]
                )
            ),
            nullable=False,
        ),
        pa.field("n_sentences", pa.int32(), nullable=False),
        pa.field("n_windows", pa.int32(), nullable=False),
        pa.field("n_tokens", pa.int32(), nullable=False),
        pa.field("n_annotations", pa.int32(), nullable=False),
        pa.field("chars_source", pa.int32(), nullable=False),
        pa.field("chars_kept", pa.int32(), nullable=False),
        pa.field("chars_excluded", pa.int32(), nullable=False),
        pa.field("excluded", pa.map_(pa.string(), pa.int32()), nullable=False),
        pa.field("notes", pa.map_(pa.string(), pa.int32()), nullable=False),
    ],
    metadata=_METADATA,
)

SENTENCES = pa.schema(
    [
        pa.field("article_id", pa.string(), nullable=False),
        pa.field("sentence", pa.int32(), nullable=False),
        pa.field("passage", pa.int32(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("section", pa.string(), nullable=False),
    ],
    metadata=_METADATA,
)

ANNOTATIONS = pa.schema(
    [
        pa.field(
            name,
            {str: pa.string(), int: pa.int32(), float: pa.float32()}[kind],
            nullable=False,
        )
        for name, kind in Annotation.__annotations__.items()
    ],
    metadata=_METADATA,
)

REJECTS = pa.schema(
    [
        pa.field("source_uri", pa.string(), nullable=False),
        pa.field("source_index", pa.int32(), nullable=False),
        ("article_id", pa.string()),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
        pa.field("start_byte", pa.int64(), nullable=False),
        pa.field("end_byte", pa.int64(), nullable=False),
    ],
    metadata=_METADATA,
)

TABLES = {
    "articles": ARTICLES,
    "sentences": SENTENCES,
    "annotations": ANNOTATIONS,
    "rejects": REJECTS,
}

# Every value of these is its own: a dictionary of them is only a second copy.
_NO_DICTIONARY = {"text", "annotation_id", "sha256", "title", "message"}

_ROW_GROUP = {"articles": 1_000, "sentences": 250_000, "annotations": 100_000, "rejects": 10_000}


@dataclass(frozen=True)
class Rows:
    """One article's rows, by table, and its line of JSON."""

    batches: Mapping[str, Batch]
    json_line: bytes


def article_row(annotated: Annotated) -> dict[str, Any]:
    """An article's row of ``articles``, by column."""
    article = annotated.article
    return {
        **{name: getattr(article, name) for name in METADATA},
        "source_uri": annotated.source.source_uri,
        "source_index": annotated.source.source_index,
        "sha256": annotated.source.sha256,
        "text": article.text,
        "passages": [
            {
                "start": passage.start,
                "end": passage.end,
                "section": passage.section,
                "path": passage.path,
                "xpath": passage.xpath,
            }
            for passage in article.passages
        ],
        "n_sentences": len(annotated.sentences),
        "n_windows": annotated.n_windows,
        "n_tokens": annotated.n_tokens,
        "n_annotations": len(annotated.annotations),
        "chars_source": article.chars_source,
        "chars_kept": article.chars_kept,
        "chars_excluded": sum(article.excluded.values()),
        "excluded": sorted(article.excluded.items()),
        "notes": sorted(article.notes.items()),
    }


def sentence_rows(annotated: Annotated) -> Batch:
    """An article's rows of ``sentences``."""
    article, sentences = annotated.article, annotated.sentences
    passages = [sentence.passage for sentence in sentences]
    return Batch.from_arrays(
        [
            pa.array([article.article_id] * len(sentences), pa.string()),
            pa.array(range(len(sentences)), pa.int32()),
            pa.array(passages, pa.int32()),
            pa.array([sentence.start for sentence in sentences], pa.int32()),
            pa.array([sentence.end for sentence in sentences], pa.int32()),
            pa.array([article.passages[index].section for index in passages], pa.string()),
        ],
        schema=SENTENCES,
    )


def make_rows(row: Mapping[str, Any], sentences: Batch, annotations: Sequence[Annotation]) -> Rows:
    """All rows of one article: its row of ``articles``, its sentences and its annotations."""
    batches = {
        "articles": Batch.from_pylist([row], schema=ARTICLES),
        "sentences": sentences,
        "annotations": _batch(annotations, ANNOTATIONS),
    }
    return Rows(batches, json_line(row, annotations))


def reject_rows(rejects: Sequence[Reject]) -> Batch:
    """The rows of rejected articles and files."""
    return _batch(
        [tuple(getattr(reject, name) for name in REJECTS.names) for reject in rejects],
        REJECTS,
    )


def _batch(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> Batch:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return Batch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


_JSON_IDS = ARTICLES.names[: ARTICLES.names.index("text")]


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_line(row: Mapping[str, Any], annotations: Sequence[Annotation]) -> bytes:
    """One article's ids and annotations as a line of JSON, with the tables' names and values."""
    ids = _JSON.encode({name: row[name] for name in _JSON_IDS})
    # One by one: a book of abstracts has 12,000, and as dictionaries they took 25 MB at once.
    encoded = (_JSON.encode(annotation._asdict()).encode() for annotation in annotations)
    return b'%b,"annotations":[%b]}\n' % (ids[:-1].encode(), b",".join(encoded))


def parquet_bytes(table: str, batches: Iterable[Batch]) -> bytes:
    """One table's shard. Without rows it is a shard with the same schema and none."""
    schema = TABLES[table]
    data = pa.Table.from_batches(batches, schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(
        data,
        sink,
        compression="zstd",
        use_dictionary=[
            name for name in schema.names if name not in _NO_DICTIONARY and _is_text(schema, name)
        ],
        row_group_size=_ROW_GROUP[table],
    )
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _is_text(schema: pa.Schema, name: str) -> bool:
    return bool(pa.types.is_string(schema.field(name).type))


class ChunkFiles:
    """The files of a chunk in the making: all tables, and the lines of JSON."""

    def __init__(self) -> None:
        self._batches: dict[str, list[Batch]] = {table: [] for table in TABLES}
        # Compressed as they come, since those of an archive's articles are larger than its tables.
        # Without a time stamp, so that the same lines give the same bytes.
        self._packed = io.BytesIO()
        self._lines = gzip.GzipFile(fileobj=self._packed, mode="wb", compresslevel=6, mtime=0)

    def add(self, rows: Rows) -> None:
        """Adds an article."""
        for table, batch in rows.batches.items():
            self._batches[table].append(batch)
        self._lines.write(rows.json_line)

    def finish(self, rejects: Sequence[Reject]) -> dict[str, bytes]:
        """Every file's bytes, by table; ``jsonl`` are the lines."""
        self._lines.close()
        self._batches["rejects"].append(reject_rows(rejects))
        return {
            **{table: parquet_bytes(table, batches) for table, batches in self._batches.items()},
            "jsonl": self._packed.getvalue(),
        }

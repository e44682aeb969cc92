"""What is written is read again, from the same bytes every time."""

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import (
    Annotated,
    Annotation,
    Article,
    ArticleRange,
    Passage,
    Reject,
    Sentence,
)
from transforms.shards import (
    SCHEMA_VERSION,
    TABLES,
    ChunkFiles,
    article_row,
    json_line,
    make_rows,
    parquet_bytes,
    reject_rows,
    sentence_rows,
)

# Everything that XML can hold, and the controls that JSON and lines have to escape.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
offsets = st.integers(0, 2**31 - 1)
maybe = st.none() | texts
scores = st.floats(0, 1, width=32)
notes = st.dictionaries(texts, offsets, max_size=3)

annotations = st.builds(
    Annotation,
    **{
        name: {str: texts, int: offsets, float: scores}[kind]
        for name, kind in Annotation.__annotations__.items()
    },
)
articles = st.builds(
    Article,
    article_id=texts,
    **dict.fromkeys(
        ("pmcid", "pmid", "doi", "title", "journal", "article_type", "language", "license"), maybe
    ),
    year=st.none() | st.integers(1000, 2999),
    text=texts,
    passages=st.lists(
        st.builds(Passage, offsets, offsets, texts, st.lists(texts, max_size=2).map(tuple), texts),
        min_size=1,
        max_size=3,
    ).map(tuple),
    chars_source=offsets,
    chars_kept=offsets,
    excluded=st.dictionaries(texts, st.integers(1, 1000), max_size=3),
    xml_map=st.none(),
    notes=notes,
)
annotated = st.builds(
    Annotated,
    source=st.builds(ArticleRange, texts, offsets, offsets, offsets, texts, texts),
    article=articles,
    sentences=st.lists(st.builds(Sentence, st.just(0), offsets, offsets), max_size=4).map(tuple),
    annotations=st.lists(annotations, max_size=3).map(tuple),
    n_windows=offsets,
    n_tokens=offsets,
)
rejects = st.builds(
    Reject, texts, offsets, maybe, texts, texts, texts, st.integers(0, 2**62), st.integers(0, 2**62)
)


def read(data: bytes) -> list[dict]:
    """A shard's rows."""
    return pq.read_table(io.BytesIO(data)).to_pylist()


@given(st.lists(annotated, max_size=3))
def test_articles_are_read_as_written(given_articles):
    """All three tables, and the lines of JSON; writing them again gives the same bytes."""
    expected = [article_row(one) for one in given_articles]

    def written() -> dict[str, bytes]:
        made = ChunkFiles()
        for row, one in zip(expected, given_articles, strict=True):
            made.add(make_rows(row, sentence_rows(one), one.annotations))
        return made.finish([])

    files = written()
    assert files == written()
    assert set(files) == {*TABLES, "jsonl"}
    found = read(files["articles"])
    for row in expected:
        for passage in row["passages"]:
            passage["path"] = list(passage["path"])
    assert found == expected
    assert read(files["sentences"]) == [
        {
            "article_id": one.article.article_id,
            "sentence": number,
            "passage": sentence.passage,
            "start": sentence.start,
            "end": sentence.end,
            "section": one.article.passages[0].section,
        }
        for one in given_articles
        for number, sentence in enumerate(one.sentences)
    ]
    rows = [row._asdict() for one in given_articles for row in one.annotations]
    assert read(files["annotations"]) == rows
    lines = gzip.decompress(files["jsonl"]).decode().split("\n")
    assert lines.pop() == ""
    assert [row for line in lines for row in json.loads(line)["annotations"]] == rows
    assert [json.loads(line)["title"] for line in lines] == [row["title"] for row in expected]


@given(st.lists(rejects, max_size=3))
def test_rejects_are_read_as_written(given_rejects):
    """Byte ranges over 4 GB too."""
    data = parquet_bytes("rejects", [reject_rows(given_rejects)])
    assert data == parquet_bytes("rejects", [reject_rows(given_rejects)])
    assert [Reject(**row) for row in read(data)] == given_rejects


@given(annotated)
def test_line_of_json_from_tables_is_the_line_written(one):
    """So that it can be checked, and made again, from the tables alone."""
    row = article_row(one)
    rows = make_rows(row, sentence_rows(one), one.annotations)
    [stored] = read(parquet_bytes("articles", [rows.batches["articles"]]))
    found = read(parquet_bytes("annotations", [rows.batches["annotations"]]))
    assert json_line(stored, [Annotation(**values) for values in found]) == rows.json_line
    assert rows.json_line.count(b"\n") == 1


@pytest.mark.parametrize("table", TABLES)
def test_empty_shard_has_the_schema(table):
    """And the version of the schema, so that all shards can be read as one."""
    data = parquet_bytes(table, [])
    schema = pq.read_schema(io.BytesIO(data))
    assert schema.equals(TABLES[table])
    assert schema.metadata == {b"schema_version": SCHEMA_VERSION.encode()}
    assert read(data) == []
    with_rows = pa.RecordBatch.from_pylist([], schema=TABLES[table])
    assert parquet_bytes(table, [with_rows]) == data


def test_empty_lines_are_a_file_too():
    """Without a time stamp in it."""
    lines = ChunkFiles().finish([])["jsonl"]
    assert gzip.decompress(lines) == b""
    assert lines[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("table", TABLES)
def test_shards_are_compressed_and_their_texts_in_dictionaries(table):
    """Columns of few values cost little; those of unique ones are not stored twice."""
    values = {"string": "x", "list": [], "map": []}
    row = {
        field.name: next((v for kind, v in values.items() if str(field.type).startswith(kind)), 1)
        for field in TABLES[table]
    }
    batch = pa.RecordBatch.from_pylist([row] * 10, schema=TABLES[table])
    group = pq.read_metadata(io.BytesIO(parquet_bytes(table, [batch]))).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    dictionaries = {column.path_in_schema for column in columns if column.has_dictionary_page}
    assert not dictionaries & {"text", "annotation_id", "sha256", "title", "message"}
    assert dictionaries & {"article_id", "reason"}

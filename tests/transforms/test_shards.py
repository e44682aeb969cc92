"""What is written is read again, from the same bytes every time."""

import gzip
import io
import json
from dataclasses import replace
from typing import NamedTuple, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.journey import Outcome
from transforms.layers import Annotated
from transforms.mentions import ANNOTATIONS
from transforms.records import Annotation, Article, ArticleRange, Passage, Reject, SplitText
from transforms.shards import LINES, SCHEMA_VERSION, ChunkFiles, Rows, columns_of
from transforms.tables import (
    ARTICLES,
    REJECTS,
    SENTENCES,
    TABLES,
    article_row,
    batches_of,
    by_article,
    line_of,
    reject_rows,
)

# Everything that XML can hold, and the controls that JSON and lines have to escape.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
offsets = st.integers(0, 2**31 - 1)
maybe = st.none() | texts
scores = st.floats(0, 1, width=32)
notes = st.dictionaries(texts, offsets, max_size=3)
VALUES = {
    str: texts,
    int: offsets,
    float: scores,
    str | None: maybe,
    float | None: st.none() | scores,
    tuple[str, ...] | None: st.none() | st.lists(texts, max_size=3),  # as they are read
}

annotations = st.builds(
    Annotation,
    **{name: VALUES[kind] for name, kind in get_type_hints(Annotation).items()},
)
articles = st.builds(
    Article,
    article_id=texts,
    **dict.fromkeys(
        (
            "pmcid",
            "pmid",
            "doi",
            "pprid",
            "title",
            "journal",
            "article_type",
            "language",
            "license",
        ),
        maybe,
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
    split=st.builds(
        SplitText,
        st.just(""),
        st.just([(0, 0)]),
        st.lists(st.tuples(offsets, offsets), max_size=4).map(lambda spans: [spans]),
    ),
    rows=st.lists(annotations, max_size=3).map(lambda rows: {"annotations": rows}),
    n_windows=offsets,
    n_tokens=offsets,
)
rejects = st.builds(
    Reject, texts, offsets, maybe, texts, texts, texts, st.integers(0, 2**62), st.integers(0, 2**62)
)


def rows_of(one: Annotated) -> Rows:
    """An article's rows, as the journey makes them."""
    outcome = Outcome()
    found = (row._asdict() for row in one.rows_of(ANNOTATIONS))
    outcome.add(article_row(one), batches_of(one), found)
    [rows] = outcome.rows
    return rows


def read(data: bytes) -> list[dict]:
    """A shard's rows."""
    return pq.read_table(io.BytesIO(data)).to_pylist()


@given(st.lists(annotated, max_size=3))
def test_articles_are_read_as_written(given_articles):
    """All three tables, and the lines of JSON; writing them again gives the same bytes."""
    expected = [article_row(one) for one in given_articles]

    def written() -> dict[str, bytes]:
        made = ChunkFiles(TABLES)
        for one in given_articles:
            made.add(rows_of(one))
        return made.finish({})

    files = written()
    assert files == written()
    assert set(files) == {*(table.name for table in TABLES), LINES}
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
        for number, sentence in enumerate(one.split.sentences)
    ]
    rows = [row._asdict() for one in given_articles for row in one.rows_of(ANNOTATIONS)]
    assert read(files["annotations"]) == rows
    lines = gzip.decompress(files["jsonl"]).decode().split("\n")
    assert lines.pop() == ""
    assert [row for line in lines for row in json.loads(line)["annotations"]] == rows
    assert [json.loads(line)["title"] for line in lines] == [row["title"] for row in expected]


@given(st.lists(rejects, max_size=3))
def test_rejects_are_read_as_written(given_rejects):
    """Byte ranges over 4 GB too."""
    data = REJECTS.to_parquet([reject_rows(given_rejects)])
    assert data == REJECTS.to_parquet([reject_rows(given_rejects)])
    assert [Reject(**row) for row in read(data)] == given_rejects


@given(annotated)
def test_line_of_json_from_tables_is_the_line_written(one):
    """So that it can be checked, and made again, from the tables alone."""
    rows = rows_of(one)
    [stored] = read(ARTICLES.to_parquet([rows.batches["articles"]]))
    found = read(ANNOTATIONS.to_parquet([rows.batches["annotations"]]))
    assert line_of(stored, found) == rows.json_line
    assert rows.json_line.count(b"\n") == 1


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_empty_shard_has_the_schema(table):
    """And the version of the schema, so that all shards can be read as one."""
    data = table.to_parquet([])
    schema = pq.read_schema(io.BytesIO(data))
    assert schema.equals(table.schema)
    assert schema.metadata == {b"schema_version": SCHEMA_VERSION.encode()}
    assert read(data) == []
    with_rows = pa.RecordBatch.from_pylist([], schema=table.schema)
    assert table.to_parquet([with_rows]) == data


def test_empty_lines_are_a_file_too():
    """Without a time stamp in it."""
    lines = ChunkFiles(TABLES).finish({})[LINES]
    assert gzip.decompress(lines) == b""
    assert lines[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_shards_are_compressed_and_their_texts_in_dictionaries(table):
    """Columns of few values cost little; those of unique ones are not stored twice."""
    values = {"string": "x", "list": [], "map": []}
    row = {
        field.name: next((v for kind, v in values.items() if str(field.type).startswith(kind)), 1)
        for field in table.schema
    }
    batch = pa.RecordBatch.from_pylist([row] * 10, schema=table.schema)
    group = pq.read_metadata(io.BytesIO(table.to_parquet([batch]))).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    dictionaries = {column.path_in_schema for column in columns if column.has_dictionary_page}
    assert not dictionaries & {"text", "annotation_id", "sha256", "title", "message"}
    assert dictionaries & {"article_id", "reason"}


class Odd(NamedTuple):
    """A row with a column that may be empty."""

    name: str
    score: float | None
    count: int


def test_columns_are_those_of_the_row():
    """Null is allowed where the row may have None, and nowhere else."""
    assert columns_of(Odd) == [
        pa.field("name", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=True),
        pa.field("count", pa.int32(), nullable=False),
    ]


def chunk_of(given_articles: list[Annotated]) -> dict[str, pa.Table]:
    """A chunk's tables, as they are read again."""
    made = ChunkFiles(TABLES)
    for one in given_articles:
        made.add(rows_of(one))
    files = made.finish({})
    return {
        table.name: pq.read_table(io.BytesIO(files[table.name]))
        for table in (ARTICLES, SENTENCES, ANNOTATIONS)
    }


def named(one: Annotated, article_id: str) -> Annotated:
    """The article with its rows under this id."""
    rows = [row._replace(article_id=article_id) for row in one.rows_of(ANNOTATIONS)]
    article = replace(one.article, article_id=article_id)
    return replace(one, article=article).with_rows(ANNOTATIONS, rows)


@given(st.lists(st.tuples(annotated, st.sampled_from("ab")), max_size=4))
def test_tables_come_apart_as_they_were_put_together(given_articles):
    """Also where neighbours share their id, as two versions of an article do."""
    articles = [named(one, article_id) for one, article_id in given_articles]
    parts = by_article(chunk_of(articles))
    assert [part["annotations"].to_pylist() for part in parts] == [
        [row._asdict() for row in one.rows_of(ANNOTATIONS)] for one in articles
    ]
    assert [part["sentences"].num_rows for part in parts] == [
        len(one.split.sentences) for one in articles
    ]
    assert [part["articles"]["article_id"].to_pylist() for part in parts] == [
        [article_id] for _, article_id in given_articles
    ]


@given(st.lists(annotated, min_size=1, max_size=3), st.data())
def test_tables_that_do_not_fit_together_are_refused(given_articles, data):
    """A row too few, or one of another article."""
    articles = [named(one, str(number)) for number, one in enumerate(given_articles)]
    tables = chunk_of(articles)
    name = data.draw(st.sampled_from(["sentences", "annotations"]))
    if tables[name].num_rows:
        with pytest.raises(ValueError, match=r"the counts of . differ from its rows"):
            by_article({**tables, name: tables[name].slice(1)})

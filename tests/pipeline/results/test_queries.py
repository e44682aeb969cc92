"""Runs can be asked: views, functions and named questions give what the tables hold."""

import csv
import io
import json
import re

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.output.record import OutputError
from tests.articles import article, write_archive

duckdb = pytest.importorskip("duckdb", reason="SQL is NOT TESTED: install duckdb")

from pipeline.results import queries, query_rows  # noqa: E402


@pytest.fixture(scope="module")
def output(samples, tmp_path_factory):
    """A run of the embedded model over the samples; its names may have several types."""
    folder = tmp_path_factory.mktemp("sql") / "run's [1]"
    flags = ["--agreement", "off", "--max-reject-rate", "0.1", "--quiet"]
    assert main(["annotate", "--input", str(samples), "--output", str(folder), *flags]) == 0
    return str(folder)


@pytest.fixture(scope="module")
def database(output):
    """The views over it."""
    with queries.connect([output]) as connected:
        yield connected


def count(database, query: str) -> int:
    """The number that a query finds."""
    [(number,)] = database.sql(query).fetchall()
    return number


@pytest.mark.parametrize("question", queries.questions(), ids=lambda question: question.name)
def test_each_question_has_an_answer(database, question):
    """On the samples; what it asks is said in a line."""
    assert database.sql(question.query).fetchall()
    assert re.fullmatch(r"[A-Z].{15,110}[^.]", question.words)


def test_there_are_questions_to_begin_with():
    """As many as promised."""
    assert len(queries.questions()) >= 15


def test_views_have_the_rows_of_the_tables(database, output):
    """Each once, with its sentence and its article."""
    run = json.loads((queries.Path(output) / "run.json").read_text())
    assert count(database, "SELECT count(*) FROM mentions") == run["counts"]["annotations"]
    assert count(database, "SELECT count(*) FROM sentences") == run["counts"]["sentences"]
    assert count(database, "SELECT sum(mentions)::INT FROM terms") == run["counts"]["annotations"]
    assert (
        count(database, "SELECT count(*) FROM rejects")
        == sum(run["rejects"].values()) + run["reconciliation"]["duplicates"]
    )
    wrong = """SELECT count(*) FROM mentions m JOIN articles a USING (run, key)
        WHERE mention_text(a.text, m.start, m.stop) <> m.exact
           OR NOT contains(m.sentence_text, m.exact)
           OR sentence_of(m.annotation_id) <> m.sentence_text"""
    assert count(database, wrong) == 0


def test_pairs_are_of_one_sentence_or_row_and_each_is_once(database):
    """In the alphabet's order of types."""
    rows = database.sql("SELECT * FROM pairs").to_arrow_table().to_pylist()
    assert {row["shared"] for row in rows} == {"sentence", "table row"}
    assert all(row["type1"] <= row["type2"] for row in rows)
    ids = {frozenset((row["annotation_id1"], row["annotation_id2"])) for row in rows}
    assert len(ids) == len(rows)
    assert all(len(pair) == 2 for pair in ids)


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Tumours", "tumour"),
        ("therapies", "therapy"),
        ("Viruses", "virus"),
        ("virus", "virus"),
        ("tuberculosis", "tuberculosis"),
        ("abscess", "abscess"),
        ("RAS", "ras"),
        ("ras", "ras"),
        ("mice", "mice"),
    ],
)
def test_names_are_folded_by_case_and_plural(database, name, folded):
    """And words that only end like a plural are left alone."""
    assert database.execute("SELECT fold_name(?)", [name]).fetchall() == [(folded,)]


def test_versions_of_an_article_are_told_apart(annotate, tmp_path):
    """Each mention keeps the text that it was found in."""
    one, other = article(1), article(1, paragraphs=2).replace("Study 1-0", "A longer study 1-0")
    source = write_archive(tmp_path / "a.xml.gz", [article(3), one, other, article(2)])
    assert annotate(source, tmp_path / "out") == 0
    database = queries.connect([str(tmp_path / "out")])
    assert count(database, "SELECT count(DISTINCT key) FROM articles") == 4
    rows = pq.read_table(tmp_path / "out" / "annotations").num_rows
    assert count(database, "SELECT count(*) FROM mentions") == rows
    wrong = """SELECT count(*) FROM mentions m JOIN articles a USING (run, key)
        WHERE mention_text(a.text, m.start, m.stop) <> m.exact"""
    assert count(database, wrong) == 0


def test_several_runs_are_told_apart(output, annotate, tmp_path):
    """By the name of their folder, and by its path where names are the same."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    assert annotate(source, tmp_path / "out") == 0
    database = queries.connect([output, str(tmp_path / "out")])
    assert database.sql("SELECT DISTINCT run FROM mentions ORDER BY run").fetchall() == [
        ("out",),
        ("run's [1]",),
    ]
    both = queries.connect([output, output])
    assert count(both, "SELECT count(DISTINCT run) FROM mentions") == 1


def test_no_run_no_database(tmp_path):
    """A line says what was expected."""
    with pytest.raises(OutputError, match=r"run\.json"):
        queries.connect([str(tmp_path)])
    with pytest.raises(OutputError, match="not on this machine"):
        queries.connect(["s3://bucket/run"])


QUERY = """
    SELECT 'a,"b|c' AS text, [1, 2] AS list, {'x': 'é'} AS struct, NULL AS nothing, 0.5::DOUBLE AS n
    UNION ALL SELECT 'line' || chr(10) || '<b>', [], NULL, NULL, 1"""


def test_rows_in_other_forms():
    """Each can be read back."""
    found = duckdb.execute(QUERY)
    lines = "\n".join(query_rows.csv_lines(found))
    assert list(csv.reader(io.StringIO(lines))) == [
        ["text", "list", "struct", "nothing", "n"],
        ['a,"b|c', "[1, 2]", '{"x": "é"}', "", "0.5"],
        ["line\n<b>", "[]", "", "", "1.0"],
    ]
    [first, second] = json.loads("\n".join(query_rows.json_lines(duckdb.execute(QUERY))))
    assert first == {
        "text": 'a,"b|c',
        "list": [1, 2],
        "struct": {"x": "é"},
        "nothing": None,
        "n": 0.5,
    }
    assert second["text"] == "line\n<b>"
    markdown = list(query_rows.markdown_lines(duckdb.execute(QUERY)))
    assert markdown[2] == '| a,"b\\|c | [1, 2] | {"x": "é"} |  | 0.5 |'
    assert markdown[3].startswith("| line &lt;b> |")
    assert list(query_rows.json_lines(duckdb.execute("SELECT 1 WHERE false"))) == ["[]"]

"""``sql`` answers queries and named questions in the forms that were asked for."""

import io
import json

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from tests.articles import article, write_archive

pytest.importorskip("duckdb", reason="SQL is NOT TESTED: install duckdb")

COUNT = "SELECT type, count(*) AS n FROM mentions GROUP BY type ORDER BY type"


@pytest.fixture
def output(annotate, tmp_path, capsys):
    """A run over one article."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    assert annotate(source, tmp_path / "out") == 0
    capsys.readouterr()
    return tmp_path / "out"


@pytest.fixture
def counts(output):
    """Its mentions by type."""
    return json.loads((output / "run.json").read_text())["annotations"]["by_type"]


def test_the_forms_agree(output, counts, tmp_path, capsys):
    """CSV, JSON, Markdown, Parquet and the table hold the same."""
    assert main(["sql", str(output), COUNT, "--json"]) == 0
    assert {row["type"]: row["n"] for row in json.loads(capsys.readouterr().out)} == counts
    assert main(["sql", str(output), COUNT, "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["type,n", *(f"{type_},{n}" for type_, n in sorted(counts.items()))]
    assert main(["sql", str(output), COUNT, "--markdown"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 + len(counts)
    assert main(["sql", str(output), COUNT, "--parquet", str(tmp_path / "n.parquet")]) == 0
    capsys.readouterr()
    assert (
        dict(zip(*pq.read_table(tmp_path / "n.parquet").to_pydict().values(), strict=True))
        == counts
    )
    assert main(["sql", str(output), COUNT]) == 0
    assert "│ CD" in capsys.readouterr().out


def test_a_query_from_a_file_and_a_named_one(output, counts, tmp_path, capsys):
    """A comment before the query is no hindrance."""
    (tmp_path / "q.sql").write_text("-- mentions\nSELECT count(*) AS n FROM mentions;\n")
    assert main(["sql", str(output), "-f", str(tmp_path / "q.sql"), "--csv"]) == 0
    assert capsys.readouterr().out.split() == ["n", str(sum(counts.values()))]
    assert main(["sql", str(output), "--ask", "types", "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(counts)


def test_without_a_query_the_views_and_questions_are_listed(output, capsys):
    """When nobody is at a terminal."""
    assert main(["sql", str(output)]) == 0
    printed = capsys.readouterr().out
    assert "  mentions " in printed
    assert "  chemicals-and-diseases " in printed


def test_the_prompt_answers_and_goes_on_after_mistakes(output, monkeypatch, capsys):
    """Until its input ends."""
    typed = ".views\n.ask types\n.ask nothing\nSELECT 41 + 1\n  AS answer;\n\nSELEC;\n.quit\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    monkeypatch.setattr("pipeline.commands.sql._is_terminal", lambda: True)
    assert main(["sql", str(output)]) == 0
    printed = capsys.readouterr().out
    assert "mentions     run, annotation_id" in printed
    assert "mean_score" in printed
    assert "error: no question is called nothing" in printed
    assert "42" in printed
    assert "error: Parser Error" in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["SELECT nothing FROM mentions"], "nothing"),
        (["--ask", "name"], "did you mean names?"),
        (["--csv"], "what is asked?"),
        (["-f", "/nowhere.sql"], "cannot read /nowhere.sql"),
        (["/nowhere"], "run.json"),
    ],
)
def test_wrong_use_is_met_by_a_line(output, words, said, capsys):
    """And exit code 2."""
    assert main(["sql", str(output), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1

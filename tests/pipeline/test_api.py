"""From Python: the same rows as the job, and a run that can be read."""

import doctest
import gzip

import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.api import ArticleError, annotate_article, annotate_text, open_run
from tests.articles import article, write_archive
from transforms.errors import UserError


def test_examples_in_docstrings_run():
    """As they are printed, with the embedded model."""
    failed, tried = doctest.testmod(api)
    assert failed == 0
    assert tried > 5


def test_a_text_has_its_mentions_at_their_places(tiny):
    """Over several lines; of an empty text there are none."""
    text = "BRCA1 was studied in mice.\n\nAspirin 😀 and aspirin for Escherichia coli"
    found = annotate_text(text, tiny)
    assert [one.exact for one in found][:2] == ["BRCA1", "mice"]
    assert all(text[one.start : one.end] == one.exact for one in found)
    assert annotate_text("", tiny) == []


def test_an_article_has_the_rows_of_the_job(annotate, tiny, tmp_path):
    """All but where it was read: as text, bytes, gzipped, with a prolog or without."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    assert annotate(source, tmp_path / "out") == 0
    [expected] = open_run(tmp_path / "out")
    xml = article(1)
    prolog = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
    for given in (xml, xml.encode(), gzip.compress(xml.encode()), prolog + xml):
        [found] = annotate_article(given, tiny)
        assert found.sentences == expected.sentences
        assert found.annotations == expected.annotations
        assert found.row["text"] == expected.row["text"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("<article><body></p></body></article>", "not-well-formed"),
        ("nothing", "not-xml"),
        ("<articles><article/><article/></articles>", "found 2"),
    ],
)
def test_what_is_no_article_is_met_by_a_line(given, said, tiny):
    """As a reject would say it."""
    with pytest.raises(ArticleError, match=said):
        annotate_article(given, tiny)


def test_a_run_can_be_read(done, tmp_path):
    """As Arrow, and article by article."""
    run = open_run(done)
    rows = pq.read_table(done / "annotations")
    assert run.annotations().num_rows == rows.num_rows
    assert run.annotations(["type"]).column_names == ["type"]
    assert sum(len(one.annotations) for one in run) == rows.num_rows
    assert run.article("9900001").row["pmcid"] == "PMC9900001"
    assert run.about.counts["annotations"] == rows.num_rows
    with pytest.raises(UserError, match="no table nothing"):
        run.table("nothing")
    with pytest.raises(UserError, match=r"run\.json"):
        open_run(tmp_path)


def test_a_run_without_annotations_is_an_empty_table(annotate, tmp_path):
    """With its columns."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    assert annotate(source, tmp_path / "out", "--min-score", "1") == 0
    table = open_run(tmp_path / "out").annotations(["exact", "type"])
    assert (table.num_rows, table.column_names) == (0, ["exact", "type"])


def test_polars_reads_the_folders(done):
    """By a pattern."""
    polars = pytest.importorskip("polars", reason="Polars is NOT TESTED: install polars")
    found = polars.read_parquet(f"{done}/annotations/*.parquet")
    by_type = dict(found.group_by("type").len().iter_rows())
    assert by_type == open_run(done).about.annotations.by_type
    articles = polars.read_parquet(f"{done}/articles/*.parquet")
    assert set(found["article_id"]) <= set(articles["article_id"])


def test_pandas_reads_the_folders(done):
    """As one data frame, text offsets as Python's."""
    pandas = pytest.importorskip("pandas", reason="pandas is NOT TESTED: install pandas")
    found = pandas.read_parquet(done / "annotations").merge(
        pandas.read_parquet(done / "articles")[["article_id", "text"]], on="article_id"
    )
    assert len(found)
    assert all(row.text[row.start : row.end] == row.exact for row in found.itertuples())

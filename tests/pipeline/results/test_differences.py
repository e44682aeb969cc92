"""Each mention of two runs is counted once: agreed, moved, retyped, lost or gained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.output.committed import ArticleRows
from pipeline.results.differences import (
    Differences,
    compare_articles,
    compare_runs,
    make_page,
    tsv_line,
)
from tests.articles import article, write_archive

TEXT = "x" * 60


def row(start: int, end: int, type_: str = "GP") -> dict:
    """A row of ``annotations``, as far as differences know it."""
    places = {"start_xpath": "/a/text()[1]", "end_xpath": "/a/text()[1]", "start_offset": start}
    about = {"article_id": "PMC1", "section": "RESULTS", "score": 0.5, "prefix": "", "postfix": ""}
    exact = TEXT[start:end]
    return {
        **places,
        **about,
        "end_offset": end,
        "start": start,
        "end": end,
        "type": type_,
        "exact": exact,
    }


def articles(first, second, other_text=TEXT):
    """One article in two runs."""
    return (
        ArticleRows({"article_id": "PMC1", "sha256": "0", "text": TEXT}, [], first),
        ArticleRows({"article_id": "PMC1", "sha256": "0", "text": other_text}, [], second),
    )


def kinds(first, second, **more):
    """What becomes of the mentions of both runs."""
    found = compare_articles(*articles(first, second, **more))
    return sorted(
        (one.kind, one.first and one.first["start"], one.second and one.second["start"])
        for one in found
    )


def test_each_kind():
    """One mention of each."""
    first = [row(0, 3), row(10, 14), row(20, 22), row(30, 33)]
    second = [row(0, 3), row(11, 14), row(20, 22, "DS"), row(40, 44)]
    assert kinds(first, second) == [
        ("agreed", 0, 0),
        ("gained", None, 40),
        ("lost", 30, None),
        ("moved", 10, 11),
        ("retyped", 20, 20),
    ]


def test_a_text_that_another_version_made_is_compared_by_the_xml():
    """Offsets in the text say nothing then; text nodes still do."""
    shifted = [{**row(10, 14), "start": 0, "end": 4}, {**row(30, 33), "start": 10, "end": 13}]
    assert kinds([row(10, 14), row(29, 33)], shifted, other_text="other") == [
        ("agreed", 10, 0),
        ("moved", 29, 10),
    ]


spans = st.lists(
    st.builds(
        lambda start, length, type_: row(start, start + length, type_),
        *(st.integers(0, 50), st.integers(1, 9), st.sampled_from(("GP", "DS"))),
    ),
    max_size=12,
    unique_by=lambda one: (one["start"], one["end"], one["type"]),
)


@given(spans, spans)
def test_each_mention_is_counted_once(first, second):
    """In whatever way mentions nest and overlap; the other way round gained is lost."""
    found = list(compare_articles(*articles(first, second)))
    assert sorted(map(id, first)) == sorted(id(one.first) for one in found if one.first)
    assert sorted(map(id, second)) == sorted(id(one.second) for one in found if one.second)
    for one in found:
        if one.kind == "moved":
            assert one.first["type"] == one.second["type"]
            assert one.first["start"] < one.second["end"]
            assert one.second["start"] < one.first["end"]
    back = list(compare_articles(*articles(second, first)))
    assert sum(o.kind == "agreed" for o in found) == sum(o.kind == "agreed" for o in back)


@pytest.fixture
def runs(annotate, tmp_path):
    """Two runs over overlapping input, the second with higher scores only."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1), article(2)])
    other = write_archive(tmp_path / "b.xml.gz", [article(2), article(3)])
    assert annotate(source, tmp_path / "one") == 0
    assert annotate(other, tmp_path / "two", "--min-score", "GP=1") == 0
    return str(tmp_path / "one"), str(tmp_path / "two")


def test_runs_over_other_archives_meet_by_article(runs):
    """What one run lacks is counted by article; what it does not find, by mention."""
    found = Differences()
    lines = [tsv_line(one) for one in compare_runs(*runs, found)]
    assert found.articles == {"both": 1, "first": 1, "second": 1}
    assert found.totals()["GP"].keys() == {"lost"}
    assert all(counts.keys() == {"agreed"} for t, counts in found.totals().items() if t != "GP")
    assert len(lines) == sum(found.counts.values())
    assert all(line.count("\t") == 14 for line in lines)
    page = etree.fromstring(make_page(*runs, found).partition("\n")[2].encode())
    assert "genes and proteins" in "".join(page.itertext())


def test_the_same_examples_each_time(runs):
    """And no more of them than fit a page."""
    one, other = Differences(), Differences()
    assert list(compare_runs(*runs, one)) == list(compare_runs(*runs, other))
    assert one.examples == other.examples
    assert 0 < max(map(len, one.examples.values())) <= 8

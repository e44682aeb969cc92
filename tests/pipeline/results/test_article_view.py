"""An article's page has its whole text, every mention at its place, and nothing that can run."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from pipeline.output.record import OutputError
from pipeline.results import article_view
from pipeline.results.article_text import article_lines
from pipeline.results.article_view import (
    Grid,
    Mention,
    compare,
    find_article,
    make_page,
    mentions_of,
)
from pipeline.results.pages import clean

XPATH = "/article[1]/body[1]/sec[1]/p[{}]"


def article_row(texts, *, xpaths=None, paths=None, **columns):
    """A row of ``articles`` with these passages."""
    passages, at = [], 0
    for number, text in enumerate(texts):
        passages.append(
            {
                "start": at,
                "end": at + len(text),
                "section": "RESULTS",
                "path": paths[number] if paths else ["Results"],
                "xpath": xpaths[number] if xpaths else XPATH.format(number + 1),
            }
        )
        at += len(text) + 1
    ids = {"article_id": "PMC1", "pmcid": "PMC1", "pmid": None, "doi": None, "title": "T"}
    about = {"journal": None, "year": None, "license": None, "language": None, "sha256": "0" * 64}
    return {**ids, **about, "text": "\n".join(texts), "passages": passages, **columns}


@st.composite
def articles(draw):
    """Passages and mentions over them, which may nest, overlap and cross passages."""
    texts = draw(st.lists(st.text(max_size=30), min_size=1, max_size=4))
    whole = "\n".join(texts)
    places = st.tuples(
        st.integers(0, len(whole)), st.integers(0, len(whole)), st.sampled_from("ABC")
    )
    spans = draw(st.lists(places, max_size=12))
    mentions = [Mention(s, e, kind, whole[s:e]) for s, e, kind in spans if s < e]
    return article_row(texts), mentions


def lines_of(view):
    """Every passage on the page."""
    for part in view.parts:
        yield from [part.heading] if part.heading else []
        for block in part.blocks:
            if isinstance(block, Grid):
                yield from (line for row in block.rows for cell in row for line in cell.lines)
            else:
                yield block


@given(articles())
def test_stretches_are_the_text_and_each_mention_its_characters(drawn):
    """Whatever nests or overlaps, no character is lost, doubled, or under another mention."""
    row, mentions = drawn
    view = article_view.view(row, mentions)
    passages = row["passages"]
    for passage, line in zip(passages, lines_of(view), strict=True):
        at = passage["start"]
        for text, over in line.stretches:
            for character in text:
                assert row["text"][at] == character
                under = [n for n, one in enumerate(view.mentions) if one.start <= at < one.end]
                assert sorted(over) == under
                at += 1
        assert at == passage["end"]


@given(articles())
def test_without_colour_brackets_are_all_that_is_added(drawn):
    """The text of the terminal is the article's text."""
    row, mentions = drawn
    row = {**row, "text": re.sub(r"[\[\]|#\s]", " ", row["text"])}
    shown = "".join(article_lines(article_view.view(row, mentions), color=False))
    text = re.sub(r"\|[ABC]\]|\[", "", shown)
    for passage in row["passages"]:
        assert clean(row["text"][passage["start"] : passage["end"]]) in text


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(10, 20), st.sampled_from("AB")), max_size=9)
)
def test_a_comparison_counts_each_mention_once(places):
    """With itself all is agreed; with nothing all is only here, or only there."""
    mentions = [Mention(*place, "x") for place in dict.fromkeys(places)]
    assert [one.found for one in compare(mentions, mentions)] == ["agreed"] * len(mentions)
    assert [one.found for one in compare(mentions, [])] == ["here"] * len(mentions)
    assert [one.found for one in compare([], mentions)] == ["there"] * len(mentions)


def test_cells_stand_in_their_columns():
    """Also beside cells of numbers, which are no passages, and heads at the side."""
    table = "/article[1]/body[1]/table-wrap[1]/table[1]"
    xpaths = [
        f"{table}/thead[1]/tr[1]/th[2]",
        f"{table}/tbody[1]/tr[1]/th[1]",
        f"{table}/tbody[1]/tr[1]/td[2]/p[1]",
        f"{table}/tbody[1]/tr[1]/td[2]/p[2]",
    ]
    view = article_view.view(article_row(["Drug", "Mice", "one", "two"], xpaths=xpaths), [])
    [grid] = view.parts[0].blocks
    shown = [
        ["/".join(line.stretches[0].text for line in cell.lines) for cell in row]
        for row in grid.rows
    ]
    assert shown == [["", "Drug"], ["Mice", "", "one/two"]]
    assert [cell.is_head for cell in grid.rows[1]] == [True, False, False]


def test_names_fold_case_and_concepts_fold_spellings():
    """What a reader would call one name is one line, under its commonest spelling."""
    mentions = [
        Mention(0, 1, "CD", "Aspirin"),
        Mention(2, 3, "CD", "aspirin"),
        Mention(4, 5, "CD", "aspirin"),
        Mention(6, 7, "DS", "flu", concept="MESH:D007251", concept_name="Influenza, Human"),
        Mention(8, 9, "DS", "influenza", concept="MESH:D007251", concept_name="Influenza, Human"),
    ]
    names = article_view.view(article_row(["x" * 10]), mentions).names
    assert [(name.text, len(name.mentions)) for name in names] == [
        ("aspirin", 3),
        ("Influenza, Human", 2),
    ]


HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\" ' &amp; <!-- ]]>\x9b31m\0"
)


def test_hostile_text_is_shown_not_run():
    """In every place that a page shows text of an article or of a terminology."""
    row = article_row([HOSTILE], paths=[[HOSTILE]], title=HOSTILE, journal=HOSTILE, doi=HOSTILE)
    row |= {"article_id": HOSTILE, "pmcid": None, "license": HOSTILE, "language": HOSTILE}
    mention = Mention(
        *(0, len(HOSTILE), HOSTILE, HOSTILE),
        annotation_id=HOSTILE,
        model=HOSTILE,
        concept=HOSTILE,
        concept_name=HOSTILE,
    )
    view = article_view.view(row, [mention])
    page = make_page(view, other=HOSTILE)
    root = html.document_fromstring(page)
    assert len(root.xpath("//script")) == 2
    assert not root.xpath("//img | //@onerror | //comment()")
    assert page.count("</script") == 2
    assert "\x9b" not in page
    assert "\x9b" not in "".join(article_lines(view, color=True))


def test_a_page_names_nothing_to_load(done):
    """Links are for people; everything else stands in the page itself."""
    article = find_article(str(done), "PMC9900001")
    page = make_page(article_view.view(article.row, mentions_of(article.annotations)))
    root = html.document_fromstring(page)
    assert not root.xpath("//@src | //link | //iframe | //img")
    assert root.xpath("//mark")
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("name", ["PMC9900001", "9900001", " pmc9900001 "])
def test_an_article_goes_by_any_of_its_names(done, name):
    """With the prefix or without."""
    assert find_article(str(done), name).row["article_id"] == "PMC9900001"


def test_an_unknown_article_is_met_by_those_that_are_there(done):
    """The likeliest first."""
    with pytest.raises(OutputError, match="has no article PMC990000, but PMC99000"):
        find_article(str(done), "PMC990000")

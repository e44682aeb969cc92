"""A parser that errs is found out, whatever its sums say."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.results.xmltext import XmlText
from tests.articles import TESTS
from transforms.archives import scan_archive
from transforms.jats import TextOptions, parse_articles, parse_xml
from transforms.jats.rules import JATS
from transforms.records import Archive, Article, ArticleRange, SourceArticle, XmlRun, XmlSpan

XML = (
    "<article><body><sec><title>Mice</title>"
    "<p>mice, <bold>mice</bold> and\n mice<xref ref-type='bibr'>[1]</xref>, "
    "at <inline-formula><tex-math>x</tex-math></inline-formula>.</p>"
    "<p>mice</p></sec></body></article>"
)


def source_of(xml: str) -> SourceArticle:
    """An article alone in its file."""
    data = xml.encode()
    return SourceArticle(ArticleRange("a.xml", 0, 0, len(data), "0" * 64, "PMC1"), data)


def parsed(xml: str) -> tuple[Article, XmlText]:
    """The article as the parser reads it, and the XML's own text."""
    source = source_of(xml)
    return parse_articles(source, TextOptions())[0], XmlText(parse_xml(source), ("en",))


@dataclass(frozen=True)
class WrongMap:
    """A parser's map as given."""

    listed: tuple[XmlRun, ...]

    def runs(self) -> Iterator[XmlRun]:
        """As given."""
        return iter(self.listed)

    def locate(self, start: int, end: int) -> XmlSpan | None:
        """Not asked for."""
        raise NotImplementedError


def test_parser_s_own_map_is_accepted():
    """Without complaint."""
    article, xml = parsed(XML)
    assert article.text == "Mice\nmice, mice and mice, at \ufffc.\nmice"
    assert xml.complaint(article) == ""


@pytest.mark.parametrize(
    "path", sorted((TESTS / "cases").rglob("*.xml")), ids=lambda p: str(p.name)
)
def test_maps_of_example_articles_are_accepted(path):
    """All that the parser has to deal with."""
    [source] = scan_archive(Archive("cases", (str(path),)))
    xml = XmlText(parse_xml(source))
    for article in parse_articles(source, TextOptions()):
        assert xml.complaint(article) == ""


def _changed(change: Callable[[list[XmlRun]], None]) -> Callable[[Article], Article]:
    def damage(article: Article) -> Article:
        runs = list(article.xml_map.runs())
        change(runs)
        return replace(article, xml_map=WrongMap(tuple(runs)))

    return damage


def _swap(runs: list[XmlRun]) -> None:
    """Two mentions of the same word, each at the other's place."""
    first = next(at for at, run in enumerate(runs) if run.xpath.endswith("bold[1]/text()[1]"))
    last = next(at for at, run in enumerate(runs) if "p[2]" in run.xpath)
    one, other = runs[first], runs[last]
    runs[first] = one._replace(xpath=other.xpath, offset=other.offset)
    runs[last] = other._replace(xpath=one.xpath, offset=one.offset)


def _twice(runs: list[XmlRun]) -> None:
    first = next(run for run in runs if run.xpath.endswith("bold[1]/text()[1]"))
    runs[-1] = runs[-1]._replace(xpath=first.xpath, offset=first.offset)


def _shift(runs: list[XmlRun]) -> None:
    runs[1] = runs[1]._replace(offset=runs[1].offset + 1)


def _beyond(runs: list[XmlRun]) -> None:
    runs[-1] = runs[-1]._replace(offset=3)


def _nowhere(runs: list[XmlRun]) -> None:
    runs[0] = runs[0]._replace(xpath="/article[1]/text()[9]")


def _lose(runs: list[XmlRun]) -> None:
    del runs[1]


def _lose_last(runs: list[XmlRun]) -> None:
    del runs[-1]


def _reverse(runs: list[XmlRun]) -> None:
    runs.reverse()


@pytest.mark.parametrize(
    "damage",
    [
        *map(_changed, (_swap, _twice, _shift, _beyond, _nowhere, _lose, _lose_last, _reverse)),
        lambda article: replace(article, chars_kept=article.chars_kept + 1),
        lambda article: replace(article, text=article.text.replace("and", "und")),
        lambda article: replace(article, text=article.text + "\nmice"),
        lambda article: replace(article, passages=article.passages[:-1]),
        lambda article: replace(article, passages=()),
        lambda article: replace(article, text=article.text[:-5], passages=article.passages[:-1]),
    ],
)
def test_wrong_map_is_found(damage):
    """Also where the same characters stand at the other place, and where the sums add up."""
    article, xml = parsed(XML)
    assert xml.complaint(damage(article))


@given(
    st.recursive(
        st.text("ab \n", max_size=4),
        lambda inner: st.lists(
            st.tuples(st.sampled_from(["p", "i", "{u:x}p", "!"]), inner, st.text("c ", max_size=2)),
            max_size=4,
        ),
        max_leaves=12,
    )
)
def test_text_nodes_are_those_that_xpath_finds(tree):
    """Each under its name, in document order, around comments and in namespaces too."""

    def build(parent: etree._Element, content: object) -> None:
        if isinstance(content, str):
            parent.text = content
            return
        for tag, inner, tail in content:
            child = etree.Comment("c") if tag == "!" else etree.SubElement(parent, tag)
            if tag == "!":
                parent.append(child)
            else:
                build(child, inner)
            child.tail = tail

    root = etree.Element("article")
    build(root, tree)
    root = etree.fromstring(etree.tostring(root))
    text = XmlText(root)
    assert text._nodes == root.xpath("//text()")
    for xpath, number in text._numbers.items():
        [node] = root.xpath(xpath)
        assert node == text._nodes[number]
    assert text.characters("PMC1") == sum(map(len, text._nodes))


def test_citation_in_brackets_may_stand_within_a_mention():
    """Names outside the citation's own markup go with the brackets that hold both."""
    article, xml = parsed(
        "<article><body><p>Treated <italic>Wnt1</italic> (Ito &amp; Suh, "
        "<xref ref-type='bibr'>1998</xref>) mice (all).</p></body></article>"
    )
    assert article.text == "Treated Wnt1 mice (all)."
    start = article.text.index("Wnt1")

    def held(length: int, exact: str) -> bool:
        place = article.xml_map.locate(start, start + length)
        assert place is not None
        return xml.holds({**place._asdict(), "exact": exact})

    assert held(len("Wnt1 mice"), "Wnt1 mice")
    assert held(len("Wnt1 mice (all"), "Wnt1 mice (all")
    assert not held(len("Wnt1 mice (all)"), "Wnt1 mice ()")


@pytest.mark.parametrize("name", sorted(JATS.keys() - {"sub-article", "response"}))
def test_what_the_parser_leaves_out_or_reads_apart_may_stand_inside_a_name(name):
    """Whatever element it is: a citation, a table, a footnote."""
    article, xml = parsed(
        f"<article><body><p>the tumor <{name}>x</{name}> necrosis was</p></body></article>"
    )
    found = re.search("tumor.{1,4}necrosis", article.text)
    assert found
    span = article.xml_map.locate(*found.span())
    assert span is not None
    assert xml.holds({"exact": found.group(), **span._asdict()})


def damaged(xml: str, cut: str) -> tuple[Article, XmlText]:
    """An article whose parser has lost a piece of its text, and says nothing of it."""
    article, text = parsed(xml)
    at = article.text.index(cut)
    runs = []
    for run in article.xml_map.runs():
        shift = len(cut) if run.start > at else 0
        if run.start <= at < run.start + run.length:
            end = run.start + run.length - at - len(cut)
            runs.append(run._replace(length=at - run.start))
            runs.append(XmlRun(at, end, run.xpath, run.offset + at - run.start + len(cut)))
        else:
            runs.append(run._replace(start=run.start - shift))
    shorter = article.text.replace(cut, "", 1)
    passages = tuple(
        replace(one, start=one.start - (one.start > at) * len(cut), end=one.end - len(cut))
        if one.end > at
        else one
        for one in article.passages
    )
    kept = article.chars_kept - len(cut)
    wrong = replace(
        article, text=shorter, passages=passages, chars_kept=kept, xml_map=WrongMap(tuple(runs))
    )
    return wrong, text


def test_a_word_that_is_missing_without_a_reason_is_found():
    """Every word that is left out has a place that explains it."""
    xml = (
        "<article><front><journal-meta>Fur</journal-meta></front><body><p>Red mice "
        "(see Bell, <xref ref-type='bibr'>1998</xref>) ran.</p><table><tr><td>1.5e-3</td></tr>"
        "</table><p xml:lang='fr'>souris</p></body></article>"
    )
    article, text = parsed(xml)
    assert text.complaint(article) == ""
    assert text.missing(article.excluded) == ""
    assert "'Fur'" in text.missing(set(article.excluded) - {"metadata"})
    assert "'see'" in text.missing(set(article.excluded) - {"citation"})
    assert "'1'" in text.missing(set(article.excluded) - {"number"})
    assert "'souris'" in text.missing(set(article.excluded) - {"language"})
    wrong, text = damaged(xml, "mice ")
    assert text.complaint(wrong) == ""
    assert "'mice'" in text.missing(wrong.excluded)


def test_words_that_are_glued_together_are_found():
    """By an element between them, or by what is left out; letters of a form are not."""
    apart = "<article><body><p>Bell<x/> A; <i>BR</i>CA<sup>1</sup></p></body></article>"
    article, text = parsed(apart)
    assert text.touching(article) == ""
    wrong, text = damaged(apart, " ")
    assert "'BellA" in text.touching(wrong)
    wrong, text = damaged("<article><body><p>red mice</p></body></article>", " ")
    assert "'redmice'" in text.touching(wrong)

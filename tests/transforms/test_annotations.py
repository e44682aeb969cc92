"""From mentions to annotations: what a row says can be sliced out of the text."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from transforms.annotations import CONTEXT, PLACEHOLDER, annotation_id, map_mentions
from transforms.records import METADATA, Article, Mention, Passage, Sentence, XmlRun, XmlSpan

SHA256 = "ab" * 32
MODEL = "tiny@0123"


@dataclass(frozen=True)
class OneNode:
    """The map of a text that stands in one text node, as it is."""

    def locate(self, start: int, end: int) -> XmlSpan | None:
        """The same offsets."""
        return XmlSpan("/p[1]/text()[1]", start, "/p[1]/text()[1]", end)

    def runs(self) -> Iterator[XmlRun]:
        """Not asked for."""
        raise NotImplementedError


class Nowhere(OneNode):
    """The map of a text that was inserted."""

    def locate(self, start: int, end: int) -> None:
        """Nothing."""


def article_of(*texts: str, xml_map: OneNode | None = None) -> Article:
    """An article of these passages."""
    passages = []
    at = 0
    for number, text in enumerate(texts):
        passages.append(Passage(at, at + len(text), f"S{number}", (), "/p[1]"))
        at += len(text) + 1
    text = "\n".join(texts)
    return Article(
        text=text,
        passages=tuple(passages),
        chars_source=len(text),
        chars_kept=len(text),
        excluded={},
        xml_map=xml_map or OneNode(),
        notes={},
        **{**dict.fromkeys(METADATA), "article_id": "PMC1"},
    )


pieces = st.text(st.sampled_from("aβ😀 \u00a0\u2009\t" + PLACEHOLDER), min_size=1, max_size=50)


@given(pieces, pieces, st.data())
@example("a" * 50, PLACEHOLDER + "\u00a0", None)
def test_rows_slice_their_passage_exactly(before, text, data):
    """No white space and no formula at their edges; context stays inside the passage."""
    article = article_of(before, text)
    passage = article.passages[1]
    if data is None:
        start, end = passage.start, passage.end
    else:
        start = data.draw(st.integers(passage.start, passage.end - 1))
        end = data.draw(st.integers(start + 1, passage.end))
    sentences = [Sentence(0, 0, 1)] * 4 + [Sentence(1, passage.start, passage.end)]
    rows = map_mentions(article, SHA256, sentences, [Mention(start, end, "GP", 0.5, 4, MODEL)])
    found = article.text[start:end]
    core = found.strip(PLACEHOLDER + "".join(filter(str.isspace, found)))
    assert [row.exact for row in rows] == ([core] if core else [])
    for row in rows:
        assert start <= row.start < row.end <= end
        assert article.text[row.start : row.end] == row.exact
        assert row.prefix + row.exact + row.postfix in text
        assert article.text[row.start - len(row.prefix) : row.start] == row.prefix
        assert article.text[row.end : row.end + len(row.postfix)] == row.postfix
        assert len(row.prefix) == min(CONTEXT, row.start - passage.start)
        assert len(row.postfix) == min(CONTEXT, passage.end - row.end)
        assert (row.start_offset, row.end_offset) == (row.start, row.end)
        assert (row.passage, row.sentence, row.section) == (1, 4, "S1")
        assert (row.type, row.score, row.model) == ("GP", 0.5, MODEL)


def test_mention_that_is_nothing_but_a_formula_is_left_out():
    """There is no name in it; nor in text that stands nowhere in the XML."""
    formula = article_of(f"at {PLACEHOLDER} {PLACEHOLDER}.")
    mention = Mention(2, 6, "CD", 1.0, 0, MODEL)
    assert map_mentions(formula, SHA256, [Sentence(0, 0, 7)], [mention]) == []
    inserted = article_of("abcdef", xml_map=Nowhere())
    assert map_mentions(inserted, SHA256, [Sentence(0, 0, 6)], [mention]) == []


def test_mentions_stay_in_the_order_given():
    """One row each, also if they overlap."""
    found = [(0, 3, "GP", 0.1), (0, 5, "DS", 0.2), (4, 5, "GP", 0.3)]
    mentions = [Mention(*each, sentence=0, model=MODEL) for each in found]
    rows = map_mentions(article_of("abc d"), SHA256, [Sentence(0, 0, 5)], mentions)
    assert [(row.start, row.end, row.type, row.score) for row in rows] == found
    assert len({row.annotation_id for row in rows}) == 3


ids = st.tuples(
    st.sampled_from(["PMC1", "PMC11", "MED:1"]),
    st.sampled_from([SHA256, "cd" * 32]),
    st.integers(0, 120),
    st.integers(0, 120),
    st.sampled_from(["GP", "GP1", "protein"]),
    st.sampled_from(["0123", "4567"]),
)


@given(ids, ids)
def test_ids_are_the_same_for_the_same_mention_alone(one, other):
    """``1, 23`` is not ``12, 3``."""
    assert (annotation_id(*one) == annotation_id(*other)) == (one == other)
    assert len(annotation_id(*one)) == 32
    int(annotation_id(*one), 16)


def test_id_is_that_of_every_run():
    """It is in users' files: a change of how it is made is a change of the format."""
    assert annotation_id("PMC1", SHA256, 3, 8, "GP", "0123") == "a6b99d75140d433390793dd06a3dcb34"

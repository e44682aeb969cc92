"""A name has one type in an article, and is a mention wherever it stands, or nowhere."""

import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.model import load_model
from transforms.abbreviations import find_abbreviations
from transforms.agreement import agree, name_key
from transforms.layers import Annotator, Clock, ModelOptions
from transforms.mentions import Mentions
from transforms.records import Mention, Sentence
from transforms.sentences import split_passages, split_sentences

TINY = Path(__file__).parents[1] / "models" / "tiny"


def agreed(text: str, *names: tuple[str, str, float]) -> list[tuple[str, str, str, float]]:
    """What becomes of names, marked in the order of the text: exact, type, found, score."""
    spans = split_sentences(text)
    sentences = [Sentence(0, start, end) for start, end in spans]
    after: defaultdict[str, int] = defaultdict(int)
    mentions = []
    for name, type_, score in names:
        start = text.index(name, after[name])
        after[name] = start + 1
        number = next(n for n, (_, end) in enumerate(spans) if start < end)
        mentions.append(Mention(start, start + len(name), type_, score, number, "m@1"))
    found = agree(text, sentences, mentions, find_abbreviations(text, spans))
    for mention in found:
        sentence = sentences[mention.sentence]
        assert sentence.start <= mention.start < mention.end <= sentence.end
    return [(text[m.start : m.end], m.type, m.found, round(m.score, 3)) for m in found]


def test_a_name_has_the_type_of_its_best_mentions():
    """And each mention the share of the votes in its score."""
    assert agreed(
        "Anlotinib works. We gave anlotinib. Then anlotinib failed.",
        ("Anlotinib", "CD", 0.9),
        ("anlotinib", "CD", 0.9),
        ("anlotinib", "GP", 0.2),
    ) == [
        ("Anlotinib", "CD", "model", 0.81),
        ("anlotinib", "CD", "model", 0.81),
        ("anlotinib", "CD", "model", 0.18),
    ]


def test_a_name_found_often_enough_is_found_everywhere():
    """As whole words, whatever the case; the score says how often the model found it."""
    text = "Anlotinib and anlotinib help. ANLOTINIB! Anlotinib-free, anlotinibs, xanlotinib."
    assert agreed(text, ("Anlotinib", "CD", 1.0), ("anlotinib", "CD", 1.0)) == [
        ("Anlotinib", "CD", "model", 1.0),
        ("anlotinib", "CD", "model", 1.0),
        ("ANLOTINIB", "CD", "repeat", 0.5),
        ("Anlotinib", "CD", "repeat", 0.5),
    ]


def test_case_counts_in_short_names():
    """A gene CAT does not make cats of the others."""
    text = "CAT and CAT are genes. The cat sleeps. CAT too."
    found = agreed(text, ("CAT", "GP", 1.0), ("CAT", "GP", 1.0))
    assert [exact for exact, *_ in found] == ["CAT", "CAT", "CAT"]


def test_one_mention_does_not_speak_for_other_places():
    """It may be the odd one."""
    assert len(agreed("Ageing it is. Not ageing.", ("Ageing", "DS", 0.9))) == 1


def test_a_name_found_almost_nowhere_is_none():
    """One of five; of three it would stay."""
    assert agreed("Quench it. " + "We quench it. " * 4, ("Quench", "CD", 0.6)) == []
    assert len(agreed("Quench it. " + "We quench it. " * 2, ("Quench", "CD", 0.6))) == 1


def test_a_short_form_goes_with_its_long_form():
    """In type and in every place, also where the model found no short form at all."""
    text = "Hepatocellular carcinoma (HCC) is bad. HCC spreads. So does HCC."
    assert agreed(
        text, ("Hepatocellular carcinoma", "DS", 0.9), ("HCC", "CD", 0.3), ("HCC", "CD", 0.3)
    ) == [
        ("Hepatocellular carcinoma", "DS", "model", 0.54),
        ("HCC", "DS", "model", 0.18),
        ("HCC", "DS", "model", 0.18),
        ("HCC", "DS", "abbreviation", 0.54),
    ]


def test_an_acronym_of_what_is_no_name_is_none():
    """Hepatic arterial infusion is a method, whatever HAI looks like."""
    text = "We used hepatic arterial infusion (HAI). HAI works. HAI is safe."
    assert agreed(text, ("HAI", "DS", 0.6), ("HAI", "DS", 0.6)) == []


def test_a_doubtful_definition_takes_no_name_away():
    """Letters found somewhere in the words before are no acronym."""
    text = "The lineage compartments of the first limb bud (Lmx1b) grow. Lmx1b acts."
    assert len(agreed(text, ("Lmx1b", "GP", 0.9), ("Lmx1b", "GP", 0.9))) == 2


def test_a_longer_name_keeps_its_words():
    """What stands in it is no mention of its own."""
    text = "Breast cancer and cancer. Breast cancer again. More cancer, breast cancer."
    found = agreed(
        text,
        ("Breast cancer", "DS", 0.9),
        ("Breast cancer", "DS", 0.9),
        (" cancer. B"[1:7], "DS", 0.9),
    )
    assert [exact for exact, *_ in found].count("breast cancer") == 1


WORDS = st.sampled_from(
    ["TNF", "tnf", "Cat", "cats", "acid", "İnsulin", "ß-carotene", "of", "(", ")"]
)


def test_two_abbreviations_of_a_name_share_its_type():
    """Also one that the model found nowhere."""
    text = "The tumor necrosis factor (TNF) rose. The tumor necrosis factor (TNFA) fell."
    found = agreed(text, ("tumor necrosis factor", "GP", 1.0), ("tumor necrosis factor", "GP", 1.0))
    assert [(exact, type_, how) for exact, type_, how, _ in found] == [
        ("tumor necrosis factor", "GP", "model"),
        ("TNF", "GP", "abbreviation"),
        ("tumor necrosis factor", "GP", "model"),
        ("TNFA", "GP", "abbreviation"),
    ]


def test_what_is_short_for_an_acronym_of_no_name_is_none():
    """The acronym is no name either, once its own long form has been read."""
    text = "We saw the HSR (HS) rise. It is the heat shock response (HSR)."
    assert agreed(text, ("HSR", "GP", 1.0)) == []


TEXTS = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)


@given(TEXTS, st.data())
def test_whatever_the_mentions_they_stay_disjoint_whole_and_of_one_type(text, data):
    """Also in text whose lower case has other lengths."""
    words = [match.span() for match in re.finditer(r"\S+", text)]
    chosen = data.draw(st.lists(st.sampled_from(words), unique=True))
    mentions = [
        Mention(start, end, data.draw(st.sampled_from("AB")), data.draw(st.floats(0, 1)), 0, "m@1")
        for start, end in sorted(chosen)
    ]
    sentences = [Sentence(0, 0, len(text))]
    found = agree(text, sentences, mentions, find_abbreviations(text, [(0, len(text))]))
    assert found == sorted(found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert {(m.start, m.end) for m in found if m.found == "model"} <= set(chosen)
    assert all((m.start, m.end) in words for m in found)
    assert all(0 <= m.score <= 1 for m in found)
    types = defaultdict(set)
    for mention in found:
        types[name_key(text[mention.start : mention.end])].add(mention.type)
    assert all(len(kinds) == 1 for kinds in types.values())


@pytest.mark.parametrize("names", [[], [("TNF", "GP", 0.5)]])
def test_what_agrees_already_stays_as_it_is(names):
    """To the last bit."""
    assert agreed("TNF rose.", *names) == [(*name[:2], "model", name[2]) for name in names]


@pytest.mark.parametrize("agreement", [True, False])
def test_the_layer_of_mentions_agrees_where_it_is_asked_to(agreement):
    """Case is all that keeps the tiny model from the third name; scores below the least go."""
    text = "Aspirin was aspirin, aspirin and aspirin."
    options = ModelOptions("tiny", "first", agreement=agreement, min_scores={"CD": 0.5})
    layer = Mentions([Annotator(load_model(str(TINY)), options)])
    found = layer.find(split_passages(text, [(0, len(text))]), Clock()).mentions
    ways = [(text[mention.start : mention.end], mention.found) for mention in found]
    assert ways == [("Aspirin", "repeat")] * agreement + [("aspirin", "model")] * 3

"""Entities slice the text exactly, and mean what transformers means by them."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.model import load_model
from tests.models.rows import LABELS, THEIRS, made_up_logits
from transforms.entities import find_entities, labelled_sentences
from transforms.inference import score_windows
from transforms.records import Aggregation, Tokens
from transforms.windows import cut_windows, tokenize_passages

MODELS = Path(__file__).parents[1] / "models"
TINY = load_model(str(MODELS / "tiny"))
BYTE_LEVEL = load_model(str(MODELS / "tiny_bpe")).tokenizer
TOKENIZERS = [TINY.tokenizer, BYTE_LEVEL]
TEXT = st.text(st.sampled_from("abTP53é -/.αβ\u0301\u200b\x11\t\u2009😀中"), max_size=80)
BIO = ("O", "B-X", "I-X", "B-Y", "I-Y")
WORDS_ONLY = ["first", "average", "max", "viterbi"]


def rows(*labels: str, sure: float = 4.0, among: tuple[str, ...] = BIO) -> np.ndarray:
    """Logits that give each token its label."""
    logits = np.zeros((len(labels), len(among)), np.float32)
    for token, label in enumerate(labels):
        logits[token, among.index(label)] = sure
    return logits


def words_of(*lengths: int) -> Tokens:
    """Tokens of one character each: words of so many tokens, a space between them."""
    words = np.repeat(np.arange(len(lengths)), lengths).astype(np.int32)
    starts = np.arange(len(words), dtype=np.int32) + words
    return Tokens(words, starts, starts + 1, words)


def spans(logits, tokens, labels=BIO, aggregation: Aggregation = "first", **options):
    """Entities without their scores."""
    sentence = (0, int(tokens.ends[-1]) if len(tokens.ends) else 0)
    found = find_entities(logits, tokens, sentence, labels, aggregation, **options)
    return [(entity.start, entity.end, entity.type) for entity in found]


def test_a_real_graph_gives_the_entities_of_a_passage():
    """From text to entities, sentence by sentence."""
    text = "TP53 in breast cancer. Mice and mice had acetylsalicylic acid."
    sentences = [(0, 22), (23, 62)]
    tokens = tokenize_passages([text], TINY.tokenizer)
    windows = cut_windows(tokens, [sentences], TINY.window_limit)
    [logits], _ = score_windows(TINY, tokens, windows)
    found = [find_entities(logits, tokens[0], s, TINY.labels, "first") for s in sentences]
    assert [[(text[e.start : e.end], e.type) for e in entities] for entities in found] == [
        [("TP53", "GP"), ("breast cancer", "DS")],
        [("mice", "OG"), ("acetylsalicylic acid", "CD")],
    ]
    assert found[0][0].score == pytest.approx(np.exp(6) / (np.exp(6) + 8), abs=1e-6)


def test_a_byte_level_model_gives_words_without_their_space():
    """Its tokens hold the space before them; an entity does not."""
    model = load_model(str(MODELS / "tiny_bpe"))
    text = "the BRCA and aspirin"
    tokens = tokenize_passages([text], model.tokenizer)
    windows = cut_windows(tokens, [[(0, len(text))]], model.window_limit)
    [logits], _ = score_windows(model, tokens, windows)
    found = find_entities(logits, tokens[0], (0, len(text)), model.labels)
    assert [(text[e.start : e.end], e.type) for e in found] == [("BRCA", "GP"), ("aspirin", "CD")]


@pytest.mark.parametrize("aggregation", get_args(Aggregation))
def test_one_place_and_type_is_one_entity(aggregation: Aggregation):
    """An emoji's bytes are tokens with the same offsets."""
    (tokens,) = tokenize_passages(["😀 ⊕"], BYTE_LEVEL)
    labels = ["B-X", "O", "B-X", "B-Y", "B-X", "O", "B-X", "B-X"][: len(tokens.ids)]
    found = spans(rows(*labels), tokens, BIO, aggregation)
    assert found
    assert len(found) == len(set(found))


@pytest.mark.parametrize("aggregation", WORDS_ONLY)
def test_every_label_called_o_is_outside(aggregation: Aggregation):
    """A second one neither is an entity nor joins the two beside it."""
    labels = ("O", "B-DS", "I-DS", "O")
    logits = np.zeros((4, 4), np.float32)
    logits[range(4), [1, 2, 3, 1]] = 4
    found = spans(logits, words_of(1, 1, 1, 1), labels, aggregation)
    assert found == [(0, 3, "DS"), (6, 7, "DS")]


@given(st.lists(TEXT.filter(str.strip), min_size=1, max_size=5), st.integers(0, 9), st.data())
def test_only_labelled_sentences_have_entities(texts, seed, data):
    """Whatever the aggregation, what the filter leaves out has none."""
    passage, spans = "", []
    for text in texts:
        spans.append((len(passage), len(passage) + len(text)))
        passage += text + " "
    tokenizer = data.draw(st.sampled_from(TOKENIZERS))
    (tokens,) = tokenize_passages([passage], tokenizer)
    logits = np.random.default_rng(seed).normal(size=(len(tokens.ids), len(BIO)))
    logits[:, 0] += 2
    how = data.draw(st.sampled_from(get_args(Aggregation)))
    kept = labelled_sentences(logits, tokens, spans, BIO)
    found = [find_entities(logits, tokens, span, BIO, how) for span in spans]
    assert kept == sorted(set(kept))
    assert {index for index, entities in enumerate(found) if entities} <= set(kept)


RECORDED = json.loads((MODELS / "transformers_entities.json").read_text())


@pytest.mark.parametrize("aggregation", THEIRS)
@pytest.mark.parametrize("name", RECORDED)
def test_entities_are_those_recorded_from_transformers(name, aggregation):
    """On difficult sentences; tests/models/test_transformers.py compares live, where torch is."""
    tokenizer = load_model(str(MODELS / name)).tokenizer
    for case in RECORDED[name]:
        text = case["text"]
        (tokens,) = tokenize_passages([text], tokenizer)
        if tokenizer.token_to_id("Ġ") in tokens.ids:
            continue  # transformers makes no part of a word of a blank by itself
        logits = made_up_logits(tokens.ids)
        found = find_entities(logits, tokens, (0, len(text)), LABELS, aggregation)
        expected: dict[tuple[int, int, str], float] = {}
        for start, end, kind, score in case[aggregation]:
            expected.setdefault((start, end, kind), score)  # bytes of a character: several times
        assert [e[:3] for e in found] == list(expected), text
        assert [e.score for e in found] == pytest.approx(list(expected.values()), abs=1e-4)


@given(
    TEXT,
    st.data(),
    st.sampled_from(TOKENIZERS),
    st.sampled_from(get_args(Aggregation)),
)
def test_entities_are_ordered_disjoint_and_inside_their_sentence(text, data, tokenizer, how):
    """For any text and any scores; the slice has no white space at its ends."""
    (tokens,) = tokenize_passages([text], tokenizer)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    seed = data.draw(st.integers(0, 2**32 - 1))
    logits = np.random.default_rng(seed).normal(size=(len(tokens.ids), 5)).astype(np.float32)
    found = find_entities(logits, tokens, (start, end), BIO, how)
    for entity in found:
        assert start <= entity.start < entity.end <= end
        assert text[entity.start : entity.end].strip()
        assert text[entity.start : entity.end] == text[entity.start : entity.end].strip()
        assert 0 < entity.score <= 1
    if tokenizer is not BYTE_LEVEL or how in WORDS_ONLY:
        for left, right in pairwise(found):
            assert left.end <= right.start


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_words_are_never_cut(lengths, seed):
    """Where words are labelled, an entity starts with a word and ends with one."""
    tokens = words_of(*lengths)
    logits = np.random.default_rng(seed).normal(size=(len(tokens.ids), 5)).astype(np.float32)
    text = " ".join("x" * length for length in lengths)
    for aggregation in WORDS_ONLY:
        for start, end, _ in spans(logits, tokens, aggregation=aggregation):
            assert start == 0 or text[start - 1] == " "
            assert end == len(text) or text[end] == " "


def test_none_gives_every_token_its_own_row():
    """Tokens outside of entities give none."""
    logits = rows("B-X", "I-X", "O", "I-Y")
    assert spans(logits, words_of(2, 2), aggregation="none") == [
        (0, 1, "X"),
        (1, 2, "X"),
        (4, 5, "Y"),
    ]


def test_simple_joins_tokens_by_their_labels():
    """B- begins, I- goes on with its own type and begins where there is none to go on with."""
    logits = rows("B-X", "I-X", "B-X", "I-Y", "O", "I-Y", "I-Y")
    assert spans(logits, words_of(1, 1, 1, 1, 1, 1, 1), aggregation="simple") == [
        (0, 3, "X"),
        (4, 5, "X"),
        (6, 7, "Y"),
        (10, 13, "Y"),
    ]


def test_a_word_has_the_label_of_its_first_token():
    """However sure the others are."""
    logits = np.concatenate([rows("B-X", sure=1), rows("O", "B-Y", sure=9)])
    (entity,) = find_entities(logits, words_of(3), (0, 3), BIO, "first")
    assert entity[:3] == (0, 3, "X")
    assert entity.score == pytest.approx(np.e / (np.e + 4))


def test_a_word_has_the_label_of_the_mean_score():
    """The mean of probabilities, not of logits."""
    logits = np.concatenate([rows("B-X", sure=1), rows("B-Y", sure=9), rows("O", sure=1)])
    (entity,) = find_entities(logits, words_of(3), (0, 3), BIO, "average")
    assert entity[:3] == (0, 3, "Y")
    rest = 1 / (np.e + 4)
    assert entity.score == pytest.approx((2 * rest + np.exp(9) / (np.exp(9) + 4)) / 3)


def test_a_word_has_the_label_of_its_surest_token():
    """The first of equally sure ones."""
    logits = np.concatenate([rows("O", sure=2), rows("B-Y", "B-X", sure=5)])
    (entity,) = find_entities(logits, words_of(3), (0, 3), BIO, "max")
    assert entity[:3] == (0, 3, "Y")
    assert entity.score == pytest.approx(np.exp(5) / (np.exp(5) + 4))


def test_viterbi_keeps_a_name_whole():
    """A second ``B-`` and a missing one cut it; it is as sure as the least sure of its words."""
    logits = np.concatenate([rows("B-X", sure=3), rows("B-X", "O", "I-X", sure=1), rows("I-X")])
    logits[1:3, BIO.index("I-X")] = 0.9
    tokens = words_of(1, 1, 1, 2)
    assert spans(logits, tokens) == [(0, 1, "X"), (2, 3, "X"), (6, 8, "X")]
    (entity,) = find_entities(logits, tokens, (0, 8), BIO, "viterbi")
    assert entity[:3] == (0, 8, "X")
    assert entity.score == pytest.approx(np.exp(0.9) / (np.exp(0.9) + np.e + 3))


def test_an_entity_that_may_go_on_is_less_sure():
    """``viterbi`` scores its end too: by how likely the next word is not a part of it."""
    logits = rows("B-X", "O", "O", sure=3)
    alone = np.exp(3) / (np.exp(3) + 4)
    logits[1, BIO.index("I-X")] = 2
    (entity,) = find_entities(logits, words_of(1, 1, 1), (0, 5), BIO, "viterbi")
    may_go_on = np.exp(2) / (np.exp(3) + np.exp(2) + 3)
    assert entity.score == pytest.approx(alone * (1 - may_go_on))


def test_the_score_of_an_entity_is_the_mean_of_its_words():
    """Each word counts once, however many tokens it has."""
    logits = np.concatenate([rows("B-X", "O", "O", sure=1), rows("I-X", sure=3)])
    (entity,) = find_entities(logits, words_of(3, 1), (0, 5), BIO, "first")
    first, second = np.exp(1) / (np.exp(1) + 4), np.exp(3) / (np.exp(3) + 4)
    assert entity.score == pytest.approx((first + second) / 2)


@given(st.integers(0, 2**32 - 1), st.sampled_from(get_args(Aggregation)))
def test_scores_are_numbers_of_single_precision(seed, aggregation):
    """The tables keep float32: what JSON writes with more digits would be another number."""
    logits = np.random.default_rng(seed).normal(size=(6, len(BIO))).astype(np.float32)
    found = find_entities(logits, words_of(2, 1, 3), (0, 8), BIO, aggregation)
    assert [entity.score for entity in found] == [float(np.float32(e.score)) for e in found]


def test_thresholds_hold_by_type_and_overall():
    """A type's own threshold wins over the overall one."""
    logits = rows("B-X", "O", "B-Y", sure=2)  # a score of 0.65
    tokens = words_of(1, 1, 1)
    assert spans(logits, tokens, min_scores={"X": 0.7}) == [(4, 5, "Y")]
    assert spans(logits, tokens, min_score=0.7) == []
    assert spans(logits, tokens, min_scores={"X": 0.5}, min_score=0.7) == [(0, 1, "X")]


def test_types_have_other_names_or_none():
    """The least score is that of the new name."""
    logits = rows("B-X", "O", "B-Y", sure=2)
    tokens = words_of(1, 1, 1)
    assert spans(logits, tokens, types={"X": ""}) == [(4, 5, "Y")]
    assert spans(logits, tokens, types={"X": "Y"}) == [(0, 1, "Y"), (4, 5, "Y")]
    assert spans(logits, tokens, types={"X": "Y"}, min_scores={"Y": 0.7}) == []


def test_mention_exactly_at_the_threshold_stays():
    """What is left out is below it."""
    logits = rows("B-X", "O", "O")
    [entity] = find_entities(logits, words_of(1, 1, 1), (0, 5), BIO)
    above = math.nextafter(entity.score, 1)
    assert spans(logits, words_of(1, 1, 1), min_score=entity.score) == [(0, 1, "X")]
    assert spans(logits, words_of(1, 1, 1), min_scores={"X": entity.score}) == [(0, 1, "X")]
    assert spans(logits, words_of(1, 1, 1), min_score=above) == []


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("B-X", "I-X", "I-X"), [(0, 5, "X")]),
        (("I-X", "I-X", "B-X"), [(0, 3, "X"), (4, 5, "X")]),
        (("B-X", "B-X", "I-Y"), [(0, 1, "X"), (2, 3, "X"), (4, 5, "Y")]),
        (("S-X", "B-X", "E-X"), [(0, 1, "X"), (2, 5, "X")]),
        (("B-X", "E-X", "I-X"), [(0, 3, "X"), (4, 5, "X")]),
        (("U-X", "I-X", "L-X"), [(0, 1, "X"), (2, 5, "X")]),
        (("B-X", "M-X", "E-X"), [(0, 5, "X")]),
    ],
)
def test_labels_of_every_scheme_are_understood(tags, expected):
    """BIO, IOB2, IOBES, BILOU and BMES, well formed or not."""
    labels = ("I-Y", "O", *(f"{prefix}-X" for prefix in "ULSEMIB"))
    assert spans(rows(*tags, among=labels), words_of(1, 1, 1), labels) == expected


def test_a_repeated_b_does_not_split_a_word():
    """Transformers issue 23322: with ``simple`` it makes an entity of every such token.

    Between words a second B- begins an entity, there as here.
    """
    logits = rows("B-X", "B-X", "B-X", "B-X")
    assert spans(logits, words_of(3, 1), aggregation="simple") == [(0, 3, "X"), (4, 5, "X")]


@pytest.mark.parametrize("aggregation", get_args(Aggregation))
def test_a_text_of_control_characters_has_no_entities(aggregation):
    """Transformers issue 24314: ``average`` crashed on a text without tokens."""
    (tokens,) = tokenize_passages(["\x11\x11"], TINY.tokenizer)
    assert spans(np.zeros((0, 5), np.float32), tokens, aggregation=aggregation) == []


def test_a_dropped_character_does_not_join_a_word_to_the_one_before():
    """Transformers compares the lengths of a token and its text to see whether a word goes on.

    A zero-width space, which BERT's normaliser drops, makes them differ for a whole word.
    """
    text = "the pro\u200btein"
    (tokens,) = tokenize_passages([text], TINY.tokenizer)
    logits = rows("O", *["B-X"] * (len(tokens.ids) - 1))
    assert spans(logits, tokens) == [(4, 12, "X")]


@pytest.mark.parametrize("space", ["\t", "\n", "\u00a0", "\u2009"])
def test_any_white_space_ends_a_word_of_a_byte_level_tokenizer(space):
    """Transformers issue 27876: only U+0020 did, so words around a tab had one label."""
    text = f"study{space}human"
    (tokens,) = tokenize_passages([text], BYTE_LEVEL)
    human = tokens.starts >= 6
    logits = rows(*np.where(human, "B-X", "O"))
    for aggregation in WORDS_ONLY:
        assert spans(logits, tokens, aggregation=aggregation) == [(6, 11, "X")]


def test_a_character_of_several_tokens_is_one_word():
    """Transformers issue 27876: each byte of an emoji at the start of a text was a word."""
    (tokens,) = tokenize_passages(["😀 study"], BYTE_LEVEL)
    emoji = int((tokens.starts == 0).sum())
    assert emoji > 1
    logits = rows("B-X", *["B-X"] * (emoji - 1), *["O"] * (len(tokens.ids) - emoji))
    for aggregation in ["simple", *WORDS_ONLY]:
        assert spans(logits, tokens, aggregation=aggregation) == [(0, 1, "X")]

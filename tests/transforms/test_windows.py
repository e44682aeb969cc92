"""Every token of every sentence is scored once, and no window is over the limit."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import Unigram, WordPiece
from tokenizers.normalizers import NFKC
from tokenizers.pre_tokenizers import BertPreTokenizer, Metaspace

from models.model import load_model
from transforms.records import Tokens, Window
from transforms.windows import cut_windows, tokenize_passages

MODELS = Path(__file__).parents[1] / "models"
TINY = load_model(str(MODELS / "tiny"))


BYTE_LEVEL = load_model(str(MODELS / "tiny_bpe")).tokenizer
TOKENIZERS = [TINY.tokenizer, BYTE_LEVEL]
TEXT = st.text(
    st.one_of(
        st.sampled_from("abcé -/.,αβ\u0301\u200b\x11\t\n\u00a0\u2009😀中"),
        st.characters(codec="utf-8"),
    ),
    max_size=120,
)


@st.composite
def passages(draw: st.DrawFn) -> tuple[list[str], list[list[tuple[int, int]]]]:
    """Texts, and sentences that cover their characters, cut anywhere."""
    texts = draw(st.lists(TEXT, max_size=4))
    sentences = []
    for text in texts:
        cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=5))})
        sentences.append(list(pairwise(cuts)))
    return texts, sentences


@given(TEXT, st.sampled_from(TOKENIZERS))
def test_tokens_slice_the_text_in_order(text: str, tokenizer: Tokenizer):
    """Offsets never step back, hold no white space at their ends, and words never fall."""
    (tokens,) = tokenize_passages([text], tokenizer)
    assert (np.diff(tokens.starts) >= 0).all()
    assert (np.diff(tokens.words) >= 0).all()
    for start, end in zip(tokens.starts, tokens.ends, strict=True):
        assert 0 <= start <= end <= len(text)
        assert text[start:end] == text[start:end].strip()


@given(TEXT)
def test_a_word_of_a_byte_level_tokenizer_ends_at_white_space(text: str):
    """Tokens share a word exactly if no white space is between them."""
    (tokens,) = tokenize_passages([text], BYTE_LEVEL)
    filled = np.flatnonzero(tokens.starts < tokens.ends)
    for left, right in pairwise(filled):
        between = text[tokens.starts[left] : tokens.starts[right]]
        spaced = any(character.isspace() for character in between)
        assert (tokens.words[left] != tokens.words[right]) == spaced


def test_an_emoji_of_several_tokens_is_one_word():
    """Its bytes are tokens with the same offsets."""
    (tokens,) = tokenize_passages(["a 😀 b"], BYTE_LEVEL)
    emoji = tokens.starts == 2
    assert emoji.sum() > 1
    assert len(set(tokens.words[emoji])) == 1
    assert sorted(set(tokens.words)) == [0, 1, 2]


def test_a_character_is_of_one_word():
    """Where NFKC makes several of it that are words, and of what follows without a space."""
    pieces = {t: index for index, t in enumerate(["[UNK]", ".", "a", "/", "c", "##m"])}
    tokenizer = Tokenizer(WordPiece(pieces, unk_token="[UNK]"))  # noqa: S106 - a token's name
    tokenizer.normalizer, tokenizer.pre_tokenizer = NFKC(), BertPreTokenizer()
    (tokens,) = tokenize_passages(["a … \u2100m ."], tokenizer)  # the sign a/c
    assert tokens.starts.tolist() == [0, 2, 2, 2, 4, 4, 4, 5, 7]
    assert tokens.words.tolist() == [0, 1, 1, 1, 2, 2, 2, 2, 3]


@pytest.mark.parametrize("text", ["β-cat", "a β-cat", "a  β-cat β-cat"])
def test_a_blank_by_itself_opens_the_word_behind_it(text: str):
    """At the start of a sentence and in its middle alike; a second space is of no word."""
    pieces = [("<unk>", 0.0), ("▁", -1.0), ("▁a", -1.0), ("β", -2.0), ("-cat", -2.0), ("a", -3.0)]
    tokenizer = Tokenizer(Unigram(pieces, 0))
    tokenizer.pre_tokenizer = Metaspace()
    (tokens,) = tokenize_passages([text], tokenizer)
    filled = tokens.starts < tokens.ends
    for start in [i for i, character in enumerate(text) if character == "β"]:
        of_word = filled & (tokens.starts >= start) & (tokens.starts < start + len("β-cat"))
        names = [tokenizer.id_to_token(index) for index in tokens.ids[of_word]]
        assert names == ["▁", "β", "-cat"]
        assert len(set(tokens.words[of_word])) == 1


@given(passages(), st.sampled_from(TOKENIZERS))
def test_a_sentence_by_itself_has_the_tokens_it_has_in_transformers(given_passages, tokenizer):
    """Those of its text alone: a byte-level token also says whether a space is before it."""
    texts, sentences = given_passages
    for text, spans, tokens in zip(
        texts, sentences, tokenize_passages(texts, tokenizer, sentences), strict=True
    ):
        if tokenizer is BYTE_LEVEL:
            alone = [tokenizer.encode(text[a:b], add_special_tokens=False) for a, b in spans]
            assert tokens.ids.tolist() == [one for encoding in alone for one in encoding.ids]
        for start, end in zip(tokens.starts, tokens.ends, strict=True):
            assert text[start:end] == text[start:end].strip()


@given(
    passages(),
    st.sampled_from(TOKENIZERS),
    st.integers(1, 40),
    st.sampled_from(["sentence", "pack"]),
)
def test_every_token_of_every_sentence_is_scored_once(given_passages, tokenizer, limit, mode):
    """In windows of its own passage that are never over the limit."""
    texts, sentences = given_passages
    tokens = tokenize_passages(texts, tokenizer)
    windows = cut_windows(tokens, sentences, limit, mode)
    scored = [np.zeros(len(passage.ids), int) for passage in tokens]
    for window in windows:
        assert 0 < window.end - window.start <= limit
        assert window.start <= window.scored_start < window.scored_end <= window.end
        scored[window.passage][window.scored_start : window.scored_end] += 1
    for counts in scored:
        assert (counts == 1).all()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60), st.integers(1, 40))
def test_each_token_is_scored_where_it_has_most_context(word_lengths, limit):
    """But for the shift of a boundary to the start of a word, which is at most a word long."""
    words = np.repeat(np.arange(len(word_lengths)), word_lengths).astype(np.int32)
    count = len(words)
    tokens = Tokens(words, np.arange(count), np.arange(1, count + 1), words)
    windows = cut_windows([tokens], [[(0, count)]], limit)

    def context(window: Window, token: int) -> int:
        left = token - window.start if window.start else count
        right = window.end - 1 - token if window.end < count else count
        return min(left, right)

    for window in windows:
        for token in range(window.scored_start, window.scored_end):
            others = [w for w in windows if w.start <= token < w.end]
            best = max(context(w, token) for w in others)
            assert best - context(window, token) <= 2 * max(word_lengths)


def test_a_sentence_is_a_window():
    """Each sentence by itself, in reading order, whatever the passage."""
    texts = ["The study of mice. The cells.", "aspirin"]
    sentences = [[(0, 18), (19, 29)], [(0, 7)]]
    tokens = tokenize_passages(texts, TINY.tokenizer)
    assert cut_windows(tokens, sentences, 62) == [
        Window(0, 0, 5, 0, 5),
        Window(0, 5, 8, 5, 8),
        Window(1, 0, 1, 0, 1),
    ]


def test_packing_fills_a_window_with_neighbours():
    """Up to the limit; never across passages."""
    texts = ["The study of mice. The cells.", "aspirin"]
    sentences = [[(0, 18), (19, 29)], [(0, 7)]]
    tokens = tokenize_passages(texts, TINY.tokenizer)
    assert cut_windows(tokens, sentences, 8, "pack") == [
        Window(0, 0, 8, 0, 8),
        Window(1, 0, 1, 0, 1),
    ]
    assert cut_windows(tokens, sentences, 7, "pack") == cut_windows(tokens, sentences, 7)


def test_a_long_sentence_is_cut_between_words():
    """Windows overlap, start and end with whole words, and change in the middle of an overlap."""
    text = " ".join(["TP53"] * 20)
    (tokens,) = tokenize_passages([text], TINY.tokenizer)
    windows = cut_windows([tokens], [[(0, len(text))]], 16)
    assert windows == [
        Window(0, 0, 16, 0, 14),
        Window(0, 12, 28, 14, 26),
        Window(0, 24, 40, 26, 40),
    ]


def test_a_word_longer_than_the_limit_is_cut_inside():
    """Nothing is dropped and nothing is over the limit, even without a place to cut."""
    (tokens,) = tokenize_passages(["b" * 90], TINY.tokenizer)
    windows = cut_windows([tokens], [[(0, 90)]], 40)
    assert [(w.start, w.end) for w in windows] == [(0, 40), (30, 70), (60, 90)]
    assert [(w.scored_start, w.scored_end) for w in windows] == [(0, 35), (35, 65), (65, 90)]


@pytest.mark.parametrize("mode", ["sentence", "pack"])
def test_no_text_gives_no_window(mode):
    """Empty passages, and sentences of characters that the tokenizer drops."""
    tokens = tokenize_passages(["", "\x11\x11"], TINY.tokenizer)
    assert cut_windows(tokens, [[], [(0, 2)]], 10, mode) == []

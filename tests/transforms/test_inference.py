"""Every token gets the logits that the model gives it in its own window."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.model import load_model
from transforms.inference import cut_batches, score_windows
from transforms.records import RejectError, Window
from transforms.windows import cut_windows, tokenize_passages

TINY = load_model(str(Path(__file__).parents[1] / "models" / "tiny"))
TEXTS = [
    "TP53 and BRCA1 in breast cancer. Mice were treated with aspirin.",
    "Escherichia coli.",
    "",
    "the acetylsalicylic acid of " * 30,
]
SENTENCES = [[(0, 32), (33, 64)], [(0, 17)], [], [(0, 28 * 30)]]


class OneByOne:
    """A model without threads of its own."""

    def for_each(self, work, items):
        """Does all of it."""
        for item in items:
            work(item)
        return 0.0


def test_each_token_has_its_row():
    """The graph's answers depend on the token alone, so every row can be foretold."""
    tokens = tokenize_passages(TEXTS, TINY.tokenizer)
    windows = cut_windows(tokens, SENTENCES, TINY.window_limit)
    logits, _ = score_windows(TINY, tokens, windows)
    rows = TINY.score([np.arange(62, dtype=np.int32)])[0]
    for passage, scored in zip(tokens, logits, strict=True):
        assert scored.shape == (len(passage.ids), len(TINY.labels))
        assert scored.dtype == np.float32
        known = passage.ids < 62
        assert (scored[known] == rows[passage.ids[known]]).all()
        assert np.isfinite(scored).all()


def test_a_token_in_no_window_has_no_score():
    """It is NaN, not a number that could be taken for a score."""
    tokens = tokenize_passages(["TP53 and BRCA1"], TINY.tokenizer)
    [logits], _ = score_windows(TINY, tokens, [Window(0, 1, 3, 1, 2)])
    assert np.isfinite(logits).all(axis=1).tolist() == [False, True, False, False, False]


def test_threads_share_one_model():
    """The same logits from two threads at once as from one."""
    tokens = tokenize_passages(TEXTS, TINY.tokenizer)
    windows = cut_windows(tokens, SENTENCES, TINY.window_limit)
    expected, _ = score_windows(TINY, tokens, windows)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: score_windows(TINY, tokens, windows)[0], range(20)))
    for run in runs:
        assert all((a == b).all() for a, b in zip(run, expected, strict=True))


def test_a_score_that_is_no_number_rejects_the_article():
    """An overflow of the model is reported with its place."""

    class Broken(OneByOne):
        name = "broken"
        labels = ("O", "B-X")
        n_special = 2

        def score(self, windows):
            return np.full((len(windows), max(map(len, windows)), 2), np.inf, np.float32)

    tokens = tokenize_passages(["TP53"], TINY.tokenizer)
    with pytest.raises(RejectError, match="no number in passage 0, tokens 0 to 3"):
        score_windows(Broken(), tokens, [Window(0, 0, 3, 0, 3)])


LENGTHS = st.lists(st.integers(1, 100), max_size=9).map(sorted)


def waste(lengths: list[int], batches: list[tuple[int, int]], cost: int) -> int:
    """Padded tokens of all batches, and their fixed costs."""
    return sum((last - first) * lengths[last - 1] + cost for first, last in batches)


def all_cuts(count: int, start: int = 0):
    """Every way to cut a row of windows into batches."""
    if start == count:
        yield []
    for end in range(start + 1, count + 1):
        for rest in all_cuts(count, end):
            yield [(start, end), *rest]


@given(LENGTHS, st.integers(1, 300), st.integers(0, 60))
def test_batches_cover_the_windows_at_the_least_cost(lengths, limit, cost):
    """No way to cut within the limit pads less."""
    batches = cut_batches(lengths, limit, cost)
    fits = [
        cut
        for cut in all_cuts(len(lengths))
        if all(b - a == 1 or (b - a) * lengths[b - 1] <= limit for a, b in cut)
    ]
    assert batches in fits
    assert waste(lengths, batches, cost) == min(waste(lengths, cut, cost) for cut in fits)


class Recording(OneByOne):
    """The tiny model, which notes the batches it is given."""

    name, labels, n_special = TINY.name, TINY.labels, TINY.n_special

    def __init__(self):
        self.batches: list[list[list[int]]] = []

    def score(self, batch):
        """As the model does."""
        self.batches.append([ids.tolist() for ids in batch])
        return TINY.score(batch)


def test_an_article_is_scored_the_same_twice():
    """Order and batches are fixed by the article alone."""
    tokens = tokenize_passages(TEXTS, TINY.tokenizer)
    windows = cut_windows(tokens, SENTENCES, TINY.window_limit)
    first, again = Recording(), Recording()
    for model in (first, again):
        score_windows(model, tokens, windows)
    assert first.batches == again.batches != []


def test_windows_of_the_same_tokens_are_scored_once():
    """Each has the scores, in the part of it that is its own."""
    tokens = tokenize_passages(["TP53 and BRCA1", "Mice", "TP53 and BRCA1"], TINY.tokenizer)
    n = len(tokens[0].ids)
    windows = [Window(0, 0, n, 0, n), Window(1, 0, 1, 0, 1), Window(2, 0, n, 1, n - 1)]
    model = Recording()
    logits, _ = score_windows(model, tokens, windows)
    assert sum(len(batch) for batch in model.batches) == 2
    assert (logits[2][1 : n - 1] == logits[0][1 : n - 1]).all()
    assert np.isnan(logits[2][[0, n - 1]]).all()


def test_short_windows_are_not_padded_to_long_ones():
    """Windows of a like length share a batch, wherever in the article they stand."""
    texts = ["TP53", "the acetylsalicylic acid of " * 10] * 20
    tokens = tokenize_passages([f"{text} {n}" for n, text in enumerate(texts)], TINY.tokenizer)
    windows = [Window(n, 0, len(t.ids), 0, len(t.ids)) for n, t in enumerate(tokens)]
    model = Recording()
    score_windows(model, tokens, windows)
    padded = sum(len(batch) * max(map(len, batch)) for batch in model.batches)
    assert padded < 1.1 * sum(len(ids) for batch in model.batches for ids in batch)


def test_time_of_the_models_own_threads_is_told():
    """It is the article's, though another thread spent it."""

    class Helped(Recording):
        def for_each(self, work, items):
            super().for_each(work, items)
            return 12.5

    tokens = tokenize_passages(["TP53"], TINY.tokenizer)
    assert score_windows(Helped(), tokens, [Window(0, 0, 3, 0, 3)])[1] == 12.5

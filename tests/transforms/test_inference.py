"""Every token gets the logits that the model gives it in its own window."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.folder import load_model
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


def test_each_token_has_its_row():
    """The graph's answers depend on the token alone, so every row can be foretold."""
    tokens = tokenize_passages(TEXTS, TINY.tokenizer)
    windows = cut_windows(tokens, SENTENCES, TINY.window_limit)
    logits = score_windows(TINY, tokens, windows)
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
    (logits,) = score_windows(TINY, tokens, [Window(0, 1, 3, 1, 2)])
    assert np.isfinite(logits).all(axis=1).tolist() == [False, True, False, False, False]


def test_threads_share_one_model():
    """The same logits from two threads at once as from one."""
    tokens = tokenize_passages(TEXTS, TINY.tokenizer)
    windows = cut_windows(tokens, SENTENCES, TINY.window_limit)
    expected = score_windows(TINY, tokens, windows)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: score_windows(TINY, tokens, windows), range(20)))
    for run in runs:
        assert all((a == b).all() for a, b in zip(run, expected, strict=True))


def test_a_score_that_is_no_number_rejects_the_article():
    """An overflow of the model is reported with its place."""

    class Broken:
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


class Recording:
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
    logits = score_windows(model, tokens, windows)
    assert sum(len(batch) for batch in model.batches) == 2
    assert (logits[2][1 : n - 1] == logits[0][1 : n - 1]).all()
    assert np.isnan(logits[2][[0, n - 1]]).all()


def test_idle_threads_help_with_a_long_article():
    """The batches are the same, whoever scores them: helpers that come, or come too late."""
    texts = ["the acetylsalicylic acid of " * n for n in range(1, 80)]
    tokens = tokenize_passages(texts, TINY.tokenizer)
    windows = cut_windows(tokens, [[(0, len(text))] for text in texts], TINY.window_limit)
    alone = score_windows(TINY, tokens, windows)
    helped = []
    with ThreadPoolExecutor(2) as pool:

        def ask(work):
            def counted():
                helped.append(1)
                work()

            return [pool.submit(counted) for _ in range(2)]

        for _ in range(10):
            together = score_windows(TINY, tokens, windows, ask)
            assert all((a == b).all() for a, b in zip(alone, together, strict=True))
    assert helped


def test_what_fails_in_a_helper_fails_the_article():
    """A helper's error is not lost."""

    class BrokenError(Exception):
        pass

    def ask(_):
        failed = Future()
        failed.set_exception(BrokenError())
        return [failed]

    tokens = tokenize_passages(TEXTS, TINY.tokenizer)
    windows = cut_windows(tokens, SENTENCES, TINY.window_limit)
    with pytest.raises(BrokenError):
        score_windows(TINY, tokens, windows, ask)

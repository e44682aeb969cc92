"""Windows in, logits of every token out: batches of one article, cut where padding costs least.

A batch never crosses articles, so an article's scores do not depend on its neighbours: a
dynamically quantised graph takes the scale of its activations over the whole batch.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from models.folder import Model
from transforms.records import RejectError, Tokens, Window

# Padded tokens that a batch may hold, and what a batch costs beyond them, in padded tokens. Core
# time of a model of 8 x 512 hidden, int8, 32 tokens a window: 4.6 ms for 8 tokens, 8.1 for 32, 44
# for 256, 87 for 512 (171 us each), 134 for 768 (174), 186 for 1,024 (182), 394 for 2,048 (192).
# So a batch costs 3 ms, 17 tokens' worth; 14 for a model of 6 x 384.
BATCH_TOKENS = 512
BATCH_COST = 16


AskHelpers = Callable[[Callable[[], None]], Sequence["Future[None]"]]
"""Asks other threads to do a work too, as soon as they are idle."""


def no_helpers(_: Callable[[], None]) -> Sequence["Future[None]"]:
    """Nobody else is there."""
    return ()


def score_windows(
    model: Model,
    tokens: Sequence[Tokens],
    windows: Sequence[Window],
    ask_helpers: AskHelpers = no_helpers,
) -> list[NDArray[np.float32]]:
    """The model's logits for every token of an article, in a fixed order of work.

    Windows of the same tokens, as the cells of tables often are, are scored once: 4.7 % of the
    tokens of 150 articles. Safe to call from several threads on one model.

    Args:
        model: what scores.
        tokens: of each passage.
        windows: of all passages, as ``cut_windows`` gives them.
        ask_helpers: for threads that take some of the batches. A book of abstracts has hundreds of
            times the windows of an article; without help, it is one thread's alone.

    Returns:
        For each passage an array of tokens x labels; rows of tokens in no window are NaN.

    Raises:
        RejectError: the model gave a score that is not a finite number.
    """
    logits = [np.full((len(t.ids), len(model.labels)), np.nan, np.float32) for t in tokens]
    alike: dict[bytes, list[Window]] = {}
    for window in windows:
        ids = tokens[window.passage].ids[window.start : window.end]
        alike.setdefault(ids.tobytes(), []).append(window)
    by_length = sorted(alike.values(), key=lambda its: its[0].end - its[0].start)
    lengths = [its[0].end - its[0].start + model.n_special for its in by_length]
    batches = deque(cut_batches(lengths, BATCH_TOKENS, BATCH_COST))

    def score_batches() -> None:
        while batches:
            try:
                first, last = batches.pop()
            except IndexError:  # another thread was quicker
                return
            batch = by_length[first:last]
            scored = model.score([tokens[w.passage].ids[w.start : w.end] for w, *_ in batch])
            for row, its_windows in zip(scored, batch, strict=True):
                for window in its_windows:
                    start, end = window.scored_start, window.scored_end
                    kept = row[start - window.start : end - window.start]
                    logits[window.passage][start:end] = kept

    helpers = ask_helpers(score_batches)
    score_batches()
    for helper in helpers:
        if not helper.cancel():
            helper.result()
    for window in windows:
        if not np.isfinite(logits[window.passage][window.scored_start : window.scored_end]).all():
            raise RejectError(
                "infer",
                "not-finite",
                f"{model.name} gave a score that is no number in passage {window.passage}, "
                f"tokens {window.start} to {window.end}",
            )
    return logits


def reserve_memory(model: Model) -> None:
    """Compute the largest batch in every session of a model that is idle.

    The sessions have then all the memory that they ever take, and do not grow with the first long
    sentence that each meets: by 27 MB a session of 6 x 384, hours later.
    """
    longest = np.full(model.window_limit, model.pad_id, np.int32)
    model.sessions.reserve(model.feed([longest] * max(BATCH_TOKENS // model.max_tokens, 1)))


def cut_batches(lengths: Sequence[int], limit: int, cost: int) -> list[tuple[int, int]]:
    """Cut windows sorted by length into batches of the least padded tokens.

    Args:
        lengths: of the windows, rising.
        limit: padded tokens that a batch may hold; a longer window is a batch of its own.
        cost: of one more batch, in padded tokens.

    Returns:
        Ranges of windows, whose sum of padded tokens plus ``cost`` is the least possible.

    >>> cut_batches([3, 3, 3, 20, 21], limit=64, cost=2)
    [(0, 3), (3, 5)]
    """
    rows = np.arange(limit, 0, -1)
    least = np.zeros(len(lengths) + 1)
    start_of = np.zeros(len(lengths) + 1, np.intp)
    for end, length in enumerate(lengths, 1):
        most = min(max(limit // length, 1), end)
        costs = least[end - most : end] + length * rows[-most:]
        best = int(costs.argmin())
        least[end] = costs[best] + cost
        start_of[end] = end - most + best
    batches = []
    end = len(lengths)
    while end:
        batches.append((int(start_of[end]), end))
        end = int(start_of[end])
    return batches[::-1]

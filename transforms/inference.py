"""Windows in, logits of every token out: batches of one article, cut where padding costs least.

A batch never crosses articles, so an article's scores do not depend on its neighbours: a
dynamically quantised graph takes the scale of its activations over the whole batch.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from transforms.records import RejectError, Tokens, Window

Item = TypeVar("Item")

# Padded tokens that a batch may hold, and what a batch costs beyond them, in padded tokens. Core
# time of a model of 8 x 512 hidden, int8, 32 tokens a window: 4.6 ms for 8 tokens, 8.1 for 32, 44
# for 256, 87 for 512 (171 us each), 134 for 768 (174), 186 for 1,024 (182), 394 for 2,048 (192).
# So a batch costs 3 ms, 17 tokens' worth; 14 for a model of 6 x 384.
BATCH_TOKENS = 512
BATCH_COST = 16


class TokenClassifier(Protocol):
    """What the stages need of a model that labels tokens; safe to use from several threads."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def full_name(self) -> str:
        """``NAME@FINGERPRINT``, which tells models apart."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Of a token, in the order of the scores."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """Makes the model's tokens of text."""
        ...

    @property
    def n_special(self) -> int:
        """Special tokens around every window."""
        ...

    @property
    def window_limit(self) -> int:
        """The longest window in tokens of text."""
        ...

    def score(self, windows: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """Logits of one batch of token ids: windows x tokens of the longest window x labels."""
        ...

    def for_each(self, work: Callable[[Item], None], items: Sequence[Item]) -> float:
        """Does a work for each item, also in threads of the model's own that are idle.

        Returns:
            Milliseconds of processor time that these threads took.
        """
        ...


def score_windows(
    model: TokenClassifier, tokens: Sequence[Tokens], windows: Sequence[Window]
) -> tuple[list[NDArray[np.float32]], float]:
    """The model's logits for every token of an article, in a fixed order of work.

    Windows of the same tokens, as the cells of tables often are, are scored once: 4.7 % of the
    tokens of 150 articles. Safe to call from several threads on one model.

    Args:
        model: what scores.
        tokens: of each passage.
        windows: of all passages, as ``cut_windows`` gives them.

    Returns:
        For each passage an array of tokens x labels, where rows of tokens in no window are NaN; and
        milliseconds of processor time that other threads took.

    Raises:
        RejectError: the model gave a score that is not a finite number.
    """
    logits = [np.full((len(t.ids), len(model.labels)), np.nan, np.float32) for t in tokens]
    alike: dict[bytes, list[Window]] = {}
    for window in windows:
        ids = tokens[window.passage].ids[window.start : window.end]
        alike.setdefault(ids.tobytes(), []).append(window)
    by_length = sorted(alike.values(), key=lambda same: same[0].end - same[0].start)
    lengths = [same[0].end - same[0].start + model.n_special for same in by_length]

    def score_batch(batch: tuple[int, int]) -> None:
        groups = by_length[slice(*batch)]
        scored = model.score([tokens[w.passage].ids[w.start : w.end] for w, *_ in groups])
        for row, same in zip(scored, groups, strict=True):
            for window in same:
                start, end = window.scored_start, window.scored_end
                logits[window.passage][start:end] = row[start - window.start : end - window.start]

    # The longest first: what is left at the end is quickly done.
    batches = cut_batches(lengths, BATCH_TOKENS, BATCH_COST)[::-1]
    helped_msec = model.for_each(score_batch, batches)
    for window in windows:
        if not np.isfinite(logits[window.passage][window.scored_start : window.scored_end]).all():
            raise RejectError(
                "infer",
                "not-finite",
                f"{model.name} gave a score that is no number in passage {window.passage}, "
                f"tokens {window.start} to {window.end}",
            )
    return logits, helped_msec


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

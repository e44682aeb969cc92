"""What a graph does, found out by running it: what it declares is often less, or wrong.

A graph may read padding as text, because it has no mask or ignores it; may have been traced with
one sentence, so that a batch fails; may hold its logits in any output, or have them put through
softmax. None of this is seen before an article gets wrong mentions.
"""

import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.encoder import Encoder
from models.files import ModelError
from models.inputs import IDS, MASK
from models.locate import find_graph

# Tokens of the window that is scored, and of the one beside which it is padded.
SHORT, LONG = 5, 24
# How far scores may differ: a share of their standard deviation, and in any case.
SHARE, LEAST = 0.01, 1e-3
# How much of what padding does to scores a dynamically quantised graph may leave behind its mask.
LEFT_OVER = 0.75
DYNAMIC = (b"DynamicQuantize", b"MatMulIntegerToFloat")
"""Operators that take the scale of their input over the whole batch."""


def find_logits(encoder: Encoder, labels: int) -> tuple[str, bool]:
    """The graph's output with a score for each token and label.

    Args:
        encoder: with the graph.
        labels: how many there are.

    Returns:
        The name of the output, and whether its scores are probabilities: between 0 and 1, and
        those of a token add up to 1.

    Raises:
        ModelError: there is none, or its scores are no numbers.
    """
    tokens = encoder.inputs.columns or encoder.max_tokens
    outputs = encoder.read_longest_window()
    rows = encoder.inputs.rows or 1
    fitting = {n: v for n, v in outputs.items() if v.shape == (rows, tokens, labels)}
    graph = find_graph(encoder.settings.folder)
    if not fitting:
        shape = " x ".join(map(str, outputs[encoder.output].shape))
        raise ModelError(
            f"{graph} gives {shape} scores for one window of {tokens} tokens and {labels} labels"
        )
    name = encoder.output if encoder.output in fitting else next(iter(fitting))
    scores = fitting[name]
    if not np.isfinite(scores).all():
        raise ModelError(f"{graph} gives logits like NaN for a window of {tokens} tokens")
    sums = scores.sum(axis=-1, dtype=np.float64)
    return name, bool(scores.min() >= 0 and np.abs(sums - 1).max() < 1e-3)


def reads_batches(encoder: Encoder) -> bool:
    """Whether a window gets the same scores in a batch as by itself.

    In a dynamically quantised graph they depend a little on what else is in the batch, even if it
    is padding. So they are compared with those that the graph gives if it is not told what is
    padding: which are the same if it has no mask, or ignores it. Of the embedded model a logit is
    off by 0.09 on average when masked, and by 0.36 when not; of 12 random graphs in int8 by 4 to
    26 % of what it is off without a mask.

    Raises:
        ModelError: the graph fails on a short window, or always reads padding.
    """
    short, long = _make_windows(encoder)
    graph = find_graph(encoder.settings.folder)
    try:
        plain = _scores(encoder, [short])
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise ModelError(
            f"{graph} fails on a window of {len(short)} tokens: {' '.join(str(error).split())}"
        ) from error
    if encoder.inputs.columns:
        if not _masks_padding(encoder, plain, [short], filler=long):
            raise ModelError(
                f"{graph} reads windows of {encoder.inputs.columns} tokens only, and takes padding "
                "for text: export it with dynamic axes, or with an attention mask"
            )
        return True
    if encoder.inputs.rows == 1:
        return True
    try:
        pair = _scores(encoder, [short, long])
        more = _scores(encoder, [short, long, *[long] * (encoder.inputs.rows is None)])
        return _difference(pair, more) <= _allowed(plain) and _masks_padding(
            encoder, plain, [short, long]
        )
    except Exception:  # it takes one window, as the first attempt has shown
        return False


def _make_windows(encoder: Encoder) -> list[NDArray[np.int32]]:
    """Windows of any tokens that are not special."""
    special = {*encoder.before, *encoder.after, encoder.inputs.pad_id}
    known = np.array(sorted(set(encoder.tokenizer.get_vocab().values()) - special), np.int32)
    source = np.random.default_rng(0)
    return [source.choice(known, min(size, encoder.window_limit)) for size in (SHORT, LONG)]


def _masks_padding(
    encoder: Encoder,
    plain: NDArray[np.float32],
    windows: Sequence[NDArray[np.int32]],
    filler: NDArray[np.int32] | None = None,
) -> bool:
    """Whether the first window's scores are its own, although it is padded.

    Args:
        encoder: with the graph.
        plain: the window's scores.
        windows: a batch.
        filler: tokens that take the place of the padding.
    """
    feed = encoder.feed(windows)
    if filler is not None:
        _fill(encoder, feed, len(windows[0]), filler)
    padded = _scores(encoder, windows, feed)
    if (difference := _difference(padded, plain)) <= _allowed(plain):
        return True
    if not _is_dynamic(find_graph(encoder.settings.folder)):
        return False
    masks = [name for name, role, _ in encoder.inputs.declared if role == MASK]
    unmasked = {name: np.ones_like(feed[name]) if name in masks else feed[name] for name in feed}
    return difference <= LEFT_OVER * _difference(_scores(encoder, windows, unmasked), plain)


def _fill(
    encoder: Encoder, feed: dict[str, NDArray[Any]], tokens: int, filler: NDArray[np.int32]
) -> None:
    """Puts tokens behind a window of so many, where padding was."""
    name = next(name for name, role, _ in encoder.inputs.declared if role == IDS)
    padding = feed[name][:, encoder.n_special + tokens :]
    padding[:] = np.resize(filler, padding.shape)


def _scores(
    encoder: Encoder,
    windows: Sequence[NDArray[np.int32]],
    feed: dict[str, NDArray[Any]] | None = None,
) -> NDArray[np.float32]:
    """The scores of the first of some windows; by another feed than theirs, if there is one."""
    output = encoder.sessions.run(encoder.output, feed or encoder.feed(windows))
    start, end = len(encoder.before), len(encoder.before) + len(windows[0])
    if len(output) < len(windows) or output.shape[1] < end:
        raise ValueError(f"{len(windows)} windows, {output.shape} scores")
    scores: NDArray[np.float32] = output[0, start:end].astype(np.float32)
    return scores


def _difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The mean difference of a score."""
    return float(np.abs(one - other).mean())


def _allowed(scores: NDArray[np.float32]) -> float:
    return LEAST + SHARE * float(scores.std())


def _is_dynamic(graph: Path) -> bool:
    """Whether a graph has operators that take the scale of their input over the whole batch."""
    with (
        graph.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return any(content.find(name) >= 0 for name in DYNAMIC)

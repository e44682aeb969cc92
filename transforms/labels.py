"""What a model's labels mean, and the best sequence of them for the words of a sentence."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BEGINS = frozenset("BSU")
ENDS = frozenset("ELSU")
PREFIXES = BEGINS | ENDS | {"I", "M"}
# Names of the label for no entity; the first that a model has is the one that is meant.
OUTSIDE = ("O", "o", "OUT", "OUTSIDE", "0")
# The type of labels that say no more than B, I and O.
UNTYPED = "entity"
_SPECIAL = re.compile(r"\[[A-Z]+\]|<[a-z/]+>")
"""Labels of special tokens, as in "[CLS]", which some models have beside O."""
_UNTYPED = re.compile("([BILMESU])[-_:]?")
_UNUSUAL = (
    re.compile("(?P<prefix>[BILMESU])[_:|](?P<type>.+)"),
    re.compile("(?P<prefix>[bilmesu])[-_:|](?P<type>.+)"),
    re.compile("(?P<type>.+)[-_:|](?P<prefix>[BILMESU])"),
)
"""Ways to write a prefix that count only if all labels are written in the same way."""


class Scheme(NamedTuple):
    """What the labels mean, label by label.

    Attributes:
        outside: index of the label for no entity, the first if there are several.
        types: entity type of each label; "" of those for no entity.
        begins, ends: whether a token of that label can only be the first, or last, of its entity.
    """

    outside: int
    types: tuple[str, ...]
    begins: tuple[bool, ...]
    ends: tuple[bool, ...]


def outside_labels(labels: tuple[str, ...]) -> list[int]:
    """The indexes of the labels for no entity; none if nothing says which one it is."""
    name = next((name for name in OUTSIDE if name in labels), None)
    if name is None:
        return []
    return [i for i, label in enumerate(labels) if label == name or _SPECIAL.fullmatch(label)]


@lru_cache
def read_scheme(labels: tuple[str, ...]) -> Scheme:
    """The meaning of BIO, IOB2, IO, IOBES or BILOU labels, in any order.

    A prefix counts as one if all labels have one, or if another label has the same type behind
    another prefix; so ``B-cell`` beside ``T-cell`` is the name of a type. Labels without a type are
    of the type ``entity``.

    >>> read_scheme(("B-cell_line", "O", "I-cell_line")).types
    ('cell_line', '', 'cell_line')
    >>> read_scheme(("GENE_B", "GENE_I", "OUT")).types
    ('GENE', 'GENE', '')
    >>> read_scheme(("B", "I", "O")).types
    ('entity', 'entity', '')
    """
    outside = outside_labels(labels)
    split = _split_labels([label for i, label in enumerate(labels) if i not in outside])
    parts = [("", "") if i in outside else next(split) for i in range(len(labels))]
    return Scheme(
        next(i for i in outside if not _SPECIAL.fullmatch(labels[i])),
        tuple(kind for _, kind in parts),
        tuple(prefix in BEGINS for prefix, _ in parts),
        tuple(prefix in ENDS for prefix, _ in parts),
    )


def _split_labels(labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The prefix and type of each label; no prefix where it is part of the type."""
    if {"B", "I"} & {label[:1] for label in labels if _UNTYPED.fullmatch(label)} and all(
        map(_UNTYPED.fullmatch, labels)
    ):
        return ((label[0], UNTYPED) for label in labels)
    for unusual in _UNUSUAL:
        found = [match for label in labels if (match := unusual.fullmatch(label))]
        split = [(match["prefix"].upper(), match["type"]) for match in found]
        prefixes = {prefix for prefix, _ in split}
        if len(split) == len(labels) and prefixes >= {"B", "I"}:
            return iter(split)
    return _split_usual(labels)


def _split_usual(labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    split = [(label[0], label[2:]) if _has_prefix(label) else ("", label) for label in labels]
    all_prefixed = all(prefix for prefix, _ in split)
    for label, (prefix, kind) in zip(labels, split, strict=True):
        paired = any(kind == other and prefix != p for p, other in split if p)
        yield (prefix, kind) if prefix and (all_prefixed or paired) else ("", label)


def _has_prefix(label: str) -> bool:
    return len(label) > 2 and label[0] in PREFIXES and label[1] == "-"


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the logits of each row say: softmax over the last axis, so that a row's sum is 1."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    scores: NDArray[np.float32] = odds / odds.sum(axis=-1, keepdims=True)
    return scores


# Entities of one type seldom touch, but labels chosen one by one cut many an entity in two: what it
# costs in log odds. Over the development sets of NCBI-disease, linnaeus and BioNLP13CG F1 rose from
# 0 over 1 to 2, by 0.3 points, and hardly from there to 4.
TOUCHING = 2.0
# A word that is outside with this probability is; only the stretches between are looked at closer.
SURE = 0.99


@lru_cache
def step_costs(labels: tuple[str, ...]) -> NDArray[np.float64]:
    """What it costs, in log odds, to have a label behind another: labels x labels.

    Infinite where the scheme forbids it: an entity must begin with a label that begins one, if its
    type has such a label, go on in its own type, and end with a label that ends one, if its type
    has one for entities of several words. Beyond the ends of a sentence is outside.
    """
    scheme = read_scheme(labels)
    each = list(zip(scheme.types, scheme.begins, scheme.ends, strict=True))
    with_begin = {kind for kind, begins, ends in each if begins and not ends}
    with_end = {kind for kind, begins, ends in each if ends and not begins}
    costs = np.zeros((len(labels), len(labels)))
    for before, kind in enumerate(scheme.types):
        is_open = kind in with_end and not scheme.ends[before]
        for after, next_kind in enumerate(scheme.types):
            must_continue = next_kind in with_begin and not scheme.begins[after]
            continues = kind == next_kind and not (scheme.ends[before] or scheme.begins[after])
            if (must_continue or is_open) and not continues:
                costs[before, after] = np.inf
            elif kind and kind == next_kind and not continues:
                costs[before, after] = TOUCHING
    return costs


def best_sequence(scores: NDArray[np.float32], labels: tuple[str, ...]) -> NDArray[np.intp]:
    """The most likely labels of a sentence's words among the sequences that the scheme allows.

    Each by itself, words may get ``I-X`` behind ``O``, or ``B-X`` in the middle of a name. The
    sequence of the highest product of probabilities, less ``TOUCHING`` for entities that do, is
    found by the algorithm of Viterbi (1967). Not for IOB1, in which ``I-X`` begins an entity.

    Args:
        scores: probabilities, words x labels.
        labels: of the model.

    >>> odds = np.array([[0.6, 0.4, 0.0], [0.1, 0.0, 0.9]], np.float32)
    >>> best_sequence(odds, ("O", "B-X", "I-X")).tolist()
    [1, 2]
    """
    best: NDArray[np.intp] = scores.argmax(axis=1)
    costs = step_costs(labels)
    outside = read_scheme(labels).outside
    edges = np.concatenate(([outside], best, [outside]))
    if not costs[edges[:-1], edges[1:]].any():
        return best
    unsure = scores[:, outside] < SURE
    word = 0
    for is_unsure, stretch in groupby(unsure.tolist()):
        end = word + sum(1 for _ in stretch)
        if is_unsure:
            logs = np.log(np.maximum(scores[word:end], np.finfo(np.float32).tiny, dtype=np.float64))
            best[word:end] = _viterbi(logs, costs, outside)
        word = end
    return best


@lru_cache
def _inner_labels(labels: tuple[str, ...]) -> dict[str, list[int]]:
    """Of each type the labels with which its entities go on."""
    scheme = read_scheme(labels)
    return {
        kind: [
            label
            for label, (its, begins) in enumerate(zip(scheme.types, scheme.begins, strict=True))
            if its == kind and not begins
        ]
        for kind in scheme.types
    }


def sureness(
    scores: NDArray[np.float32],
    sequence: NDArray[np.intp],
    words: tuple[int, int],
    labels: tuple[str, ...],
) -> float:
    """How sure it is that an entity of ``best_sequence`` has these boundaries and this type.

    The least probability of its words' labels, times that of the word behind it not to go on. Over
    the held-out sets of the embedded model this tells right from wrong better than the mean of its
    words (area under the curve 0.853 for 0.839), and comes closer to the share of exact hits.

    Args:
        scores: probabilities, words x labels, of a sentence.
        sequence: its words' labels.
        words: the entity's, from the first to the one behind the last.
        labels: of the model.
    """
    start, end = words
    least = scores[np.arange(start, end), sequence[start:end]].min()
    if end == len(scores):
        return float(least)
    kind = read_scheme(labels).types[sequence[start]]
    goes_on = scores[end, _inner_labels(labels)[kind]].sum()
    return max(0.0, float(least * (1 - goes_on)))


def _viterbi(logs: NDArray[np.float64], costs: NDArray[np.float64], outside: int) -> list[int]:
    likeliest = logs[0] - costs[outside]
    came_from = []
    for row in logs[1:]:
        ways = likeliest[:, None] - costs
        came_from.append(ways.argmax(axis=0))
        likeliest = ways.max(axis=0) + row
    path = [int((likeliest - costs[:, outside]).argmax())]
    for origin in reversed(came_from):
        path.append(int(origin[path[-1]]))
    return path[::-1]

"""Gold and predicted mentions in; precision, recall and F1 out, with intervals, and the errors.

Matching is nervaluate's, whose strict figures are seqeval's:

======== ==================================== ===================== =================
name     a prediction is right if its ...     by type               nervaluate calls it
======== ==================================== ===================== =================
strict   boundaries and type are right        yes                   strict
exact    boundaries are right                 no: type is no matter exact
overlap  type is right, and it shares text    yes                   ent_type
partial  boundaries are right; half a credit  no: type is no matter partial
         if it only shares text
======== ==================================== ===================== =================

A mention is matched once: of two predictions inside one gold mention, one is right.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from nervaluate.entities import Entity, EvaluationResult
from nervaluate.strategies import (
    EntityTypeEvaluation,
    EvaluationStrategy,
    ExactEvaluation,
    PartialEvaluation,
    StrictEvaluation,
)
from numpy.typing import NDArray

from models.gold import Mention

BY_TYPE = {"strict": StrictEvaluation(), "overlap": EntityTypeEvaluation()}
TYPELESS = {"exact": ExactEvaluation(), "partial": PartialEvaluation()}
RESAMPLES = 1000
CONFIDENCE = 0.95

# correct, incorrect, partial, missed, spurious: what nervaluate counts
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 (0 to 1), each with its interval, and the number of mentions.

    Attributes:
        support, predicted: mentions in the gold, and in the predictions.
        intervals: lowest and highest of precision, recall and F1 in ``CONFIDENCE`` of the
            bootstrap samples; None if there is one document only.
    """

    precision: float
    recall: float
    f1: float
    support: int
    predicted: int
    intervals: dict[str, tuple[float, float]] | None


@dataclass(frozen=True)
class Matching:
    """Scores by one notion of a match: ``types`` is empty where type is no matter."""

    types: dict[str, Score]
    micro: Score


class Error(NamedTuple):
    """A mention that the model missed or got wrong.

    Attributes:
        kind: missed, invented, wrong type or wrong boundary.
        document: its index.
        gold, predicted: None for what was invented, or missed.
    """

    kind: str
    document: int
    gold: Mention | None
    predicted: Mention | None


def score(
    gold: Sequence[Iterable[Mention]],
    predicted: Sequence[Iterable[Mention]],
    types: Sequence[str],
    resamples: int = RESAMPLES,
) -> dict[str, Matching]:
    """Scores predictions, document by document, over some types alone.

    Args:
        gold: the mentions of each document.
        predicted: the same, in the same coordinates.
        types: those to be scored; mentions of others are left out on both sides.
        resamples: of the bootstrap, which draws whole documents, always the same ones.

    Returns:
        A ``Matching`` for strict, exact, overlap and partial. The micro average of strict and
        overlap pools the counts of the types.
    """
    own = [clusters(*pair, types) for pair in zip(gold, predicted, strict=True)]
    draws = np.random.default_rng(0).multinomial(
        len(own), np.full(len(own), 1 / max(1, len(own))), resamples
    )
    matchings = {}
    for name, strategy in {**BY_TYPE, **TYPELESS}.items():
        if name in BY_TYPE:
            counts = {kind: _count(own, strategy, [kind]) for kind in types}
            pooled = sum(counts.values(), np.zeros((len(own), 5), np.int64))
        else:
            counts, pooled = {}, _count(own, strategy, types)
        half = name == "partial"
        matchings[name] = Matching(
            {kind: _score(rows, draws, half=half) for kind, rows in counts.items()},
            _score(pooled, draws, half=half),
        )
    return {name: matchings[name] for name in ("strict", "exact", "overlap", "partial")}


Cluster = tuple[list[Mention], list[Mention]]


def clusters(
    gold: Iterable[Mention], predicted: Iterable[Mention], types: Sequence[str]
) -> list[Cluster]:
    """The mentions of one document as groups, gold and predicted, that share no text.

    Only mentions that share text have to be compared. Predictions that are in the gold stand
    first, so that none loses its own gold mention to a neighbour.
    """
    wanted = set(types)
    theirs, ours = (
        {mention for mention in side if mention.type in wanted} for side in (gold, predicted)
    )
    found: list[Cluster] = []
    reach = -1
    for mention, is_gold in sorted(
        [*((mention, True) for mention in theirs), *((mention, False) for mention in ours)]
    ):
        if not found or mention.start >= reach:
            found.append(([], []))
        found[-1][0 if is_gold else 1].append(mention)
        reach = max(reach, mention.end)
    for _, its_predictions in found:
        its_predictions.sort(key=lambda mention: (mention not in theirs, mention))
    return found


def _entities(mentions: Iterable[Mention], types: Sequence[str]) -> list[Entity]:
    # nervaluate's ends are inclusive.
    return [
        Entity(mention.type, mention.start, mention.end - 1)
        for mention in mentions
        if mention.type in types
    ]


def _count(
    documents: Sequence[Sequence[Cluster]], strategy: EvaluationStrategy, types: Sequence[str]
) -> Counts:
    """What nervaluate counts: a row per document."""
    counts = np.zeros((len(documents), 5), np.int64)
    for number, document in enumerate(documents):
        for gold, predicted in document:
            theirs, ours = _entities(gold, types), _entities(predicted, types)
            if not theirs and not ours:
                continue
            found, _ = strategy.evaluate(theirs, ours, list(types))
            counts[number] += (
                found.correct,
                found.incorrect,
                found.partial,
                found.missed,
                found.spurious,
            )
    return counts


def _score(counts: Counts, draws: NDArray[np.int64], *, half: bool) -> Score:
    total = _result(counts.sum(axis=0), half=half)
    intervals = None
    if len(counts) > 1:
        samples = [_result(row, half=half) for row in draws @ counts]
        tail = (1 - CONFIDENCE) / 2
        intervals = {
            name: (float(low), float(high))
            for name in ("precision", "recall", "f1")
            for low, high in [
                np.quantile([getattr(sample, name) for sample in samples], (tail, 1 - tail))
            ]
        }
    return Score(
        float(total.precision),
        float(total.recall),
        float(total.f1),
        total.possible,
        total.actual,
        intervals,
    )


def _result(counts: NDArray[np.int64], *, half: bool) -> Any:
    result = EvaluationResult(*counts.tolist())
    result.compute_metrics(partial_or_type=half)
    return result


def find_errors(
    gold: Sequence[Iterable[Mention]],
    predicted: Sequence[Iterable[Mention]],
    types: Sequence[str],
) -> Iterator[Error]:
    """Every mention that is not strictly right, in the order of the text.

    A prediction that shares text with gold is one error together with that gold mention, the most
    alike first: the same boundaries, then the same type, then the nearest boundaries.
    """
    for number, pair in enumerate(zip(gold, predicted, strict=True)):
        for theirs, ours in clusters(*pair, types):
            right = set(theirs) & set(ours)
            left = [mention for mention in theirs if mention not in right]
            for mention in ours:
                if mention in right:
                    continue
                sharing = [other for other in left if _share_text(mention, other)]
                if not sharing:
                    yield Error("invented", number, None, mention)
                    continue
                other = min(sharing, key=lambda other: _unlikeness(mention, other))
                left.remove(other)
                kind = "wrong boundary" if other.type == mention.type else "wrong type"
                yield Error(kind, number, other, mention)
            for other in left:
                yield Error("missed", number, other, None)


def _share_text(one: Mention, other: Mention) -> bool:
    return one.start < other.end and other.start < one.end


def _unlikeness(one: Mention, other: Mention) -> tuple[bool, bool, int]:
    distance = abs(one.start - other.start) + abs(one.end - other.end)
    return distance > 0, one.type != other.type, distance

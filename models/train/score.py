"""Gold and predicted labels in, strict entity scores and a reliability curve out, by seqeval."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities

Labels = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Bin:
    """Predicted entities of similar score: how many, their mean score, the share exactly right."""

    low: float
    high: float
    n: int
    score: float
    right: float


def _only(labels: Labels, types: Collection[str]) -> list[list[str]]:
    return [[label if label[2:] in types else "O" for label in row] for row in labels]


def entity_scores(
    gold: Labels, predicted: Labels, types: Collection[str]
) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support by type and as `micro`, over the given types alone.

    A predicted type that the gold does not annotate counts as ``O``: it is unknown, not wrong.
    """
    report = classification_report(
        _only(gold, types), _only(predicted, types), output_dict=True, zero_division=0
    )
    rows = {kind: report[kind] for kind in sorted(types) if kind in report}
    return {
        name: {
            "precision": float(row["precision"]),
            "recall": float(row["recall"]),
            "f1": float(row["f1-score"]),
            "support": int(row["support"]),
        }
        for name, row in {**rows, "micro": report["micro avg"]}.items()
    }


def without_doubtful(
    predicted: Labels, scores: Sequence[Sequence[float]], threshold: float
) -> list[list[str]]:
    """The labels without those of entities whose score, in reading order, is too low."""
    kept = []
    for guess, own in zip(predicted, scores, strict=True):
        row = list(guess)
        for (_, start, end), score in zip(get_entities(row), own, strict=True):
            if score < threshold:
                row[start : end + 1] = ["O"] * (end + 1 - start)
        kept.append(row)
    return kept


def best_threshold(
    confidence: Sequence[tuple[float, bool]], n_gold: int, among: Sequence[float]
) -> float:
    """The threshold under which F1 is highest; the lowest of several.

    Args:
        confidence: each predicted entity's score, and whether it is exactly right.
        n_gold: gold entities.
        among: thresholds to choose from.
    """

    def f1(threshold: float) -> float:
        kept = [right for score, right in confidence if score >= threshold]
        return 2 * sum(kept) / max(len(kept) + n_gold, 1)

    return max(sorted(among), key=f1)


def entity_confidence(
    gold: Labels,
    predicted: Labels,
    scores: Sequence[Sequence[float]],
    types: Collection[str],
) -> list[tuple[float, bool]]:
    """The score of each predicted entity of these types, and whether it is exactly right."""
    found = []
    for truth, guess, own in zip(gold, predicted, scores, strict=True):
        right = set(get_entities(list(truth)))
        found += [
            (score, entity in right)
            for entity, score in zip(get_entities(list(guess)), own, strict=True)
            if entity[0] in types
        ]
    return found


def reliability(
    confidence: Sequence[tuple[float, bool]],
    edges: Sequence[float] = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0),
) -> list[Bin]:
    """Bins over predicted entities; in a calibrated model `score` and `right` agree in each."""
    bins = []
    for low, high in pairwise(edges):
        inside = [c for c in confidence if low <= c[0] < high or (high == edges[-1] == c[0])]
        if inside:
            score, right = np.mean(np.array(inside, dtype=float), axis=0)
            bins.append(Bin(low, high, len(inside), float(score), float(right)))
    return bins

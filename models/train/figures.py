"""Models in, the card's figures out: F1 in fp32 and int8, calibration, reliability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray
from seqeval.metrics.sequence_labeling import get_entities

from models.cores import available_cores
from models.model import Model
from models.train.data import Corpus, Example
from models.train.score import (
    Bin,
    best_threshold,
    entity_confidence,
    entity_scores,
    reliability,
    without_doubtful,
)
from transforms.labels import best_sequence, probabilities, sureness

THRESHOLDS = (0.0, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)


@dataclass
class Figures:
    """Scores by corpus and graph (``fp32``, ``int8``), then by type; int8 reliability bins."""

    scores: dict[str, dict[str, dict[str, dict[str, float]]]] = field(default_factory=dict)
    reliability: list[Bin] = field(default_factory=list)


def word_logits(model: Model, sentences: Sequence[Example]) -> Iterator[NDArray[np.float32]]:
    """Logits (words, labels) of each sentence's words, in order; a sentence at a time."""
    before, after = len(model.before), len(model.after)

    def score(sentence: Example) -> NDArray[np.float32]:
        ids = np.array(sentence.ids[before : len(sentence.ids) - after], np.int32)
        return model.score([ids])[0, [position - before for position in sentence.first]]

    with ThreadPoolExecutor(available_cores()) as pool:
        yield from pool.map(score, sentences)


def fit_calibration(
    model: Model, sentences: Sequence[Example], n_labels: int
) -> tuple[float, float]:
    """Temperature and bias of ``O`` under which the allowed labels are most likely.

    Training sees fewer sentences without a mention than real text has, so the model expects more
    mentions than there are; the bias takes that back. Label 0 is ``O``.
    """
    logits = np.concatenate(list(word_logits(model, sentences)))
    allowed = np.zeros((len(logits), n_labels), bool)
    rows = (labels for example in sentences for labels in example.allowed)
    for row, labels in zip(allowed, rows, strict=True):
        row[list(labels)] = True

    def surprise(point: tuple[float, float]) -> float:
        temperature, bias = point
        shifted = logits.copy()
        shifted[:, 0] += bias
        shifted /= temperature
        likely = (probabilities(shifted) * allowed).sum(-1)
        return float(-np.log(np.maximum(likely, 1e-9)).mean())

    temperatures = [round(0.8 + 0.1 * step, 1) for step in range(13)]
    biases = [round(-0.5 + 0.25 * step, 2) for step in range(13)]
    return min(product(temperatures, biases), key=surprise)


@dataclass(frozen=True)
class Labelled:
    """Sentences with gold labels, and what a model makes of them: labels, and a score an entity."""

    gold: list[tuple[str, ...]]
    predicted: list[list[str]]
    scores: list[list[float]]


def label(model: Model, sentences: Sequence[Example], labels: Sequence[str]) -> Labelled:
    """Lets a model label the words of sentences, one sentence at a time, as ``viterbi`` does.

    An entity where the gold has none, but allows any label, is left out: nobody knows.
    """
    its = Labelled([example.gold for example in sentences], [], [])
    for sentence, logits in zip(sentences, word_logits(model, sentences), strict=True):
        words = probabilities(logits)
        best = best_sequence(words, tuple(labels))
        row = _decided([labels[i] for i in best], sentence, len(labels))
        its.predicted.append(row)
        its.scores.append(
            [
                sureness(words, best, (start, last + 1), tuple(labels))
                for _, start, last in get_entities(row)
            ]
        )
    return its


def _decided(row: list[str], sentence: Example, n_labels: int) -> list[str]:
    for _, start, last in get_entities(list(row)):
        words = range(start, last + 1)
        is_open = any(len(sentence.allowed[word]) == n_labels for word in words)
        if is_open and all(sentence.gold[word] == "O" for word in words):
            row[start : last + 1] = ["O"] * len(words)
    return row


def fit_threshold(
    model: Model,
    corpora: Sequence[Corpus],
    held_out: Mapping[str, Sequence[Example]],
    labels: Sequence[str],
) -> float:
    """The lowest score of an entity under which the F1 over these corpora together is highest."""
    confidence: list[tuple[float, bool]] = []
    n_gold = 0
    for corpus in corpora:
        its = label(model, held_out[corpus.name], labels)
        confidence += entity_confidence(its.gold, its.predicted, its.scores, corpus.scored)
        scores = entity_scores(its.gold, its.predicted, corpus.scored)
        n_gold += int(scores["micro"]["support"])
    return best_threshold(confidence, n_gold, THRESHOLDS)


def measure(
    models: Mapping[str, Model],
    corpora: Sequence[Corpus],
    held_out: Mapping[str, Sequence[Example]],
    labels: Sequence[str],
    threshold: float,
) -> Iterator[Figures]:
    """Score every model on every held-out set, in this order; yields what is known after each.

    Entities whose score is below the threshold are left out. Reliability is over all of int8's.
    """
    figures = Figures()
    confidence: list[tuple[float, bool]] = []
    for name, model in models.items():
        for corpus in corpora:
            its = label(model, held_out[corpus.name], labels)
            sure = without_doubtful(its.predicted, its.scores, threshold)
            own = figures.scores.setdefault(corpus.name, {})
            own[name] = entity_scores(its.gold, sure, corpus.scored)
            if name == "int8":
                confidence += entity_confidence(its.gold, its.predicted, its.scores, corpus.scored)
                figures.reliability = reliability(confidence)
            yield figures


def score_rows(figures: Figures, splits: Mapping[str, str]) -> Iterator[str]:
    """Markdown rows: corpus, type, precision, recall, F1 in int8, F1 in fp32, support."""
    yield "| corpus | type | precision | recall | F1 int8 | F1 fp32 | mentions |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for corpus, by_graph in figures.scores.items():
        for kind, row in by_graph["int8"].items():
            full = f"{by_graph['fp32'][kind]['f1']:.3f}" if "fp32" in by_graph else "-"
            yield (
                f"| {corpus} {splits[corpus]} | {kind} | {row['precision']:.3f} | "
                f"{row['recall']:.3f} | {row['f1']:.3f} | {full} | {row['support']} |"
            )


def reliability_rows(bins: Sequence[Bin]) -> Iterator[str]:
    """Markdown rows: score range, entities, mean score, share exactly right."""
    yield "| score | entities | mean score | exactly right |"
    yield "| --- | --- | --- | --- |"
    for b in bins:
        yield f"| {b.low:.2f} to {b.high:.2f} | {b.n} | {b.score:.3f} | {b.right:.3f} |"

"""An article's whole way, from its bytes to its rows: the one place that knows every stage.

::

    read > parse > classify > split > window > infer > decode > remap > write
"""

import functools
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

from models.folder import Model, load_model
from transforms.annotations import map_entities
from transforms.entities import find_entities, labelled_sentences
from transforms.inference import AskHelpers, no_helpers, reserve_memory, score_windows
from transforms.jats import TextOptions, parse_articles
from transforms.records import (
    Aggregation,
    Annotated,
    Annotation,
    Article,
    Entity,
    Reject,
    RejectError,
    Sentence,
    SourceArticle,
    Sums,
)
from transforms.sections import code_sections
from transforms.sentences import split_sentences
from transforms.shards import Batch, Rows, article_row, make_rows, sentence_rows
from transforms.windows import WindowMode, cut_windows, tokenize_passages


@dataclass(frozen=True)
class ModelOptions:
    """A model, and how its scores become entities.

    Attributes:
        folder: name of an embedded model, path or URI of a model folder.
        aggregation: as ``find_entities`` takes it.
        min_score: least score of an entity.
        min_scores: the same, by type; wins over ``min_score``.
        window: ``sentence`` or ``pack``.
    """

    folder: str
    aggregation: Aggregation
    min_score: float = 0.0
    min_scores: Mapping[str, float] = field(default_factory=dict)
    window: WindowMode = "sentence"


@dataclass(frozen=True)
class Annotator:
    """A loaded model and its options."""

    model: Model
    options: ModelOptions


@dataclass
class Outcome(Sums):
    """One source article, annotated: its rows (sub-articles have rows of their own), and sums.

    Attributes:
        rows: of the article and its sub-articles.
        msec: milliseconds of core time by stage; a helper's are not in it.
        stage: the last one begun.
    """

    rows: list[Rows] = field(default_factory=list)
    msec: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    stage: str = ""

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds this thread's core time spent inside to a stage."""
        self.stage = stage
        start = time.thread_time()
        try:
            yield
        finally:
            self.msec[stage] += (time.thread_time() - start) * 1000

    def add_article(
        self, row: Mapping[str, Any], sentences: Batch, annotations: Sequence[Annotation]
    ) -> None:
        """Adds an article: its row of ``articles``, its sentences and its annotations."""
        self.rows.append(make_rows(row, sentences, annotations))
        self.counts.update(
            passages=len(row["passages"]),
            sentences=row["n_sentences"],
            windows=row["n_windows"],
            tokens=row["n_tokens"],
            annotations=len(annotations),
        )
        self.types.update(annotation.type for annotation in annotations)
        self.sections.update(annotation.section for annotation in annotations)
        self.notes.update(dict(row["notes"]))


@functools.cache
def load_cached(folder: str, threads: int) -> Model:
    """A model, loaded once a process: launcher and workers of a local run share it.

    Args:
        folder: as ``load_model`` takes it.
        threads: that compute at a time.

    Raises:
        ModelError: the folder is not a model that can work.
    """
    return load_model(folder, threads)


def default_options(folder: str, model: Model) -> ModelOptions:
    """What a model's own folder says of how its scores become entities."""
    return ModelOptions(folder, model.aggregation, min_scores=model.thresholds)


def load_annotators(models: Sequence[ModelOptions], threads: int = 1) -> tuple[Annotator, ...]:
    """The models of a run, loaded for so many threads, and the memory that they need.

    Raises:
        ModelError: a folder is not a model that can work.
    """
    annotators = tuple(
        Annotator(load_cached(options.folder, threads), options) for options in models
    )
    for annotator in annotators:
        reserve_memory(annotator.model)
    return annotators


def annotate_source(
    source: SourceArticle,
    annotators: Sequence[Annotator],
    options: TextOptions,
    ask_helpers: AskHelpers = no_helpers,
) -> Outcome | Reject:
    """Takes one article all the way. The same bytes, models and options give the same rows.

    Args:
        source: the article's bytes.
        annotators: the models.
        options: of the text.
        ask_helpers: for threads that help with a long article (see ``score_windows``).
    """
    outcome = Outcome()
    try:
        with outcome.timed("parse"):
            articles = parse_articles(source, options)
        with outcome.timed("classify"):
            articles = [code_sections(article) for article in articles]
        for article in articles:
            annotated = _annotate(article, source, annotators, outcome, ask_helpers)
            with outcome.timed("write"):
                outcome.add_article(
                    article_row(annotated), sentence_rows(annotated), annotated.annotations
                )
    except RejectError as error:
        return source.range.reject(error.stage, error.reason, error.message)
    except MemoryError:
        raise
    except Exception as error:  # whatever one odd article does to a stage, the others go on
        if outcome.stage == "infer":  # the fault of the model or the machine: all would fail
            raise
        message = f"{outcome.stage} failed, please tell us: {type(error).__name__}: {error}"
        return source.range.reject(outcome.stage, "internal-error", message)
    outcome.counts["articles"] = 1
    outcome.counts["sub_articles"] = len(articles) - 1
    return outcome


def _annotate(
    article: Article,
    source: SourceArticle,
    annotators: Sequence[Annotator],
    outcome: Outcome,
    ask_helpers: AskHelpers,
) -> Annotated:
    texts = [article.text[passage.start : passage.end] for passage in article.passages]
    with outcome.timed("split"):
        spans = [split_sentences(text) for text in texts]
    sentences = tuple(
        Sentence(number, passage.start + start, passage.start + end)
        for number, passage in enumerate(article.passages)
        for start, end in spans[number]
    )
    annotations: list[Annotation] = []
    n_windows = n_tokens = 0
    first = [0, *accumulate(map(len, spans))]  # of each passage, the number of its first sentence
    for annotator in annotators:
        model = annotator.model
        found = find_mentions(texts, spans, annotator, outcome, ask_helpers)
        with outcome.timed("remap"):
            placed = [
                (number, sentences[number], _moved(entities, article.passages[passage].start))
                for passage, index, entities in found.entities
                for number in [first[passage] + index]
            ]
            annotations += map_entities(article, source.range.sha256, model.full_name, placed)
        n_windows += found.n_windows
        n_tokens += found.n_tokens
    annotations.sort(key=lambda row: (row.start, row.end, row.type, row.model))
    return Annotated(source.range, article, sentences, tuple(annotations), n_windows, n_tokens)


class Mentions(NamedTuple):
    """What a model found in passages.

    Attributes:
        entities: of each sentence that may have some: number of its passage, of the sentence in the
            passage, and the entities, with offsets in the passage.
        n_windows, n_tokens: that the model read; special tokens and context are not counted.
    """

    entities: list[tuple[int, int, list[Entity]]]
    n_windows: int
    n_tokens: int


def find_mentions(
    texts: Sequence[str],
    sentences: Sequence[Sequence[tuple[int, int]]],
    annotator: Annotator,
    outcome: Outcome,
    ask_helpers: AskHelpers = no_helpers,
) -> Mentions:
    """What one model finds in an article's passages.

    Args:
        texts: of the passages.
        sentences: of each passage, their offsets in it.
        annotator: the model.
        outcome: takes the times.
        ask_helpers: for threads that help with a long article (see ``score_windows``).

    Raises:
        RejectError: the model gave a score that is no number.
    """
    model, options = annotator.model, annotator.options
    with outcome.timed("window"):
        alone = sentences if options.window == "sentence" else None
        tokens = tokenize_passages(texts, model.tokenizer, alone)
        windows = cut_windows(tokens, sentences, model.window_limit, options.window)
    with outcome.timed("infer"):
        logits = score_windows(model, tokens, windows, ask_helpers)
    with outcome.timed("decode"):
        entities = [
            (
                passage,
                index,
                find_entities(
                    its_logits,
                    its_tokens,
                    its_sentences[index],
                    model.labels,
                    options.aggregation,
                    thresholds=options.min_scores,
                    min_score=options.min_score,
                ),
            )
            for passage, (its_logits, its_tokens, its_sentences) in enumerate(
                zip(logits, tokens, sentences, strict=True)
            )
            for index in labelled_sentences(its_logits, its_tokens, its_sentences, model.labels)
        ]
    n_tokens = sum(window.scored_end - window.scored_start for window in windows)
    return Mentions(entities, len(windows), n_tokens)


def _moved(entities: list[Entity], offset: int) -> list[Entity]:
    return [
        entity._replace(start=entity.start + offset, end=entity.end + offset) for entity in entities
    ]

"""The layer of mentions: what token classifiers find, each with its place in text and XML.

::

    window > infer > decode > agree > remap
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from transforms.abbreviations import find_abbreviations
from transforms.agreement import agree
from transforms.annotations import map_mentions
from transforms.entities import find_entities, labelled_sentences
from transforms.inference import score_windows
from transforms.layers import Annotated, Annotator, Clock, ModelOptions, Resources
from transforms.records import Annotation, Mention, SplitText, Tokens
from transforms.shards import Table, columns_of, schema_of
from transforms.windows import cut_windows, tokenize_passages

ANNOTATIONS: Table[Annotation] = Table(
    "annotations",
    schema_of(columns_of(Annotation)),
    row_group=100_000,
    plain=frozenset({"annotation_id"}),
    count="n_annotations",
)


class Found(NamedTuple):
    """What models found in a text.

    Attributes:
        mentions: model by model, each one's in reading order.
        n_windows, n_tokens: that the models read; special tokens and context are not counted.
    """

    mentions: list[Mention]
    n_windows: int
    n_tokens: int


@dataclass(frozen=True)
class Mentions:
    """Finds the mentions of one or more models."""

    table: ClassVar[Table[Annotation]] = ANNOTATIONS
    annotators: Sequence[Annotator]

    @classmethod
    def using(cls, resources: Resources) -> "Mentions":
        """The layer of a run's models."""
        return cls(resources.annotators)

    def annotate(self, article: Annotated, clock: Clock) -> Annotated:
        """The article with its mentions in the order of the text."""
        found = self.find(article.split, clock)
        with clock.timed("remap"):
            rows = map_mentions(
                article.article, article.source.sha256, article.split.sentences, found.mentions
            )
            rows.sort(key=lambda row: (row.start, row.end, row.type, row.model))
        return replace(
            article.with_rows(self.table, rows),
            n_windows=article.n_windows + found.n_windows,
            n_tokens=article.n_tokens + found.n_tokens,
        )

    def find(self, split: SplitText, clock: Clock) -> Found:
        """The mentions of all models in any text.

        Raises:
            RejectError: a model gave a score that is no number.
        """
        by_model = [_read(split, annotator, clock) for annotator in self.annotators]
        return Found(
            [mention for found in by_model for mention in found.mentions],
            sum(found.n_windows for found in by_model),
            sum(found.n_tokens for found in by_model),
        )


def _read(split: SplitText, annotator: Annotator, clock: Clock) -> Found:
    """What one model finds in a text."""
    model, mode = annotator.model, annotator.options.window
    with clock.timed("window"):
        alone = split.spans if mode == "sentence" else None
        tokens = tokenize_passages(split.texts, model.tokenizer, alone)
        windows = cut_windows(tokens, split.spans, model.window_limit, mode)
    with clock.timed("infer"):
        logits, helped_msec = score_windows(model, tokens, windows)
    clock.msec["infer"] += helped_msec
    with clock.timed("decode"):
        mentions = find_mentions(split, tokens, logits, annotator)
    if annotator.options.agreement:
        with clock.timed("agree"):
            mentions = _agreed(split, mentions, annotator.options)
    n_tokens = sum(window.scored_end - window.scored_start for window in windows)
    return Found(mentions, len(windows), n_tokens)


def _agreed(split: SplitText, mentions: Sequence[Mention], options: ModelOptions) -> list[Mention]:
    spans = [(sentence.start, sentence.end) for sentence in split.sentences]
    abbreviations = find_abbreviations(split.text, spans)
    return [
        mention
        for mention in agree(split.text, split.sentences, mentions, abbreviations)
        if mention.score >= options.least_score(mention.type)
    ]


def find_mentions(
    split: SplitText,
    tokens: Sequence[Tokens],
    logits: Sequence[NDArray[np.float32]],
    annotator: Annotator,
) -> list[Mention]:
    """The mentions of one model, in reading order.

    Args:
        split: the text.
        tokens: of each passage.
        logits: of each passage, tokens x labels.
        annotator: the model.
    """
    model, options = annotator.model, annotator.options
    mentions: list[Mention] = []
    first = 0  # the number of the passage's first sentence
    for (start, _), spans, own_tokens, scores in zip(
        split.passages, split.spans, tokens, logits, strict=True
    ):
        for index in labelled_sentences(scores, own_tokens, spans, model.labels):
            entities = find_entities(
                scores,
                own_tokens,
                spans[index],
                model.labels,
                options.aggregation,
                min_scores=options.min_scores,
                min_score=options.min_score,
                types=options.types,
            )
            mentions += [
                Mention(
                    start + entity.start,
                    start + entity.end,
                    entity.type,
                    entity.score,
                    sentence=first + index,
                    model=model.full_name,
                )
                for entity in entities
            ]
        first += len(spans)
    return mentions

"""What a layer is: it looks for something in an article that is split into sentences.

An article goes from layer to layer as one record that grows. A layer adds rows to a table of its
own, or replaces rows of an earlier layer by better ones.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

from transforms.concepts import Terminology
from transforms.inference import TokenClassifier
from transforms.records import Aggregation, Article, ArticleRange, SplitText, WindowMode
from transforms.shards import Row, Table


class Clock:
    """Processor time of one article's stages.

    Attributes:
        msec: milliseconds by stage.
        stage: the last one begun.
    """

    def __init__(self) -> None:
        self.msec: defaultdict[str, float] = defaultdict(float)
        self.stage = ""

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds this thread's time spent inside to a stage."""
        self.stage = stage
        start = time.thread_time()
        try:
            yield
        finally:
            self.msec[stage] += (time.thread_time() - start) * 1000


@dataclass(frozen=True, slots=True)
class Annotated:
    """An article in sentences, with what the layers have found in it so far.

    Attributes:
        source: where the article stands.
        article: its text.
        split: its passages in sentences.
        rows: of each table, by the table's name.
        n_windows, n_tokens: windows run and tokens scored, summed over the models.
    """

    source: ArticleRange
    article: Article
    split: SplitText
    rows: Mapping[str, Sequence[tuple[Any, ...]]] = field(default_factory=dict)
    n_windows: int = 0
    n_tokens: int = 0

    def rows_of(self, table: Table[Row]) -> Sequence[Row]:
        """The rows found for a table."""
        return self.rows.get(table.name, ())  # type: ignore[return-value] # with_rows put them there

    def with_rows(self, table: Table[Row], rows: Sequence[Row]) -> "Annotated":
        """The article with these rows of a table, instead of any that it had."""
        return replace(self, rows={**self.rows, table.name: rows})


@dataclass(frozen=True)
class ModelOptions:
    """A model, and how its scores become mentions.

    Attributes:
        folder: name of an embedded model, path or URI of a model folder.
        aggregation: as ``find_entities`` takes it.
        min_score: least score of a mention.
        min_scores: the same, by type; wins over ``min_score``.
        window: ``sentence`` or ``pack``.
        types: as ``find_entities`` takes them.
        agreement: whether the mentions of an article are made to agree, as ``agree`` does.
    """

    folder: str
    aggregation: Aggregation
    min_score: float = 0.0
    min_scores: Mapping[str, float] = field(default_factory=dict)
    window: WindowMode = "sentence"
    types: Mapping[str, str] = field(default_factory=dict)
    agreement: bool = False

    def least_score(self, type_: str) -> float:
        """The least score of a mention of this type."""
        return self.min_scores.get(type_, self.min_score)


@dataclass(frozen=True)
class Annotator:
    """A loaded model and its options."""

    model: TokenClassifier
    options: ModelOptions


@dataclass(frozen=True)
class Resources:
    """What a process has loaded, once, for the layers of its run."""

    annotators: Sequence[Annotator] = ()
    terminologies: Sequence[Terminology] = ()


class Layer(Protocol):
    """One kind of thing that is looked for in an article.

    Attributes:
        table: that it fills; a layer that improves the rows of another has that one's table.
    """

    table: ClassVar[Table[Any]]

    @classmethod
    def using(cls, resources: Resources) -> "Layer | None":
        """The layer of a run with these resources; None if the run does not ask for it."""
        ...

    def annotate(self, article: Annotated, clock: Clock) -> Annotated:
        """The article with what this layer finds in it.

        Called from several threads at once. The same article gives the same rows.

        Args:
            article: with what the earlier layers have found.
            clock: is told each stage of the layer, for times and for rejects.

        Raises:
            RejectError: the article cannot be annotated.
        """
        ...

"""An article's whole way, from its bytes to its rows: the one place that knows every stage.

::

    read > parse > classify > split > layers > write

    layers: mentions (window > infer > decode > agree > remap) > links (link)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transforms.errors import MachineError, is_fault_of_machine
from transforms.jats import TextOptions, parse_articles
from transforms.layers import Annotated, Clock, Layer
from transforms.limits import MAX_SENTENCES, check_limit
from transforms.mentions import ANNOTATIONS
from transforms.records import Counts, Reject, RejectError, SourceArticle, Sums
from transforms.sections import code_sections
from transforms.sentences import split_passages
from transforms.shards import Batch, Rows
from transforms.tables import ARTICLES, article_row, batches_of, line_of


@dataclass
class Outcome:
    """One source article, annotated.

    Attributes:
        rows: of the article and of its sub-articles, which have rows of their own.
        sums: what was counted.
        clock: the time it took.
    """

    rows: list[Rows] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)
    clock: Clock = field(default_factory=Clock)

    def add(
        self,
        row: Mapping[str, Any],
        batches: Mapping[str, Batch],
        annotations: Iterable[Mapping[str, Any]],
    ) -> None:
        """Adds an article or sub-article.

        Args:
            row: of ``articles``, by column.
            batches: its rows of the other tables, by table.
            annotations: those of ``annotations`` once more, by column.
        """
        articles = Batch.from_pylist([row], schema=ARTICLES.schema)
        self.rows.append(Rows({ARTICLES.name: articles, **batches}, line_of(row, annotations)))
        counts = Counts(
            passages=len(row["passages"]), windows=row["n_windows"], tokens=row["n_tokens"]
        )
        counts.rows.update({name: batch.num_rows for name, batch in batches.items()})
        self.sums.counts.add(counts)
        self.sums.types.update(batches[ANNOTATIONS.name]["type"].to_pylist())
        self.sums.sections.update(batches[ANNOTATIONS.name]["section"].to_pylist())
        self.sums.notes.update(dict(row["notes"]))

    def finish(self) -> "Outcome":
        """The outcome, its article counted."""
        self.sums.counts.articles = 1
        self.sums.counts.sub_articles = len(self.rows) - 1
        return self


def annotate_source(
    source: SourceArticle, layers: Sequence[Layer], options: TextOptions
) -> Outcome | Reject:
    """Takes one article all the way. The same bytes, layers and options give the same rows.

    Args:
        source: the article's bytes.
        layers: what is looked for, in their order.
        options: of the text.

    Raises:
        MachineError: the machine lacks memory, file descriptors or the like.
        Exception: the model fails.
    """
    outcome = Outcome()
    clock = outcome.clock
    try:
        with clock.timed("parse"):
            articles = parse_articles(source, options)
        with clock.timed("classify"):
            articles = [code_sections(article) for article in articles]
        n_sentences = 0
        for article in articles:
            with clock.timed("split"):
                passages = [(passage.start, passage.end) for passage in article.passages]
                breaks = [at for passage in article.passages for at in passage.breaks]
                split = split_passages(article.text, passages, breaks)
                n_sentences += sum(map(len, split.spans))
                check_limit("split", "sentences", n_sentences, MAX_SENTENCES)
            annotated = Annotated(source.range, article, split)
            for layer in layers:
                annotated = layer.annotate(annotated, clock)
            with clock.timed("write"):
                annotations = (found._asdict() for found in annotated.rows_of(ANNOTATIONS))
                outcome.add(article_row(annotated), batches_of(annotated), annotations)
    except RejectError as error:
        return source.range.reject(error.stage, error.reason, error.message)
    except BaseException as error:  # whatever one odd article does to a stage, the others go on
        if is_fault_of_machine(error):
            said = f"{type(error).__name__}: {error}"
            raise MachineError(
                f"{source.range.article_id}: {clock.stage} failed: {said}"
            ) from error
        is_panic = type(error).__name__ == "PanicException"  # of tokenizers, and no Exception
        # Inference fails by the fault of the model: all would fail.
        if clock.stage == "infer" or not (isinstance(error, Exception) or is_panic):
            raise
        message = f"{clock.stage} failed, please tell us: {type(error).__name__}: {error}"
        return source.range.reject(clock.stage, "internal-error", message)
    return outcome.finish()

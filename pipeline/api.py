"""From Python: annotate a text or an article, and read what a run has written.

>>> from pipeline.api import annotate_text
>>> [(found.exact, found.type) for found in annotate_text("Aspirin causes asthma in adults.")]
[('Aspirin', 'CD'), ('asthma', 'DS')]
"""

import codecs
import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from models.annotators import default_options, load_annotators, load_cached
from models.terminology.store import open_terminology
from pipeline.output import storage
from pipeline.output.committed import (
    ArticleRows,
    article_rows,
    chunk_names,
    read_chunk,
    read_table,
)
from pipeline.output.record import Run, known_run
from pipeline.results.article_view import find_article
from transforms.archives import scan_bytes
from transforms.errors import UserError
from transforms.jats import TextOptions
from transforms.journey import annotate_source
from transforms.layers import Annotator, Clock, Layer, Resources
from transforms.mentions import ANNOTATIONS, Mentions
from transforms.records import Reject
from transforms.sentences import split_passages
from transforms.tables import TABLES, layers_using

DEFAULT_MODEL = "minilm-l6-bioner"
DEFAULT_TERMS = "terms-bio"


class ArticleError(UserError):
    """The bytes are no article that can be annotated; the message says why."""


class TextMention(NamedTuple):
    """A mention in a text: ``text[start:end] == exact``.

    Attributes:
        start, end: in code points.
        score: from 0 to 1.
    """

    start: int
    end: int
    exact: str
    type: str
    score: float


def annotate_text(text: str, model: str = DEFAULT_MODEL) -> list[TextMention]:
    """Finds the mentions in a plain text. Each line is a passage: no sentence goes over its end.

    Args:
        text: any text.
        model: name of an embedded model, path or URI of a model folder.

    Raises:
        ModelError: the folder is not a model that can work.

    >>> text = "Mutations of BRCA1 cause breast cancer."
    >>> [first, *_] = annotate_text(text)
    >>> text[first.start:first.end]
    'BRCA1'
    """
    passages = []
    start = 0
    for line in text.split("\n"):
        passages.append((start, start + len(line)))
        start += len(line) + 1
    layer = Mentions(_annotators(model))
    found = layer.find(split_passages(text, passages), Clock()).mentions
    return [
        TextMention(one.start, one.end, text[one.start : one.end], one.type, one.score)
        for one in sorted(found)
    ]


def annotate_article(xml: bytes | str, model: str = DEFAULT_MODEL) -> list[ArticleRows]:
    """Annotates one article: JATS or a PubMed record, as a file would hold it.

    Args:
        xml: bytes, also gzipped; or text, whatever encoding it declares.
        model: as of ``annotate_text``.

    Returns:
        The article, and its sub-articles as articles of their own; mentions are linked to concepts
        of the embedded terminology.

    Raises:
        ArticleError: there is not one article, or it cannot be annotated.
        ModelError: the folder is not a model that can work.

    >>> xml = "<article><body><p>Aspirin causes asthma.</p></body></article>"
    >>> [article] = annotate_article(xml)
    >>> article.annotations[0]["exact"], article.annotations[0]["start_xpath"]
    ('Aspirin', '/article[1]/body[1]/p[1]/text()[1]')
    """
    data = codecs.BOM_UTF8 + xml.encode() if isinstance(xml, str) else xml
    found = list(scan_bytes(data))
    if len(found) != 1:
        raise ArticleError(f"expected one article, found {len(found)}: annotate takes archives")
    [source] = found
    outcome = (
        source
        if isinstance(source, Reject)
        else annotate_source(source, _layers(model), TextOptions())
    )
    if isinstance(outcome, Reject):
        raise ArticleError(f"{outcome.stage}, {outcome.reason}: {outcome.message}")
    return [article_rows(rows.batches) for rows in outcome.rows]


@dataclass(frozen=True)
class OpenRun:
    """What a run has written.

    Attributes:
        folder: path or URI.
        about: its ``run.json``: options, models; of a run that has ended counts, too.
    """

    folder: str
    about: Run

    def annotations(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The table ``annotations``, or some of its columns, as one Arrow table in memory."""
        return self.table(ANNOTATIONS.name, columns)

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Any table: ``articles``, ``sentences``, ``annotations``, ``rejects``.

        Raises:
            UserError: there is no such table.
            DamagedError: a shard is missing or damaged.
        """
        table = next((table for table in TABLES if table.name == name), None)
        if table is None:
            raise UserError(f"no table {name}: {', '.join(table.name for table in TABLES)}")
        empty = table.schema.empty_table().select(columns or table.schema.names)
        shards = [
            read_table(self.folder, chunk, table, columns) for chunk in chunk_names(self.folder)
        ]
        return pa.concat_tables([empty, *shards], promote_options="default")

    def __iter__(self) -> Iterator[ArticleRows]:
        """The articles one by one, with their sentences and annotations."""
        for chunk in chunk_names(self.folder):
            yield from read_chunk(self.folder, chunk)

    def article(self, name: str) -> ArticleRows:
        """One article, by its id, PMCID, PMID or DOI.

        Raises:
            OutputError: no article is called so, or several are.
        """
        return find_article(self.folder, name)


def open_run(folder: str | os.PathLike[str]) -> OpenRun:
    """Opens a run's output folder, on this machine or behind a URI.

    Raises:
        OutputError: it is not a run's.
        storage.StorageError: it cannot be read.

    >>> run = open_run("output/samples")  # doctest: +SKIP
    >>> run.annotations(["type", "exact"]).num_rows  # doctest: +SKIP
    402
    >>> [article.row["title"] for article in run if article.annotations]  # doctest: +SKIP
    """
    output = storage.absolute(os.fspath(folder))
    return OpenRun(output, known_run(output))


@functools.cache
def _annotators(model: str) -> Sequence[Annotator]:
    return load_annotators([default_options(model, load_cached(model, 1))])


def _layers(model: str) -> Sequence[Layer]:
    return layers_using(Resources(_annotators(model), [open_terminology(DEFAULT_TERMS)]))

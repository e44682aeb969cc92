"""Every table of the output, and the layers that fill some of them: each is named here once."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, zip_longest
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from transforms.layers import Annotated, Layer, Resources
from transforms.links import Links
from transforms.mentions import ANNOTATIONS, Mentions
from transforms.records import METADATA, Reject
from transforms.shards import Batch, Table, columns_of, json_line, schema_of

LAYERS: tuple[type[Layer], ...] = (Mentions, Links)
"""In the order in which they see an article."""


def layers_using(resources: Resources) -> tuple[Layer, ...]:
    """The layers of a run with these resources."""
    layers = (layer.using(resources) for layer in LAYERS)
    return tuple(layer for layer in layers if layer is not None)


class SentenceRow(NamedTuple):
    """One row of ``sentences``."""

    article_id: str
    sentence: int
    passage: int
    start: int
    end: int
    section: str


SENTENCES: Table[SentenceRow] = Table(
    "sentences", schema_of(columns_of(SentenceRow)), row_group=250_000, count="n_sentences"
)

OF_LAYERS = tuple(dict.fromkeys(layer.table for layer in LAYERS))

ARTICLES: Table[Any] = Table(
    "articles",
    schema_of(
        [
            pa.field("article_id", pa.string(), nullable=False),
            pa.field("pmcid", pa.string()),
            pa.field("pmid", pa.string()),
            pa.field("doi", pa.string()),
            pa.field("pprid", pa.string()),
            pa.field("source_uri", pa.string(), nullable=False),
            pa.field("source_index", pa.int32(), nullable=False),
            pa.field("sha256", pa.string(), nullable=False),
            pa.field("title", pa.string()),
            pa.field("journal", pa.string()),
            pa.field("article_type", pa.string()),
            pa.field("language", pa.string()),
            pa.field("license", pa.string()),
            pa.field("year", pa.int16()),
            pa.field("text", pa.string(), nullable=False),
            pa.field(
                "passages",
                pa.list_(
                    pa.struct(
                        [
                            ("start", pa.int32()),
                            ("end", pa.int32()),
                            ("section", pa.string()),
                            ("path", pa.list_(pa.string())),
                            ("xpath", pa.string()),
                        ]
                    )
                ),
                nullable=False,
            ),
            pa.field(SENTENCES.count, pa.int32(), nullable=False),
            pa.field("n_windows", pa.int32(), nullable=False),
            pa.field("n_tokens", pa.int32(), nullable=False),
            *(pa.field(table.count, pa.int32(), nullable=False) for table in OF_LAYERS),
            pa.field("n_linked", pa.int32(), nullable=False),
            pa.field("chars_source", pa.int32(), nullable=False),
            pa.field("chars_kept", pa.int32(), nullable=False),
            pa.field("chars_excluded", pa.int32(), nullable=False),
            pa.field("excluded", pa.map_(pa.string(), pa.int32()), nullable=False),
            pa.field("notes", pa.map_(pa.string(), pa.int32()), nullable=False),
        ]
    ),
    row_group=1_000,
    plain=frozenset({"text", "sha256", "title"}),
)

REJECTS: Table[Any] = Table(
    "rejects",
    schema_of(
        [
            pa.field("source_uri", pa.string(), nullable=False),
            pa.field("source_index", pa.int32(), nullable=False),
            pa.field("article_id", pa.string()),
            pa.field("stage", pa.string(), nullable=False),
            pa.field("reason", pa.string(), nullable=False),
            pa.field("message", pa.string(), nullable=False),
            pa.field("start_byte", pa.int64(), nullable=False),
            pa.field("end_byte", pa.int64(), nullable=False),
        ]
    ),
    row_group=10_000,
    plain=frozenset({"message"}),
)

OF_ARTICLES = (SENTENCES, *OF_LAYERS)
"""Those whose rows stand in the order of ``articles``, as many as it says."""

TABLES: tuple[Table[Any], ...] = (ARTICLES, *OF_ARTICLES, REJECTS)


def article_row(annotated: Annotated) -> dict[str, Any]:
    """An article's row of ``articles``, by column."""
    article = annotated.article
    return {
        **{name: getattr(article, name) for name in METADATA},
        "source_uri": annotated.source.source_uri,
        "source_index": annotated.source.source_index,
        "sha256": annotated.source.sha256,
        "text": article.text,
        "passages": [
            {
                "start": passage.start,
                "end": passage.end,
                "section": passage.section,
                "path": passage.path,
                "xpath": passage.xpath,
            }
            for passage in article.passages
        ],
        SENTENCES.count: len(annotated.split.sentences),
        "n_windows": annotated.n_windows,
        "n_tokens": annotated.n_tokens,
        **{table.count: len(annotated.rows_of(table)) for table in OF_LAYERS},
        "n_linked": sum(row.concept is not None for row in annotated.rows_of(ANNOTATIONS)),
        "chars_source": article.chars_source,
        "chars_kept": article.chars_kept,
        "chars_excluded": sum(article.excluded.values()),
        "excluded": sorted(article.excluded.items()),
        "notes": sorted(article.notes.items()),
    }


def sentence_rows(annotated: Annotated) -> list[SentenceRow]:
    """An article's rows of ``sentences``."""
    article = annotated.article
    return [
        SentenceRow(
            article.article_id,
            number,
            sentence.passage,
            sentence.start,
            sentence.end,
            article.passages[sentence.passage].section,
        )
        for number, sentence in enumerate(annotated.split.sentences)
    ]


def batches_of(annotated: Annotated) -> dict[str, Batch]:
    """An article's rows of the other tables, by table."""
    return {
        SENTENCES.name: SENTENCES.batch(sentence_rows(annotated)),
        **{table.name: table.batch(annotated.rows_of(table)) for table in OF_LAYERS},
    }


_IDS = ARTICLES.schema.names[: ARTICLES.schema.names.index("text")]


def line_of(row: Mapping[str, Any], annotations: Iterable[Mapping[str, Any]]) -> bytes:
    """An article's line of JSON, from its row of ``articles`` and its rows of ``annotations``."""
    return json_line({name: row[name] for name in _IDS}, annotations)


def reject_rows(rejects: Sequence[Reject]) -> Batch:
    """The rows of rejected articles and files."""
    names = REJECTS.schema.names
    return REJECTS.batch([tuple(getattr(reject, name) for name in names) for reject in rejects])


def by_article(tables: Mapping[str, pa.Table]) -> list[dict[str, pa.Table]]:
    """A chunk's tables, article by article.

    Args:
        tables: by name: ``articles`` with its counts, others with their ``article_id``.

    Returns:
        For each row of ``articles`` this row, and its rows of the other tables, by table.

    Raises:
        ValueError: an article's counts differ from its rows.
    """
    articles = tables[ARTICLES.name]
    parts = [{ARTICLES.name: articles.slice(row, 1)} for row in range(len(articles))]
    for table in OF_ARTICLES:
        if table.name not in tables:
            continue
        rows, counts = tables[table.name], articles[table.count].to_pylist()
        # By their place, not by their id: two versions of an article share it.
        owners = articles["article_id"].take(np.repeat(np.arange(len(counts)), counts))
        for owner, found in zip_longest(owners.to_pylist(), rows["article_id"].to_pylist()):
            if owner != found:
                raise ValueError(f"the counts of {owner or found} differ from its rows")
        for part, start, count in zip(parts, accumulate(counts, initial=0), counts, strict=False):
            part[table.name] = rows.slice(start, count)
    return parts

"""The layer of links: mentions that are found get the concepts that they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from transforms.abbreviations import find_abbreviations
from transforms.concepts import Terminology
from transforms.layers import Annotated, Clock, Resources
from transforms.linker import Link, Span, link_mentions
from transforms.mentions import ANNOTATIONS
from transforms.records import Annotation
from transforms.shards import Table

LINK_COLUMNS = ("concept", "concept_name", "concept_xrefs", "link", "link_score")
"""Columns of ``annotations`` that are null in a mention without a link."""


@dataclass(frozen=True)
class Links:
    """Links mentions to the concepts of one or more terminologies."""

    table: ClassVar[Table[Annotation]] = ANNOTATIONS
    terminologies: Sequence[Terminology]

    @classmethod
    def using(cls, resources: Resources) -> "Links | None":
        """The layer of a run's terminologies; None if it has none."""
        return cls(resources.terminologies) if resources.terminologies else None

    def annotate(self, article: Annotated, clock: Clock) -> Annotated:
        """The article with its mentions linked."""
        with clock.timed("link"):
            rows = article.rows_of(self.table)
            spans = [Span(row.start, row.end, row.type) for row in rows]
            sentences = [(each.start, each.end) for each in article.split.sentences]
            links = link_text(article.article.text, sentences, spans, self.terminologies)
            linked = [_linked(row, link) for row, link in zip(rows, links, strict=True)]
        return article.with_rows(self.table, linked)


def link_text(
    text: str,
    sentences: Sequence[tuple[int, int]],
    spans: Sequence[Span],
    terminologies: Sequence[Terminology],
) -> list[Link | None]:
    """What each mention of any text means, by the abbreviations that the text defines."""
    if not spans:
        return []
    long_forms = {found.short: found.long for found in find_abbreviations(text, sentences)}
    return link_mentions(text, sentences, spans, long_forms, terminologies)


def _linked(row: Annotation, link: Link | None) -> Annotation:
    if link is None:
        return row
    return row._replace(
        concept=link.concept.id,
        concept_name=link.concept.name,
        concept_xrefs=link.concept.xrefs,
        link=link.how,
        link_score=float(np.float32(link.score)),  # as the table has it
    )

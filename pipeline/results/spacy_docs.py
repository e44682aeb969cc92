"""Articles as spaCy's documents, a document a passage."""

from collections.abc import Iterable
from typing import Any

from pipeline.output.committed import ArticleRows
from pipeline.results.type_names import names_of
from transforms.errors import UserError

NEEDED = "--format spacy needs spaCy: pip install '.[spacy]'"

SPANS = "mentions"
"""The key of ``doc.spans`` that holds all mentions; ``doc.ents`` cannot hold those that overlap."""


def spacy_bytes(articles: Iterable[ArticleRows]) -> bytes:
    """A DocBin of the articles' passages, by spaCy's rules for English words.

    ``doc.user_data`` says where a passage stands: ``article_id``, ``passage``, ``section``, and
    ``start`` in the article's text. A span's id is the annotation's. A mention that begins or ends
    inside of a word of spaCy's is widened to it.

    Raises:
        UserError: spaCy is not installed.
    """
    try:
        import spacy  # noqa: PLC0415 - an extra
        from spacy.tokens import DocBin  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UserError(NEEDED) from error
    tokenizer = spacy.blank("en").tokenizer
    box = DocBin(store_user_data=True)
    for article in articles:
        for number, passage in enumerate(article.row["passages"]):
            box.add(_document(tokenizer, article, number, passage))
    return bytes(box.to_bytes())


def _document(tokenizer: Any, article: ArticleRows, number: int, passage: dict[str, Any]) -> Any:
    from spacy.util import filter_spans  # noqa: PLC0415

    start = passage["start"]
    doc = tokenizer(article.row["text"][start : passage["end"]])
    doc.user_data.update(
        article_id=article.row["article_id"],
        passage=number,
        section=passage["section"],
        start=start,
    )
    spans = [
        doc.char_span(
            found["start"] - start,
            found["end"] - start,
            label=names_of(found["type"]).spacy,
            span_id=found["annotation_id"],
            alignment_mode="expand",
        )
        for found in article.annotations
        if found["passage"] == number
    ]
    doc.spans[SPANS] = spans
    doc.ents = filter_spans(spans)
    return doc

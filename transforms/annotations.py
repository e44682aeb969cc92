"""From mentions in an article's text to annotations that can be found again in its XML."""

import hashlib
from collections.abc import Iterable, Sequence

from transforms.records import PLACEHOLDER, Annotation, Article, Mention, Sentence

CONTEXT = 32
"""Most characters of ``prefix`` and of ``postfix``."""


def annotation_id(
    article_id: str, sha256: str, start: int, end: int, type_: str, fingerprint: str
) -> str:
    """The identity of a mention: 32 hexadecimal digits, the same in every run.

    Args:
        article_id: of the article.
        sha256: of the article's bytes, hexadecimal.
        start: in the article's text.
        end: in the article's text, exclusive.
        type_: entity type.
        fingerprint: of the model.
    """
    key = "\0".join((article_id, sha256, str(start), str(end), type_, fingerprint))
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def map_mentions(
    article: Article,
    sha256: str,
    sentences: Sequence[Sentence],
    mentions: Iterable[Mention],
) -> list[Annotation]:
    """The annotations of one article, in the order of the mentions.

    Args:
        article: the article.
        sha256: of its bytes, hexadecimal.
        sentences: of the article.
        mentions: that were found in it.

    Returns:
        One annotation per mention. White space and formula placeholders are trimmed off a
        mention's edges; one that is nothing else is left out: there is no name in it.
    """
    rows = []
    for mention in mentions:
        number = sentences[mention.sentence].passage
        passage = article.passages[number]
        start, end = _trim(article.text, mention.start, mention.end)
        place = article.xml_map.locate(start, end) if start < end else None
        if place is None:
            continue
        fingerprint = mention.model.rpartition("@")[2]
        rows.append(
            Annotation(
                annotation_id=annotation_id(
                    article.article_id, sha256, start, end, mention.type, fingerprint
                ),
                article_id=article.article_id,
                passage=number,
                sentence=mention.sentence,
                section=passage.section,
                type=mention.type,
                start=start,
                end=end,
                exact=article.text[start:end],
                prefix=article.text[max(passage.start, start - CONTEXT) : start],
                postfix=article.text[end : min(passage.end, end + CONTEXT)],
                score=mention.score,
                found=mention.found,
                model=mention.model,
                start_xpath=place.start_xpath,
                start_offset=place.start_offset,
                end_xpath=place.end_xpath,
                end_offset=place.end_offset,
            )
        )
    return rows


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and (text[start] == PLACEHOLDER or text[start].isspace()):
        start += 1
    while start < end and (text[end - 1] == PLACEHOLDER or text[end - 1].isspace()):
        end -= 1
    return start, end

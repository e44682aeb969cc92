"""An article's identifiers, by a quick look at its own front matter."""

import html
import re
from collections.abc import Iterator

from transforms.archives.markup import ARTICLE_NAMES, ARTICLE_TAG, CLOSER
from transforms.records import article_id_from, article_ids

_HIDING = re.compile(rb"<!--|<\?|<!\[CDATA\[")
# Without the "<" and a prefix before them, names are found ten times as fast.
_META_START = re.compile(rb"article-meta(?<=[<:]article-meta)(?=[\s>])")
_META_END = re.compile(rb"article-meta\s*>")
_AFTER_FRONT = re.compile(rb"[<:](?:body|back|floats-group|sub-article|response)[\s/>]")
_ARTICLE_ID = re.compile(rb"article-id(?<=[<:]article-id)(\s[^<>]{0,999})>([^<]*)")
_PUBMED_REFERENCES = re.compile(rb"<ReferenceList[\s>]")
_PUBMED_ID = re.compile(rb"<(PMID|ELocationID|ArticleId)((?:\s[^<>]*)?)>([^<]*)")
_KIND = re.compile(rb"\s(?:pub-id-type|IdType|EIdType)\s*=\s*([\"'])([\w-]+)\1")


def quick_article_id(xml: bytes, sha256: str) -> str:
    """The article's id, by a quick look at its own front matter.

    Args:
        xml: the article's element; PubMed's records are articles too.
        sha256: of these bytes, hexadecimal.
    """
    return article_id_from(*article_ids(own_ids(xml)), sha256)


def own_ids(xml: bytes) -> Iterator[tuple[str, str]]:
    """Kind and value of the identifiers in an article's own front matter."""
    root = ARTICLE_TAG.match(xml)
    if root and root[1] in ARTICLE_NAMES - {b"article"}:
        own = xml[: _find(_PUBMED_REFERENCES, xml)]
        if b"<!" in own:
            own = _without_hidden(own)
        for name, attributes, value in _PUBMED_ID.findall(own):
            kind = _KIND.search(attributes)
            yield "pmid" if name == b"PMID" else kind[2].decode() if kind else "", _plain(value)
        return
    start, end = _own_meta(xml)
    if b"<!" in xml[:end]:
        front = _without_hidden(xml[:end])
        # What is left of a comment began before the end that was found, and ends after it.
        xml = _without_hidden(xml) if b"<!" in front else front
        start, end = _own_meta(xml)
    if not _AFTER_FRONT.search(xml, 0, start):
        for attributes, value in _ARTICLE_ID.findall(xml, start, end):
            if kind := _KIND.search(attributes):
                yield kind[2].decode(), _plain(value)


def _without_hidden(xml: bytes) -> bytes:
    """XML without comments, processing instructions and CDATA sections."""
    kept = []
    position = 0
    while match := _HIDING.search(xml, position):
        closer = CLOSER[match[0]]
        end = xml.find(closer, match.end())
        if end < 0:
            break
        kept.append(xml[position : match.start()])
        position = end + len(closer)
    return b"".join((*kept, xml[position:]))


def _own_meta(xml: bytes) -> tuple[int, int]:
    start = _find(_META_START, xml)
    return start, _find(_META_END, xml, start + 1)


def _find(pattern: re.Pattern[bytes], xml: bytes, start: int = 0) -> int:
    match = pattern.search(xml, start)
    return match.start() if match else len(xml)


def _plain(value: bytes) -> str:
    return html.unescape(value.decode(errors="replace"))

"""XML's markup, found without an XML parser: tags, comments, CDATA sections, DOCTYPE."""

import codecs
import re
from typing import NamedTuple

from transforms.archives.byte_window import MARKUP_BYTES, ByteWindow

TAG_BYTES = 1 << 16
INSTRUCTION_BYTES = 1 << 12
"""A tag, or a processing instruction around an article's tag, that is longer than this counts as
one that never ends."""

SPACE = b" \t\r\n"
BOM = codecs.BOM_UTF8

ARTICLE_NAMES = {b"article", b"PubmedArticle", b"PubmedBookArticle", b"MedlineCitation"}
WRAPPER_NAMES = {
    b"articles",
    b"article-set",
    b"articleset",
    b"pmc-articleset",
    b"OAI-PMH",
    b"GetRecord",
    b"ListRecords",
    b"record",
    b"metadata",
    b"PubmedArticleSet",
    b"MedlineCitationSet",
}
METADATA_NAMES = {
    # What OAI-PMH and PubMed put beside the articles.
    b"responseDate",
    b"request",
    b"header",
    b"about",
    b"resumptionToken",
    b"DeleteCitation",
    b"DeleteDocument",
}
MAX_WRAPPERS = 256

_NAMING = rb"[^\s<>/!?=\"'&]"
_ATTRIBUTES = rb"[^<>\"']*(?:(?:\"[^\"<]*\"|'[^'<]*')[^<>\"']*)*"
# The name must be whole: a part of it, with its rest as attributes, would be tried again and again.
TAG = re.compile(rb"<(/?)(%s+)(?!%s)(%s)>" % (_NAMING, _NAMING, _ATTRIBUTES))
ARTICLE_TAG = re.compile(
    rb"<((?:[^\s<>/!?=\"'&:]+:)?(?:%s))(?=[\s/>])" % b"|".join(sorted(ARTICLE_NAMES))
)
NAMESPACE = re.compile(rb"\s(xmlns(?::[^\s=<>\"']+)?)\s*=\s*(\"[^\"<]*\"|'[^'<]*')")
DOCTYPE = b"<!DOCTYPE"
_DOCTYPE_TOKEN = re.compile(rb"<!--|<\?|[\"'\[\]<>]")
_LITERAL = rb"(?:\"[^\"]{0,400}\"|'[^']{0,400}')"
# Of pictures and the like: a parser puts nothing in their place.
_UNPARSED_ENTITY = re.compile(
    rb"<!ENTITY\s{1,80}[\w.:-]{1,80}\s{1,80}(?:SYSTEM|PUBLIC\s{1,80}%b)\s{1,80}%b"
    rb"\s{1,80}NDATA\s{1,80}[\w.:-]{1,80}\s{0,80}>" % (_LITERAL, _LITERAL)
)
CLOSER = {b"<!--": b"-->", b"<?": b"?>", b"<![CDATA[": b"]]>", b'"': b'"', b"'": b"'"}
_COMMENT_END = re.compile(rb"--")
_CDATA_END = re.compile(rb"\]\]>|<!\[CDATA\[")
_INSTRUCTION_END = re.compile(rb"\?>|<\?")


def markup_end(window: ByteWindow, at: int) -> int | None:
    """The end of the comment, instruction or CDATA section at a position; None if it has none.

    One that holds another one's start was never closed: XML forbids it in a comment, and where
    it does not, nobody writes it.
    """
    here = at - window.base
    if window.buffer.startswith(b"<!--", here):
        place = window.search(_COMMENT_END, at + 4, 2)
        if place:
            window.reach(place[1] + 1)
            closed = window.cut(place[1], place[1] + 1) == b">"
            return place[1] + 1 if closed else None
    elif window.buffer.startswith(b"<?", here):
        place = window.search(_INSTRUCTION_END, at + 2, 2)
        if place:
            return place[1] if window.cut(*place) == b"?>" else None
    else:
        place = window.search(_CDATA_END, at + 9, 9)
        if place:
            return place[1] if window.cut(*place) == b"]]>" else None
    return window.end if window.damage else None


def open_instruction(window: ByteWindow, start: int, at: int) -> int | None:
    """The processing instruction that starts after ``start`` and may contain ``at``."""
    there = at - window.base
    here = max(start - window.base, there - INSTRUCTION_BYTES, 0)
    here = window.buffer.rfind(b"<?", here, there)
    if here < 0 or window.buffer.find(b"?>", here + 2, there) >= 0:
        return None
    return window.base + here


class Doctype(NamedTuple):
    """What a DOCTYPE says, or what looks like one.

    Attributes:
        end: None if it has none.
        endless: nothing ends it as far as was looked.
        declares_entities: it declares entities of its own.
        is_html: it is that of a web page.
    """

    end: int | None
    endless: bool
    declares_entities: bool
    is_html: bool


def read_doctype(window: ByteWindow, at: int) -> Doctype:
    """The DOCTYPE at a position."""
    window.reach(at + MARKUP_BYTES)
    here = position = at - window.base
    position += len(DOCTYPE)
    limit = here + MARKUP_BYTES
    inside = endless = False
    end = None
    while match := _DOCTYPE_TOKEN.search(window.buffer, position, limit):
        token, position = match[0], match.end()
        if closer := CLOSER.get(token):
            found = window.buffer.find(closer, position, limit)
            position = found + len(closer) if found >= 0 else limit
        elif token in b"[]":
            inside = token == b"["
        elif not inside:
            end = position if token == b">" else None
            break
    else:
        endless = True
    doctype = bytes(window.buffer[here : end or limit])
    words = doctype[len(DOCTYPE) :].split(None, 1)
    return Doctype(
        end=window.base + end if end else None,
        endless=endless,
        declares_entities=bool(end or inside)
        and doctype.count(b"<!ENTITY") > len(_UNPARSED_ENTITY.findall(doctype)),
        is_html=bool(words) and words[0].lower().rstrip(b">") == b"html",
    )

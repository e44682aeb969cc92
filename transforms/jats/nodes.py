"""What can be asked of one element: its name, its text, its language."""

import re
from collections.abc import Iterator
from typing import cast

from lxml import etree

from transforms.jats.elements import (
    CITATION_PARTS,
    FORMATTING,
    MARC_LANGUAGES,
    NAME_PARTS,
    NO_LANGUAGE,
    RANKS,
    XREF_MARKS,
)
from transforms.jats.marks import CLOSE, clean

_STRING_LENGTH = etree.XPath("string-length()")
_HAS_TEXT = etree.XPath("boolean(normalize-space())")
_SAID = etree.XPath(
    "boolean(descendant-or-self::text()[normalize-space() and not(ancestor::*[local-name() ="
    " 'alt-text' or local-name() = 'long-desc' or local-name() = 'object-id' or local-name() ="
    " 'permissions'])])"
)
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def local_name(element: etree._Element) -> str:
    """The name without its namespace."""
    tag: str = element.tag
    return tag.rpartition("}")[2]


def text_length(element: etree._Element) -> int:
    """Characters of all text inside."""
    return int(cast(float, _STRING_LENGTH(element)))


def has_text(element: etree._Element) -> bool:
    """Whether there is text inside other than white space."""
    return cast(bool, _HAS_TEXT(element))


def has_content(element: etree._Element) -> bool:
    """Whether there is text inside that is more than a description of a picture."""
    return cast(bool, _SAID(element))


def touches_part(element: etree._Element) -> bool:
    """Whether an element is a part of a citation or a name, right behind another part."""
    before = element.getprevious()
    return (
        local_name(element) in CITATION_PARTS
        and before is not None
        and not before.tail
        and isinstance(before.tag, str)
        and local_name(before) in CITATION_PARTS
    )


def continues_name(element: etree._Element) -> bool:
    """Whether an element is a part of a taxon's name, right behind another part."""
    before = element.getprevious()
    return (
        before is not None
        and not before.tail
        and isinstance(before.tag, str)
        and local_name(before) == local_name(element) in NAME_PARTS
        and (local_name(element) == "taxon-name-part" or element.get("content-type") in RANKS)
    )


def is_line_end(element: etree._Element) -> bool:
    """Whether a line ends behind an element, and a script of what it marks comes in the next.

    Some typesetters break lines so: between ``<italic>bla</italic>`` and ``<sub>SHV</sub>`` no
    space is meant.
    """
    tail = element.tail
    if not tail or not tail.isspace() or "\n" not in tail or not isinstance(element.tag, str):
        return False
    script = element.getnext()
    return (
        script is not None
        and isinstance(script.tag, str)
        and local_name(script) in ("sub", "sup")
        and local_name(element) in ("italic", "bold", "sub", "sup")
    )


def child(element: etree._Element, *names: str) -> etree._Element | None:
    """The first child of the first of these names."""
    for name in names:
        found = next(element.iterchildren("{*}" + name), None)
        if found is not None:
            return found
    return None


def plain_text(element: etree._Element | None) -> str:
    """An element's text without marks, on one line: as it is in a passage."""
    if element is None:
        return ""
    if not len(element):
        return " ".join((element.text or "").split())
    sups: list[tuple[int, int]] = []
    raw = _marked_text(element, 0, sups)
    return " ".join(clean(raw, sups).text.split())


def _marked_text(element: etree._Element, start: int, sups: list[tuple[int, int]]) -> str:
    """An element's text with marks around citations; adds where superscripts stand in it.

    Args:
        element: the element.
        start: where its text begins.
        sups: is added to.
    """
    text = element.text or ""
    for inner in element:
        name = local_name(inner) if isinstance(inner.tag, str) else ""
        if name == "break" or (name and continues_name(inner)):
            text += " "
        if name and name not in ("fn", "tex-math"):
            mark = XREF_MARKS.get(inner.get("ref-type", ""), "") if name == "xref" else ""
            begin = start + len(text)
            text += mark + _marked_text(inner, begin + len(mark), sups) + (mark and CLOSE)
            if name == "sup":
                sups.append((begin, start + len(text)))
        text += inner.tail or ""
    return text


def language_of(element: etree._Element) -> str | None:
    """The language of an element: of the nearest ``xml:lang`` on the way up."""
    at: etree._Element | None = element
    while at is not None:
        if language := at.get(LANG):
            return language
        at = at.getparent()
    return None


def own_language(element: etree._Element) -> str | None:
    """The language that the element itself gives, or its DTD for it."""
    default = "eng" if local_name(element) == "OtherAbstract" else None
    return element.get(LANG) or element.get("Language") or default


def primary_language(code: str) -> str:
    """The two-letter code of a language where it has one; "" if the code names no language.

    >>> primary_language("en_US"), primary_language("eng"), primary_language("und")
    ('en', 'en', '')
    """
    primary = code.strip().lower().replace("_", "-").partition("-")[0]
    if primary in NO_LANGUAGE or not re.fullmatch("[a-z]{2,3}", primary):
        return ""
    return MARC_LANGUAGES.get(primary, primary)


def is_plain(element: etree._Element) -> bool:
    """Whether a formula is text: ``H<sub>2</sub>O``, with no mathematics and no picture in it."""
    if local_name(element) in ("math", "tex-math") or _has_tex(element):
        return False
    inner = (local_name(e) for e in element.iterdescendants("*"))
    return all(name in FORMATTING or name == "label" for name in inner) and has_text(element)


def _has_tex(element: etree._Element) -> bool:
    text = "".join(cast("Iterator[str]", element.itertext()))
    return "\\" in text or text.count("$") > 1


def kind_of(element: etree._Element, *names: str) -> str:
    """The first of these attributes that is there, or what ``custom-type`` says for "custom"."""
    kind = next((kind for name in names if (kind := element.get(name))), "")
    return element.get("custom-type", kind) if kind == "custom" else kind

"""What can be asked of one element: its name, its text, its language."""

import re
from collections.abc import Iterator
from typing import cast

from lxml import etree

from transforms.jats.elements import (
    FORMATTING,
    MARC_LANGUAGES,
    NAME_PARTS,
    NO_LANGUAGE,
    RANKS,
    XREF_MARKS,
)

_STRING_LENGTH = etree.XPath("string-length()")
_HAS_TEXT = etree.XPath("boolean(normalize-space())")
_MARKS = " or ".join(f"@ref-type = '{kind}'" for kind in XREF_MARKS)
_PARTS = " or ".join(f"local-name() = '{name}'" for name in sorted(NAME_PARTS))
# Text, and elements that may stand for a space.
_UNMARKED = etree.XPath(
    f"descendant::text()[not(ancestor::*[(local-name() = 'xref' and ({_MARKS})) or"
    " local-name() = 'fn' or local-name() = 'tex-math'])]"
    f" | descendant::*[local-name() = 'break' or {_PARTS}]",
    smart_strings=False,
)
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
    """An element's text without marks, on one line."""
    if element is None:
        return ""
    if not len(element):
        return " ".join((element.text or "").split())
    pieces = []
    for piece in cast("list[str | etree._Element]", _UNMARKED(element)):
        if isinstance(piece, str):
            pieces.append(piece)
        elif local_name(piece) == "break" or continues_name(piece):
            pieces.append(" ")
    return " ".join("".join(pieces).split())


def language_of(element: etree._Element) -> str | None:
    """The language of an element: of the nearest ``xml:lang`` on the way up."""
    at: etree._Element | None = element
    while at is not None:
        if language := at.get(LANG):
            return language
        at = at.getparent()
    return None


def own_language(element: etree._Element) -> str | None:
    """The language that the element itself gives."""
    return element.get(LANG) or element.get("Language") or None


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

"""What can be asked of one element: its name, its text, its language."""

from typing import cast

from lxml import etree

from transforms.jats.elements import FORMATTING, MARC_LANGUAGES

_STRING_LENGTH = etree.XPath("string-length()")
_HAS_TEXT = etree.XPath("boolean(normalize-space())")
_UNMARKED = etree.XPath(
    "descendant::text()[not(ancestor::*[(local-name() = 'xref' and (@ref-type = 'bibr' or"
    " @ref-type = 'fn')) or local-name() = 'fn' or local-name() = 'tex-math'])]",
    smart_strings=False,
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
    text = "".join(cast(list[str], _UNMARKED(element))) if len(element) else element.text or ""
    return " ".join(text.split())


def language_of(element: etree._Element) -> str | None:
    """The language of an element: of the nearest ``xml:lang`` on the way up."""
    at: etree._Element | None = element
    while at is not None:
        if language := at.get(LANG):
            return language
        at = at.getparent()
    return None


def own_language(element: etree._Element) -> str | None:
    """The language that the element itself gives, by its two-letter code where it has one."""
    language = element.get(LANG) or element.get("Language")
    return MARC_LANGUAGES.get(language, language) if language else None


def is_plain(element: etree._Element) -> bool:
    """Whether a formula is text: ``H<sub>2</sub>O``, with no mathematics and no picture in it."""
    inner = (local_name(e) for e in element.iterdescendants("*"))
    return all(name in FORMATTING or name == "label" for name in inner) and has_text(element)

"""What a block is called, and how it begins: what the section stage goes by."""

import re
from typing import cast

from lxml import etree

from transforms.jats.nodes import child, local_name, plain_text

WORD = re.compile(r"(?![ivxl]+\b)\b[^\W\d_]{4}", re.IGNORECASE)
_BEGINNING = etree.XPath("substring(string(), 1, 600)", smart_strings=False)
_LED = frozenset(("sec", "fn", "ack", "notes", "app", "boxed-text", "def-list"))
_TOLD_BY_LABEL = frozenset(("fn", "sec"))
LABELLED = frozenset(("fig", "sec"))
"""What may be told by its label: a figure named "Table 2" is one."""
_ADDRESS = re.compile(
    r"\W*(?:(?:for |address (?:all |for )?)?correspond|e-?mail\b|electronic address\b)"
    r"|[^\w@]*[\w.+-]{1,80}@[\w.-]{1,80}\Z",
    re.IGNORECASE,
)
_STATEMENT = re.compile(
    r"\b(?:availability|accession|contributions?|interests?|funding|acknowledge?ments?|abbreviations?"
    r"|key ?words|summary|significance|impact)\b",
    re.IGNORECASE,
)
_SPOKEN = re.compile(r"\s*[.:]")


def title_of(element: etree._Element, name: str) -> str:
    """A block's title; ``name`` is the element's."""
    if name == "custom-meta":
        return plain_text(child(element, "meta-name"))
    if name == "AbstractText":
        return element.get("Label", "")
    title = child(element, "title")
    if title is None and name in _TOLD_BY_LABEL and (label := label_of(element)):
        return label
    if title is None and name == "boxed-text":
        caption = child(element, "caption")
        title = None if caption is None else child(caption, "title")
    return plain_text(title)


def label_of(element: etree._Element) -> str:
    """A label in words ("Appendix A"), or ""."""
    label = plain_text(child(element, "label"))
    return label if WORD.search(label) else ""


def is_address(note: etree._Element) -> bool:
    """Whether an author's note says how to write to them."""
    return _ADDRESS.match(beginning(note, plain_text(child(note, "label")))) is not None


def is_statement(custom_meta: etree._Element) -> bool:
    """Whether custom metadata are a statement of the authors, as where the data are."""
    return _STATEMENT.search(plain_text(child(custom_meta, "meta-name"))) is not None


def sec_titles(element: etree._Element) -> list[str]:
    """The titles of the sections that an element holds directly."""
    return [title_of(section, "sec") for section in element.iterchildren("{*}sec")]


def lead_of(element: etree._Element, name: str) -> str:
    """The words with which a paragraph or an untitled block opens, set off like a title.

    They are bold, or in italics before a full stop or colon.
    """
    paragraph = element if name == "p" else child(element, "p") if name in _LED else None
    lead = None if paragraph is None else next(paragraph.iterchildren("*"), None)
    if paragraph is None or lead is None or (paragraph.text and paragraph.text.strip()):
        return ""
    style = local_name(lead)
    if style not in ("bold", "italic"):
        return ""
    words = plain_text(lead)
    spoken = words.endswith((".", ":")) or _SPOKEN.match(lead.tail or "")
    return words if style == "bold" or spoken else ""


def beginning(element: etree._Element, title: str) -> str:
    """The first words of a block after its title."""
    text = " ".join(cast(str, _BEGINNING(element)).split())
    at = text.find(title, 0, len(title) + 12)
    return text[at + len(title) :].lstrip() if title and at >= 0 else text

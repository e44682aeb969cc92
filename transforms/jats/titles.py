"""What a block is called, and how it begins: what the section stage goes by."""

import re
from itertools import islice
from typing import cast

from lxml import etree

from transforms.jats.nodes import child, local_name, plain_text

WORD = re.compile(r"(?![ivxl]+\b)\b[^\W\d_]{4}", re.IGNORECASE)
_BEGINNING = etree.XPath("substring(string(), 1, 600)", smart_strings=False)
LED = frozenset(("sec", "fn", "ack", "notes", "app", "boxed-text", "def-list"))
_TOLD_BY_LABEL = frozenset(("fn", "sec"))
_STATEMENTS = frozenset(("ack", "fn", "notes"))
LABELLED = frozenset(("fig", "sec"))
"""What may be told by its label: a figure named "Table 2" is one."""
_REFERENCES = re.compile(
    r"[\W\d]*(?:references?(?: cited)?|bibliography|(?:literature|works) cited"
    r"|refer[eê]ncias?(?: bibliogr[aá]ficas)?)\W*",
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


def is_reference_list(section: etree._Element) -> bool:
    """Whether the title of a section says that it lists references."""
    return _REFERENCES.fullmatch(title_of(section, "sec")) is not None


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
    paragraph = element if name == "p" else child(element, "p") if name in LED else None
    lead = None if paragraph is None else next(paragraph.iterchildren("*"), None)
    if paragraph is None or lead is None or (paragraph.text and paragraph.text.strip()):
        return ""
    style = local_name(lead)
    if style not in ("bold", "italic"):
        return ""
    words = plain_text(lead)
    spoken = words.endswith((".", ":")) or _SPOKEN.match(lead.tail or "")
    return words if style == "bold" or spoken else ""


def is_heading(paragraph: etree._Element) -> bool:
    """Whether all of a paragraph is set off like a title."""
    lead = lead_of(paragraph, "p")
    return bool(lead) and lead == beginning(paragraph, "")


def is_one_of_several(paragraph: etree._Element, parent: str) -> bool:
    """Whether a note or an acknowledgement, the parent by its name, has more paragraphs."""
    above = paragraph.getparent()
    return parent in _STATEMENTS and above is not None and _has_several(above)


def first_statement(element: etree._Element, name: str) -> etree._Element:
    """The first paragraph of a note or an acknowledgement that has several, else the element."""
    several = name in _STATEMENTS and _has_several(element)
    return next(element.iterchildren("{*}p")) if several else element


def _has_several(element: etree._Element) -> bool:
    return len(list(islice(element.iterchildren("{*}p"), 2))) > 1


def beginning(element: etree._Element, title: str) -> str:
    """The first words of a block after its title."""
    text = " ".join(cast(str, _BEGINNING(element)).split())
    at = text.find(title, 0, len(title) + 12)
    return text[at + len(title) :].lstrip() if title and at >= 0 else text

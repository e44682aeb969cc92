"""What a note says that is no text of the article: addresses, editors, where a journal puts it."""

import re

from lxml import etree

from transforms.jats.nodes import child, plain_text
from transforms.jats.titles import beginning

# A note's mark may stand before its words: "*", "1", "a ".
_NOTE_MARK = r"[\W\d]*(?:[a-z]\s+)?"
_NEW_ADDRESS = re.compile(
    _NOTE_MARK + r"(?:(?:present|current|permanent|new|previous|former)(?: postal)? "
    r"(?:address|affiliation)(?:es|s)?\b|[^.:]{0,40}\bpresent address:)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    _NOTE_MARK
    + r"(?:(?:(?:for|address|please address|please send|all|any|author to whom|to whom)\b"
    r"(?: \w+){0,3} )?(?:correspond|reprint)"
    r"|e-?mail\b|electronic address\b|requests? for (?:reprints|materials?)\b"
    r"|(?:mailing|postal) address\b|(?:fax|tel(?:ephone)?|phone)\b)"
    r"|[^\w@]*[\w.+-]{1,80}@[\w.-]{1,80}\Z",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(
    _NOTE_MARK
    + r"(?:special(?:i?ty)? section:? )?this (?:article|paper|manuscript) was submitted to\b",
    re.IGNORECASE,
)
_PEOPLE = re.compile(
    _NOTE_MARK + r"(?:(?:handling|academic) editor|(?:edit|review)ed by)\b ?:", re.I
)


def is_address(note: etree._Element) -> bool:
    """Whether an author's note says where they are, or how to write to them."""
    return is_new_address(note) or _ADDRESS.match(_words_of(note)) is not None


def is_new_address(note: etree._Element) -> bool:
    """Whether a note says where an author is now."""
    return _NEW_ADDRESS.match(_words_of(note)) is not None


def is_boilerplate(note: etree._Element) -> bool:
    """Whether a note only says in which section of a journal its article stands."""
    return _BOILERPLATE.match(_words_of(note)) is not None


def names_people(note: etree._Element) -> bool:
    """Whether a note names editors or reviewers."""
    return _PEOPLE.match(_words_of(note)) is not None


def _words_of(note: etree._Element) -> str:
    return beginning(note, plain_text(child(note, "label")))

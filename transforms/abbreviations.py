"""Short forms of an article and the long forms that it defines them by.

The method is that of Schwartz and Hearst, "A simple algorithm for identifying abbreviation
definitions in biomedical text", Pacific Symposium on Biocomputing 2003: a short form in parentheses
behind its long form, or the other way round, whose letters stand in the long form in their order.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

MOST_SHORT = 10
"""Characters of a short form; it has two at least."""

_OPENING = re.compile(r"[(\[]")
_WORD = re.compile(r"\S+")
_SEPARATOR = re.compile(r"[;,:]\s|;")
_CLOSING = {"(": ")", "[": "]"}


class Abbreviation(NamedTuple):
    """A short form and the long form beside it.

    Attributes:
        start, end: of the short form, in the text.
        long_start, long_end: of the long form, in the text.
    """

    short: str
    long: str
    start: int
    end: int
    long_start: int
    long_end: int


def find_abbreviations(text: str, sentences: Iterable[tuple[int, int]]) -> list[Abbreviation]:
    """The abbreviations that a text defines, in the order of their short forms.

    Args:
        text: of an article.
        sentences: offsets of its sentences; both forms stand in one.

    >>> find_abbreviations("Tumor necrosis factor (TNF) rose.", [(0, 33)])[0].long
    'Tumor necrosis factor'
    """
    return [
        found
        for start, end in sentences
        for opening in _OPENING.finditer(text, start, end)
        if (found := _definition_at(text, start, opening.start(), end)) is not None
    ]


def _definition_at(text: str, start: int, opening: int, end: int) -> Abbreviation | None:
    """What the parenthesis at ``opening`` defines, in the sentence from ``start`` to ``end``."""
    closing = text.find(_CLOSING[text[opening]], opening, end)
    if closing < 0:
        return None
    inside = _stripped(text, opening + 1, closing)
    first = _stripped(text, inside[0], _end_of_first(text, *inside))
    before = _stripped(text, start, opening)
    if _is_short_form(text[slice(*first)]):
        return _define(text, first, _last_words(text, before, text[slice(*first)]))
    words = list(_WORD.finditer(text, *before))
    if words and _is_short_form(short := words[-1].group()):
        return _define(text, words[-1].span(), _last_words(text, inside, short))
    return None


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _end_of_first(text: str, start: int, end: int) -> int:
    """The end of the first of several things in a parenthesis: ``(TNF; Fig. 1)``."""
    found = _SEPARATOR.search(text, start, end)
    return found.start() if found else end


def _is_short_form(words: str) -> bool:
    return (
        2 <= len(words) <= MOST_SHORT
        and len(words.split()) <= 2
        and words[0].isalnum()
        and any(letter.isalpha() for letter in words)
    )


def _last_words(text: str, span: tuple[int, int], short: str) -> tuple[int, int]:
    """The end of a span, as many words as the paper has it for a short form."""
    most = min(len(short) + 5, 2 * len(short))
    words = list(_WORD.finditer(text, *span))[-most:]
    return (words[0].start() if words else span[1]), span[1]


def _define(text: str, short: tuple[int, int], long: tuple[int, int]) -> Abbreviation | None:
    """The definition of a short form by the end of a span, if its letters are there."""
    form = text[slice(*short)]
    start = _match_backwards(form, text, *long)
    if start is None:
        return None
    words = text[start : long[1]]
    if len(words) <= len(form) or form in words.split():
        return None
    return Abbreviation(form, words, *short, start, long[1])


def _match_backwards(short: str, text: str, start: int, end: int) -> int | None:
    """Where the long form begins whose letters, from the end on, hold those of the short form.

    The first letter of the short form must begin a word.
    """
    at = end
    for place in range(len(short) - 1, -1, -1):
        letter = short[place].lower()
        if not letter.isalnum():
            continue
        at -= 1
        while at >= start and (
            text[at].lower() != letter or (place == 0 and at > start and text[at - 1].isalnum())
        ):
            at -= 1
        if at < start:
            return None
    return at

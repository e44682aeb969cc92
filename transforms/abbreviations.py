"""Short forms of an article and the long forms that it defines them by.

The method is that of Schwartz and Hearst, "A simple algorithm for identifying abbreviation
definitions in biomedical text", Pacific Symposium on Biocomputing 2003: a short form in parentheses
behind its long form, whose characters stand in the long form in their order.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

MOST_SHORT = 10
"""Characters of a short form; it has two at least."""

_OPENING = re.compile(r"[(\[]")
_WORD = re.compile(r"\S+")
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
    inside = re.split(r"[;,]\s|[;:]", text[opening + 1 : closing], maxsplit=1)[0]
    begin = opening + 1 + len(inside) - len(inside.lstrip())
    inside = inside.strip()
    if _is_short_form(inside):
        return _long_before(text, start, opening, begin, inside)
    return None


def _is_short_form(words: str) -> bool:
    return (
        2 <= len(words) <= MOST_SHORT
        and len(words.split()) <= 2
        and words[0].isalnum()
        and any(letter.isalpha() for letter in words)
    )


def _long_before(
    text: str, start: int, opening: int, begin: int, short: str
) -> Abbreviation | None:
    """The long form before a parenthesis: at most this many words, as the paper has it."""
    most = min(len(short) + 5, 2 * len(short))
    words = [word.start() for word in _WORD.finditer(text, start, opening)][-most:]
    if not words:
        return None
    long_end = opening
    while long_end > words[0] and text[long_end - 1].isspace():
        long_end -= 1
    long_start = _match_backwards(short, text, words[0], long_end)
    if long_start is None:
        return None
    long = text[long_start:long_end]
    if len(long) <= len(short) or short in long.split():
        return None
    return Abbreviation(short, long, begin, begin + len(short), long_start, long_end)


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

"""Preformatted text: where its paragraphs end, and the words that ends of lines break."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BROKEN = re.compile(r"(?<=[a-zß-öø-ÿ])-[ \t\r]*\n[ \t]*(?=[a-zß-öø-ÿ])")
_LEAST_LETTERS = 4


class Piece(NamedTuple):
    """A stretch of preformatted text.

    Attributes:
        start, end: in the text.
        opens: whether a paragraph begins with it.
        is_hyphen: whether it only breaks a word at a line's end.
    """

    start: int
    end: int
    opens: bool
    is_hyphen: bool


def cut_preformatted(text: str, *, scanned: bool) -> Iterator[Piece]:
    r"""Cuts a text into pieces that together are the text.

    A blank line parts paragraphs. In scanned text lines in capitals, as headings are, and lines of
    a page's number alone do so too, and words are put together that a line's end breaks.

    Args:
        text: of one text node.
        scanned: whether a program has read it off an image.

    >>> text = "Gout\n\nThe haemo-\nglobin"
    >>> [text[piece.start : piece.end] for piece in cut_preformatted(text, scanned=True)]
    ['Gout\n', '\n', 'The haemo', '-\n', 'globin']
    """
    opening = set(_paragraphs(text, scanned=scanned))
    hyphens = {match.start(): match.end() for match in _BROKEN.finditer(text)} if scanned else {}
    ends = sorted({0, *opening, *hyphens, *hyphens.values(), len(text)})
    for start, end in pairwise(ends):
        yield Piece(start, end, start in opening, start in hyphens)


def _paragraphs(text: str, *, scanned: bool) -> Iterator[int]:
    """Where paragraphs begin behind others."""
    before = "text"
    for line in _LINE.finditer(text):
        kind = _kind_of_line(line[0], scanned=scanned)
        if kind != before or kind == "number":
            yield line.start()
        before = kind


def _kind_of_line(line: str, *, scanned: bool) -> str:
    if not line.strip():
        return "blank"
    if scanned and line.strip().isdigit():
        return "number"
    letters = sum(map(str.isalpha, line))
    return "heading" if scanned and line.isupper() and letters >= _LEAST_LETTERS else "text"

"""The sentences of a passage, with exact offsets.

A terminator (``. ? ! …``) before white space ends a sentence unless what stands around it says
otherwise: biomedical prose is full of abbreviations ("et al.", "Fig. 1", "approx. 63 %"), species
("E. coli", "pv. tabaci"), initials ("gift of P. Soriano") and numbered lists ("2. Danazol bound"),
and has sentences that start with a lower-case symbol ("c-Myc was ...", "p50 binds ...").

Of the ``rules`` the first that decides about a ``candidate`` counts; ``words`` are what they know.
"""

import re
from bisect import bisect
from collections.abc import Sequence
from itertools import pairwise

from transforms.records import SplitText
from transforms.sentences.candidate import Candidate
from transforms.sentences.rules import RULES

__all__ = ["split_passages", "split_sentences"]

# Every repetition is bounded, so that the time is linear in the text whatever the text.
_CANDIDATE = re.compile(
    r"""
    [.?!…] [\])}"'’”»]{0,4}
    (?: (?: (?<=[.?!…]) (?P<superscript> [\d,–−-]{1,12})    # "cells.12,13 The"
          | \ ?\[[\da-z,:\ –-]{0,40}\]                      # "cells.[12] The"
        ) (?=\s+["“‘(]?[A-Z])
    )?
    \s+
    | \. (?= \(ABSTRACT\ TRUNCATED)                         # in older records of MEDLINE
    | (?<=[A-Za-z0-9)\]%°]{2}) [.?!] (?= (?P<glued>[A-Z][a-z]{1,12}) [\s,] )     # "cloned.The gene"
    """,
    re.VERBOSE,
)


# What may open a sentence before its first letter.
_CAPITAL = re.compile(r"[\"“‘«(\[]?[A-ZÀ-ÖØ-Þ]")


def split_sentences(text: str, breaks: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Splits one passage (a paragraph, a title, a caption) into sentences.

    Args:
        text: the passage.
        breaks: where it goes on behind a block that stood in it: a capital letter there begins a
            sentence, whatever stands before.

    Returns:
        ``(start, end)`` of each sentence in code points of ``text``, end excluded: in order,
        disjoint, without white space at either end, together covering all that is not white space.
        The time is linear in the length of ``text``.
    """
    begins = [at for at in breaks if _CAPITAL.match(text, at)]
    return [
        sentence
        for start, end in pairwise((0, *begins, len(text)))
        for sentence in _split(text, start, end)
    ]


def _split(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of ``text[start:end]``."""
    sentences = []
    piece = text[start:end]
    end = start + len(piece.rstrip())
    start += len(piece) - len(piece.lstrip())
    for match in _CANDIDATE.finditer(text, start, end):
        candidate = Candidate(text, start, match)
        if next(ends for rule in RULES if (ends := rule.decide(candidate)) is not None):
            sentences.append((start, match.start() + len(match.group().rstrip())))
            start = match.end()
    if start < end:
        sentences.append((start, end))
    return sentences


def split_passages(
    text: str, passages: Sequence[tuple[int, int]], breaks: Sequence[int] = ()
) -> SplitText:
    """Splits every passage of a text into sentences.

    Args:
        text: an article's text.
        passages: start and end of each in it.
        breaks: where in it a passage goes on behind a block, in order.
    """
    spans = [
        split_sentences(
            text[start:end],
            [at - start for at in breaks[bisect(breaks, start) : bisect(breaks, end)]],
        )
        for start, end in passages
    ]
    return SplitText(text, passages, spans)

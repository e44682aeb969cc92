"""The sentences of a passage, with exact offsets.

A terminator (``. ? ! …``) before white space ends a sentence unless what stands around it says
otherwise: biomedical prose is full of abbreviations ("et al.", "Fig. 1", "approx. 63 %"), species
("E. coli", "pv. tabaci"), initials ("gift of P. Soriano") and numbered lists ("2. Danazol bound"),
and has sentences that start with a lower-case symbol ("c-Myc was ...", "p50 binds ...").

Of the ``rules`` the first that decides about a ``candidate`` counts; ``words`` are what they know.
"""

import re
from collections.abc import Sequence

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
    | (?<=[A-Za-z0-9)\]]{2}) \. (?= (?P<glued>[A-Z][a-z]{1,12}) [\s,] )     # "cloned.The gene"
    """,
    re.VERBOSE,
)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Splits one passage (a paragraph, a title, a caption) into sentences.

    Returns:
        ``(start, end)`` of each sentence in code points of ``text``, end excluded: in order,
        disjoint, without white space at either end, together covering all that is not white space.
        The time is linear in the length of ``text``.
    """
    sentences = []
    start = len(text) - len(text.lstrip())
    end_of_text = len(text.rstrip())
    for match in _CANDIDATE.finditer(text, start, end_of_text):
        candidate = Candidate(text, start, match)
        if next(ends for rule in RULES if (ends := rule.decide(candidate)) is not None):
            sentences.append((start, match.start() + len(match.group().rstrip())))
            start = match.end()
    if start < end_of_text:
        sentences.append((start, end_of_text))
    return sentences


def split_passages(text: str, passages: Sequence[tuple[int, int]]) -> SplitText:
    """Splits every passage of a text into sentences.

    Args:
        text: an article's text.
        passages: start and end of each in it.
    """
    return SplitText(text, passages, [split_sentences(text[start:end]) for start, end in passages])

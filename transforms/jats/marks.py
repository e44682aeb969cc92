"""A passage's raw text, with the marks that the XML leaves in it, to clean text.

The parser puts control characters where the XML has something other than text: around citation and
footnote marks, for formulas, line breaks and lifted blocks. XML 1.0 has none of these characters,
so they cannot be mistaken for text. Cleaning overwrites what goes, in place, and then closes the
gaps, so that no place ever has to be searched for::

    raw      was  measured [␁12␃, ␁13␃] at␇once .
    cut      was  measured ␆␆␆␆␆␆␆␆␆␆␆␆ at␇once .
    clean    was measured at once .                 runs: where each stretch stood in the raw text
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from transforms.records import PLACEHOLDER

# What the parser puts in. A mark runs from its opening character to CLOSE.
CITATION, FOOTNOTE, CLOSE = "\x01", "\x02", "\x03"
FORMULA = "\x04"
BREAK = "\x05"
LIFTED = "\x06"
ANEW = "\x11"  # the same, but a capital letter behind it begins a sentence

# What cleaning makes of a citation mark by its text, and of all that goes.
_CUT, _CUT_NOTE = "\x07", "\x12"
_YEAR, _NAMED, _NUMBER, _WORDS = "\x08", "\x0e", "\x0f", "\x10"

_EMPTY_MARKS = "".join(
    (
        *(CITATION, FOOTNOTE, CLOSE, BREAK, LIFTED, ANEW),
        *(_CUT, _CUT_NOTE, _YEAR, _NAMED, _NUMBER, _WORDS),
    )
)
"""Those that leave nothing in the text, or a space."""
MARKS = re.compile(f"[{_EMPTY_MARKS}{FORMULA}]")

# No-break, thin and other spaces, and what has no width; alone between two words they stay.
_XML_SPACE = " \t\r\n"
_OTHER_SPACE = "\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NO_WIDTH = "\u200b\u2060\ufeff"
_WIDE = re.compile(f"[{_XML_SPACE}{_OTHER_SPACE}]")
_EMPTY = re.compile(f"[{_NO_WIDTH}]")
_SOFT_HYPHEN = "\xad"
_CUTS = f"[{_CUT}{_CUT_NOTE}]"
_ANY_CUT = re.compile(_CUTS)
_PARTING = re.compile(f"[{BREAK}{LIFTED}{ANEW}{_CUT}{_CUT_NOTE}]")
_FOLDED = f"{_XML_SPACE}{_EMPTY_MARKS}{_OTHER_SPACE}{_NO_WIDTH}{_SOFT_HYPHEN}"
_GAP = re.compile(
    f"{FORMULA}|[ {_OTHER_SPACE}{_NO_WIDTH}][{_FOLDED}]+"
    f"|[\t\r\n{_EMPTY_MARKS}{_SOFT_HYPHEN}][{_FOLDED}]*"
)
_NOTHING = frozenset(_EMPTY_MARKS + _NO_WIDTH + _SOFT_HYPHEN)
_OPENING = "([{（［“‘«"
_CLOSING = ".,;:!?)]}）］”’»%"

_CITED = re.compile(f"{CITATION}([^\x01-\x03]*){CLOSE}")
_YEAR_TEXT = re.compile(
    r"[\s(\[]*(?:1[5-9]|20)\d\d[a-z]?(?:[\s,;/–-]+(?:[a-z]|\d{2,4}[a-z]?))*[\s)\]]*"
)
_NUMBER_TEXT = re.compile(
    r"[\W_]*|[\s\[(]*[A-Za-z]{0,2}\d{1,4}[a-z]?"
    r"(?:[\s.,;\])(\[‐‑‒–—−*-]+(?:[A-Za-z]{0,2}\d{1,4}[a-z]?|[a-z]\b))*[\s.,;\])*‐‑‒–—−-]*"
)
_FOOTNOTE_IN_WORDS = re.compile(
    f"{FOOTNOTE}(?![^\\w{CLOSE}]{{0,40}}(?:[ivxl]+|a?b?c?d?e?f?g?h?)[^\\w{CLOSE}]{{0,40}}{CLOSE})"
    f"(?=[^{CLOSE}]*[^\\W\\d_]{{4}})"
)
_MARK = f"[{_NUMBER}{FOOTNOTE}][^{CLOSE}]*{CLOSE}"
# A superscript of marks, and of numbers that should have been marks ("1–␁3␃"), but for the signs of
# ions, alleles and trade names that share it ("CD4<sup>+␁5␃</sup>").
_BESIDE = rf"[\s{_NO_WIDTH},;.:()\[\]*†‡§¶#]"
_BETWEEN = f"(?:[^\\w{_NUMBER}{FOOTNOTE}]|_)*"
_SUP = re.compile(
    rf"(?:(?<!\d)\d{{1,3}}[a-z]?\s?[,;‐‑‒–—-]|{_BESIDE})*"
    rf"{_MARK}(?:{_BETWEEN}{_MARK})*(?:[,;‐‑‒–—-]\s?\d{{1,3}}(?!\d)|{_BESIDE})*"
)

# "(see Smith et al., 2004; reviewed in [7])". No two parts of these patterns match the same text,
# so that a bracket can be read in one way only, however long it is.
_JOIN = (
    rf"(?:[\s{_NO_WIDTH},;:.&‐‑‒–—−/+*-]"
    r"|(?:and|or|see|also|e\.?g|i\.e|cf|refs?|references?|reviewed|reviews?|in|by|for|a|from|as"
    r"|therein|but|examples?|recent|others?|among|compare|with|after"
    r"|more|further|details?|overview|discussion)\b)*"
)
_CAPITAL = r"[A-ZÀ-ÖØ-ÞĆČĐŁŃŘŚŠŹŻŽ][\w'’‐-]{0,30}"
_PARTICLE = r"(?:van|von|de|der|den|dos|da|del|la|le|di)"
_NAMES = (
    rf"(?:{_CAPITAL}|{_PARTICLE})[\s,.]{{1,3}}"
    rf"(?:(?:{_CAPITAL}|{_PARTICLE}|et|al|and|&|e|y)[\s,.]{{1,3}}){{0,11}}"
)
_CITATION = f"(?:{_MARK}|{_NAMED}[^{CLOSE}]*{CLOSE}|(?:{_NAMES})?{_YEAR}[^{CLOSE}]*{CLOSE}|{_CUTS})"


def _bracketed(content: str) -> str:
    inner = rf"{_JOIN}(?:{content}{_JOIN})+"
    return rf"(?:\({inner}\)|\[{inner}\]|（{inner}）|［{inner}］)"


_BRACKETS = re.compile(_bracketed(f"(?:{_CITATION}|{_bracketed(_CITATION)})"))


def _row(mark: str) -> str:
    return rf"{mark}(?:[\s{_NO_WIDTH},;‐‑‒–—−-]*{mark})*"


# What stands between a citation and a mark of a footnote is the author's: "in mice [1],² rats".
_ROW = re.compile(
    _row(f"(?:{_NUMBER}[^{CLOSE}]*{CLOSE}|{_CUT})")
    + "|"
    + _row(f"(?:{FOOTNOTE}[^{CLOSE}]*{CLOSE}|{_CUT_NOTE})")
)
# A raised comma holds marks of any kind.
_RAISED = re.compile(rf"(?<={CLOSE})[\s,;{_NO_WIDTH}‐‑‒–—−-]+")
_REF_BEFORE = re.compile(r"\b[Rr]ef(?:s|erences?)?\.?\s*[\[(]?\s*$")
# A superscript after the whole word is a citation: "GAPDH was the reference.<sup>12</sup>"
_REF_BEFORE_SUP = re.compile(r"\b(?:[Rr]efs?|References?)\.?\s*[\[(]?\s*$")
_GOES_ON = re.compile(r"[\s\])]*(?:[,;]?\s*(?:and|or|&)|[,;‐‑‒–—−-])?\s*[\[(]?\s*")
# "as reported by (Smith, 2000)." needs its object.
_OBJECT_AFTER = re.compile(
    r"(?<![\w-])(?:[Ii]n|[Bb]y|[Ff]rom|[Oo]f|[Ww]ith|as|to|based on|[Ss]ee(?: also)?|[Uu]nlike"
    r"|(?<!the )following|Following|e\.g\.,?)\s*$"
)
_NO_OBJECT = re.compile(
    r"\s*(?:$|[.,;()\[\]]|[‐‑‒–—−-]\s*[\[(]|(?:and|or|but|who|that|which|where|for|to|with|by|from"
    r"|in|as|is|are|was|were|has|have)\b)"
)
_NOTE = re.compile(f"[{FOOTNOTE}{_CUT_NOTE}]")
_CITES = re.compile(f"[{_YEAR}{_NAMED}{_NUMBER}{_CUT}]")
_IN_WORDS = re.compile(f"[{_YEAR}{_NAMED}]")
_LEADING = r"(?:\s*(?:see|e\.g\.|also|and|refs?\.?|reviewed in|cf\.),?){0,3}"
_LED = re.compile(rf"[,;]{_LEADING}\s*$")
_DANGLING = re.compile(
    rf"[,;]{_LEADING}\s*{_CUTS}[\s{_CUT}{_CUT_NOTE},;]*(?=[)\]）］])"
    rf"|[,;]\s*{_CUTS}[\s{_CUT}{_CUT_NOTE}]*(?=[.,;])"
    rf"|(?<=[(\[（［])\s*{_CUTS}[\s{_CUT}{_CUT_NOTE}]*(?:[,;:]\s*(?:and\s+)?|and\s+)"
)


class Run(NamedTuple):
    """A stretch of clean text that stands in the raw text as it is, but for white space."""

    start: int
    length: int
    raw_start: int


class Clean(NamedTuple):
    """Clean text.

    Attributes:
        text: the text.
        runs: what of it is not inserted.
        cuts: characters cut, by reason.
        breaks: where in the text something begins behind a block that was lifted out.
    """

    text: str
    runs: list[Run]
    cuts: Counter[str]
    breaks: list[int]


def clean(raw: str, sups: Sequence[tuple[int, int]] = ()) -> Clean:
    r"""Leaves marks out, folds white space, puts placeholders in.

    Citation marks go with the brackets, commas and dashes that stand only to hold them. Numbers go
    everywhere but after "ref."; names and years go where a bracket holds nothing else, and stay
    where they are part of the sentence ("Smith et al. showed", "as shown by (Smith, 2004).").

    Args:
        raw: text and marks.
        sups: where superscripts start and end in it; one that holds nothing but marks goes whole.

    >>> clean("\n  H2O was [\x0112\x03,\x0113\x03] here. ").text
    'H2O was here.'
    >>> clean("(see \x01Smith, 2004\x03) as \x01Smith (2004)\x03 said").text
    'as Smith (2004) said'
    """
    cuts: Counter[str] = Counter()
    if CLOSE in raw:
        raw = _cut_marks(raw, sups, cuts)
    if _SOFT_HYPHEN in raw:
        cuts["soft-hyphen"] += raw.count(_SOFT_HYPHEN)
    text, runs, breaks = _fold(raw)
    return Clean(text, runs, cuts, breaks)


def _cut_marks(raw: str, sups: Sequence[tuple[int, int]], cuts: Counter[str]) -> str:
    def cut(match: re.Match[str]) -> str:
        piece = match[0]
        size = len(MARKS.sub("", piece))
        is_note = _NOTE.search(piece) is not None and not _CITES.search(piece)
        cuts["footnote-mark" if is_note else "citation"] += size
        return (_CUT_NOTE if is_note else _CUT) * len(piece)

    def classified(match: re.Match[str]) -> str:
        text = match[1]
        kind = _NUMBER if _NUMBER_TEXT.fullmatch(text) else _NAMED
        return (_YEAR if _YEAR_TEXT.fullmatch(text) else kind) + text + CLOSE

    named = 0  # where numbers end that stay

    def cut_unless_named(match: re.Match[str], name: re.Pattern[str] = _REF_BEFORE) -> str:
        # "as in ref. 12 and [13]": without its numbers the sentence would lose its object
        nonlocal named
        start = match.start()
        if not (
            name.search(raw, max(start - 12, 0), start)
            or (named and named <= start and _GOES_ON.fullmatch(raw, named, start))
        ):
            return cut(match)
        named = match.end()
        return match[0]

    def cut_unless_object(match: re.Match[str]) -> str:
        nonlocal named
        start, end = match.span()
        before = max(start - 24, 0)
        goes_led = raw.startswith((")", "]", "）", "］"), end) and _LED.search(raw, before, start)
        is_object = _OBJECT_AFTER.search(raw, before, start) and _NO_OBJECT.match(raw, end)
        goes_on = named and named <= start and _GOES_ON.fullmatch(raw, named, start)
        if goes_led or not (is_object or goes_on) or not _IN_WORDS.search(match[0]):
            return cut_unless_named(match)
        named = end
        return match[0]

    raw = _CITED.sub(classified, raw)
    raw = _FOOTNOTE_IN_WORDS.sub(_WORDS, raw)
    pieces = []
    done = 0
    for start, end in sups:
        if start < done:
            continue
        if match := _SUP.fullmatch(raw, start, end):
            pieces += [raw[done:start], cut_unless_named(match, _REF_BEFORE_SUP)]
            done = end
        elif raw[end : end + 1] in {_NUMBER, FOOTNOTE} and (
            match := _RAISED.fullmatch(raw, start, end)
        ):
            pieces += [raw[done:start], cut(match)]
            done = end
    raw = "".join([*pieces, raw[done:]])
    raw = _BRACKETS.sub(cut_unless_object, raw)
    named = 0
    raw = _ROW.sub(cut_unless_named, raw)
    return _DANGLING.sub(cut, raw)


def _fold(raw: str) -> tuple[str, list[Run], list[int]]:
    start, end = _inside(raw)
    texts: list[str] = []
    runs: list[Run] = []
    breaks: list[int] = []
    size, done = 0, start
    for match in _GAP.finditer(raw, start, end):
        gap_start, gap_end = match.span()
        if gap_start > done:
            runs.append(Run(size, gap_start - done, done))
            texts.append(raw[done:gap_start])
            size += gap_start - done
        done = gap_end
        gap = match[0]
        if gap == FORMULA:
            texts.append(PLACEHOLDER)
            size += 1
        elif _leaves_space(gap, raw[gap_start - 1], raw[gap_end]):
            char, at = _space_of(gap)
            if at >= 0:
                runs.append(Run(size, 1, gap_start + at))
            texts.append(char)
            size += 1
        if ANEW in gap:
            breaks.append(size)
    if end > done:
        runs.append(Run(size, end - done, done))
        texts.append(raw[done:end])
    return "".join(texts), runs, breaks


def _space_of(gap: str) -> tuple[str, int]:
    """What a gap leaves, and where in it that stands: an ordinary space if it has one."""
    for at, char in enumerate(gap):
        if char in _XML_SPACE:
            return " ", at
    other = _WIDE.search(gap) or (None if _PARTING.search(gap) else _EMPTY.search(gap))
    return (other[0], other.start()) if other else (" ", -1)


def _inside(raw: str) -> tuple[int, int]:
    """Where the text starts and ends between white space and marks that leave nothing."""
    start, end = 0, len(raw)
    while start < end and (raw[start].isspace() or raw[start] in _NOTHING):
        start += 1
    while start < end and (raw[end - 1].isspace() or raw[end - 1] in _NOTHING):
        end -= 1
    return start, end


def _leaves_space(gap: str, before: str, after: str) -> bool:
    if BREAK in gap:
        return True
    has_space = _WIDE.search(gap) is not None
    if _ANY_CUT.search(gap):
        joined = after in "-‐‑–—" and not _WIDE.match(gap[-1])  # "mice [1]-derived"
        if joined or after in _CLOSING or before in _OPENING:
            return False
        # in "disease.[1]Another" and "PI3K[1]signals" only the mark parts the words
        return has_space or (after.isalnum() and (before.isalnum() or before in ".,;:!?)]"))
    if LIFTED in gap or ANEW in gap:
        return has_space or not (after in _CLOSING + "-‐‑–/'" or before in _OPENING)
    return has_space or _EMPTY.search(gap) is not None

"""Which superscripts are marks of footnotes, though no cross-reference says so.

Many tables mark their footnotes by bare superscripts, in the notes and in the cells::

    <td>Weight<sup>a</sup></td> <td>R<sup>2</sup></td>       a is a mark, 2 is none:
    <table-wrap-foot><p><sup>a</sup>Mean ± SD.</p>           no note begins with it

A superscript of a cell or caption is a mark if one of the table's notes begins with it and nothing
near it says otherwise: exponents, ions, isotopes and alleles are superscripts too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import cast

from lxml import etree

from transforms.jats.nodes import local_name

NOTED = frozenset(("table-wrap", "table-wrap-group", "fig", "supplementary-material", "fn"))
"""The elements that may hold such marks."""

_NOTES = ("table-wrap-foot", "fn")
_LEGENDS = ("fig", "supplementary-material")
_BLOCKS = frozenset(("td", "th", "p", "title", "label"))
_CELLS = ("td", "th")

_SYMBOLS = "*∗⁎＊†‡§¶#‖&$¤@⋆★☆◆♦■□●○▲△▼Ωα-ωϑϕΦΨ"
_SYMBOL = rf"[{_SYMBOLS}]"
_MARK = re.compile(
    rf"\d\d?|[A-Za-z]|[a-z]{{2}}|[ivxl]{{1,7}}|{_SYMBOL}{{1,4}}[a-z]?|[a-z]{_SYMBOL}"
)
_ROMAN = re.compile(r"[ivxl]+")
_ORDINALS = frozenset(("st", "nd", "rd", "th"))
_LETTER = re.compile(r"[^\W\d_]")
_PARTS = re.compile(rf"([a-zA-Z]{{1,5}})?({_SYMBOL}*)")

# A note begins at its block's start, or where the one before ends.
_BETWEEN_NOTES = re.compile(r"(?:[.,;:(]\s*|\b(and)\s+)$")
_PLAIN_NOTE = re.compile(rf"(?:^|[\s.,;:(])({_SYMBOL}{{1,4}}|[a-z](?=[:=)]))")
# "* and ** denote p < 0.05 and p < 0.01", "a: mean": here the mark is a word of the note.
_IN_WORDS = re.compile(
    r"\s*(?:[=:,)\]–—-]|(?:and|or|to|are|is|denot|indicat|represent|show|mean|refer|signif)\w*\s)"
)
# "Means with the same superscript do not differ": every letter after a number is a mark.
_BY_LETTERS = re.compile(r"superscript|\bletters?\b|\bletras?\b", re.IGNORECASE)

_ISOTOPE = re.compile(
    r"(?:[123] H|[34] He|[67] Li|\d\d (?:Be?|Ca|Cl|Co|Cr|Cu|C|Fe?|Ga|Ge|Kr?|Mg|Mn|Mo|Na|Ni?|O|P|Rb"
    r"|Se|Si|Sr|S|Tc|Y|Zn|Zr))(?![a-z])"
)
_WORD = re.compile(r"(?:(?P<word>[^\W\d_]{4,})|[)\]%])\s*$")
_UNITS = frozenset(("kcal", "mmol", "nmol", "pmol", "μmol", "µmol"))
_NUMBER = re.compile(r"(?:^|[\s(±<>=~−]|\d[–-])\d[\d.,]*%?\s*$")
_POWER_OF_TEN = re.compile(r"(?:^|\D)10\s*$")
_ALLELIC = re.compile(r"\b(?:H-?2|Thy-?1|Ly-?\d|CD45|RT1|I-?[AE])[A-Z]?(?:\.\d)?$")


def footnote_marks(element: etree._Element) -> set[etree._Element]:
    """The superscripts that are marks of footnotes, in an element that is one of ``NOTED``.

    Those that begin a note, and those of cells and captions that refer to one.
    """
    if next(element.iter("{*}sup"), None) is None:
        return set()
    kind = local_name(element)
    digits = kind not in _LEGENDS  # these are full of isotopes and exponents
    blocks = list(_blocks(element))
    notes = [block for block in blocks if block.in_notes]
    others = [block for block in blocks if not block.in_notes]
    cited = {
        token
        for block in others
        for sup in block.sups
        if block.name in _CELLS or not (sup.opens or _BETWEEN_NOTES.search(sup.before))
        for token in sup.tokens
    }
    marks = {
        sup
        for block in blocks
        if block.in_notes or block.name == "p"
        for sup in block.sups
        if _begins_note(sup, cited, digits=digits, in_notes=block.in_notes)
    }
    for sup in marks:
        sup.begins_note = True
    noted = {token for sup in marks for token in sup.tokens}
    for block in notes:
        if block.name == "label":
            noted.update(_tokens(block.text))
        noted.update(_normal(found) for found in _PLAIN_NOTE.findall(block.plain))
    by_letters = any(_BY_LETTERS.search(b.plain) for b in blocks if b.name not in _CELLS)
    marks.update(
        sup
        for block in blocks
        for sup in block.sups
        if (kind not in _LEGENDS and not block.in_notes) or _WORD.search(sup.before)
        if _refers(sup, noted, by_letters=by_letters and _is_number(block))
    )
    return {sup.element for sup in marks if not (sup.begins_note and _IN_WORDS.match(sup.after))}


@dataclass(slots=True, eq=False)
class _Sup:
    """A superscript outside cross-references, with the text of its block on both sides.

    Attributes:
        tokens: its text without commas and brackets.
        in_symbol: it belongs to a symbol in italics, as those of genes are.
        opens: nothing stands before it in the block.
        begins_note: a note begins with it.
    """

    element: etree._Element
    text: str
    tokens: list[str]
    in_symbol: bool
    opens: bool = False
    before: str = ""
    after: str = ""
    begins_note: bool = False


@dataclass(slots=True)
class _Block:
    """A paragraph, title, label or cell; ``plain`` is its text without its superscripts."""

    name: str
    in_notes: bool
    text: str
    plain: str
    sups: list[_Sup]


_AROUND = 60


def _normal(mark: str) -> str:
    return re.sub("[∗⁎＊⋆]", "*", mark)


def _tokens(text: str) -> list[str]:
    return [token for token in re.split(r"[\s,;.:()\[\]]+", _normal(text)) if token]


def _blocks(element: etree._Element) -> Iterator[_Block]:
    walker = etree.iterwalk(element, events=("start", "end"))
    notes = 0
    for event, inner in walker:
        name = local_name(inner)
        if name in _NOTES:
            notes += 1 if event == "start" else -1
        elif event == "start" and name in _BLOCKS:
            walker.skip_subtree()
            yield _block(inner, name, in_notes=notes > 0)


def _block(element: etree._Element, name: str, *, in_notes: bool) -> _Block:
    pieces: list[str] = []
    sups: dict[int, _Sup] = {}
    _read(element, pieces, sups)
    text = "".join(pieces)
    plain = "".join(piece for number, piece in enumerate(pieces) if number not in sups)
    lead = len(text) - len(text.lstrip())
    edges = list(accumulate(map(len, pieces), initial=0))
    for number, sup in sups.items():
        start, end = edges[number : number + 2]
        sup.opens = start <= lead
        sup.before = text[max(start - _AROUND, 0) : start]
        sup.after = text[end : end + _AROUND]
    return _Block(name, in_notes, text, plain, list(sups.values()))


def _read(element: etree._Element, pieces: list[str], sups: dict[int, _Sup]) -> None:
    """Adds an element's text, and the superscripts in it by the numbers of their pieces."""
    pieces.append(element.text or "")
    for child in element:
        if not isinstance(child.tag, str):
            pass
        elif local_name(child) == "xref":
            pieces.append("".join(cast(Iterator[str], child.itertext())))
        elif local_name(child) == "sup" and next(child.iter("{*}xref"), None) is None:
            text = "".join(cast(Iterator[str], child.itertext()))
            in_symbol = local_name(element) == "italic" and bool((element.text or "").strip())
            sups[len(pieces)] = _Sup(child, text, _tokens(text), in_symbol)
            pieces.append(text)
        else:
            _read(child, pieces, sups)
        pieces.append(child.tail or "")


def _is_number(block: _Block) -> bool:
    return block.name in _CELLS and not _LETTER.search(block.plain)


def _is_isotope(sup: _Sup) -> bool:
    """Whether it is the 14 of "14C"; "1P < 0.05" is note 1."""
    return _ISOTOPE.match(f"{sup.text.strip()} {sup.after}") is not None


def _begins_note(sup: _Sup, cited: set[str], *, digits: bool, in_notes: bool) -> bool:
    are_marks = sup.tokens and all(map(_MARK.fullmatch, sup.tokens))
    has_digits = any(map(str.isdigit, sup.text))
    if not are_marks or _is_isotope(sup) or (has_digits and not digits):
        return False
    known = bool(cited.issuperset(sup.tokens))
    if sup.opens:
        return known or all(map(_stands_alone, sup.tokens))
    are_symbols = all(re.fullmatch(rf"{_SYMBOL}+", token) for token in sup.tokens)
    if (between := _BETWEEN_NOTES.search(sup.before)) and not (has_digits and between[1]):
        return known or are_symbols
    return known and in_notes and sup.before[-1].isspace() and not has_digits


def _stands_alone(token: str) -> bool:
    if token.isdigit():
        return True
    return len(token) < 2 or not token.isalpha() or _ROMAN.fullmatch(token) is not None


def _refers(sup: _Sup, noted: set[str], *, by_letters: bool) -> bool:
    return bool(sup.tokens) and all(
        _token_refers(token, sup, noted, by_letters=by_letters) for token in sup.tokens
    )


def _token_refers(token: str, sup: _Sup, noted: set[str], *, by_letters: bool) -> bool:
    if token.isdigit():
        word = _WORD.search(sup.before)
        return (
            token in noted
            and not _is_isotope(sup)
            and (sup.opens or (word is not None and word["word"] not in _UNITS))
        )
    if token in noted and not token.isascii():
        return True
    parts = _PARTS.fullmatch(token)
    if parts is None:
        return False
    letters, symbols = parts[1] or "", parts[2]
    if not noted.issuperset(symbols) and symbols not in noted:
        return False
    if not letters:
        return True
    after_number = _NUMBER.search(sup.before)
    if (after_number and letters in _ORDINALS) or _POWER_OF_TEN.search(sup.before):
        return False
    if by_letters or (after_number and noted.issuperset(letters)):
        return True
    if letters not in noted or sup.in_symbol or _ALLELIC.search(sup.before):
        return False
    return letters.islower() or _WORD.search(sup.before) is not None  # "Hb<sup>S</sup>"

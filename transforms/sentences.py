"""The sentences of a passage, with exact offsets.

A terminator (``. ? ! …``) before white space ends a sentence unless what stands around it says
otherwise: biomedical prose is full of abbreviations ("et al.", "Fig. 1", "approx. 63 %"), species
("E. coli", "pv. tabaci"), initials ("gift of P. Soriano") and numbered lists ("2. Danazol bound"),
and has sentences that start with a lower-case symbol ("c-Myc was ...", "p50 binds ...").
"""

import re
from collections.abc import Sequence

from transforms.records import SplitText

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


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that open sentences and are no names: decisive after what may be an abbreviation.
_STARTERS = _words(
    """A Additionally After All Also Although Among An Analysis And Another Any As At Based Because
    Before Both Briefly But By Compared Consequently Consistent Conversely Despite Due During Each
    Either Finally First Five Following For Four From Further Furthermore Given Hence Here How
    However If Importantly In Indeed Initially Instead Interestingly Is It Its Lastly Like Many More
    Moreover Most Neither Nevertheless No None Nonetheless Not Notably Of On Once One Only Other Our
    Overall Patients Previous Previously Recent Recently Results Second Several She Similarly Since
    Six So Some Specifically Studies Subsequently Such Surprisingly Ten Than That The Their Then
    There Thereafter Therefore These They Third This Those Three Through Thus To Together Two Under
    Unlike Until Upon Using We What When Where Whereas Whether Which While Who Why With Within
    Without Yet You"""
)

# Abbreviations, without their full stop. Lower case stands for any case but all capitals: "MS" and
# "BV" are acronyms, "ms" and "bv" abbreviations.
# Never at the end of a sentence:
_INSIDE = _words(
    """acad adj aff anal anhyd anon approx aq assoc asst avg biochem biol biophys bv c.f ca calc
    calcd cf chem clin conc cv dept dil e.g ed eds eg eq eqn eqns eqs equ esp excl ext f.sp fig figs
    genet govt i.e ie immunol incl lett med microbiol n.sp nat natl neurosci nov pers pharmacol
    physiol proc pv ref refs resp rev satd sci sect serovar ssp str subsp substr supp suppl syn
    technol univ unpub unpubl v.s var virol viz vs
    Dr Drs Exp Ft Ing Messrs Mol Mr Mrs Ms Mt Ph Prof St"""
)
# Only before a number, a code or a single letter ("No. 5", "cat. AB123") inside a sentence:
_BEFORE_NUMBER = _words(
    """acc alt app art b.p c cat ch chap chr comm ex exon fr i.pl lat lot m.p n no nos nr o.d p para
    pl pp prot pt sec secs ser tab tabl v ver vol vols wt FIG FIGS"""
)
# At the end of a sentence only before a word that looks like the start of one:
_EITHER = _words(
    """agg al co coll corp det dev equiv etc exp gmbh inc indet int jr leg lit ltd max mol
    lib mut neg obs org ph.d pop pos sat sept soln sp spec spp sr std temp a.m i.d i.m i.p i.v p.i
    p.m p.o s.c ltda statacorp M.D S.D S.E S.E.M U.S.A"""
)
# At the end of a sentence unless a lower-case word follows:
_UNITS = _words("d h hr hrs min mo s s.d s.e s.e.m wk yr yrs")

# Nouns that a capital letter follows: "hepatitis C", "panel B".
_LETTERED = _words(
    """box case chromosome class cluster complex cyclosporin factor fig figs figure figures group
    groups hepatitis influenza kappa model panel panels part phase site step strain subunit table
    type vitamin"""
)
_BEFORE_PERSON = _words(
    "& against and are by de for from gift is of por thank thanks to us was were which with"
)

_SEROVARS = _words(
    """Choleraesuis Dublin Enteritidis Gallinarum Heidelberg Infantis Newport Paratyphi Typhi
    Typhimurium"""
)

_ABBREVIATION = re.compile(r"(?<![A-Za-z.\d])[A-Za-z.]+\Z")
_INITIALS = re.compile(r"(?:[A-Z]\.-?)*[A-Z]")
# "cluster Mm. 8356", "Am. J. Physiol.", "Figure. 1"
_SHORT_TITLE = re.compile(r"[A-Z][a-z]{1,2}|Figures?|Tables?|Equations?")
_ITEM_NUMBER = re.compile(r"(?:\d{1,2}|[ivx]{1,5}|[a-h])\)?")
_SUPPLEMENT = re.compile(r"S\d{1,3}")
_LETTER_IN_LIST = re.compile(r"\d{0,3}[A-Za-z],?")
_LABEL = re.compile(r"[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})(?:\.\d{1,3}){0,4}[.)\]]{1,2}")
_NUMBER_FOLLOWS = re.compile(r"#|[A-Z]{0,6}[a-z_]{0,3}[ -]?\d|\w\b|[IVX]{2,5}\b")
_CODED = _words("acc cat no nos nr")
_NUMBERED = _words("acc art cat i.d id item lot model permit prod product ref")
_NUMBER_SIGN = re.compile(r"N(?:os?|r)\b(?:\.|:?\s?[A-Z]{0,6}-?\d)")  # "Cat. No. 12"
_CODE_FOLLOWS = re.compile(r"(?:[A-Z]{1,12}[/ -]?){1,4}\d")  # "No. BB/P02338X/1"
# "Schisandra chinensis (Turcz. ex Ledeb.) Baill.": who named a species, and who renamed it.
_FIRST_AUTHORITY = re.compile(
    r"[A-Z](?:[a-z]{1,30}|\.)\ (?:(?:aff|cf)\.\ )?[a-z-]{2,30}"
    r"(?:\ (?:var|subsp|ssp|f)\.\ [a-z-]{2,30})?"
    r"\ \((?:(?:[A-Z][\w.]{0,20}|[Ee]x|et|f\.?|&)\ ?){1,6}\.\Z",
    re.VERBOSE,
)
_BRACKET_FOLLOWS = re.compile(
    r"""\[[\d,;\ –-]{0,40}\] | \([,;\ –-]{0,40}\)  # a citation, or what is left of one
    | \((?:19|20)\d\d                              # "(1998)"
    | [(\[] (?![ivx]{2,5}\)) [a-z]{3}              # "(see Methods)", not "(iii) The"
    """,
    re.VERBOSE,
)
_SYMBOL_FOLLOWS = re.compile(
    r"""[a-zα-ωµ-]{0,16}[A-Z0-9] | [a-zα-ωµ]-      # "p53", "mRNA", "γH2AX", "c-Myc"
    | [a-z]{2,3}-[a-z]\b | (?:alpha|beta|gamma|delta|kappa)\b
    | [a-z]{1,4} (?: [,:)=] | -[a-z]: | \s= )      # a legend: "a, amnion", "b-d: SEM", "n = 5"
    | [np]\s?[<>≤≥]                                # "p < 0.05"
    | [a-z] (?: [–,-]\ ?[a-z])? \s[A-Z]            # a panel of a figure: "b Growth", "c, d Mice"
    """,
    re.VERBOSE,
)
_PANEL_FOLLOWS = re.compile(r"\([A-Z](?:[,–-] ?[A-Z]){0,9}\)\s[A-Z]")  # "(A,B) Mice at birth"
_REST_OF_BRACKET = re.compile(r"[^().]{1,40}\)")
_FIRST_WORD = re.compile(r"[\W_]{0,8}(\w{0,24})([.,–-]?)")


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
        if _ends_sentence(text, start, match):
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


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the sentence that begins at ``start`` ends with the terminator of ``match``."""
    stop, following = match.span()
    words = text[max(start, stop - 40) : stop].split()
    word = words[-1].lstrip("([{\"'“‘#") if words else ""
    opening = text[following]
    glued = match["glued"]
    if glued:
        return glued in _STARTERS or (len(word) > 3 and word.isalpha() and word.islower())
    if opening in ")]},;:=&×±.”" or (opening in "([" and _BRACKET_FOLLOWS.match(text, following)):
        return False
    superscript = match["superscript"]
    if text[stop] != ".":
        is_word = opening.islower() and not _SYMBOL_FOLLOWS.match(text, following)
        return not (superscript or is_word)
    if following == stop + 1:  # no white space: "(ABSTRACT TRUNCATED" follows
        return True
    if following - start < 12 and _LABEL.fullmatch(text, start, stop + 1):
        return False

    found = _ABBREVIATION.search(word)
    key = found.group() if found else ""
    if not (key.isupper() or key in _INSIDE):
        key = key.lower()
    if key in {"fig", "figs"} and len(words) > 1 and _SUPPLEMENT.fullmatch(words[-2]):
        after = _FIRST_WORD.match(text, following)  # "in S1 Fig. These", but "in S2 Fig. A in"
        return after is not None and after[1] in _STARTERS - {"A"}
    if key in _INSIDE or (key in _NUMBERED and _NUMBER_SIGN.match(text, following)):
        return False
    first_word = _FIRST_WORD.match(text, following)
    name, mark = first_word.groups() if first_word else ("", "")
    begins_code = name == "A" and mark in {"–", "-"}  # "cat. no. A-11122"
    is_starter = name in _STARTERS and mark != "." and not begins_code
    if superscript:
        # What is left of removed citations ("cells.,, The") looks like a list ("corr., Pearson").
        if superscript[0] == "," and not is_starter and (len(word) < 5 or not name.istitle()):
            return False
        return key not in _EITHER and _is_plain(word) and text[stop - 1] not in " 0123456789"
    are_initials = _INITIALS.fullmatch(word) and key not in _EITHER
    in_bracket = text[stop + 1] == ")"
    if opening.islower():
        if key in _EITHER or key in _BEFORE_NUMBER:
            return False
        if in_bracket and not _SYMBOL_FOLLOWS.match(text, following):  # "Relative (rel.) amounts"
            return False
        if _SYMBOL_FOLLOWS.match(text, following):
            return key in _UNITS or len(word) > 1 or not word.isalpha()
        return key not in _UNITS and _is_plain(word) and not _is_item_number(words)
    if opening in "([":
        if (are_initials and "." in word) or _is_linnaeus(words):
            return False
        is_abbreviation = key in _EITHER or key in _BEFORE_NUMBER
        return not is_abbreviation or _PANEL_FOLLOWS.match(text, following) is not None
    if is_starter:
        return True
    if name in _SEROVARS and (are_initials or key == "ser"):
        return False
    if in_bracket and _FIRST_AUTHORITY.search(text, max(start, stop - 100), stop + 1):
        return False
    if key in _BEFORE_NUMBER:
        is_code = key in _CODED and _CODE_FOLLOWS.match(text, following)
        return not (is_code or _NUMBER_FOLLOWS.match(text, following))
    if key in _EITHER:
        # "et al. Cells were", but "Inc. Boston, MA", "(BD Inc. San Jose)", "Co. Ltd.", "sp. B510".
        if _REST_OF_BRACKET.match(text, following) and _is_in_bracket(text, start, stop):
            return False
        if key in {"sp", "spp"} and mark in {"-", "–"}:  # "Bacillus sp. MS-F-86"
            return False
        return name.isalpha() and name[0].isupper() and mark not in {".", ","}
    if are_initials:
        return mark != "." and _is_class_letter(words)
    if (mark == "." or opening.isdigit()) and _SHORT_TITLE.fullmatch(word):
        return False
    return not _is_item_number(words)


def _is_in_bracket(text: str, start: int, stop: int) -> bool:
    """Whether a bracket has been opened shortly before ``stop`` and not closed."""
    start = max(start, stop - 80)
    return text.rfind("(", start, stop) > text.rfind(")", start, stop)


def _is_plain(word: str) -> bool:
    """Whether ``word`` is neither an unknown abbreviation nor the initial of a species."""
    if len(word) < 3 or word[0].isupper() or re.search(r"[A-Za-z]\.", word):
        return False
    return word[-2].isalnum() or not word[-1].isalpha()


def _is_item_number(words: list[str]) -> bool:
    """Whether the last of ``words`` numbers an item of a list within a sentence: "; 2. Mice"."""
    if len(words) < 2:
        return False
    number = words[-1].removeprefix("(")
    opens = words[-2][-1] in ";:" or (number != words[-1] and number[-1] != ")")
    return opens and bool(_ITEM_NUMBER.fullmatch(number))


def _is_linnaeus(words: list[str]) -> bool:
    """Whether the last of ``words`` is the author of a species: "Picea abies L. (spruce)"."""
    if len(words) < 3 or words[-1] != "L":
        return False
    return words[-2].islower() and words[-3].lstrip("(")[:1].isupper()


def _is_class_letter(words: list[str]) -> bool:
    """Whether the last of ``words``, one capital, names a kind ("kappa B"), not a person."""
    if len(words) < 2 or len(words[-1]) > 1:
        return False
    previous = words[-2]
    if previous.lower() in _LETTERED or _LETTER_IN_LIST.fullmatch(previous):
        return True
    if previous in {"and", "or"} and len(words) > 2:
        return bool(_LETTER_IN_LIST.fullmatch(words[-3]))
    if previous.istitle() or previous in _BEFORE_PERSON:
        return False
    return previous.rstrip(")")[-1:].isalnum()

"""The sentences of a passage, with exact offsets.

A terminator (``. ? ! …``) before white space ends a sentence unless what stands around it says
otherwise: biomedical prose is full of abbreviations ("et al.", "Fig. 1", "approx. 63 %"), species
("E. coli", "pv. tabaci"), initials ("gift of P. Soriano") and numbered lists ("2. Danazol bound"),
and has sentences that start with a lower-case symbol ("c-Myc was ...", "p50 binds ...").
"""

import re

_CLOSERS = "\\])}\"'’”»"
_CANDIDATE = re.compile(
    rf"""
    [.?!…] [{_CLOSERS}]{{0,4}} (?:\ ?\[\d[\d,\ –-]{{0,30}}\] (?=\s+["'“‘(\[]?[A-Z]) )? \s+
    | \. (?= \(ABSTRACT\ TRUNCATED)
    | (?<=[A-Za-z0-9)\]]{{2}}) \. (?= (?P<glued>[A-Z][a-z]{{1,12}})[\s,] )
    """,
    re.VERBOSE,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that open sentences and are no names: decisive after something that may be an abbreviation.
_STARTERS = _words(
    """A After All Also Although Among An Analysis And Another Any As At Based Because Before Both
    But By Compared Conversely Consequently Consistent Despite Due During Each Either Finally First
    Five Following For Four From Furthermore Given Here Hence How However If Importantly In Indeed
    Instead Interestingly Is It Its Like Many More Moreover Most Neither Nevertheless No None
    Nonetheless Not Notably Of On Once One Only Other Our Overall Patients Previous Previously
    Recent Recently Results Second Several She Similarly Since Six So Some Studies Subsequently Such
    Surprisingly Ten Than That The Their Then There Thereafter Therefore These They Third This Those
    Three Through Thus To Together Two Under Unlike Until Upon Using We What When Where Whereas
    Whether Which While Who Why With Within Without Yet You"""
)

# Never the end of a sentence, whatever follows. Compared in lower case, without the full stop.
_INSIDE = _words(
    """approx ca cf e.g eg eqn eqns esp fig figs i.e ie incl ph ref refs resp subsp ssp suppl supp
    var pv viz vs v.s nov aff n.sp sect tab eq eqs ser cv bv ed eds anon dept univ natl acad proc
    sci biol chem physiol biochem biophys med immunol genet pharmacol microbiol virol neurosci clin
    lett rev"""
)
_TITLES = _words("Dr Drs Prof Mr Mrs Ms Messrs St Mt Ft")
# Abbreviations before a number or a letter, words or symbols elsewhere ("No. 5", "p. 12").
_BEFORE_NUMBER = _words(
    "app art cat ch chap chr ex exon lot no nos nr p para pp pt sec secs tabl vol vols"
)
# End a sentence only before a word that looks like the start of one.
_EITHER = _words(
    """al co corp etc exp gmbh h hr hrs inc int jr ltd m.d min mo mol ph.d s sp spp sr str wk wt yr
    yrs a.m i.d i.m i.p i.v p.m p.o s.c s.d s.e s.e.m u.k u.s u.s.a"""
)
_PERSON_BEFORE = _words("and by from gift of thank thanks to with & us")
# Nouns that a letter follows: "hepatitis C", "panel B".
_LETTERED = _words(
    """box case chromosome class cluster complex cyclosporin factor fig figs figure figures group
    groups hepatitis influenza kappa model panel panels part phase site step strain subunit table
    type vitamin"""
)
_LETTER_IN_LIST = re.compile(r"\d*[A-Za-z],?")
_INITIALS = re.compile(r"(?:[A-Z]\.-?)*[A-Z]")
_LABEL = re.compile(r"[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})(?:\.\d{1,3}){0,4}[.)\]]{1,2}")
_NUMBER_AFTER = re.compile(r"[A-Z]?[A-Za-z_]{0,5}-?\d|\w\b")
_BRACKETED = re.compile(r"\[\d[\d, –-]{0,40}\]|\((?:19|20)\d\d|[(\[][a-z]{3}")
_SYMBOL = re.compile(r"[a-z-]{0,16}[A-Z0-9]|[a-zα-ω]-|(?:alpha|beta|gamma|delta|kappa)\b")
_KEY = re.compile(r"[a-z]{1,4}(?:[,:)=]|-[a-z]:| =)")
_FIRST_WORD = re.compile(r"[\W_]{0,8}(\w{0,24})")


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Splits one passage (a paragraph, a title, a caption) into sentences.

    Returns:
        ``(start, end)`` of each sentence in code points of ``text``, end excluded: in order,
        disjoint, without white space at either end, together covering all that is not white space.
        Linear in the length of ``text``.
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


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the sentence that begins at ``start`` ends with the terminator of ``match``."""
    stop, following = match.span()
    if match["glued"]:
        return match["glued"] in _STARTERS
    opening = text[following]
    if opening in "([" and _BRACKETED.match(text, following):
        return False
    if text[stop] != "." or following == stop + 1:
        return not opening.islower()
    words = text[max(start, stop - 40) : stop].split()
    word = words[-1].lstrip("([{\"'“‘") if words else ""
    if following - start < 12 and _LABEL.fullmatch(text, start, stop + 1):
        return False
    # "MS" and "BV" are acronyms, "ms" and "bv" abbreviations.
    abbreviation = word if word.isupper() and "." not in word else word.lower()
    if abbreviation in _INSIDE or word in _TITLES:
        return False
    if opening.islower():
        if _SYMBOL.match(text, following) or _KEY.match(text, following):
            return len(word) > 1 or abbreviation == "h"
        if abbreviation in _BEFORE_NUMBER or abbreviation in _EITHER or len(word) < 3:
            return False
        return not (word[0].isupper() or "." in word or (word[-2] == "-" and word[-1].isupper()))
    if opening in "([":
        return abbreviation not in _EITHER and abbreviation not in _BEFORE_NUMBER
    first_word = _FIRST_WORD.search(text, following)
    name = first_word[1] if first_word else ""
    if name in _STARTERS:
        return True
    if abbreviation in _BEFORE_NUMBER:
        return not _NUMBER_AFTER.match(text, following)
    if abbreviation in _EITHER:
        return name[:1].isupper()
    if opening.isdigit() and len(word) in (2, 3) and word.istitle():
        return False
    if _INITIALS.fullmatch(word):
        return _is_class_letter(words) and text[following + 1 : following + 2] != "."
    return True


def _is_class_letter(words: list[str]) -> bool:
    """Whether the last of ``words``, one capital, names a kind ("kappa B"), not a person."""
    if len(words) < 2 or not words[-1][0].isalpha() or len(words[-1]) > 1:
        return False
    previous = words[-2]
    if previous.lower() in _LETTERED or _LETTER_IN_LIST.fullmatch(previous):
        return True
    if previous in {"and", "or"} and len(words) > 2:
        return bool(_LETTER_IN_LIST.fullmatch(words[-3]))
    return previous[-1].isalnum() and not previous.istitle() and previous not in _PERSON_BEFORE

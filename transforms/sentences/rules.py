"""The rules that say whether a terminator ends a sentence, in the order in which they are asked.

Each has passages as examples, with " | " where sentences end, in which it decides about one
terminator at least.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from transforms.sentences.candidate import Candidate
from transforms.sentences.words import (
    BEFORE_NUMBER,
    CODED,
    COMPANIES,
    COUNTRIES,
    EITHER,
    INSIDE,
    NUMBERED,
    SEROVARS,
    STARTERS,
    UNITS,
)


class Rule(NamedTuple):
    """One sign.

    Attributes:
        decide: whether the candidate ends a sentence; None where the sign is missing.
        examples: passages in which it decides.
    """

    decide: Callable[[Candidate], bool | None]
    examples: tuple[str, str]


# "cluster Mm. 8356", "Am. J. Physiol.", "Figure. 1"
_SHORT_TITLE = re.compile(r"[A-Z][a-z]{1,2}|Figures?|Tables?|Equations?")
_SUPPLEMENT = re.compile(r"S\d{1,3}")
_LABEL = re.compile(r"[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})(?:\.\d{1,3}){0,4}[.)\]]{1,2}")
_NUMBER_FOLLOWS = re.compile(r"#|[A-Z]{0,6}[a-z_]{0,3}[ -]?\d|\w\b|[IVX]{2,5}\b")
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
# "(min. 50 % of the read)": numbers may have a decimal point.
_NUMBER_IN_BRACKET = re.compile(r"\d(?:[^().]|\.(?=\d)){0,60}[)\]]")
_COUNTRY_FOLLOWS = re.compile(rf"(?:[Tt]he )?(?:{COUNTRIES})\b")
_SHORT_WORD = re.compile(r"[A-Z][a-z]{1,5}|(?:[A-Za-z]{1,3}\.){1,3}[A-Za-z]{1,3}")
_REST_OF_BRACKET = re.compile(r"[^().]{1,40}\)")


def glued_word(one: Candidate) -> bool | None:
    """A capital letter right behind the full stop: the space may have been lost."""
    if not one.glued:
        return None
    is_end = not one.is_full_stop or one.word.endswith((")", "]", "%", "°C"))
    is_word = len(one.word) > 3 and one.word.isalpha() and one.word.islower()
    return is_end or is_word or one.glued in STARTERS


def rest_of_sentence(one: Candidate) -> bool | None:
    """A mark that opens no sentence, or a bracket that belongs to the one before."""
    if one.opening in ")]},;:=&×±.”":
        return False
    return False if one.opening in "([" and one.follows(_BRACKET_FOLLOWS) else None


def question(one: Candidate) -> bool | None:
    """Other terminators end a sentence unless a word in lower case follows."""
    if one.is_full_stop:
        return None
    return not one.superscript and (not one.opening.islower() or one.follows(_SYMBOL_FOLLOWS))


def truncated_abstract(one: Candidate) -> bool | None:
    """A full stop right before "(ABSTRACT TRUNCATED"."""
    return True if one.following == one.stop + 1 else None


def label(one: Candidate) -> bool | None:
    """All that there is of the sentence is the number of an item."""
    is_short = one.following - one.start < 12
    return False if is_short and _LABEL.fullmatch(one.text, one.start, one.stop + 1) else None


def number_in_bracket(one: Candidate) -> bool | None:
    """A number goes on in a bracket that closes soon: "(min. 50 % of the read)"."""
    goes_on = one.opening.isdigit() and one.follows(_NUMBER_IN_BRACKET)
    return False if goes_on and one.is_in_bracket(80) else None


def supplementary_figure(one: Candidate) -> bool | None:
    """Behind a supplementary figure: "in S1 Fig. These", but "in S2 Fig. A in"."""
    is_figure = one.key in {"fig", "figs"} and len(one.words) > 1
    if not is_figure or not _SUPPLEMENT.fullmatch(one.words[-2]):
        return None
    return one.name in STARTERS - {"A"}


def abbreviation_inside(one: Candidate) -> bool | None:
    """An abbreviation that never ends a sentence."""
    return False if one.key in INSIDE else None


def number_sign(one: Candidate) -> bool | None:
    """What is numbered: "Cat. No. 12", "Art. Nr. 5"."""
    return False if one.key in NUMBERED and one.follows(_NUMBER_SIGN) else None


def list_of_superscripts(one: Candidate) -> bool | None:
    """What is left of removed citations ("cells.,, The") looks like a list ("corr., Pearson")."""
    if one.superscript[:1] != "," or one.is_starter:
        return None
    return False if len(one.word) < 5 or not one.name.istitle() else None


def superscript(one: Candidate) -> bool | None:
    """Numbers of citations behind the full stop of a plain word, not behind a decimal point."""
    if not one.superscript:
        return None
    is_number = one.text[one.stop - 1] in " 0123456789"
    return one.key not in EITHER and one.is_plain and not is_number


def abbreviation_before_lower_case(one: Candidate) -> bool | None:
    """A sentence does not end with an abbreviation if a lower-case letter follows."""
    return False if one.opening.islower() and one.is_abbreviation else None


def bracket_before_lower_case(one: Candidate) -> bool | None:
    """A full stop before a bracket's end: "Relative (rel.) amounts"."""
    is_word = one.opening.islower() and not one.follows(_SYMBOL_FOLLOWS)
    return False if is_word and one.closes_bracket else None


def symbol_follows(one: Candidate) -> bool | None:
    """Symbols in lower case open sentences: "p53 rose", "c-Myc did not"."""
    if not one.opening.islower() or not one.follows(_SYMBOL_FOLLOWS):
        return None
    return one.key in UNITS or len(one.word) > 1 or not one.word.isalpha()


def lower_case_follows(one: Candidate) -> bool | None:
    """A plain word ends a sentence even if the next is in lower case."""
    if not one.opening.islower():
        return None
    return one.key not in UNITS and one.is_plain and not one.is_item_number


def initials_before_bracket(one: Candidate) -> bool | None:
    """A name that a bracket explains: "Picea abies L. (Norway spruce)", "U.K. (England)"."""
    is_name = (one.are_initials and "." in one.word) or one.is_linnaeus
    return False if one.opening in "([" and is_name else None


def bracket_follows(one: Candidate) -> bool | None:
    """A bracket opens a sentence, behind an abbreviation only as a panel of a figure."""
    if one.opening not in "([":
        return None
    return not one.is_abbreviation or one.follows(_PANEL_FOLLOWS)


def country_of_company(one: Candidate) -> bool | None:
    """Where a company is: "Merck Co. Germany", "Affymetrix Inc. USA"."""
    return False if one.key in COMPANIES and one.follows(_COUNTRY_FOLLOWS) else None


def starter_follows(one: Candidate) -> bool | None:
    """A word that opens sentences and is no name."""
    return True if one.is_starter else None


def serovar_follows(one: Candidate) -> bool | None:
    """Serovars have capital letters: "S. Typhimurium", "ser. Dublin"."""
    is_species = one.are_initials or one.key == "ser"
    return False if one.name in SEROVARS and is_species else None


def first_authority(one: Candidate) -> bool | None:
    """A second author of a species' name follows: "Acacia catechu (L. f.) Willd."."""
    if not one.closes_bracket:
        return None
    start = max(one.start, one.stop - 100)
    return False if _FIRST_AUTHORITY.search(one.text, start, one.stop + 1) else None


def number_follows(one: Candidate) -> bool | None:
    """A number or a code belongs to the word before: "No. 5", "cat. AB123", "Sec. II"."""
    if one.key not in BEFORE_NUMBER:
        return None
    is_code = one.key in CODED and one.follows(_CODE_FOLLOWS)
    return not (is_code or one.follows(_NUMBER_FOLLOWS))


def word_in_bracket(one: Candidate) -> bool | None:
    """Nothing ends between what may be short for a word and a bracket's end: "(Ind. Osaka)"."""
    is_short = one.key in EITHER or _SHORT_WORD.fullmatch(one.word)
    is_rest = is_short and one.follows(_REST_OF_BRACKET)
    return False if is_rest and one.is_in_bracket(80) else None


def strain_follows(one: Candidate) -> bool | None:
    """The code of a strain: "Bacillus sp. MS-F-86"."""
    return False if one.key in {"sp", "spp"} and one.mark in {"-", "–"} else None


def abbreviation_at_either_place(one: Candidate) -> bool | None:
    """Words may begin a sentence, names do not: "et al. Cells were", but "Inc. Boston, MA"."""
    if one.key not in EITHER:
        return None
    return one.name.isalpha() and one.name[0].isupper() and one.mark not in {".", ","}


def initials(one: Candidate) -> bool | None:
    """People and species: "P. Soriano", "E. Coli"; but "NF-kappa B. LPS has"."""
    return one.mark != "." and one.is_class_letter if one.are_initials else None


def short_title(one: Candidate) -> bool | None:
    """Parts of titles, and titles of parts: "Am. J. Physiol.", "Figure. 1"."""
    goes_on = one.mark == "." or one.opening.isdigit()
    return False if goes_on and _SHORT_TITLE.fullmatch(one.word) else None


def item_number(one: Candidate) -> bool:
    """All ends a sentence but the number of an item: "as follows; 1. Mice"."""
    return not one.is_item_number


RULES: tuple[Rule, ...] = (
    Rule(glued_word, ("It was cloned.|The gene is long.", "At 37 °C (Fig. 2).|Cells were lysed.")),
    Rule(
        rest_of_sentence,
        (
            "This was seen by Adler et al. (2004) in mice.",
            "Growth was slow vs. none, n.s. = not significant.",
        ),
    ),
    Rule(
        question,
        ("Is it sterile? | We think so! | p53 does.", "Questions (why? and how?) were asked."),
    ),
    Rule(
        truncated_abstract,
        ("The gene is long.|(ABSTRACT TRUNCATED AT 250 WORDS)", "Mice died.|(ABSTRACT TRUNCATED)"),
    ),
    Rule(label, ("2.1. Mice were kept dark.", "A. Growth of cells.")),
    Rule(
        number_in_bracket,
        (
            "Reads that overlap (min. 50 % of the read) with it were kept.",
            "It rested (r.t. 5.5 min) in plates (diam. 9 cm) of rats [b.w. 200 g].",
        ),
    ),
    Rule(
        supplementary_figure,
        ("It is shown in S1 Fig. | These results hold.", "It is shown in S2 Fig. A in S1 File."),
    ),
    Rule(
        abbreviation_inside,
        ("See Fig. 1 for approx. 5 cells.", "Cytokines (e.g. IL-2) of E. coli pv. Tabaci."),
    ),
    Rule(
        number_sign,
        ("Antibodies (Abcam, Cat. No. 12345) bound.", "It was sold as Art. Nr. 5 there."),
    ),
    Rule(
        list_of_superscripts,
        ("It was seen by Bell corr.,, Pearson said.", "It was in mice.,, Rats were not."),
    ),
    Rule(superscript, ("Others disagree.3,4 | Nobody knows.", "Growth was 0.5 mm.12 Mice ran.")),
    Rule(
        abbreviation_before_lower_case,
        ("Of TFA, 2.5 equiv. of it were used.", "The max. temp. was measured."),
    ),
    Rule(
        bracket_before_lower_case,
        ("Relative (rel.) amounts were noted.", "It was low (see above.) in mice."),
    ),
    Rule(symbol_follows, ("It fell. | p53 rose. | c-Myc did not.", "We grew E. coli, and mice.")),
    Rule(
        lower_case_follows,
        ("It was grown. | mice were not.", "It grew in S. enterica for 5 hr. and died."),
    ),
    Rule(
        initials_before_bracket,
        ("Picea abies L. (Norway spruce) grows.", "It is sold in the U.K. (Thermo)."),
    ),
    Rule(
        bracket_follows,
        (
            "It was inert. | (A) Top view. | [3H]Thymidine was added.",
            "The genus is Vigna sp. (Fabaceae).",
        ),
    ),
    Rule(
        country_of_company,
        (
            "It was from Merck Co. Germany and stored. | We used AMD Inc. | All were fine.",
            "Rats were from Charles River Lab. The Netherlands and fed.",
        ),
    ),
    Rule(
        starter_follows,
        (
            "It was seen in Sec. II. | In mice it was not.",
            "It was seen by Bell et al. | These authors used mice.",
        ),
    ),
    Rule(
        serovar_follows,
        ("Resistance is seen in MDR S. Typhi and mice.", "It was S. enterica ser. Dublin too."),
    ),
    Rule(
        first_authority,
        ("Of Acacia catechu (L. f.) Willd. it is.", "Of Cattleya fasciola (Lindl.) Cogn. it is."),
    ),
    Rule(number_follows, ("It is told in Sec. II of vol. 5 there.", "The kit was wt. | Mice ran.")),
    Rule(
        word_in_bracket,
        ("It was read (BD Inc. San Jose) twice.", "It was sold (Wako Pure Ind. Osaka) here."),
    ),
    Rule(
        strain_follows,
        ("We used Herbaspirillum sp. MS-F-86 here.", "We used Bacteroides spp. AB–12 here."),
    ),
    Rule(
        abbreviation_at_either_place,
        ("It was seen by Weiss et al. | Cells ran.", "It was sold by Lund Inc. Boston, MA."),
    ),
    Rule(initials, ("It was a gift of P. Sor.", "It binds NF-kappa B. | LPS has no effect.")),
    Rule(short_title, ("It is in Am. J. Physiol. 275, 389.", "It is shown in Figure. 1 there.")),
    Rule(
        item_number,
        ("Growth was as follows; 1. Mice ate.", "Cells were lysed. | Lysates were cleared."),
    ),
)

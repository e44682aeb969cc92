"""Sentences of a passage: boundaries as a biologist would set them, offsets exact for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sentences import rules, split_sentences
from transforms.sentences.rules import RULES, Rule

# Each passage is written with " | " where a sentence is expected to end.
PASSAGES = [
    "They are introduced in Sec. II. | In Sec. III we see Sec. IV.",
    "It is shown in S1 Fig. | These results hold; S2 Fig. A in S1 File shows more.",
    "We found: i. PRDM9 in mice; ii. the rate of growth; iii. Mice (a. U-fiber; b. ILF).",
    "It is seen by (a) and (b). | Samples were taken in the clinic (1). | Mice died.",
    "It was dissolved in conc. HCl, washed with sat. aq. NaHCO3 and dried. | Then it was weighed.",
    "Anal. Calcd for C12H10: C, 93.46. | Of TFA, 2.5 equiv. of it were used.",
    "Chironomidae indet. were found (leg. Smith, det. Jones) in Sept. 2015. | It broke "
    "its leg. | The max. temp. was measured (tab. 1).",
    "Cells were lysed. | Lysates were cleared.",
    "As shown by Adler et al. (2004), growth stopped. | It resumed later.",
    "This was first seen by Adler et al. | These authors used mice.",
    "See Fig. 1 and Figs. 2A, B. | Error bars show SEM. | Scale bar, 5 mm.",
    "Several cytokines (e.g. IL-2, i.e. a growth factor) vs. none were tested.",
    "We grew E. coli, P. syringae pv. tabaci and S. enterica subsp. enterica here.",
    "Antisera against anti-E. chaffeensis were made. | E. coli served as control.",
    "It binds NF-kappa B. | LPS has no effect. | Hepatitis C. | Vitamin D3 too.",
    "Plates stayed at 37 °C. | After 24 h. | Cells were fixed at 4°C. | PCR followed.",
    "The value was 0.05 (p = .01). | 50% of cells died. | 3H-thymidine was added.",
    "This was reported [1,2]. | Others disagree [3]. | Nobody knows.",
    "Mice were bought (Sigma, St. Louis, MO, U.S.A.). | They were fed.",
    "The vector was a gift of P. Sor and J. K. Lum (Oslo). | It was cut.",
    "We thank A. Bell, Dr. C. Dorn and M.-L. Ek for mice.",
    "Panels differ in E and F. | Embryos are seen from above.",
    "It fell. | p53 rose. | c-Myc did not. | mTOR was high. | α-Tubulin was constant.",
    "It was inert. | (A) Top view. | (b) Side view. | *P < 0.05. | n = 5.",
    "1. Introduction",
    "2.1. Mice were kept dark.",
    "Is it sterile? | We think so! | Yes.",
    'They named it "death domain." | Others did not.',
    "It was injected i.v. and i.p. into mice, approx. 3 times.",
    "Clones (accession no. AF123456) were used. | No. | None survived.",
    "Patients with MS. | Later they had BV. | G. vaginalis was found.",
    "A receptor gene. [published erratum appears in Cell 1998]",
    "It is shed daily.[12] | Others disagree.3,4 | Nobody knows.[,] | PU.1 binds DNA.",
    "The U.S. Department of Health, Oslo Co. Ltd. and Lund Inc. Boston, MA, paid.",
    "We used Pseudomonas sp. B510 and cluster Mm. 8356. | Both grew.",
    "Growth was as follows; 1. Mice ate. | Am. J. Physiol. 275, 389.",
    "Brain slices are shown (n = 3). | b Growth of cells. | c, d Mice at S2. | e–g Rats.",
    "This was found before (Adler et al. ; Bell et al. ). | It was seen again.",
    "Cells grew for 24 h. | 50 µL were taken at 5 min. | (B) Side view.",
    "The wt. and mut. mice had mass spec. data. | It worked by mass spec. | The rest is new.",
    "Smith (unpubl. data) and Li (pers. obs. from dissections) agree. | The rest is new.",
    "Reported by Adler et al. | However, others (Bell, pers. comm. 2013) doubt it.",
    "Mean ± s.d. is given, n.s. = not significant.",
    "They read: (i) one. | (ii) Two. | [3H]Thymidine was added.",
    "Do cells die? [editorial]",
    "Picea abies L. (Norway spruce) grows. | It took up 5 mg per L. | (B) Side view.",
    "Virus B. burgdorferi from the U. S. Government was used.",
    "Of Schisandra chinensis (Turcz. ex Ledeb.) Baill. and Acacia catechu (L. f.) Willd. it is.",
    "Mice were used (Sigma Inc.) | Animals ran. | The genus Vigna (L.) | These grew.",
    "From grants (No. BB/P02338X/1, Grant No. BT/PR13965) and kits (Cat. # 218160; cat. #4334S).",
    "It was seen (NuGEN Technologies, Inc. San Carlos, CA) by Weiss et al. | Cells (n = 5) ran.",
    "Antibodies (Abcam, Cat. No. ab12345; cat. no. A-11122; cat. #A-1) bound, permit No. A-2014.",
    "What is the role of p53? | p53 is a protein. | Is it? | β-Catenin moved! | mTOR fell.",
    "E. coli str. K-12 substr. MG1655 (mol. wt. 50 kDa, mol. wt. (ca. 5 kDa), o.d. 5 mm) grew.",
    "Relative (rel.) expression (SEE pers. obs.) and depths (avg. 0.45%; m.p. 316 °C) were noted.",
    "Resistance is seen in MDR S. Typhi and treated S. Paratyphi. | S. enterica ser. Dublin too.",
    "It was fixed. | n\u2009=\u20093 for all. | p < 0.05 was met. | n\xa0≥\xa05. | b\xa0Mice.",
    "It was seen by Khan et al. | (B) Mice. | Day 2 p.i. | (E–F) Rats. | Of wt. | (I, J) A.",
    "It costs 40 $/tCO2eq. | Figure 1 tells. | Clones of pFL-mut. | (B) Mice.",
    "FIG. 1.",
    "Shown by FIGS. 2 and 3, Supplemental Figure. 1 and Equation. 2. | All rose.",
    "We thank Ing. Bell (prot. 2002061749), STATA (StataCorp. 2005) and Cobre Ltda. (Oslo).",
    "It is the catalytic Ser. | Even so it binds.",
    "It was crucial. | γH2AX was normal. | μCT shows it. | µ-Opioids fell.",
    "Of C. fasciola (Lindl.) Cogn. and Ocotea aff. montana (Meisn.) Mez it is.",
    "We used Herbaspirillum sp. MS-F-86 and Bacteroides spp. | Mice ate.",
    "It is given by \ufffc. | c, d The same. | It rose to 5 %. | p53 fell.",
]


@pytest.mark.parametrize("passage", PASSAGES)
def test_sentences_end_where_a_biologist_ends_them(passage):
    """Abbreviations, species, initials and numbers do not end a sentence; their look-alikes do."""
    expected = passage.split(" | ")
    text = " ".join(expected)
    assert [text[start:end] for start, end in split_sentences(text)] == expected


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.decide.__name__)
def test_each_rule_decides_in_its_examples(rule: Rule, monkeypatch):
    """Sentences end at each "|", and the rule is the first to decide about one of the stops."""
    decided = []

    def seen(candidate):
        ends = rule.decide(candidate)
        decided.append(ends is not None)
        return ends

    spied = [one._replace(decide=seen) if one is rule else one for one in RULES]
    monkeypatch.setattr("transforms.sentences.RULES", spied)
    for example in rule.examples:
        text = example.replace(" | ", " ").replace("|", "")
        expected = [part.strip() for part in example.split("|")]
        decided.clear()
        assert [text[start:end] for start, end in split_sentences(text)] == expected
        assert any(decided), example


def test_every_rule_is_asked():
    """None is written and forgotten."""
    functions = [value for name, value in vars(rules).items() if name[0].islower()]
    decide = {one for one in functions if getattr(one, "__module__", "") == rules.__name__}
    assert decide == {rule.decide for rule in RULES}


def test_sentences_end_without_white_space_where_it_was_lost():
    """Old abstracts' truncation mark, and a word that only starts sentences, glued to a stop."""
    text = "It was cloned.The gene is long.(ABSTRACT TRUNCATED AT 250 WORDS)"
    assert split_sentences(text) == [(0, 14), (14, 31), (31, len(text))]


def test_an_empty_passage_has_no_sentences():
    """White space alone, of any kind, is no sentence."""
    assert split_sentences("") == []
    assert split_sentences(" \n\t\u2003") == []


PIECES = st.sampled_from(
    [
        *(
            "cells",
            "The",
            "E.",
            "al.",
            "Fig.",
            "p53",
            "0.05",
            "NF-κB",
            "i.e.",
            "1.",
            "°C.",
            "[1,2]",
        ),
        *(".", "?", "!", "…", "(", ")", "”", '"', "😀", "\u0301"),
        *(" ", "  ", "\n", "\u00a0", "\u2009"),
    ]
)


def check_promises(text):
    """Sentences are ordered, disjoint, trimmed, and leave out nothing but white space."""
    sentences = split_sentences(text)
    previous = 0
    for start, end in sentences:
        assert previous <= start < end <= len(text)
        assert not text[previous:start].strip()
        assert text[start:end] == text[start:end].strip()
        previous = end
    assert not text[previous:].strip()


@given(st.text())
def test_any_text_keeps_the_promises(text):
    """Any string at all, also one that no paper would hold."""
    check_promises(text)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_prose_like_text_keeps_the_promises(text):
    """Strings dense with what the rules look at."""
    check_promises(text)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_splitting_ignores_white_space_around_a_passage(text):
    """Leading and trailing white space moves the offsets and changes nothing else."""
    stripped = text.strip()
    lead = 3
    shifted = [(start - lead, end - lead) for start, end in split_sentences(f" \n {stripped}\t ")]
    assert shifted == split_sentences(stripped)


@pytest.mark.parametrize(
    "text",
    [
        "." * 100_000,
        "a" * 1_000_000,
        ". " * 100_000,
        "A. " * 100_000,
        "(" * 100_000 + ".",
        " " * 99_999,
    ],
    ids=["dots", "no spaces", "spaced dots", "initials", "brackets", "spaces"],
)
def test_extreme_passages_are_split_like_any_other(text):
    """Long runs of one thing take no longer than prose of that length, and break nothing."""
    check_promises(text)


def test_a_stop_right_after_a_bracket_ends_no_list_item():
    """As in numbers whose zero was lost: what stands before the stop is a bracket alone."""
    text = "It was less frequent in donors (. 0092)."
    assert split_sentences(text)[-1][1] == len(text)

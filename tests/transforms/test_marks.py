"""Citation marks leave no trace, and nothing else goes with them."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.jats.marks import BREAK, CITATION, CLOSE, FOOTNOTE, FORMULA, LIFTED, MARKS, clean


def marked(text: str) -> str:
    """``{..}`` is a citation mark, ``<..>`` a footnote mark, ``~`` a formula, ``|`` a line break.

    ``#`` is a lifted block.
    """
    signs = {"{": CITATION, "}": CLOSE, "<": FOOTNOTE, ">": CLOSE, "~": FORMULA}
    return text.translate(str.maketrans({**signs, "|": BREAK, "#": LIFTED}))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("was seen [{1}].", "was seen."),
        ("was seen [{1}, {2}], [{3}–{5}] and", "was seen and"),
        ("was seen {[1]}–{[3]}. Then", "was seen. Then"),
        ("was seen ({12}, {13}).", "was seen."),
        ("was seen [\ufeff{1}\u200b–\u2060{2}].", "was seen."),
        ("levels.{3},{4} Thus", "levels. Thus"),
        ("disease.{1}Another", "disease. Another"),
        ("PI3K[{1}]signals", "PI3K signals"),
        ("from mice [{1}]-derived cells", "from mice-derived cells"),
        ("in mice [{1}] – and rats", "in mice – and rats"),
        ("“quoted” [{1}]”", "“quoted””"),
        ("as in ref. {12}.", "as in ref. 12."),
        ("as in reference {12}.", "as in reference 12."),
        ("in refs {12},{13} and", "in refs 12,13 and"),
        ("in refs {12},{13} and {14}, we", "in refs 12,13 and 14, we"),
        ("in refs. {3}, {4}, and {5} for", "in refs. 3, 4, and 5 for"),
        ("of cells{1a,b} and cells{12c–e}", "of cells and cells"),
        ("a ciliate [{1}]—an ancient lineage", "a ciliate—an ancient lineage"),
        ("of Ref. [{12}] uses [{3}].", "of Ref. [12] uses."),
        ("in Refs. [{1}, {2}] and [{3}], p53 rose [{4}]", "in Refs. [1, 2] and [3], p53 rose"),
        ("in ref. ({4}) for", "in ref. (4) for"),
        ("({5}: Table 2)", "(Table 2)"),
        ("(see [{1}]) and", "and"),
        ("(see [{8}] for details) and", "and"),
        ("(e.g., {Smith et al., 2004}; {Jones, 2001}) was", "was"),
        ("(reviewed in {Smith, 2004}) was", "was"),
        ("(Smith et al., {2004}; van der Berg and Li, {1999}, {2000a}) was", "was"),
        ("Smith et al. ({2004}) showed", "Smith et al. showed"),
        ("{Smith et al. (2004)} showed", "Smith et al. (2004) showed"),
        ("as {Smith, 2004} showed", "as Smith, 2004 showed"),
        ("since {2004} it", "since 2004 it"),
        ("(mice, {Smith, 2004}) was", "(mice, Smith, 2004) was"),
        ("(Fig. 1; {12}) was", "(Fig. 1) was"),
        ("({12}, Fig. 1) was", "(Fig. 1) was"),
        ("(Fig. 1; see {12}) was", "(Fig. 1) was"),
        ("(e.g., [{8}], pl. 40)", "(e.g., pl. 40)"),
        ("as reported by ({Smith, 2000}).", "as reported by (Smith, 2000)."),
        ("According to ({Li, 2001}; {Wu, 2002}), it", "According to (Li, 2001; Wu, 2002), it"),
        ("as in ({Li, 2001}) and ({Wu, 2002}), which", "as in (Li, 2001) and (Wu, 2002), which"),
        ("in ({Li, 2001}) mice and knock-in ({Wu, 2002}).", "in mice and knock-in."),
        ("given as ({Li, 2001}): ~", "given as: \ufffc"),
        ("was compared in [{12}]. Then", "was compared in. Then"),
        ("(Fig. 1; see also [{4}])", "(Fig. 1)"),
        ("(mice; reviewed in [{4}])", "(mice)"),
        ("([{5}], and this study)", "(this study)"),
        ("([{5}]; and this study)", "(this study)"),
        ("([{5}] and data not shown)", "(data not shown)"),
        ("empty {} marks [{}–{}] go", "empty marks go"),
        ("kept () and [,] and (see)", "kept () and [,] and (see)"),
        ("gene <a> and p<*>.", "gene and p."),
        ("a <Supplementary note> here", "a Supplementary note here"),
        ("where ~ is ~.", "where \ufffc is \ufffc."),
        ("we#saw", "we saw"),
        ("we#.", "we."),
        ("we # saw", "we saw"),
        ("one|two", "one two"),
        (" \n a \t\n b ", "a b"),
        ("no\xa0break  \xa0", "no\xa0break"),
        ("5 \xa0mg, 6\xa0 mg and 7\xa0\n mg", "5 mg, 6 mg and 7 mg"),
        ("p\u2009\u2009=\u2009\xa05", "p\u2009=\u20095"),
        ("zero \u200bwidth, \u200b\u200b and in\u200b\u200bside", "zero width, and in\u200bside"),
        ("\ufeff\u200b one \u200b", "one"),
        ("was\xa0{1}\xa0seen", "was\xa0seen"),
        ("from mice\xa0[{1}]-derived", "from mice-derived"),
        ("a\xa0|b", "a\xa0b"),
        ("PI3K\u200b[{1}]signals, a\u200b|b", "PI3K signals, a b"),
        ("x{", "x"),
    ],
)
def test_marks_go_and_words_stay(raw, text):
    """With the brackets, commas and spaces that only held the marks."""
    assert clean(marked(raw)).text == text


@pytest.mark.parametrize(
    ("raw", "sup", "text"),
    [
        ("levels{1},{2}.", "{1},{2}", "levels."),
        ("levels [{1}] .", "[{1}]", "levels."),
        ("levels {1}, <a> and", "{1}, <a>", "levels and"),
        ("10−3 M", "−3", "10−3 M"),
        ("p* and", "*", "p* and"),
        ("Ref.{14}.", "{14}", "Ref.14."),
    ],
)
def test_a_superscript_that_holds_only_marks_goes_whole(raw, sup, text):
    """Any other superscript is text."""
    raw, sup = marked(raw), marked(sup)
    start = raw.index(sup)
    assert clean(raw, [(start, start + len(sup))]).text == text


def test_what_is_cut_is_counted_by_reason():
    """Brackets and commas with the marks that they held."""
    assert clean(marked("was [{1}, {2}] and p<a> <b>.")).cuts == {"citation": 6, "footnote-mark": 3}


@given(st.text("aB é😀12.,;()[]–&{}<>~|# \n\t\xa0\u2009\u200b", max_size=60), st.data())
def test_every_run_stands_in_the_raw_text(template, data):
    """In order, each once, and nothing else but inserted spaces and placeholders."""
    raw = marked(template)
    ends = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    text, runs, cuts, breaks = clean(raw, list(zip(ends[::2], ends[1::2], strict=False)))
    for before, after in pairwise(runs):
        assert before.start + before.length <= after.start
        assert before.raw_start + before.length <= after.raw_start
    for start, length, raw_start in runs:
        piece, stretch = text[start : start + length], raw[raw_start : raw_start + length]
        assert piece == stretch or (piece == " " and stretch in "\t\r\n")
    assert not MARKS.search(text)
    assert text == text.strip()
    assert not re.search("[\\s\u200b]{2}", text)
    kept = sum(run.length for run in runs)
    assert kept + cuts.total() <= len(MARKS.sub("", raw))
    assert breaks == sorted(breaks)
    assert all(0 < at < len(text) and (text[at - 1] in " \ufffc(") for at in breaks)


@pytest.mark.parametrize(
    "raw",
    [
        "[",
        "(",
        "[,",
        "( ",
        "({1}; ",
        "(Smith, ",
        "(ref. ",
        "(and ",
        "{1},",
        ", {1}",
        "{",
        ", and",
        "in ({Li, 2001}) ",
    ],
)
def test_long_odd_text_is_cleaned_in_one_go(raw):
    """Backtracking over such a text would take longer than anyone can wait."""
    clean(marked(raw * 20_000))


def test_a_bracket_that_holds_superscripts_and_words_is_cleaned_in_one_go():
    """What has been cut already must not be read in more than one way."""
    citations = marked(", ".join(["{1}"] * 200))
    opening = "(for reviews see"
    raw = f"as shown {opening}{citations} for the mouse)."
    start = raw.index(citations)
    cleaned = clean(raw, [(start, start + len(citations))])
    assert cleaned.text == "as shown (for reviews see for the mouse)."


PARTS = [
    "(",
    "[",
    ")",
    "]",
    " ",
    ", ",
    "{1}",
    "{Smith, 2004}",
    "{2004}",
    "<a>",
    "see ",
    "Smith ",
    "x",
]


@settings(deadline=2000)
@given(st.lists(st.tuples(st.sampled_from(PARTS), st.booleans()), max_size=12), st.integers(1, 30))
def test_no_text_takes_long(parts, times):
    """Whatever stands in brackets, in superscripts or not."""
    raw, sups = "", []
    for part, is_sup in parts * times:
        if is_sup:
            sups.append((len(raw), len(raw) + len(marked(part))))
        raw += marked(part)
    clean(raw, sups)

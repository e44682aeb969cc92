"""Promises about bare superscripts: marks of footnotes go, and no other superscript does."""

import pytest
from lxml import etree

from tests.transforms.test_jats import check_promises, parse, source
from transforms.jats.footnotes import footnote_marks


def table(cells: str, foot: str = "", caption: str = "") -> list[str]:
    """The passages of a table; cells are parted by ``|``, notes by ``|`` too."""
    row = "".join(f"<td>{cell}</td>" for cell in cells.split("|"))
    notes = "".join(f"<p>{note}</p>" for note in foot.split("|"))
    xml = (
        f"<article><body><table-wrap><caption><p>{caption}</p></caption><table><tr>{row}</tr>"
        f"</table><table-wrap-foot>{notes}</table-wrap-foot></table-wrap></body></article>"
    )
    articles = parse(xml)
    check_promises(source(xml), articles)
    return articles[0].text.split("\n") if articles[0].text else []


@pytest.mark.parametrize(
    ("cell", "note", "shown"),
    [
        ("Weight<sup>a</sup>", "<sup>a</sup>Mean of 3.", ["Weight", "Mean of 3."]),
        ("Weight <sup>a, b</sup>", "<sup>a</sup>One;<sup>b</sup>Two", ["Weight", "One; Two"]),
        ("Fenol<sup>†</sup>", "n = 3. † Mean of 3.", ["Fenol", "n = 3. † Mean of 3."]),
        ("Fenol<sup>**</sup>", "*P &lt; 0.05", ["Fenol", "*P < 0.05"]),
        ("Smoking<sup>1</sup> (h)", "<sup>1</sup> Ever.", ["Smoking (h)", "Ever."]),
        ("<sup>2</sup>LC", "<sup>2</sup>Lethal dose", ["LC", "Lethal dose"]),
        ("Age", "<sup>a</sup>Trend<sup>b</sup>|<sup>b</sup>One", ["Age", "Trend", "One"]),
        ("Diet<sup>viii</sup>", "<sup>viii</sup>Of milk", ["Diet", "Of milk"]),
        ("12.3<sup>ab</sup> ± 2", "Means with a common superscript are like.", None),
        ("12.3<sup>a</sup>", "<sup>a</sup>Mean of 3.", ["Mean of 3."]),
    ],
)
def test_marks_of_a_tables_notes_go(cell, note, shown):
    """From the notes and the cells; a cell of nothing but a number is left out then."""
    assert table(cell, note) == ([note] if shown is None else shown)


@pytest.mark.parametrize(
    "cell",
    [
        "cells (10<sup>6</sup>)",
        "Area (m<sup>2</sup>)",
        "R<sup>2</sup> of BMI (kg/m<sup>2</sup>)",
        "Ca<sup>2+</sup> and OH<sup>−</sup>",
        "<sup>14</sup>C-glucose",
        "<sup>2</sup>H NMR",
        "<i>Kit<sup>W</sup></i> mice".replace("i>", "italic>"),
        "<italic>Pax6</italic><sup>Sey</sup>",
        "H-2<sup>b</sup> mice",
        "GFP<sup>+</sup> cells",
        "1<sup>st</sup> and n<sup>th</sup> day",
        "de<sup>bg</sup> mice",
        "10<sup>a</sup> cells",
        "Hoxd13<sup>gsh</sup> mice",
        "SK2<sup>T</sup> strain",
        "Hb<sup>W</sup> and Kit<sup>W</sup> mice",
    ],
)
def test_other_superscripts_of_cells_stay(cell):
    """Though the notes are numbered, and lettered, and one of them is W."""
    marks = list("abcdgsthnW26*")
    notes = "|".join(f"<sup>{mark}</sup>It is." for mark in marks)
    plain = cell
    for tag in ("sup", "italic"):
        plain = plain.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    assert table(cell, notes) == [plain, *["It is."] * len(marks)]


@pytest.mark.parametrize(
    ("note", "shown"),
    [
        ("<sup>14</sup>C was measured", "14C was measured"),
        ("<sup>1</sup>P &lt; 0.05", "P < 0.05"),
        ("<sup>−/−</sup> mice", "−/− mice"),
        ("<sup>*</sup>, <sup>**</sup> denote P &lt; 0.05", "*, ** denote P < 0.05"),
        ("<sup>a</sup>: mean", "a: mean"),
        ("Cells (10<sup>6</sup>), m<sup>2</sup>", "Cells (106), m2"),
        ("One; <sup>*</sup>two and <sup>†</sup>three", "One; two and three"),
    ],
)
def test_notes_lose_what_they_begin_with(note, shown):
    """Unless it is part of a word or of the sentence."""
    assert table("Weight", note) == ["Weight", shown]


def test_captions_refer_to_notes_too():
    """And without notes, no superscript is a mark."""
    note = "<sup>a</sup>At 30 °C"
    assert table("x", note, "NMR data<sup>a</sup>.") == ["NMR data.", "x", "At 30 °C"]
    assert table("Weight<sup>a</sup>", "Mean") == ["Weighta", "Mean"]


def test_legends_of_figures_refer_to_their_own_notes():
    """And alleles in them are none."""
    (article,) = parse(
        "<article><body><fig><caption><title>Scores<sup>a</sup> of <italic>a<sup>a</sup></italic>"
        " mice</title><p>Relevance<sup>b</sup> (n = 3). <sup>b</sup>Of 3. Area, m<sup>2</sup>"
        " at 4<sup>o</sup> and 4 <sup>o</sup>W</p>"
        "<p><sup>a</sup> Mean of 3.</p></caption></fig></body></article>"
    )
    assert article.text.split("\n") == [
        "Scores of aa mice",
        "Relevance (n = 3). Of 3. Area, m2 at 4o and 4 oW",
        "Mean of 3.",
    ]


def test_footnotes_and_figures_lose_the_marks_before_their_notes():
    """Isotopes at the start of a legend are none."""
    (article,) = parse(
        "<article><body><fig><caption><title><sup>15</sup>N NMR</title><p><sup>#</sup>P &lt; 0.05"
        "</p><p><sup>13</sup>C is shown</p></caption></fig></body><back><fn-group><fn><p>"
        "<sup>12</sup>Since we asked</p></fn></fn-group></back></article>"
    )
    assert article.text.split("\n") == ["15N NMR", "P < 0.05", "13C is shown", "Since we asked"]
    assert article.excluded == {"footnote-mark": 3}


@pytest.mark.parametrize("sup", ["ii,", "a ", "*", "ii", "a,!"])
def test_a_note_of_nothing_but_marks_is_read_in_one_go(sup):
    """Backtracking over it, or keeping what stands before each, would take forever."""
    foot = f"<sup>{sup * 20_000}</sup>" + f"<sup>{sup}</sup>" * 20_000
    assert len(parse(f"<article><body><fn><p>{foot}</p></fn></body></article>")) == 1


def test_a_legend_of_many_elements_is_read_in_one_go():
    """Copying what was read so far for each of them would take forever."""
    legend = "<sup>a</sup>" + "<i>p53 </i>" * 800_000
    figure = etree.fromstring(f"<fig><caption><p>{legend}</p></caption></fig>")
    assert len(footnote_marks(figure)) == 1


def test_marks_of_the_legends_of_supplements_go():
    """There the notes follow the caption, and no cell is near."""
    xml = (
        "<article><body><supplementary-material><caption><p>Contigs.</p><p><sup>c</sup>Protein "
        "encoded; <sup>14</sup>C counted.</p></caption></supplementary-material></body></article>"
    )
    (article,) = parse(xml)
    check_promises(source(xml), [article])
    assert article.text == "Contigs.\nProtein encoded; 14C counted."

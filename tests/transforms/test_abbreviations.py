"""An article's abbreviations, with the long forms beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.abbreviations import find_abbreviations


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Tumor necrosis factor (TNF) rose.", [("TNF", "Tumor necrosis factor")]),
        ("TNF (tumor necrosis factor) rose.", [("TNF", "tumor necrosis factor")]),
        ("polymerase chain reaction ( PCR; see Fig. 1)", [("PCR", "polymerase chain reaction")]),
        (
            "Parkinson's disease (PD) and L-dopa-induced dyskinesia [LID]",
            [("PD", "Parkinson's disease"), ("LID", "L-dopa-induced dyskinesia")],
        ),
        ("in mice (n = 5) and rats (see text)", []),
        ("of patients (PD) alone", []),
        ("the enzyme (", []),
        ("Heat shock protein (HSP", []),
    ],
)
def test_definitions(text, pairs):
    """As Schwartz and Hearst have them, in both orders; what is no definition is none."""
    found = find_abbreviations(text, [(0, len(text))])
    assert [(one.short, one.long) for one in found] == pairs


def test_both_forms_stand_in_one_sentence():
    """A long form in the sentence before is none."""
    text = "Tumor necrosis factor. (TNF) rose."
    assert find_abbreviations(text, [(0, 22), (23, len(text))]) == []


@given(st.text(alphabet="aAbBtT ()[];-1", max_size=60))
def test_forms_are_slices_of_the_text(text):
    """Offsets hold the forms, and the letters of the short one stand in the long one in order."""
    for one in find_abbreviations(text, [(0, len(text))]):
        assert text[one.start : one.end] == one.short
        assert text[one.long_start : one.long_end] == one.long
        letters = iter(one.long.lower())
        assert all(letter in letters for letter in one.short.lower() if letter.isalnum())

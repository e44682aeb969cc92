"""Spellings of one name share a key; names that differ do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.names import name_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Breast Cancer", "breast cancers"),
        ("TGF-β1", "TGF beta 1"),
        ("TGFβ1", "TGFbeta1"),
        ("interleukin-6", "Interleukin 6"),
        ("haemophilia", "hemophilia"),
        ("oesophageal tumour", "esophageal tumor"),
        ("metastases", "metastasis"),
        ("Parkinson's disease", "Parkinson disease"),
        ("Parkinson’s disease", "Parkinsons disease"),
        ("diabetes mellitus type II", "diabetes mellitus type 2"),
        ("café", "CAFE"),
        ("sulphate", "sulfate"),
        ("viruses", "virus"),
    ],
)
def test_spellings_of_a_name_share_a_key(one, other):
    """Case, Greek, hyphens, plurals, British spelling, Roman numerals, accents."""
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("IL-1", "IL-2"),
        ("type I", "type II"),
        ("hypotension", "hypertension"),
        ("TNF alpha", "TNF beta"),
        ("CD4", "CD40"),
        ("chlorite", "chloride"),
    ],
)
def test_other_names_have_other_keys(one, other):
    """A key is no coarser than the spellings that it is for."""
    assert name_key(one) != name_key(other)


@given(st.text(max_size=60))
def test_a_key_has_letters_and_digits_alone(name):
    """So a tab can stand before a key, and what has neither has no key."""
    assert name_key(name) == "" or name_key(name).isalnum()

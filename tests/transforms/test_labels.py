"""Labels are understood, and a sentence gets the likeliest sequence of them that makes sense."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.labels import (
    OUTSIDE,
    SURE,
    TOUCHING,
    best_sequence,
    outside_labels,
    probabilities,
    read_scheme,
)

IOB2 = ("O", "B-X", "I-X", "B-Y", "I-Y")
IOBES = ("I-X", "O", "B-X", "E-X", "S-X")
BIOS = ("O", "B-X", "I-X", "S-X", "S-Y")
IOE = ("O", "I-X", "E-X", "I-Y", "E-Y")
BILOU = ("O", "B-X", "L-X", "I-X", "U-X")
# Prefixes: what goes on with an entity, what may stand last in one, and first.
RULES = {
    IOB2: ({"B": "I", "I": "I"}, "BI", "B"),
    IOBES: ({"B": "IE", "I": "IE"}, "ES", "BS"),
    BIOS: ({"B": "I", "I": "I"}, "BIS", "BS"),
    IOE: ({"I": "IE"}, "E", "IE"),
    BILOU: ({"B": "IL", "I": "IL"}, "LU", "BU"),
}
LOGITS = st.lists(st.lists(st.floats(-4, 4), min_size=5, max_size=5), min_size=1, max_size=5).map(
    lambda rows: np.array(rows, np.float32)
)


def goes_on(left: str, right: str, labels: tuple[str, ...]) -> bool:
    """Whether a tag continues the entity of the one before: told by prefixes, unlike the code."""
    return left[1:] == right[1:] and right[0] in RULES[labels][0].get(left[0], "")


def makes_sense(tags: list[str], labels: tuple[str, ...]) -> bool:
    """Whether every entity is whole."""
    _, last, first = RULES[labels]
    return all(
        goes_on(left, right, labels) or (left[0] in last + "O" and right[0] in first + "O")
        for left, right in pairwise(["O", *tags, "O"])
    )


def worth(tags: list[str], labels: tuple[str, ...], scores: np.ndarray) -> float:
    """Log probability of a sequence, less what touching entities of one type cost."""
    logs = [np.log(float(row[labels.index(tag)])) for row, tag in zip(scores, tags, strict=True)]
    touching = sum(
        left[1:] == right[1:] and left != "O" and not goes_on(left, right, labels)
        for left, right in pairwise(tags)
    )
    return sum(logs) - TOUCHING * touching


@pytest.mark.parametrize(
    ("labels", "types"),
    [
        (("B-cell_line", "O", "I-cell_line"), ("cell_line", "", "cell_line")),
        (("O", "B-cell-type", "I-cell-type"), ("", "cell-type", "cell-type")),
        (("O", "gene", "cell-line"), ("", "gene", "cell-line")),
        (("O", "B-cell", "T-cell"), ("", "B-cell", "T-cell")),
        (("O", "B-X", "I-X", "MISC"), ("", "X", "X", "MISC")),
        (("O", "I-X", "I-Y"), ("", "X", "Y")),
        (("O", "B-B-cell", "I-B-cell"), ("", "B-cell", "B-cell")),
        (("O", "vitamin-B", "vitamin-E"), ("", "vitamin-B", "vitamin-E")),
        (("O", "B_cell", "T_cell"), ("", "B_cell", "T_cell")),
    ],
)
def test_a_type_keeps_its_hyphens(labels, types):
    """Transformers issue 23206: it cut a label without a prefix at its first hyphen."""
    assert read_scheme(labels).types == types


@pytest.mark.parametrize(
    ("labels", "types"),
    [
        (("B_DS", "I_DS", "O"), ("DS", "DS", "")),
        (("B:DS", "I:DS", "O"), ("DS", "DS", "")),
        (("b-DS", "i-DS", "o"), ("DS", "DS", "")),
        (("DS-B", "DS-I", "GP-B", "O"), ("DS", "DS", "GP", "")),
        (("DS_B", "DS_I", "OUT"), ("DS", "DS", "")),
        (("B-DS", "I-DS", "0"), ("DS", "DS", "")),
        (("B", "I", "O"), ("entity", "entity", "")),
        (("B-", "I-", "O"), ("entity", "entity", "")),
        (("O", "B-DS", "I-DS", "O"), ("", "DS", "DS", "")),
        (("[CLS]", "B-DS", "I-DS", "O", "[SEP]"), ("", "DS", "DS", "", "")),
    ],
)
def test_labels_are_understood_however_they_are_written(labels, types):
    """A type is never empty, a B begins an entity, and no label for nothing is an entity."""
    scheme = read_scheme(labels)
    assert scheme.types == types
    assert labels[scheme.outside] in OUTSIDE
    begins = [label for label, begins in zip(labels, scheme.begins, strict=True) if begins]
    assert begins == [label for label in labels if "B" in label.upper()]


@pytest.mark.parametrize("labels", [("LABEL_0", "LABEL_1"), ("B-X", "I-X"), ("[CLS]", "B", "I")])
def test_nothing_says_what_is_outside(labels):
    """Such a model is refused when it is loaded."""
    assert not outside_labels(labels)


@pytest.mark.parametrize("labels", RULES)
@given(logits=LOGITS)
def test_no_sequence_that_makes_sense_is_likelier(labels, logits):
    """Against every sequence there is, of words of which none is sure to be outside."""
    scores = probabilities(logits)
    best = [labels[label] for label in best_sequence(scores, labels)]
    assert makes_sense(best, labels)
    if (scores[:, labels.index("O")] < SURE).all():
        others = map(list, product(labels, repeat=len(scores)))
        top = max(worth(tags, labels, scores) for tags in others if makes_sense(tags, labels))
        assert worth(best, labels, scores) == pytest.approx(top, abs=1e-5)


@given(LOGITS)
def test_labels_that_make_sense_each_by_itself_are_kept(logits):
    """The likeliest of all sequences needs no search if it is allowed."""
    scores = probabilities(logits)
    alone = scores.argmax(axis=1)
    tags = [IOB2[label] for label in alone]
    touch = any(b[0] == "B" and a[1:] == b[1:] for a, b in pairwise(tags))
    if makes_sense(tags, IOB2) and not touch:
        assert best_sequence(scores, IOB2).tolist() == alone.tolist()


@pytest.mark.parametrize("labels", [("O", "W", "X", "Y", "Z"), ("O", "I-W", "I-X", "I-Y", "I-Z")])
@given(logits=LOGITS)
def test_labels_without_beginnings_are_kept(labels, logits):
    """There is no sequence that they could break."""
    scores = probabilities(logits)
    assert best_sequence(scores, labels).tolist() == scores.argmax(axis=1).tolist()


def test_a_word_that_is_sure_to_be_outside_is_outside():
    """Whatever its neighbour would have it be."""
    scores = np.array([[0.995, 0.005, 0.0], [0.0, 1e-9, 1.0]], np.float32)
    assert best_sequence(scores, ("O", "B-X", "I-X")).tolist() == [0, 1]

"""Doubtful entities are left out where that makes the rest better."""

from models.train.score import best_threshold, entity_confidence, without_doubtful

LABELS = ["B-GP", "I-GP", "O", "B-DS", "O", "B-CD"]
SCORES = [0.7, 0.6, 0.3]  # of the entities


def test_an_entity_goes_whole_or_stays_whole():
    """What is outside stays so."""
    kept = without_doubtful([LABELS], [SCORES], 0.65)
    assert kept == [["B-GP", "I-GP", "O", "O", "O", "O"]]
    assert without_doubtful([LABELS], [SCORES], 0.0) == [LABELS]


def test_confidence_is_told_for_the_corpus_types_alone():
    """CD is not annotated here, so nothing is said of it."""
    gold = ["B-GP", "I-GP", "O", "O", "O", "O"]
    found = entity_confidence([gold], [LABELS], [SCORES], {"GP", "DS"})
    assert found == [(0.7, True), (0.6, False)]


def test_the_threshold_is_the_one_of_the_best_f1():
    """Below 0.5 two of three are wrong: without them F1 is 4 of 5, with them 6 of 9."""
    confidence = [(0.9, True), (0.8, True), (0.45, True), (0.44, False), (0.43, False)]
    assert best_threshold(confidence, 3, (0.0, 0.5)) == 0.5
    assert best_threshold(confidence, 3, (0.0, 0.445)) == 0.445
    assert best_threshold([(0.9, True)], 1, (0.0, 0.5)) == 0.0

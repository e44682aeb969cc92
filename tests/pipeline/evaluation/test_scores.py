"""Scores are those of the field's libraries; errors say what went wrong."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.gold import Mention, tagged_spans

pytest.importorskip("nervaluate", reason="scoring needs the extra [evaluate]")

from pipeline.evaluation.scores import clusters, find_errors, score

GP, DS = "GP", "DS"
LABELS = ["O", "O", "B-GP", "I-GP", "B-DS", "I-DS", "B-CD"]
pairs = st.integers(1, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.sampled_from(LABELS), min_size=n, max_size=n)] * 2)
)
mentions = st.lists(
    st.builds(
        lambda start, length, kind: Mention(start, start + length, kind),
        st.integers(0, 20),
        st.integers(1, 6),
        st.sampled_from([GP, DS]),
    ),
    max_size=8,
)


def spans(tags):
    """Mentions of a tagged sequence whose tokens are one character each."""
    return [Mention(first, last + 1, kind) for first, last, kind in tagged_spans(tags)]


@settings(deadline=None)
@given(st.lists(pairs, min_size=1, max_size=5))
def test_strict_scores_are_seqevals(sequences):
    """By type and micro, whatever the tags, also where an I- follows no B-."""
    seqeval = pytest.importorskip("seqeval.metrics", reason="compares with seqeval")
    gold, predicted = [list(side) for side in zip(*sequences, strict=True)]
    types = sorted({tag[2:] for tags in gold for tag in tags if tag != "O"})
    if not types:
        return
    own = [[tag if tag[2:] in types else "O" for tag in tags] for tags in predicted]
    report = seqeval.classification_report(gold, own, output_dict=True, zero_division=0)
    own_spans, gold_spans = ([spans(tags) for tags in side] for side in (predicted, gold))
    strict = score(gold_spans, own_spans, types, resamples=2)["strict"]
    for name, its in {**strict.types, "micro avg": strict.micro}.items():
        assert (its.precision, its.recall, its.f1, its.support) == pytest.approx(
            tuple(report[name][key] for key in ("precision", "recall", "f1-score", "support"))
        )


@settings(deadline=None)
@given(mentions, mentions)
def test_strict_counts_what_is_in_both_even_if_mentions_nest(gold, predicted):
    """A prediction never loses its own gold mention to a neighbour."""
    strict = score([gold], [predicted], [GP, DS])["strict"]
    right = len(set(gold) & set(predicted))
    assert strict.micro.support == len(set(gold))
    assert strict.micro.recall == pytest.approx(right / len(set(gold)) if gold else 0)
    assert strict.micro.precision == pytest.approx(right / len(set(predicted)) if predicted else 0)


@settings(deadline=None)
@given(mentions, mentions)
def test_a_looser_match_is_never_worse(gold, predicted):
    """Whatever is strictly right is right by its boundaries, and by its type."""
    by_name = {name: its.micro.f1 for name, its in score([gold], [predicted], [GP, DS]).items()}
    assert by_name["strict"] <= by_name["overlap"] + 1e-9
    assert by_name["strict"] <= by_name["exact"] + 1e-9


def test_each_matching_by_hand():
    """A wrong boundary, a wrong type, a right mention, a missed and an invented one."""
    gold = [[Mention(0, 10, GP), Mention(20, 25, DS), Mention(30, 35, GP), Mention(40, 45, DS)]]
    found = [[Mention(0, 5, GP), Mention(20, 25, GP), Mention(30, 35, GP), Mention(60, 65, DS)]]
    result = score(gold, found, [DS, GP])
    f1 = {name: matching.micro.f1 for name, matching in result.items()}
    assert f1 == pytest.approx(
        {"strict": 1 / 4, "exact": 2 / 4, "overlap": 2 / 4, "partial": 2.5 / 4}
    )
    assert result["overlap"].types[GP].precision == pytest.approx(2 / 3)
    assert result["overlap"].types[GP].recall == 1
    assert result["overlap"].types[DS].f1 == 0
    assert (result["strict"].types[GP].support, result["strict"].types[GP].predicted) == (2, 3)
    assert result["exact"].types == {}


def test_types_that_are_not_scored_are_on_neither_side():
    """A type that a corpus does not annotate is unknown there, not absent."""
    result = score([[Mention(0, 3, GP)]], [[Mention(0, 3, GP), Mention(5, 8, DS)]], [GP])
    assert result["strict"].micro.f1 == 1
    assert list(result["strict"].types) == [GP]


def test_intervals_hold_the_score_and_are_the_same_again():
    """The bootstrap draws the same documents each time."""
    gold = [[Mention(0, 3, GP)] for _ in range(30)]
    found = [[Mention(0, 3, GP)] if number % 3 else [] for number in range(30)]
    first, again = (score(gold, found, [GP])["strict"].micro for _ in range(2))
    assert first == again
    low, high = first.intervals["recall"]
    assert 0.4 < low < first.recall < high < 0.9
    assert first.intervals["precision"] == (1, 1)


def test_one_document_has_no_interval():
    """There is nothing to draw from."""
    assert score([[Mention(0, 3, GP)]], [[]], [GP])["strict"].micro.intervals is None


@given(mentions, mentions)
def test_clusters_share_no_text_and_hold_every_mention_once(gold, predicted):
    """So that matching by cluster is matching by document."""
    found = clusters(gold, predicted, [GP, DS])
    assert sorted(m for theirs, _ in found for m in theirs) == sorted(set(gold))
    assert sorted(m for _, ours in found for m in ours) == sorted(set(predicted))
    ends = [(min(m.start for m in [*a, *b]), max(m.end for m in [*a, *b])) for a, b in found]
    assert all(one[1] <= other[0] for one, other in pairwise(ends))


def test_errors_by_kind():
    """Missed, invented, wrong type, wrong boundary; in the order of the text."""
    gold = [[], [Mention(0, 10, GP), Mention(20, 25, DS), Mention(30, 35, GP), Mention(40, 45, DS)]]
    found = [
        [Mention(1, 2, GP)],
        [Mention(0, 5, GP), Mention(20, 25, GP), Mention(30, 35, GP)],
    ]
    assert [tuple(error) for error in find_errors(gold, found, [GP, DS])] == [
        ("invented", 0, None, Mention(1, 2, GP)),
        ("wrong boundary", 1, Mention(0, 10, GP), Mention(0, 5, GP)),
        ("wrong type", 1, Mention(20, 25, DS), Mention(20, 25, GP)),
        ("missed", 1, Mention(40, 45, DS), None),
    ]


@given(mentions, mentions)
def test_errors_and_right_mentions_account_for_every_mention(gold, predicted):
    """No mention is in two errors, none is forgotten."""
    errors = list(find_errors([gold], [predicted], [GP, DS]))
    right = set(gold) & set(predicted)
    assert sorted(e.gold for e in errors if e.gold) == sorted(set(gold) - right)
    assert sorted(e.predicted for e in errors if e.predicted) == sorted(set(predicted) - right)

"""Two renderings of a text: what is in both is aligned, and only what differs is lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluation.align import align, map_span

texts = st.text(st.sampled_from("ab β1-,.\n🐭é"), max_size=120)
# Words that occur once, as most words beside their neighbours do in an article.
passages = st.lists(st.integers(3, 30), min_size=1, max_size=8)


def lost(source: str, places: list[int]) -> list[int]:
    """Characters without a place, white space aside."""
    return [at for at, place in enumerate(places) if place < 0 and not source[at].isspace()]


@given(texts)
def test_an_unchanged_text_is_aligned_to_itself(text):
    """Also one that repeats itself."""
    places = align(text, text)
    assert lost(text, places) == []
    assert all(place in (-1, at) for at, place in enumerate(places))


@given(texts, texts)
def test_a_place_holds_the_same_character_and_is_given_once(source, target):
    """Whatever the texts."""
    places = align(source, target)
    assert len(places) == len(source)
    taken = [place for place in places if place >= 0]
    assert len(taken) == len(set(taken))
    assert all(target[place] == source[at] for at, place in enumerate(places) if place >= 0)


@given(texts)
def test_white_space_does_not_matter(text):
    """Renderings break lines where they like."""
    spread = " ".join(text.split(" ")).replace("\n", "\n\n ")
    assert lost(text, align(text, spread)) == []


@given(texts, st.data())
def test_one_edit_loses_only_the_words_it_touches(text, data):
    """Even in a text that repeats itself so much that it has no anchors."""
    words = text.split()
    if not words:
        return
    at = data.draw(st.integers(0, len(words) - 1))
    source = " ".join(words)
    target = " ".join([*words[:at], "✂", *words[at + 1 :]])
    start = len(" ".join(words[:at])) + (at > 0)
    touched = range(start, start + len(words[at]))
    assert set(lost(source, align(source, target))) <= set(touched)


@settings(max_examples=50)
@given(passages, st.randoms(use_true_random=False))
def test_moved_and_missing_passages_lose_nothing_else(lengths, chance):
    """Captions stand elsewhere, tables are left out, references come in."""
    number = iter(range(10_000))
    lines = [" ".join(f"w{next(number)}" for _ in range(length)) for length in lengths]
    kept = [line for line in lines if chance.random() < 0.8]
    moved = [*kept, " ".join(f"new{next(number)}" for _ in range(20))]
    chance.shuffle(moved)
    source, target = "\n".join(lines), "\n".join(moved)
    places = align(source, target)
    start = 0
    for line in lines:
        mapped = map_span(places, start, start + len(line))
        if line in kept:
            assert target[mapped[0] : mapped[1]] == line
        else:
            assert mapped is None
        start += len(line) + 1


def test_rewording_keeps_the_characters_in_common():
    """A subscript set apart is the same name."""
    source, target = "The Car2n allele is null", "The Car2 n allele is null"
    assert lost(source, align(source, target)) == []
    start = source.index("Car2n")
    assert map_span(align(source, target), start, start + 5) == (4, 10)


def test_wordings_that_share_an_end_are_not_the_same():
    """A number at the end is no reason to take one line for another."""
    source = "sham w13"
    assert len(lost(source, align(source, "new v43"))) == 7


def test_unrelated_texts_are_not_aligned_by_their_small_words():
    """Every text has "the" and "of"."""
    source = " ".join(f"s{at} the of s{at} in" for at in range(50))
    target = " ".join(f"of t{at} in the t{at}" for at in range(50))
    assert len(lost(source, align(source, target))) >= 0.95 * len(source.replace(" ", ""))


def test_a_span_in_two_places_is_no_span():
    """Nor is one without a known character."""
    assert map_span([9, 10, 2, 3], 0, 4) is None
    assert map_span([-1, 5, -1], 0, 3) == (5, 6)
    assert map_span([-1, -1], 0, 2) is None


def test_names_between_citations_are_kept_where_the_citations_are_left_out():
    """As our text leaves them out, and other renderings do not."""
    source = "Probes were Amh [58], Dhh [20], Wnt4 [8], and Fgf9 [59]."
    target = "Probes were Amh, Dhh, Wnt4, and Fgf9."
    places = align(source, target)
    for name in ("Amh", "Dhh", "Wnt4", "Fgf9"):
        start = source.index(name)
        mapped = map_span(places, start, start + len(name))
        assert target[mapped[0] : mapped[1]] == name

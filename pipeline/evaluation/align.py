"""Two renderings of one article in, for each character of one its place in the other.

Renderings differ in what they leave out, in where they put captions and notes, and in a few
characters. So words are matched, not lines, and blocks may have moved::

    source   Title  Abstract  Fig. 1 caption   text goes on   References
    target   Title  Abstract  text goes on   Fig. 1 caption

First what both texts begin and end with; then every run of ``ANCHOR_WORDS`` words that occurs once
in each, extended as far as the words agree; then the gaps between neighbours, which are small, by
difflib; at last shorter runs among what is left. All but the gaps is linear in the texts' length.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

ANCHOR_WORDS = (8, 3)
# A gap whose texts share less than half of their words, while neither is the other with something
# left out (citation marks, often), is two different texts: there only runs of words are believed.
SHORTEST_RUN = 3
MOST_LEFT_OUT = 10  # times the words that stay
# Words that differ in a few characters ("Car2n", "Car2 n") are matched by their characters.
LONGEST_REWORDING = 8

_WORD = re.compile(r"\w+|[^\w\s]")


def align(source: str, target: str) -> list[int]:
    """The place in ``target`` of every character of ``source``; -1 for white space and the lost.

    A place is given to one character only, and holds the same character.

    >>> align("a new gene", "new gene")
    [-1, -1, 0, 1, 2, -1, 4, 5, 6, 7]
    """
    return _Aligner(source, target).run()


def map_span(places: Sequence[int], start: int, end: int) -> tuple[int, int] | None:
    """A span of the source as a span of the target: from its first to its last known character.

    None if no character is known, or if they stand in different places of the target.
    """
    known = [place for place in places[start:end] if place >= 0]
    if not known or known != sorted(known) or known[-1] - known[0] >= 2 * (end - start):
        return None
    return known[0], known[-1] + 1


class _Aligner:
    """The words of both texts, and which word of the target each word of the source is."""

    def __init__(self, source: str, target: str) -> None:
        self.source, self.target = source, target
        self.source_spans = [match.span() for match in _WORD.finditer(source)]
        self.target_spans = [match.span() for match in _WORD.finditer(target)]
        self.source_words = [source[start:end] for start, end in self.source_spans]
        self.target_words = [target[start:end] for start, end in self.target_spans]
        self.word_of = [-1] * len(self.source_words)
        self.taken = [False] * len(self.target_words)
        self.places = [-1] * len(source)

    def run(self) -> list[int]:
        self._extend(-1, -1, 1)
        self._extend(len(self.source_words), len(self.target_words), -1)
        for size in ANCHOR_WORDS:
            for at, other in self._anchors(size):
                if self.word_of[at] < 0 and not self.taken[other]:
                    self._join(at, other)
                    self._extend(at, other, 1)
                    self._extend(at, other, -1)
            for gap in list(self._gaps()):
                self._fill(*gap)
        for (start, end), word in zip(self.source_spans, self.word_of, strict=True):
            if word >= 0:
                self.places[start:end] = range(*self.target_spans[word])
        return self.places

    def _join(self, at: int, other: int) -> None:
        self.word_of[at] = other
        self.taken[other] = True

    def _extend(self, at: int, other: int, step: int) -> None:
        """Joins the words next to a joined pair, in one direction, while they are the same."""
        at, other = at + step, other + step
        while (
            0 <= at < len(self.source_words)
            and 0 <= other < len(self.target_words)
            and self.word_of[at] < 0
            and not self.taken[other]
            and self.source_words[at] == self.target_words[other]
        ):
            self._join(at, other)
            at, other = at + step, other + step

    def _anchors(self, size: int) -> Iterator[tuple[int, int]]:
        """Where runs of free words begin that occur once in each text."""
        ours = _unique_runs(self.source_words, [word >= 0 for word in self.word_of], size)
        theirs = _unique_runs(self.target_words, self.taken, size)
        return ((at, theirs[run]) for run, at in ours.items() if run in theirs)

    def _gaps(self) -> Iterator[tuple[int, int, int, int]]:
        """Stretches of free words between the same neighbours in both texts."""
        start, before = 0, -1
        ends = [*self.word_of, len(self.target_words)]
        for end, after in enumerate(ends):
            if after < 0:
                continue
            if end > start and after > before + 1 and not any(self.taken[before + 1 : after]):
                yield start, end, before + 1, after
            start, before = end + 1, after

    def _fill(self, start: int, end: int, other_start: int, other_end: int) -> None:
        ours = self.source_words[start:end]
        theirs = self.target_words[other_start:other_end]
        matcher = SequenceMatcher(None, ours, theirs)
        blocks = matcher.get_matching_blocks()
        shared = sum(block.size for block in blocks)
        shorter, longer = sorted((len(ours), len(theirs)))
        alike = 2 * shared >= longer or (shared == shorter and longer <= MOST_LEFT_OUT * shorter)
        for block in blocks:
            if alike or block.size >= SHORTEST_RUN:
                for step in range(block.size):
                    self._join(start + block.a + step, other_start + block.b + step)
        for kind, low, high, other_low, other_high in matcher.get_opcodes():
            if kind == "replace" and max(high - low, other_high - other_low) <= LONGEST_REWORDING:
                self._fill_characters(
                    self.source_spans[start + low : start + high],
                    self.target_spans[other_start + other_low : other_start + other_high],
                )

    def _fill_characters(
        self, ours: Sequence[tuple[int, int]], theirs: Sequence[tuple[int, int]]
    ) -> None:
        """Joins the characters that two wordings begin and end with, white space aside.

        Wordings that share less than half of the shorter one are two, not one.
        """
        here = [at for span in ours for at in range(*span)]
        there = [at for span in theirs for at in range(*span)]
        low, shorter = 0, min(len(here), len(there))
        while low < shorter and self.source[here[low]] == self.target[there[low]]:
            low += 1
        high = 0
        while (
            high < shorter - low and self.source[here[-1 - high]] == self.target[there[-1 - high]]
        ):
            high += 1
        if 2 * (low + high) < shorter:
            return
        ends = [*range(low), *range(-high, 0)]
        for end in ends:
            self.places[here[end]] = there[end]


def _unique_runs(
    words: Sequence[str], taken: Sequence[bool], size: int
) -> dict[tuple[str, ...], int]:
    """Runs of free words that occur once, and where."""
    first: dict[tuple[str, ...], int] = {}
    again = set()
    free = 0
    for end, is_taken in enumerate(taken, 1):
        free = 0 if is_taken else free + 1
        if free >= size:
            run = tuple(words[end - size : end])
            if run in first:
                again.add(run)
            first[run] = end - size
    return {run: at for run, at in first.items() if run not in again}

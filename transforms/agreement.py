"""An article agrees with itself: a name has one type, wherever it stands.

A token classifier reads sentence by sentence. So within one article it calls a name a disease here
and a chemical there, and misses it in a third place. Four rules mend that, from the mentions of one
model in one article alone:

- A name has the type for which the sum of its mentions' scores is greatest.
- A short form that the article defines shares the type of its long form. It is a mention wherever
  it stands if the long form is one; an acronym of what the model takes for no name is none.
- A name that is found often enough is a mention wherever else it stands as whole words.
- A name that is found almost nowhere that it stands is no name.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import numpy as np

from transforms.abbreviations import Abbreviation
from transforms.records import Found, Mention, Sentence

# Shares of a name's places in which the model found it: from ENOUGH on its other places count too,
# below FEW its mentions go. Chosen, as the rest, on 31 articles of CRAFT that the embedded model
# had not read, and on 60 passages of full text.
ENOUGH = 0.4
FEW = 0.3
LEAST_FOUND = 2  # one mention does not speak for other places
LEAST_MISSED = 3  # one or two misses do not speak against a name
SHORT = 4  # characters of a name in which case counts: CAT is no cat

_LETTERS = re.compile(r"[^\W_]+")

Span = tuple[int, int]


def agree(
    text: str,
    sentences: Sequence[Sentence],
    mentions: Sequence[Mention],
    abbreviations: Iterable[Abbreviation],
) -> list[Mention]:
    """Returns the mentions of one model in one article, made to agree, in the order of the text.

    Args:
        text: the article's text.
        sentences: of the article, in order.
        mentions: of one model, without overlap.
        abbreviations: that the article defines. The first definition of a short form counts.

    Returns:
        The mentions that stay, each with the type of its name, and new ones, whose ``found`` is
        ``repeat`` or ``abbreviation``. A score is lowered to the share of the evidence that speaks
        for it: of the votes for the type, and of the places where the name was found.
    """
    names: defaultdict[str, list[Mention]] = defaultdict(list)
    for mention in mentions:
        names[name_key(text[mention.start : mention.end])].append(mention)
    longs = _defined_names(names, mentions, abbreviations)
    votes = _vote(names, longs)
    taken = bytearray(len(text))
    for mention in mentions:
        taken[mention.start : mention.end] = b"\1" * (mention.end - mention.start)

    agreed: list[Mention] = []
    found: Found
    defined = {*longs, *longs.values()}
    lower = _lower(text)
    for key in sorted(names.keys() | longs.keys(), key=lambda key: (-len(key), key)):
        own = names.get(key, [])
        others = [
            (start, end)
            for start, end in _find_whole(text if _counts_case(key) else lower, key)
            if not any(taken[start:end])
        ]
        share = len(own) / max(len(own) + len(others), 1)
        if key not in defined and share < FEW and len(others) >= LEAST_MISSED:
            continue
        type_, support = votes[key]
        agreed += [_rescored(mention, type_, mention.score * support) for mention in own]
        if key in defined:
            evidence, found, share = names[longs.get(key, key)], "abbreviation", 1.0
        elif len(own) >= LEAST_FOUND and share >= ENOUGH:
            evidence, found = own, "repeat"
        else:
            continue
        score = support * share * sum(mention.score for mention in evidence) / len(evidence)
        for start, end in others:
            number = _sentence_of(sentences, start, end)
            if number is not None:
                taken[start:end] = b"\1" * (end - start)
                new = evidence[0]._replace(start=start, end=end, sentence=number, found=found)
                agreed.append(_rescored(new, type_, score))
    return sorted(agreed, key=attrgetter("start", "end"))


def name_key(name: str) -> str:
    """Returns a name as names are compared: case counts in short ones and in capitals alone.

    >>> name_key("Breast cancer"), name_key("CAT"), name_key("TNF-alpha")
    ('breast cancer', 'CAT', 'tnf-alpha')
    """
    return name if _counts_case(name) else _lower(name)


def _counts_case(name: str) -> bool:
    return len(name) <= SHORT or name.isupper()


def _lower(text: str) -> str:
    """Returns the text in lower case, with every character in its place."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _defined_names(
    names: dict[str, list[Mention]],
    mentions: Sequence[Mention],
    abbreviations: Iterable[Abbreviation],
) -> dict[str, str]:
    """Returns the long forms that are names, by their short forms; removes acronyms of others."""
    definitions: dict[str, Abbreviation] = {}
    for abbreviation in abbreviations:
        definitions.setdefault(name_key(abbreviation.short), abbreviation)
    ends = {mention.end for mention in mentions}
    longs: dict[str, str] = {}
    for short, definition in definitions.items():
        long = name_key(definition.long)
        if long in names:
            longs[short] = long
        elif definition.long_end not in ends and _is_acronym(definition):
            names.pop(short, None)
    return {short: long for short, long in longs.items() if long in names}


def _is_acronym(definition: Abbreviation) -> bool:
    """Returns whether the short form has the initials of the long form's words, and no more."""
    initials = "".join(word[0] for word in _LETTERS.findall(definition.long))
    return initials.lower() == "".join(_LETTERS.findall(definition.short)).lower()


def _vote(
    names: Mapping[str, Sequence[Mention]], longs: Mapping[str, str]
) -> dict[str, tuple[str, float]]:
    """Returns each name's type, and its share of the votes; short and long forms vote together."""
    votes: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for key, mentions in names.items():
        for mention in mentions:
            votes[_longest(key, longs)][mention.type] += mention.score
    winners = {}
    for key in names.keys() | longs.keys():
        by_type = votes[_longest(key, longs)]
        winner = max(sorted(by_type), key=by_type.__getitem__)
        total = sum(by_type.values())
        winners[key] = winner, by_type[winner] / total if total else 1.0
    return winners


def _longest(name: str, longs: Mapping[str, str]) -> str:
    """Returns the long form of a name, which may be short for another; else the name itself."""
    seen = {name}
    while (name := longs.get(name, name)) not in seen:
        seen.add(name)
    return name


def _find_whole(text: str, name: str) -> Iterator[Span]:
    """Yields where a name stands in a text as whole words."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not (
            _is_one_word(text[max(start - 1, 0) : start], name[0])
            or _is_one_word(name[-1], text[end : end + 1])
        ):
            yield start, end
        start = text.find(name, end)


def _is_one_word(left: str, right: str) -> bool:
    """Returns whether two neighbours, either of which may be missing, belong to one word."""
    return left.isalnum() and right.isalnum()


def _sentence_of(sentences: Sequence[Sentence], start: int, end: int) -> int | None:
    """Returns the number of the sentence that holds a place whole; None if none does."""
    number = bisect_right(sentences, start, key=attrgetter("start")) - 1
    return number if number >= 0 and end <= sentences[number].end else None


def _rescored(mention: Mention, type_: str, score: float) -> Mention:
    return mention._replace(type=type_, score=float(np.float32(score)))

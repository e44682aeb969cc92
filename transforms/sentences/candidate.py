"""A terminator that may end a sentence, and what stands around it."""

import re
from functools import cached_property

from transforms.sentences.words import (
    BEFORE_NUMBER,
    BEFORE_PERSON,
    EITHER,
    INSIDE,
    LETTERED,
    STARTERS,
)

_ABBREVIATION = re.compile(r"(?<![A-Za-z.\d])[A-Za-z.]+\Z")
_INITIALS = re.compile(r"(?:[A-Z]\.-?)*[A-Z]")
_ITEM_NUMBER = re.compile(r"(?:\d{1,2}|[ivx]{1,5}|[a-h])\)?")
_RATIO = re.compile(r"\d ?:\Z")  # "2 : 1"
_LETTER_IN_LIST = re.compile(r"\d{0,3}[A-Za-z],?")
_FIRST_WORD = re.compile(r"[\W_]{0,8}(\w{0,24})([.,–-]?)")


class Candidate:
    """A terminator in a passage.

    Attributes:
        text: the passage.
        start: where the sentence begins that may end here.
        stop: where the terminator stands.
        following: where the next word begins.
        glued: the next word, if no space parts it from the terminator, or "".
        superscript: numbers of citations between the terminator and the space, or "".
        words: the last words of the sentence, without the terminator.
        word: the last of them without what opens it, or "".
        opening: the first character of what follows.
    """

    def __init__(self, text: str, start: int, match: re.Match[str]) -> None:
        self.text = text
        self.start = start
        self.stop, self.following = match.span()
        self.glued = match["glued"] or ""
        self.superscript = match["superscript"] or ""
        self.words = text[max(start, self.stop - 40) : self.stop].split()
        self.word = self.words[-1].lstrip("([{\"'“‘#") if self.words else ""
        self.opening = text[self.following]

    @property
    def is_full_stop(self) -> bool:
        """Whether it is neither a question mark nor another terminator."""
        return self.text[self.stop] == "."

    @property
    def closes_bracket(self) -> bool:
        """Whether a bracket is closed right behind it."""
        return self.text[self.stop + 1] == ")"

    @cached_property
    def key(self) -> str:
        """The last word as abbreviations are listed, or "" if it cannot be one."""
        found = _ABBREVIATION.search(self.word)
        key = found.group() if found else ""
        return key if key.isupper() or key in INSIDE else key.lower()

    @cached_property
    def _next(self) -> tuple[str, str]:
        found = _FIRST_WORD.match(self.text, self.following)
        return (found[1], found[2]) if found else ("", "")

    @property
    def name(self) -> str:
        """The first word of what follows, without what opens it."""
        return self._next[0]

    @property
    def mark(self) -> str:
        """The full stop, comma or dash right behind ``name``, or ""."""
        return self._next[1]

    @property
    def is_starter(self) -> bool:
        """Whether a word follows that opens sentences and is no name."""
        begins_code = self.name == "A" and self.mark in {"–", "-"}  # "cat. no. A-11122"
        return self.name in STARTERS and self.mark != "." and not begins_code

    @property
    def is_abbreviation(self) -> bool:
        """Whether the last word is listed as one that rarely ends a sentence."""
        return self.key in EITHER or self.key in BEFORE_NUMBER

    @property
    def are_initials(self) -> bool:
        """Whether the last word consists of capitals with full stops between them."""
        return _INITIALS.fullmatch(self.word) is not None and self.key not in EITHER

    @property
    def is_plain(self) -> bool:
        """Whether the last word is neither an unknown abbreviation nor the initial of a species."""
        word = self.word
        if len(word) < 3 or word[0].isupper() or re.search(r"[A-Za-z]\.", word):
            return False
        return word[-2].isalnum() or not word[-1].isalpha()

    @property
    def is_item_number(self) -> bool:
        """Whether the last word numbers an item of a list within a sentence: "; 2. Mice"."""
        if len(self.words) < 2:
            return False
        number = self.words[-1].removeprefix("(")
        if _RATIO.search(" ".join(self.words[-3:-1])):
            return False
        in_brackets = number != self.words[-1] and not number.endswith(")")
        opens = self.words[-2][-1] in ";:" or in_brackets
        return opens and _ITEM_NUMBER.fullmatch(number) is not None

    @property
    def is_linnaeus(self) -> bool:
        """Whether the last word is the author of a species: "Picea abies L. (spruce)"."""
        if len(self.words) < 3 or self.words[-1] != "L":
            return False
        return self.words[-2].islower() and self.words[-3].lstrip("(")[:1].isupper()

    @property
    def is_class_letter(self) -> bool:
        """Whether the last word, one capital, names a kind ("kappa B"), not a person."""
        if len(self.words) < 2 or len(self.words[-1]) > 1:
            return False
        previous = self.words[-2]
        if previous.lower() in LETTERED or _LETTER_IN_LIST.fullmatch(previous):
            return True
        if previous in {"and", "or"} and len(self.words) > 2:
            return _LETTER_IN_LIST.fullmatch(self.words[-3]) is not None
        if previous.istitle() or previous in BEFORE_PERSON:
            return False
        return previous.rstrip(")")[-1:].isalnum()

    def follows(self, pattern: re.Pattern[str]) -> bool:
        """Whether what follows begins as a pattern says."""
        return pattern.match(self.text, self.following) is not None

    def is_in_bracket(self, within: int) -> bool:
        """Whether a bracket has been opened so shortly before and not closed."""
        depth = 0
        for char in reversed(self.text[max(self.start, self.stop - within) : self.stop]):
            if char in "([":
                if not depth:
                    return True
                depth -= 1
            elif char in ")]":
                depth += 1
        return False

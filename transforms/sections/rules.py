"""The rules for titles and statements, read from files that a curator can sort, compare and change.

``titles.tsv`` has a regular expression a row, for a whole title in the form that ``normalise``
gives it: lower case, no accents, apostrophes, numbering or final punctuation, "and" for "&". Of the
rows with the same ``when``, the first that matches counts; ``code`` is empty where a title tells
nothing itself. The column ``when`` says where the row holds:

===========  =====================================================================================
always       whatever stands above the title
outside      the same, but in the main line (introduction to conclusions) it is a topic
supplement   the same, but in a supplement it is a part of it
alone        if the text below is about that alone; else ``OTHER``
disclosure   if the text below does not say otherwise
statement    the text below tells what the title does not
untitled     the same as no title
joined       a part of a longer title that counts whatever the other parts are
abstract     in an abstract only
figure       the type or the label of a figure
type         a type of an element (``sec-type``, ``fn-type`` ...) that is not the words of a title
case report  in case reports, where nothing above tells
hint         where nothing above tells
research     the same, in articles that report research
topic        a topic, also in the place of the results
===========  =====================================================================================

``statements.tsv`` has expressions to be found anywhere in the text of an untitled block.

Each row has an example, for which the tests prove that this row is needed.
"""

import csv
import re
from importlib.resources import files
from typing import NamedTuple


class Rule(NamedTuple):
    """One row of ``titles.tsv``."""

    code: str
    when: str
    pattern: str
    example: str


class Statement(NamedTuple):
    """One row of ``statements.tsv``."""

    code: str
    pattern: str
    example: str


def _rows(name: str) -> list[list[str]]:
    text = files("transforms.sections").joinpath(name).read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


RULES = tuple(Rule(*row) for row in _rows("titles.tsv"))
STATEMENTS = tuple(Statement(*row) for row in _rows("statements.tsv"))


_GROUP = re.compile(r"(?<!\\)\((?!\?)")


class Titles:
    """The rules that hold at some times, in the order of the file."""

    def __init__(self, *when: str) -> None:
        self._rules = [(re.compile(rule.pattern), rule) for rule in RULES if rule.when in when]
        # Most titles match none: all at once, without groups, say so in a tenth of the time.
        self._any = re.compile(_GROUP.sub("(?:", "|".join(rule.pattern for _, rule in self._rules)))

    def match(self, title: str) -> Rule | None:
        """The first rule that matches the whole of a normalised title."""
        if not self._any.fullmatch(title):
            return None
        return next(rule for pattern, rule in self._rules if pattern.fullmatch(title))

    def code(self, title: str) -> str:
        """The code of the first rule that matches, or ""."""
        rule = self.match(title)
        return rule.code if rule else ""

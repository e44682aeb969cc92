"""Concepts in the making: entries of several sources become one where they mean the same."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from transforms.concepts import Concept
from transforms.names import name_words

MOST_OF_A_NAME = 80
"""Characters; longer names, as systematic ones of chemicals are, are not found in running text."""


@dataclass
class Draft:
    """A concept that still takes in names.

    Attributes:
        names: each spelling with its rank: the lower, the sooner it is believed.
    """

    id: str
    type: str
    name: str
    names: dict[str, int] = field(default_factory=dict)
    xrefs: set[str] = field(default_factory=set)
    former: set[str] = field(default_factory=set)
    taxon: int = 0

    def add_names(self, name: str, synonyms: Iterable[str], rank: int) -> None:
        """Adds a preferred name by a rank, and synonyms by the next."""
        self.add(name, rank)
        for synonym in synonyms:
            self.add(synonym, rank + 1)

    def add(self, spelling: str, rank: int) -> None:
        """Adds a name, unless it is too long to be found."""
        if len(spelling) <= MOST_OF_A_NAME:
            self.names[spelling] = min(rank, self.names.get(spelling, rank))

    def concept(self) -> Concept:
        """The concept, when it is done."""
        others = self.xrefs - {self.id}
        return Concept(
            self.id,
            self.type,
            self.name,
            tuple(sorted(others)),
            tuple(sorted(self.former - others - {self.id})),
            self.taxon,
        )

    def ranked_keys(self) -> Iterator[tuple[str, int]]:
        """The keys of its names, each once, with the best rank."""
        best: dict[str, int] = {}
        for spelling, rank in self.names.items():
            for form in (spelling, *_in_order(spelling)):
                key = "".join(name_words(form))
                if key:
                    best[key] = min(rank, best.get(key, rank))
        yield from best.items()


def _in_order(name: str) -> Iterator[str]:
    """``Fever, Malta`` in the order of running text: ``Malta Fever``."""
    parts = name.split(", ")
    if 1 < len(parts) <= 4:
        yield " ".join(reversed(parts))

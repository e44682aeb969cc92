"""What a terminology is to the stages: concepts, found by the keys of their names."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Concept(NamedTuple):
    """An entry of a database.

    Attributes:
        id: CURIE, as ``MESH:D001943``.
        type: entity type, as a model names it.
        name: preferred name.
        xrefs: CURIEs of the same concept in other databases.
        former: CURIEs that it had, or was merged from.
        taxon: NCBI Taxonomy number of the species of a gene; 0 for all else.
    """

    id: str
    type: str
    name: str
    xrefs: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    taxon: int = 0


class Candidate(NamedTuple):
    """A concept that has a name of a certain key.

    Attributes:
        rank: of the name; 0 is the best (see ``Rank``).
        taxon: of the concept.
        row: of the concept in its terminology.
    """

    rank: int
    taxon: int
    row: int


class Terminology(Protocol):
    """Concepts and their names."""

    @property
    def full_name(self) -> str:
        """``NAME@FINGERPRINT``, which tells terminologies apart."""

    def find(self, type_: str, key: str) -> Sequence[Candidate]:
        """The concepts of a type that have a name of this key (see ``names``), best rank first."""

    def concept(self, row: int) -> Concept:
        """The concept of a row."""

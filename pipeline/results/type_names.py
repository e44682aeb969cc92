"""What the embedded models' entity types are called, for people and in other formats."""

from typing import NamedTuple


class TypeNames(NamedTuple):
    """One entity type's names.

    Attributes:
        singular, plural: for people.
        europepmc: in Europe PMC's annotations.
        pubtator: in PubTator's and BioC's files.
        spacy: an upper-case label in the manner of spaCy's and scispaCy's models.
    """

    singular: str
    plural: str
    europepmc: str
    pubtator: str
    spacy: str


TYPE_NAMES = {
    "GP": TypeNames("gene or protein", "genes and proteins", "gene_protein", "Gene", "GENE"),
    "DS": TypeNames("disease", "diseases", "disease", "Disease", "DISEASE"),
    "CD": TypeNames("chemical", "chemicals", "chemical", "Chemical", "CHEMICAL"),
    "OG": TypeNames("organism", "organisms", "organism", "Species", "ORGANISM"),
}


def names_of(type_: str) -> TypeNames:
    """The names of a type; a type of another model goes by its own name everywhere.

    >>> names_of("GP").plural
    'genes and proteins'
    >>> names_of("cell_line").pubtator
    'cell_line'
    """
    return TYPE_NAMES.get(type_) or TypeNames(*[type_] * len(TypeNames._fields))

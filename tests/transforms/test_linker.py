"""What mentions mean, by a terminology that can be read at a glance."""

import pytest

from transforms.concepts import Candidate, Concept
from transforms.linker import Span
from transforms.links import link_text
from transforms.names import name_key


class Terms:
    """A terminology in memory: concepts with their names, the preferred one first."""

    full_name = "terms@000000000000"

    def __init__(self, *entries: tuple[str, str, int, str]) -> None:
        self._concepts = []
        self._rows: dict[tuple[str, str], list[Candidate]] = {}
        for type_, id_, taxon, names in entries:
            row = len(self._concepts)
            first, *_ = names.split("|")
            self._concepts.append(Concept(id_, type_, first, taxon=taxon))
            for rank, name in enumerate(names.split("|")):
                key = type_, name_key(name)
                self._rows.setdefault(key, []).append(Candidate(2 + min(rank, 1), taxon, row))

    def find(self, type_: str, key: str) -> list[Candidate]:
        """As the protocol has it."""
        return sorted(self._rows.get((type_, key), []))

    def concept(self, row: int) -> Concept:
        """As the protocol has it."""
        return self._concepts[row]


TERMS = Terms(
    ("DS", "MESH:D001943", 0, "Breast Neoplasms|breast cancer|carcinoma of the breast"),
    ("DS", "MESH:D010051", 0, "Ovarian Neoplasms|ovarian cancer"),
    ("DS", "MESH:D010300", 0, "Parkinson Disease"),
    ("DS", "MESH:D007674", 0, "Kidney Diseases|kidney disease"),
    ("CD", "MESH:D008687", 0, "Metformin"),
    ("OG", "NCBITaxon:9606", 0, "Homo sapiens|human|patients"),
    ("OG", "NCBITaxon:10090", 0, "Mus musculus|mouse|mice"),
    ("OG", "NCBITaxon:13373", 0, "Burkholderia mallei"),
    ("GP", "NCBIGene:7157", 9606, "TP53|p53"),
    ("GP", "NCBIGene:22059", 10090, "Trp53|p53"),
    ("GP", "NCBIGene:1", 9606, "AAA1|p21"),
    ("GP", "NCBIGene:2", 9606, "BBB1|p21"),
    ("GP", "NCBIGene:9", 7227, "fly1"),
)


def link(text: str, *mentions: tuple[str, str]) -> list[tuple[str, str] | None]:
    """Id and step of each mention, which is marked by its first occurrence."""
    spans = [
        Span(text.index(name), text.index(name) + len(name), type_) for name, type_ in mentions
    ]
    links = link_text(text, [(0, len(text))], spans, [TERMS])
    return [found and (found.concept.id, found.how) for found in links]


@pytest.mark.parametrize(
    ("mention", "type_", "expected"),
    [
        ("Breast cancers", "DS", ("MESH:D001943", "name")),
        ("cancer, breast", "DS", ("MESH:D001943", "order")),
        ("acute renal injury", "DS", None),
        ("renal injury", "DS", ("MESH:D007674", "part")),
        ("breast and ovarian cancer", "DS", ("MESH:D010051", "part")),
        ("metformin hydrochloride", "CD", ("MESH:D008687", "part")),
        ("TP53 gene", "GP", ("NCBIGene:7157", "part")),
        ("metformin", "DS", None),
        ("µ", "CD", None),
        ("—", "CD", None),
    ],
)
def test_steps(mention, type_, expected):
    """The surest step that finds a name decides; a name of another type is none."""
    assert link(mention, (mention, type_)) == [expected]


def test_an_abbreviation_means_its_long_form():
    """Wherever it stands, also as a word among others."""
    text = "Parkinson's disease (PD) is frequent. PD patients fell."
    assert link(text, ("PD", "DS")) == [("MESH:D010300", "abbreviation")]


def test_a_genus_is_the_one_that_the_article_has_in_full():
    """And none if it has none of that letter."""
    text = "Burkholderia mallei infects horses. B. mallei is rare, X. mallei is not."
    assert link(text, ("B. mallei", "OG"), ("X. mallei", "OG")) == [
        ("NCBITaxon:13373", "genus"),
        None,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p53 is a gene.", ("NCBIGene:7157", "name")),
        ("p53 was knocked out in mice.", ("NCBIGene:22059", "species")),
        ("mice lack p53, as patients do not.", ("NCBIGene:22059", "species")),
    ],
)
def test_a_gene_is_of_the_species_that_the_article_speaks_of(text, expected):
    """Of humans where nothing speaks for another."""
    organisms = [(name, "OG") for name in ("mice", "patients") if name in text]
    assert link(text, ("p53", "GP"), *organisms)[0] == expected


def test_nothing_is_better_than_wrong():
    """Two genes of one species share a name, or the only one is of a species not spoken of."""
    assert link("p21 and fly1", ("p21", "GP"), ("fly1", "GP")) == [None, None]


def test_scores_are_shares():
    """Of links that are right."""
    spans = [Span(0, 9, "CD")]
    [found] = link_text("metformin", [(0, 9)], spans, [TERMS])
    assert found is not None
    assert 0.5 <= found.score <= 1

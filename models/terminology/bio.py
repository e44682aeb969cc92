"""The recipe of ``models/terms-bio``: public databases in, concepts with all their names out.

Every source is a table of ``id``, ``name``, ``synonyms``, ``xrefs`` and ``extra``, separated by
tabs and packed by gzip; lists are joined by ``|``, and in ``xrefs`` ``alt=`` marks a former id and
``~`` one that is no exact equivalent. One database names a concept (MeSH for diseases and chemicals,
NCBI Gene for genes, NCBI Taxonomy for organisms); the others add names and equivalents to it, and
concepts of their own.
"""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from models.terminology.drafts import Draft
from transforms.names import name_key

# Ranks: names of the table of everyday words, of the database that names the concepts, of the
# others where they agree with it, and of concepts that only the others have.
EVERYDAY, FIRST, SECOND, OWN = 0, 2, 4, 6
LEARNT = 1

HUMAN, MOUSE, RAT = 9606, 10090, 10116
_SYSTEMATIC = re.compile(
    r"LOC\d+|Gm\d+|.*Rik\d?|(si|zgc|wu|im):.*|C[RG]\d+|RGD\d+|AABR.*|ENS[A-Z]+\d+|(MGC|FLJ|DKFZ)\w+|"
    r"[A-Z]{1,2}\d{5,6}|(Olr|Vom[12]r|Or\d)\w*|[a-zA-Z]{1,3}\d{2,}[A-Z]\d+(\.\d+)?|EG:.*|Dmel\\.*|"
    r".*-P[A-Z]|uncharacterized .*|hypothetical .*|predicted .*|similar to .*|.*_mRF|[\d_]+_at"
)
_MOST_OF_A_GENE = 60


class Entry(NamedTuple):
    """A line of a source."""

    id: str
    name: str
    synonyms: list[str]
    xrefs: list[str]
    extra: str

    def former(self) -> set[str]:
        """Ids that it had, or was merged from."""
        return {xref[4:] for xref in self.xrefs if xref.startswith("alt=")}

    def equivalents(self, *databases: str) -> set[str]:
        """Exact equivalents in some databases."""
        return {xref for xref in self.xrefs if xref.partition(":")[0] in databases}


def read_entries(file: Path) -> Iterator[Entry]:
    """The lines of a source."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        for id_, name, synonyms, xrefs, extra in rows:
            yield Entry(id_, name, _listed(synonyms), _listed(xrefs), extra)


def _listed(field: str) -> list[str]:
    return field.split("|") if field else []


def read_concepts(folder: Path) -> list[Draft]:
    """The concepts of all sources of a folder."""
    return [
        *diseases(folder),
        *chemicals(folder),
        *genes(folder),
        *organisms(folder),
    ]


def _draft(entry: Entry, type_: str, rank: int, xrefs: Iterable[str] = (), taxon: int = 0) -> Draft:
    draft = Draft(entry.id, type_, entry.name, {}, set(xrefs), entry.former(), taxon)
    draft.add_names(entry.name, entry.synonyms, rank)
    return draft


def _merge(draft: Draft, entry: Entry, rank: int, xrefs: Iterable[str]) -> None:
    draft.add_names(entry.name, entry.synonyms, rank)
    draft.xrefs |= {entry.id, *xrefs}
    draft.former |= entry.former()


def diseases(folder: Path) -> list[Draft]:
    """MeSH, with what Mondo and the Disease Ontology call its diseases, and their others."""
    drafts = {
        entry.id: _draft(entry, "DS", FIRST)
        for source in ("mesh_disease", "mesh_supp_disease")
        for entry in read_entries(folder / f"{source}.tsv.gz")
    }
    by_doid: dict[str, Draft] = {}
    for entry in read_entries(folder / "mondo.tsv.gz"):
        xrefs = entry.equivalents("OMIM", "OMIMPS", "DOID")
        draft = _only([drafts[mesh] for mesh in entry.equivalents("MESH") if mesh in drafts])
        if draft:
            _merge(draft, entry, SECOND, xrefs)
        else:
            draft = drafts[entry.id] = _draft(entry, "DS", OWN, xrefs | entry.equivalents("MESH"))
        by_doid |= dict.fromkeys(entry.equivalents("DOID"), draft)
    for entry in read_entries(folder / "doid.tsv.gz"):
        meshes = [drafts[mesh] for mesh in sorted(entry.equivalents("MESH")) if mesh in drafts]
        if draft := by_doid.get(entry.id) or _only(meshes):
            _merge(draft, entry, SECOND, ())
        else:
            drafts[entry.id] = _draft(entry, "DS", OWN, entry.equivalents("MESH", "OMIM"))
    return list(drafts.values())


def _only(drafts: Sequence[Draft]) -> Draft | None:
    return drafts[0] if len(drafts) == 1 else None


def chemicals(folder: Path) -> list[Draft]:
    """MeSH, with what DrugBank and ChEBI call its chemicals, and their others."""
    drafts: dict[str, Draft] = {}
    known: dict[str, Draft] = {}  # by name and by equivalent
    for source in ("mesh_chemical", "mesh_supp_chemical"):
        for entry in read_entries(folder / f"{source}.tsv.gz"):
            draft = drafts[entry.id] = _draft(entry, "CD", FIRST, entry.equivalents("CAS", "CHEBI"))
            for key in (*map(name_key, draft.names), *draft.xrefs):
                known.setdefault(key, draft)
    sources = (("drugbank_vocabulary", ("CAS",)), ("chebi", ("CAS", "DRUGBANK", "MESH")))
    for source, databases in sources:
        for entry in read_entries(folder / f"{source}.tsv.gz"):
            xrefs = entry.equivalents(*databases)
            signs = (entry.id, *sorted(xrefs & drafts.keys()), name_key(entry.name), *sorted(xrefs))
            same = next(
                (drafts.get(sign) or known[sign] for sign in signs if sign in drafts or sign in known),
                None,
            )
            if same:
                _merge(same, entry, SECOND, xrefs)
            else:
                same = drafts[entry.id] = _draft(entry, "CD", OWN, xrefs)
            for sign in (entry.id, name_key(entry.name), *xrefs):
                known.setdefault(sign, same)
    return list(drafts.values())


def genes(folder: Path) -> list[Draft]:
    """NCBI Gene, with what the species' own databases call its genes, and their others."""
    drafts: dict[str, Draft] = {}
    for species in ("human", "mouse", "zebrafish", "fly"):
        for entry in read_entries(folder / f"ncbigene_{species}.tsv.gz"):
            taxon, _, kind = entry.extra.partition(";")
            if _is_named(entry, kind):
                xrefs = entry.equivalents("HGNC", "MGI", "ZFIN", "FB")
                drafts[entry.id] = _draft(_trimmed(entry), "GP", FIRST, xrefs, _taxon(taxon))
    for source in ("hgnc", "rgd", "cgnc_chicken", "sgd", "pombase"):
        for entry in read_entries(folder / f"{source}.tsv.gz"):
            taxon, _, kind = entry.extra.partition(";")
            xrefs = entry.equivalents("UniProtKB")
            ncbi = next(iter(entry.equivalents("NCBIGene")), entry.id)
            if ncbi in drafts:
                _merge(drafts[ncbi], _trimmed(entry), FIRST, xrefs)
            elif _is_named(entry, kind):
                known = _trimmed(entry)._replace(id=ncbi)
                drafts[ncbi] = _draft(known, "GP", FIRST, xrefs | {entry.id}, _taxon(taxon))
    return list(drafts.values())


def _taxon(curie: str) -> int:
    return int(curie.removeprefix("NCBITaxon:"))


def _is_named(entry: Entry, kind: str) -> bool:
    """Whether a gene is more than a number that a genome's annotation gave."""
    return kind != "tRNA" and not (_SYSTEMATIC.fullmatch(entry.name) and not _trimmed(entry).synonyms)


def _trimmed(entry: Entry) -> Entry:
    """A gene without the names that no article uses."""
    kept = [
        name
        for name in entry.synonyms
        if len(name) <= _MOST_OF_A_GENE and not _SYSTEMATIC.fullmatch(name)
    ]
    return entry._replace(synonyms=kept)


def organisms(folder: Path) -> list[Draft]:
    """NCBI Taxonomy, with MeSH's names."""
    drafts = {
        entry.id: _draft(entry, "OG", FIRST) for entry in read_entries(folder / "ncbitaxon.tsv.gz")
    }
    for entry in read_entries(folder / "mesh_organism.tsv.gz"):
        taxa = [drafts[taxon] for taxon in entry.equivalents("NCBITaxon") if taxon in drafts]
        if draft := _only(taxa):
            _merge(draft, entry, SECOND, ())
    return list(drafts.values())

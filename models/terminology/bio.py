"""The recipe of ``models/terms-bio``: public databases in, concepts with all their names out.

Every source is a table of ``id``, ``name``, ``synonyms``, ``xrefs`` and ``extra``, separated by
tabs and packed by gzip; lists are joined by ``|``, and in ``xrefs`` ``alt=`` marks a former id and
``~`` one that is no exact equivalent. One database names a concept (MeSH for diseases and
chemicals, NCBI Gene for genes, NCBI Taxonomy for organisms); the others add names and equivalents
to it, and concepts of their own. Two tables beside this module have names that no database has:
everyday words, written by hand, and what annotated corpora call by a concept (see ``learn``).

::

    python -m models.terminology.bio FOLDER_OF_SOURCES
"""

import csv
import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from models.terminology import store
from models.terminology.drafts import Draft
from transforms.concepts import Concept
from transforms.names import name_key

# Ranks: names of the table of everyday words, of annotated corpora, of the database that names the
# concepts, of the others where they agree with it, and of concepts that only the others have.
EVERYDAY, LEARNT, FIRST, SECOND, OWN = 0, 1, 2, 4, 6

HERE = Path(__file__).parent

_SYSTEMATIC = re.compile(
    r"LOC\d+|Gm\d+|.*Rik\d?|(si|zgc|wu|im):.*|C[RG]\d+|RGD\d+|AABR.*|ENS[A-Z]+\d+|(MGC|FLJ|DKFZ)\w+|"
    r"[A-Z]{1,2}\d{5,6}|(Olr|Vom[12]r)\w*|EG:.*|Dmel\\.*|.*-P[A-Z]|\w+_(mRF|at)|"
    r"(uncharacterized|hypothetical|predicted|similar to|novel) .*"
)
_UNNAMED_SPECIES = re.compile(r".* sp\.( .*)?|.*(BOLD|CAG):.*|.*\d{4,}.*")
MOST_OF_A_KEY = {"CD": 30, "GP": 36, "DS": 60, "OG": 36}
"""Characters; longer names are hardly ever written."""
_MOST_DIGITS = 6


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
    """The concepts of all sources in a folder, with everyday and learnt names."""
    drafts = {
        draft.id: draft
        for read in (diseases, chemicals, genes, organisms)
        for draft in read(folder)
    }
    for type_, name, id_ in _read_table(HERE / "words.tsv"):
        if drafts[id_].type != type_:
            raise ValueError(f"words.tsv: {id_} of {name!r} is no {type_}")
        drafts[id_].add(name, EVERYDAY)
    add_learnt(drafts, _read_table(HERE / "learnt.tsv"))
    return list(drafts.values())


def _read_table(file: Path) -> Iterator[list[str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def add_learnt(drafts: dict[str, Draft], rows: Iterable[Sequence[str]]) -> None:
    """Adds names from annotated corpora.

    An id that no source has is a former one of the concept of that name, or else a new concept:
    MeSH gives records new numbers, and the sources here know only some of the old ones.
    """
    preferred = {(draft.type, name_key(draft.name)): draft for draft in drafts.values()}
    known = {
        (draft.type, id_): draft
        for draft in drafts.values()
        for id_ in (draft.id, *draft.xrefs, *draft.former)
    } | {(draft.type, draft.id): draft for draft in drafts.values()}
    for type_, name, id_ in rows:
        draft = known.get((type_, id_))
        if draft is None and (draft := preferred.get((type_, name_key(name)))):
            draft.former.add(id_)
        elif draft is None and type_ == "GP":
            continue  # of an unknown species
        elif draft is None:
            draft = drafts[id_] = Draft(id_, type_, name)
        known[type_, id_] = draft
        draft.add(name, LEARNT)


def is_written(draft: Draft, key: str, rank: int) -> bool:
    """Whether a name may stand in running text: systematic and made-up ones do not."""
    if rank <= LEARNT:
        return True
    if draft.type == "OG" and _UNNAMED_SPECIES.fullmatch(draft.name):
        return False
    if draft.type == "CD" and len(key) > 20 and sum(map(str.isdigit, key)) >= _MOST_DIGITS:
        return False
    return len(key) <= MOST_OF_A_KEY[draft.type]


def _draft(entry: Entry, type_: str, rank: int, xrefs: Iterable[str] = ()) -> Draft:
    draft = Draft(entry.id, type_, entry.name, {}, set(xrefs), entry.former())
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
    known: dict[str, Draft] = {}  # by preferred name and by equivalent
    for source in ("mesh_chemical", "mesh_supp_chemical"):
        for entry in read_entries(folder / f"{source}.tsv.gz"):
            draft = drafts[entry.id] = _draft(entry, "CD", FIRST, entry.equivalents("CAS", "CHEBI"))
            for key in (name_key(entry.name), *draft.xrefs):
                known.setdefault(key, draft)
    sources = (("drugbank_vocabulary", ("CAS",)), ("chebi", ("CAS", "DRUGBANK", "MESH")))
    for source, databases in sources:
        for entry in read_entries(folder / f"{source}.tsv.gz"):
            xrefs = entry.equivalents(*databases)
            signs = (entry.id, *sorted(xrefs & drafts.keys()), name_key(entry.name), *sorted(xrefs))
            same = next(
                (
                    drafts.get(sign) or known[sign]
                    for sign in signs
                    if sign in drafts or sign in known
                ),
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
    """NCBI Gene, with what the species' own databases call its genes, and their others.

    A synonym that a species' own database has too is believed sooner.
    """
    drafts: dict[str, Draft] = {}
    for species in ("human", "mouse", "zebrafish", "fly"):
        for entry in read_entries(folder / f"ncbigene_{species}.tsv.gz"):
            if _is_named(entry):
                draft = drafts[entry.id] = Draft(entry.id, "GP", entry.name, taxon=_taxon(entry))
                draft.xrefs |= entry.equivalents("HGNC", "MGI", "ZFIN", "FB")
                draft.add(entry.name, FIRST)
                draft.add_names(entry.name, _short(entry.synonyms), SECOND)
    for source in ("hgnc", "mgi", "rgd", "cgnc_chicken", "sgd", "pombase"):
        for entry in read_entries(folder / f"{source}.tsv.gz"):
            id_ = next(iter(sorted(entry.equivalents("NCBIGene"))), entry.id)
            if id_ not in drafts and not _is_named(entry):
                continue
            draft = drafts.setdefault(id_, Draft(id_, "GP", entry.name, taxon=_taxon(entry)))
            draft.add_names(entry.name, _short(entry.synonyms), FIRST)
            draft.xrefs |= {entry.id} | entry.equivalents("UniProtKB")
    return list(drafts.values())


def _taxon(entry: Entry) -> int:
    return int(entry.extra.partition(";")[0].removeprefix("NCBITaxon:"))


def _is_named(entry: Entry) -> bool:
    """Whether a gene has more than the number that a genome's annotation gave it."""
    if entry.extra.endswith(";tRNA"):
        return False
    return bool(_short(entry.synonyms)) or not _SYSTEMATIC.fullmatch(entry.name)


def _short(synonyms: Iterable[str]) -> list[str]:
    return [name for name in synonyms if not _SYSTEMATIC.fullmatch(name)]


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


def main() -> None:
    """Makes ``models/terms-bio`` from the sources."""
    folder = store.EMBEDDED / "terms-bio"
    settings = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    store.build_terminology(folder, _written(read_concepts(Path(sys.argv[1]))), settings)


def _written(drafts: Iterable[Draft]) -> Iterator[tuple[Concept, list[tuple[str, int]]]]:
    """The concepts that have names in running text, each with the keys of these."""
    for draft in drafts:
        keys = [(key, rank) for key, rank in draft.ranked_keys() if is_written(draft, key, rank)]
        if keys:
            yield draft.concept(), keys


if __name__ == "__main__":
    main()

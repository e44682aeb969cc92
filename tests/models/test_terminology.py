"""A terminology's folder: made, opened, damaged."""

import json
import multiprocessing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from models.terminology import store
from models.terminology.learn import Document, learn_names
from models.terminology.read import read_drafts
from models.terminology.store import TerminologyError, build_terminology, open_terminology
from transforms.names import name_key

TSV = (
    "id\tname\tsynonyms\ttype\txrefs\n"
    "MESH:D001943\tBreast Neoplasms\tbreast cancer|Cancer, Breast\tDS\tMONDO:0007254\n"
    "MESH:D008687\tMetformin\t\tCD\t\n"
)
OBO = """format-version: 1.2

[Term]
id: MONDO:0007254
name: breast cancer
synonym: "cancer of \\"the\\" breast" EXACT []

[Term]
id: MONDO:0000000
name: gone
is_obsolete: true
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ANNOTATION_CACHE", str(tmp_path / "cache"))


def build(folder: Path, source: str = TSV, suffix: str = ".tsv") -> Path:
    """A terminology of a small file."""
    file = folder.with_suffix(suffix)
    file.write_text(source, encoding="utf-8")
    drafts = read_drafts(file, "DS")
    entries = ((draft.concept(), draft.ranked_keys()) for draft in drafts)
    build_terminology(folder, entries, {"name": folder.name})
    return folder


def ids(terms: store.StoredTerminology, type_: str, name: str) -> list[str]:
    """Ids of the concepts of a name."""
    return [terms.concept(found.row).id for found in terms.find(type_, name_key(name))]


def test_names_find_their_concepts(tmp_path):
    """Synonyms and inverted names too, of the wanted type alone; ids and equivalents as well."""
    terms = open_terminology(str(build(tmp_path / "own")))
    assert ids(terms, "DS", "Breast cancers") == ["MESH:D001943"]
    assert ids(terms, "CD", "Breast cancers") == []
    assert ids(terms, "CD", "metformin") == ["MESH:D008687"]
    assert ids(terms, "DS", "zzz") == ids(terms, "", "") == []
    [concept] = terms.with_ids(["MONDO:0007254"])
    assert (concept.id, concept.xrefs) == ("MESH:D001943", ("MONDO:0007254",))
    terms.check()


def test_the_same_names_give_the_same_bytes(tmp_path):
    """Whatever their order; another name gives another fingerprint."""
    header, *rows = TSV.splitlines(keepends=True)
    folders = [
        build(tmp_path / "one" / "own", TSV) if (tmp_path / "one").mkdir() is None else None,
        build(tmp_path / "own", "".join([header, *reversed(rows)])),
    ]
    files = [{p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders if folder]
    assert files[0] == files[1]
    other = build(tmp_path / "other", TSV.replace("Metformin", "Aspirin"))
    assert open_terminology(str(other)).fingerprint != open_terminology(str(folders[1])).fingerprint


def test_obo_and_parquet_are_read_too(tmp_path):
    """OBO without its obsolete terms; Parquet with lists or joined synonyms."""
    obo = open_terminology(str(build(tmp_path / "obo", OBO, ".obo")))
    assert ids(obo, "DS", 'cancer of "the" breast') == ["MONDO:0007254"]
    assert len(obo.concepts) == 1
    table = tmp_path / "t.parquet"
    pq.write_table(
        pq.read_table(tmp_path / "obo" / "concepts.parquet").select(["id", "name", "type"]), table
    )
    [draft] = read_drafts(table)
    assert (draft.id, draft.type) == ("MONDO:0007254", "DS")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("id\tsynonyms\n", "header with id and name"),
        ("id\tname\nD001943\tx\n", "no CURIE"),
        ("id\tname\nMESH:1\t \n", "no name"),
        ("id\tname\nMESH:1\ta\nMESH:1\tb\n", "twice"),
        ("id\tname\n", "no concepts"),
    ],
)
def test_odd_sources_are_told_with_their_line(tmp_path, source, said):
    """One sentence says what is wrong, and where."""
    with pytest.raises(TerminologyError, match=said):
        build(tmp_path / "own", source)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "names.parquet").write_bytes(b"PAR1"), "damaged"),
        (lambda folder: (folder / "names.parquet").unlink(), "missing"),
        (lambda folder: (folder / "terms.json").write_text("{"), "not JSON"),
        (lambda folder: (folder / "terms.json").write_text('{"name": "x"}'), "no files"),
        (lambda folder: (folder / "terms.json").unlink(), "no terminology"),
    ],
)
def test_damaged_folders_are_told(tmp_path, damage, said):
    """Before anything is linked to them, and without a trace in the cache."""
    folder = build(tmp_path / "own")
    damage(folder)
    with pytest.raises(TerminologyError, match=said):
        open_terminology(str(folder))
    assert not [path for path in store.cache_folder().parent.rglob("*") if path.is_file()]


def test_without_a_cache_a_process_unpacks_for_itself(tmp_path, monkeypatch):
    """A cache that cannot be written, as where everything is read only."""
    folder = build(tmp_path / "own")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ANNOTATION_CACHE", str(tmp_path / "file"))
    assert ids(open_terminology(str(folder)), "CD", "metformin") == ["MESH:D008687"]


def _open(folder: str) -> int:
    return len(open_terminology(folder).names)


def test_processes_may_unpack_at_once(tmp_path):
    """Each finds all names, and one copy stays."""
    folder = build(tmp_path / "own")
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert len(set(pool.map(_open, [str(folder)] * 3))) == 1
    assert len(list(store.cache_folder().iterdir())) == 1


def test_names_are_learnt_where_documents_agree():
    """Not of abbreviations that the document defines, nor of mentions with several concepts."""
    document = Document(
        "Parkinson disease (PD)",
        "",
        [
            ("PD", "Disease", "MESH:D010300"),
            ("tremors", "Disease", "MESH:D014202"),
            ("both", "Disease", "MESH:D1|MESH:D2"),
            ("none", "Disease", "-"),
        ],
    )
    assert learn_names([document]) == [("DS", "tremors", "MESH:D014202")]
    other = document._replace(mentions=[("tremors", "Disease", "MESH:D000000")])
    assert learn_names([document, other]) == []


def test_settings_tell_counts_and_files(tmp_path):
    """``terms.json`` is all that a reader of the tables needs."""
    settings = json.loads((build(tmp_path / "own") / "terms.json").read_text())
    assert (settings["name"], settings["concepts"], settings["names"]) == ("own", 2, 4)
    assert sorted(settings["files"]) == ["concepts.parquet", "names.parquet"]

"""``terms``, and a run that is linked to a terminology of one's own."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from tests.articles import article, write_archive

TSV = (
    "id\tname\tsynonyms\ttype\txrefs\n"
    "NCBIGene:672\tBRCA1\t\tGP\tUniProtKB:P38398\n"
    "MESH:D001943\tBreast Neoplasms\tbreast cancer\tDS\t\n"
    "MESH:D001241\tAspirin\tacetylsalicylic acid\tCD\tCHEBI:15365\n"
)


@pytest.fixture(scope="module")
def terms(tmp_path_factory) -> Path:
    """The folder of a terminology of three concepts."""
    folder = tmp_path_factory.mktemp("terms")
    (folder / "names.tsv").write_text(TSV, encoding="utf-8")
    assert main(["terms", "build", str(folder / "names.tsv"), str(folder / "own")]) == 0
    return folder / "own"


@pytest.fixture(scope="module")
def done(terms, tiny, tmp_path_factory) -> Path:
    """A run over a small archive, linked to it."""
    folder = tmp_path_factory.mktemp("linked")
    archive = write_archive(folder / "a.xml.gz", [article(1)])
    flags = ["--model", tiny, "--terms", str(terms), "--quiet"]
    output = folder / "out"
    assert main(["annotate", "--input", str(archive), "--output", str(output), *flags]) == 0
    return output


def annotations(output: Path) -> list[dict]:
    """All rows."""
    return [
        row
        for path in (output / "annotations").iterdir()
        for row in pq.read_table(path).to_pylist()
    ]


def test_mentions_have_their_concepts(done, terms):
    """Name, equivalents, way and score; null where nothing is known; counted by article."""
    rows = annotations(done)
    linked = {row["exact"]: row for row in rows if row["concept"]}
    assert linked["BRCA1"]["concept"] == "NCBIGene:672"
    assert linked["BRCA1"]["concept_xrefs"] == ["UniProtKB:P38398"]
    assert (linked["BRCA1"]["concept_name"], linked["BRCA1"]["link"]) == ("BRCA1", "name")
    others = [row for row in rows if row["concept"] is None]
    assert others
    assert all(row["link"] is row["link_score"] is row["concept_xrefs"] is None for row in others)
    [articles] = (done / "articles").iterdir()
    [row] = pq.read_table(articles).to_pylist()
    assert row["n_linked"] == len(rows) - len(others)
    [told] = json.loads((done / "run.json").read_text())["terminologies"]
    assert (told["name"], told["folder"]) == ("own", str(terms))


def test_another_terminology_is_another_run(done, tiny, capsys):
    """It is told with both names, and nothing is changed."""
    archive = done.parent / "a.xml.gz"
    command = ["annotate", "--input", str(archive), "--output", str(done), "--model", tiny]
    assert main([*command, "--terms", "none", "--quiet"]) == 2
    assert "terminology (was own@" in capsys.readouterr().err


def test_verify_finds_a_concept_that_is_not_in_the_terminology(done, capsys):
    """Under that name and type; a sound run has all promises kept."""
    assert main(["verify", str(done)]) == 0
    [shard] = (done / "annotations").iterdir()
    whole = shard.read_bytes()
    table = pq.read_table(shard)
    names = ["Other" if name else None for name in table["concept_name"].to_pylist()]
    at = table.schema.get_field_index("concept_name")
    pq.write_table(table.set_column(at, table.schema.field(at), [names]), shard)
    try:
        assert main(["verify", str(done)]) == 1
        assert "'Other') is in no terminology of the run" in capsys.readouterr().out
    finally:
        shard.write_bytes(whole)


def test_unlinked_names_are_listed_by_frequency(done, capsys):
    """As a table to mend."""
    assert main(["terms", "unlinked", str(done)]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "type\texact\tmentions"
    counts = [int(row.split("\t")[2]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == sum(row["concept"] is None for row in annotations(done))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("breast cancers", "MESH:D001943"),
        ("CHEBI:15365", "Aspirin"),
        ("acetylsalicylic acid", "CD"),
    ],
)
def test_lookup(terms, capsys, name, said):
    """By a name or by any id."""
    assert main(["terms", "lookup", name, "--terms", str(terms)]) == 0
    assert said in capsys.readouterr().out


def test_what_is_not_there_is_told(terms, capsys):
    """In one line, with exit code 2."""
    assert main(["terms", "lookup", "zzz", "--terms", str(terms)]) == 2
    assert main(["terms", "check", str(terms / "no")]) == 2
    assert main(["terms", "check", str(terms)]) == 0
    assert "has no 'zzz'" in capsys.readouterr().err


def test_exports_carry_the_concepts(done, tmp_path):
    """As UniProt's and ChEBI's addresses for Europe PMC, and in each format's own form."""
    for format_, flags in (("europepmc", ["--provider", "lab"]), ("brat", []), ("bioc", [])):
        to = ["--to", str(tmp_path / format_), *flags]
        assert main(["export", str(done), "--format", format_, *to]) == 0
    text = {
        format_: "".join(path.read_text() for path in (tmp_path / format_).rglob("*.*"))
        for format_ in ("europepmc", "brat", "bioc")
    }
    assert '"uri":"https://identifiers.org/uniprot:P38398"' in text["europepmc"]
    assert '"uri":"https://identifiers.org/CHEBI:15365"' in text["europepmc"]
    assert "\tReference T" in text["brat"]
    assert "NCBIGene:672\tBRCA1" in text["brat"]
    assert "https://identifiers.org/ncbigene:672" in text["bioc"]


@pytest.mark.parametrize("flags", [["--terms", "none", "terms-bio"], ["--terms", "a", "a"]])
def test_wrong_use_of_terms(tmp_path, tiny, flags, capsys):
    """``none`` stands alone, and each is named once."""
    archive = write_archive(tmp_path / "a.xml.gz", [article(1)])
    command = ["annotate", "--input", str(archive), "--output", str(tmp_path / "o")]
    assert main([*command, "--model", tiny, *flags]) == 2
    assert "--terms" in capsys.readouterr().err

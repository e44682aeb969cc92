"""``evaluate --concepts``: links against the ids of gold."""

import json

import pytest

pytest.importorskip("nervaluate", reason="scoring needs the extra [evaluate]")

from models.gold import read_gold
from pipeline.__main__ import main

GOLD = """\
1|t|BRCA1 in breast cancer.
1|a|
1\t0\t5\tBRCA1\tGene\t672
1\t9\t22\tbreast cancer\tDisease\tMONDO:0007254|MESH:D000001

"""
TSV = (
    "id\tname\tsynonyms\ttype\txrefs\n"
    "NCBIGene:672\tBRCA1\t\tGP\t\n"
    "MESH:D001943\tBreast Neoplasms\tbreast cancer\tDS\tMONDO:0007254\n"
)


@pytest.fixture
def gold(tmp_path):
    """One document, with a terminology beside it."""
    (tmp_path / "names.tsv").write_text(TSV)
    assert main(["terms", "build", str(tmp_path / "names.tsv"), str(tmp_path / "own")]) == 0
    (tmp_path / "gold.pubtator.txt").write_text(GOLD)
    return tmp_path / "gold.pubtator.txt"


def test_gold_has_ids(gold):
    """Bare ones are those of the type's database."""
    [document] = read_gold(gold).documents
    assert list(document.concepts.values()) == [
        ("NCBIGene:672",),
        ("MONDO:0007254", "MESH:D000001"),
    ]


def test_equivalents_count_as_equal(gold, tiny, capsys):
    """One of several ids is enough for a mention; a document's concepts are a set."""
    capsys.readouterr()
    flags = ["--model", tiny, "--concepts", "--terms", str(gold.parent / "own"), "--json"]
    assert main(["evaluate", "--gold", str(gold), *flags]) == 0
    concepts = json.loads(capsys.readouterr().out)["concepts"]
    assert concepts["GP"]["accuracy_of_gold_mentions"] == 1
    assert concepts["GP"]["f1"] == 1
    assert concepts["DS"]["accuracy_of_gold_mentions"] == 1
    assert concepts["DS"]["gold_concepts"] == 2
    assert main(["evaluate", "--gold", str(gold), *flags[:-1]]) == 0
    assert "accuracy of gold mentions" in capsys.readouterr().out


def test_gold_without_ids_is_told(gold, tiny, capsys):
    """And flags that do not go together."""
    gold.write_text(GOLD.replace("\t672", "").replace("\tMONDO:0007254|MESH:D000001", ""))
    own = str(gold.parent / "own")
    command = ["evaluate", "--gold", str(gold), "--model", tiny]
    assert main([*command, "--concepts", "--terms", own]) == 2
    assert "no ids" in capsys.readouterr().err
    assert main([*command, "--terms", own]) == 2

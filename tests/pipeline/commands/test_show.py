"""``show`` makes a page or prints, alone or beside another reading of the article."""

import pytest

from pipeline.__main__ import main
from tests.articles import article, write_archive


@pytest.fixture
def output(annotate, tmp_path):
    """A run over one article."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    assert annotate(source, tmp_path / "out") == 0
    return tmp_path / "out"


def test_the_page_stands_beside_the_tables(output, capsys):
    """Verify still holds with it there."""
    assert main(["show", str(output), "PMC1"]) == 0
    assert capsys.readouterr().out.endswith(f"page {output}/pages/PMC1.html\n")
    assert "<mark" in (output / "pages" / "PMC1.html").read_text(encoding="utf-8")
    assert main(["verify", str(output)]) == 0


def test_text_that_is_piped_has_no_colours(output, capsys):
    """Mentions stand in brackets, with their types."""
    assert main(["show", str(output), "1", "--text"]) == 0
    printed = capsys.readouterr().out
    assert "[BRCA1|GP]" in printed
    assert "\x1b" not in printed


def test_against_another_run(output, annotate, tmp_path, capsys):
    """What the other lacks stands out."""
    assert annotate(tmp_path / "a.xml.gz", tmp_path / "other", "--min-score", "GP=1") == 0
    assert main(["show", str(output), "PMC1", "--text", "--against", str(tmp_path / "other")]) == 0
    printed = capsys.readouterr().out
    assert "[BRCA1|GP+]" in printed
    assert "[aspirin|CD]" in printed


def test_against_gold(output, tmp_path, capsys):
    """Over the gold's own rendering; of types that it has, under its own names."""
    text = "Of mice, 1\nBRCA1 and TP53 were studied in human breast cancer."
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "PMC1.txt").write_text(text)
    start = text.index("TP53 were")
    line = f"T1\tGene {start} {start + 9}\tTP53 were\n"
    (tmp_path / "gold" / "PMC1.ann").write_text(line)
    command = ["show", str(output), "PMC1", "--text", "--against", str(tmp_path / "gold")]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "[BRCA1|GP+]" in printed
    assert "[[TP53|GP+] were|GP-]" in printed
    assert "|CD" not in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["PMC2"], "no article PMC2"),
        (["PMC1", "--text", "--to", "x.html"], "--text prints"),
        (["PMC1", "--gold-types", "GP=Gene"], "--against GOLD"),
        (["PMC1", "--against", "/nowhere"], "no gold at /nowhere"),
    ],
)
def test_wrong_use_is_met_by_a_line(output, words, said, capsys):
    """And exit code 2."""
    assert main(["show", str(output), *words]) == 2
    assert said in capsys.readouterr().err


def test_other_text_is_not_compared(annotate, tmp_path, capsys):
    """Offsets would mean nothing: the line says which command compares such runs."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1, padding=9)])
    assert annotate(source, tmp_path / "out") == 0
    assert annotate(source, tmp_path / "other", "--references") == 0
    assert main(["show", str(tmp_path / "out"), "1", "--against", str(tmp_path / "other")]) == 2
    assert "The command diff" in capsys.readouterr().err

"""``diff`` counts, lists and shows what two runs do not agree on."""

from pipeline.__main__ import main
from tests.articles import article, write_archive


def test_counts_table_and_page_agree(annotate, tmp_path, capsys):
    """Of a run whose second kept no genes."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    assert annotate(source, tmp_path / "one") == 0
    assert annotate(source, tmp_path / "two", "--min-score", "GP=1") == 0
    capsys.readouterr()
    table, page = tmp_path / "diff.tsv", tmp_path / "diff.html"
    assert main(["diff", one, two, "--tsv", str(table), "--to", str(page)]) == 0
    printed = capsys.readouterr().out
    head, *rows = [line.split("\t") for line in table.read_text().splitlines()]
    assert {row[head.index("kind")] for row in rows} == {"lost"}
    assert {row[head.index("type")] for row in rows} == {"GP"}
    assert f"GP{0:>24,}{0:>10,}{0:>10,}{len(rows):>10,}{0:>10,}" in printed
    assert "articles 1 in both, 0 in the first only" in printed
    assert "Lost: genes and proteins" in page.read_text(encoding="utf-8")


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    """With a line."""
    assert main(["diff", str(tmp_path), str(tmp_path)]) == 2
    assert "run.json" in capsys.readouterr().err

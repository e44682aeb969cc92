"""From a row back to the XML, for a person to look at."""

import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from lxml import etree

from pipeline.__main__ import main
from pipeline.results.resolve import in_passage, xml_in_context
from tests.articles import article, write_archive

MARKED = (
    "<article><front><article-meta><article-id pub-id-type='pmcid'>5</article-id>"
    "<title-group><article-title>Notes &amp; queries</article-title></title-group></article-meta>"
    "</front><body><sec><title>A &lt; B</title>"
    "<p>If A &lt; B, 😀 <italic>Escherichia</italic> <!-- sic --><bold>coli</bold> cells and "
    "breast<xref ref-type='bibr' rid='r1'>12</xref>\n  cancer.</p></sec></body></article>"
)


@pytest.fixture(scope="module")
def done(tiny, tmp_path_factory):
    """The output of a run over an archive and a package."""
    folder = tmp_path_factory.mktemp("resolve")
    # Big enough for two chunks, so that ids are looked for in both.
    big = (article(number, padding=600_000) for number in (1, 2, 3))
    write_archive(folder / "a.xml.gz", [*big, MARKED])
    with zipfile.ZipFile(folder / "b.zip", "w") as package:
        package.writestr("in/9.xml", article(9))
    output = folder / "out"
    command = ["annotate", "--input", str(folder), "--output", str(output), "--model", tiny]
    assert main([*command, "--quiet"]) == 0
    assert len(list((output / "receipts").iterdir())) > 2
    return output


def annotations(output: Path, **values: object) -> list[dict]:
    """The rows with these values."""
    return [
        row
        for path in sorted((output / "annotations").iterdir())
        for row in pq.read_table(path).to_pylist()
        if all(row[name] == value for name, value in values.items())
    ]


def test_annotation_across_markup_is_shown_in_its_xml(done, capsys):
    """With what stands in between: elements, comments, citation marks, line breaks."""
    [row] = annotations(done, article_id="PMC5", exact="Escherichia coli")
    assert main(["resolve", str(done), row["annotation_id"]]) == 0
    said = capsys.readouterr().out
    assert (
        "A &lt; B, 😀 <italic>[[Escherichia</italic> <!-- sic --><bold>coli]]</bold> cells" in said
    )
    assert "OG  'Escherichia coli'" in said
    assert "PMC5  Notes & queries" in said
    assert "\n          If A < B, 😀 [[Escherichia coli]] cells and breast cancer.\n" in said
    assert "/article[1]/body[1]/sec[1]/p[1]/italic[1]/text()[1]  offset 0" in said
    assert "/article[1]/body[1]/sec[1]/p[1]/bold[1]/text()[1]  offset 4" in said


def test_dots_stand_only_where_the_passage_goes_on():
    """A mention at its start or end, or as near as the context reaches, has none there."""
    text = f"{'a' * 40} p53 {'b' * 40}"
    article = {"passages": [{"start": 0, "end": 5}, {"start": 6, "end": 6 + len(text)}]}

    def shown(start: int, end: int) -> str:
        before, after = text[max(0, start - 32) : start], text[end : end + 32]
        place = {"passage": 1, "start": 6 + start, "end": 6 + end}
        return in_passage(
            {**place, "prefix": before, "exact": text[start:end], "postfix": after}, article
        )

    assert shown(41, 44) == f"...{'a' * 31} [[p53]] {'b' * 31}..."
    assert shown(0, 40) == f"[[{'a' * 40}]] p53 {'b' * 27}..."
    assert shown(32, 40) == f"{'a' * 32}[[{'a' * 8}]] p53 {'b' * 27}..."
    assert shown(45, 85) == f"...{'a' * 27} p53 [[{'b' * 40}]]"
    assert shown(45, 53) == f"...{'a' * 27} p53 [[{'b' * 8}]]{'b' * 32}"


def test_what_stands_around_a_whole_element_is_shown():
    """And not the namespaces that only its article declares."""
    xml = "<article xmlns:m='n'><body><p>In <italic>E. coli</italic> cells.</p></body></article>"
    place = "/article[1]/body[1]/p[1]/italic[1]/text()[1]"
    annotation = {
        **{"start_xpath": place, "start_offset": 0},
        **{"end_xpath": place, "end_offset": 7},
    }
    shown = xml_in_context(etree.fromstring(xml), annotation)
    assert shown == "<p>In <italic>[[E. coli]]</italic> cells.</p>"


def test_left_out_markup_is_shown_inside(done, capsys):
    """A citation mark in the middle of a name."""
    [row] = annotations(done, article_id="PMC5", exact="breast cancer")
    assert main(["resolve", str(done), row["annotation_id"]]) == 0
    said = capsys.readouterr().out
    assert '[[breast<xref ref-type="bibr" rid="r1">12</xref>\n  cancer]].</p>' in said


def test_every_annotation_can_be_shown(done, capsys):
    """By the first characters of its id too; also in packages."""
    for row in [*annotations(done, article_id="PMC5"), *annotations(done, article_id="PMC9")]:
        assert main(["resolve", str(done), row["annotation_id"][:16]]) == 0
        said = capsys.readouterr().out
        shown = said.partition("\nxml\n")[2]
        assert shown.count("[[") == shown.count("]]") == 1


@pytest.mark.parametrize("beginning", ["zz", "0" * 32])
def test_unknown_id_is_wrong_use(beginning, done, capsys):
    """Exit code 2, one line."""
    assert main(["resolve", str(done), beginning]) == 2
    error = capsys.readouterr().err
    assert f"begins with {beginning}" in error
    assert len(error.splitlines()) == 1


def test_ambiguous_id_is_wrong_use(done, capsys):
    """Also where each chunk has but one such id."""
    first, *others = sorted(row["annotation_id"] for row in annotations(done))
    beginning = next(
        first[:length]
        for length in range(len(first))
        if sum(other.startswith(first[: length + 1]) for other in others) == 0
    )
    for short, said in (("", "which annotation?"), (beginning, "give more of it")):
        assert main(["resolve", str(done), short]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert len(error.splitlines()) == 1


def test_ambiguity_across_chunks_is_noticed(done, capsys):
    """The first digit that one annotation each of two chunks begins with."""
    by_chunk = [
        [row["annotation_id"] for row in pq.read_table(path).to_pylist()]
        for path in sorted((done / "annotations").iterdir())
    ]
    every = [name for names in by_chunk for name in names]
    for length in range(1, 6):
        for name in by_chunk[0]:
            mine = [other for other in by_chunk[0] if other.startswith(name[:length])]
            all_of_them = [other for other in every if other.startswith(name[:length])]
            if len(mine) == 1 and len(all_of_them) > 1:
                assert main(["resolve", str(done), name[:length]]) == 2
                assert "give more of it" in capsys.readouterr().err
                return
    pytest.fail("no two chunks share the beginning of an id: make the example larger")


def test_folder_without_a_run_has_no_annotation(tmp_path, capsys):
    """Exit code 2."""
    assert main(["resolve", str(tmp_path), "00"]) == 2
    assert "is no output folder of a run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "articles", [[MARKED.replace("cells", "mice")], [], None], ids=["other", "none", "gone"]
)
def test_source_that_has_changed_is_one_clear_line(articles, annotate, tmp_path, capsys):
    """Exit code 1: what is shown would be another text."""
    source = write_archive(tmp_path / "a.xml.gz", [MARKED])
    output = tmp_path / "out"
    assert annotate(source, output) == 0
    if articles is None:
        source.unlink()
    else:
        write_archive(source, articles)
    row = annotations(output)[0]
    capsys.readouterr()
    assert main(["resolve", str(output), row["annotation_id"]]) == 1
    error = capsys.readouterr().err
    assert str(source) in error
    assert len(error.splitlines()) == 1


def test_missing_shard_is_one_clear_line(annotate, tmp_path, capsys):
    """Exit code 1."""
    output = tmp_path / "out"
    assert annotate(write_archive(tmp_path / "a.xml.gz", [MARKED]), output) == 0
    row = annotations(output)[0]
    next((output / "articles").iterdir()).unlink()
    capsys.readouterr()
    assert main(["resolve", str(output), row["annotation_id"]]) == 1
    error = capsys.readouterr().err
    assert "missing" in error
    assert len(error.splitlines()) == 1

"""Each format says what the tables say, by its own rules."""

import csv
import itertools
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.gold import Mention, read_gold
from pipeline.__main__ import main
from pipeline.output.committed import ArticleRows
from pipeline.output.paths import article_file_name
from pipeline.results import formats
from pipeline.results.export import Lines
from pipeline.results.resolve import find_source
from pipeline.results.type_names import names_of
from pipeline.results.xmltext import XmlText
from tests.articles import article, files, write_archive
from transforms.jats import parse_xml
from transforms.records import Sentence, article_id_from

LINKS = "GP\tBRCA1\tBRCA1\thttps://www.uniprot.org/uniprotkb/P38398/entry\n"


def export(output: Path, format_: str, to: Path, *flags: str) -> int:
    """Runs the command; gives the exit code."""
    return main(["export", str(output), "--format", format_, "--to", str(to), *flags])


def rows(output: Path, table: str) -> dict[str, list[dict]]:
    """A table's rows by article."""
    found = [
        row
        for path in sorted((output / table).iterdir())
        for row in pq.read_table(path).to_pylist()
    ]
    return {
        name: list(group) for name, group in itertools.groupby(found, lambda row: row["article_id"])
    }


def mentions(annotations: list[dict]) -> list[Mention]:
    """Rows as the gold reader has them."""
    return [Mention(found["start"], found["end"], found["type"]) for found in annotations]


def lines_of(folder: Path, pattern: str) -> list[dict]:
    """JSON lines of several files."""
    return [
        json.loads(line)
        for path in sorted(folder.glob(pattern))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


# BioC -------------------------------------------------------------------------------------------


def test_bioc_holds_every_mention_at_its_place(done, tmp_path):
    """Offsets are the document's, and those of our own table."""
    assert export(done, "bioc", tmp_path / "bioc") == 0
    annotations = rows(done, "annotations")
    documents = [
        document
        for path in (tmp_path / "bioc").glob("*.bioc.json")
        for document in json.loads(path.read_text(encoding="utf-8"))["documents"]
    ]
    assert {document["id"] for document in documents} == set(rows(done, "articles"))
    for document in documents:
        found = []
        end = -1
        for passage in document["passages"]:
            assert passage["offset"] == end + 1
            end = passage["offset"] + len(passage["text"])
            for annotation in passage["annotations"]:
                [place] = annotation["locations"]
                start = place["offset"] - passage["offset"]
                assert passage["text"][start : start + place["length"]] == annotation["text"]
                kind = annotation["infons"]["type"]
                found.append(Mention(place["offset"], place["offset"] + place["length"], kind))
            texts = "".join(sentence["text"] for sentence in passage["sentences"])
            assert "".join(texts.split()) == "".join(passage["text"].split())
            for sentence in passage["sentences"]:
                start = sentence["offset"] - passage["offset"]
                assert passage["text"][start:].startswith(sentence["text"])
            for infons in (passage["infons"], *(a["infons"] for a in passage["annotations"])):
                assert all(isinstance(value, str) for value in infons.values())
        assert found == mentions(annotations.get(document["id"], []))


@pytest.mark.parametrize(
    ("section", "xpath", "name"),
    [
        ("TITLE", "/article[1]/front[1]/article-meta[1]/title-group[1]/article-title[1]", "front"),
        ("ABSTRACT", "/article[1]/front[1]/article-meta[1]/abstract[1]/p[1]", "abstract"),
        (
            "ABSTRACT",
            "/article[1]/front[1]/article-meta[1]/abstract[1]/sec[1]/title[1]",
            "abstract_title_1",
        ),
        ("METHODS", "/article[1]/body[1]/sec[2]/sec[1]/title[1]", "title_2"),
        ("METHODS", "/article[1]/body[1]/sec[2]/sec[1]/p[1]", "paragraph"),
        ("FIG", "/article[1]/body[1]/sec[2]/p[1]/fig[1]/caption[1]/p[1]", "fig_caption"),
        ("FIG", "/article[1]/body[1]/fig[1]/caption[1]/title[1]", "fig_title_caption"),
        ("TABLE", "/article[1]/body[1]/table-wrap[1]/table[1]/tbody[1]/tr[1]/td[1]", "table"),
        ("TABLE", "/article[1]/body[1]/table-wrap[1]/caption[1]/p[1]", "table_caption"),
        (
            "TABLE",
            "/article[1]/body[1]/table-wrap[1]/table-wrap-foot[1]/fn[1]/p[1]",
            "table_footnote",
        ),
        ("COMP_INT", "/article[1]/back[1]/fn-group[1]/fn[1]/p[1]", "footnote"),
    ],
)
def test_bioc_passages_have_the_types_of_pubmed_central(section, xpath, name):
    """By section and element."""
    assert formats._passage_type(section, xpath) == name


# PubTator and brat ------------------------------------------------------------------------------


def test_brat_gives_back_the_same_mentions(done, tmp_path):
    """Read as gold, each article has its text and its mentions."""
    assert export(done, "brat", tmp_path / "brat") == 0
    annotations = rows(done, "annotations")
    articles = rows(done, "articles")
    found = {
        document.name: document
        for folder in (tmp_path / "brat").iterdir()
        if folder.is_dir()
        for document in read_gold(folder).documents
    }
    assert set(found) == {name.replace("#", "_") for name in articles}
    for name in articles:
        document = found[name.replace("#", "_")]
        assert document.text == articles[name][0]["text"]
        assert list(document.mentions) == sorted(mentions(annotations.get(name, [])))
    assert "[entities]\n" in (tmp_path / "brat" / "annotation.conf").read_text()


def test_pubtator_gives_back_title_and_abstract(done, tmp_path):
    """Read as gold, each mention of title and abstract is there, and no other."""
    assert export(done, "pubtator", tmp_path / "pubtator") == 0
    expected = sorted(
        (found["exact"], names_of(found["type"]).pubtator)
        for annotations in rows(done, "annotations").values()
        for found in annotations
        if found["section"] in ("TITLE", "ABSTRACT")
    )
    found = [
        (document.text[mention.start : mention.end], mention.type)
        for path in (tmp_path / "pubtator").glob("*.pubtator.txt")
        for document in read_gold(path).documents
        for mention in document.mentions
    ]
    assert sorted(found) == expected
    assert expected


PASSAGES = st.lists(
    st.tuples(
        st.sampled_from(["TITLE", "ABSTRACT", "METHODS", "RESULTS|DISCUSS"]),
        st.lists(
            st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1),
            min_size=1,
            max_size=5,
        ),
    ),
    min_size=1,
    max_size=6,
)


def made(passages: list[tuple[str, list[str]]]) -> ArticleRows:
    """An article in which every second word is a mention."""
    text = ""
    spans, annotations, sentences = [], [], []
    for number, (section, words) in enumerate(passages):
        text += "\n" if number else ""
        begin = len(text)
        sentences.append(Sentence(number, begin, len(text)))
        for index, word in enumerate(words):
            text += " " if index else ""
            start = len(text)
            text += word
            if index % 2 == 0:
                annotations.append(
                    {
                        "annotation_id": f"{len(annotations):032x}",
                        "passage": number,
                        "sentence": number,
                        "section": section,
                        "type": "GP",
                        "start": start,
                        "end": len(text),
                        "exact": word,
                        "prefix": text[begin:start][-32:],
                        "postfix": "",
                        "score": 0.5,
                        "model": "m@1",
                        "start_xpath": f"/article[1]/p[{number}]/text()[1]",
                        "start_offset": start - begin,
                        "end_xpath": f"/article[1]/p[{number}]/text()[1]",
                        "end_offset": len(text) - begin,
                        "concept": None,
                    }
                )
        spans.append({"start": begin, "end": len(text), "section": section, "xpath": "/article[1]"})
    about = dict.fromkeys(("title", "journal", "article_type", "language", "license", "year"))
    ids = {"article_id": "PMC1", "pmcid": "PMC1", "pmid": None, "doi": None, "sha256": "0" * 64}
    return ArticleRows({**ids, **about, "text": text, "passages": spans}, sentences, annotations)


@pytest.mark.parametrize(
    ("article_id", "name"),
    [
        ("PMC1", "PMC1"),
        ("MED:1", "MED_1"),
        ("PMC1#sa2", "PMC1_sa2"),
        ("SRC:0123456789abcdef#sa1", "SRC_0123456789abcdef_sa1"),
    ],
)
def test_usual_ids_are_file_names(article_id, name):
    """They are found again at a look."""
    assert article_file_name(article_id) == name


@given(st.lists(st.text(min_size=1, max_size=400), min_size=2, max_size=6, unique=True))
@example(["10.1/a:b", "10.1/a_b", "10.1/a/b", "10.1/a%2Fb", "10.1/a#sa1", "10.1/" + "x" * 300])
@example(["10.1/" + "x" * 300 + "1", "10.1/" + "x" * 300 + "2"])
def test_any_ids_are_file_names_of_their_own(dois):
    """Short, safe in a URL and on any disk, and no two are one."""
    names = set()
    for doi in dois:
        rows = made([])
        rows.row["article_id"] = article_id_from(None, None, doi, "")
        names.add(article_file_name(rows.row["article_id"]))
    assert len(names) == len({article_id_from(None, None, doi, "") for doi in dois})
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,120}", name) for name in names)


@given(PASSAGES)
def test_any_text_survives(tmp_path_factory, passages):
    """Accents, emoji, quotes and bars: written and read, the slices are the mentions."""
    rows = made(passages)
    folder = tmp_path_factory.mktemp("formats")
    (folder / "1.txt").write_text(rows.row["text"], encoding="utf-8", newline="")
    (folder / "1.ann").write_text(formats.brat_standoff(rows), encoding="utf-8", newline="")
    [document] = read_gold(folder).documents
    assert list(document.mentions) == mentions(rows.annotations)

    written = formats.to_json(formats.bioc_document(rows, formats.Links()))
    found = [
        passage["text"][place["offset"] - passage["offset"] :][: place["length"]]
        for passage in json.loads(written)["passages"]
        for annotation in passage["annotations"]
        for place in annotation["locations"]
    ]
    assert found == [annotation["exact"] for annotation in rows.annotations]

    written = formats.pubtator_text(rows)
    inside = [a["exact"] for a in rows.annotations if a["section"] in ("TITLE", "ABSTRACT")]
    if written is None:
        assert not inside
    else:
        (folder / "p.txt").write_text(written[0], encoding="utf-8", newline="")
        [document] = read_gold(folder / "p.txt").documents
        slices = [document.text[mention.start : mention.end] for mention in document.mentions]
        assert sorted(slices) == sorted(inside)

    for line in formats.submission_rows(rows, "lab", formats.Links()):
        for found, annotation in zip(line["anns"], rows.annotations, strict=False):
            sentence, word = map(int, found["position"].split("."))
            words = rows.row["text"].split("\n")[sentence - 1].split(" ")
            assert words[word - 1] == annotation["exact"]


# Web Annotation ---------------------------------------------------------------------------------


def test_web_annotations_are_found_in_the_xml(done, tmp_path):
    """By XPath and position alone."""
    assert export(done, "webannotation", tmp_path / "web") == 0
    pages = [json.loads(path.read_text()) for path in (tmp_path / "web").glob("*.jsonld")]
    items = {
        item["id"].removeprefix("urn:uuid:").replace("-", ""): item
        for page in pages
        for item in page["items"]
    }
    assert all(page["@context"][0] == "http://www.w3.org/ns/anno.jsonld" for page in pages)
    annotations = rows(done, "annotations")
    assert set(items) == {a["annotation_id"] for found in annotations.values() for a in found}
    for name, [row] in rows(done, "articles").items():
        xml = XmlText(parse_xml(find_source(row)))
        for annotation in annotations.get(name, []):
            target = items[annotation["annotation_id"]]["target"]
            place, quoted = target["selector"]
            assert quoted == {
                "type": "TextQuoteSelector",
                "exact": annotation["exact"],
                "prefix": annotation["prefix"],
                "suffix": annotation["postfix"],
            }
            assert target["source"].endswith(f"/rest/{row['pmcid']}/fullTextXML")
            assert target["scope"] == f"https://europepmc.org/article/PMC/{row['pmcid']}"
            first = place.get("startSelector", place)
            last = place.get("endSelector", place)
            found = {
                "exact": quoted["exact"],
                "start_xpath": first["value"],
                "start_offset": first["refinedBy"]["start"],
                "end_xpath": last["value"],
                "end_offset": last["refinedBy"]["end"],
            }
            assert xml.holds(found)


def test_a_mention_over_several_text_nodes_is_a_range():
    """From a point to a point."""
    rows = made([("RESULTS", ["IFN-γ"])])
    node = "/article[1]/p[1]/italic[1]/text()[1]"
    annotation = {**rows.annotations[0], "end_xpath": node, "end_offset": 1}
    place = formats.web_annotation(annotation, rows.row, formats.Links())["target"]["selector"][0]
    ends = [place["startSelector"], place["endSelector"]]
    assert place["type"] == "RangeSelector"
    assert [end["value"] for end in ends] == [annotation["start_xpath"], node]
    assert [(end["refinedBy"]["start"], end["refinedBy"]["end"]) for end in ends] == [
        (0, 0),
        (1, 1),
    ]


# Europe PMC -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def submission(done, tmp_path_factory):
    """An export with links for one mention."""
    folder = tmp_path_factory.mktemp("europepmc")
    (folder / "links.tsv").write_text(LINKS)
    flags = ["--provider", "lab", "--links", str(folder / "links.tsv")]
    assert export(done, "europepmc", folder / "to", *flags) == 0
    return folder / "to"


def test_linked_mentions_can_be_submitted(done, submission):
    """Four keys, one article a line, and every mention of the link."""
    lines = lines_of(submission, "*.api.json")
    assert lines
    texts = {name: found[0]["text"] for name, found in rows(done, "articles").items()}
    for line in lines:
        assert set(line) == {"src", "id", "provider", "anns"}
        assert formats.submission_problems(line) == []
        for annotation in line["anns"]:
            [tag] = annotation["tags"]
            own = {"name": "BRCA1", "uri": "https://www.uniprot.org/uniprotkb/P38398/entry"}
            assert (tag == own) == (annotation["exact"] == "BRCA1")
            assert tag["uri"].startswith("https://")
            quoted = annotation["prefix"] + annotation["exact"] + annotation["postfix"]
            assert quoted in texts[line["id"]]
    assert len({line["id"] for line in lines}) == len(lines)


def test_every_other_mention_is_in_no_match(done, submission):
    """What has no link, no text beside it, or no article at Europe PMC is never submitted."""
    lines = [*lines_of(submission, "*.api.json"), *lines_of(submission, "no_match/*.api.json")]
    exported = sorted((line["id"], a["exact"]) for line in lines for a in line["anns"])
    expected = sorted(
        (name, annotation["exact"])
        for name, annotations in rows(done, "annotations").items()
        if "#" not in name
        for annotation in annotations
    )
    assert exported == expected
    for line in lines_of(submission, "no_match/*.api.json"):
        assert formats.submission_problems(line)
    counts = json.loads((submission / "export.json").read_text())["counts"]
    total = json.loads((done / "run.json").read_text())["counts"]["annotations"]
    assert sum(count for what, count in counts.items() if "annotations" in what) == total


def test_without_links_nothing_is_submitted(annotate, samples, tmp_path, capsys):
    """And it is said, as is what stands in no file at all."""
    unlinked = tmp_path / "unlinked"
    assert annotate(samples, unlinked, "--terms", "none", "--max-reject-rate", "0.1") == 0
    assert export(unlinked, "europepmc", tmp_path / "to", "--provider", "lab") == 0
    assert not list((tmp_path / "to").glob("*.api.json"))
    said = capsys.readouterr().out
    assert "nothing can be submitted" in said
    assert "sub-articles, and articles without PMCID and PMID" in said


GOOD = {
    "position": "1.2",
    "prefix": "in ",
    "exact": "BRCA1",
    "postfix": "",
    "section": "Title",
    "type": "gene_protein",
    "tags": [{"name": "BRCA1", "uri": "https://www.uniprot.org/uniprotkb/P38398/entry"}],
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"position": 1}, "position"),
        ({"position": "1"}, "position"),
        ({"prefix": ""}, "prefix or postfix"),
        ({"postfix": None}, "postfix"),
        ({"section": "Results,Discussion"}, "section"),
        ({"tags": []}, "tags"),
        ({"tags": [{"name": "BRCA1", "uri": "#"}]}, "uri"),
        ({"tags": [{"name": "", "uri": "https://example.org/1"}]}, "name"),
        ({"score": 0.5}, "unknown keys score"),
    ],
)
def test_our_own_check_finds_what_the_service_would(change, word):
    """Offline."""
    line = {"src": "PMC", "id": "PMC1", "provider": "lab", "anns": [GOOD]}
    assert formats.submission_problems(line) == []
    [problem] = formats.submission_problems({**line, "anns": [{**GOOD, **change}]})
    assert word in problem


@pytest.mark.parametrize(
    "change", [{"src": "PPR"}, {"id": 1}, {"anns": []}, {"anns": None}, {"types": []}]
)
def test_our_own_check_knows_the_lines_keys(change):
    """A preprint's source is not in the service's pattern; a fifth key is refused."""
    line = {"src": "PMC", "id": "PMC1", "provider": "lab", "anns": [GOOD], **change}
    assert formats.submission_problems(line)


def test_articles_outside_pmc_show_title_and_abstract_only():
    """Europe PMC has no more of them."""
    rows = made([("TITLE", ["of", "x", "BRCA1"]), ("METHODS", ["of", "x", "BRCA1"])])
    rows.row.update(pmcid=None, pmid="12")
    links = formats.Links({("GP", "BRCA1"): formats.Link("BRCA1", "https://example.org/1")})
    matched, others = formats.submission_rows(rows, "lab", links)
    assert (matched["src"], matched["id"]) == ("MED", "12")
    assert [found["section"] for found in matched["anns"]] == ["Title"]
    assert formats.submission_problems(matched) == []
    assert len(others["anns"]) == 3


def test_no_file_is_too_long(monkeypatch):
    """The service takes fewer than 10,000 lines."""
    monkeypatch.setattr(formats, "SUBMISSION_LINES", 2)
    lines = Lines("x{}.json")
    for number in range(5):
        lines.add({"id": number})
    assert [(name, data.count(b"\n")) for name, data in lines.files()] == [
        ("x.json", 2),
        ("x-2.json", 2),
        ("x-3.json", 1),
    ]


# The folder -------------------------------------------------------------------------------------


def test_the_output_stays_as_it_was(done):
    """An export goes beside the tables; verify still holds."""
    before = files(done)
    for format_ in ("bioc", "brat"):
        assert main(["export", str(done), "--format", format_]) == 0
    assert main(["verify", str(done)]) == 0
    after = files(done)
    assert before.items() <= after.items()
    assert {Path(name).parts[0] for name in after.keys() - before.keys()} == {"export"}


def test_a_new_export_replaces_the_old_one(annotate, tmp_path):
    """Files of chunks that are gone go; the same run gives the same bytes."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1), article(2)])
    assert annotate(source, tmp_path / "out") == 0
    assert export(tmp_path / "out", "brat", tmp_path / "to") == 0
    first = files(tmp_path / "to")
    assert export(tmp_path / "out", "brat", tmp_path / "to") == 0
    assert files(tmp_path / "to") == first
    write_archive(source, [article(3)])
    assert annotate(source, tmp_path / "out", "--update") == 0
    assert export(tmp_path / "out", "brat", tmp_path / "to") == 0
    names = {Path(name).name for name in files(tmp_path / "to")}
    assert names == {"PMC3.txt", "PMC3.ann", "annotation.conf", "export.json"}


def test_two_versions_of_an_article_are_two_files(annotate, tmp_path):
    """Neither overwrites the other."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1), article(1, paragraphs=1)])
    assert annotate(source, tmp_path / "out") == 0
    assert export(tmp_path / "out", "brat", tmp_path / "to") == 0
    assert len(list((tmp_path / "to").glob("*/PMC1@*.ann"))) == 2


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--format", "europepmc"], "--provider"),
        (["--format", "bioc", "--provider", "lab"], "--provider"),
        (["--format", "brat", "--links", "x.tsv"], "--links"),
        (["--format", "bioc", "--links", "no-such.tsv"], "no-such.tsv"),
    ],
)
def test_flags_that_make_no_sense_are_refused(done, capsys, flags, word):
    """Before anything is written."""
    assert main(["export", str(done), *flags]) == 2
    assert word in capsys.readouterr().err


@pytest.mark.parametrize("line", ["GP\tBRCA1\n", "GP\tBRCA1\tBRCA1\tP38398\n"])
def test_a_bad_link_is_named(done, tmp_path, capsys, line):
    """With its file and line."""
    (tmp_path / "links.tsv").write_text(line)
    flags = ["--format", "bioc", "--links", str(tmp_path / "links.tsv")]
    assert main(["export", str(done), *flags]) == 2
    assert "links.tsv:1:" in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone(done, tmp_path, capsys):
    """Nothing is written into it."""
    (tmp_path / "mine.txt").write_text("mine")
    assert export(done, "bioc", tmp_path) == 2
    assert "mine.txt" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "content",
    [
        *("{}", "[]", '"brat"', '{"format": "brat"}', '{"format": ["brat"], "folders": []}'),
        '{"format": "tar", "folders": []}',
        *('{"format": "brat", "folders": [1]}', '{"format": "brat", "folders": [".."]}'),
        '{"format": "brat", "folders": ["../mine"]}',
    ],
)
def test_another_programs_manifest_is_left_alone(done, tmp_path, capsys, content):
    """One line, exit code 2, and no file of the folders that it names is deleted."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "data.txt").write_text("mine")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "export.json").write_text(content)
    before = files(tmp_path)
    assert export(done, "brat", tmp_path / "to") == 2
    error = capsys.readouterr().err
    assert "that export did not write" in error
    assert error.count("\n") == 1
    assert files(tmp_path) == before


def test_no_run_no_export(tmp_path, capsys):
    """A folder without run.json is refused."""
    assert export(tmp_path, "bioc", tmp_path / "to") == 2
    assert "run.json" in capsys.readouterr().err


# Tables and spaCy -------------------------------------------------------------------------------


@pytest.mark.parametrize(("format_", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_tables_hold_every_mention_with_its_sentence(done, tmp_path, format_, delimiter):
    """And what tells its article; a tab-separated table needs no quotes."""
    assert export(done, format_, tmp_path / format_) == 0
    quoting = csv.QUOTE_MINIMAL if format_ == "csv" else csv.QUOTE_NONE
    found = []
    for path in sorted((tmp_path / format_).glob(f"*.{format_}")):
        with path.open(encoding="utf-8", newline="") as lines:
            found += csv.DictReader(lines, delimiter=delimiter, quoting=quoting)
    expected = [row for group in rows(done, "annotations").values() for row in group]
    articles = rows(done, "articles")
    assert len(found) == len(expected)
    by_id = {row["annotation_id"]: row for row in found}
    for row in expected:
        mine = by_id[row["annotation_id"]]
        assert mine["exact"] == row["exact"]
        assert row["exact"] in mine["sentence_text"]
        assert mine["pmcid"] == (articles[row["article_id"]][0]["pmcid"] or "")
        assert None not in mine
        assert None not in mine.values()


def test_spacy_has_every_mention(done, tmp_path):
    """As a span of the document that is its passage, at its place; entities do not overlap."""
    spacy = pytest.importorskip("spacy", reason="spaCy's format is NOT TESTED: install spacy")
    from spacy.tokens import DocBin

    assert export(done, "spacy", tmp_path / "spacy") == 0
    vocab = spacy.blank("en").vocab
    documents = [
        document
        for path in (tmp_path / "spacy").glob("*.spacy")
        for document in DocBin().from_bytes(path.read_bytes()).get_docs(vocab)
    ]
    found = {
        span.id_: (document.user_data["start"] + span.start_char, span.text, span.label_)
        for document in documents
        for span in document.spans["mentions"]
    }
    expected = [row for group in rows(done, "annotations").values() for row in group]
    assert set(found) == {row["annotation_id"] for row in expected}
    for row in expected:
        start, text, label = found[row["annotation_id"]]
        assert row["exact"] in text
        assert start <= row["start"]
        assert label == names_of(row["type"]).spacy
    assert any(document.ents for document in documents)

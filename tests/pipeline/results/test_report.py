"""The page tells what run.json and the tables tell, and nothing in it can run."""

import json
import re
from html.parser import HTMLParser

import pyarrow.parquet as pq
import pytest
from lxml import etree

from pipeline.__main__ import main
from pipeline.results import findings
from pipeline.results.findings import MentionCounts, gather
from tests.articles import article, files, write_archive


@pytest.fixture(scope="module")
def done(samples, tiny, tmp_path_factory):
    """The output of a run over the samples, with its report."""
    output = tmp_path_factory.mktemp("samples") / "out"
    flags = ["--model", tiny, "--max-reject-rate", "0.1"]
    assert main(["annotate", "--input", str(samples), "--output", str(output), *flags]) == 0
    assert main(["report", str(output)]) == 0
    return output


@pytest.fixture(scope="module")
def record(done):
    """Its run.json."""
    return json.loads((done / "run.json").read_text())


@pytest.fixture(scope="module")
def page(done):
    """The page, well-formed."""
    return etree.parse(str(done / "report.html")).getroot()


def table(page, title: str) -> list[list[str]]:
    """The rows of the first table under a title, as text."""
    [heading] = page.xpath(f"//*[self::h2 or self::h3][starts-with(., '{title}')]")
    [found, *_] = heading.xpath("following-sibling::*[descendant-or-self::table][1]//table")
    return [["".join(cell.itertext()) for cell in row] for row in found.iter("tr")]


def rows_of(output, name: str) -> list[dict]:
    """All rows of one of the run's tables."""
    return [row for path in (output / name).iterdir() for row in pq.read_table(path).to_pylist()]


def number(text: str) -> int:
    """A number as the page writes it."""
    return int(text.replace(",", ""))


def test_the_page_stands_alone(done):
    """No script, no picture, style or font from elsewhere; every tag is closed."""
    text = (done / "report.html").read_text(encoding="utf-8")
    open_tags, seen = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            open_tags.append(tag)
            seen.append((tag, dict(attrs)))

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

        def handle_startendtag(self, tag, attrs):
            seen.append((tag, dict(attrs)))

    Reader().feed(text)
    assert not open_tags
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in seen}
    assert not [attrs for _, attrs in seen if {"src", "onload"} & attrs.keys()]
    links = {attrs["href"] for _, attrs in seen if "href" in attrs}
    assert links
    assert all(link.startswith("https://europepmc.org/article/PMC/PMC") for link in links)
    assert "@import" not in text
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text


def test_counts_equal_those_of_the_run(page, record):
    """By section and type, and in all."""
    head, *rows = table(page, "Annotations by section and type")
    types = head[1 : head.index("all")]
    by_section = {row[0]: number(row[len(types) + 1]) for row in rows}
    assert by_section.pop("all") == record["counts"]["annotations"]
    found = {section: count for section, count in by_section.items() if count}
    assert found == record["annotations"]["by_section"]
    by_type = dict(zip(types, map(number, rows[-1][1 : len(types) + 1]), strict=True))
    assert by_type == record["annotations"]["by_type"]
    cards = {card[1].text: number(card[0].text) for card in page.iterfind(".//*[@class='card']")}
    assert cards["articles annotated"] == record["reconciliation"]["annotated"]
    assert cards["rejected"] == record["reconciliation"]["rejected"]
    assert cards["tokens"] == record["counts"]["tokens"]
    assert not page.xpath("//*[@class='notice']")


def test_rejects_and_ledger_and_articles(page, record):
    """Rejects have an example; the characters and articles add up."""
    [_, reject] = table(page, "Rejects")
    assert reject[:3] == ["parse", "not-well-formed", "1"]
    assert "PMC9900004" in reject[3]
    ledger = table(page, "Where the characters went")[1:]
    assert ledger[0][0] == "annotated"
    assert {"references", "metadata"} < {row[0] for row in ledger}
    journals = table(page, "by journal")[1:]
    assert sum(number(row[1]) for row in journals) == record["reconciliation"]["annotated"]
    stages = table(page, "core time by stage")[1:]
    assert {row[0] for row in stages} == set(record["stage_msec"])


def test_the_ledger_has_every_character(done):
    """What the articles' rows say, without what sub-articles' own rows say again."""
    found = gather(str(done))
    rows = rows_of(done, "articles")
    main_rows = [row for row in rows if "#" not in row["article_id"]]
    source = sum(row["chars_source"] for row in main_rows)
    assert found.kept + found.excluded.total() == source
    separators = sum(len(row["passages"]) - 1 for row in rows)
    assert found.text.total() == sum(len(row["text"]) for row in rows) - separators
    assert sum(found.articles["year"].values()) == len(main_rows)


def test_articles_whose_doi_has_a_hash_are_counted(annotate, tmp_path):
    """Old ones of Wiley's end in ``#``; a sub-article's name in a number after it."""
    doi = "10.1002/1521-4141(200211)32:11&lt;3160::AID-IMMU3160&gt;3.0.CO;2-#"
    named = article(1).replace('pub-id-type="pmcid">1<', f'pub-id-type="doi">{doi}<')
    source = write_archive(tmp_path / "a.xml.gz", [named, article(2)])
    assert annotate(source, tmp_path / "out") == 0
    assert gather(str(tmp_path / "out")).articles["article_type"] == {"research-article": 2}


def test_scores_and_mentions_are_all_counted(done, record):
    """Each annotation has one score and one mention."""
    found = gather(str(done))
    for type_, count in record["annotations"]["by_type"].items():
        assert found.scores[type_].sum() == count
        assert found.mentions[type_].mentions.total() == count


def test_samples_are_drawn_by_type_and_article(done, record):
    """Each in its sentence, each of a type from another article; the same ones each time."""
    samples = gather(str(done)).samples
    texts = [row["text"] for row in rows_of(done, "articles")]
    for sample in samples:
        sentence = sample.before + sample.row["exact"] + sample.after
        assert any(sentence in text for text in texts)
    drawn = [(sample.row["type"], sample.row["article_id"]) for sample in samples]
    assert len(set(drawn)) == len(drawn)
    holders = {(row["type"], row["article_id"]) for row in rows_of(done, "annotations")}
    for type_ in record["annotations"]["by_type"]:
        n_articles = sum(holder[0] == type_ for holder in holders)
        assert sum(one[0] == type_ for one in drawn) == min(findings.SAMPLES, n_articles)
    assert samples == gather(str(done)).samples


def test_coverage_and_conflicts_are_those_of_the_rows(done, page):
    """Articles with each type, sentences with a mention, names with several types in an article."""
    found, rows = gather(str(done)), rows_of(done, "annotations")
    for type_ in found.by_type():
        articles = {row["article_id"] for row in rows if row["type"] == type_}
        assert found.coverage[type_] == len(articles)
    marked = {(row["article_id"], row["sentence"]) for row in rows}
    assert found.sentences == {"all": len(rows_of(done, "sentences")), "marked": len(marked)}
    types: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        types.setdefault((row["article_id"], row["exact"].lower()), set()).add(row["type"])
    assert found.conflicts.total() == sum(len(each) > 1 for each in types.values())
    coverage = table(page, "Coverage")[1:]
    assert number(coverage[-1][1]) == found.n_rows - found.coverage["any"]


def test_pages_of_articles_are_linked(done, tmp_path):
    """From the sample to the mention on its page, and back."""
    to = tmp_path / "site" / "index.html"
    assert main(["report", str(done), "--to", str(to), "--pages", "2"]) == 0
    made = sorted(path.name for path in (tmp_path / "site" / "pages").iterdir())
    assert len(made) == 2
    root = etree.parse(str(to)).getroot()
    links = [link for link in root.xpath("//a/@href") if link.startswith("pages/")]
    assert {link.partition("#")[0] for link in links} == {f"pages/{name}" for name in made}
    assert any("#" in link for link in links)
    page = (tmp_path / "site" / "pages" / made[0]).read_text(encoding="utf-8")
    assert 'href="../index.html"' in page


def test_rare_mentions_are_forgotten_and_the_page_says_so(monkeypatch):
    """However many different mentions there are, memory is bounded and the error known."""
    monkeypatch.setattr(findings, "_TALLY", 10)
    tally = MentionCounts()
    for number_ in range(1000):
        tally.add("common", 3, 1)
        tally.add(f"rare {number_}", 1, 1)
    assert len(tally.mentions) <= 20
    assert tally.mentions["common"] == 3000
    assert 0 < tally.missed < 3000


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\" ' &amp; ]]>"


def test_hostile_text_is_shown_not_run(annotate, tmp_path):
    """In a title, a journal, a section, a mention's sentence and a reject."""
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    hostile = (
        article(1)
        .replace("Of mice, 1", f"Of mice {escaped}")
        .replace("Study 1-0.", f"{escaped} BRCA1 {escaped}")
        .replace("<title-group>", f"<title-group><journal-title>{escaped}</journal-title>")
    )
    broken = article(2).replace("<body>", "<body></p>")
    source = write_archive(tmp_path / "a&<b>.xml.gz", [hostile, broken])
    assert annotate(source, tmp_path / "out", "--max-reject-rate", "1") == 0
    assert main(["report", str(tmp_path / "out"), "--to", str(tmp_path / "page.html")]) == 0
    root = etree.parse(str(tmp_path / "page.html")).getroot()
    assert not root.xpath("//script | //img | //@onerror")
    text = "".join(root.itertext())
    assert "<script>alert(1)</script>" in text
    assert "a&<b>.xml.gz" in text
    assert not re.search("<script", (tmp_path / "page.html").read_text(encoding="utf-8"))


def test_a_run_without_annotations_has_a_page(annotate, tmp_path):
    """Nothing found is a result too."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    assert annotate(source, tmp_path / "out", "--min-score", "1") == 0
    assert main(["report", str(tmp_path / "out")]) == 0
    root = etree.parse(str(tmp_path / "out" / "report.html")).getroot()
    assert root.xpath("//h2[starts-with(., '0 annotations as a sample')]")


def test_tables_that_disagree_with_the_run_are_named(annotate, tmp_path):
    """In the page, at its top."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    assert annotate(source, tmp_path / "out") == 0
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    run["annotations"]["by_type"]["GP"] += 1
    (tmp_path / "out" / "run.json").write_text(json.dumps(run))
    assert main(["report", str(tmp_path / "out")]) == 0
    root = etree.parse(str(tmp_path / "out" / "report.html")).getroot()
    [notice] = root.xpath("//*[@class='notice']")
    assert "do not agree on annotations by type" in "".join(notice.itertext())


def test_the_output_stays_as_it_was(done):
    """Verify still holds with the page beside the tables; the same run gives the same page."""
    before = files(done)
    assert main(["report", str(done)]) == 0
    assert main(["verify", str(done)]) == 0
    assert files(done) == before


def test_no_run_no_report(tmp_path, capsys):
    """A folder without run.json is refused."""
    assert main(["report", str(tmp_path)]) == 2
    assert "run.json" in capsys.readouterr().err

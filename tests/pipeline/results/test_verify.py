"""Every promise is broken on purpose, in files that agree with each other otherwise, and found."""

import gzip
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.results.verify.check import PROMISES
from tests.articles import article, write_archive
from transforms.annotations import annotation_id
from transforms.tables import TABLES, line_of

INLINE = (
    '<article><front><article-meta><article-id pub-id-type="pmcid">77</article-id>'
    "<title-group><article-title>Of human cells</article-title></title-group></article-meta>"
    "</front>"
    "<body><sec><title>Results</title>"
    "<p>BRCA1 in mice, and <italic>BRCA</italic>1<xref ref-type='bibr'>7</xref> in mice: "
    "breast\n   cancer at <inline-formula><tex-math>x</tex-math></inline-formula>"
    " 😀 aspirin.</p></sec></body>"
    "<sub-article><front-stub><title-group><article-title>Reply on diabetes</article-title>"
    "</title-group></front-stub><body><p>Thank you for the mice.</p></body></sub-article></article>"
)
BROKEN = (
    '<article><front><article-meta><article-id pub-id-type="pmcid">78</article-id><p></article>'
)


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """A run over four articles, a broken one and a duplicate, in two archives."""
    folder = tmp_path_factory.mktemp("whole")
    write_archive(folder / "a.xml.gz", [article(1), INLINE, BROKEN])
    write_archive(folder / "b.xml.gz", [article(2, paragraphs=1), article(1)])
    flags = ["--model", tiny, "--quiet", "--max-reject-rate", "1"]
    command = ["annotate", "--input", str(folder), "--output", str(folder / "out"), *flags]
    assert main(command) == 0
    return folder


@pytest.fixture
def output(whole, tmp_path):
    """A copy of the output, to be damaged."""
    return Path(shutil.copytree(whole / "out", tmp_path / "out"))


class Chunk:
    """A chunk's rows, to be changed; ``seal`` writes them and all that must agree with them."""

    def __init__(self, output: Path, archive: str = "a-") -> None:
        self.output = output
        [self.receipt_path] = (output / "receipts").glob(f"{archive}*.json")
        self.name = self.receipt_path.stem
        self.receipt = json.loads(self.receipt_path.read_text())
        self.rows = {
            table.name: pq.read_table(self.shard(table.name)).to_pylist() for table in TABLES
        }

    def shard(self, table: str) -> Path:
        """A table's file."""
        return self.output / table / f"{self.name}.parquet"

    def article(self, article_id: str = "PMC77") -> dict:
        """An article's row."""
        return next(row for row in self.rows["articles"] if row["article_id"] == article_id)

    def of(self, table: str, article_id: str = "PMC77") -> list[dict]:
        """A table's rows of one article."""
        return [row for row in self.rows[table] if row["article_id"] == article_id]

    def annotation(self, exact: str = "BRCA1", number: int = 0) -> dict:
        """One of a name's mentions."""
        return [row for row in self.of("annotations") if row["exact"] == exact][number]

    def drop(self, table: str, *rows: dict) -> None:
        """Takes rows out of a table."""
        self.rows[table] = [row for row in self.rows[table] if row not in rows]

    def seal(self, *, counts: bool = True, rename: bool = True) -> None:
        """Makes JSON lines, shards, receipt and ``run.json`` agree with the rows.

        Args:
            counts: also what the article's row counts of its own rows.
            rename: also the ids of annotations.
        """
        lines = []
        for row in self.rows["articles"]:
            own = self.of("annotations", row["article_id"])
            if counts:
                row["n_annotations"] = len(own)
                row["n_sentences"] = len(self.of("sentences", row["article_id"]))
            for found in own:
                if rename:
                    found["annotation_id"] = annotation_id(
                        row["article_id"],
                        row["sha256"],
                        *(found[name] for name in ("start", "end", "type")),
                        found["model"].rpartition("@")[2],
                    )
            lines.append(line_of(row, own))
        for table in TABLES:
            batch = pa.RecordBatch.from_pylist(self.rows[table.name], schema=table.schema)
            self.shard(table.name).write_bytes(table.to_parquet([batch]))
        with (
            (self.output / "jsonl" / f"{self.name}.jsonl.gz").open("wb") as file,
            gzip.GzipFile("", "wb", 6, file, mtime=0) as packed,
        ):
            packed.writelines(lines)
        articles = self.rows["articles"]
        subs = sum("#sa" in row["article_id"] for row in articles)
        reasons = Counter(row["reason"] for row in self.rows["rejects"])
        self.receipt["counts"] = {
            "articles": len(articles) - subs,
            "sub_articles": subs,
            "passages": sum(len(row["passages"]) for row in articles),
            "sentences": len(self.rows["sentences"]),
            "windows": sum(row["n_windows"] for row in articles),
            "tokens": sum(row["n_tokens"] for row in articles),
            "annotations": len(self.rows["annotations"]),
            "rejects": sum(reasons.values()) - reasons["duplicate"],
            "duplicates": reasons["duplicate"],
        }
        self.receipt["types"] = dict(Counter(row["type"] for row in self.rows["annotations"]))
        self.receipt["sections"] = dict(Counter(row["section"] for row in self.rows["annotations"]))
        self.receipt["reasons"] = dict(reasons)
        seal_files(self)


def seal_files(chunk: Chunk) -> None:
    """Makes the receipt agree with the files as they are, and ``run.json`` with the receipts."""
    for path, file in chunk.receipt["files"].items():
        data = (chunk.output / path).read_bytes()
        file.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    chunk.receipt_path.write_text(json.dumps(chunk.receipt, indent=1, sort_keys=True) + "\n")
    totals: dict[str, Counter] = {
        name: Counter() for name in ("counts", "types", "sections", "reasons")
    }
    lines = ""
    for path in sorted((chunk.output / "receipts").iterdir()):
        receipt = json.loads(path.read_text())
        lines += f"{path.stem} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for name, total in totals.items():
            total.update(receipt[name])

    def update(run: dict) -> None:
        run["receipts_sha256"] = hashlib.sha256(lines.encode()).hexdigest()
        run["counts"] = totals["counts"]
        run["annotations"] = {"by_type": totals["types"], "by_section": totals["sections"]}
        run["rejects"] = totals["reasons"]
        run["reconciliation"].update(
            annotated=totals["counts"]["articles"],
            rejected=totals["counts"]["rejects"],
            duplicates=totals["counts"]["duplicates"],
        )

    change_run(chunk.output, update)


def change_run(output: Path, change: Callable[[dict], object]) -> None:
    """Changes ``run.json``."""
    path = output / "run.json"
    run = json.loads(path.read_text())
    change(run)
    path.write_text(json.dumps(run))


@pytest.fixture
def verify(output, capsys):
    """Verifies the copy: its exit code, and how many breaches of which promise were found."""

    def run(*flags: str) -> SimpleNamespace:
        capsys.readouterr()
        code = main(["verify", str(output), *flags])
        said = capsys.readouterr()
        counts = [line.split() for line in said.out.splitlines() if "checks" in line]
        broken = {words[0] for words in counts if words[3] != "none"}
        assert "Traceback" not in said.out + said.err
        return SimpleNamespace(code=code, broken=broken, out=said.out, err=said.err)

    return run


def test_undamaged_output_is_accepted(verify):
    """Exit code 0, every promise checked on something."""
    found = verify("--rescore", "9")
    assert (found.code, found.broken) == (0, set())
    checked = {line.split()[0]: int(line.split()[1]) for line in found.out.splitlines()}
    assert tuple(checked) == PROMISES
    assert all(checked.values())


def test_sealing_alone_breaks_nothing(output, verify):
    """What the damages below are found by is not the helper that hides them."""
    before = {path.name: path.read_bytes() for path in (output / "receipts").iterdir()}
    Chunk(output).seal()
    assert verify().broken == set()
    assert {path.name: path.read_bytes() for path in (output / "receipts").iterdir()} == before


# --- what stands in the tables ---


def _set(name: str, value: object, exact: str = "BRCA1") -> Callable[[Chunk], None]:
    return lambda chunk: chunk.annotation(exact).update({name: value})


def _add(name: str, number: int, exact: str = "BRCA1") -> Callable[[Chunk], None]:
    def damage(chunk: Chunk) -> None:
        chunk.annotation(exact)[name] += number

    return damage


def _shift_both(chunk: Chunk) -> None:
    found = chunk.annotation()
    found["start"] += 1
    found["end"] += 1


def _other_fingerprint(chunk: Chunk) -> None:
    chunk.annotation()["model"] = "tiny@000000000000"


@pytest.mark.parametrize(
    "damage",
    [
        _add("start", 1),
        _add("end", -1),
        _add("end", 1),
        _shift_both,
        _set("exact", "BRCA2"),
        _set("exact", ""),
        _set("prefix", "x"),
        _set("prefix", "", "aspirin"),
        _set("postfix", " im mice"),
        _set("section", "METHODS"),
        _set("sentence", 0),
        _set("sentence", -1),
        _set("sentence", 99),
        _set("passage", 0),
        _set("passage", -9),
        _set("start", -5),
        _set("end", 100_000),
        _other_fingerprint,
    ],
)
def test_annotation_that_does_not_slice_its_text_is_found(damage, output, verify):
    """Any offset, string, sentence, passage or section of it."""
    chunk = Chunk(output)
    damage(chunk)
    chunk.seal()
    found = verify()
    assert found.code == 1
    assert "slices" in found.broken
    assert found.broken <= {"slices", "places"}


def test_id_that_is_not_its_annotation_s_is_found(output, verify):
    """Ids can be worked out from the row."""
    chunk = Chunk(output)
    chunk.annotation()["annotation_id"] = "0" * 32
    chunk.seal(rename=False)
    assert (verify().code, verify().broken) == (1, {"slices"})


def _other_mention(chunk: Chunk) -> None:
    """The XML place of the second of two mentions of a word for the first."""
    first, second = chunk.annotation("mice", 0), chunk.annotation("mice", 1)
    for name in ("start_xpath", "start_offset", "end_xpath", "end_offset"):
        first[name] = second[name]


@pytest.mark.parametrize(
    "damage",
    [
        _add("start_offset", 1),
        _add("start_offset", -1, "mice"),
        _add("end_offset", 1),
        _add("end_offset", -1),
        _set("start_offset", -1),
        _set("end_offset", 10_000),
        _set("start_xpath", "/article[1]/body[1]/sec[1]/title[1]/text()[1]"),
        _set("end_xpath", "/article[1]/body[1]/sec[1]/p[2]/text()[1]"),
        _set("start_xpath", "/article[1]/body[1]/sec[1]/p[1]"),
        _set("start_xpath", "string(/)"),
        _set("start_xpath", "1 + 1"),
        _set("start_xpath", "//text()"),
        _set("start_xpath", "no: [path"),
        _set("start_xpath", ""),
        _other_mention,
    ],
)
def test_annotation_at_another_place_in_the_xml_is_found(damage, output, verify):
    """Also where the same characters stand."""
    chunk = Chunk(output)
    damage(chunk)
    chunk.seal()
    assert (verify().code, verify().broken) == (1, {"places"})


def _drop_article(chunk: Chunk) -> None:
    for table in ("articles", "sentences", "annotations"):
        chunk.drop(table, *chunk.of(table, "PMC1"))


def _drop_reject(chunk: Chunk) -> None:
    chunk.rows["rejects"] = []


def _drop_sub_article(chunk: Chunk) -> None:
    for table in ("articles", "sentences", "annotations"):
        chunk.drop(table, *chunk.of(table, "PMC77#sa1"))


def _reject_sound_article(chunk: Chunk) -> None:
    row = chunk.article("PMC1")
    _drop_article(chunk)
    [reject] = chunk.rows["rejects"]
    place = {name: row[name] for name in ("source_uri", "source_index", "article_id")}
    chunk.rows["rejects"] = [{**reject, **place}, reject]


def _call_it_duplicate(chunk: Chunk) -> None:
    _reject_sound_article(chunk)
    message = "the same bytes as /a.xml#0"
    chunk.rows["rejects"][0].update(stage="plan", reason="duplicate", message=message)
    place = "{source_uri}#{source_index}".format(**chunk.rows["rejects"][0])
    chunk.receipt["duplicates"] = {place: "/a.xml#0"}


def _annotate_and_reject(chunk: Chunk) -> None:
    [reject] = chunk.rows["rejects"]
    chunk.rows["rejects"].append({**reject, "source_index": 0})


def _annotate_broken_article(chunk: Chunk) -> None:
    [reject] = chunk.rows["rejects"]
    chunk.rows["rejects"] = []
    copy = {**chunk.article("PMC1"), "article_id": "PMC78", "source_index": reject["source_index"]}
    chunk.rows["articles"].append({**copy, "n_sentences": 0, "n_annotations": 0, "n_linked": 0})


def _other_reason(chunk: Chunk) -> None:
    chunk.rows["rejects"][0]["reason"] = "empty"


def _other_bytes(chunk: Chunk) -> None:
    chunk.article("PMC1")["sha256"] = "0" * 64


def _other_index(chunk: Chunk) -> None:
    chunk.article("PMC1")["source_index"] = 7


def _other_metadata(name: str, value: object) -> Callable[[Chunk], None]:
    return lambda chunk: chunk.article("PMC1").update({name: value})


@pytest.mark.parametrize(
    "damage",
    [
        _drop_article,
        _drop_reject,
        _drop_sub_article,
        _reject_sound_article,
        _call_it_duplicate,
        _annotate_and_reject,
        _annotate_broken_article,
        _other_reason,
        _other_bytes,
        _other_index,
        _other_metadata("title", "Of men"),
        _other_metadata("pmid", "1"),
        _other_metadata("year", 1999),
    ],
)
def test_article_that_is_lost_doubled_or_another_is_found(damage, output, verify):
    """Whatever the sums say, each article is looked for in its source."""
    chunk = Chunk(output)
    damage(chunk)
    chunk.seal()
    found = verify()
    assert found.code == 1
    assert "articles" in found.broken
    # A lost article was one of those planned; all else agrees.
    assert found.broken <= {"articles", "files"}


def test_duplicate_that_is_annotated_too_is_found(output, verify):
    """The same bytes under the same id count once."""
    first, second = Chunk(output), Chunk(output, "b-")
    [reject] = second.rows["rejects"]
    second.rows["rejects"] = []
    second.receipt["duplicates"] = {}
    place = {name: reject[name] for name in ("source_uri", "source_index")}
    second.rows["articles"].append({**first.article("PMC1"), **place})
    for table in ("sentences", "annotations"):
        second.rows[table] += first.of(table, "PMC1")
    second.seal()
    assert (verify().code, verify().broken) == (1, {"articles"})


def _change(name: str, number: int) -> Callable[[dict], None]:
    def damage(row: dict) -> None:
        row[name] += number

    return damage


def _other_excluded(row: dict) -> None:
    """One more is kept, one less was left out."""
    row["chars_kept"] += 1
    row["chars_excluded"] -= 1
    (reason, count), *rest = row["excluded"]
    row["excluded"] = [(reason, count - 1), *rest]


def _no_reason(row: dict) -> None:
    row["excluded"] = [("", sum(count for _, count in row["excluded"]))]


def _other_reasons(row: dict) -> None:
    row["excluded"] = [("references", sum(count for _, count in row["excluded"]))]


def _other_letter(row: dict) -> None:
    row["text"] = row["text"].replace("Results", "Resulte")


def _lost_words(row: dict) -> None:
    """The end of the text is not there, though its characters are counted."""
    last = row["passages"][-1]
    last["end"] -= 8
    row["text"] = row["text"][: last["end"]]


def _passage(**values: object) -> Callable[[dict], None]:
    return lambda row: row["passages"][1].update(values)


def _no_passage(row: dict) -> None:
    row["passages"][1] = None


@pytest.mark.parametrize(
    "damage",
    [
        _change("chars_kept", 1),
        _change("chars_kept", -1),
        _change("chars_excluded", 1),
        _change("chars_source", 1),
        _other_excluded,
        _no_reason,
        _other_reasons,
        _other_letter,
        _lost_words,
        _passage(section="METHODS"),
        _passage(start=1),
        _passage(end=10_000),
        _passage(start=None),
        _passage(path=[None]),
        _passage(xpath="/article[1]"),
        _no_passage,
    ],
)
def test_characters_that_are_not_those_of_the_source_are_found(damage, output, verify):
    """Lost, invented, moved, or left out for no reason."""
    chunk = Chunk(output)
    damage(chunk.article())
    chunk.seal()
    found = verify()
    assert found.code == 1
    assert "characters" in found.broken
    assert found.broken <= {"characters", "words", "slices", "places", "sentences", "tokens"}


@pytest.mark.parametrize(
    "damage",
    [_change("n_tokens", 1), _change("n_tokens", -1), _change("n_windows", 1)],
)
def test_tokens_not_scored_once_are_found(damage, output, verify):
    """The counts are those of the text, tokenised again."""
    chunk = Chunk(output)
    damage(chunk.article())
    chunk.seal()
    assert (verify().code, verify().broken) == (1, {"tokens"})


def _drop_sentence(chunk: Chunk) -> None:
    chunk.drop("sentences", chunk.of("sentences")[-1])


def _sentence(number: int, **changes: int) -> Callable[[Chunk], None]:
    def damage(chunk: Chunk) -> None:
        row = chunk.of("sentences")[number]
        for name, change in changes.items():
            row[name] += change

    return damage


def _swap_sentences(chunk: Chunk) -> None:
    first, second = chunk.of("sentences")[:2]
    for name in ("start", "end", "passage", "section"):
        first[name], second[name] = second[name], first[name]


def _other_section(chunk: Chunk) -> None:
    chunk.of("sentences")[0]["section"] = "METHODS"


@pytest.mark.parametrize(
    "damage",
    [
        _drop_sentence,
        _sentence(0, end=-1),
        _sentence(0, start=1),
        _sentence(1, start=-2),
        _sentence(2, end=1),
        _sentence(-1, end=1000),
        _sentence(0, start=-1000),
        _sentence(1, passage=1),
        _sentence(1, passage=1000),
        _sentence(1, passage=-1000),
        _sentence(1, sentence=1),
        _swap_sentences,
        _other_section,
    ],
)
def test_sentences_that_overlap_or_leave_words_out_are_found(damage, output, verify):
    """Or stand in another order, passage or section."""
    chunk = Chunk(output)
    damage(chunk)
    chunk.seal()
    found = verify()
    assert found.code == 1
    assert "sentences" in found.broken
    assert found.broken <= {"sentences", "slices"}


# --- files ---


def _flip(folder: str) -> Callable[[Path], None]:
    def damage(output: Path) -> None:
        path = next((output / folder).iterdir())
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    return damage


def _cut(folder: str) -> Callable[[Path], None]:
    def damage(output: Path) -> None:
        path = next((output / folder).iterdir())
        path.write_bytes(path.read_bytes()[:-10])

    return damage


def _cut_and_seal(folder: str) -> Callable[[Path], None]:
    def damage(output: Path) -> None:
        chunk = Chunk(output)
        path = next((output / folder).glob("a-*"))
        path.write_bytes(path.read_bytes()[:-10])
        seal_files(chunk)

    return damage


def _delete(folder: str) -> Callable[[Path], None]:
    return lambda output: next((output / folder).iterdir()).unlink()


def _write(path: str, content: str) -> Callable[[Path], None]:
    return lambda output: next(output.glob(path)).write_text(content)


def _stray(path: str) -> Callable[[Path], None]:
    return lambda output: (output / path).write_text("?")


def _run(**values: object) -> Callable[[Path], None]:
    return lambda output: change_run(output, lambda run: run.update(values))


def _run_count(output: Path) -> None:
    change_run(output, lambda run: run["counts"].update(annotations=1))


def _without(name: str) -> Callable[[Path], None]:
    return lambda output: change_run(output, lambda run: run.pop(name))


def _receipt(**values: object) -> Callable[[Path], None]:
    def damage(output: Path) -> None:
        chunk = Chunk(output)
        chunk.receipt.update(values)
        try:
            seal_files(chunk)
        except (AttributeError, KeyError, TypeError, ValueError):
            chunk.receipt_path.write_text(json.dumps(chunk.receipt))

    return damage


def _plan(**values: object) -> Callable[[Path], None]:
    def damage(output: Path) -> None:
        [path] = (output / "plan").glob("a-*")
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return damage


def _other_schema(table: str) -> Callable[[Path], None]:
    def damage(output: Path) -> None:
        chunk = Chunk(output)
        rows = pq.read_table(chunk.shard(table))
        name = rows.column_names[-1]
        pq.write_table(rows.drop_columns(name), chunk.shard(table))
        seal_files(chunk)

    return damage


def _other_type(output: Path) -> None:
    chunk = Chunk(output)
    rows = pq.read_table(chunk.shard("annotations"))
    at = rows.column_names.index("start")
    rows = rows.set_column(at, "start", rows["start"].cast(pa.string()))
    pq.write_table(rows, chunk.shard("annotations"))
    seal_files(chunk)


def _other_version(output: Path) -> None:
    chunk = Chunk(output)
    rows = pq.read_table(chunk.shard("rejects"))
    pq.write_table(rows.replace_schema_metadata({"schema_version": "0"}), chunk.shard("rejects"))
    seal_files(chunk)


def _bad_utf8(output: Path) -> None:
    chunk = Chunk(output)
    rows = pq.read_table(chunk.shard("rejects"))
    at = rows.column_names.index("message")
    bad = pa.array([b"\xff\xfe"] * len(rows), pa.binary()).view(pa.string())
    field = rows.schema.field("message")
    pq.write_table(rows.set_column(at, field, bad), chunk.shard("rejects"))
    seal_files(chunk)


def _edited_line(output: Path) -> None:
    chunk = Chunk(output)
    [path] = (output / "jsonl").glob("a-*")
    lines = gzip.decompress(path.read_bytes()).replace(b"BRCA1", b"BRCA2")
    path.write_bytes(gzip.compress(lines))
    seal_files(chunk)


def _dropped_line(output: Path) -> None:
    chunk = Chunk(output)
    [path] = (output / "jsonl").glob("a-*")
    path.write_bytes(
        gzip.compress(b"".join(gzip.decompress(path.read_bytes()).splitlines(True)[1:]))
    )
    seal_files(chunk)


def _dropped_annotation(output: Path) -> None:
    """Everything agrees but the article's own count."""
    chunk = Chunk(output)
    chunk.drop("annotations", chunk.annotation())
    chunk.seal(counts=False)


def _stranger_s_sentence(output: Path) -> None:
    chunk = Chunk(output)
    chunk.rows["sentences"].append({**chunk.of("sentences")[0], "article_id": "PMC5"})
    chunk.seal(counts=False)


@pytest.mark.parametrize(
    "damage",
    [
        *(_flip(folder) for folder in ("articles", "annotations", "sentences", "jsonl")),
        *(_cut(folder) for folder in ("articles", "rejects", "jsonl", "receipts", "plan")),
        *(_cut_and_seal(folder) for folder in ("articles", "annotations", "jsonl")),
        *(_delete(folder) for folder in ("articles", "rejects", "jsonl", "receipts", "plan")),
        _write("receipts/a-*", "[]"),
        _write("receipts/a-*", "{}"),
        _write("plan/a-*", "[1]"),
        _write("jsonl/a-*", ""),
        _stray("articles/more.parquet"),
        _stray("receipts/a-1.json"),
        _stray("plan/c.json"),
        _run_count,
        _run(state="running"),
        _run(rejects={}),
        _run(chunks=1),
        _run(receipts_sha256=""),
        _run(schema_version="0"),
        _run(started="yesterday"),
        _run(seconds=-1),
        _run(stage_msec={"parse": -1}),
        _run(same_id_other_bytes=["PMC1"]),
        lambda output: change_run(output, lambda run: run["options"].update(sha256="0" * 16)),
        lambda output: change_run(output, lambda run: run["models"][0].update(max_tokens=7)),
        lambda output: change_run(output, lambda run: run["models"][0].update(licence="mine")),
        _receipt(counts={"articles": 5}),
        _receipt(counts={"articles": "two"}),
        _receipt(counts=7),
        _receipt(types={}),
        _receipt(sections={"METHODS": 12}),
        _receipt(reasons={}),
        _receipt(notes={"entities_decoded": 1}),
        _receipt(duplicates={"x": "y"}),
        _receipt(planned=2),
        _receipt(options="0" * 16),
        _receipt(chunk_id="other"),
        _receipt(files={}),
        _receipt(files=[]),
        _plan(chunks={}),
        _plan(chunks=[]),
        _plan(chunks={"a": "b"}),
        _plan(uris=[]),
        _plan(uris=7),
        _plan(archive="b"),
        *(_other_schema(table.name) for table in TABLES),
        _other_type,
        _other_version,
        _bad_utf8,
        _edited_line,
        _dropped_line,
        _dropped_annotation,
        _stranger_s_sentence,
    ],
)
def test_files_that_do_not_agree_are_found(damage, output, verify):
    """Damaged, missing, superfluous, or with other counts than they give."""
    damage(output)
    found = verify()
    assert found.code == 1
    assert "files" in found.broken


@pytest.mark.parametrize(
    "damage",
    [
        *(_without(name) for name in ("models", "options", "archives", "inputs", "counts")),
        _run(counts=None),
        _run(counts=[1]),
        _run(counts={"articles": "two"}),
        _run(annotations="many"),
        _run(reconciliation={}),
        _run(inputs={"files": 3}),
        _run(models=[]),
        _run(models=[{}]),
        _run(models=7),
        _run(options=[]),
        _run(archives=3),
        _write("run.json", "{"),
        _write("run.json", "[]"),
    ],
)
def test_run_json_that_does_not_say_what_was_run_is_one_clear_line(damage, output, verify):
    """There is nothing to check by."""
    damage(output)
    found = verify()
    assert found.code == 1
    assert "run.json" in found.err
    assert len(found.err.splitlines()) == 1


def test_folder_without_a_run_is_wrong_use(tmp_path, capsys):
    """Exit code 2."""
    assert main(["verify", str(tmp_path)]) == 2
    assert "is no output folder of a run" in capsys.readouterr().err


def test_run_that_has_not_ended_is_wrong_use(output, verify):
    """What is missing of it is not broken."""
    change_run(output, lambda run: run.pop("reconciliation"))
    found = verify()
    assert (found.code, found.broken) == (2, set())
    assert "has not ended: start it again to go on" in found.err


def test_model_that_is_another_now_is_found(output, tiny, tmp_path, verify):
    """Its tokens cannot be told any more; one that is gone is an error."""
    folder = shutil.copytree(tiny, tmp_path / "model")
    change_run(output, lambda run: run["models"][0].update(folder=str(folder), fingerprint="0"))
    found = verify()
    assert found.code == 1
    assert {"tokens"} <= found.broken
    shutil.rmtree(folder)
    change_run(output, lambda run: run["models"][0].update(folder=str(tmp_path / "gone")))
    assert verify().code == 1


# --- sources ---


@pytest.fixture
def sources(whole) -> Iterator[Path]:
    """The folder of the inputs, put right again afterwards."""
    before = {path: path.read_bytes() for path in whole.glob("*.gz")}
    yield whole
    for path, data in before.items():
        path.write_bytes(data)


@pytest.mark.parametrize(
    "articles",
    [
        [article(1), INLINE.replace("aspirin", "Aspirin"), BROKEN],
        [article(1), INLINE],
        [article(1), INLINE, BROKEN, article(9)],
        [article(9), article(1), INLINE, BROKEN],
        [article(1), INLINE, article(78)],
        [article(1), BROKEN, BROKEN],
        [],
        None,
    ],
    ids=["letter", "less", "more", "before", "mended", "broken", "none", "gone"],
)
def test_source_that_has_changed_since_is_found(articles, sources, verify):
    """Longer, shorter, mended, or gone."""
    if articles is None:
        (sources / "a.xml.gz").unlink()
    else:
        write_archive(sources / "a.xml.gz", articles)
    assert (verify().code, verify().broken) == (1, {"articles"})


def test_whole_archive_that_was_dropped_is_found(output, verify):
    """Though every file, count and hash in the folder is made to fit the rest."""
    dropped = Chunk(output, "b-")
    for path in output.rglob("b-*"):
        path.unlink()
    for path in (output / "plan").glob("b*"):
        path.unlink()
    whole = Chunk(output)
    whole.seal()

    def fit(run: dict) -> None:
        run["archives"] = [name for name in run["archives"] if not name.startswith("b")]
        run["inputs"]["files"] -= 1

    change_run(output, fit)
    assert dropped.rows["articles"] or dropped.rows["rejects"]
    found = verify()
    assert found.code == 1
    assert "inputs.sha256 is" in found.out


def test_score_that_no_model_gave_is_found_by_scoring_again(output, verify):
    """Nothing else in the folder tells it."""
    chunk = Chunk(output)
    annotation = chunk.of("annotations", "PMC1")[0]
    annotation["score"] = 0.75
    chunk.seal()
    assert verify().code == 0
    found = verify("--rescore", "9")
    assert (found.code, found.broken) == (1, {"scores"})
    assert "PMC1: annotated again, it has other mentions or scores" in found.out

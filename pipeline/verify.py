"""Re-reads sources and output, and checks every promise that the output makes.

1. slices: ``text[start:end] == exact``, and prefix and postfix likewise
2. places: the XPaths and offsets give the same characters in the source XML
3. articles: each one of every input is one row of ``articles`` or of ``rejects``
4. characters: kept and excluded ones add up to the source's
5. tokens: each was scored once, in no window over its model's limit
6. sentences: ordered, disjoint, covering every character that is not white space
7. files: receipts, shards and ``run.json`` agree
"""

import argparse
import gzip
import hashlib
import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from lxml import etree

from models.folder import ModelError
from pipeline import storage
from pipeline.chunks import Receipt, Totals, files_of, receipt_of
from pipeline.run import FOLDERS, OutputError, read_run
from transforms.annotations import CONTEXT, PLACEHOLDER, annotation_id
from transforms.archives import scan_archive
from transforms.jats import parse_xml
from transforms.journey import Annotator, ModelOptions, load_annotators
from transforms.records import Annotation, Archive, Reject, RejectError, SourceArticle
from transforms.shards import TABLES, json_line
from transforms.windows import cut_windows, tokenize_passages

_Row = TypeVar("_Row")

PROMISES = ("slices", "places", "articles", "characters", "tokens", "sentences", "files")

SHOWN = 10
"""Broken promises of one kind that are printed; all are counted."""

# Elements whose text the parser may leave out in the middle of running text.
_LEFT_OUT = frozenset(
    {
        "alt-text",
        "alternatives",
        "boxed-text",
        "break",
        "chem-struct",
        "chem-struct-wrap",
        "code",
        "def-list",
        "disp-formula",
        "disp-formula-group",
        "disp-quote",
        "fig",
        "fig-group",
        "fn",
        "graphic",
        "index-term",
        "inline-formula",
        "inline-graphic",
        "inline-supplementary-material",
        "label",
        "list",
        "long-desc",
        "math",
        "media",
        "object-id",
        "preformat",
        "related-article",
        "speech",
        "statement",
        "sup",
        "supplementary-material",
        "table-wrap",
        "table-wrap-group",
        "target",
        "tex-math",
        "verse-group",
        "xref",
    }
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``verify``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.epilog = "Exit code 0 if all hold, 1 if one is broken."
    parser.add_argument("output", metavar="DIR", help="output folder of a finished run")


def run(args: argparse.Namespace) -> int:
    """Runs ``verify``; returns its exit code."""
    output = storage.absolute(args.output)
    try:
        record = read_run(output)
        if record is None:
            print(f"error: {output} holds no run.json: not a run's output", file=sys.stderr)
            return 2
        check = Check(output, record)
        check.all()
    except (OutputError, ModelError, storage.StorageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for promise in PROMISES:
        found = check.broken[promise]
        print(f"{promise:<11} {check.checked[promise]:>10,} checked  {found or 'none':>6} broken")
    return 1 if check.broken.total() else 0


class Check:
    """Checks one output folder.

    Attributes:
        checked: how many things were looked at, by promise.
        broken: how many of them were wrong.
    """

    def __init__(self, output: str, record: Mapping[str, Any]) -> None:
        self.checked: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self._output = output
        self._record = record
        self._annotators: tuple[Annotator, ...] = ()

    def all(self) -> None:
        """Checks every promise; prints the first few breaches of each."""
        self._load_models()
        plans = self._plans()
        self._files(plans)
        for plan in plans:
            archive = Archive(plan["archive"], tuple(plan["uris"]))
            try:
                self._archive(archive, plan["chunks"])
            except OSError as error:
                self._expect("articles", ok=False, what=f"{archive.name}: {error}")

    def _expect(self, promise: str, *, ok: bool, what: str) -> None:
        self.checked[promise] += 1
        if not ok:
            self.broken[promise] += 1
            if self.broken[promise] <= SHOWN:
                print(f"broken: {promise}: {what}")

    def _load_models(self) -> None:
        self._annotators = load_annotators(
            [
                ModelOptions(folder=model["folder"], **options)
                for model, options in zip(
                    self._record["models"], self._record["options"]["model_options"], strict=True
                )
            ]
        )
        for annotator, model in zip(self._annotators, self._record["models"], strict=True):
            self._expect(
                "tokens",
                ok=annotator.model.fingerprint == model["fingerprint"],
                what=f"model {model['name']} is no longer the one that annotated",
            )

    def _plans(self) -> list[dict[str, Any]]:
        plans = []
        for name in sorted(self._record["archives"]):
            data = storage.read(storage.join(self._output, "plan", f"{name}.json"))
            self._expect("files", ok=data is not None, what=f"plan/{name}.json is missing")
            if data is not None:
                plans.append(json.loads(data))
        return plans

    def _files(self, plans: Sequence[Mapping[str, Any]]) -> None:
        """Receipts against shards, ``run.json`` and what lies in the folders."""
        totals = Totals()
        known = {f"plan/{plan['archive']}.json" for plan in plans}
        for chunk in (chunk for plan in plans for chunk in plan["chunks"]):
            data = storage.read(storage.join(self._output, receipt_of(chunk)))
            known.update([receipt_of(chunk), *files_of(chunk).values()])
            try:
                receipt = Receipt.from_bytes(data or b"")
            except ValueError:
                self._expect("files", ok=False, what=f"{receipt_of(chunk)} is missing or damaged")
                continue
            totals.add(receipt)
            for path, file in receipt.files.items():
                content = storage.read(storage.join(self._output, path))
                self._expect(
                    "files",
                    ok=content is not None
                    and len(content) == file["bytes"]
                    and hashlib.sha256(content).hexdigest() == file["sha256"],
                    what=f"{path} is not what its receipt says",
                )
        for name, promised, found in (
            ("state", "complete", self._record["state"]),
            ("counts", self._record.get("counts"), dict(totals.counts)),
            ("types", self._record.get("annotations", {}).get("by_type"), dict(totals.types)),
            ("rejects", self._record.get("rejects"), dict(totals.reasons)),
            ("receipts", self._record.get("receipts_sha256"), totals.receipts_sha256()),
        ):
            self._expect("files", ok=promised == found, what=f"run.json: {name} do not agree")
        for folder in FOLDERS:
            for name in storage.sizes(storage.join(self._output, folder)):
                path = f"{folder}/{name}"
                self._expect("files", ok=path in known, what=f"{path} belongs to no receipt")

    def _archive(self, archive: Archive, chunks: Mapping[str, int]) -> None:
        entries = scan_archive(archive)
        for chunk in sorted(chunks):
            tables = self._tables(chunk)
            if tables is not None:
                self._chunk(chunk, list(islice(entries, chunks[chunk])), tables)
            else:
                _ = list(islice(entries, chunks[chunk]))
        for extra in entries:
            place = extra if isinstance(extra, Reject) else extra.range
            self._expect(
                "articles",
                ok=False,
                what=f"{place.source_uri} {place.source_index} is in no chunk of the plan",
            )

    def _tables(self, chunk: str) -> dict[str, pa.Table] | None:
        tables = {}
        for table, schema in TABLES.items():
            data = storage.read(storage.join(self._output, files_of(chunk)[table]))
            try:
                tables[table] = pq.read_table(io.BytesIO(data or b""))
            except (pa.ArrowException, OSError) as error:
                self._expect("files", ok=False, what=f"{table}/{chunk}: {error}")
                return None
            self._expect(
                "files",
                ok=tables[table].schema.equals(schema)
                and tables[table].schema.metadata == schema.metadata,
                what=f"{table}/{chunk} has another schema",
            )
        return tables

    def _chunk(
        self, chunk: str, entries: list[SourceArticle | Reject], tables: Mapping[str, pa.Table]
    ) -> None:
        articles = _by_place(self._written(chunk, tables), key=lambda written: written.row)
        rejects = _by_place(tables["rejects"].to_pylist(), key=lambda row: row)
        for entry in entries:
            place = entry if isinstance(entry, Reject) else entry.range
            key = (place.source_uri, place.source_index)
            rows = articles.pop(key, [])
            rejected = rejects.pop(key, [])
            mains = [written for written in rows if "#sa" not in written.row["article_id"]]
            self._expect(
                "articles",
                ok=len(mains) + len(rejected) == 1 and (not rejected or not rows),
                what=f"{key[0]} {key[1]}: {len(mains)} in articles, {len(rejected)} in rejects",
            )
            if rows and isinstance(entry, SourceArticle):
                self._article(entry, rows)
        for key in [*articles, *rejects]:
            self._expect("articles", ok=False, what=f"{key[0]} {key[1]} is not in the input")

    def _written(self, chunk: str, tables: Mapping[str, pa.Table]) -> list["Written"]:
        """The rows of each article of a chunk: they stand in the order of ``articles``."""
        rows = tables["articles"].to_pylist()
        sentences = iter(tables["sentences"].to_pylist())
        annotations = iter(tables["annotations"].to_pylist())
        lines = _lines(storage.read(storage.join(self._output, files_of(chunk)["jsonl"])))
        written = []
        for row in rows:
            own = Written(
                row,
                list(islice(sentences, row["n_sentences"])),
                list(islice(annotations, row["n_annotations"])),
            )
            written.append(own)
            self._expect(
                "files",
                ok={row["article_id"]}.issuperset(
                    found["article_id"] for found in (*own.sentences, *own.annotations)
                ),
                what=f"{row['article_id']}: its counts differ from its rows",
            )
            typed = [Annotation(**annotation) for annotation in own.annotations]
            self._expect(
                "files",
                ok=next(lines, None) == json_line(row, typed),
                what=f"{row['article_id']}: the line of JSON differs from the tables",
            )
        self._expect(
            "files",
            ok=not any(next(rest, None) for rest in (sentences, annotations, lines)),
            what=f"{chunk}: rows or lines of no article",
        )
        return written

    def _article(self, source: SourceArticle, rows: Sequence["Written"]) -> None:
        try:
            xml = XmlText(parse_xml(source))
        except RejectError as error:
            self._expect("places", ok=False, what=f"{source.range.article_id}: {error}")
            return
        for row, sentences, annotations in rows:
            name = row["article_id"]
            self._expect(
                "articles",
                ok=row["sha256"] == source.range.sha256
                and name.split("#")[0] == source.range.article_id,
                what=f"{name}: not the article of its place in the source",
            )
            self._slices(row, annotations, sentences)
            for annotation in annotations:
                self._expect(
                    "places",
                    ok=xml.holds(annotation),
                    what=f"{name} {annotation['annotation_id']}: {annotation['exact']!r} is not at "
                    f"{annotation['start_xpath']}[{annotation['start_offset']}]",
                )
            self._characters(row, xml)
            self._sentences(row, sentences)
            self._tokens(row, sentences)

    def _slices(
        self,
        row: Mapping[str, Any],
        annotations: Iterable[Mapping[str, Any]],
        sentences: Sequence[Mapping[str, Any]],
    ) -> None:
        text = row["text"]
        for annotation in annotations:
            start, end = annotation["start"], annotation["end"]
            passage = _get(row["passages"], annotation["passage"])
            sentence = _get(sentences, annotation["sentence"])
            fingerprint = annotation["model"].rpartition("@")[2]
            self._expect(
                "slices",
                ok=bool(annotation["exact"])
                and text[start:end] == annotation["exact"]
                and passage is not None
                and sentence is not None
                and passage["start"] <= sentence["start"] <= start < end <= sentence["end"]
                and annotation["section"] == passage["section"]
                and text[max(passage["start"], start - CONTEXT) : start] == annotation["prefix"]
                and text[end : min(passage["end"], end + CONTEXT)] == annotation["postfix"]
                and annotation["annotation_id"]
                == annotation_id(
                    row["article_id"], row["sha256"], start, end, annotation["type"], fingerprint
                ),
                what=f"{row['article_id']} {annotation['annotation_id']}: "
                f"text[{start}:{end}] is {text[start:end]!r}, exact is {annotation['exact']!r}",
            )

    def _characters(self, row: Mapping[str, Any], xml: "XmlText") -> None:
        source = xml.characters(row["article_id"])
        excluded = dict(row["excluded"])
        self._expect(
            "characters",
            ok=row["chars_source"] == source
            and row["chars_kept"] + row["chars_excluded"] == row["chars_source"]
            and sum(excluded.values()) == row["chars_excluded"]
            and all(reason and count > 0 for reason, count in excluded.items()),
            what=f"{row['article_id']}: {row['chars_kept']} kept and {row['chars_excluded']} "
            f"excluded of {source} characters",
        )

    def _sentences(self, row: Mapping[str, Any], sentences: Sequence[Mapping[str, Any]]) -> None:
        text, end, left_out = row["text"], 0, []
        for number, sentence in enumerate(sentences):
            passage = _get(row["passages"], sentence["passage"])
            self._expect(
                "sentences",
                ok=sentence["sentence"] == number
                and end <= sentence["start"] < sentence["end"]
                and passage is not None
                and passage["start"] <= sentence["start"]
                and sentence["end"] <= passage["end"]
                and sentence["section"] == passage["section"],
                what=f"{row['article_id']}: sentence {number} is out of order or of its passage",
            )
            left_out.append(text[end : sentence["start"]])
            end = sentence["end"]
        left_out.append(text[end:])
        lost = "".join(left_out).strip()
        self._expect(
            "sentences", ok=not lost, what=f"{row['article_id']}: in no sentence: {lost[:40]!r}"
        )

    def _tokens(self, row: Mapping[str, Any], sentences: Sequence[Mapping[str, Any]]) -> None:
        texts = [row["text"][passage["start"] : passage["end"]] for passage in row["passages"]]
        spans: list[list[tuple[int, int]]] = [[] for _ in texts]
        for sentence in sentences:
            start = row["passages"][sentence["passage"]]["start"]
            spans[sentence["passage"]].append((sentence["start"] - start, sentence["end"] - start))
        n_tokens = n_windows = 0
        once = within = True
        for annotator in self._annotators:
            limit = annotator.model.window_limit
            tokens = tokenize_passages(texts, annotator.model.tokenizer)
            windows = cut_windows(tokens, spans, limit, annotator.options.window)
            scored = [np.zeros(len(passage.ids), int) for passage in tokens]
            for window in windows:
                scored[window.passage][window.scored_start : window.scored_end] += 1
                within &= window.end - window.start <= limit
            for passage, times in zip(tokens, scored, strict=True):
                # White space between sentences is a token for some tokenizers; it is in none.
                once &= bool(
                    (times[passage.starts < passage.ends] == 1).all() and times.max(initial=0) <= 1
                )
                n_tokens += int(times.sum())
            n_windows += len(windows)
        self._expect(
            "tokens",
            ok=once and within and n_tokens == row["n_tokens"] and n_windows == row["n_windows"],
            what=f"{row['article_id']}: {row['n_tokens']} tokens in {row['n_windows']} windows; "
            f"its text has {n_tokens} in {n_windows}",
        )


class Written(NamedTuple):
    """An article's row and the rows that belong to it."""

    row: dict[str, Any]
    sentences: list[dict[str, Any]]
    annotations: list[dict[str, Any]]


class XmlText:
    """The text nodes of an article's XML, found by XPath alone: not by the parser's own map."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._nodes: list[Any] = root.xpath("//text()")
        self._index = {_identity(node): number for number, node in enumerate(self._nodes)}
        self._found: dict[str, int | None] = {}

    def holds(self, annotation: Mapping[str, Any]) -> bool:
        """Whether the annotation's characters stand at its place in the XML.

        What stands there and not in ``exact`` must be white space or in markup that the parser
        leaves out.
        """
        first = self._find(annotation["start_xpath"])
        last = self._find(annotation["end_xpath"])
        if first is None or last is None or last < first:
            return False
        start, end = annotation["start_offset"], annotation["end_offset"]
        if not (0 <= start < len(self._nodes[first]) and 0 < end <= len(self._nodes[last])):
            return False
        wanted = [char for char in annotation["exact"] if not _blank(char)]
        # How much of the wanted text may have been met: left-out markup can look like it.
        met = {0}
        for number in range(first, last + 1):
            node = self._nodes[number]
            skippable = self._may_be_left_out(node)
            low = start if number == first else 0
            high = end if number == last else len(node)
            for char in node[low:high]:
                further = {at + 1 for at in met if at < len(wanted) and wanted[at] == char}
                met = further | met if skippable or not char.isalnum() else further
        raw_first = self._nodes[first][start]
        raw_last = self._nodes[last][end - 1]
        return len(wanted) in met and raw_first == wanted[0] and raw_last == wanted[-1]

    def characters(self, article_id: str) -> int:
        """Characters of text in the article, or in the sub-article that the id names."""
        _, _, number = article_id.partition("#sa")
        element = self._root
        if number:
            inner = self._root.xpath("//*[local-name()='sub-article' or local-name()='response']")
            element = inner[int(number) - 1]
        return int(element.xpath("string-length(string(.))"))

    def _find(self, xpath: str) -> int | None:
        if xpath not in self._found:
            try:
                nodes = self._root.xpath(xpath)
            except etree.XPathError:
                nodes = []
            self._found[xpath] = self._index.get(_identity(nodes[0])) if len(nodes) == 1 else None
        return self._found[xpath]

    def _may_be_left_out(self, node: Any) -> bool:
        element = node.getparent()
        if node.is_tail:
            element = element.getparent()
        while element is not None:
            if isinstance(element.tag, str) and etree.QName(element).localname in _LEFT_OUT:
                return True
            element = element.getparent()
        return False


def _identity(node: Any) -> tuple[Any, bool]:
    return node.getparent(), bool(node.is_tail)


def _blank(char: str) -> bool:
    return char.isspace() or char == PLACEHOLDER


def _get(rows: Sequence[Any], index: int) -> Any:
    return rows[index] if 0 <= index < len(rows) else None


def _by_place(
    rows: Iterable[_Row], key: Callable[[_Row], Mapping[str, Any]]
) -> dict[tuple[str, int], list[_Row]]:
    groups: dict[tuple[str, int], list[_Row]] = {}
    for row in rows:
        place = key(row)
        groups.setdefault((place["source_uri"], place["source_index"]), []).append(row)
    return groups


def _lines(data: bytes | None) -> Iterator[str]:
    try:
        for line in io.BytesIO(gzip.decompress(data or b"")):
            yield line.decode()
    except (OSError, ValueError):
        return

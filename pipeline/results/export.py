"""Files in other people's formats, made of a finished run one chunk at a time."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.output import storage
from pipeline.output.committed import ArticleRows, chunk_names, read_chunk
from pipeline.output.paths import article_file_name
from pipeline.output.record import DamagedError, FinishedRun, OutputError
from pipeline.results import formats
from pipeline.results.formats import Link, Links, to_json
from pipeline.results.spacy_docs import spacy_bytes
from transforms.errors import UserError
from transforms.records import split_article_id

MANIFEST = "export.json"


@dataclass
class Export:
    """One export on its way.

    Attributes:
        run: whose annotations they are.
        provider: name registered with Europe PMC.
        links: what mentions mean.
        counts: what was written and what was left out.
    """

    run: FinishedRun
    provider: str
    links: Links
    counts: Counter[str] = field(default_factory=Counter)

    def europepmc(self, chunk: str, articles: Iterable[ArticleRows]) -> Iterator[tuple[str, bytes]]:
        """Lines to submit, and in ``no_match/`` those that cannot be, each in its files."""
        matched = Lines(f"{chunk}{{}}.api.json")
        unmatched = Lines(f"no_match/{chunk}{{}}_no_match.api.json")
        for article in articles:
            rows = formats.submission_rows(article, self.provider, self.links)
            if rows is None:
                self.counts["articles without an id of Europe PMC"] += 1
                self.counts["annotations of these articles"] += len(article.annotations)
                continue
            submitted, others = rows
            if submitted["anns"]:
                if problems := formats.submission_problems(submitted):
                    raise DamagedError(f"{article.row['article_id']}: {problems[0]}")
                matched.add(submitted)
                self.counts["articles"] += 1
                self.counts["annotations"] += len(submitted["anns"])
            if others["anns"]:
                unmatched.add(others)
                self.counts["annotations in no_match"] += len(others["anns"])
        yield from matched.files()
        yield from unmatched.files()

    def bioc(self, chunk: str, articles: Iterable[ArticleRows]) -> Iterator[tuple[str, bytes]]:
        """One collection."""
        head = formats.bioc_collection(self.run.finished)
        documents = (formats.bioc_document(article, self.links) for article in self._all(articles))
        yield f"{chunk}.bioc.json", _json_file(head, "documents", documents)

    def pubtator(self, chunk: str, articles: Iterable[ArticleRows]) -> Iterator[tuple[str, bytes]]:
        """One file of titles and abstracts."""
        sink = io.BytesIO()
        for article in articles:
            written = formats.pubtator_text(article)
            if written is None:
                self.counts["articles without title and abstract"] += 1
                continue
            text, n_annotations = written
            sink.write(text.encode())
            self.counts["articles"] += 1
            self.counts["annotations"] += n_annotations
            self.counts["annotations outside title and abstract"] += (
                len(article.annotations) - n_annotations
            )
        yield f"{chunk}.pubtator.txt", sink.getvalue()

    def webannotation(
        self, chunk: str, articles: Iterable[ArticleRows]
    ) -> Iterator[tuple[str, bytes]]:
        """One page of annotations."""
        name = f"{chunk}.jsonld"
        head = {"@context": formats.WEB_CONTEXT, "id": name, "type": "AnnotationPage"}
        items = (
            formats.web_annotation(annotation, article.row, self.links)
            for article in self._all(articles)
            for annotation in article.annotations
        )
        yield name, _json_file(head, "items", items)

    def brat(self, chunk: str, articles: Iterable[ArticleRows]) -> Iterator[tuple[str, bytes]]:
        """Text and standoff of each article, in a folder of the chunk's."""
        several = set(self.run.same_id_other_bytes)
        for article in self._all(articles):
            name = f"{chunk}/{article_file_name(article.row['article_id'])}"
            if split_article_id(article.row["article_id"])[0] in several:
                name = f"{name}@{article.row['sha256'][:8]}"
            yield f"{name}.txt", article.row["text"].encode()
            yield f"{name}.ann", formats.brat_standoff(article).encode()

    def brat_configuration(self) -> Iterator[tuple[str, bytes]]:
        """What brat must know to show the types."""
        types = self.run.annotations.by_type
        yield "annotation.conf", formats.brat_configuration(types).encode()

    def csv(self, chunk: str, articles: Iterable[ArticleRows]) -> Iterator[tuple[str, bytes]]:
        """One table with a header; null is an empty cell."""
        yield f"{chunk}.csv", _table_file(self._all(articles), "excel", str)

    def tsv(self, chunk: str, articles: Iterable[ArticleRows]) -> Iterator[tuple[str, bytes]]:
        """The same for tools that know no quotes."""
        yield f"{chunk}.tsv", _table_file(self._all(articles), _Tabs, _without_breaks)

    def spacy(self, chunk: str, articles: Iterable[ArticleRows]) -> Iterator[tuple[str, bytes]]:
        """One DocBin."""
        yield f"{chunk}.spacy", spacy_bytes(self._all(articles))

    def _all(self, articles: Iterable[ArticleRows]) -> Iterator[ArticleRows]:
        for article in articles:
            self.counts["articles"] += 1
            self.counts["annotations"] += len(article.annotations)
            yield article


class _Tabs(csv.excel_tab):
    quoting = csv.QUOTE_NONE
    quotechar = None


def _without_breaks(text: str) -> str:
    return " ".join(text.split())


def _table_file(
    articles: Iterable[ArticleRows],
    dialect: str | type[csv.Dialect],
    clean: Callable[[str], str],
) -> bytes:
    sink = io.StringIO()
    writer = csv.writer(sink, dialect, lineterminator="\n")
    writer.writerow(formats.TABLE_COLUMNS)
    for article in articles:
        for row in formats.table_rows(article):
            values = (row[name] for name in formats.TABLE_COLUMNS)
            writer.writerow("" if value is None else clean(str(value)) for value in values)
    return sink.getvalue().encode()


class Lines:
    """JSON lines on their way into files that Europe PMC would take: not too many in each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._sinks: list[io.BytesIO] = []
        self._lines = 0

    def add(self, line: Mapping[str, Any]) -> None:
        """Adds a line, to a new file if the last one is full."""
        if self._lines % formats.SUBMISSION_LINES == 0:
            self._sinks.append(io.BytesIO())
        self._sinks[-1].write(f"{to_json(line)}\n".encode())
        self._lines += 1

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The files' names and contents; no line, no file."""
        for number, sink in enumerate(self._sinks, 1):
            yield self._name.format(f"-{number}" if number > 1 else ""), sink.getvalue()


def _json_file(head: Mapping[str, Any], name: str, items: Iterable[Any]) -> bytes:
    """``head`` with one more key, a list: made item by item, since a chunk's can be large."""
    sink = io.BytesIO()
    sink.write(f"{to_json(head)[:-1]},{to_json(name)}:[".encode())
    for number, item in enumerate(items):
        sink.write(f"{',' if number else ''}\n{to_json(item)}".encode())
    sink.write(b"\n]}\n")
    return sink.getvalue()


def _no_folders(_: Sequence[str]) -> Sequence[str]:
    return ()


def _no_files(_: Export) -> Iterator[tuple[str, bytes]]:
    return iter(())


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        help: what is in it, for people.
        files: makes the files of a chunk: their names and contents.
        has_links: whether mentions can carry links to databases.
        needs_provider: whether it names who provides the annotations.
        folders: that an export has, for the names of its chunks.
        closing: makes files of the whole export.
    """

    help: str
    files: Callable[[Export, str, Iterable[ArticleRows]], Iterator[tuple[str, bytes]]]
    has_links: bool = False
    needs_provider: bool = False
    folders: Callable[[Sequence[str]], Sequence[str]] = _no_folders
    closing: Callable[[Export], Iterator[tuple[str, bytes]]] = _no_files


FORMATS = {
    "europepmc": Format(
        "JSON lines for Europe PMC's annotations submission service. Only mentions with a link "
        "(--links) can be submitted; the others are written to no_match/. Those of sub-articles, "
        "and of articles without PMCID and PMID, are in no file.",
        Export.europepmc,
        has_links=True,
        needs_provider=True,
        folders=lambda _: ("no_match",),
    ),
    "bioc": Format(
        "BioC JSON: passages with section types, text, sentences and annotations",
        Export.bioc,
        has_links=True,
    ),
    "pubtator": Format(
        "PubTator: titles and abstracts only, full text does not fit into the format",
        Export.pubtator,
    ),
    "webannotation": Format(
        "W3C Web Annotation (JSON-LD): XPath and position in the XML, and the quoted text",
        Export.webannotation,
        has_links=True,
    ),
    "brat": Format(
        "brat standoff: text and annotations of each whole article",
        Export.brat,
        folders=lambda chunks: chunks,
        closing=Export.brat_configuration,
    ),
    "csv": Format(
        "comma-separated values: a row a mention, with its article and its sentence",
        Export.csv,
    ),
    "tsv": Format("the same, separated by tabs; tabs and line ends become spaces", Export.tsv),
    "spacy": Format(
        "spaCy's DocBin: a document a passage, mentions as doc.ents, and as doc.spans['mentions'] "
        "with those that overlap (pip install '.[spacy]')",
        Export.spacy,
    ),
}


def read_links(file: Path) -> Links:
    """Reads links of mentions.

    Raises:
        UserError: no such file, or a line that is no link.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {file}: {error}") from error
    links = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            type_, mention, name, uri = line.rstrip("\r").split("\t")
        except ValueError:
            raise UserError(f"{file}:{number}: expected type, mention, name, URI: {line}") from None
        if not (name and formats.is_public_uri(uri)):
            raise UserError(f"{file}:{number}: expected a name and an http(s) address: {line}")
        links[type_, mention] = Link(name, uri)
    return Links(links)


def write_export(export: Export, format_: str, output: str, to: str) -> None:
    """Writes all files of an export. Its manifest says what they are, and whether they are all.

    Raises:
        OutputError: the folder holds something else, or the run is damaged.
        storage.StorageError: something cannot be read or written.
    """
    if export.run.state != "complete":
        raise OutputError(f"{output} is not complete: articles are missing, see run.json")
    chunks = chunk_names(output)
    _clear(to, format_)
    chosen = FORMATS[format_]
    manifest = {
        "format": format_,
        "state": "running",
        "receipts_sha256": export.run.receipts_sha256,
        "folders": list(chosen.folders(chunks)),
    }
    _write_manifest(to, manifest)
    for chunk in chunks:
        for name, data in chosen.files(export, chunk, read_chunk(output, chunk)):
            storage.write(storage.join(to, name), data)
    for name, data in chosen.closing(export):
        storage.write(storage.join(to, name), data)
    _write_manifest(to, {**manifest, "state": "complete", "counts": dict(export.counts)})


def _write_manifest(to: str, manifest: Mapping[str, Any]) -> None:
    data = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    storage.write(storage.join(to, MANIFEST), data.encode())


def _clear(to: str, format_: str) -> None:
    """Removes what an earlier export to the folder wrote; refuses a folder of anything else."""
    data = storage.read(storage.join(to, MANIFEST))
    if data is None:
        if found := sorted(storage.sizes(to)):
            raise OutputError(f"{to} is not empty and holds no {MANIFEST} (but {found[0]})")
        return
    try:
        old = json.loads(data)
    except ValueError as error:
        raise DamagedError(f"{storage.join(to, MANIFEST)} is damaged: {error}") from error
    if not _is_manifest(old):
        raise OutputError(
            f"{to} holds an {MANIFEST} that export did not write: name another folder"
        )
    if old["format"] != format_:
        raise OutputError(f"{to} holds an export to {old['format']}: name another folder")
    for folder in (*(storage.join(to, name) for name in old["folders"]), to):
        names = [name for name in storage.sizes(folder) if name != MANIFEST]
        storage.delete([storage.join(folder, name) for name in names])
    storage.sweep(to)


def _is_manifest(content: Any) -> bool:
    """Whether a file's content is what ``export`` writes: folders that it names are emptied."""
    return (
        isinstance(content, dict)
        and str(content.get("format")) in FORMATS
        and isinstance(content.get("folders"), list)
        and all(
            isinstance(name, str) and name not in ("", ".", "..") and "/" not in name
            for name in content["folders"]
        )
    )

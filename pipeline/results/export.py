"""Files in other people's formats, made of a finished run one chunk at a time."""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.output import storage
from pipeline.output.committed import ArticleRows, chunk_names, read_chunk
from pipeline.output.record import DamagedError, OutputError
from pipeline.results import formats
from pipeline.results.formats import Link, Links, to_json
from transforms.errors import UserError
from transforms.records import split_article_id

MANIFEST = "export.json"


@dataclass
class Export:
    """One export on its way.

    Attributes:
        record: ``run.json`` of the run.
        provider: name registered with Europe PMC.
        links: of mentions to public databases.
        counts: what was written and what was left out.
    """

    record: Mapping[str, Any]
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
        head = formats.bioc_collection(self.record["finished"])
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
        several = set(self.record["same_id_other_bytes"])
        for article in self._all(articles):
            name = f"{chunk}/{formats.brat_name(article)}"
            if split_article_id(article.row["article_id"])[0] in several:
                name = f"{name}@{article.row['sha256'][:8]}"
            yield f"{name}.txt", article.row["text"].encode()
            yield f"{name}.ann", formats.brat_standoff(article).encode()

    def _all(self, articles: Iterable[ArticleRows]) -> Iterator[ArticleRows]:
        for article in articles:
            self.counts["articles"] += 1
            self.counts["annotations"] += len(article.annotations)
            yield article


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


FORMATS: dict[str, Callable[[Export, str, Iterable[ArticleRows]], Iterator[tuple[str, bytes]]]] = {
    "europepmc": Export.europepmc,
    "bioc": Export.bioc,
    "pubtator": Export.pubtator,
    "webannotation": Export.webannotation,
    "brat": Export.brat,
}


def read_links(file: Path) -> dict[tuple[str, str], Link]:
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
    return links


def write_export(export: Export, format_: str, output: str, to: str) -> None:
    """Writes all files of an export. Its manifest says what they are, and whether they are all.

    Raises:
        OutputError: the folder holds something else, or the run is damaged.
        storage.StorageError: something cannot be read or written.
    """
    if export.record["state"] != "complete":
        raise OutputError(f"{output} is not complete: articles are missing, see run.json")
    chunks = chunk_names(output)
    _clear(to, format_)
    folders = {"brat": chunks, "europepmc": ["no_match"]}.get(format_, [])
    manifest = {
        "format": format_,
        "state": "running",
        "receipts_sha256": export.record["receipts_sha256"],
        "folders": folders,
    }
    _write_manifest(to, manifest)
    for chunk in chunks:
        for name, data in FORMATS[format_](export, chunk, read_chunk(output, chunk)):
            storage.write(storage.join(to, name), data)
    if format_ == "brat":
        configuration = formats.brat_configuration(export.record["annotations"]["by_type"])
        storage.write(storage.join(to, "annotation.conf"), configuration.encode())
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

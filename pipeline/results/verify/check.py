"""The promises about a whole output folder: its files, its articles, their sums."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa

from models.annotators import load_annotators
from models.files import ModelError
from pipeline.output import storage
from pipeline.output.paths import FOLDERS, files_of, plan_of, receipt_of
from pipeline.output.receipts import Receipt, Totals, article_key, first_place, place_of
from pipeline.output.record import DamagedError, FinishedRun, Plan, Reconciliation, read_plan
from pipeline.results.verify.article import check_article
from pipeline.results.verify.files import READERS, ChunkRows, Written, read_json
from pipeline.results.xmltext import XmlText
from transforms.archives import scan_archive
from transforms.errors import JobError
from transforms.jats import TextOptions, parse_articles, parse_xml
from transforms.journey import annotate_source
from transforms.layers import Annotator, ModelOptions, Resources
from transforms.mentions import ANNOTATIONS
from transforms.records import (
    Archive,
    Counts,
    Reject,
    RejectError,
    SourceArticle,
    Sums,
    split_article_id,
)
from transforms.sections import code_sections
from transforms.shards import LINES
from transforms.tables import (
    ARTICLES,
    OF_ARTICLES,
    REJECTS,
    layers_using,
    line_of,
)

_Row = TypeVar("_Row")

PROMISES = ("slices", "places", "articles", "characters", "tokens", "sentences", "files")

SHOWN = 10
"""Broken promises of one kind that are reported; all are counted."""


class Check:
    """Checks one output folder.

    Args:
        output: the folder.
        run: whose output it is.
        report: called with the promise and what is wrong, for the first breaches of each promise.

    Attributes:
        checked: how many things were looked at, by promise.
        broken: how many of them were wrong.

    Raises:
        DamagedError: ``run.json`` does not say what was run.
    """

    def __init__(self, output: str, run: FinishedRun, report: Callable[[str, str], None]) -> None:
        self.checked: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self._output = output
        self._run = run
        self._report = report
        self._text = TextOptions(frozenset(run.options.languages) - {"all"}, run.options.references)
        try:
            self._model_options = [
                ModelOptions(folder=model.folder, **chosen)
                for model, chosen in zip(run.models, run.options.model_options, strict=True)
            ]
        except (TypeError, ValueError) as error:
            raise DamagedError(f"{output}/run.json is damaged: {error}") from error
        self._models = [(model.name, model.fingerprint) for model in run.models]
        self._annotators: tuple[Annotator, ...] = ()
        self._totals = Totals()
        self._known: set[str] = set()
        # Hashes of ids and bytes: those of millions of articles fit into memory.
        self._met: set[int] = set()
        self._duplicates: dict[int, str] = {}

    def all(self) -> None:
        """Checks every promise."""
        self._load_models()
        n_files = 0
        for plan in self._plans():
            n_files += len(plan.uris)
            archive = Archive(plan.archive, plan.uris)
            try:
                self._archive(archive, plan.chunks)
            except BrokenPipeError:  # whoever reads what is printed has gone
                raise
            except OSError as error:
                self._expect("articles", ok=False, what=f"{archive.name}: {error}")
        for key, what in self._duplicates.items():
            self._expect("articles", ok=key in self._met, what=what)
        self._run_json(n_files)
        for folder in FOLDERS:
            for name in storage.sizes(storage.join(self._output, folder)):
                path = f"{folder}/{name}"
                self._expect("files", ok=path in self._known, what=f"{path} belongs to no chunk")

    def _expect(self, promise: str, *, ok: bool, what: str) -> bool:
        self.checked[promise] += 1
        if not ok:
            self.broken[promise] += 1
            if self.broken[promise] <= SHOWN:
                self._report(promise, what)
        return ok

    def _load_models(self) -> None:
        try:
            self._annotators = load_annotators(self._model_options)
        except ModelError as error:
            raise JobError(f"a model of the run cannot be loaded: {error}") from error
        for annotator, (name, fingerprint) in zip(self._annotators, self._models, strict=True):
            self._expect(
                "tokens",
                ok=annotator.model.full_name.endswith(f"@{fingerprint}"),
                what=f"model {name} is no longer the one that annotated",
            )

    def _plans(self) -> Iterator[Plan]:
        for name in sorted(self._run.archives):
            self._known.add(plan_of(name))
            plan = read_plan(self._output, name)
            good = plan is not None and all(size > 0 for size in plan.chunks.values())
            self._expect("files", ok=good, what=f"{plan_of(name)} is missing or damaged")
            if plan and good:
                yield plan

    def _archive(self, archive: Archive, chunks: Mapping[str, int]) -> None:
        entries = scan_archive(archive)
        for chunk in sorted(chunks):
            part = list(islice(entries, chunks[chunk]))
            tables = self._tables(chunk)
            if tables is None:
                self._known.add(receipt_of(chunk))
                continue
            self._receipt(chunk, chunks[chunk], tables)
            self._chunk(chunk, part, tables)
        for extra in entries:
            place = extra if isinstance(extra, Reject) else extra.range
            self._expect(
                "articles",
                ok=False,
                what=f"{place.source_uri} {place.source_index} is in no chunk of the plan",
            )

    # Files

    def _read(self, path: str) -> bytes | None:
        return storage.read(storage.join(self._output, path))

    def _tables(self, chunk: str) -> ChunkRows | None:
        """A chunk's rows by table; None if one cannot be read as what it should be."""
        found: dict[str, list[Any]] = {}
        files = {}
        for name, path in files_of(chunk).items():
            self._known.add(path)
            data = self._read(path)
            if data is None:
                self._expect("files", ok=False, what=f"{path} is missing")
                continue
            files[path] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            try:
                found[name] = READERS[name](data)
            except (pa.ArrowException, OSError, EOFError, ValueError, zlib.error) as error:
                self._expect("files", ok=False, what=f"{path}: {error}")
        if len(found) < len(READERS):
            return None
        lines = found.pop(LINES)
        return ChunkRows(files, found, lines)

    def _receipt(self, chunk: str, planned: int, tables: ChunkRows) -> None:
        """The receipt against what it is a receipt of."""
        articles, annotations = tables.of(ARTICLES), tables.of(ANNOTATIONS)
        reasons = Counter(row["reason"] for row in tables.of(REJECTS))
        mains = sum(not split_article_id(row["article_id"])[1] for row in articles)
        notes: Counter[str] = Counter()
        for row in articles:
            notes.update(dict(row["notes"]))
        expected = Receipt(
            chunk_id=chunk,
            options=self._run.options.sha256,
            planned=planned,
            sums=Sums(
                Counts(
                    articles=mains,
                    sub_articles=len(articles) - mains,
                    passages=sum(len(row["passages"]) for row in articles),
                    windows=sum(row["n_windows"] for row in articles),
                    tokens=sum(row["n_tokens"] for row in articles),
                    rejects=len(tables.of(REJECTS)) - reasons["duplicate"],
                    duplicates=reasons["duplicate"],
                    rows=Counter({table.name: len(tables.of(table)) for table in OF_ARTICLES}),
                ),
                types=Counter(row["type"] for row in annotations),
                sections=Counter(row["section"] for row in annotations),
                reasons=reasons,
                notes=notes,
            ),
            duplicates={
                place_of(row["source_uri"], row["source_index"]): first_place(row["message"])
                for row in tables.of(REJECTS)
                if row["reason"] == "duplicate"
            },
            files=tables.files,
        )
        self._totals.add_receipt(expected)
        path = receipt_of(chunk)
        self._known.add(path)
        data = self._read(path)
        self._totals.receipts[chunk] = hashlib.sha256(data or b"").hexdigest()
        said = read_json(data)
        if not self._expect(
            "files", ok=isinstance(said, dict), what=f"{path} is missing or damaged"
        ):
            return
        for name, found in expected.as_json().items():
            self._expect(
                "files",
                ok=_without_zeros(said.get(name)) == _without_zeros(found),
                what=f"{path}: {name} is {said.get(name)}, its tables and files give {found}",
            )

    def _run_json(self, n_files: int) -> None:
        totals, sums = self._totals, self._totals.sums
        run = self._run
        reconciliation = Reconciliation(
            planned=totals.planned,
            annotated=sums.counts.articles,
            rejected=sums.counts.rejects,
            duplicates=sums.counts.duplicates,
            missing=0,
        )
        for name, said, found in (
            ("state", run.state, "complete"),
            ("inputs.files", run.inputs.files, n_files),
            ("chunks", run.chunks, len(totals.receipts)),
            ("counts", run.counts, sums.counts.by_name()),
            ("annotations.by_type", run.annotations.by_type, sums.types),
            ("annotations.by_section", run.annotations.by_section, sums.sections),
            ("rejects", run.rejects, sums.reasons),
            ("notes", run.notes, sums.notes),
            ("reconciliation", run.reconciliation, reconciliation),
            ("receipts_sha256", run.receipts_sha256, totals.receipts_sha256()),
        ):
            self._expect(
                "files",
                ok=_without_zeros(said) == _without_zeros(found),
                what=f"run.json: {name} is {said}, the receipts give {found}",
            )

    # Articles

    def _chunk(
        self, chunk: str, entries: Sequence[SourceArticle | Reject], tables: ChunkRows
    ) -> None:
        articles = _by_place(self._written(chunk, tables), key=lambda written: written.row)
        rejects = _by_place(tables.of(REJECTS), key=lambda row: row)
        for entry in entries:
            place = entry if isinstance(entry, Reject) else entry.range
            key = (place.source_uri, place.source_index)
            rows = articles.pop(key, [])
            rejected = rejects.pop(key, [])
            mains = [own for own in rows if not split_article_id(own.row["article_id"])[1]]
            once = self._expect(
                "articles",
                ok=len(mains) + len(rejected) == 1 and (not rejected or not rows),
                what=f"{key[0]} {key[1]}: {len(mains)} in articles, {len(rejected)} in rejects",
            )
            if once and rejected:
                self._rejected(entry, rejected[0])
            elif once:
                self._annotated_once(entry, rows)
        for key in [*articles, *rejects]:
            self._expect("articles", ok=False, what=f"{key[0]} {key[1]} is not in the input")

    def _written(self, chunk: str, tables: ChunkRows) -> list[Written]:
        """The rows of each article of a chunk: they stand in the order of ``articles``."""
        rest = {table.name: iter(tables.of(table)) for table in OF_ARTICLES}
        lines = iter(tables.lines)
        written = []
        for row in tables.of(ARTICLES):
            counts = {table.name: row[table.count] for table in OF_ARTICLES}
            own = Written(
                row, {name: list(islice(rest[name], max(n, 0))) for name, n in counts.items()}
            )
            written.append(own)
            self._expect(
                "files",
                ok=counts == {name: len(rows) for name, rows in own.rows.items()}
                and {row["article_id"]}.issuperset(
                    found["article_id"] for rows in own.rows.values() for found in rows
                ),
                what=f"{row['article_id']}: its counts differ from its rows",
            )
            self._expect(
                "files",
                ok=next(lines, None) == line_of(row, own.rows[ANNOTATIONS.name]),
                what=f"{row['article_id']}: the line of JSON differs from the tables",
            )
        self._expect(
            "files",
            ok=not any(next(left, None) for left in (*rest.values(), lines)),
            what=f"{chunk}: rows or lines of no article",
        )
        return written

    def _rejected(self, entry: SourceArticle | Reject, row: Mapping[str, Any]) -> None:
        what = f"{row['source_uri']} {row['source_index']}: rejected as {row['reason']}"
        if row["reason"] == "duplicate" and isinstance(entry, SourceArticle):
            key = hash(article_key(entry.range.article_id, entry.range.sha256))
            self._duplicates[key] = f"{what}, but the same article stands nowhere else"
            return
        if isinstance(entry, SourceArticle):
            self._met.add(hash(article_key(entry.range.article_id, entry.range.sha256)))
        found = (
            entry
            if isinstance(entry, Reject)
            else annotate_source(entry, layers_using(Resources(self._annotators)), self._text)
        )
        self._expect(
            "articles",
            ok=isinstance(found, Reject) and asdict(found) == row,
            what=f"{what}, but it is "
            + (f"{found.reason}: {found.message}" if isinstance(found, Reject) else "sound"),
        )

    def _annotated_once(self, entry: SourceArticle | Reject, rows: Sequence[Written]) -> None:
        row = rows[0].row
        what = f"{row['article_id']} ({row['source_uri']} {row['source_index']})"
        if isinstance(entry, Reject):
            self._expect("articles", ok=False, what=f"{what} is none: {entry.message}")
            return
        key = hash(article_key(entry.range.article_id, entry.range.sha256))
        self._expect("articles", ok=key not in self._met, what=f"{what} is there twice")
        self._met.add(key)
        if not self._expect(
            "articles",
            ok=all(written.row["sha256"] == entry.range.sha256 for written in rows),
            what=f"{what}: its source holds another article, or has changed",
        ):
            return
        try:
            articles = [code_sections(article) for article in parse_articles(entry, self._text)]
            xml = XmlText(parse_xml(entry))
        except RejectError as error:
            self._expect("articles", ok=False, what=f"{what} cannot be read: {error.message}")
            return
        ids = [article.article_id for article in articles]
        if self._expect(
            "articles",
            ok=[written.row["article_id"] for written in rows] == ids,
            what=f"{what}: it and its sub-articles should be {', '.join(ids)}",
        ):
            for written, article in zip(rows, articles, strict=True):
                for promise, ok, what in check_article(
                    written, article, xml, self._annotators, self._models
                ):
                    self._expect(promise, ok=ok, what=what)


def _without_zeros(said: Any) -> Any:
    """Counts without what was counted zero times."""
    return {name: n for name, n in said.items() if n != 0} if isinstance(said, dict) else said


def _by_place(
    rows: Iterable[_Row], key: Callable[[_Row], Mapping[str, Any]]
) -> dict[tuple[str, int], list[_Row]]:
    groups: dict[tuple[str, int], list[_Row]] = {}
    for row in rows:
        place = key(row)
        groups.setdefault((place["source_uri"], place["source_index"]), []).append(row)
    return groups

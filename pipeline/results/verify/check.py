"""The promises about a whole output folder: its files, its articles, their sums."""

import functools
import hashlib
import json
import operator
import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa

from models.annotators import load_annotators, load_cached
from models.files import ModelError
from models.terminology.store import StoredTerminology, TerminologyError, open_terminology
from pipeline.output import storage
from pipeline.output.inputs import find_file, inputs_fingerprint
from pipeline.output.paths import FOLDERS, files_of, plan_of, receipt_of
from pipeline.output.receipts import Receipt, Totals, article_key, first_place, place_of
from pipeline.output.record import DamagedError, FinishedRun, Plan, read_plan
from pipeline.results.verify.article import check_article
from pipeline.results.verify.files import READERS, ChunkRows, Written, read_json
from pipeline.results.xmltext import XmlText
from transforms.archives import scan_archive
from transforms.errors import JobError
from transforms.jats import TextOptions, parse_articles, parse_xml
from transforms.journey import annotate_source
from transforms.layers import Annotator, Layer, ModelOptions, Resources
from transforms.links import LINK_COLUMNS
from transforms.mentions import ANNOTATIONS
from transforms.records import (
    Archive,
    ArticleRange,
    Counts,
    Reject,
    RejectError,
    SourceArticle,
    Sums,
    split_article_id,
)
from transforms.sections import code_sections
from transforms.shards import LINES, SCHEMA_VERSION
from transforms.tables import (
    ARTICLES,
    OF_ARTICLES,
    REJECTS,
    layers_using,
    line_of,
)

_Row = TypeVar("_Row")

PROMISES = (
    *("slices", "places", "articles", "characters", "words"),
    *("tokens", "sentences", "concepts", "files", "scores"),
)

SCORE_TOLERANCE = 1e-4
"""How far a score may be off when it is computed again, on the same kind of processor."""

SHOWN = 10
"""Broken promises of one kind that are reported; all are counted."""


class Check:
    """Checks one output folder.

    Args:
        output: the folder.
        run: whose output it is.
        report: called with the promise and what is wrong, for the first breaches of each promise.
        rescore: articles, chosen at random, that are annotated again.

    Attributes:
        checked: how many things were looked at, by promise.
        broken: how many of them were wrong.

    Raises:
        DamagedError: ``run.json`` does not say what was run.
    """

    def __init__(
        self,
        output: str,
        run: FinishedRun,
        report: Callable[[str, str], None],
        rescore: int = 0,
    ) -> None:
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
        self._terminologies: list[StoredTerminology] = []
        self._totals = Totals()
        self._known: set[str] = set()
        # Hashes of ids and bytes: those of millions of articles fit into memory.
        self._met: set[int] = set()
        self._duplicates: dict[int, str] = {}
        self._versions: dict[int, int] = {}
        self._several: set[str] = set()
        self._sample = _sample(run, rescore)
        self._n_annotated = 0

    def all(self) -> None:
        """Checks every promise."""
        self._load_models()
        self._open_terminologies()
        uris: list[str] = []
        for plan in self._plans():
            uris += plan.uris
            archive = Archive(plan.archive, plan.uris)
            try:
                self._archive(archive, plan.chunks)
            except BrokenPipeError:  # whoever reads what is printed has gone
                raise
            except OSError as error:
                self._expect("articles", ok=False, what=f"{archive.name}: {error}")
        for key, what in self._duplicates.items():
            self._expect("articles", ok=key in self._met, what=what)
        self._run_json(sorted(uris))
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

    def _open_terminologies(self) -> None:
        for terms in self._run.terminologies:
            try:
                terminology = open_terminology(terms.folder)
            except TerminologyError as error:
                raise JobError(f"a terminology of the run cannot be opened: {error}") from error
            self._terminologies.append(terminology)
            self._expect(
                "concepts",
                ok=terminology.fingerprint == terms.fingerprint,
                what=f"terminology {terms.name} is no longer the one that was linked to",
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
            self._concepts(chunk, tables)
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

    def _concepts(self, chunk: str, tables: ChunkRows) -> None:
        """The links of a chunk against the terminologies, and their number in ``articles``."""
        rows = tables.of(ANNOTATIONS)
        linked = [row for row in rows if row["concept"] is not None]
        known = {
            (concept.type, concept.id, concept.name, concept.xrefs)
            for terminology in self._terminologies
            for concept in terminology.with_ids({row["concept"] for row in linked})
        }
        for row in linked:
            concept = (row["type"], row["concept"], row["concept_name"])
            self._expect(
                "concepts",
                ok=(*concept, tuple(row["concept_xrefs"] or ())) in known
                and row["link"] is not None
                and 0 <= (row["link_score"] or 0) <= 1,
                what=f"{row['annotation_id']}: {concept} is in no terminology of the run",
            )
        for row in rows:
            parts = {row[name] is None for name in LINK_COLUMNS}
            if len(parts) > 1:
                self._expect("concepts", ok=False, what=f"{row['annotation_id']}: half a link")
        counts = Counter(row["article_id"] for row in linked)
        said = Counter({row["article_id"]: 0 for row in tables.of(ARTICLES)})
        for row in tables.of(ARTICLES):
            said[row["article_id"]] += row["n_linked"]
        self._expect(
            "concepts",
            ok=+counts == +said,
            what=f"{chunk}: n_linked differs from the links in annotations",
        )

    def _run_json(self, uris: Sequence[str]) -> None:
        record = asdict(self._run)
        found = {**self._what_was_run(), **self._what_was_read(uris), **self._what_was_made()}
        for name, value in found.items():
            said = functools.reduce(operator.getitem, name.split("."), record)
            self._expect(
                "articles" if name in ("inputs.bytes", "inputs.sha256") else "files",
                ok=_without_zeros(said) == _without_zeros(value),
                what=f"run.json: {name} is {said}, the folder and the input give {value}",
            )
        self._expect(
            "files",
            ok=_are_times(self._run.started, self._run.finished)
            and min(self._run.seconds, *self._run.stage_msec.values()) >= 0,
            what="run.json: its times cannot be",
        )

    def _what_was_run(self) -> dict[str, Any]:
        """Fields of ``run.json`` by the models and by each other."""
        options = asdict(self._run.options)
        del options["sha256"]
        options["models"] = [model.full_name for model in self._run.models]
        options["terminologies"] = [terms.full_name for terms in self._run.terminologies]
        digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()
        return {
            "schema_version": SCHEMA_VERSION,
            "state": "complete",
            "options.sha256": digest[:16],
            "models": tuple(
                {
                    **asdict(said),
                    "labels": model.labels,
                    "max_tokens": model.max_tokens,
                    "version": model.settings.version,
                    "licence": model.settings.licence,
                }
                for said, chosen in zip(self._run.models, self._model_options, strict=True)
                for model in [load_cached(chosen.folder, 1)]
            ),
        }

    def _what_was_read(self, uris: Sequence[str]) -> dict[str, Any]:
        """Fields by the files that the plans name. Of web servers' no size is known."""
        found: dict[str, Any] = {"inputs.files": len(uris)}
        if not any(uri.startswith(("http://", "https://")) for uri in uris):
            files = [find_file(uri) for uri in uris]
            found["inputs.bytes"] = sum(file.size or 0 for file in files)
            found["inputs.sha256"] = inputs_fingerprint(files)
        return found

    def _what_was_made(self) -> dict[str, Any]:
        """Fields by the chunks' files and the articles of the sources."""
        totals, sums = self._totals, self._totals.sums
        return {
            "chunks": len(totals.receipts),
            "counts": sums.counts.by_name(),
            "annotations.by_type": sums.types,
            "annotations.by_section": sums.sections,
            "rejects": sums.reasons,
            "notes": sums.notes,
            "reconciliation": {
                "planned": totals.planned,
                "annotated": sums.counts.articles,
                "rejected": sums.counts.rejects,
                "duplicates": sums.counts.duplicates,
                "missing": 0,
            },
            "same_id_other_bytes": tuple(sorted(self._several)),
            "receipts_sha256": totals.receipts_sha256(),
        }

    # Articles

    def _chunk(
        self, chunk: str, entries: Sequence[SourceArticle | Reject], tables: ChunkRows
    ) -> None:
        articles = _by_place(self._written(chunk, tables), key=lambda written: written.row)
        rejects = _by_place(tables.of(REJECTS), key=lambda row: row)
        for entry in entries:
            place = entry if isinstance(entry, Reject) else entry.range
            key = (place.source_uri, place.source_index)
            if isinstance(entry, SourceArticle):
                self._meet_version(entry.range)
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

    def _meet_version(self, place: ArticleRange) -> None:
        """Remembers an article's bytes by its id."""
        sha256 = hash(place.sha256)
        if self._versions.setdefault(hash(place.article_id), sha256) != sha256:
            self._several.add(place.article_id)

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
            else annotate_source(entry, self._layers(), self._text)
        )
        self._expect(
            "articles",
            ok=isinstance(found, Reject) and asdict(found) == row,
            what=f"{what}, but it is "
            + (f"{found.reason}: {found.message}" if isinstance(found, Reject) else "sound"),
        )

    def _layers(self) -> tuple[Layer, ...]:
        return layers_using(Resources(self._annotators, self._terminologies))

    def _annotated_once(self, entry: SourceArticle | Reject, rows: Sequence[Written]) -> None:
        row = rows[0].row
        what = f"{row['article_id']} ({row['source_uri']} {row['source_index']})"
        if isinstance(entry, Reject):
            self._expect("articles", ok=False, what=f"{what} is none: {entry.message}")
            return
        key = hash(article_key(entry.range.article_id, entry.range.sha256))
        self._expect("articles", ok=key not in self._met, what=f"{what} is there twice")
        self._met.add(key)
        if self._n_annotated in self._sample:
            self._rescore(entry, rows)
        self._n_annotated += 1
        if not self._expect(
            "articles",
            ok=all(written.row["sha256"] == entry.range.sha256 for written in rows),
            what=f"{what}: its source holds another article, or has changed",
        ):
            return
        try:
            articles = [code_sections(article) for article in parse_articles(entry, self._text)]
            xml = XmlText(parse_xml(entry), self._text.languages)
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
            reasons = {reason for written in rows for reason, _ in written.row["excluded"]}
            missing = xml.missing(reasons)
            self._expect("words", ok=not missing, what=f"{what}: {missing}")

    def _rescore(self, entry: SourceArticle, rows: Sequence[Written]) -> None:
        """Annotates an article again, and compares what is found and how surely."""
        again = annotate_source(entry, self._layers(), self._text)
        found = [] if isinstance(again, Reject) else again.rows
        written = [each for own in rows for each in own.rows[ANNOTATIONS.name]]
        made = [each for own in found for each in own.batches[ANNOTATIONS.name].to_pylist()]
        self._expect(
            "scores",
            ok=[_without_score(each) for each in written] == [_without_score(each) for each in made]
            and all(
                abs(old["score"] - new["score"]) <= SCORE_TOLERANCE
                for old, new in zip(written, made, strict=True)
            ),
            what=f"{rows[0].row['article_id']}: annotated again, it has other mentions or scores",
        )


def _sample(run: FinishedRun, size: int) -> frozenset[int]:
    """Which of a run's annotated articles are annotated again: the same ones each time."""
    annotated = max(run.reconciliation.annotated, 0)
    choose = random.Random(run.receipts_sha256)  # noqa: S311 - no secret
    return frozenset(choose.sample(range(annotated), min(size, annotated)))


def _without_score(annotation: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in annotation.items() if name != "score"}


def _are_times(started: str, finished: str) -> bool:
    try:
        return datetime.fromisoformat(started) <= datetime.fromisoformat(finished)
    except (TypeError, ValueError):
        return False


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

"""The Beam graph: it distributes, retries and counts; the work is done by functions without Beam.

::

    archives > PlanArchive > chunks > AnnotateChunk > receipts > CommitRun
                        `-> duplicates --^ (side input)
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.utils.shared import Shared

from pipeline import progress, storage
from pipeline.chunks import (
    Chunk,
    Receipt,
    Totals,
    article_key,
    articles_in,
    cut_chunks,
    place_of,
    plan_of,
    receipt_of,
)
from pipeline.options import RunOptions
from pipeline.record import write_plan
from pipeline.reuse import annotated_before
from pipeline.run import InputChangedError, commit_run
from pipeline.worker import Worker, duplicates_of
from transforms.archives import scan_archive
from transforms.records import Archive, Reject

NAMESPACE = "annotate"


def annotation_graph(
    root: beam.Pipeline, archives: list[Archive], options: RunOptions, update: bool
) -> None:
    """Puts the whole job on a pipeline."""
    chunks = (
        root
        | "Archives" >> beam.Create(archives)
        | "SpreadArchives" >> beam.Reshuffle()
        | "PlanArchive" >> beam.FlatMap(plan_archive, options.output, update)
    )
    places = (
        chunks | "ArticlePlaces" >> beam.FlatMap(article_places) | "SameId" >> beam.GroupByKey()
    )
    duplicates = places | "Duplicates" >> beam.FlatMap(find_duplicates)
    versions = places | "Versions" >> beam.FlatMap(find_versions)
    _ = (
        chunks
        | "SpreadChunks" >> beam.Reshuffle()
        | "AnnotateChunk" >> beam.ParDo(AnnotateChunk(options), beam.pvalue.AsDict(duplicates))
        | "AddUp" >> beam.CombineGlobally(AddUp())
        | "CommitRun" >> beam.Map(commit_run, options.output, beam.pvalue.AsList(versions))
    )


def plan_archive(archive: Archive, output: str, update: bool) -> Iterator[Chunk]:
    """Cuts an archive into chunks and writes the plan down.

    Raises:
        InputChangedError: the archive was planned before, had other articles then, and the run is
            not an update.
    """
    entries = tuple(
        found if isinstance(found, Reject) else found.range for found in scan_archive(archive)
    )
    chunks = cut_chunks(archive, entries)
    plan = {
        "archive": archive.name,
        "uris": archive.uris,
        "chunks": {chunk.chunk_id: len(chunk.entries) for chunk in chunks},
    }
    known = compare_plans(output, plan, chunks, update=update)
    write_plan(output, plan)
    progress.TALLY.planned(len(entries))
    Metrics.counter(NAMESPACE, "planned").inc(len(entries))
    for chunk in chunks:
        reuse = {
            number: known[key]
            for number, entry in articles_in(chunk.entries)
            if (key := article_key(entry.article_id, entry.sha256)) in known
        }
        yield replace(chunk, reuse=reuse)


def compare_plans(
    output: str, plan: dict[str, Any], chunks: Sequence[Chunk], *, update: bool
) -> dict[str, tuple[str, int]]:
    """Looks an archive's earlier plan up; notes in the new one what an update supersedes.

    Returns:
        The articles that superseded chunks hold: chunk and row, by ``article_key``.

    Raises:
        InputChangedError: the archive held other articles then, and the run is not an update.
    """
    old = json.loads(storage.read(storage.join(output, plan_of(plan["archive"]))) or "{}")
    superseded = [
        name
        for name in (*old.get("chunks", ()), *old.get("superseded", ()))
        if name not in plan["chunks"]
    ]
    if superseded and not update:
        raise InputChangedError(plan["archive"])
    known = annotated_before(output, superseded)
    if update:
        same: set[str] = set()
        new: set[str] = set()
        for chunk in chunks:
            keys = {article_key(e.article_id, e.sha256) for _, e in articles_in(chunk.entries)}
            (same if chunk.chunk_id in old.get("chunks", ()) else new).update(keys)
        went = {
            "annotated": len(new - known.keys()),
            "kept": len(same) + len(new & known.keys()),
            "dropped": len(known.keys() - new),
        }
        # An update that was stopped has written its own plan, and chunks, already.
        plan["update"] = old.get("update", went)
        plan["superseded"] = superseded
    return known


Place = tuple[str, str, int]
"""Where an article stands: sha256 of its bytes, source, position in it."""


def article_places(chunk: Chunk) -> Iterator[tuple[str, Place]]:
    """The articles of a chunk by their ids."""
    for _, entry in articles_in(chunk.entries):
        yield entry.article_id, (entry.sha256, entry.source_uri, entry.source_index)


def find_duplicates(group: tuple[str, Iterable[Place]]) -> Iterator[tuple[str, str]]:
    """All places of the same article with the same bytes but the first, each with the first."""
    for _, same in groupby(sorted(group[1]), key=itemgetter(0)):
        first, *others = (place_of(uri, index) for _, uri, index in same)
        for other in others:
            yield other, first


def find_versions(group: tuple[str, Iterable[Place]]) -> Iterator[str]:
    """The id, if several articles with other bytes bear it."""
    article_id, places = group
    if len({sha256 for sha256, _, _ in places}) > 1:
        yield article_id


class AnnotateChunk(beam.DoFn):
    """Annotates and commits chunks; hands on the receipts, also those of an earlier run."""

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self._shared = Shared()

    def setup(self) -> None:
        """Gets the models, loaded once a process."""
        self._worker = self._shared.acquire(
            lambda: Worker(self._options, progress.TALLY.article), tag=self._options.fingerprint
        )

    def process(self, chunk: Chunk, duplicates: dict[str, str]) -> Iterator[Receipt]:
        """One chunk to its receipt."""
        receipt = committed_receipt(chunk, duplicates, self._options)
        if receipt:
            progress.TALLY.skipped(receipt.planned)
        else:
            receipt, tally = self._worker.run_chunk(chunk, duplicates)
            for name, count in tally.counts.items():
                Metrics.counter(NAMESPACE, name).inc(count)
            for type_, count in receipt.types.items():
                Metrics.counter(NAMESPACE, f"annotations_{type_}").inc(count)
            for reason, count in receipt.reasons.items():
                Metrics.counter(NAMESPACE, f"rejects_{reason}").inc(count)
            for stage, times in tally.msec.items():
                distribution = Metrics.distribution(NAMESPACE, f"{stage}_msec")
                for msec in times:
                    distribution.update(round(msec))
        yield receipt


def committed_receipt(
    chunk: Chunk, duplicates: Mapping[str, str], options: RunOptions
) -> Receipt | None:
    """The receipt of a chunk that is committed and whole; None if it is still to be done."""
    data = storage.read(storage.join(options.output, receipt_of(chunk.chunk_id)))
    if data is None:
        return None
    try:
        receipt = Receipt.from_bytes(data)
    except ValueError:
        return None
    if receipt.options != options.fingerprint:
        return None
    if receipt.duplicates != duplicates_of(chunk, duplicates):
        return None
    for path, file in receipt.files.items():
        folder, _, name = path.rpartition("/")
        found = storage.sizes(storage.join(options.output, folder), name)
        if found.get(name) != file["bytes"]:
            return None
    return receipt


class AddUp(beam.CombineFn):
    """The sum of receipts."""

    def create_accumulator(self) -> Totals:
        """Nothing yet."""
        return Totals()

    def add_input(self, totals: Totals, receipt: Receipt) -> Totals:
        """Adds one receipt."""
        totals.add(receipt)
        return totals

    def merge_accumulators(self, accumulators: Iterable[Totals]) -> Totals:
        """Adds sums."""
        merged = Totals()
        for totals in accumulators:
            merged.merge(totals)
        return merged

    def extract_output(self, totals: Totals) -> Totals:
        """The sum itself."""
        return totals

"""The Beam graph: it distributes, retries and counts; the work is done by functions without Beam.

::

    archives > PlanArchive > chunks > AnnotateChunk > receipts > CommitRun
                        `-> duplicates --^ (side input)
"""

from collections.abc import Iterable, Iterator, Mapping

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.utils.shared import Shared

from pipeline.job import progress
from pipeline.job.chunks import Chunk
from pipeline.job.options import RunOptions
from pipeline.job.plan import article_places, find_duplicates, find_versions, plan_archive
from pipeline.job.run import commit_run
from pipeline.job.worker import Worker, duplicates_of
from pipeline.output.committed import whole_receipt
from pipeline.output.receipts import Receipt, Totals
from transforms.records import Archive


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
        | "CommitRun" >> beam.Map(commit_run, options, beam.pvalue.AsList(versions))
    )


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
            receipt, msec_by_stage = self._worker.run_chunk(chunk, duplicates)
            for name, count in receipt.sums.counts.by_name().items():
                Metrics.counter(progress.NAMESPACE, name).inc(count)
            for type_, count in receipt.sums.types.items():
                Metrics.counter(progress.NAMESPACE, f"annotations_{type_}").inc(count)
            for reason, count in receipt.sums.reasons.items():
                Metrics.counter(progress.NAMESPACE, f"rejects_{reason}").inc(count)
            for stage, times in msec_by_stage.items():
                distribution = Metrics.distribution(progress.NAMESPACE, f"{stage}_msec")
                for msec in times:
                    distribution.update(round(msec))
        yield receipt


def committed_receipt(
    chunk: Chunk, duplicates: Mapping[str, str], options: RunOptions
) -> Receipt | None:
    """The receipt of a chunk that is committed and whole; None if it is still to be done."""
    receipt = whole_receipt(options.output, chunk.chunk_id)
    if receipt is None or receipt.options != options.fingerprint:
        return None
    return receipt if receipt.duplicates == duplicates_of(chunk, duplicates) else None


class AddUp(beam.CombineFn):
    """The sum of receipts."""

    def create_accumulator(self) -> Totals:
        """Nothing yet."""
        return Totals()

    def add_input(self, totals: Totals, receipt: Receipt) -> Totals:
        """Adds one receipt."""
        totals.add_receipt(receipt)
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

"""The job as a Beam transform: it distributes, retries and counts; ``pipeline.job`` does the work.

::

    archives > PlanArchive > chunks > AnnotateChunk > receipts > CommitRun
                        `-> duplicates --^ (side input)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.utils.shared import Shared

from pipeline.job.chunks import Chunk
from pipeline.job.commit import commit_run
from pipeline.job.options import RunOptions
from pipeline.job.plan import article_places, find_duplicates, find_versions, plan_archive
from pipeline.job.progress import Tally
from pipeline.job.worker import Worker, committed_receipt
from pipeline.output.receipts import Receipt, Totals
from transforms.records import Archive

NAMESPACE = "annotate"
"""Of the job's counters and distributions, which runners show in their own pages."""

TALLY = Tally()
"""Of this process. A worker in another process has its own, which nobody sees."""


@dataclass
class AnnotateArchives(beam.PTransform):
    """Annotates archives into an output folder, and ends the run there by its ``run.json``.

    Takes a collection of ``Archive``; gives one ``Receipt`` a chunk, also of chunks that an earlier
    start has committed. ``pipeline.job.begin.begin`` must have taken the folder into use.

    Attributes:
        options: of the run.
        update: whether the run updates an earlier one: plans may differ from those in the folder.
    """

    options: RunOptions
    update: bool = False

    def expand(self, archives: beam.PCollection[Archive]) -> beam.PCollection[Receipt]:
        """Builds the graph."""
        chunks = (
            archives
            | "SpreadArchives" >> beam.Reshuffle()
            | "PlanArchive" >> beam.ParDo(PlanArchive(self.options.output, self.update))
        )
        places = (
            chunks | "ArticlePlaces" >> beam.FlatMap(article_places) | "SameId" >> beam.GroupByKey()
        )
        duplicates = places | "Duplicates" >> beam.FlatMap(find_duplicates)
        versions = places | "Versions" >> beam.FlatMap(find_versions)
        receipts = (
            chunks
            | "SpreadChunks" >> beam.Reshuffle()
            | "AnnotateChunk"
            >> beam.ParDo(AnnotateChunk(self.options), beam.pvalue.AsDict(duplicates))
        )
        _ = (
            receipts
            | "AddUp" >> beam.CombineGlobally(AddUp())
            | "CommitRun" >> beam.Map(commit_run, self.options, beam.pvalue.AsList(versions))
        )
        return receipts


class PlanArchive(beam.DoFn):
    """Cuts archives into chunks."""

    def __init__(self, output: str, update: bool) -> None:
        self._output = output
        self._update = update

    def process(self, archive: Archive) -> Iterator[Chunk]:
        """Yields the chunks of one archive."""
        chunks = plan_archive(archive, self._output, self._update)
        entries = sum(len(chunk.entries) for chunk in chunks)
        TALLY.planned(entries)
        _count("planned", entries)
        yield from chunks


class AnnotateChunk(beam.DoFn):
    """Annotates and commits chunks; hands on the receipts, also those of an earlier start."""

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self._shared = Shared()

    def setup(self) -> None:
        """Gets the models, loaded once a process."""
        self._worker = self._shared.acquire(
            lambda: Worker(self._options, TALLY.article), tag=self._options.fingerprint
        )

    def process(self, chunk: Chunk, duplicates: dict[str, str]) -> Iterator[Receipt]:
        """Yields the receipt of one chunk."""
        receipt = committed_receipt(chunk, duplicates, self._options)
        if receipt:
            TALLY.skipped(receipt.planned)
        else:
            receipt, msec_by_stage = self._worker.run_chunk(chunk, duplicates)
            _count_receipt(receipt)
            for stage, times in msec_by_stage.items():
                distribution = Metrics.distribution(NAMESPACE, f"{stage}_msec")
                for msec in times:
                    distribution.update(round(msec))
        yield receipt


def _count_receipt(receipt: Receipt) -> None:
    for name, count in receipt.sums.counts.by_name().items():
        _count(name, count)
    for type_, count in receipt.sums.types.items():
        _count(f"annotations_{type_}", count)
    for reason, count in receipt.sums.reasons.items():
        _count(f"rejects_{reason}", count)


def _count(name: str, count: int) -> None:
    Metrics.counter(NAMESPACE, name).inc(count)


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

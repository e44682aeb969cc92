"""What a worker does with a chunk: annotate its articles, write its shards, then its receipt."""

import hashlib
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from models.annotators import load_annotators
from models.terminology.store import open_terminology
from pipeline.job import reuse
from pipeline.job.chunks import Chunk, articles_in
from pipeline.job.fingerprint import parts_fingerprint
from pipeline.job.memory import release_memory, settle_memory
from pipeline.job.options import RunOptions
from pipeline.output import storage
from pipeline.output.committed import whole_receipt
from pipeline.output.paths import files_of, receipt_of
from pipeline.output.receipts import Receipt, duplicate_message, place_of
from pipeline.output.record import own_run
from transforms.archives import Points, read_articles
from transforms.errors import JobError
from transforms.journey import Outcome, annotate_source
from transforms.layers import Resources
from transforms.records import ArticleRange, Counts, Reject, SourceArticle, Sums
from transforms.shards import ChunkFiles
from transforms.tables import REJECTS, TABLES, layers_using, reject_rows

Duplicates = Mapping[str, str]
"""For each article that stands elsewhere too, by place: the place of the one that counts."""


class OtherWorkerError(JobError):
    """A worker has other code or models than the process that started the run."""


class Worker:
    """One process's models and threads. Chunks may come from several Beam threads at once.

    The threads share the articles of the chunks under way, so that every core has work whatever
    the runner gives this process: one chunk at a time, or several.

    Args:
        options: of the run.
        on_article: called from any thread for each article, with its counts.

    Raises:
        ModelError: a model cannot be had, or cannot work.
        TerminologyError: the same of a terminology.
        OtherWorkerError: this process would give other rows than its receipts would say.
    """

    def __init__(self, options: RunOptions, on_article: Callable[[Counts], None]) -> None:
        self.options = options
        self._threads = options.threads_here
        annotators = load_annotators(options.models, self._threads)
        terminologies = tuple(map(open_terminology, options.terms))
        models = [annotator.model for annotator in annotators]
        if parts_fingerprint([*models, *terminologies]) != options.parts:
            raise OtherWorkerError(
                "a worker has other code, or other files of a model or terminology, than the "
                "process that started the run: install the same version on all of them"
            )
        self.layers = layers_using(Resources(annotators, terminologies))
        settle_memory()
        self._on_article = on_article
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="annotate")
        # Some runners start a dozen chunks in one process; each holds its rows in memory.
        self._chunks_at_once = threading.Semaphore(2)
        self._points = Points()

    def run_chunk(
        self, chunk: Chunk, duplicates: Duplicates
    ) -> tuple[Receipt, dict[str, list[float]]]:
        """Annotates a chunk and commits it.

        Returns:
            Its receipt; by stage, each article's milliseconds of core time.

        Raises:
            storage.StorageError: the output cannot be written.
            TakenOverError: another run has taken it over.
            SourceChangedError: an input is no longer what was planned.
            UnreadableError: an input cannot be read now.
        """
        with self._chunks_at_once:
            return self._run_chunk(chunk, duplicates)

    def _run_chunk(
        self, chunk: Chunk, duplicates: Duplicates
    ) -> tuple[Receipt, dict[str, list[float]]]:
        output = self.options.output
        sums = Sums()
        msec_by_stage: defaultdict[str, list[float]] = defaultdict(list)
        made = ChunkFiles(TABLES)
        rejects: list[Reject] = []
        left_out = duplicates_of(chunk, duplicates)
        for outcome in self._outcomes(chunk, left_out):
            if isinstance(outcome, Reject):
                rejects.append(outcome)
                found = _count_reject(outcome)
            else:
                found = outcome.sums
                for rows in outcome.rows:
                    made.add(rows)
                for stage, msec in outcome.clock.msec.items():
                    msec_by_stage[stage].append(msec)
            self._on_article(found.counts)
            sums.add(found)

        data = made.finish({REJECTS.name: reject_rows(rejects)})
        files = files_of(chunk.chunk_id)
        # Before the shards too: those of a run that has taken the folder over have the same names.
        own_run(output, self.options.fingerprint, self.options.inputs)
        for table, path in files.items():
            storage.write(storage.join(output, path), data[table])
        receipt = Receipt(
            chunk_id=chunk.chunk_id,
            options=self.options.fingerprint,
            planned=len(chunk.entries),
            sums=sums,
            duplicates=left_out,
            files={
                path: {
                    "bytes": len(data[table]),
                    "sha256": hashlib.sha256(data[table]).hexdigest(),
                }
                for table, path in files.items()
            },
        )
        own_run(output, self.options.fingerprint, self.options.inputs)
        storage.write(storage.join(output, receipt_of(chunk.chunk_id)), receipt.to_bytes())
        release_memory()
        return receipt, msec_by_stage

    def _outcomes(self, chunk: Chunk, left_out: Duplicates) -> Iterator[Outcome | Reject]:
        """What becomes of each entry of a chunk, in order, as the threads get it done."""
        old = reuse.Reader(self.options.output, chunk.reuse)
        fresh: list[ArticleRange] = []
        rejected: dict[int, Reject] = {}
        for number, entry in enumerate(chunk.entries):
            if isinstance(entry, Reject):
                rejected[number] = entry
            elif place_of(entry.source_uri, entry.source_index) in left_out:
                first = left_out[place_of(entry.source_uri, entry.source_index)]
                rejected[number] = entry.reject("plan", "duplicate", duplicate_message(first))
            elif number not in chunk.reuse:
                fresh.append(entry)
        sources = read_articles(fresh, self._points)
        pending: deque[Future[Outcome | Reject]] = deque()
        for number, entry in enumerate(chunk.entries):
            if number in rejected:
                pending.append(_done(rejected[number]))
            elif isinstance(entry, ArticleRange) and number in chunk.reuse:
                pending.append(_done(old.outcome(number, entry)))
            else:
                pending.append(self._pool.submit(self._annotate, next(sources)))
            # One article in hand for each thread and one waiting: no more are in memory.
            if len(pending) > 2 * self._threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()

    def _annotate(self, source: SourceArticle) -> Outcome | Reject:
        return annotate_source(source, self.layers, self.options.text)


def _count_reject(reject: Reject) -> Sums:
    counts = Counts(duplicates=1) if reject.reason == "duplicate" else Counts(rejects=1)
    return Sums(counts, reasons=Counter([reject.reason]))


def committed_receipt(chunk: Chunk, duplicates: Duplicates, options: RunOptions) -> Receipt | None:
    """The receipt of a chunk that is committed and whole; None if it is still to be done."""
    receipt = whole_receipt(options.output, chunk.chunk_id)
    if receipt is None or receipt.options != options.fingerprint:
        return None
    return receipt if receipt.duplicates == duplicates_of(chunk, duplicates) else None


def duplicates_of(chunk: Chunk, duplicates: Duplicates) -> dict[str, str]:
    """Those of all duplicates that are in this chunk."""
    places = (
        place_of(entry.source_uri, entry.source_index) for _, entry in articles_in(chunk.entries)
    )
    return {place: duplicates[place] for place in places if place in duplicates}


def _done(outcome: Outcome | Reject) -> "Future[Outcome | Reject]":
    future: Future[Outcome | Reject] = Future()
    future.set_result(outcome)
    return future

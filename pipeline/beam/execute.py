"""Runs the job on Beam until it ends, with progress meanwhile."""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from pipeline.beam import runners
from pipeline.beam.graph import NAMESPACE, TALLY, AnnotateArchives
from pipeline.beam.stopping import Stopped, stop_on_signals, stop_with_workers
from pipeline.job import progress
from pipeline.job.options import RunOptions
from transforms.records import Archive


@dataclass(frozen=True)
class Done:
    """What only the process that started a run knows of it.

    Attributes:
        skipped: articles that were committed before.
        stage_msec: milliseconds of core time by stage, as far as the runner tells.
    """

    skipped: int
    stage_msec: dict[str, float]


def execute(
    archives: Sequence[Archive],
    options: RunOptions,
    *,
    update: bool,
    beam_options: PipelineOptions,
    verbose: bool,
    show_progress: bool,
    on_stop: Callable[[], None],
    last_words: str,
) -> Done:
    """Runs the job until it ends.

    Args:
        archives: what is annotated.
        options: of the run.
        update: whether the run updates an earlier one.
        beam_options: as ``runners.pipeline_options`` gives them.
        verbose: show Beam's own messages.
        show_progress: on stderr.
        on_stop: called when a signal ends the run.
        last_words: printed when a worker process of this machine dies, which ends this process.

    Raises:
        Stopped: by a signal, while the job runs elsewhere; it is cancelled.
        Exception: whatever Beam makes of a failure.
    """
    local = runners.is_local(beam_options)
    TALLY.clear()
    counts = TALLY.read if runners.in_process(beam_options) else progress.polled(options.output)
    result: PipelineResult | None = None
    try:
        with (
            Path(os.devnull).open("w", encoding="utf-8") as nowhere,
            stop_on_signals(on_stop, local=local),
            progress.Reporter(counts, sys.stderr) if show_progress else nullcontext(),
            stop_with_workers(last_words) if local else _own_temporary_folder(),
            # Beam's worker prints the traceback of whatever a DoFn raises, and raises it again.
            nullcontext() if verbose else redirect_stderr(nowhere),
        ):
            runner = runners.local_runner(beam_options, verbose=verbose) if local else None
            pipeline = beam.Pipeline(runner=runner, options=beam_options)
            # Made for transforms in other languages; what ends at a signal would leave it behind.
            Path(pipeline.local_tempdir).rmdir()
            _ = pipeline | beam.Create(archives) | AnnotateArchives(options, update)
            result = pipeline.run()
            result.wait_until_finish()
    except Stopped:
        _cancel(result)
        on_stop()
        raise
    return Done(counts()["skipped"], _msec_by_stage(result))


def _cancel(result: PipelineResult | None) -> None:
    if result is None:
        return
    try:
        result.cancel()
    except Exception as error:
        print(f"error: the job goes on, cancel it at its runner: {error}", file=sys.stderr)


@contextmanager
def _own_temporary_folder() -> Iterator[None]:
    """Beam leaves the package that it sends to workers where it built it."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="annotate-") as folder:
        tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = before


def _msec_by_stage(result: PipelineResult) -> dict[str, float]:
    total: Counter[str] = Counter()
    try:
        metrics = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(NAMESPACE))
    except Exception:
        # Not every runner has them; the work is done and committed all the same.
        return {}
    for found in metrics["distributions"]:
        total[found.key.metric.name.removesuffix("_msec")] += found.result.sum
    return dict(total)

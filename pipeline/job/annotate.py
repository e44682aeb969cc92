"""The main command: input patterns in, an output folder of annotations out."""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from models.files import ModelError, UnavailableError
from pipeline.job import progress, runners
from pipeline.job.failures import readable, way_on
from pipeline.job.graph import annotation_graph
from pipeline.job.inputs import (
    InputError,
    UnreachableError,
    group_archives,
    inputs_fingerprint,
    match_inputs,
)
from pipeline.job.options import (
    RunOptions,
    UsageError,
    add_arguments,
    check_beam_flags,
    run_options,
)
from pipeline.job.run import begin, describe_run, record_timing
from pipeline.job.stopping import Stopped, stop_on_signals, stop_with_workers
from pipeline.job.summary import summary_lines
from pipeline.output import storage
from pipeline.output.record import OutputError, read_run
from transforms.records import Archive

__all__ = ["add_arguments", "run"]


def run(args: argparse.Namespace, beam_flags: Sequence[str]) -> int:
    """Runs ``annotate``; returns its exit code."""
    began = time.monotonic()
    _quiet_libraries(verbose=args.verbose)
    notes: list[str] = []
    try:
        check_beam_flags(beam_flags)
        beam_options = runners.pipeline_options(args, beam_flags)
        files = match_inputs(args.input, beam_options, notes.append)
        options = run_options(args, inputs_fingerprint(files))
        archives = group_archives(files)
        update = begin(
            describe_run(options, args.input, files, archives),
            options.output,
            overwrite=args.overwrite,
            update=args.update,
        )
    except (UsageError, InputError, OutputError, ModelError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, UnavailableError | UnreachableError) else 2
    except storage.StorageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1

    for note in () if args.quiet else notes:
        print(f"note: {note}", file=sys.stderr)
    again = "the same command without --overwrite" if args.overwrite else "the same command again"
    go_on = f"run {again} to go on from there"
    try:
        result, kept = _execute(args, beam_options, archives, options, update=update, go_on=go_on)
    except Stopped as stop:
        return 128 + stop.signal
    except Exception as error:
        if args.verbose:
            traceback.print_exc()
        print(f"error: {readable(error)}", file=sys.stderr)
        if way := way_on(error, go_on):
            print(_STAYS.format(options.output, way), file=sys.stderr)
        return 1
    seconds = time.monotonic() - began
    try:
        record_timing(options.output, seconds, _msec_by_stage(result))
        return _finish(options, args, seconds, kept, go_on)
    except (OutputError, storage.StorageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


_STAYS = "what is committed in {} stays; {}"


def _last_words(output: str, go_on: str) -> str:
    """What a stopped run tells: a bucket is not asked, since it may not answer soon."""
    try:
        done = f"{progress.committed(output):,} articles are" if storage.is_local(output) else ""
    except storage.StorageError:
        done = ""
    return f"\nstopped: {done or 'finished chunks are'} committed in {output}; {go_on}"


def _execute(
    args: argparse.Namespace,
    beam_options: PipelineOptions,
    archives: list[Archive],
    options: RunOptions,
    *,
    update: bool,
    go_on: str,
) -> tuple[PipelineResult, int]:
    """Runs the job until it ends.

    Returns:
        Its result, and how many articles were committed before.

    Raises:
        Stopped: by a signal, while the job runs elsewhere; it is cancelled.
        Exception: whatever Beam makes of a failure.
    """
    local = runners.is_local(beam_options)
    stderr = sys.stderr  # which is another while the job runs

    def tell_stopped() -> None:
        if not args.quiet:
            print(_last_words(options.output, go_on), file=stderr, flush=True)

    progress.TALLY.clear()
    counts = (
        progress.TALLY.read if runners.in_process(beam_options) else progress.polled(options.output)
    )
    result: PipelineResult | None = None
    try:
        with (
            Path(os.devnull).open("w", encoding="utf-8") as nowhere,
            stop_on_signals(tell_stopped, local=local),
            nullcontext() if args.quiet else progress.Reporter(counts, sys.stderr),
            stop_with_workers(_STAYS.format(options.output, go_on))
            if local
            else _own_temporary_folder(),
            # Beam's worker prints the traceback of whatever a DoFn raises, and raises it again.
            nullcontext() if args.verbose else redirect_stderr(nowhere),
        ):
            runner = runners.local_runner(beam_options, verbose=args.verbose) if local else None
            pipeline = beam.Pipeline(runner=runner, options=beam_options)
            # Made for transforms in other languages; what ends at a signal would leave it behind.
            Path(pipeline.local_tempdir).rmdir()
            annotation_graph(pipeline, archives, options, update=update)
            result = pipeline.run()
            result.wait_until_finish()
            return result, counts()["skipped"]
    except Stopped:
        _cancel(result)
        tell_stopped()
        raise


def _finish(
    options: RunOptions, args: argparse.Namespace, seconds: float, kept: int, go_on: str
) -> int:
    record = read_run(options.output)
    if record is None or record["state"] != "complete":
        print(
            f"error: the run is not complete: "
            f"{json.dumps((record or {}).get('reconciliation'))}; {go_on}",
            file=sys.stderr,
        )
        return 1
    if not args.quiet:
        for line in summary_lines(record, options.output, seconds, kept):
            print(line)
    sums = record["reconciliation"]
    attempted = sums["annotated"] + sums["rejected"]
    if attempted and sums["rejected"] / attempted > args.max_reject_rate:
        print(
            f"error: {sums['rejected']} of {attempted} articles were rejected, more than "
            f"--max-reject-rate {args.max_reject_rate:g} allows; all else is committed",
            file=sys.stderr,
        )
        return 1
    return 0


def _quiet_libraries(*, verbose: bool) -> None:
    if verbose:
        logging.basicConfig(level=logging.INFO)
        return
    warnings.simplefilter("ignore")


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
        metrics = result.metrics().query(
            beam.metrics.MetricsFilter().with_namespace(progress.NAMESPACE)
        )
    except Exception:
        # Not every runner has them; the work is done and committed all the same.
        return {}
    for found in metrics["distributions"]:
        total[found.key.metric.name.removesuffix("_msec")] += found.result.sum
    return dict(total)

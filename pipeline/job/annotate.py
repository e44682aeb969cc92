"""The main command: input patterns in, an output folder of annotations out."""

import argparse
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from pathlib import Path
from types import FrameType

import apache_beam as beam
from apache_beam.runners.runner import PipelineResult

from models.files import ModelError, UnavailableError
from pipeline.job import progress, runners
from pipeline.job.graph import annotation_graph
from pipeline.job.inputs import InputError, group_archives, match_inputs
from pipeline.job.options import (
    RunOptions,
    UsageError,
    add_arguments,
    check_beam_flags,
    run_options,
)
from pipeline.job.run import begin, describe_run, record_timing
from pipeline.job.summary import summary_lines
from pipeline.output import storage
from pipeline.output.record import OutputError, read_run

__all__ = ["add_arguments", "run"]

# What a worker raises for a person to read. Beam hands it on as text inside its own traceback.
_FINAL = ("InputChangedError", "TakenOverError")  # nothing is left to go on with
_READABLE = re.compile(
    r"(?:(?:Storage|SourceChanged|Model|Fetch|Output|Damaged)Error"
    rf"|{'|'.join(_FINAL)}): (.*)"
)


def run(args: argparse.Namespace, beam_flags: Sequence[str]) -> int:
    """Runs ``annotate``; returns its exit code."""
    began = time.monotonic()
    _quiet_libraries(verbose=args.verbose)
    notes: list[str] = []
    try:
        check_beam_flags(beam_flags)
        beam_options = runners.pipeline_options(args, beam_flags)
        files = match_inputs(args.input, beam_options, notes.append)
        options = run_options(args)
        archives = group_archives(files)
        update = begin(
            describe_run(options, args.input, files, archives),
            options.output,
            overwrite=args.overwrite,
            update=args.update,
        )
    except (UsageError, InputError, OutputError, ModelError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, UnavailableError) else 2
    except storage.StorageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1

    for note in () if args.quiet else notes:
        print(f"note: {note}", file=sys.stderr)
    local = runners.is_local(beam_options)
    again = "the same command without --overwrite" if args.overwrite else "the same command again"
    go_on = f"run {again} to go on from there"
    stays = f"what is committed in {options.output} stays; {go_on}"
    result: PipelineResult | None = None
    try:
        counts = (
            progress.TALLY.read
            if runners.in_process(beam_options)
            else progress.polled(options.output)
        )
        with (
            _stop_on_signals(
                "" if args.quiet else _STOPPED.format(options.output, go_on), local=local
            ),
            nullcontext() if args.quiet else progress.Reporter(counts, sys.stderr),
            _watch_workers(stays) if local else _own_temporary_folder(),
            # Beam's worker prints the traceback of whatever a DoFn raises, and raises it again.
            nullcontext() if args.verbose else redirect_stderr(io.StringIO()),
        ):
            runner = runners.local_runner(beam_options, verbose=args.verbose) if local else None
            pipeline = beam.Pipeline(runner=runner, options=beam_options)
            # Made for transforms in other languages; what ends at a signal would leave it behind.
            Path(pipeline.local_tempdir).rmdir()
            annotation_graph(pipeline, archives, options, update=update)
            result = pipeline.run()
            result.wait_until_finish()
    except _Stopped as stop:
        _cancel(result)
        if not args.quiet:
            print(_STOPPED.format(options.output, go_on), file=sys.stderr)
        return 128 + stop.signal
    except Exception as error:
        if args.verbose:
            traceback.print_exc()
        told = "".join(traceback.format_exception(error))
        print(f"error: {_readable(error, told)}", file=sys.stderr)
        if not any(name in told for name in _FINAL):
            print(stays, file=sys.stderr)
        return 1
    seconds = time.monotonic() - began
    try:
        record_timing(options.output, seconds, _msec_by_stage(result))
        return _finish(options, args, seconds, go_on)
    except (OutputError, storage.StorageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


_WORKER_ENDED = "a worker process ended unexpectedly: killed, perhaps for want of memory?"
_STOPPED = "\nstopped: finished chunks are committed in {}; {}"


def _finish(options: RunOptions, args: argparse.Namespace, seconds: float, go_on: str) -> int:
    record = read_run(options.output)
    if record is None or record["state"] != "complete":
        print(
            f"error: the run is not complete: "
            f"{json.dumps((record or {}).get('reconciliation'))}; {go_on}",
            file=sys.stderr,
        )
        return 1
    if not args.quiet:
        for line in summary_lines(record, options.output, seconds):
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


class _Stopped(BaseException):
    """A signal met a job that runs elsewhere: no Exception, which Beam would make its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


def _cancel(result: PipelineResult | None) -> None:
    if result is None:
        return
    try:
        result.cancel()
    except Exception as error:
        print(f"error: the job goes on, cancel it at its runner: {error}", file=sys.stderr)


@contextmanager
def _stop_on_signals(last_words: str, *, local: bool) -> Iterator[None]:
    """Ctrl-C and a polite kill end the job at once: every file is whole, or not there."""
    stderr = sys.stderr

    def stop(number: int, _: FrameType | None) -> None:
        if not local:
            raise _Stopped(number)
        _let_workers_end()
        for other in (signal.SIGINT, signal.SIGTERM):
            signal.signal(other, signal.SIG_IGN)
        if last_words:
            print(last_words, file=stderr)
        stderr.flush()
        _end_children()
        os._exit(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _watch_workers(last_words: str) -> Iterator[None]:
    """Ends the job when a worker process of this machine does: Beam would wait for it forever."""
    stderr = sys.stderr
    before = threading.excepthook

    def look(args: threading.ExceptHookArgs) -> None:
        if args.thread is None or args.thread.name != "run_worker":  # Beam's name
            before(args)
            return
        _let_workers_end()
        print(f"error: {_WORKER_ENDED}\n{last_words}", file=stderr, flush=True)
        _end_children()
        os._exit(1)

    threading.excepthook = look
    try:
        yield
    finally:
        threading.excepthook = before


def _let_workers_end() -> None:
    """Says nothing more of a worker process that ends: all of them are about to."""
    threading.excepthook = lambda _: None


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


def _end_children() -> None:
    """Ends the worker processes of a local run."""
    command = ["/bin/ps", "-A", "-o", "pid=", "-o", "ppid="]  # as POSIX has it, so macOS too
    try:
        processes = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return  # they end by themselves, some seconds after this one
    for line in processes.splitlines():
        pid, parent = map(int, line.split())
        if parent == os.getpid():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _readable(error: Exception, told: str) -> str:
    """The one line that says what was wrong, out of what Beam made of it."""
    if found := _READABLE.findall(told):
        return str(found[-1]).split(" [while running")[0].strip("'\" ")
    if "Channel closed prematurely" in told:
        return _WORKER_ENDED
    if "FutureTimeoutError" in told or "can't start new thread" in told:
        return (
            "Beam could not start all its threads: this process may have too few (ulimit -u), or "
            "too little address space (ulimit -v; it needs 3 GB, most of which stays unused)"
        )
    last = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {last[-1] if last else error}"


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

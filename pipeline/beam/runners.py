"""Where a job runs: Beam's options for this machine, and checks for a cluster."""

import argparse
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from apache_beam.options.pipeline_options import (
    DirectOptions,
    PipelineOptions,
    PortableOptions,
    SetupOptions,
    StandardOptions,
)
from apache_beam.runners.portability.fn_api_runner import FnApiRunner, worker_handlers
from apache_beam.runners.runner import create_runner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from pipeline.output import storage
from transforms.errors import UserError

CONNECT_SECONDS = 10
JOB_SECONDS = 365 * 24 * 3600
_WORKER = f"""import runpy, sys
sys.path[0] = {str(Path(__file__).parents[2])!r}
runpy.run_module("apache_beam.runners.worker.sdk_worker_main", run_name="__main__", alter_sys=True)
"""


def pipeline_options(beam_flags: Sequence[str], workers: int) -> PipelineOptions:
    """Beam's options: of the local runner, or of the one that the flags name, checked.

    Args:
        beam_flags: Beam's own.
        workers: processes on this machine.

    Raises:
        UserError: Beam does not know a flag, or its runner, or what that needs of this machine, is
            not there.
    """
    check_flags(beam_flags)
    mode = "multi_processing" if workers > 1 else "multi_threading"
    # Two chunks at a time: while one writes its shards, the other keeps the threads busy.
    at_once = workers if workers > 1 else 2
    local = [f"--direct_running_mode={mode}", f"--direct_num_workers={at_once}"]
    options = PipelineOptions(list(beam_flags))
    if not is_local(options):
        try:
            create_runner(options.view_as(StandardOptions).runner)
        except (ValueError, ImportError, AttributeError) as error:
            raise UserError(f"--runner: {error}") from error
        if workers > 1:
            raise UserError("--workers is of this machine alone: a runner has its own flags")
        _reach_cluster(options)
        return options
    for flag in ("--job_endpoint", "--setup_file", "--flink_master", "--environment_type"):
        if any(given.split("=")[0] == flag for given in beam_flags):
            raise UserError(f"{flag} needs a --runner: without one the job runs on this machine")
    return PipelineOptions([*local, *beam_flags])


def check_flags(flags: Sequence[str]) -> None:
    """Refuses flags that Beam does not know.

    Raises:
        UserError: naming the first one.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    seen = set()
    pending = list(PipelineOptions.__subclasses__())
    while pending:
        options = pending.pop()
        if options in seen:
            continue
        seen.add(options)
        pending += options.__subclasses__()
        if "_add_argparse_args" in vars(options):
            options._add_argparse_args(parser)
    try:
        _, unknown = parser.parse_known_args(list(flags))
    except (argparse.ArgumentError, SystemExit) as error:
        raise UserError(str(error)) from error
    if unknown:
        raise UserError(
            f"unknown flag or argument: {unknown[0]} (see python -m pipeline annotate --help)"
        )


def is_local(options: PipelineOptions) -> bool:
    """Whether the job runs on this machine, by Beam's local runner."""
    runner = options.view_as(StandardOptions).runner or "DirectRunner"
    name = runner.rpartition(".")[2].lower()
    return name in {"directrunner", "fnapirunner", "bundlebaseddirectrunner"}


def in_process(options: PipelineOptions) -> bool:
    """Whether all work is done in this process."""
    mode = options.view_as(DirectOptions).direct_running_mode
    return is_local(options) and mode != "multi_processing"


def local_runner(options: PipelineOptions, *, verbose: bool) -> FnApiRunner:
    """Beam's local runner, for options that name it."""
    # Every second a timer of Beam's (2.77) sends off what a thread has written so far, in the
    # middle of a value too: the rest is then read from the wrong place. Without it, streams are
    # sent between values, by their size.
    worker_handlers.DATA_BUFFER_TIME_LIMIT_MS = 0
    direct = options.view_as(DirectOptions)
    if direct.direct_running_mode != "multi_processing":
        return FnApiRunner()
    # Beam's own command for worker processes breaks at a blank in Python's path, tells all that
    # they log, imports what the current folder happens to hold, and has a shell before them: who
    # ends that, leaves them at work.
    command = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(_WORKER)}"
    direct.direct_running_mode = "in_memory"
    return FnApiRunner(
        SubprocessSDKEnvironment.from_command_string(
            command if verbose else f"{command} 2>{os.devnull}"
        )
    )


def _reach_cluster(options: PipelineOptions) -> None:
    """Checks what a job elsewhere needs of this machine, and lets it take its time.

    Raises:
        UserError: no job service answers, or there is no package to send.
    """
    setup = options.view_as(SetupOptions)
    if setup.setup_file:
        # Beam enters the folder that it is told, and takes no name for one.
        setup.setup_file = storage.absolute(setup.setup_file)
        if not Path(setup.setup_file).is_file():
            raise UserError(f"--setup_file: there is no file {setup.setup_file}")
        if find_spec("setuptools") is None:
            raise UserError(
                "--setup_file: setuptools is not installed here, which builds the package: "
                "pip install build 'setuptools>=77'"
            )
    portable = options.view_as(PortableOptions)
    if portable.job_endpoint and portable.job_endpoint != "embed":
        host, _, port = portable.job_endpoint.rpartition("/")[2].rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except (OSError, ValueError) as error:
            raise UserError(
                f"--job_endpoint: no job service answers at {portable.job_endpoint}: {error}"
            ) from error
    # Beam would give the whole job the minute that it allows for an answer.
    portable.job_server_timeout = JOB_SECONDS

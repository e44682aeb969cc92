"""``estimate``: annotates a few articles of a long run, and tells what all of them would take."""

import argparse
import sys

from models.cores import available_cores
from pipeline.commands.flags import DEFAULT_MODEL, positive, positive_float
from pipeline.job import estimate
from pipeline.job.estimate import Cost, Extent
from pipeline.job.inputs import match_inputs
from transforms.errors import JobError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``estimate``."""
    parser.add_argument("--input", nargs="+", required=True, metavar="GLOB", help="as of annotate")
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="NAME_OR_DIR", help=f"(default: {DEFAULT_MODEL})"
    )
    parser.add_argument(
        "--sample",
        type=positive,
        default=30,
        metavar="N",
        help="articles to annotate (default: 30)",
    )
    parser.add_argument(
        "--workers", type=positive, default=1, metavar="N", help="workers of the run (default: 1)"
    )
    parser.add_argument(
        "--threads",
        type=positive,
        default=available_cores(),
        metavar="N",
        help="cores of each worker (default: those of this machine)",
    )
    parser.add_argument(
        "--price",
        type=positive_float,
        metavar="PRICE",
        help="of one core for one hour, in any currency",
    )
    parser.add_argument(
        "--memory-mb", type=positive, default=1024, metavar="MB", help="of a worker (default: 1024)"
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``estimate``; returns its exit code."""
    found = estimate.look_through(match_inputs(args.input))
    why = "; ".join(f"{reject.source_uri}: {reject.message}" for reject in found.empty[:1])
    if not found.articles:
        raise JobError(f"no article in the files that were looked through: {why}")
    if found.empty:
        print(
            f"note: {len(found.empty)} of {found.files_read} files that were looked through hold "
            f"no article that can be read: {why}",
            file=sys.stderr,
        )
    cost = estimate.measure(found.articles, args.model, args.sample, args.threads)
    for line in _lines(found, cost, args):
        print(line)
    return 0


def _lines(found: Extent, cost: Cost, args: argparse.Namespace) -> list[str]:
    counted = "" if found.is_whole else "about "
    threads = args.workers * args.threads
    seconds = found.expected * cost.seconds * cost.threads / threads
    units = ((3600, "hours"), (60, "minutes"), (1, "seconds"))
    size, unit = next(((s, u) for s, u in units if seconds >= 2 * s), units[-1])
    fits = "fits" if cost.peak_bytes < args.memory_mb << 20 else "DOES NOT FIT"
    told = [
        f"articles   {counted}{found.expected:,} ({found.bytes_all / 1e6:,.1f} MB stored)",
        f"an article {cost.core_seconds:.2f} core-seconds, {cost.tokens:,.0f} tokens, "
        f"{cost.annotations:,.0f} annotations",
        f"time       {seconds / size:,.1f} {unit} with {args.workers} workers of {args.threads} "
        "threads, if theirs are cores like these",
        f"memory     {cost.peak_bytes / 1e6:,.0f} MB, {fits} into {args.memory_mb:,} MB",
    ]
    if args.price is not None:
        million = cost.core_seconds * 1e6 / 3600 * args.price
        total = cost.core_seconds * found.expected / 3600 * args.price
        told.append(f"cost       {million:,.2f} a million articles, {total:,.2f} for these")
    return told

"""``verify``: checks every promise of a run's output against its sources."""

import argparse
import sys

from pipeline.commands.flags import positive
from pipeline.job.fingerprint import code_fingerprint
from pipeline.output import storage
from pipeline.output.record import finished_run
from pipeline.results import verify
from pipeline.results.verify.check import PROMISES, Check


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``verify``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = verify.__doc__
    parser.epilog = "Exit code 0 if all hold, 1 if one is broken."
    parser.add_argument("output", metavar="DIR", help="output folder of a finished run")
    parser.add_argument(
        "--rescore",
        type=positive,
        default=0,
        metavar="N",
        help="annotate so many articles, chosen at random, again and compare mentions and scores",
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``verify``; returns its exit code."""
    output = storage.absolute(args.output)
    finished = finished_run(output)
    check = Check(
        output,
        finished,
        lambda promise, what: print(f"broken: {promise}: {what}"),
        args.rescore,
    )
    if finished.options.code != code_fingerprint():
        print(
            "note: the output was made by other code than this: what the parser does otherwise "
            "today counts as broken",
            file=sys.stderr,
        )
    check.all()
    for promise in PROMISES:
        found = check.broken[promise]
        print(f"{promise:<11} {check.checked[promise]:>10,} checks  {found or 'none':>6} broken")
    return 1 if check.broken.total() else 0

"""Re-reads sources and output, and checks every promise that the output makes.

1. slices: ``text[start:end] == exact``, and prefix and postfix likewise
2. places: the XPaths and offsets give the same characters in the source XML
3. articles: each one of every input is one row of ``articles``, or of ``rejects`` for a reason
4. characters: those kept stand in the text, each once; with those excluded they are the source's
5. tokens: each was scored once, in no window over its model's limit
6. sentences: ordered, disjoint, covering every character that is not white space
7. files: receipts, shards and ``run.json`` agree
"""

import argparse
import sys

from models.files import ModelError
from pipeline.job.options import code_fingerprint
from pipeline.output import storage
from pipeline.output.committed import finished_run
from pipeline.output.record import DamagedError, OutputError
from pipeline.results.verify.check import PROMISES, Check
from transforms.archives import UnreadableError

__all__ = ["FAILURES", "PROMISES", "WRONG_USE", "add_arguments", "run"]

WRONG_USE = (OutputError,)
FAILURES = (DamagedError, ModelError, storage.StorageError, UnreadableError)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``verify``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.epilog = "Exit code 0 if all hold, 1 if one is broken."
    parser.add_argument("output", metavar="DIR", help="output folder of a finished run")


def run(args: argparse.Namespace) -> int:
    """Runs ``verify``; returns its exit code."""
    output = storage.absolute(args.output)
    record = finished_run(output)
    check = Check(output, record)
    if record["options"].get("code") != code_fingerprint():
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

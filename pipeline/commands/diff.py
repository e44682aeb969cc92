"""``diff``: tells what two runs over the same articles agree on, and what they do not."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from pipeline.output import storage
from pipeline.output.record import finished_run
from pipeline.results.differences import (
    AGREED,
    KINDS,
    TSV_COLUMNS,
    Difference,
    Differences,
    compare_runs,
    make_page,
    tsv_line,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``diff``."""
    parser.add_argument("first", metavar="DIR", help="output folder of a finished run")
    parser.add_argument("second", metavar="DIR2", help="output folder of another")
    parser.add_argument(
        "--tsv",
        type=Path,
        metavar="FILE",
        help="write every mention that is not agreed as tab-separated values",
    )
    parser.add_argument("--to", metavar="FILE", help="write a page with examples: path or URI")


def run(args: argparse.Namespace) -> int:
    """Runs ``diff``; returns its exit code."""
    first, second = storage.absolute(args.first), storage.absolute(args.second)
    for output in (first, second):
        finished_run(output)
    found = Differences()
    with _opened(args.tsv) as sink:
        _write(compare_runs(first, second, found), sink)
    print("\n".join(_lines(found)))
    if args.to:
        to = storage.absolute(args.to)
        storage.write(to, make_page(first, second, found).encode())
        print(f"page {to}")
    return 0


def _opened(file: Path | None) -> contextlib.AbstractContextManager[TextIO | None]:
    return file.open("w", encoding="utf-8") if file else contextlib.nullcontext()


def _write(differences: Iterator[Difference], sink: TextIO | None) -> None:
    if sink:
        sink.write("\t".join(TSV_COLUMNS) + "\n")
    for difference in differences:
        if sink and difference.kind != AGREED:
            sink.write(tsv_line(difference) + "\n")


def _lines(found: Differences) -> Iterator[str]:
    yield (
        f"articles {found.articles['both']:,} in both, {found.articles['first']:,} in the first "
        f"only, {found.articles['second']:,} in the second only"
    )
    if found.other_text:
        yield f"the text of {found.other_text:,} differs: places in the XML are compared"
    for title, sums in (("type", found.totals()), ("section", found.sections())):
        yield f"{title:<16}" + "".join(f"{kind:>10}" for kind in KINDS)
        for name, counts in sums.items():
            yield f"{name:<16}" + "".join(f"{counts[kind]:>10,}" for kind in KINDS)

"""``report``: writes one HTML page about a run."""

import argparse

from pipeline.output import storage
from pipeline.output.committed import finished_run
from pipeline.results.findings import gather
from pipeline.results.report import make_page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``report``."""
    parser.add_argument("output", metavar="DIR", help="output folder of a finished run")
    parser.add_argument(
        "--to", metavar="FILE", help="path or URI of the page (default: DIR/report.html)"
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``report``; returns its exit code."""
    output = storage.absolute(args.output)
    to = storage.absolute(args.to) if args.to else storage.join(output, "report.html")
    record = finished_run(output)
    page = make_page(output, record, gather(output))
    storage.write(to, page.encode())
    print(f"report {to}")
    return 0

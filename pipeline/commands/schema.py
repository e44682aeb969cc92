"""``schema``: prints the statements that make an output folder known to another database."""

import argparse

from pipeline.results.ddl import DIALECTS, create_statements


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``schema``."""
    parser.add_argument("dialect", choices=tuple(DIALECTS), help="the database")
    parser.add_argument(
        "location",
        metavar="LOCATION",
        help="the output folder as the database reaches it: gs://bucket/out",
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``schema``; returns its exit code."""
    print(create_statements(args.dialect, args.location))
    return 0

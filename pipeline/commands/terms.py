"""``terms``: makes, checks and searches terminologies."""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from models.terminology.read import read_drafts
from models.terminology.store import (
    build_terminology,
    embedded_terminologies,
    open_terminology,
)
from pipeline.commands.flags import DEFAULT_TERMS, positive
from pipeline.output import storage
from pipeline.output.committed import chunk_names, read_table
from pipeline.output.record import finished_run
from transforms.concepts import Concept
from transforms.errors import UserError
from transforms.linker import Span
from transforms.links import link_text
from transforms.mentions import ANNOTATIONS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the commands of ``terms`` and their flags."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(
        name: str, act: Callable[[argparse.Namespace], int], summary: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(act=act)
        return command

    action("list", _list, "the terminologies that come with the package")
    build = action("build", _build, "make a terminology of your own names")
    build.add_argument(
        "source",
        type=Path,
        help=".tsv or .parquet with columns id, name, synonyms (joined by |), type; or .obo",
    )
    build.add_argument("target", type=Path, help="the new folder")
    build.add_argument("--name", help="of the terminology (default: the folder's)")
    build.add_argument("--type", help="entity type of all concepts, where the source has no column")
    check = action("check", _check, "open terminologies as a worker does, and prove their files")
    check.add_argument("terms", nargs="*", help="names or folders (default: every embedded one)")
    lookup = action("lookup", _lookup, "what a name or an id means")
    lookup.add_argument("name", help="a mention, or a CURIE like MESH:D001943")
    lookup.add_argument("--type", help="only concepts of this entity type")
    lookup.add_argument("--terms", default=DEFAULT_TERMS, metavar="NAME_OR_DIR")
    unlinked = action(
        "unlinked", _unlinked, "the commonest mentions of a run without a link, as TSV"
    )
    unlinked.add_argument("output", metavar="DIR", help="output folder of a finished run")
    unlinked.add_argument("--limit", type=positive, default=1000, help="rows (default: 1000)")


def run(args: argparse.Namespace) -> int:
    """Runs ``terms``; returns its exit code."""
    return int(args.act(args))


def _list(_: argparse.Namespace) -> int:
    for name in embedded_terminologies():
        terms = open_terminology(name)
        counts = f"{terms.settings['concepts']:,} concepts, {terms.settings['names']:,} names"
        version = terms.settings.get("version", "")
        print(f"{terms.full_name}  {version}  {counts}: {', '.join(terms.types())}")
    return 0


def _build(args: argparse.Namespace) -> int:
    drafts = read_drafts(args.source, args.type)
    build_terminology(
        args.target,
        ((draft.concept(), draft.ranked_keys()) for draft in drafts),
        {"name": args.name or args.target.resolve().name},
    )
    settings = json.loads((args.target / "terms.json").read_text(encoding="utf-8"))
    print(f"{args.target}: {settings['concepts']:,} concepts, {settings['names']:,} names")
    return 0


def _check(args: argparse.Namespace) -> int:
    for name in args.terms or embedded_terminologies():
        terms = open_terminology(name)
        terms.check()
        print(f"{terms.full_name}: sound, {terms.settings['names']:,} names")
    return 0


def _lookup(args: argparse.Namespace) -> int:
    terms = open_terminology(args.terms)
    found = terms.with_ids([args.name]) if ":" in args.name else []
    for concept in found:
        print(_line(concept, "id"))
    for type_ in () if found else [args.type] if args.type else terms.types():
        span = Span(0, len(args.name), type_)
        [link] = link_text(args.name, [(0, len(args.name))], [span], [terms])
        if link:
            print(_line(link.concept, f"{link.how} {link.score:.2f}"))
            found.append(link.concept)
    if not found:
        raise UserError(f"{terms.full_name} has no {args.name!r}")
    return 0


def _line(concept: Concept, how: str) -> str:
    return "\t".join((concept.type, concept.id, concept.name, how, "|".join(concept.xrefs)))


def _unlinked(args: argparse.Namespace) -> int:
    output = storage.absolute(args.output)
    finished_run(output)
    counts: Counter[tuple[str, str]] = Counter()
    for chunk in chunk_names(output):
        rows = read_table(output, chunk, ANNOTATIONS, ["type", "exact", "concept"]).to_pylist()
        counts.update((row["type"], row["exact"]) for row in rows if row["concept"] is None)
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    writer.writerow(("type", "exact", "mentions"))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    writer.writerows((*name, count) for name, count in ordered[: args.limit])
    return 0

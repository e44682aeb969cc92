"""``export``: writes a finished run's annotations in other people's formats."""

import argparse
import textwrap
from pathlib import Path

from pipeline.output import storage
from pipeline.output.record import finished_run
from pipeline.results.export import FORMATS, Export, read_links, write_export
from pipeline.results.formats import Links
from transforms.errors import UserError

LINKING = ", ".join(name for name, format_ in FORMATS.items() if format_.has_links)


def _description() -> str:
    """What is in each format."""
    lines = ["Writes a finished run's annotations in other people's formats, one file a chunk.", ""]
    for name, format_ in FORMATS.items():
        first, *more = textwrap.wrap(format_.help, 82)
        lines += [f"  {name:<16}{first}", *(f"{'':<18}{line}" for line in more)]
    return "\n".join(lines)


EPILOG = """\
examples:
  python -m pipeline export annotated --format bioc
  python -m pipeline export annotated --format europepmc --provider OurLab --links links.tsv

Offsets count Unicode code points, start included, end excluded, in every format.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``export``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = _description()
    parser.epilog = EPILOG
    parser.add_argument("output", metavar="DIR", help="output folder of a finished run")
    parser.add_argument("--format", required=True, choices=tuple(FORMATS), help="see above")
    parser.add_argument(
        "--to",
        metavar="FOLDER",
        help="folder or URI for the files (default: DIR/export/FORMAT); what an earlier export to "
        "it wrote is replaced",
    )
    parser.add_argument(
        "--links",
        type=Path,
        metavar="FILE",
        help="tab-separated type, mention, name, URI: what mentions mean in public databases "
        f"({LINKING}), in place of what `annotate --terms` linked them to; type and mention must "
        "be exactly as annotated",
    )
    parser.add_argument(
        "--provider", metavar="NAME", help="as registered with Europe PMC (europepmc needs it)"
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``export``; returns its exit code."""
    output = storage.absolute(args.output)
    to = storage.absolute(args.to) if args.to else storage.join(output, "export", args.format)
    _check_flags(args)
    links = read_links(args.links) if args.links else Links()
    export = Export(finished_run(output), args.provider or "", links)
    write_export(export, args.format, output, to)
    for what, count in export.counts.items():
        print(f"{what:<40} {count:>12,}")
    if versions := export.run.same_id_other_bytes:
        print(f"{len(versions):,} ids are borne by several versions of an article, all exported")
    if export.counts["articles without an id of Europe PMC"]:
        print(
            "sub-articles, and articles without PMCID and PMID, cannot be submitted: "
            "they are in no file"
        )
    if unused := sorted(links.own.keys() - links.used):
        type_, mention = unused[0]
        print(f"{len(unused):,} of --links fit no mention, the first is {type_} {mention!r}")
    if args.format == "europepmc" and not export.counts["annotations"]:
        print("nothing can be submitted: no mention is linked to a public database (see --links)")
    print(f"files {to}")
    return 0


def _check_flags(args: argparse.Namespace) -> None:
    format_ = FORMATS[args.format]
    if format_.needs_provider and not args.provider:
        raise UserError(
            f"--format {args.format} needs --provider: the name that Europe PMC gave you"
        )
    if args.provider and not format_.needs_provider:
        raise UserError(f"--provider is for --format europepmc, not {args.format}")
    if args.links and not format_.has_links:
        raise UserError(f"--links is for {LINKING}: {args.format} has no place for it")

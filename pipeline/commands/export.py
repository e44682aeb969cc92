"""``export``: writes a finished run's annotations in other people's formats."""

import argparse
from pathlib import Path

from pipeline.output import storage
from pipeline.output.committed import finished_run
from pipeline.results.export import FORMATS, Export, read_links, write_export
from transforms.errors import UserError

DESCRIPTION = """\
Writes a finished run's annotations in other people's formats, one file a chunk (brat: one folder).

  europepmc       JSON lines for Europe PMC's annotations submission service. Only mentions with a
                  link (--links) can be submitted; the others are written to no_match/. Those of
                  sub-articles, and of articles without PMCID and PMID, are in no file.
  bioc            BioC JSON: passages with section types, text and annotations
  pubtator        PubTator: titles and abstracts only, full text does not fit into the format
  webannotation   W3C Web Annotation (JSON-LD): XPath and position, and the quoted text
  brat            brat standoff: text and annotations of each whole article
"""

EPILOG = """\
examples:
  python -m pipeline export annotated --format bioc
  python -m pipeline export annotated --format europepmc --provider OurLab --links links.tsv

Offsets count Unicode code points, start included, end excluded, in every format.
"""

LINKING = ("europepmc", "bioc", "webannotation")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``export``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = DESCRIPTION
    parser.epilog = EPILOG
    parser.add_argument("output", metavar="DIR", help="output folder of a finished run")
    parser.add_argument("--format", required=True, choices=FORMATS, help="see above")
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
        f"({', '.join(LINKING)}); type and mention must be exactly as annotated",
    )
    parser.add_argument(
        "--provider", metavar="NAME", help="as registered with Europe PMC (europepmc needs it)"
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``export``; returns its exit code."""
    output = storage.absolute(args.output)
    to = storage.absolute(args.to) if args.to else storage.join(output, "export", args.format)
    _check_flags(args)
    links = read_links(args.links) if args.links else {}
    export = Export(finished_run(output), args.provider or "", links)
    write_export(export, args.format, output, to)
    for what, count in export.counts.items():
        print(f"{what:<40} {count:>12,}")
    if versions := export.record["same_id_other_bytes"]:
        print(f"{len(versions):,} ids are borne by several versions of an article, all exported")
    if export.counts["articles without an id of Europe PMC"]:
        print(
            "sub-articles, and articles without PMCID and PMID, cannot be submitted: "
            "they are in no file"
        )
    if args.format == "europepmc" and not export.counts["annotations"]:
        print("nothing can be submitted: no mention is linked to a public database (see --links)")
    print(f"files {to}")
    return 0


def _check_flags(args: argparse.Namespace) -> None:
    if args.format == "europepmc" and not args.provider:
        raise UserError("--format europepmc needs --provider: the name that Europe PMC gave you")
    if args.format != "europepmc" and args.provider:
        raise UserError(f"--provider is for --format europepmc, not {args.format}")
    if args.links and args.format not in LINKING:
        raise UserError(f"--links is for {', '.join(LINKING)}: {args.format} has no place for it")

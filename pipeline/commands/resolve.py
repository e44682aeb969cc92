"""``resolve``: shows an annotation in the XML that it stands in."""

import argparse

from pipeline.output import storage
from pipeline.output.record import known_run
from pipeline.results.resolve import find_annotation, find_source, in_passage, xml_in_context
from transforms.jats import parse_xml


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``resolve``."""
    parser.add_argument("output", metavar="DIR", help="output folder of a run")
    parser.add_argument(
        "annotation_id", metavar="ANNOTATION_ID", help="as in the table; a unique beginning will do"
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``resolve``; returns its exit code."""
    output = storage.absolute(args.output)
    known_run(output)
    annotation, article = find_annotation(output, args.annotation_id)
    source = find_source(article)
    shown = xml_in_context(parse_xml(source), annotation)
    place = source.range
    print(
        f"{annotation['type']}  {annotation['exact']!r}  score {annotation['score']:.3f}  "
        f"by {annotation['model']}"
    )
    print(f"article   {article['article_id']}  {article['title'] or ''}")
    print(f"source    {place.source_uri}  article {place.source_index}")
    print(f"bytes     {place.start_byte}-{place.end_byte}  sha256 {place.sha256}")
    print(f"section   {annotation['section']}")
    print(f"text      {annotation['start']}-{annotation['end']}")
    print(f"          {in_passage(annotation, article)}")
    for end in ("start", "end"):
        print(f"{end:<9} {annotation[f'{end}_xpath']}  offset {annotation[f'{end}_offset']}")
    print("xml")
    print(shown)
    return 0

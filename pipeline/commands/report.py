"""``report``: writes one HTML page about a run, and pages of some of its articles."""

import argparse
from collections.abc import Iterator

from pipeline.commands.flags import positive
from pipeline.output import storage
from pipeline.output.paths import article_file_name
from pipeline.output.record import finished_run
from pipeline.results import article_view
from pipeline.results.article_view import find_article, mentions_of
from pipeline.results.findings import Findings, gather
from pipeline.results.report import Page, make_page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``report``."""
    parser.add_argument("output", metavar="DIR", help="output folder of a finished run")
    parser.add_argument(
        "--to", metavar="FILE", help="path or URI of the page (default: DIR/report.html)"
    )
    parser.add_argument(
        "--pages",
        type=positive,
        default=0,
        metavar="N",
        help="also make pages of N articles, as show does, beside the report: those of the sample",
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``report``; returns its exit code."""
    output = storage.absolute(args.output)
    to = storage.absolute(args.to) if args.to else storage.join(output, "report.html")
    run = finished_run(output)
    found = gather(output)
    pages = list(_write_pages(output, to, found, args.pages))
    storage.write(to, make_page(output, run, found, pages).encode())
    print(f"report {to}")
    return 0


def _write_pages(output: str, to: str, found: Findings, most: int) -> Iterator[Page]:
    """Writes pages of the sample's articles into the folder ``pages`` beside the report."""
    folder, _, report = to.rpartition("/")
    names = dict.fromkeys(sample.row["article_id"] for sample in found.samples)
    for name in list(names)[:most]:
        article = find_article(output, name)
        view = article_view.view(article.row, mentions_of(article.annotations))
        link = f"pages/{article_file_name(article.row['article_id'])}.html"
        page = article_view.make_page(view, report=f"../{report}")
        storage.write(storage.join(folder, link), page.encode())
        title = article.row["title"] or ""
        yield Page(article.row["article_id"], title, len(view.mentions), link)

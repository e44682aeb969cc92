"""``show``: one article with its mentions, as a page or in the terminal."""

import argparse
import os
import sys
from pathlib import Path

from models.gold import read_gold
from pipeline.evaluation.align import align, map_span
from pipeline.evaluation.predictions import document_of
from pipeline.output import storage
from pipeline.output.committed import ArticleRows
from pipeline.output.paths import article_file_name
from pipeline.output.record import RUN, known_run
from pipeline.results import article_view
from pipeline.results.article_text import article_lines
from pipeline.results.article_view import Mention, find_article, mentions_of
from transforms.errors import UserError

EPILOG = """\
examples:
  python -m pipeline show annotated PMC13900                  makes annotated/pages/PMC13900.html
  python -m pipeline show annotated PMC13900 --text           in the terminal
  python -m pipeline show annotated PMC13900 --against other  what two runs agree on
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``show``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("output", metavar="DIR", help="output folder of a run")
    parser.add_argument(
        "article", metavar="ARTICLE", help="article id, PMCID, PMID or DOI; ID@SHA256 for a version"
    )
    parser.add_argument(
        "--text",
        action="store_true",
        help="print it; in colour in a terminal, unless NO_COLOR is set, else with [mention|TYPE]",
    )
    parser.add_argument(
        "--against",
        metavar="DIR|GOLD",
        help="also the mentions of another run over the same article, or of gold data (as of "
        "evaluate): what both have, what is only here, what is only there",
    )
    parser.add_argument(
        "--gold-types",
        metavar="TYPE=LABEL[|LABEL],...",
        help="the gold's labels for the run's types, as of evaluate",
    )
    parser.add_argument(
        "--to",
        metavar="FILE",
        help="path or URI of the page (default: DIR/pages/ARTICLE.html)",
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``show``; returns its exit code."""
    if args.gold_types and not args.against:
        raise UserError("--gold-types goes with --against GOLD")
    if args.text and args.to:
        raise UserError("--to names a page: --text prints")
    output = storage.absolute(args.output)
    known_run(output)
    article = find_article(output, args.article)
    mentions = mentions_of(article.annotations)
    if args.against:
        mentions = _compared(article, mentions, args.against, args.gold_types)
    view = article_view.view(article.row, mentions)
    if args.text:
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        for line in article_lines(view, color=color):
            print(line)
        return 0
    to = storage.absolute(args.to) if args.to else _default_page(output, article)
    storage.write(to, article_view.make_page(view, other=args.against or "").encode())
    print(f"page {to}")
    return 0


def _default_page(output: str, article: ArticleRows) -> str:
    return storage.join(output, "pages", f"{article_file_name(article.row['article_id'])}.html")


def _compared(
    article: ArticleRows, mentions: list[Mention], against: str, gold_types: str | None
) -> list[Mention]:
    other = storage.absolute(against)
    if storage.read(storage.join(other, RUN)) is None:
        return _compared_with_gold(article, mentions, Path(against), gold_types)
    if gold_types:
        raise UserError(f"--gold-types is for gold data: {against} is a run")
    name = f"{article.row['article_id']}@{article.row['sha256']}"
    theirs = find_article(other, name)
    if theirs.row["text"] != article.row["text"]:
        raise UserError(
            f"the text of {article.row['article_id']} differs in {against}: other options or "
            "another version made it. The command diff compares places in the XML"
        )
    return article_view.compare(mentions, mentions_of(theirs.annotations))


def _compared_with_gold(
    article: ArticleRows, mentions: list[Mention], against: Path, gold_types: str | None
) -> list[Mention]:
    """Only types that the gold annotates are compared."""
    # Only here: evaluate needs an extra, which a page without gold does not.
    from pipeline.evaluation.evaluate import match_types  # noqa: PLC0415

    gold = read_gold(against)
    document = document_of(article.row, gold.documents)
    if document is None:
        raise UserError(f"{against} has no document {article.row['article_id']}")
    labels = {mention.type for one in gold.documents for mention in one.mentions}
    type_of = match_types(labels, {one.type for one in mentions}, gold_types)
    text = article.row["text"]
    places = align(document.text, text)
    theirs = [
        Mention(*span, type_of[mention.type], text[slice(*span)])
        for mention in document.mentions
        if mention.type in type_of and (span := map_span(places, mention.start, mention.end))
    ]
    ours = [one for one in mentions if one.type in type_of.values()]
    return article_view.compare(ours, theirs)

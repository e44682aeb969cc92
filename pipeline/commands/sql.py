"""``sql``: asks runs in SQL, by a query, by a named question, or at a prompt."""

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from pipeline.output import storage
from pipeline.results import queries
from pipeline.results.queries import Database
from pipeline.results.query_rows import WAYS
from transforms.errors import UserError

EPILOG = """\
examples:
  python -m pipeline sql annotated                             a prompt; what can be asked, if piped
  python -m pipeline sql annotated --ask names
  python -m pipeline sql annotated "SELECT type, count(*) FROM mentions GROUP BY type" --csv
  python -m pipeline sql before after "SELECT run, count(*) FROM mentions GROUP BY run"
"""

PROMPT_HELP = """\
Ends with ; what is asked. Also: .views  .questions  .ask NAME  .quit
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``sql``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "words",
        nargs="+",
        metavar="DIR ... [QUERY]",
        help="output folders of runs, told apart by the column run; at last the query",
    )
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("-f", "--file", type=Path, metavar="FILE", help="read the query from a file")
    asked.add_argument("--ask", metavar="NAME", help="ask a named question")
    form = parser.add_mutually_exclusive_group()
    for way in WAYS:
        form.add_argument(
            f"--{way}", action="store_const", const=way, dest="form", help=f"print {way.upper()}"
        )
    form.add_argument("--parquet", metavar="FILE", help="write what is found to a Parquet file")


def run(args: argparse.Namespace) -> int:
    """Runs ``sql``; returns its exit code."""
    folders, query = _query(args)
    with queries.connect([storage.absolute(folder) for folder in folders]) as database:
        if query:
            _answer(database, query, args.form, args.parquet)
        elif args.form or args.parquet:
            raise UserError("what is asked? give a query, --ask NAME, or -f FILE")
        elif _is_terminal():
            _prompt(database)
        else:
            print("\n".join(_menu(database)))
    return 0


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _query(args: argparse.Namespace) -> tuple[Sequence[str], str]:
    """The folders and the query among the words and flags."""
    if args.ask:
        return args.words, _question(args.ask)
    if args.file:
        try:
            return args.words, args.file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot read {args.file}: {error}") from error
    *folders, last = args.words
    if any(letter.isspace() for letter in last) and not Path(last).is_dir():
        if not folders:
            raise UserError("which run? name its output folder before the query")
        return folders, last
    return args.words, ""


def _question(name: str) -> str:
    known = {question.name: question.query for question in queries.questions()}
    if name not in known:
        meant = "".join(f"did you mean {one}? " for one in get_close_matches(name, known, 1))
        raise UserError(f"no question is called {name}. {meant}There are {', '.join(known)}")
    return known[name]


def _answer(database: Database, query: str, form: str | None, parquet: str | None) -> None:
    if parquet:
        queries.write_parquet(database, query, parquet)
        print(f"file {parquet}")
    elif form:
        for line in WAYS[form](queries.ask(database, query)):
            print(line)
    else:
        print(queries.as_table(database, query))


def _menu(database: Database) -> Iterator[str]:
    """What can be asked."""
    yield "views"
    for view, columns in queries.describe_views(database):
        yield f"  {view:<24} {', '.join(columns)}"
    yield from _questions()
    yield "functions"
    yield "  mention_text(text, start, stop), sentence_of(annotation_id), fold_name(exact)"


def _questions() -> Iterator[str]:
    yield "questions (--ask NAME)"
    for question in queries.questions():
        yield f"  {question.name:<24} {question.words}"


def _prompt(database: Database) -> None:
    """Asks for queries until the end of the input."""
    with suppress(ImportError):  # gives input() a history and keys to edit with
        importlib.import_module("readline")
    print(PROMPT_HELP, end="")
    asked = ""
    while True:
        try:
            asked += input("...> " if asked else "sql> ") + "\n"
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            asked = ""
            continue
        if asked.strip() in ("", ".quit"):
            if asked.strip():
                return
            asked = ""
        elif asked.startswith(".") or asked.rstrip().endswith(";"):
            _reply(database, asked.strip())
            asked = ""


def _reply(database: Database, asked: str) -> None:
    """Answers one entry at the prompt; what is wrong with it is a line."""
    command, _, name = asked.partition(" ")
    try:
        if command == ".views":
            for view, columns in queries.describe_views(database):
                print(f"{view:<12} {', '.join(columns)}")
        elif command == ".questions":
            print("\n".join(_questions()))
        elif command == ".ask":
            print(queries.as_table(database, _question(name.strip())))
        elif command.startswith("."):
            print(PROMPT_HELP, end="")
        else:
            print(queries.as_table(database, asked))
    except UserError as error:
        print(f"error: {error}")

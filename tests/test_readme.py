"""README knows every command, option and column, and no other."""

import argparse
import importlib
import re
import shlex
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.beam.runners import check_flags
from pipeline.commands import SUMMARIES, annotate
from tests.test_architecture import ROOT
from transforms.jats.rules import JATS, PUBMED
from transforms.shards import Table
from transforms.tables import TABLES

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def done(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``run_local.sh`` makes, where README's queries look for it."""
    output = tmp_path_factory.mktemp("readme") / "output" / "samples"
    flags = ["--output", str(output), "--max-reject-rate", "0.1", "--quiet"]
    assert main(["annotate", "--input", str(samples), *flags]) == 0
    return output


def rows(output: Path, table: str) -> list[dict]:
    """All rows of a table."""
    return [row for path in (output / table).iterdir() for row in pq.read_table(path).to_pylist()]


def section(title: str) -> str:
    """What stands under a title, up to the next one."""
    return re.split(r"^#+ ", README.partition(f"# {title}\n")[2], flags=re.M)[0]


def named(table: str) -> set[str]:
    """Names in backquotes in the first column."""
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([\w-]+)", cell)}


def test_options_of_annotate() -> None:
    """Each has its line."""
    parser = argparse.ArgumentParser(add_help=False)
    annotate.add_arguments(parser)
    flags = {flag for action in parser._actions for flag in action.option_strings}
    assert named(section("Options of annotate")) == flags


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_columns(table: Table) -> None:
    """Each column of each table has its type and meaning."""
    assert named(section(table.name)) == set(table.schema.names)


@pytest.mark.parametrize("command", SUMMARIES)
def test_commands(command: str) -> None:
    """Each command is shown, as it is called."""
    assert f"python -m pipeline {command} " in section("Two commands")


def test_reasons_for_what_is_left_out(done: Path) -> None:
    """Each that the rules or the sample articles have is told, and no other."""
    told = named(section("What it reads"))
    rules = chain(*JATS.values(), *PUBMED.values())
    ruled = {rule.reason for rule in rules} - {""}
    met = {reason for row in rows(done, "articles") for reason, _ in row["excluded"]}
    assert ruled | met <= told
    sources = (ROOT / "transforms" / "jats").glob("*.py")
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert {reason for reason in told - ruled if f'"{reason}"' not in code} == set()


def n_rows(query: str, output: Path) -> int:
    """How many rows a query finds, in a process of its own: DuckDB prints at the end of ours."""
    code = "import duckdb, sys; print(len(duckdb.sql(sys.stdin.read()).fetchall()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=query,
        capture_output=True,
        text=True,
        cwd=output.parents[1],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


BLOCKS = re.findall(r"```sql\n(.*?)```", README, flags=re.S)
QUERIES = [query for block in BLOCKS for query in block.split(";\n") if query.strip()]


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_queries_find_something(query: str, done: Path) -> None:
    """Each, as it is printed, over a run of the sample articles."""
    assert n_rows(query, done)


def test_mentions_of_two_models_are_not_paired(done: Path) -> None:
    """The first query takes both of a pair from the same one."""
    table = "'output/samples/annotations/*.parquet'"
    both = "(FROM _ UNION ALL SELECT * REPLACE ('other' AS model) FROM _)".replace("_", table)
    assert n_rows(QUERIES[0].replace(table, both), done) == 2 * n_rows(QUERIES[0], done)


def calls() -> list[list[str]]:
    """The words of every call of a command in the shell examples, its name first."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.S):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:3] == ["python", "-m", "pipeline"]:
                found.append(words[3:])
            elif words[:1] == ["./run_local.sh"] and words[1:] not in ([], ["test"]):
                flags = next(i for i, w in enumerate([*words, "--"]) if w.startswith("--"))
                own = ["--input", *words[1 : flags - 1], "--output", words[flags - 1]]
                found.append(["annotate", *own, *words[flags:]])
    return found


@pytest.mark.parametrize("call", calls(), ids=" ".join)
def test_examples_can_be_called(call: list[str]) -> None:
    """Each as its command reads it; what that does not know is a flag of Beam's."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    importlib.import_module(f"pipeline.commands.{call[0]}").add_arguments(parser)
    _, rest = parser.parse_known_args(call[1:])
    assert call[0] == "annotate" or not rest
    check_flags(rest)


def test_every_command_has_an_example() -> None:
    """And so the test above has something to read."""
    assert {call[0] for call in calls()} == set(SUMMARIES)


def test_links_lead_somewhere() -> None:
    """To files and folders of the project."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target

"""README knows every command, option and column, and no other."""

import argparse
import importlib
import re
import shlex

import pytest

from pipeline import __main__ as commands
from pipeline.job import options
from tests.test_architecture import ROOT
from transforms import shards

README = (ROOT / "README.md").read_text(encoding="utf-8")


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
    options.add_arguments(parser)
    flags = {flag for action in parser._actions for flag in action.option_strings}
    assert named(section("Options of annotate")) == flags


@pytest.mark.parametrize("table", shards.TABLES)
def test_columns(table: str) -> None:
    """Each column of each table has its type and meaning."""
    assert named(section(table)) == set(shards.TABLES[table].names)


@pytest.mark.parametrize("command", commands.COMMANDS)
def test_commands(command: str) -> None:
    """Each command is shown, as it is called."""
    assert f"python -m pipeline {command} " in section("Two commands")


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
    path, _ = commands.COMMANDS[call[0]]
    importlib.import_module(path).add_arguments(parser)
    _, rest = parser.parse_known_args(call[1:])
    assert call[0] == "annotate" or not rest
    options.check_beam_flags(rest)


def test_every_command_has_an_example() -> None:
    """And so the test above has something to read."""
    assert {call[0] for call in calls()} == set(commands.COMMANDS)


def test_links_lead_somewhere() -> None:
    """To files and folders of the project."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target

"""README knows every command, option and column, and no other."""

import argparse
import re

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


def test_examples_use_options_that_exist() -> None:
    """Flags of the shell examples are ours or Beam's."""
    parser = argparse.ArgumentParser(add_help=False)
    options.add_arguments(parser)
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.S):
        for call in re.findall(r"pipeline annotate ((?:.*\\\n)*.*)", block):
            words = call.replace("\\\n", " ").split("#")[0].split()
            if "--runner" in words:
                _, rest = parser.parse_known_args(words)
                options.check_beam_flags(rest)


def test_links_lead_somewhere() -> None:
    """To files and folders of the project."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target

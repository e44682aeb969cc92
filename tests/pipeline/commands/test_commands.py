"""What all commands have in common: a module each, errors told in a line, a quick start."""

import pkgutil
import resource
import subprocess
import sys

import pytest

from pipeline import __version__, commands
from pipeline.__main__ import main
from tests.articles import TESTS
from transforms.errors import JobError, UserError

WITHOUT_BEAM = [name for name in commands.SUMMARIES if name != "annotate"]


def test_each_command_is_a_module():
    """Beside them there is only what they share."""
    modules = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    assert modules == {*commands.SUMMARIES, "flags"}


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UserError("no such folder"), 2, "error: no such folder\n"),
        (JobError("no answer"), 1, "error: no answer\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Permission denied: '/x'\n"),
    ],
)
def test_an_error_is_a_line_and_an_exit_code(error, code, said, monkeypatch, capsys):
    """Two kinds: one that the user can mend, and one of the job."""

    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr("pipeline.commands.report.run", fail)
    assert main(["report", "out"]) == code
    assert capsys.readouterr().err.endswith(said)


@pytest.mark.parametrize("command", WITHOUT_BEAM)
def test_commands_start_without_what_they_do_not_need(command):
    """Beam takes a second to import, the libraries of networks another."""
    code = f"""
import sys
from pipeline.__main__ import main
try:
    main([{command!r}, "--help"])
finally:
    print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=TESTS.parent, check=False
    )
    assert done.stdout.startswith(f"usage: python -m pipeline {command}")
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    needless = {"apache_beam", "boto3", "google", "smart_open", "torch", "transformers"}
    if command in {"export", "report", "resolve", "verify"}:
        needless.add("requests")
    assert "pipeline" in imported
    assert not imported & needless


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["annotat"], "unknown command: annotat; did you mean annotate?"),
        (["nothing"], "unknown command: nothing ("),
        (["report", "out", "--page", "3"], "did you mean --pages by --page?"),
    ],
)
def test_a_mistyped_word_is_met_by_the_one_that_was_meant(words, said, capsys):
    """Commands and flags alike."""
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert said in capsys.readouterr().err


def test_the_version_is_told(capsys):
    """As the package has it."""
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"article-annotator {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_commands_and_flags(shell, capsys):
    """Of the command that a package brings."""
    pytest.importorskip("shtab", reason="completion is NOT TESTED: install shtab")
    assert main(["--completion", shell]) == 0
    script = capsys.readouterr().out
    assert "annotate-articles" in script
    for word in (*commands.SUMMARIES, "--max-reject-rate", "webannotation"):
        assert word in script


@pytest.mark.slow
def test_little_address_space_is_told_and_the_process_ends(tmp_path, tiny, samples):
    """Beam's threads that could not start are waited for by nobody."""
    command = [sys.executable, "-m", "pipeline", "annotate", "--input", str(samples)]
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "out"), "--model", tiny, "--quiet"],
        cwd=TESTS.parent,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1_024_000_000,) * 2),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_machine_that_lacks_something_is_told_in_a_line(monkeypatch, capsys):
    """What a library cannot load or start for want of memory is no fault of the program."""

    def fail(_: object) -> int:
        raise ImportError("libx.so: failed to map segment from shared object")

    monkeypatch.setattr("pipeline.commands.report.run", fail)
    assert main(["report", "out"]) == 1
    assert capsys.readouterr().err == (
        "error: the machine lacks something: ImportError: libx.so: failed to map segment from "
        "shared object\n"
    )


def test_control_characters_reach_no_terminal(tmp_path, capsys):
    """Of a name that somebody else gave."""
    name = "a\x1b[31m.xml"
    (tmp_path / name).write_text("<article/>")
    flags = ["--output", str(tmp_path / "out")]
    assert main(["annotate", "--input", str(tmp_path / name), *flags]) == 2
    assert main(["resolve", str(tmp_path / name), "00"]) != 0
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\\u001b[31m.xml" in said.err

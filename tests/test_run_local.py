"""run_local.sh on machines that lack something: a stand-in plays Python, venv and pip."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Says what it was called with, and fails where MISSING tells it to.
PYTHON = """#!/bin/bash
case "$*" in
    *version_info*'<='*) [[ $MISSING != version ]] ;;
    *--version*) echo Python 3.9.1 ;;
    *version_info*) echo 3.12 ;;
    *ensurepip*) [[ $MISSING != venv ]] ;;
    *platform*) [[ $MISSING != silicon ]] ;;
    '-m venv '*)
        echo made >>"$CALLS"
        mkdir -p "$3/bin"
        cp "$0" "$3/bin/python"
        ;;
    '-m pip '*)
        echo installed "${@: -1}" >>"$CALLS"
        case $MISSING in
            network) echo 'WARNING: Retrying (Retry(total=1)) ... Failed to establish' ;;
            package) echo 'ERROR: No matching distribution found for onnxruntime==9' ;;
            power) kill -KILL $PPID ;;
        esac
        [[ -z $MISSING ]]
        ;;
    '-m pytest'*) echo "tests in $PWD:" "${@:3}" ;;
    *runpy*)
        printf 'annotate in %s:' "$PWD"
        printf ' <%s>' "${@:4}"
        ;;
esac
"""

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's root with run_local.sh and requirements, in a folder with a space."""
    root = tmp_path / "a clone"
    (root / "tests").mkdir(parents=True)
    shutil.copy(ROOT / "run_local.sh", root)
    (root / "requirements.txt").write_text("one==1\n")
    (root / "tests/requirements.txt").write_text("two==2\n")
    stand_in = tmp_path / "bin/python3"
    stand_in.parent.mkdir()
    stand_in.write_text(PYTHON)
    stand_in.chmod(0o755)
    return root


@pytest.fixture
def run_local(project: Path, tmp_path: Path) -> Call:
    """Calls run_local.sh from another folder, on a machine that misses something."""

    def call(*args: str, missing: str = "") -> subprocess.CompletedProcess[str]:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        return subprocess.run(
            [project / "run_local.sh", *args],
            cwd=elsewhere,
            env={
                "PATH": f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
                "PYTHON": "python3",
                "CALLS": str(tmp_path / "calls"),
                "MISSING": missing,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def calls(project: Path) -> list[str]:
    """What was made and installed so far."""
    return (project.parent / "calls").read_text().splitlines()


def test_own_files_keep_their_paths_and_options(run_local: Call, tmp_path: Path) -> None:
    """Paths are relative to the folder one stands in; the last before the options is the output."""
    done = run_local("my articles/*.xml", "b.xml.gz", "my output", "--quiet", "--min-score", "0.5")
    assert done.stdout == (
        f"annotate in {tmp_path / 'elsewhere'}: <--output> <my output> <--input> "
        "<my articles/*.xml> <b.xml.gz> <--quiet> <--min-score> <0.5>"
    )
    assert done.returncode == 0


def test_tests_run_in_the_project(run_local: Call, project: Path) -> None:
    """Arguments go to pytest."""
    done = run_local("test", "-k", "a b")
    assert done.stdout == f"tests in {project}: -k a b\n"


def test_set_up_is_done_once(run_local: Call, project: Path) -> None:
    """The second call starts at once; the tests' set-up serves the job too."""
    run_local("test")
    run_local("a", "b")
    assert calls(project) == ["made", f"installed {project}/tests/requirements.txt"]


def test_the_tests_add_what_they_need(run_local: Call, project: Path) -> None:
    """What the job installed stays."""
    run_local("a", "b")
    run_local("test")
    assert calls(project) == [
        "made",
        f"installed {project}/requirements.txt",
        f"installed {project}/tests/requirements.txt",
    ]


def test_new_pins_are_installed(run_local: Call, project: Path) -> None:
    """The environment follows requirements.txt, back to earlier pins too."""
    for pins in ("one==1\n", "one==2\n", "one==1\n"):
        (project / "requirements.txt").write_text(pins)
        run_local("a", "b")
    assert calls(project) == ["made", *3 * [f"installed {project}/requirements.txt"]]


@pytest.mark.parametrize("missing", ["network", "power"])
def test_a_set_up_cut_short_is_made_anew(run_local: Call, project: Path, missing: str) -> None:
    """Half an environment is never used."""
    assert run_local("a", "b", missing=missing).returncode != 0
    done = run_local("a", "b")
    assert done.returncode == 0
    assert "Making .venv anew" in done.stderr
    assert calls(project) == 2 * ["made", f"installed {project}/requirements.txt"]


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("version", "Python 3.10 to 3.13 is needed (python3 is Python 3.9.1)"),
        ("venv", "sudo apt install python3.12-venv"),
        ("silicon", "no longer made for Intel Macs"),
        ("network", "the package index could not be reached"),
        ("package", "No matching distribution found for onnxruntime==9"),
    ],
)
def test_what_is_missing_is_said_in_one_line(run_local: Call, missing: str, message: str) -> None:
    """The last line tells what to do."""
    done = run_local("a", "b", missing=missing)
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1]
    assert "annotate" not in done.stdout


@pytest.mark.parametrize("args", [["only-input"], ["--min-score", "0.5"], ["a", "--output", "b"]])
def test_wrong_use_is_refused_before_any_work(
    run_local: Call, project: Path, args: list[str]
) -> None:
    """Exit code 2, and what was expected."""
    done = run_local(*args)
    assert done.returncode == 2
    assert "expected INPUT... OUTPUT" in done.stderr
    assert not (project / ".venv").exists()


def test_help_needs_no_set_up(run_local: Call, project: Path) -> None:
    """Both commands are explained."""
    done = run_local("--help")
    assert "./run_local.sh test" in done.stdout
    assert "./run_local.sh INPUT... OUTPUT" in done.stdout
    assert not (project / ".venv").exists()

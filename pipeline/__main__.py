"""``python -m pipeline COMMAND``, or ``annotate-articles COMMAND``: the job and its results."""

import argparse
import difflib
import errno
import importlib
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn


def _put_own_packages_first() -> None:
    """Keeps the current folder from shadowing this program's packages."""
    started_in, root = Path(sys.path[0] or ".").resolve(), Path(__file__).resolve().parents[1]
    if started_in == Path.cwd() != root:
        sys.path.append(sys.path.pop(0))


if __name__ == "__main__":
    _put_own_packages_first()

from pipeline import __version__  # noqa: E402 - found beside this module only now
from pipeline.commands import SUMMARIES  # noqa: E402
from transforms.errors import (  # noqa: E402
    JobError,
    UserError,
    is_fault_of_machine,
    printable,
)

DISTRIBUTION = "article-annotator"
PROGRAM = "annotate-articles"
"""The command that an installed package brings, for any folder, whatever lies in it."""


_ENDED_BY: list[Exception] = []
"""Errors, kept with their frames: these may hold servers of gRPC whose threads could not start, and
which are waited for as soon as nothing holds them."""


class _Parser(argparse.ArgumentParser):
    """A parser, also of each command, that says in one line what it expected."""

    _given: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._given = args
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        flags = {given.partition("=")[0] for given in self._given if given.startswith("--")}
        for flag in sorted(flags - self._option_string_actions.keys()):
            for meant in difflib.get_close_matches(flag, self._option_string_actions, 1, 0.75):
                message += f"; did you mean {meant} by {flag}?"
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str]) -> int:
    """Runs one command; returns its exit code."""
    try:
        code = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # "... | head" has seen enough
        _print_nowhere()
        return 128 + signal.SIGPIPE
    except OSError as error:
        if error.errno == errno.ENOSPC and error.filename is None:  # stdout's disk
            _print_nowhere()
            print(f"error: what was found cannot be printed: {error.strerror}", file=sys.stderr)
        else:
            print(f"error: {printable(str(error))}", file=sys.stderr)
        return 1
    except Exception as error:
        if not is_fault_of_machine(error):
            raise
        reason = f"{type(error).__name__}: {printable(str(error))}"
        print(f"error: the machine lacks something: {reason}", file=sys.stderr)
        return 1
    return code


def _print_nowhere() -> None:
    """Else what waits to be printed would fail once more at the end of this process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(argv: Sequence[str]) -> int:
    try:
        return _run_command(argv)
    except (UserError, JobError) as error:
        _ENDED_BY.append(error)
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return error.exit_code


def _run_command(argv: Sequence[str]) -> int:
    parser = _Parser(
        prog=PROGRAM if Path(sys.argv[0]).name == PROGRAM else "python -m pipeline",
        description="Annotates biomedical literature: Europe PMC XML in, entities with their "
        "exact places out.",
        epilog="`python -m pipeline COMMAND --help` tells more.",
    )
    if "--verbose" not in argv:
        # Libraries chatter while they are imported; what concerns the user is printed.
        logging.basicConfig(level=logging.CRITICAL)
    parser.add_argument("--version", action="version", version=f"{DISTRIBUTION} {__version__}")
    parser.add_argument(
        "--completion",
        choices=("bash", "zsh", "tcsh"),
        help=f"print a script that completes {PROGRAM} in a shell (needs the extra completion)",
    )
    if argv and not argv[0].startswith("-") and argv[0] not in SUMMARIES:
        meant = "".join(
            f"; did you mean {one}?" for one in difflib.get_close_matches(argv[0], SUMMARIES, 1)
        )
        parser.error(f"unknown command: {argv[0]}{meant}")
    to_complete = bool(argv) and argv[0].startswith("--completion")
    commands = parser.add_subparsers(dest="command", required=not to_complete, metavar="COMMAND")
    module, chosen = None, parser
    for name, summary in SUMMARIES.items():
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        if to_complete or (argv and argv[0] == name):
            # Each command imports what it needs, and no more: Beam alone takes a second.
            module = importlib.import_module(f"pipeline.commands.{name}")
            module.add_arguments(command)
            chosen = command
    args, rest = parser.parse_known_args(argv)
    if args.completion:
        print(_completion(parser, args.completion))
        return 0
    assert module is not None  # noqa: S101 - a command is required, and known
    if "beam_flags" in args:
        args.beam_flags = rest
    elif rest:
        chosen.error(f"unknown flag or argument: {rest[0]}")
    return int(module.run(args))


def _completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """A script that completes commands, flags and their choices."""
    try:
        shtab = importlib.import_module("shtab")
    except ModuleNotFoundError as error:
        raise UserError("--completion needs shtab: pip install '.[completion]'") from error
    parser.prog = PROGRAM
    return str(shtab.complete(parser, shell))


class _PlainText(io.TextIOWrapper):
    """A stream in which texts of others do nothing to a terminal."""

    def write(self, text: str) -> int:
        return super().write(printable(text))


def _open_streams() -> None:
    """Leads streams that come closed nowhere, else the next file that is opened takes their place.

    What their encoding has no letter for is printed as a question mark, and control characters in
    what was found are spelled out.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nowhere)
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding, buffered = sys.stdout.encoding, sys.stdout.line_buffering
        sys.stdout = _PlainText(
            sys.stdout.detach(), encoding, errors="replace", line_buffering=buffered
        )


def _exit(code: int) -> NoReturn:
    """Ends this process, also where a failure has left threads that would never end.

    Daemons too: for want of address space some have started and never run, and are waited for.
    """
    if code and threading.active_count() > 1:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


def start() -> NoReturn:
    """Runs the command of this process's arguments, and ends the process."""
    # As Ctrl-C does: what is under way is cleaned up. A run has its own way to stop, once it runs.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    _open_streams()
    _exit(main(sys.argv[1:]))


if __name__ == "__main__":
    start()

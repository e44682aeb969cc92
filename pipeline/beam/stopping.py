"""How a job is ended from outside: Ctrl-C, a polite kill, a worker process that dies."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

WORKER_ENDED = "a worker process ended unexpectedly: killed, perhaps for want of memory?"


class Stopped(BaseException):
    """A signal met a job that runs elsewhere: no Exception, which Beam would make its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


@contextmanager
def stop_on_signals(tell: Callable[[], None], *, local: bool) -> Iterator[None]:
    """Ends a local job at once at a signal: every file is whole, or not there.

    Args:
        tell: says what stays, before the process ends.
        local: else the signal is raised as ``Stopped``.
    """

    def stop(number: int, _: FrameType | None) -> None:
        if not local:
            raise Stopped(number)
        _let_workers_end()
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        try:
            _end_children()
            tell()
        finally:
            os._exit(128 + number)

    before = {
        number: signal.signal(number, stop)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN  # as nohup has it
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stop_with_workers(last_words: str) -> Iterator[None]:
    """Ends the job when a worker process of this machine does: Beam would wait for it forever."""
    stderr = sys.stderr
    before = threading.excepthook

    def look(args: threading.ExceptHookArgs) -> None:
        if args.thread is None or args.thread.name != "run_worker":  # Beam's name
            before(args)
            return
        _let_workers_end()
        print(f"error: {WORKER_ENDED}\n{last_words}", file=stderr, flush=True)
        _end_children()
        os._exit(1)

    threading.excepthook = look
    try:
        yield
    finally:
        threading.excepthook = before


def _let_workers_end() -> None:
    """Says nothing more of a worker process that ends: all of them are about to."""
    threading.excepthook = lambda _: None


def _end_children() -> None:
    """Ends the worker processes of a local run."""
    command = ["/bin/ps", "-A", "-o", "pid=", "-o", "ppid="]  # as POSIX has it, so macOS too
    try:
        processes = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return  # they end by themselves, some seconds after this one
    for line in processes.splitlines():
        pid, parent = map(int, line.split())
        if parent == os.getpid():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

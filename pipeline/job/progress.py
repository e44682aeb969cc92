"""What the person who runs the job sees meanwhile: one live line, or a plain one now and then."""

import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TextIO

from pipeline.output import storage
from pipeline.output.paths import receipt_of
from pipeline.output.receipts import Receipt
from pipeline.output.record import read_plan
from transforms.records import Counts

LIVE_SECONDS = 0.5
PLAIN_SECONDS = 30
POLL_SECONDS = 5


class Tally:
    """Counts of this process, from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def clear(self) -> None:
        """A run begins."""
        with self._lock:
            self._counts.clear()

    def planned(self, entries: int) -> None:
        """An archive was planned."""
        self._add({"planned": entries})

    def skipped(self, entries: int) -> None:
        """A chunk was found committed."""
        self._add({"skipped": entries})

    def article(self, counts: Counts) -> None:
        """An article was annotated, kept or rejected."""
        self._add(counts.by_name())

    def read(self) -> Counter[str]:
        """The counts now."""
        with self._lock:
            return self._counts.copy()

    def _add(self, counts: Mapping[str, int]) -> None:
        with self._lock:
            self._counts.update(counts)


class Reporter:
    """Shows progress in a thread of its own while a block runs.

    Args:
        counts: what is done, now: planned, skipped, articles, rejects, tokens.
        stream: a terminal gets one live line, anything else a plain line every half minute.
    """

    def __init__(self, counts: Callable[[], Mapping[str, int]], stream: TextIO) -> None:
        self._counts = counts
        self._stream = stream
        self._live = stream.isatty()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._start = time.monotonic()

    def __enter__(self) -> "Reporter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _run(self) -> None:
        while not self._stop.wait(LIVE_SECONDS if self._live else PLAIN_SECONDS):
            line = status_line(self._counts(), time.monotonic() - self._start)
            # A live line that wraps could not be written over.
            if self._live:
                self._stream.write(f"\r\x1b[K{line[: _width(self._stream) - 1]}")
            else:
                self._stream.write(f"{line}\n")
            self._stream.flush()


def _width(terminal: TextIO) -> int:
    try:
        return os.get_terminal_size(terminal.fileno()).columns
    except (OSError, ValueError):
        return 80


def status_line(counts: Mapping[str, int], seconds: float) -> str:
    """Progress in one line: done and left, rates, rejects, time left."""
    planned = counts.get("planned", 0)
    fresh = sum(counts.get(name, 0) for name in ("articles", "rejects", "duplicates"))
    done = fresh + counts.get("skipped", 0)
    if not fresh:
        return f"planning: {planned:,} articles found" if not done else f"{done:,} already done"
    rate = fresh / max(seconds, 0.001)
    left = max(planned - done, 0)
    return (
        f"{done:,} of {planned:,} articles, {left:,} left: {_clock(left / rate)} | "
        f"{counts.get('rejects', 0):,} rejected | {rate:.1f} articles/s, "
        f"{counts.get('tokens', 0) / max(seconds, 0.001):,.0f} tokens/s"
    )


def _clock(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"


def committed(output: str) -> int:
    """How many articles, with rejects, the committed chunks of an output folder hold.

    Raises:
        storage.StorageError: the folder cannot be read.
    """
    receipts = storage.sizes(storage.join(output, "receipts"))
    plans = storage.sizes(storage.join(output, "plan"))
    return sum(
        count
        for name in plans
        if (plan := read_plan(output, name.removesuffix(".json")))
        for chunk, count in plan.chunks.items()
        if f"{chunk}.json" in receipts
    )


def polled(output: str) -> Callable[[], Mapping[str, int]]:
    """Progress as the output folder shows it, for workers in other processes."""
    receipts = storage.join(output, "receipts")
    before = {name.removesuffix(".json") for name in storage.sizes(receipts)}
    plans: dict[str, int] = {}
    entries: dict[str, Mapping[str, int]] = {}
    done: dict[str, Mapping[str, int]] = {}
    total: Counter[str] = Counter()
    asked = -math.inf

    def look() -> None:
        nonlocal total
        for name, size in storage.sizes(storage.join(output, "plan")).items():
            if plans.get(name) != size and (plan := read_plan(output, name.removesuffix(".json"))):
                entries[name] = plan.chunks
                plans[name] = size
        for name in storage.sizes(receipts):
            chunk = name.removesuffix(".json")
            if chunk not in done and chunk not in before:
                data = storage.read(storage.join(output, receipt_of(chunk)))
                with suppress(ValueError):  # a damaged one, which its chunk will replace
                    done[chunk] = Receipt.from_bytes(data or b"{}").sums.counts.by_name()
        planned = {chunk: count for plan in entries.values() for chunk, count in plan.items()}
        total = Counter(
            planned=sum(planned.values()), skipped=sum(planned.get(chunk, 0) for chunk in before)
        )
        for each in done.values():
            total.update(each)

    def counts() -> Mapping[str, int]:
        nonlocal asked
        if time.monotonic() - asked >= POLL_SECONDS:
            # A folder that does not answer now will answer later: progress is not worth an error.
            with suppress(storage.StorageError):
                look()
            asked = time.monotonic()
        return total

    return counts

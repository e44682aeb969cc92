"""Peak memory of the job's processes over the whole corpus, and whether it grows.

    python -m tests.bench.bench_memory [--model NAME_OR_DIR] [--limit-mb 1024] [--processes 1]
        [--largest N]

The job runs inside a memory control group of that size where one may be made (as root, version 1
or 2); elsewhere its process tree is only watched. ``--processes 2`` runs two jobs side by side in
one group; ``--largest 5`` takes a few monsters instead of the corpus. The slope is that of least
squares over (articles done, memory), after the first 50.
"""

import argparse
import contextlib
import gzip
import heapq
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import psutil

from tests.bench.shared import need
from transforms.archives import scan_archive
from transforms.records import Archive, SourceArticle

# Of each area in smaps: its place in a file, the file, and the kilobytes in memory.
_AREA = re.compile(
    r"^[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) \S+ \d+ *(.*)\n(?:[A-Z]\w+:.*\n)*?Rss: +(\d+)", re.M
)

FIRST = 50
"""Articles before the slope is taken: until then caches fill."""


@contextlib.contextmanager
def control_group(limit: int) -> Iterator[Path | None]:
    """A memory control group of so many bytes; None where none may be made."""
    for root, limit_file in (
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ("/sys/fs/cgroup", "memory.max"),
    ):
        group = Path(root, f"bench{os.getpid()}")
        try:
            group.mkdir()
            (group / limit_file).write_text(str(limit))
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        try:
            yield group
        finally:
            with contextlib.suppress(OSError):
                group.rmdir()
        return
    yield None


def write_largest(bulk: Path, count: int, path: Path) -> str:
    """An archive of the corpus's largest articles."""
    archive = Archive("bulk", tuple(map(str, sorted(bulk.glob("*.xml.gz")))))
    articles = (found.xml for found in scan_archive(archive) if isinstance(found, SourceArticle))
    largest = heapq.nlargest(count, articles, key=len)
    path.write_bytes(gzip.compress(b"<articles>" + b"\n".join(largest) + b"</articles>"))
    return str(path)


def memory_of(jobs: Sequence[psutil.Process]) -> int:
    """Bytes of process trees: what is each process's own, and once what they map of files.

    Not the proportional share of files (PSS): it rises when others that map them end.
    """
    own = 0
    files: dict[tuple[str, str], int] = {}
    for job in jobs:
        with contextlib.suppress(psutil.NoSuchProcess, OSError):
            for process in (job, *job.children(recursive=True)):
                for offset, path, size in _AREA.findall(
                    Path(f"/proc/{process.pid}/smaps").read_text()
                ):
                    if path.startswith("/"):
                        files[path, offset] = max(files.get((path, offset), 0), int(size) << 10)
                    else:  # nameless, [heap] ...
                        own += int(size) << 10
    return own + sum(files.values())


def main() -> None:
    """Runs, watches and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="minilm-l6-bioner")
    parser.add_argument("--limit-mb", type=int, default=1024)
    parser.add_argument("--processes", type=int, default=1, help="jobs side by side")
    parser.add_argument("--largest", type=int, metavar="N", help="only the N largest articles")
    args = parser.parse_args()
    corpus = need("corpus")
    inputs = [str(corpus / folder) for folder in ("bulk", "single")]
    with tempfile.TemporaryDirectory() as folder, control_group(args.limit_mb << 20) as group:
        print(f"control group: {group or 'none may be made here: only watched'}")
        if args.largest:
            inputs = [write_largest(corpus / "bulk", args.largest, Path(folder, "large.xml.gz"))]
        started = time.monotonic()
        jobs = [
            start(args.model, inputs, Path(folder, str(n)), group) for n in range(args.processes)
        ]
        points = watch(jobs, Path(folder))
        codes = [job.wait() for job in jobs]
        killed = events(group)
    done = np.array([point[0] for point in points], float)
    memory = np.array([point[1] for point in points], float)
    late = done >= FIRST * args.processes
    slope = np.polyfit(done[late], memory[late], 1)[0] / 1e3 if late.sum() > 2 else float("nan")
    print(f"exit codes {codes}, {killed} killed for memory, {time.monotonic() - started:.0f} s")
    print(
        f"peak of the process tree {memory.max() / 1e6:.0f} MB, "
        f"at the end {memory[-1] / 1e6:.0f} MB"
    )
    print(
        f"slope after {FIRST} articles {slope:.1f} KB an article, over {int(done.max())} articles"
    )
    sys.exit(max(codes))


def start(
    model: str, inputs: list[str], output: Path, group: Path | None
) -> subprocess.Popen[bytes]:
    """One job, in the control group from its first instruction."""

    def enter() -> None:
        if group:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    command = [sys.executable, "-m", "pipeline", "annotate", "--output", str(output)]
    return subprocess.Popen(
        [*command, "--model", model, "--quiet", "--input", *inputs],
        preexec_fn=enter,  # noqa: PLW1509 - no thread is running yet
    )


def watch(jobs: list[subprocess.Popen[bytes]], outputs: Path) -> list[tuple[int, int]]:
    """Articles committed and bytes of memory, four times a second until the jobs end."""
    trees = [psutil.Process(job.pid) for job in jobs]
    seen: dict[Path, int] = {}
    points = []
    while any(job.poll() is None for job in jobs):
        for receipt in outputs.glob("*/receipts/*.json"):
            if receipt not in seen:
                [planned] = re.findall(r'"planned": (\d+)', receipt.read_text()) or ["0"]
                seen[receipt] = int(planned)
        if memory := memory_of(trees):  # none when they have just ended
            points.append((sum(seen.values()), memory))
        time.sleep(0.25)
    return points


def events(group: Path | None) -> int:
    """Processes of the group that the kernel killed for want of memory."""
    for name in ("memory.oom_control", "memory.events"):
        if group and (group / name).exists():
            [count] = re.findall(r"oom_kill (\d+)", (group / name).read_text()) or ["0"]
            return int(count)
    return 0


if __name__ == "__main__":
    main()

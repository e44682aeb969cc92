"""What the plan pass costs: ``python -m tests.bench.bench_plan [--megabytes 1000] [--rounds 5]``.

Scans the bulk archives of the shared corpus as the plan does (decompress, find articles, hash them,
read their ids) and prints megabytes of XML per second of processor time, with the share of each
step done alone. With ``--megabytes`` it also scans one archive of that size, made of the corpus
over and over, in a process of its own, and prints that process's peak memory beside the one for a
single round of the corpus.
"""

import argparse
import gzip
import hashlib
import multiprocessing
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from statistics import median

from models.cores import peak_bytes
from tests.bench.shared import need
from transforms.archives import quick_article_id, scan_archive
from transforms.records import Archive, Reject, SourceArticle


def plan(paths: list[Path]) -> tuple[int, int]:
    """Articles of some archives, and their bytes."""
    count = size = 0
    for found in scan_archive(Archive("bench", tuple(map(str, paths)))):
        if isinstance(found, Reject):
            raise TypeError(f"the corpus has no rejects: {found}")
        count += 1
        size += len(found.xml)
    return count, size


def inflate(paths: list[Path]) -> None:
    """Decompression alone."""
    for path in paths:
        decompress = zlib.decompressobj(wbits=31).decompress
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decompress(block)


def speed(work: Callable[[], object], size: int, rounds: int) -> str:
    """Median and spread of megabytes per second of processor time."""
    speeds = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        speeds.append(size / 1e6 / (time.process_time() - start))
    return f"{median(speeds):7.0f} MB/s ({min(speeds):.0f} to {max(speeds):.0f})"


def peak_of_plan(paths: list[Path], result: "multiprocessing.Queue[tuple[int, int, int]]") -> None:
    """Articles, bytes, and peak memory of this process."""
    result.put((*plan(paths), peak_bytes()))


def in_own_process(paths: list[Path]) -> str:
    """Scans in a fresh process and says what it took."""
    context = multiprocessing.get_context("spawn")
    result = context.Queue()
    process = context.Process(target=peak_of_plan, args=(paths, result))
    process.start()
    count, size, peak = result.get()
    process.join()
    return f"{count} articles, {size / 1e6:.0f} MB of XML: peak {peak / 1e6:.0f} MB"


def write_large(paths: list[Path], large: Path, size: int) -> None:
    """One archive of at least so many bytes of XML, from the articles of some."""
    written = 0
    with gzip.open(large, "wb", compresslevel=1) as file:
        file.write(b"<articles>\n")
        while written < size:
            for found in scan_archive(Archive("bench", tuple(map(str, paths)))):
                if isinstance(found, SourceArticle):
                    written += file.write(found.xml + b"\n")
        file.write(b"</articles>\n")


def main() -> int:
    """Prints the figures; 0 also where the corpus is missing, which it then says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=0, help="of XML in the large archive")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    paths = sorted(need("corpus/bulk").glob("*.xml.gz"))
    if options.megabytes:
        # First: a process starts with the peak of the one that made it.
        print("one round     ", in_own_process(paths))
        with tempfile.TemporaryDirectory() as folder:
            large = Path(folder, "large.xml.gz")
            write_large(paths, large, options.megabytes * 1_000_000)
            print("large         ", in_own_process([large]))
    articles = [
        found
        for found in scan_archive(Archive("bench", tuple(map(str, paths))))
        if isinstance(found, SourceArticle)
    ]
    size = sum(len(article.xml) for article in articles)
    print(f"{len(articles)} articles, {size / 1e6:.0f} MB of XML, {options.rounds} rounds")
    for name, work in {
        "plan": lambda: plan(paths),
        "  decompress": lambda: inflate(paths),
        "  hash": lambda: [hashlib.sha256(each.xml).hexdigest() for each in articles],
        "  ids": lambda: [quick_article_id(each.xml, each.range.sha256) for each in articles],
    }.items():
        print(f"{name:14}{speed(work, size, options.rounds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

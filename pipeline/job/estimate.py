"""Before a long run: annotates a few of its articles, and tells what all of them would take."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from models.annotators import default_options, load_cached
from models.cores import available_cores, peak_bytes
from pipeline.output.inputs import InputFile
from transforms.archives import (
    read_articles,
    scan_archive,
)
from transforms.jats import TextOptions
from transforms.journey import annotate_source
from transforms.layers import Annotator, Resources
from transforms.mentions import ANNOTATIONS
from transforms.records import Archive, ArticleRange, Reject
from transforms.tables import layers_using

PLAN_SECONDS = 20.0
"""So long files are looked through; of what is left the size is known, and no more."""


@dataclass(frozen=True)
class Extent:
    """What a look through the files found.

    Attributes:
        articles: those met.
        files_read, files_all: how many files were read to their end, and how many there are.
        bytes_read, bytes_all: stored bytes, as far as servers say; also those of a part of a file.
        empty: why there is no article in a file, for each file that was read for nothing.
    """

    articles: list[ArticleRange]
    files_read: int
    files_all: int
    bytes_read: int
    bytes_all: int
    empty: Sequence[Reject] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all files were read."""
        return self.files_read == self.files_all

    @property
    def expected(self) -> int:
        """Articles in all files, if those not read are like those read."""
        whole = self.bytes_all / self.bytes_read if self.bytes_read else 0
        return round(len(self.articles) * (whole or self.files_all / self.files_read))


@dataclass(frozen=True)
class Cost:
    """What the sample cost.

    Attributes:
        core_seconds: processor time of an article.
        threads: that worked, at most the cores of this machine.
        seconds: of an article by the clock, with all of them at work.
        tokens, annotations: of an article.
        peak_bytes: of this process, model and all.
    """

    core_seconds: float
    threads: int
    seconds: float
    tokens: float
    annotations: float
    peak_bytes: int


def look_through(files: Sequence[InputFile]) -> Extent:
    """Reads files, in random order, for as long as it may take."""
    looks: list[Extent] = []
    until = time.monotonic() + PLAN_SECONDS
    for file in random.Random(0).sample(files, len(files)):  # noqa: S311 - the same estimate twice
        looks.append(_look_into(file, until))
        if time.monotonic() > until:
            break
    return Extent(
        articles=[article for look in looks for article in look.articles],
        files_read=sum(look.files_read for look in looks),
        files_all=len(files),
        bytes_read=sum(look.bytes_read for look in looks),
        bytes_all=sum(file.size or 0 for file in files),
        empty=[reject for look in looks for reject in look.empty],
    )


def _look_into(file: InputFile, until: float) -> Extent:
    """Reads a file to its end or, where it can be told how much of it that is, until it is late."""
    articles: list[ArticleRange] = []
    rejects: list[Reject] = []
    opened: list[BinaryIO] = []
    size = file.size or 0
    # The members of a zip file stand in any order.
    can_stop = size and not file.uri.lower().endswith(".zip")
    for entry in scan_archive(Archive("", (file.uri,)), opened=opened.append):
        if isinstance(entry, Reject):
            rejects.append(entry)
            continue
        articles.append(entry.range)
        if can_stop and time.monotonic() > until:
            return Extent(articles, 0, 1, opened[0].tell(), size)
    return Extent(articles, 1, 1, size, size, [] if articles else rejects[:1])


def measure(articles: Sequence[ArticleRange], folder: str, count: int, threads: int) -> Cost:
    """Annotates a random sample as a worker does, and throws the rows away."""
    threads = min(threads, available_cores())
    chosen = random.Random(0).sample(range(len(articles)), min(count, len(articles)))  # noqa: S311
    sample = [articles[number] for number in sorted(chosen)]
    model = load_cached(folder, threads)
    layers = layers_using(Resources([Annotator(model, default_options(folder, model))]))
    sources = list(read_articles(sample))
    clock, processor = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        outcomes = list(
            pool.map(lambda source: annotate_source(source, layers, TextOptions()), sources)
        )
    seconds, core_seconds = time.perf_counter() - clock, time.process_time() - processor
    counts = [outcome.sums.counts for outcome in outcomes if not isinstance(outcome, Reject)]
    return Cost(
        core_seconds=core_seconds / len(sample),
        threads=threads,
        seconds=seconds / len(sample),
        tokens=sum(count.tokens for count in counts) / len(sample),
        annotations=sum(count.rows[ANNOTATIONS.name] for count in counts) / len(sample),
        peak_bytes=peak_bytes(),
    )

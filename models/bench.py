"""How fast a model is on this machine, by threads, and in how much memory."""

import multiprocessing
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.cores import available_cores, peak_bytes
from models.model import load_model
from transforms.inference import BATCH_TOKENS

# Tokens of a sentence of full text: the middles of twelve equal parts of 4,569 sentences.
SENTENCE_TOKENS = (6, 13, 18, 22, 25, 29, 33, 36, 40, 46, 54, 76)
# A setting that is this much slower than the fastest, and needs less memory, is as good.
AS_GOOD = 0.97


@dataclass(frozen=True)
class Speed:
    """One setting, measured in a process of its own.

    Attributes:
        tokens_per_second: of text; special tokens and padding are not counted.
        peak_megabytes: memory of the process, Python and libraries included.
    """

    threads: int
    tokens_per_second: float
    peak_megabytes: float


def bench_model(
    name_or_dir: str,
    threads: Sequence[int] = (),
    seconds: float = 3.0,
) -> list[Speed]:
    """Measures every number of threads, each for so many seconds, in batches as the job cuts them.

    Args:
        name_or_dir: as ``load_model`` takes it.
        threads: numbers of threads; 1 and all cores of this process if none are given.
        seconds: for each setting.

    Raises:
        ModelError: the model cannot work.
    """
    load_model(name_or_dir)  # a model that cannot work is told here, not by a process that died
    threads = threads or sorted({1, available_cores()})
    context = multiprocessing.get_context("spawn")
    speeds = []
    for count in threads:
        # A process each: the peak of memory is the process's.
        with ProcessPoolExecutor(1, context) as pool:
            speeds.append(pool.submit(measure, name_or_dir, count, seconds).result())
    return speeds


def recommend(speeds: Sequence[Speed]) -> Speed:
    """The setting with the least memory among those that are as good as the fastest."""
    fastest = max(speed.tokens_per_second for speed in speeds)
    good = [speed for speed in speeds if speed.tokens_per_second >= AS_GOOD * fastest]
    return min(good, key=lambda speed: speed.peak_megabytes)


def measure(name_or_dir: str, threads: int, seconds: float) -> Speed:
    """Measure one setting in this process."""
    model = load_model(name_or_dir, threads)
    words = np.random.default_rng(0).integers(model.tokenizer.get_vocab_size(), size=4096)
    batches: list[list[NDArray[np.int32]]] = []
    for length in SENTENCE_TOKENS:
        size = min(length, model.window_limit)
        rows = max(BATCH_TOKENS // (size + model.n_special), 1)
        batches.append(
            [np.resize(np.roll(words, row), size).astype(np.int32) for row in range(rows)]
        )
    done = [0] * threads
    start = time.perf_counter()

    def work(thread: int) -> None:
        turn = thread
        while time.perf_counter() - start < seconds:
            batch = batches[turn % len(batches)]
            model.score(batch)
            done[thread] += sum(len(ids) for ids in batch)
            turn += 1

    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    elapsed = time.perf_counter() - start
    return Speed(threads, sum(done) / elapsed, peak_bytes() / 1e6)

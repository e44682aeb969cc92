"""The whole job against its floor, in turns: how much of bare ONNX Runtime's speed is left.

    python -m tests.bench.bench_job [--model NAME_OR_DIR ...] [--articles 100] [--rounds 3] \
        [--threads 1 2]

The job is the command as a user starts it, from an archive of real articles to committed shards,
with its start: imports, loading the model, Beam's graph, the plan.
The floor is ONNX Runtime as its documentation has it, with none of the job's settings: a session of
the file with default options but for the thread counts, called by as many threads. It scores the
same tokens and does nothing else: sessions are loaded, and every window is known, sorted by length
across all articles and padded, before the clock starts. It scores them all; the job scores those
that an article repeats once. On a processor where int8 products saturate, which is told, the
floor's scores are wrong, and the job pays for right ones.
Threads of one floor share a session, those of the other have one each. All count real (unpadded)
tokens by the clock.
"""

import argparse
import gzip
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice, product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.locate import find_graph
from models.model import Model, load_model
from models.products import describe_products
from pipeline.job.inputs import group_archives
from pipeline.output.inputs import InputFile
from tests.bench.shared import corpus_articles, processor
from transforms.archives import scan_archive
from transforms.inference import BATCH_COST, BATCH_TOKENS, cut_batches
from transforms.jats import TextOptions, parse_articles
from transforms.records import Reject
from transforms.sentences import split_sentences
from transforms.windows import cut_windows, tokenize_passages


def write_archive(path: Path, articles: Iterable[bytes]) -> Path:
    """A bulk archive."""
    path.write_bytes(gzip.compress(b"<articles>\n" + b"\n".join(articles) + b"\n</articles>\n"))
    return path


def all_windows(path: Path, model: Model) -> tuple[list[NDArray[np.int32]], int]:
    """Token ids of every window of an archive, and how many tokens are scored.

    Windows of a sentence over the limit overlap; a token counts once.
    """
    [archive] = group_archives([InputFile(str(path), path.stat().st_size)])
    windows = []
    n_scored = 0
    for source in scan_archive(archive):
        assert not isinstance(source, Reject)
        for article in parse_articles(source, TextOptions()):
            texts = [article.text[passage.start : passage.end] for passage in article.passages]
            tokens = tokenize_passages(texts, model.tokenizer)
            spans = [split_sentences(text) for text in texts]
            for window in cut_windows(tokens, spans, model.window_limit):
                windows.append(tokens[window.passage].ids[window.start : window.end])
                n_scored += window.scored_end - window.scored_start
    return windows, n_scored


def bare_sessions(graph: Path, count: int) -> list[ort.InferenceSession]:
    """Sessions with ONNX Runtime's own defaults, one core for each call."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return [
        ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        for _ in range(count)
    ]


def padded_batches(model: Model, windows: list[NDArray[np.int32]]) -> list[dict[str, Any]]:
    """All windows as the graph's inputs, sorted by length."""
    by_length = sorted(windows, key=len)
    lengths = [len(ids) + model.n_special for ids in by_length]
    batches = cut_batches(lengths, BATCH_TOKENS, BATCH_COST)
    return [model.feed(by_length[slice(*batch)]) for batch in batches]


def floor_seconds(sessions: Sequence[ort.InferenceSession], batches: list[dict[str, Any]]) -> float:
    """Scores all batches with one thread for each session given, and does nothing else."""
    queue = iter(batches)
    lock = threading.Lock()

    def work(session: ort.InferenceSession) -> None:
        while True:
            with lock:
                batch = next(queue, None)
            if batch is None:
                return
            session.run(None, batch)

    pool = [threading.Thread(target=work, args=[session]) for session in sessions]
    start = time.perf_counter()
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    return time.perf_counter() - start


def job_seconds(folder: str, source: Path, output: Path, threads: int) -> float:
    """The job, in a process of its own."""
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "pipeline", "annotate", "--input", str(source)]
    command += ["--output", str(output), "--model", folder, "--threads", str(threads), "--quiet"]
    start = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Runs both in turns and prints medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", nargs="+", default=["minilm-l6-bioner"])
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[2])
    args = parser.parse_args()
    print(f"{platform.platform()}, {processor()}, {args.articles} articles, ", end="")
    print(f"medians of {args.rounds}; int8 products are {describe_products()}")
    print(
        "| model | threads | tokens | floor, one session, tokens/s | floor tokens/s "
        "| job tokens/s | job/floor, one session | job/floor |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        articles = [source.xml for source in islice(corpus_articles("bulk"), args.articles)]
        source = write_archive(Path(folder, "articles.xml.gz"), articles)
        output = Path(folder, "out")
        for name in args.model:
            model = load_model(name)
            windows, real = all_windows(source, model)
            batches = padded_batches(model, windows)
            times: dict[tuple[str, int], list[float]] = defaultdict(list)
            for _, threads in product(range(args.rounds), args.threads):
                sessions = bare_sessions(find_graph(model.settings.folder), threads)
                shared = [sessions[0]] * threads
                times["one session", threads].append(floor_seconds(shared, batches))
                times["floor", threads].append(floor_seconds(sessions, batches))
                del sessions, shared
                times["job", threads].append(job_seconds(name, source, output, threads))
            counts = json.loads((output / "run.json").read_text())["counts"]
            assert counts["tokens"] == real, "the job and the floor score different tokens"
            for threads in args.threads:
                one, floor, job = (
                    median(times[way, threads]) for way in ("one session", "floor", "job")
                )
                print(
                    f"| {model.name} | {threads} | {real:,} | {real / one:,.0f} "
                    f"| {real / floor:,.0f} | {real / job:,.0f} | {one / job:.3f} "
                    f"| {floor / job:.3f} |",
                    flush=True,
                )
            shares.append(f"| {model.name} | {stage_shares(output)} |")
    print("\n| model | share of core time by stage |\n| --- | --- |")
    print("\n".join(shares))


def stage_shares(output: Path) -> str:
    """What each stage took of all stages' time, the last run's."""
    msec = json.loads((output / "run.json").read_text())["stage_msec"]
    total = sum(msec.values())
    by_size = sorted(msec.items(), key=lambda item: -item[1])
    return ", ".join(f"{stage} {its / total:.1%}" for stage, its in by_size)


if __name__ == "__main__":
    main()

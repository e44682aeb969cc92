"""The whole job against its floor, in turns: how much of bare ONNX Runtime's speed is left.

    python -m tests.bench.bench_job [--model NAME_OR_DIR ...] [--articles 100] [--rounds 3] \
        [--threads 1 2]

The job goes from an archive of real articles to committed shards; start-up is left out: what a
process pays once (imports, loading the model) by a run before, and what a run pays once (Beam's
graph, the plan's and the sum's fixed part) by taking off what an article of one sentence takes.
The floor scores the same tokens with as many threads and does nothing else: it knows every window
beforehand and sorts them across all articles. It scores them all, the job scores those that an
article repeats once. "One session" is a floor whose threads share one; the job's have one each, and
so have those of the other floor. All count real (unpadded) tokens by the clock, and by processor
time, which hardly depends on what else the machine does.
"""

import argparse
import gzip
import json
import platform
import shutil
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice, product
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from models.folder import Model, load_model
from pipeline.__main__ import main as pipeline
from pipeline.job.inputs import InputFile, group_archives
from tests.bench.shared import corpus_articles, share_session
from transforms.archives import scan_archive
from transforms.inference import BATCH_COST, BATCH_TOKENS, cut_batches
from transforms.jats import TextOptions, parse_articles
from transforms.journey import load_cached
from transforms.records import Reject
from transforms.sentences import split_sentences
from transforms.windows import cut_windows, tokenize_passages

SHORT = b"""<article><front><article-meta><title-group><article-title>TP53 in mice.</article-title>
</title-group></article-meta></front></article>"""


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


def floor(model: Model, windows: list[NDArray[np.int32]], threads: int) -> None:
    """Scores all windows, sorted by length, and nothing else."""
    by_length = sorted(windows, key=len)
    lengths = [len(ids) + model.n_special for ids in by_length]
    batches = iter(cut_batches(lengths, BATCH_TOKENS, BATCH_COST))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                batch = next(batches, None)
            if batch is None:
                return
            model.score(by_length[slice(*batch)])

    pool = [threading.Thread(target=work) for _ in range(threads)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()


def job(folder: str, source: Path, output: Path, threads: int) -> None:
    """The job, in this process."""
    shutil.rmtree(output, ignore_errors=True)
    flags = ["--model", folder, "--threads", str(threads), "--quiet"]
    if pipeline(["annotate", "--input", str(source), "--output", str(output), *flags]):
        sys.exit("the job failed")


def timed(action: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    """Runs both in turns and prints medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", nargs="+", default=["minilm-l6-bioner"])
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[2])
    args = parser.parse_args()
    print(f"{platform.platform()}, {args.articles} articles, medians of {args.rounds}")
    print(
        "| model | threads | tokens | floor, one session, tokens/s | floor tokens/s | job tokens/s "
        "| job/floor, one session | job/floor | by processor time |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        articles = [source.xml for source in islice(corpus_articles("bulk"), args.articles)]
        short = write_archive(Path(folder, "short.xml.gz"), [SHORT])
        source = write_archive(Path(folder, "articles.xml.gz"), articles)
        output = Path(folder, "out")
        for name in args.model:
            model = load_model(name)
            windows, real = all_windows(source, model)
            job(name, short, output, 1)
            times: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
            for _, threads in product(range(args.rounds), args.threads):
                share_session(model, threads)
                times["one session", threads].append(timed(partial(floor, model, windows, threads)))
                own = load_cached(name, threads)
                times["floor", threads].append(timed(partial(floor, own, windows, threads)))
                start_up = timed(partial(job, name, short, output, threads))
                whole = timed(partial(job, name, source, output, threads))
                times["job", threads].append((whole[0] - start_up[0], whole[1] - start_up[1]))
            counts = json.loads((output / "run.json").read_text())["counts"]
            assert counts["tokens"] == real, "the job and the floor score different tokens"
            for threads in args.threads:
                (one, _), (floor_clock, floor_cpu), (job_clock, job_cpu) = (
                    tuple(median(column) for column in zip(*times[way, threads], strict=True))
                    for way in ("one session", "floor", "job")
                )
                print(
                    f"| {model.name} | {threads} | {real:,} | {real / one:,.0f} "
                    f"| {real / floor_clock:,.0f} | {real / job_clock:,.0f} "
                    f"| {one / job_clock:.3f} | {floor_clock / job_clock:.3f} "
                    f"| {floor_cpu / job_cpu:.3f} |",
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

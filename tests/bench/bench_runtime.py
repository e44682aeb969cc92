"""What ONNX Runtime's options and the size of a batch cost: tokens per second and memory.

    python -m tests.bench.bench_runtime MODEL [--rounds 3] [--articles 8]

Every setting runs in a process of its own, in turns, on real sentences of ``shared/corpus``. Real
(unpadded) tokens are counted, per second of the clock and per second of processor time; the latter
hardly depends on what else the machine does. Memory is the peak of the process, and its growth
from the end of the first pass over the articles to the end of the last.
"""

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections import defaultdict
from statistics import median

import onnxruntime as ort
import psutil
from lxml import etree

from models import model as model_module
from models import sessions
from models.cores import peak_bytes
from tests.bench.shared import need, share_session
from transforms import inference
from transforms.records import Tokens, Window
from transforms.sentences import split_sentences
from transforms.windows import cut_windows, tokenize_passages

# glibc raises both with every large block that is freed, and then keeps what was freed.
FIXED_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
DEFAULT = {
    "arena": True,
    "pattern": False,
    "tokens": inference.BATCH_TOKENS,
    "cost": inference.BATCH_COST,
    "threads": 1,
    "options": {},
    "unfused": sessions.UNFUSED,
    "one session": False,
    "malloc": {},
}
SETTINGS: dict[str, dict[str, object]] = {
    "default": {},
    "no arena": {"arena": False},
    "memory pattern": {"pattern": True},
    **{f"{tokens} tokens": {"tokens": tokens} for tokens in (256, 384, 768, 1024, 2048)},
    **{f"cost {cost}": {"cost": cost} for cost in (0, 8, 32, 64)},
    "2 threads": {"threads": 2},
    "2 threads, one session": {"threads": 2, "one session": True},
    "2 threads, no arena": {"threads": 2, "arena": False},
    "2 threads, no arena, one of malloc": {
        "threads": 2,
        "arena": False,
        "malloc": {"MALLOC_ARENA_MAX": "1"},
    },
    "2 threads, no arena, fixed malloc": {"threads": 2, "arena": False, "malloc": FIXED_MALLOC},
    "fused SkipLayerNorm": {"unfused": []},
    "no prepacking": {"options": {"session.disable_prepacking": "1"}},
    "products as they come": {"options": {sessions.EXACT_PRODUCTS: "0"}},
    "exact products": {"options": {sessions.EXACT_PRODUCTS: "1"}},
}


def read_paragraphs(count: int) -> list[list[str]]:
    """The paragraphs of so many articles."""
    articles = []
    for path in sorted(need("corpus/single").glob("10.1371*"))[:count]:
        root = etree.parse(path, etree.XMLParser(resolve_entities=False, recover=True)).getroot()
        texts = (" ".join("".join(p.itertext()).split()) for p in root.iter("p"))
        articles.append([text for text in texts if text])
    return articles


def memory_mb() -> float:
    """Resident memory of this process now."""
    return float(psutil.Process().memory_info().rss / 1e6)


def run(name: str, count: int, setting: dict[str, object]) -> dict[str, float]:
    """One setting, in this process: every article three times over."""
    threads = int(str(setting["threads"]))
    default_options = sessions.session_options

    def session_options() -> ort.SessionOptions:
        options = default_options()
        options.enable_cpu_mem_arena = bool(setting["arena"])
        options.enable_mem_pattern = bool(setting["pattern"])
        for key, value in dict(setting["options"]).items():  # type: ignore[call-overload]
            options.add_session_config_entry(key, value)
        return options

    sessions.session_options = session_options
    model_module.run_self_test = lambda _: 0.0  # one setting computes wrongly
    sessions.UNFUSED = list(setting["unfused"])  # type: ignore[call-overload]
    if setting["one session"]:
        model = model_module.load_model(name)
        share_session(model, threads)
    else:
        model = model_module.load_model(name, threads)
    inference.BATCH_TOKENS = int(str(setting["tokens"]))
    inference.BATCH_COST = int(str(setting["cost"]))
    work: list[tuple[list[Tokens], list[Window]]] = []
    for texts in read_paragraphs(count):
        tokens = tokenize_passages(texts, model.tokenizer)
        sentences = [split_sentences(text) for text in texts]
        work.append((tokens, cut_windows(tokens, sentences, model.window_limit)))
    real = sum(window.end - window.start for _, windows in work for window in windows)

    def score(articles: list[tuple[list[Tokens], list[Window]]]) -> None:
        for tokens, windows in articles:
            inference.score_windows(model, tokens, windows)

    def passes(times: int) -> None:
        queue = iter(work * times)
        lock = threading.Lock()

        def worker() -> None:
            while True:
                with lock:
                    article = next(queue, None)
                if article is None:
                    return
                score([article])

        pool = [threading.Thread(target=worker) for _ in range(threads)]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()

    passes(1)
    after_first = memory_mb()
    clock, processor = time.perf_counter(), time.process_time()
    passes(2)
    return {
        "tokens/s": 2 * real / (time.perf_counter() - clock),
        "tokens/core-s": 2 * real / (time.process_time() - processor),
        "peak MB": peak_bytes() / 1e6,
        "growth MB": memory_mb() - after_first,
    }


def main() -> None:
    """Run the settings in turns and print their medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--articles", type=int, default=8)
    parser.add_argument("--only", nargs="+", metavar="SETTING", choices=SETTINGS)
    parser.add_argument("--setting", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.setting:
        print(json.dumps(run(args.model, args.articles, DEFAULT | json.loads(args.setting))))
        return
    names = args.only or list(SETTINGS)
    results: dict[str, list[dict[str, float]]] = defaultdict(list)
    for _, name in itertools.product(range(args.rounds), names):
        command = [sys.executable, "-m", "tests.bench.bench_runtime", args.model]
        command += ["--articles", str(args.articles), "--setting", json.dumps(SETTINGS[name])]
        environment = os.environ | dict(SETTINGS[name].get("malloc", {}))  # type: ignore[call-overload]
        output = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        )
        results[name].append(json.loads(output.stdout))
        print(name, results[name][-1], file=sys.stderr)
    print(f"{platform.processor() or platform.machine()}, onnxruntime {ort.__version__}")
    columns = list(results[names[0]][0])
    print("| setting |", " | ".join(columns), "|")
    print("| --- |", " | ".join("---" for _ in columns), "|")
    for name in names:
        row = (f"{median(result[column] for result in results[name]):.0f}" for column in columns)
        print(f"| {name} |", " | ".join(row), "|")


if __name__ == "__main__":
    main()

"""The job against its peers, in turns, on the same sentences.

    tests/bench/peers/make_env.sh PEERS
    python -m tests.bench.bench_peers PEERS --model QEB8L_DIR [--articles 20] [--rounds 3]

The job annotates whole articles; each peer a random sample of their sentences, one at a time. All
use two cores; start-up is left out everywhere. How many of the sample's sentences have the same
entities is told beside the speed: a dynamically quantised graph scores a sentence a little
differently in other company.
"""

import argparse
import json
import platform
import random
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median

from models.model import load_model
from tests.bench.bench_job import job_seconds, write_archive
from tests.bench.shared import corpus_articles
from transforms.entities import find_entities
from transforms.inference import score_windows
from transforms.jats import TextOptions, parse_articles
from transforms.records import SourceArticle
from transforms.sentences import split_sentences
from transforms.windows import cut_windows, tokenize_passages

SHORT = b"""<article><front><article-meta><title-group><article-title>TP53 in mice.</article-title>
</title-group></article-meta></front></article>"""

WAYS = {
    "optimum and transformers, a sentence at a time": "optimum",
    "BERT-base's shape, PyTorch fp32, a sentence at a time": "torch",
}
SAMPLES = {"optimum": 400, "torch": 100}


def sentences_of(sources: Sequence[SourceArticle]) -> list[str]:
    """Every sentence that the job gives its model."""
    return [
        article.text[passage.start : passage.end][start:end]
        for source in sources
        for article in parse_articles(source, TextOptions())
        for passage in article.passages
        for start, end in split_sentences(article.text[passage.start : passage.end])
    ]


def entities_of(folder: str, sentences: Sequence[str]) -> list[list[list[object]]]:
    """What our way finds in each sentence, alone in its batch as the peers have it."""
    model = load_model(folder)
    found = []
    for sentence in sentences:
        tokens = tokenize_passages([sentence], model.tokenizer)
        whole = (0, len(sentence))
        windows = cut_windows(tokens, [[whole]], model.window_limit)
        [logits], _ = score_windows(model, tokens, windows)
        entities = find_entities(logits, tokens[0], whole, model.labels, "first")
        found.append([[entity.start, entity.end, entity.type] for entity in entities])
    return found


def main() -> None:
    """Runs all in turns and prints medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("peers", type=Path, help="environment made by peers/make_env.sh")
    parser.add_argument("--model", required=True, help="folder of an int8 BERT classifier")
    parser.add_argument("--articles", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    sources = list(islice(corpus_articles("bulk"), args.articles))
    sentences = sentences_of(sources)
    print(f"{platform.platform()}, {len(sources)} articles, {len(sentences):,} sentences")
    ours: list[float] = []
    theirs: dict[str, list[float]] = {way: [] for way in WAYS}
    notes: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        source = write_archive(Path(folder, "a.xml.gz"), [found.xml for found in sources])
        short = write_archive(Path(folder, "short.xml.gz"), [SHORT])
        output = Path(folder, "out")
        for _ in range(args.rounds):
            start_up = job_seconds(args.model, short, output, 2)
            seconds = job_seconds(args.model, source, output, 2)
            ours.append(len(sentences) / (seconds - start_up))
            for way, name in WAYS.items():
                sample = random.Random(0).sample(sentences, SAMPLES[name])  # noqa: S311
                wanted, result = Path(folder, "sentences.json"), Path(folder, "result.json")
                wanted.write_text(json.dumps(sample))
                script = Path(__file__).parent / "peers" / "score.py"
                command = [args.peers / "bin" / "python", script, name, args.model, wanted, result]
                subprocess.run(list(map(str, command)), check=True, capture_output=True)
                told = json.loads(result.read_text())
                theirs[way].append(len(sample) / told["seconds"])
                notes[way] = f"{told['peak_mb']:.0f} MB"
                if name == "optimum":
                    pairs = zip(entities_of(args.model, sample), told["entities"], strict=True)
                    same = sum(mine == its for mine, its in pairs)
                    notes[way] += f", same entities in {same} of {len(sample)} sentences"
    print("| way | sentences/s | the job is | |\n| --- | --- | --- | --- |")
    print(f"| the job | {median(ours):.0f} | | memory: bench_memory |")
    for way, speeds in theirs.items():
        ratio = median(ours) / median(speeds)
        print(f"| {way} | {median(speeds):.1f} | {ratio:.1f} times as fast | {notes[way]} |")


if __name__ == "__main__":
    main()

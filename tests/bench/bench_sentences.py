"""Sentence splitting against gold data: ``python -m tests.bench.bench_sentences``.

Prints precision, recall and F1 of whole sentences, exact at both ends, on both gold sets of the
shared folder, and the speed on one core. A passage is a line of the text; a gold sentence that
runs over a line's end counts as one sentence on each line. ``half`` 0 and 1 are the two halves of
the articles, by the parity of a hash of their ids: rules were tuned on half 0.
"""

import hashlib
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.shared import need
from transforms.sentences import split_sentences

Spans = list[tuple[int, int]]
Document = tuple[str, str, Spans]


def craft(folder: Path) -> Iterator[Document]:
    """Full-text articles: id, text, gold sentences."""
    for path in sorted((folder / "craft-fulltext").glob("*.txt")):
        rows = path.with_suffix(".sents.tsv").read_text("utf-8").splitlines()[1:]
        spans = [(int(start), int(end)) for start, end, *_ in (row.split("\t") for row in rows)]
        yield path.stem, path.read_bytes().decode("utf-8"), spans


def genia(folder: Path) -> Iterator[Document]:
    """Abstracts: id, text, gold sentences."""
    with (folder / "genia-abstracts.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["id"], row["text"], [(start, end) for start, end in row["sentences"]]


def passages(text: str, gold: Spans) -> Iterator[tuple[str, set[tuple[int, int]]]]:
    """Each line of ``text`` with the gold sentences that lie in it, counted from its start."""
    for line in re.finditer(r"[^\n]*\S[^\n]*", text):
        inside = set()
        for start, end in gold:
            piece = text[max(start, line.start()) : max(0, min(end, line.end()))]
            if stripped := piece.strip():
                first = max(start, line.start()) - line.start() + piece.index(stripped[0])
                inside.add((first, first + len(stripped)))
        yield line.group(), inside


def main() -> int:
    """Prints the table; 0 also where the gold data are missing, which it then says."""
    folder = need("sentences")
    texts = []
    for name, documents in (("GENIA abstracts", genia(folder)), ("CRAFT full text", craft(folder))):
        counts = {"half 0": [0, 0, 0], "half 1": [0, 0, 0], "all": [0, 0, 0]}
        for identifier, text, gold in documents:
            half = hashlib.md5(identifier.encode(), usedforsecurity=False).digest()[0] % 2
            for passage, expected in passages(text, gold):
                texts.append(passage)
                found = set(split_sentences(passage))
                for key in (f"half {half}", "all"):
                    for index, number in enumerate((expected & found, found, expected)):
                        counts[key][index] += len(number)
        for key, (right, found_count, gold_count) in counts.items():
            print(
                f"{name}  {key:6}  P {right / found_count:.4f}  R {right / gold_count:.4f}  "
                f"F1 {2 * right / (found_count + gold_count):.4f}  ({gold_count} sentences)"
            )
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    speeds = []
    for _ in range(5):
        begin = time.process_time()
        for text in texts:
            split_sentences(text)
        speeds.append(megabytes / (time.process_time() - begin))
    print(
        f"{megabytes:.1f} MB of UTF-8, one core, 5 runs: "
        f"{min(speeds):.1f} to {max(speeds):.1f} MB/s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

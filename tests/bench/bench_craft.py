"""A model against a dictionary on full articles: ``python -m tests.bench.bench_craft``.

Scores both on the CRAFT articles of the shared folder, strict and overlap, by type. The dictionary
holds the mentions of the training corpora, taken longest first; a string stays in it if the corpora
that annotate its type tag it at least every second time that it occurs. Half of the articles are in
CRAFT's own training split, which the model may have read. So the others are scored by themselves
too: ``unseen`` is the comparison that counts, and there both know the same corpora. ``--run DIR``
takes the model's mentions from an output folder, end to end, instead of running it over CRAFT's
text.
"""

import argparse
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from models.cores import available_cores
from models.gold import GoldDocument, Mention, read_gold
from pipeline.commands.flags import DEFAULT_MODEL
from pipeline.evaluation.evaluate import TYPE_OF
from pipeline.evaluation.predictions import predict, read_predictions
from pipeline.evaluation.scores import score
from tests.bench.shared import need

TRAINING = {
    "BC5CDR": ("train", "devel"),
    "NCBI-disease": ("train",),
    "BC2GM": ("train", "devel"),
    "linnaeus": ("train",),
    "BioNLP13CG": ("train",),
    "CRAFT": ("train",),
}
TYPES = ("CD", "DS", "GP", "OG")
LONGEST = 8  # words
WORD = re.compile(r"\w+|[^\w\s]")

Key = tuple[str, ...]


def words_of(text: str) -> list[tuple[int, int]]:
    """Where the words and marks of a text stand."""
    return [match.span() for match in WORD.finditer(text)]


def key_of(words: Sequence[str]) -> Key:
    """Words as they are looked up: case matters in short symbols only ("CAT", "cat")."""
    return tuple(words) if len("".join(words)) <= 4 else tuple(word.lower() for word in words)


def keys(words: Sequence[str], known: Collection[Key]) -> Iterator[tuple[int, int, Key]]:
    """What of ``known`` stands in a text, longest first, without overlap."""
    start = 0
    while start < len(words):
        for end in range(min(len(words), start + LONGEST), start, -1):
            key = key_of(words[start:end])
            if key in known:
                yield start, end, key
                start = end
                break
        else:
            start += 1


def make_dictionary(folder: Path, corpora: Mapping[str, Iterable[str]]) -> dict[Key, str]:
    """The strings that the corpora tag, each with its type."""
    tagged: Counter[tuple[Key, str]] = Counter()
    texts: list[tuple[list[str], frozenset[str]]] = []
    for name, splits in corpora.items():
        documents = [
            document
            for split in splits
            for document in read_gold(folder / name / f"{split}.tsv").documents
        ]
        own = frozenset(
            TYPE_OF[mention.type.lower()]
            for document in documents
            for mention in document.mentions
            if mention.type.lower() in TYPE_OF
        )
        for document in documents:
            texts.append(([document.text[a:b] for a, b in words_of(document.text)], own))
            for mention in document.mentions:
                if mention.type.lower() in TYPE_OF:
                    surface = document.text[mention.start : mention.end]
                    key = key_of([surface[a:b] for a, b in words_of(surface)])
                    tagged[key, TYPE_OF[mention.type.lower()]] += 1
    known = {key for key, _ in tagged}
    found: Counter[tuple[Key, str]] = Counter()
    for words, own in texts:
        for _, _, key in keys(words, known):
            found.update((key, kind) for kind in own)
    best: dict[Key, str] = {}
    for (key, kind), count in sorted(tagged.items(), key=lambda item: item[1]):
        if 2 * count >= found[key, kind]:
            best[key] = kind
    return best


def look_up(document: GoldDocument, dictionary: Mapping[Key, str]) -> list[Mention]:
    """The dictionary's mentions in a text."""
    spans = words_of(document.text)
    words = [document.text[start:end] for start, end in spans]
    return [
        Mention(spans[start][0], spans[end - 1][1], dictionary[key])
        for start, end, key in keys(words, dictionary)
    ]


def seen_in(documents: Sequence[GoldDocument], corpus: Path) -> set[str]:
    """The documents that a file of tagged sentences comes from, told by every tenth long one."""
    squeezed = {document.name: "".join(document.text.split()) for document in documents}
    sentences = ["".join(document.text.split()) for document in read_gold(corpus).documents]
    hits: dict[str, int] = defaultdict(int)
    for sentence in [sentence for sentence in sentences if len(sentence) > 80][::10]:
        for name, text in squeezed.items():
            hits[name] += sentence in text
    return {name for name, count in hits.items() if count > 1}


def main(argv: Sequence[str]) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--run", metavar="DIR", help="an output folder over the articles' XML")
    args = parser.parse_args(argv)
    folder = need("ner")
    documents = read_gold(folder / "CRAFT-fulltext").documents
    found = (
        read_predictions(args.run, documents)
        if args.run
        else predict(args.model, documents, available_cores())
    )
    without = {name: splits for name, splits in TRAINING.items() if name != "CRAFT"}
    systems: dict[str, list[list[Mention]]] = {
        found.name: [mentions or [] for mentions in found.mentions]
    }
    for name, corpora in (("dictionary", TRAINING), ("dictionary, no CRAFT", without)):
        dictionary = make_dictionary(folder, corpora)
        systems[name] = [look_up(document, dictionary) for document in documents]
    seen = seen_in(documents, folder / "CRAFT" / "train.tsv")
    print(
        f"{'':6} {'match':8} {'type':6} {'':32} {'precision':>9} {'recall':>7} {'F1':>7} 95% of F1"
    )
    for part, chosen in (
        ("unseen", [at for at, document in enumerate(documents) if document.name not in seen]),
        ("all", range(len(documents))),
    ):
        gold = [documents[at].mentions for at in chosen]
        scores = {
            name: score(gold, [mentions[at] for at in chosen], TYPES)
            for name, mentions in systems.items()
        }
        print(f"{part}: {len(gold)} articles")
        for matching in ("strict", "overlap"):
            for kind in (*TYPES, "micro"):
                for name, its in scores.items():
                    row = {**its[matching].types, "micro": its[matching].micro}[kind]
                    low, high = (row.intervals or {"f1": (0, 0)})["f1"]
                    print(
                        f"{part:6} {matching:8} {kind:6} {name:32} {row.precision:9.3f} "
                        f"{row.recall:7.3f} {row.f1:7.3f} {low:.3f}-{high:.3f}"
                    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

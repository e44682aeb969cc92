"""Gold in, training sentences out: IOB files become text as it would be found, with word labels.

A corpus that does not annotate a type says nothing about it. So a word has no single label but a
set of labels it may have: a gold mention allows its own label alone, an ``O`` allows ``O`` and
every label of the types the corpus leaves open.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Encoding, Regex, Tokenizer, normalizers, pre_tokenizers

from models.settings import read_tokenizer_settings
from models.tokenizer import load_tokenizer as folder_tokenizer

TYPES = ("GP", "DS", "CD", "OG")
LEAST_CHARACTERS = 40  # of an article's passage or sentence: cells of tables teach numbers
LABELS = ("O", *(f"{prefix}-{kind}" for kind in TYPES for prefix in "BI"))
_NO_SPACE_BEFORE = frozenset(",.;:)]}%'?!-/")
_NO_SPACE_AFTER = frozenset("([{-/")


def load_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer, as the job loads it; it neither pads nor truncates."""
    return folder_tokenizer(read_tokenizer_settings(folder))[0]


def set_symbols_apart(folder: Path) -> None:
    """Let a HuggingFace folder's tokenizer read dashes as hyphens, and each symbol as a word.

    BERT splits words at punctuation, which symbols are not: the minus of "Fgf9−/−", as articles
    have it, or the mark of "Taxol®" would be part of the name.
    """
    tokenizer = load_tokenizer(folder)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex("[‐-–−]"), "-"), tokenizer.normalizer]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\p{S}"), "isolated"), tokenizer.pre_tokenizer]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    # By its own name, transformers would build the usual tokenizer from the vocabulary.
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **{f"{name}_token": f"[{name.upper()}]" for name in ("unk", "cls", "sep", "pad", "mask")},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")


@dataclass(frozen=True)
class Corpus:
    """One gold corpus and what its labels mean.

    `mentions` maps a gold label to one of our types, other labels are not mentions. `closed` are
    the types of which every mention is annotated. A gold label in `doubtful` may be its type or
    none: the guideline is wider than ours. Of sentences without any mention, a share of `empty`
    is drawn anew each epoch; `share` is the same for sentences with mentions.
    """

    name: str
    mentions: dict[str, str]
    closed: frozenset[str]
    train: tuple[str, ...]
    held_out: tuple[str, ...]
    doubtful: frozenset[str] = frozenset()
    doubtful_words: frozenset[str] = frozenset()
    empty: float = 1.0
    share: float = 1.0


EMBEDDED = (
    Corpus(
        "BC5CDR",
        {"Chemical": "CD", "Disease": "DS"},
        frozenset({"CD", "DS"}),
        train=("train", "devel"),
        held_out=("test",),
    ),
    Corpus("NCBI-disease", {"Disease": "DS"}, frozenset({"DS"}), ("train",), ("devel",)),
    Corpus("BC2GM", {"GENE": "GP"}, frozenset({"GP"}), ("train", "devel"), ("test",)),
    Corpus(
        "linnaeus",
        {"Species": "OG"},
        frozenset({"OG"}),
        train=("train",),
        held_out=("devel",),
        empty=0.15,
        share=2.0,
    ),
    Corpus(
        "BioNLP13CG",
        {
            "Gene_or_gene_product": "GP",
            "Cancer": "DS",
            "Simple_chemical": "CD",
            "Amino_acid": "CD",
            "Organism": "OG",
        },
        frozenset({"GP", "CD", "OG"}),
        train=("train",),
        held_out=("devel",),
    ),
    # ChEBI's classes ("protein", "acid") and the broad taxa are wider than what we call CD and OG.
    Corpus(
        "CRAFT",
        {"GGP": "GP", "CHEBI": "CD", "Taxon": "OG"},
        frozenset({"GP", "CD", "OG"}),
        train=("train",),
        held_out=("devel",),
        doubtful=frozenset({"CHEBI"}),
        doubtful_words=frozenset(
            {"animal", "animals", "mammal", "mammals", "mammalian", "organism", "organisms"}
            | {"plant", "plants", "vertebrate", "vertebrates", "eukaryotic", "bacterial"}
            | {"bacteria", "chow"}
        ),
        empty=0.3,
        share=0.6,
    ),
)


@dataclass(frozen=True)
class Sentence:
    """Detokenised text and its gold spans (start, end, gold label), end excluded."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Example:
    """One sentence as the model reads it.

    `ids` are all token ids with special tokens; `first` the positions of the words' first tokens;
    `gold` the words' IOB labels in our types; `allowed` the same as sets of label ids.
    """

    corpus: str
    ids: tuple[int, ...]
    first: tuple[int, ...]
    gold: tuple[str, ...] = field(repr=False)
    allowed: tuple[tuple[int, ...], ...] = field(repr=False)
    has_mention: bool = False


def read_iob(path: Path) -> Iterator[list[tuple[str, str]]]:
    """Yield the sentences of an IOB2 file as (token, tag) pairs; document marks are left out.

    Raises:
        ValueError: a line has no tag, or one that is not IOB.
    """
    sentence: list[tuple[str, str]] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            columns = line.rstrip("\n").split("\t")
            if columns == [""]:
                if sentence:
                    yield sentence
                sentence = []
                continue
            tag = columns[-1]
            if len(columns) < 2 or not (tag == "O" or tag[:2] in ("B-", "I-")):
                raise ValueError(f"{path}:{number}: expected token and IOB tag, found {line!r}")
            if columns[0] != "-DOCSTART-":
                sentence.append((columns[0], tag))
    if sentence:
        yield sentence


def detokenise(tokens: Sequence[tuple[str, str]]) -> Sentence:
    """Join tokens as prose would have them and carry the mentions over to offsets.

    >>> detokenise([("IL", "B-GP"), ("-", "I-GP"), ("2", "I-GP"), (",", "O"), ("too", "O")])
    Sentence(text='IL-2, too', spans=((0, 4, 'GP'),))
    """
    text, spans, quoted = "", [], False
    glued = True
    start, end, kind = 0, 0, ""
    before = ""
    for word, tag in tokens:
        quotes = word == '"'
        possessive = before == "'" and word == "s"
        if not (glued or possessive or (quotes and quoted) or word[0] in _NO_SPACE_BEFORE):
            text += " "
        if tag == "O" or tag[0] == "B" or tag[2:] != kind:
            if kind:
                spans.append((start, end, kind))
            start, kind = len(text), tag[2:]
        text += word
        end = len(text)
        glued = (quotes and not quoted) or word in _NO_SPACE_AFTER
        quoted ^= quotes
        before = word
    if kind:
        spans.append((start, end, kind))
    return Sentence(text, tuple(spans))


def is_byte_level(tokenizer: Tokenizer) -> bool:
    """Whether its vocabulary is of bytes, as those of GPT-2 and RoBERTa."""
    return "ByteLevel" in str(tokenizer.pre_tokenizer)


def words_of(text: str, encoding: Encoding, *, byte_level: bool) -> list[tuple[int, int, int]]:
    """The words of an encoded text as (position of first token, start, end).

    A word is the pre-tokenizer's; with a byte-level vocabulary it is the text up to white space,
    as transformers has it.
    """
    words: list[tuple[int, int, int]] = []
    previous = None
    for position, (word, (start, end)) in enumerate(
        zip(encoding.word_ids, encoding.offsets, strict=True)
    ):
        if word is None or start == end:
            continue
        goes_on = word == previous
        if byte_level and words:
            goes_on = goes_on or not (
                text[start].isspace() or text[words[-1][2] : start + 1][:1].isspace()
            )
        if goes_on:
            words[-1] = (*words[-1][:2], end)
        else:
            words.append((position, start, end))
        previous = word
    return words


def project(words: Iterable[tuple[int, int, int]], sentence: Sentence) -> list[str]:
    """IOB tags of the words: a word belongs to the mention it shares text with."""
    tags, inside = [], -1
    for _, start, end in words:
        hit = next((i for i, s in enumerate(sentence.spans) if s[0] < end and start < s[1]), -1)
        tags.append("O" if hit < 0 else ("I-" if hit == inside else "B-") + sentence.spans[hit][2])
        inside = hit
    return tags


def _allowed(corpus: Corpus, tag: str, word: str, labels: Sequence[str]) -> tuple[str, list[int]]:
    gold = tag[2:]
    kind = corpus.mentions.get(gold)
    label = f"{tag[:2]}{kind}" if kind else "O"
    if kind and (gold in corpus.doubtful or word.lower() in corpus.doubtful_words):
        return label, [i for i, name in enumerate(labels) if name in ("O", label)]
    if kind:
        return label, [labels.index(label)]
    return "O", [i for i, n in enumerate(labels) if n == "O" or n[2:] not in corpus.closed]


def examples(
    corpus: Corpus,
    paths: Iterable[Path],
    tokenizer: Tokenizer,
    *,
    labels: Sequence[str] = LABELS,
    max_tokens: int = 256,
) -> list[Example]:
    """Encode every sentence of the files; what is over `max_tokens` is cut off."""
    byte_level = is_byte_level(tokenizer)
    found = []
    for path in paths:
        sentences = [detokenise(tokens) for tokens in read_iob(path)]
        encodings = tokenizer.encode_batch([sentence.text for sentence in sentences])
        for sentence, encoding in zip(sentences, encodings, strict=True):
            words = words_of(sentence.text, encoding, byte_level=byte_level)
            tags = project(words, sentence)
            words = [word for word in words if word[0] < max_tokens - 1]
            pairs = [
                _allowed(corpus, tag, sentence.text[start:end], labels)
                for tag, (_, start, end) in zip(tags, words, strict=False)
            ]
            ids = encoding.ids
            if len(ids) > max_tokens:
                ids = [*ids[: max_tokens - 1], *ids[-1:]]
            found.append(
                Example(
                    corpus.name,
                    tuple(ids),
                    tuple(word[0] for word in words),
                    tuple(label for label, _ in pairs),
                    tuple(tuple(allowed) for _, allowed in pairs),
                    has_mention=any(label != "O" for label, _ in pairs),
                )
            )
    return found


def corpus_files(data: Path, corpus: Corpus, splits: Iterable[str]) -> list[Path]:
    """The corpus's files of these splits.

    Raises:
        FileNotFoundError: one is not there.
    """
    paths = [data / corpus.name / f"{split}.tsv" for split in splits]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"gold not found: {path}")
    return paths


def draw_epoch(
    pool: Sequence[Example],
    corpora: Iterable[Corpus],
    *,
    seed: int,
    batch_tokens: int,
    batch_sentences: int,
) -> list[list[int]]:
    """One epoch's batches, as indexes into the pool, cut by padded tokens over similar lengths.

    Sentences are sampled by corpus; with a share over 1 some stand in an epoch twice.
    """
    chance = random.Random(seed)  # noqa: S311 - sampling, not secrecy
    shares = {c.name: (c.empty * c.share, c.share) for c in corpora}
    drawn = [
        i
        for i, example in enumerate(pool)
        for _ in range(int(shares[example.corpus][example.has_mention] + chance.random()))
    ]
    chance.shuffle(drawn)
    batches = []
    for at in range(0, len(drawn), 2000):
        batch: list[int] = []
        for i in sorted(drawn[at : at + 2000], key=lambda i: len(pool[i].ids)):
            n = len(batch) + 1
            if batch and (n * len(pool[i].ids) > batch_tokens or n > batch_sentences):
                batches.append(batch)
                batch = []
            batch.append(i)
        batches.append(batch)
    chance.shuffle(batches)
    return batches

"""Gold in, training sentences out: text with the labels that each word may have.

A corpus that does not annotate a type says nothing about it. So a word has no single label but a
set of labels it may have: a gold mention allows its own label alone, an ``O`` allows ``O`` and
every label of the types the corpus leaves open.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

from models.gold import GoldDocument, Mention, read_gold
from models.settings import read_tokenizer_settings
from models.tokenizer import load_tokenizer as folder_tokenizer
from models.tokenizer import special_tokens
from transforms.sentences import split_sentences
from transforms.windows import tokenize_passages

PEOPLE_TYPE = "PP"  # words for people: patients, women
TYPES = ("GP", "DS", "CD", "OG", PEOPLE_TYPE)
LEAST_CHARACTERS = 40  # of an article's passage or sentence: cells of tables teach numbers
UNDECIDED = "?"
LABELS = ("O", *(f"{prefix}-{kind}" for kind in TYPES for prefix in "BI"))


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

    Attributes:
        name: of the corpus.
        mentions: maps a gold label to one of our types; other labels are no mentions.
        closed: the types of which every mention is annotated.
        train: paths that are trained on, in the folder of all gold data.
        held_out: paths that no training reads; figures are of these.
        unread: other paths that no training reads.
        doubtful: gold labels that may be their type or none: the guideline is wider than ours.
        doubtful_words: mentions, in lower case, for which the same holds.
        empty: the share of the sentences without a mention that is drawn each epoch.
        share: of all sentences, likewise; over 1, some stand in an epoch several times.
        left_out: tables of documents that are also in another corpus's test set; see
            ``documents_left_out``.
    """

    name: str
    mentions: dict[str, str]
    closed: frozenset[str]
    train: tuple[str, ...]
    held_out: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    doubtful: frozenset[str] = frozenset()
    doubtful_words: frozenset[str] = frozenset()
    empty: float = 1.0
    share: float = 1.0
    left_out: tuple[str, ...] = ()

    @property
    def scored(self) -> frozenset[str]:
        """The types that figures are about; where people are marked apart, they are no type."""
        apart = PEOPLE_TYPE in self.mentions.values()
        return self.closed - {PEOPLE_TYPE} if apart else self.closed


# Words for people that corpora of species annotate as human.
PEOPLE = frozenset(
    {"patient", "patients", "inpatient", "inpatients", "outpatient", "outpatients", "people"}
    | {"person", "persons", "participant", "participants", "volunteer", "volunteers", "man", "men"}
    | {"woman", "women", "child", "children", "boy", "boys", "girl", "girls", "infant", "infants"}
    | {"newborn", "newborns", "neonate", "neonates", "baby", "babies", "adolescents", "teenagers"}
)

EMBEDDED = (
    Corpus(
        "full text",
        {"GP": "GP", "DS": "DS", "CD": "CD", "OG": "OG", "PP": "PP"},
        frozenset(TYPES),
        train=("fulltext/train.jsonl",),
        held_out=("fulltext/passages.jsonl",),
        empty=0.25,
        share=2.0,
    ),
    Corpus(
        "BC5CDR",
        {"Chemical": "CD", "Disease": "DS"},
        frozenset({"CD", "DS"}),
        train=("ner/BC5CDR/train.tsv", "ner/BC5CDR/devel.tsv"),
        held_out=("ner/BC5CDR/test.tsv",),
    ),
    Corpus(
        "NCBI-disease",
        {"Disease": "DS"},
        frozenset({"DS"}),
        train=("ner/NCBI-disease/train.tsv",),
        held_out=("ner/NCBI-disease/devel.tsv",),
    ),
    Corpus(
        "BC2GM",
        {"GENE": "GP"},
        frozenset({"GP"}),
        train=("ner/BC2GM/train.tsv", "ner/BC2GM/devel.tsv"),
        held_out=("ner/BC2GM/test.tsv",),
    ),
    Corpus(
        "linnaeus",
        {"Species": "OG"},
        frozenset({"OG", "PP"}),
        train=("ner/linnaeus/train.tsv",),
        held_out=("ner/linnaeus/devel.tsv",),
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
        train=("ner/BioNLP13CG/train.tsv",),
        held_out=("ner/BioNLP13CG/devel.tsv",),
    ),
    # ChEBI's classes ("protein", "acid") and the broad taxa are wider than what we call CD and OG.
    Corpus(
        "CRAFT",
        {"GGP": "GP", "CHEBI": "CD", "Taxon": "OG"},
        frozenset({"GP", "CD", "OG"}),
        train=("ner/CRAFT/train.tsv",),
        held_out=("ner/CRAFT/devel.tsv",),
        unread=("ner/CRAFT/test.tsv",),
        doubtful=frozenset({"CHEBI"}),
        doubtful_words=frozenset(
            {"animal", "animals", "mammal", "mammals", "mammalian", "organism", "organisms"}
            | {"plant", "plants", "vertebrate", "vertebrates", "eukaryotic", "bacterial"}
            | {"bacteria", "chow"}
        ),
        empty=0.3,
        share=0.6,
    ),
    Corpus(
        "BioRED",
        {
            "GeneOrGeneProduct": "GP",
            "DiseaseOrPhenotypicFeature": "DS",
            "ChemicalEntity": "CD",
            "OrganismTaxon": "OG",
        },
        frozenset({"GP", "DS", "CD", "OG"}),
        train=("re/BioRED/train",),
        held_out=("re/BioRED/devel",),
        left_out=("re/BioRED/in_cdr.tsv",),
    ),
    Corpus(
        "DrugProt",
        {"CHEMICAL": "CD", "GENE": "GP", "GENE-Y": "GP", "GENE-N": "GP"},
        frozenset({"CD", "GP"}),
        train=("re/DrugProt/train", "re/DrugProt/devel"),
        left_out=("re/DrugProt/in_chemprot_test.txt",),
        share=0.5,
    ),
    Corpus(
        "tmVar3",
        {"Gene": "GP", "Species": "OG"},
        frozenset({"GP"}),
        train=("ner/tmVar3/tmvar3_part1.pubtator.txt",),
        share=0.5,
    ),
)


def documents_left_out(data: Path, corpus: Corpus) -> frozenset[str]:
    """Names of the documents that are also in the test set of another corpus.

    A table holds a name in the first column. Where it has more columns, the last one says which
    part of the other corpus holds the document, and only ``test`` counts.
    """
    rows = (
        line.split("\t")
        for path in corpus.left_out
        for line in (data / path).read_text().split("\n")
    )
    return frozenset(row[0] for row in rows if row[0] and (len(row) == 1 or row[-1] == "test"))


@dataclass(frozen=True)
class Sentence:
    """Text and its gold spans (start, end, gold label), end excluded."""

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


def sentences_of(document: GoldDocument) -> list[Sentence]:
    """The document's sentences: its own if the gold tells them, else those that the job finds.

    Of mentions that overlap the longest is kept. Those that the gold's readers did not agree on
    have the label ``UNDECIDED``.
    """
    if document.sentences is not None:
        bounds = list(document.sentences)
    else:
        bounds = [
            (at + start, at + end)
            for at, line in _lines(document.text)
            for start, end in split_sentences(line)
        ]
    undecided = (mention._replace(type=UNDECIDED) for mention in document.undecided)
    mentions = _without_overlap([*document.mentions, *undecided])
    return [
        Sentence(
            document.text[start:end],
            tuple(
                (m.start - start, m.end - start, m.type)
                for m in mentions
                if start <= m.start and m.end <= end
            ),
        )
        for start, end in bounds
    ]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1


def _without_overlap(mentions: Iterable[Mention]) -> list[Mention]:
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (m.start - m.end, m)):
        if all(mention.end <= other.start or other.end <= mention.start for other in kept):
            kept.append(mention)
    return sorted(kept)


def training_sentences(
    data: Path, corpus: Corpus, held_out: Set[str] = frozenset()
) -> list[Sentence]:
    """The sentences to train on, without the documents of any test set.

    Args:
        data: folder of all gold data.
        corpus: of which the sentences are.
        held_out: sentences that no training may read, as ``letters_of`` writes them. A document
            with one of them is left out, and every passage of an article with one.
    """
    known = set(documents_left_out(data, corpus))
    found = []
    for document in _documents(data, corpus.train):
        name = document.article or document.name
        sentences = sentences_of(document)
        if any(letters_of(sentence.text) in held_out for sentence in sentences):
            known.add(name)
        found.append((name, sentences))
    return [sentence for name, some in found if name not in known for sentence in some]


def held_out_sentences(data: Path, corpus: Corpus) -> list[Sentence]:
    """The sentences that figures are of."""
    return [s for document in _documents(data, corpus.held_out) for s in sentences_of(document)]


def _documents(data: Path, names: Iterable[str]) -> Iterator[GoldDocument]:
    for path in corpus_paths(data, names):
        yield from read_gold(path).documents


def letters_of(sentence: str) -> str:
    """The letters and digits of a sentence, by which copies of it are found."""
    return "".join(c for c in sentence.lower() if c.isalnum())


def held_out_letters(data: Path, corpora: Iterable[Corpus]) -> frozenset[str]:
    """Every sentence held out, as ``letters_of`` writes it; short ones tell nothing."""
    letters = (
        letters_of(sentence.text)
        for corpus in corpora
        for document in _documents(data, [*corpus.held_out, *corpus.unread])
        for sentence in sentences_of(document)
    )
    return frozenset(text for text in letters if len(text) >= LEAST_CHARACTERS)


class Encoded(NamedTuple):
    """A text as a model reads it.

    Attributes:
        ids: of all tokens, special ones included.
        words: of each word the position of its first token, and its start and end in the text.
    """

    ids: list[int]
    words: list[tuple[int, int, int]]


def encode(texts: Sequence[str], tokenizer: Tokenizer) -> Iterator[Encoded]:
    """Encodes texts; their words are those that the job labels."""
    before, after = special_tokens(tokenizer)
    for tokens in tokenize_passages(texts, tokenizer):
        filled = np.flatnonzero(tokens.starts < tokens.ends)
        of_word = tokens.words[filled]
        is_first = np.append(True, of_word[1:] != of_word[:-1])[: len(filled)]
        firsts = filled[is_first]
        lasts = filled[np.append(is_first[1:], True)[: len(filled)]]
        words = zip(
            (firsts + len(before)).tolist(),
            tokens.starts[firsts].tolist(),
            tokens.ends[lasts].tolist(),
            strict=True,
        )
        yield Encoded([*before, *tokens.ids.tolist(), *after], list(words))


def project(words: Iterable[tuple[int, int, int]], sentence: Sentence) -> list[tuple[str, str]]:
    """IOB tags of the words, and the mention of each: it is the one the word shares text with."""
    tags, inside = [], -1
    for _, start, end in words:
        hit = next((i for i, s in enumerate(sentence.spans) if s[0] < end and start < s[1]), -1)
        if hit < 0:
            tags.append(("O", ""))
        else:
            first, last, label = sentence.spans[hit]
            tags.append((("I-" if hit == inside else "B-") + label, sentence.text[first:last]))
        inside = hit
    return tags


def _allowed(
    corpus: Corpus, tag: str, mention: str, labels: Sequence[str]
) -> tuple[str, list[int]]:
    """The label of a word, and the ids of all labels that it may have."""
    gold = tag[2:]
    kind = corpus.mentions.get(gold)
    if gold == UNDECIDED:
        return "O", list(range(len(labels)))
    if kind is None:
        return "O", [i for i, n in enumerate(labels) if n == "O" or n[2:] not in corpus.closed]
    is_people = mention.lower().rpartition(" ")[2] in PEOPLE
    doubtful = gold in corpus.doubtful or mention.lower() in corpus.doubtful_words
    if f"B-{PEOPLE_TYPE}" in labels:
        if kind == "OG" and is_people:
            kind = PEOPLE_TYPE
        doubtful |= kind == PEOPLE_TYPE and not is_people
    label = f"{tag[:2]}{kind}"
    return label, [
        i for i, name in enumerate(labels) if name == label or (doubtful and name == "O")
    ]


def examples(
    corpus: Corpus,
    sentences: Sequence[Sentence],
    tokenizer: Tokenizer,
    *,
    labels: Sequence[str] = LABELS,
    max_tokens: int = 256,
) -> list[Example]:
    """Encodes the sentences; what is over `max_tokens` is cut off."""
    found = []
    encoded = encode([sentence.text for sentence in sentences], tokenizer)
    for sentence, (ids, words) in zip(sentences, encoded, strict=True):
        pairs = [
            _allowed(corpus, tag, mention, labels)
            for (position, _, _), (tag, mention) in zip(
                words, project(words, sentence), strict=True
            )
            if position < max_tokens - 1
        ]
        found.append(
            Example(
                corpus.name,
                tuple(ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]),
                tuple(position for position, _, _ in words[: len(pairs)]),
                tuple(label for label, _ in pairs),
                tuple(tuple(allowed) for _, allowed in pairs),
                has_mention=any(label != "O" for label, _ in pairs),
            )
        )
    return found


def corpus_paths(data: Path, names: Iterable[str]) -> list[Path]:
    """The files or folders of these names.

    Raises:
        FileNotFoundError: one is not there.
    """
    paths = [data / name for name in names]
    for path in paths:
        if not path.exists():
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

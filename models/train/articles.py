"""Archives in, articles' passages out, and what is sure of their words though nobody labelled them.

Models trained on abstracts take much in articles for what it is not: abbreviations of statistics
for genes, makers of reagents for proteins, plants for chemicals. Some of it can be told by rule: a
Latin name in italics is an organism, and a name on a short list is nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from models.train.data import LEAST_CHARACTERS, Corpus, Example, encode
from transforms.archives import scan_archive
from transforms.jats import TextOptions, parse_articles
from transforms.records import Archive, RejectError, SourceArticle
from transforms.sentences import split_sentences

ARTICLES = Corpus("articles", {}, frozenset(), (), (), share=0.66)
N_SENTENCES = 60_000  # two thirds of them an epoch, about as many as of all corpora together

# In italics: "Ocimum sanctum", "O. sanctum"; but "In vitro" too.
_BINOMIAL = re.compile(rb"<italic[^>]*>\s*([A-Z](?:\.|[a-z]+)\s+[a-z-]{3,})\s*</italic>")
_NO_GENUS = frozenset({"ad", "de", "et", "ex", "in", "per", "post", "sensu", "student"})
_ACID = re.compile(r"\b(?:[Aa]mino|[Ff]atty) acids?\b")  # no corpus has "amino" alone
_FAMILY = re.compile(r"\b[A-Z][a-z]+(?:aceae|idae)\b")
_NOTHING = re.compile(
    r"(?<![\w-])(?:"
    # methods, statistics, databases, trials, journals
    r"[Rr][Nn][Aa]-?[Ss]eq|RNAi|CRISPR|IHC|ISH|FACS|ELISA|PCR|q?RT-q?PCR|qPCR|XRD|SEM|2-DE|iTRAQ|HPLC"
    r"|FDR|ANOVA|SNPs?|DEGs?|DEPs?|GSEA|KEGG|TCGA|UniProt|PDB|Pfam|NCBI|RCTs?|SAEs?|PFS|MTD|NS|ns|WT"
    r"|PLOS|eLife|kcal|OD600|pH|nadir"
    # makers
    r"|Abcam|Invitrogen|Sigma|Aldrich|Q(?:iagen|IAGEN)|Promega|Roche|Millipore|Merck|Eppendorf|Thermo"
    r"|Fisher|Bio-?[Rr]ad|Illumina|Affymetrix|Amersham|Gibco|GIBCO|Lonza|GraphPad|Zeiss|Nikon|Leica"
    r"|Agilent|Covance|Cayman"
    # parts, states and processes of organisms
    r"|panicles?|hypha|hyphae|conidia|nymphs|mitosis|meiosis|lactation|hematopoiesis|endocytosis"
    r"|drought|salinity|weeds|rain|soma|whorls?"
    r")(?![\w-])"
)


class ArticleText(NamedTuple):
    """An article's passages, and the Latin names of species in its markup."""

    passages: list[str]
    species: frozenset[str]


def article_texts(paths: Iterable[Path]) -> Iterator[ArticleText]:
    """Every article of archives of JATS XML, as the job reads them."""
    for path in paths:
        for source in scan_archive(Archive(path.name, (str(path),))):
            if not isinstance(source, SourceArticle):
                continue
            try:
                articles = parse_articles(source, TextOptions())
            except RejectError:
                continue
            species = _species(source.xml)
            for article in articles:
                yield ArticleText(
                    [article.text[p.start : p.end] for p in article.passages], species
                )


def _species(xml: bytes) -> frozenset[str]:
    names = (" ".join(name.decode().split()) for name in _BINOMIAL.findall(xml))
    return frozenset(name for name in names if name.split()[0].lower() not in _NO_GENUS)


def allowed_labels(
    text: str,
    words: Sequence[tuple[int, int, int]],
    species: Iterable[str],
    labels: Sequence[str],
) -> list[tuple[int, ...]]:
    """The labels that each word of a sentence may have.

    Args:
        text: the sentence.
        words: as `encode` gives them.
        species: Latin names, "Ocimum sanctum" or "O. sanctum".
        labels: of the model.
    """
    anything = tuple(range(len(labels)))
    outside, begin, inside, begin_cd, inside_cd = (
        labels.index(label) for label in ("O", "B-OG", "I-OG", "B-CD", "I-CD")
    )
    allowed = [anything] * len(words)

    def mark(pattern: re.Pattern[str], first: tuple[int, ...], others: tuple[int, ...]) -> None:
        for match in pattern.finditer(text):
            hit = [i for i, (_, a, b) in enumerate(words) if a < match.end() and match.start() < b]
            for i in hit:
                allowed[i] = first if i == hit[0] else others

    mark(_NOTHING, (outside,), (outside,))
    mark(_ACID, (begin_cd, inside_cd), (inside_cd,))
    maybe = (outside, begin, inside)
    mark(_FAMILY, maybe, maybe)
    names = sorted(name for name in species if name in text)
    genera = sorted({name.split()[0] for name in species if name.split()[0] in text} - set(names))
    for known, first, others in (
        ([name for name in genera if not name.endswith(".")], maybe, maybe),
        (names, (begin,), (inside,)),
    ):
        if known:
            mark(re.compile(rf"\b(?:{'|'.join(map(re.escape, known))})\b"), first, others)
    return allowed


def article_examples(
    articles: Iterable[ArticleText],
    tokenizer: Tokenizer,
    labels: Sequence[str],
    *,
    seed: int,
    max_tokens: int = 256,
) -> list[Example]:
    """Up to `N_SENTENCES` sentences of the articles' passages, labelled where a rule is sure.

    Sentences of fewer than `LEAST_CHARACTERS` or more than `max_tokens` are left out.
    """
    sentences = [
        (passage[start:end], article.species)
        for article in articles
        for passage in article.passages
        for start, end in split_sentences(passage)
        if end - start >= LEAST_CHARACTERS
    ]
    random.Random(seed).shuffle(sentences)  # noqa: S311 - sampling, not secrecy
    sentences = sentences[:N_SENTENCES]
    found = []
    encoded = encode([text for text, _ in sentences], tokenizer)
    for (text, species), (ids, words) in zip(sentences, encoded, strict=True):
        if words and len(ids) <= max_tokens:
            found.append(
                Example(
                    ARTICLES.name,
                    tuple(ids),
                    tuple(first for first, _, _ in words),
                    ("O",) * len(words),
                    tuple(allowed_labels(text, words, species, labels)),
                )
            )
    return found

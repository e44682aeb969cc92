"""Each stage by itself, over one long article of the corpus.

python -m pytest tests/bench/bench_stages.py
"""

from pathlib import Path

import pytest

from models.folder import load_model
from tests.bench.shared import SHARED
from transforms import shards
from transforms.annotations import map_entities
from transforms.archives import scan_archive
from transforms.entities import find_entities, labelled_sentences
from transforms.inference import BATCH_COST, BATCH_TOKENS, cut_batches, score_windows
from transforms.jats import TextOptions, parse_articles
from transforms.journey import ModelOptions, annotate_source, load_annotators
from transforms.records import Archive, Sentence
from transforms.sections import code_sections
from transforms.sentences import split_sentences
from transforms.windows import cut_windows, tokenize_passages

ARTICLE = SHARED / "corpus" / "single" / "10.1371_journal.pbio.0040088.xml"
MODEL = "minilm-l6-bioner"


class Work:
    """An article before and after every stage."""

    def __init__(self, path: Path) -> None:
        self.archive = Archive(path.name, (str(path),))
        [self.source] = scan_archive(self.archive)
        self.model = load_model(MODEL)
        [self.parsed] = parse_articles(self.source, TextOptions())
        self.article = code_sections(self.parsed)
        self.texts = [self.article.text[p.start : p.end] for p in self.article.passages]
        self.spans = [split_sentences(text) for text in self.texts]
        self.tokens = tokenize_passages(self.texts, self.model.tokenizer)
        self.windows = cut_windows(self.tokens, self.spans, self.model.window_limit)
        self.logits = score_windows(self.model, self.tokens, self.windows)
        self.found = self.decode(self.model.aggregation)
        annotators = load_annotators([ModelOptions(MODEL, self.model.aggregation)])
        self.outcome = annotate_source(self.source, annotators, TextOptions())

    def decode(self, aggregation):
        """Entities by sentence, with offsets in the article's text."""
        found, number = [], 0
        places = zip(self.article.passages, self.logits, self.tokens, self.spans, strict=True)
        for index, (passage, logits, tokens, spans) in enumerate(places):
            for one in labelled_sentences(logits, tokens, spans, self.model.labels):
                entities = [
                    e._replace(start=e.start + passage.start, end=e.end + passage.start)
                    for e in find_entities(
                        logits, tokens, spans[one], self.model.labels, aggregation
                    )
                ]
                start, end = spans[one]
                sentence = Sentence(index, passage.start + start, passage.start + end)
                found.append((number + one, sentence, entities))
            number += len(spans)
        return found


@pytest.fixture(scope="module")
def work():
    """The article, or a skip that says what is missing."""
    if not ARTICLE.is_file():
        pytest.skip(f"there is no {ARTICLE}; set ANNOTATION_SHARED")
    return Work(ARTICLE)


def test_scan(benchmark, work):
    """Bytes to an article's range."""
    assert len(benchmark(lambda: list(scan_archive(work.archive)))) == 1


def test_parse(benchmark, work):
    """XML to text and its map."""
    assert benchmark(parse_articles, work.source, TextOptions())


def test_classify(benchmark, work):
    """Blocks around passages to section codes."""
    assert benchmark(code_sections, work.parsed).passages


def test_split(benchmark, work):
    """Passages to sentences."""
    assert benchmark(lambda: [split_sentences(text) for text in work.texts])


def test_tokenize(benchmark, work):
    """Passages to tokens."""
    assert benchmark(tokenize_passages, work.texts, work.model.tokenizer)


def test_windows(benchmark, work):
    """Sentences to windows."""
    assert benchmark(cut_windows, work.tokens, work.spans, work.model.window_limit)


def test_batches(benchmark, work):
    """Windows to batches."""
    lengths = sorted(w.end - w.start + work.model.n_special for w in work.windows)
    assert benchmark(cut_batches, lengths, BATCH_TOKENS, BATCH_COST)


def test_infer(benchmark, work):
    """Windows to logits, on one thread."""
    assert benchmark(score_windows, work.model, work.tokens, work.windows)


@pytest.mark.parametrize("aggregation", ["first", "viterbi"])
def test_decode(benchmark, work, aggregation):
    """Logits to entities."""
    assert benchmark(work.decode, aggregation)


def test_remap(benchmark, work):
    """Entities to annotations with their places in the XML."""
    place = work.source.range
    assert benchmark(map_entities, work.article, place.sha256, "m@f", work.found)


def test_write(benchmark, work):
    """Rows to the bytes of a shard."""
    [rows] = work.outcome.rows
    assert benchmark(shards.parquet_bytes, "annotations", [rows.batches["annotations"]])

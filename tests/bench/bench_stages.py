"""Each stage by itself, over one long article of the corpus.

python -m pytest tests/bench/bench_stages.py
"""

from pathlib import Path

import pytest

from models.annotators import load_annotators
from models.model import load_model
from tests.bench.shared import SHARED
from transforms.annotations import map_mentions
from transforms.archives import scan_archive
from transforms.inference import BATCH_COST, BATCH_TOKENS, cut_batches, score_windows
from transforms.jats import TextOptions, parse_articles
from transforms.journey import annotate_source
from transforms.layers import Annotator, ModelOptions, Resources
from transforms.mentions import ANNOTATIONS, find_mentions
from transforms.records import Archive
from transforms.sections import code_sections
from transforms.sentences import split_passages
from transforms.tables import layers_using
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
        self.passages = [(passage.start, passage.end) for passage in self.article.passages]
        self.split = split_passages(self.article.text, self.passages)
        self.tokens = tokenize_passages(self.split.texts, self.model.tokenizer)
        self.windows = cut_windows(self.tokens, self.split.spans, self.model.window_limit)
        self.logits, _ = score_windows(self.model, self.tokens, self.windows)
        self.mentions = self.decode(self.model.settings.aggregation)
        annotators = load_annotators([ModelOptions(MODEL, self.model.settings.aggregation)])
        self.layers = layers_using(Resources(annotators))

    def decode(self, aggregation):
        """Mentions, with offsets in the article's text."""
        annotator = Annotator(self.model, ModelOptions("", aggregation))
        return find_mentions(self.split, self.tokens, self.logits, annotator)


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
    assert benchmark(split_passages, work.article.text, work.passages)


def test_tokenize(benchmark, work):
    """Passages to tokens."""
    assert benchmark(tokenize_passages, work.split.texts, work.model.tokenizer)


def test_windows(benchmark, work):
    """Sentences to windows."""
    assert benchmark(cut_windows, work.tokens, work.split.spans, work.model.window_limit)


def test_batches(benchmark, work):
    """Windows to batches."""
    lengths = sorted(w.end - w.start + work.model.n_special for w in work.windows)
    assert benchmark(cut_batches, lengths, BATCH_TOKENS, BATCH_COST)


def test_infer(benchmark, work):
    """Windows to logits, on one thread."""
    assert benchmark(score_windows, work.model, work.tokens, work.windows)


@pytest.mark.parametrize("aggregation", ["first", "viterbi"])
def test_decode(benchmark, work, aggregation):
    """Logits to mentions."""
    assert benchmark(work.decode, aggregation)


def test_remap(benchmark, work):
    """Mentions to annotations with their places in the XML."""
    sha256, sentences = work.source.range.sha256, work.split.sentences
    assert benchmark(map_mentions, work.article, sha256, sentences, work.mentions)


def test_write(benchmark, work):
    """Rows to the bytes of a shard."""
    [rows] = annotate_source(work.source, work.layers, TextOptions()).rows
    assert benchmark(ANNOTATIONS.to_parquet, [rows.batches[ANNOTATIONS.name]])

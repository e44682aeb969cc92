"""An article's whole way: its rows depend on its bytes, the models and the options alone."""

import errno
import math
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from models.annotators import load_annotators
from tests.articles import article
from transforms.archives import scan_archive
from transforms.errors import MachineError
from transforms.jats import TextOptions
from transforms.journey import Outcome, annotate_source
from transforms.layers import Annotated, Clock, ModelOptions, Resources
from transforms.mentions import ANNOTATIONS
from transforms.records import Archive, ArticleRange, Reject, SourceArticle
from transforms.tables import layers_using

ROOT = Path(__file__).parents[2]
STAGES = {"parse", "classify", "split", "window", "infer", "decode", "remap", "write"}


def source_of(xml: str, index: int = 0) -> SourceArticle:
    """An article in its file."""
    data = xml.encode()
    place = ArticleRange("/in/a.xml", index, 10, 10 + len(data), "ab" * 32, "PMC1")
    return SourceArticle(place, data)


@pytest.fixture(scope="module")
def annotators(tiny):
    """Two models, the second one for sure mentions of genes only."""
    return load_annotators(
        [
            ModelOptions(tiny, "first"),
            ModelOptions(f"{tiny}_bpe", "first", min_score=1.0, min_scores={"GP": 0.5}),
        ]
    )


def rows_of(outcome: Outcome | Reject) -> list:
    """Everything of an outcome that becomes files."""
    assert isinstance(outcome, Outcome)
    return [
        (row.json_line, *(row.batches[t].to_pydict() for t in row.batches)) for row in outcome.rows
    ]


@pytest.fixture(scope="module")
def layers(annotators):
    """All layers, with these models."""
    return layers_using(Resources(annotators))


def test_counts_are_those_of_the_rows(layers):
    """Passages, sentences, windows, tokens, annotations, by type and section."""
    found = annotate_source(source_of(article(1)), layers, TextOptions())
    assert isinstance(found, Outcome)
    [rows] = found.rows
    [row] = rows.batches["articles"].to_pylist()
    annotations = rows.batches["annotations"].to_pylist()
    assert found.sums.counts.by_name() == {
        "articles": 1,
        "rejects": 0,
        "duplicates": 0,
        "sub_articles": 0,
        "passages": len(row["passages"]),
        "sentences": rows.batches["sentences"].num_rows,
        "windows": row["n_windows"],
        "tokens": row["n_tokens"],
        "annotations": len(annotations),
    }
    assert found.sums.types.total() == found.sums.sections.total() == len(annotations)
    assert found.sums.types.keys() == {"GP", "OG", "DS", "CD"}
    assert set(found.clock.msec) == STAGES
    assert [(a["start"], a["end"], a["type"], a["model"]) for a in annotations] == sorted(
        (a["start"], a["end"], a["type"], a["model"]) for a in annotations
    )


def test_each_model_has_its_own_least_scores(layers):
    """A type's own wins over the one for all."""
    found = annotate_source(source_of(article(1)), layers, TextOptions())
    rows = found.rows[0].batches["annotations"].to_pylist()
    types = {}
    for row in rows:
        types.setdefault(row["model"].split("@")[0], set()).add(row["type"])
    assert types == {"tiny": {"GP", "OG", "DS", "CD"}, "tiny_bpe": {"GP"}}


def test_same_article_gives_the_same_rows_whoever_is_beside_it(layers):
    """Alone, or while other threads annotate other articles with the same models."""
    sources = [source_of(article(n, paragraphs=1 + n % 4), n) for n in range(12)]
    alone = [rows_of(annotate_source(s, layers, TextOptions())) for s in sources]
    together = threading.Barrier(4)

    def annotate(source: SourceArticle) -> list:
        if source.range.source_index < 4:
            together.wait(60)
        return rows_of(annotate_source(source, layers, TextOptions()))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(annotate, sources)) == alone


def test_sub_articles_have_rows_of_their_own(layers):
    """In the order of the document, after their article."""
    xml = article(1).replace(
        "</article>",
        "<sub-article><body><p>Human cells.</p></body></sub-article>"
        "<response><body><p>No mice.</p></body></response></article>",
    )
    found = annotate_source(source_of(xml), layers, TextOptions())
    ids = [row.batches["articles"]["article_id"][0].as_py() for row in found.rows]
    assert ids == ["PMC1", "PMC1#sa1", "PMC1#sa2"]
    assert (found.sums.counts.articles, found.sums.counts.sub_articles) == (1, 2)


def test_article_without_text_has_a_row_and_no_more(layers):
    """An empty result is a result."""
    found = annotate_source(source_of("<article><front/><body/></article>"), layers, TextOptions())
    [rows] = found.rows
    assert rows.batches["articles"].num_rows == 1
    assert rows.batches["sentences"].num_rows == rows.batches["annotations"].num_rows == 0
    assert found.sums.counts.tokens == 0


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("", "empty"),
        ("<article><p></article>", "not-well-formed"),
        ("<html><body/></html>", "not-jats"),
        ("<article><x:p/></article>", "unbound-prefix"),
    ],
)
def test_bad_article_is_a_reject_with_its_place(xml, reason, layers):
    """Never an exception, never an empty row."""
    source = source_of(xml, 7)
    found = annotate_source(source, layers, TextOptions())
    assert isinstance(found, Reject)
    assert (found.stage, found.reason) == ("parse", reason)
    assert found.message
    place = source.range
    assert (found.source_uri, found.source_index, found.article_id) == ("/in/a.xml", 7, "PMC1")
    assert (found.start_byte, found.end_byte) == (place.start_byte, place.end_byte)


def test_model_that_gives_no_number_costs_the_article_alone(annotators, layers, monkeypatch):
    """The reject says which model, and where."""
    model = annotators[0].model
    score = type(model).score

    def broken(self, windows):
        scores = score(self, windows)
        scores[0][0, 0] = math.nan
        return scores

    monkeypatch.setattr(type(model), "score", broken)
    found = annotate_source(source_of(article(1)), layers, TextOptions())
    assert isinstance(found, Reject)
    assert (found.stage, found.reason) == ("infer", "not-finite")
    assert "tiny" in found.message
    monkeypatch.undo()
    assert isinstance(annotate_source(source_of(article(1)), layers, TextOptions()), Outcome)
    assert np.isfinite(score(model, [np.array([1], np.int32)])[0]).all()


@pytest.mark.parametrize(
    ("stage", "step"),
    [
        ("parse", "journey.parse_articles"),
        ("classify", "journey.code_sections"),
        ("split", "journey.split_passages"),
        ("window", "mentions.cut_windows"),
        ("decode", "mentions.find_entities"),
        ("remap", "mentions.map_mentions"),
        ("write", "journey.article_row"),
    ],
)
def test_stage_that_fails_costs_the_article_alone(stage, step, layers, monkeypatch):
    """A fault of ours is told as one, with the article's place."""

    def fail(*_, **__):
        raise KeyError("what nobody thought of")

    monkeypatch.setattr(f"transforms.{step}", fail)
    reject = annotate_source(source_of(article(1), 3), layers, TextOptions())
    assert isinstance(reject, Reject)
    assert (reject.stage, reject.reason, reject.source_index) == (stage, "internal-error", 3)
    assert "KeyError: 'what nobody thought of'" in reject.message


@pytest.mark.parametrize("step", ["journey.parse_articles", "mentions.cut_windows"])
@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.EMFILE, "Too many open files"),
        MemoryError("no memory"),
        ImportError("codecs"),
        RuntimeError("can't start new thread"),
    ],
)
def test_fault_of_the_machine_costs_no_article(step, fault, layers, monkeypatch):
    """It ends the run, which goes on when the machine is well again."""

    def fail(*_, **__):
        raise KeyError("as a library hands it on") from fault

    monkeypatch.setattr(f"transforms.{step}", fail)
    with pytest.raises(MachineError, match=r"^PMC1: (parse|window) failed: KeyError"):
        annotate_source(source_of(article(1)), layers, TextOptions())


def test_panic_of_a_tokenizer_costs_the_article(layers, monkeypatch):
    """It is no ``Exception``, and comes of the article's text."""

    class PanicException(BaseException):
        pass

    def fail(*_, **__):
        raise PanicException("byte index 1 is not a char boundary")

    monkeypatch.setattr("transforms.mentions.tokenize_passages", fail)
    reject = annotate_source(source_of(article(1)), layers, TextOptions())
    assert isinstance(reject, Reject)
    assert (reject.stage, reject.reason) == ("window", "internal-error")


def test_model_that_fails_ends_the_run(layers, monkeypatch):
    """No article is rejected for good because a machine had no memory left."""

    def fail(*_):
        raise RuntimeError("bad allocation")

    monkeypatch.setattr("transforms.mentions.score_windows", fail)
    with pytest.raises(RuntimeError, match="bad allocation"):
        annotate_source(source_of(article(1)), layers, TextOptions())


class Doubts:
    """A layer that improves the rows of an earlier one."""

    table = ANNOTATIONS

    @classmethod
    def using(cls, _: Resources) -> "Doubts":
        """Needs nothing."""
        return cls()

    def annotate(self, article: Annotated, clock: Clock) -> Annotated:
        """Halves every score."""
        with clock.timed("doubt"):
            rows = [row._replace(score=row.score / 2) for row in article.rows_of(self.table)]
        return article.with_rows(self.table, rows)


def test_a_layer_can_replace_the_rows_of_an_earlier_one(layers):
    """What it gives is what is written, and its time is its own."""
    plain, doubted = (
        annotate_source(source_of(article(1)), some, TextOptions())
        for some in (layers, (*layers, Doubts()))
    )
    scores, halves = (
        found.rows[0].batches["annotations"]["score"].to_pylist() for found in (plain, doubted)
    )
    assert halves == [score / 2 for score in scores] != []
    assert set(doubted.clock.msec) == {*STAGES, "doubt"}


def test_model_is_loaded_once_a_process(tiny):
    """However many runs ask for it."""
    first, second = (load_annotators([ModelOptions(tiny, how)])[0] for how in ("first", "max"))
    assert first.model is second.model
    assert first.options != second.options


def test_every_sample_becomes_rows_or_one_reject(samples, layers):
    """What goes in comes out."""
    uris = tuple(str(path) for path in sorted(samples.glob("*.xml*")))
    outcomes = [
        annotate_source(entry, layers, TextOptions())
        for entry in scan_archive(Archive("samples", uris))
        if isinstance(entry, SourceArticle)
    ]
    assert len(outcomes) == 12
    assert sum(isinstance(found, Reject) for found in outcomes) == 1


GROWTH = """
import numpy as np, psutil
from transforms.inference import BATCH_TOKENS
from transforms.layers import ModelOptions
from models.annotators import load_annotators

[annotator] = load_annotators([ModelOptions("minilm-l6-bioner", "viterbi")], threads=2)
model, process = annotator.model, psutil.Process()
feeds = [
    model.feed([np.zeros(length, np.int32)] * (BATCH_TOKENS // (length + 2)))
    for length in (1, 9, 60, 250, 510)
]
before = process.memory_full_info().uss
for session in list(model.sessions.idle.queue):
    for feed in feeds:
        session.run(None, feed)
print(process.memory_full_info().uss - before)
"""


def test_memory_does_not_grow_with_the_first_long_sentence_of_a_thread():
    """Every thread's session has the room for the largest batch when the work begins."""
    told = subprocess.run(
        [sys.executable, "-c", GROWTH], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(told.stdout) < 5e6

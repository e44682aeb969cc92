"""What travels to workers and back arrives as it was sent."""

import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from apache_beam.internal import pickler

from models.annotators import load_cached
from models.terminology.store import open_terminology
from pipeline.beam.graph import AnnotateChunk
from pipeline.job.chunks import Chunk
from pipeline.job.fingerprint import parts_fingerprint
from pipeline.job.options import RunOptions
from pipeline.job.worker import OtherWorkerError
from pipeline.output.receipts import Receipt, Totals
from transforms.jats import TextOptions
from transforms.layers import ModelOptions
from transforms.records import Archive, ArticleRange, Counts, Reject, Sums


def options(tiny: str) -> RunOptions:
    """Options with something in every field."""
    model = ModelOptions(
        folder=tiny,
        aggregation="max",
        min_score=0.25,
        min_scores={"GP": 0.5, "DS": 1.0},
        window="pack",
    )
    text = TextOptions(languages=frozenset({"en", "de"}), references=True)
    loaded = load_cached(tiny, 2)
    terms = open_terminology("terms-bio")
    parts = parts_fingerprint([loaded, loaded, terms, terms])
    return RunOptions(
        "s3://bucket/out",
        (model, model),
        ("terms-bio", "terms-bio"),
        text,
        2,
        "fedcba98",
        "0123456789abcdef",
        parts,
    )


RANGE = ArticleRange(
    source_uri="/a b/ü.tar.gz!/x/1.nxml",
    source_index=3,
    article_id="PMC1",
    start_byte=5,
    end_byte=2**40,
    sha256="ab" * 32,
    package_byte=2**41,
)
REJECT = Reject(
    source_uri="/a.xml",
    source_index=4,
    article_id=None,
    stage="read",
    reason="truncated",
    message="the file ends “early”",
    start_byte=7,
    end_byte=9,
)
CHUNK = Chunk("a-0000000-0000001-01234567", (RANGE, REJECT), {0: ("b-0000000-0000000-76543210", 2)})
RECEIPT = Receipt(
    chunk_id=CHUNK.chunk_id,
    options="0123456789abcdef",
    planned=2,
    sums=Sums(
        Counts(articles=1, rejects=1, rows=Counter(sentences=3)),
        types=Counter(GP=7),
        sections=Counter({"RESULTS|DISCUSS": 7}),
        reasons=Counter(truncated=1),
        notes=Counter(entities_decoded=2),
    ),
    duplicates={"/a.xml#1": "/a.xml#0"},
    files={"articles/a.parquet": {"bytes": 9, "sha256": "cd" * 32}},
)


def totals() -> Totals:
    """The sum of two receipts' accumulators."""
    sums = (Totals(), Totals())
    for each in sums:
        each.add_receipt(RECEIPT)
    sums[0].merge(sums[1])
    return sums[0]


@pytest.fixture(params=["pickle", "beam"])
def travel(request) -> Callable[[Any], Any]:
    """There and back: as elements travel, and as functions and their arguments do."""
    if request.param == "pickle":
        return lambda value: pickle.loads(pickle.dumps(value))  # noqa: S301 - our own
    return lambda value: pickler.loads(pickler.dumps(value))


@pytest.mark.parametrize(
    "value",
    [Archive("a", ("/a.xml", "/b.xml")), RANGE, REJECT, CHUNK, RECEIPT, totals()],
    ids=lambda value: type(value).__name__,
)
def test_records_arrive_as_sent(value, travel):
    """Equal in every field, and of the same type."""
    arrived = travel(value)
    assert arrived == value
    assert type(arrived) is type(value)
    assert repr(arrived) == repr(value)


def test_receipt_survives_its_file():
    """That is how it comes back in the next run."""
    assert Receipt.from_bytes(RECEIPT.to_bytes()) == RECEIPT
    with pytest.raises(ValueError, match="blanned"):
        Receipt.from_bytes(RECEIPT.to_bytes().replace(b'"planned"', b'"blanned"'))


def test_options_arrive_as_sent(tiny, travel):
    """Models by name and numbers: no model, no session."""
    sent = options(tiny)
    assert travel(sent) == sent
    assert len(pickler.dumps(sent)) < 5_000


def test_step_arrives_ready_to_work(tiny, travel):
    """It loads its models there."""
    sent = options(tiny)
    step = travel(AnnotateChunk(sent))
    step.setup()
    assert step._worker.options == sent
    mentions, links = step._worker.layers
    assert len(links.terminologies) == len(sent.terms)
    assert [annotator.options for annotator in mentions.annotators] == list(sent.models)


def test_worker_of_another_version_is_refused(tiny):
    """Its rows would not be those that its receipts tell of."""
    with pytest.raises(OtherWorkerError, match="install the same version"):
        AnnotateChunk(replace(options(tiny), parts="of another")).setup()

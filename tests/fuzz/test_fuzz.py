"""Whatever becomes of an article on its way here, it becomes rows that hold, or one clear reject.

Articles and files are damaged at random, and taken all the way: scan, read again, parse, split,
window, infer, decode, write. ``FUZZ_SECONDS`` says for how long (3), ``FUZZ_SEED`` where to begin
(0): the same seed makes the same files.
"""

import os
import random
import time
from pathlib import Path

import pytest

from models.annotators import load_annotators
from tests.articles import article
from tests.fuzz.mutate import CONTAINERS, damage, mutate
from transforms.archives import read_articles, scan_archive
from transforms.jats import TextOptions
from transforms.journey import Outcome, annotate_source
from transforms.layers import ModelOptions, Resources
from transforms.records import Archive, Reject, SourceArticle
from transforms.shards import ChunkFiles
from transforms.tables import REJECTS, TABLES, layers_using, reject_rows

SECONDS = float(os.environ.get("FUZZ_SECONDS", "3"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
SLOW = 60
"""Seconds for one small file, on a machine that may be busy."""


@pytest.fixture(scope="module")
def layers(tiny):
    """All layers, with models of both kinds of tokenizer."""
    folders = (tiny, f"{tiny}_bpe")
    return layers_using(
        Resources(load_annotators([ModelOptions(each, "first") for each in folders]))
    )


@pytest.fixture(scope="module")
def seeds(samples) -> list[bytes]:
    """Good articles: a small one, and those of the golden cases."""
    cases = sorted((samples.parent / "articles").glob("*/article.xml"))
    return [article(1).encode(), *(path.read_bytes() for path in cases)]


def made(seeds: list[bytes], choose: random.Random) -> bytes:
    """A file of damaged articles, perhaps damaged itself."""
    parts = [mutate(choose.choice(seeds), choose) for _ in range(choose.choice((1, 1, 3)))]
    data = choose.choice(CONTAINERS)(b"<articles>" + b"\n".join(parts) + b"</articles>")
    return damage(data, choose) if choose.random() < 0.4 else data


def check_file(path: Path, layers) -> None:
    """Takes what a file holds all the way, and checks what comes of it."""
    found = list(scan_archive(Archive("a", (str(path),))))
    assert found
    articles = [each for each in found if isinstance(each, SourceArticle)]
    assert list(read_articles([each.range for each in articles])) == articles
    rejects = [each for each in found if isinstance(each, Reject)]
    files = ChunkFiles(TABLES)
    for each in articles:
        outcome = annotate_source(each, layers, TextOptions())
        if isinstance(outcome, Reject):
            rejects.append(outcome)
        else:
            check_rows(outcome)
            for rows in outcome.rows:
                files.add(rows)
    assert not [each for each in rejects if each.reason == "internal-error"]
    assert all(each.message and each.source_uri.isprintable() for each in rejects)
    files.finish({REJECTS.name: reject_rows(rejects)})


def check_rows(outcome: Outcome) -> None:
    """Checks the promises that can be seen in the rows alone."""
    for rows in outcome.rows:
        tables = {name: batch.to_pylist() for name, batch in rows.batches.items()}
        [row] = tables["articles"]
        text = row["text"]
        assert row["chars_kept"] + row["chars_excluded"] == row["chars_source"]
        assert sum(dict(row["excluded"]).values()) == row["chars_excluded"]
        for passage in row["passages"]:
            assert text[passage["start"] : passage["end"]].strip()
        end = 0
        for sentence in tables["sentences"]:
            assert not text[end : sentence["start"]].strip()
            assert sentence["start"] < sentence["end"]
            end = sentence["end"]
        assert not text[end:].strip()
        for found in tables["annotations"]:
            assert text[found["start"] : found["end"]] == found["exact"] != ""


def test_damaged_files(seeds, layers, tmp_path):
    """No file is too odd."""
    ends = time.monotonic() + SECONDS
    number = SEED
    while number == SEED or time.monotonic() < ends:
        path = tmp_path / "a"
        path.write_bytes(made(seeds, random.Random(number)))  # noqa: S311 - no secret
        started = time.process_time()
        try:
            check_file(path, layers)
        except BaseException as error:
            pytest.fail(f"FUZZ_SEED={number}: {type(error).__name__}: {error}")
        assert time.process_time() - started < SLOW, f"FUZZ_SEED={number} takes too long"
        number += 1

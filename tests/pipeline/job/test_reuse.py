"""Rows of an earlier run are those that annotating again would give, at the new place."""

from dataclasses import replace

import pytest

from models.annotators import load_annotators
from models.terminology.store import open_terminology
from pipeline.job.reuse import Reader, annotated_before
from pipeline.output.record import DamagedError
from tests.articles import article, write_archive
from transforms.archives import scan_archive
from transforms.jats import TextOptions
from transforms.journey import annotate_source
from transforms.layers import ModelOptions, Resources
from transforms.records import Archive, ArticleRange, SourceArticle
from transforms.tables import layers_using

REPLY = "<sub-article><body><p>Thank you for the mice.</p></body></sub-article></article>"
EMPTY = (
    '<article><front><article-meta><article-id pub-id-type="pmcid">{}</article-id>'
    "</article-meta></front></article>"
)
ARTICLES = [
    article(1).replace("</article>", REPLY),
    EMPTY.format(10),
    article(2, paragraphs=1),
    article(2, paragraphs=2),
    EMPTY.format(11),
]


@pytest.fixture
def earlier(annotate, tmp_path):
    """An output, its one chunk, and the articles of its input."""
    path = write_archive(tmp_path / "a.xml.gz", ARTICLES)
    assert annotate(path, tmp_path / "out") == 0
    [receipt] = (tmp_path / "out" / "receipts").iterdir()
    sources = [s for s in scan_archive(Archive("a", (str(path),))) if isinstance(s, SourceArticle)]
    assert len(sources) == len(ARTICLES)
    return tmp_path / "out", receipt.stem, sources


def key(place: ArticleRange) -> str:
    """How an article is looked up."""
    return f"{place.article_id} {place.sha256}"


def test_every_article_is_known_by_id_and_bytes(earlier):
    """With its first row; sub-articles go with it."""
    output, chunk, sources = earlier
    rows = (0, 2, 3, 4, 5)
    assert annotated_before(str(output), [chunk]) == {
        key(source.range): (chunk, row) for source, row in zip(sources, rows, strict=True)
    }


def test_chunk_without_receipt_or_shard_is_not_known(earlier):
    """It was never committed, or is no longer whole."""
    output, chunk, _ = earlier
    assert annotated_before(str(output), ["other"]) == {}
    shard = output / "articles" / f"{chunk}.parquet"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1] + b"?")
    assert annotated_before(str(output), [chunk]) == {}
    shard.unlink()
    assert annotated_before(str(output), [chunk]) == {}
    shard.write_bytes(whole)
    assert annotated_before(str(output), [chunk]) != {}
    (output / "receipts" / f"{chunk}.json").unlink()
    assert annotated_before(str(output), [chunk]) == {}


def test_shard_that_is_damaged_meanwhile_is_told_with_its_path(earlier):
    """Whatever Arrow says of it."""
    output, chunk, sources = earlier
    places = annotated_before(str(output), [chunk])
    shard = output / "articles" / f"{chunk}.parquet"
    shard.write_bytes(shard.read_bytes()[:-9])
    with pytest.raises(DamagedError, match=f"{shard} is damaged"):
        Reader(str(output), {0: places[key(sources[0].range)]}).outcome(0, sources[0].range)


def test_rows_are_those_of_annotating_again_at_the_new_place(earlier, tiny):
    """Byte for byte what would be written, and the same counts."""
    output, chunk, sources = earlier
    annotators = load_annotators([ModelOptions(tiny, "first")])
    layers = layers_using(Resources(annotators, [open_terminology("terms-bio")]))
    known = annotated_before(str(output), [chunk])
    reader = Reader(
        str(output), {number: known[key(source.range)] for number, source in enumerate(sources)}
    )
    # In another order than they stand in.
    for number in (3, 0, 4, 2, 1):
        source = sources[number]
        place = replace(source.range, source_uri="/new/b.xml.gz", source_index=number + 100)
        kept = reader.outcome(number, place)
        again = annotate_source(replace(source, range=place), layers, TextOptions())
        assert [row.json_line for row in kept.rows] == [row.json_line for row in again.rows]
        assert [row.batches for row in kept.rows] == [row.batches for row in again.rows]
        assert kept.sums == again.sums

"""Chunks: all of an archive, in order, by the archive alone."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pipeline.job.chunks import (
    MAX_CHUNK_ARTICLES,
    MAX_CHUNK_BYTES,
    MIN_CHUNK_BYTES,
    Chunk,
    Entry,
    cut_chunks,
)
from pipeline.output.paths import files_of, receipt_of
from transforms.records import Archive, ArticleRange, Reject

ARCHIVE = Archive("a-0123", ("/in/a.xml.gz",))


def entries_of(sizes: list[int | None]) -> list[Entry]:
    """Articles of so many bytes, one after the other; None is a reject over a megabyte."""
    entries: list[Entry] = []
    at = 0
    for index, size in enumerate(sizes):
        end = at + (size or 1 << 20)
        if size is None:
            entries.append(Reject("a", index, None, "plan", "not-xml", "it is none", at, end))
        else:
            entries.append(ArticleRange("a", index, at, end, f"{index:064x}", f"PMC{index + 1}"))
        at = end
    return entries


@given(st.lists(st.none() | st.integers(1, 30 << 20), max_size=60))
def test_chunks_cover_all_entries_once_in_order(sizes):
    """None is empty; their names sort as they stand."""
    entries = entries_of(sizes)
    chunks = cut_chunks(ARCHIVE, entries)
    assert [entry for chunk in chunks for entry in chunk.entries] == entries
    assert all(chunk.entries for chunk in chunks)
    names = [chunk.chunk_id for chunk in chunks]
    assert names == sorted(set(names))


def test_names_stay():
    """From one version of the code to the next, and where a package is packed anew."""
    place = ArticleRange("/a.tar!/1.xml", 0, 5, 99, "ab" * 32, "PMC1", 'xmlns:x="y"')
    for entry in (place, replace(place, package_byte=512)):
        [chunk] = cut_chunks(ARCHIVE, [entry])
        assert chunk.chunk_id == "a-0123-0000000-0000000-ef8a5534"


@given(st.lists(st.none() | st.integers(1, 30 << 20), max_size=60))
def test_no_chunk_is_over_the_limits(sizes):
    """But for one article that alone is."""
    for chunk in cut_chunks(ARCHIVE, entries_of(sizes)):
        own = [entry for entry in chunk.entries if isinstance(entry, ArticleRange)]
        size = sum(entry.end_byte - entry.start_byte for entry in own)
        assert size <= MAX_CHUNK_BYTES or len(own) == 1
        assert len(chunk.entries) <= MAX_CHUNK_ARTICLES


def test_small_archive_is_one_chunk_and_a_large_one_not_a_million():
    """A megabyte at least; Europe PMC's 10,000 articles make some fifty files a table."""
    assert len(cut_chunks(ARCHIVE, entries_of([100] * MAX_CHUNK_ARTICLES))) == 1
    assert len(cut_chunks(ARCHIVE, entries_of([100] * (MAX_CHUNK_ARTICLES + 1)))) == 2
    assert len(cut_chunks(ARCHIVE, entries_of([MIN_CHUNK_BYTES // 2] * 4))) == 2
    assert 40 <= len(cut_chunks(ARCHIVE, entries_of([120_000] * 10_000))) <= 60
    assert cut_chunks(ARCHIVE, []) == []


@given(st.lists(st.integers(1, 1 << 21), min_size=1, max_size=20), st.data())
def test_name_tells_the_content(sizes, data):
    """The same entries give the same names, another article's bytes another."""
    entries = entries_of(list(sizes))
    names = [chunk.chunk_id for chunk in cut_chunks(ARCHIVE, entries)]
    assert [chunk.chunk_id for chunk in cut_chunks(ARCHIVE, tuple(entries))] == names
    changed = data.draw(st.integers(0, len(entries) - 1))
    entries[changed] = replace(entries[changed], sha256="f" * 64)
    others = [chunk.chunk_id for chunk in cut_chunks(ARCHIVE, entries)]
    assert len(set(others) - set(names)) == 1
    moved = cut_chunks(replace(ARCHIVE, name="b"), entries)
    assert not set(others) & {chunk.chunk_id for chunk in moved}


def test_names_are_safe_as_files():
    """Every table's shard and the receipt have the chunk's name."""
    [chunk] = cut_chunks(ARCHIVE, entries_of([10]))
    assert isinstance(chunk, Chunk)
    paths = [receipt_of(chunk.chunk_id), *files_of(chunk.chunk_id).values()]
    assert len(set(paths)) == 6
    assert all(path.count("/") == 1 and chunk.chunk_id in path for path in paths)

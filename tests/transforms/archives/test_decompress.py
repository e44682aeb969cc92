"""Promises of decompression: whole files and broken ones, and going on where others were."""

import gzip
import zlib
from itertools import zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.archives.sources import article, bulk, scan, told
from transforms.archives import Points, read_articles
from transforms.records import Reject, SourceArticle


class TestGzip:
    """Compressed sources, whole and broken."""

    PARTS = tuple(article(number) for number in range(1, 6))
    DATA = bulk(*PARTS)

    def test_members(self, scan_bytes):
        """A gzip file of several members, padded, is one stream."""
        cut = len(self.DATA) // 2
        packed = gzip.compress(self.DATA[:cut]) + gzip.compress(self.DATA[cut:]) + b"\0" * 512
        assert told(scan_bytes(packed)) == [f"PMC{number}" for number in range(1, 6)]

    def test_trailing_garbage(self, scan_bytes):
        """Bytes behind the compressed data are told, and cost no article."""
        found = scan_bytes(gzip.compress(self.DATA) + b"garbage")
        assert told(found) == [*(f"PMC{number}" for number in range(1, 6)), "damaged"]

    def test_bad_checksum(self, scan_bytes):
        """A wrong checksum is told, and costs no article."""
        packed = bytearray(gzip.compress(self.DATA))
        packed[-8] ^= 1
        found = scan_bytes(bytes(packed))
        assert told(found) == [*(f"PMC{number}" for number in range(1, 6)), "damaged"]

    def test_truncated_at_every_byte(self, tmp_path):
        """Every article before the cut is given, and one reject for the rest."""
        packed = gzip.compress(self.DATA)
        path = tmp_path / "a.xml.gz"
        for cut in range(2, len(packed)):
            path.write_bytes(packed[:cut])
            *found, last = scan(path)
            assert isinstance(last, Reject)
            assert last.reason == "truncated"
            whole = [each.xml for each in found if isinstance(each, SourceArticle)]
            assert whole == list(self.PARTS[: len(found)])
            kept = gunzip_what_is_there(packed[:cut])
            assert len(found) == kept.count(b"</article>")
            assert last.end_byte == len(kept)
            rest = kept[found[-1].range.end_byte if found else last.start_byte : last.start_byte]
            assert rest in b"\n</articles>\n", "the rest starts behind the last whole article"

    @given(st.data())
    @settings(max_examples=60, deadline=None)
    def test_damaged_anywhere(self, tmp_path_factory, data):
        """Damage at any byte loses nothing that was decompressed before it, and never raises."""
        packed = bytearray(gzip.compress(self.DATA, mtime=0))
        place = data.draw(st.integers(12, len(packed) - 1))
        packed[place] ^= data.draw(st.integers(1, 255))
        path = tmp_path_factory.mktemp("gz") / "a.xml.gz"
        path.write_bytes(packed)
        found = scan(path)
        try:
            harmless = gzip.decompress(bytes(packed)) == self.DATA  # a bit of padding
        except (OSError, EOFError, zlib.error):
            harmless = False
        assert isinstance(found[-1], Reject) != harmless


def gunzip_what_is_there(data: bytes) -> bytes:
    """The bytes that a truncated gzip file still gives."""
    return zlib.decompressobj(31).decompress(data)


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_where_others_have_been(tmp_path_factory, data):
    """Chunks in any order, two at a time, of a file in several gzip members, padded or not."""
    parts = [article(number, b"%07d" % number * 30_000) for number in range(1, 21)]
    whole = bulk(*parts)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=3)))
    spans = zip([0, *cuts], [*cuts, len(whole)], strict=True)
    padding = b"\0" * data.draw(st.integers(0, 600))
    path = tmp_path_factory.mktemp("members") / "a.xml.gz"
    path.write_bytes(padding.join(gzip.compress(whole[a:b], 1) for a, b in spans) + padding)
    found = scan(path)
    chunks = [found[at : at + 3] for at in range(0, 20, 3)]
    points = Points()
    order = data.draw(st.permutations(chunks))
    for pair in zip(order[::2], order[1::2], strict=False):
        readers = [read_articles([each.range for each in chunk], points) for chunk in pair]
        together = zip_longest(*readers)
        assert [list(column) for column in zip(*together, strict=True)] == [
            chunk + [None] * (max(map(len, pair)) - len(chunk)) for chunk in pair
        ]


@pytest.mark.parametrize("count", range(30, 120, 9))
def test_damage_does_not_mislead_those_that_go_on(tmp_path, count):
    """A wrong checksum at the end costs nothing that stands before it, read once or again."""
    parts = [article(number, b"%07d" % number * 8_000) for number in range(1, count)]
    packed = bytearray(gzip.compress(bulk(*parts, *(article(n) for n in range(500, 510)))))
    packed[-8] ^= 1
    path = tmp_path / "a.xml.gz"
    path.write_bytes(packed)
    found = [each for each in scan(path) if isinstance(each, SourceArticle)]
    points = Points()
    for each in found[-6:]:
        assert list(read_articles([each.range], points)) == [each]

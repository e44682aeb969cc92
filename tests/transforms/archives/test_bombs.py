"""Promises about little that grows without end."""

import gzip
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from tests.transforms.archives.sources import article, bulk, scan, tar_of, told, zip_of
from transforms.archives import bombs
from transforms.records import SourceArticle


class TestBombs:
    """Little that grows without end."""

    SIZE = 12 << 20

    @pytest.fixture(autouse=True)
    def lower_limits(self, monkeypatch):
        """The same at a size that is quick."""
        monkeypatch.setattr(bombs, "BOMB_BYTES", 6 << 20)
        monkeypatch.setattr(bombs, "SKIPPED_BOMB_BYTES", 9 << 20)

    def bomb(self, start: bytes, end: bytes) -> Iterator[bytes]:
        """Mebibytes of spaces between two tags."""
        yield start
        for _ in range(self.SIZE >> 20):
            yield b" " * (1 << 20)
        yield end

    def test_gzip_bomb(self, tmp_path):
        """Decompression stops where too much comes from too little, in bounded memory."""
        path = tmp_path / "a.xml.gz"
        with gzip.open(path, "wb") as file:
            file.write(b"<articles>" + article(1))
            file.writelines(self.bomb(b"<article>", b"</article>"))
        tracemalloc.start()
        found = scan(path, max_article_bytes=2 << 20)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert told(found) == ["PMC1", "zip-bomb"]
        assert peak < self.SIZE

    def test_zip_bomb(self, tmp_path):
        """A bomb in a zip file costs its member."""
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("bomb.xml", b"".join(self.bomb(b"<article>", b"")))
            package.writestr("fine.xml", article(1))
        assert told(scan(path)) == ["zip-bomb", "PMC1"]

    @pytest.mark.parametrize(("name", "size"), [("x.xml", 7 << 20), ("x.jpg", 10 << 20)])
    def test_tar_bomb(self, tmp_path, name, size):
        """A bomb among a package's members is refused; a blank image may be larger."""
        path = tmp_path / "a.tar.gz"
        path.write_bytes(tar_of({name: b"\0" * size, "fine.xml": article(1)}))
        assert told(scan(path)) == ["zip-bomb"]
        path.write_bytes(tar_of({"x.jpg": b"\0" * (8 << 20), "fine.xml": article(1)}))
        assert told(scan(path)) == ["PMC1"]

    def test_overlapping_zip_members(self, tmp_path):
        """Many names for the same compressed bytes are refused before any is read."""
        packed = zip_of({"a.xml": article(1, bytes(range(32, 127)) * 9)})
        start = packed.index(b"PK\1\2")
        entry = packed[start : packed.index(b"PK\5\6")]
        count = 50
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(entry) * count, start, 0)
        path = tmp_path / "a.zip"
        path.write_bytes(packed[:start] + entry * count + end)
        assert told(scan(path)) in (["zip-bomb"], ["PMC1", *["unsafe-member"] * 49])

    def test_many_equal_articles_are_no_bomb(self, tmp_path):
        """Articles that repeat shrink as much as a bomb does, and are read all the same."""
        path = tmp_path / "a.xml.gz"
        one, count = article(1, b"<p>x</p>" * 400), self.SIZE // 3000
        path.write_bytes(gzip.compress(bulk(*[one] * count)))
        assert path.stat().st_size * bombs.BOMB_RATIO < self.SIZE
        assert sum(isinstance(each, SourceArticle) for each in scan(path)) == count

    def test_methods_upon_methods(self, tmp_path, monkeypatch):
        """No file gives more than gzip can make of it, articles or not."""
        one = bulk(*[article(1)] * 40_000)
        path = tmp_path / "a.tar.gz"
        path.write_bytes(tar_of({"a.xml.gz": gzip.compress(one)}))
        assert path.stat().st_size * bombs.MAX_RATIO < len(one)
        found = told(scan(path))
        assert found[-1] == "zip-bomb"
        assert 1_000 < len(found) < 40_000
        monkeypatch.setattr(bombs, "BOMB_BYTES", 1 << 20)
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as package:
            for number in range(3):
                package.writestr(f"{number}.xml", one[:1_000_000])
            package.writestr("whole.xml", one)
        assert told(scan(path))[-1] == "zip-bomb"

    @pytest.mark.parametrize("piece", [b"<article/>", b"<article/>x"])
    def test_articles_of_nothing(self, tmp_path, monkeypatch, piece):
        """Articles and rejects, all of which the plan holds, are as many as the bytes allow."""
        monkeypatch.setattr(bombs, "MAX_ITEMS", 1_000)
        path = tmp_path / "a.xml.gz"
        path.write_bytes(gzip.compress(bulk(piece * 900_000)))
        found = told(scan(path))
        assert found[-1] == "zip-bomb"
        assert len(found) < 100_000
        path.write_bytes(gzip.compress(bulk(piece * 400)))
        assert "zip-bomb" not in told(scan(path))


def test_gzip_members_of_nothing(tmp_path):
    """A member for each 20 bytes takes no more time than those bytes."""
    path = tmp_path / "a.xml.gz"
    path.write_bytes(gzip.compress(b"") * 50_000 + gzip.compress(article(1)))
    started = time.process_time()
    assert told(scan(path)) == ["PMC1"]
    assert time.process_time() - started < 5

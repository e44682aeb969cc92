"""Promises about little that grows without end."""

import gzip
import struct
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

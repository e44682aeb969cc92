"""Promises of zip files: whatever the method, members are expanded piece by piece."""

import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from tests.transforms.archives.sources import article, bulk, scan, told, zip_of
from transforms.archives import bombs, read_articles, zips


def test_damaged_zip_member(tmp_path):
    """A damaged member costs itself, a damaged table of contents the package."""
    packed = zip_of({"1.xml": article(1), "2.xml": article(2), "3.xml": article(3)})
    second = packed.index(b"2.xml")
    path = tmp_path / "a.zip"
    path.write_bytes(packed[: second + 40] + b"\xff\xff" + packed[second + 42 :])
    found = told(scan(path))
    assert [found[0], found[-1]] == ["PMC1", "PMC3"]
    assert found[1] in {"damaged", "truncated"}
    path.write_bytes(packed[:-30])
    assert told(scan(path)) == ["damaged"]


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def write_zip(path, members, method) -> None:
    """A zip file, compressed in some way."""
    with zipfile.ZipFile(path, "w", method) as package:
        for name, data in members.items():
            package.writestr(name, data)


@pytest.mark.parametrize("method", METHODS)
def test_methods(tmp_path, method):
    """Members are read, and read again, by every method that Python has."""
    path = tmp_path / "a.zip"
    noise = np.random.default_rng(0)
    parts = [article(number, noise.bytes(number * 40_000).hex().encode()) for number in range(1, 6)]
    write_zip(path, {"a.xml": bulk(*parts), "empty.xml": b"", "b.xml": article(9)}, method)
    found = scan(path)
    assert told(found) == [*(f"PMC{number}" for number in range(1, 6)), "empty-file", "PMC9"]
    whole = [each for each in found if told([each]) != ["empty-file"]]
    assert [each.xml for each in whole] == [*parts, article(9)]
    assert list(read_articles([each.range for each in whole])) == whole
    assert list(read_articles([whole[-1].range])) == whole[-1:]


@pytest.mark.parametrize("method", METHODS[1:])
def test_bombs_by_every_method(tmp_path, monkeypatch, method):
    """A member that grows without end costs itself, and no memory."""
    monkeypatch.setattr(bombs, "BOMB_BYTES", 4 << 20)
    path = tmp_path / "a.zip"
    write_zip(path, {"bomb.xml": b"<article>" + bytes(64 << 20), "b.xml": article(1)}, method)
    tracemalloc.start()
    found = told(scan(path, max_article_bytes=1 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == ["zip-bomb", "PMC1"]
    assert peak < 24 << 20  # LZMA keeps 8 MiB


@pytest.mark.parametrize("method", METHODS)
def test_damage_by_every_method(tmp_path, method):
    """Damaged data, a wrong size, a wrong checksum: each costs its member."""
    path = tmp_path / "a.zip"
    large = article(1, bytes(range(64, 127)) * 2_000)
    write_zip(path, {"1.xml": large, "2.xml": article(2)}, method)
    packed = path.read_bytes()
    entry = packed.index(b"PK\1\2")
    checksum, size = slice(entry + 16, entry + 20), slice(entry + 24, entry + 28)
    for place, value in ((checksum, b"\1\2\3\4"), (size, struct.pack("<I", 2_000))):
        changed = bytearray(packed)
        changed[place] = value
        path.write_bytes(changed)
        *_, damaged, last = scan(path)
        assert told([damaged, last]) == ["damaged", "PMC2"]
    changed = bytearray(packed)
    changed[200:240] = bytes(40)
    path.write_bytes(changed)
    *_, damaged, last = scan(path)
    assert told([damaged, last]) == ["damaged", "PMC2"]


def test_lzma_that_asks_for_memory(tmp_path):
    """The head of a member says how much its reader needs: as much as a worker has is too much."""
    path = tmp_path / "a.zip"
    write_zip(path, {"1.xml": article(1), "2.xml": article(2)}, zipfile.ZIP_LZMA)
    packed = bytearray(path.read_bytes())
    start = packed.index(b"1.xml") + len("1.xml")
    packed[start + 5 : start + 9] = struct.pack("<I", zips.MAX_DICTIONARY_BYTES + 1)
    path.write_bytes(packed)
    found = scan(path)
    assert told(found) == ["unreadable", "PMC2"]
    assert "bytes of memory" in found[0].message


def test_unknown_method_and_password(tmp_path):
    """What cannot be expanded is told, member by member."""
    path = tmp_path / "a.zip"
    write_zip(path, {"1.xml": article(1), "2.xml": article(2)}, zipfile.ZIP_DEFLATED)
    packed = path.read_bytes()
    local, entry = packed.index(b"PK\3\4"), packed.index(b"PK\1\2")
    for local_place, entry_place, value in ((8, 10, b"\x09\0"), (6, 8, b"\1\0")):
        changed = bytearray(packed)
        changed[local + local_place : local + local_place + 2] = value
        changed[entry + entry_place : entry + entry_place + 2] = value
        path.write_bytes(changed)
        assert told(scan(path)) == ["unreadable", "PMC2"]


def test_endless_table_of_contents(tmp_path, monkeypatch):
    """It is read into memory, and may not fill it."""
    monkeypatch.setattr(zips, "MAX_DIRECTORY_BYTES", 10_000)
    path = tmp_path / "a.zip"
    path.write_bytes(
        zip_of({f"{number}.txt": b"" for number in range(150)} | {"1.xml": article(1)})
    )
    assert told(scan(path)) == ["PMC1"]
    path.write_bytes(zip_of({f"{number}.txt": b"" for number in range(300)}))
    [found] = scan(path)
    assert (found.reason, "table of contents" in found.message) == ("damaged", True)


def test_member_without_a_name(tmp_path):
    """It is none that holds articles."""
    path = tmp_path / "a.zip"
    packed = zip_of({"Q.txt": b"x", "a.xml": article(1)})
    path.write_bytes(packed.replace(b"Q.txt", b"\0.txt"))  # a name ends at its first zero
    assert told(scan(path)) == ["PMC1"]

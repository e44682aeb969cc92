"""Promises of tar files: damaged or hostile headers cost what is behind them, and no more."""

import gzip
import tarfile
import time
import tracemalloc

import pytest

from tests.transforms.archives.sources import article, scan, tar_of, told
from transforms.archives import bombs, read_articles


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_truncated_tar(tmp_path, mode):
    """What stands before the cut is read, and one reject stands for the rest."""
    packed = tar_of({f"{number}.xml": article(number) for number in range(1, 9)}, mode)
    path = tmp_path / "a.tar"
    for cut in range(600 if mode == "w" else 40, min(len(packed), 8 * 1024), 97):
        path.write_bytes(packed[:cut])
        found = told(scan(path))
        assert found[:-1] == [f"PMC{number}" for number in range(1, len(found))]
        assert not found[-1].startswith("PMC")


def test_damaged_tar_header(tmp_path):
    """What stands behind it is not lost without a word."""
    packed = bytearray(tar_of({f"{number}.xml": article(number) for number in (1, 2, 3)}, "w"))
    packed[packed.index(b"2.xml") + 150] ^= 0xFF  # the checksum
    path = tmp_path / "a.tar"
    path.write_bytes(packed)
    assert told(scan(path)) == ["PMC1", "damaged"]


@pytest.mark.parametrize("kind", [b"x", b"g", b"X", b"L", b"K"])
def test_endless_extended_tar_header(tmp_path, kind):
    """A member's names and notes, read into memory, may be long but not fill it."""
    path = tmp_path / "a.tar.gz"
    for size, expected in ((1 << 20, ["PMC1", "PMC2"]), (32 << 20, ["PMC1", "damaged"])):
        header = tarfile.TarInfo("fine.xml")
        header.type, header.size = kind, size
        notes = header.tobuf() + (b"b.xml" if kind == b"L" else b"").ljust(size, b"\0")
        first, second = (tar_of({f"{n}.xml": article(n)}, "w") for n in (1, 2))
        path.write_bytes(gzip.compress(first[:1024] + notes + second, 1))
        tracemalloc.start()
        found = scan(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert told(found) == expected
        assert peak < 16 << 20


def test_endless_row_of_extended_tar_headers(tmp_path):
    """They are read one within the other, as far as that goes."""
    header = tarfile.TarInfo("a.xml")
    header.type = tarfile.GNUTYPE_LONGNAME
    path = tmp_path / "a.tar.gz"
    path.write_bytes(tar_of({"a.xml": article(1)}, "w")[:1024] + header.tobuf() * 5000)
    assert told(scan(path)) == ["PMC1", "damaged"]


def test_odd_member_names(tmp_path):
    """A name in Latin-1 becomes a URI that can be written down."""
    packed = tar_of({"cafX.xml": article(1)}, "w").replace(b"cafX.xml", b"caf\xe9.xml")
    sums = sum(packed[:148]) + 8 * 32 + sum(packed[156:512])
    path = tmp_path / "a.tar"
    path.write_bytes(packed[:148] + b"%06o\0 " % sums + packed[156:])
    [found] = scan(path)
    assert found.range.source_uri == f"{path}!/caf\\xe9.xml"
    assert list(read_articles([found.range])) == [found]


def pax_record(key: bytes, value: bytes) -> bytes:
    """A field of an extended header, which begins with its own length."""
    rest = b" %b=%b\n" % (key, value)
    size = len(rest) + len(str(len(rest)))
    size = len(rest) + len(str(size))
    return b"%d%b" % (size, rest)


def header(kind: bytes, content: bytes) -> bytes:
    """An extended header."""
    info = tarfile.TarInfo("notes")
    info.type, info.size = kind, len(content)
    return info.tobuf() + content + b"\0" * (-len(content) % 512)


def measured(path) -> tuple[list[str], int]:
    """What a file gives, and how much memory that took at most."""
    tracemalloc.start()
    found = told(scan(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, peak


PLAIN, REST = (tar_of({f"{n}.xml": article(n)}, "w") for n in (1, 2))
PLAIN = PLAIN[:1024]


def test_many_extended_headers_of_one_member(tmp_path):
    """Together they may be as long as one alone."""
    path = tmp_path / "a.tar.gz"
    notes = header(b"x", b"\0" * 500_000)
    path.write_bytes(gzip.compress(PLAIN + notes * 2 + REST, 1))
    assert told(scan(path)) == ["PMC1", "PMC2"]
    path.write_bytes(gzip.compress(PLAIN + notes * 200 + REST, 1))
    found, peak = measured(path)
    assert found == ["PMC1", "damaged"]
    assert peak < 16 << 20


def test_headers_for_all_members_fill_no_memory(tmp_path):
    """What they say but a name is forgotten; a gigabyte of it in a megabyte costs nothing."""
    path = tmp_path / "a.tar.gz"
    blank = tar_of({"x.txt": b"x"}, "w")[:1024]
    with gzip.open(path, "wb", 1) as file:
        for number in range(60):
            notes = header(b"g", pax_record(b"k%d" % number, b"a" * 1_000_000))
            file.write(notes + blank)
        file.write(REST)
    found, peak = measured(path)
    assert found == ["PMC2"]
    assert peak < 24 << 20


def test_headers_for_all_members_take_no_time(tmp_path):
    """A hundred thousand fields are not looked at again for each member."""
    path = tmp_path / "a.tar"
    fields = b"".join(pax_record(b"k%05d" % number, b"") for number in range(50_000))
    blank = tar_of({"x.txt": b""}, "w")[:512]
    path.write_bytes(header(b"g", fields) + blank * 5_000 + REST)
    started = time.process_time()
    assert told(scan(path)) == ["PMC2"]
    assert time.process_time() - started < 10  # tarfile takes minutes


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (pax_record(b"path", b"b.xml"), ["PMC2"]),
        (pax_record(b"path", "b\u00e9.xml".encode()), ["PMC2"]),
        (pax_record(b"comment", b"c" * 5000) + pax_record(b"path", b"b.xml"), ["PMC2"]),
        (pax_record(b"size", b"%d" % len(article(2))), ["PMC2"]),
        (b"9" * 1_000_000, ["PMC2"]),
        (b"99999999 path=a\n", ["damaged"]),
        (b"3 path=a\n", ["damaged"]),
        (pax_record(b"size", b"-5"), ["damaged"]),
        (
            pax_record(b"GNU.sparse.major", b"1") + pax_record(b"GNU.sparse.minor", b"0"),
            ["unsafe-member"],
        ),
    ],
)
def test_extended_headers(tmp_path, content, expected):
    """Names and sizes are taken; whatever else is in them costs no time and no other member."""
    path = tmp_path / "a.tar"
    path.write_bytes(PLAIN + header(b"x", content) + REST)
    found = told(scan(path))
    assert found[:2] == ["PMC1", *expected]


def test_sparse_member_of_an_unfinished_map(tmp_path):
    """It ends with the file."""
    info = tarfile.TarInfo("a.xml")
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[482] = 1  # the map goes on in the next block
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    path = tmp_path / "a.tar"
    path.write_bytes(PLAIN + bytes(block))
    assert told(scan(path)) == ["PMC1", "damaged"]


def test_control_characters_in_member_names(tmp_path):
    """They are written out in the URI: it can be printed, and stand in a line of a table."""
    path = tmp_path / "a.tar"
    path.write_bytes(tar_of({"a\x1b[31m\nb\x9b.xml": article(1), "a\\x1b.xml": article(2)}, "w"))
    found = scan(path)
    assert [each.range.source_uri for each in found] == [
        f"{path}!/a\\u001b[31m\\u000ab\\u009b.xml",
        f"{path}!/a\\x1b.xml",
    ]
    assert list(read_articles([each.range for each in found])) == found


def test_blank_members_are_counted_together(tmp_path, monkeypatch):
    """A bomb in parts, each below the limit, is a bomb; so is one of nothing but headers."""
    monkeypatch.setattr(bombs, "BOMB_BYTES", 1 << 20)
    monkeypatch.setattr(bombs, "SKIPPED_BOMB_BYTES", 2 << 20)
    path = tmp_path / "a.tar.gz"
    blank = bytes(500_000)
    path.write_bytes(tar_of({f"{n}.jpg": blank for n in range(3)} | {"a.xml": article(1)}))
    assert told(scan(path)) == ["PMC1"]
    path.write_bytes(tar_of({f"{n}.jpg": blank for n in range(9)} | {"a.xml": article(1)}))
    assert told(scan(path)) == ["zip-bomb"]
    path.write_bytes(gzip.compress(tar_of({"x.txt": b""}, "w")[:512] * 5_000 + REST))
    assert told(scan(path)) == ["zip-bomb"]

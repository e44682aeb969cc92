"""Promises of packages: tar and zip files of sources."""

import gzip
import tarfile
import tracemalloc

import pytest

from tests.transforms.archives.sources import article, bulk, index_of, scan, tar_of, told, zip_of
from transforms.archives import read_articles
from transforms.records import SourceArticle

MEMBERS = {
    "PMC1/main.nxml": article(1),
    "PMC1/figure.jpg": b"\xff\xd8",
    "PMC1/._main.nxml": b"\0\5\x16\7",
    "bulk.xml": bulk(article(2), b"stray", article(3)),
    "four.xml.gz": gzip.compress(bulk(article(4))),
    "page.xml": b"<html/>",
}


class TestPackages:
    """Tar and zip files of sources."""

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("a.tar", tar_of(MEMBERS, "w")),
            ("a.tar.gz", tar_of(MEMBERS)),
            ("a.tgz", tar_of(MEMBERS)),
            ("a.zip", zip_of(MEMBERS)),
        ],
    )
    def test_members(self, tmp_path, name, data):
        """Members are sources of their own, in the package's order; other files are passed over."""
        path = tmp_path / name
        path.write_bytes(data)
        found = scan(path)
        assert told(found) == ["PMC1", "PMC2", "stray-content", "PMC3", "PMC4", "html"]
        assert [index_of(each) for each in found] == [0, 0, 1, 2, 0, 0]
        whole = [each for each in found if isinstance(each, SourceArticle)]
        assert [each.range.source_uri.removeprefix(f"{path}!/") for each in whole] == [
            "PMC1/main.nxml",
            "bulk.xml",
            "bulk.xml",
            "four.xml.gz",
        ]
        assert list(read_articles([each.range for each in whole])) == whole
        assert list(read_articles([each.range for each in whole[2:]])) == whole[2:]

    def test_unsafe_tar_members(self, tmp_path):
        """Members that point outside the package are refused; the others are read."""
        link = tarfile.TarInfo("link.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        members = {"../up.xml": article(1), "/root.xml": article(2), "fine.xml": article(3)}
        path = tmp_path / "a.tar"
        path.write_bytes(tar_of(members, "w", [link]))
        found = scan(path)
        assert told(found) == ["unsafe-member", "unsafe-member", "PMC3", "unsafe-member"]
        assert [index_of(each) for each in found] == [0, 1, 0, 2]
        path.write_bytes(zip_of(members))
        assert told(scan(path)) == ["unsafe-member", "unsafe-member", "PMC3"]

    def test_same_name_twice(self, tmp_path):
        """The second of two members of one name could not be told from the first."""
        path = tmp_path / "a.tar"
        path.write_bytes(
            tar_of({"a.xml": article(1)}, "w")[:1024] + tar_of({"a.xml": article(2)}, "w")
        )
        assert told(scan(path)) == ["PMC1", "unsafe-member"]

    @pytest.mark.parametrize("mode", ["w", "w:gz"])
    def test_truncated_tar(self, tmp_path, mode):
        """What stands before the cut is read, and one reject stands for the rest."""
        packed = tar_of({f"{number}.xml": article(number) for number in range(1, 9)}, mode)
        path = tmp_path / "a.tar"
        for cut in range(600 if mode == "w" else 40, min(len(packed), 8 * 1024), 97):
            path.write_bytes(packed[:cut])
            found = told(scan(path))
            assert found[:-1] == [f"PMC{number}" for number in range(1, len(found))]
            assert not found[-1].startswith("PMC")

    def test_damaged_tar_header(self, tmp_path):
        """What stands behind it is not lost without a word."""
        packed = bytearray(tar_of({f"{number}.xml": article(number) for number in (1, 2, 3)}, "w"))
        packed[packed.index(b"2.xml") + 150] ^= 0xFF  # the checksum
        path = tmp_path / "a.tar"
        path.write_bytes(packed)
        assert told(scan(path)) == ["PMC1", "damaged"]

    @pytest.mark.parametrize("kind", [b"x", b"g", b"X", b"L", b"K"])
    def test_endless_extended_tar_header(self, tmp_path, kind):
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

    def test_endless_row_of_extended_tar_headers(self, tmp_path):
        """They are read one within the other, as far as that goes."""
        header = tarfile.TarInfo("a.xml")
        header.type = tarfile.GNUTYPE_LONGNAME
        path = tmp_path / "a.tar.gz"
        path.write_bytes(tar_of({"a.xml": article(1)}, "w")[:1024] + header.tobuf() * 5000)
        assert told(scan(path)) == ["PMC1", "damaged"]

    def test_odd_member_names(self, tmp_path):
        """A name in Latin-1 becomes a URI that can be written down."""
        packed = tar_of({"cafX.xml": article(1)}, "w").replace(b"cafX.xml", b"caf\xe9.xml")
        sums = sum(packed[:148]) + 8 * 32 + sum(packed[156:512])
        path = tmp_path / "a.tar"
        path.write_bytes(packed[:148] + b"%06o\0 " % sums + packed[156:])
        [found] = scan(path)
        assert found.range.source_uri == f"{path}!/caf\\xe9.xml"
        assert list(read_articles([found.range])) == [found]

    def test_damaged_zip_member(self, tmp_path):
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

    def test_no_articles_in_package(self, tmp_path):
        """A package without XML is one reject."""
        path = tmp_path / "a.zip"
        path.write_bytes(zip_of({"a.txt": b"", "b.zip": b""}))
        found = scan(path)
        assert told(found) == ["no-article"]
        assert "2 members" in found[0].message

"""Promises of packages: tar and zip files of sources."""

import gzip
import tarfile

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

    def test_no_articles_in_package(self, tmp_path):
        """A package without XML is one reject."""
        path = tmp_path / "a.zip"
        path.write_bytes(zip_of({"a.txt": b"", "b.zip": b""}))
        found = scan(path)
        assert told(found) == ["no-article"]
        assert "2 members" in found[0].message

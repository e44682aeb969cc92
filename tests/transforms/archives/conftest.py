"""Fixtures of the tests of reading."""

import pytest

from tests.transforms.archives.sources import index_of, scan
from transforms.archives import read_articles
from transforms.records import Reject, SourceArticle


@pytest.fixture
def scan_bytes(tmp_path):
    """Scans bytes as a file, and checks that its articles are read again as they were found."""

    def scan_them(data: bytes, name: str = "a.xml", **limits: int) -> list[SourceArticle | Reject]:
        path = tmp_path / name
        path.write_bytes(data)
        found = scan(path, **limits)
        ranges = [each.range for each in found if isinstance(each, SourceArticle)]
        assert [each for each in found if isinstance(each, SourceArticle)] == list(
            read_articles(ranges)
        ), "an article is read again as it was found"
        assert [index_of(each) for each in found] == list(range(len(found))), "numbered in order"
        return found

    return scan_them

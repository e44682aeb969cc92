"""Promises of documents: whatever encoding a file is in, it is read as UTF-8."""

import pytest

from tests.transforms.archives.sources import article, bulk, told


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "iso-8859-1", "cp1252"])
def test_other_encodings(scan_bytes, encoding):
    """A source in another encoding is read as UTF-8; positions count that."""
    text = article(1, "<p>café</p>".encode()).decode()
    prolog = f'<?xml version="1.0" encoding="{encoding}"?>'
    found = scan_bytes((prolog + text).encode(encoding))
    assert told(found) == ["PMC1"]
    assert found[0].xml == text.encode()


def test_encoding_that_cannot_be_true(scan_bytes):
    """A declaration that its own bytes refute is passed over."""
    assert told(scan_bytes(b'<?xml version="1.0" encoding="UTF-16"?>' + article(1))) == ["PMC1"]


def test_wrong_bytes_in_another_encoding(scan_bytes):
    """They cost no neighbour either."""
    declared = b'<?xml version="1.0" encoding="windows-1252"?>'
    data = declared + bulk(article(1, b"\xe9"), article(2, b"caf\x81"), article(3, b"\x80"))
    found = scan_bytes(data)
    assert told(found) == ["PMC1", "bad-encoding", "PMC3"]
    assert "é" in found[0].xml.decode()
    assert "€" in found[2].xml.decode()

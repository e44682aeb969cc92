"""Promises of a file without an article: one reject says why."""

import pytest

from tests.transforms.archives.sources import article, told


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty-file"),
        (b"\xef\xbb\xbf \n", "empty-file"),
        (b"<?xml version='1.0'?>\n", "empty-file"),
        (b"<!DOCTYPE html>\n<p>a<article class='x'>b</article>", "html"),
        (b"<html xmlns='x'><body><article>b</article></body></html>", "html"),
        (b"<?xml version='1.0'?><!DOCTYPE art SYSTEM 'x'><art><fm>a</fm></art>", "bmc-dtd"),
        (b"%PDF-1.4 \xff\xfe<< /Type >>", "not-xml"),
        (b'{"pmcid": 1}', "not-xml"),
        (b"PMC1\tTNF\n", "not-xml"),
        (b"<collection><document>text</document></collection>", "no-article"),
        (b"aicle x='1'><front/><body>x</body></article>", "damaged"),
        (article(1)[:-20], "truncated"),
        (b'<?xml version="1.0" encoding="klingon"?>' + article(1), "bad-encoding"),
        ('<?xml version="1.0"?>'.encode("utf-16")[:-1], "bad-encoding"),
        (article(1, b"caf\xe9"), "bad-encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?>' + article(1, b"+2AA-"), "bad-encoding"),
        (b'<?xml version="1.0" encoding="idna"?>' + article(1, b"\xe9"), "bad-encoding"),
        (b"<!DOCTYPE a [<!ENTITY l 'lol'>]><a>&l;</a>", "entity-declarations"),
    ],
)
def test_no_article_is_one_reject(scan_bytes, data, reason):
    """A file without a usable article is one reject."""
    found = scan_bytes(data)
    assert told(found) == [reason]
    assert found[0].stage == "read"
    assert found[0].message

"""Promises of reading: every article is found, whatever stands around it."""

import errno
import functools
import gzip
import hashlib
import http.server
import io
import re
import socket
import struct
import tarfile
import threading
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import remote
from transforms.archives import (
    Points,
    SourceChangedError,
    UnreadableError,
    bombs,
    files,
    quick_article_id,
    read_articles,
    scan_archive,
)
from transforms.archives.bombs import Meter
from transforms.archives.documents import Document
from transforms.archives.files import BLOCK_BYTES, open_source
from transforms.archives.markup import TAG
from transforms.archives.scanner import Scanner
from transforms.jats import parse_xml
from transforms.records import Archive, Reject, SourceArticle

XLINK = b'xmlns:xlink="http://www.w3.org/1999/xlink"'


def article(pmcid: int, body: bytes = b"<p>TNF binds.</p>") -> bytes:
    """An article with markup that could mislead a search for its tags."""
    return (
        b"<article %s><?properties open_access?><front><article-meta>"
        b'<article-id pub-id-type="pmcid">%d</article-id>'
        b"<title-group><article-title>T</article-title></title-group></article-meta></front>"
        b"<body>%s</body><back><ref-list><ref><article-title>R</article-title></ref></ref-list>"
        b"</back></article>" % (XLINK, pmcid, body)
    )


def bulk(*parts: bytes) -> bytes:
    """Articles as in Europe PMC's bulk files."""
    return b"<articles>\n" + b"\n".join(parts) + b"\n</articles>\n"


def scan(path: Path, **limits: int) -> list[SourceArticle | Reject]:
    """All that a file gives."""
    return list(scan_archive(Archive("a", (str(path),)), **limits))


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


def index_of(found: SourceArticle | Reject) -> int:
    """The position in the source."""
    return found.source_index if isinstance(found, Reject) else found.range.source_index


def told(found: Iterable[SourceArticle | Reject]) -> list[str]:
    """Ids of articles, and reasons of rejects."""
    return [each.reason if isinstance(each, Reject) else each.range.article_id for each in found]


class TestArticlesAreFound:
    """Each article has its place, whatever the wrapping."""

    def test_bulk_archive(self, scan_bytes):
        """Each article of a Europe PMC archive has its place, bytes, hash and id."""
        parts = [article(1), article(22), article(333)]
        data = bulk(*parts)
        found = scan_bytes(gzip.compress(data), "PMC1_PMC333.xml.gz")
        assert told(found) == ["PMC1", "PMC22", "PMC333"]
        for each, part in zip(found, parts, strict=True):
            assert isinstance(each, SourceArticle)
            assert each.xml == part == data[each.range.start_byte : each.range.end_byte]
            assert each.range.sha256 == hashlib.sha256(part).hexdigest()
            assert each.range.namespaces == ""

    @pytest.mark.parametrize(
        "before",
        [
            b"",
            b"\xef\xbb\xbf",
            b'\n<?xml version="1.0" encoding="UTF-8"?>\n',
            b"<?xml version='1.0' encoding='utf8' standalone='no'?>",
            b'<!DOCTYPE article PUBLIC "-//NLM//DTD v1.1 20151215//EN" "a>b.dtd">',
            b'<!DOCTYPE article [<!ELEMENT x (a|b)> <!-- it\'s ]> --> <!ATTLIST x y CDATA "]>">]>',
            b"<!-- <article> in a comment --><?pi <article> ?>",
        ],
    )
    def test_single_file(self, scan_bytes, before):
        """What stands before a single article is no part of it."""
        found = scan_bytes(before + article(1) + b"<?release-delay 0|0?>\n")
        assert told(found) == ["PMC1"]
        assert found[0].xml == article(1)

    @pytest.mark.parametrize(
        "hidden",
        [
            b"<!-- </article> <article> -->",
            b"<![CDATA[ </article><article a='1'> <!-- ]]>",
            b"<?pi </article><article> <!-- ?>",
            b"<!-- <? --> <?pi <![CDATA[ ?>",
            b"<article-x/><articles/><sub-article></sub-article><p>a</article-x></p>",
            b"<article-meta></article-meta><my:article/><article.x/>",
        ],
    )
    def test_hidden_tags(self, scan_bytes, hidden):
        """Tags in comments, CDATA and instructions, and longer names, end or start nothing."""
        assert told(scan_bytes(bulk(article(1, hidden), hidden[:0] + article(2)))) == [
            "PMC1",
            "PMC2",
        ]

    def test_commented_article_between(self, scan_bytes):
        """An article in a comment is none."""
        data = bulk(article(1), b"<!-- " + article(2) + b" -->", article(3))
        assert told(scan_bytes(data)) == ["PMC1", "PMC3"]

    def test_end_tag_with_space(self, scan_bytes):
        """Tags may hold white space, and an article may be an empty tag."""
        data = bulk(article(1)[:-1] + b" \n>", b"<article\n/>", article(2))
        assert told(scan_bytes(data))[::2] == ["PMC1", "PMC2"]

    def test_oai_wrapping(self, scan_bytes):
        """Articles in an OAI answer are found by local name, with the namespaces around them."""
        record = (
            b"<record><header><identifier>oai:x:1</identifier></header><metadata>"
            b'<jats:article xmlns:xlink="own"><jats:front><jats:article-meta>'
            b"<jats:article-id pub-id-type='pmc'>PMC7</jats:article-id></jats:article-meta>"
            b"</jats:front><jats:body/></jats:article></metadata></record>"
        )
        found = scan_bytes(
            b'<?xml version="1.0"?><OAI-PMH xmlns="http://oai/" %s>' % XLINK
            + b"<responseDate>2026-01-01</responseDate><request>http://x</request>"
            + b"<ListRecords xmlns:jats='http://jats/'>"
            + record
            + record
            + b"<resumptionToken>abc</resumptionToken></ListRecords></OAI-PMH>"
        )
        assert told(found) == ["PMC7", "PMC7"]
        assert {each.range.namespaces for each in found} == {
            "xmlns=\"http://oai/\" xmlns:jats='http://jats/'"
        }

    def test_namespaces_reach_articles_in_later_blocks(self, scan_bytes):
        """A dump is read block by block; its wrapper declares the prefixes of all of its articles.

        The articles use the prefix, so that one without its namespace cannot be parsed.
        """
        body = b"<p>%s<ext:p/></p>" % (b"TNF binds. " * 5000)
        wrapped = [b"<record>%s</record>" % article(n, body) for n in range(1, 13)]
        data = b"<OAI-PMH xmlns:ext='http://ext/'>" + b"".join(wrapped) + b"</OAI-PMH>"
        found = scan_bytes(data)
        assert told(found) == [f"PMC{n}" for n in range(1, 13)]
        assert found[-1].range.start_byte > 2 * BLOCK_BYTES
        assert {each.range.namespaces for each in found} == {"xmlns:ext='http://ext/'"}
        assert all(parse_xml(each).find(".//{http://ext/}p") is not None for each in found)

    def test_namespaces_end_with_their_element(self, scan_bytes):
        """An article gets the namespaces in force where it stands."""
        data = (
            b"<set><part xmlns:a='1'>" + article(1) + b"</part><part xmlns='2'>" + article(2)
        ) + b"</part></set>"
        found = scan_bytes(data)
        assert [each.range.namespaces for each in found] == ["xmlns:a='1'", "xmlns='2'"]

    def test_pubmed(self, scan_bytes):
        """PubMed's records are articles; their ids are not those of their references."""
        record = (
            b"<PubmedArticle><MedlineCitation><PMID Version='1'>%d</PMID><Article><ArticleTitle>T"
            b"</ArticleTitle></Article></MedlineCitation><PubmedData><ArticleIdList>%s"
            b"</ArticleIdList><ReferenceList><Reference><ArticleIdList>"
            b"<ArticleId IdType='pmc'>PMC999</ArticleId></ArticleIdList></Reference>"
            b"</ReferenceList></PubmedData></PubmedArticle>"
        )
        data = (
            b"<PubmedArticleSet>"
            + record % (11, b"")
            + record % (12, b"<ArticleId IdType='pmc'>PMC5</ArticleId>")
            + b"<DeleteCitation><PMID>3</PMID></DeleteCitation></PubmedArticleSet>"
        )
        assert told(scan_bytes(data)) == ["MED:11", "PMC5"]
        old = b"<MedlineCitation><PMID>4</PMID></MedlineCitation>"
        assert told(scan_bytes(b"<MedlineCitationSet>%s</MedlineCitationSet>" % old)) == ["MED:4"]

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "iso-8859-1", "cp1252"])
    def test_other_encodings(self, scan_bytes, encoding):
        """A source in another encoding is read as UTF-8; positions count that."""
        text = article(1, "<p>café</p>".encode()).decode()
        prolog = f'<?xml version="1.0" encoding="{encoding}"?>'
        found = scan_bytes((prolog + text).encode(encoding))
        assert told(found) == ["PMC1"]
        assert found[0].xml == text.encode()

    def test_encoding_that_cannot_be_true(self, scan_bytes):
        """A declaration that its own bytes refute is passed over."""
        assert told(scan_bytes(b'<?xml version="1.0" encoding="UTF-16"?>' + article(1))) == ["PMC1"]


class TestDamage:
    """What is damaged costs itself."""

    def test_missing_end_tag(self, scan_bytes):
        """An article without an end tag costs one reject; its neighbours stand."""
        broken = article(2).replace(b"</article>", b"</artcle>")
        data = bulk(article(1), broken, article(3))
        found = scan_bytes(data)
        assert told(found) == ["PMC1", "damaged", "PMC3"]
        assert data[found[1].start_byte : found[1].end_byte] == broken
        assert found[1].article_id == "PMC2"
        assert told(scan_bytes(bulk(article(1), broken))) == ["PMC1", "damaged"]

    @pytest.mark.parametrize("opening", [b"<!-- never closed", b"<![CDATA[ x", b"<?pi"])
    def test_markup_never_closed(self, scan_bytes, opening):
        """What is never closed does not swallow the next articles."""
        closed = b"<!-- c --><![CDATA[d]]><?e?>"
        parts = [article(1), article(2, opening), article(3, closed), article(4)]
        assert told(scan_bytes(bulk(*parts))) == ["PMC1", "PMC2", "PMC3", "PMC4"]
        assert told(scan_bytes(bulk(article(1), opening, article(3, closed)))) == [
            "PMC1",
            "stray-content",
            "PMC3",
        ]

    def test_damaged_start_tag(self, scan_bytes):
        """What was an article before its start tag was damaged is one reject."""
        broken = article(2).replace(b"<article ", b"<aicle ", 1)
        data = bulk(article(1), broken, article(3))
        found = scan_bytes(data)
        assert told(found) == ["PMC1", "damaged", "PMC3"]
        assert data[found[1].start_byte : found[1].end_byte] == broken
        assert found[2].range.namespaces == "", "a damaged tag declares nothing for its neighbours"

    def test_unfinished_start_tag_is_left_to_the_parser(self, scan_bytes):
        """An article whose start tag never ends is still one article."""
        broken = article(2).replace(b'xlink">', b'xlink"', 1)
        assert told(scan_bytes(bulk(article(1), broken, article(3)))) == ["PMC1", "PMC2", "PMC3"]

    def test_stray_text(self, scan_bytes):
        """Each stretch of stray text is one reject, with its place."""
        data = bulk(b"one <b>two</b>", article(1), b" three &amp; 4 < 5", article(2), b"</article>")
        found = scan_bytes(data)
        assert told(found) == ["stray-content", "PMC1", "stray-content", "PMC2", "damaged"]
        assert data[found[2].start_byte : found[2].end_byte] == b"three &amp; 4 < 5"

    def test_foreign_article_between(self, scan_bytes):
        """An article in another format costs one reject."""
        data = bulk(article(1), b"<art><p>BMC</p></art>", article(2))
        assert told(scan_bytes(data)) == ["PMC1", "bmc-dtd", "PMC2"]

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
    def test_no_article_is_one_reject(self, scan_bytes, data, reason):
        """A file without a usable article is one reject."""
        found = scan_bytes(data)
        assert told(found) == [reason]
        assert found[0].stage == "read"
        assert found[0].message

    def test_entity_declarations(self, scan_bytes):
        """A file that declares entities is refused: nothing of it is expanded or fetched."""
        laughs = b'<!ENTITY a "ha"><!ENTITY b "&a;&a;">'
        data = b"<!DOCTYPE articles [ " + laughs + b" ]>" + bulk(article(1), article(2))
        found = scan_bytes(data)
        assert told(found) == ["entity-declarations"] * 2
        assert [each.article_id for each in found] == ["PMC1", "PMC2"]
        external = b'<!DOCTYPE article [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + article(1)
        assert told(scan_bytes(external)) == ["entity-declarations"]

    def test_declared_pictures_do_no_harm(self, scan_bytes):
        """Nothing is put in the place of an entity that is not XML."""
        pictures = b"""<!ENTITY gr1 SYSTEM "gr1" NDATA IMAGE>
            <!ENTITY gr2 PUBLIC "-//X//2" 'gr2.jpg' NDATA IMAGE >"""
        head = b"<!DOCTYPE article [<!NOTATION IMAGE SYSTEM 'x'>" + pictures + b"%b]>" + article(1)
        assert told(scan_bytes(head.replace(b"%b", b""))) == ["PMC1"]
        own = head.replace(b"%b", b"<!ENTITY x 'y'>")
        assert told(scan_bytes(own)) == ["entity-declarations"]

    @pytest.mark.parametrize("wrap", [bulk, lambda *parts: b"\n".join(parts)])
    def test_entity_declarations_of_one_article(self, scan_bytes, wrap):
        """Its own DOCTYPE costs the article behind it, and no neighbour."""
        own = b"<!DOCTYPE article [<!ENTITY x 'y'>]>" + article(2)
        assert told(scan_bytes(wrap(article(1), own, article(3)))) == [
            *("PMC1", "entity-declarations", "PMC3")
        ]

    def test_too_large(self, scan_bytes):
        """An article over the limit is one reject with its place and id."""
        large = article(2, b"x" * 5000)
        data = bulk(article(1), large, article(3))
        found = scan_bytes(data, max_article_bytes=2000)
        assert told(found) == ["PMC1", "too-large", "PMC3"]
        assert data[found[1].start_byte : found[1].end_byte] == large
        assert found[1].article_id == "PMC2"

    def test_wrong_bytes_in_one_article(self, scan_bytes):
        """Bytes that are not UTF-8 cost their article, not the file."""
        data = bulk(article(1), article(2, b"caf\xe9"), article(3))
        assert told(scan_bytes(data)) == ["PMC1", "bad-encoding", "PMC3"]

    def test_wrong_bytes_in_another_encoding(self, scan_bytes):
        """They cost no neighbour either."""
        declared = b'<?xml version="1.0" encoding="windows-1252"?>'
        data = declared + bulk(article(1, b"\xe9"), article(2, b"caf\x81"), article(3, b"\x80"))
        found = scan_bytes(data)
        assert told(found) == ["PMC1", "bad-encoding", "PMC3"]
        assert "é" in found[0].xml.decode()
        assert "€" in found[2].xml.decode()

    def test_missing_file(self, tmp_path):
        """A file that vanished is one reject."""
        assert told(scan(tmp_path / "none.xml")) == ["unreadable"]

    def test_folder_as_file(self, tmp_path):
        """What cannot be read is one reject."""
        assert told(scan(tmp_path)) == ["unreadable"]


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


def tar_of(
    members: dict[str, bytes],
    mode: str = "w:gz",
    special: Iterable[tarfile.TarInfo] = (),
    **options: Any,
) -> bytes:
    """A tar file, with special members behind the plain ones."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, **options) as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in special:
            tar.addfile(info)
    return out.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members.items():
            package.writestr(name, data)
    return out.getvalue()


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


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The same articles, larger and larger, in every kind of source."""
    folder = tmp_path_factory.mktemp("again")
    parts = [article(number, b"x" * number * 20_000) for number in range(1, 21)]
    (folder / "a.xml").write_bytes(bulk(*parts))
    (folder / "b.xml.gz").write_bytes(gzip.compress(bulk(*parts)))
    (folder / "c.xml").write_text(
        '<?xml version="1.0" encoding="latin-1"?><!--é-->' + bulk(*parts).decode(), "latin-1"
    )
    members = {"x.jpg": b"\xff", "1/1.nxml": parts[0], "1/2.nxml.gz": gzip.compress(parts[1])}
    members |= {"bulk.xml": bulk(*parts[2:5])}
    members["latin.xml"] = b'<?xml version="1.0" encoding="latin-1"?><!--\xe9-->' + parts[5]
    members |= {f"{'é' * number * 10}.xml": parts[number] for number in range(6, 20)}
    for name, mode, extra in (
        ("d.tar", "w", {}),
        ("e.tar.gz", "w:gz", {"format": tarfile.GNU_FORMAT}),
        ("f.tar.gz", "w:gz", {"pax_headers": {"comment": "of all members"}}),
    ):
        (folder / name).write_bytes(tar_of(members, mode, **extra))
    (folder / "g.zip").write_bytes(zip_of(members))
    found = [scan(path) for path in sorted(folder.iterdir())]
    assert [len(each) for each in found] == [20] * 7
    return found


def bytes_read(monkeypatch) -> list[int]:
    """Counts, from now on, what is read of local files and what comes out of decompression."""
    sizes = []
    add = Meter.add

    def count(meter, compressed, expanded):
        sizes.append(expanded)
        add(meter, compressed, expanded)

    class Counting(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            sizes.append(len(data))
            return data

    monkeypatch.setattr(Meter, "add", count)
    monkeypatch.setattr("transforms.archives.open_patiently", Counting)
    return sizes


class TestReadingAgain:
    """A chunk's articles are read by their places."""

    @pytest.mark.parametrize("packed", [False, True])
    def test_changed_source(self, tmp_path, packed):
        """Bytes that are no longer those planned are never passed off as the article."""
        path = tmp_path / "a.xml"
        pack = gzip.compress if packed else bytes
        path.write_bytes(pack(bulk(article(1), article(2))))
        ranges = [each.range for each in scan(path)]
        for changed in (bulk(article(1), article(3)), bulk(article(1)), b""):
            path.write_bytes(pack(changed))
            with pytest.raises(SourceChangedError):
                list(read_articles(ranges))
        path.unlink()
        with pytest.raises(UnreadableError, match=r"a\.xml"):
            list(read_articles(ranges))

    def test_failing_disk(self, tmp_path, monkeypatch):
        """A file that fails to be read has not changed."""
        path = tmp_path / "a.xml"
        path.write_bytes(bulk(*map(article, range(9))))
        ranges = [each.range for each in scan(path)]

        class Failing(io.FileIO):
            def read(self, _: int | None = -1) -> bytes:
                raise OSError(errno.ESTALE, "Stale file handle")

        monkeypatch.setattr("transforms.archives.open_patiently", Failing)
        with pytest.raises(UnreadableError, match="Stale file handle"):
            list(read_articles(ranges))

    def test_planned_articles_are_no_bomb(self, tmp_path, monkeypatch):
        """However little they were compressed to: the plan has met them."""
        monkeypatch.setattr(bombs, "BOMB_BYTES", 1 << 20)
        path = tmp_path / "a.xml.gz"
        path.write_bytes(gzip.compress(bulk(*(article(1, b"word " * 2000) for _ in range(600)))))
        found = scan(path)
        assert len(found) == 600
        assert list(read_articles([found[-1].range])) == found[-1:]

    def test_member_gone(self, tmp_path):
        """A member that vanished is told."""
        path = tmp_path / "a.zip"
        path.write_bytes(zip_of({"a.xml": article(1), "b.xml": article(2)}))
        ranges = [each.range for each in scan(path)]
        path.write_bytes(zip_of({"b.xml": article(2)}))
        with pytest.raises(SourceChangedError, match="no longer there"):
            list(read_articles(ranges))

    @given(st.sets(st.integers(0, 19), min_size=1))
    @settings(max_examples=20, deadline=None)
    def test_any_of_the_ranges(self, sources, chosen):
        """Any choice of ranges, in the file's order, is read from any kind of source."""
        for found in sources:
            wanted = [found[number] for number in sorted(chosen)]
            assert list(read_articles([each.range for each in wanted])) == wanted

    @given(st.data())
    @settings(max_examples=20, deadline=None)
    def test_where_others_have_been(self, tmp_path_factory, data):
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
    def test_damage_does_not_mislead_those_that_go_on(self, tmp_path, count):
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

    def test_what_another_decompressed_is_passed_over(self, monkeypatch, sources):
        """The last article of a file costs a fraction of the file, once others were read."""
        monkeypatch.setattr(Points, "EVERY", BLOCK_BYTES)
        [found] = [found for found in sources if found[0].range.source_uri.endswith("gz")]
        sizes = bytes_read(monkeypatch)
        points = Points()
        for each in found:
            assert list(read_articles([each.range], points)) == [each]
        going_on = sum(sizes)
        sizes.clear()
        for each in found:
            list(read_articles([each.range]))
        assert going_on < sum(sizes) / 2

    @pytest.mark.parametrize("name", ["d.tar", "e.tar.gz", "g.zip"])
    def test_members_before_are_passed_over(self, monkeypatch, sources, name):
        """The last article costs a fraction of the package, a gzipped one once others were read."""
        monkeypatch.setattr(Points, "EVERY", BLOCK_BYTES)
        [found] = [found for found in sources if f"{name}!/" in found[0].range.source_uri]
        *others, last = found
        points = Points()
        for each in others:
            assert list(read_articles([each.range], points)) == [each]
        sizes = bytes_read(monkeypatch)
        assert list(read_articles([last.range], points)) == [last]
        going_on = sum(sizes)
        sizes.clear()
        [again] = read_articles([replace(last.range, package_byte=0)])
        assert again.xml == last.xml
        assert going_on < sum(sizes) / 3

    @given(st.data())
    @settings(max_examples=20, deadline=None)
    def test_changed_package(self, tmp_path_factory, data):
        """Members that moved, were cut off or have other bytes are never passed off as planned."""
        noise = np.random.default_rng(0)
        parts = [article(n, noise.bytes(90_000).hex().encode()) for n in range(1, 9)]
        members = {f"{number}.xml": part for number, part in enumerate(parts)}
        pack = data.draw(
            st.sampled_from([functools.partial(tar_of, mode="w"), tar_of, zip_of]), "pack"
        )
        path = tmp_path_factory.mktemp("changed") / "a"
        path.write_bytes(pack(members))
        found = scan(path)
        points = Points()
        assert list(read_articles([each.range for each in found], points)) == found
        changed = dict(
            zip(
                data.draw(st.permutations(sorted(members)), "names"),
                data.draw(st.lists(st.sampled_from(parts), min_size=8, max_size=8), "parts"),
                strict=True,
            )
        )
        packed = pack(changed)
        path.write_bytes(packed[: data.draw(st.just(len(packed)) | st.integers(0, len(packed)))])
        for each in found:
            with suppress(SourceChangedError, UnreadableError):
                assert list(read_articles([each.range], points)) == [each]


class TestQuickId:
    """The id in an article's own front matter."""

    SHA = "0123456789abcdef" * 4

    def id_of(self, meta: str, before: str = "") -> str:
        """The id of an article with this front matter."""
        xml = f"<article>{before}<front><article-meta>{meta}</article-meta></front></article>"
        return quick_article_id(xml.encode(), self.SHA)

    @pytest.mark.parametrize(
        ("meta", "expected"),
        [
            ('<article-id pub-id-type="pmcid">123</article-id>', "PMC123"),
            ("<article-id a='b' pub-id-type = 'pmc'> PMC0123 </article-id>", "PMC123"),
            (
                '<article-id pub-id-type="pmid">9</article-id>'
                '<article-id pub-id-type="pmcaid">77</article-id>'
                '<article-id pub-id-type="pmcaiid">88</article-id>',
                "PMC77",
            ),
            ('<article-id pub-id-type="pmid">9</article-id>', "MED:9"),
            (
                '<article-id pub-id-type="pmid"/>'
                '<article-id pub-id-type="doi">10.1/Ab</article-id>',
                "DOI:10.1/Ab",
            ),
            ('<article-id pub-id-type="doi">10.1/a&lt;b&#62;</article-id>', "DOI:10.1/a<b>"),
            ('<!-- <article-id pub-id-type="pmc">1</article-id> -->', "SRC:0123456789abcdef"),
            ('<article-id pub-id-type="publisher-id">7</article-id>', "SRC:0123456789abcdef"),
        ],
    )
    def test_kinds(self, meta, expected):
        """PMCID, else PMID, else DOI, else a hash of the bytes."""
        assert self.id_of(meta) == expected

    def test_only_the_own_front(self):
        """Ids of sub-articles, references and comments are not the article's."""
        other = '<article-meta><article-id pub-id-type="pmc">5</article-id></article-meta>'
        sub = f"<sub-article><front>{other}</front></sub-article>"
        xml = f"<article><!--{other}--><front/>{sub}</article>"
        assert quick_article_id(xml.encode(), self.SHA).startswith("SRC:")
        assert self.id_of("", f"<!-- {other} -->").startswith("SRC:")
        own = '<article-id pub-id-type="pmc">6</article-id>'
        for hidden in (f"<!--{other}-->", "<!-- </article-meta> -->", f"<![CDATA[{other}]]>"):
            assert self.id_of(hidden + own, hidden) == "PMC6"


# Generated sources

words = st.sampled_from(
    [b"TNF", b" ", b"\n", b"&lt;", b"\xc3\xa9", b"<p>", b"</p>", b"<article-title>", b"<sec/>"]
)
content = st.lists(
    words
    | st.sampled_from([b"<!-- </article> -->", b"<![CDATA[<article >]]>", b"<?x </article>?>"]),
    max_size=8,
).map(b"".join)
neutral = st.lists(
    st.sampled_from([b" ", b"\n", b"<!-- <article> -->", b"<?pi </article> ?>"]), max_size=4
).map(b"".join)
pieces = st.lists(
    st.tuples(st.just("article"), st.builds(article, st.integers(1, 999), content))
    | st.tuples(st.just("stray"), st.sampled_from([b"text", b"< 5", b"&amp;", b"<b>bold</b>"]))
    | st.tuples(st.just("neutral"), neutral),
    max_size=8,
)


@given(pieces, st.lists(st.integers(1, 40), min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_ranges_are_slices_however_the_blocks_are_cut(parts, sizes):
    """Articles and stray text are found at their places, whatever the sizes of the reads."""
    data, expected = b"<articles>", []
    for kind, piece in parts:
        if kind == "article":
            expected.append(("article", len(data), len(data) + len(piece)))
        elif kind == "stray":
            last = expected[-1] if expected else None
            if last and last[0] == "stray":
                expected[-1] = ("stray", last[1], len(data) + len(piece))
            else:
                expected.append(("stray", len(data), len(data) + len(piece)))
        data += piece
    data += b"</articles>"
    if not any(kind == "article" for kind, *_ in expected):
        expected = [("stray", 0, len(data))]

    def blocks() -> Iterator[bytes]:
        start = 0
        for size in (sizes[number % len(sizes)] for number in range(len(data))):
            yield data[start : start + size]
            start += size
            if start >= len(data):
                return

    document = Document("a", blocks())
    found = list(Scanner(document, 1 << 20).items())
    places = [
        ("stray", each.start_byte, each.end_byte)
        if isinstance(each, Reject)
        else ("article", each.range.start_byte, each.range.end_byte)
        for each in found
    ]
    assert places == expected
    for each in found:
        if isinstance(each, SourceArticle):
            assert each.xml == data[each.range.start_byte : each.range.end_byte]


@given(
    st.lists(
        words
        | st.sampled_from(
            [
                b"<article>",
                b"</article>",
                b"<!--",
                b"-->",
                b"<?",
                b"]]>",
                b"<![CDATA[",
                b"<article ",
                b"</articles>",
                b"<!DOCTYPE a [",
                b"]>",
                b'"',
                b"<a b='",
            ]
        ),
        max_size=30,
    ),
    st.integers(1, 9),
)
@settings(max_examples=500, deadline=None)
def test_garbage_is_accounted_for(parts, size):
    """Any sequence of markup gives ordered, disjoint ranges, the same for any size of the reads."""
    data = b"".join(parts)

    def places(step: int) -> list[tuple[int, int, str]]:
        blocks = iter([data[start : start + step] for start in range(0, len(data), step)])
        found = Scanner(Document("a", blocks), 1 << 20).items()
        return [
            (each.start_byte, each.end_byte, each.reason)
            if isinstance(each, Reject)
            else (each.range.start_byte, each.range.end_byte, "")
            for each in found
        ]

    found = places(len(data) + 1)
    assert found
    assert places(size) == found
    edges = [edge for start, end, _ in found for edge in (start, end)]
    assert edges == sorted(edges)


def test_long_tags_without_an_end_are_read_in_one_go(scan_bytes):
    """Trying each part of a name, or each attribute, again would take forever."""
    for tag in (b"<" + b"b" * 60_000, b"<b" + b" a='b'" * 10_000, b"<b" + b" a" * 30_000 + b"'"):
        assert told(scan_bytes(bulk(tag * 50, article(1)))) == ["stray-content", "PMC1"]


@given(st.lists(st.sampled_from([*"<</>>\"'=!?& \nab:", "a='b'", 'c="<d"', "é"]), max_size=20))
@settings(max_examples=500)
def test_tags_are_names_attributes_and_an_end(parts):
    """The same with the name cut anywhere and the rest tried as attributes."""
    text = "<" + "".join(parts)
    simple = re.compile(rb"<(/?)([^\s<>/!?=\"'&]+)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
    data = text.encode()
    assert [found.groups() for found in TAG.finditer(data)] == [
        found.groups() for found in simple.finditer(data)
    ]


# Transports


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A folder on the web; ranges are ignored."""

    def log_message(self, *args: object) -> None:
        """Says nothing."""


class WithRanges(Quiet):
    """Files that can be asked for from a byte on; tells what was asked for."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answers as large servers do."""
        data = Path(self.translate_path(self.path)).read_bytes()
        wanted = self.headers.get("Range", "")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-") or 0)
        self.send_response(206 if wanted else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data) - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        with suppress(ConnectionError):  # who reads has enough
            self.wfile.write(data[start:])


class Boasting(Quiet):
    """A folder on the web; ranges are promised, and ignored."""

    def end_headers(self) -> None:
        """Ends them with the promise."""
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()


@contextmanager
def served(handler, folder) -> Iterator[str]:
    """A folder's address on a web server."""
    made = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), made) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def web(tmp_path):
    """The folder on a web server."""
    with served(Quiet, tmp_path) as address:
        yield address


def test_http(tmp_path, web, monkeypatch):
    """Archives, plain files and packages are read from a web server, also one without ranges."""
    monkeypatch.setattr(files, "OPENING_WAITS", (0,))
    parts = [article(number, b"x" * 900_000) for number in range(1, 6)]
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(bulk(*parts)))
    (tmp_path / "b.xml").write_bytes(bulk(*parts))
    (tmp_path / "c.zip").write_bytes(zip_of({"c.xml": bulk(*parts)}))
    for name in ("a.xml.gz", "b.xml", "c.zip"):
        found = list(scan_archive(Archive("a", (f"{web}/{name}",))))
        assert told(found) == [f"PMC{number}" for number in range(1, 6)]
        assert list(read_articles([found[4].range])) == [found[4]]
    assert told(scan_archive(Archive("a", (f"{web}/none.xml", f"{web}/b.xml"))))[:2] == [
        "unreadable",
        "PMC1",
    ]


def write_large(path: Path) -> None:
    """Five articles that hardly shrink, in the kind of file that the name tells."""
    noise = np.random.default_rng(0)
    parts = [article(n, noise.bytes(600_000).hex().encode()) for n in range(1, 6)]
    data = bulk(*parts)
    if ".tar" in path.name:
        data = tar_of({f"{number}.xml": part for number, part in enumerate(parts)}, "w")
    path.write_bytes(gzip.compress(data, 1) if path.name.endswith(".gz") else data)


@pytest.mark.parametrize("name", ["a.xml.gz", "a.xml", "a.tar", "a.tar.gz"])
def test_web_server_is_asked_for_what_is_needed(name, tmp_path):
    """A chunk's reader does not fetch what stands before the chunk, where the server lets it."""
    write_large(tmp_path / name)
    points = Points()
    with served(WithRanges, tmp_path) as address:
        found = list(scan_archive(Archive("a", (f"{address}/{name}",))))
        WithRanges.asked.clear()
        for number in range(5):
            assert list(read_articles([found[number].range], points)) == [found[number]]
    starts = [int(asked[6:-1]) for asked in WithRanges.asked if asked]
    assert len(starts) >= 3
    size = (tmp_path / name).stat().st_size
    assert starts == sorted(starts)
    assert starts[-1] > size / 2


@pytest.mark.parametrize("name", ["a.xml.gz", "a.xml", "a.tar", "a.tar.gz"])
def test_web_server_that_promises_too_much(name, tmp_path):
    """Where it sends the beginning instead of the range, that is passed over."""
    write_large(tmp_path / name)
    points = Points()
    with served(Boasting, tmp_path) as address:
        found = list(scan_archive(Archive("a", (f"{address}/{name}",))))
        for chosen in (found[:2], found[3:], found[::2], found[4:]):
            assert list(read_articles([each.range for each in chosen], points)) == chosen


@pytest.fixture
def silent(monkeypatch):
    """The address of a web server that takes requests and answers none."""
    monkeypatch.setattr(remote, "TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_silent_web_server_is_not_waited_for(silent):
    """Else a run would stand still for good."""
    with pytest.raises(requests.Timeout) as told:
        open_source(f"{silent}/a.xml.gz")
    assert remote.reason_of(told.value) == "the server does not answer"


def test_remote_source_is_tried_again(tmp_path, monkeypatch):
    """A remote source that does not open at once is tried again before it is given up."""
    (tmp_path / "a.xml").write_bytes(article(1))
    tries = []

    def flaky(uri):
        tries.append(uri)
        if len(tries) < 3:
            raise ConnectionError("busy")
        return (tmp_path / "a.xml").open("rb")

    monkeypatch.setattr(files, "OPENING_WAITS", (0, 0))
    monkeypatch.setattr(files, "open_source", flaky)
    assert told(scan_archive(Archive("a", ("http://h/a.xml",)))) == ["PMC1"]
    tries = ["again"]
    assert told(scan_archive(Archive("a", ("/h/a.xml",)))) == ["unreadable"]
    assert len(tries) == 2, "a local file is not there: it is not waited for"


class Saying(Exception):  # noqa: N818 - it stands for those of several libraries
    """What a library tells of a server's answer."""

    def __init__(self, **told: object) -> None:
        super().__init__("no")
        vars(self).update(told)


def of_requests(status: int) -> Exception:
    """As requests tells an answer."""
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError("no", response=response)


def of_botocore(status: int) -> Exception:
    """As smart_open wraps what botocore tells."""
    wrapped = OSError("unable to access bucket")
    wrapped.__cause__ = Saying(response={"ResponseMetadata": {"HTTPStatusCode": status}})
    return wrapped


def of_google(status: int) -> Exception:
    """As Google's library tells it."""
    return Saying(code=status)


@pytest.mark.parametrize("library", [of_requests, of_botocore, of_google])
def test_only_what_a_server_refuses_for_good_is_a_reject(library, tmp_path, monkeypatch):
    """What may be there in an hour ends the run, which can go on: no article is given up."""
    (tmp_path / "b.xml").write_bytes(article(1))
    monkeypatch.setattr(files, "OPENING_WAITS", ())

    def answer(status: int) -> list[str]:
        def opening(uri: str) -> BinaryIO:
            if uri.startswith("s3://"):
                raise library(status)
            return (tmp_path / "b.xml").open("rb")

        monkeypatch.setattr(files, "open_source", opening)
        return told(scan_archive(Archive("a", ("s3://b/a.xml", str(tmp_path / "b.xml")))))

    for status in (401, 403, 404, 410):
        assert answer(status) == ["unreadable", "PMC1"]
    for status in (429, 500, 503):
        with pytest.raises(UnreadableError, match=r"s3://b/a\.xml cannot be opened now: "):
            answer(status)


class Breaking(Quiet):
    """Promises twice as much as it sends."""

    def do_GET(self) -> None:
        """Answers as a server that goes down."""
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(2 * len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.mark.parametrize("name", ["a.xml", "a.xml.gz", "a.tar.gz", "a.zip"])
def test_a_connection_that_breaks_off_is_told_with_the_address(name, tmp_path):
    """Neither is it damage of the file, nor an exception of some library."""
    data = {
        "a.xml": article(1),
        "a.xml.gz": gzip.compress(article(1)),
        "a.tar.gz": tar_of({"a.xml": article(1)}),
        "a.zip": zip_of({"a.xml": article(1)}),
    }
    (tmp_path / name).write_bytes(data[name])
    with served(Breaking, tmp_path) as address:
        url = f"{address}/{name}"
        with pytest.raises(UnreadableError) as caught:
            list(scan_archive(Archive("a", (url,))))
    assert str(caught.value) == f"{url}: the connection broke off"


@pytest.mark.parametrize("error", [ValueError("odd"), EOFError("odd"), Saying(), OSError("odd")])
def test_whatever_a_transport_raises_is_told_with_the_address(error, monkeypatch):
    """The same from the middle of a package, where some of them would mean damage."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(size) or self.fail()

        def fail(self) -> bytes:
            raise error

    stream = Failing(tar_of({"a.xml": article(1)}, "w")[:700])
    monkeypatch.setattr("transforms.archives.open_patiently", lambda _: stream)
    with pytest.raises(UnreadableError, match=r"^s3://b/a\.tar: (odd|no)$"):
        list(scan_archive(Archive("a", ("s3://b/a.tar",))))

"""Promises of the scanner: every article is found, and damage costs itself."""

import gzip
import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.archives.sources import XLINK, article, bulk, told
from transforms.archives.documents import Document
from transforms.archives.files import BLOCK_BYTES
from transforms.archives.scanner import Scanner
from transforms.jats import parse_xml
from transforms.records import Reject, SourceArticle


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

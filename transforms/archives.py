"""From files to articles: where each article stands in its source, and its bytes.

A source is XML, plain or gzipped, or a package (tar, zip) of such. It is read as a stream::

    file > decompress > member of a package > UTF-8 > articles and rejects

An article's element is found by its tags alone, not by an XML parser: so a damaged article costs
one ``Reject`` and not its neighbours. Byte positions count the decompressed source; for a source
that declares another encoding than UTF-8 they count its bytes after conversion to UTF-8.

Articles and rejects of a source share one numbering (``source_index``), in the order of bytes.
"""

import codecs
import functools
import hashlib
import html
import itertools
import re
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, cast

import smart_open

from transforms.records import (
    Archive,
    ArticleRange,
    Reject,
    RejectError,
    SourceArticle,
    article_id_from,
    article_ids,
)

STAGE = "read"

MAX_ARTICLE_BYTES = 32 << 20
"""The largest article that is read: a parsed article takes several times its bytes."""

OPENING_WAITS = (1.0, 5.0)
"""Seconds before a remote source that did not open is tried again."""

BLOCK_BYTES = 1 << 20
TAG_BYTES = 1 << 16
MARKUP_BYTES = 4 << 20
INSTRUCTION_BYTES = 1 << 12
"""A tag, a comment, CDATA section or DOCTYPE, or a processing instruction around an article's tag
that is longer than this counts as one that never ends."""

BOMB_BYTES = 64 << 20
BOMB_RATIO = 200
SKIPPED_BOMB_BYTES = 1 << 30
"""So many bytes, so much compressed, without one article in them, come from no archive of articles
(XML shrinks 3- to 20-fold). Repeated articles may shrink more: they are articles all the same. A
package's images and data, which are passed over, may be blank for longer."""

SPACE = b" \t\r\n"
BOM = codecs.BOM_UTF8

ARTICLE_NAMES = {b"article", b"PubmedArticle", b"PubmedBookArticle", b"MedlineCitation"}
WRAPPER_NAMES = {
    b"articles",
    b"article-set",
    b"articleset",
    b"pmc-articleset",
    b"OAI-PMH",
    b"GetRecord",
    b"ListRecords",
    b"record",
    b"metadata",
    b"PubmedArticleSet",
    b"MedlineCitationSet",
}
METADATA_NAMES = {
    # What OAI-PMH and PubMed put beside the articles.
    b"responseDate",
    b"request",
    b"header",
    b"about",
    b"resumptionToken",
    b"DeleteCitation",
    b"DeleteDocument",
}
MAX_WRAPPERS = 256
MEMBER_ENDINGS = (".xml", ".nxml", ".xml.gz", ".nxml.gz")

_NAME = rb"[^\s<>/!?=\"'&]+"
_ATTRIBUTES = rb"[^<>\"']*(?:(?:\"[^\"<]*\"|'[^'<]*')[^<>\"']*)*"
_TAG = re.compile(rb"<(/?)(%s)(%s)>" % (_NAME, _ATTRIBUTES))
_ARTICLE_TAG = re.compile(
    rb"<((?:[^\s<>/!?=\"'&:]+:)?(?:%s))(?=[\s/>])" % b"|".join(sorted(ARTICLE_NAMES))
)
_NAMESPACE = re.compile(rb"\s(xmlns(?::[^\s=<>\"']+)?)\s*=\s*(\"[^\"<]*\"|'[^'<]*')")
_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"'>]*)[\"']")
_DOCTYPE = b"<!DOCTYPE"
_DOCTYPE_TOKEN = re.compile(rb"<!--|<\?|[\"'\[\]<>]")
_CLOSER = {b"<!--": b"-->", b"<?": b"?>", b"<![CDATA[": b"]]>", b'"': b'"', b"'": b"'"}
_COMMENT_END = re.compile(rb"--")
_CDATA_END = re.compile(rb"\]\]>|<!\[CDATA\[")
_INSTRUCTION_END = re.compile(rb"\?>|<\?")

_FOREIGN_ROOTS = {
    b"html": ("html", "the file is an HTML page, not the article's XML"),
    b"art": ("bmc-dtd", "the article is in BioMed Central's own format (<art>), not in JATS"),
}
_MAGIC = {
    b"%PDF": ": it is a PDF",
    b"{": ": it looks like JSON",
    b"[": ": it looks like JSON",
    b"\x1f\x8b": ": it is compressed twice",
    b"PK": ": it is a zip file inside another file",
    b"BZh": ": it is compressed, and not by gzip",
    b"\xfd7zXZ": ": it is compressed, and not by gzip",
    b"\x28\xb5\x2f\xfd": ": it is compressed, and not by gzip",
    b"\xd0\xcf\x11\xe0": ": it is an old Office document",
    b"\x89PNG": ": it is an image",
    b"\xff\xd8": ": it is an image",
}

_HIDING = re.compile(rb"<!--|<\?|<!\[CDATA\[")
# Without the "<" and a prefix before them, names are found ten times as fast.
_META_START = re.compile(rb"article-meta(?<=[<:]article-meta)(?=[\s>])")
_META_END = re.compile(rb"article-meta\s*>")
_AFTER_FRONT = re.compile(rb"[<:](?:body|back|floats-group|sub-article|response)[\s/>]")
_ARTICLE_ID = re.compile(rb"article-id(?<=[<:]article-id)(\s[^<>]*)>([^<]*)")
_PUBMED_REFERENCES = re.compile(rb"<ReferenceList[\s>]")
_PUBMED_ID = re.compile(rb"<(PMID|ELocationID|ArticleId)((?:\s[^<>]*)?)>([^<]*)")
_KIND = re.compile(rb"\s(?:pub-id-type|IdType|EIdType)\s*=\s*([\"'])([\w-]+)\1")


class SourceChangedError(Exception):
    """A source no longer holds the bytes that the plan found there."""


def open_source(uri: str) -> BinaryIO:
    """Opens a path or URI for reading its bytes as they are, compressed or not.

    Raises:
        Exception: the transport's own, ``OSError`` for a local file: it cannot be opened.
    """
    transport = {"client": s3_client()} if uri.startswith("s3://") else {}
    return smart_open.open(uri, "rb", compression="disable", transport_params=transport)


@functools.cache
def s3_client() -> Any:
    """A client with the environment's credentials and settings.

    One for all objects: making one takes several times as long as fetching an article.
    """
    import boto3  # noqa: PLC0415 - an optional dependency

    # Two threads may come at once: the session that boto3.client shares is not made for that.
    return boto3.Session().client("s3")


def scan_archive(
    archive: Archive, max_article_bytes: int = MAX_ARTICLE_BYTES
) -> Iterator[SourceArticle | Reject]:
    """Every article of an archive's files with its bytes, and a reject for whatever is none.

    At most one article is held in memory, however large the archive.

    Raises:
        Exception: the transport's own, where a remote source failed while it was read: reading it
            again may help.
    """
    for uri in archive.uris:
        yield from _scan_file(uri, max_article_bytes)


def read_articles(ranges: Sequence[ArticleRange]) -> Iterator[SourceArticle]:
    """The bytes of articles that ``scan_archive`` found, in the order given.

    A file is opened once for the consecutive ranges in it, which must be in the file's order.

    Raises:
        SourceChangedError: a source holds other bytes than it did.
        Exception: the transport's own (``OSError`` for a local file), where it cannot be read.
    """
    for uri, group in itertools.groupby(ranges, key=lambda place: _file_of(place.source_uri)):
        yield from _read_file(uri, deque(group))


def quick_article_id(xml: bytes, sha256: str) -> str:
    """The article's id, by a quick look at its own front matter.

    Args:
        xml: the article's element; PubMed's records are articles too.
        sha256: of these bytes, hexadecimal.
    """
    return article_id_from(*article_ids(_own_ids(xml)), sha256)


# Files


def _file_of(source_uri: str) -> str:
    return source_uri.partition("!/")[0]


def _is_remote(uri: str) -> bool:
    return "://" in uri and not uri.startswith("file://")


def _scan_file(uri: str, max_article_bytes: int) -> Iterator[SourceArticle | Reject]:
    try:
        file = _open_patiently(uri)
    except Exception as error:  # every transport has its own
        yield _file_reject(uri, "unreadable", f"the file cannot be opened: {error}")
        return
    with file:
        for document in _documents(uri, file):
            if isinstance(document, Reject):
                yield document
            else:
                yield from _Scanner(document, max_article_bytes).items()


def _open_patiently(uri: str) -> BinaryIO:
    # It was there when the inputs were matched: a network may need another try.
    for wait in OPENING_WAITS if _is_remote(uri) else ():
        try:
            return open_source(uri)
        except Exception:  # every transport has its own
            time.sleep(wait)
    return open_source(uri)


def _read_file(uri: str, wanted: deque[ArticleRange]) -> Iterator[SourceArticle]:
    with open_source(uri) as file:
        for document in _documents(uri, file):
            if isinstance(document, Reject) or document.uri != wanted[0].source_uri:
                continue
            ranges = []
            while wanted and wanted[0].source_uri == document.uri:
                ranges.append(wanted.popleft())
            yield from _read_document(document, ranges)
            if not wanted:
                return
    raise SourceChangedError(f"{wanted[0].source_uri} is no longer there")


def _read_document(
    document: "_Document", ranges: Iterable[ArticleRange]
) -> Iterator[SourceArticle]:
    window = _Window(document.blocks)
    for place in ranges:
        if document.seek and place.start_byte > window.end + BLOCK_BYTES:
            window = _Window(document.seek(place.start_byte), place.start_byte)
        window.keep = place.start_byte
        window.reach(place.end_byte)
        xml = window.cut(place.start_byte, place.end_byte)
        if hashlib.sha256(xml).hexdigest() != place.sha256:
            raise SourceChangedError(
                f"{place.source_uri}: bytes {place.start_byte} to {place.end_byte} are no longer "
                f"those of {place.article_id}: the file was changed after it was planned"
            )
        yield SourceArticle(place, xml)


def _file_reject(uri: str, reason: str, message: str, index: int = 0) -> Reject:
    return Reject(uri, index, None, STAGE, reason, message, 0, 0)


# From a file to its documents


@dataclass
class _Meter:
    """Bytes in and out of decompression, since the last article or member."""

    compressed: float = 0
    expanded: int = 0
    skipped: bool = False

    def reset(self, *, skipped: bool = False) -> None:
        self.compressed = self.expanded = 0
        self.skipped = skipped

    def add(self, compressed: float, expanded: int) -> None:
        self.compressed += compressed
        self.expanded += expanded
        limit = SKIPPED_BOMB_BYTES if self.skipped else BOMB_BYTES
        if self.expanded > max(limit, BOMB_RATIO * self.compressed):
            raise RejectError(
                STAGE,
                "zip-bomb",
                f"{self.compressed:.0f} compressed bytes hold more than {self.expanded} bytes "
                "without an article",
            )


@dataclass
class _Document:
    """One XML file, as a stream of blocks of UTF-8.

    Attributes:
        blocks: raises RejectError where the rest cannot be read.
        converted: from another encoding.
        seek: the blocks from a byte position on, where the source can do that.
    """

    uri: str
    blocks: Iterator[bytes]
    meter: _Meter = field(default_factory=_Meter)
    converted: bool = False
    seek: Callable[[int], Iterator[bytes]] | None = None


def _documents(uri: str, file: BinaryIO) -> Iterator[_Document | Reject]:
    meter = _Meter()
    head, blocks = _peek(_file_blocks(uri, file), 512)
    if head.startswith(b"\x1f\x8b"):
        head, blocks = _peek(_gunzip(blocks, meter), 512)
        compressed = True
    else:
        compressed = False
    if head[257:262] == b"ustar":
        yield from _tar_documents(uri, blocks, meter)
    elif head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and not compressed:
        yield from _zip_documents(uri, file, blocks)
    else:
        document = _xml_document(uri, blocks, meter)
        # Bytes that were decompressed or converted have no place in the file, and a web server may
        # ignore the range that it is asked for.
        if not compressed and not document.converted and not uri.startswith("http"):
            document.seek = lambda position: _file_blocks(uri, file, position)
        yield document


def _file_blocks(uri: str, file: IO[bytes], start: int | None = None) -> Iterator[bytes]:
    try:
        if start is not None:
            file.seek(start)
        while block := file.read(BLOCK_BYTES):
            yield block
    except OSError as error:
        if _is_remote(uri):
            raise
        raise RejectError(STAGE, "unreadable", f"the file cannot be read: {error}") from error


def _peek(blocks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    head = b""
    try:
        while len(head) < size:
            head += next(blocks)
    except StopIteration:
        pass
    except RejectError as error:
        blocks = _failing(error)
    return head, itertools.chain([head] if head else [], blocks)


def _failing(error: RejectError) -> Iterator[bytes]:
    raise error
    yield b""


def _gunzip(blocks: Iterator[bytes], meter: _Meter) -> Iterator[bytes]:
    """Decompresses one gzip member after another; what stands before a damage is given first."""
    inflate = zlib.decompressobj(wbits=31)
    rest = b""
    for block in blocks:
        rest += block
        while rest:
            if inflate.eof:
                rest = rest.lstrip(b"\0")  # padding of tapes and disks
                if len(rest) < 2:
                    break
                if not rest.startswith(b"\x1f\x8b"):
                    raise RejectError(
                        STAGE, "damaged", "bytes that are not gzip follow the compressed data"
                    )
                inflate = zlib.decompressobj(wbits=31)
            before = inflate.copy()
            try:
                data = inflate.decompress(rest, BLOCK_BYTES)
            except zlib.error as error:
                yield from _salvage(before, rest)
                raise RejectError(
                    STAGE, "damaged", f"the gzip data are damaged from here on: {error}"
                ) from error
            left = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            meter.add(len(rest) - len(left), len(data))
            rest = left
            if data:
                yield data
    if rest or not inflate.eof:
        raise RejectError(STAGE, "truncated", "the gzip file ends in the middle of its data")


def _salvage(inflate: "zlib._Decompress", rest: bytes) -> Iterator[bytes]:
    good = bytearray()
    try:
        for byte in rest:
            good += inflate.decompress(bytes((byte,)))
            if len(good) >= BLOCK_BYTES:
                yield bytes(good)
                good.clear()
    except zlib.error:
        yield bytes(good)


class _BlockFile:
    """Blocks as the file that ``tarfile`` wants."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        block = self._rest or next(self._blocks, b"")
        self._rest = block[size:]
        return block[:size]


def _tar_documents(
    uri: str, blocks: Iterator[bytes], meter: _Meter
) -> Iterator[_Document | Reject]:
    members = _Members(uri)
    try:
        with tarfile.open(
            fileobj=cast("BinaryIO", _BlockFile(blocks)), mode="r|", bufsize=BLOCK_BYTES
        ) as tar:
            for member in tar:
                tar.members.clear()  # type: ignore[attr-defined]
                if member.isdir():
                    continue
                meter.reset(skipped=not members.wants(member.name))
                problem = None
                if not member.isfile() or member.issparse():
                    problem = "is a link, a device or a sparse file, not a plain file"
                if reject := members.refuse(member.name, problem):
                    yield reject
                elif members.wants(member.name):
                    stream = tar.extractfile(member)
                    assert stream is not None  # noqa: S101 - it is a plain file
                    yield _member_document(
                        f"{uri}!/{member.name}", members.watch(_file_blocks("", stream)), meter
                    )
                    if members.broken:
                        return
    except RejectError as error:
        yield members.reject(error.reason, f"{error.message}; {members.last()}")
        return
    except (tarfile.TarError, EOFError) as error:
        yield members.reject("damaged", f"the tar file is damaged: {error}; {members.last()}")
        return
    yield from members.none_found()


def _zip_documents(
    uri: str, file: BinaryIO, blocks: Iterator[bytes]
) -> Iterator[_Document | Reject]:
    members = _Members(uri)
    with tempfile.TemporaryFile() as local:
        if _is_remote(uri):  # its table of contents is at its end
            local.writelines(blocks)
            file = cast("BinaryIO", local)
        try:
            package = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            yield _file_reject(uri, "damaged", f"the zip file is damaged: {error}")
            return
        with package:
            infos = package.infolist()
            file.seek(0, 2)
            if sum(info.compress_size for info in infos) > file.tell():
                yield _file_reject(uri, "zip-bomb", "members of the zip file overlap")
                return
            for info in infos:
                if info.is_dir():
                    continue
                if reject := members.refuse(info.filename, None):
                    yield reject
                elif members.wants(info.filename):
                    meter = _Meter()
                    yield _member_document(
                        f"{uri}!/{info.filename}", _zip_blocks(package, info, meter), meter
                    )
    yield from members.none_found()


def _zip_blocks(package: zipfile.ZipFile, info: zipfile.ZipInfo, meter: _Meter) -> Iterator[bytes]:
    shrunk = info.compress_size / max(info.file_size, 1)
    try:
        with package.open(info) as stream:
            while block := stream.read(BLOCK_BYTES):
                meter.add(len(block) * shrunk, len(block))
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise RejectError(STAGE, "damaged", f"the zip member is damaged: {error}") from error
    except (RuntimeError, NotImplementedError, OSError) as error:
        raise RejectError(STAGE, "unreadable", f"the zip member: {error}") from error


class _Members:
    """What a package's members are to us: articles, other files, or a danger.

    Rejects of members that are not read, and of the package, are numbered as the package's own.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.broken = False
        self._seen: set[int] = set()
        self._count = 0
        self._rejects = 0
        self._last = ""

    def refuse(self, name: str, problem: str | None) -> Reject | None:
        self._count += 1
        self._last = name
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name):
            problem = "has a name that leaves the package's folder"
        if problem is None and self.wants(name):
            if hash(name) in self._seen:
                problem = "has the same name as an earlier one"
            self._seen.add(hash(name))
        if problem is None:
            return None
        return self.reject("unsafe-member", f"the member {name!r} {problem}: it was not read")

    def reject(self, reason: str, message: str) -> Reject:
        self._rejects += 1
        return _file_reject(self.uri, reason, message, self._rejects - 1)

    def wants(self, name: str) -> bool:
        # macOS puts a "._NAME" of its own beside each file.
        base = name.rpartition("/")[2]
        return base.lower().endswith(MEMBER_ENDINGS) and not base.startswith("._")

    def watch(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from blocks
        except RejectError:
            self.broken = True
            raise
        except (tarfile.TarError, EOFError) as error:
            self.broken = True
            raise RejectError(
                STAGE, "truncated", f"the tar file ends in the middle of this member: {error}"
            ) from error

    def last(self) -> str:
        return f"the last member read is {self._last}" if self._last else "no member was read"

    def none_found(self) -> Iterator[Reject]:
        if not self._seen:
            yield self.reject(
                "no-article",
                f"none of the package's {self._count} members ends in {', '.join(MEMBER_ENDINGS)}; "
                "packages inside packages are not opened",
            )


def _member_document(uri: str, blocks: Iterator[bytes], meter: _Meter) -> _Document:
    head, blocks = _peek(blocks, 2)
    if head.startswith(b"\x1f\x8b"):
        blocks = _gunzip(blocks, meter)
    return _xml_document(uri, blocks, meter)


def _xml_document(uri: str, blocks: Iterator[bytes], meter: _Meter) -> _Document:
    head, blocks = _peek(blocks, 1024)
    try:
        encoding = _encoding(head)
    except RejectError as error:
        return _Document(uri, _failing(error), meter)
    if encoding is None:
        return _Document(uri, blocks, meter)
    return _Document(uri, _converted(blocks, encoding), meter, converted=True)


def _encoding(head: bytes) -> str | None:
    """The encoding of a file from its first bytes; None for UTF-8."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(b"<\0"):
        return "utf-16-le"
    if head.startswith(b"\0<"):
        return "utf-16-be"
    declared = _DECLARATION.match(head.removeprefix(BOM))
    if declared is None or head.startswith(BOM):
        return None
    name = declared[1].decode("ascii", "replace")
    try:
        readable = b"<?xml".decode(name)
        name = codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        if re.match("(utf|ucs)-?_?(16|32)", name, re.IGNORECASE):
            return None  # it was read as bytes: the declaration cannot be true
        raise RejectError(
            STAGE, "bad-encoding", f"the file declares the encoding {name!r}, which is unknown"
        ) from error
    if name in {"utf-8", "ascii"} or readable != "<?xml":
        return None
    return name


def _converted(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as error:
        yield error.object[: error.start].decode(encoding, "ignore").encode()
        raise RejectError(
            STAGE, "bad-encoding", f"from here on the file is not {encoding} as it says: {error}"
        ) from error


# From a document to its articles


class _Window:
    """A stretch of a stream of bytes that moves forward; positions are those of the stream.

    Attributes:
        keep: what stands before this position may be forgotten.
        damage: why the stream ended before its time.
    """

    def __init__(self, blocks: Iterator[bytes], base: int = 0) -> None:
        self.buffer = bytearray()
        self.base = base
        self.keep = base
        self.ended = False
        self.damage: RejectError | None = None
        self._blocks = blocks

    @property
    def end(self) -> int:
        return self.base + len(self.buffer)

    def more(self) -> bool:
        """Reads another block; False at the end."""
        if self.ended:
            return False
        drop = min(self.keep, self.end) - self.base
        del self.buffer[:drop]
        self.base += drop
        try:
            self.buffer += next(self._blocks)
        except StopIteration:
            self.ended = True
        except RejectError as error:
            self.ended = True
            self.damage = error
        return not self.ended

    def reach(self, position: int) -> None:
        while self.end < position and self.more():
            pass

    def cut(self, start: int, end: int) -> bytes:
        with memoryview(self.buffer) as view:
            return bytes(view[max(start - self.base, 0) : max(end - self.base, 0)])

    def search(
        self, pattern: re.Pattern[bytes], start: int, overlap: int
    ) -> tuple[int, int] | None:
        """The first match within ``MARKUP_BYTES`` from ``start`` on; reads as much as that needs.

        No match may be longer than ``overlap``.
        """
        position = start
        while True:
            here, there = position - self.base, start - self.base + MARKUP_BYTES
            if match := pattern.search(self.buffer, here, there):
                return self.base + match.start(), self.base + match.end()
            position = max(start, self.end - overlap)
            if self.end >= start + MARKUP_BYTES or not self.more():
                return None


@dataclass
class _Wrapper:
    name: bytes
    namespaces: dict[bytes, bytes]


@dataclass
class _Region:
    """Something between the articles that may be none of our business, or a damaged article.

    Attributes:
        depth: number of open wrappers before it.
        stray: there is text in it, or tags that match nothing: not mere wrapping.
        closes_article: it ends with an article's end tag.
    """

    start: int
    end: int
    depth: int
    name: bytes = b""
    stray: bool = False
    closes_article: bool = False


class _Scanner:
    """Cuts a document into articles and rejects."""

    def __init__(self, document: _Document, max_article_bytes: int) -> None:
        self._uri = document.uri
        self._window = _Window(document.blocks)
        self._meter = document.meter
        self._max_article_bytes = max_article_bytes
        self._position = 0
        self._index = 0
        self._wrappers: list[_Wrapper] = []
        self._region: _Region | None = None
        self._lead: _Region | None = None
        self._entities = False
        self._root = b""
        self._head = b""
        self._damage_told = False
        self._never_closed: set[bytes] = set()

    def items(self) -> Iterator[SourceArticle | Reject]:
        """The document's articles and rejects, in the order of their bytes."""
        while (name := (yield from self._between())) is not None:
            if self._lead:
                yield self._stray_reject(self._lead)
                self._lead = None
            yield self._article(name)
            self._meter.reset()
        window = self._window
        if self._index == 0:
            yield self._document_reject()
        elif window.damage and not self._damage_told:
            start = self._region.start if self._region else min(self._position, window.end)
            yield self._reject(start, window.end, window.damage.reason, window.damage.message)

    def _between(self) -> Generator[Reject, None, bytes | None]:
        """Goes to the start of the next article; returns its name, None at the end."""
        window = self._window
        if self._index == 0:
            window.reach(16)
            self._head = window.cut(0, 16).removeprefix(BOM).lstrip(SPACE)
        while True:
            window.keep = self._position
            here = self._position - window.base
            found = window.buffer.find(b"<", here)
            self._text(here, found if found >= 0 else len(window.buffer))
            if found < 0:
                if window.more():
                    continue
                if not window.damage:
                    yield from self._close_region()
                return None
            at = self._position
            window.reach(at + TAG_BYTES)
            here = at - window.base
            if match := _ARTICLE_TAG.match(window.buffer, here):
                if self._is_html():
                    self._drain()
                    return None
                yield from self._close_region()
                return match[1]
            if window.buffer.startswith((b"<!--", b"<?", b"<![CDATA["), here):
                end = self._markup_end(at)
                if end is None:
                    self._stray(at, at + 2)
                elif window.buffer.startswith(b"<![CDATA[", at - window.base):
                    self._stray(at, end)
                self._position = end or at + 2
            elif window.buffer[here : here + len(_DOCTYPE)].upper() == _DOCTYPE:
                end = self._doctype_end(at)
                if end is None:
                    self._stray(at, at + 2)
                self._position = end or at + 2
            elif match := _TAG.match(window.buffer, here, here + TAG_BYTES):
                closing, name, attributes = match.groups()
                yield from self._tag(at, at + len(match[0]), bool(closing), name, attributes)
                if self._is_html():
                    self._drain()
                    return None
            else:
                self._stray(at, at + 1)
                self._position = at + 1

    def _text(self, here: int, there: int) -> None:
        """Takes the text between two places of the buffer."""
        window = self._window
        text = window.buffer[here:there]
        if text.strip(SPACE + BOM):
            start = window.base + there - len(text.lstrip(SPACE + BOM))
            self._stray(start, window.base + here + len(text.rstrip(SPACE + BOM)))
        self._position = window.base + there

    def _tag(
        self, at: int, end: int, closing: bool, name: bytes, attributes: bytes
    ) -> Iterator[Reject]:
        """Takes a tag that is no article's start."""
        local = name.rpartition(b":")[2]
        self._root = self._root or local
        self._position = end
        if closing:
            depth = self._depth_of(name)
            if depth is None:
                self._stray(at, end)
                if local in ARTICLE_NAMES and self._region:
                    self._region.closes_article = True
                    yield from self._close_region()
                return
            if self._region and depth < self._region.depth:
                yield from self._close_region()
            del self._wrappers[depth:]
            if self._region:
                self._region.end = end
        elif local in METADATA_NAMES and self._skip_element(name, end):
            return
        else:
            if local in WRAPPER_NAMES:
                yield from self._close_region()
            else:
                self._extend_region(at, end, local)
            if not attributes.endswith(b"/") and len(self._wrappers) < MAX_WRAPPERS:
                self._wrappers.append(_Wrapper(name, dict(_NAMESPACE.findall(attributes))))

    def _depth_of(self, name: bytes) -> int | None:
        for depth in range(len(self._wrappers) - 1, -1, -1):
            if self._wrappers[depth].name == name:
                return depth
        return None

    def _skip_element(self, name: bytes, start: int) -> bool:
        if name in self._never_closed:
            return False
        end_tag = re.compile(rb"</%b[ \t\r\n]{0,16}>" % re.escape(name))
        place = self._window.search(end_tag, start, len(name) + 20)
        if place:
            self._position = place[1]
        else:
            self._never_closed.add(name)
        return place is not None

    def _extend_region(self, start: int, end: int, name: bytes = b"") -> _Region:
        if self._region is None:
            self._region = _Region(start, end, len(self._wrappers), name)
        self._region.name = self._region.name or name
        self._region.end = end
        return self._region

    def _stray(self, start: int, end: int) -> None:
        self._extend_region(start, end).stray = True

    def _close_region(self) -> Iterator[Reject]:
        region, self._region = self._region, None
        if region is None or not region.stray:
            return
        del self._wrappers[region.depth :]
        if self._index:
            yield self._stray_reject(region)
        elif self._lead:
            self._lead.end = region.end
            self._lead.closes_article |= region.closes_article
        else:
            self._lead = region

    def _is_html(self) -> bool:
        # HTML has <article> elements of its own.
        return self._index == 0 and self._root.lower() == b"html"

    def _drain(self) -> None:
        self._window.keep = self._window.end
        while self._window.more():
            self._window.keep = self._window.end

    def _markup_end(self, at: int) -> int | None:
        """The end of the comment, instruction or CDATA section at a position; None if it has none.

        One that holds another one's start was never closed: XML forbids it in a comment, and where
        it does not, nobody writes it.
        """
        window = self._window
        here = at - window.base
        if window.buffer.startswith(b"<!--", here):
            place = window.search(_COMMENT_END, at + 4, 2)
            if place:
                window.reach(place[1] + 1)
                closed = window.cut(place[1], place[1] + 1) == b">"
                return place[1] + 1 if closed else None
        elif window.buffer.startswith(b"<?", here):
            place = window.search(_INSTRUCTION_END, at + 2, 2)
            if place:
                return place[1] if window.cut(*place) == b"?>" else None
        else:
            place = window.search(_CDATA_END, at + 9, 9)
            if place:
                return place[1] if window.cut(*place) == b"]]>" else None
        return window.end if window.damage else None

    def _doctype_end(self, at: int) -> int | None:
        """The end of the DOCTYPE at a position; None if it has none."""
        window = self._window
        if _DOCTYPE in self._never_closed:
            return None
        window.reach(at + MARKUP_BYTES)
        here = position = at - window.base
        position += len(_DOCTYPE)
        limit = here + MARKUP_BYTES
        inside = False
        end = None
        while match := _DOCTYPE_TOKEN.search(window.buffer, position, limit):
            token, position = match[0], match.end()
            if closer := _CLOSER.get(token):
                found = window.buffer.find(closer, position, limit)
                position = found + len(closer) if found >= 0 else limit
            elif token in b"[]":
                inside = token == b"["
            elif not inside:
                end = position if token == b">" else None
                break
        else:
            self._never_closed.add(_DOCTYPE)  # looking for another one's end would take as long
        doctype = bytes(window.buffer[here : end or limit])
        if b"<!ENTITY" in doctype and (end or inside):
            self._entities = True
        words = doctype[len(_DOCTYPE) :].split(None, 1)
        if words and not self._root and words[0].lower().rstrip(b">") == b"html":
            self._root = b"html"
        return window.base + end if end else None

    def _article(self, name: bytes) -> SourceArticle | Reject:
        """Takes the article that starts here."""
        window = self._window
        start = window.keep = self._position
        namespaces, end = self._start_tag(start)
        closed = end is not None
        head = b""
        if end is None:
            end, closed, head = self._article_end(start, name)
        self._position = end
        problem = None
        if end - start > self._max_article_bytes:
            problem = (
                "too-large",
                f"the article has {end - start} bytes, the limit is {self._max_article_bytes}",
            )
        if not closed:
            if end < window.end or not window.damage:
                end, problem = self._unclosed(start, end)
            else:
                self._damage_told = True
                problem = window.damage.reason, window.damage.message
        xml = window.cut(start, end)
        sha256 = hashlib.sha256(xml).hexdigest()
        if problem is None:
            problem = self._content_problem(start, xml)
        if problem is None:
            article_id = quick_article_id(xml, sha256)
            place = ArticleRange(self._uri, self._index, start, end, sha256, article_id, namespaces)
            self._index += 1
            return SourceArticle(place, xml)
        ids = article_ids(_own_ids(head or xml))
        return self._reject(start, end, *problem, article_id_from(*ids, "") if any(ids) else None)

    def _start_tag(self, start: int) -> tuple[str, int | None]:
        """The namespaces from around an article, and the article's end if it is an empty tag."""
        here = start - self._window.base
        tag = _TAG.match(self._window.buffer, here, here + TAG_BYTES)
        if tag is None:
            return "", None
        around: dict[bytes, bytes] = {}
        for wrapper in self._wrappers:
            around |= wrapper.namespaces
        for name, _ in _NAMESPACE.findall(tag[3]):
            around.pop(name, None)
        namespaces = b" ".join(name + b"=" + value for name, value in around.items())
        end = start + len(tag[0]) if tag[3].endswith(b"/") else None
        return namespaces.decode(errors="replace"), end

    def _article_end(self, start: int, name: bytes) -> tuple[int, bool, bytes]:
        """Where the article ends, whether by its end tag, and its head if it is too large to hold.

        The next article's start ends one whose end tag is missing.
        """
        window = self._window
        markup = re.compile(
            rb"<(?:!--|!\[CDATA\[|(/)%b[ \t\r\n]{0,16}>|%b[ \t\r\n/>])" % ((re.escape(name),) * 2)
        )
        head = b""
        position = after_markup = start + 1
        while True:
            match = markup.search(window.buffer, position - window.base)
            if match is None:
                position = max(position, window.end - len(name) - 24)
                if window.end - start > self._max_article_bytes:
                    head = head or window.cut(start, start + TAG_BYTES)
                    window.keep = position
                if not window.more():
                    return window.end, False, head
                continue
            at, stop = window.base + match.start(), window.base + match.end()
            closing, is_tag = match[1] is not None, not match[0].startswith(b"<!")
            around = self._open_instruction(after_markup, at)
            if around is not None or not is_tag:
                after = self._markup_end(at if around is None else around)
                if after is not None:
                    position = after_markup = after
                    continue
            if is_tag:
                return stop if closing else at, closing, head
            position = stop

    def _open_instruction(self, start: int, at: int) -> int | None:
        """The processing instruction that starts after ``start`` and may contain ``at``."""
        window = self._window
        there = at - window.base
        here = max(start - window.base, there - INSTRUCTION_BYTES, 0)
        here = window.buffer.rfind(b"<?", here, there)
        if here < 0 or window.buffer.find(b"?>", here + 2, there) >= 0:
            return None
        return window.base + here

    def _unclosed(self, start: int, end: int) -> tuple[int, tuple[str, str]]:
        """What an article without an end tag is."""
        window = self._window
        tail = window.cut(max(start, end - TAG_BYTES), end)
        rest = tail.rstrip(SPACE)
        if end < window.end:
            problem = "damaged", "the article has no end tag: the next one starts inside it"
        else:
            problem = "truncated", "the file ends in the middle of the article"
            for wrapper in self._wrappers:
                if closing := re.search(rb"</%b\s*>\Z" % re.escape(wrapper.name), rest):
                    rest = rest[: closing.start()].rstrip(SPACE)
                    problem = "damaged", "the article has no end tag"
        return end - len(tail) + len(rest), problem

    def _content_problem(self, start: int, xml: bytes) -> tuple[str, str] | None:
        if self._entities:
            return (
                "entity-declarations",
                "the file declares entities of its own: they are never expanded",
            )
        if not xml.isascii():
            try:
                xml.decode()
            except UnicodeDecodeError as error:
                return (
                    "bad-encoding",
                    f"byte {start + error.start} (0x{xml[error.start]:02x}) is not UTF-8, and the "
                    "file declares no other encoding",
                )
        return None

    def _reject(
        self, start: int, end: int, reason: str, message: str, article_id: str | None = None
    ) -> Reject:
        self._index += 1
        return Reject(self._uri, self._index - 1, article_id, STAGE, reason, message, start, end)

    def _stray_reject(self, region: _Region) -> Reject:
        if region.closes_article:
            problem = "damaged", "an article's end tag without a start tag: that one is damaged"
        elif region.name.lower() in _FOREIGN_ROOTS:
            problem = _FOREIGN_ROOTS[region.name.lower()]
        else:
            problem = "stray-content", "content between the articles that belongs to none"
        return self._reject(region.start, region.end, *problem)

    def _document_reject(self) -> Reject:
        """The one reject of a document without an article."""
        window = self._window
        root = self._root.lower()
        if window.damage:
            problem = window.damage.reason, window.damage.message
        elif self._entities:
            problem = "entity-declarations", "the file declares entities of its own, and no article"
        elif root in _FOREIGN_ROOTS:
            problem = _FOREIGN_ROOTS[root]
        elif self._lead and self._lead.closes_article:
            problem = "damaged", "the file has an article's end tag, but no intact start tag"
        elif root:
            problem = (
                "no-article",
                f"the file is XML with the root element <{root.decode(errors='replace')}>, "
                "and holds no article",
            )
        elif self._lead:
            kind = next(
                (kind for magic, kind in _MAGIC.items() if self._head.startswith(magic)), ""
            )
            problem = "not-xml", f"the file is not XML{kind}"
        else:
            problem = "empty-file", f"the file is empty ({window.end} bytes)"
        return self._reject(0, window.end, *problem)


# Identifiers


def _own_ids(xml: bytes) -> Iterator[tuple[str, str]]:
    """Kind and value of the identifiers in an article's own front matter."""
    root = _ARTICLE_TAG.match(xml)
    if root and root[1] in ARTICLE_NAMES - {b"article"}:
        own = xml[: _find(_PUBMED_REFERENCES, xml)]
        if b"<!" in own:
            own = _without_hidden(own)
        for name, attributes, value in _PUBMED_ID.findall(own):
            kind = _KIND.search(attributes)
            yield "pmid" if name == b"PMID" else kind[2].decode() if kind else "", _plain(value)
        return
    start, end = _own_meta(xml)
    if b"<!" in xml[:end]:
        front = _without_hidden(xml[:end])
        # What is left of a comment began before the end that was found, and ends after it.
        xml = _without_hidden(xml) if b"<!" in front else front
        start, end = _own_meta(xml)
    if not _AFTER_FRONT.search(xml, 0, start):
        for attributes, value in _ARTICLE_ID.findall(xml, start, end):
            if kind := _KIND.search(attributes):
                yield kind[2].decode(), _plain(value)


def _without_hidden(xml: bytes) -> bytes:
    """XML without comments, processing instructions and CDATA sections."""
    kept = []
    position = 0
    while match := _HIDING.search(xml, position):
        closer = _CLOSER[match[0]]
        end = xml.find(closer, match.end())
        if end < 0:
            break
        kept.append(xml[position : match.start()])
        position = end + len(closer)
    return b"".join((*kept, xml[position:]))


def _own_meta(xml: bytes) -> tuple[int, int]:
    start = _find(_META_START, xml)
    return start, _find(_META_END, xml, start + 1)


def _find(pattern: re.Pattern[bytes], xml: bytes, start: int = 0) -> int:
    match = pattern.search(xml, start)
    return match.start() if match else len(xml)


def _plain(value: bytes) -> str:
    return html.unescape(value.decode(errors="replace"))

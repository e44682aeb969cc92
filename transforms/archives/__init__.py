"""From files to articles: where each article stands in its source, and its bytes.

A source is XML, plain or gzipped, or a package (tar, zip) of such. It is read as a stream::

    file > decompress > member of a package > UTF-8 > articles and rejects

An article's element is found by its tags alone, not by an XML parser: so a damaged article costs
one ``Reject`` and not its neighbours. Byte positions count the decompressed source; for a source
that declares another encoding than UTF-8 they count its bytes after conversion to UTF-8.

Articles and rejects of a source share one numbering (``source_index``), in the order of bytes.

The modules, in the order in which the bytes meet them: ``files`` opens, ``decompress`` inflates
(``bombs`` watches), ``containers`` looks into packages (``tars`` and ``zips``, whose ``members``
are articles or not), ``documents`` makes UTF-8 of each file, ``byte_window`` moves over it,
``markup`` knows tags and comments, ``scanner`` cuts out the articles, ``ids`` reads their
identifiers, ``problems`` says why something is none.
"""

import hashlib
import io
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

from transforms.archives.bombs import Meter
from transforms.archives.byte_window import ByteWindow
from transforms.archives.containers import open_documents
from transforms.archives.decompress import Points
from transforms.archives.documents import Document
from transforms.archives.files import (
    BLOCK_BYTES,
    UnreadableError,
    file_reject,
    is_lost,
    open_patiently,
)
from transforms.archives.ids import quick_article_id
from transforms.archives.scanner import Scanner
from transforms.errors import JobError
from transforms.records import Archive, ArticleRange, Reject, SourceArticle
from transforms.remote import reason_of

__all__ = [
    "MAX_ARTICLE_BYTES",
    "Points",
    "SourceChangedError",
    "UnreadableError",
    "file_of",
    "quick_article_id",
    "read_articles",
    "scan_archive",
    "scan_bytes",
]


MAX_ARTICLE_BYTES = 32 << 20
"""The largest article that is read: a parsed article takes several times its bytes."""


class SourceChangedError(JobError):
    """A source no longer holds the bytes that the plan found there."""


def scan_archive(
    archive: Archive,
    max_article_bytes: int = MAX_ARTICLE_BYTES,
    opened: Callable[[BinaryIO], object] = lambda _: None,
) -> Iterator[SourceArticle | Reject]:
    """Every article of an archive's files with its bytes, and a reject for whatever is none.

    At most one article is held in memory, however large the archive.

    Args:
        archive: to be read.
        max_article_bytes: an article with more is a reject.
        opened: is given each file; its position tells how much of it has been read.

    Raises:
        UnreadableError: a file cannot be opened or read on now; that one is gone or forbidden is a
            reject.
    """
    for uri in archive.uris:
        yield from _scan_file(uri, max_article_bytes, opened)


def scan_bytes(data: bytes) -> Iterator[SourceArticle | Reject]:
    """The same for a file's bytes, which need stand in no file."""
    return _scan_open("", io.BytesIO(data), MAX_ARTICLE_BYTES)


def read_articles(
    ranges: Sequence[ArticleRange], points: Points | None = None
) -> Iterator[SourceArticle]:
    """The bytes of articles that ``scan_archive`` found, in the order given.

    A file is opened once for the consecutive ranges in it, which must be in the file's order.

    Args:
        ranges: of the articles.
        points: shared by calls for parts of the same gzip files: one goes on where another was.

    Raises:
        SourceChangedError: a source holds other bytes than it did.
        UnreadableError: a file cannot be opened, or not be read on.
    """
    for uri, group in itertools.groupby(ranges, key=lambda place: file_of(place.source_uri)):
        yield from _read_file(uri, deque(group), points)


def file_of(source_uri: str) -> str:
    """The file that an article stands in: itself, or the package of its member."""
    return source_uri.partition("!/")[0]


def _scan_file(
    uri: str, max_article_bytes: int, opened: Callable[[BinaryIO], object]
) -> Iterator[SourceArticle | Reject]:
    try:
        file = open_patiently(uri)
    except Exception as error:  # every transport has its own
        if not is_lost(uri, error):
            raise UnreadableError(f"{uri} cannot be opened now: {reason_of(error)}") from error
        yield file_reject(uri, "unreadable", f"the file cannot be opened: {error}")
        return
    opened(file)
    with file:
        yield from _scan_open(uri, file, max_article_bytes)


def _scan_open(
    uri: str, file: BinaryIO, max_article_bytes: int
) -> Iterator[SourceArticle | Reject]:
    meter = Meter()
    for document in open_documents(uri, file, meter):
        if isinstance(document, Reject):
            found: Iterable[SourceArticle | Reject] = (document,)
        else:
            found = Scanner(document, max_article_bytes).items()
        for item in found:
            meter.items += 1
            yield item


def _read_file(
    uri: str, wanted: deque[ArticleRange], points: Points | None
) -> Iterator[SourceArticle]:
    try:
        file = open_patiently(uri)
    except Exception as error:  # every transport has its own
        raise UnreadableError(f"{uri} can no longer be opened: {reason_of(error)}") from error
    with file:
        for document in open_documents(
            uri, file, Meter(planned=True), points, wanted[0].package_byte
        ):
            if isinstance(document, Reject) or document.uri != wanted[0].source_uri:
                continue
            ranges = []
            while wanted and wanted[0].source_uri == document.uri:
                ranges.append(wanted.popleft())
            yield from _read_document(document, ranges)
            if not wanted:
                return
    raise SourceChangedError(f"{wanted[0].source_uri} is no longer there")


def _read_document(document: Document, ranges: Iterable[ArticleRange]) -> Iterator[SourceArticle]:
    window = ByteWindow(document.blocks)
    for place in ranges:
        if document.seek and place.start_byte > window.end + BLOCK_BYTES:
            start, blocks = document.seek(place.start_byte)
            if start > window.end:
                window = ByteWindow(blocks, start)
        window.keep = place.start_byte
        window.reach(place.end_byte)
        xml = window.cut(place.start_byte, place.end_byte)
        if hashlib.sha256(xml).hexdigest() != place.sha256:
            raise SourceChangedError(
                f"{place.source_uri}: bytes {place.start_byte} to {place.end_byte} are no longer "
                f"those of {place.article_id}: the file was changed after it was planned"
            )
        yield SourceArticle(place, xml)

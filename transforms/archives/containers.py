"""From a file to the XML documents in it: itself, or the members of a tar or zip package."""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

from transforms.archives.bombs import Meter
from transforms.archives.decompress import Point, Points, gunzip, peek, without
from transforms.archives.documents import Document, xml_document
from transforms.archives.files import answers_ranges, file_blocks, is_remote, open_patiently
from transforms.archives.tars import tar_documents
from transforms.archives.zips import local_copy, zip_documents
from transforms.records import Reject


def open_documents(
    uri: str, file: BinaryIO, meter: Meter, points: Points | None = None, package_byte: int = 0
) -> Iterator[Document | Reject]:
    """An open file's documents, in order: each must be read, or left, before the next one.

    Args:
        uri: of the file.
        file: at its beginning.
        meter: counts.
        points: in gzip files, where other readers of the same files have been.
        package_byte: of a member that a scan has met: those before it may be passed over.

    Raises:
        UnreadableError: the source cannot be read on.
    """
    points = points or Points()
    seeks = False

    def note(point: Point) -> None:
        if seeks:
            points.add(uri, point)

    def seek(position: int) -> tuple[int, Iterator[bytes]]:
        if not compressed:
            return position, _blocks_from(uri, file, position)
        point = points.last_before(uri, position)
        stored = _blocks_from(uri, file, point.compressed)
        return point.expanded, gunzip(stored, meter, note, point)

    head, blocks = peek(meter.watch(file_blocks(uri, file)), 512)
    if head.startswith(b"\x1f\x8b"):
        head, blocks = peek(gunzip(blocks, meter, note), 512)
        compressed = True
    else:
        compressed = False
    if head[257:262] == b"ustar":
        seeks = answers_ranges(uri, file)
        if seeks and package_byte:
            start, ahead = seek(package_byte)
            blocks = without(ahead if start else blocks, package_byte - start)
        yield from tar_documents(uri, blocks, meter)
    elif head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and not compressed:
        with ExitStack() as stack:
            package = local_copy(blocks, stack) if is_remote(uri) else file
            yield from zip_documents(uri, package, meter, package_byte)
    else:
        document = xml_document(uri, blocks, meter)
        # Bytes that were converted have no place in the file.
        seeks = not document.converted and answers_ranges(uri, file)
        if seeks:
            document.seek = seek
        yield document


def _blocks_from(uri: str, file: BinaryIO, start: int) -> Iterator[bytes]:
    """A file's bytes from a position on, also of a web server that says so but cannot do it."""
    try:
        yield from file_blocks(uri, file, start)
    except io.UnsupportedOperation:
        with open_patiently(uri) as again:
            yield from without(file_blocks(uri, again), start)

"""From a file to the XML documents in it: itself, or the members of a tar or zip package."""

import io
import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from itertools import dropwhile
from typing import BinaryIO, cast

from transforms.archives.bombs import Meter
from transforms.archives.decompress import Point, Points, gunzip, peek, without
from transforms.archives.documents import Document, member_document, xml_document
from transforms.archives.files import (
    BLOCK_BYTES,
    STAGE,
    answers_ranges,
    file_blocks,
    file_reject,
    is_remote,
    open_patiently,
)
from transforms.records import Reject, RejectError

MEMBER_ENDINGS = (".xml", ".nxml", ".xml.gz", ".nxml.gz")

MAX_EXTENDED_HEADER_BYTES = 1 << 20
"""They are read into memory, and hold no more than a name and some numbers."""
_EXTENDED_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


def open_documents(
    uri: str, file: BinaryIO, points: Points | None = None, package_byte: int = 0
) -> Iterator[Document | Reject]:
    """An open file's documents, in order: each must be read, or left, before the next one.

    Args:
        uri: of the file.
        file: at its beginning.
        points: in gzip files, where other readers of the same files have been.
        package_byte: of a member that a scan has met: those before it may be passed over.

    Raises:
        UnreadableError: a remote source cannot be read on.
    """
    meter = Meter()
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

    head, blocks = peek(file_blocks(uri, file), 512)
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
            meter.planned = True
        yield from _tar_documents(uri, blocks, meter)
    elif head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and not compressed:
        yield from _zip_documents(uri, file, blocks, package_byte)
    else:
        document = xml_document(uri, blocks, meter)
        # Bytes that were converted have no place in the file.
        seeks = not document.converted and answers_ranges(uri, file)
        if seeks:
            document.seek = seek
        yield document


class _Header(tarfile.TarInfo):
    """A member's header, of no more than it may have.

    Where it is missing or damaged, ``tarfile`` would take it for the end.
    """

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> "_Header":
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EmptyHeaderError as error:  # type: ignore[attr-defined]
            raise tarfile.SubsequentHeaderError("it has no end") from error  # type: ignore[attr-defined]
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.SubsequentHeaderError(str(error)) from error  # type: ignore[attr-defined]

    def _proc_member(self, tarfile_: tarfile.TarFile) -> "_Header":
        if self.type in _EXTENDED_HEADERS and self.size > MAX_EXTENDED_HEADER_BYTES:
            raise tarfile.SubsequentHeaderError(  # type: ignore[attr-defined]
                f"a member's extended header has {self.size} bytes"
            )
        return super()._proc_member(tarfile_)  # type: ignore[misc, no-any-return]


class _BlockFile:
    """Blocks as the file that ``tarfile`` wants."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        block = self._rest or next(self._blocks, b"")
        self._rest = block[size:]
        return block[:size]


def _blocks_from(uri: str, file: BinaryIO, start: int) -> Iterator[bytes]:
    """A file's bytes from a position on, also of a web server that says so but cannot do it."""
    try:
        yield from file_blocks(uri, file, start)
    except io.UnsupportedOperation:
        with open_patiently(uri) as again:
            yield from without(file_blocks(uri, again), start)


def _tar_documents(uri: str, blocks: Iterator[bytes], meter: Meter) -> Iterator[Document | Reject]:
    members = _Members(uri)
    try:
        with tarfile.open(
            fileobj=cast("BinaryIO", _BlockFile(blocks)),
            mode="r|",
            bufsize=BLOCK_BYTES,
            tarinfo=_Header,
            errors="backslashreplace",  # in names: they become URIs, which are UTF-8
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
                    yield member_document(
                        f"{uri}!/{member.name}",
                        members.watch(file_blocks("", stream)),
                        meter,
                        # What a global header says holds for all members behind it.
                        0 if tar.pax_headers else member.offset,
                    )
                    if members.broken:
                        return
    except RejectError as error:
        yield members.reject(error.reason, f"{error.message}; {members.last()}")
        return
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        yield members.reject("damaged", f"the tar file is damaged: {error}; {members.last()}")
        return
    yield from members.none_found()


def _zip_documents(
    uri: str, file: BinaryIO, blocks: Iterator[bytes], package_byte: int
) -> Iterator[Document | Reject]:
    members = _Members(uri)
    with tempfile.TemporaryFile() as local:
        if is_remote(uri):  # its table of contents is at its end
            local.writelines(blocks)
            file = cast("BinaryIO", local)
        try:
            package = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            yield file_reject(uri, "damaged", f"the zip file is damaged: {error}")
            return
        with package:
            infos = package.infolist()
            file.seek(0, 2)
            if sum(info.compress_size for info in infos) > file.tell():
                yield file_reject(uri, "zip-bomb", "members of the zip file overlap")
                return
            if package_byte:
                infos = [*dropwhile(lambda info: info.header_offset != package_byte, infos)]
            for info in infos:
                if info.is_dir():
                    continue
                if reject := members.refuse(info.filename, None):
                    yield reject
                elif members.wants(info.filename):
                    meter = Meter()
                    yield member_document(
                        f"{uri}!/{info.filename}",
                        _zip_blocks(package, info, meter),
                        meter,
                        info.header_offset,
                    )
    yield from members.none_found()


def _zip_blocks(package: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter) -> Iterator[bytes]:
    shrunk = info.compress_size / max(info.file_size, 1)
    try:
        with package.open(info) as stream:
            while block := stream.read(BLOCK_BYTES):
                meter.add(len(block) * shrunk, len(block))
                yield block
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError) as error:
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
        return file_reject(self.uri, reason, message, self._rejects - 1)

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

"""From a zip file to the XML documents in it."""

import bz2
import copy
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import dropwhile
from typing import BinaryIO, Protocol, cast

from transforms.archives.bombs import MAX_RATIO, Meter
from transforms.archives.decompress import peek, without
from transforms.archives.documents import Document, member_document
from transforms.archives.files import BLOCK_BYTES, STAGE, UnreadableError, file_reject
from transforms.archives.members import Members
from transforms.records import Reject, RejectError

MAX_DIRECTORY_BYTES = 16 << 20
"""Of a table of contents, which is read into memory: of some 150,000 members."""
ALWAYS_EXPANDED_BYTES = 1 << 20
"""Of a member, which may have been compressed beyond all measure."""
MAX_DICTIONARY_BYTES = 64 << 20
"""Memory that an LZMA member may ask for; as much as the strongest usual setting does."""


class Decompressor(Protocol):
    """What ``bz2`` and ``lzma`` have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the data was met."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes of what was given."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most so many bytes of what comes of the data."""
        ...


class _Inflate:
    """Deflated data, in the same way."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(-15)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    def decompress(self, data: bytes, max_length: int) -> bytes:
        expanded = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        self.needs_input = not self._inflate.unconsumed_tail and len(expanded) < max_length
        return expanded


class _Stored:
    """Data that are not compressed, in the same way: their end is that of the member."""

    eof = True
    needs_input = True

    def decompress(self, data: bytes, _: int) -> bytes:
        return data


class _PackageFile:
    """The file of a package, for ``zipfile``: a machine's faults are none of the package's.

    Raises:
        UnreadableError: by its methods; the file cannot be read.
    """

    def __init__(self, uri: str, file: BinaryIO) -> None:
        self._uri = uri
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"its table of contents has {size} bytes")
        try:
            return self._file.read(size)
        except OSError as error:
            raise UnreadableError(f"{self._uri}: {error}") from error


def zip_documents(
    uri: str, file: BinaryIO, meter: Meter, package_byte: int = 0
) -> Iterator[Document | Reject]:
    """The documents in a zip file.

    Args:
        uri: of the file.
        file: can be read at any position.
        meter: counts.
        package_byte: of the first member that is wanted.

    Raises:
        UnreadableError: the file cannot be read.
    """
    members = Members(uri)
    try:
        package = zipfile.ZipFile(cast("BinaryIO", _PackageFile(uri, file)))
    except (MemoryError, OSError, UnreadableError):
        raise
    except Exception as error:  # zipfile has many on damaged bytes
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
            if info.filename.endswith("/"):  # is_dir() fails at an empty name
                continue
            if reject := members.refuse(info.filename, None):
                yield reject
            elif members.wants(info.filename):
                meter.reset()
                yield member_document(
                    members.uri_of(info.filename),
                    _member_blocks(package, info, meter),
                    meter,
                    info.header_offset,
                )
    yield from members.none_found()


def local_copy(blocks: Iterator[bytes], stack: ExitStack) -> BinaryIO:
    """A remote file's bytes in a file on this machine, gone when the stack is closed.

    A zip file's table of contents is at its end.

    Raises:
        UnreadableError: there is no room for it.
    """
    try:
        local = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it is closed by the stack
        local.writelines(blocks)
    except OSError as error:
        raise UnreadableError(
            f"a zip file cannot be kept in {tempfile.gettempdir()}: {error}"
        ) from error
    return cast("BinaryIO", local)


def _member_blocks(
    package: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter
) -> Iterator[bytes]:
    """A member's bytes, never more in memory than ``BLOCK_BYTES`` of them.

    ``zipfile`` expands bzip2 and LZMA at one go, however much it is.
    """
    if info.file_size > max(ALWAYS_EXPANDED_BYTES, MAX_RATIO * info.compress_size):
        raise RejectError(
            STAGE, "zip-bomb", f"{info.compress_size} bytes of it hold {info.file_size} bytes"
        )
    crc = size = 0
    try:
        stored = meter.watch(_stored_blocks(package, info))
        decompressor, stored = _decompressor(info, stored)
        for data in _expanded(decompressor, stored, meter):
            crc, size = zlib.crc32(data, crc), size + len(data)
            if size > info.file_size:
                break
            yield data
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, OSError) as error:
        raise RejectError(STAGE, "damaged", f"the zip member is damaged: {error}") from error
    except (RuntimeError, NotImplementedError) as error:
        raise RejectError(STAGE, "unreadable", f"the zip member: {error}") from error
    if (size, crc) != (info.file_size, info.CRC):
        raise RejectError(
            STAGE,
            "damaged",
            "the zip member is damaged: size or checksum are not as its package says",
        )


def _stored_blocks(package: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """A member's bytes as they stand in the file."""
    stored = copy.copy(info)
    stored.compress_type = zipfile.ZIP_STORED
    stored.file_size = info.compress_size
    del stored.CRC  # it is that of the expanded bytes
    with package.open(stored) as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def _decompressor(
    info: zipfile.ZipInfo, stored: Iterator[bytes]
) -> tuple[Decompressor, Iterator[bytes]]:
    """What expands a member, and what is to be given to it.

    Raises:
        RejectError: nothing does.
    """
    if info.compress_type == zipfile.ZIP_STORED:
        return _Stored(), stored
    if info.compress_type == zipfile.ZIP_DEFLATED:
        return _Inflate(), stored
    if info.compress_type == zipfile.ZIP_BZIP2:
        return bz2.BZ2Decompressor(), stored
    if info.compress_type == zipfile.ZIP_LZMA:
        return lzma.LZMADecompressor(lzma.FORMAT_ALONE), _lzma_file(info, stored)
    raise RejectError(
        STAGE,
        "unreadable",
        f"the zip member is compressed by method {info.compress_type}; "
        "deflate, bzip2 and LZMA can be read",
    )


def _lzma_file(info: zipfile.ZipInfo, stored: Iterator[bytes]) -> Iterator[bytes]:
    """A member's LZMA data as a file of its own (APPNOTE.TXT 5.8.8: other head, same data)."""
    head, stored = peek(stored, 9)  # two bytes of version, two of size, five of properties
    if len(head) < 9 or head[2:4] != b"\5\0":
        raise RejectError(STAGE, "damaged", "the zip member is damaged: it has no head of LZMA")
    memory = int.from_bytes(head[5:9], "little")
    if memory > MAX_DICTIONARY_BYTES:
        raise RejectError(
            STAGE,
            "unreadable",
            f"the zip member wants {memory} bytes of memory; the limit is {MAX_DICTIONARY_BYTES}",
        )
    ends_by_mark = info.flag_bits & 2
    yield head[4:9] + (b"\xff" * 8 if ends_by_mark else info.file_size.to_bytes(8, "little"))
    yield from without(stored, 9)


def _expanded(decompressor: Decompressor, stored: Iterator[bytes], meter: Meter) -> Iterator[bytes]:
    """Data in blocks.

    Raises:
        EOFError: they end too early.
    """
    for block in stored:
        meter.add(len(block), 0)
        data = decompressor.decompress(block, BLOCK_BYTES)
        while data:
            meter.add(0, len(data))
            yield data
            if decompressor.needs_input or decompressor.eof:
                break
            data = decompressor.decompress(b"", BLOCK_BYTES)
        if decompressor.eof and not isinstance(decompressor, _Stored):
            return
    if not decompressor.eof:
        raise EOFError("it ends in the middle of its data")

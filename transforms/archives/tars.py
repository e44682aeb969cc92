"""From a tar file to the XML documents in it."""

import re
import tarfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from transforms.archives.bombs import Meter
from transforms.archives.documents import Document, member_document
from transforms.archives.files import BLOCK_BYTES, STAGE, UnreadableError, file_blocks
from transforms.archives.members import Members
from transforms.records import Reject, RejectError

MAX_EXTENDED_HEADER_BYTES = 1 << 20
"""Of one member together: they are read into memory, and hold no more than a name and a size."""
_EXTENDED_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_PAX_RECORD = re.compile(rb"([0-9]{1,10}) ([^=\n]{1,200})=")


class _Tar(tarfile.TarFile):
    """A tar file that counts.

    Attributes:
        meter: of the file.
        extended_bytes: of the extended headers since the last member.
    """

    extended_bytes = 0

    def __init__(self, *args: Any, meter: Meter, **options: Any) -> None:
        self.meter = meter
        super().__init__(*args, **options)


class _Header(tarfile.TarInfo):
    """A member's header, of no more than it may have.

    Where it is missing or damaged, ``tarfile`` would take it for the end.
    """

    @classmethod
    def fromtarfile(cls, tar: _Tar) -> "_Header":  # type: ignore[override]
        tar.meter.skipped = False
        try:
            return super().fromtarfile(tar)
        except tarfile.EmptyHeaderError as error:  # type: ignore[attr-defined]
            raise tarfile.SubsequentHeaderError("it has no end") from error  # type: ignore[attr-defined]
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.SubsequentHeaderError(str(error)) from error  # type: ignore[attr-defined]

    def _proc_member(self, tar: _Tar) -> "_Header":
        if self.type not in _EXTENDED_HEADERS:
            tar.extended_bytes = 0
        else:
            tar.extended_bytes += self.size
            if tar.extended_bytes > MAX_EXTENDED_HEADER_BYTES:
                raise tarfile.SubsequentHeaderError(  # type: ignore[attr-defined]
                    f"a member's extended headers have {tar.extended_bytes} bytes"
                )
        return super()._proc_member(tar)  # type: ignore[misc, no-any-return]

    def _proc_pax(self, tar: _Tar) -> "_Header":
        """Takes name and size from an extended header.

        ``tarfile`` takes all of it, for each member behind a global header again; and quadratic
        time, or forever, where digits or a map of a sparse file have no end.
        """
        own = _pax_fields(tar.fileobj.read(self._block(self.size))[: self.size])  # type: ignore
        if self.type == tarfile.XGLTYPE:
            tar.pax_headers = {**tar.pax_headers, **own}
        try:
            member = self.fromtarfile(tar)
        except tarfile.HeaderError as error:
            raise tarfile.SubsequentHeaderError(str(error)) from error  # type: ignore[attr-defined]
        if any(field.startswith("GNU.sparse.") for field in own):
            member.sparse = []  # type: ignore[assignment]
        if self.type != tarfile.XGLTYPE:
            member._apply_pax_info(own, "utf-8", tar.errors)  # type: ignore[attr-defined]
            member.offset = self.offset
            if "size" in own:
                tar.offset = member.offset_data + member._block(member.size)  # type: ignore
        return member


def _pax_fields(header: bytes) -> dict[str, str]:
    """Those of an extended header's fields that matter here, by name.

    Raises:
        tarfile.SubsequentHeaderError: a field has another length than it says, or no size.
    """
    fields = {}
    position = 0
    while record := _PAX_RECORD.match(header, position):
        end = position + int(record[1])
        if not record.end() < end <= len(header):
            raise tarfile.SubsequentHeaderError("an extended header is damaged")  # type: ignore[attr-defined]
        if record[2] in (b"path", b"size") or record[2].startswith(b"GNU.sparse."):
            value = header[record.end() : end - 1]
            fields[record[2].decode(errors="replace")] = value.decode(errors="backslashreplace")
        position = end
    if not fields.get("size", "0").isdecimal():
        raise tarfile.SubsequentHeaderError("a member has no size")  # type: ignore[attr-defined]
    return fields


class _BlockFile:
    """Blocks as the file that ``tarfile`` wants."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        block = self._rest or next(self._blocks, b"")
        self._rest = block[size:]
        return block[:size]


def tar_documents(uri: str, blocks: Iterator[bytes], meter: Meter) -> Iterator[Document | Reject]:
    """The documents in a tar file.

    Args:
        uri: of the file.
        blocks: decompressed; from the header of any member on.
        meter: counts.
    """
    members = Members(uri)
    try:
        with _Tar.open(  # type: ignore[call-overload]
            fileobj=cast("BinaryIO", _BlockFile(blocks)),
            mode="r|",
            bufsize=BLOCK_BYTES,
            tarinfo=_Header,
            meter=meter,
            errors="backslashreplace",  # in names: they become URIs, which are UTF-8
        ) as tar:
            for member in tar:
                tar.members.clear()  # type: ignore[attr-defined]
                if member.isdir():
                    continue
                meter.skipped = not members.wants(member.name)
                problem = None
                if not member.isfile() or member.issparse():
                    problem = "is a link, a device or a sparse file, not a plain file"
                if reject := members.refuse(member.name, problem):
                    yield reject
                elif members.wants(member.name):
                    stream = tar.extractfile(member)
                    assert stream is not None  # noqa: S101 - it is a plain file
                    yield member_document(
                        members.uri_of(member.name),
                        _member_blocks(file_blocks("", stream), members),
                        meter,
                        # What a global header says holds for all members behind it.
                        0 if tar.pax_headers else member.offset,
                    )
                    if members.broken:
                        return
    except RejectError as error:
        yield members.reject(error.reason, f"{error.message}; {members.last()}")
        return
    except (MemoryError, OSError, UnreadableError):
        raise
    except Exception as error:  # tarfile has many on damaged bytes
        yield members.reject("damaged", f"the tar file is damaged: {error}; {members.last()}")
        return
    yield from members.none_found()


def _member_blocks(blocks: Iterator[bytes], members: Members) -> Iterator[bytes]:
    try:
        yield from blocks
    except RejectError:
        members.broken = True
        raise
    except (tarfile.TarError, EOFError) as error:
        members.broken = True
        raise RejectError(
            STAGE, "truncated", f"the tar file ends in the middle of this member: {error}"
        ) from error

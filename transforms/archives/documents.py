"""One XML file as a stream of UTF-8, whatever encoding it is in."""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from transforms.archives.bombs import Meter
from transforms.archives.decompress import failing, gunzip, peek
from transforms.archives.files import STAGE
from transforms.records import RejectError

_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"'>]*)[\"']")

# Codecs that Python has, and no file is in.
_OF_PYTHON = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"}


@dataclass
class Document:
    """One XML file, as a stream of blocks of UTF-8.

    Attributes:
        blocks: raises RejectError where the rest cannot be read.
        converted: from another encoding.
        seek: where the source can do that: the blocks from a byte position on, or from some way
            before it, and where they start.
        package_byte: where the member's header stands in its package, 0 if that is not known.
    """

    uri: str
    blocks: Iterator[bytes]
    meter: Meter = field(default_factory=Meter)
    converted: bool = False
    seek: Callable[[int], tuple[int, Iterator[bytes]]] | None = None
    package_byte: int = 0


def member_document(uri: str, blocks: Iterator[bytes], meter: Meter, package_byte: int) -> Document:
    """A package's member, compressed by itself or not."""
    head, blocks = peek(blocks, 2)
    if head.startswith(b"\x1f\x8b"):
        blocks = gunzip(blocks, meter)
    document = xml_document(uri, blocks, meter)
    document.package_byte = package_byte
    return document


def xml_document(uri: str, blocks: Iterator[bytes], meter: Meter) -> Document:
    """Decompressed bytes as a document."""
    head, blocks = peek(blocks, 1024)
    try:
        encoding = _encoding(head)
    except RejectError as error:
        return Document(uri, failing(error), meter)
    if encoding is None:
        return Document(uri, blocks, meter)
    return Document(uri, _converted(blocks, encoding), meter, converted=True)


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
    declared = _DECLARATION.match(head.removeprefix(codecs.BOM_UTF8))
    if declared is None or head.startswith(codecs.BOM_UTF8):
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
    if name in _OF_PYTHON:
        raise RejectError(STAGE, "bad-encoding", f"no file is in the encoding {name!r}")
    if name in {"utf-8", "ascii"} or readable != "<?xml":
        return None
    return name


def _converted(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """UTF-8, in which a byte that is none in the encoding stands as it is: no UTF-8 either.

    So it costs the article that it stands in, as such a byte does in UTF-8.
    """
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    try:
        for block in blocks:
            yield decoder.decode(block).encode(errors="surrogateescape")
        yield decoder.decode(b"", final=True).encode(errors="surrogateescape")
    except UnicodeError as error:
        raise RejectError(
            STAGE, "bad-encoding", f"from here on the file is not {encoding} as it says: {error}"
        ) from error

"""Articles and files that went wrong on their way, made of good ones by chance."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable

# Pieces that a parser, a splitter or a tokenizer may stumble over.
TOKENS = [
    *(b"<", b">", b"&", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?", b"?>", b"</p>", b"<p>"),
    *(b"<sub>", b"</sub>", b"<sup>", b"</sup>", b"<italic>", b"<article>", b"</article>"),
    *(b"<sub-article>", b"</sub-article>", b"<sec><title>", b"</title></sec>", b"<break/>"),
    *(
        b'<xref ref-type="bibr" rid="r1">',
        b"</xref>",
        b"<table-wrap>",
        b"<td>",
        b"<fn>",
        b"<label>",
    ),
    *(b"<inline-formula><tex-math>$x$</tex-math></inline-formula>", b"<alternatives>"),
    *(
        b"&#0;",
        b"&#xD800;",
        b"&#x10FFFF;",
        b"&agr;",
        b"&nope;",
        b"&lt;",
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
    ),
    *(
        "\u00ad \u200b \ufeff \u202e \ufffc \u2028 \x85 \u0301 \U0001f9ec ﬁ … İ ß".encode().split(
            b" "
        )
    ),
    *(b"e.g. ", b"et al. ", b". ", b"...", b"? ! ", b"(", b")", b"[", b"]", b"; ", b"\n\n", b"\t"),
    *(b"<!DOCTYPE article [<!ENTITY x 'y'>]>", b' xml:lang="fr"', b' xmlns="urn:x"', b"xlink:href"),
]


def mutate(data: bytes, choose: random.Random) -> bytes:
    """The same with a few things cut, doubled, moved, or put in."""
    for _ in range(choose.choice((1, 1, 2, 3, 8))):
        start = choose.randrange(len(data) + 1)
        end = min(len(data), start + choose.choice((1, 1, 4, 30, 300)))
        piece = data[start:end]
        edit = choose.randrange(6)
        if edit == 0:
            piece = b""
        elif edit == 1:
            piece *= choose.choice((2, 2, 3, 50))
        elif edit == 2:
            piece = choose.choice(TOKENS)
        elif edit == 3:
            piece = choose.choice(TOKENS) * choose.choice((1, 2, 400))
        elif edit == 4:
            piece = bytes(choose.randrange(256) for _ in piece[:8])
        else:
            other = choose.randrange(len(data) + 1)
            piece = data[other : other + choose.choice((5, 50, 2000))]
        data = data[:start] + piece + data[end:]
    return data


def _tar(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number, each in enumerate((b"", data)):
            info = tarfile.TarInfo(f"{'é' * 60}/{number}{name}" if number else name)
            info.size = len(each)
            tar.addfile(info, io.BytesIO(each))
    return out.getvalue()


def _zip(method: int) -> Callable[[bytes], bytes]:
    def pack(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as package:
            package.writestr("a.xml", data)
            package.writestr("b.xml.gz", gzip.compress(data, mtime=0))
        return out.getvalue()

    return pack


CONTAINERS: list[Callable[[bytes], bytes]] = [
    lambda data: data,
    lambda data: gzip.compress(data, mtime=0),
    lambda data: gzip.compress(data[:700], mtime=0) + gzip.compress(data[700:], mtime=0),
    lambda data: _tar("a.xml", data),
    lambda data: gzip.compress(_tar("a.xml.gz", gzip.compress(data, mtime=0)), mtime=0),
    _zip(zipfile.ZIP_STORED),
    _zip(zipfile.ZIP_DEFLATED),
    _zip(zipfile.ZIP_BZIP2),
    _zip(zipfile.ZIP_LZMA),
    lambda data: data.decode("utf-8", "replace").encode("utf-16"),
    lambda data: b'<?xml version="1.0" encoding="cp1252"?>' + data,
    bz2.compress,
    lzma.compress,
]


def damage(data: bytes, choose: random.Random) -> bytes:
    """A file with some of its bytes changed, cut off, or put in."""
    changed = bytearray(data)
    for _ in range(choose.choice((1, 1, 3, 20))):
        place = choose.randrange(len(changed) + 1)
        edit = choose.randrange(4)
        if edit == 0:
            changed[place : place + 1] = bytes((choose.randrange(256),))
        elif edit == 1:
            del changed[place : place + choose.choice((1, 10, 1000))]
        elif edit == 2:
            changed[place:place] = bytes(choose.randrange(256) for _ in range(choose.randrange(9)))
        else:
            changed[place : place + 12] = choose.choice(
                (b"\0" * 12, b"\xff" * 12, b"9" * 12, b"0000000000\0 ")
            )
    return bytes(changed)

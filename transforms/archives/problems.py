"""What is wrong with a stretch of a document: facts in; a code and a sentence for a curator out."""

import re
from collections.abc import Iterable

from transforms.archives.markup import SPACE

Problem = tuple[str, str]
"""A reject's reason and message."""

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


ENTITIES = (
    "entity-declarations",
    "the file declares entities of its own: they are never expanded",
)


def too_large(size: int, limit: int) -> Problem:
    """The problem of an article that is larger than what is read."""
    return "too-large", f"the article has {size} bytes, the limit is {limit}"


def unclosed(tail: bytes, wrappers: Iterable[bytes], *, file_ends: bool) -> tuple[bytes, Problem]:
    """What an article without an end tag is, and what of its last bytes is its own.

    Args:
        tail: its last bytes, up to where the file or the next article stopped it.
        wrappers: names of the elements around it.
        file_ends: the file stopped it.
    """
    rest = tail.rstrip(SPACE)
    if not file_ends:
        return rest, ("damaged", "the article has no end tag: the next one starts inside it")
    problem = "truncated", "the file ends in the middle of the article"
    for name in wrappers:
        if closing := re.search(rb"</%b\s*>\Z" % re.escape(name), rest):
            rest = rest[: closing.start()].rstrip(SPACE)
            problem = "damaged", "the article has no end tag"
    return rest, problem


def encoding_problem(start: int, xml: bytes) -> Problem | None:
    """The problem of an article, from a byte position on, that is no UTF-8."""
    if xml.isascii():
        return None
    try:
        xml.decode()
    except UnicodeDecodeError as error:
        return (
            "bad-encoding",
            f"byte {start + error.start} (0x{xml[error.start]:02x}) is not UTF-8, nor is it of "
            "another encoding that the file declares",
        )
    return None


def stray_problem(root: bytes, *, closes_article: bool) -> Problem:
    """What a stretch between the articles is, by its first tag."""
    if closes_article:
        return "damaged", "an article's end tag without a start tag: that one is damaged"
    return _FOREIGN_ROOTS.get(
        root.lower(), ("stray-content", "content between the articles that belongs to none")
    )


def no_article_problem(
    *, root: bytes, head: bytes, size: int, entities: bool, stray: bool, closes_article: bool
) -> Problem:
    """Why a whole, undamaged document has no article.

    Args:
        root: name of its first tag, if it has one.
        head: its first bytes.
        size: number of its bytes.
        entities: it declares entities of its own.
        stray: there is something in it that is not mere wrapping.
        closes_article: there is an article's end tag in that.
    """
    if entities:
        return "entity-declarations", "the file declares entities of its own, and no article"
    if root.lower() in _FOREIGN_ROOTS:
        return _FOREIGN_ROOTS[root.lower()]
    if closes_article:
        return "damaged", "the file has an article's end tag, but no intact start tag"
    if root:
        name = root.decode(errors="replace")
        return (
            "no-article",
            f"the file is XML with the root element <{name}>, and holds no article",
        )
    if stray:
        kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")
        return "not-xml", f"the file is not XML{kind}"
    return "empty-file", f"the file is empty ({size} bytes)"

"""An article's bytes to the tree of its elements, or the reason why there is none."""

import copy
import html.entities
import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from transforms.records import RejectError, SourceArticle

# What is never closed runs to the end: looked for again from each start, it would take forever.
_NAMED_ENTITY = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)"
    rb"|&(?!(?:lt|gt|amp|quot|apos);)([A-Za-z_:][\w.:-]{0,40});",
    re.DOTALL,
)
# The search alone is ten times as fast; nearly all articles have no named entity.
_ANY_NAMED_ENTITY = re.compile(rb"&(?!(?:lt|gt|amp|quot|apos);)[A-Za-z_:]")
# Greek by ISO's names for the text of documents (ISOgrk1), of which HTML has none: "&agr;".
_GREEK = {
    **dict(zip("abgdez", "αβγδεζ", strict=True)),
    **{"ee": "η", "th": "θ", "ph": "φ", "kh": "χ", "ps": "ψ", "oh": "ω", "sf": "ς"},
    **dict(zip("iklmnxoprstu", "ικλμνξοπρστυ", strict=True)),
}
_REASONS = {
    etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE: "unbound-prefix",
    etree.ErrorTypes.ERR_INVALID_CHAR: "bad-encoding",
    etree.ErrorTypes.ERR_INVALID_ENCODING: "bad-encoding",
    etree.ErrorTypes.ERR_UNDECLARED_ENTITY: "entity",
}


def character_of(entity: str) -> str:
    """What a standard entity stands for, or "".

    >>> character_of("eacute"), character_of("THgr"), character_of("b.beta"), character_of("x")
    ('é', 'Θ', 'β', '')
    """
    name = entity.removeprefix("b.")  # bold, of ISOgrk4
    if name.endswith("gr") and (letter := _GREEK.get(name[:-2].lower())):
        return letter if name[0].islower() else letter.upper()
    return html.entities.html5.get(name + ";", "")


def parse_xml(source: SourceArticle) -> etree._Element:
    """The article's XML as ``parse_articles`` reads it: its root element, of a document of its own.

    Raises:
        RejectError: it is not well-formed, or refused.
    """
    return copy.deepcopy(read_tree(source, Counter()))


def read_tree(source: SourceArticle, notes: Counter[str]) -> etree._Element:
    """The article's root element, inside one of our own; repairs are counted in ``notes``.

    Raises:
        RejectError: it is not well-formed, or refused.
    """
    xml = source.xml
    if not xml.strip():
        raise RejectError("parse", "empty", "expected an article, found nothing")
    try:
        xml.decode()
    except UnicodeDecodeError as error:
        line = xml.count(b"\n", 0, error.start) + 1
        column = error.start - xml.rfind(b"\n", 0, error.start)
        raise RejectError(
            "parse",
            "bad-encoding",
            f"expected UTF-8, found byte 0x{xml[error.start]:02x} at line {line}, column {column}",
        ) from None

    def decoded(match: re.Match[bytes]) -> bytes:
        name = match[1]
        if name is None:
            return match[0]
        characters = character_of(name.decode())
        notes["entities_decoded" if characters else "entities_unknown"] += 1
        return "".join(f"&#{ord(char)};" for char in characters or "\ufffd").encode()

    if _ANY_NAMED_ENTITY.search(xml):
        xml = _NAMED_ENTITY.sub(decoded, xml)
    wrapper = f"<w {source.range.namespaces}>".encode()
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        tree = etree.fromstring(wrapper + xml + b"</w>", parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:  # type: ignore[attr-defined]
            raise MemoryError("no memory for the tree of an article") from error
        line, column = error.position
        if line == 1:
            column -= len(wrapper)
        said = re.sub(r", line \d+, column \d+.*$", "", error.msg or "").partition("\n")[0][:200]
        if "depth" in said:
            reason = "too-deep"
        elif "huge text" in said or "too long" in said:
            reason = "too-long"
        else:
            code = error.code  # type: ignore[attr-defined]
            reason = _REASONS.get(code, "not-well-formed")
        raise RejectError(
            "parse", reason, f"not well-formed XML at line {line}, column {column}: {said}"
        ) from None
    elements: list[etree._Element] = list(tree.iterchildren("*"))
    if len(elements) != 1:
        raise RejectError(
            "parse", "not-well-formed", f"expected one root element, found {len(elements)}"
        )
    return elements[0]


class TreeWalk:
    """Goes over a tree: "start" and "end" of each element, "other" for comments and the like.

    As ``etree.iterwalk`` does, which takes time by the square of the length of a run of comments.
    """

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._skipped = False

    def skip_subtree(self) -> None:
        """Passes over what is in the element that has just started."""
        self._skipped = True

    def __iter__(self) -> Iterator[tuple[str, etree._Element]]:
        """Every event, in the order of the document."""
        yield "start", self._root
        open_: list[tuple[etree._Element, Iterator[etree._Element]]] = []
        open_.append((self._root, self._children(self._root)))
        while open_:
            element, children = open_[-1]
            child = next(children, None)
            if child is None:
                open_.pop()
                yield "end", element
            elif isinstance(child.tag, str):
                yield "start", child
                open_.append((child, self._children(child)))
            else:
                yield "other", child

    def _children(self, element: etree._Element) -> Iterator[etree._Element]:
        skipped, self._skipped = self._skipped, False
        return iter(()) if skipped else element.iterchildren()

"""From a row of ``annotations`` back to the XML that it stands in."""

import re
from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc
from lxml import etree

from pipeline.output.committed import chunk_names, read_table
from pipeline.output.record import DamagedError, OutputError
from transforms.annotations import annotation_id
from transforms.archives import file_of, scan_archive
from transforms.jats.elements import FORMATTING
from transforms.jats.nodes import local_name
from transforms.mentions import ANNOTATIONS
from transforms.records import Archive, SourceArticle
from transforms.tables import ARTICLES

XML_CONTEXT = 200
"""Characters of XML that are shown on each side of the annotation's elements."""


def in_passage(annotation: Mapping[str, Any], article: Mapping[str, Any]) -> str:
    """An annotation between its prefix and postfix; dots where its passage goes on."""
    passage = article["passages"][annotation["passage"]]
    prefix, postfix = annotation["prefix"], annotation["postfix"]
    before = "..." if passage["start"] < annotation["start"] - len(prefix) else ""
    after = "..." if annotation["end"] + len(postfix) < passage["end"] else ""
    return f"{before}{prefix}[[{annotation['exact']}]]{postfix}{after}"


def find_annotation(output: str, beginning: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The annotation whose id begins so, and its article's row.

    Raises:
        OutputError: there is none, or more than one.
        DamagedError: a shard is missing or damaged.
        storage.StorageError: one cannot be read.
    """
    if not beginning:
        raise OutputError("which annotation? give an id from the table, or its beginning")
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for chunk in chunk_names(output):
        annotations = read_table(output, chunk, ANNOTATIONS)
        hits = annotations.filter(pc.starts_with(annotations["annotation_id"], beginning))
        for row in hits.slice(0, 2).to_pylist():
            found[row["annotation_id"]] = chunk, row
        if len(found) > 1:
            raise OutputError(f"several annotation ids begin with {beginning}: give more of it")
    for chunk, row in found.values():
        articles = read_table(output, chunk, ARTICLES)
        same = articles.filter(pc.equal(articles["article_id"], row["article_id"]))
        for article in same.to_pylist():
            if _is_of(row, article):
                return row, article
    raise OutputError(f"no annotation in {output} has an id that begins with {beginning}")


def _is_of(annotation: Mapping[str, Any], article: Mapping[str, Any]) -> bool:
    """Tells two versions of one article apart."""
    own = annotation_id(
        article["article_id"],
        article["sha256"],
        annotation["start"],
        annotation["end"],
        annotation["type"],
        annotation["model"].rpartition("@")[2],
    )
    return own == str(annotation["annotation_id"])


def find_source(article: Mapping[str, Any]) -> SourceArticle:
    """The article's bytes, from where its row says they were.

    Raises:
        DamagedError: they are no longer there.
        UnreadableError: the source cannot be read.
    """
    uri = article["source_uri"]
    for entry in scan_archive(Archive("", (file_of(uri),))):
        if (
            isinstance(entry, SourceArticle)
            and (entry.range.source_uri, entry.range.source_index) == (uri, article["source_index"])
            and entry.range.sha256 == article["sha256"]
        ):
            return entry
    raise DamagedError(f"{uri} no longer holds article {article['source_index']} as it was")


def xml_in_context(root: Any, annotation: Mapping[str, Any]) -> str:
    """The XML around an annotation, which stands between ``[[`` and ``]]``.

    Raises:
        DamagedError: its place is none in this XML.
    """
    try:
        [first] = root.xpath(annotation["start_xpath"])
        [last] = root.xpath(annotation["end_xpath"])
    except (ValueError, etree.XPathError) as error:
        raise DamagedError(
            f"{annotation['start_xpath']} or {annotation['end_xpath']} is no text of the XML"
        ) from error
    # The end first: a mark at the start moves all that follows in the same text node.
    _mark(last, annotation["end_offset"], _END)
    _mark(first, annotation["start_offset"], _START)
    block = _holder(first)
    while _END not in etree.tostring(block, encoding="unicode", with_tail=False):
        block = block.getparent()
    xml = etree.tostring(block, encoding="unicode", with_tail=False)
    tag, mark, rest = xml.partition(">")
    xml = _NAMESPACES.sub("", tag) + mark + rest
    start, end = xml.index(_START), xml.index(_END)
    before = xml[max(0, start - XML_CONTEXT) : start]
    after = xml[end + 1 : end + 1 + XML_CONTEXT]
    return f"{before}[[{xml[start + 1 : end]}]]{after}"


_NAMESPACES = re.compile(r' xmlns(?::[\w.-]+)?="[^"]*"')  # lxml declares them on what it is given
_START, _END = "\ufdd0", "\ufdd1"  # noncharacters: allowed in XML, never in a text


def _mark(node: Any, offset: int, mark: str) -> None:
    element = node.getparent()
    name = "tail" if node.is_tail else "text"
    text = getattr(element, name)
    setattr(element, name, text[:offset] + mark + text[offset:])


def _holder(node: Any) -> Any:
    """The paragraph, title or cell around a text node."""
    element = node.getparent()
    if node.is_tail:
        element = element.getparent()
    while local_name(element) in FORMATTING and element.getparent() is not None:
        element = element.getparent()
    return element

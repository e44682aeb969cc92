r"""One article's XML, JATS or PubMed, to clean text and a map of every character back to the XML.

A walk over the tree sends each text node to the passage that it belongs to, with marks where the
XML has something other than text, or counts it as excluded. When the walk is over, ``marks.clean``
makes each passage's text; what stands in it as it stands in the XML goes into the map::

    <p>H<sub>2</sub>O was              "H" "2" "O was\n   measured" ␁ "5" ␃ "."       pieces
       measured<xref>5</xref>.</p>     "H2O was measured."                            text
                                       p/text()[1] sub/text()[1] p/text()[2] ...      runs

The modules, in the order in which an article meets them: ``tree`` makes elements of its bytes,
``metadata`` reads the front matter, ``walk`` goes over the elements and does with each what
``rules`` says (``elements`` has names, ``nodes``, ``titles`` and ``notes`` look at one element,
``preformatted`` at one text, ``footnotes`` finds marks of footnotes), ``marks`` cleans the text,
``xml_map`` leads back to the XML.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import NamedTuple

from lxml import etree

from transforms.jats.elements import FRONT
from transforms.jats.metadata import jats_metadata, of_part, pubmed_metadata
from transforms.jats.nodes import local_name, primary_language, text_length
from transforms.jats.rules import JATS, PUBMED, Rules
from transforms.jats.tree import parse_xml, read_tree
from transforms.jats.walk import TextOptions, Walk
from transforms.jats.xml_map import Paths
from transforms.limits import MAX_SUB_ARTICLES, check_limit, check_markup, check_text
from transforms.records import Article, Metadata, RejectError, SourceArticle

__all__ = ["TextOptions", "parse_articles", "parse_xml", "primary_language"]


class Shape(NamedTuple):
    """How one kind of document is read: what each element is, and where its metadata stands."""

    rules: Rules
    metadata: Callable[[etree._Element, str], Metadata]


_OTHER_ARTICLES = re.compile("elsevier|docbook", re.IGNORECASE)
"""Namespaces whose ``article`` is another than that of JATS."""

_SHAPES = {
    "article": Shape(JATS, jats_metadata),
    **dict.fromkeys(
        ("PubmedArticle", "PubmedBookArticle", "MedlineCitation"), Shape(PUBMED, pubmed_metadata)
    ),
}


def parse_articles(source: SourceArticle, options: TextOptions) -> list[Article]:
    """Reads one article: itself first, then each of its sub-articles and responses.

    Args:
        source: UTF-8 bytes of the article's element, in the namespaces of its enclosing elements.
        options: what becomes text.

    Raises:
        RejectError: the bytes are no article that can be read; the message gives line and column.
    """
    check_markup(source)
    notes: Counter[str] = Counter()
    root = read_tree(source, notes)
    shape = _SHAPES.get(local_name(root))
    namespace = etree.QName(root).namespace or ""
    if _OTHER_ARTICLES.search(namespace):
        raise RejectError(
            "parse", "not-jats", f"expected an article of JATS, found one of {namespace}"
        )
    if shape is None:
        raise RejectError(
            "parse",
            "not-jats",
            f"expected the root element article or PubmedArticle, found {local_name(root)}",
        )
    if local_name(root) == "article":
        _refuse_other_dtd(root)
    paths = Paths()
    articles: list[Article] = []
    waiting = [(root, paths.add(-1, local_name(root), 1, root.tag[0] == "{"))]
    while waiting:
        element, path = waiting.pop()
        metadata = shape.metadata(element, source.range.sha256)
        walk = Walk(shape.rules, options, paths)
        waiting += reversed(walk.run(element, path))
        found = len(articles) + len(waiting)
        check_limit("parse", "sub-articles", found, MAX_SUB_ARTICLES)
        if articles:
            metadata = of_part(metadata, articles[0], len(articles))
        articles.append(_article(metadata, walk, element, {} if articles else notes))
    check_text(articles)
    return articles


def _refuse_other_dtd(root: etree._Element) -> None:
    """Publishers' own DTDs also have a root ``article``, with other elements in it.

    Raises:
        RejectError: the article has no front matter of JATS, but elements that JATS has not.
    """
    names = [local_name(element) for element in root.iterchildren("*")]
    strange = next((name for name in names if name not in JATS), None)
    if strange and FRONT.isdisjoint(names):
        raise RejectError(
            "parse",
            "not-jats",
            f"expected an article of JATS, found one of another DTD: {strange} in it, and no front",
        )


def _article(
    metadata: Metadata, walk: Walk, root: etree._Element, notes: Mapping[str, int]
) -> Article:
    text, passages = walk.passages()
    chars_source = text_length(root)
    excluded = {reason: n for reason, n in sorted(walk.excluded.items()) if n}
    return Article(
        **asdict(metadata),
        text=text,
        passages=passages,
        chars_source=chars_source,
        chars_kept=walk.map.size,
        excluded=excluded,
        xml_map=walk.map,
        notes=dict(notes),
    )

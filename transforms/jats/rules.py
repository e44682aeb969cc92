"""What each element of JATS and PubMed is: a passage, what holds passages, left out ...

An element may have several rules: the first whose condition holds counts.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from lxml import etree

from transforms.jats.elements import MATHS, TITLE_HOLDERS
from transforms.jats.nodes import child, is_plain, kind_of, local_name, plain_text
from transforms.jats.notes import is_address, is_boilerplate, is_new_address, names_people
from transforms.jats.titles import WORD, is_reference_list, is_statement


class Met(NamedTuple):
    """An element as the walk meets it.

    Attributes:
        element: the element itself.
        path: its number in the paths.
        name: its local name.
        parent: the local name of its parent.
        runs_on: whether it stands in running text.
        with_references: whether references are text.
        marks: the superscripts that are marks of footnotes.
    """

    element: etree._Element
    path: int
    name: str
    parent: str
    runs_on: bool
    with_references: bool
    marks: Collection[etree._Element]


class Rule(NamedTuple):
    """What an element is.

    Attributes:
        kind: what the walk does with it:

            =============  ====================================================================
            block          its text is a passage
            cell           its text is a passage, of a table
            holder         its blocks are passages
            inline         its text is a part of what is around it
            parted         the same, but parted from it
            break          a line ends here
            xref           a cross-reference, which may be a mark of a citation or footnote
            footnote-mark  a mark of a footnote
            sup            a superscript
            alternatives   one of its children is read
            formula        a placeholder stands for it
            display        the same, parted from what is around it
            sub-article    an article of its own
            excluded       left out
            =============  ====================================================================
        reason: why its text is left out, or "".
        block: name of the ``Block`` that it makes, or "".
        when: whether the rule holds.
    """

    kind: str
    reason: str = ""
    block: str = ""
    when: Callable[[Met], bool] | None = None


Rules = Mapping[str, tuple[Rule, ...]]

INLINE = (Rule("inline"),)
"""The rules for elements that have none."""


# Conditions


def _is_in_words(met: Met) -> bool:
    """Some journals write a footnote's title as its label."""
    return WORD.search(plain_text(met.element)) is not None


def _of_type(*types: str) -> Callable[[Met], bool]:
    return lambda met: kind_of(met.element, "fn-type") in types


def _in(*parents: str) -> Callable[[Met], bool]:
    return lambda met: met.parent in parents


def _is_plain(met: Met) -> bool:
    return is_plain(met.element)


def _is_left_out_reference(met: Met) -> bool:
    return not met.with_references


def _runs_on(met: Met) -> bool:
    return met.runs_on


def _is_authors_address(met: Met) -> bool:
    if met.parent == "author-notes":
        return is_address(met.element)
    return met.parent == "fn-group" and is_new_address(met.element)


def _is_history(met: Met) -> bool:
    return met.parent == "notes" and met.element.get("sec-type") == "history"


def _is_no_statement(met: Met) -> bool:
    return not is_statement(met.element)


def _is_footnote_mark(met: Met) -> bool:
    return met.element in met.marks


def _holds_maths(met: Met) -> bool:
    return any(local_name(inner) in MATHS for inner in met.element.iterchildren("*"))


def _is_whole_book(met: Met) -> bool:
    """A record of a book has a title of an article only if it is that of a chapter."""
    document = next(met.element.iterancestors("{*}BookDocument"), None)
    return document is not None and child(document, "ArticleTitle") is None


def _is_boilerplate(met: Met) -> bool:
    return is_boilerplate(met.element)


def _names_people(met: Met) -> bool:
    return names_people(met.element)


def _lists_references(met: Met) -> bool:
    is_outermost = met.parent in ("body", "back")
    return is_outermost and not met.with_references and is_reference_list(met.element)


# Tables of rules


def _each(names: str, *rules: Rule) -> dict[str, tuple[Rule, ...]]:
    return dict.fromkeys(names.split(), rules)


def _blocks(names: str) -> dict[str, tuple[Rule, ...]]:
    return {name: (Rule("holder", block=name),) for name in names.split()}


_REFERENCE = (
    Rule("excluded", "references", when=_is_left_out_reference),
    Rule("inline", when=_runs_on),
    Rule("block"),
)
_NUMBERED = (
    *("sec", "list", "list-item", "def-item", "def-list", "statement", "disp-formula", "ref"),
    *("ref-list", "abstract", "trans-abstract", "kwd-group", "ack", "glossary", "notes"),
    *("fn-group", "p", "verse-group"),
)

JATS: Rules = {
    **_each("article trans-title-group table-wrap-foot", Rule("holder")),
    **_each("sub-article response", Rule("sub-article")),
    **_each("break hr", Rule("break")),
    **_each(
        "title kwd compound-kwd unstructured-kwd-group nested-kwd term term-head def-head "
        "verse-line attrib speaker preformat code sig meta-name meta-value question answer",
        Rule("block"),
    ),
    **_each(
        "table tgroup thead tbody tfoot tr row list list-item def-item def caption disp-quote "
        "statement speech verse-group sig-block floats-wrap graphic chem-struct-wrap graphic-wrap "
        "disp-formula-group custom-meta-group custom-meta-wrap address textual-form",
        Rule("holder"),
    ),
    **_blocks(
        "body back title-group abstract trans-abstract kwd-group fig fig-group table-wrap "
        "table-wrap-group ack fn-group notes glossary app app-group boxed-text media "
        "supplementary-material author-notes def-list floats-group"
    ),
    **_each("front front-stub article-meta funding-group", Rule("holder", "metadata")),
    **_each("td th entry", Rule("cell")),
    **_each(
        "article-title subtitle trans-title trans-subtitle",
        Rule("block", when=_in(*TITLE_HOLDERS)),
        Rule("inline"),  # a part of a reference
    ),
    **_each(
        "journal-meta article-categories pub-history history permissions license "
        "copyright-statement copyright-year copyright-holder self-uri counts conference product "
        "supplement processing-meta object-id institution-id alt-text long-desc alt-title sec-meta "
        "index-term index-term-range-end award-group private-char support-group",
        Rule("excluded", "metadata"),
    ),
    **_each("contrib-group contrib bio author-comment", Rule("excluded", "authors")),
    **_each("aff aff-alternatives corresp", Rule("excluded", "affiliations")),
    **_each("inline-formula", Rule("inline", when=_is_plain), Rule("formula", "formula")),
    **_each("disp-formula", Rule("parted", when=_is_plain), Rule("display", "formula")),
    **_each("tex-math math", Rule("formula", "formula")),
    **_each("inline-graphic inline-media", Rule("formula", "metadata")),
    **_each("ref mixed-citation element-citation nlm-citation citation", *_REFERENCE),
    "citation-alternatives": (_REFERENCE[0], Rule("alternatives")),
    "ref-list": (_REFERENCE[0], Rule("holder", block="ref-list")),
    "alternatives": (Rule("formula", "formula", when=_holds_maths), Rule("alternatives")),
    "xref": (Rule("xref"),),
    "sup": (Rule("footnote-mark", when=_is_footnote_mark), Rule("sup")),
    "label": (
        Rule("block", when=_is_in_words),
        Rule("excluded", "footnote-mark", when=_in("fn", "table-wrap-foot", "author-notes")),
        Rule("excluded", "label", when=_in(*_NUMBERED)),
        Rule("block"),
    ),
    "fn": (
        Rule("excluded", "authors", when=_of_type("edited-by")),
        Rule("excluded", "authors", when=_names_people),
        Rule("excluded", "metadata", when=_is_boilerplate),
        Rule(
            "excluded",
            "affiliations",
            when=_of_type("current-aff", "present-address", "corresp", "correspondence"),
        ),
        Rule("excluded", "affiliations", when=_is_authors_address),
        Rule("holder", block="fn"),
    ),
    "sec": (
        Rule("excluded", "metadata", when=_is_history),
        Rule("excluded", "references", when=_lists_references),
        Rule("holder", block="sec"),
    ),
    "p": (Rule("excluded", "affiliations", when=_is_authors_address), Rule("block")),
    "treatment-sec": (Rule("holder", block="sec"),),  # of TaxPub
    "custom-meta": (
        Rule("excluded", "metadata", when=_is_no_statement),
        Rule("holder", block="custom-meta"),
    ),
    "funding-statement": (Rule("block", block="funding-statement"),),
}
PUBMED: Rules = {
    **_each("PubmedArticle PubmedBookArticle MedlineCitation", Rule("holder", "metadata")),
    **_each("AuthorList InvestigatorList", Rule("excluded", "authors")),
    **_each("ReferenceList", Rule("excluded", "references")),
    **_each("CopyrightInformation", Rule("excluded", "metadata")),
    "ArticleTitle": (Rule("block", block="article-title"),),
    "BookTitle": (Rule("block", block="article-title", when=_is_whole_book), Rule("inline")),
    "VernacularTitle": (Rule("block", block="trans-title"),),
    "Abstract": (Rule("holder", block="abstract"),),
    "OtherAbstract": (Rule("holder", block="trans-abstract"),),
    "AbstractText": (Rule("block", block="sec"),),
    "KeywordList": (Rule("holder", block="kwd-group"),),
    "Keyword": (Rule("block"),),
    "sup": JATS["sup"],
    "math": JATS["math"],
}

"""What the elements of JATS and PubMed are: passages, what holds them, what is left out."""

from typing import NamedTuple

from transforms.jats.marks import CITATION, FOOTNOTE


class Rule(NamedTuple):
    """What an element is: ``kind`` of ``Walk._start``; a reason where it excludes its text.

    Attributes:
        block: name of the ``Block`` that it makes, or "".
    """

    kind: str
    reason: str = ""
    block: str = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FORMATTING = _words(
    "italic bold sub sup sc underline overline monospace roman sans-serif strike named-content "
    "styled-content ext-link email uri"
)
SPACED = _words(
    "element-citation nlm-citation name compound-kwd taxon-authority taxon-status "
    "nomenclature-citation"
)
MATHS = frozenset(("math", "tex-math", "inline-formula", "disp-formula"))
TRANSLATIONS = _words(
    "trans-abstract trans-title-group trans-title trans-subtitle OtherAbstract VernacularTitle"
)
# Parts of a species' name, between which some journals write nothing: Aedes, aegypti.
NAME_PARTS = frozenset(("named-content", "taxon-name-part"))
RANKS = _words(
    "kingdom phylum class subclass superorder order suborder infraorder superfamily family "
    "subfamily tribe subtribe genus subgenus section species subspecies variety form authority"
)
TITLE_HOLDERS = frozenset(("title-group", "trans-title-group"))
KINDS = ("sec-type", "fn-type", "notes-type", "content-type", "abstract-type", "NlmCategory")
XREF_MARKS = {
    "bibr": CITATION,
    "ref": CITATION,
    **dict.fromkeys(("fn", "table-fn", "aff", "corresp", "author-notes"), FOOTNOTE),
}
# Footnotes that name people and where they work: "Edited by: ...", "Present address: ...".
PEOPLES_NOTES = {
    "edited-by": "authors",
    **dict.fromkeys(
        ("current-aff", "present-address", "corresp", "correspondence"), "affiliations"
    ),
}
MARC_LANGUAGES = {
    **{"eng": "en", "spa": "es", "por": "pt", "fre": "fr", "ger": "de", "ita": "it"},
    **{"chi": "zh", "jpn": "ja", "rus": "ru", "kor": "ko", "pol": "pl", "tur": "tr"},
    **{"fra": "fr", "deu": "de", "zho": "zh", "dut": "nl", "nld": "nl", "ara": "ar"},
}
# Codes that say that there is no one language, or that nobody knows it.
NO_LANGUAGE = frozenset(("und", "mul", "zxx", "mis"))
_NUMBERED = _words(
    "sec list list-item def-item def-list statement disp-formula ref ref-list abstract "
    "trans-abstract kwd-group ack glossary notes fn-group p verse-group"
)
LABELS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("fn", "table-wrap-foot", "author-notes"), ("excluded", "footnote-mark")),
    **dict.fromkeys(_NUMBERED, ("excluded", "label")),
}


def _rules(**names: str) -> dict[str, Rule]:
    """Rules by name from lists of names by kind; ``excluded_REASON`` gives the reason."""
    rules = {}
    for key, value in names.items():
        kind, _, reason = key.partition("_")
        for name in value.split():
            rules[name] = Rule(kind, reason.replace("_", "-"))
    return rules


def _blocks(names: str) -> dict[str, Rule]:
    return {name: Rule("holder", block=name) for name in names.split()}


JATS = {
    "article": Rule("holder"),
    "sub-article": Rule("sub-article"),
    "response": Rule("sub-article"),
    "break": Rule("break"),
    "hr": Rule("break"),
    **_rules(
        block="p title kwd compound-kwd unstructured-kwd-group "
        "nested-kwd term term-head def-head verse-line attrib speaker preformat code sig "
        "funding-statement meta-name meta-value question answer",
        holder="table tgroup thead tbody tfoot tr row list list-item def-item def caption "
        "disp-quote statement speech verse-group sig-block floats-wrap graphic chem-struct-wrap "
        "graphic-wrap disp-formula-group custom-meta-group custom-meta-wrap address textual-form",
        holder_metadata="front front-stub article-meta funding-group",
        cell="td th entry",
        label="label",
        title="article-title subtitle trans-title trans-subtitle",
        excluded_metadata="journal-meta article-categories pub-history history permissions "
        "license copyright-statement copyright-year copyright-holder self-uri counts conference "
        "product supplement processing-meta object-id institution-id alt-text long-desc alt-title "
        "sec-meta index-term index-term-range-end award-group private-char support-group",
        excluded_authors="contrib-group contrib bio author-comment",
        excluded_affiliations="aff aff-alternatives corresp",
        formula_formula="inline-formula disp-formula tex-math math",
        object_metadata="inline-graphic inline-media",
        reference_references="ref-list ref mixed-citation element-citation nlm-citation citation "
        "citation-alternatives",
        xref="xref",
        sup="sup",
        alternatives="alternatives",
    ),
    **_blocks(
        "body back title-group abstract trans-abstract kwd-group sec fig fig-group table-wrap "
        "table-wrap-group ack fn-group fn notes glossary app app-group boxed-text media "
        "supplementary-material custom-meta author-notes def-list floats-group"
    ),
    "treatment-sec": Rule("holder", block="sec"),  # of TaxPub
    "trans-title-group": Rule("holder"),
    "table-wrap-foot": Rule("holder"),
    "ref-list": Rule("reference", "references", "ref-list"),
    "funding-statement": Rule("block", block="funding-statement"),
}
PUBMED = {
    **dict.fromkeys(
        ("PubmedArticle", "PubmedBookArticle", "MedlineCitation"), Rule("holder", "metadata")
    ),
    **_rules(excluded_authors="AuthorList InvestigatorList", excluded_references="ReferenceList"),
    "CopyrightInformation": Rule("excluded", "metadata"),
    "ArticleTitle": Rule("block", block="article-title"),
    "VernacularTitle": Rule("block", block="trans-title"),
    "Abstract": Rule("holder", block="abstract"),
    "OtherAbstract": Rule("holder", block="trans-abstract"),
    "AbstractText": Rule("block", block="sec"),
    "KeywordList": Rule("holder", block="kwd-group"),
    "Keyword": Rule("block"),
    "sup": Rule("sup"),
    "math": Rule("formula", "formula"),
}

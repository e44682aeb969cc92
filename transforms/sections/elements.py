"""The codes, and what elements, types of articles and places among siblings tell of a section."""

from collections.abc import Mapping

CODES = frozenset(
    [
        "TITLE",
        "ABSTRACT",
        "KEYWORD",
        "INTRO",
        "METHODS",
        "RESULTS",
        "DISCUSS",
        "CONCL",
        "CASE",
        "FIG",
        "TABLE",
        "SUPPL",
        "ABBR",
        "APPENDIX",
        "ACK_FUND",
        "AUTH_CONT",
        "COMP_INT",
        "DATA_AVAIL",
        "REF",
        "OTHER",
    ]
)

ELEMENTS: Mapping[str, str] = {
    "ack": "ACK_FUND",
    "funding-statement": "ACK_FUND",
    "funding-group": "ACK_FUND",
    "glossary": "ABBR",
    "fn": "OTHER",
    "corresp": "OTHER",
    "bio": "OTHER",
}
# Elements that tell by themselves, the whole content with them.
CONTAINERS: Mapping[str, str] = {
    "article-title": "TITLE",
    "subtitle": "TITLE",
    "trans-title": "TITLE",
    "alt-title": "TITLE",
    "title-group": "TITLE",
    "abstract": "ABSTRACT",
    "trans-abstract": "ABSTRACT",
    "kwd-group": "KEYWORD",
    "ref-list": "REF",
    "supplementary-material": "SUPPL",
    "fig": "FIG",
    "fig-group": "FIG",
    "table-wrap": "TABLE",
    "table-wrap-group": "TABLE",
    "table-wrap-foot": "TABLE",
}

# Articles whose topical sections are OTHER wherever they stand.
TOPICAL = frozenset(
    (
        "review-article", "systematic-review", "editorial", "letter", "reply", "discussion", "news",
        "article-commentary", "book-review", "product-review", "abstract", "meeting-report",
        "correction", "retraction", "addendum", "introduction", "obituary", "oration", "",
    )
)  # fmt: skip
# Elements whose text tells what their title does not.
STATED = frozenset(("fn", "ack", "notes", "funding-statement"))
MAIN_LINE = frozenset(("INTRO", "METHODS", "RESULTS", "DISCUSS", "CONCL", "CASE"))
# A topical section of a research article, by the telling sections before and after it.
PLACES: Mapping[tuple[str, str], str] = {
    ("INTRO", "RESULTS"): "METHODS",
    ("INTRO", "DISCUSS"): "RESULTS",
    ("METHODS", "RESULTS"): "METHODS",
    ("METHODS", "DISCUSS"): "RESULTS",
    ("METHODS", "CONCL"): "RESULTS",
    ("METHODS", "METHODS"): "METHODS",
    ("METHODS", ""): "METHODS",
    ("RESULTS", "RESULTS"): "RESULTS",
    ("RESULTS", "DISCUSS"): "RESULTS",
    ("RESULTS", "CONCL"): "RESULTS",
    ("RESULTS", "METHODS"): "RESULTS",
    ("RESULTS", ""): "RESULTS",
    ("RESULTS|DISCUSS", "METHODS"): "RESULTS|DISCUSS",
    ("RESULTS|DISCUSS", "CONCL"): "RESULTS|DISCUSS",
    ("RESULTS|DISCUSS", ""): "RESULTS|DISCUSS",
    ("DISCUSS", "CONCL"): "DISCUSS",
    ("CASE", "DISCUSS"): "CASE",
    ("CASE", "CONCL"): "CASE",
}
# What comes after all of the main line.
CLOSING = frozenset(("ACK_FUND", "AUTH_CONT", "COMP_INT"))
# Codes of titles that decide wherever they stand.
BACK_MATTER = frozenset(
    ("ACK_FUND", "AUTH_CONT", "COMP_INT", "DATA_AVAIL", "ABBR", "SUPPL", "REF", "KEYWORD")
)
# What paragraphs may be by the words with which they open: "Supplementary Table 1" is none.
STATED_IN_A_PARAGRAPH = BACK_MATTER - {"SUPPL", "REF"}

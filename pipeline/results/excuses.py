"""Why words of an article's XML may be missing from its text, by the elements that they stand in.

Written from README's table of what is left out, not from the parser's rules: both must agree.
"""

import re
from collections.abc import Collection
from typing import Any

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_ELEMENTS = {
    "citation": "xref sup",
    "footnote-mark": "xref sup label",
    "references": "ref-list ref citation mixed-citation element-citation nlm-citation "
    "citation-alternatives ReferenceList",
    "authors": "contrib-group contrib bio author-comment AuthorList InvestigatorList",
    "affiliations": "aff aff-alternatives corresp",
    "formula": "inline-formula disp-formula tex-math math alternatives",
    "metadata": "journal-meta article-categories pub-history history permissions license "
    "copyright-statement copyright-year copyright-holder self-uri counts conference product "
    "supplement processing-meta object-id institution-id alt-text long-desc alt-title sec-meta "
    "index-term index-term-range-end award-group private-char support-group inline-graphic "
    "inline-media custom-meta CopyrightInformation",
    "label": "label",
    "alternative": "alternatives citation-alternatives name-alternatives collab-alternatives",
    "sub-article": "sub-article response",
    "language": "trans-abstract trans-title-group trans-title trans-subtitle OtherAbstract "
    "VernacularTitle",
}
_REASONS: dict[str, frozenset[str]] = {
    name: frozenset(reason for reason, names in _ELEMENTS.items() if name in names.split())
    for name in " ".join(_ELEMENTS.values()).split()
}
# Everything in these is about the article, but for its title, abstract, keywords and notes.
_ABOUT = (
    *("front", "front-stub", "article-meta", "funding-group"),
    *("PubmedArticle", "PubmedBookArticle", "MedlineCitation"),
)
_OF_TEXT = (
    *("title-group", "trans-title-group", "abstract", "trans-abstract", "kwd-group"),
    *("notes", "fn", "funding-statement", "supplementary-material", "p", "sec"),
    *("ArticleTitle", "VernacularTitle", "Abstract", "OtherAbstract", "KeywordList"),
)
_ADDRESS = re.compile(r"address|\baff|correspond|reprint|e-?mail|\bfax|phone|@|request", re.I)
_TEXT_OF_CELL = (
    ".//text()[not(ancestor::*[local-name()='sup' or local-name()='xref' or local-name()='math'"
    " or local-name()='tex-math'])]"
)
_EDITOR = re.compile(r"edit|review", re.I)
_SECTION_OF_JOURNAL = re.compile(r"submitted to", re.I)
_REFERENCES = re.compile(
    r"[\W\d]*(references?|bibliograph|literature|works cited|refer[eê]nc)", re.I
)

INVISIBLE = frozenset(["index-term", "index-term-range-end", "alt-text", "long-desc", "object-id"])
"""Elements that nobody sees where they stand."""


class Excuses:
    """What excuses missing words, in one place of the XML.

    Attributes:
        reasons: the reasons that the elements around allow.
        unwanted: whether the nearest language is not one of those wanted.
        about: whether all is about the article.
    """

    __slots__ = ("about", "reasons", "unwanted")

    def __init__(
        self,
        reasons: frozenset[str] = frozenset(),
        *,
        unwanted: bool = False,
        about: bool = False,
    ) -> None:
        self.reasons = reasons
        self.unwanted = unwanted
        self.about = about

    def inside(self, element: Any, name: str, wanted: Collection[str]) -> "Excuses":
        """What excuses words in an element that stands here.

        Args:
            element: the element.
            name: its local name.
            wanted: primary subtags of the languages wanted; empty: all.
        """
        language = element.get(_LANG) or element.get("Language") or ""
        own = _REASONS.get(name, frozenset())
        if name in ("fn", "p"):
            own = own | _of_note(element)
        elif name == "sec":
            own = own | _of_section(element)
        elif name in ("td", "th", "entry"):
            own = _of_cell(element)
        if not (language or own or name in _ABOUT or (self.about and name in _OF_TEXT)):
            return self
        return Excuses(
            self.reasons | own,
            unwanted=_is_unwanted(language, wanted) if language else self.unwanted,
            about=name in _ABOUT or (self.about and name not in _OF_TEXT),
        )

    def all(self) -> frozenset[str]:
        """Every reason that may be given here."""
        more = [("language", self.unwanted), ("metadata", self.about)]
        return self.reasons | {reason for reason, holds in more if holds}


def _is_unwanted(language: str, wanted: Collection[str]) -> bool:
    return bool(wanted) and language[:2].lower() not in {code[:2] for code in wanted}


def _of_note(element: Any) -> frozenset[str]:
    parent = element.getparent()
    around = "" if parent is None else str(parent.tag).rpartition("}")[2]
    if not str(element.tag).endswith("fn") and around != "author-notes":
        return frozenset()
    text = " ".join(element.itertext())[:400]
    kind = element.get("fn-type", "")
    found = {
        "affiliations": _ADDRESS.search(f"{kind} {text}"),
        "authors": _EDITOR.search(text) or kind == "edited-by",
        "metadata": _SECTION_OF_JOURNAL.search(text),
    }
    return frozenset(reason for reason, sign in found.items() if sign)


def _of_cell(element: Any) -> frozenset[str]:
    text = "".join(element.xpath(_TEXT_OF_CELL))
    has_word = any(char.isalpha() and char not in "eE" for char in text)
    return frozenset(() if has_word else ("number",))


def _of_section(element: Any) -> frozenset[str]:
    title = "".join(element.xpath("string(*[local-name()='title' or local-name()='label'])"))
    if _REFERENCES.match(title):
        return frozenset(("references",))
    return frozenset(("metadata",) if element.get("sec-type") == "history" else ())

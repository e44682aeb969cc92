"""From the nested blocks around a passage to the code of its section.

The codes are those of Europe PMC and BioC. ``_EVIDENCE`` has the order in which blocks are asked.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from transforms.records import Article, Block
from transforms.sections.elements import (
    BACK_MATTER,
    CLOSING,
    CONTAINERS,
    ELEMENTS,
    MAIN_LINE,
    PLACES,
    STATED,
    STATED_IN_A_PARAGRAPH,
    TOPICAL,
)
from transforms.sections.rules import Titles
from transforms.sections.titles import (
    TELLING,
    code_of_lead,
    code_of_title,
    code_of_type,
    codes_of_later_leads,
    codes_of_statements,
    hint_of_title,
    joined,
    normalise,
)

# The blocks around one passage are those around the next, and no other article's.
_BLOCKS = 128

_ALONE = Titles("alone")
_DISCLOSURE = Titles("disclosure")
_STATEMENT = Titles("statement")
_UNTITLED = Titles("untitled")
_ABSTRACT = Titles("abstract")
_FIGURE = Titles("figure")
_CASE_REPORT = Titles("case report")
_TOPIC = Titles("topic")
_LETTERED = re.compile(r"[A-H]\.\s?\d")
_SEVERAL = re.compile("ethic|consent|approv|animal")


class Around(NamedTuple):
    """What is known of a passage.

    Attributes:
        blocks: the structural elements around it, the outermost first, its own last.
        article_type: as in the article.
    """

    blocks: Sequence[Block]
    article_type: str

    @property
    def reports_research(self) -> bool:
        """Whether topical sections go by their place."""
        return self.article_type not in TOPICAL

    @property
    def is_case_report(self) -> bool:
        """Whether clinical titles tell of a case."""
        return self.article_type == "case-report"


def code_sections(article: Article) -> Article:
    """The article with the section code of each passage: one of ``CODES``, or two joined by "|"."""
    codes: dict[int, str] = {}
    for passage in article.passages:
        if id(passage.blocks) not in codes:  # passages of one section share them
            codes[id(passage.blocks)] = section_code(passage.blocks, article.article_type or "")
    passages = (replace(one, section=codes[id(one.blocks)]) for one in article.passages)
    return replace(article, passages=tuple(passages))


def section_code(blocks: Sequence[Block], article_type: str = "") -> str:
    """The section code of a passage.

    Args:
        blocks: the structural elements around it, the outermost first, its own last.
        article_type: as in the article.

    Returns:
        One of ``CODES``, or two joined by "|".
    """
    around = Around(
        [block for at, block in enumerate(blocks) if _tells(block, blocks[:at])], article_type
    )
    return next(filter(None, (step(around) for step in _EVIDENCE)), "OTHER")


def _tells(block: Block, outer: Sequence[Block]) -> bool:
    """Whether a block may tell something; paragraphs do by few titles, but as statements."""
    if block.element != "p" or _is_part(block, outer):
        return True
    code = code_of_title(block.title) or _DISCLOSURE.code(normalise(block.title))
    return bool(code) and STATED_IN_A_PARAGRAPH.issuperset(code.split("|"))


# Steps, each with the code that it finds, or "".


def _by_container(around: Around) -> str:
    """Abstracts, figures, tables, reference lists, appendices ... tell for all that is in them."""
    inner = ""
    supplement = False
    for at, block in enumerate(around.blocks):
        outer = around.blocks[:at]
        if inner == "TITLE" and block.element in ("fn", "fn-group"):
            inner = ""  # a footnote of the title is not part of the title
        if _is_supplement_in_appendix(block, outer):
            inner = "SUPPL"
        code = _code_of_content(block, outer, inner)
        if inner == "APPENDIX":
            code = "REF" if code == "REF" else inner
        elif code in ("FIG", "TABLE") and supplement:
            code = "SUPPL"
        supplement = supplement or (code or _own_code(block)) == "SUPPL"
        inner = code or inner
    return inner


def _by_title(around: Around) -> str:
    """The title or statement of the nearest block that tells, as its ancestors allow it."""
    if not around.blocks:
        return ""
    *outer, own = around.blocks
    code = _code_in_statement(own, outer[-1]) if _is_part(own, outer) else _own_code(own)
    rule = TELLING.match(normalise(own.title))
    when = rule.when if rule else ""
    if code in BACK_MATTER and when not in ("outside", "supplement"):
        return code
    above = _by_title(around._replace(blocks=outer))
    if not code or (when == "outside" and above.split("|")[0] in MAIN_LINE):
        return above
    if above == "SUPPL" and code != "OTHER":
        return above
    is_note = code == "OTHER" and own.element == "fn" and not own.title
    return above if is_note and above in BACK_MATTER else code


def _by_type(around: Around) -> str:
    """The type of the nearest block that has a telling one.

    Some journals type a section by words of its title, which in a review are those of its topic.
    """
    for block in reversed(around.blocks):
        code = code_of_type(block.kind)
        is_topic = not around.reports_research and block.element == "sec" and block.title
        if code and not (is_topic and code.split("|")[0] in MAIN_LINE):
            return code
    return ""


def _by_case_title(around: Around) -> str:
    """Clinical titles tell of the case in a case report."""
    return _any_title(_CASE_REPORT, around) if around.is_case_report else ""


def _by_hint(around: Around) -> str:
    """The nearest title that tells something where nothing above it does.

    A summary before the results is no conclusion.
    """
    for block in reversed(around.blocks):
        code = hint_of_title(block.title, around.reports_research)
        early = any("RESULTS" in code_of_title(title) for title in block.after)
        if code and not (code == "CONCL" and early):
            return code
    return ""


def _by_topic(around: Around) -> str:
    """Topics have no code outside of research, nor has the description of a taxon."""
    return _any_title(_TOPIC, around) if around.reports_research else "OTHER"


def _by_place(around: Around) -> str:
    """The place of a topical section among its siblings.

    Authors name the sections of their findings, or of what led to them, after the topic.
    """
    code = _code_of_place(around.blocks)
    return "CASE" if code == "RESULTS" and around.is_case_report else code


_EVIDENCE: tuple[Callable[[Around], str], ...] = (
    _by_container,
    _by_title,
    _by_type,
    _by_case_title,
    _by_hint,
    _by_topic,
    _by_place,
)


def _any_title(titles: Titles, around: Around) -> str:
    codes = (titles.code(normalise(block.title)) for block in around.blocks)
    return next(filter(None, codes), "")


# Containers


def _is_supplement_in_appendix(block: Block, outer: Sequence[Block]) -> bool:
    return (
        code_of_title(block.title) == "SUPPL"
        and bool(outer)
        and outer[-1].element == "app"
        and not outer[-1].title
    )


def _code_of_content(block: Block, outer: Sequence[Block], inner: str) -> str:
    """The code that a block gives to all that stands in it, or "".

    Args:
        block: an element.
        outer: the elements around it.
        inner: the code that they give to what stands in them.
    """
    title = code_of_title(block.title)
    if block.element == "app":
        return "SUPPL" if "SUPPL" in (title, code_of_lead(block.text)) else "APPENDIX"
    if block.element == "sec" and _is_appendix(block, outer):
        return "APPENDIX"
    if inner == "ABSTRACT" and block.element in ("sec", "p") and title in BACK_MATTER:
        return title
    if inner == "ABSTRACT" and (code := _ABSTRACT.code(normalise(block.title))):
        return code
    if _is_supplement_in_appendix(block, outer):
        return "SUPPL"
    code = CONTAINERS.get(block.element, "")
    if code == "FIG":
        return _FIGURE.code(normalise(block.kind)) or code
    if code == "KEYWORD" and "ABBR" in (title, code_of_type(block.kind)):
        return "ABBR"
    return code


def _is_appendix(section: Block, outer: Sequence[Block]) -> bool:
    if "APPENDIX" in (code_of_title(section.title), code_of_type(section.kind)):
        return True
    in_back = any(block.element == "back" for block in outer)
    return in_back and _LETTERED.match(section.title) is not None


# Titles and statements


@lru_cache(_BLOCKS)
def _own_code(block: Block) -> str:
    """The code that a block tells by its title or its statements, or ""."""
    title = normalise(block.title)
    if code := _ALONE.code(title):
        several = _SEVERAL.search(block.text.casefold())
        return code if codes_of_statements(block.text) == [code] and not several else "OTHER"
    if code := _DISCLOSURE.code(title):
        return _code_of_disclosure(block) or code
    if code := code_of_title(block.title):
        return code
    if block.element in STATED or _STATEMENT.match(title):
        return _code_of_statement(block)
    kind = code_of_type(block.kind)
    return kind if kind in BACK_MATTER else ELEMENTS.get(block.element, "")


def _code_of_disclosure(block: Block) -> str:
    stated = _stated(block, "COMP_INT", "ACK_FUND")
    if not stated and code_of_lead(block.text) == "OTHER":
        return "OTHER"
    return joined(stated)


def _code_of_statement(block: Block) -> str:
    """The code of a footnote, a note or an acknowledgement without a telling title, or ""."""
    lead = code_of_lead(block.text)
    if lead == "OTHER":
        return lead
    if lead in BACK_MATTER:  # "Source of support: Nil, Conflict of interest: None declared."
        return joined([lead, *codes_of_later_leads(block.text)])
    stated = codes_of_statements(block.text)
    typed = code_of_type(block.kind) or ELEMENTS.get(block.element, "")
    if typed not in BACK_MATTER:
        return joined(stated) or typed
    if typed == "ACK_FUND" and block.element != "ack" and stated[:1] == ["COMP_INT"]:
        return joined(_stated(block, "COMP_INT", "ACK_FUND"))
    return joined(_stated(block, typed, "COMP_INT")) if typed in stated else typed


def _is_part(block: Block, outer: Sequence[Block]) -> bool:
    return block.element == "p" and bool(outer) and outer[-1].element in STATED


def _code_in_statement(paragraph: Block, statement: Block) -> str:
    """The code of one of a statement's paragraphs if it tells another than the whole, or ""."""
    lead = code_of_title(paragraph.title) or code_of_lead(paragraph.text)
    if lead == "OTHER" or lead in BACK_MATTER:
        return joined([lead, *codes_of_later_leads(paragraph.text)])
    if code_of_title(statement.title) or code_of_lead(statement.text):
        return ""
    typed = ELEMENTS.get(statement.element, "")
    stated = codes_of_statements(paragraph.text)
    if typed in BACK_MATTER:
        return joined(code for code in stated if code in (typed, "COMP_INT"))
    return joined(stated)


def _stated(block: Block, *codes: str) -> list[str]:
    return [code for code in codes_of_statements(block.text) if code in codes]


# Places


def _code_of_place(blocks: Sequence[Block]) -> str:
    """What the place of a topical section tells: of the outermost, or of text in the body."""
    top = next((block for block in blocks if block.element == "sec"), None)
    place = top or next((block for block in blocks if block.element == "body"), None)
    if place is None or any(block.element == "back" for block in blocks):
        return ""
    if top is None and place.before:  # loose text behind sections
        return ""
    if any(code_of_title(title) in CLOSING for title in place.before):
        return ""
    before = _nearest(map(code_of_title, reversed(place.before)))
    after = _nearest(map(code_of_title, place.after)).split("|")[0]
    title = normalise(place.title)
    untitled = not title or _UNTITLED.match(title) is not None
    if after == "METHODS" and _closing_methods(place.after, topical=not untitled):
        after = ""
    if (before in ("", "INTRO") and after == "METHODS") or (untitled and not before and after):
        return "INTRO"
    if code := _between(before, after):
        return code
    before = _nearest(map(_told_or_hinted, reversed(place.before)))
    after = _nearest(map(_told_or_hinted, place.after))
    return _between(before, after.split("|")[0])


def _told_or_hinted(title: str) -> str:
    return code_of_title(title) or hint_of_title(title)


def _nearest(codes: Iterable[str]) -> str:
    """The first code of the main line among these, or ""."""
    return next((code for code in codes if code.split("|")[0] in MAIN_LINE), "")


def _closing_methods(titles: Sequence[str], topical: bool) -> bool:
    """Whether methods at the end of an article say nothing of the section before these titles.

    Nothing of the main line comes after them, and before them come findings: told by topic, or in
    text without a title where no topics stand between.
    """
    codes = [code_of_title(title) for title in titles]
    first = next(at for at, code in enumerate(codes) if code.split("|")[0] == "METHODS")
    last = all(code in BACK_MATTER or code == "OTHER" for code in codes[first + 1 :])
    return last and (topical or not first)


def _between(before: str, after: str) -> str:
    """What stands between sections of these codes, or ""."""
    return PLACES.get((before, after)) or PLACES.get((before.rpartition("|")[2], after), "")

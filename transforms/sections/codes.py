"""From nested blocks to the code of the text that stands in the innermost, by the ``tables``.

Titles are matched whole, never by likeness: 'Prefrontal cortex' is no reference list and 'Casein
kinase' no case report. The codes are those of Europe PMC and BioC.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from transforms.records import Block
from transforms.sections.tables import (
    ALSO_TOPICS,
    ASIDE,
    BACK_MATTER,
    CONTAINERS,
    ELEMENTS,
    ETHICS,
    HINTING,
    IN_CASE_REPORT,
    IN_RESEARCH,
    KINDS,
    MAIN_LINE,
    PLACES,
    STATED,
    STATED_IN_A_PARAGRAPH,
    STATEMENTS,
    TAXON,
    TELLING,
    TOPICAL,
    UNTELLING,
)


def _lines(table: str) -> str:
    """One pattern of a table's lines, without groups."""
    lines = (line.strip() for line in table.replace("\\\n", "").split("\n"))
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", "|".join(filter(None, lines)))


def _codes(table: Mapping[str, str]) -> re.Pattern[str]:
    """One pattern of all codes: the first that matches is the name of the last group."""
    return re.compile(
        "|".join(f"(?P<{code.replace('|', '_or_')}>{_lines(text)})" for code, text in table.items())
    )


# Titles to remember: articles use the same few hundred most of the time. The blocks around one
# passage are those around the next, and no other article's. 8,192 of both took 27 MB.
_TITLES = 1024
_BLOCKS = 128

_TELLING = _codes(TELLING)
_HINTING = _codes(HINTING)
_IN_RESEARCH = _codes(IN_RESEARCH)
_STATEMENTS = {code: re.compile(pattern) for code, pattern in STATEMENTS.items()}
_ETHICS = re.compile(_lines(ETHICS))
_ASIDE = re.compile(_lines(ASIDE))
_ALSO_TOPICS = re.compile(_lines(ALSO_TOPICS))
_TAXON = re.compile(_lines(TAXON))
_IN_CASE_REPORT = re.compile(_lines(IN_CASE_REPORT))
_LETTERED = re.compile(r"[A-H]\.\s?\d")
# In a title with a part that tells nothing only these count ("Results and interpretation").
_PLAIN = re.compile(
    r"((materials?|patients|general|main|key) (and )?)*(methods?|methodology|results?|discussions?|"
    r"conclusions?|concluding remarks|metodos?|metodologia|resultados?|discussao|discusion|"
    r"conclus(ao|oes|ion|iones))"
)
# What journals put above an introduction that has no title.
_UNTITLED = {"", "main", "main text"}
_DISCLOSURE = re.compile(r"(authors? |financial |full )?disclosures?( statements?| summar(y|ies))?")
_HOW_TO_CITE = re.compile(r"(how to )?cite this article.*")
# What comes after all of the main line.
_CLOSING = {"ACK_FUND", "AUTH_CONT", "COMP_INT"}
_TABLE = re.compile(r"((supplementa(ry|l)|extended data) )?tables?\b")
_ACCESSIONS = re.compile(r"accession.*")

_NUMBERING = re.compile(
    r"(?:section|part|chapter)?\s*[(\[]?(?:\d+(?:\.\d+)*|(?:[ivx]+|[a-h])(?:\.\d+)*[.):]|(?:ii|iii|iv|"
    r"vi+)\b)"
    r"[.)\]:\s|-]*(?=[^\W\d_])"
)
_FIRST_WORDS = re.compile(r"[\W\d]*([^.:]{3,60})[.:]\s")
_LATER_WORDS = re.compile(r"[.;,]\s+([^.:;,]{3,60}):\s")
_HEAD = re.compile(r"([^:.|]+?)\s*(?:[:.|]\s*| - )")
_PARTS = re.compile(r"\s*(?:/|,|;|\+|:|\b(?:and|or|e|y|et|und)\b)\s*")


@lru_cache(_TITLES)
def normalise(title: str) -> str:
    """A title in the form in which the tables are written.

    >>> normalise("2.1. Materials & Methods:")
    'materials and methods'
    >>> normalise("Discussão")
    'discussao'
    """
    text = unicodedata.normalize("NFKD", title.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"['’‘`´ʼ\u00ad\u200b]", "", text).replace("&", " and ")
    text = re.sub(r"[‐-―−_]", "-", text)
    text = re.sub(r"(?<=\w)-(?=\w)|[★☆*†‡§¶#\"“”]", " ", text)
    text = re.sub(r"\s*\([^()]*\)\s*$", "", text)
    text = re.sub(r"^[^\w(\[]+", "", " ".join(text.split())).strip(" .:;,-")
    if re.fullmatch(r"(?:\w )+\w", text):  # I N T R O D U C T I O N
        text = text.replace(" ", "")
    return _NUMBERING.sub("", text, count=1) if _NUMBERING.match(text) else text


def _match(table: re.Pattern[str], title: str) -> str:
    found = table.fullmatch(title)
    return (found.lastgroup or "").replace("_or_", "|") if found else ""


def _hint(title: str, research: bool = True) -> str:
    return _match(_HINTING, title) or (_match(_IN_RESEARCH, title) if research else "")


def _joined(codes: Iterable[str]) -> str:
    return "|".join(list(dict.fromkeys(c for code in codes for c in code.split("|") if c))[:2])


def _part(title: str) -> str:
    """What one of the parts of a title tells."""
    return _match(_TELLING, title) or ("COMP_INT" if _DISCLOSURE.fullmatch(title) else "")


@lru_cache(_TITLES)
def told(title: str) -> str:
    """What a title tells whatever stands above it: a code, two joined by "|", or "".

    >>> told("Results and Discussion"), told("IV. CONCLUSIONS"), told("Prefrontal cortex")
    ('RESULTS|DISCUSS', 'CONCL', '')
    """
    text = normalise(title)
    parts = [part for part in _PARTS.split(text) if part]
    codes = [_part(part) for part in parts]
    if code := _match(_TELLING, text):
        # "Author contributions and funding" is read whole as the former
        several = code in _STATEMENTS and all(codes) and codes[0] != "APPENDIX"
        return _joined(codes) if several else code
    if _ETHICS.fullmatch(text) or _ASIDE.fullmatch(text):
        return "OTHER"
    if len(parts) > 1 and (all(codes) or _PLAIN.fullmatch(parts[0]) or _PLAIN.fullmatch(parts[-1])):
        unknown = itertools.takewhile(lambda part: not _part(part), parts)
        return _joined([*(_hint(part) for part in unknown), *codes])
    head = _HEAD.match(text)
    return told(head[1]) if head else ""


@lru_cache(_TITLES)
def hinted(title: str, research: bool = True) -> str:
    """What a title tells where nothing above it does, or "".

    Args:
        title: as it stands in the article.
        research: whether the article reports research.
    """
    text = normalise(title)
    parts = [text, *_PARTS.split(text)]
    codes = [_part(part) or _hint(part, research) for part in parts]
    if codes[0] or all(codes[1:]):
        return codes[0] or _joined(codes[1:])
    head = _HEAD.match(text)  # "Future outlook: including microbes"
    return "CONCL" if head and _hint(head[1], research) == "CONCL" else ""


@lru_cache(_TITLES)
def _kind_code(kind: str) -> str:
    """What the type of an element tells, or ""."""
    words = kind.casefold().replace("-", " ").replace("_", " ").split("|")
    return _joined(KINDS.get(word.strip()) or told(word) for word in words)


def _stated(text: str) -> list[str]:
    """What the statements in a text are about, in the order of the text."""
    plain = re.sub(r"['’]", "", text.casefold())
    found = [(m.start(), code) for code, p in _STATEMENTS.items() if (m := p.search(plain))]
    return [code for _, code in sorted(found)]


def _lead(text: str) -> str:
    """What the first words of an untitled block tell, if they stand there like a title."""
    head = _FIRST_WORDS.match(text)
    return told(head[1]) if head else ""


def _statement(block: Block) -> str:
    """The code of a footnote, a note or an acknowledgement without a telling title, or ""."""
    lead = _lead(block.text)
    if lead == "OTHER":
        return lead
    if lead in BACK_MATTER:  # "Source of support: Nil, Conflict of interest: None declared."
        others = (told(words) for words in _LATER_WORDS.findall(block.text))
        return _joined([lead, *(code for code in others if code in BACK_MATTER)])
    stated = _stated(block.text)
    typed = _kind_code(block.kind) or ELEMENTS.get(block.element, "")
    if typed not in BACK_MATTER:
        return _joined(stated) or typed
    if typed == "ACK_FUND" and block.element != "ack" and stated[:1] == ["COMP_INT"]:
        return _joined(code for code in stated if code in ("COMP_INT", "ACK_FUND"))
    if typed not in stated:
        return typed
    return _joined(code for code in stated if code in (typed, "COMP_INT"))


@lru_cache(_BLOCKS)
def _own(block: Block) -> str:
    """What a block tells by its title, or as a statement; the types of sections come later."""
    title = normalise(block.title)
    if title.startswith("compliance with ethical"):
        several = re.search(r"ethic|consent|approv|animal", block.text.casefold())
        return "COMP_INT" if _stated(block.text) == ["COMP_INT"] and not several else "OTHER"
    if _DISCLOSURE.fullmatch(title):
        stated = [code for code in _stated(block.text) if code in ("COMP_INT", "ACK_FUND")]
        if not stated and _lead(block.text) == "OTHER":
            return "OTHER"
        return _joined(stated) or ("ACK_FUND" if title.startswith("financial") else "COMP_INT")
    if code := told(block.title):
        return code
    if block.element in STATED or title in UNTELLING:
        return _statement(block)
    kind = _kind_code(block.kind)
    return kind if kind in BACK_MATTER else ELEMENTS.get(block.element, "")


def _container(blocks: Sequence[Block]) -> str:
    """The code that an element gives to all that stands in it, or ""."""
    inner = ""
    supplement = back = False
    above = None
    for block in blocks:
        back = back or block.element == "back"
        code = CONTAINERS.get(block.element, "")
        if inner == "TITLE" and block.element in ("fn", "fn-group"):
            inner = ""  # of the title, and none of it
        title = told(block.title)
        if block.element == "app":
            code = "SUPPL" if "SUPPL" in (title, _lead(block.text)) else "APPENDIX"
        elif block.element == "sec" and (
            "APPENDIX" in (title, _kind_code(block.kind)) or (back and _LETTERED.match(block.title))
        ):
            code = "APPENDIX"
        elif inner == "ABSTRACT" and block.element in ("sec", "p") and title in BACK_MATTER:
            code = title
        elif inner == "ABSTRACT" and _HOW_TO_CITE.fullmatch(normalise(block.title)):
            code = "OTHER"
        elif title == "SUPPL" and above is not None and above.element == "app" and not above.title:
            code = inner = title
        elif code == "FIG" and _TABLE.match(normalise(block.kind)):
            code = "TABLE"
        elif code == "KEYWORD" and "ABBR" in (title, _kind_code(block.kind)):
            code = "ABBR"
        elif not code and _own(block) == "SUPPL":
            supplement = True
        if inner == "APPENDIX":
            code = "REF" if code == "REF" else inner
        elif code in ("FIG", "TABLE") and supplement:
            code = "SUPPL"
        supplement = supplement or code == "SUPPL"
        inner = code or inner
        above = block
    return inner


def _typed(block: Block, research: bool) -> str:
    """What the type of a block tells.

    Some journals type a section by words of its title, which in a review are those of its topic.
    """
    code = _kind_code(block.kind)
    is_topic = not research and block.element == "sec" and block.title
    return "" if is_topic and code.split("|")[0] in MAIN_LINE else code


def _hinted(block: Block, research: bool) -> str:
    """What the title of a block hints; a summary before the results is no conclusion."""
    code = hinted(block.title, research)
    early = code == "CONCL" and any("RESULTS" in told(title) for title in block.after)
    return "" if early else code


def _nearest(codes: Iterable[str]) -> str:
    """The first code of the main line among these, or ""."""
    return next((code for code in codes if code.split("|")[0] in MAIN_LINE), "")


def _closing_methods(titles: Sequence[str], topical: bool) -> bool:
    """Whether methods at the end of an article say nothing of the section before these titles.

    Nothing of the main line comes after them, and before them come findings: told by topic, or in
    text without a title where no topics stand between.
    """
    codes = [told(title) for title in titles]
    first = next(at for at, code in enumerate(codes) if code.split("|")[0] == "METHODS")
    last = all(code in BACK_MATTER or code == "OTHER" for code in codes[first + 1 :])
    return last and (topical or not first)


def _between(before: str, after: str) -> str:
    """What stands between sections of these codes, or ""."""
    return PLACES.get((before, after)) or PLACES.get((before.rpartition("|")[2], after), "")


def _placed(blocks: Sequence[Block]) -> str:
    """What the place of a topical section among its siblings tells in a research article.

    Authors name the sections of their findings, or of what led to them, after the topic.
    """
    top = next((block for block in blocks if block.element == "sec"), None)
    place = top or next((block for block in blocks if block.element == "body"), None)
    if place is None or any(block.element == "back" for block in blocks):
        return ""
    if any(told(title) in _CLOSING for title in place.before):
        return ""
    before = _nearest(map(told, reversed(place.before)))
    after = _nearest(map(told, place.after)).split("|")[0]
    untitled = normalise(place.title) in _UNTITLED
    if after == "METHODS" and _closing_methods(place.after, topical=not untitled):
        after = ""
    if (before in ("", "INTRO") and after == "METHODS") or (untitled and not before and after):
        return "INTRO"
    if code := _between(before, after):
        return code
    before = _nearest(told(title) or hinted(title) for title in reversed(place.before))
    after = _nearest(told(title) or hinted(title) for title in place.after)
    return _between(before, after.split("|")[0])


def _walk(blocks: Sequence[Block]) -> str:
    """The code of the nearest block that tells, as its ancestors allow it."""
    if not blocks:
        return ""
    *outer, own = blocks
    code = _own(own)
    if not code:
        return _walk(outer)
    title = normalise(own.title)
    topic = _ALSO_TOPICS.fullmatch(title)
    if code in BACK_MATTER and not topic and not _ACCESSIONS.fullmatch(title):
        return code
    above = _walk(outer)
    if topic and above.split("|")[0] in MAIN_LINE:
        return above
    if above == "SUPPL":
        return code if code == "OTHER" else above
    if code == "OTHER" and (
        (_ETHICS.fullmatch(title) and above.split("|")[0] in MAIN_LINE)
        or (own.element == "fn" and not own.title and above in BACK_MATTER)
    ):
        return above
    return code


def section_code(blocks: Sequence[Block], article_type: str = "") -> str:
    """The section code of a passage.

    Args:
        blocks: the structural elements around it, the outermost first, its own last.
        article_type: as in the article.

    Returns:
        One of ``CODES``, or two joined by "|".
    """
    blocks = [
        block
        for block in blocks
        if block.element != "p" or told(block.title) in STATED_IN_A_PARAGRAPH
    ]
    if code := _container(blocks) or _walk(blocks):
        return code
    research = article_type not in TOPICAL
    if code := next(filter(None, (_typed(block, research) for block in reversed(blocks))), ""):
        return code
    titles = [block.title for block in reversed(blocks) if block.title]
    if article_type == "case-report" and any(
        _IN_CASE_REPORT.fullmatch(normalise(title)) for title in titles
    ):
        return "CASE"
    if code := next(filter(None, (_hinted(block, research) for block in reversed(blocks))), ""):
        return code
    if not research or any(_TAXON.fullmatch(normalise(title)) for title in titles):
        return "OTHER"
    code = _placed(blocks) or "OTHER"
    return "CASE" if code == "RESULTS" and article_type == "case-report" else code

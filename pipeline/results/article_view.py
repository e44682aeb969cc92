"""One article and its mentions in, parts in: headings, paragraphs and tables, ready to be shown.

Mentions may nest and overlap, so a passage becomes stretches, each with the mentions over it::

    text        breast cancer cells
    mentions    [  DS       ]
                       [  OG       ]
    stretches   breast |cancer| cells
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from pipeline.output.committed import ArticleRows, chunk_names, read_chunk, read_table
from pipeline.output.record import OutputError
from pipeline.results.pages import render
from transforms.tables import ARTICLES

AGREED, HERE, THERE = "agreed", "here", "there"
"""Where a mention was found when two runs are compared."""

SECTIONS = {
    "TITLE": "Title",
    "ABSTRACT": "Abstract",
    "KEYWORD": "Keywords",
    "INTRO": "Introduction",
    "METHODS": "Methods",
    "RESULTS": "Results",
    "DISCUSS": "Discussion",
    "CONCL": "Conclusions",
    "CASE": "Case",
    "FIG": "Figures",
    "TABLE": "Tables",
    "SUPPL": "Supplementary material",
    "ABBR": "Abbreviations",
    "APPENDIX": "Appendix",
    "ACK_FUND": "Acknowledgements and funding",
    "AUTH_CONT": "Authors' contributions",
    "COMP_INT": "Competing interests",
    "DATA_AVAIL": "Data availability",
    "REF": "References",
    "OTHER": "Other text",
}
"""Section codes in words."""

_CELL = re.compile(
    r"(?P<table>.*?/(?:\w+:)?(?:table|tgroup)\[\d+\])(?P<row>/.*?(?:tr|row)\[\d+\])"
    r"/(?:\w+:)?(?P<kind>td|th|entry)\[(?P<column>\d+)\]"
)
_OWN_ELEMENT = re.compile(r"([\w-]+)(?:\[\d+\])?$")


class Mention(NamedTuple):
    """A mention as a page shows it.

    Attributes:
        start, end: in the article's text.
        found: "" or, in a comparison, ``AGREED``, ``HERE`` or ``THERE``.
        score: None for gold.
        place: XPath and offset of its start, or "".
        concept, concept_name: a CURIE and its name in a terminology; "" where there is none.
    """

    start: int
    end: int
    type: str
    exact: str
    section: str = ""
    found: str = ""
    score: float | None = None
    annotation_id: str = ""
    model: str = ""
    place: str = ""
    concept: str = ""
    concept_name: str = ""


class Stretch(NamedTuple):
    """Text under the same mentions: their indexes, the longest first."""

    text: str
    mentions: tuple[int, ...]


class Line(NamedTuple):
    """A passage on the page.

    Attributes:
        kind: ``heading``, ``paragraph``, ``label``, ``caption``, ``item`` or ``keyword``.
    """

    kind: str
    stretches: list[Stretch]


@dataclass
class Cell:
    """A table's cell: its passages. ``is_head`` for ``th``."""

    is_head: bool = False
    lines: list[Line] = field(default_factory=list)


@dataclass
class Grid:
    """A table. Cells without text, or with numbers alone, are empty: they are no passages.

    Attributes:
        xpath, row: of the table, and of its last row, below the table.
        rows: of cells.
        n_heads: ``th`` cells met in the last row.
    """

    xpath: str
    rows: list[list[Cell]] = field(default_factory=list)
    row: str = ""
    n_heads: int = 0


@dataclass
class Part:
    """What stands under one heading.

    Attributes:
        title: of the section.
        level: depth of the section, from 1.
        section: its code.
        heading: the title with its mentions; None where the title is no part of the text.
        blocks: in the order of the text.
        n_mentions: in all of them.
    """

    title: str
    level: int
    section: str
    heading: Line | None = None
    blocks: list[Line | Grid] = field(default_factory=list)
    n_mentions: int = 0


class Name(NamedTuple):
    """A name in the article: one concept, or one spelling without regard to case.

    Attributes:
        mentions: their indexes.
    """

    type: str
    text: str
    concept: str
    mentions: tuple[int, ...]


@dataclass(frozen=True)
class ArticleView:
    """An article, its mentions in the order of the text, and its parts."""

    row: Mapping[str, Any]
    mentions: Sequence[Mention]
    parts: Sequence[Part]

    @cached_property
    def types(self) -> Counter[str]:
        """Mentions by type, the commonest first."""
        return Counter(dict(Counter(one.type for one in self.mentions).most_common()))

    @cached_property
    def names(self) -> list[Name]:
        """The article's names by type, the commonest first."""
        groups: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, one in enumerate(self.mentions):
            groups[one.type, one.concept or one.exact.casefold()].append(number)
        order = list(self.types)
        found = [
            Name(type_, _commonest(self.mentions[n] for n in numbers), concept, tuple(numbers))
            for (type_, _), numbers in groups.items()
            for concept in [self.mentions[numbers[0]].concept]
        ]
        return sorted(
            found, key=lambda name: (order.index(name.type), -len(name.mentions), name.text)
        )


def _commonest(mentions: Iterable[Mention]) -> str:
    spellings = Counter(one.concept_name or one.exact for one in mentions)
    return min(spellings, key=lambda text: (-spellings[text], text))


def find_article(output: str, name: str) -> ArticleRows:
    """An article by its id, PMCID (also without ``PMC``), PMID or DOI; ``ID@SHA256`` for a version.

    Raises:
        OutputError: no article is called so, or several are.
        DamagedError: a shard is missing or damaged.
        storage.StorageError: one cannot be read.
    """
    wanted, _, version = name.strip().rpartition("@") if "@" in name else (name.strip(), "", "")
    key = _fold(wanted)
    found: list[ArticleRows] = []
    known: list[str] = []
    for chunk in chunk_names(output):
        ids = read_table(output, chunk, ARTICLES, _IDS).to_pylist()
        known += (row["article_id"] for row in ids)
        if any(_is_called(row, key, version) for row in ids):
            found += (one for one in read_chunk(output, chunk) if _is_called(one.row, key, version))
    by_id = [one for one in found if _fold(one.row["article_id"]) == key]
    found = by_id or found
    if len(found) > 1:
        versions = ", ".join(f"{one.row['article_id']}@{one.row['sha256'][:8]}" for one in found)
        raise OutputError(f"several articles are called {name}: name one of {versions}")
    if not found:
        close = get_close_matches(name, known, 3, 0.6) or known[:3]
        such = f", but {', '.join(close)} ..." if close else ": it has no article"
        raise OutputError(f"{output} has no article {name}{such}")
    return found[0]


_IDS = ("article_id", "pmcid", "pmid", "doi", "sha256")


def _fold(name: str) -> str:
    return name.casefold().removeprefix("pmc").removeprefix("med:").removeprefix("doi:")


def _is_called(row: Mapping[str, Any], key: str, version: str) -> bool:
    names = [row["article_id"]]
    if "#sa" not in row["article_id"]:
        names += [row["pmcid"], row["pmid"], row["doi"]]
    return row["sha256"].startswith(version) and any(_fold(one) == key for one in names if one)


def mentions_of(annotations: Iterable[Mapping[str, Any]]) -> list[Mention]:
    """Rows of ``annotations`` as mentions."""
    return [
        Mention(
            start=row["start"],
            end=row["end"],
            type=row["type"],
            exact=row["exact"],
            section=row["section"],
            score=row["score"],
            annotation_id=row["annotation_id"],
            model=row["model"],
            place=f"{row['start_xpath']} {row['start_offset']}",
            concept=row.get("concept") or "",
            concept_name=row.get("concept_name") or "",
        )
        for row in annotations
    ]


def compare(ours: Sequence[Mention], theirs: Iterable[Mention]) -> list[Mention]:
    """Marks what two readings of one text agree on: same place, same type."""
    here = {(one.start, one.end, one.type) for one in ours}
    others = {(one.start, one.end, one.type): one for one in theirs}
    return [
        one._replace(found=AGREED if (one.start, one.end, one.type) in others else HERE)
        for one in ours
    ] + [one._replace(found=THERE) for key, one in others.items() if key not in here]


def view(row: Mapping[str, Any], mentions: Iterable[Mention]) -> ArticleView:
    """Lays an article out.

    Args:
        row: of ``articles``.
        mentions: over its text, in any order.
    """
    ordered = sorted(mentions, key=lambda one: (one.start, -one.end, one.type, one.found))
    parts: list[Part] = []
    for passage, stretches in zip(
        row["passages"], _stretches(row["text"], row["passages"], ordered), strict=True
    ):
        title = _title(passage)
        if not parts or (parts[-1].title, parts[-1].level) != title:
            parts.append(Part(*title, passage["section"]))
        _add(parts[-1], passage, stretches)
    return ArticleView(row, ordered, parts)


def _title(passage: Mapping[str, Any]) -> tuple[str, int]:
    """The section that a passage stands in, and its depth."""
    path = [title for title in passage["path"] if title]
    if path:
        return path[-1], len(path)
    codes = passage["section"].split("|")
    return " and ".join(SECTIONS.get(code, code) for code in codes), 1


def _add(part: Part, passage: Mapping[str, Any], stretches: list[Stretch]) -> None:
    part.n_mentions += len({number for stretch in stretches for number in stretch.mentions})
    cell = _CELL.match(passage["xpath"])
    line = Line(_kind(passage["xpath"]), stretches)
    text = "".join(stretch.text for stretch in stretches)
    if cell:
        _add_cell(part, cell, line)
    elif line.kind == "heading" and not part.blocks and not part.heading and text == part.title:
        part.heading = line
    else:
        part.blocks.append(line)


def _kind(xpath: str) -> str:
    own = _OWN_ELEMENT.search(xpath)
    name = own[1] if own else ""
    if name in ("title", "article-title", "ArticleTitle"):
        return "heading" if "/caption" not in xpath else "caption"
    if name in ("label", "kwd"):
        return {"label": "label", "kwd": "keyword"}[name]
    if "/caption" in xpath:
        return "caption"
    return "item" if "/list-item" in xpath else "paragraph"


def _add_cell(part: Part, place: re.Match[str], line: Line) -> None:
    """Adds a passage to its cell; XPath counts ``th`` and ``td`` of a row apart."""
    table, row, number = place["table"], place["row"], int(place["column"]) - 1
    last = part.blocks[-1] if part.blocks else None
    if not isinstance(last, Grid) or last.xpath != table:
        last = Grid(table)
        part.blocks.append(last)
    if last.row != row:
        last.row, last.n_heads = row, 0
        last.rows.append([])
    is_head = place["kind"] == "th"
    if is_head:
        last.n_heads = max(last.n_heads, number + 1)
    else:
        number += last.n_heads
    cells = last.rows[-1]
    cells += (Cell() for _ in range(number + 1 - len(cells)))
    cells[number].is_head = is_head or "/thead" in row
    cells[number].lines.append(line)


def _stretches(
    text: str, passages: Iterable[Mapping[str, Any]], mentions: Sequence[Mention]
) -> Iterator[list[Stretch]]:
    """Each passage's text, cut where a mention starts or ends. ``mentions`` are in order."""
    open_: list[int] = []
    following = 0
    for passage in passages:
        start, end = passage["start"], passage["end"]
        while following < len(mentions) and mentions[following].start < end:
            open_.append(following)
            following += 1
        open_ = [number for number in open_ if mentions[number].end > start]
        yield list(_cut(text, start, end, mentions, open_))


def _cut(
    text: str, start: int, end: int, mentions: Sequence[Mention], over: Sequence[int]
) -> Iterator[Stretch]:
    opening, closing = defaultdict(list), defaultdict(list)
    for number in over:
        opening[max(start, mentions[number].start)].append(number)
        closing[mentions[number].end].append(number)
    edges = {edge for edge in (*opening, *closing) if start < edge < end}
    active: set[int] = set()
    for low, high in pairwise([start, *sorted(edges), end]):
        active = active.difference(closing[low]).union(opening[low])
        longest = sorted(active, key=lambda n: (mentions[n].start - mentions[n].end, n))
        yield Stretch(text[low:high], tuple(longest))


def make_page(shown: ArticleView, *, other: str = "", report: str = "") -> str:
    """An article as an HTML page.

    Args:
        shown: the article with its mentions.
        other: name of what it is compared with, or "".
        report: link to the run's report, or "".
    """
    kinds = {type_: number for number, type_ in enumerate(shown.types)}
    names = shown.names
    name_of = {number: at for at, name in enumerate(names) for number in name.mentions}
    mentions = [
        {
            "type": kinds[one.type],
            "label": one.type,
            "exact": one.exact,
            "score": one.score,
            "section": one.section,
            "found": one.found,
            "id": one.annotation_id,
            "model": one.model,
            "place": one.place,
            "name": name_of[number],
            "concept": one.concept,
            "concept_name": one.concept_name,
        }
        for number, one in enumerate(shown.mentions)
    ]
    return render(
        "article.html.jinja",
        "article.js",
        view=shown,
        row=shown.row,
        kinds=kinds,
        models=sorted({one.model for one in shown.mentions} - {""}),
        found=Counter(one.found for one in shown.mentions),
        other=other,
        report=report,
        has_concepts=any(one.concept for one in shown.mentions),
        data={
            "mentions": mentions,
            "names": [f"{name.text} {name.concept}".strip() for name in names],
        },
    )

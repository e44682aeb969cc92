"""The text of an article's XML, to check the parser against: by none of the parser's rules."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

from pipeline.results.excuses import INVISIBLE, Excuses
from transforms.jats.tree import TreeWalk
from transforms.records import PLACEHOLDER, Article, split_article_id

# Elements whose text the parser may leave out in the middle of running text.
_LEFT_OUT = frozenset(
    {
        "alt-text",
        "alternatives",
        "boxed-text",
        "break",
        "chem-struct",
        "chem-struct-wrap",
        "code",
        "def-list",
        "disp-formula",
        "disp-formula-group",
        "disp-quote",
        "fig",
        "fig-group",
        "fn",
        "graphic",
        "hr",
        "index-term",
        "inline-formula",
        "inline-graphic",
        "inline-supplementary-material",
        "label",
        "list",
        "long-desc",
        "math",
        "media",
        "object-id",
        "preformat",
        "related-article",
        "speech",
        "statement",
        "sup",
        "supplementary-material",
        "table-wrap",
        "table-wrap-group",
        "target",
        "tex-math",
        "verse-group",
        "xref",
    }
)

# In elements of running text that may be all but what only gives letters a form.
_RUNNING = frozenset(
    (
        "AbstractText",
        "ArticleTitle",
        "Keyword",
        "VernacularTitle",
        "article-title",
        "attrib",
        "kwd",
        "p",
        "subtitle",
        "term",
        "title",
        "trans-title",
        "verse-line",
    )
)
_CELLS = ("td", "th", "entry")
_FORMS = frozenset(
    (
        "b",
        "bold",
        "email",
        "ext-link",
        "i",
        "italic",
        "monospace",
        "named-content",
        "overline",
        "roman",
        "sans-serif",
        "sc",
        "strike",
        "styled-content",
        "sub",
        "u",
        "underline",
        "uri",
    )
)

# Tags between letters that touch nevertheless, and what nobody sees between them: soft hyphens, a
# hyphen at a scanned line's end, the end of a line before a script.
_WITHIN_WORDS = _FORMS | {"sup", "xref", "target", "abbrev", "milestone-start", "milestone-end"}
_UNSEEN = re.compile("\u00ad*|-?[ \\t\\r]*\\n\\s*")
_WORD = re.compile(r"[^\W_]+")
_OF_MARKS = frozenset(("citation", "footnote-mark"))

_INSERTED = frozenset((" ", PLACEHOLDER))


@dataclass(slots=True)
class _Open:
    """An element that the walk is in; children are counted by tag and by local name."""

    xpath: str
    left_out: bool
    running: bool = False
    hidden: bool = False
    block: int = -1
    within_block: bool = False
    excuses: Excuses = field(default_factory=Excuses)
    n_texts: int = 0
    tags: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)


class XmlText:
    """The text nodes of an article's XML, in document order, each with its XPath.

    Args:
        root: of a document of its own.
        languages: primary subtags of the languages wanted; empty: all.
    """

    def __init__(self, root: Any, languages: Collection[str] = ()) -> None:
        self._root = root
        self._languages = languages
        self._nodes: list[str] = []
        self._left_out: list[bool] = []
        self._hidden: list[bool] = []
        self._blocks: list[int] = []
        self._excuses: list[Excuses] = []
        self._crossed: list[frozenset[str]] = []
        self._numbers: dict[str, int] = {}
        self._walk()
        # Where each node starts when all are put one after the other, and what of that was read.
        self._starts = [0]
        for node in self._nodes:
            self._starts.append(self._starts[-1] + len(node))
        self._read = bytearray(self._starts[-1])

    def _walk(self) -> None:
        around: list[_Open] = []
        crossed: set[str] = set()
        for event, element in TreeWalk(self._root):
            if event in ("start", "end"):
                crossed.add(element.tag.rpartition("}")[2])
            if event == "start":
                around.append(self._open(element, around[-1] if around else _Open("", False)))
                self._add(around[-1], element.text, crossed)
                continue
            if event == "end":
                around.pop()
            if around:
                self._add(around[-1], element.tail, crossed)

    def _open(self, element: Any, parent: _Open) -> _Open:
        tag = element.tag
        name = tag.rpartition("}")[2]
        parent.tags[tag] = parent.tags.get(tag, 0) + 1
        parent.names[name] = parent.names.get(name, 0) + 1
        if tag == name:
            step = f"{name}[{parent.tags[name]}]"
        else:
            step = f"*[local-name()='{name}'][{parent.names[name]}]"
        left_out = parent.left_out or name in _LEFT_OUT or (parent.running and name not in _FORMS)
        return _Open(
            f"{parent.xpath}/{step}",
            left_out,
            parent.running or name in _RUNNING,
            parent.hidden or name in INVISIBLE,
            parent.block if parent.within_block else len(self._nodes),
            parent.within_block or name in _RUNNING or name in _CELLS,
            parent.excuses.inside(element, name, self._languages),
        )

    def _add(self, owner: _Open, text: str | None, crossed: set[str]) -> None:
        if text:
            self._crossed.append(frozenset(crossed))
            crossed.clear()
            self._hidden.append(owner.hidden)
            self._blocks.append(owner.block)
            self._excuses.append(owner.excuses)
            owner.n_texts += 1
            self._numbers[f"{owner.xpath}/text()[{owner.n_texts}]"] = len(self._nodes)
            self._nodes.append(text)
            self._left_out.append(owner.left_out)

    def characters(self, article_id: str) -> int:
        """Characters of text in the article, or in the sub-article that the id names."""
        _, number = split_article_id(article_id)
        element = self._root
        if number:
            inner = self._root.xpath("//*[local-name()='sub-article' or local-name()='response']")
            element = inner[number - 1]
        return int(element.xpath("string-length(string(.))"))

    def holds(self, annotation: Mapping[str, Any]) -> bool:
        """Whether the annotation's characters stand at its place in the XML.

        What stands there and not in ``exact`` must be white space or in markup that the parser
        leaves out.
        """
        first = self._find(annotation["start_xpath"])
        last = self._find(annotation["end_xpath"])
        if first is None or last is None or last < first:
            return False
        start, end = annotation["start_offset"], annotation["end_offset"]
        if not (0 <= start < len(self._nodes[first]) and 0 < end <= len(self._nodes[last])):
            return False
        wanted = [char for char in annotation["exact"] if not _blank(char)]
        if not wanted:
            return False
        chars: list[str] = []
        left_out: list[bool] = []
        for number in range(first, last + 1):
            low = start if number == first else 0
            high = end if number == last else None
            chars += self._nodes[number][low:high]
            left_out += [self._left_out[number]] * (len(chars) - len(left_out))
        _leave_out_brackets(chars, left_out)
        # How much of the wanted text may have been met: left-out markup can look like it.
        met = {0}
        for char, skippable in zip(chars, left_out, strict=True):
            further = {at + 1 for at in met if at < len(wanted) and wanted[at] == char}
            met = further | met if skippable or not char.isalnum() else further
        raw_first = self._nodes[first][start]
        raw_last = self._nodes[last][end - 1]
        return len(wanted) in met and raw_first == wanted[0] and raw_last == wanted[-1]

    def _find(self, xpath: str) -> int | None:
        number = self._numbers.get(xpath)
        if number is None or self._root.xpath(xpath, smart_strings=False) != [self._nodes[number]]:
            return None
        return number

    def complaint(self, article: Article) -> str:
        """What is wrong with a parser's map, or "".

        Its runs must give the text character by character, each from another place in the XML and
        inside the passage's element, in the XML's order within a passage; what stands between them
        may only be spaces and placeholders. Then ``chars_kept`` is a count of what was seen here.
        """
        if "\n".join(article.text[p.start : p.end] for p in article.passages) != article.text:
            return "its passages do not make up its text"
        passages = iter(article.passages)
        text = article.text
        at = passage_end = before = kept = 0
        inside = ""
        for start, length, xpath, offset in article.xml_map.runs():
            while start >= passage_end and (passage := next(passages, None)) is not None:
                if not _INSERTED.issuperset(text[at:passage_end]):
                    return f"{text[at:passage_end]!r} stands in no XML"
                at, passage_end = passage.start, passage.end
                inside, before = f"{passage.xpath}/", 0
            number = self._numbers.get(xpath)
            if number is None or not xpath.startswith(inside):
                return f"{xpath} is no text of {inside}"
            raw = self._nodes[number][offset : offset + length]
            piece = text[start : start + length]
            place = self._starts[number] + offset
            if start + length > passage_end or (
                piece != raw and not (piece == " " and raw in {"\t", "\r", "\n"})
            ):
                return f"{xpath}[{offset}] is {raw!r}, not {piece!r}"
            if start < at or not _INSERTED.issuperset(text[at:start]):
                return f"{text[at:start]!r} stands in no XML"
            if place < before or 1 in self._read[place : place + length]:
                return f"{piece!r} at {xpath}[{offset}] is read twice, or out of order"
            self._read[place : place + length] = b"\1" * length
            before = place + length
            at = start + length
            kept += length
        if not (_INSERTED | {"\n"}).issuperset(text[at:]):
            return f"{text[at:]!r} stands in no XML"
        if kept != article.chars_kept:
            return f"{kept} characters of the XML stand in the text, not {article.chars_kept}"
        return ""

    def missing(self, excluded: Collection[str]) -> str:
        """A word that was not read and that no reason for leaving text out explains, or "".

        To be asked when ``complaint`` has seen all that was read of the source.

        Args:
            excluded: the reasons that the article and its sub-articles give.
        """
        for _, block in groupby(range(len(self._nodes)), self._blocks.__getitem__):
            numbers = list(block)
            start, end = self._starts[numbers[0]], self._starts[numbers[-1] + 1]
            if 0 in self._read[start:end] and (found := self._missing_in(numbers, excluded)):
                return found
        return ""

    def _missing_in(self, numbers: Sequence[int], excluded: Collection[str]) -> str:
        """A missing word of a block, which has these nodes, or ""."""
        chars: list[str] = []
        owners: list[int] = []
        for number in numbers:
            chars += self._nodes[number]
            owners += [number] * (len(chars) - len(owners))
        in_mark = ["citation" in self._excuses[number].reasons for number in owners]
        _leave_out_brackets(chars, in_mark)
        first = self._starts[numbers[0]]
        for word in _WORD.finditer("".join(chars)):
            unread = [at for at in range(*word.span()) if not self._read[first + at]]
            for at in unread:
                reasons = self._excuses[owners[at]].all() | (_OF_MARKS if in_mark[at] else set())
                if reasons.isdisjoint(excluded):
                    around = "".join(chars[max(at - 20, 0) : at + 20])
                    xpath = next(islice(self._numbers, owners[at], None))
                    return f"{word[0]!r} of {around!r} at {xpath} is left out for no reason"
        return ""

    def touching(self, article: Article) -> str:
        """Two characters that touch in a word of the text and not in the XML, or "".

        In the XML there may be tags between them that only give letters a form, and characters that
        nobody sees.
        """
        before: tuple[int, int, int] | None = None
        for start, length, xpath, offset in article.xml_map.runs():
            number = self._numbers.get(xpath, -1)
            if before is not None and before[0] == start and number >= 0:
                pair = article.text[start - 1 : start + 1]
                if pair.isalnum() and not self._touch(before[1], before[2], number, offset):
                    return f"{article.text[max(start - 20, 0) : start + 20]!r} at {xpath}[{offset}]"
            before = (start + length, number, offset + length)
        return ""

    def _touch(self, first: int, end: int, last: int, start: int) -> bool:
        """Whether nothing that shows stands between two places."""
        if first == last:
            between = self._nodes[first][end:start]
        else:
            crossed = frozenset().union(*self._crossed[first + 1 : last + 1])
            inner = [
                self._nodes[number] for number in range(first + 1, last) if not self._hidden[number]
            ]
            if not crossed <= _WITHIN_WORDS | INVISIBLE:
                return False
            between = "".join((self._nodes[first][end:], *inner, self._nodes[last][:start]))
        return _UNSEEN.fullmatch(between) is not None


def _leave_out_brackets(chars: Sequence[str], left_out: list[bool]) -> None:
    """Brackets around left-out markup may go with it: '(Suh et al., <xref>2004</xref>)'."""
    opened: list[int] = []
    for position, char in enumerate(chars):
        if char in "([":
            opened.append(position)
        elif char in ")]" and opened:
            inside = slice(opened.pop(), position + 1)
            if any(left_out[inside]):
                left_out[inside] = [True] * (inside.stop - inside.start)


def _blank(char: str) -> bool:
    return char.isspace() or char == PLACEHOLDER

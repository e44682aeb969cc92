"""A walk over an article's tree: its text, in passages, and a map of it back to the tree."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from lxml import etree

from transforms.jats.elements import (
    FORMATTING,
    KINDS,
    SET_APART,
    SPACED,
    TRANSLATIONS,
    XREF_MARKS,
)
from transforms.jats.footnotes import NOTED, footnote_marks
from transforms.jats.marks import ANEW, BREAK, CLOSE, FOOTNOTE, FORMULA, LIFTED, Run, clean
from transforms.jats.nodes import (
    LANG,
    continues_name,
    has_content,
    has_text,
    is_line_end,
    kind_of,
    language_of,
    local_name,
    own_language,
    primary_language,
    text_length,
    touches_part,
)
from transforms.jats.preformatted import cut_preformatted
from transforms.jats.rules import INLINE, Met, Rule, Rules
from transforms.jats.titles import (
    LABELLED,
    LED,
    beginning,
    first_statement,
    is_heading,
    is_one_of_several,
    label_of,
    lead_of,
    sec_titles,
    title_of,
)
from transforms.jats.tree import TreeWalk
from transforms.jats.xml_map import Paths, XmlMap
from transforms.records import Block, Passage


@dataclass(frozen=True)
class TextOptions:
    """What becomes text.

    Attributes:
        languages: primary subtags of the languages wanted (``en``); empty: all.
        references: whether each reference becomes a passage.
    """

    languages: frozenset[str] = frozenset({"en"})
    references: bool = False


_LETTER = re.compile(r"[^\W\d_]")
_EXPONENT = re.compile(r"(?<=\d)[eE](?=[+\-−–]?\d)")
_NOTED = tuple("{*}" + name for name in sorted(NOTED))
_NEIGHBOURS = 40
SCANNED = "pmc-ocr-text"
_ALTERNATIVE = (Rule("excluded", "alternative"),)


@dataclass(slots=True)
class _RawPassage:
    """Pieces of text nodes and marks between them, as the walk meets them.

    Attributes:
        nodes: of each piece its text node in the map; -1 for marks.
        offsets: of each piece where it starts in its text node.
        size, n_source: characters of all pieces, and of those that are text.
        sups: where superscripts start and end.
    """

    home: "_Home"
    pieces: list[str] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    size: int = 0
    n_source: int = 0
    sups: list[tuple[int, int]] = field(default_factory=list)

    def add(self, piece: str, node: int = -1, offset: int = 0) -> None:
        self.pieces.append(piece)
        self.nodes.append(node)
        self.offsets.append(offset)
        self.size += len(piece)
        if node >= 0:
            self.n_source += len(piece)


class _Section(NamedTuple):
    """The blocks around a passage, and the titles of those that are sections."""

    blocks: tuple[Block, ...] = ()
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class _Home:
    """The nearest element around that text belongs to: a block, or what holds blocks.

    Attributes:
        runs_on: its text is one passage, also around blocks inside it.
        reason: why its text is excluded, or "".
        wanted: whether its language is wanted.
        preformatted: what kind of preformatted text it is, or "".
    """

    element: int
    section: _Section
    wanted: bool
    reason: str
    runs_on: bool = False
    is_cell: bool = False
    preformatted: str = ""
    passage: "_RawPassage | None" = None


@dataclass(slots=True)
class _Frame:
    """An open element.

    Attributes:
        element: its number in the paths.
        n_texts: its text nodes met so far.
        unqualified, qualified: its children met so far, by local name.
        closing: mark to put in at its end.
        sup_start: where in the raw passage the superscript starts, or -1.
        spaced: whether its parts have to be parted by spaces.
        chosen: the one child that is read, if only one is.
        sec_titles: titles of its sections, once asked for.
        lead: words like a title over the paragraphs that come next in it.
    """

    element: int
    name: str
    home: _Home
    n_texts: int = 0
    unqualified: dict[str, int] = field(default_factory=dict)
    qualified: dict[str, int] = field(default_factory=dict)
    closing: str = ""
    sup_start: int = -1
    spaced: bool = False
    chosen: etree._Element | None = None
    sec_titles: list[str] | None = None
    lead: str = ""


class Walk:
    """One article's text: passages in the order in which they open, and the ledger."""

    def __init__(self, rules: Rules, options: TextOptions, paths: Paths) -> None:
        self.excluded: Counter[str] = Counter()
        self.map = XmlMap(paths)
        self._rules = rules
        self._openers: dict[str, Callable[[_Frame, Met, Rule], _Frame | None]] = {
            **dict.fromkeys(("block", "cell", "holder"), self._block),
            "inline": self._inline,
            "parted": self._parted,
            "break": self._break,
            "xref": self._xref,
            "footnote-mark": self._footnote_mark,
            "sup": self._sup,
            "alternatives": self._alternatives,
            "formula": self._formula,
            "display": self._display,
            "sub-article": self._sub_article,
            "excluded": self._excluded,
        }
        self._options = options
        self._paths = paths
        self._raw: list[_RawPassage] = []
        self._inner: list[tuple[etree._Element, int]] = []
        self._names: dict[str, tuple[str, bool, tuple[Rule, ...]]] = {}
        self._targets: dict[str, str] | None = None
        self._footnote_marks: set[etree._Element] = set()

    def run(self, root: etree._Element, path: int) -> list[tuple[etree._Element, int]]:
        """Walks one article; gives its own sub-articles, with their places."""
        wanted = self._is_wanted(language_of(root))
        reason = self._rules[local_name(root)][0].reason or ("" if wanted else "language")
        home = _Home(path, _Section(), wanted, reason)
        frames = [_Frame(path, local_name(root), home)]
        if root.text:
            self._text(frames[0], root.text)
        walker = TreeWalk(root)
        events = iter(walker)
        next(events)
        for event, element in events:
            if event == "start":
                frame = self._start(frames[-1], element)
                if frame is None:
                    walker.skip_subtree()
                    frames.append(frames[-1])
                else:
                    frames.append(frame)
                    if element.text:
                        self._text(frame, element.text)
                continue
            if event == "end":
                frame = frames.pop()
                if not frames:
                    break
                if frame is not frames[-1]:
                    self._end(frame)
            if element.tail:
                self._text(frames[-1], element.tail, is_space=is_line_end(element))
        return self._inner

    # Text

    def _text(self, frame: _Frame, text: str, *, is_space: bool = False) -> None:
        frame.n_texts += 1
        home = frame.home
        if home.reason or is_space:
            self.excluded[home.reason or "whitespace"] += len(text)
            return
        passage = home.passage
        if passage is None:
            if text.isspace():
                self.excluded["whitespace"] += len(text)
                return
            passage = self._open(home)
        node = self.map.add_node(frame.element, frame.n_texts)
        if home.preformatted:
            self._add_lines(home, text, node)
        else:
            passage.add(text, node)

    def _add_lines(self, home: _Home, text: str, node: int) -> None:
        for piece in cut_preformatted(text, scanned=home.preformatted == SCANNED):
            if piece.opens:
                home.passage = None
            passage = home.passage or self._open(home)
            if piece.is_hyphen:
                self.excluded["line-hyphen"] += piece.end - piece.start
            else:
                passage.add(text[piece.start : piece.end], node, piece.start)

    def _open(self, home: _Home) -> _RawPassage:
        home.passage = _RawPassage(home)
        self._raw.append(home.passage)
        return home.passage

    def _mark(self, home: _Home, mark: str) -> None:
        if not home.reason:
            (home.passage or self._open(home)).add(mark)

    def _part(self, home: _Home, mark: str) -> None:
        """Parts what stands before from what comes after, where there is something before."""
        if home.passage is not None:
            if home.runs_on or mark == BREAK:
                home.passage.add(mark)
            else:
                home.passage = None

    def _exclude(self, element: etree._Element, reason: str) -> None:
        self.excluded[reason] += text_length(element)

    # Elements

    def _start(self, parent: _Frame, element: etree._Element) -> _Frame | None:
        """Opens an element; None if all of it is excluded, and counted."""
        met, rules = self._meet(parent, element)
        if parent.chosen is not None and element is not parent.chosen:
            rules = _ALTERNATIVE
        rule = next(rule for rule in rules if rule.when is None or rule.when(met))
        return self._openers[rule.kind](parent, met, rule)

    def _meet(self, parent: _Frame, element: etree._Element) -> tuple[Met, tuple[Rule, ...]]:
        """Counts an element among its siblings; gives its facts, and the rules for its name."""
        tag: str = element.tag
        known = self._names.get(tag)
        if known is None:
            name = tag.rpartition("}")[2]
            rules = self._rules.get(name, INLINE)
            known = self._names[tag] = (name, tag[0] == "{", rules)
        name, qualified, rules = known
        counts = parent.qualified if qualified else parent.unqualified
        counts[name] = index = counts.get(name, 0) + 1
        if qualified:  # "*[local-name()='p']" also counts those in no namespace
            index += parent.unqualified.get(name, 0)
        path = self._paths.add(parent.element, name, index, qualified)
        references = self._options.references
        marks = self._footnote_marks
        return Met(element, path, name, parent.name, parent.home.runs_on, references, marks), rules

    # One method a kind of rule

    def _excluded(self, parent: _Frame, met: Met, rule: Rule) -> None:
        self._exclude(met.element, rule.reason)

    def _sub_article(self, parent: _Frame, met: Met, rule: Rule) -> None:
        self._inner.append((met.element, met.path))
        self._exclude(met.element, "sub-article")

    def _formula(self, parent: _Frame, met: Met, rule: Rule) -> None:
        self._mark(parent.home, FORMULA)
        self._exclude(met.element, rule.reason)

    def _display(self, parent: _Frame, met: Met, rule: Rule) -> None:
        for mark in (LIFTED, FORMULA, ANEW):
            self._mark(parent.home, mark)
        self._exclude(met.element, rule.reason)

    def _inline(self, parent: _Frame, met: Met, rule: Rule) -> _Frame:
        home = parent.home
        language = met.element.get(LANG)
        # a foreign phrase stays in its sentence; what holds blocks has a language of its own
        is_phrase = home.runs_on or met.name in FORMATTING
        if language and not is_phrase and home.reason in ("", "language"):
            home = self._new_home(home, met.path, home.section, language)
        if home.passage is not None and (continues_name(met.element) or touches_part(met.element)):
            self._mark(home, LIFTED)
        frame = _Frame(met.path, met.name, home)
        frame.spaced = met.name in SPACED or (parent.spaced and met.name not in FORMATTING)
        if frame.spaced:
            self._part(home, LIFTED)
        return frame

    def _parted(self, parent: _Frame, met: Met, rule: Rule) -> _Frame:
        self._part(parent.home, LIFTED)
        return self._inline(parent, met, rule)

    def _break(self, parent: _Frame, met: Met, rule: Rule) -> _Frame:
        self._part(parent.home, BREAK)
        return self._inline(parent, met, rule)

    def _xref(self, parent: _Frame, met: Met, rule: Rule) -> _Frame:
        mark = self._mark_of(met.element)
        if not mark:
            return _Frame(met.path, met.name, parent.home)
        self._mark(parent.home, mark)
        return _Frame(met.path, met.name, parent.home, closing=CLOSE)

    def _footnote_mark(self, parent: _Frame, met: Met, rule: Rule) -> _Frame:
        self._mark(parent.home, FOOTNOTE)
        return _Frame(met.path, met.name, parent.home, closing=CLOSE)

    def _sup(self, parent: _Frame, met: Met, rule: Rule) -> _Frame:
        passage = parent.home.passage
        return _Frame(
            met.path, met.name, parent.home, sup_start=0 if passage is None else passage.size
        )

    def _alternatives(self, parent: _Frame, met: Met, rule: Rule) -> _Frame:
        forms = sorted(
            met.element.iterchildren("*"), key=lambda form: local_name(form) != "mixed-citation"
        )
        best = chain(filter(has_content, forms), filter(has_text, forms))
        return _Frame(met.path, met.name, parent.home, chosen=next(best, None))

    def _new_home(self, outer: _Home, path: int, section: _Section, language: str | None) -> _Home:
        wanted = outer.wanted if language is None else self._is_wanted(language)
        reason = "" if wanted else "language"
        return _Home(path, section, wanted, reason)

    def _block(self, parent: _Frame, met: Met, rule: Rule) -> _Frame:
        element, name = met.element, met.name
        self._part(parent.home, ANEW if name in SET_APART else LIFTED)
        language = own_language(element)
        if language is None and name in TRANSLATIONS and parent.name not in TRANSLATIONS:
            language = ""
        section = self._section(parent, element, name, rule.block)
        home = self._new_home(parent.home, met.path, section, language)
        if rule.reason:
            home.reason = rule.reason
        if name in NOTED and next(element.iterancestors(*_NOTED), None) is None:
            self._footnote_marks |= footnote_marks(element)
        home.runs_on = rule.kind == "block"
        home.is_cell = rule.kind == "cell" or parent.home.is_cell
        if name == "preformat":
            home.preformatted = element.get("preformat-type") or name
        if home.runs_on and not home.reason:
            self._open(home)
        return _Frame(met.path, name, home, spaced=name in SPACED)

    def _end(self, frame: _Frame) -> None:
        home = frame.home
        if frame.closing:
            self._mark(home, frame.closing)
        elif frame.sup_start >= 0 and home.passage is not None:
            home.passage.sups.append((frame.sup_start, home.passage.size))
        elif frame.name == "disp-formula":
            self._part(home, ANEW)
        elif frame.spaced:
            self._part(home, LIFTED)

    def _mark_of(self, element: etree._Element) -> str:
        kind = element.get("ref-type")
        if not kind and (target := element.get("rid")):
            if self._targets is None:
                root = element.getroottree().getroot()
                self._targets = {
                    e.get("id", ""): local_name(e)
                    for e in root.iter("*")
                    if local_name(e) in ("ref", "fn")
                }
            kind = self._targets.get(target.split()[0] if target.split() else "")
        return XREF_MARKS.get(kind or "", "")

    def _section(self, parent: _Frame, element: etree._Element, name: str, block: str) -> _Section:
        """The section of what stands in an element: its parent's, and the block that it makes."""
        outer = self._outer_section(parent, element, name)
        lead = self._lead(parent, element, name)
        if name == "p" and (lead or is_one_of_several(element, parent.name)):
            block = name
        if not block:
            return outer
        own = title_of(element, name)
        before, after = self._neighbours(parent, element, name)
        kind = kind_of(element, *KINDS) or (label_of(element) if name in LABELLED else "")
        text = beginning(first_statement(element, name), own)
        return _Section(
            (*outer.blocks, Block(block, own or lead, kind, text, before, after)),
            (*outer.path, own) if own else outer.path,
        )

    def _lead(self, parent: _Frame, element: etree._Element, name: str) -> str:
        """The words like a title that open a block, or are a paragraph before this one."""
        lead = lead_of(element, name)
        if name == "p":
            if lead:
                parent.lead = lead if is_heading(element) else ""
            return lead or parent.lead
        if name in LED:
            parent.lead = ""
        return lead

    def _outer_section(self, parent: _Frame, element: etree._Element, name: str) -> _Section:
        """The section of the parent; behind sections of the body, text knows which they are."""
        outer = parent.home.section
        if parent.name != "body" or name == "sec" or not outer.blocks:
            return outer
        before, after = self._neighbours(parent, element, "")
        if not before:
            return outer
        return outer._replace(
            blocks=(*outer.blocks[:-1], outer.blocks[-1]._replace(before=before, after=after))
        )

    def _neighbours(
        self, parent: _Frame, element: etree._Element, name: str
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The titles of the sections before an element and behind it, among its siblings."""
        if name == "body":
            return (), tuple(sec_titles(element)[:_NEIGHBOURS])
        if name not in ("sec", ""):
            return (), ()
        if parent.sec_titles is None:
            above = element.getparent()
            parent.sec_titles = [] if above is None else sec_titles(above)
        behind = parent.unqualified.get("sec", 0) + parent.qualified.get("sec", 0)
        at = behind - (name == "sec")
        return (
            tuple(parent.sec_titles[max(at - _NEIGHBOURS, 0) : at]),
            tuple(parent.sec_titles[behind : behind + _NEIGHBOURS]),
        )

    def _is_wanted(self, language: str | None) -> bool:
        if language is None or not self._options.languages:
            return True
        code = primary_language(language)
        return code in self._options.languages or bool(language.strip() and not code)

    # Cleaning

    def passages(self) -> tuple[str, tuple[Passage, ...]]:
        """Cleans what was met: the article's text and its passages."""
        texts: list[str] = []
        passages: list[Passage] = []
        position = 0
        for raw in self._raw:
            text, breaks = self._clean(raw, position)
            if text:
                section = raw.home.section
                end = position + len(text)
                xpath = self._paths.xpath(raw.home.element)
                passages.append(
                    Passage(position, end, "", section.path, xpath, section.blocks, breaks)
                )
                texts.append(text)
                position = end + 1
        return "\n".join(texts), tuple(passages)

    def _clean(self, passage: _RawPassage, position: int) -> tuple[str, tuple[int, ...]]:
        """One passage's text, and where it begins anew; its runs go into the map.

        The text is "" if there is none worth keeping.
        """
        text, runs, cuts, breaks = clean("".join(passage.pieces), passage.sups)
        kept = sum(run.length for run in runs)
        self.excluded.update(cuts)
        self.excluded["whitespace"] += passage.n_source - kept - cuts.total()
        home = passage.home
        if kept and home.is_cell and not _LETTER.search(_EXPONENT.sub("", text)):
            self.excluded["number"] += kept
            return "", ()
        if kept and not home.runs_on and not any(map(str.isalnum, text)):
            self.excluded["separator"] += kept
            return "", ()
        if not kept:
            return "", ()
        self._add_runs(passage, runs, position)
        return text, tuple(position + at for at in breaks)

    def _add_runs(self, passage: _RawPassage, runs: Iterable[Run], position: int) -> None:
        pieces = zip(passage.pieces, passage.nodes, passage.offsets, strict=True)
        piece, node, offset = next(pieces)
        begin = 0
        for start, length, first in runs:
            at, end = first, first + length
            shift = position + start - first
            while at < end:
                while at >= begin + len(piece):
                    begin += len(piece)
                    piece, node, offset = next(pieces)
                stop = min(end, begin + len(piece))
                self.map.add_run(at + shift, stop - at, node, offset + at - begin)
                at = stop

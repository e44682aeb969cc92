r"""One article's XML, JATS or PubMed, to clean text and a map of every character back to the XML.

A walk over the tree sends each text node to the passage that it belongs to, with marks where the
XML has something other than text, or counts it as excluded. When the walk is over, ``marks.clean``
makes each passage's text; what stands in it as it stands in the XML goes into the map::

    <p>H<sub>2</sub>O was              "H" "2" "O was\n   measured" ␁ "5" ␃ "."       pieces
       measured<xref>5</xref>.</p>     "H2O was measured."                            text
                                       p/text()[1] sub/text()[1] p/text()[2] ...      runs
"""

import copy
import html.entities
import re
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

from lxml import etree

from transforms.footnotes import NOTED, footnote_marks
from transforms.marks import BREAK, CITATION, CLOSE, FOOTNOTE, FORMULA, LIFTED, Run, clean
from transforms.records import (
    Article,
    Block,
    Passage,
    RejectError,
    SourceArticle,
    XmlRun,
    XmlSpan,
    article_id_from,
    article_ids,
)

SectionCode = Callable[[Sequence[Block], str], str]


@dataclass(frozen=True)
class TextOptions:
    """What becomes text.

    Attributes:
        languages: primary subtags of the languages wanted (``en``); empty: all.
        references: whether each reference becomes a passage.
    """

    languages: frozenset[str] = frozenset({"en"})
    references: bool = False


def parse_articles(
    source: SourceArticle, options: TextOptions, section_code: SectionCode
) -> list[Article]:
    """Reads one article: itself first, then each of its sub-articles and responses.

    Args:
        source: UTF-8 bytes of the article's element, in the namespaces of its enclosing elements.
        options: what becomes text.
        section_code: code of the text that stands directly in the last of some nested blocks
            (outermost first), in an article of a type.

    Raises:
        RejectError: the bytes are no article that can be read; the message gives line and column.
    """
    notes: Counter[str] = Counter()
    root = _parse(source, notes)
    shape = _SHAPES.get(_local(root))
    if shape is None:
        raise RejectError(
            "parse",
            "not-jats",
            f"expected the root element article or PubmedArticle, found {_local(root)}",
        )
    paths = _Paths()
    articles: list[Article] = []
    waiting = [(root, paths.add(-1, _local(root), 1, root.tag[0] == "{"))]
    while waiting:
        element, path = waiting.pop()
        about = shape.about(element)
        walk = _Walk(shape, options, section_code, paths, about.article_type or "")
        waiting += reversed(walk.run(element, path))
        if articles:
            article = _article(_as_part(about, articles[0], len(articles)), walk, element, {})
        else:
            name = article_id_from(about.pmcid, about.pmid, about.doi, source.range.sha256)
            article = _article(replace(about, article_id=name), walk, element, notes)
        articles.append(article)
    return articles


# --- bytes to tree ---

# What is never closed runs to the end: looked for again from each start, it would take forever.
_NAMED_ENTITY = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)"
    rb"|&(?!(?:lt|gt|amp|quot|apos);)([A-Za-z_:][\w.:-]{0,40});",
    re.DOTALL,
)
# The search alone is ten times as fast; nearly all articles have no named entity.
_ANY_NAMED_ENTITY = re.compile(rb"&(?!(?:lt|gt|amp|quot|apos);)[A-Za-z_:]")
_REASONS = {
    etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE: "unbound-prefix",
    etree.ErrorTypes.ERR_INVALID_CHAR: "bad-encoding",
    etree.ErrorTypes.ERR_INVALID_ENCODING: "bad-encoding",
    etree.ErrorTypes.ERR_UNDECLARED_ENTITY: "entity",
}


def parse_xml(source: SourceArticle) -> etree._Element:
    """The article's XML as ``parse_articles`` reads it: its root element, of a document of its own.

    Raises:
        RejectError: it is not well-formed, or refused.
    """
    return copy.deepcopy(_parse(source, Counter()))


def _parse(source: SourceArticle, notes: Counter[str]) -> etree._Element:
    xml = source.xml
    if not xml.strip():
        raise RejectError("parse", "empty", "expected an article, found nothing")
    try:
        xml.decode()
    except UnicodeDecodeError as error:
        line = xml.count(b"\n", 0, error.start) + 1
        column = error.start - xml.rfind(b"\n", 0, error.start)
        raise RejectError(
            "parse",
            "bad-encoding",
            f"expected UTF-8, found byte 0x{xml[error.start]:02x} at line {line}, column {column}",
        ) from None

    def decoded(match: re.Match[bytes]) -> bytes:
        name = match[1]
        if name is None:
            return match[0]
        characters = html.entities.html5.get(name.decode() + ";")
        notes["entities_decoded" if characters else "entities_unknown"] += 1
        return "".join(f"&#{ord(char)};" for char in characters or "\ufffd").encode()

    if _ANY_NAMED_ENTITY.search(xml):
        xml = _NAMED_ENTITY.sub(decoded, xml)
    wrapper = f"<w {source.range.namespaces}>".encode()
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        tree = etree.fromstring(wrapper + xml + b"</w>", parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        if line == 1:
            column -= len(wrapper)
        said = re.sub(r", line \d+, column \d+.*$", "", error.msg or "").partition("\n")[0][:200]
        if "depth" in said:
            reason = "too-deep"
        elif "huge text" in said or "too long" in said:
            reason = "too-long"
        else:
            code = error.code  # type: ignore[attr-defined]
            reason = _REASONS.get(code, "not-well-formed")
        raise RejectError(
            "parse", reason, f"not well-formed XML at line {line}, column {column}: {said}"
        ) from None
    elements: list[etree._Element] = list(tree.iterchildren("*"))
    if len(elements) != 1:
        raise RejectError(
            "parse", "not-well-formed", f"expected one root element, found {len(elements)}"
        )
    return elements[0]


def _local(element: etree._Element) -> str:
    tag: str = element.tag
    return tag.rpartition("}")[2]


# --- the way back ---


class _Paths:
    """The elements met on the way, as steps; XPaths are written when they are asked for."""

    def __init__(self) -> None:
        self._parents = array("i")
        self._names: list[str] = []
        self._indexes = array("i")
        self._xpaths: dict[int, str] = {}

    def add(self, parent: int, name: str, index: int, qualified: bool) -> int:
        """Adds the ``index``-th child of its name; in a namespace, of its local name."""
        self._parents.append(parent)
        self._names.append(f"*[local-name()='{name}']" if qualified else name)
        self._indexes.append(index)
        return len(self._names) - 1

    def xpath(self, element: int) -> str:
        steps = []
        while element >= 0 and element not in self._xpaths:
            steps.append(element)
            element = self._parents[element]
        xpath = self._xpaths.get(element, "")
        for step in reversed(steps):
            xpath += f"/{self._names[step]}[{self._indexes[step]}]"
            self._xpaths[step] = xpath
        return xpath


class _XmlMap:
    """Runs of text, each verbatim in one text node but for white space; between them, inserts."""

    def __init__(self, paths: _Paths) -> None:
        self._paths = paths
        self._starts = array("i")
        self._lengths = array("i")
        self._nodes = array("i")
        self._offsets = array("i")
        self._owners = array("i")
        self._ordinals = array("i")

    def add_node(self, owner: int, ordinal: int) -> int:
        self._owners.append(owner)
        self._ordinals.append(ordinal)
        return len(self._owners) - 1

    def add_run(self, start: int, length: int, node: int, offset: int) -> None:
        self._starts.append(start)
        self._lengths.append(length)
        self._nodes.append(node)
        self._offsets.append(offset)

    @property
    def size(self) -> int:
        """Characters of the XML in the text."""
        return sum(self._lengths)

    def locate(self, start: int, end: int) -> XmlSpan | None:
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = bisect_right(self._starts, end - 1) - 1
        if first < len(self._starts) and start >= self._starts[first] + self._lengths[first]:
            first += 1
        if first > last or start >= end:
            return None
        skipped = max(start - self._starts[first], 0)
        length = min(end - self._starts[last], self._lengths[last])
        return XmlSpan(
            self._node_xpath(self._nodes[first]),
            self._offsets[first] + skipped,
            self._node_xpath(self._nodes[last]),
            self._offsets[last] + length,
        )

    def runs(self) -> Iterator[XmlRun]:
        for start, length, node, offset in zip(
            self._starts, self._lengths, self._nodes, self._offsets, strict=True
        ):
            yield XmlRun(start, length, self._node_xpath(node), offset)

    def _node_xpath(self, node: int) -> str:
        return f"{self._paths.xpath(self._owners[node])}/text()[{self._ordinals[node]}]"


# --- the walk ---

_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"(?![ivxl]+\b)\b[^\W\d_]{4}", re.IGNORECASE)
_EXPONENT = re.compile(r"(?<=\d)[eE](?=[+\-−–]?\d)")


@dataclass(slots=True)
class _RawPassage:
    """Pieces of text nodes and marks between them, as the walk meets them.

    Attributes:
        nodes: of each piece its text node in the map; -1 for marks.
        size, n_source: characters of all pieces, and of those that are text.
        sups: where superscripts start and end.
    """

    home: "_Home"
    pieces: list[str] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    size: int = 0
    n_source: int = 0
    sups: list[tuple[int, int]] = field(default_factory=list)

    def add(self, piece: str, node: int = -1) -> None:
        self.pieces.append(piece)
        self.nodes.append(node)
        self.size += len(piece)
        if node >= 0:
            self.n_source += len(piece)


class _Shape(NamedTuple):
    """How one kind of document is read: what each element is, and where its metadata stands."""

    rules: Mapping[str, "_Rule"]
    about: Callable[[etree._Element], "_About"]


class _Rule(NamedTuple):
    """What an element is: ``kind`` of ``_Walk._start``; a reason where it excludes its text.

    Attributes:
        block: name of the ``Block`` that it makes, or "".
    """

    kind: str
    reason: str = ""
    block: str = ""


class _Section:
    """The blocks around a passage; the code is asked for with the first passage."""

    __slots__ = ("_code", "_walk", "blocks", "path")

    def __init__(self, walk: "_Walk", blocks: tuple[Block, ...], path: tuple[str, ...]) -> None:
        self._walk = walk
        self._code: str | None = None
        self.blocks = blocks
        self.path = path

    @property
    def code(self) -> str:
        if self._code is None:
            self._code = self._walk.section_code(self.blocks, self._walk.article_type)
        return self._code


@dataclass(slots=True)
class _Home:
    """The nearest element around that text belongs to: a block, or what holds blocks.

    Attributes:
        runs_on: its text is one passage, also around blocks inside it.
        reason: why its text is excluded, or "".
        wanted: whether its language is wanted.
    """

    element: int
    section: _Section
    wanted: bool
    reason: str
    runs_on: bool = False
    is_cell: bool = False
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


class _Walk:
    """One article's text: passages in the order in which they open, and the ledger."""

    def __init__(
        self,
        shape: _Shape,
        options: TextOptions,
        section_code: SectionCode,
        paths: _Paths,
        article_type: str,
    ) -> None:
        self.section_code = section_code
        self.article_type = article_type
        self.excluded: Counter[str] = Counter()
        self.map = _XmlMap(paths)
        self._rules = shape.rules
        self._options = options
        self._paths = paths
        self._raw: list[_RawPassage] = []
        self._inner: list[tuple[etree._Element, int]] = []
        self._names: dict[str, tuple[str, bool, _Rule | None]] = {}
        self._targets: dict[str, str] | None = None
        self._footnote_marks: set[etree._Element] = set()

    def run(self, root: etree._Element, path: int) -> list[tuple[etree._Element, int]]:
        """Walks one article; gives its own sub-articles, with their places."""
        wanted = self._is_wanted(_language(root))
        reason = self._rules[_local(root)].reason or ("" if wanted else "language")
        home = _Home(path, _Section(self, (), ()), wanted, reason)
        frames = [_Frame(path, _local(root), home)]
        if root.text:
            self._text(frames[0], root.text)
        walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        next(walker)
        for event, element in walker:
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
                self._text(frames[-1], element.tail)
        return self._inner

    # Text

    def _text(self, frame: _Frame, text: str) -> None:
        frame.n_texts += 1
        home = frame.home
        if home.reason:
            self.excluded[home.reason] += len(text)
            return
        passage = home.passage
        if passage is None:
            if text.isspace():
                self.excluded["whitespace"] += len(text)
                return
            passage = self._open(home)
        passage.add(text, self.map.add_node(frame.element, frame.n_texts))

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
        self.excluded[reason] += _length(element)

    # Elements

    def _start(self, parent: _Frame, element: etree._Element) -> _Frame | None:
        """Opens an element; None if all of it is excluded, and counted."""
        tag: str = element.tag
        known = self._names.get(tag)
        if known is None:
            name = tag.rpartition("}")[2]
            known = self._names[tag] = (name, tag[0] == "{", self._rules.get(name))
        name, qualified, rule = known
        counts = parent.qualified if qualified else parent.unqualified
        counts[name] = index = counts.get(name, 0) + 1
        if qualified:  # "*[local-name()='p']" also counts those in no namespace
            index += parent.unqualified.get(name, 0)
        path = self._paths.add(parent.element, name, index, qualified)
        home = parent.home

        if parent.chosen is not None and element is not parent.chosen:
            self._exclude(element, "alternative")
            return None
        if rule is None:
            return self._inline(parent, element, path, name)
        kind, reason = rule.kind, rule.reason
        if kind == "sub-article":
            self._inner.append((element, path))
            self._exclude(element, "sub-article")
            return None
        if kind == "label":
            # some journals write a footnote's title as its label
            in_words = _WORD.search(_plain(element))
            kind, reason = ("block", "") if in_words else _LABELS.get(parent.name, ("block", ""))
        elif kind == "reference":
            if not self._options.references:
                kind = "excluded"
            elif name == "ref-list":
                kind = "holder"
            else:
                kind = "inline" if home.runs_on else "block"
        elif kind == "title":
            # these are also parts of references
            kind = "block" if parent.name in _TITLE_HOLDERS else "inline"
        elif kind == "formula" and _is_plain(element):
            if name.startswith("disp"):
                self._part(home, LIFTED)
            kind = "inline"

        elif name == "fn" and element.get("fn-type") in _PEOPLES_NOTES:
            kind, reason = "excluded", _PEOPLES_NOTES[element.get("fn-type", "")]

        if kind == "excluded":
            self._exclude(element, reason)
            return None
        if kind in ("formula", "object"):
            around = (LIFTED,) if name.startswith("disp") else ()
            for mark in (*around, FORMULA, *around):
                self._mark(home, mark)
            self._exclude(element, reason)
            return None
        if kind == "inline":
            return self._inline(parent, element, path, name)
        if kind == "break":
            self._part(home, BREAK)
            return self._inline(parent, element, path, name)
        if kind == "xref":
            frame = _Frame(path, name, home)
            mark = self._mark_of(element)
            if mark:
                self._mark(home, mark)
                frame.closing = CLOSE
            return frame
        if kind == "sup" and element in self._footnote_marks:
            self._mark(home, FOOTNOTE)
            return _Frame(path, name, home, closing=CLOSE)
        if kind == "sup":
            frame = _Frame(path, name, home)
            frame.sup_start = home.passage.size if home.passage else 0
            return frame
        if kind == "alternatives":
            if any(_local(inner) in _MATHS for inner in element.iterchildren("*")):
                self._mark(home, FORMULA)
                self._exclude(element, "formula")
                return None
            frame = _Frame(path, name, home)
            frame.chosen = next((e for e in element.iterchildren("*") if _has_text(e)), None)
            return frame
        return self._open_block(parent, element, path, name, rule, kind)

    def _inline(self, parent: _Frame, element: etree._Element, path: int, name: str) -> _Frame:
        home = parent.home
        language = element.get(_LANG)
        # a foreign phrase stays in its sentence; what holds blocks has a language of its own
        if language and not home.runs_on and home.reason in ("", "language"):
            home = self._new_home(home, path, home.section, language)
        frame = _Frame(path, name, home)
        frame.spaced = name in _SPACED or (parent.spaced and name not in _FORMATTING)
        if frame.spaced:
            self._part(home, LIFTED)
        return frame

    def _new_home(self, outer: _Home, path: int, section: _Section, language: str | None) -> _Home:
        wanted = outer.wanted if language is None else self._is_wanted(language)
        reason = "" if wanted else "language"
        return _Home(path, section, wanted, reason)

    def _open_block(
        self,
        parent: _Frame,
        element: etree._Element,
        path: int,
        name: str,
        rule: _Rule,
        kind: str,
    ) -> _Frame | None:
        self._part(parent.home, LIFTED)
        language = _own_language(element)
        if language is None and name in _TRANSLATIONS and parent.name not in _TRANSLATIONS:
            language = ""
        section = parent.home.section
        if rule.block:
            section = self._section(parent, element, name, rule.block)
        home = self._new_home(parent.home, path, section, language)
        if rule.kind == "holder" and rule.reason:
            home.reason = rule.reason
        if name == "custom-meta" and section.code == "OTHER":
            self._exclude(element, "metadata")
            return None
        if name in NOTED and next(element.iterancestors(*_NOTED), None) is None:
            self._footnote_marks |= footnote_marks(element)
        home.runs_on = kind == "block"
        home.is_cell = kind == "cell" or parent.home.is_cell
        if home.runs_on and not home.reason:
            self._open(home)
        frame = _Frame(path, name, home)
        frame.spaced = name in _SPACED
        return frame

    def _end(self, frame: _Frame) -> None:
        home = frame.home
        if frame.closing:
            self._mark(home, frame.closing)
        elif frame.sup_start >= 0 and home.passage is not None:
            home.passage.sups.append((frame.sup_start, home.passage.size))
        elif frame.spaced or frame.name == "disp-formula":
            self._part(home, LIFTED)

    def _mark_of(self, element: etree._Element) -> str:
        kind = element.get("ref-type")
        if not kind and (target := element.get("rid")):
            if self._targets is None:
                root = element.getroottree().getroot()
                self._targets = {
                    e.get("id", ""): _local(e) for e in root.iter("*") if _local(e) in ("ref", "fn")
                }
            kind = self._targets.get(target.split()[0] if target.split() else "")
        return _XREF_MARKS.get(kind or "", "")

    def _section(self, parent: _Frame, element: etree._Element, name: str, block: str) -> _Section:
        outer = parent.home.section
        before: tuple[str, ...] = ()
        after: tuple[str, ...] = ()
        own = _title_of(element, name)
        if name == "sec":
            if parent.sec_titles is None:
                above = element.getparent()
                parent.sec_titles = [] if above is None else _sec_titles(above)
            at = parent.unqualified.get("sec", 0) + parent.qualified.get("sec", 0) - 1
            before = tuple(parent.sec_titles[max(at - _NEIGHBOURS, 0) : at])
            after = tuple(parent.sec_titles[at + 1 : at + 1 + _NEIGHBOURS])
        elif name == "body":
            after = tuple(_sec_titles(element)[:_NEIGHBOURS])
        return _Section(
            self,
            (
                *outer.blocks,
                Block(
                    block,
                    own or _bold_lead(element, name),
                    next((kind for key in _KINDS if (kind := element.get(key))), ""),
                    _own_text(element, own),
                    before,
                    after,
                ),
            ),
            (*outer.path, own) if own else outer.path,
        )

    def _is_wanted(self, language: str | None) -> bool:
        if language is None or not self._options.languages:
            return True
        return language.partition("-")[0].lower() in self._options.languages

    # Cleaning

    def passages(self) -> tuple[str, tuple[Passage, ...]]:
        """Cleans what was met: the article's text and its passages."""
        texts: list[str] = []
        passages: list[Passage] = []
        position = 0
        for raw in self._raw:
            text = self._clean(raw, position)
            if text:
                section = raw.home.section
                end = position + len(text)
                passages.append(
                    Passage(
                        position,
                        end,
                        section.code,
                        section.path,
                        self._paths.xpath(raw.home.element),
                    )
                )
                texts.append(text)
                position = end + 1
        return "\n".join(texts), tuple(passages)

    def _clean(self, passage: _RawPassage, position: int) -> str:
        """One passage's text; its runs go into the map. "" if there is none worth keeping."""
        text, runs, cuts = clean("".join(passage.pieces), passage.sups)
        kept = sum(run.length for run in runs)
        self.excluded.update(cuts)
        self.excluded["whitespace"] += passage.n_source - kept - cuts.total()
        home = passage.home
        if kept and home.is_cell and not _LETTER.search(_EXPONENT.sub("", text)):
            self.excluded["number"] += kept
            return ""
        if kept and not home.runs_on and not any(map(str.isalnum, text)):
            self.excluded["separator"] += kept
            return ""
        if not kept:
            return ""
        self._add_runs(passage, runs, position)
        return text

    def _add_runs(self, passage: _RawPassage, runs: Iterable[Run], position: int) -> None:
        pieces = zip(passage.pieces, passage.nodes, strict=True)
        piece, node = next(pieces)
        begin = 0
        for start, length, first in runs:
            at, end = first, first + length
            shift = position + start - first
            while at < end:
                while at >= begin + len(piece):
                    begin += len(piece)
                    piece, node = next(pieces)
                stop = min(end, begin + len(piece))
                self.map.add_run(at + shift, stop - at, node, at - begin)
                at = stop


_STRING_LENGTH = etree.XPath("string-length()")
_HAS_TEXT = etree.XPath("boolean(normalize-space())")
_BEGINNING = etree.XPath("substring(string(), 1, 600)", smart_strings=False)
_UNMARKED = etree.XPath(
    "descendant::text()[not(ancestor::*[(local-name() = 'xref' and (@ref-type = 'bibr' or"
    " @ref-type = 'fn')) or local-name() = 'fn' or local-name() = 'tex-math'])]",
    smart_strings=False,
)
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NOTED = tuple("{*}" + name for name in sorted(NOTED))
_NEIGHBOURS = 40


def _length(element: etree._Element) -> int:
    return int(cast(float, _STRING_LENGTH(element)))


def _has_text(element: etree._Element) -> bool:
    return cast(bool, _HAS_TEXT(element))


def _child(element: etree._Element, *names: str) -> etree._Element | None:
    """The first child of the first of these names."""
    for name in names:
        found = next(element.iterchildren("{*}" + name), None)
        if found is not None:
            return found
    return None


def _plain(element: etree._Element | None) -> str:
    """An element's text without marks, on one line."""
    if element is None:
        return ""
    text = "".join(cast(list[str], _UNMARKED(element))) if len(element) else element.text or ""
    return " ".join(text.split())


def _language(element: etree._Element) -> str | None:
    """The language of an element: of the nearest ``xml:lang`` on the way up."""
    at: etree._Element | None = element
    while at is not None:
        if language := at.get(_LANG):
            return language
        at = at.getparent()
    return None


def _own_language(element: etree._Element) -> str | None:
    language = element.get(_LANG) or element.get("Language")
    return _MARC_LANGUAGES.get(language, language) if language else None


def _title_of(element: etree._Element, name: str) -> str:
    if name == "custom-meta":
        return _plain(_child(element, "meta-name"))
    if name == "AbstractText":
        return element.get("Label", "")
    title = _child(element, "title")
    if title is None and name == "fn" and _WORD.search(_plain(_child(element, "label"))):
        title = _child(element, "label")
    if title is None and name == "boxed-text":
        caption = _child(element, "caption")
        title = None if caption is None else _child(caption, "title")
    return _plain(title)


def _sec_titles(element: etree._Element) -> list[str]:
    return [_title_of(section, "sec") for section in element.iterchildren("{*}sec")]


def _bold_lead(element: etree._Element, name: str) -> str:
    """The bold words with which an untitled block opens, in place of a title."""
    paragraph = _child(element, "p") if name in _LED else None
    lead = None if paragraph is None else next(paragraph.iterchildren("*"), None)
    if paragraph is None or lead is None or _local(lead) != "bold":
        return ""
    return "" if paragraph.text and paragraph.text.strip() else _plain(lead)


def _own_text(element: etree._Element, title: str) -> str:
    text = " ".join(cast(str, _BEGINNING(element)).split())
    at = text.find(title, 0, len(title) + 12)
    return text[at + len(title) :].lstrip() if title and at >= 0 else text


def _is_plain(element: etree._Element) -> bool:
    """Whether a formula is text: ``H<sub>2</sub>O``, with no mathematics and no picture in it."""
    inner = (_local(e) for e in element.iterdescendants("*"))
    return all(name in _FORMATTING or name == "label" for name in inner) and _has_text(element)


# --- what elements are ---


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMATTING = _words(
    "italic bold sub sup sc underline overline monospace roman sans-serif strike named-content "
    "styled-content ext-link email uri"
)
_SPACED = frozenset(("element-citation", "nlm-citation", "name", "compound-kwd"))
_MATHS = frozenset(("math", "tex-math", "inline-formula", "disp-formula"))
_TRANSLATIONS = _words(
    "trans-abstract trans-title-group trans-title trans-subtitle OtherAbstract VernacularTitle"
)
_TITLE_HOLDERS = frozenset(("title-group", "trans-title-group"))
_LED = frozenset(("sec", "fn", "ack", "notes", "app", "boxed-text", "def-list"))
_KINDS = ("sec-type", "fn-type", "notes-type", "content-type", "abstract-type", "NlmCategory")
_XREF_MARKS = {
    "bibr": CITATION,
    "ref": CITATION,
    **dict.fromkeys(("fn", "table-fn", "aff", "corresp", "author-notes"), FOOTNOTE),
}
# Footnotes that name people and where they work: "Edited by: ...", "Present address: ...".
_PEOPLES_NOTES = {
    "edited-by": "authors",
    **dict.fromkeys(("current-aff", "present-address", "corresp"), "affiliations"),
}
_MARC_LANGUAGES = {
    **{"eng": "en", "spa": "es", "por": "pt", "fre": "fr", "ger": "de", "ita": "it"},
    **{"chi": "zh", "jpn": "ja", "rus": "ru", "kor": "ko", "pol": "pl", "tur": "tr"},
}
_NUMBERED = _words(
    "sec list list-item def-item def-list statement disp-formula ref ref-list abstract "
    "trans-abstract kwd-group ack glossary notes fn-group p verse-group"
)
_LABELS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("fn", "table-wrap-foot", "author-notes"), ("excluded", "footnote-mark")),
    **dict.fromkeys(_NUMBERED, ("excluded", "label")),
}


def _rules(**names: str) -> dict[str, _Rule]:
    """Rules by name from lists of names by kind; ``excluded_REASON`` gives the reason."""
    rules = {}
    for key, value in names.items():
        kind, _, reason = key.partition("_")
        for name in value.split():
            rules[name] = _Rule(kind, reason.replace("_", "-"))
    return rules


def _blocks(names: str) -> dict[str, _Rule]:
    return {name: _Rule("holder", block=name) for name in names.split()}


_JATS = {
    "article": _Rule("holder"),
    "sub-article": _Rule("sub-article"),
    "response": _Rule("sub-article"),
    "break": _Rule("break"),
    **_rules(
        block="p title kwd compound-kwd unstructured-kwd-group "
        "nested-kwd term term-head def-head verse-line attrib speaker preformat code sig "
        "funding-statement meta-name meta-value question answer",
        holder="table thead tbody tfoot tr list list-item def-item def caption disp-quote "
        "statement speech verse-group sig-block floats-wrap graphic chem-struct-wrap graphic-wrap "
        "disp-formula-group custom-meta-group custom-meta-wrap address textual-form",
        holder_metadata="front front-stub article-meta funding-group",
        cell="td th",
        label="label",
        title="article-title subtitle trans-title trans-subtitle",
        excluded_metadata="journal-meta article-categories pub-history history permissions "
        "self-uri related-article related-object counts conference product supplement "
        "processing-meta object-id institution-id alt-text long-desc alt-title sec-meta index-term "
        "index-term-range-end award-group private-char support-group",
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
    "trans-title-group": _Rule("holder"),
    "table-wrap-foot": _Rule("holder"),
    "ref-list": _Rule("reference", "references", "ref-list"),
    "funding-statement": _Rule("block", block="funding-statement"),
}
_PUBMED = {
    **dict.fromkeys(
        ("PubmedArticle", "PubmedBookArticle", "MedlineCitation"), _Rule("holder", "metadata")
    ),
    **_rules(excluded_authors="AuthorList InvestigatorList", excluded_references="ReferenceList"),
    "CopyrightInformation": _Rule("excluded", "metadata"),
    "ArticleTitle": _Rule("block", block="article-title"),
    "VernacularTitle": _Rule("block", block="trans-title"),
    "Abstract": _Rule("holder", block="abstract"),
    "OtherAbstract": _Rule("holder", block="trans-abstract"),
    "AbstractText": _Rule("block", block="sec"),
    "KeywordList": _Rule("holder", block="kwd-group"),
    "Keyword": _Rule("block"),
    "sup": _Rule("sup"),
    "math": _Rule("formula", "formula"),
}


# --- metadata ---


@dataclass(frozen=True)
class _About:
    """What the front matter says; fields as in ``Article``."""

    pmcid: str | None
    pmid: str | None
    doi: str | None
    title: str | None
    journal: str | None
    article_type: str | None
    language: str | None
    license: str | None
    year: int | None
    article_id: str = ""


def _as_part(about: _About, main: Article, number: int) -> _About:
    """A sub-article goes by the identifiers of its article."""
    return replace(
        about,
        article_id=f"{main.article_id}#sa{number}",
        pmcid=main.pmcid,
        pmid=main.pmid,
        doi=main.doi,
        journal=main.journal,
        license=about.license or main.license,
        year=about.year or main.year,
    )


def _about_jats(article: etree._Element) -> _About:
    front = _child(article, "front", "front-stub")
    meta = None if front is None else _child(front, "article-meta")
    meta = front if meta is None else meta
    if meta is None:
        meta = etree.Element("article-meta")
    pmcid, pmid, doi = article_ids(
        (e.get("pub-id-type", ""), _plain(e)) for e in meta.iterchildren("{*}article-id")
    )
    titles = _child(meta, "title-group")
    journal = None if front is None else _child(front, "journal-meta")
    return _About(
        pmcid=pmcid,
        pmid=pmid,
        doi=doi,
        title=_plain(None if titles is None else _child(titles, "article-title")) or None,
        journal=_plain(None if journal is None else next(journal.iter("{*}journal-title"), None))
        or None,
        article_type=article.get("article-type") or article.get("response-type") or None,
        language=_language(article),
        license=_license(_child(meta, "permissions")),
        year=_earliest(
            year.text for date in meta.iterchildren("{*}pub-date") for year in date.iter("{*}year")
        ),
    )


def _about_pubmed(record: etree._Element) -> _About:
    data = _child(record, "PubmedData")
    citation = _child(record, "MedlineCitation")
    citation = record if citation is None else citation
    listed = None if data is None else _child(data, "ArticleIdList")
    ids = [("pmid", _plain(_child(citation, "PMID")))]
    if listed is not None:
        ids += [(e.get("IdType", ""), _plain(e)) for e in listed.iterchildren("*")]
    pmcid, pmid, doi = article_ids(ids)
    article = _child(citation, "Article")
    article = citation if article is None else article
    journal = _child(article, "Journal")
    language = _plain(_child(article, "Language"))
    types = _child(article, "PublicationTypeList")
    return _About(
        pmcid=pmcid,
        pmid=pmid,
        doi=doi,
        title=_plain(_child(article, "ArticleTitle")) or None,
        journal=None if journal is None else _plain(_child(journal, "Title")) or None,
        article_type=None if types is None else _plain(next(types.iterchildren("*"), None)) or None,
        language=_MARC_LANGUAGES.get(language, language) or None,
        license=None,
        year=_earliest(
            date.text for name in ("PubDate", "ArticleDate") for date in _years(article, name)
        ),
    )


def _years(article: etree._Element, name: str) -> Iterator[etree._Element]:
    for date in article.iter("{*}" + name):
        yield from date.iterchildren("{*}Year")


def _earliest(years: Iterable[str | None]) -> int | None:
    found = [int(year) for year in years if year and re.fullmatch(r"\s*[12]\d{3}\s*", year)]
    return min(found, default=None)


def _license(permissions: etree._Element | None) -> str | None:
    """The licence's URL, else the first words of its text."""
    if permissions is None:
        return None
    for licence in permissions.iterchildren("{*}license"):
        reference = next(licence.iter("{*}license_ref"), None)
        links = (e.get(_HREF, "") for e in licence.iter("*"))
        url = _plain(reference) or next(
            (link for link in links if re.search("licen|creativecommons", link)), ""
        )
        if text := url or licence.get(_HREF) or _plain(licence):
            return text[:200]
    reference = next(permissions.iter("{*}license_ref"), None)
    return (_plain(reference) or _plain(_child(permissions, "copyright-statement")))[:200] or None


_SHAPES = {
    "article": _Shape(_JATS, _about_jats),
    **dict.fromkeys(
        ("PubmedArticle", "PubmedBookArticle", "MedlineCitation"), _Shape(_PUBMED, _about_pubmed)
    ),
}


def _article(about: _About, walk: _Walk, root: etree._Element, notes: Mapping[str, int]) -> Article:
    text, passages = walk.passages()
    chars_source = _length(root)
    excluded = {reason: n for reason, n in sorted(walk.excluded.items()) if n}
    return Article(
        article_id=about.article_id,
        pmcid=about.pmcid,
        pmid=about.pmid,
        doi=about.doi,
        title=about.title,
        journal=about.journal,
        article_type=about.article_type,
        language=about.language,
        license=about.license,
        year=about.year,
        text=text,
        passages=passages,
        chars_source=chars_source,
        chars_kept=walk.map.size,
        excluded=excluded,
        xml_map=walk.map,
        notes=dict(notes),
    )

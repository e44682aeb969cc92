"""From a document to its articles: each one cut out by its tags, and a reject for all else."""

import hashlib
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from transforms.archives.byte_window import ByteWindow
from transforms.archives.documents import Document
from transforms.archives.files import STAGE
from transforms.archives.ids import own_ids, quick_article_id
from transforms.archives.markup import (
    ARTICLE_NAMES,
    ARTICLE_TAG,
    BOM,
    DOCTYPE,
    MAX_WRAPPERS,
    METADATA_NAMES,
    NAMESPACE,
    SPACE,
    TAG,
    TAG_BYTES,
    WRAPPER_NAMES,
    markup_end,
    open_instruction,
    read_doctype,
)
from transforms.archives.problems import (
    ENTITIES,
    encoding_problem,
    no_article_problem,
    stray_problem,
    too_large,
    unclosed,
)
from transforms.records import ArticleRange, Reject, SourceArticle, article_id_from, article_ids


@dataclass
class _Wrapper:
    name: bytes
    namespaces: dict[bytes, bytes]


@dataclass
class _Region:
    """Something between the articles that may be none of our business, or a damaged article.

    Attributes:
        depth: number of open wrappers before it.
        stray: there is text in it, or tags that match nothing: not mere wrapping.
        closes_article: it ends with an article's end tag.
    """

    start: int
    end: int
    depth: int
    name: bytes = b""
    stray: bool = False
    closes_article: bool = False


class Scanner:
    """Cuts a document into articles and rejects."""

    def __init__(self, document: Document, max_article_bytes: int) -> None:
        self._uri = document.uri
        self._window = ByteWindow(document.blocks)
        self._meter = document.meter
        self._package_byte = document.package_byte
        self._max_article_bytes = max_article_bytes
        self._position = 0
        self._index = 0
        self._wrappers: list[_Wrapper] = []
        self._region: _Region | None = None
        self._lead: _Region | None = None
        self._entities: int | None = None  # how many wrappers surround the DOCTYPE with entities
        self._root = b""
        self._head = b""
        self._damage_told = False
        self._never_closed: set[bytes] = set()

    def items(self) -> Iterator[SourceArticle | Reject]:
        """The document's articles and rejects, in the order of their bytes."""
        while (name := (yield from self._between())) is not None:
            if self._lead:
                yield self._stray_reject(self._lead)
                self._lead = None
            yield self._article(name)
            self._meter.reset()
        window = self._window
        if self._index == 0:
            yield self._document_reject()
        elif window.damage and not self._damage_told:
            start = self._region.start if self._region else min(self._position, window.end)
            yield self._reject(start, window.end, window.damage.reason, window.damage.message)

    def _between(self) -> Generator[Reject, None, bytes | None]:
        """Goes to the start of the next article; returns its name, None at the end."""
        window = self._window
        if self._index == 0:
            window.reach(16)
            self._head = window.cut(0, 16).removeprefix(BOM).lstrip(SPACE)
        while True:
            window.keep = self._position
            here = self._position - window.base
            found = window.buffer.find(b"<", here)
            self._text(here, found if found >= 0 else len(window.buffer))
            if found < 0:
                if window.more():
                    continue
                if not window.damage:
                    yield from self._close_region()
                return None
            at = self._position
            window.reach(at + TAG_BYTES)
            here = at - window.base
            if match := ARTICLE_TAG.match(window.buffer, here):
                if self._is_html():
                    self._drain()
                    return None
                yield from self._close_region()
                return match[1]
            if window.buffer.startswith((b"<!--", b"<?", b"<![CDATA["), here):
                end = markup_end(window, at)
                if end is None:
                    self._stray(at, at + 2)
                elif window.buffer.startswith(b"<![CDATA[", at - window.base):
                    self._stray(at, end)
                self._position = end or at + 2
            elif window.buffer[here : here + len(DOCTYPE)].upper() == DOCTYPE:
                end = self._doctype_end(at)
                if end is None:
                    self._stray(at, at + 2)
                self._position = end or at + 2
            elif match := TAG.match(window.buffer, here, here + TAG_BYTES):
                closing, name, attributes = match.groups()
                yield from self._tag(at, at + len(match[0]), bool(closing), name, attributes)
                if self._is_html():
                    self._drain()
                    return None
            else:
                self._stray(at, at + 1)
                self._position = at + 1

    def _text(self, here: int, there: int) -> None:
        """Takes the text between two places of the buffer."""
        window = self._window
        text = window.buffer[here:there]
        if text.strip(SPACE + BOM):
            start = window.base + there - len(text.lstrip(SPACE + BOM))
            self._stray(start, window.base + here + len(text.rstrip(SPACE + BOM)))
        self._position = window.base + there

    def _tag(
        self, at: int, end: int, closing: bool, name: bytes, attributes: bytes
    ) -> Iterator[Reject]:
        """Takes a tag that is no article's start."""
        local = name.rpartition(b":")[2]
        self._root = self._root or local
        self._position = end
        if closing:
            depth = self._depth_of(name)
            if depth is None:
                self._stray(at, end)
                if local in ARTICLE_NAMES and self._region:
                    self._region.closes_article = True
                    yield from self._close_region()
                return
            if self._region and depth < self._region.depth:
                yield from self._close_region()
            del self._wrappers[depth:]
            if self._region:
                self._region.end = end
        elif local in METADATA_NAMES and self._skip_element(name, end):
            return
        else:
            if local in WRAPPER_NAMES:
                yield from self._close_region()
            else:
                self._extend_region(at, end, local)
            if not attributes.endswith(b"/") and len(self._wrappers) < MAX_WRAPPERS:
                self._wrappers.append(_Wrapper(name, dict(NAMESPACE.findall(attributes))))

    def _doctype_end(self, at: int) -> int | None:
        """The end of the DOCTYPE at a position, which may have told something; None if none."""
        if DOCTYPE in self._never_closed:
            return None
        doctype = read_doctype(self._window, at)
        if doctype.endless:
            self._never_closed.add(DOCTYPE)  # looking for another one's end would take as long
        if doctype.declares_entities:
            self._entities = len(self._wrappers)
        if doctype.is_html and not self._root:
            self._root = b"html"
        return doctype.end

    def _depth_of(self, name: bytes) -> int | None:
        for depth in range(len(self._wrappers) - 1, -1, -1):
            if self._wrappers[depth].name == name:
                return depth
        return None

    def _skip_element(self, name: bytes, start: int) -> bool:
        if name in self._never_closed:
            return False
        end_tag = re.compile(rb"</%b[ \t\r\n]{0,16}>" % re.escape(name))
        place = self._window.search(end_tag, start, len(name) + 20)
        if place:
            self._position = place[1]
        else:
            self._never_closed.add(name)
        return place is not None

    def _extend_region(self, start: int, end: int, name: bytes = b"") -> _Region:
        if self._region is None:
            self._region = _Region(start, end, len(self._wrappers), name)
        self._region.name = self._region.name or name
        self._region.end = end
        return self._region

    def _stray(self, start: int, end: int) -> None:
        self._extend_region(start, end).stray = True

    def _close_region(self) -> Iterator[Reject]:
        region, self._region = self._region, None
        if region is None or not region.stray:
            return
        del self._wrappers[region.depth :]
        if self._index:
            yield self._stray_reject(region)
        elif self._lead:
            self._lead.end = region.end
            self._lead.closes_article |= region.closes_article
        else:
            self._lead = region

    def _is_html(self) -> bool:
        # HTML has <article> elements of its own.
        return self._index == 0 and self._root.lower() == b"html"

    def _drain(self) -> None:
        self._window.keep = self._window.end
        while self._window.more():
            self._window.keep = self._window.end

    def _article(self, name: bytes) -> SourceArticle | Reject:
        """Takes the article that starts here."""
        window = self._window
        start = window.keep = self._position
        namespaces, end = self._start_tag(start)
        closed = end is not None
        head = b""
        if end is None:
            end, closed, head = self._article_end(start, name)
        self._position = end
        problem = None
        if end - start > self._max_article_bytes:
            problem = too_large(end - start, self._max_article_bytes)
        if not closed:
            if end < window.end or not window.damage:
                tail = window.cut(max(start, end - TAG_BYTES), end)
                own, problem = unclosed(
                    tail,
                    [wrapper.name for wrapper in self._wrappers],
                    file_ends=end == window.end,
                )
                end += len(own) - len(tail)
            else:
                self._damage_told = True
                problem = window.damage.reason, window.damage.message
        xml = window.cut(start, end)
        sha256 = hashlib.sha256(xml).hexdigest()
        if problem is None:
            problem = encoding_problem(start, xml) if self._entities is None else ENTITIES
        if self._entities == len(self._wrappers):
            self._entities = None  # that DOCTYPE was this article's own
        if problem is None:
            article_id = quick_article_id(xml, sha256)
            place = ArticleRange(
                self._uri,
                self._index,
                start,
                end,
                sha256,
                article_id,
                namespaces,
                self._package_byte,
            )
            self._index += 1
            return SourceArticle(place, xml)
        ids = article_ids(own_ids(head or xml))
        return self._reject(start, end, *problem, article_id_from(*ids, "") if any(ids) else None)

    def _start_tag(self, start: int) -> tuple[str, int | None]:
        """The namespaces from around an article, and the article's end if it is an empty tag."""
        here = start - self._window.base
        tag = TAG.match(self._window.buffer, here, here + TAG_BYTES)
        if tag is None:
            return "", None
        around: dict[bytes, bytes] = {}
        for wrapper in self._wrappers:
            around |= wrapper.namespaces
        for name, _ in NAMESPACE.findall(tag[3]):
            around.pop(name, None)
        namespaces = b" ".join(name + b"=" + value for name, value in around.items())
        end = start + len(tag[0]) if tag[3].endswith(b"/") else None
        return namespaces.decode(errors="replace"), end

    def _article_end(self, start: int, name: bytes) -> tuple[int, bool, bytes]:
        """Where the article ends, whether by its end tag, and its head if it is too large to hold.

        The next article's start ends one whose end tag is missing.
        """
        window = self._window
        markup = re.compile(
            rb"<(?:!--|!\[CDATA\[|(/)%b[ \t\r\n]{0,16}>|%b[ \t\r\n/>])" % ((re.escape(name),) * 2)
        )
        head = b""
        position = after_markup = start + 1
        while True:
            match = markup.search(window.buffer, position - window.base)
            if match is None:
                position = max(position, window.end - len(name) - 24)
                if window.end - start > self._max_article_bytes:
                    head = head or window.cut(start, start + TAG_BYTES)
                    window.keep = position
                if not window.more():
                    return window.end, False, head
                continue
            at, stop = window.base + match.start(), window.base + match.end()
            closing, is_tag = match[1] is not None, not match[0].startswith(b"<!")
            around = open_instruction(window, after_markup, at)
            if around is not None or not is_tag:
                after = markup_end(window, at if around is None else around)
                if after is not None:
                    position = after_markup = after
                    continue
            if is_tag:
                return stop if closing else at, closing, head
            position = stop

    def _reject(
        self, start: int, end: int, reason: str, message: str, article_id: str | None = None
    ) -> Reject:
        self._index += 1
        return Reject(self._uri, self._index - 1, article_id, STAGE, reason, message, start, end)

    def _stray_reject(self, region: _Region) -> Reject:
        problem = stray_problem(region.name, closes_article=region.closes_article)
        return self._reject(region.start, region.end, *problem)

    def _document_reject(self) -> Reject:
        """The one reject of a document without an article."""
        window, lead = self._window, self._lead
        if window.damage:
            problem = window.damage.reason, window.damage.message
        else:
            problem = no_article_problem(
                root=self._root,
                head=self._head,
                size=window.end,
                entities=self._entities is not None,
                stray=lead is not None,
                closes_article=lead is not None and lead.closes_article,
            )
        return self._reject(0, window.end, *problem)

"""Every value that flows from one stage to the next.

Offsets are Unicode code points into ``Article.text``, start included, end excluded, unless a name
says ``byte``: those count the decompressed bytes of a source.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import chain
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from transforms.errors import JobError

PLACEHOLDER = "\ufffc"
"""Stands in the text for a formula, whose characters are no text."""

_SUB_ARTICLE = re.compile(r"(.+)#sa([0-9]+)", re.DOTALL)
_PMCID = re.compile(r"(?:PMC)?0*([1-9][0-9]*)(?:\.[0-9]+)?", re.IGNORECASE)


def article_ids(ids: Iterable[tuple[str, str]]) -> tuple[str | None, str | None, str | None]:
    """The PMCID (with its ``PMC``), PMID and DOI among an article's own identifiers.

    Args:
        ids: kind (``pub-id-type`` or ``IdType``) and value, in document order; the first that
            is usable counts. Europe PMC writes a PMCID as digits, PMC with its prefix, and PMC's
            ``pmcaid`` holds the same digits.

    >>> article_ids([("pmcid", "6358576"), ("doi", "10.1000/x")])
    ('PMC6358576', None, '10.1000/x')
    """
    found: dict[str, str] = {}
    for kind, value in ids:
        if value.strip():
            found.setdefault(kind, " ".join(value.split()))
    numbers = (_PMCID.fullmatch(found.get(kind, "")) for kind in ("pmc", "pmcid", "pmcaid"))
    pmcid = next((f"PMC{number[1]}" for number in numbers if number), None)
    pmids = (found.get(kind, "") for kind in ("pmid", "pubmed"))
    pmid = next((number for number in pmids if number.isascii() and number.isdigit()), None)
    return pmcid, pmid, found.get("doi")


def article_id_from(pmcid: str | None, pmid: str | None, doi: str | None, sha256: str) -> str:
    """The name of an article throughout a run, from what ``article_ids`` gives.

    A DOI that ends as the names of sub-articles do has its "#" escaped.

    >>> article_id_from(None, "21350678", "10.3390/nu3010063", "")
    'MED:21350678'
    >>> article_id_from(None, None, "10.1/a#sa1", "")
    'DOI:10.1/a%23sa1'
    """
    if pmcid:
        return pmcid
    if pmid:
        return f"MED:{pmid}"
    if doi:
        return "DOI:" + re.sub("#(?=sa[0-9]+$)", "%23", doi)
    return f"SRC:{sha256[:16]}"


def sub_article_id(article_id: str, number: int) -> str:
    """The name of an article's sub-article; they count from 1."""
    return f"{article_id}#sa{number}"


def split_article_id(article_id: str) -> tuple[str, int]:
    """The article that a name belongs to, and the number of its sub-article: 0 for itself.

    >>> split_article_id("PMC1#sa2"), split_article_id("DOI:10.1/a#b")
    (('PMC1', 2), ('DOI:10.1/a#b', 0))
    """
    found = _SUB_ARTICLE.fullmatch(article_id)
    return (found[1], int(found[2])) if found else (article_id, 0)


@dataclass(frozen=True, slots=True)
class Archive:
    """What a plan reads in one go: one file, or the small single-article files of one folder.

    Attributes:
        name: file or folder name, unique in a run, safe in a file name; chunks are named after it.
        uris: the files, in the order in which they are read.
    """

    name: str
    uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArticleRange:
    """Where one article stands in its source.

    Attributes:
        source_uri: the file; a member of a package is ``FILE!/MEMBER``.
        source_index: 0-based position of the article in that source.
        start_byte, end_byte: of the article's element, in the decompressed source.
        sha256: of those bytes, hexadecimal.
        article_id: as in ``Article``; found by a quick look at the front matter.
        namespaces: ``xmlns`` attributes that enclosing elements declare, as XML text, or "".
        package_byte: of the member's header in its package, decompressed; 0 if that is not known.
    """

    source_uri: str
    source_index: int
    start_byte: int
    end_byte: int
    sha256: str
    article_id: str
    namespaces: str = ""
    package_byte: int = 0

    def reject(self, stage: str, reason: str, message: str) -> "Reject":
        """What becomes of the article if a stage cannot take it."""
        return Reject(
            self.source_uri,
            self.source_index,
            self.article_id,
            stage,
            reason,
            message,
            self.start_byte,
            self.end_byte,
        )


@dataclass(frozen=True, slots=True)
class SourceArticle:
    """One article's bytes (``xml``) and where they come from."""

    range: ArticleRange
    xml: bytes


@dataclass(frozen=True, slots=True)
class Reject:
    """An article or a file that could not be annotated: one row of ``rejects``."""

    source_uri: str
    source_index: int
    article_id: str | None
    stage: str
    reason: str
    message: str
    start_byte: int
    end_byte: int


class RejectError(JobError):
    """Bad data met by a stage: becomes a ``Reject``; the run goes on.

    Args:
        stage: the stage's name, as in ``journey``.
        reason: a short code in kebab-case, for counting.
        message: one sentence for a curator: what was expected, what was found, where.
    """

    def __init__(self, stage: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.reason = reason
        self.message = message


class Block(NamedTuple):
    """One structural element on the way from the article to a passage.

    Attributes:
        element: local name.
        title: its own title (the ``meta-name`` of a ``custom-meta``, the bold lead of an untitled
            block, or of a paragraph before it that is nothing else), or "".
        kind: ``sec-type``, else ``fn-type``, ``notes-type``, ``content-type`` or
            ``abstract-type``, else a section's label in words, or "".
        text: the first words of its own text, without the title; of the first paragraph of a note
            or an acknowledgement of several.
        before: titles of the earlier ``sec`` siblings, in order.
        after: titles of the later ones. For ``body``, both are of its own sections, before and
            behind the text that stands directly in it.
    """

    element: str
    title: str
    kind: str
    text: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A block of an article's text: a paragraph, a title, a table cell, a keyword ...

    Attributes:
        start, end: in ``Article.text``.
        section: section code; two codes of a combined section are joined by ``|``. The parser
            leaves it empty for the section stage, which goes by the blocks.
        path: titles of the enclosing sections, from the outermost to the own.
        xpath: of the element, from the article's root element.
        blocks: the structural elements around it, the outermost first, its own last.
        breaks: where in ``Article.text`` it goes on behind a list, a quote, a table or a displayed
            formula: a capital letter there begins a sentence.
    """

    start: int
    end: int
    section: str
    path: tuple[str, ...]
    xpath: str
    blocks: tuple[Block, ...] = field(default=(), compare=False, repr=False)
    breaks: tuple[int, ...] = field(default=(), compare=False, repr=False)


class XmlSpan(NamedTuple):
    """A span of text in the XML: XPaths of text nodes from the root, code-point offsets in them.

    The end is exclusive, in the node that holds the last character.
    """

    start_xpath: str
    start_offset: int
    end_xpath: str
    end_offset: int


class XmlRun(NamedTuple):
    """A stretch of text that stands in one text node as it is, but for folded white space.

    Attributes:
        start, length: in ``Article.text``.
        xpath, offset: its text node, and where it starts in it.
    """

    start: int
    length: int
    xpath: str
    offset: int


class XmlMap(Protocol):
    """The way from a span of ``Article.text`` back to the XML."""

    def locate(self, start: int, end: int) -> XmlSpan | None:
        """The XML place of ``text[start:end]``; None if none of it stands in the XML as text."""
        ...

    def runs(self) -> Iterator[XmlRun]:
        """All that stands in the XML, in the text's order; between the runs, what was inserted."""
        ...


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an article's front matter says of it; fields as the columns of ``articles``."""

    article_id: str
    pmcid: str | None
    pmid: str | None
    doi: str | None
    pprid: str | None
    title: str | None
    journal: str | None
    article_type: str | None
    language: str | None
    license: str | None
    year: int | None


METADATA = tuple(column.name for column in fields(Metadata))


@dataclass(frozen=True, slots=True)
class Article(Metadata):
    """One article (or sub-article) as clean text with a map back to its XML.

    Attributes:
        text: passages joined by one newline.
        chars_source: characters of text in the XML (``string-length(string(/))``).
        chars_kept: those that stand in ``text``.
        excluded: the others, counted by reason; ``chars_kept + sum(excluded) == chars_source``.
        xml_map: from spans of ``text`` to the XML.
        notes: counts of what was repaired on the way (decoded entities ...), by name.
    """

    text: str
    passages: tuple[Passage, ...]
    chars_source: int
    chars_kept: int
    excluded: Mapping[str, int]
    xml_map: XmlMap
    notes: Mapping[str, int]


class Sentence(NamedTuple):
    """A sentence: ``passage`` is its index in ``Article.passages``; offsets in ``Article.text``."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True)
class SplitText:
    """A text in passages, and each passage in sentences.

    Attributes:
        text: the whole text.
        passages: start and end of each in ``text``.
        spans: of each passage, its sentences: start and end in the passage.
    """

    text: str
    passages: Sequence[tuple[int, int]]
    spans: Sequence[Sequence[tuple[int, int]]]

    @property
    def texts(self) -> list[str]:
        """The passages as texts."""
        return [self.text[start:end] for start, end in self.passages]

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences in document order, with offsets in ``text``."""
        return tuple(
            Sentence(number, place + start, place + end)
            for number, ((place, _), spans) in enumerate(
                zip(self.passages, self.spans, strict=True)
            )
            for start, end in spans
        )


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """The model's tokens of one passage, without special tokens: four int32 arrays, one row each.

    Attributes:
        ids: in the model's vocabulary.
        starts, ends: in the passage's text, white space trimmed; a token that is only white space
            is empty.
        words: index of the word that a token is part of; never falls.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    words: NDArray[np.int32]

    def within(self, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """For each ``text[start:end]``, the range of the tokens that start in it."""
        edges = np.fromiter(chain.from_iterable(spans), np.int32, 2 * len(spans))
        flat = self.starts.searchsorted(edges).tolist()
        return list(zip(flat[::2], flat[1::2], strict=True))


class Window(NamedTuple):
    """Tokens that the model reads in one go; all four are token indexes in the passage.

    Attributes:
        passage: index of the passage.
        start, end: the tokens read.
        scored_start, scored_end: those whose scores count; the others are context.
    """

    passage: int
    start: int
    end: int
    scored_start: int
    scored_end: int


# How the labels of tokens become those of words; all but the last are named as in transformers.
Aggregation = Literal["none", "simple", "first", "average", "max", "viterbi"]


# What a model sees at once.
WindowMode = Literal["sentence", "pack"]


class Entity(NamedTuple):
    """A name that a model found. Offsets are those of the text that the model was given."""

    start: int
    end: int
    type: str
    score: float


# How a mention came about.
Found = Literal["model", "repeat", "abbreviation"]


class Mention(NamedTuple):
    """A name that a model found in an article.

    Attributes:
        start, end: in the article's text.
        sentence: number of the sentence in the article.
        model: ``name@fingerprint``.
        found: ``model``; ``repeat`` or ``abbreviation`` where ``agree`` added it.
    """

    start: int
    end: int
    type: str
    score: float
    sentence: int
    model: str
    found: Found = "model"


class Annotation(NamedTuple):
    """One row of ``annotations``: a mention, its place in the text and in the XML, its meaning."""

    annotation_id: str
    article_id: str
    passage: int
    sentence: int
    section: str
    type: str
    start: int
    end: int
    exact: str
    prefix: str
    postfix: str
    score: float
    found: str
    model: str
    start_xpath: str
    start_offset: int
    end_xpath: str
    end_offset: int
    concept: str | None = None
    concept_name: str | None = None
    concept_xrefs: tuple[str, ...] | None = None
    link: str | None = None
    link_score: float | None = None


@dataclass
class Counts:
    """What was counted: of an article, of a chunk, or of a run.

    Attributes:
        rows: of the tables whose rows belong to articles, by table: sentences, annotations ...
    """

    articles: int = 0
    sub_articles: int = 0
    passages: int = 0
    windows: int = 0
    tokens: int = 0
    rejects: int = 0
    duplicates: int = 0
    rows: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Adds what was counted elsewhere."""
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rows.update(other.rows)

    def by_name(self) -> dict[str, int]:
        """All counts, as JSON has them: those of rows under the names of their tables."""
        return {**{name: getattr(self, name) for name in _COUNTED}, **self.rows}

    @classmethod
    def from_names(cls, counts: Mapping[str, int]) -> "Counts":
        """The counts that ``by_name`` gave.

        Raises:
            ValueError: they are no counts.
        """
        if not all(type(count) is int for count in counts.values()):
            raise ValueError(f"counts are whole numbers, not {dict(counts)}")
        rows = Counter({name: count for name, count in counts.items() if name not in _COUNTED})
        return cls(**{name: counts.get(name, 0) for name in _COUNTED}, rows=rows)


_COUNTED = tuple(count.name for count in fields(Counts) if count.name != "rows")


@dataclass
class Sums:
    """What was counted, with its kinds.

    Attributes:
        types, sections: annotations by type and by section.
        reasons: rejects and duplicates by reason.
        notes: what was repaired on the way, by name.
    """

    counts: Counts = field(default_factory=Counts)
    types: Counter[str] = field(default_factory=Counter)
    sections: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Sums") -> None:
        """Adds what was counted elsewhere."""
        self.counts.add(other.counts)
        self.types.update(other.types)
        self.sections.update(other.sections)
        self.reasons.update(other.reasons)
        self.notes.update(other.notes)

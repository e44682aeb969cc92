"""Two runs over the same articles in, what they agree on and what they do not out.

A mention is the same in both if its place in the XML and its type are. Ids are of no use here: they
hold the model.
"""

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from pipeline.output.committed import ArticleRows, chunk_names, read_chunk, read_table
from pipeline.results.pages import render
from transforms.tables import ARTICLES

AGREED, MOVED, RETYPED, LOST, GAINED = KINDS = ("agreed", "moved", "retyped", "lost", "gained")
"""Same place and type; same type, and the places overlap; same place, other type; in the first run
only; in the second run only."""

EXAMPLES = 8
"""Kept of each kind and type."""

TSV_COLUMNS = (
    *("kind", "article_id", "section", "start", "end", "type", "exact", "score"),
    *("second_start", "second_end", "second_type", "second_exact", "second_score"),
    *("prefix", "postfix"),
)

Row: TypeAlias = Mapping[str, Any]
"""A row of ``annotations`` or of ``articles``."""


class Difference(NamedTuple):
    """A mention in the first run, in the second, or in both."""

    kind: str
    first: Row | None
    second: Row | None

    @property
    def row(self) -> Row:
        """The mention in the first run if it is there, else in the second."""
        return self.first or self.second or {}


@dataclass
class Differences:
    """What two runs differ in.

    Attributes:
        counts: mentions by kind, type and section; those of the first run where they are in both.
        retyped: by type in the first run and in the second.
        articles: those in ``both`` runs, in the ``first`` only, in the ``second`` only.
        other_text: articles whose text the runs do not share: options or versions differ.
    """

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    retyped: Counter[tuple[str, str]] = field(default_factory=Counter)
    articles: Counter[str] = field(default_factory=Counter)
    other_text: int = 0
    _drawn: dict[tuple[str, str], list[tuple[bytes, Difference]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @property
    def examples(self) -> dict[tuple[str, str], list[Difference]]:
        """Examples by kind and type, drawn by hash: the same ones each time."""
        return {
            key: [difference for _, difference in _smallest(drawn)]
            for key, drawn in sorted(self._drawn.items())
        }

    def totals(self) -> dict[str, Counter[str]]:
        """Counts by type, and in each by kind; the commonest type first."""
        return self._sums(1)

    def sections(self) -> dict[str, Counter[str]]:
        """Counts by section, and in each by kind; the commonest section first."""
        return self._sums(2)

    def _sums(self, part: int) -> dict[str, Counter[str]]:
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for key, count in self.counts.items():
            sums[key[part]][key[0]] += count
        return dict(sorted(sums.items(), key=lambda item: (-item[1].total(), item[0])))

    def add(self, difference: Difference) -> None:
        """Counts a difference, and perhaps keeps it as an example."""
        kind, row = difference.kind, difference.row
        self.counts[kind, row["type"], row["section"]] += 1
        if kind == AGREED:
            return
        if kind == RETYPED and difference.second:
            self.retyped[row["type"], difference.second["type"]] += 1
        drawn = self._drawn[kind, row["type"]]
        name = f"{row['article_id']} {_key(row)}"
        drawn.append((hashlib.sha256(name.encode()).digest(), difference))
        if len(drawn) >= 10 * EXAMPLES:
            self._drawn[kind, row["type"]] = _smallest(drawn)


def _smallest(drawn: Iterable[tuple[bytes, Difference]]) -> list[tuple[bytes, Difference]]:
    return heapq.nsmallest(EXAMPLES, drawn, key=itemgetter(0))


def compare_runs(first: str, second: str, found: Differences) -> Iterator[Difference]:
    """Compares two runs, article by article, and adds the differences to ``found``.

    Args:
        first: output folder.
        second: output folder.
        found: takes the counts and examples.

    Raises:
        DamagedError: a shard is missing or damaged, or tables do not fit together.
        storage.StorageError: one cannot be read.
    """
    chunk_of = {name: chunk for chunk in chunk_names(second) for name in _names(second, chunk)}
    loaded = ""
    for chunk in chunk_names(first):
        for ours in read_chunk(first, chunk):
            its_chunk = chunk_of.pop(_name(ours.row), "")
            if not its_chunk:
                found.articles["first"] += 1
                continue
            if its_chunk != loaded:
                others = {_name(one.row): one for one in read_chunk(second, its_chunk)}
                loaded = its_chunk
            theirs = others[_name(ours.row)]
            found.articles["both"] += 1
            found.other_text += ours.row["text"] != theirs.row["text"]
            for difference in compare_articles(ours, theirs):
                found.add(difference)
                yield difference
    found.articles["second"] += len(chunk_of)


def compare_articles(ours: ArticleRows, theirs: ArticleRows) -> Iterator[Difference]:
    """Compares what two runs found in one article."""
    first, second = _by_key(ours.annotations), _by_key(theirs.annotations)
    for key in [key for key in first if key in second]:
        yield Difference(AGREED, first.pop(key), second.pop(key))
    by_place = {_place(row): key for key, row in second.items()}
    for key, row in list(first.items()):
        if other := by_place.pop(_place(row), None):
            yield Difference(RETYPED, first.pop(key), second.pop(other))
    same_text = ours.row["text"] == theirs.row["text"]
    place = _text_place if same_text else _node_place
    for row, met in list(_moved(first.values(), second.values(), place)):
        yield Difference(MOVED, first.pop(_key(row)), second.pop(_key(met)))
    for row in first.values():
        yield Difference(LOST, row, None)
    for row in second.values():
        yield Difference(GAINED, None, row)


def _moved(
    first: Iterable[Row], second: Iterable[Row], place: Callable[[Row], tuple[str, str, int, int]]
) -> Iterator[tuple[Row, Row]]:
    """Pairs of mentions of one type that overlap, each mention once: a sweep over both."""
    mentions = sorted(first, key=place)
    others = sorted(second, key=place)
    low, taken = 0, set()
    for row in mentions:
        type_, node, start, end = place(row)
        while low < len(others) and _end(place(others[low])) <= (type_, node, start):
            low += 1
        for number in range(low, len(others)):
            its_type, its_node, its_start, its_end = place(others[number])
            if (its_type, its_node, its_start) >= (type_, node, end):
                break
            if number not in taken and its_end > start:
                taken.add(number)
                yield row, others[number]
                break


def _end(place: tuple[str, str, int, int]) -> tuple[str, str, int]:
    return place[0], place[1], place[3]


def _text_place(row: Row) -> tuple[str, str, int, int]:
    return row["type"], "", row["start"], row["end"]


def _node_place(row: Row) -> tuple[str, str, int, int]:
    """For two renderings of an article: the text node, and where in it a mention stands."""
    start = row["start_offset"]
    return row["type"], row["start_xpath"], start, start + len(row["exact"])


def _by_key(rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """Mentions by place and type; one for those that several models found."""
    return {_key(row): row for row in rows}


def _key(row: Row) -> tuple[Any, ...]:
    return *_place(row), row["type"]


def _place(row: Row) -> tuple[Any, ...]:
    return row["start_xpath"], row["start_offset"], row["end_xpath"], row["end_offset"]


def _names(output: str, chunk: str) -> list[tuple[str, str]]:
    """A chunk's articles, by id and content."""
    rows = read_table(output, chunk, ARTICLES, ["article_id", "sha256"]).to_pylist()
    return [_name(row) for row in rows]


def _name(row: Row) -> tuple[str, str]:
    return row["article_id"], row["sha256"]


def tsv_line(difference: Difference) -> str:
    """A difference in ``TSV_COLUMNS``: the first run's mention, the second run's, the context."""
    row = difference.row
    columns = ("start", "end", "type", "exact", "score")
    first, second = (
        [side[name] for name in columns] if side else [""] * len(columns)
        for side in (difference.first, difference.second)
    )
    cells = [difference.kind, row["article_id"], row["section"], *first, *second]
    context = [row["prefix"], row["postfix"]]
    return "\t".join(" ".join(str(cell).split()) for cell in [*cells, *context])


def make_page(first: str, second: str, found: Differences) -> str:
    """The differences as an HTML page, well-formed as XML too.

    Args:
        first: name of a run.
        second: name of the other.
        found: what they differ in.
    """
    types = {type_ for _, type_, _ in found.counts} | {t for pair in found.retyped for t in pair}
    return render(
        "diff.html.jinja",
        first=first,
        second=second,
        found=found,
        kinds=KINDS,
        types=sorted(types),
    )

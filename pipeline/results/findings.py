"""What a run's tables add up to, chunk by chunk: sums stay small however many articles."""

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.output.committed import chunk_names, read_table
from transforms.mentions import ANNOTATIONS
from transforms.records import split_article_id
from transforms.tables import ARTICLES, REJECTS, SENTENCES

BINS = 20
"""Of the scores from 0 to 1."""

SAMPLES = 6
"""Of each type, each from another article where there are enough."""

CONFLICTS = 25
"""Names shown that have several types in one article."""

EXAMPLES = 3
"""Rejected articles that are shown of each reason."""

_TALLY = 20_000

SUB_ARTICLE = "sub-article"
"""The reason for which an article's row leaves out what is another row."""

ARTICLE_COLUMNS = ("year", "article_type", "journal", "language", "license")

_OF_ARTICLES = ("article_id", "passages", "n_sentences", "chars_kept", "excluded", *ARTICLE_COLUMNS)
_OF_ANNOTATIONS = ("type", "section", "exact", "score", "annotation_id", "article_id", "sentence")


class Sample(NamedTuple):
    """An annotation in its sentence.

    Attributes:
        row: of ``annotations``.
        article: title and identifiers, from its row of ``articles``.
        before, after: the rest of the sentence.
    """

    row: dict[str, Any]
    article: dict[str, Any]
    before: str
    after: str


@dataclass
class MentionCounts:
    """Counts of the commonest mentions: rare ones are forgotten when there are too many.

    Attributes:
        mentions, articles: by mention: how often it occurs, and in how many articles.
        missed: no count is more than this too low.
    """

    mentions: Counter[str] = field(default_factory=Counter)
    articles: Counter[str] = field(default_factory=Counter)
    missed: int = 0

    def add(self, exact: str, n_mentions: int, n_articles: int) -> None:
        """Counts a mention."""
        self.mentions[exact] += n_mentions
        self.articles[exact] += n_articles
        if len(self.mentions) > 2 * _TALLY:
            ranked = self.mentions.most_common()
            self.missed += ranked[_TALLY][1]
            self.mentions = Counter(dict(ranked[:_TALLY]))
            self.articles = Counter({name: self.articles[name] for name in self.mentions})

    def ranked(self, most: int) -> list[tuple[str, int, int]]:
        """The commonest mentions: how often each occurs, and in how many articles."""
        best = heapq.nsmallest(most, self.mentions.items(), key=lambda one: (-one[1], one[0]))
        return [(exact, count, self.articles[exact]) for exact, count in best]


@dataclass
class Findings:
    """Sums over a run's tables.

    Attributes:
        annotations: by type and section.
        mentions: by type.
        scores: by type: how many annotations have a score in each of ``BINS`` equal intervals.
        text: characters of the articles' text by section.
        kept: characters of the XML that stand in the text: it has placeholders beside them.
        excluded: characters by reason; a sub-article's text counts in its own row only.
        articles: articles by value, for each of ``ARTICLE_COLUMNS``; None where it is unknown.
        rejects: by stage and reason.
        examples: rows of ``rejects``, by stage and reason.
        coverage: rows of ``articles`` with a mention of each type, and with ``any``.
        n_rows: rows of ``articles``.
        sentences: ``all``, and those ``marked`` by a mention.
        conflicts: articles in which a name, without regard to case, has these types.
        samples: annotations drawn by type and article.
    """

    annotations: Counter[tuple[str, str]] = field(default_factory=Counter)
    mentions: dict[str, MentionCounts] = field(default_factory=lambda: defaultdict(MentionCounts))
    scores: dict[str, NDArray[np.int64]] = field(
        default_factory=lambda: defaultdict(lambda: np.zeros(BINS, np.int64))
    )
    text: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    articles: dict[str, Counter[Any]] = field(
        default_factory=lambda: {name: Counter() for name in ARTICLE_COLUMNS}
    )
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    coverage: Counter[str] = field(default_factory=Counter)
    n_rows: int = 0
    sentences: Counter[str] = field(default_factory=Counter)
    conflicts: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    def by_type(self) -> Counter[str]:
        """Annotations by type."""
        sums: Counter[str] = Counter()
        for (type_, _), count in self.annotations.items():
            sums[type_] += count
        return sums

    def worst_conflicts(self) -> list[tuple[tuple[str, tuple[str, ...]], int]]:
        """The names that have several types in the most articles."""
        return heapq.nsmallest(CONFLICTS, self.conflicts.items(), key=lambda one: (-one[1], one[0]))


def gather(output: str) -> Findings:
    """Reads all tables of a run.

    Raises:
        DamagedError: a shard is missing or damaged.
        storage.StorageError: one cannot be read.
    """
    found = Findings()
    drawn: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for chunk in chunk_names(output):
        _add_articles(found, read_table(output, chunk, ARTICLES, _OF_ARTICLES))
        _add_rejects(found, read_table(output, chunk, REJECTS))
        annotations = read_table(output, chunk, ANNOTATIONS, _OF_ANNOTATIONS)
        _add_annotations(found, annotations)
        _add_conflicts(found, annotations)
        for type_, rank, annotation_id in _one_of_each_article(annotations):
            drawn[type_].append((rank, annotation_id, chunk))
        drawn = defaultdict(list, {name: _smallest(each) for name, each in drawn.items()})
    found.samples = [
        _in_sentence(output, chunk, annotation_id)
        for _, each in sorted(drawn.items())
        for _, annotation_id, chunk in each
    ]
    return found


def _one_of_each_article(table: pa.Table) -> Iterator[tuple[str, str, str]]:
    """For each type and article: the type, a hash of both, and the smallest annotation id."""
    groups = table.group_by(["type", "article_id"]).aggregate([("annotation_id", "min")])
    for row in groups.to_pylist():
        name = f"{row['type']} {row['article_id']}".encode()
        yield row["type"], hashlib.sha256(name).hexdigest(), row["annotation_id_min"]


def _smallest(candidates: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return heapq.nsmallest(SAMPLES, candidates)


def _add_articles(found: Findings, table: pa.Table) -> None:
    passages = table["passages"].combine_chunks().flatten()
    lengths = pc.subtract(passages.field("end"), passages.field("start"))
    found.text.update(_sums(passages.field("section"), lengths))
    found.n_rows += len(table)
    found.sentences["all"] += pc.sum(table["n_sentences"], min_count=0).as_py()
    found.kept += pc.sum(table["chars_kept"], min_count=0).as_py()
    excluded = table["excluded"].combine_chunks()
    found.excluded.update(_sums(excluded.keys, excluded.items))
    found.excluded.pop(SUB_ARTICLE, None)
    is_main = [not split_article_id(name)[1] for name in table["article_id"].to_pylist()]
    main = table.filter(pa.array(is_main, pa.bool_()))
    for name, counter in found.articles.items():
        for value in pc.value_counts(main[name]).to_pylist():
            counter[value["values"]] += value["counts"]


def _sums(names: pa.Array, values: pa.Array) -> dict[str, int]:
    grouped = pa.table({"name": names, "value": values}).group_by("name")
    rows = grouped.aggregate([("value", "sum")]).to_pylist()
    return {row["name"]: row["value_sum"] for row in rows}


def _add_annotations(found: Findings, table: pa.Table) -> None:
    for row in table.group_by(["type", "section"]).aggregate([([], "count_all")]).to_pylist():
        found.annotations[row["type"], row["section"]] += row["count_all"]
    by_mention = table.group_by(["type", "exact"]).aggregate(
        [([], "count_all"), ("article_id", "count_distinct")]
    )
    for row in by_mention.to_pylist():
        found.mentions[row["type"]].add(
            row["exact"], row["count_all"], row["article_id_count_distinct"]
        )
    for type_ in pc.unique(table["type"]).to_pylist():
        scores = table.filter(pc.equal(table["type"], type_))["score"].to_numpy()
        found.scores[type_] += np.histogram(scores, BINS, (0.0, 1.0))[0]


def _add_conflicts(found: Findings, table: pa.Table) -> None:
    """Counts what is covered, and the names that have several types in one article."""
    sentences = table.group_by(["article_id", "sentence"]).aggregate([])
    found.sentences["marked"] += len(sentences)
    found.coverage["any"] += len(pc.unique(table["article_id"]))
    pairs = table.group_by(["article_id", "type"]).aggregate([])
    found.coverage.update(_counts(pairs["type"]))
    names = pa.table(
        {
            "article": table["article_id"],
            "name": pc.utf8_lower(table["exact"]),
            "type": table["type"],
        }
    )
    types = names.group_by(["article", "name"]).aggregate([("type", "distinct")])
    several = types.filter(pc.greater(pc.list_value_length(types["type_distinct"]), 1))
    for row in several.to_pylist():
        found.conflicts[row["name"], tuple(sorted(row["type_distinct"]))] += 1
    if len(found.conflicts) > 2 * _TALLY:
        found.conflicts = Counter(dict(found.conflicts.most_common(_TALLY)))


def _counts(values: pa.ChunkedArray) -> dict[str, int]:
    return {row["values"]: row["counts"] for row in pc.value_counts(values).to_pylist()}


def _add_rejects(found: Findings, table: pa.Table) -> None:
    for row in table.to_pylist():
        key = (row["stage"], row["reason"])
        found.rejects[key] += 1
        if len(found.examples[key]) < EXAMPLES:
            found.examples[key].append(row)


def _in_sentence(output: str, chunk: str, annotation_id: str) -> Sample:
    """Finds the text around an annotation. Two versions of an article bear the same id."""
    with_id = pc.field("annotation_id") == annotation_id
    [annotation] = read_table(output, chunk, ANNOTATIONS).filter(with_id).slice(0, 1).to_pylist()
    start, end = annotation["start"], annotation["end"]
    own = pc.field("article_id") == annotation["article_id"]
    columns = ["article_id", "pmcid", "pmid", "doi", "title", "text"]
    articles = read_table(output, chunk, ARTICLES, columns).filter(own).to_pylist()
    sentences = read_table(output, chunk, SENTENCES).filter(own).to_pylist()
    article = next(row for row in articles if row["text"][start:end] == annotation["exact"])
    sentence = next(
        row
        for row in sentences
        if row["sentence"] == annotation["sentence"] and row["start"] <= start < end <= row["end"]
    )
    text = article.pop("text")
    before, after = text[sentence["start"] : start], text[end : sentence["end"]]
    return Sample(annotation, article, before, after)

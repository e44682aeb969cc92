"""The plan: each archive is read once and cut into chunks; what occurs twice is found.

The plan of an archive is written down, so that a later run sees whether it holds the same articles.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from pipeline.job.chunks import Chunk, articles_in, cut_chunks
from pipeline.job.reuse import annotated_before
from pipeline.output.committed import read_table
from pipeline.output.receipts import article_key, place_of
from pipeline.output.record import Plan, Update, read_plan, write_plan
from transforms.archives import file_of, scan_archive
from transforms.errors import JobError
from transforms.records import Archive, Reject
from transforms.tables import ARTICLES


class InputChangedError(JobError):
    """An archive holds other articles than when the run began."""


class LostInputError(JobError):
    """A file cannot be read, and its articles would be dropped from the output."""


def plan_archive(archive: Archive, output: str, update: bool) -> list[Chunk]:
    """Cuts an archive into chunks and writes the plan down.

    Raises:
        InputChangedError: the archive was planned before, had other articles then, and the run is
            not an update.
        LostInputError: the output holds articles of a file that cannot be read.
        UnreadableError: a remote file cannot be read now.
    """
    entries = tuple(
        found if isinstance(found, Reject) else found.range for found in scan_archive(archive)
    )
    chunks = cut_chunks(archive, entries)
    plan = Plan(archive.name, archive.uris, {each.chunk_id: len(each.entries) for each in chunks})
    plan, known = compare_plans(output, plan, chunks, update=update)
    write_plan(output, plan)
    return [replace(chunk, reuse=_known_articles(chunk, known)) for chunk in chunks]


def _known_articles(
    chunk: Chunk, known: Mapping[str, tuple[str, int]]
) -> dict[int, tuple[str, int]]:
    """The articles of a chunk that were annotated before, by entry number."""
    return {
        number: known[key]
        for number, entry in articles_in(chunk.entries)
        if (key := article_key(entry.article_id, entry.sha256)) in known
    }


def compare_plans(
    output: str, plan: Plan, chunks: Sequence[Chunk], *, update: bool
) -> tuple[Plan, dict[str, tuple[str, int]]]:
    """Looks an archive's earlier plan up.

    Returns:
        The new plan, with what an update supersedes; and the articles that superseded chunks hold:
        chunk and row, by ``article_key``.

    Raises:
        InputChangedError: the archive held other articles then, and the run is not an update.
        LostInputError: the output holds articles of a file that cannot be read.
    """
    old = read_plan(output, plan.archive) or Plan(plan.archive, (), {})
    before = (*old.chunks, *(old.superseded or ()))
    superseded = tuple(name for name in before if name not in plan.chunks)
    unreadable = _unreadable_files(chunks)
    known = annotated_before(output, superseded) if update or unreadable else {}
    _check_none_lost(output, unreadable, {chunk for chunk, _ in known.values()})
    if superseded and not update:
        uris = plan.uris
        others = f", or another of the {len(uris)} files read together," if len(uris) > 1 else ""
        raise InputChangedError(
            f"{uris[0]}{others} has changed since this output was begun: use --update to annotate "
            "what is new or changed, or --overwrite to start again"
        )
    if update:
        # An update that was stopped has written its own plan, and chunks, already.
        counted = old.update or _count_update(chunks, old, known)
        plan = replace(plan, update=counted, superseded=superseded)
    return plan, known


def _count_update(chunks: Sequence[Chunk], old: Plan, known: Mapping[str, object]) -> Update:
    """Counts the articles of an archive that an update annotates, keeps and drops."""
    same: set[str] = set()
    new: set[str] = set()
    for chunk in chunks:
        keys = {article_key(e.article_id, e.sha256) for _, e in articles_in(chunk.entries)}
        (same if chunk.chunk_id in old.chunks else new).update(keys)
    return Update(
        annotated=len(new - known.keys()),
        kept=len(same) + len(new & known.keys()),
        dropped=len(known.keys() - new),
    )


def _unreadable_files(chunks: Sequence[Chunk]) -> dict[str, str]:
    """Files of which nothing can be read, and why."""
    entries = [entry for chunk in chunks for entry in chunk.entries]
    counts = Counter(file_of(entry.source_uri) for entry in entries)
    return {
        entry.source_uri: entry.message
        for entry in entries
        if isinstance(entry, Reject)
        and entry.reason == "unreadable"
        and counts[entry.source_uri] == 1
    }


def _check_none_lost(output: str, unreadable: Mapping[str, str], superseded: Iterable[str]) -> None:
    """Raises LostInputError for a file of which there were articles, and now is nothing to read."""
    for chunk in superseded if unreadable else ():
        for uri in read_table(output, chunk, ARTICLES, ["source_uri"])["source_uri"].to_pylist():
            if message := unreadable.get(file_of(uri)):
                raise LostInputError(
                    f"{file_of(uri)}: {message}. This output holds articles of it: make it "
                    "readable, or take it out of --input to drop them"
                )


Place = tuple[str, str, int]
"""Where an article stands: sha256 of its bytes, source, position in it."""


def article_places(chunk: Chunk) -> Iterator[tuple[str, Place]]:
    """The articles of a chunk by their ids."""
    for _, entry in articles_in(chunk.entries):
        yield entry.article_id, (entry.sha256, entry.source_uri, entry.source_index)


def find_duplicates(group: tuple[str, Iterable[Place]]) -> Iterator[tuple[str, str]]:
    """All places of the same article with the same bytes but the first, each with the first."""
    for _, same in groupby(sorted(group[1]), key=itemgetter(0)):
        first, *others = (place_of(uri, index) for _, uri, index in same)
        for other in others:
            yield other, first


def find_versions(group: tuple[str, Iterable[Place]]) -> Iterator[str]:
    """The id, if several articles with other bytes bear it."""
    article_id, places = group
    if len({sha256 for sha256, _, _ in places}) > 1:
        yield article_id

"""A user's own list of names in, concepts out: tab-separated values, Parquet or OBO."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from models.terminology.drafts import Draft
from models.terminology.store import TerminologyError

FIRST = 2
"""Rank of a preferred name; synonyms have the next."""
_ID = re.compile(r"[^\s:|]+:\S+")
_SYNONYM = re.compile(r'"((?:[^"\\]|\\.)*)"')


def read_drafts(file: Path, type_: str | None = None) -> list[Draft]:
    """The concepts of a file.

    Args:
        file: ``.obo``; or ``.tsv`` or ``.parquet`` with columns ``id``, ``name`` and, if wanted,
            ``synonyms`` and ``xrefs`` (joined by ``|``) and ``type``.
        type_: entity type of concepts that the file gives none.

    Raises:
        TerminologyError: it cannot be read, or a concept has no name, no type or no CURIE.
    """
    readers = {".tsv": _read_tsv, ".parquet": _read_parquet, ".obo": _read_obo}
    if file.suffix not in readers:
        raise TerminologyError(f"{file}: expected {', '.join(readers)}")
    drafts: dict[str, Draft] = {}
    try:
        for place, row in readers[file.suffix](file):
            draft = _draft(f"{file}:{place}", row, type_)
            if draft.id in drafts:
                raise TerminologyError(f"{file}:{place}: {draft.id} is there twice")
            drafts[draft.id] = draft
    except (OSError, UnicodeDecodeError, pa.ArrowException, csv.Error) as error:
        raise TerminologyError(f"{file} cannot be read: {error}") from error
    if not drafts:
        raise TerminologyError(f"{file} has no concepts")
    return list(drafts.values())


def _draft(place: str, row: Mapping[str, str | None], type_: str | None) -> Draft:
    id_, name, own_type = (row.get(column) or "" for column in ("id", "name", "type"))
    if not _ID.fullmatch(id_):
        raise TerminologyError(f"{place}: id {id_!r} is no CURIE like MESH:D001943")
    if not name.strip() or not (own_type or type_):
        raise TerminologyError(f"{place}: {id_} has no name or no type (see --type)")
    draft = Draft(id_, own_type or type_ or "", name)
    draft.add_names(name, filter(None, (row.get("synonyms") or "").split("|")), FIRST)
    draft.xrefs |= set(filter(_ID.fullmatch, (row.get("xrefs") or "").split("|")))
    return draft


def _read_tsv(file: Path) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        if not {"id", "name"} <= set(rows.fieldnames or ()):
            raise TerminologyError(f"{file}: expected a header with id and name")
        yield from enumerate(rows, 2)


def _read_parquet(file: Path) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    table = pq.read_table(file)
    if not {"id", "name"} <= set(table.column_names):
        raise TerminologyError(f"{file}: expected columns id and name")
    for number, row in enumerate(table.to_pylist()):
        yield number, {name: _joined(value) for name, value in row.items()}


def _joined(value: object) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _read_obo(file: Path) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    """The terms of an OBO file, without its obsolete ones; their numbers are those of the lines."""
    with file.open(encoding="utf-8") as lines:
        stanza, start = "", 0
        tags: list[tuple[str, str]] = []
        for number, line in enumerate([*lines, "[End]"], 1):
            if line.startswith("["):
                if stanza == "[Term]" and ("is_obsolete", "true") not in tags:
                    yield start, _obo_row(tags)
                stanza, start, tags = line.strip(), number, []
            elif (tag := line.strip().partition(": "))[1]:
                tags.append((tag[0], tag[2].strip()))


def _obo_row(tags: Iterable[tuple[str, str]]) -> Mapping[str, str | None]:
    synonyms = [
        found[1] for tag, value in tags if tag == "synonym" and (found := _SYNONYM.match(value))
    ]
    values = dict(tags)
    return {"id": values.get("id"), "name": values.get("name"), "synonyms": "|".join(synonyms)}

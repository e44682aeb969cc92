"""What a query found, as lines: CSV, JSON or Markdown. Lists, maps and structs become JSON."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol


class Cursor(Protocol):
    """Of Python's database API, after a query: DuckDB's connection is one."""

    @property
    def description(self) -> Sequence[Sequence[Any]] | None:
        """For each column its name, and more."""
        ...

    def fetchmany(self, size: int) -> Sequence[tuple[Any, ...]]:
        """The next rows."""
        ...


_ROWS = 1_000
"""Fetched at a time: a query may find more than memory holds."""


def csv_lines(found: Cursor) -> Iterator[str]:
    """Comma-separated values with a header; null is an empty cell."""
    yield _csv_line(_columns(found))
    for row in _rows(found):
        yield _csv_line([_plain(value) for value in row])


def json_lines(found: Cursor) -> Iterator[str]:
    """One JSON array of objects, an object a line."""
    before = "["
    columns = _columns(found)
    for row in _rows(found):
        yield before + _json(dict(zip(columns, row, strict=True)))
        before = ","
    yield "]" if before == "," else "[]"


def markdown_lines(found: Cursor) -> Iterator[str]:
    """A table in GitHub's Markdown."""
    columns = _columns(found)
    yield f"| {' | '.join(map(_markdown, columns))} |"
    yield f"|{' --- |' * len(columns)}"
    for row in _rows(found):
        yield f"| {' | '.join(_markdown(_plain(value)) for value in row)} |"


WAYS: dict[str, Callable[[Cursor], Iterator[str]]] = {
    "csv": csv_lines,
    "json": json_lines,
    "markdown": markdown_lines,
}


def _columns(found: Cursor) -> list[str]:
    return [column[0] for column in found.description or ()]


def _rows(found: Cursor) -> Iterator[tuple[Any, ...]]:
    while rows := found.fetchmany(_ROWS):
        yield from rows


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict | tuple):
        return _json(value)
    return "" if value is None else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _csv_line(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()[:-1]


def _markdown(value: Any) -> str:
    text = str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(text.split())

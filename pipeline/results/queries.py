"""Runs as a database: views and functions over their tables for DuckDB, and named questions."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pipeline.output import storage
from pipeline.output.committed import chunk_names
from pipeline.output.paths import files_of
from pipeline.output.record import FinishedRun, OutputError, Run, known_run
from transforms.errors import UserError
from transforms.tables import TABLES

try:
    import duckdb
except ModuleNotFoundError as error:
    raise UserError("sql needs DuckDB: pip install '.[sql]'") from error

Database: TypeAlias = duckdb.DuckDBPyConnection

VIEWS = ("mentions", "articles", "sentences", "rejects", "pairs", "terms")

_TABLES = tuple(table.name for table in TABLES)
_SQL = Path(__file__).parent / "sql"


class Question(NamedTuple):
    """A question that has a name: what it asks in words, and in SQL."""

    name: str
    words: str
    query: str


class QueryError(UserError):
    """A query that DuckDB cannot answer; the message is DuckDB's."""


def questions() -> list[Question]:
    """The named questions, by name."""
    found = []
    for path in sorted((_SQL / "questions").glob("*.sql")):
        first, _, query = path.read_text(encoding="utf-8").partition("\n")
        found.append(Question(path.stem, first.removeprefix("-- "), query))
    return found


def connect(outputs: Sequence[str]) -> Database:
    """A database in memory with the views over one or more runs, and nothing copied.

    Args:
        outputs: output folders on this machine. The column ``run`` tells their rows apart.

    Raises:
        OutputError: a folder is not a run's, is not on this machine, or holds no chunk yet.
        DamagedError: a run.json cannot be understood.
        storage.StorageError: a folder cannot be read.
    """
    database = duckdb.connect()
    names = [Path(output).name for output in outputs]
    labels = names if len(set(names)) == len(names) else outputs
    runs = [_local_run(output) for output in outputs]
    # Of a run that has not ended nobody knows yet.
    has_versions = any(not isinstance(run, FinishedRun) or run.same_id_other_bytes for run in runs)
    for table in _TABLES:
        rows = " UNION ALL BY NAME ".join(
            _rows(output, label, table) for output, label in zip(outputs, labels, strict=True)
        )
        database.execute(f"CREATE VIEW file_{table} AS {rows}")
    for statement in _key_views(database, has_versions=has_versions):
        database.execute(statement)
    database.execute((_SQL / "views.sql").read_text(encoding="utf-8"))
    return database


def describe_views(database: Database) -> Iterator[tuple[str, list[str]]]:
    """Each view with the names of its columns."""
    for view in VIEWS:
        rows = database.execute(f"DESCRIBE {view}").fetchall()
        yield view, [name for name, *_ in rows]


def ask(database: Database, query: str) -> Database:
    """Asks a query; its rows can be fetched from what it returns.

    Raises:
        QueryError: DuckDB cannot answer it.
    """
    with _errors_in_a_line():
        return database.execute(query)


def as_table(database: Database, query: str) -> str:
    """What a query finds, as DuckDB draws it; of many rows the first and the last.

    Raises:
        QueryError: DuckDB cannot answer it.
    """
    with _errors_in_a_line():
        return str(database.sql(query) or "done")


def write_parquet(database: Database, query: str, file: str) -> None:
    """Writes what a query finds to a Parquet file.

    Raises:
        QueryError: DuckDB cannot answer it, or write the file.
    """
    with _errors_in_a_line():
        found = database.sql(query)
        if found is None:
            raise QueryError("the query finds no rows that a file could hold")
        found.write_parquet(file)


@contextmanager
def _errors_in_a_line() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise QueryError(" ".join(str(error).split())) from error


def _local_run(output: str) -> Run:
    if not storage.is_local(output):
        raise OutputError(f"{output} is not on this machine: copy the folder, and ask the copy")
    return known_run(output)


def _rows(output: str, label: str, table: str) -> str:
    """A query for all committed rows of a table, with where they stand."""
    files = [storage.join(output, files_of(chunk)[table]) for chunk in chunk_names(output)]
    if not files:
        raise OutputError(f"{output} holds nothing yet: no chunk of its run is committed")
    # DuckDB takes these names for patterns.
    listed = ", ".join(_literal(re.sub(r"[*?[]", r"[\g<0>]", file)) for file in files)
    return (
        f"SELECT {_literal(label)} AS run, * "  # noqa: S608 - a literal
        f"FROM read_parquet([{listed}], filename = true, file_row_number = true)"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_NO_CONCEPTS = ", NULL::VARCHAR AS concept, NULL::VARCHAR AS concept_name"
_PLACES = "EXCLUDE (filename, file_row_number)"


def _key_views(database: Database, *, has_versions: bool) -> Iterator[str]:
    """The tables with a column ``key`` that is unique to an article.

    That is its id, unless articles with one id have different bytes. Then the rows' places tell
    which version they belong to: they stand in the order of ``articles``, as many as it counts.
    """
    columns = {name for name, *_ in database.execute("DESCRIBE file_annotations").fetchall()}
    more = {"annotations": "" if "concept" in columns else _NO_CONCEPTS}
    if has_versions:
        yield (_SQL / "versions.sql").read_text(encoding="utf-8")
    else:
        yield "CREATE VIEW keyed_articles AS SELECT *, article_id AS key FROM file_articles"
        for table in ("sentences", "annotations"):
            yield f"CREATE VIEW keyed_{table} AS SELECT *, article_id AS key FROM file_{table}"  # noqa: S608
    yield "CREATE VIEW keyed_rejects AS FROM file_rejects"
    for table in _TABLES:
        extra = more.get(table, "")
        yield f"CREATE VIEW run_{table} AS SELECT * {_PLACES}{extra} FROM keyed_{table}"  # noqa: S608

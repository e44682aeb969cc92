"""Other databases' statements name every column of every table, and can be parsed."""

import pytest

from pipeline.__main__ import main
from pipeline.results.ddl import DIALECTS, create_statements
from transforms.tables import TABLES


@pytest.mark.parametrize("dialect", DIALECTS)
def test_statements_are_of_the_dialect(dialect):
    """Each table has its statement, with all columns, in order, and its folder."""
    sqlglot = pytest.importorskip("sqlglot", reason="DDL is NOT TESTED: install sqlglot")
    parsed = sqlglot.parse(create_statements(dialect, "gs://bucket/it's/"), read=dialect)
    created = [one for one in parsed if isinstance(one, sqlglot.exp.Create)]
    assert [one.this.this.name for one in created] == [table.name for table in TABLES]
    for one, table in zip(created, TABLES, strict=True):
        assert [column.name for column in one.this.expressions] == table.schema.names
        assert all(column.kind is not None for column in one.this.expressions)


def test_the_command_prints_them(capsys):
    """For a location that the database reaches."""
    assert main(["schema", "spark", "s3://bucket/out/"]) == 0
    printed = capsys.readouterr().out
    assert "USING parquet LOCATION 's3://bucket/out/annotations';" in printed
    assert "`passages` ARRAY<STRUCT<`start`: INT, `end`: INT, `section`: STRING" in printed

"""``CREATE TABLE`` statements of the output's tables for other databases, from the one schema."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from transforms.shards import Table
from transforms.tables import TABLES


@dataclass(frozen=True)
class Dialect:
    """How a database writes types and names.

    Attributes:
        names: of Arrow's plain types.
        quote: around names of columns; "" where all of ours can stand bare.
        escape: before a quotation mark in a string: another one, or a backslash.
        array: of a type.
        field: of a struct: name and type; "" where structs are not described.
        struct: of its fields; of none where structs are not described.
        map: of two types.
        statement: of a table's name, its columns, and the folder with its files.
    """

    names: dict[str, str]
    quote: str
    escape: str
    array: str
    field: str
    struct: str
    map: str
    statement: Callable[[str, str, str], str]


def _bigquery(name: str, columns: str, folder: str) -> str:
    return (
        f"CREATE EXTERNAL TABLE {name} (\n{columns}\n) OPTIONS (\n  format = 'PARQUET',\n"
        f"  uris = ['{folder}/*.parquet'],\n  enable_list_inference = true\n);"
    )


def _spark(name: str, columns: str, folder: str) -> str:
    return f"CREATE TABLE {name} (\n{columns}\n) USING parquet LOCATION '{folder}';"


def _trino(name: str, columns: str, folder: str) -> str:
    return (
        f"CREATE TABLE {name} (\n{columns}\n) "
        f"WITH (format = 'PARQUET', external_location = '{folder}');"
    )


def _snowflake(name: str, columns: str, folder: str) -> str:
    return (
        f"CREATE TABLE {name} (\n{columns}\n);\n"
        f"COPY INTO {name} FROM '{folder}/' FILE_FORMAT = (TYPE = PARQUET)\n"
        "  MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;"
    )


_OF_64_BITS = {"string": "STRING", "float": "FLOAT64"} | dict.fromkeys(
    ("int16", "int32", "int64"), "INT64"
)

DIALECTS = {
    "bigquery": Dialect(
        names=_OF_64_BITS,
        quote="`",
        escape="\\",
        array="ARRAY<{}>",
        field="{} {}",
        struct="STRUCT<{}>",
        map="STRUCT<key_value ARRAY<STRUCT<key {}, value {}>>>",
        statement=_bigquery,
    ),
    "spark": Dialect(
        names={
            **{"string": "STRING", "float": "FLOAT"},
            **{"int16": "SMALLINT", "int32": "INT", "int64": "BIGINT"},
        },
        quote="`",
        escape="\\",
        array="ARRAY<{}>",
        field="{}: {}",
        struct="STRUCT<{}>",
        map="MAP<{}, {}>",
        statement=_spark,
    ),
    "trino": Dialect(
        names={
            **{"string": "VARCHAR", "float": "REAL"},
            **{"int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT"},
        },
        quote='"',
        escape="'",
        array="ARRAY({})",
        field="{} {}",
        struct="ROW({})",
        map="MAP({}, {})",
        statement=_trino,
    ),
    "snowflake": Dialect(
        names={"string": "VARCHAR", "float": "FLOAT"}
        | dict.fromkeys(("int16", "int32", "int64"), "INTEGER"),
        quote="",
        escape="'",
        array="ARRAY",
        field="",
        struct="OBJECT",
        map="OBJECT",
        statement=_snowflake,
    ),
}


def create_statements(dialect: str, location: str) -> str:
    """Statements that make the output's tables known to a database.

    Args:
        dialect: one of ``DIALECTS``.
        location: path or URI of the output folder, as the database reaches it.
    """
    return "\n\n".join(_statement(table, DIALECTS[dialect], location) for table in TABLES)


def _statement(table: Table[tuple[object, ...]], dialect: Dialect, location: str) -> str:
    columns = ",\n".join(
        f"  {_quoted(field.name, dialect)} {_type(field.type, dialect)}" for field in table.schema
    )
    folder = f"{location.rstrip('/')}/{table.name}".replace("'", f"{dialect.escape}'")
    return dialect.statement(table.name, columns, folder)


def _type(type_: pa.DataType, dialect: Dialect) -> str:
    if pa.types.is_list(type_):
        return dialect.array.format(_type(type_.value_type, dialect))
    if pa.types.is_map(type_):
        types = (_type(type_.key_type, dialect), _type(type_.item_type, dialect))
        return dialect.map.format(*types)
    if pa.types.is_struct(type_):
        fields = (
            dialect.field.format(_quoted(field.name, dialect), _type(field.type, dialect))
            for field in type_
        )
        return dialect.struct.format(", ".join(fields))
    return dialect.names[str(type_)]


def _quoted(name: str, dialect: Dialect) -> str:
    return f"{dialect.quote}{name}{dialect.quote}"

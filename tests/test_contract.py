"""The published tables: their columns are a contract with everybody's SQL."""

import re

import pyarrow as pa
import pytest

from tests.test_readme import section
from transforms.annotations import CONTEXT
from transforms.tables import TABLES

CONTRACT = """
articles
    article_id: string
    pmcid: string or null
    pmid: string or null
    doi: string or null
    pprid: string or null
    source_uri: string
    source_index: int32
    sha256: string
    title: string or null
    journal: string or null
    article_type: string or null
    language: string or null
    license: string or null
    year: int16 or null
    text: string
    passages: list of struct<start: int32, end: int32, section: string, path: list of string, xpath: string>
    n_sentences: int32
    n_windows: int32
    n_tokens: int32
    n_annotations: int32
    n_linked: int32
    chars_source: int32
    chars_kept: int32
    chars_excluded: int32
    excluded: map of string to int32
    notes: map of string to int32
sentences
    article_id: string
    sentence: int32
    passage: int32
    start: int32
    end: int32
    section: string
annotations
    annotation_id: string
    article_id: string
    passage: int32
    sentence: int32
    section: string
    type: string
    start: int32
    end: int32
    exact: string
    prefix: string
    postfix: string
    score: float32
    found: string
    model: string
    start_xpath: string
    start_offset: int32
    end_xpath: string
    end_offset: int32
    concept: string or null
    concept_name: string or null
    concept_xrefs: list of string or null
    link: string or null
    link_score: float32 or null
rejects
    source_uri: string
    source_index: int32
    article_id: string or null
    stage: string
    reason: string
    message: string
    start_byte: int64
    end_byte: int64
"""  # noqa: E501 - one column a line


def type_in_words(kind: pa.DataType) -> str:
    """An Arrow type as README writes it."""
    if pa.types.is_map(kind):
        return f"map of {type_in_words(kind.key_type)} to {type_in_words(kind.item_type)}"
    if pa.types.is_list(kind):
        return f"list of {type_in_words(kind.value_type)}"
    if pa.types.is_struct(kind):
        return (
            f"struct<{', '.join(f'{field.name}: {type_in_words(field.type)}' for field in kind)}>"
        )
    return {"float": "float32"}.get(str(kind), str(kind))


def column_type(column) -> str:
    """A column's type, and whether it can be null."""
    return type_in_words(column.type) + (" or null" if column.nullable else "")


def contract_of(tables) -> str:
    """Every column of every table."""
    lines = [""]
    for table in tables:
        columns = (f"    {column.name}: {column_type(column)}" for column in table.schema)
        lines += [table.name, *columns]
    return "\n".join([*lines, ""])


def test_columns_are_those_published():
    """Name, type and whether it can be null; a change here needs a new schema version."""
    assert contract_of(TABLES) == CONTRACT


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_readme_tells_the_type_of_every_column(table):
    """One type for all names of a line, or one for each."""
    told = {}
    for line in section(table.name).splitlines():
        if line.startswith("| `"):
            names, types = (cell.strip() for cell in line.split("|")[1:3])
            names = re.findall(r"`(\w+)`", names)
            types = types.split(", ")
            told |= dict(zip(names, types * (len(names) if len(types) == 1 else 1), strict=True))
    expected = {column.name: column_type(column).partition("<")[0] for column in table.schema}
    assert told == expected


def test_context_is_as_long_as_readme_says():
    """Code points on each side of a mention."""
    assert CONTEXT == 32
    assert f"up to {CONTEXT} code points" in section("annotations")

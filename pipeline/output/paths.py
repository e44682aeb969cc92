"""Where everything stands, as paths below the output folder."""

import hashlib
import re

from transforms.records import split_article_id
from transforms.shards import LINES
from transforms.tables import TABLES

FOLDERS = ("receipts", *(table.name for table in TABLES), LINES, "plan")
"""All that a run writes into, beside ``run.json``."""


def files_of(chunk_id: str) -> dict[str, str]:
    """A chunk's shards, by table and ``LINES``, as paths below the output folder."""
    shards = {table.name: f"{table.name}/{chunk_id}.parquet" for table in TABLES}
    return {**shards, LINES: f"{LINES}/{chunk_id}.jsonl.gz"}


def receipt_of(chunk_id: str) -> str:
    """A chunk's receipt, as a path below the output folder."""
    return f"receipts/{chunk_id}.json"


_CHUNKS_FILE = re.compile(r"(.+-\d{7,}-\d{7,}-[0-9a-f]{8})\.(?:parquet|json|jsonl\.gz)")


def chunk_of(name: str) -> str:
    """The chunk that a file of this name belongs to; "" if it is no chunk's."""
    found = _CHUNKS_FILE.fullmatch(name)
    return found[1] if found else ""


def plan_of(archive: str) -> str:
    """An archive's plan, as a path below the output folder."""
    return f"plan/{archive}.json"


MAX_NAME = 100
"""Characters of a file's name, of which file systems take 255 bytes."""


def article_file_name(article_id: str) -> str:
    """A file name for an article's id, of letters, digits, dots, dashes and underscores alone.

    ``MED:1`` gives ``MED_1``, and ``PMC1#sa2`` gives ``PMC1_sa2``. What else is replaced, or cut,
    leaves a hash at the end: no two articles have one name. brat takes names for parts of URLs.
    """
    main, number = split_article_id(article_id)
    plain = main.replace(":", "_", 1) + (f"_sa{number}" if number else "")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", plain)[:MAX_NAME]
    if name == plain:
        return name
    return f"{name}-{hashlib.sha256(article_id.encode()).hexdigest()[:12]}"

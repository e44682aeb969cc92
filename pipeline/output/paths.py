"""Where everything stands, as paths below the output folder."""

import re

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

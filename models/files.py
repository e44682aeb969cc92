"""What every module that meets a model's files needs: what can be wrong, and their hashes."""

import hashlib
from pathlib import Path


class ModelError(Exception):
    """A model that cannot work; the message says why in one sentence."""


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, hexadecimal."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()

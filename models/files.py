"""What every module that meets a model's files needs: what can be wrong, and their hashes."""

import hashlib
import mmap
import re
from pathlib import Path, PurePath
from typing import Any

_LOCATION = re.compile(rb"\x0a\x08location\x12([\x01-\x7f])(?=(.{1,127}))", re.DOTALL)


class ModelError(Exception):
    """A model that cannot work; the message says why in one sentence."""


class UnavailableError(ModelError):
    """A model that could not be had: no network, another file than promised, a full disk."""


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, hexadecimal."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def listed_files(settings: Any, source: str) -> dict[str, str]:
    """The names and hashes under ``files`` in a ``model.json``.

    Raises:
        ModelError: they are no names of files in the folder, with their sha256.
    """
    files = settings.get("files", {}) if isinstance(settings, dict) else None
    if not isinstance(files, dict):
        raise ModelError(f"{source} lists no files with their sha256")
    for name, digest in files.items():
        # A listed path could be any file of the user's.
        if not _stands_in_folder(name) or not isinstance(digest, str):
            raise ModelError(f"{source} lists {name!r}, which is no file of its folder")
    return {name: digest.lower() for name, digest in files.items()}


def external_files(graph: Path) -> list[str]:
    """Names of the files beside a graph in which it keeps weights.

    Read off its bytes: ``location`` in a TensorProto's external_data, see onnx.proto.

    Raises:
        ModelError: one is not in the graph's folder, or the graph is empty.
    """
    if not graph.stat().st_size:
        raise ModelError(f"{graph} is empty: was its copy cut short?")
    with graph.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        names = {found[2][: found[1][0]].decode() for found in _LOCATION.finditer(content)}
    if strangers := [name for name in names if not _stands_in_folder(name)]:
        raise ModelError(f"{graph} keeps weights in {strangers[0]}, outside of its folder")
    return sorted(names)


def _stands_in_folder(name: str) -> bool:
    return name not in ("", ".", "..") and PurePath(name).name == name

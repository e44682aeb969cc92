"""What every module that meets a model's files needs: what can be wrong, and their hashes."""

import hashlib
import mmap
import re
from pathlib import Path, PurePath

_LOCATION = re.compile(rb"\x0a\x08location\x12([\x01-\x7f])(?=(.{1,127}))", re.DOTALL)


class ModelError(Exception):
    """A model that cannot work; the message says why in one sentence."""


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, hexadecimal."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def external_files(graph: Path) -> list[str]:
    """Names of the files beside a graph in which it keeps weights.

    Read off its bytes: ``location`` in a TensorProto's external_data, see onnx.proto.

    Raises:
        ModelError: one is not in the graph's folder.
    """
    with graph.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        names = {found[2][: found[1][0]].decode() for found in _LOCATION.finditer(content)}
    if strangers := [name for name in names if PurePath(name).name != name]:
        raise ModelError(f"{graph} keeps weights in {strangers[0]}, outside of its folder")
    return sorted(names)

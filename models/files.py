"""What every module that meets a model's files needs: what can be wrong, and their hashes."""

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from transforms.errors import JobError, UserError

# The messages of onnx.proto that lead to the names of files with weights: by field, what it holds.
_INSIDE = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: "TensorProto",
        6: "GraphProto",
        10: "TensorProto",
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "TensorProto": {13: "external_data"},
}
_SIZES = {1: 8, 5: 4}
"""Of protobuf's types whose size is fixed."""


class ModelError(UserError):
    """A model that cannot work; the message says why in one sentence."""


class UnavailableError(JobError):
    """A model that could not be had: no network, another file than promised, a full disk."""


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, hexadecimal.

    Raises:
        UnavailableError: the file cannot be read.
    """
    total = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error
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
        if not _stands_in_folder(name.removeprefix("onnx/")) or not isinstance(digest, str):
            raise ModelError(f"{source} lists {name!r}, which is no file of its folder")
    return {name: digest.lower() for name, digest in files.items()}


def external_files(graph: Path) -> list[str]:
    """Names of the files beside a graph in which it keeps weights.

    Read off its bytes: ``location`` in a TensorProto's external_data, see onnx.proto.

    Raises:
        ModelError: one is not in the graph's folder; or the graph is empty, or damaged: another
            reader might see weights behind the damage.
    """
    if not graph.stat().st_size:
        raise ModelError(f"{graph} is empty: was its copy cut short?")
    _refuse_other_files(graph)
    names = set()
    with (
        graph.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        try:
            for start, end in _external_data(content):
                entry = {number: content[a:b] for number, a, b in _fields(content, start, end)}
                if entry.get(1) == b"location":
                    names.add(entry.get(2, b"").decode(errors="replace"))
        except (IndexError, ValueError) as error:
            raise ModelError(f"{graph} is damaged, or no ONNX file: {error}") from error
    if strangers := [name for name in names if not _stands_in_folder(name)]:
        raise ModelError(f"{graph} keeps weights in {strangers[0]}, outside of its folder")
    return sorted(names)


def _refuse_other_files(graph: Path) -> None:
    with graph.open("rb") as file:
        head = file.read(64)
    if head.startswith((b"PK", b"\x80")):
        raise ModelError(f"{graph} is a pickle or PyTorch file under an ONNX name")
    if head.startswith(b"version https://git-lfs"):
        raise ModelError(f"{graph} is a Git LFS pointer, not the file itself: run git lfs pull")


def _external_data(content: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Where a graph's entries of external data stand."""
    messages = [("ModelProto", 0, len(content))]
    while messages:
        kind, start, end = messages.pop()
        if kind == "external_data":
            yield start, end
            continue
        for number, a, b in _fields(content, start, end):
            if inside := _INSIDE[kind].get(number):
                messages.append((inside, a, b))


def _fields(content: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a protobuf message that have a length: number, start and end.

    Groups are passed over whole: ONNX has none, so that every reader takes them for unknown.

    Raises:
        IndexError: the message ends within a field.
        ValueError: it is none.
    """
    groups: list[int] = []
    while start < end:
        tag, start = _varint(content, start)
        number, wire_type = divmod(tag, 8)
        if wire_type == 0:
            _, start = _varint(content, start)
        elif wire_type == 3:
            groups.append(number)
        elif wire_type == 4 and groups and groups[-1] == number:
            groups.pop()
        elif wire_type == 2:
            size, start = _varint(content, start)
            if start + size > end:
                raise IndexError(f"a field of {size} bytes at {start}, the message ends at {end}")
            if not groups:
                yield number, start, start + size
            start += size
        elif wire_type in _SIZES:
            start += _SIZES[wire_type]
        else:
            raise ValueError(f"a field of type {wire_type} at {start}")
    if start > end or groups:
        raise IndexError(f"a message that ends at {end} goes on")


def _varint(content: mmap.mmap, start: int) -> tuple[int, int]:
    """The integer that starts somewhere, and where it ends."""
    value = 0
    for count, position in enumerate(range(start, min(start + 10, len(content)))):
        value |= (content[position] & 0x7F) << 7 * count
        if content[position] < 0x80:
            return value, position + 1
    raise ValueError(f"no integer at {start}")


def _stands_in_folder(name: str) -> bool:
    return name not in ("", ".", "..") and PurePath(name).name == name

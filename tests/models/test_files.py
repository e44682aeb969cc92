"""Promises about a model's files: whatever holds its weights is found."""

from contextlib import suppress
from pathlib import Path

import onnx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from models.files import ModelError, external_files


def field(number: int, content: bytes) -> bytes:
    """A field of a protobuf message, with its length."""
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80, size >> 7])
    return bytes([number << 3 | 2]) + length + content


def graph(*entries: bytes, tensor: bytes = b"") -> bytes:
    """A graph with one tensor, which has these entries of external data."""
    inside = tensor + b"".join(field(13, entry) for entry in entries)
    return b"\x08\x08" + field(7, field(5, inside))


KEY = field(1, b"location")


@pytest.mark.parametrize("name", ["w", "weights.data", "w" * 127, "w" * 128, "ü" * 100])
def test_external_weights_are_found(tmp_path: Path, name: str):
    """However long their file's name, in whatever order and place the graph says it."""
    value = field(2, name.encode())
    offset = field(1, b"offset") + field(2, b"location")
    in_node = b"\x08\x08" + field(7, field(1, field(5, field(5, field(13, value + KEY)))))
    for content in (
        graph(KEY + value),
        graph(value + KEY),
        graph(offset, value + KEY, tensor=field(8, b"location")),
        in_node,
    ):
        (tmp_path / "model.onnx").write_bytes(content)
        assert external_files(tmp_path / "model.onnx") == [name]


def test_location_elsewhere_names_no_file(tmp_path: Path):
    """It may be a tensor's name, or stand in its data."""
    data = field(8, b"location") + field(9, field(13, KEY + field(2, b"../other")))
    (tmp_path / "model.onnx").write_bytes(graph(tensor=data))
    assert external_files(tmp_path / "model.onnx") == []


@pytest.mark.parametrize("entry", [KEY + field(2, b"../../w"), field(2, b"/w") + KEY, KEY])
def test_weights_outside_of_the_folder_are_refused(tmp_path: Path, entry: bytes):
    """Wherever the name stands."""
    (tmp_path / "model.onnx").write_bytes(graph(entry))
    with pytest.raises(ModelError, match="outside of its folder"):
        external_files(tmp_path / "model.onnx")


GROUP, END_OF_GROUP = b"\x93\x3e", b"\x94\x3e"  # 994, which no message of ONNX has


def test_unknown_groups_hide_nothing(tmp_path: Path):
    """A reader that took their ends for its own would see no weights behind them."""
    whole = graph(KEY + field(2, b"weights.data"))
    inside = GROUP + b"\x08\x01" + GROUP + END_OF_GROUP + field(7, b"\xff") + END_OF_GROUP
    (tmp_path / "model.onnx").write_bytes(inside + whole + inside)
    assert external_files(tmp_path / "model.onnx") == ["weights.data"]


def test_damaged_graphs_are_refused(tmp_path: Path):
    """Weights behind the damage would be in no fingerprint."""
    whole = graph(KEY + field(2, b"weights.data"))
    damaged = [whole[:size] for size in range(3, len(whole))]
    damaged += [b"\xff" * 99, b"<html>", b"\x07", GROUP + whole, whole + END_OF_GROUP]
    for content in damaged:
        (tmp_path / "model.onnx").write_bytes(content)
        with pytest.raises(ModelError, match="is damaged, or no ONNX file"):
            external_files(tmp_path / "model.onnx")


@given(st.binary(max_size=12), st.integers(0, 200), st.integers(0, 3))
def test_what_the_onnx_library_finds_is_found(tmp_path_factory, change: bytes, at: int, cut: int):
    """In a graph with any bytes in it, or too few."""
    whole = graph(KEY + field(2, b"weights.data"))
    content = whole[: at % len(whole)] + change + whole[at % len(whole) + cut :]
    path = tmp_path_factory.getbasetemp() / "changed.onnx"
    path.write_bytes(content)
    try:
        parsed = onnx.load_model_from_string(content)
    except DecodeError:
        return
    expected = {  # a name that is no UTF-8 comes as bytes
        entry.value if isinstance(entry.value, str) else entry.value.decode(errors="replace")
        for tensor in parsed.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    with suppress(ModelError):  # nothing is taken that was not read whole
        assert expected <= set(external_files(path))

"""Promises about a model's files: whatever holds its weights is found."""

from pathlib import Path

import pytest

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


def test_damaged_graphs_are_read_up_to_the_damage(tmp_path: Path):
    """Nothing in them stops or misleads the reader."""
    whole = graph(KEY + field(2, b"weights.data"))
    for size in range(1, len(whole)):
        (tmp_path / "model.onnx").write_bytes(whole[:size])
        assert external_files(tmp_path / "model.onnx") == []
    for content in (b"\xff" * 99, b"<html>", b"\x07"):
        (tmp_path / "model.onnx").write_bytes(content)
        assert external_files(tmp_path / "model.onnx") == []

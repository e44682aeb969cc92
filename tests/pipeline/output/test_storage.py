"""Files on the local disk are whole or not there, and what fails says what and where."""

import os
import threading
from pathlib import Path

import pytest

from pipeline.output import storage


def test_what_is_written_is_read(tmp_path):
    """In folders that are made on the way; the later of two writes counts."""
    uri = storage.join(str(tmp_path), "a", "b.json")
    assert storage.read(uri) is None
    for data in (b"first", b"", b"\0" * 100_000):
        storage.write(uri, data)
        assert storage.read(uri) == data
        assert storage.sizes(str(tmp_path / "a")) == {"b.json": len(data)}


def test_reader_finds_a_whole_file_whoever_writes(tmp_path):
    """Four threads write different contents over and over; none is ever seen in part."""
    uri = str(tmp_path / "x")
    contents = {bytes([letter]) * 200_000 for letter in b"abcd"}
    storage.write(uri, next(iter(contents)))
    stop = threading.Event()

    def write(data: bytes) -> None:
        while not stop.is_set():
            storage.write(uri, data)

    writers = [threading.Thread(target=write, args=(data,)) for data in contents]
    for writer in writers:
        writer.start()
    try:
        assert {storage.read(uri) for _ in range(200)} <= contents
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    """Whatever stage it fails at."""
    uri = str(tmp_path / "x")
    storage.write(uri, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for owner, name in ((Path, "open"), (os, "fsync"), (Path, "replace")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, full)
            with pytest.raises(storage.StorageError, match=f"{uri}.*No space left on device"):
                storage.write(uri, b"new")
        assert storage.read(uri) == b"old"
        assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_cannot_be_read_or_written_is_named(tmp_path):
    """A folder in place of a file, and a file in place of a folder."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    for call in (
        lambda: storage.read(str(tmp_path / "folder")),
        lambda: storage.write(str(tmp_path / "file" / "x"), b""),
        lambda: storage.delete([str(tmp_path / "folder")]),
    ):
        with pytest.raises(storage.StorageError, match=str(tmp_path)):
            call()


def test_missing_files_are_not_missed(tmp_path):
    """Read, list, delete and sweep."""
    gone = str(tmp_path / "gone")
    assert storage.read(gone) is None
    assert storage.sizes(gone) == {}
    storage.delete([gone])
    storage.sweep(gone)


def test_half_written_files_are_neither_listed_nor_kept(tmp_path):
    """What a killed writer leaves; files of somebody else stay."""
    folder = tmp_path / "articles"
    folder.mkdir()
    for path in (tmp_path / ".run.json.1.2.tmp", folder / ".a.parquet.1.2.tmp"):
        path.write_text("half")
    for path in (tmp_path / ".hidden", folder / "a.parquet", folder / "a.tmp"):
        path.write_text("whole")
    (folder / "inner").mkdir()
    assert storage.sizes(str(folder)) == {"a.parquet": 5, "a.tmp": 5}
    assert storage.sizes(str(folder), "*.parquet") == {"a.parquet": 5}
    assert storage.sizes(str(folder), "a.parquet") == {"a.parquet": 5}
    assert storage.sizes(str(folder), "b.parquet") == {}
    storage.sweep(str(tmp_path))
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == [".hidden", "a.parquet", "a.tmp"]


@pytest.mark.parametrize(
    ("given_path", "expected"),
    [
        ("/a/b", "/a/b"),
        ("/a/b/", "/a/b"),
        ("file:///a/b", "/a/b"),
        ("x", "{here}/x"),
        ("~/x", "{home}/x"),
        ("s3://bucket/out/", "s3://bucket/out"),
        ("gs://bucket/out", "gs://bucket/out"),
    ],
)
def test_output_is_the_same_however_it_is_named(given_path, expected, tmp_path, monkeypatch):
    """Relative, from home, as a URI, with a slash at its end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert storage.absolute(given_path) == expected.format(here=tmp_path, home="/home/me")
    assert storage.is_local(given_path) == ("bucket" not in given_path)


def test_of_all_who_create_a_file_one_does(tmp_path):
    """The others are told that it is there; what it holds is whole."""
    uri = str(tmp_path / "new" / "x")
    start = threading.Barrier(8)
    created = []

    def create(number: int) -> None:
        start.wait()
        if storage.create(uri, bytes([number]) * 100_000):
            created.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = created
    assert storage.read(uri) == bytes([winner]) * 100_000
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x"]


def test_without_hard_links_a_file_is_created_too(tmp_path, monkeypatch):
    """On file systems that have none."""

    def refused(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    uri = str(tmp_path / "x")
    assert [storage.create(uri, b"1"), storage.create(uri, b"2")] == [True, False]
    assert storage.read(uri) == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("write", [storage.write, storage.create])
def test_a_part_that_another_run_swept_is_written_again(write, tmp_path, monkeypatch):
    """A run that starts takes it for a leftover of one that was killed."""
    fsync = os.fsync
    swept = []

    def sweep_once(number: int) -> None:
        fsync(number)
        if not swept:
            swept.append(storage.sweep(str(tmp_path)))

    monkeypatch.setattr(os, "fsync", sweep_once)
    write(str(tmp_path / "x"), b"data")
    assert swept
    assert (tmp_path / "x").read_bytes() == b"data"

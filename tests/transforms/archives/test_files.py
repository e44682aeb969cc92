"""Promises of opening files: what cannot be opened is told; remote ones get patience."""

import errno
import gzip
import io
import os
import re
import socket
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import requests

from tests.transforms.archives.servers import Boasting, Breaking, Quiet, WithRanges, served
from tests.transforms.archives.sources import article, bulk, scan, tar_of, told, zip_of
from transforms import remote
from transforms.archives import Points, UnreadableError, files, read_articles, scan_archive
from transforms.archives.files import open_source
from transforms.records import Archive


def test_missing_file(tmp_path):
    """A file that vanished is one reject."""
    assert told(scan(tmp_path / "none.xml")) == ["unreadable"]


def test_folder_as_file(tmp_path):
    """What cannot be read is one reject."""
    assert told(scan(tmp_path)) == ["unreadable"]


@pytest.fixture
def web(tmp_path):
    """The folder on a web server."""
    with served(Quiet, tmp_path) as address:
        yield address


def test_http(tmp_path, web, monkeypatch):
    """Archives, plain files and packages are read from a web server, also one without ranges."""
    monkeypatch.setattr(files, "OPENING_WAITS", (0,))
    parts = [article(number, b"x" * 900_000) for number in range(1, 6)]
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(bulk(*parts)))
    (tmp_path / "b.xml").write_bytes(bulk(*parts))
    (tmp_path / "c.zip").write_bytes(zip_of({"c.xml": bulk(*parts)}))
    for name in ("a.xml.gz", "b.xml", "c.zip"):
        found = list(scan_archive(Archive("a", (f"{web}/{name}",))))
        assert told(found) == [f"PMC{number}" for number in range(1, 6)]
        assert list(read_articles([found[4].range])) == [found[4]]
    assert told(scan_archive(Archive("a", (f"{web}/none.xml", f"{web}/b.xml"))))[:2] == [
        "unreadable",
        "PMC1",
    ]


def write_large(path: Path) -> None:
    """Five articles that hardly shrink, in the kind of file that the name tells."""
    noise = np.random.default_rng(0)
    parts = [article(n, noise.bytes(600_000).hex().encode()) for n in range(1, 6)]
    data = bulk(*parts)
    if ".tar" in path.name:
        data = tar_of({f"{number}.xml": part for number, part in enumerate(parts)}, "w")
    path.write_bytes(gzip.compress(data, 1) if path.name.endswith(".gz") else data)


@pytest.mark.parametrize("name", ["a.xml.gz", "a.xml", "a.tar", "a.tar.gz"])
def test_web_server_is_asked_for_what_is_needed(name, tmp_path):
    """A chunk's reader does not fetch what stands before the chunk, where the server lets it."""
    write_large(tmp_path / name)
    points = Points()
    with served(WithRanges, tmp_path) as address:
        found = list(scan_archive(Archive("a", (f"{address}/{name}",))))
        WithRanges.asked.clear()
        for number in range(5):
            assert list(read_articles([found[number].range], points)) == [found[number]]
    starts = [int(asked[6:-1]) for asked in WithRanges.asked if asked]
    assert len(starts) >= 3
    size = (tmp_path / name).stat().st_size
    assert starts == sorted(starts)
    assert starts[-1] > size / 2


@pytest.mark.parametrize("name", ["a.xml.gz", "a.xml", "a.tar", "a.tar.gz"])
def test_web_server_that_promises_too_much(name, tmp_path):
    """Where it sends the beginning instead of the range, that is passed over."""
    write_large(tmp_path / name)
    points = Points()
    with served(Boasting, tmp_path) as address:
        found = list(scan_archive(Archive("a", (f"{address}/{name}",))))
        for chosen in (found[:2], found[3:], found[::2], found[4:]):
            assert list(read_articles([each.range for each in chosen], points)) == chosen


@pytest.fixture
def silent(monkeypatch):
    """The address of a web server that takes requests and answers none."""
    monkeypatch.setattr(remote, "TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_silent_web_server_is_not_waited_for(silent):
    """Else a run would stand still for good."""
    with pytest.raises(requests.Timeout) as told:
        open_source(f"{silent}/a.xml.gz")
    assert remote.reason_of(told.value) == "the server does not answer"


def test_remote_source_is_tried_again(tmp_path, monkeypatch):
    """A remote source that does not open at once is tried again before it is given up."""
    (tmp_path / "a.xml").write_bytes(article(1))
    tries = []

    def flaky(uri):
        tries.append(uri)
        if uri.startswith("/"):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        if len(tries) < 3:
            raise ConnectionError("busy")
        return (tmp_path / "a.xml").open("rb")

    monkeypatch.setattr(files, "OPENING_WAITS", (0, 0))
    monkeypatch.setattr(files, "open_source", flaky)
    assert told(scan_archive(Archive("a", ("http://h/a.xml",)))) == ["PMC1"]
    tries.clear()
    assert told(scan_archive(Archive("a", ("/h/a.xml",)))) == ["unreadable"]
    assert len(tries) == 1, "a local file is not there: it is not waited for"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO])
@pytest.mark.parametrize("name", ["a.xml", "a.tar", "a.zip"])
def test_a_fault_of_the_machine_ends_the_run(number, name, tmp_path, monkeypatch):
    """It costs no article: when the machine is well again, all of them are there."""
    data = {"a.xml": article(1), "a.tar": tar_of({"a.xml": article(1)}, "w")}
    data["a.zip"] = zip_of({"a.xml": article(1)})
    path = tmp_path / name
    path.write_bytes(data[name])
    fault = OSError(number, os.strerror(number))

    class Failing(io.FileIO):
        def read(self, _: int | None = -1) -> bytes:
            raise fault

    def refuse(_: str) -> BinaryIO:
        raise fault

    for opening in (Failing, refuse):
        monkeypatch.setattr("transforms.archives.open_patiently", opening)
        with pytest.raises(UnreadableError, match=re.escape(os.strerror(number))) as caught:
            scan(path)
        assert str(path) in str(caught.value)


class Saying(Exception):  # noqa: N818 - it stands for those of several libraries
    """What a library tells of a server's answer."""

    def __init__(self, **told: object) -> None:
        super().__init__("no")
        vars(self).update(told)


def of_requests(status: int) -> Exception:
    """As requests tells an answer."""
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError("no", response=response)


def of_botocore(status: int) -> Exception:
    """As smart_open wraps what botocore tells."""
    wrapped = OSError("unable to access bucket")
    wrapped.__cause__ = Saying(response={"ResponseMetadata": {"HTTPStatusCode": status}})
    return wrapped


def of_google(status: int) -> Exception:
    """As Google's library tells it."""
    return Saying(code=status)


@pytest.mark.parametrize("library", [of_requests, of_botocore, of_google])
def test_only_what_a_server_refuses_for_good_is_a_reject(library, tmp_path, monkeypatch):
    """What may be there in an hour ends the run, which can go on: no article is given up."""
    (tmp_path / "b.xml").write_bytes(article(1))
    monkeypatch.setattr(files, "OPENING_WAITS", ())

    def answer(status: int) -> list[str]:
        def opening(uri: str) -> BinaryIO:
            if uri.startswith("s3://"):
                raise library(status)
            return (tmp_path / "b.xml").open("rb")

        monkeypatch.setattr(files, "open_source", opening)
        return told(scan_archive(Archive("a", ("s3://b/a.xml", str(tmp_path / "b.xml")))))

    for status in (401, 403, 404, 410):
        assert answer(status) == ["unreadable", "PMC1"]
    for status in (429, 500, 503):
        with pytest.raises(UnreadableError, match=r"s3://b/a\.xml cannot be opened now: "):
            answer(status)


@pytest.mark.parametrize("name", ["a.xml", "a.xml.gz", "a.tar.gz", "a.zip"])
def test_a_connection_that_breaks_off_is_told_with_the_address(name, tmp_path):
    """Neither is it damage of the file, nor an exception of some library."""
    data = {
        "a.xml": article(1),
        "a.xml.gz": gzip.compress(article(1)),
        "a.tar.gz": tar_of({"a.xml": article(1)}),
        "a.zip": zip_of({"a.xml": article(1)}),
    }
    (tmp_path / name).write_bytes(data[name])
    with served(Breaking, tmp_path) as address:
        url = f"{address}/{name}"
        with pytest.raises(UnreadableError) as caught:
            list(scan_archive(Archive("a", (url,))))
    assert str(caught.value) == f"{url}: the connection broke off"


@pytest.mark.parametrize("error", [ValueError("odd"), EOFError("odd"), Saying(), OSError("odd")])
def test_whatever_a_transport_raises_is_told_with_the_address(error, monkeypatch):
    """The same from the middle of a package, where some of them would mean damage."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(size) or self.fail()

        def fail(self) -> bytes:
            raise error

    stream = Failing(tar_of({"a.xml": article(1)}, "w")[:700])
    monkeypatch.setattr("transforms.archives.open_patiently", lambda _: stream)
    with pytest.raises(UnreadableError, match=r"^s3://b/a\.tar: (odd|no)$"):
        list(scan_archive(Archive("a", ("s3://b/a.tar",))))

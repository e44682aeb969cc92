"""Promises about what the user names: it is matched, each file once, or refused before any work."""

import functools
import gzip
import http.server
import os
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.job.inputs import (
    MAX_GROUPED_BYTES,
    InputError,
    InputFile,
    UnreachableError,
    group_archives,
    match_inputs,
)
from transforms import remote
from transforms.archives import read_articles, scan_archive
from transforms.records import SourceArticle

ARTICLE = b"<article><front/><body><p>TNF</p></body></article>"
BULK = b"<articles>\n" + b"\n".join([ARTICLE] * 3) + b"\n</articles>"
IN_FOLDER = ["1.xml", "2.nxml", "bulk.xml.gz", "pack.tar.gz"]
ALL_OF_RUN = ("articles/c.parquet", "bioc/5.xml", "jsonl/c.jsonl.gz", "receipts/c.json")
NAMES = ("1.xml", "2.nxml", "bulk.xml.gz", "notes.txt", "pack.tar.gz", ".hidden.xml")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with files, some in a folder inside."""
    for name in (*NAMES, "inner/3.xml", "inner/deep/4.xml", "empty/readme.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(BULK) if name.endswith("gz") else ARTICLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(files: Sequence[InputFile], start: object) -> list[str]:
    """The files' URIs, from a folder on."""
    return [file.uri.removeprefix(f"{start}/") for file in files]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["1.xml"], ["1.xml"]),
        (["notes.txt"], ["notes.txt"]),
        (["."], ["1.xml", "2.nxml", "bulk.xml.gz", "pack.tar.gz"]),
        (["./inner/"], ["inner/3.xml"]),
        (["*.xml", "./1.xml", "inner/../1.xml"], ["1.xml"]),
        (["**/*.xml"], ["1.xml", "inner/3.xml", "inner/deep/4.xml"]),
        (["inner/**"], ["inner/3.xml", "inner/deep/4.xml"]),
        (["[12].*xml", "inner/?.xml"], ["1.xml", "2.nxml", "inner/3.xml"]),
        (["@list.txt"], ["1.xml", "inner/3.xml"]),
    ],
)
def test_local_patterns(folder, patterns, expected):
    """Paths, folders, globs and lists give absolute paths with sizes, each once, sorted."""
    (folder / "list.txt").write_text("# ours\n1.xml\n\n  inner/*.xml  \n1.xml\n")
    files = match_inputs(patterns)
    assert names(files, folder) == expected
    assert all(Path(file.uri).stat().st_size == file.size for file in files)


@pytest.fixture
def with_output(folder):
    """The folder with the output of a run in it, and what was made of that."""
    names = ("run.json", "receipts/c.json", "articles/c.parquet", "jsonl/c.jsonl.gz", "bioc/5.xml")
    for name in names:
        path = folder / "inner/out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ARTICLE)
    return folder


@pytest.mark.parametrize(
    ("pattern", "expected", "notes"),
    [
        ("inner/**", ["inner/3.xml", "inner/deep/4.xml"], ["5 files ("]),
        ("inner/**/*.xml", ["inner/3.xml", "inner/deep/4.xml"], ["bioc/5.xml passed over"]),
        ("**/*", [*IN_FOLDER, "inner/3.xml", "inner/deep/4.xml"], ["5 files (", "2 files ("]),
        (".", IN_FOLDER, ["notes.txt passed over"]),
        ("notes.txt", ["notes.txt"], ["@notes.txt reads the paths in it"]),
        ("inner/out/bioc", ["inner/out/bioc/5.xml"], []),
        ("inner/out/bioc/**", ["inner/out/bioc/5.xml"], []),
        ("inner/out/*/*", [f"inner/out/{name}" for name in ALL_OF_RUN], []),
    ],
)
def test_what_nobody_named_is_input_only_if_it_looks_like_it(with_output, pattern, expected, notes):
    """An earlier run's output, and files with other names, are passed over, and that is said."""
    said = []
    found = names(match_inputs([pattern], note=said.append), with_output)
    assert found == sorted(expected)
    assert len(said) == len(notes)
    assert all(part in line for part, line in zip(notes, said, strict=True))


@pytest.mark.usefixtures("with_output")
def test_nothing_that_looks_like_input():
    """Then a pattern is refused, with what to do."""
    for pattern in ("inner/out/**", "**/*.txt", "**/*.gz.txt"):
        with pytest.raises(InputError, match=r"no file matches|name such files"):
            match_inputs([pattern])


def test_odd_names(folder):
    """A file that exists is meant by its name, whatever a glob would make of it."""
    odd = ["a[1].xml", "b *.xml", "c?.xml", "d#e%20.xml", "é.xml"]
    for name in odd:
        (folder / name).write_bytes(ARTICLE)
    files = match_inputs([*odd, f"file://{folder}/1.xml"])
    assert sorted(names(files, folder)) == sorted([*odd, "1.xml"])
    found = [each for archive in group_archives(files) for each in scan_archive(archive)]
    assert len(found) == 6
    assert all(isinstance(each, SourceArticle) for each in found)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("none.xml", "none.xml"),
        (" ", "an empty name"),
        ("no*.xml", "no file matches"),
        ("empty", "holds no file"),
        ("@none.txt", "cannot be read"),
        ("@empty/readme.md", "names no input"),
        ("foo://bucket/a.xml", "foo://bucket/a.xml"),
        ("http://127.0.0.1:9/a.xml", "cannot be read"),
    ],
)
def test_nothing_matches(folder, pattern, message):
    """A pattern that names nothing is an error of one line, also beside others that do."""
    (folder / "empty/readme.md").write_text("# nothing\n")
    with pytest.raises((InputError, UnreachableError), match=message) as caught:
        match_inputs(["1.xml", pattern])
    assert "\n" not in str(caught.value)


def test_server_that_does_not_answer_is_told_apart(monkeypatch):
    """The input may be there."""
    with pytest.raises(UnreachableError, match="no connection to the server"):
        match_inputs(["http://127.0.0.1:9/a.xml"])
    monkeypatch.setattr("pipeline.job.inputs.TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a.xml"
        with pytest.raises(UnreachableError, match="the server does not answer"):
            match_inputs([url])


class TestArchives:
    """Files become archives."""

    def test_small_files_of_a_folder_are_one_archive(self, folder):
        """Bulk files stand alone; the small plain ones of a folder are read together."""
        grouped = group_archives(match_inputs([".", "**/*.xml"]))
        shown = [
            (archive.name.rpartition("-")[0], [Path(uri).name for uri in archive.uris])
            for archive in grouped
        ]
        assert shown == [
            (folder.name, ["1.xml", "2.nxml"]),
            ("bulk", ["bulk.xml.gz"]),
            ("inner", ["3.xml"]),
            ("deep", ["4.xml"]),
            ("pack", ["pack.tar.gz"]),
        ]

    def test_every_file_is_in_one_archive(self):
        """No file is lost, though its folder is named before and after a folder inside it."""
        uris = ["/a/b.xml", "/a/b/c.xml", "/a/c.xml", "/a/b/c.xml.gz", "/a/b.zip"]
        archives = group_archives([InputFile(uri, 1) for uri in uris])
        assert sorted(uri for archive in archives for uri in archive.uris) == sorted(uris)
        assert len({archive.name for archive in archives}) == len(archives)

    def test_an_archive_stays_the_same_beside_others(self):
        """More inputs change no archive's name, and equal file names do not clash."""
        one, other = InputFile("/x/PMC1_PMC9.xml.gz", 5), InputFile("/y/PMC1_PMC9.xml.gz", 5)
        [alone] = group_archives([one])
        both = group_archives([other, one])
        assert alone in both
        assert len({archive.name for archive in both}) == 2
        assert alone.name.startswith("PMC1_PMC9-")

    @pytest.mark.parametrize(
        "uri", ["/a/b c;&$.xml.gz", "http://h/p/a.xml.gz?x=/../y", "s3://b/ü/.xml.gz", "/x/..."]
    )
    def test_names_are_safe(self, uri):
        """An archive's name is a safe file name."""
        [archive] = group_archives([InputFile(uri, None)])
        assert set(archive.name) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
        )
        assert not archive.name.startswith((".", "-"))

    def test_large_plain_files_stand_alone(self):
        """A plain file is read alone when it is large, or when nobody knows how large it is."""
        files = [
            InputFile("/a/1.xml", MAX_GROUPED_BYTES + 1),
            InputFile("/a/2.xml", None),
            InputFile("/a/3.xml", 1),
            InputFile("/a/4.xml", 1),
        ]
        assert [len(archive.uris) for archive in group_archives(files)] == [1, 1, 2]


@pytest.fixture
def web(folder):
    """The folder on a web server."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_http(web):
    """A URL is one file, of the size that the server says; a missing one is an error."""
    files = match_inputs([f"{web}/1.xml", f"{web}/bulk.xml.gz"])
    assert files[0] == InputFile(f"{web}/1.xml", len(ARTICLE))
    found = [each for archive in group_archives(files) for each in scan_archive(archive)]
    assert [each.xml for each in found if isinstance(each, SourceArticle)] == [ARTICLE] * 4
    with pytest.raises(InputError, match="404"):
        match_inputs([f"{web}/none.xml"])


@pytest.fixture
def bucket(s3):
    """An S3 bucket on this machine, with files."""
    s3.create_bucket(Bucket="corpus")
    for name in (*NAMES, "inner/3.xml"):
        data = gzip.compress(BULK) if name.endswith("gz") else ARTICLE
        s3.put_object(Bucket="corpus", Key=f"oa/{name}", Body=data)
    padding = b"<!-- %s -->" % (b"x" * 4_000_000)
    s3.put_object(Bucket="corpus", Key="large.xml", Body=ARTICLE + padding + ARTICLE)
    return "s3://corpus"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("oa/1.xml", ["oa/1.xml"]),
        ("oa/*.gz", ["oa/bulk.xml.gz", "oa/pack.tar.gz"]),
        ("oa/[0-1].xml", ["oa/1.xml"]),
        ("oa/[!1].?xml", ["oa/2.nxml"]),
        ("*/*/3.xml", ["oa/inner/3.xml"]),
        ("oa/", ["oa/1.xml", "oa/2.nxml", "oa/bulk.xml.gz", "oa/pack.tar.gz"]),
        ("oa", ["oa/1.xml", "oa/2.nxml", "oa/bulk.xml.gz", "oa/pack.tar.gz"]),
        ("**/3.xml", ["oa/inner/3.xml"]),
        ("oa/**", ["oa/1.xml", "oa/2.nxml", "oa/bulk.xml.gz", "oa/inner/3.xml", "oa/pack.tar.gz"]),
    ],
)
def test_s3_patterns(bucket, pattern, expected):
    """Objects, folders and globs in a bucket are matched like files; a bucket is a folder."""
    assert names(match_inputs([f"{bucket}/{pattern}"]), bucket) == expected
    assert names(match_inputs([bucket]), bucket) == ["large.xml"]


def test_s3_articles(bucket):
    """Articles in a bucket are found, and read again from their places."""
    files = match_inputs([f"{bucket}/oa/1.xml", f"{bucket}/oa/bulk.xml.gz", f"{bucket}/large.xml"])
    assert [file.size for file in files][1:] == [len(ARTICLE), len(gzip.compress(BULK))]
    found = [each for archive in group_archives(files) for each in scan_archive(archive)]
    whole = [each for each in found if isinstance(each, SourceArticle)]
    assert len(whole) == len(found) == 6
    assert list(read_articles([each.range for each in whole])) == whole
    far = [each for each in whole if each.range.start_byte > 4_000_000]
    assert list(read_articles([each.range for each in far])) == far
    with pytest.raises(InputError, match="no file matches"):
        match_inputs([f"{bucket}/none/*.xml"])
    with pytest.raises(InputError, match="hdfs:// is unknown; buckets are s3://, gs://"):
        match_inputs(["hdfs://name/a.xml"])
    with pytest.raises(InputError, match=r"\(NoSuchBucket\) when calling"):
        match_inputs(["s3://no-such-bucket/a.xml"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "Unable to locate credentials"),
        ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found"),
    ],
)
def test_s3_without_credentials_is_told_at_once(settings, said, tmp_path, monkeypatch):
    """Beam would try for minutes, without a word."""
    pytest.importorskip("boto3", reason="S3 is NOT TESTED: install boto3")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nowhere = str(tmp_path / "nowhere")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    remote.s3_client.cache_clear()
    with pytest.raises(InputError) as caught:
        match_inputs(["s3://corpus/a.xml"])
    remote.s3_client.cache_clear()
    assert str(caught.value) == f"s3://corpus/a.xml cannot be matched: {said}"


def test_a_list_may_begin_with_a_byte_order_mark(tmp_path):
    """As Windows writes it."""
    (tmp_path / "a.xml").write_text("<article/>")
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'a.xml'}\n", encoding="utf-8-sig")
    [found] = match_inputs([f"@{tmp_path / 'list.txt'}"])
    assert found.uri == str(tmp_path / "a.xml")


def test_a_name_that_is_no_utf8_is_refused_in_words(tmp_path):
    """No table can hold it."""
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.xml")).write_text("<article/>")
    except OSError:
        pytest.skip("this file system takes no such name")
    with pytest.raises(InputError, match=r"caf\\xe9\.xml: the name is no UTF-8; rename the file"):
        match_inputs([str(tmp_path)])


class HTTPClientError(Exception):
    """Stands for botocore's, the base of those without an answer: known by its name."""


class Answer(Exception):  # noqa: N818 - it stands for those of several libraries
    """What a library tells of a server's answer."""

    def __init__(self, **told: object) -> None:
        super().__init__("no")
        vars(self).update(told)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (HTTPClientError("Could not connect to the endpoint URL"), UnreachableError),
        (Answer(response={"ResponseMetadata": {"HTTPStatusCode": 503}}), UnreachableError),
        (Answer(response={"ResponseMetadata": {"HTTPStatusCode": 403}}), InputError),
        (Answer(code=500), UnreachableError),
        (Answer(code=404), InputError),
    ],
)
def test_store_that_is_away_is_no_wrong_use(error, kind, monkeypatch):
    """Whoever starts the same command later may have more luck."""

    class Away:
        def sizes(self, *_: str) -> dict[str, int]:
            raise error

    monkeypatch.setattr("pipeline.job.inputs.bucket_of", lambda _: Away())
    monkeypatch.setattr("pipeline.output.storage.bucket_problem", lambda _: "")
    with pytest.raises(kind, match=r"^s3://b/a\.xml cannot be matched: "):
        match_inputs(["s3://b/a.xml"])

"""From a bucket to a bucket of Google's, over its real protocol, as a console leaves them."""

from pathlib import Path

import pytest

from models.model import load_model
from pipeline.__main__ import main
from pipeline.output import storage
from tests.articles import article, files, write_archive

BUCKET = "library"


@pytest.fixture(scope="module")
def bucket(gs):
    """A bucket that holds nothing but the marks of two folders."""
    bucket = gs.create_bucket(BUCKET)
    for folder in ("oa/", "whole/"):
        bucket.blob(folder).upload_from_string(b"")
    return bucket


@pytest.fixture(scope="module")
def corpus(bucket, tmp_path_factory):
    """Two bulk archives in the one folder, of several chunks and of one."""
    folder = tmp_path_factory.mktemp("corpus")
    padded = [article(n, paragraphs=10, padding=150_000) for n in range(1, 31)]
    for number, articles in enumerate((padded[:25], padded[25:])):
        path = write_archive(folder / f"{number}.xml.gz", articles)
        bucket.blob(f"oa/{path.name}").upload_from_filename(str(path))
    return f"gs://{BUCKET}/oa/*"


def annotate(corpus: str, output: str | Path, model: str, *flags: str) -> int:
    """Runs the job; returns its exit code."""
    command = ["annotate", "--input", corpus, "--output", str(output), "--model", model]
    return main([*command, "--quiet", *flags])


@pytest.fixture(scope="module")
def whole(corpus, tiny):
    """The output of a run into a folder that a console has made."""
    output = f"gs://{BUCKET}/whole"
    assert annotate(corpus, output, tiny) == 0
    return output


def objects(bucket, output: str) -> dict[str, bytes]:
    """Every object of an output but ``run.json``, which tells times, and a folder's mark."""
    prefix = output.removeprefix(f"gs://{BUCKET}/") + "/"
    return {
        name: blob.download_as_bytes()
        for blob in bucket.list_blobs(prefix=prefix)
        if (name := blob.name.removeprefix(prefix)) not in ("", "run.json")
    }


def test_objects_are_the_files_of_a_local_output(bucket, corpus, whole, tiny, tmp_path):
    """Where the output stands does not show in it."""
    assert annotate(corpus, tmp_path, tiny) == 0
    assert files(tmp_path) == objects(bucket, whole)
    assert len(objects(bucket, whole)) > 20
    assert main(["verify", whole]) == 0


def test_a_lost_object_is_made_again(bucket, corpus, whole, tiny):
    """And nothing else."""
    before = objects(bucket, whole)
    lost = next(name for name in before if name.startswith("annotations/"))
    storage.delete([f"{whole}/{lost}", f"{whole}/{lost}"])
    assert storage.read(f"{whole}/{lost}") is None
    assert annotate(corpus, whole, tiny) == 0
    assert objects(bucket, whole) == before


def test_names_that_would_be_patterns_are_names(bucket, corpus, whole, tiny):
    """In the output's."""
    output = f"gs://{BUCKET}/out[1]*"
    assert annotate(corpus, output, tiny) == 0
    assert objects(bucket, output) == objects(bucket, whole)


def test_model_folder_is_fetched(bucket, tiny, tmp_path, monkeypatch):
    """With the files that it has; those that it may have are not missed."""
    monkeypatch.setenv("ANNOTATION_CACHE", str(tmp_path))
    for path in Path(tiny).iterdir():
        bucket.blob(f"models/tiny/{path.name}").upload_from_filename(str(path))
    fetched = load_model(f"gs://{BUCKET}/models/tiny")
    assert fetched.fingerprint == load_model(tiny).fingerprint


@pytest.mark.parametrize(
    ("place", "code"), [("oa/*.nxml", 2), ("nowhere/", 2)], ids=["pattern", "folder"]
)
@pytest.mark.usefixtures("bucket")
def test_what_matches_nothing_is_told_before_any_work(place, code, tiny, tmp_path, capsys):
    """By its name."""
    assert annotate(f"gs://{BUCKET}/{place}", tmp_path / "out", tiny) == code
    assert f"gs://{BUCKET}/{place}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_output_in_no_bucket_is_told(corpus, tiny, capsys):
    """It cannot be listed, and nothing is done."""
    assert annotate(corpus, "gs://missing/out", tiny) == 1
    assert "gs://missing/out" in capsys.readouterr().err

"""From a bucket to a bucket, over a real S3 protocol: nothing is lost there either."""

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.output import storage
from tests.articles import TESTS, article, files, write_archive

BUCKET = "library"


@pytest.fixture(scope="module")
def bucket(s3):
    """An empty bucket."""
    s3.create_bucket(Bucket=BUCKET)
    return f"s3://{BUCKET}"


@pytest.fixture(scope="module")
def corpus(s3, bucket, tmp_path_factory):
    """A pattern that two bulk archives match, with a reject between them."""
    folder = tmp_path_factory.mktemp("corpus")
    padded = [article(n, paragraphs=10, padding=150_000) for n in range(1, 41)]
    archives = [(*padded[:30], "<article><p></article>"), padded[30:]]
    for number, articles in enumerate(archives):
        path = write_archive(folder / f"{number}.xml.gz", articles)
        s3.upload_file(str(path), BUCKET, f"oa/{path.name}")
    return f"{bucket}/oa/*.xml.gz"


def _command(corpus, output, tiny):
    flags = ["--input", corpus, "--output", str(output), "--model", tiny, "--threads", "2"]
    return ["annotate", *flags, "--max-reject-rate", "0.1", "--quiet"]


@pytest.fixture(scope="module")
def whole(corpus, tiny, bucket):
    """The output of a run never stopped."""
    assert main(_command(corpus, f"{bucket}/whole", tiny)) == 0
    return f"{bucket}/whole"


def objects(s3, output: str) -> dict[str, bytes]:
    """Every object of an output but ``run.json``, which tells times."""
    prefix = output.removeprefix(f"s3://{BUCKET}/") + "/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
    return {
        key.removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        for key in keys
        if not key.endswith("/run.json")
    }


def test_objects_are_the_files_of_a_local_output(s3, corpus, whole, tiny, tmp_path):
    """Where the output stands does not show in it."""
    assert main(_command(corpus, tmp_path, tiny)) == 0
    assert files(tmp_path) == objects(s3, whole)
    assert len(files(tmp_path)) > 40


def test_same_run_again_changes_nothing(s3, corpus, whole, tiny):
    """The second run finds everything committed."""
    pages = s3.list_objects_v2(Bucket=BUCKET, Prefix="whole/")["Contents"]
    before = {each["Key"]: each["LastModified"] for each in pages}
    time.sleep(1)  # the server tells whole seconds
    assert main(_command(corpus, whole, tiny)) == 0
    pages = s3.list_objects_v2(Bucket=BUCKET, Prefix="whole/")["Contents"]
    changed = {each["Key"] for each in pages if before.pop(each["Key"]) < each["LastModified"]}
    assert not before
    assert all(key == "whole/run.json" or key.startswith("whole/plan/") for key in changed)


def test_killed_and_restarted_equals_never_killed(s3, bucket, corpus, whole, tiny):
    """SIGKILL as soon as something is committed, three times."""
    output = f"{bucket}/killed"
    for _ in range(3):
        before = len(storage.sizes(f"{output}/receipts"))
        job = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *_command(corpus, output, tiny)], cwd=TESTS.parent
        )
        while job.poll() is None and len(storage.sizes(f"{output}/receipts")) == before:
            time.sleep(0.05)
        job.send_signal(signal.SIGKILL)
        job.wait()
    assert len(storage.sizes(f"{output}/receipts")) >= 3
    assert main(_command(corpus, output, tiny)) == 0
    assert objects(s3, output) == objects(s3, whole)
    assert main(["verify", output]) == 0


def test_annotation_is_found_in_its_xml(s3, whole, capsys):
    """Table and source are read where they are."""
    tables = [data for path, data in objects(s3, whole).items() if path.startswith("annotations/")]
    row = pq.read_table(io.BytesIO(tables[0])).to_pylist()[0]
    assert main(["resolve", whole, row["annotation_id"]]) == 0
    assert f"[[{row['exact']}]]" in capsys.readouterr().out


def test_damaged_and_changed(s3, bucket, corpus, tiny, capsys):
    """Lost shards are made again, other options refused, and an old output overwritten."""
    output = f"{bucket}/changed"
    assert main(_command(corpus, output, tiny)) == 0
    before = objects(s3, output)
    [*_, shard] = [path for path in before if path.startswith("sentences/")]
    storage.delete([storage.join(output, shard), f"{output}/never/was"])
    assert main(["verify", output]) == 1
    assert main(_command(corpus, output, tiny)) == 0
    assert objects(s3, output) == before

    capsys.readouterr()
    assert main([*_command(corpus, output, tiny), "--aggregation", "max"]) == 2
    assert "aggregation" in capsys.readouterr().err
    assert objects(s3, output) == before
    assert main([*_command(corpus, output, tiny), "--aggregation", "max", "--overwrite"]) == 0
    assert json.loads(storage.read(f"{output}/run.json"))["state"] == "complete"
    assert main(["verify", output]) == 0


def test_update(s3, bucket, tiny, tmp_path):
    """Rows are kept, moved and dropped in a bucket as on a disk."""
    for folder, numbers in (("new", (1, 3, 4)), ("old", (1, 2, 3))):
        path = write_archive(tmp_path / "a.xml.gz", map(article, numbers))
        s3.upload_file(str(path), BUCKET, f"{folder}/a.xml.gz")
    source, output = f"{bucket}/live/a.xml.gz", f"{bucket}/updated"
    for folder, flags in (("old", []), ("new", ["--update"])):
        s3.copy({"Bucket": BUCKET, "Key": f"{folder}/a.xml.gz"}, BUCKET, "live/a.xml.gz")
        assert main([*_command(source, output, tiny), *flags]) == 0
    run = json.loads(storage.read(f"{output}/run.json"))
    assert run["update"] == {"annotated": 1, "dropped": 1, "kept": 2}
    assert main(["verify", output]) == 0
    fresh = f"{bucket}/fresh"
    assert main(_command(source, fresh, tiny)) == 0
    assert objects(s3, output) == objects(s3, fresh)


def test_bucket_that_is_not_there_is_one_clear_line(bucket, corpus, tiny, capsys):
    """In no time, and with its name."""
    assert main(_command(corpus, "s3://nowhere/out", tiny)) == 1
    error = capsys.readouterr().err
    assert "s3://nowhere/out" in error
    assert len(error.splitlines()) == 1
    assert main(["verify", f"{bucket}/empty"]) != 0
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_storage(bucket):
    """What the job asks of a folder, asked of a bucket."""
    folder = f"{bucket}/some folder/ü"
    assert storage.sizes(folder) == {}
    assert storage.read(f"{folder}/a") is None
    content = {"a.json": b"a", "b.json": b"b" * 9, "c.gz": b"\x1f\x8b" * 4_000_000}
    for name, data in content.items():
        storage.write(f"{folder}/{name}", data)
    storage.write(f"{folder}/inner/d.json", b"d")
    assert storage.sizes(folder) == {name: len(data) for name, data in content.items()}
    assert storage.sizes(folder, "b.json") == {"b.json": 9}
    for name, data in content.items():
        assert storage.read(f"{folder}/{name}") == data
    storage.write(f"{folder}/a.json", b"new")
    assert storage.read(f"{folder}/a.json") == b"new"
    storage.delete([f"{folder}/a.json", f"{folder}/a.json"])
    assert sorted(storage.sizes(folder)) == ["b.json", "c.gz"]
    assert storage.absolute(f"{folder}/") == folder
    assert Path(storage.absolute("out")).is_absolute()

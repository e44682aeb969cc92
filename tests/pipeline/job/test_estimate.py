"""What a run would take, told before it."""

import io
import tarfile
from typing import BinaryIO

import numpy as np
import pytest

from pipeline.__main__ import main
from pipeline.job.estimate import Cost, Extent, look_through, measure
from pipeline.job.inputs import match_inputs
from tests.articles import article, write_archive
from transforms.archives.files import open_source


def test_estimate_tells_articles_time_memory_and_cost(samples, tiny, capsys):
    """Twelve articles, all of them counted."""
    command = ["estimate", "--input", str(samples), "--model", tiny, "--sample", "3"]
    assert main([*command, "--price", "0.05"]) == 0
    told = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert told["articles"].startswith("12 ")
    assert "tokens" in told["an"]
    amount, unit = told["time"].split()[:2]
    assert float(amount) > 0
    assert unit in ("seconds", "minutes")
    assert "with 1 workers" in told["time"]
    assert "fits into 1,024 MB" in told["memory"]
    assert "a million articles" in told["cost"]


def test_archives_not_read_are_expected_to_be_like_those_read(samples):
    """By their size."""
    found = look_through(match_inputs([str(samples)]))
    assert found.expected == 12
    assert found.bytes_read == found.bytes_all
    assert Extent(found.articles, 1, 4, found.bytes_read, 3 * found.bytes_read).expected == 36
    assert Extent(found.articles, 1, 4, 0, 0).expected == 48, "a server that tells no sizes"


def test_an_archive_is_opened_once_for_all_its_sample(tiny, tmp_path, monkeypatch):
    """It may have to be fetched from its beginning each time."""
    source = str(write_archive(tmp_path / "a.xml.gz", map(article, range(1, 7))))
    found = look_through(match_inputs([source]))
    opened = []

    def opening(uri: str) -> BinaryIO:
        opened.append(uri)
        return open_source(uri)

    monkeypatch.setattr("transforms.archives.open_patiently", opening)
    assert measure(found.articles, tiny, 4, 1).tokens > 0
    assert opened == [source]


def test_files_without_an_article_are_told(tiny, tmp_path, capsys):
    """How many, which and why; also where nothing else is left to estimate by."""
    good = write_archive(tmp_path / "a.xml.gz", [article(1)])
    bad = tmp_path / "b.xml.gz"
    bad.write_bytes(b"no gzip")
    command = ["estimate", "--model", tiny, "--input", str(bad)]
    assert main([*command, str(good)]) == 0
    said = capsys.readouterr().err
    assert said.startswith("note: 1 of 2 files that were looked through hold no article")
    assert f": {bad}: " in said
    assert main(command) == 1
    assert capsys.readouterr().err.startswith(
        f"error: no article in the files that were looked through: {bad}: "
    )


def test_many_small_files_are_looked_through_for_a_limited_time(tmp_path, monkeypatch):
    """Also those of one folder, which are one archive."""
    for number in range(8):
        (tmp_path / f"{number}.xml").write_text(article(number))
    monkeypatch.setattr("pipeline.job.estimate.PLAN_SECONDS", 0)
    found = look_through(match_inputs([str(tmp_path)]))
    assert len(found.articles) == 1
    assert found.expected == 8
    assert not found.is_whole


@pytest.mark.parametrize("name", ["a.xml", "a.xml.gz", "a.tar.gz"])
def test_a_large_archive_is_read_in_part(name, tmp_path, monkeypatch):
    """Its articles are expected by the part of its bytes that was read."""
    noise = np.random.default_rng(0)
    texts = [article(n).replace("Of mice", noise.bytes(500_000).hex()) for n in range(12)]
    path = tmp_path / name
    if name == "a.xml":
        path.write_text(f"<articles>{''.join(texts)}</articles>")
    elif name == "a.xml.gz":
        write_archive(path, texts)
    else:
        with tarfile.open(path, "w:gz") as package:
            for number, text in enumerate(texts):
                member = tarfile.TarInfo(f"{number}.xml")
                member.size = len(text.encode())
                package.addfile(member, io.BytesIO(text.encode()))
    files = match_inputs([str(path)])
    assert look_through(files).expected == 12
    monkeypatch.setattr("pipeline.job.estimate.PLAN_SECONDS", 0)
    found = look_through(files)
    assert len(found.articles) == 1
    assert 6 <= found.expected <= 18


def test_memory_that_does_not_fit_is_told(samples, tiny, monkeypatch, capsys):
    """A model of two gigabytes on a worker of one."""
    cost = Cost(1.0, 2, 0.5, 10, 1, 2 << 30)
    monkeypatch.setattr("pipeline.job.estimate.measure", lambda *_: cost)
    assert main(["estimate", "--input", str(samples), "--model", tiny]) == 0
    assert "DOES NOT FIT" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", ["--input nowhere", "--model nothing"])
def test_wrong_use_is_one_line(wrong, samples, capsys):
    """Exit code 2."""
    assert main(["estimate", "--input", str(samples), *wrong.split()]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1

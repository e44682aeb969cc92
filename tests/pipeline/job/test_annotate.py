"""The whole job, from files to files."""

import gzip
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from apache_beam.runners.portability.fn_api_runner import worker_handlers
from apache_beam.runners.worker import data_plane

from pipeline.__main__ import main
from pipeline.job.summary import duckdb_command
from tests.articles import TESTS, article, files, write_archive
from transforms.tables import TABLES


def _rows(output: Path, table: str) -> list[dict]:
    return [
        row
        for path in sorted((output / table).iterdir())
        for row in pq.read_table(path).to_pylist()
    ]


def test_every_article_is_annotated_or_rejected_once(done):
    """Eleven good articles and a broken one, with a sub-article and a response."""
    ids = [row["article_id"] for row in _rows(done, "articles")]
    assert len(ids) == len(set(ids)) == 13
    assert {"PMC9900007", "PMC9900007#sa1", "PMC9900007#sa2"} < set(ids)
    [reject] = _rows(done, "rejects")
    assert (reject["article_id"], reject["stage"]) == ("PMC9900004", "parse")
    run = json.loads((done / "run.json").read_text())
    assert run["state"] == "complete"
    assert run["reconciliation"] == {
        "planned": 12,
        "annotated": 11,
        "rejected": 1,
        "duplicates": 0,
        "missing": 0,
    }


def test_all_promises_hold(done):
    """What the job writes, verify accepts."""
    assert main(["verify", str(done)]) == 0


def test_tables_have_one_schema(done):
    """Also where there is no row."""
    for table in TABLES:
        for path in (done / table.name).iterdir():
            assert pq.read_schema(path).equals(table.schema)


def test_json_lines_say_what_the_tables_say(done):
    """One line per article, its annotations as in the table."""
    lines = [
        json.loads(line)
        for path in sorted((done / "jsonl").iterdir())
        for line in gzip.decompress(path.read_bytes()).decode().split("\n")
        if line
    ]
    assert [line["article_id"] for line in lines] == [
        row["article_id"] for row in _rows(done, "articles")
    ]
    assert [row for line in lines for row in line["annotations"]] == _rows(done, "annotations")


@pytest.mark.parametrize(
    "name",
    ["out", "a b", "it's", 'a"b', '"""', "$HOME", "`id`", "[1]", "a*?", "a;b&c#d!", "é\n"],
)
def test_printed_query_works(done, tmp_path, name):
    """The one-liner of the summary, as a user would paste it, whatever the folder's name."""
    (tmp_path / name).symlink_to(done)
    command = ["sh", "-c", duckdb_command(str(tmp_path / name))]
    shown = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "│" in shown.stdout


def test_what_is_no_archive_by_name_is_passed_over_with_a_note(annotate, tmp_path, capsys):
    """In a folder; the same file by its own name is read, and rejected."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    (tmp_path / "notes.txt").write_text("Mice.")
    assert annotate(tmp_path, tmp_path / "out") == 0
    assert f"note: {tmp_path}: {tmp_path}/notes.txt passed over" in capsys.readouterr().err
    assert annotate(tmp_path / "**", tmp_path / "again") == 0
    assert "of the output of a run" in capsys.readouterr().err
    named = [source, tmp_path / "notes.txt"]
    assert annotate(named, tmp_path / "named", "--max-reject-rate", "0.5") == 0
    assert "passed over" not in capsys.readouterr().err


def test_same_run_again_changes_nothing(samples, done, tiny):
    """The second run finds everything committed."""
    before = files(done)
    flags = ["--model", tiny, "--max-reject-rate", "0.1"]
    assert main(["annotate", "--input", str(samples), "--output", str(done), *flags]) == 0
    assert files(done) == before


@pytest.mark.parametrize("flags", [["--threads", "1"], ["--workers", "2"]], ids=" ".join)
def test_same_bytes_from_threads_and_processes(flags, tiny, tmp_path):
    """Who did the work does not show in the files."""
    source = write_archive(
        tmp_path / "a.xml.gz", (article(n, padding=200_000) for n in range(1, 25))
    )
    outputs = []
    for number, own in enumerate(([], flags)):
        outputs.append(tmp_path / str(number))
        command = ["annotate", "--input", str(source), "--output", str(outputs[-1])]
        subprocess.run(
            [sys.executable, "-m", "pipeline", *command, "--model", tiny, "--quiet", *own],
            check=True,
            cwd=TESTS.parent,
        )
    assert len(list((outputs[0] / "receipts").iterdir())) > 3
    assert files(outputs[0]) == files(outputs[1])


def test_folder_of_the_users_does_not_stand_in_for_ours_in_workers(tiny, tmp_path):
    """Nor a module of his for one of Python's own."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    for name in ("models", "transforms", "pipeline"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    command = ["annotate", "--input", str(source), "--output", "out", "--model", tiny, "--workers"]
    launch = f"import runpy, sys; sys.path[0] = {str(TESTS.parent)!r}; " + (
        "runpy.run_module('pipeline', run_name='__main__', alter_sys=True)"
    )
    subprocess.run([sys.executable, "-c", launch, *command, "2"], check=True, cwd=tmp_path)
    assert len(_rows(tmp_path / "out", "articles")) == 1


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_only_what_would_be_printed(closed, tiny, tmp_path):
    """Some schedulers and daemons start their jobs so."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    command = [sys.executable, "-m", "pipeline", "annotate", "--input", str(source)]
    command += ["--output", str(tmp_path / "out"), "--model", tiny]
    subprocess.run(["sh", "-c", f"{shlex.join(command)} {closed}"], check=True, cwd=TESTS.parent)
    assert main(["verify", str(tmp_path / "out")]) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_full_disk_under_what_is_printed_is_told():
    """Once, also where all of it waits to be printed until the end."""
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        listed = subprocess.run(
            [sys.executable, "-m", "pipeline", "models", "list"],
            cwd=TESTS.parent,
            env=buffered,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert listed.returncode == 1
    assert listed.stderr == "error: what was found cannot be printed: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_full_disk_under_the_summary_is_told(tiny, tmp_path):
    """And is no failure of the run."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    command = [sys.executable, "-m", "pipeline", "annotate", "--input", str(source)]
    command += ["--output", str(tmp_path / "out"), "--model", tiny]
    with Path("/dev/full").open("w") as full:
        job = subprocess.run(
            command, cwd=TESTS.parent, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert job.returncode == 1
    assert job.stderr == ("error: what was found cannot be printed: No space left on device\n")
    assert main(["verify", str(tmp_path / "out")]) == 0


def test_duplicate_is_annotated_once_and_counted(annotate, tmp_path):
    """The same bytes under the same id; other bytes under the same id are annotated too."""
    write_archive(tmp_path / "a.xml.gz", [article(1), article(2), article(1)])
    write_archive(tmp_path / "b.xml.gz", [article(2), article(2, paragraphs=1)])
    output = tmp_path / "out"
    assert annotate([tmp_path / "a.xml.gz", tmp_path / "b.xml.gz"], output) == 0
    ids = [row["article_id"] for row in _rows(output, "articles")]
    assert sorted(ids) == ["PMC1", "PMC2", "PMC2"]
    rejects = _rows(output, "rejects")
    assert [reject["reason"] for reject in rejects] == ["duplicate", "duplicate"]
    run = json.loads((output / "run.json").read_text())
    assert run["reconciliation"]["duplicates"] == 2
    assert run["same_id_other_bytes"] == ["PMC2"]
    assert main(["verify", str(output)]) == 0


def test_several_models_share_one_pass(samples, tiny, tmp_path):
    """Rows are told apart by model, and each model's are those of a run of its own."""
    folders = [tiny, f"{tiny}_bpe"]
    rows = []
    for number, models in enumerate((folders[:1], folders[1:], folders)):
        output = tmp_path / str(number)
        flags = ["--max-reject-rate", "0.1", "--model", *models]
        assert main(["annotate", "--input", str(samples), "--output", str(output), *flags]) == 0
        rows.append(_rows(output, "annotations"))
    assert {row["model"] for row in rows[2]} == {rows[0][0]["model"], rows[1][0]["model"]}
    for model in rows[:2]:
        assert [row for row in rows[2] if row["model"] == model[0]["model"]] == model
    assert main(["verify", str(output)]) == 0


def test_packed_windows_keep_every_promise(annotate, samples, tmp_path):
    """Fewer windows over the same tokens."""
    counts = []
    for mode in ("sentence", "pack"):
        output = tmp_path / mode
        assert annotate(samples, output, "--window", mode, "--max-reject-rate", "0.1") == 0
        assert main(["verify", str(output)]) == 0
        counts.append(json.loads((output / "run.json").read_text())["counts"])
    assert counts[0]["tokens"] == counts[1]["tokens"]
    assert counts[0]["windows"] > counts[1]["windows"]


def test_scores_below_the_least_are_left_out(annotate, samples, tmp_path):
    """By type, or for all."""
    assert (
        annotate(samples, tmp_path / "out", "--min-score", "1", "GP=0.9", "--max-reject-rate", "1")
        == 0
    )
    assert {row["type"] for row in _rows(tmp_path / "out", "annotations")} == {"GP"}


def test_too_many_rejects_fail_the_run_at_its_end(annotate, tmp_path, capsys):
    """All good articles are committed all the same."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1), "<article><p></article>"])
    output = tmp_path / "out"
    assert annotate(source, output) == 1
    assert "1 of 2 articles were rejected" in capsys.readouterr().err
    assert [row["article_id"] for row in _rows(output, "articles")] == ["PMC1"]
    assert annotate(source, output, "--max-reject-rate", "0.5") == 0


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--min-score", "2"], "neither SCORE nor TYPE=SCORE"),
        (["--min-score", "XY=0.5"], "no model has the type XY"),
        (["--no-such-flag"], "unknown flag or argument: --no-such-flag"),
        (["--runner", "MyRunner"], "--runner: Unexpected pipeline runner: MyRunner"),
        (["--model", "no-such-model"], "no model 'no-such-model'"),
        (["--input", "nowhere/*.xml"], "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_refused_before_any_work(flags, said, annotate, samples, tmp_path, capsys):
    """Exit code 2, one line, no output folder."""
    assert annotate(samples, tmp_path / "out", *flags) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_folder_that_a_mac_has_shown_is_as_good_as_empty(annotate, samples, tmp_path):
    """Finder leaves a hidden file in it."""
    (tmp_path / ".DS_Store").touch()
    assert annotate(samples, tmp_path, "--max-reject-rate", "0.1") == 0


def test_folder_of_somebody_else_is_left_alone(annotate, samples, tmp_path, capsys):
    """Even with --overwrite."""
    (tmp_path / "thesis.txt").write_text("mine")
    assert annotate(samples, tmp_path, "--overwrite") == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_output_that_cannot_be_written_is_one_clear_line(annotate, samples, tmp_path, capsys):
    """A file where the folder should be."""
    (tmp_path / "file").write_text("")
    assert annotate(samples, tmp_path / "file" / "out") == 1
    error = capsys.readouterr().err
    assert "cannot" in error
    assert str(tmp_path / "file") in error
    assert len(error.splitlines()) == 1


def test_no_timer_sends_half_a_value(tiny, tmp_path, monkeypatch):
    """Beam's would, now and then: what follows is read from the wrong place, by gigabytes."""
    timers = []
    monkeypatch.setattr(worker_handlers, "DATA_BUFFER_TIME_LIMIT_MS", 1000)
    monkeypatch.setattr(
        data_plane.TimeBasedBufferingClosableOutputStream, "_schedule_periodic_flush", timers.append
    )
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    flags = ["--model", tiny, "--quiet"]
    assert main(["annotate", "--input", str(source), "--output", str(tmp_path / "o"), *flags]) == 0
    assert timers == []

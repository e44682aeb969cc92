"""Whatever happens to a run, the next one ends with the files of a run that nothing happened to."""

import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline.__main__ import main
from pipeline.output import storage
from tests.articles import TESTS, article, files, write_archive

KILLS = 10


def _command(source: Path, output: Path, tiny: str) -> list[str]:
    job = [sys.executable, "-m", "pipeline", "annotate"]
    return [*job, "--input", str(source), "--output", str(output), "--model", tiny, "--quiet"]


@pytest.fixture(scope="module")
def work(tmp_path_factory, tiny):
    """An archive that takes a while, and the output of a run never killed."""
    folder = tmp_path_factory.mktemp("work")
    articles = (article(n, paragraphs=10, padding=150_000) for n in range(1, 161))
    source = write_archive(folder / "a.xml.gz", articles)
    output = folder / "whole"
    subprocess.run(_command(source, output, tiny), check=True, cwd=TESTS.parent)
    assert len(list((output / "receipts").iterdir())) >= 20
    return source, output


@pytest.mark.slow
def test_killed_and_restarted_equals_never_killed(work, tiny, tmp_path):
    """SIGKILL at random moments of the work; committed chunks are never done again."""
    source, whole = work
    output = tmp_path / "out"
    receipts = output / "receipts"
    rng = random.Random(7)  # noqa: S311 - no secret
    times = sorted(path.stat().st_mtime for path in (whole / "receipts").iterdir())
    pace = (times[-1] - times[0]) / len(times)  # of a chunk, on this machine
    kept: dict[Path, int] = {}
    killed = 0
    while killed < KILLS:
        before = len(kept)
        job = subprocess.Popen(_command(source, output, tiny), cwd=TESTS.parent)
        # Let it commit something, so that every kill but the last meets a job at work.
        while job.poll() is None and before == len(list(receipts.glob("*.json"))):
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 2 * pace))
        job.send_signal(signal.SIGKILL)
        if job.wait() == 0:
            break
        killed += 1
        for path, written in kept.items():
            assert path.stat().st_mtime_ns == written, "a committed chunk was done again"
        kept = {path: path.stat().st_mtime_ns for path in receipts.glob("*.json")}
    assert killed == KILLS, "the work was done before it could be killed often enough"
    subprocess.run(_command(source, output, tiny), check=True, cwd=TESTS.parent)
    assert files(output) == files(whole)
    assert main(["verify", str(output)]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    ids=["Ctrl-C", "kill", "closed terminal"],
)
def test_stopped_run_says_how_to_go_on(number, work, tiny, tmp_path):
    """Nothing of it stays in the folder for temporary files."""
    source, _ = work
    output = tmp_path / "out"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [part for part in _command(source, output, tiny) if part != "--quiet"]
    job = subprocess.Popen(
        command,
        cwd=TESTS.parent,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    while not list(output.glob("receipts/*.json")):
        time.sleep(0.01)
    job.send_signal(number)
    _, error = job.communicate(timeout=60)
    assert job.returncode == 128 + number
    said = re.search(
        r"stopped: (\d+) articles are committed in .+; run the same command again", error
    )
    assert said
    committed = [json.loads(path.read_bytes()) for path in output.glob("receipts/*.json")]
    assert 0 < int(said[1]) <= sum(receipt["planned"] for receipt in committed)
    assert "Traceback" not in error
    assert [p.name for p in scratch.rglob("*")] == []


def test_run_that_is_to_outlive_its_terminal_does(tiny, tmp_path):
    """As ``nohup`` starts it."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    output = tmp_path / "out"
    job = subprocess.Popen(["nohup", *_command(source, output, tiny)], cwd=TESTS.parent)
    time.sleep(0.2)  # until nohup has become the job
    while job.poll() is None:
        job.send_signal(signal.SIGHUP)
        time.sleep(0.1)
    assert job.returncode == 0


def test_packages_of_the_current_folder_do_not_stand_for_the_programs(tiny, tmp_path):
    """A user may well have a package ``models`` of his own."""
    for name in ("models", "transforms"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    command = _command(source, tmp_path / "out", str(Path(tiny).absolute()))
    paths = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    subprocess.run(command, check=True, cwd=tmp_path, env=paths)


@pytest.mark.slow
def test_stopped_run_leaves_no_process_at_work(work, tiny, tmp_path):
    """Nor a word of its workers' log on the terminal; the next start goes on."""
    source, whole = work
    output = tmp_path / "out"
    command = [*_command(source, output, tiny), "--workers", "2"]
    job = subprocess.Popen(
        command, cwd=TESTS.parent, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not list(output.glob("receipts/*.json")):
        time.sleep(0.01)
    job.send_signal(signal.SIGINT)
    assert job.wait() == 128 + signal.SIGINT
    time.sleep(0.5)
    shown = subprocess.run(
        ["ps", "-eo", "pgid=,stat=,args="], check=True, capture_output=True, text=True
    )
    processes = [line.split(None, 2) for line in shown.stdout.splitlines()]
    assert not [
        command
        for group, state, command in processes
        if group == str(job.pid) and not state.startswith("Z")
    ]
    assert not job.communicate()[1]
    subprocess.run(_command(source, output, tiny), check=True, cwd=TESTS.parent)
    assert files(output) == files(whole)


@pytest.mark.slow
def test_worker_process_that_dies_at_its_start_ends_the_job(annotate, tiny, tmp_path):
    """Beam's runner would wait for it forever; what its death means stands in a line."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    output = tmp_path / "out"
    command = [*_command(source, output, tiny), "--workers", "2"]
    job = subprocess.Popen(command, cwd=TESTS.parent, stderr=subprocess.PIPE, text=True)
    workers: list[psutil.Process] = []
    while not workers:
        assert job.poll() is None
        workers = psutil.Process(job.pid).children()
    workers[0].kill()
    assert "error: a worker process ended unexpectedly" in job.communicate(timeout=120)[1]
    assert job.returncode == 1
    assert annotate(source, output) == 0


@pytest.mark.slow
def test_full_disk_is_one_clear_error_and_the_output_stays_restartable(work, tiny, tmp_path):
    """A limit on the size of files stands for the disk: nothing may be left there in part."""
    source, whole = work
    output = tmp_path / "out"
    job = subprocess.run(
        _command(source, output, tiny),
        cwd=TESTS.parent,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000)),
    )
    assert job.returncode == 1
    assert "cannot write" in job.stderr
    assert "File too large" in job.stderr
    assert "Traceback" not in job.stderr
    assert len(job.stderr.splitlines()) == 2
    subprocess.run(_command(source, output, tiny), check=True, cwd=TESTS.parent)
    assert files(output) == files(whole)


def test_damaged_or_lost_shards_are_made_again(annotate, tmp_path):
    """A chunk counts as committed only with all of its files."""
    source = write_archive(tmp_path / "a.xml.gz", map(article, range(1, 4)))
    output = tmp_path / "out"
    assert annotate(source, output) == 0
    before = files(output)
    [shard] = (output / "annotations").iterdir()
    shard.unlink()
    [line] = (output / "jsonl").iterdir()
    line.write_bytes(b"half")
    assert annotate(source, output) == 0
    assert files(output) == before


@pytest.mark.parametrize("left", ["", "{", "{}", "[]", "null", '{"state": "complete"}'])
def test_damaged_record_is_one_line_and_can_be_overwritten(left, annotate, tmp_path, capsys):
    """Whatever a disk or an editor left of run.json."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    output = tmp_path / "out"
    assert annotate(source, output) == 0
    before = files(output)
    (output / "run.json").write_text(left)
    capsys.readouterr()
    assert annotate(source, output) == 2
    error = capsys.readouterr().err
    assert "run.json is damaged" in error
    assert "--overwrite" in error
    assert len(error.splitlines()) == 1
    assert annotate(source, output, "--overwrite") == 0
    assert files(output) == before


def test_run_killed_at_its_first_file_can_be_started_again(annotate, tmp_path):
    """It left a part of run.json, under another name."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    output = tmp_path / "out"
    output.mkdir()
    (output / ".run.json.1.2.tmp").write_text('{"arch')
    assert annotate(source, output) == 0
    assert not list(output.glob(".*.tmp"))


def test_two_first_runs_at_once_end_with_the_files_of_one(tiny, tmp_path):
    """Whichever wrote its record first; neither stops the other."""
    source = write_archive(tmp_path / "a.xml.gz", map(article, range(1, 25)))
    output = tmp_path / "out"
    jobs = [
        subprocess.Popen(_command(source, output, tiny), cwd=TESTS.parent, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [job.communicate()[1] for job in jobs]
    assert said == [b"", b""]
    assert [job.returncode for job in jobs] == [0, 0]
    assert main(["verify", str(output)]) == 0


@pytest.mark.parametrize("flags", [[], ["--overwrite"]], ids=" ".join)
def test_first_run_with_other_options_in_the_same_instant_is_refused(
    flags, annotate, tmp_path, monkeypatch, capsys
):
    """It finds the other's record when it is about to write its own."""
    source = write_archive(tmp_path / "a.xml.gz", map(article, range(1, 4)))
    output = tmp_path / "out"
    sweep = storage.sweep

    def other_run(_: str) -> None:
        monkeypatch.setattr(storage, "sweep", sweep)
        assert annotate(source, output, "--quiet") == 0

    monkeypatch.setattr(storage, "sweep", other_run)
    assert annotate(source, output, "--min-score", "0.5", *flags) == 2
    assert "with other options: min_score (was 0.0, now 0.5)" in capsys.readouterr().err
    assert main(["verify", str(output)]) == 0


def test_other_versions_of_libraries_are_refused_by_name(annotate, tmp_path, capsys):
    """They may give other scores."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    output = tmp_path / "out"
    assert annotate(source, output) == 0
    run = json.loads((output / "run.json").read_text())
    run["options"]["code"] = "0" * 12
    now = run["software"]["onnxruntime"]
    run["software"]["onnxruntime"] = "1.2.3"
    (output / "run.json").write_text(json.dumps(run))
    assert annotate(source, output) == 2
    assert f"other options: onnxruntime (was 1.2.3, now {now})." in capsys.readouterr().err


def test_other_options_are_refused_by_name(annotate, tmp_path, capsys):
    """Unless the old output may go."""
    source = write_archive(tmp_path / "a.xml.gz", map(article, range(1, 4)))
    output = tmp_path / "out"
    assert annotate(source, output) == 0
    before = files(output)
    capsys.readouterr()
    assert annotate(source, output, "--aggregation", "max") == 2
    error = capsys.readouterr().err
    assert '"first"' in error
    assert '"max"' in error
    assert files(output) == before
    assert annotate(source, output, "--aggregation", "max", "--overwrite") == 0
    assert main(["verify", str(output)]) == 0


def test_other_code_is_refused(annotate, tmp_path, monkeypatch, capsys):
    """Two versions of the stages would give one output two kinds of rows."""
    source = write_archive(tmp_path / "a.xml.gz", map(article, range(1, 4)))
    output = tmp_path / "out"
    assert annotate(source, output) == 0
    monkeypatch.setattr("pipeline.job.options.code_fingerprint", lambda: "another")
    capsys.readouterr()
    assert annotate(source, output) == 2
    assert "other options: the code of this program, which has changed." in capsys.readouterr().err
    monkeypatch.setattr("pipeline.commands.verify.code_fingerprint", lambda: "another")
    assert main(["verify", str(output)]) == 0
    assert "made by other code" in capsys.readouterr().err


def test_run_that_finds_all_done_keeps_the_times_of_the_work(annotate, tmp_path):
    """Seconds add up over the starts."""
    source = write_archive(tmp_path / "a.xml.gz", map(article, range(1, 4)))
    output = tmp_path / "out"
    times = []
    for _ in range(2):
        assert annotate(source, output) == 0
        times.append(json.loads((output / "run.json").read_text()))
    assert times[1]["stage_msec"] == times[0]["stage_msec"]
    assert times[1]["seconds"] > times[0]["seconds"] > 0


def test_update_without_change_annotates_nothing(annotate, tmp_path):
    """Rejected articles are no news either."""
    articles = [article(1), "<article><p></article>", article(2)]
    source = write_archive(tmp_path / "a.xml.gz", articles)
    output = tmp_path / "out"
    flags = ["--max-reject-rate", "0.5"]
    assert annotate(source, output, *flags) == 0
    assert annotate(source, output, "--update", *flags) == 0
    run = json.loads((output / "run.json").read_text())
    assert run["update"] == {"annotated": 0, "kept": 3, "dropped": 0}


def test_changed_input_is_refused_unless_it_is_an_update(annotate, tmp_path, capsys):
    """The update annotates what is new or changed, and ends like a run from the start."""
    first, second = tmp_path / "a.xml.gz", tmp_path / "b.xml.gz"
    big = {"padding": 300_000}
    write_archive(first, [article(n, **big) for n in range(1, 13)])
    write_archive(second, [article(n) for n in range(21, 24)])
    output = tmp_path / "out"
    assert annotate([first, second], output) == 0
    second.unlink()
    changed = {1: 4, 7: 1}
    articles = [article(n, paragraphs=changed.get(n, 3), **big) for n in range(1, 15) if n != 5]
    write_archive(first, articles)
    capsys.readouterr()
    assert annotate(first, output) == 2
    assert "--update" in capsys.readouterr().err

    assert annotate(first, output, "--update") == 0
    run = json.loads((output / "run.json").read_text())
    assert run["update"] == {"annotated": 4, "kept": 9, "dropped": 6}
    fresh = tmp_path / "fresh"
    assert annotate(first, fresh) == 0
    assert files(output) == files(fresh)
    assert main(["verify", str(output)]) == 0

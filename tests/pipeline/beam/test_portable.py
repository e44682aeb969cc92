"""On workers in other processes, which get the package from the job, the same files come out.

A job service and a worker pool on this machine stand for a cluster: Flink and Dataflow are spoken
to in the same protocols.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.articles import TESTS, article, files, write_archive

ROOT = TESTS.parent

# `python -m apache_beam.runners.portability.local_job_service_main` with two workers, which
# call back where any machine can be called: not every one can resolve its own full name.
JOB_SERVICE = """
import socket
import sys
from apache_beam.runners.portability import local_job_service_main
from apache_beam.runners.portability.fn_api_runner import fn_runner

class Runner(fn_runner.FnApiRunner):
    def __init__(self, **settings):
        super().__init__(**settings)
        self._num_workers = 2

fn_runner.FnApiRunner = Runner
socket.getfqdn = lambda *_: "localhost"
local_job_service_main.run(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """A copy of what setup.py packs, but for the embedded models: they only take time here."""
    copy = tmp_path_factory.mktemp("package")
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("pipeline", "transforms", "models"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("minilm-*"))
    return copy


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, package) -> Iterator[tuple[Path, list[str]]]:
    """A job service, and a worker pool that has the job's requirements only; the flags for it."""
    folder = tmp_path_factory.mktemp("cluster")
    boot = folder / "boot"
    boot.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{TESTS}/pipeline/boot.py" "$@"\n')
    boot.chmod(0o755)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    pool = [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main"]
    ports = _free_ports(2)
    commands = [
        [sys.executable, "-c", JOB_SERVICE, f"--port={ports[0]}", f"--staging_dir={folder}/staged"],
        [*pool, f"--service_port={ports[1]}", f"--container_executable={boot}"],
    ]
    started = []
    try:
        for command in commands:
            with (folder / f"{len(started)}.log").open("w") as log:
                started.append(
                    subprocess.Popen(
                        command,
                        cwd=folder,
                        env={**environment, "BOOT_FOLDER": str(folder)},
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        for number, process in enumerate(started):
            _wait_for(ports[number], process, folder / f"{number}.log")
        yield (
            folder,
            [
                *("--runner", "PortableRunner", "--job_endpoint", f"localhost:{ports[0]}"),
                *("--environment_type", "EXTERNAL"),
                *("--environment_config", f"localhost:{ports[1]}"),
                *("--setup_file", str(package / "setup.py"), "--job_server_timeout", "5"),
            ],
        )
    finally:
        for process in started:
            # Workers are in the group of the pool that started them.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("localhost", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"{process.args} ended with {process.returncode}: see {log}")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """An archive of several chunks, with a reject and a duplicate."""
    articles = [article(n, padding=200_000) for n in range(1, 17)]
    return write_archive(
        tmp_path_factory.mktemp("source") / "a.xml.gz",
        [*articles, articles[0], "<article><p></article>"],
    )


def _annotate(source: Path, output: Path, tiny: str, flags: list[str]) -> subprocess.Popen:
    command = ["annotate", "--input", str(source), "--output", str(output), "--model", tiny]
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *command, "--max-reject-rate", "0.1", *flags],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(source.parent)},
    )


@pytest.mark.slow
def test_same_bytes_from_workers_that_get_the_package_from_the_job(cluster, source, tiny, tmp_path):
    """Two worker processes; nobody who started them knows the project."""
    folder, flags = cluster
    job = _annotate(source, tmp_path / "far", tiny, [*flags, "--threads=1"])
    _, error = job.communicate()
    assert job.returncode == 0, error
    assert list(source.parent.iterdir()) == [source], "the job left temporary files"
    workers = list(folder.glob("*/site/pipeline/job/__pycache__/worker.*.pyc"))
    assert len(workers) == 2, "the workers did not import the package that they were sent"

    near = ["annotate", "--input", str(source), "--output", str(tmp_path / "near"), "--quiet"]
    assert main([*near, "--model", tiny, "--max-reject-rate", "0.1"]) == 0
    assert len(files(tmp_path / "near")) > 10
    assert files(tmp_path / "far") == files(tmp_path / "near")
    assert main(["verify", str(tmp_path / "far")]) == 0
    runs = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("far", "near")]
    for run in runs:
        assert run["stage_msec"].keys() >= {"parse", "infer", "write"}
        for name in ("started", "finished", "seconds", "stage_msec"):
            del run[name]
    assert runs[0] == runs[1]


@pytest.mark.slow
def test_error_of_a_worker_is_one_clear_line(cluster, source, annotate, tiny, tmp_path):
    """As if it had been met here."""
    _, flags = cluster
    assert annotate(source, tmp_path, "--quiet", "--max-reject-rate=0.1") == 0
    shutil.rmtree(tmp_path / "receipts")
    shutil.rmtree(tmp_path / "sentences")
    (tmp_path / "sentences").write_text("in the way")
    job = _annotate(source, tmp_path, tiny, [*flags, "--quiet"])
    _, error = job.communicate()
    assert job.returncode == 1
    [said, advice] = [line for line in error.splitlines() if str(tmp_path) in line]
    assert said.startswith(f"error: cannot write {tmp_path}/sentences/")
    assert "run the same command again" in advice
    assert "Traceback" not in error


@pytest.mark.slow
def test_stopped_run_cancels_its_job(cluster, source, tiny, tmp_path):
    """And says how to go on."""
    _, flags = cluster
    job = _annotate(source, tmp_path / "out", tiny, flags)
    while not list(tmp_path.glob("out/plan/*.json")):
        assert job.poll() is None, job.communicate()
        time.sleep(0.01)
    job.send_signal(signal.SIGINT)
    _, error = job.communicate()
    assert job.returncode == 128 + signal.SIGINT
    assert "run the same command again" in error
    assert "Traceback" not in error
    assert "the job goes on" not in error


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--job_endpoint", "localhost:9"], "no job service answers at localhost:9"),
        (["--job_endpoint", "localhost"], "no job service answers at localhost"),
        (["--setup_file", "nowhere/setup.py"], "there is no file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_flags_for_a_cluster_are_refused_before_any_work(
    flags, said, annotate, samples, tmp_path, capsys
):
    """Exit code 2, one line, no output folder."""
    assert annotate(samples, tmp_path / "out", "--runner", "PortableRunner", *flags) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()

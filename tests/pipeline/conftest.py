"""Fixtures of the tests of the whole job: a run over the samples, servers of buckets."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.__main__ import main
from transforms import remote


@pytest.fixture
def annotate(tiny: str) -> Callable[..., int]:
    """Runs ``annotate`` in this process with the small model; gives the exit code."""

    def run(inputs: str | Path | list[Path], output: Path, *flags: str) -> int:
        paths = inputs if isinstance(inputs, list) else [inputs]
        command = ["annotate", "--input", *map(str, paths), "--output", str(output)]
        return main([*command, "--model", tiny, "--threads", "2", *flags])

    return run


@pytest.fixture(scope="module")
def done(samples: Path, tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run over the samples."""
    output = tmp_path_factory.mktemp("samples") / "out"
    flags = ["--model", tiny, "--max-reject-rate", "0.1"]
    assert main(["annotate", "--input", str(samples), "--output", str(output), *flags]) == 0
    return output


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A client of an S3 server on this machine, which this process and its children use."""
    server_module = pytest.importorskip(
        "moto.server", reason="S3 is NOT TESTED: install moto[server] and boto3"
    )
    boto3 = pytest.importorskip("boto3", reason="S3 is NOT TESTED: install boto3")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "no_proxy": host,
        }.items():
            patch.setenv(name, value)
        remote.s3_client.cache_clear()
        yield boto3.client("s3")
    remote.s3_client.cache_clear()
    server.stop()


@pytest.fixture(scope="module")
def gs() -> Iterator[Any]:
    """A client of a Google Cloud Storage server on this machine, likewise."""
    server_module = pytest.importorskip(
        "gcp_storage_emulator.server",
        reason="Google Cloud Storage is NOT TESTED: install gcp-storage-emulator",
    )
    storage = pytest.importorskip(
        "google.cloud.storage",
        reason="Google Cloud Storage is NOT TESTED: install google-cloud-storage",
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = server_module.create_server("127.0.0.1", port, in_memory=True)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        patch.setenv("no_proxy", "127.0.0.1")
        remote.gs_client.cache_clear()
        yield storage.Client(project="test")
    remote.gs_client.cache_clear()
    server.stop()

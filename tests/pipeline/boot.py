"""What a worker pool starts for each worker, in place of the program in Beam's container images.

Like that one, it asks the job where its staged files are, fetches and installs the package that
``--setup_file`` made of the project, and becomes a worker. It installs into a new folder of
``$BOOT_FOLDER``, without the network.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc
from apache_beam.portability.api import (
    beam_artifact_api_pb2,
    beam_artifact_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
    beam_runner_api_pb2,
    endpoints_pb2,
)
from google.protobuf import json_format, text_format

PACKAGE = "workflow.tar.gz"
"""How Beam names what it builds from ``--setup_file``."""


def main() -> None:
    """Becomes a worker."""
    parser = argparse.ArgumentParser()
    endpoints = [f"{name}_endpoint" for name in ("logging", "artifact", "provision", "control")]
    for name in ("id", *endpoints):
        parser.add_argument(f"--{name}", required=True)
    told = parser.parse_args()
    identity = [("worker_id", told.id)]
    folder = Path(tempfile.mkdtemp(dir=os.environ["BOOT_FOLDER"]))

    provision = beam_provision_api_pb2_grpc.ProvisionServiceStub(
        grpc.insecure_channel(told.provision_endpoint)
    )
    job = provision.GetProvisionInfo(
        beam_provision_api_pb2.GetProvisionInfoRequest(), metadata=identity
    ).info
    staged = beam_artifact_api_pb2_grpc.ArtifactRetrievalServiceStub(
        grpc.insecure_channel(told.artifact_endpoint)
    )
    for artifact in job.dependencies:
        name = beam_runner_api_pb2.ArtifactStagingToRolePayload.FromString(
            artifact.role_payload
        ).staged_name
        request = beam_artifact_api_pb2.GetArtifactRequest(artifact=artifact)
        with (folder / name).open("wb") as file:
            for part in staged.GetArtifact(request, metadata=identity):
                file.write(part.data)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--no-compile", "--target", folder / "site", PACKAGE],
        check=True,
        cwd=folder,
    )
    environment = {
        "WORKER_ID": told.id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(job.pipeline_options),
        "SEMI_PERSISTENT_DIRECTORY": str(folder),
        "LOGGING_API_SERVICE_DESCRIPTOR": _descriptor(told.logging_endpoint),
        "CONTROL_API_SERVICE_DESCRIPTOR": _descriptor(told.control_endpoint),
        "PYTHONPATH": str(folder / "site"),
    }
    os.chdir(folder)
    worker = [sys.executable, "-m", "apache_beam.runners.worker.sdk_worker_main"]
    os.execve(sys.executable, worker, {**os.environ, **environment})  # noqa: S606


def _descriptor(url: str) -> str:
    return text_format.MessageToString(endpoints_pb2.ApiServiceDescriptor(url=url))


if __name__ == "__main__":
    main()

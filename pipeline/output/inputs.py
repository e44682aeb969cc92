"""The input of a run, as ``run.json`` tells it: how many files, how many bytes, and a hash."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.output import storage
from pipeline.output.buckets import bucket_of


@dataclass(frozen=True)
class InputFile:
    """A file to annotate.

    Attributes:
        uri: URI, or absolute path of a local file.
        size: bytes as stored, None where the server does not say.
    """

    uri: str
    size: int | None


def inputs_fingerprint(files: Sequence[InputFile]) -> str:
    """A hash that a changed input changes, for little reading: the ends of each local file.

    A gzip file ends with the checksum of its content. What this lets through, the plan finds.
    """
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.uri}\0{file.size}\0".encode())
        if storage.is_local(file.uri) and file.size:
            try:
                with Path(file.uri).open("rb") as source:
                    digest.update(source.read(4096))
                    source.seek(max(0, file.size - 4096))
                    digest.update(source.read())
            except OSError:
                digest.update(b"unreadable")
    return digest.hexdigest()


def find_file(uri: str) -> InputFile:
    """A file with its size now; that of a web server's, or of one that is gone, is not known."""
    if storage.is_local(uri):
        path = Path(uri)
        return InputFile(uri, path.stat().st_size if path.exists() else None)
    if uri.startswith(("http://", "https://")):
        return InputFile(uri, None)
    folder, _, name = uri.rpartition("/")
    return InputFile(uri, bucket_of(uri).sizes(f"{folder}/", name).get(name))

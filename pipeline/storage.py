"""The output folder's files, on a local disk or behind a URI, whole or not at all."""

import contextlib
import os
import threading
from pathlib import Path

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems


class StorageError(Exception):
    """The output could not be written or read; the message says what, where and why."""


def is_local(uri: str) -> bool:
    """Whether a path or URI names the local file system."""
    return FileSystems.get_scheme(uri) in (None, "file")


def absolute(uri: str) -> str:
    """A local path made absolute; any other URI without its trailing slash."""
    if not is_local(uri):
        return uri.rstrip("/")
    return str(Path(uri.removeprefix("file://")).expanduser().absolute())


def join(folder: str, *names: str) -> str:
    """A file's URI below a folder."""
    return "/".join((folder.rstrip("/"), *names))


def write(uri: str, data: bytes) -> None:
    """Writes a whole file: a reader finds the old content, or the new, never a part.

    Raises:
        StorageError: no space, no permission, no such bucket ...
    """
    try:
        if is_local(uri):
            _write_local(Path(uri), data)
        else:
            # An object appears when its upload is complete.
            with FileSystems.create(uri, compression_type=CompressionTypes.UNCOMPRESSED) as sink:
                sink.write(data)
    except Exception as error:
        raise StorageError(f"cannot write {uri}: {_reason(error)}") from error


def _write_local(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with temporary.open("wb") as sink:
            sink.write(data)
            sink.flush()
            os.fsync(sink.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def read(uri: str) -> bytes | None:
    """A file's bytes; None if there is no such file.

    Raises:
        StorageError: there is one, and it cannot be read.
    """
    try:
        if is_local(uri):
            path = Path(uri)
            return path.read_bytes() if path.exists() else None
        if not FileSystems.exists(uri):
            return None
        with FileSystems.open(uri, compression_type=CompressionTypes.UNCOMPRESSED) as source:
            return bytes(source.read())
    except Exception as error:
        raise StorageError(f"cannot read {uri}: {_reason(error)}") from error


def sizes(folder: str, pattern: str = "*") -> dict[str, int]:
    """Names and sizes, in bytes, of the files directly in a folder; none if it does not exist.

    Raises:
        StorageError: the folder cannot be listed.
    """
    try:
        if is_local(folder):
            return {
                path.name: path.stat().st_size
                for path in Path(folder).glob(pattern)
                if path.is_file() and not path.name.startswith(".")
            }
        [match] = FileSystems.match([join(folder, pattern)])
    except Exception as error:
        raise StorageError(f"cannot list {folder}: {_reason(error)}") from error
    return {file.path.rpartition("/")[2]: file.size_in_bytes for file in match.metadata_list}


def delete(uris: list[str]) -> None:
    """Deletes files; one that is not there is not missed.

    Raises:
        StorageError: a file stays.
    """
    for uri in uris:
        try:
            if is_local(uri):
                Path(uri).unlink(missing_ok=True)
            elif FileSystems.exists(uri):
                FileSystems.delete([uri])
        except Exception as error:
            raise StorageError(f"cannot delete {uri}: {_reason(error)}") from error


def sweep(folder: str) -> None:
    """Removes what writers left half-written when they were killed."""
    if is_local(folder):
        for path in Path(folder).glob("*/.*.tmp"):
            path.unlink(missing_ok=True)
        for path in Path(folder).glob(".*.tmp"):
            path.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__

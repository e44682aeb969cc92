"""The output folder's files, on a local disk or behind a URI, whole or not at all."""

import contextlib
import os
import threading
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from pipeline.output.buckets import bucket_of
from transforms.errors import JobError

LIBRARIES = {"s3": ("boto3", "s3"), "gs": ("google.cloud.storage", "gcs")}
"""The library for each scheme of buckets, and the extra that installs it."""


class StorageError(JobError):
    """The output could not be written or read; the message says what, where and why."""


def scheme_of(uri: str) -> str:
    """Returns the scheme of a URI; "file" for a path."""
    scheme, separator, _ = uri.partition("://")
    return scheme if separator else "file"


def is_local(uri: str) -> bool:
    """Whether a path or URI names the local file system."""
    return scheme_of(uri) == "file"


def bucket_problem(uri: str) -> str:
    """Says why a URI cannot be that of a bucket's file; "" if it can."""
    scheme = scheme_of(uri)
    if scheme not in LIBRARIES:
        known = ", ".join(f"{name}://" for name in LIBRARIES)
        return f"{uri}: {scheme}:// is unknown; buckets are {known}"
    library, extra = LIBRARIES[scheme]
    try:
        found = find_spec(library) is not None
    except ModuleNotFoundError:  # a package around it
        found = False
    return "" if found else f"{uri} needs the extra {extra}: pip install '.[{extra}]'"


def absolute(uri: str) -> str:
    """A local path made absolute; any other URI without its trailing slash."""
    if not is_local(uri):
        return uri.rstrip("/")
    return str(at_home(uri.removeprefix("file://")).absolute())


def at_home(path: str) -> Path:
    """A local path with ``~`` as the shell has it; of a user whom nobody knows it is a name."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


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
            bucket_of(uri).write(uri, data)
    except Exception as error:
        raise StorageError(f"cannot write {uri}: {_reason(error)}") from error


def create(uri: str, data: bytes) -> bool:
    """Writes a whole file that is not there yet; whether it was not, and is now.

    On a local disk, of all who come at once one creates it. Elsewhere the last one writes it.

    Raises:
        StorageError: as ``write``.
    """
    if not is_local(uri):
        write(uri, data)
        return True
    try:
        _write_local(Path(uri), data, new=True)
    except FileExistsError:
        return False
    except Exception as error:
        raise StorageError(f"cannot write {uri}: {_reason(error)}") from error
    return True


SWEPT = 3
"""How often a file is written whose parts another run took for those of one that was killed."""


def _write_local(path: Path, data: bytes, *, new: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    for attempt in range(SWEPT):
        try:
            with temporary.open("wb") as sink:
                sink.write(data)
                sink.flush()
                os.fsync(sink.fileno())
            if new:
                _link(temporary, path)
            else:
                temporary.replace(path)
        except FileNotFoundError:
            if attempt == SWEPT - 1:
                raise
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        else:
            return


def _link(temporary: Path, path: Path) -> None:
    """Moves a file to a name that nothing has."""
    try:
        path.hardlink_to(temporary)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(path) from None
        temporary.replace(path)
    else:
        temporary.unlink(missing_ok=True)


def read(uri: str) -> bytes | None:
    """A file's bytes; None if there is no such file.

    Raises:
        StorageError: there is one, and it cannot be read.
    """
    try:
        if is_local(uri):
            path = Path(uri)
            return path.read_bytes() if path.exists() else None
        return bucket_of(uri).read(uri)
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
                for path in _matching(Path(folder), pattern)
                if path.is_file() and not path.name.startswith(".")
            }
        return bucket_of(folder).sizes(join(folder, ""), pattern)
    except Exception as error:
        raise StorageError(f"cannot list {folder}: {_reason(error)}") from error


def _matching(folder: Path, pattern: str) -> Iterable[Path]:
    # For a name alone, Python 3.12 lists the whole folder: 30 ms among 20,000 files.
    return folder.glob(pattern) if "*" in pattern else (folder / pattern,)


def delete(uris: list[str]) -> None:
    """Deletes files; one that is not there is not missed.

    Raises:
        StorageError: a file stays.
    """
    for uri in uris:
        try:
            if is_local(uri):
                Path(uri).unlink(missing_ok=True)
            else:
                bucket_of(uri).delete(uri)
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

"""From what the user names to archives: paths, folders, globs, lists and URIs, matched."""

import functools
import glob
import hashlib
import itertools
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests

from pipeline.output import storage
from pipeline.output.buckets import bucket_of
from pipeline.output.inputs import InputFile
from transforms.errors import JobError, UserError, printable
from transforms.records import Archive
from transforms.remote import TIMEOUT_SECONDS, is_away, reason_of

ENDINGS = (".xml", ".nxml", ".xml.gz", ".nxml.gz", ".tar", ".tar.gz", ".tgz", ".zip")
"""Of the files that a folder, or a pattern with ``**``, stands for."""
PLAIN_ENDINGS = (".xml", ".nxml")
LIST_ENDINGS = {".txt", ".lst", ".list", ".csv", ".tsv"}
MAX_GROUPED_BYTES = 16 << 20


class InputError(UserError):
    """An input that cannot be used; the message is one line for the user."""


class UnreachableError(JobError):
    """An input that may be there, but whose server does not answer."""


def match_inputs(
    patterns: Sequence[str], note: Callable[[str], None] = lambda _: None
) -> list[InputFile]:
    """The files that patterns name: each once, sorted by URI.

    Args:
        patterns: paths, folders (the files of known endings directly inside), globs (``**`` enters
            folders, and finds the files of known endings that are not in a run's output), ``@FILE``
            with one pattern a line, and URIs.
        note: told in one line what was found and passed over.

    Raises:
        InputError: a pattern matches nothing, or cannot be read.
    """
    found = {}
    for pattern in _expand_lists(patterns):
        for file in _match(pattern, note):
            if not file.uri.isprintable() and any("\ud800" <= c <= "\udfff" for c in file.uri):
                name = file.uri.encode(errors="surrogateescape").decode(errors="backslashreplace")
                raise InputError(f"{name}: the name is no UTF-8; rename the file")
            if (shown := printable(file.uri)) != file.uri or "\n" in file.uri:
                raise InputError(f"{shown!r}: the name has control characters; rename the file")
            if "!/" in file.uri:
                raise InputError(f"{file.uri}: a folder's name must not end in '!'")
            found[file.uri] = file
    return [found[uri] for uri in sorted(found)]


def _expand_lists(patterns: Sequence[str]) -> Iterator[str]:
    for pattern in patterns:
        if not pattern.strip():
            raise InputError("--input: an empty name")
        if not pattern.startswith("@"):
            yield pattern
            continue
        try:
            text = Path(pattern[1:]).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the list {pattern[1:]} cannot be read: {error}") from error
        lines = [line.strip() for line in text.splitlines()]
        named = [line for line in lines if line and not line.startswith("#")]
        if not named:
            raise InputError(f"the list {pattern[1:]} names no input")
        yield from named


def _match(pattern: str, note: Callable[[str], None]) -> list[InputFile]:
    scheme = storage.scheme_of(pattern)
    if scheme in {"http", "https"}:
        return [_match_http(pattern)]
    if scheme == "file":
        return _match_local(pattern, note)
    return _match_remote(pattern, note)


def _match_local(pattern: str, note: Callable[[str], None]) -> list[InputFile]:
    if pattern.startswith("file://"):
        pattern = unquote(pattern.removeprefix("file://"))
    path = storage.at_home(pattern)
    try:
        if path.is_dir():
            inside = [str(each) for each in path.iterdir() if each.is_file()]
            files = [Path(each) for each in _like_input(pattern, inside, note)]
            if not files:
                raise InputError(
                    f"the folder {pattern} holds no file with {' '.join(ENDINGS)}; "
                    f"'{pattern.rstrip('/')}/**' would search the folders inside"
                )
        elif path.exists():
            if not path.is_file():
                raise InputError(f"{pattern} is no file: archives are read twice, pipes cannot be")
            files = [path]
            if path.suffix.lower() in LIST_ENDINGS:
                note(f"{pattern} is read as articles; @{pattern} reads the paths in it")
        else:
            files = [Path(each) for each in glob.glob(str(path), recursive=True)]  # noqa: PTH207 - pathlib's ** does not match files
            files = [each for each in files if each.is_file()]
            if not files:
                raise InputError(f"no file matches {pattern}")
            if "**" in pattern:
                found = [str(each) for each in _outside_outputs(str(path), files, note)]
                files = [Path(each) for each in _like_input(pattern, found, note)]
                if not files:
                    raise InputError(_NONE_WANTED.format(pattern))
        return [
            InputFile(os.path.abspath(each), each.stat().st_size)  # noqa: PTH100 - resolve() would follow links
            for each in files
        ]
    except OSError as error:
        raise InputError(f"{pattern} cannot be read: {error}") from error


def _match_remote(pattern: str, note: Callable[[str], None]) -> list[InputFile]:
    if problem := storage.bucket_problem(pattern):
        raise InputError(problem)
    try:
        by_name = _named_object(pattern)
        found = by_name or _matching_objects(pattern) or _objects_inside(pattern)
    except Exception as error:  # every scheme's library has its own
        kind = UnreachableError if is_away(error) else InputError
        raise kind(f"{pattern} cannot be matched: {reason_of(error)}") from error
    if not found:
        raise InputError(f"no file matches {pattern}")
    if not by_name and ("**" in pattern or not _has_magic(pattern)):
        wanted = set(_like_input(pattern, found, note))
        found = {uri: size for uri, size in found.items() if uri in wanted}
        if not found:
            raise InputError(_NONE_WANTED.format(pattern))
    return [InputFile(uri, size) for uri, size in found.items()]


def _named_object(uri: str) -> dict[str, int]:
    folder, _, name = uri.rpartition("/")
    is_bucket = folder.endswith(":/")
    if _has_magic(uri) or is_bucket or not name:
        return {}
    sizes = bucket_of(uri).sizes(f"{folder}/", name)
    return {uri: sizes[name]} if name in sizes else {}


def _matching_objects(pattern: str) -> dict[str, int]:
    if not _has_magic(pattern):
        return {}
    matches = re.compile(_regex_of(pattern), re.DOTALL).fullmatch
    # Consoles mark a folder by an empty object of its name.
    found = bucket_of(pattern).walk(re.split(_MAGIC, pattern)[0])
    return {uri: size for uri, size in found if not uri.endswith("/") and matches(uri)}


def _objects_inside(folder: str) -> dict[str, int]:
    folder = folder.rstrip("/") + "/"
    sizes = {} if _has_magic(folder) else bucket_of(folder).sizes(folder, "*")
    return {folder + name: size for name, size in sizes.items()}


_MAGIC = re.compile(r"(\*\*/|\*\*|\*|\?|\[(?:![^]/]+|[^]!/][^]/]*)\])")
_REGEXES = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _has_magic(uri: str) -> bool:
    """Whether a URI is a pattern of URIs."""
    return bool(_MAGIC.search(uri))


def _regex_of(pattern: str) -> str:
    """The regular expression for a glob: ``**`` enters folders, ``*`` does not."""
    pieces = []
    for piece in _MAGIC.split(pattern):
        if _MAGIC.fullmatch(piece) and piece.startswith("["):
            inside = piece[1:-1].replace("\\", r"\\").replace("^", r"\^")
            pieces.append(f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]")
        else:
            pieces.append(_REGEXES.get(piece, re.escape(piece)))
    return "".join(pieces)


def _match_http(url: str) -> InputFile:
    try:
        response = requests.head(
            url,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=True,
            headers={"Accept-Encoding": "identity"},
        )
        if response.status_code not in {405, 501}:  # the server knows no HEAD
            response.raise_for_status()
    except requests.RequestException as error:
        kind = UnreachableError if is_away(error) else InputError
        raise kind(f"{url} cannot be read: {reason_of(error)}") from error
    size = response.headers.get("Content-Length", "")
    return InputFile(url, int(size) if response.ok and size.isdigit() else None)


_NONE_WANTED = (
    "{} matches only files of a run's output and files without one of the endings "
    f"{' '.join(ENDINGS)}: name such files themselves to have them read"
)


def _like_input(pattern: str, found: Iterable[str], note: Callable[[str], None]) -> list[str]:
    """Of the files that nobody named, those with the names of input."""
    visible = [uri for uri in found if not uri.rpartition("/")[2].startswith(".")]
    others = [uri for uri in visible if not uri.lower().endswith(ENDINGS)]
    if others:
        note(f"{pattern}: {_files(others)} passed over, no archive of articles by name")
    return [uri for uri in visible if uri.lower().endswith(ENDINGS)]


def _outside_outputs(
    pattern: str, found: Iterable[Path], note: Callable[[str], None]
) -> Iterator[Path]:
    """Of the files that nobody named, those that no run of this job wrote."""
    fixed = itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts)
    start = Path(*fixed)
    is_output = functools.cache(
        lambda folder: (folder / "run.json").is_file() and (folder / "receipts").is_dir()
    )
    written = []
    for path in found:
        if any(map(is_output, (each for each in path.parents if each.is_relative_to(start)))):
            written.append(str(path))
        else:
            yield path
    if written:
        note(f"{pattern}: {_files(written)} passed over, of the output of a run")


def _files(uris: Sequence[str]) -> str:
    return uris[0] if len(uris) == 1 else f"{len(uris)} files ({uris[0]} ...)"


def group_archives(files: Sequence[InputFile]) -> list[Archive]:
    """What is read in one go: the small plain files of a folder together, others one by one.

    An archive depends on its own files alone: naming more inputs leaves it as it was.
    """
    groups = defaultdict(list)
    for file in files:
        groups[file.uri.rpartition("/")[0] if _is_small(file) else file.uri].append(file.uri)
    archives = [Archive(_archive_name(uri), tuple(sorted(uris))) for uri, uris in groups.items()]
    return sorted(archives, key=lambda archive: archive.uris)


def _is_small(file: InputFile) -> bool:
    return (
        file.uri.lower().endswith(PLAIN_ENDINGS)
        and file.size is not None
        and file.size <= MAX_GROUPED_BYTES
    )


def _archive_name(uri: str) -> str:
    """The file's or folder's name without its ending, and a hash of the URI."""
    path = urlsplit(uri).path if "://" in uri else uri
    name = path.rstrip("/").rpartition("/")[2]
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
            break
    name = re.sub(r"[^A-Za-z0-9._]+", "_", name).strip("._")[:80] or "input"
    return f"{name}-{hashlib.sha256(uri.encode()).hexdigest()[:8]}"

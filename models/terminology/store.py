"""A terminology's folder: concepts in and files out, and a folder in and a terminology out.

``concepts.parquet`` has a row a concept, ``names.parquet`` a row for each key of each name, sorted
by type and key, and ``terms.json`` says what they are. Both tables are read by anything that reads
Parquet. To be searched they must be mapped, so they are unpacked once into the cache as Arrow
files: processes share their pages, and only those are in memory that a search touches.
"""

import functools
import hashlib
import json
import os
import shutil
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.files import file_sha256
from transforms.concepts import Candidate, Concept
from transforms.errors import UserError
from transforms.names import name_key

EMBEDDED = Path(__file__).parents[1]
SETTINGS = "terms.json"
TABLES = ("concepts", "names")

CONCEPTS = pa.schema(
    [
        ("id", pa.string()),
        ("type", pa.string()),
        ("name", pa.string()),
        ("xrefs", pa.list_(pa.string())),
        ("former", pa.list_(pa.string())),
        ("taxon", pa.int32()),
    ]
)
NAMES = pa.schema(
    [
        ("key", pa.string()),  # type, tab, key
        ("rank", pa.uint8()),
        ("concept", pa.int32()),  # its row
    ]
)


class TerminologyError(UserError):
    """A folder is no terminology that can be used; one sentence says why."""


@dataclass(frozen=True, eq=False)
class StoredTerminology:
    """A terminology, mapped into memory. Threads may share it.

    Attributes:
        fingerprint: 12 hex digits of a sha256 over both tables.
        settings: all of ``terms.json``.
    """

    name: str
    fingerprint: str
    settings: Mapping[str, Any]
    concepts: pa.Table
    names: pa.Table

    @property
    def full_name(self) -> str:
        """``NAME@FINGERPRINT``, which tells terminologies apart."""
        return f"{self.name}@{self.fingerprint}"

    @functools.cached_property
    def _keys(self) -> "_Strings":
        return _Strings(self.names["key"])

    @functools.cached_property
    def _ranks(self) -> memoryview:
        return memoryview(_values(self.names["rank"]))

    @functools.cached_property
    def _rows(self) -> memoryview:
        return memoryview(_values(self.names["concept"])).cast("i")

    @functools.cached_property
    def _taxa(self) -> memoryview:
        return memoryview(_values(self.concepts["taxon"])).cast("i")

    def find(self, type_: str, key: str) -> list[Candidate]:
        """The concepts of a type that have a name of this key, best rank first."""
        wanted = f"{type_}\t{key}".encode()
        at = bisect_left(self._keys, wanted)
        found = []
        while at < len(self._keys) and self._keys[at] == wanted:
            row = self._rows[at]
            found.append(Candidate(self._ranks[at], self._taxa[row], row))
            at += 1
        return sorted(found)

    @functools.lru_cache(maxsize=1 << 14)  # noqa: B019 - it lives as long as the process
    def concept(self, row: int) -> Concept:
        """The concept of a row."""
        values = {name: self.concepts[name][row].as_py() for name in CONCEPTS.names}
        values["xrefs"], values["former"] = tuple(values["xrefs"]), tuple(values["former"])
        return Concept(**values)

    def with_ids(self, ids: Iterable[str]) -> list[Concept]:
        """The concepts of some ids, also of former ones and of those in other databases."""
        wanted = pa.array(sorted(set(ids)), pa.string())
        rows = pc.indices_nonzero(pc.is_in(self.concepts["id"], wanted)).to_pylist()
        for column in ("xrefs", "former"):
            values = self.concepts[column].chunk(0)
            hits = pc.indices_nonzero(pc.is_in(pc.list_flatten(values), wanted))
            rows += pc.list_parent_indices(values).take(hits).to_pylist()
        return [self.concept(row) for row in sorted(set(rows))]

    def check(self) -> None:
        """Proves that the tables can be searched.

        Raises:
            TerminologyError: their columns, order or row numbers are not as they should be.
        """
        if self.concepts.schema != CONCEPTS or self.names.schema != NAMES:
            raise TerminologyError(f"{self.name}: the tables have other columns")
        keys = self.names["key"]
        if len(keys) > 1 and not pc.all(pc.less_equal(keys[:-1], keys[1:])).as_py():
            raise TerminologyError(f"{self.name}: the names are not in order")
        bounds = pc.min_max(self.names["concept"]).as_py()
        if len(keys) and not 0 <= bounds["min"] <= bounds["max"] < len(self.concepts):
            raise TerminologyError(f"{self.name}: a name is of a concept that is not there")

    def types(self) -> list[str]:
        """The entity types that it has concepts of."""
        return sorted(pc.unique(self.concepts["type"]).to_pylist())


class _Strings(Sequence[bytes]):
    """A sorted column of strings, as bytes."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        _, offsets, self._data = (_memory(part) for part in column.chunk(0).buffers())
        self._offsets = offsets.cast("i")
        self._length = len(column)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: Any) -> Any:
        return bytes(self._data[self._offsets[place] : self._offsets[place + 1]])


def _memory(buffer: pa.Buffer | None) -> memoryview:
    return memoryview(buffer) if buffer is not None else memoryview(b"")


def _values(column: pa.ChunkedArray) -> pa.Buffer:
    return column.chunk(0).buffers()[1]


def build_terminology(
    folder: Path,
    concepts: Iterable[tuple[Concept, Iterable[tuple[str, int]]]],
    settings: Mapping[str, Any],
) -> None:
    """Writes a terminology. The same concepts give the same bytes, in whatever order they come.

    Args:
        folder: takes the files.
        concepts: each with the keys of its names, and their ranks.
        settings: for ``terms.json``: ``name``, ``version``, ``licences`` ...
    """
    ordered = sorted(concepts, key=lambda entry: _by_name(entry[0]))
    names = sorted(
        (f"{concept.type}\t{key}", rank, row)
        for row, (concept, keys) in enumerate(ordered)
        for key, rank in keys
    )
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "concepts.parquet",
        pa.table(
            {name: [getattr(concept, name) for concept, _ in ordered] for name in CONCEPTS.names},
            schema=CONCEPTS,
        ),
    )
    columns = dict(zip(NAMES.names, map(list, zip(*names, strict=True)), strict=True))
    _write(folder / "names.parquet", pa.table(columns, schema=NAMES))
    counts = {"concepts": len(ordered), "names": len(names)}
    files = {f"{table}.parquet": file_sha256(folder / f"{table}.parquet") for table in TABLES}
    text = json.dumps({**settings, **counts, "files": files}, indent=1, ensure_ascii=False)
    (folder / SETTINGS).write_text(f"{text}\n", encoding="utf-8")


def _by_name(concept: Concept) -> tuple[str, str, str, str]:
    """Both tables are then in almost the same order, which packs well."""
    return concept.type, name_key(concept.name), concept.name, concept.id


def _write(file: Path, table: pa.Table) -> None:
    encodings = {"key": "DELTA_BYTE_ARRAY", "name": "DELTA_BYTE_ARRAY"}
    pq.write_table(
        table,
        file,
        compression="zstd",
        compression_level=19,
        row_group_size=1 << 22,
        data_page_size=1 << 24,
        use_dictionary=[name for name in ("type", "taxon", "rank") if name in table.column_names],
        column_encoding={k: v for k, v in encodings.items() if k in table.column_names},
    )


def find_terminology(name_or_dir: str) -> Path:
    """The folder of a terminology: an embedded one's by its name, or the given one.

    Raises:
        TerminologyError: there is no such folder.
    """
    for folder in (EMBEDDED / name_or_dir, Path(name_or_dir)):
        if (folder / SETTINGS).is_file():
            return folder
    known = ", ".join(embedded_terminologies())
    raise TerminologyError(
        f"no terminology {name_or_dir!r}: neither a folder with {SETTINGS} nor one of {known}"
    )


def embedded_terminologies() -> list[str]:
    """Names of the terminologies that come with the package."""
    return sorted(path.parent.name for path in EMBEDDED.glob(f"*/{SETTINGS}"))


@functools.cache
def open_terminology(name_or_dir: str) -> StoredTerminology:
    """Opens a terminology, once a process.

    Raises:
        TerminologyError: there is none, or its files are not those that it was made of.
    """
    folder = find_terminology(name_or_dir)
    settings = read_settings(folder)
    fingerprint = _fingerprint(settings)
    unpacked = _unpacked(folder, settings, f"{folder.resolve().name}-{fingerprint}")
    return StoredTerminology(
        settings["name"], fingerprint, settings, *(_mapped(unpacked / f"{t}.arrow") for t in TABLES)
    )


def read_settings(folder: Path) -> dict[str, Any]:
    """A folder's ``terms.json``.

    Raises:
        TerminologyError: it is no JSON object, or lacks the name or the files.
    """
    file = folder / SETTINGS
    try:
        settings: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TerminologyError(f"{file} is not JSON: {error}") from error
    files = settings.get("files") if isinstance(settings, dict) else None
    if not isinstance(files, dict) or not isinstance(settings.get("name"), str):
        raise TerminologyError(f"{file} has no name or no files")
    if set(files) != {f"{table}.parquet" for table in TABLES}:
        raise TerminologyError(f"{file} lists {', '.join(files)}, not the two tables")
    return dict(settings)


def _fingerprint(settings: Mapping[str, Any]) -> str:
    hashes = "\0".join(f"{name}={value}" for name, value in sorted(settings["files"].items()))
    return hashlib.sha256(hashes.encode()).hexdigest()[:12]


def cache_folder() -> Path:
    """Where unpacked tables are kept: ``ANNOTATION_CACHE``, else the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "article-annotator"
    return Path(os.environ.get("ANNOTATION_CACHE") or default) / "terms"


def _unpacked(folder: Path, settings: Mapping[str, Any], name: str) -> Path:
    """The folder of a terminology's tables as Arrow files: those of the cache, else new ones."""
    copy = cache_folder() / name
    if copy.is_dir():
        return copy
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=copy.parent, prefix=".unpacking-"))
    except OSError:  # no cache may be written here: this process unpacks for itself
        temporary = copy = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    try:
        for table in TABLES:
            _unpack(folder / f"{table}.parquet", settings, temporary / f"{table}.arrow")
        if temporary != copy:
            temporary.rename(copy)
    except (OSError, TerminologyError):
        shutil.rmtree(temporary, ignore_errors=True)
        if not copy.is_dir():  # else another process was faster; its copy is as good
            raise
    return copy


def _unpack(file: Path, settings: Mapping[str, Any], to: Path) -> None:
    if not file.is_file():
        raise TerminologyError(f"{file} is missing")
    if (found := file_sha256(file)) != (expected := settings["files"][file.name]):
        raise TerminologyError(
            f"{file} is damaged or another file: sha256 {found}, {SETTINGS} says {expected}"
        )
    table = pq.read_table(file).combine_chunks()
    with pa.ipc.new_file(to, table.schema) as writer:
        writer.write_table(table)


def _mapped(file: Path) -> pa.Table:
    with pa.memory_map(str(file)) as source:
        return pa.ipc.open_file(source).read_all()

"""A model folder behind a URI in, its copy in the local cache out, checked by hash."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from models.files import (
    ModelError,
    UnavailableError,
    external_files,
    file_sha256,
    listed_files,
)
from transforms.remote import reason_of, transport_of

# Where models known by name live, and what is known of their files. QEB8L's authors publish no
# hash of its graph; these two say that the labels and the vocabulary are the published ones.
HOMES = {"QEB8L": "https://github.com/ML4LitS/annotation_models/raw/main"}
PUBLISHED = {
    HOMES["QEB8L"]: {
        "config.json": "bd743d9dcf5fc99b7d3e84d6981341b10aa85007530272e832a4da6a7bf4b999",
        "tokenizer.json": "ca64a1ccd303138be073abb0eaf9d888f14f75281d5b84892d19ff9a4f839cc9",
    }
}
NEEDED = ("config.json",)
OPTIONAL = (
    "model.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "README.md",
    "LICENSE",
)
GRAPHS = ("model_quantized.onnx", "model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx")
MANIFEST = ".fetched.json"
ABSENT = (403, 404, 410)  # S3 says 403 of what is not there to those who may not list


def cache_folder() -> Path:
    """Where copies are kept: ``ANNOTATION_CACHE``, else the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "article-annotator"
    return Path(os.environ.get("ANNOTATION_CACHE") or default) / "models"


def fetch_model(uri: str, refresh: bool = False) -> Path:
    """The local copy of a model folder.

    A folder is fetched once, and its copy is checked by the hashes of that day at every use; if it
    has a ``model.json`` that lists hashes, by those as well.

    Args:
        uri: of the folder, in any scheme that smart_open reads, or a name in ``HOMES``.
        refresh: fetch it again.

    Raises:
        ModelError: no such folder; a file cannot be had, or is not the one that was promised, or
            none that a model consists of.
    """
    if uri not in HOMES and "://" not in uri and not Path(uri).is_dir():
        raise ModelError(
            f"no model {uri!r} to fetch: neither the URI of a folder nor known by name "
            f"({', '.join(HOMES)})"
        )
    name = uri.rstrip("/").rpartition("/")[2]
    uri = HOMES.get(uri, uri).rstrip("/")
    key = hashlib.sha256(uri.encode()).hexdigest()[:16]
    folder = cache_folder() / f"{uri.rpartition('/')[2]}-{key}"
    if folder.is_dir() and not refresh:
        for name, expected in _fetched(folder).get("files", {MANIFEST: ""}).items():
            if not (folder / name).is_file() or file_sha256(folder / name) != expected:
                raise UnavailableError(
                    f"{folder / name} was changed after it came from {uri}: "
                    f"python -m pipeline models fetch {uri} --refresh"
                )
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as temporary:
        copy = Path(temporary) / folder.name
        copy.mkdir()
        names = _copy_all(uri, copy)
        manifest = {
            "uri": uri,
            "name": name,
            "files": {file: file_sha256(copy / file) for file in names},
        }
        (copy / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        if refresh:
            shutil.rmtree(folder, ignore_errors=True)
        # Another process of the same worker may have been faster; its copy is as good.
        if not folder.is_dir():
            copy.rename(folder)
    return folder


def published_name(folder: Path) -> str:
    """What a model folder is called where it was published: a copy's folder has a hash too."""
    return str(_fetched(folder).get("name") or folder.resolve().name)


def _fetched(folder: Path) -> dict[str, Any]:
    """What is noted of a copy; nothing if it is none, or its note is damaged."""
    try:
        known = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _copy_all(uri: str, folder: Path) -> list[str]:
    names = [name for name in NEEDED if _copy(uri, name, folder, needed=True)]
    names += [name for name in OPTIONAL if _copy(uri, name, folder)]
    promised = dict(PUBLISHED.get(uri, {}))
    if "model.json" in names:
        try:
            settings = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        except ValueError as error:
            raise UnavailableError(f"{uri}/model.json is not JSON: {error}") from error
        promised |= listed_files(settings, f"{uri}/model.json")
    for name, expected in promised.items():
        if name not in names:
            _copy(uri, name, folder, needed=True)
            names.append(name)
        if (found := file_sha256(folder / name)) != expected:
            raise UnavailableError(f"{uri}/{name} has sha256 {found}, not the promised {expected}")
    if not any(name.endswith(".onnx") for name in names):
        graph = next((name for name in GRAPHS if _copy(uri, name, folder)), None)
        if graph is None:
            raise ModelError(f"{uri} has none of {', '.join(GRAPHS)}")
        names.append(graph)
    for graph in [name for name in names if name.endswith(".onnx")]:
        for beside in external_files(folder / graph):
            data = str(PurePosixPath(graph).with_name(beside))
            if data not in names and _copy(uri, data, folder, needed=True):
                names.append(data)
    return names


def _copy(uri: str, name: str, folder: Path, needed: bool = False) -> bool:
    """Copy a file; whether it was there."""
    import requests  # noqa: PLC0415 - few commands fetch; takes 0.2 s, the next one 0.5 s
    import smart_open  # noqa: PLC0415

    source = f"{uri}/{name}"
    if source.startswith("file://"):
        source = unquote(source.removeprefix("file://"))
    (folder / name).parent.mkdir(exist_ok=True)
    try:
        transport = transport_of(source)
        # As stored: a name that ends in .gz would be unpacked.
        with (
            smart_open.open(
                source, "rb", compression="disable", transport_params=transport
            ) as stream,
            (folder / name).open("wb") as copy,
        ):
            shutil.copyfileobj(stream, copy, 1 << 20)
    except Exception as error:  # each scheme's library has its own errors
        (folder / name).unlink(missing_ok=True)
        reason = reason_of(error)
        if isinstance(error, requests.HTTPError) and error.response is not None:
            missing = error.response.status_code in ABSENT
        else:
            signs = ("(404)", "NoSuchKey", "Not Found")
            missing = (
                isinstance(error, FileNotFoundError)
                or getattr(error, "code", None) in ABSENT  # Google's
                or any(sign in reason for sign in signs)
            )
        if missing and not needed:
            return False
        problem = "there is no" if missing else "cannot fetch"
        raise UnavailableError(f"{problem} {source}: {reason}") from error
    return True

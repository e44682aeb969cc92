"""How a run begins: what the output folder holds already decides what becomes of it."""

import enum
import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from models.annotators import load_cached
from models.products import describe_products
from models.terminology.store import open_terminology
from pipeline import __version__
from pipeline.job.options import RunOptions, describe_options
from pipeline.output import storage
from pipeline.output.inputs import InputFile
from pipeline.output.paths import FOLDERS, chunk_of
from pipeline.output.record import (
    RUN,
    DamagedError,
    Inputs,
    OutputError,
    Run,
    RunModel,
    RunTerminology,
    Update,
    create_run,
    read_run,
    write_run,
)
from transforms.records import Archive
from transforms.shards import SCHEMA_VERSION

SOFTWARE = ("apache-beam", "onnxruntime", "tokenizers", "lxml", "pyarrow", "numpy")


class Start(enum.Enum):
    """What a start of ``annotate`` does with its output folder."""

    NEW = "begins a run in a new folder"
    GO_ON = "goes on with the run in the folder, which has the same options and input"
    UPDATE = "updates the run in the folder, which has the same options, for another input"
    OVERWRITE = "deletes what the run in the folder left, and begins another"


def describe_run(
    options: RunOptions,
    patterns: Sequence[str],
    files: Sequence[InputFile],
    archives: Sequence[Archive],
) -> Run:
    """Returns the record of a run that begins."""
    loaded = [load_cached(model.folder, options.threads_here) for model in options.models]
    terminologies = [open_terminology(folder) for folder in options.terms]
    return Run(
        schema_version=SCHEMA_VERSION,
        state="running",
        started=now(),
        software={
            "article-annotator": __version__,
            **{name: _version(name) for name in SOFTWARE},
        },
        int8_products=describe_products(),
        options=describe_options(options.models, options.text, loaded, terminologies),
        models=tuple(
            RunModel(
                name=model.name,
                fingerprint=model.fingerprint,
                folder=chosen.folder,
                labels=tuple(model.labels),
                max_tokens=model.max_tokens,
                version=model.settings.version,
                licence=model.settings.licence,
            )
            for chosen, model in zip(options.models, loaded, strict=True)
        ),
        terminologies=tuple(
            RunTerminology(
                name=terminology.name,
                fingerprint=terminology.fingerprint,
                folder=folder,
                version=str(terminology.settings.get("version", "")),
                licence=str(terminology.settings.get("licence", "")),
            )
            for folder, terminology in zip(options.terms, terminologies, strict=True)
        ),
        inputs=Inputs(
            patterns=tuple(patterns),
            files=len(files),
            bytes=sum(file.size or 0 for file in files),
            sha256=options.inputs,
        ),
        archives=tuple(archive.name for archive in archives),
        update=None,
    )


def now() -> str:
    """Returns the time in UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def decide(old: Run | None, new: Run, output: str, *, overwrite: bool, update: bool) -> Start:
    """Decides what a start does.

    Args:
        old: the run that the folder holds.
        new: the run that was asked for.
        output: the folder, for messages.
        overwrite: whether the user wants the old run gone.
        update: whether the user wants it updated.

    Raises:
        OutputError: the old run has other options, or another input and no update was asked for.
    """
    if old is None:
        return Start.NEW
    if overwrite:
        return Start.OVERWRITE
    if changed := _changed_options(old, new):
        raise OutputError(
            f"{output} holds a run with other options: {'; '.join(changed)}. "
            "Name another --output, or --overwrite it"
        )
    if update or (old.state == "running" and old.update is not None):
        return Start.UPDATE
    if old.inputs.sha256 != new.inputs.sha256:
        was, now = (f"{run.inputs.files} files, {run.inputs.bytes} bytes" for run in (old, new))
        now = "as many, with other names or content" if now == was else now
        raise OutputError(
            f"{output} holds a run over other input ({was}; now {now}): use --update to annotate "
            "what is new or changed, or --overwrite to start again"
        )
    return Start.GO_ON


def begin(new: Run, output: str, *, overwrite: bool, update: bool) -> Start:
    """Takes the output folder into use.

    Args:
        new: the run that was asked for.
        output: the folder.
        overwrite: whether the user wants an old run gone.
        update: whether the user wants an old run updated.

    Raises:
        OutputError: the folder holds something else.
        storage.StorageError: it cannot be written.
    """
    old = None
    try:
        old = read_run(output)
        start = decide(old, new, output, overwrite=overwrite, update=update)
    except DamagedError as error:
        if not overwrite:
            raise OutputError(f"{error}; --overwrite starts again") from error
        start = Start.OVERWRITE
    if start is Start.OVERWRITE:
        _clear(output)
    if start is not Start.NEW:
        storage.sweep(output)
    if start is Start.NEW and not _create(new, output):
        # Another process began it just now: go on with its run, and overwrite nothing.
        return begin(new, output, overwrite=False, update=update)
    if start is Start.OVERWRITE:
        write_run(output, new)
    # A complete record stays, until all is found as it says.
    if old and (start is Start.UPDATE or (start is Start.GO_ON and old.state != "complete")):
        write_run(output, _continue(old, new, start))
    return start


def _create(new: Run, output: str) -> bool:
    """Writes the record into a new folder; returns False if another process has just done so.

    Raises:
        OutputError: the folder holds files, none of which is a run's record.
    """
    found = _strangers(output)
    if RUN in found and read_run(output) is not None:
        return False
    if found:
        raise OutputError(
            f"{output} is not empty and holds no {RUN} (but {found[0]}): name another --output"
        )
    storage.sweep(output)
    return create_run(output, new)


def _continue(old: Run, new: Run, start: Start) -> Run:
    """The record of a start that goes on with a run: with the times of the earlier starts."""
    update = None
    if start is Start.UPDATE:
        goes_on = old.state == "running" and old.inputs == new.inputs
        update = old.update if goes_on else Update()
    return replace(new, update=update, seconds=old.seconds, stage_msec=old.stage_msec)


def _strangers(output: str) -> list[str]:
    if storage.is_local(output) and (Path(output).exists() or Path(output).is_symlink()):
        if not Path(output).is_dir():
            raise OutputError(f"{output} is a file: --output must be a folder")
        # A run that was killed before its first file was whole left a part of it; a Mac's Finder
        # leaves its notes in every folder that it shows.
        return sorted(
            path.name
            for path in Path(output).iterdir()
            if path.suffix != ".tmp" and path.name != ".DS_Store"
        )
    return sorted(storage.sizes(output))


def _clear(output: str) -> None:
    delete_chunks(output, but=frozenset())
    plans = storage.join(output, "plan")
    storage.delete([storage.join(plans, name) for name in storage.sizes(plans, "*.json")])


def delete_chunks(output: str, but: Container[str]) -> None:
    """Deletes the files of all other chunks; what no run wrote stays."""
    # Receipts first: what has none counts as not done, so a kill in between does no harm.
    for folder in FOLDERS:
        path = storage.join(output, folder)
        for name in storage.sizes(path):
            chunk = chunk_of(name)
            if chunk and chunk not in but:
                storage.delete([storage.join(path, name)])


def _changed_options(old: Run, new: Run) -> list[str]:
    """The options that differ, each with what it was and is."""
    before = _options_by_name(old)
    changed = [
        _changed_code(old.software, new.software)
        if name == "code"
        else f"{name} (was {json.dumps(before.get(name))}, now {json.dumps(value)})"
        for name, value in _options_by_name(new).items()
        if before.get(name) != value
    ]
    for what, parts in (
        ("terminology", (old.terminologies, new.terminologies)),
        ("model", (old.models, new.models)),
    ):
        was, now = (", ".join(part.full_name for part in each) or "none" for each in parts)
        if was != now:
            changed.insert(0, f"{what} (was {was}, now {now})")
    return changed


def _options_by_name(run: Run) -> dict[str, Any]:
    """The options of a run, those of its models one by one."""
    named = asdict(run.options)
    del named["sha256"]
    models = named.pop("model_options")
    for number, model in enumerate(models, 1):
        which = f" of model {number}" if len(models) > 1 else ""
        named.update({f"{name}{which}": value for name, value in model.items()})
    return named


def _changed_code(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    changed = [
        f"{name} (was {old.get(name, 'none')}, now {version})"
        for name, version in new.items()
        if old.get(name) != version
    ]
    return ", ".join(changed) or "the code of this program, which has changed"

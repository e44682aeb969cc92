"""The run as a whole: what an output folder holds already, and ``run.json``, its record."""

import json
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from models.annotators import load_cached
from models.products import describe_products
from pipeline import __version__
from pipeline.job.inputs import InputFile
from pipeline.job.options import RunOptions, shown_options
from pipeline.output import storage
from pipeline.output.committed import whole_receipt
from pipeline.output.paths import FOLDERS, chunk_of
from pipeline.output.receipts import Totals
from pipeline.output.record import (
    RUN,
    DamagedError,
    OutputError,
    create_run,
    own_run,
    read_plan,
    read_run,
    write_plan,
    write_run,
)
from transforms.records import Archive
from transforms.shards import SCHEMA_VERSION

SOFTWARE = ("apache-beam", "onnxruntime", "tokenizers", "lxml", "pyarrow", "numpy")


def describe_run(
    options: RunOptions,
    patterns: Sequence[str],
    files: Sequence[InputFile],
    archives: list[Archive],
) -> dict[str, Any]:
    """``run.json`` of a run that begins."""
    return {
        "schema_version": SCHEMA_VERSION,
        "state": "running",
        "started": _now(),
        "software": {
            "article-annotator": __version__,
            **{name: _version(name) for name in SOFTWARE},
        },
        "int8_products": describe_products(),
        "options": {**shown_options(options.models, options.text), "sha256": options.fingerprint},
        "models": [
            {
                "name": model.name,
                "fingerprint": model.fingerprint,
                "folder": model_options.folder,
                "labels": list(model.labels),
                "max_tokens": model.max_tokens,
                "version": model.settings.version,
                "licence": model.settings.licence,
            }
            for model_options in options.models
            for model in [load_cached(model_options.folder, options.threads_here)]
        ],
        "inputs": {
            "patterns": list(patterns),
            "files": len(files),
            "bytes": sum(file.size or 0 for file in files),
            "sha256": options.inputs,
        },
        "archives": [archive.name for archive in archives],
    }


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def begin(run: dict[str, Any], output: str, *, overwrite: bool, update: bool) -> bool:
    """Takes the output folder into use, for a new run or to go on with one.

    Returns:
        Whether the run is an update: it was asked for, or goes on with one that was stopped.

    Raises:
        OutputError: it holds something else.
        storage.StorageError: it cannot be written.
    """
    wanted = update
    try:
        old = _earlier_run(output)
    except DamagedError as error:
        if not overwrite:
            raise OutputError(f"{error}; --overwrite starts again") from error
        old = {}
    if old is None:
        found = _strangers(output)
        if RUN in found and read_run(output) is not None:
            # another process began it just now: go on with it, and overwrite nothing
            return begin(run, output, overwrite=False, update=update)
        if found:
            raise OutputError(
                f"{output} is not empty and holds no {RUN} (but {found[0]}): name another --output"
            )
    elif overwrite:
        _clear(output)
    else:
        update = update or (old["state"] == "running" and old["update"] is not None)
        _check_same(old, run, output, update=update)
    update = update and old is not None
    before = old if old and not overwrite else {}
    goes_on = before.get("state") == "running" and before["inputs"] == run["inputs"]
    carried = {
        "update": (before["update"] if goes_on else {}) if update else None,
        "seconds": before.get("seconds", 0.0),
        "stage_msec": before.get("stage_msec", {}),
    }
    storage.sweep(output)
    record = {**run, **carried}
    if old is None:
        if not create_run(output, record):
            return begin(run, output, overwrite=False, update=wanted)  # likewise
    elif overwrite or update or old["state"] != "complete":
        write_run(output, record)  # else the old one stays, until all is found as it says
    return update


_NEEDED = {"state", "options", "models", "inputs", "archives", "update"}


def _earlier_run(output: str) -> dict[str, Any] | None:
    run = read_run(output)
    missing = set() if run is None else _NEEDED - run.keys()
    if run and missing == _NEEDED:
        raise OutputError(f"{storage.join(output, RUN)} is of no run: name another --output")
    if missing:
        raise DamagedError(f"{storage.join(output, RUN)} is damaged: it has no {min(missing)}")
    return run


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
    _delete_chunks(output, but=frozenset())
    plans = storage.join(output, "plan")
    storage.delete([storage.join(plans, name) for name in storage.sizes(plans, "*.json")])


def _delete_chunks(output: str, but: Container[str]) -> None:
    """Deletes the files of all other chunks; what no run wrote stays."""
    # Receipts first: what has none counts as not done, so a kill in between does no harm.
    for folder in FOLDERS:
        path = storage.join(output, folder)
        for name in storage.sizes(path):
            chunk = chunk_of(name)
            if chunk and chunk not in but:
                storage.delete([storage.join(path, name)])


def _check_same(
    old: Mapping[str, Any], new: Mapping[str, Any], output: str, *, update: bool
) -> None:
    before = _by_name(old["options"])
    changed = [
        _changed_code(old.get("software", {}), new["software"])
        if name == "code"
        else f"{name} (was {json.dumps(before.get(name))}, now {json.dumps(value)})"
        for name, value in _by_name(new["options"]).items()
        if before.get(name) != value
    ]
    names = [
        [f"{model['name']}@{model['fingerprint']}" for model in run["models"]] for run in (old, new)
    ]
    if names[0] != names[1]:
        changed.insert(0, f"model (was {', '.join(names[0])}, now {', '.join(names[1])})")
    if changed:
        raise OutputError(
            f"{output} holds a run with other options: {'; '.join(changed)}. "
            "Name another --output, or --overwrite it"
        )
    inputs = old["inputs"], new["inputs"]
    if inputs[0]["sha256"] != inputs[1]["sha256"] and not update:
        was, now = (f"{its['files']} files, {its['bytes']} bytes" for its in inputs)
        now = "as many, with other names or content" if now == was else now
        raise OutputError(
            f"{output} holds a run over other input ({was}; now {now}): use --update to annotate "
            "what is new or changed, or --overwrite to start again"
        )


def _by_name(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a run, those of its models one by one."""
    named = {
        name: value for name, value in options.items() if name not in {"model_options", "sha256"}
    }
    models = options.get("model_options", [])
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


def commit_run(totals: Totals, options: RunOptions, versions: Sequence[str]) -> None:
    """Ends a run: drops what an update replaced, adds up, and writes ``run.json``.

    Args:
        totals: of all receipts.
        options: of the run.
        versions: ids that articles with different bytes share.

    Raises:
        TakenOverError: another run has taken the folder over, or it is gone.
    """
    output = options.output
    run = own_run(output, options.fingerprint, options.inputs)
    plans = _read_plans(output, set(run["archives"]))
    if run["update"] == {}:  # told before the plans no longer tell it
        run["update"] = dict(plans.went)
        write_run(output, run)
    _drop_superseded(output, plans)
    planned = sum(plans.chunks.values())
    sums, counts = totals.sums, totals.sums.counts
    missing = planned - counts.articles - counts.rejects - counts.duplicates
    run.update(
        state="complete" if missing == 0 else "incomplete",
        finished=_now(),
        counts=dict(sorted(counts.by_name().items())),
        annotations={
            "by_type": dict(sums.types.most_common()),
            "by_section": dict(sums.sections.most_common()),
        },
        rejects=dict(sums.reasons.most_common()),
        notes=dict(sums.notes.most_common()),
        reconciliation={
            "planned": planned,
            "annotated": counts.articles,
            "rejected": counts.rejects,
            "duplicates": counts.duplicates,
            "missing": missing,
        },
        same_id_other_bytes=sorted(versions),
        chunks=len(totals.receipts),
        receipts_sha256=totals.receipts_sha256(),
    )
    write_run(output, run)


def record_timing(output: str, seconds: float, stage_msec: Mapping[str, float]) -> None:
    """Adds to ``run.json`` what only the process that started the run knows: its times.

    Those of earlier starts that ended are in it already.
    """
    run = read_run(output)
    if run is not None:
        run["seconds"] = round(run["seconds"] + seconds, 3)
        before = run["stage_msec"]
        run["stage_msec"] = {
            stage: before.get(stage, 0) + stage_msec.get(stage, 0)
            for stage in sorted({*before, *stage_msec})
        }
        write_run(output, run)


class _Plans(NamedTuple):
    """What the plans of an output folder say at a run's end.

    Attributes:
        chunks: that the run has, with their numbers of entries.
        went: of an update: how many articles were annotated, kept and dropped.
        updated: plans that still name what an update superseded; without that.
        vanished: files of plans of archives that are no longer input.
    """

    chunks: dict[str, int]
    went: Counter[str]
    updated: list[dict[str, Any]]
    vanished: list[str]


def _read_plans(output: str, archives: set[str]) -> _Plans:
    plans = _Plans({}, Counter(annotated=0, kept=0, dropped=0), [], [])
    for name in storage.sizes(storage.join(output, "plan"), "*.json"):
        archive = name.removesuffix(".json")
        plan = read_plan(output, archive)
        plans.went.update(plan.pop("update", {}))
        if archive in archives:
            plans.chunks.update(plan["chunks"])
            if plan.pop("superseded", None) is not None:
                plans.updated.append(plan)
        else:
            receipts = (whole_receipt(output, chunk) for chunk in plan.get("chunks", ()))
            plans.went["dropped"] += sum(
                receipt.sums.counts.articles for receipt in receipts if receipt
            )
            plans.vanished.append(storage.join(output, "plan", name))
    return plans


def _drop_superseded(output: str, plans: _Plans) -> None:
    """Deletes the chunks that no plan names.

    The plans are cleared last, so that a run killed in between still knows what to drop.
    """
    _delete_chunks(output, but=plans.chunks)
    for plan in plans.updated:
        write_plan(output, plan)
    storage.delete(plans.vanished)

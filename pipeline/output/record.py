"""``run.json`` and the plans: what an output folder says of the run that made it."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.output import storage
from pipeline.output.paths import plan_of
from transforms.errors import JobError, UserError

RUN = "run.json"


class OutputError(UserError):
    """The folder holds something else than the command needs; the message says what to do."""


class DamagedError(JobError):
    """A run's file is missing or damaged, or no longer fits to the others."""


class TakenOverError(JobError):
    """Another run has taken the folder over, or somebody has emptied it."""


def read_run(output: str) -> dict[str, Any] | None:
    """``run.json``; None if the folder has none.

    Raises:
        DamagedError: it cannot be understood.
    """
    data = storage.read(storage.join(output, RUN))
    if data is None:
        return None
    try:
        run: dict[str, Any] = json.loads(data)
    except ValueError as error:
        raise DamagedError(f"{storage.join(output, RUN)} is damaged: {error}") from error
    if not isinstance(run, dict):
        raise DamagedError(f"{storage.join(output, RUN)} is damaged: it is no object")
    return run


def known_run(output: str) -> dict[str, Any]:
    """``run.json`` of a folder that must have one.

    Raises:
        OutputError: it has none.
        DamagedError: it cannot be understood.
    """
    run = read_run(output)
    if run is None:
        raise OutputError(f"{output} is no output folder of a run: it has no {RUN}")
    return run


def write_run(output: str, run: Mapping[str, Any]) -> None:
    """Writes ``run.json``."""
    storage.write(storage.join(output, RUN), _to_bytes(run))


def create_run(output: str, run: Mapping[str, Any]) -> bool:
    """Writes ``run.json`` where there is none; whether it did."""
    return storage.create(storage.join(output, RUN), _to_bytes(run))


def read_plan(output: str, archive: str) -> dict[str, Any]:
    """An archive's plan; an empty one if there is none, or it cannot be understood."""
    try:
        plan = json.loads(storage.read(storage.join(output, plan_of(archive))) or b"{}")
    except ValueError:
        return {}
    return plan if isinstance(plan, dict) and "chunks" in plan else {}


def own_run(output: str, fingerprint: str, inputs: str) -> dict[str, Any]:
    """``run.json`` of the run that is under way.

    Args:
        output: its folder.
        fingerprint: of its options.
        inputs: hash of its input.

    Raises:
        TakenOverError: another run has taken the folder over, or it is gone.
    """
    run = read_run(output)
    if run is None:
        raise TakenOverError(f"{storage.join(output, RUN)} is gone: somebody emptied the folder")
    if run["options"]["sha256"] != fingerprint:
        raise TakenOverError(f"another run, with other options, has taken {output} over")
    if run["inputs"]["sha256"] != inputs:
        raise TakenOverError(f"another run, over other input, has taken {output} over")
    return run


def write_plan(output: str, plan: Mapping[str, Any]) -> None:
    """Writes an archive's plan: its files, its chunks with their numbers of entries."""
    storage.write(storage.join(output, plan_of(plan["archive"])), _to_bytes(plan))


def _to_bytes(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()

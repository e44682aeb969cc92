"""``run.json`` and the plans: what an output folder says of the run that made it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import msgspec

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


@dataclass(frozen=True)
class Update:
    """How many articles an update annotated, kept and dropped; None until its end counts them."""

    annotated: int | None = None
    kept: int | None = None
    dropped: int | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the numbers are known."""
        return self.annotated is not None


@dataclass(frozen=True)
class Options:
    """The options that change the rows.

    Attributes:
        code: hash of the code that makes the rows.
        model_options: of each model.
        languages: codes, or "all".
        references: whether reference lists are annotated.
        sha256: hash of all these, of the models and of the terminologies.
    """

    code: str
    model_options: tuple[Mapping[str, Any], ...]
    languages: tuple[str, ...]
    references: bool
    sha256: str


@dataclass(frozen=True)
class RunModel:
    """A model of the run: ``folder`` is the name or folder that the user gave."""

    name: str
    fingerprint: str
    folder: str
    labels: tuple[str, ...]
    max_tokens: int
    version: str
    licence: str

    @property
    def full_name(self) -> str:
        """Name and fingerprint, as the table of annotations has them."""
        return f"{self.name}@{self.fingerprint}"


@dataclass(frozen=True)
class RunTerminology:
    """A terminology of the run: ``folder`` is the name or folder that the user gave."""

    name: str
    fingerprint: str
    folder: str
    version: str
    licence: str

    @property
    def full_name(self) -> str:
        """Name and fingerprint."""
        return f"{self.name}@{self.fingerprint}"


@dataclass(frozen=True)
class Inputs:
    """The input: the patterns that the user gave, and the files that they name.

    Attributes:
        sha256: hash of names, sizes and, of local files, their ends.
    """

    patterns: tuple[str, ...]
    files: int
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that is under way.

    Attributes:
        software: versions of what makes the rows.
        int8_products: how int8 products are made exact on the machine that started the run.
        archives: names of what is read in one go.
        update: None if the run is no update.
        seconds: by the clock, of all starts that came to an end.
        stage_msec: core time by stage, likewise.
    """

    schema_version: str
    state: Literal["running", "complete", "incomplete"]
    started: str
    software: Mapping[str, str]
    int8_products: str = ""
    options: Options
    models: tuple[RunModel, ...]
    terminologies: tuple[RunTerminology, ...] = ()
    inputs: Inputs
    archives: tuple[str, ...]
    update: Update | None
    seconds: float = 0.0
    stage_msec: Mapping[str, float] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Returns the content of ``run.json``."""
        values = asdict(self)
        if self.update and not self.update.is_counted:
            values["update"] = {}
        return _to_bytes(values)

    @staticmethod
    def from_bytes(data: bytes) -> "Run":
        """Reads ``run.json``: a ``FinishedRun`` if the run has ended.

        Raises:
            ValueError: it is damaged.
        """
        values = msgspec.json.decode(data)
        has_ended = isinstance(values, dict) and "reconciliation" in values
        return msgspec.convert(values, FinishedRun if has_ended else Run)


@dataclass(frozen=True)
class AnnotationCounts:
    """How many annotations there are by type, and by section."""

    by_type: Mapping[str, int]
    by_section: Mapping[str, int]


@dataclass(frozen=True)
class Reconciliation:
    """What became of every article: those planned are the sum of the others."""

    planned: int
    annotated: int
    rejected: int
    duplicates: int
    missing: int


@dataclass(frozen=True, kw_only=True)
class FinishedRun(Run):
    """A run that has ended.

    Attributes:
        finished: when.
        counts: of articles, sentences, tokens, annotations and the like.
        rejects: by reason.
        notes: repairs of the parser, by kind.
        same_id_other_bytes: ids that articles with different bytes share.
        chunks: how many.
        receipts_sha256: one hash of all receipts.
    """

    finished: str
    counts: Mapping[str, int]
    annotations: AnnotationCounts
    rejects: Mapping[str, int]
    notes: Mapping[str, int]
    reconciliation: Reconciliation
    same_id_other_bytes: tuple[str, ...]
    chunks: int
    receipts_sha256: str


@dataclass(frozen=True)
class Plan:
    """The plan of one archive.

    Attributes:
        archive: its name.
        uris: its files.
        chunks: their numbers of entries.
        update: of an update: what becomes of the archive's articles.
        superseded: of an update: chunks that the new plan no longer has.
    """

    archive: str
    uris: tuple[str, ...]
    chunks: Mapping[str, int]
    update: Update | None = None
    superseded: tuple[str, ...] | None = None

    def to_bytes(self) -> bytes:
        """Returns the content of the plan's file."""
        return _to_bytes({name: value for name, value in asdict(self).items() if value is not None})

    @staticmethod
    def from_bytes(data: bytes) -> "Plan":
        """Reads a plan's file.

        Raises:
            ValueError: it is damaged.
        """
        return msgspec.json.decode(data, type=Plan)


def _to_bytes(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def read_run(output: str) -> Run | None:
    """Reads ``run.json``; None if the folder has none.

    Raises:
        OutputError: it is another program's.
        DamagedError: it cannot be understood.
    """
    uri = storage.join(output, RUN)
    data = storage.read(uri)
    if data is None:
        return None
    try:
        return Run.from_bytes(data)
    except ValueError as error:
        if _is_of_no_run(data):
            raise OutputError(f"{uri} is of no run: name another folder") from error
        raise DamagedError(f"{uri} is damaged: {error}") from error


def _is_of_no_run(data: bytes) -> bool:
    """Whether a file is an object of JSON without any name that ``run.json`` must have."""
    try:
        values = json.loads(data)
    except ValueError:
        return False
    required = {"state", "options", "models", "inputs", "archives", "update"}
    return isinstance(values, dict) and bool(values) and required.isdisjoint(values)


def known_run(output: str) -> Run:
    """Reads ``run.json`` of a folder that must have one.

    Raises:
        OutputError: it has none.
        DamagedError: it cannot be understood.
    """
    run = read_run(output)
    if run is None:
        raise OutputError(f"{output} is no output folder of a run: it has no {RUN}")
    return run


def finished_run(output: str) -> FinishedRun:
    """Reads ``run.json`` of a run that has ended.

    Raises:
        OutputError: there is none, or the run is still to be ended.
        storage.StorageError: it cannot be read.
    """
    run = known_run(output)
    if not isinstance(run, FinishedRun):
        raise OutputError(f"{output} holds a run that has not ended: start it again to go on")
    return run


def own_run(output: str, fingerprint: str, inputs: str) -> Run:
    """Reads ``run.json`` of the run that is under way.

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
    if run.options.sha256 != fingerprint:
        raise TakenOverError(f"another run, with other options, has taken {output} over")
    if run.inputs.sha256 != inputs:
        raise TakenOverError(f"another run, over other input, has taken {output} over")
    return run


def write_run(output: str, run: Run) -> None:
    """Writes ``run.json``."""
    storage.write(storage.join(output, RUN), run.to_bytes())


def create_run(output: str, run: Run) -> bool:
    """Writes ``run.json`` where there is none; returns False if there is one."""
    return storage.create(storage.join(output, RUN), run.to_bytes())


def read_plan(output: str, archive: str) -> Plan | None:
    """Reads an archive's plan; None if there is none, or it cannot be understood."""
    data = storage.read(storage.join(output, plan_of(archive)))
    try:
        plan = Plan.from_bytes(data or b"")
    except ValueError:
        return None
    return plan if plan.archive == archive else None


def write_plan(output: str, plan: Plan) -> None:
    """Writes an archive's plan."""
    storage.write(storage.join(output, plan_of(plan.archive)), plan.to_bytes())

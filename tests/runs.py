"""Records of runs, made to order."""

from dataclasses import replace
from typing import Any

from pipeline.output.record import (
    AnnotationCounts,
    FinishedRun,
    Inputs,
    Options,
    Reconciliation,
    Run,
    RunModel,
)

TINY = RunModel("tiny", "1", "models/tiny", ("O", "B-GP", "B-OG"), 64, "", "")

_BEGUN: dict[str, Any] = {
    "schema_version": "1",
    "started": "2026-01-01T00:00:00+00:00",
    "software": {"onnxruntime": "1.0"},
    "options": Options("0123456789ab", ({"aggregation": "first"},), ("en",), False, "ab" * 8),
    "models": (TINY,),
    "inputs": Inputs(("a.xml",), 1, 100, "cd" * 32),
    "archives": ("a-00000000",),
    "update": None,
}


def begun(**changes: Any) -> Run:
    """A run that is under way."""
    return replace(Run(state="running", **_BEGUN), **changes)


def finished(**changes: Any) -> FinishedRun:
    """A run over one article that is complete."""
    run = FinishedRun(
        **_BEGUN,
        state="complete",
        finished="2026-01-01T00:01:00+00:00",
        counts={"articles": 1},
        annotations=AnnotationCounts({}, {}),
        rejects={},
        notes={},
        reconciliation=Reconciliation(1, 1, 0, 0, 0),
        same_id_other_bytes=(),
        chunks=1,
        receipts_sha256="ef" * 32,
    )
    return replace(run, **changes)

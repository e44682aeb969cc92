"""The options of a run: what every worker is given, and the hash of all that changes the rows."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.cores import available_cores
from pipeline.job.fingerprint import code_fingerprint
from pipeline.output.record import Options
from transforms.concepts import Terminology
from transforms.inference import TokenClassifier
from transforms.jats import TextOptions
from transforms.layers import ModelOptions


@dataclass(frozen=True)
class RunOptions:
    """What every worker is told.

    Attributes:
        output: the output folder.
        models: one or more.
        terms: names or folders of the terminologies whose concepts mentions are linked to.
        text: which text is kept.
        threads: of a worker process, each with one article in hand; 0: the cores that it has.
        inputs: hash of the input files, by name and size and, if they are local, their ends.
        fingerprint: hash of all that changes the rows: the files of models and terminologies, and
            options of models and text.
        parts: hash of the code and of these files, which every worker must have too.
    """

    output: str
    models: tuple[ModelOptions, ...]
    terms: tuple[str, ...]
    text: TextOptions
    threads: int
    inputs: str
    fingerprint: str
    parts: str

    @property
    def threads_here(self) -> int:
        """Threads of a worker that is this process."""
        return self.threads or available_cores()


def describe_options(
    models: Sequence[ModelOptions],
    text: TextOptions,
    loaded: Sequence[TokenClassifier],
    terminologies: Sequence[Terminology],
) -> Options:
    """Returns the options that change the rows, with their hash, as ``run.json`` has them.

    Args:
        models: of the run.
        text: of the run.
        loaded: the models themselves.
        terminologies: of the run.
    """
    shown: dict[str, Any] = {
        "code": code_fingerprint(),
        "model_options": [
            {name: value for name, value in asdict(model).items() if name != "folder"}
            for model in models
        ],
        "languages": sorted(text.languages) or ["all"],
        "references": text.references,
    }
    names = [model.full_name for model in loaded]
    terms = [terminology.full_name for terminology in terminologies]
    hashed = json.dumps({**shown, "models": names, "terminologies": terms}, sort_keys=True).encode()
    return Options(
        code=shown["code"],
        model_options=tuple(shown["model_options"]),
        languages=tuple(shown["languages"]),
        references=shown["references"],
        sha256=hashlib.sha256(hashed).hexdigest()[:16],
    )

"""What a model folder holds, and whether it works on this machine."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.files import external_files, file_sha256
from models.locate import EMBEDDED, embedded_models, find_graph
from models.model import Model, load_model, run_self_test
from models.settings import read_json, read_settings
from transforms.labels import read_scheme

# One with every type of the embedded model, one with odd characters, one without entities.
SELF_TEST = (
    "BRCA1 mutations raise the risk of breast cancer in women treated with tamoxifen.",
    "IFN-γ (10 ng/ml) up-regulated TNF-α in Mus musculus macrophages; naïve cells did not.",
    "The results are shown in the next section.",
)


@dataclass(frozen=True)
class ModelCheck:
    """A model that loaded, and what was measured.

    Attributes:
        deviation: largest difference of a logit from the folder's self-test; None without one.
        load_msec: to load, prove and test it.
        megabytes: of its graph.
    """

    model: Model
    deviation: float | None
    load_msec: float
    megabytes: float


@dataclass(frozen=True)
class EmbeddedModel:
    """What an embedded model's ``model.json`` and ``config.json`` say."""

    name: str
    version: str
    licence: str
    types: tuple[str, ...]
    megabytes: float


def check_model(name_or_dir: str) -> ModelCheck:
    """Load a model as a worker does.

    Raises:
        ModelError: it cannot work here; one sentence says why.
    """
    start = time.perf_counter()
    model = load_model(name_or_dir)
    load_msec = (time.perf_counter() - start) * 1000
    return ModelCheck(
        model=model,
        deviation=run_self_test(model) if model.settings.self_tests else None,
        load_msec=load_msec,
        megabytes=find_graph(model.settings.folder).stat().st_size / 1e6,
    )


def list_models() -> list[EmbeddedModel]:
    """The embedded models, without loading them."""
    models = []
    for name in embedded_models():
        folder = EMBEDDED / name
        settings = read_settings(folder)
        models.append(
            EmbeddedModel(
                name=name,
                version=settings.version,
                licence=settings.licence,
                types=tuple(sorted({*read_scheme(settings.labels).types} - {""})),
                megabytes=find_graph(folder).stat().st_size / 1e6,
            )
        )
    return models


def write_settings(
    folder: Path, texts: Sequence[str] = SELF_TEST, tolerance: float = 0.5, **settings: Any
) -> Model:
    """Write ``model.json``: the given settings, the files' hashes and a self-test.

    Settings that an earlier ``model.json`` had are kept.

    Args:
        folder: a model folder that works.
        texts: sentences of the self-test; those of more than one window are left out.
        tolerance: how far a logit may be off on another processor.
        settings: keys of ``model.json``.
    """
    path = folder / "model.json"
    content = {**read_json(folder / "model.json"), **settings}
    for outdated in ("files", "self_test", "tolerance"):
        content.pop(outdated, None)
    path.write_text(json.dumps(content), encoding="utf-8")
    model = load_model(str(folder))
    tests = []
    for text in texts:
        encoding = model.tokenizer.encode(text, add_special_tokens=False)
        if not 0 < len(encoding) <= model.window_limit:
            continue
        logits = model.score([np.array(encoding.ids, np.int32)])[0]
        tests.append(
            {
                "text": text,
                "labels": [model.labels[best] for best in logits.argmax(axis=1)],
                "logits": np.round(logits.astype(float), 4).tolist(),
            }
        )
    graph = find_graph(folder)
    paths = [graph, *(graph.parent / name for name in external_files(graph))]
    names = [path.relative_to(folder).as_posix() for path in paths]
    names += ["config.json", "tokenizer_config.json", "tokenizer.json"]
    if not (folder / "tokenizer.json").is_file():
        names += ["vocab.txt", "vocab.json", "merges.txt"]
    content["files"] = {
        name: file_sha256(folder / name) for name in names if (folder / name).is_file()
    }
    content["tolerance"] = tolerance
    content["self_test"] = tests
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return load_model(str(folder))

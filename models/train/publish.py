"""A fine-tuned encoder in, the embedded model's folder and card out: calibrated, int8, measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from string import Template

import torch
from transformers import AutoModelForTokenClassification

from models.check import write_settings
from models.cores import available_cores
from models.export import export_model
from models.model import Model, load_model
from models.quantize import GRAPH, TOLERANCE, quantize_model
from models.train.data import (
    LABELS,
    PEOPLE_TYPE,
    TYPES,
    Corpus,
    examples,
    held_out_sentences,
    load_tokenizer,
)
from models.train.figures import (
    fit_calibration,
    fit_threshold,
    measure,
    reliability_rows,
    score_rows,
)
from models.train.loop import Settings

NAME = "minilm-l6-bioner"
LICENCE = "Apache-2.0"
# Nothing trained on these; test sets are for the figures alone.
CALIBRATION = ("full text", "NCBI-disease", "linnaeus", "BioNLP13CG")
N_CALIBRATION = 500  # sentences of each
SELF_TEST = (
    "Selegiline-induced postural hypotension in Parkinson's disease: a longitudinal study.",
    "BRCA1 and p53 mutations were found in patients with breast cancer.",
    "Escherichia coli O157:H7 was treated with ciprofloxacin (5 µg/mL) for 24 h.",
    "The department is open from Monday to Friday.",
)


def publish(
    encoder: Path,
    data: Path,
    work: Path,
    out: Path,
    corpora: Sequence[Corpus],
    runs: Mapping[str, Settings],
    *,
    made: str,
    version: str,
) -> None:
    """Write the model folder; its card grows with every corpus measured.

    Args:
        encoder: the trained folder.
        data: folder of the gold corpora.
        work: takes what lies between, and has a folder with its log for each run.
        out: the model folder; what it holds already is replaced.
        corpora: to be measured on.
        runs: names and settings of pretraining and training, for the card.
        made: how the encoder was made, for the card.
        version: for ``model.json``.
    """
    tokenizer = load_tokenizer(encoder)
    measured = [corpus for corpus in corpora if corpus.held_out]
    held_out = {
        c.name: examples(c, held_out_sentences(data, c), tokenizer, max_tokens=512)
        for c in measured
    }
    _, quantised = _graphs(encoder, work / "uncalibrated")
    undecided = {name: held_out[name][:N_CALIBRATION] for name in CALIBRATION}
    calibration = [example for some in undecided.values() for example in some]
    temperature, bias = fit_calibration(quantised, calibration, len(LABELS))
    calibrated = calibrate(encoder, work / "calibrated", temperature, bias)
    full, quantised = _graphs(calibrated, work / "graphs")
    threshold = fit_threshold(
        quantised, [c for c in measured if c.name in undecided], undecided, LABELS
    )
    shutil.copytree(quantised.settings.folder, out, dirs_exist_ok=True)
    write_settings(
        out,
        SELF_TEST,
        TOLERANCE,
        name=NAME,
        version=version,
        licence=LICENCE,
        max_tokens=quantised.max_tokens,
        aggregation="viterbi",
        thresholds=dict.fromkeys(TYPES, threshold),
        people={PEOPLE_TYPE: "OG"},
        agreement=True,
    )
    for name in runs:
        shutil.copyfile(work / name / "log.tsv", out / f"{name}.tsv")
    card = template("card.md")
    known = {
        "name": NAME,
        "version": version,
        "made": made,
        "megabytes": f"{(out / GRAPH).stat().st_size / 1e6:.1f}",
        "temperature": temperature,
        "bias": bias,
        "threshold": threshold,
        "corpora": "\n".join(_corpus_rows(corpora)),
        "runs": "\n".join(
            f"- {name}: {', '.join(f'{key} {value}' for key, value in asdict(its).items())}"
            for name, its in runs.items()
        ),
    }
    splits = {c.name: " + ".join(Path(path).stem for path in c.held_out) for c in measured}
    models = {"int8": quantised, "fp32": full}
    for figures in measure(models, measured, held_out, LABELS, threshold):
        (work / "figures.json").write_text(json.dumps(asdict(figures), indent=1) + "\n")
        text = card.substitute(
            known,
            scores="\n".join(score_rows(figures, splits)),
            reliability="\n".join(reliability_rows(figures.reliability)),
        )
        (out / "README.md").write_text(text, encoding="utf-8")


def template(name: str) -> Template:
    """A text of this package, with places to fill."""
    return Template((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _graphs(encoder: Path, place: Path) -> tuple[Model, Model]:
    """The encoder as models in fp32 and int8."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    full = export_model(encoder, place / "fp32")
    quantize_model(str(place / "fp32"), place / "int8", embeddings=True, per_channel=True)
    return full, load_model(str(place / "int8"), available_cores())


def calibrate(encoder: Path, target: Path, temperature: float, outside_bias: float) -> Path:
    """Copy the encoder with two numbers folded into its head.

    `outside_bias` is added to the logit of label 0 (``O``), then all are divided by `temperature`.
    """
    shutil.copytree(encoder, target, dirs_exist_ok=True)
    model = AutoModelForTokenClassification.from_pretrained(encoder, local_files_only=True)
    head = model.get_submodule("classifier")
    with torch.no_grad():
        head.bias[0] += outside_bias
        head.weight.div_(temperature)
        head.bias.div_(temperature)
    model.save_pretrained(target)
    return target


def _corpus_rows(corpora: Sequence[Corpus]) -> list[str]:
    return [
        f"| {c.name} | {', '.join(c.train)} | {', '.join([*c.held_out, *c.unread])} | "
        f"{', '.join(f'{k} → {v}' for k, v in c.mentions.items())} | "
        f"{', '.join(sorted(c.closed))} |"
        for c in corpora
    ]

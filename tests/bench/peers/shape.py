"""A model of a published one's shape, with random weights: made in the peers' own environment.

    python -m tests.bench.peers.shape SOURCE TARGET

SOURCE has a config.json and a tokenizer, such as QEB8L's without its weights. TARGET becomes a
model folder, quantised as QEB8L is: dynamically, matrix products alone. Random weights cost what
trained ones do, and one token in twelve is made part of an entity, about as in articles.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForTokenClassification

from models.export import export_model
from models.quantize import quantize_model

OUTSIDE = 11 / 12


def main(source: str, target: str) -> None:
    """Makes the folder."""
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(source, local_files_only=True)
    with tempfile.TemporaryDirectory() as work:
        weights = Path(work, "weights")
        model = AutoModelForTokenClassification.from_config(config).eval()
        outside = config.label2id["O"]
        with torch.no_grad():
            logits = model(torch.randint(1000, config.vocab_size, (64, 32))).logits
            lead = logits.max(-1).values - logits[..., outside]
            model.classifier.bias[outside] += torch.quantile(lead, OUTSIDE)
        model.save_pretrained(weights)
        for path in Path(source).glob("*token*"):
            shutil.copyfile(path, weights / path.name)
        shutil.copyfile(Path(source, "vocab.txt"), weights / "vocab.txt")
        export_model(weights, Path(work, "full"))
        quantize_model(str(Path(work, "full")), Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])

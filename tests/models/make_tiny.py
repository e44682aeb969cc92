"""Make ``tests/models/tiny``: a real graph whose answers can be worked out by hand.

The graph is one Gather, from a token's id to its row of logits: a token has the same label
wherever it stands. Needs ``onnx``, which the job does not:

    python tests/models/make_tiny.py
"""

import json
import string
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

FOLDER = Path(__file__).parent / "tiny"
LABELS = ["B-GP", "O", "I-GP", "B-DS", "I-DS", "B-CD", "I-CD", "B-OG", "I-OG"]
# A piece that starts with ## continues a word.
PIECES = {
    "BRCA": "B-GP",
    "TP": "B-GP",
    "IFN": "B-GP",
    "##53": "I-GP",
    "protein": "I-GP",
    "breast": "B-DS",
    "diabetes": "B-DS",
    "cancer": "I-DS",
    "mellitus": "I-DS",
    "aspirin": "B-CD",
    "acetylsalicylic": "B-CD",
    "acid": "I-CD",
    "human": "B-OG",
    "mouse": "B-OG",
    "mice": "B-OG",
    "Escherichia": "B-OG",
    "coli": "I-OG",
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["the", "The", "of", "in", "and", "was", "were", "with", "cells", "study", "treated"]
CHARACTERS = string.digits + string.ascii_letters + "αβγδκμéü"
SURE = 6.0  # a logit above the others: a probability of 0.98


def vocabulary() -> list[str]:
    """Every token, in the order of its id."""
    marks = string.punctuation + "–−°±×≥≤"
    return [
        *SPECIAL,
        *marks,
        *CHARACTERS,
        *(f"##{character}" for character in CHARACTERS),
        *WORDS,
        *PIECES,
    ]


def main() -> None:
    """Write the folder."""
    vocab = vocabulary()
    logits = np.zeros((len(vocab), len(LABELS)), np.float32)
    for index, token in enumerate(vocab):
        logits[index, LABELS.index(PIECES.get(token, "O"))] = SURE
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info(
        "logits", TensorProto.FLOAT, ["batch", "sequence", len(LABELS)]
    )
    graph = helper.make_graph(
        [helper.make_node("Gather", ["rows", "input_ids"], ["logits"])],
        "tiny",
        inputs,
        [output],
        [numpy_helper.from_array(logits, "rows")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    FOLDER.mkdir(exist_ok=True)
    save(model, FOLDER / "model.onnx")
    (FOLDER / "vocab.txt").write_text("".join(f"{token}\n" for token in vocab), encoding="utf-8")
    config = {
        "model_type": "bert",
        "vocab_size": len(vocab),
        "max_position_embeddings": 64,
        "pad_token_id": 0,
        "id2label": dict(enumerate(LABELS)),
    }
    settings = {"do_lower_case": False, "strip_accents": False, "tokenizer_class": "BertTokenizer"}
    for name, content in (("config.json", config), ("tokenizer_config.json", settings)):
        (FOLDER / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

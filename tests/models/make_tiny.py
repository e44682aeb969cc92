"""Make ``tests/models/tiny*``: real graphs whose answers can be worked out by hand.

A graph is one Gather, from a token's id to its row of logits: a token has the same label wherever
it stands. ``tiny`` is of BERT's kind (WordPiece, special tokens), ``tiny_bpe`` of GPT-2's
(byte-level BPE, neither special tokens nor token types), ``external_data.onnx`` the graph of
``tiny`` without the file of its weights. Needs ``onnx``, which the job does not:

    python tests/models/make_tiny.py
"""

import json
import string
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper, save
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

HERE = Path(__file__).parent
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


def make_graph(tokens: list[str], inputs: list[str]) -> ModelProto:
    """From a token's id to the logits of its label."""
    logits = np.zeros((len(tokens), len(LABELS)), np.float32)
    for index, token in enumerate(tokens):
        logits[index, LABELS.index(PIECES.get(token.removeprefix("Ġ"), "O"))] = SURE
    size = ["batch", "sequence"]
    graph = helper.make_graph(
        [helper.make_node("Gather", ["rows", "input_ids"], ["logits"])],
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, size) for name in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [*size, len(LABELS)])],
        [numpy_helper.from_array(logits, "rows")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def byte_level_bpe() -> Tokenizer:
    """Its merges make each word above a token, after a space."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(initial_alphabet=ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator([" " + " ".join([*WORDS, *PIECES])] * 2, trainer)
    return tokenizer


def write(folder: Path, file: str, content: object) -> None:
    """Write a file as JSON that a reader can follow."""
    (folder / file).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Write the folders."""
    vocab = vocabulary()
    labels = dict(enumerate(LABELS))
    tiny = HERE / "tiny"
    tiny.mkdir(exist_ok=True)
    graph = make_graph(vocab, ["input_ids", "attention_mask", "token_type_ids"])
    save(graph, tiny / "model.onnx")
    (tiny / "vocab.txt").write_text("".join(f"{token}\n" for token in vocab), encoding="utf-8")
    config = {
        "model_type": "bert",
        "vocab_size": len(vocab),
        "max_position_embeddings": 64,
        "pad_token_id": 0,
        "id2label": labels,
    }
    write(tiny, "config.json", config)
    settings = {"do_lower_case": False, "strip_accents": False, "tokenizer_class": "BertTokenizer"}
    write(tiny, "tokenizer_config.json", settings)

    bpe = HERE / "tiny_bpe"
    bpe.mkdir(exist_ok=True)
    tokenizer = byte_level_bpe()
    tokenizer.save(str(bpe / "tokenizer.json"))
    size = tokenizer.get_vocab_size()
    tokens = [tokenizer.id_to_token(index) for index in range(size)]
    save(make_graph(tokens, ["input_ids", "attention_mask"]), bpe / "model.onnx")
    config = {"model_type": "gpt2", "vocab_size": size, "n_positions": 48, "id2label": labels}
    write(bpe, "config.json", config)

    weights = "weights.data"
    save(
        graph,
        HERE / "external_data.onnx",
        save_as_external_data=True,
        location=weights,
        size_threshold=0,
    )
    (HERE / weights).unlink()


if __name__ == "__main__":
    main()

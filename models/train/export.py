"""A fine-tuned encoder in, a model folder out: ONNX graph, int8 weights, self-test, checksums."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification

from models.train.data import Example

FULL, QUANTISED = "model.onnx", "model_quantized.onnx"
# ONNX Runtime's int8 differs by processor: microsoft/onnxruntime#14642.
TOLERANCE = 0.75
LABEL_NAMES = {"GP": "gene or protein", "DS": "disease", "CD": "chemical", "OG": "organism"}
SELF_TEST = (
    "Selegiline-induced postural hypotension in Parkinson's disease: a longitudinal study.",
    "BRCA1 and p53 mutations were found in patients with breast cancer.",
    "Escherichia coli O157:H7 was treated with ciprofloxacin (5 µg/mL) for 24 h.",
    "The department is open from Monday to Friday.",
)


class _Logits(nn.Module):
    """The encoder with the inputs in the order that the graph declares them."""

    def __init__(self, model: nn.Module, names: Sequence[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: Tensor) -> Tensor:
        logits: Tensor = self.model(**dict(zip(self.names, inputs, strict=True))).logits
        return logits


def export_onnx(
    encoder: Path, target: Path, *, temperature: float = 1.0, outside_bias: float = 0.0
) -> None:
    """Write the encoder folder as an fp32 graph with free batch and sequence sizes, opset 17.

    `outside_bias` is added to the logit of label 0 (``O``), then all are divided by `temperature`;
    both are folded into the head's weights.
    """
    model = AutoModelForTokenClassification.from_pretrained(
        encoder, attn_implementation="eager", local_files_only=True
    ).eval()
    head = model.get_submodule("classifier")
    with torch.no_grad():
        head.bias[0] += outside_bias
        head.weight.div_(temperature)
        head.bias.div_(temperature)
    names = ["input_ids", "attention_mask"]
    if getattr(model.config, "type_vocab_size", 0) > 1:
        names.append("token_type_ids")
    sizes = {0: "batch", 1: "sequence"}
    example = torch.ones((2, 8), dtype=torch.long)
    torch.onnx.export(
        _Logits(model, names),
        (example,) * len(names),
        str(target),
        input_names=names,
        output_names=["logits"],
        dynamic_axes=dict.fromkeys([*names, "logits"], sizes),
        opset_version=17,
        do_constant_folding=True,
        dynamo=False,
    )
    onnx.checker.check_model(str(target))


def quantise(full: Path, target: Path, *, per_channel: bool) -> None:
    """Write the graph with int8 weights and dynamic uint8 activations; embeddings are int8 too."""
    prepared = target.with_name("prepared.onnx")
    quant_pre_process(str(full), str(prepared), skip_symbolic_shape=True)
    quantize_dynamic(
        str(prepared),
        str(target),
        op_types_to_quantize=["MatMul", "Gather"],
        per_channel=per_channel,
        weight_type=QuantType.QInt8,
        extra_options={"MatMulConstBOnly": True},
    )
    prepared.unlink()


class Graph:
    """An ONNX graph as the job runs it: names in, logits out, one sentence or a padded batch."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._names = [node.name for node in self._session.get_inputs()]

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits (sentences, tokens, labels) of ids and mask (sentences, tokens)."""
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        answer: NDArray[np.float32] = self._session.run(
            ["logits"], {name: feed[name] for name in self._names}
        )[0]
        return answer

    def word_logits(self, sentences: Sequence[Example]) -> Iterator[NDArray[np.float32]]:
        """Logits (words, labels) of each sentence's words, in order; batches of similar length."""
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i].ids))
        answers: dict[int, NDArray[np.float32]] = {}
        for at in range(0, len(order), 16):
            rows = order[at : at + 16]
            length = len(sentences[rows[-1]].ids)
            ids = np.zeros((len(rows), length), np.int64)
            mask = np.zeros_like(ids)
            for row, i in enumerate(rows):
                ids[row, : len(sentences[i].ids)] = sentences[i].ids
                mask[row, : len(sentences[i].ids)] = 1
            for i, logits in zip(rows, self.logits(ids, mask), strict=True):
                answers[i] = logits[list(sentences[i].first)]
        return (answers[i] for i in range(len(sentences)))


def self_test(graph: Graph, tokenizer: Tokenizer, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Each sentence with the label and the logits of every token but the special ones."""
    cases = []
    for text in SELF_TEST:
        encoding = tokenizer.encode(text)
        ids = np.array([encoding.ids], np.int64)
        own = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
        logits = graph.logits(ids, np.ones_like(ids))[0, own]
        cases.append(
            {
                "text": text,
                "labels": [labels[i] for i in logits.argmax(-1)],
                "logits": [[round(float(value), 3) for value in row] for row in logits],
            }
        )
    return cases


def write_folder(
    encoder: Path, quantised: Path, out: Path, *, name: str, version: str, licence: str
) -> None:
    """Put graph, tokenizer, config and ``model.json`` together in `out`; a card there stays."""
    out.mkdir(parents=True, exist_ok=True)
    config = AutoConfig.from_pretrained(encoder, local_files_only=True)
    config.architectures = [f"{type(config).__name__.removesuffix('Config')}ForTokenClassification"]
    config.save_pretrained(out)
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(out / "tokenizer.json"))
    special = {
        f"{role}_token": f"[{role.upper()}]"
        for role in ("cls", "mask", "pad", "sep", "unk")
        if tokenizer.token_to_id(f"[{role.upper()}]") is not None
    }
    limit = config.max_position_embeddings
    _write_json(out / "special_tokens_map.json", special)
    _write_json(
        out / "tokenizer_config.json",
        special
        | {
            "do_lower_case": True,
            "model_max_length": limit,
            "strip_accents": None,
            "tokenize_chinese_chars": True,
            "tokenizer_class": "BertTokenizer",
        },
    )
    if quantised.resolve() != (out / QUANTISED).resolve():
        shutil.copyfile(quantised, out / QUANTISED)
    labels = [config.id2label[i] for i in range(len(config.id2label))]
    files = [QUANTISED, "config.json", "tokenizer.json", "tokenizer_config.json"]
    _write_json(
        out / "model.json",
        {
            "name": name,
            "version": version,
            "licence": licence,
            "files": {
                file: hashlib.sha256((out / file).read_bytes()).hexdigest() for file in files
            },
            "max_tokens": limit,
            "aggregation": "first",
            "label_names": {k: v for k, v in LABEL_NAMES.items() if f"B-{k}" in labels},
            "tolerance": TOLERANCE,
            "self_test": self_test(Graph(out / QUANTISED), tokenizer, labels),
        },
    )


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

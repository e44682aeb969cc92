"""Turns a quantised model folder back into an encoder that can be trained further."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from transformers import AutoConfig, AutoModelForTokenClassification

from models.locate import find_graph
from models.train.data import load_tokenizer
from models.train.loop import save_encoder

ROOT = "classifier."  # the name of the whole classifier in graphs of `models.export`
SUFFIX = "_quantized"


def dequantize(folder: Path, labels: Sequence[str], alike: dict[str, str], target: Path) -> Path:
    """Writes the encoder whose fp32 weights are those of a folder's int8 graph.

    Args:
        folder: a model folder that `models.export` and `models.quantize` made.
        labels: of the encoder; each is one of the model's or stands in `alike`.
        alike: for a label that the model lacks, the one whose row of the head it begins with.
        target: takes a HuggingFace folder.
    """
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    known = [config.id2label[i] for i in range(len(config.id2label))]
    rows = [known.index(alike.get(label, label)) for label in labels]
    weights = {name: torch.from_numpy(array) for name, array in graph_weights(find_graph(folder))}
    for name in ("classifier.weight", "classifier.bias"):
        weights[name] = weights[name][rows]
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: i for i, label in enumerate(labels)}
    model = AutoModelForTokenClassification.from_config(config)
    model.load_state_dict(weights)
    shutil.rmtree(target, ignore_errors=True)
    save_encoder(model, load_tokenizer(folder), folder, target)
    return target


def graph_weights(graph: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The parameters of a graph by their names in PyTorch, as fp32."""
    whole = onnx.load(graph).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in whole.initializer}

    def restored(stem: str) -> NDArray[np.float32]:
        zero = tensors[f"{stem}_zero_point"].astype(np.float32)
        values = tensors[stem + SUFFIX].astype(np.float32) - zero
        scaled: NDArray[np.float32] = values * tensors[f"{stem}_scale"]
        return scaled

    for node in whole.node:
        if node.op_type == "MatMulInteger":
            # "/classifier/bert/.../query/MatMul_quant", whose weight is transposed
            module = ".".join(node.name.strip("/").split("/")[1:-1])
            weight = restored(node.input[1].removesuffix(SUFFIX))
            yield f"{module}.weight", np.ascontiguousarray(weight.T)
    for name, array in tensors.items():
        if name.startswith(ROOT) and name.endswith(SUFFIX):
            yield name.removeprefix(ROOT).removesuffix(SUFFIX), restored(name.removesuffix(SUFFIX))
        elif name.startswith(ROOT) and not name.endswith(("_scale", "_zero_point")):
            yield name.removeprefix(ROOT), array.copy()

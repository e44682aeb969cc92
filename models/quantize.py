"""An fp32 model folder in, an int8 one and what it cost out. Needs the extra ``quantize``."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.check import SELF_TEST, write_settings
from models.files import ModelError, external_files
from models.locate import find_graph
from models.model import Model, load_model
from transforms.labels import probabilities

NEEDED = "quantising needs onnx: pip install '.[quantize]'"
GRAPH = "model_quantized.onnx"
QUANTIZED = {"DynamicQuantizeLinear", "QuantizeLinear", "DequantizeLinear", "MatMulInteger"}
# Logits of int8 kernels differ by processor: microsoft/onnxruntime#14642.
TOLERANCE = 0.75


@dataclass(frozen=True)
class QuantizeCost:
    """What quantisation changed, measured on the given texts.

    Attributes:
        megabytes: of the graph before and after.
        tokens_per_second: on one core, a text at a time, before and after.
        agreement: share of tokens with the same label.
        deviation: largest difference of a probability.
    """

    megabytes: tuple[float, float]
    tokens_per_second: tuple[float, float]
    agreement: float
    deviation: float


def quantize_model(
    name_or_dir: str,
    target: Path,
    *,
    static: bool = False,
    embeddings: bool = False,
    per_channel: bool = False,
    reduce_range: bool = False,
    texts: Sequence[str] = SELF_TEST,
) -> QuantizeCost:
    """Write an int8 copy of a model folder and compare the two.

    Args:
        name_or_dir: the fp32 model.
        target: a new folder.
        static: fix the scales of activations by the texts, so that a sentence's scores do not
            depend on the batch it is in; dynamic scales are those of each batch.
        embeddings: the tables of embeddings too, which makes the file a half smaller.
        per_channel: a scale for each column of a weight.
        reduce_range: weights of 7 bits, whose products cannot overflow 16-bit sums: processors
            without VNNI take their faster kernel for them.
        texts: sentences to calibrate by (static) and to compare on.

    Raises:
        ModelError: a library is missing, ``target`` exists, or the model cannot be loaded, or is
            quantised already.
    """
    try:
        import onnx  # noqa: PLC0415 - an extra
        from onnxruntime.quantization import (  # noqa: PLC0415 - an extra
            QuantFormat,
            QuantType,
            quantize_dynamic,
            quantize_static,
        )
        from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415
    except ImportError as error:
        raise ModelError(f"{NEEDED} ({error})") from error
    if target.exists():
        raise ModelError(f"{target} exists")
    full = load_model(name_or_dir)
    if next(_windows(full, texts), None) is None:
        raise ModelError("the texts to compare on have no token")
    graph = find_graph(full.settings.folder)
    whole = onnx.load(str(graph))  # with the weights that stand beside it
    if done := QUANTIZED & {node.op_type for node in whole.graph.node}:
        raise ModelError(f"{graph} is quantised already: it has {min(done)}")
    products = ["MatMul", "Gemm"] if static else ["MatMul"]  # dynamic ones are MatMul by then
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".quantizing-") as temporary:
        prepared = str(Path(temporary) / "prepared.onnx")
        folder = Path(temporary) / target.name
        folder.mkdir()
        onnx.save_model(whole, Path(temporary) / "whole.onnx")
        quant_pre_process(str(Path(temporary) / "whole.onnx"), prepared, skip_symbolic_shape=True)
        options: dict[str, Any] = {
            "op_types_to_quantize": [*products, "Gather"] if embeddings else products,
            "nodes_to_exclude": _small_tables(onnx.load(prepared).graph) if embeddings else [],
            "per_channel": per_channel,
            "reduce_range": reduce_range,
            "weight_type": QuantType.QInt8,
        }
        if static:
            quantize_static(
                prepared,
                str(folder / GRAPH),
                _Calibration(full, texts),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                extra_options={"WeightSymmetric": True},
                **options,
            )
        else:
            quantize_dynamic(
                prepared, str(folder / GRAPH), extra_options={"MatMulConstBOnly": True}, **options
            )
        beside = external_files(graph)
        for path in sorted(full.settings.folder.iterdir()):
            weights = ".onnx" in path.name or path.name in beside
            if path.is_file() and not weights and not path.name.startswith("."):
                shutil.copy(path, folder)
        write_settings(folder, tolerance=TOLERANCE, name=target.name)
        folder.rename(target)
    small = load_model(str(target))
    return _compare(full, small, texts)


def _small_tables(graph: Any) -> list[str]:
    """The nodes that look up other tables than the words: these are small and full of outliers."""
    rows = {table.name: table.dims[0] for table in graph.initializer if len(table.dims) == 2}
    lookups = [node for node in graph.node if node.op_type == "Gather"]
    most = max((rows.get(node.input[0], 0) for node in lookups), default=0)
    return [node.name for node in lookups if rows.get(node.input[0], 0) < most]


class _Calibration:
    """The texts as inputs of the graph, one at a time."""

    def __init__(self, model: Model, texts: Sequence[str]) -> None:
        self._feeds = (model.feed([ids]) for ids in _windows(model, texts))

    def get_next(self) -> dict[str, Any] | None:
        """The next input, or None after the last."""
        return next(self._feeds, None)


def _windows(model: Model, texts: Sequence[str]) -> Iterator[np.ndarray[Any, np.dtype[np.int32]]]:
    for encoding in model.tokenizer.encode_batch(list(texts), add_special_tokens=False):
        if encoding.ids:
            yield np.array(encoding.ids[: model.window_limit], np.int32)


def _compare(full: Model, small: Model, texts: Sequence[str]) -> QuantizeCost:
    windows = list(_windows(full, texts))
    results, speeds = [], []
    for model in (full, small):
        start = time.thread_time()  # of this core, whatever else the machine does
        results.append([model.score([ids])[0] for ids in windows])
        speeds.append(sum(map(len, windows)) / (time.thread_time() - start))
    before, after = (np.concatenate(logits) for logits in results)
    return QuantizeCost(
        megabytes=(_megabytes(full), _megabytes(small)),
        tokens_per_second=(speeds[0], speeds[1]),
        agreement=float((before.argmax(axis=1) == after.argmax(axis=1)).mean()),
        deviation=float(np.abs(probabilities(before) - probabilities(after)).max()),
    )


def _megabytes(model: Model) -> float:
    return find_graph(model.settings.folder).stat().st_size / 1e6

"""int8 copies of a model, and what they cost."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="quantising needs onnx: pip install '.[quantize]'")

from models.files import ModelError
from models.model import load_model
from models.quantize import quantize_model

TINY = Path(__file__).parent / "tiny"
TEXTS = ["TP53 in breast cancer.", "aspirin and mice"]


@pytest.mark.parametrize("static", [False, True])
def test_an_int8_copy_agrees_and_says_what_it_cost(tmp_path, static):
    """Its folder loads, with a self-test of its own."""
    cost = quantize_model(
        str(TINY), tmp_path / "small", static=static, embeddings=True, texts=TEXTS
    )
    assert cost.agreement == 1
    assert cost.deviation < 0.05
    assert cost.megabytes[1] > 0
    assert min(cost.tokens_per_second) > 0
    model = load_model(str(tmp_path / "small"))
    assert model.labels == load_model(str(TINY)).labels
    assert model.settings.self_tests


def test_what_is_int8_already_is_refused(tmp_path):
    """There is nothing to compare; no folder is left."""
    quantize_model(str(TINY), tmp_path / "small", embeddings=True, texts=TEXTS)
    with pytest.raises(ModelError, match="is quantised already"):
        quantize_model(str(tmp_path / "small"), tmp_path / "smaller", texts=TEXTS)
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


@pytest.fixture
def products(tmp_path) -> Path:
    """A model of two matrix products behind an embedding, with random weights."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    folder = Path(shutil.copytree(TINY, tmp_path / "products"))
    size = load_model(str(TINY)).tokenizer.get_vocab_size()
    shapes = {"table": (size, 32), "first": (32, 32), "second": (32, 9)}
    draw = np.random.default_rng(0)
    weights = [
        onnx.numpy_helper.from_array(draw.normal(size=shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["embedded"]),
        helper.make_node("MatMul", ["embedded", "first"], ["inner"]),
        helper.make_node("Tanh", ["inner"], ["bent"]),
        helper.make_node("MatMul", ["bent", "second"], ["logits"]),
    ]
    batch = ["batch", "sequence"]
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("input_ids", onnx.TensorProto.INT64, batch)],
        [helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [*batch, 9])],
        weights,
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx")
    return folder


@pytest.mark.parametrize("per_channel", [False, True])
def test_static_scores_do_not_depend_on_the_batch(products, tmp_path, per_channel):
    """Dynamic ones do: the scale of activations is that of the whole batch."""
    alone = {}
    for static in (True, False):
        target = tmp_path / f"int8-{static}"
        cost = quantize_model(
            str(products), target, static=static, per_channel=per_channel, texts=TEXTS
        )
        assert cost.megabytes[1] < cost.megabytes[0]
        model = load_model(str(target))
        windows = [np.arange(start, start + 9, dtype=np.int32) for start in range(5, 200, 10)]
        together = model.sessions.run(model.output, model.feed(windows))[:, 1:-1]
        alone[static] = max(
            float(np.abs(model.score([window])[0] - rows).max())
            for window, rows in zip(windows, together, strict=True)
        )
    assert alone[True] == 0
    assert alone[False] > 0


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize(("reduce_range", "largest"), [(False, 127), (True, 64)])
def test_weights_of_seven_bits_cannot_overflow(products, tmp_path, static, reduce_range, largest):
    """Twice 255 x 64 is less than 2 ** 15."""
    onnx = pytest.importorskip("onnx")
    target = tmp_path / "int8"
    quantize_model(str(products), target, static=static, reduce_range=reduce_range, texts=TEXTS)
    graph = onnx.load(target / "model_quantized.onnx").graph
    weights = [onnx.numpy_helper.to_array(each) for each in graph.initializer]
    matrices = [each for each in weights if each.dtype == np.int8 and each.ndim == 2]
    assert [max(-int(each.min()), int(each.max())) for each in matrices] == [largest, largest]


def test_nothing_is_overwritten(tmp_path):
    """A folder that exists is refused."""
    shutil.copytree(TINY, tmp_path / "tiny")
    with pytest.raises(ModelError, match="exists"):
        quantize_model(str(TINY), tmp_path / "tiny")

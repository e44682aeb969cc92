"""The proof tells products that saturate from those that are exact."""

from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper, save

from models import products
from tests.models.make_probe import make_probe


def save_graph(path: Path, nodes: list[NodeProto], **constants: np.ndarray) -> None:
    """A graph with the probe's input and output that computes them in its own way."""
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("values", TensorProto.UINT8, ["rows", 64])],
        [helper.make_tensor_value_info("products", TensorProto.INT32, ["rows", 32])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


@pytest.mark.parametrize(("most", "exact"), [(2e9, True), (32767.0, False)])
def test_sums_that_saturate_are_noticed(monkeypatch, tmp_path, most, exact):
    """Computed in float64, and cut off where 16 bits end, or not."""
    weights = np.tile([127.0, -128.0], (64, 16))
    nodes = [
        helper.make_node("Cast", ["values"], ["floats"], to=TensorProto.DOUBLE),
        helper.make_node("MatMul", ["floats", "weights"], ["sums"]),
        helper.make_node("Clip", ["sums", "least", "most"], ["clipped"]),
        helper.make_node("Cast", ["clipped"], ["products"], to=TensorProto.INT32),
    ]
    path = tmp_path / "products.onnx"
    save_graph(path, nodes, weights=weights, least=np.array(-most), most=np.array(most))
    monkeypatch.setattr(products, "GRAPH", path)
    assert products.products_are_exact.__wrapped__() is exact


def test_the_probe_is_what_its_maker_makes():
    """The file in the package is no other than the one that the tests can read."""
    assert products.GRAPH.read_bytes() == make_probe().SerializeToString()

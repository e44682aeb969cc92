"""Make ``models/probe/products.onnx``: a product of the largest int8 weights there are.

Needs ``onnx``, which the job does not:

    python -m tests.models.make_probe
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper, save

from models.products import GRAPH


def make_probe() -> ModelProto:
    """One MatMulInteger, as in dynamically quantised models."""
    weights = np.tile(np.array([127, -128], np.int8), (64, 16))
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["values", "weights"], ["products"])],
        "products",
        [helper.make_tensor_value_info("values", TensorProto.UINT8, ["rows", 64])],
        [helper.make_tensor_value_info("products", TensorProto.INT32, ["rows", 32])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


if __name__ == "__main__":
    GRAPH.parent.mkdir(exist_ok=True)
    save(make_probe(), GRAPH)

"""Whether int8 products are exact on this processor, found out by computing some.

x86-64 processors without VNNI add pairs of uint8 x int8 products in 16 bits, which saturate where
weights use all 8 bits. ONNX Runtime computes exactly on request (``session.x64quantprecision``), at
a price that processors with VNNI pay for nothing: half of the speed of a Zen 5. So the processor is
asked first.
"""

import functools
from pathlib import Path

import numpy as np
import onnxruntime as ort

GRAPH = Path(__file__).parent / "probe" / "products.onnx"
"""``products = values x weights``: uint8 rows x 64 by int8 64 x 32. The weights of even columns are
127, those of odd columns -128. ``tests/models/make_probe.py`` makes the file."""


@functools.cache
def products_are_exact() -> bool:
    """Returns whether ONNX Runtime, as it comes, multiplies the largest int8 values exactly.

    A processor may have one kernel for a single row and another for several: both are tried.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(GRAPH), options, providers=["CPUExecutionProvider"])
    exact = 255 * 64 * np.tile([127, -128], 16)
    products = (
        session.run(["products"], {"values": np.full((rows, 64), 255, np.uint8)})[0]
        for rows in (1, 2, 5, 32)
    )
    return all((found == exact).all() for found in products)


def describe_products() -> str:
    """Returns which way products are exact here, for people."""
    return "exact by the processor" if products_are_exact() else "exact by x64quantprecision"

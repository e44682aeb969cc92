"""int8 copies of a model, and what they cost."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="quantising needs onnx: pip install '.[quantize]'")

from models.files import ModelError
from models.folder import load_model
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
    assert model.self_tests


def test_nothing_is_overwritten(tmp_path):
    """A folder that exists is refused."""
    shutil.copytree(TINY, tmp_path / "tiny")
    with pytest.raises(ModelError, match="exists"):
        quantize_model(str(TINY), tmp_path / "tiny")

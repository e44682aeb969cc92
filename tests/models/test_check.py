"""What the job says about a model before it is used."""

import json
import shutil
from pathlib import Path

import pytest

from models.check import check_model, list_models, write_settings
from models.locate import embedded_models

TINY = Path(__file__).parent / "tiny"


def test_a_model_without_a_self_test_loads_and_says_so():
    """There is nothing to deviate from."""
    check = check_model(str(TINY))
    assert check.model.name == "tiny"
    assert check.deviation is None
    assert check.megabytes == pytest.approx(0.0079, abs=1e-4)


def test_a_written_self_test_holds(tmp_path):
    """Hashes, labels and logits are those of the model; other settings stay."""
    folder = Path(shutil.copytree(TINY, tmp_path / "tiny"))
    write_settings(folder, ["TP53 in mice"], licence="MIT", thresholds={"GP": 0.5})
    model = write_settings(folder, ["TP53 in mice"], tolerance=0.1, version="2")
    assert (model.settings.licence, model.settings.version, model.settings.min_scores) == (
        "MIT",
        "2",
        {"GP": 0.5},
    )
    assert check_model(str(folder)).deviation == pytest.approx(0, abs=1e-4)
    content = json.loads((folder / "model.json").read_text())
    assert content["self_test"][0]["labels"] == ["B-GP", "I-GP", "O", "B-OG"]
    assert set(content["files"]) == {
        "model.onnx",
        "config.json",
        "tokenizer_config.json",
        "vocab.txt",
    }


def test_embedded_models_are_listed_with_their_types():
    """Without loading them."""
    models = list_models()
    assert [model.name for model in models] == embedded_models()
    for model in models:
        assert model.types
        assert model.licence
        assert model.megabytes < 25

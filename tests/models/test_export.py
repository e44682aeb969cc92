"""A folder of HuggingFace's becomes a model folder, or the reason why not is told."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from models.export import export_model
from models.files import ModelError

TINY = Path(__file__).parent / "tiny"
INSTALLED = importlib.util.find_spec("torch") and importlib.util.find_spec("transformers")


@pytest.mark.skipif(bool(INSTALLED), reason="torch and transformers are installed")
def test_without_its_libraries_the_extra_is_named(tmp_path: Path):
    """What to install is in the message."""
    with pytest.raises(ModelError, match=r"pip install '\.\[export\]'"):
        export_model(tmp_path, tmp_path / "new")


@pytest.mark.skipif(not INSTALLED, reason="needs torch and transformers: pip install '.[export]'")
def test_what_is_no_classifier_is_refused(tmp_path: Path):
    """No tokenizer, no weights, no trained head; nothing is left of it."""
    transformers = importlib.import_module("transformers")

    source, target = tmp_path / "source", tmp_path / "new"
    source.mkdir()
    with pytest.raises(ModelError, match="has no tokenizer"):
        export_model(source, target)
    shutil.copy(TINY / "vocab.txt", source)
    with pytest.raises(ModelError, match="is no token classifier"):
        export_model(source, target)
    config = transformers.BertConfig(
        vocab_size=212,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
        id2label={0: "O", 1: "B-GP", 2: "I-GP"},
    )
    transformers.BertModel(config).save_pretrained(source)
    with pytest.raises(
        ModelError, match=r"its weights lack classifier\.bias, which would be random"
    ):
        export_model(source, target)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    with pytest.raises(ModelError, match="exists"):
        export_model(source, source)
    # Sentences of the self-test that are longer than its windows are left out.
    transformers.BertForTokenClassification(config).save_pretrained(source)
    assert export_model(source, target).max_tokens == 16

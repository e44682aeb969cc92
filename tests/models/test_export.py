"""A folder of HuggingFace's becomes a model folder, or the reason why not is told."""

import importlib.util
from pathlib import Path

import pytest

from models.export import export_model
from models.files import ModelError

INSTALLED = importlib.util.find_spec("torch") and importlib.util.find_spec("transformers")


@pytest.mark.skipif(bool(INSTALLED), reason="torch and transformers are installed")
def test_without_its_libraries_the_extra_is_named(tmp_path: Path):
    """What to install is in the message."""
    with pytest.raises(ModelError, match=r"pip install '\.\[export\]'"):
        export_model(tmp_path, tmp_path / "new")


@pytest.mark.skipif(not INSTALLED, reason="needs torch and transformers: pip install '.[export]'")
def test_what_is_no_classifier_is_refused(tmp_path: Path):
    """So is a target that exists."""
    with pytest.raises(ModelError, match="is no token classifier"):
        export_model(tmp_path, tmp_path / "new")
    with pytest.raises(ModelError, match="exists"):
        export_model(tmp_path, tmp_path)

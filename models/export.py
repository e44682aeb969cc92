"""A HuggingFace token classifier in, a model folder out. Needs the extra ``export``."""

import inspect
import shutil
from pathlib import Path
from typing import Any

from models.check import write_settings
from models.files import ModelError
from models.folder import Model

# ONNX operators since 2022: in every ONNX Runtime that the job supports.
OPSET = 17
NEEDED = "exporting needs PyTorch, transformers and onnx: pip install '.[export]'"


def export_model(source: Path, target: Path) -> Model:
    """Turn a folder with PyTorch or safetensors weights into a model folder, in fp32.

    Args:
        source: as ``save_pretrained`` writes it; nothing is fetched and no code of it is run.
        target: a new folder.

    Returns:
        The exported model, loaded and proven.

    Raises:
        ModelError: the libraries are missing, ``target`` exists, or the model cannot be exported.
    """
    try:
        import torch  # noqa: PLC0415 - an extra
        from transformers import AutoModelForTokenClassification, AutoTokenizer  # noqa: PLC0415
    except ImportError as error:
        raise ModelError(f"{NEEDED} ({error})") from error
    if target.exists():
        raise ModelError(f"{target} exists")
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
        # Eager attention is plain matrix products, which quantisation knows.
        classifier = AutoModelForTokenClassification.from_pretrained(
            source, local_files_only=True, attn_implementation="eager"
        )
    except (OSError, ValueError) as error:
        raise ModelError(f"{source} is no token classifier: {error}") from error
    classifier.eval()
    accepted = inspect.signature(classifier.forward).parameters
    names = [name for name in tokenizer.model_input_names if name in accepted]

    class Logits(torch.nn.Module):  # type: ignore[misc]
        """The classifier as a graph: its inputs in order, its logits alone."""

        def forward(self, *tensors: Any) -> Any:
            return classifier(**dict(zip(names, tensors, strict=True))).logits

    graph = Logits()
    graph.classifier = classifier
    batch = torch.ones(2, 8, dtype=torch.long)
    size = {0: "batch", 1: "sequence"}
    target.mkdir(parents=True)
    torch.onnx.export(
        graph,
        (batch,) * len(names),
        str(target / "model.onnx"),
        input_names=names,
        output_names=["logits"],
        dynamic_axes=dict.fromkeys([*names, "logits"], size),
        opset_version=OPSET,
        dynamo=False,
    )
    classifier.config.save_pretrained(target)
    tokenizer.save_pretrained(target)
    for name in ("README.md", "LICENSE"):
        if (source / name).is_file():
            shutil.copy(source / name, target)
    return write_settings(target, tolerance=0.01, name=target.name)

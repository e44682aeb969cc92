"""A HuggingFace token classifier in, a model folder out. Needs the extra ``export``."""

import inspect
import shutil
import tempfile
from pathlib import Path
from typing import Any

from models.check import write_settings
from models.files import ModelError
from models.model import Model, load_model

# ONNX operators since 2022: in every ONNX Runtime that the job supports.
OPSET = 17
TOKENIZERS = (
    *("tokenizer.json", "vocab.txt", "vocab.json"),
    *("spm.model", "sentencepiece.bpe.model", "tokenizer.model"),
)
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
    if not any((source / name).is_file() for name in TOKENIZERS):
        raise ModelError(f"{source} has no tokenizer: none of {', '.join(TOKENIZERS)}")
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
        # Eager attention is plain matrix products, which quantisation knows.
        classifier, found = AutoModelForTokenClassification.from_pretrained(
            source, local_files_only=True, attn_implementation="eager", output_loading_info=True
        )
    except Exception as error:  # each format of weights has its own
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{source} is no token classifier: {reason}") from error
    if random := sorted(map(str, [*found["missing_keys"], *found["mismatched_keys"]])):
        raise ModelError(
            f"{source} is no trained token classifier: its weights lack {random[0]}, which would "
            "be random"
        )
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
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".exporting-") as temporary:
        folder = Path(temporary) / target.name
        folder.mkdir()
        torch.onnx.export(
            graph,
            (batch,) * len(names),
            str(folder / "model.onnx"),
            input_names=names,
            output_names=["logits"],
            dynamic_axes=dict.fromkeys([*names, "logits"], size),
            opset_version=OPSET,
            dynamo=False,
        )
        classifier.config.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        for name in ("README.md", "LICENSE"):
            if (source / name).is_file():
                shutil.copy(source / name, folder)
        write_settings(folder, tolerance=0.01, name=target.name)
        folder.rename(target)
    return load_model(str(target))

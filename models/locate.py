"""The name of a model in, its folder on this machine out; and its graph in that folder."""

from pathlib import Path

from models.fetch import GRAPHS, HOMES, fetch_model
from models.files import ModelError, listed_files
from models.settings import read_json

EMBEDDED = Path(__file__).parent


def find_model_folder(name_or_dir: str) -> Path:
    """The local folder of a model: an embedded one's by its name, the given one, or a copy.

    A copy is made of what a URI names, or a name in ``HOMES``.

    Raises:
        ModelError: there is no such folder.
    """
    if "://" in name_or_dir:
        return fetch_model(name_or_dir)
    for folder in (EMBEDDED / name_or_dir, Path(name_or_dir)):
        if (folder / "config.json").is_file():
            return folder
    if Path(name_or_dir).is_dir():
        raise ModelError(f"{name_or_dir} has no config.json, so its labels are missing")
    if name_or_dir in HOMES:
        return fetch_model(name_or_dir)
    known = ", ".join([*embedded_models(), *HOMES])
    raise ModelError(f"no model {name_or_dir!r}: neither a folder nor known by name ({known})")


def embedded_models() -> list[str]:
    """Names of the models that come with the package."""
    return sorted(path.parent.name for path in EMBEDDED.glob("*/config.json"))


def find_graph(folder: Path) -> Path:
    """The graph of a model folder: the one that ``model.json`` lists, else the quantised one.

    It stands in the folder or, as in repositories of the HuggingFace hub, in ``onnx`` below it.

    Raises:
        ModelError: there is none, or one cannot be told from another.
    """
    graphs = {
        path.relative_to(folder).as_posix(): path
        for place in (folder, folder / "onnx")
        for path in sorted(place.glob("model*.onnx"))
    }
    own = folder / "model.json"
    named = [name for name in listed_files(read_json(own), str(own)) if name.endswith(".onnx")]
    for name in [*named, *GRAPHS]:
        if name in graphs:
            return graphs[name]
    if len(graphs) == 1:
        return next(iter(graphs.values()))
    if graphs:
        raise ModelError(
            f"{folder} has several graphs ({', '.join(graphs)}): name one in model.json under files"
        )
    weights = [
        path.name
        for path in sorted(folder.iterdir())
        if path.suffix in {".bin", ".pt", ".pth", ".pkl", ".ckpt", ".safetensors", ".h5"}
    ]
    if weights:
        raise ModelError(
            f"{folder} holds {', '.join(weights)} but no model*.onnx: "
            f"export it with python -m pipeline models export"
        )
    raise ModelError(f"{folder} has no model*.onnx, nor has {folder / 'onnx'}")

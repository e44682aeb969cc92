"""A model behind a URI is copied once, whole, and checked by hash."""

import functools
import http.server
import json
import shutil
import threading
from pathlib import Path

import pytest

from models.check import write_settings
from models.fetch import HOMES, fetch_model
from models.files import ModelError, UnavailableError
from models.model import load_model
from pipeline.__main__ import main

TINY = Path(__file__).parent / "tiny"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("ANNOTATION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


@pytest.fixture
def served(tmp_path):
    """A copy of the tiny model, its URI on loopback, and the paths that were asked for."""
    folder = Path(shutil.copytree(TINY, tmp_path / "served" / "tiny"))
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    handler = functools.partial(Handler, directory=folder.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/tiny", asked
        server.shutdown()


def test_a_model_is_loaded_by_its_uri(served):
    """With the fingerprint of the folder it was copied from; a second time without the network."""
    folder, uri, asked = served
    assert load_model(uri).fingerprint == load_model(str(folder)).fingerprint
    asked.clear()
    assert load_model(f"{uri}/").name.startswith("tiny")
    assert not asked


def test_a_known_name_is_its_home(served, monkeypatch):
    """Where there is no folder of that name."""
    folder, uri, _ = served
    monkeypatch.setitem(HOMES, "KNOWN", uri)
    assert load_model("KNOWN").fingerprint == load_model(str(folder)).fingerprint


def test_a_file_uri_is_a_uri():
    """Any scheme that smart_open reads will do."""
    assert load_model(TINY.as_uri()).labels == load_model(str(TINY)).labels


def test_a_file_that_is_not_the_promised_one_is_refused(served, cache):
    """And nothing of it stays in the cache."""
    folder, uri, _ = served
    write_settings(folder, ["TP53"])
    with (folder / "model.onnx").open("ab") as graph:
        graph.write(b"\n")
    with pytest.raises(UnavailableError, match=r"model\.onnx has sha256 \w+, not the promised"):
        fetch_model(uri)
    assert list(cache.iterdir()) == []


def test_a_copy_that_was_changed_is_refused(served):
    """The message says how to get it anew."""
    _, uri, _ = served
    copy = fetch_model(uri)
    (copy / "vocab.txt").write_text("[PAD]\n")
    with pytest.raises(UnavailableError, match=r"models fetch http.* --refresh"):
        fetch_model(uri)
    assert fetch_model(uri, refresh=True) == copy
    assert load_model(uri).labels


def test_a_missing_folder_and_an_absent_server_are_told_apart(served):
    """One sentence each, with the address."""
    _, uri, _ = served
    with pytest.raises(UnavailableError, match=r"there is no http://.*/other/config\.json"):
        fetch_model(uri.replace("tiny", "other"))
    with pytest.raises(
        UnavailableError, match=r"cannot fetch http://127\.0\.0\.1:9/tiny/config\.json"
    ):
        fetch_model("http://127.0.0.1:9/tiny")


@pytest.mark.parametrize("name", ["nosuch", "./nosuch", "models/nosuch"])
def test_a_name_that_nothing_bears_is_wrong_use(name, capsys):
    """As for the other commands: exit code 2, and what can be named."""
    assert main(["models", "fetch", name]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: no model '{name}' to fetch: neither the URI of a folder nor")
    assert "QEB8L" in error
    assert error.count("\n") == 1


def test_a_folder_without_a_graph_is_refused(served):
    """Naming what was looked for."""
    folder, uri, _ = served
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"has none of model_quantized\.onnx, model\.onnx"):
        fetch_model(uri)


def test_the_manifest_says_where_the_copy_came_from(served):
    """For whoever looks into the cache."""
    _, uri, _ = served
    manifest = json.loads((fetch_model(uri) / ".fetched.json").read_text())
    assert manifest["uri"] == uri
    assert set(manifest["files"]) == {
        "config.json",
        "tokenizer_config.json",
        "vocab.txt",
        "model.onnx",
    }


@pytest.mark.parametrize("name", ["../../PWNED", "/PWNED", "onnx/../../PWNED", "", ".."])
def test_a_listed_file_is_one_of_the_folder(name, served, cache):
    """A server could name any file of the user's, to write or to delete."""
    folder, uri, _ = served
    (folder / "model.json").write_text(json.dumps({"files": {name: "0" * 64}}))
    with pytest.raises(ModelError, match="which is no file of its folder"):
        fetch_model(uri)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("said", ["<html>", "[]", '{"files": null}', '{"files": {"a": 1}}'])
def test_an_answer_that_is_no_model_json_is_told(said, served):
    """Some servers answer with a page, whatever is asked for."""
    folder, uri, _ = served
    (folder / "model.json").write_text(said)
    with pytest.raises((ModelError, UnavailableError), match=r"model\.json (is not JSON|lists)"):
        fetch_model(uri)


def test_a_copy_whose_note_is_lost_is_fetched_again_when_told(served):
    """The line says how."""
    _, uri, _ = served
    (fetch_model(uri) / ".fetched.json").unlink()
    with pytest.raises(UnavailableError, match="--refresh"):
        fetch_model(uri)
    assert load_model(str(fetch_model(uri, refresh=True))).labels

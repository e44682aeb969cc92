"""A model folder is taken as published, or refused in one sentence."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from models.check import write_settings
from models.encoder import Encoder
from models.files import ModelError, file_sha256
from models.locate import embedded_models
from models.model import load_model, run_self_test
from models.settings import read_settings, read_tokenizer_settings
from models.tokenizer import load_tokenizer

TINY = Path(__file__).parent / "tiny"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the tiny model, to be damaged."""
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def edit(folder: Path, file: str, /, **changes: object) -> None:
    """Change keys of a JSON file in a model folder."""
    path = folder / file
    content = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**content, **changes}))


def tokenizer_of(folder: Path) -> Tokenizer:
    """The folder's tokenizer."""
    return load_tokenizer(read_tokenizer_settings(folder))[0]


def test_a_folder_without_model_json_needs_nothing_else():
    """Name, labels, limits and special tokens come from what the ecosystem publishes."""
    model = load_model(str(TINY))
    assert model.name == "tiny"
    assert model.labels[1] == "O"
    assert (model.before, model.after, model.inputs.pad_id) == ((2,), (3,), 0)
    assert (model.max_tokens, model.window_limit) == (64, 62)
    assert model.settings.aggregation == "first"
    assert model.settings.min_scores == {}


def test_a_batch_gives_each_window_its_own_logits():
    """Padding and special tokens leave no trace in the rows of a window."""
    model = load_model(str(TINY))
    ids = [model.tokenizer.token_to_id(token) for token in ("BRCA", "the", "aspirin")]
    windows = [np.array(ids[:1], np.int32), np.array(ids, np.int32)]
    logits = model.score(windows)
    assert logits.shape == (2, 3, len(model.labels))
    assert [model.labels[i] for i in logits[1].argmax(axis=1)] == ["B-GP", "O", "B-CD"]
    assert (logits[0, 0] == logits[1, 0]).all()


def test_tokenizer_json_and_vocab_txt_are_the_same_tokenizer(folder: Path):
    """Truncation and padding that a tokenizer.json carries are switched off."""
    model = load_model(str(folder))
    model.tokenizer.enable_truncation(8)
    model.tokenizer.enable_padding(length=9)
    model.tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").unlink()
    text = "The study of Escherichia coli, treated with acetylsalicylic acid (TP53)."
    again = load_model(str(folder)).tokenizer.encode(text)
    expected = load_model(str(TINY)).tokenizer.encode(text)
    assert again.ids == expected.ids
    assert again.offsets == expected.offsets


def test_the_tokenizers_settings_overrule_its_file(folder: Path):
    """As in transformers, which the model was trained with; the fingerprint tells."""
    load_model(str(folder)).tokenizer.save(str(folder / "tokenizer.json"))
    cased = load_model(str(folder))
    edit(folder, "tokenizer_config.json", do_lower_case=True)
    uncased = load_model(str(folder))
    assert cased.tokenizer.encode("The", add_special_tokens=False).tokens == ["The"]
    assert uncased.tokenizer.encode("The", add_special_tokens=False).tokens == ["the"]
    assert cased.fingerprint != uncased.fingerprint


def test_settings_count_as_in_transformers(folder: Path):
    """The general class reads its file as it is; BERT's has lower case where nothing is said."""
    load_model(str(folder)).tokenizer.save(str(folder / "tokenizer.json"))
    edit(folder, "tokenizer_config.json", tokenizer_class="BertTokenizer", do_lower_case=False)
    assert tokenizer_of(folder).encode("The").tokens[1:-1] == ["The"]
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["do_lower_case"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    assert tokenizer_of(folder).encode("The").tokens[1:-1] == ["the"]
    edit(folder, "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
    edit(folder, "tokenizer_config.json", do_lower_case=True)
    assert tokenizer_of(folder).encode("The").tokens[1:-1] == ["The"]


@pytest.mark.parametrize(("kind", "first"), [("Roberta", "the"), ("PreTrained", "Ġthe")])
def test_a_blank_before_the_first_word_is_as_in_transformers(kind: str, first: str, tmp_path):
    """RoBERTa's and GPT-2's classes have none where nothing is said."""
    tokenizer = Tokenizer(BPE({"Ġthe": 0, "the": 1, "t": 2, "h": 3, "e": 4, "th": 5, "Ġ": 6}, []))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=True)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": f"{kind}TokenizerFast"})
    )
    loaded = tokenizer_of(tmp_path)
    assert loaded.pre_tokenizer.pre_tokenize_str("the")[0][0] == first


def test_the_fingerprint_changes_with_graph_tokenizer_labels_and_limit(folder: Path):
    """Not with the folder's name or what does not change a score."""
    first = load_model(str(folder)).fingerprint
    edit(folder, "model.json", name="other", licence="CC0-1.0", thresholds={"GP": 0.5})
    assert load_model(str(folder)).fingerprint == first
    seen = {first}
    edit(folder, "model.json", max_tokens=32)
    seen.add(load_model(str(folder)).fingerprint)
    labels = json.loads((folder / "config.json").read_text())["id2label"]
    edit(folder, "model.json", thresholds={})
    edit(folder, "config.json", id2label={**labels, "0": "B-GENE", "2": "I-GENE"})
    seen.add(load_model(str(folder)).fingerprint)
    with (folder / "vocab.txt").open("a") as file:
        file.write("kinase\n")
    edit(folder, "config.json", vocab_size=213)
    rows = (folder / "model.onnx").read_bytes()
    with pytest.raises(ModelError, match="fails on a window"):
        load_model(str(folder))
    shutil.copy(TINY / "vocab.txt", folder)
    (folder / "model.onnx").write_bytes(rows.replace(b"tiny", b"TINY"))
    seen.add(load_model(str(folder)).fingerprint)
    assert len(seen) == 4


def test_model_json_says_how_the_model_is_to_be_used(folder: Path):
    """Its name, limits, aggregation, thresholds and words for people hold."""
    edit(
        folder,
        "model.json",
        name="small",
        version="2",
        licence="MIT",
        max_tokens=40,
        aggregation="max",
        thresholds={"DS": 0.7},
        people={"OG": "GP"},
    )
    model = load_model(str(folder))
    assert (model.name, model.settings.version, model.settings.licence) == ("small", "2", "MIT")
    assert (model.max_tokens, model.settings.aggregation) == (40, "max")
    assert model.settings.min_scores == {"DS": 0.7}
    assert model.settings.people == {"OG": "GP"}


@pytest.mark.parametrize(
    ("config", "tokenizer", "expected"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, {}, 512),
        ({"model_type": "bert", "max_position_embeddings": 512}, {"model_max_length": 128}, 128),
        ({"model_type": "bert", "max_position_embeddings": 512}, {"model_max_length": 1e30}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, {}, 512),
        ({"model_type": "gpt2", "n_positions": 256}, {}, 256),
        ({"model_type": "deberta-v2", "max_position_embeddings": -1}, {}, 1024),
    ],
)
def test_the_limit_is_the_least_of_what_model_and_tokenizer_allow(
    folder: Path, config: dict, tokenizer: dict, expected: int
):
    """RoBERTa's first positions are never used; 1e30 is how a tokenizer says it has no limit."""
    plain = json.loads((TINY / "config.json").read_text())
    del plain["max_position_embeddings"]
    (folder / "config.json").write_text(json.dumps({**plain, **config}))
    edit(folder, "tokenizer_config.json", **tokenizer)
    assert load_model(str(folder)).max_tokens == expected


def add_self_test(folder: Path, text: str) -> None:
    """Write the model's own answer into its model.json."""
    model = load_model(str(folder))
    encoding = model.tokenizer.encode(text, add_special_tokens=False)
    logits = model.score([np.array(encoding.ids, np.int32)])[0]
    labels = [model.labels[i] for i in logits.argmax(axis=1)]
    case = {"text": text, "labels": labels, "logits": logits.tolist()}
    edit(folder, "model.json", self_test=[case], tolerance=0.1)


def test_the_self_test_passes_where_nothing_changed(folder: Path):
    """And says how far the logits were off."""
    add_self_test(folder, "TP53 in breast cancer")
    assert run_self_test(load_model(str(folder))) == 0


def test_the_self_test_catches_another_tokenizer(folder: Path):
    """Tokens that are cut otherwise are found before the first article."""
    add_self_test(folder, "TP53 in breast cancer")
    edit(folder, "tokenizer_config.json", do_lower_case=True)
    with pytest.raises(ModelError, match="has 6 tokens, expected 5"):
        load_model(str(folder))


def test_the_self_test_catches_a_swapped_graph(folder: Path):
    """Logits that differ are refused with both figures."""
    add_self_test(folder, "TP53 in breast cancer")
    graph = (folder / "model.onnx").read_bytes()
    sure, unsure = np.float32(6).tobytes(), np.float32(5.5).tobytes()
    (folder / "model.onnx").write_bytes(graph.replace(sure, unsure))
    with pytest.raises(ModelError, match=r"differs by 0\.5000, more than 0\.1"):
        load_model(str(folder))


def test_the_self_test_catches_numbers_that_are_none(folder: Path):
    """A kernel that computes nonsense passes no comparison, and fails none either."""
    add_self_test(folder, "TP53 in breast cancer")
    graph = (folder / "model.onnx").read_bytes()
    sure, nan = np.float32(6).tobytes(), np.float32("nan").tobytes()
    (folder / "model.onnx").write_bytes(graph.replace(sure, nan))
    with pytest.raises(ModelError, match="logits like NaN"):
        load_model(str(folder))


def test_the_self_test_catches_swapped_labels(folder: Path):
    """Of another config.json."""
    add_self_test(folder, "TP53 in breast cancer")
    labels = json.loads((folder / "config.json").read_text())["id2label"]
    edit(folder, "config.json", id2label={i: n.replace("GP", "PR") for i, n in labels.items()})
    with pytest.raises(ModelError, match="made with other labels"):
        load_model(str(folder))


def test_external_weights_are_part_of_the_fingerprint(folder: Path):
    """Whatever their file is called; model.json lists it too."""
    size = load_model(str(folder)).tokenizer.get_vocab_size(), 9
    weights = np.random.default_rng(0).normal(size=size).astype(np.float32)
    shutil.copy(TINY.parent / "external_data.onnx", folder / "model.onnx")
    (folder / "weights.data").write_bytes(weights.tobytes())
    before = load_model(str(folder)).fingerprint
    write_settings(folder)
    assert "weights.data" in json.loads((folder / "model.json").read_text())["files"]
    (folder / "model.json").unlink()
    (folder / "weights.data").write_bytes((weights * 2).tobytes())
    assert load_model(str(folder)).fingerprint != before


def test_a_file_that_is_not_the_listed_one_is_refused(folder: Path):
    """The hashes of model.json are checked at every load."""
    edit(folder, "model.json", files={"model.onnx": file_sha256(folder / "model.onnx")})
    load_model(str(folder))
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes() + b"\n")
    with pytest.raises(ModelError, match="damaged or another file"):
        load_model(str(folder))


def _no_labels(folder: Path) -> None:
    edit(folder, "config.json", id2label={})


def _no_outside(folder: Path) -> None:
    edit(folder, "config.json", id2label={"0": "LABEL_0", "1": "LABEL_1"})


def _few_labels(folder: Path) -> None:
    edit(folder, "config.json", id2label={"0": "O", "1": "B-X", "2": "I-X"})


def _small_vocabulary(folder: Path) -> None:
    edit(folder, "config.json", vocab_size=100)


def _other_vocabulary(folder: Path) -> None:
    words = (folder / "vocab.txt").read_text().splitlines()
    (folder / "vocab.txt").write_text("\n".join(words[:60]))


def _no_graph_at_all(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"")


def _odd_labels(folder: Path) -> None:
    edit(folder, "config.json", id2label={"0": "O", "1": None})


def _listed_labels(folder: Path) -> None:
    edit(folder, "config.json", id2label=["O", "B-X"])


def _odd_threshold(folder: Path) -> None:
    edit(folder, "model.json", thresholds={"GP": "0.5"})


def _threshold_of_nothing(folder: Path) -> None:
    edit(folder, "model.json", thresholds={"ZZ": 0.5})


def _people_of_nothing(folder: Path) -> None:
    edit(folder, "model.json", people={"OG": "ZZ"})


def _odd_limit(folder: Path) -> None:
    edit(folder, "model.json", max_tokens="32")


def _odd_self_test(folder: Path) -> None:
    edit(folder, "model.json", self_test=[{"text": "mice"}])


def _listed_elsewhere(folder: Path) -> None:
    edit(folder, "model.json", files={"../model.onnx": "0"})


def _odd_vocabulary(folder: Path) -> None:
    (folder / "vocab.txt").write_bytes(b"[UNK]\n\xff\n")


def _too_many_tokens(folder: Path) -> None:
    edit(folder, "model.json", max_tokens=100)


def _no_room(folder: Path) -> None:
    edit(folder, "model.json", max_tokens=2)


def _wrong_aggregation(folder: Path) -> None:
    edit(folder, "model.json", aggregation="last")


def _no_graph(folder: Path) -> None:
    (folder / "model.onnx").unlink()


def _pytorch_instead(folder: Path) -> None:
    (folder / "model.onnx").rename(folder / "pytorch_model.bin")


def _pickle_in_disguise(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


def _large_file_pointer(folder: Path) -> None:
    (folder / "model.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0")


def _damaged_graph(folder: Path) -> None:
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:4000])


def _future_opset(folder: Path) -> None:
    # The last bytes are the opset's version, 17, as a protobuf integer.
    graph = (folder / "model.onnx").read_bytes()
    assert graph.endswith(b"\x10\x11")
    (folder / "model.onnx").write_bytes(graph[:-1] + b"\x7f")


def _future_format(folder: Path) -> None:
    # The first bytes are the version of ONNX's own format, as a protobuf integer.
    graph = (folder / "model.onnx").read_bytes()
    assert graph.startswith(b"\x08\x08")
    (folder / "model.onnx").write_bytes(b"\x08\x7f" + graph[2:])


def _external_data_missing(folder: Path) -> None:
    shutil.copy(TINY.parent / "external_data.onnx", folder / "model.onnx")


def _no_tokenizer(folder: Path) -> None:
    (folder / "vocab.txt").unlink()


def _only_sentencepiece(folder: Path) -> None:
    (folder / "vocab.txt").rename(folder / "sentencepiece.bpe.model")


def _two_graphs(folder: Path) -> None:
    shutil.copy(folder / "model.onnx", folder / "model_a.onnx")
    (folder / "model.onnx").rename(folder / "model_b.onnx")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_no_labels, "has no labels"),
        (_no_outside, "is O, so nothing says which tokens are outside"),
        (_few_labels, "gives 1 x 64 x 9 scores for one window of 64 tokens and 3 labels"),
        (_small_vocabulary, "the model only 100"),
        (_too_many_tokens, "asks for 100 tokens, the model takes 64"),
        (_wrong_aggregation, "asks for aggregation 'last'"),
        (_no_graph, r"has no model\*\.onnx"),
        (_pytorch_instead, r"holds pytorch_model\.bin but no model\*\.onnx"),
        (_pickle_in_disguise, "pickle or PyTorch file"),
        (_large_file_pointer, "git lfs pull"),
        (_damaged_graph, "is damaged, or no ONNX file"),
        (_future_opset, "needs a newer ONNX Runtime"),
        (_future_format, "needs a newer ONNX Runtime"),
        (_external_data_missing, "keeps its weights in another file, which is missing"),
        (_no_tokenizer, r"neither tokenizer\.json nor vocab\.txt"),
        (_only_sentencepiece, r"only sentencepiece\.bpe\.model of .*save_pretrained"),
        (_two_graphs, "several graphs"),
        (_no_room, "has no room for text"),
        (_other_vocabulary, "knows only 60 tokens, the model 212"),
        (_no_graph_at_all, "is empty: was its copy cut short"),
        (_odd_labels, "None is no label"),
        (_listed_labels, r"id2label is \['O', 'B-X'\], not an object"),
        (_odd_threshold, "the threshold of 'GP', '0.5', is no score"),
        (_threshold_of_nothing, "the threshold of 'ZZ'"),
        (_people_of_nothing, "people are 'ZZ', which is no entity type"),
        (_odd_limit, "max_tokens is '32', not a whole number"),
        (_odd_self_test, "each self_test needs a text, its labels and its logits: KeyError"),
        (_listed_elsewhere, "which is no file of its folder"),
        (_odd_vocabulary, "cannot be read"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(folder: Path, damage, sentence: str):
    """Before any article is read."""
    damage(folder)
    with pytest.raises(ModelError, match=sentence) as refused:
        load_model(str(folder))
    assert "\n" not in str(refused.value)


ODD_VALUES = [
    ("config.json", "id2label", [3, "O", {"one": "O"}, {"1": "O"}]),
    ("config.json", "vocab_size", ["212", 2.5, True]),
    ("config.json", "max_position_embeddings", ["64", [64]]),
    ("config.json", "pad_token_id", ["0", {}]),
    ("tokenizer_config.json", "do_lower_case", ["yes", 1]),
    ("tokenizer_config.json", "model_max_length", ["64", True]),
    ("tokenizer_config.json", "unk_token", [3, {"content": 3}]),
    ("tokenizer_config.json", "tokenizer_class", [["BertTokenizer"]]),
    ("model.json", "name", [3]),
    ("model.json", "thresholds", [0.5, ["GP"], {"GP": True}]),
    ("model.json", "aggregation", [1]),
    ("model.json", "people", ["OG", {"OG": None}]),
    ("model.json", "tolerance", ["0.5"]),
    ("model.json", "files", [["model.onnx"], {"model.onnx": 3}]),
    ("model.json", "self_test", [{}, [3], [{"text": "a", "labels": [], "logits": "x"}]]),
]


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [(file, key, value) for file, key, values in ODD_VALUES for value in values],
)
def test_odd_values_are_told_with_their_file(folder: Path, file: str, key: str, value: object):
    """Whatever JSON stands where the ecosystem has another kind of value."""
    edit(folder, file, **{key: value})
    with pytest.raises(ModelError) as refused:
        load_model(str(folder))
    assert file in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "model.json"])
@pytest.mark.parametrize("content", ["", "[1]", "{", "3", "\udcff", "[" * 100_000])
def test_files_that_hold_no_object_are_told(folder: Path, file: str, content: str):
    """Cut short, of another kind, or no text at all."""
    (folder / file).write_text(content, errors="surrogateescape")
    with pytest.raises(ModelError, match=f"{file} (is not JSON|holds no JSON object)"):
        load_model(str(folder))


@pytest.mark.parametrize("fault", [AttributeError, KeyError, OSError, TypeError, ValueError])
def test_a_fault_of_the_program_is_not_told_as_one_of_the_folder(fault, monkeypatch):
    """It comes as it is, with the place where it happened."""

    def fail(_):
        raise fault("ours")

    monkeypatch.setattr("models.encoder.special_tokens", fail)
    with pytest.raises(fault, match="ours"):
        load_model(str(TINY))


class FirstToken(Encoder):
    """Another head: a score for a window, from its first token."""

    def score(self, windows):
        """One row a window."""
        return self.run(windows)[:, 0]


def test_an_encoder_takes_another_head():
    """Loaded from a folder like any other, with threads and memory of its own."""
    encoder = FirstToken.load(read_settings(TINY), 2)
    ids = [encoder.tokenizer.token_to_id(token) for token in ("BRCA", "the")]
    windows = [np.array(ids, np.int32), np.array(ids[:1], np.int32)]
    assert encoder.score(windows).shape == (2, 9)
    assert encoder.read_longest_window()["logits"].shape == (1, 64, 9)
    assert encoder.full_name == load_model(str(TINY)).full_name


@pytest.mark.parametrize("name", ["model.onnx", "model_quantized.onnx"])
def test_the_graph_may_stand_as_on_the_hub(folder: Path, name: str):
    """In ``onnx`` below the folder; model.json lists it there, and its hash is checked."""
    expected = load_model(str(folder)).fingerprint
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / name)
    assert load_model(str(folder)).fingerprint == expected
    write_settings(folder)
    assert f"onnx/{name}" in json.loads((folder / "model.json").read_text())["files"]
    with (folder / "onnx" / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ModelError, match="damaged or another file"):
        load_model(str(folder))


def test_a_byte_level_tokenizer_is_made_of_its_vocabulary(tmp_path: Path):
    """GPT-2's and RoBERTa's two files, where there is no tokenizer.json."""
    folder = Path(shutil.copytree(TINY.parent / "tiny_bpe", tmp_path / "bpe"))
    text = "the BRCA and aspirin 😀"
    expected = load_model(str(folder)).tokenizer.encode(text)
    written = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "vocab.json").write_text(json.dumps(written["vocab"]))
    merges = "\n".join(" ".join(pair) for pair in written["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    (folder / "tokenizer.json").unlink()
    made = load_model(str(folder)).tokenizer.encode(text)
    assert (made.ids, made.offsets) == (expected.ids, expected.offsets)


def test_an_unknown_name_lists_the_embedded_models():
    """The message helps someone who mistyped."""
    with pytest.raises(ModelError, match="neither a folder nor known by name"):
        load_model("no-such-model")


@pytest.mark.parametrize("name", embedded_models())
def test_an_embedded_model_loads_by_its_name(name: str):
    """Its self-test included."""
    assert load_model(name).settings.self_tests

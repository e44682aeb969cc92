"""What a graph does with padding, batches and shapes is found out before an article is read.

The graphs are small and real. One that reads its window adds to each token's logits a mean over the
window's tokens, as attention does: over those that its mask leaves, or over all.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from models.files import ModelError
from models.inputs import Inputs
from models.model import Model, load_model
from tests.models.make_tiny import LABELS, vocabulary

TOKENS = vocabulary()
ANY = ("batch", "sequence")


def write_model(
    folder: Path,
    inputs: dict[str, int],
    nodes: list,
    *,
    size: tuple = ANY,
    outputs: tuple[str, ...] = ("logits",),
    **config: object,
) -> str:
    """Writes a model folder whose graph has a table ``rows`` of random logits by token."""
    folder.mkdir(exist_ok=True)
    rows = np.random.default_rng(1).normal(size=(len(TOKENS), len(LABELS))).astype(np.float32)
    constants = {
        "rows": rows,
        "one": np.array([1], np.int64),
        "two": np.array([2], np.int64),
        "flat": np.array([1, -1], np.int64),
    }
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(name, kind, size) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx")
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in TOKENS))
    settings = {
        "model_type": "bert",
        "vocab_size": len(TOKENS),
        "max_position_embeddings": 64,
        "pad_token_id": 0,
        "id2label": dict(enumerate(LABELS)),
        **config,
    }
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    return str(folder)


def node(operator: str, inputs: str, output: str, **attributes: object):
    """An operator."""
    return helper.make_node(operator, inputs.split(), [output], **attributes)


UNMASKED = [
    node("Gather", "rows input_ids", "own"),
    node("ReduceMean", "own", "mean", axes=[1]),
    node("Add", "own mean", "logits"),
]


def masked(mask: str) -> list:
    """The mean is over the tokens whose mask is 1."""
    return [
        node("Gather", "rows input_ids", "own"),
        node("Cast", mask, "weight", to=TensorProto.FLOAT),
        node("Unsqueeze", "weight two", "weights"),
        node("Mul", "own weights", "kept"),
        node("ReduceSum", "kept one", "sum"),
        node("ReduceSum", "weights one", "count"),
        node("Div", "sum count", "mean"),
        node("Add", "own mean", "logits"),
    ]


INT, FLOAT, BOOL = TensorProto.INT64, TensorProto.FLOAT, TensorProto.BOOL
WITH_MASK = {"input_ids": INT, "attention_mask": INT}


def windows() -> list[np.ndarray]:
    """Three windows of different length."""
    source = np.random.default_rng(2)
    return [source.integers(5, len(TOKENS), size, np.int32) for size in (3, 20, 7)]


def assert_a_batch_is_its_windows(model: Model) -> None:
    """Each window has the scores that it has by itself."""
    together = model.score(windows())
    for row, window in zip(together, windows(), strict=True):
        assert row[: len(window)] == pytest.approx(model.score([window])[0], abs=1e-5)


@pytest.mark.parametrize(
    ("inputs", "nodes", "one_by_one"),
    [
        ({"input_ids": INT}, UNMASKED, True),
        (WITH_MASK, UNMASKED, True),
        (WITH_MASK, masked("attention_mask"), False),
        ({"input_ids": INT, "attention_mask": FLOAT}, masked("attention_mask"), False),
        ({"input_ids": INT, "attention_mask": BOOL}, masked("attention_mask"), False),
        ({"input_ids": INT, "input_mask": INT, "segment_ids": INT}, masked("input_mask"), False),
    ],
)
def test_padding_is_not_read(tmp_path: Path, inputs, nodes, one_by_one: bool):
    """A graph without a mask, or with one that it ignores, gets one window at a time."""
    model = load_model(write_model(tmp_path / "m", inputs, nodes))
    assert model.one_by_one == one_by_one
    assert_a_batch_is_its_windows(model)


def test_a_graph_traced_with_one_sentence_gets_one_at_a_time(tmp_path: Path):
    """It declares any batch, and has a batch of one inside."""
    traced = [
        node("Reshape", "input_ids flat", "line"),
        node("Gather", "rows line", "logits"),
    ]
    model = load_model(write_model(tmp_path / "m", {"input_ids": INT}, traced))
    assert model.one_by_one
    assert_a_batch_is_its_windows(model)


def test_rows_that_read_each_other_are_found(tmp_path: Path):
    """The mean is over the whole batch; the shapes give no sign of it."""
    mixing = [*masked("attention_mask")[:4]]
    mixing += [
        node("ReduceMean", "kept", "mean", axes=[0, 1]),
        node("Add", "own mean", "logits"),
    ]
    model = load_model(write_model(tmp_path / "m", WITH_MASK, mixing))
    assert model.one_by_one
    assert_a_batch_is_its_windows(model)


@pytest.mark.parametrize("size", [(1, "sequence"), (4, "sequence"), ("batch", 32), (2, 32)])
def test_fixed_sizes_are_filled_up(tmp_path: Path, size: tuple):
    """Windows are no longer than the graph takes, batches no larger."""
    folder = write_model(tmp_path / "m", WITH_MASK, masked("attention_mask"), size=size)
    model = load_model(folder)
    assert model.max_tokens == (32 if 32 in size else 64)
    assert_a_batch_is_its_windows(model)
    model.reserve(512)


def test_a_fixed_length_without_a_mask_is_refused(tmp_path: Path):
    """Its windows can only be padded, and it would read the padding."""
    folder = write_model(tmp_path / "m", {"input_ids": INT}, UNMASKED, size=("batch", 32))
    with pytest.raises(ModelError, match="32 tokens only, and takes padding for text"):
        load_model(folder)


def test_logits_are_found_in_any_output(tmp_path: Path):
    """By their shape, if none is called logits."""
    nodes = [*masked("attention_mask")[:-1], node("Add", "own mean", "scores")]
    nodes += [node("ReduceMean", "own", "hidden", axes=[2])]
    folder = write_model(tmp_path / "m", WITH_MASK, nodes, outputs=("hidden", "scores"))
    assert load_model(folder).output == "scores"


def test_probabilities_are_not_put_through_softmax_again(tmp_path: Path):
    """Scores are the same as those of the graph that gives logits."""
    logits = masked("attention_mask")
    plain = load_model(write_model(tmp_path / "plain", WITH_MASK, logits))
    ended = [*logits[:-1], node("Add", "own mean", "raw"), node("Softmax", "raw", "logits", axis=2)]
    model = load_model(write_model(tmp_path / "ended", WITH_MASK, ended))
    assert (plain.probabilities, model.probabilities) == (False, True)
    [window, *_] = windows()
    expected = np.exp(plain.score([window]))
    expected /= expected.sum(axis=-1, keepdims=True)
    assert np.exp(model.score([window])) == pytest.approx(expected, abs=1e-5)


def test_roberta_counts_positions_from_behind_its_pad_id(tmp_path: Path):
    """As transformers does where the graph has no such input; pads all have the pad's position."""
    inputs = {**WITH_MASK, "position_ids": INT}
    nodes = [
        *masked("attention_mask")[:-1],
        node("Gather", "rows position_ids", "places"),
        node("Add", "own places", "placed"),
        node("Add", "placed mean", "logits"),
    ]
    sizes = {"max_position_embeddings": 66, "pad_token_id": 1}
    folder = write_model(tmp_path / "m", inputs, nodes, model_type="roberta", **sizes)
    model = load_model(folder)
    feed = model.feed([np.array([7, 8], np.int32), np.array([9], np.int32)])
    assert feed["position_ids"].tolist() == [[2, 3, 4, 5], [2, 3, 4, 1]]
    bert = load_model(write_model(tmp_path / "bert", inputs, nodes))
    assert bert.feed([np.array([7], np.int32)])["position_ids"].tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("inputs", "nodes", "size", "sentence"),
    [
        ({"input_ids": INT, "bbox": INT}, UNMASKED, ANY, "wants an input bbox"),
        ({"input_ids": FLOAT}, [node("Identity", "rows", "logits")], ANY, r"tensor\(float\)"),
        (WITH_MASK, UNMASKED, ("batch", 1, "sequence"), "not windows x tokens"),
        ({"attention_mask": INT}, [node("Identity", "rows", "logits")], ANY, "no input input_ids"),
        (
            {"input_ids": INT},
            [node("Gather", "rows input_ids", "own"), node("Log", "own", "logits")],
            ANY,
            "logits like NaN",
        ),
    ],
)
def test_what_no_window_fits_is_refused(tmp_path: Path, inputs, nodes, size, sentence: str):
    """In one line, with the reason."""
    with pytest.raises(ModelError, match=sentence) as refused:
        load_model(write_model(tmp_path / "m", inputs, nodes, size=size))
    assert "\n" not in str(refused.value)


def test_a_batch_of_fixed_size_repeats_its_last_row():
    """Whatever a graph would make of rows that are empty."""
    inputs = Inputs((("input_ids", "input_ids", np.int64),), 3, None, 0, 0)
    assert inputs.feed([np.array([5, 6])])["input_ids"].tolist() == [[5, 6]] * 3

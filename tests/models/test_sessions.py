"""Sessions give what one session of the file gives, over one copy of the weights."""

import resource
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from models import sessions as sessions_module
from models.files import ModelError, UnavailableError
from models.locate import EMBEDDED, find_graph
from models.sessions import EXACT_PRODUCTS, UNFUSED, Sessions, session_options

TINY = find_graph(Path(__file__).parent / "tiny")


def feed(sessions: Sessions, rows: int, length: int) -> dict[str, np.ndarray]:
    """Random tokens; the second half of every other row is padding."""
    ids = np.random.default_rng(rows).integers(5, 60, (rows, length))
    mask = np.ones_like(ids)
    mask[::2, length // 2 :] = 0
    values = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    return {node.name: values[node.name] for node in sessions.inputs}


@pytest.mark.parametrize("graph", [TINY, find_graph(EMBEDDED / "minilm-l6-bioner")])
def test_scores_are_those_of_the_file_to_the_bit(graph: Path):
    """Optimised once, written, mapped into memory, in any number of threads."""
    one = ort.InferenceSession(str(graph), session_options(), disabled_optimizers=UNFUSED)
    sessions = Sessions(graph, 2)
    feeds = [feed(sessions, rows, length) for rows in (1, 3, 8) for length in (2, 17, 40)] * 3
    expected = [one.run(["logits"], its)[0] for its in feeds]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda its: sessions.run("logits", its), feeds))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_products_of_great_weights_are_exact_on_every_processor(tmp_path):
    """Pairs of them overflow 16 bits, in which processors of x86-64 without VNNI add them up."""
    weights = np.full((64, 32), 127, np.int8)
    weights[::3] = -128
    multiplied = helper.make_node("MatMulInteger", ["input_ids", "weights"], ["logits"])
    graph = helper.make_graph(
        [multiplied],
        "product",
        [helper.make_tensor_value_info("input_ids", TensorProto.UINT8, ["rows", 64])],
        [helper.make_tensor_value_info("logits", TensorProto.INT32, ["rows", 32])],
        [numpy_helper.from_array(weights, "weights")],
    )
    file = tmp_path / "product.onnx"
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), file)
    values = np.random.default_rng(0).integers(200, 256, (5, 64), np.uint8)
    found = Sessions(file).run("logits", {"input_ids": values})
    np.testing.assert_array_equal(found, values.astype(np.int32) @ weights.astype(np.int32))


@pytest.mark.parametrize("exact", [True, False])
def test_exact_products_are_paid_for_only_where_they_are_needed(monkeypatch, exact):
    """By the proof, for which a given answer stands here."""
    monkeypatch.setattr(sessions_module, "products_are_exact", lambda: exact)
    options = session_options()
    if exact:
        with pytest.raises(RuntimeError, match="does not have"):
            options.get_session_config_entry(EXACT_PRODUCTS)
    else:
        assert options.get_session_config_entry(EXACT_PRODUCTS) == "1"


def test_another_call_waits_for_an_idle_session():
    """No more compute at a time than there are sessions."""
    sessions = Sessions(TINY, 2)
    first, second = sessions.idle.get(), sessions.idle.get()
    assert first is not second
    done = threading.Event()

    def call() -> None:
        sessions.run("logits", feed(sessions, 1, 3))
        done.set()

    thread = threading.Thread(target=call)
    thread.start()
    assert not done.wait(0.2)
    sessions.idle.put(first)
    thread.join(timeout=60)
    assert done.is_set()


def test_a_call_that_fails_gives_its_session_back():
    """And the next one works."""
    sessions = Sessions(TINY, 1)
    wrong = feed(sessions, 1, 3) | {"input_ids": np.full((1, 3), 10_000)}
    with pytest.raises(ort.capi.onnxruntime_pybind11_state.InvalidArgument):
        sessions.run("logits", wrong)
    assert sessions.run("logits", feed(sessions, 1, 3)).shape[:2] == (1, 3)


def test_nothing_stays_in_the_folder_for_temporary_files(monkeypatch, tmp_path):
    """Not after a success, and not after a failure."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Sessions(TINY, 2)
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(TINY.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot load"):
        Sessions(damaged)
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.onnx"]


def test_no_room_for_the_weights_is_told(monkeypatch, tmp_path):
    """A limit on the size of files stands for a full disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(UnavailableError, match=f"no room.* {tmp_path} .*TMPDIR"):
            Sessions(TINY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_for_temporary_files_is_told(monkeypatch, tmp_path):
    """By its name."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(UnavailableError, match="gone"):
        Sessions(TINY)


def test_idle_sessions_share_the_work():
    """Every item once, in more than one thread, and the time of the others is told."""
    sessions = Sessions(TINY, 3)
    threads = set()
    done = []

    def work(item: int) -> None:
        sessions.run("logits", feed(sessions, 8, 60))
        threads.add(threading.current_thread())
        done.append(item)

    assert sessions.for_each(work, range(300)) > 0
    assert sorted(done) == list(range(300))
    assert 1 < len(threads) <= 3
    assert threading.current_thread() in threads


def test_one_session_works_in_the_calling_thread_alone():
    """In the order of the items."""
    sessions = Sessions(TINY)
    done = []
    assert sessions.for_each(lambda n: done.append((n, threading.current_thread())), [3, 1, 2]) == 0
    assert done == [(n, threading.current_thread()) for n in (3, 1, 2)]


@pytest.mark.parametrize("failing", ["caller", "helper"])
def test_what_fails_in_any_thread_fails_the_caller(failing: str):
    """Each of two threads has one item."""
    sessions = Sessions(TINY, 2)
    both = threading.Barrier(2)

    def work(_: int) -> None:
        both.wait(60)
        is_caller = threading.current_thread() is threading.main_thread()
        if is_caller == (failing == "caller"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sessions.for_each(work, range(2))

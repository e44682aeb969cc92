"""A graph in, ONNX Runtime sessions out: one for each thread, over one copy of the weights.

Threads that share a session share its arena too, and are given memory that lies in another core's
cache: with a session each, two of them do 6 % more with a model of 8 x 512 hidden, int8, and 2 %
more with one of 6 x 384 (``tests/bench/bench_runtime.py``, "2 threads" and "..., one session").
"""

import os
import platform
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import LifoQueue
from typing import Any, TypeVar

# ONNX Runtime's wheels would keep a database of every session and send it to their maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from models.files import ModelError, UnavailableError
from models.products import products_are_exact

# ONNX Runtime's kernel for an addition and a LayerNormalization in one is not vectorised: without
# it the embedded model takes 17 % less time (tests/bench/bench_runtime.py, "fused SkipLayerNorm").
UNFUSED = ["SkipLayerNormFusion"]
WEIGHTS = "weights"
PREPACKED = "session.save_external_prepacked_constant_initializers"
EXACT_PRODUCTS = "session.x64quantprecision"

Item = TypeVar("Item")


class Sessions:
    """Sessions of one graph; safe to use from any number of threads.

    The graph is optimised once and put into a temporary file beside its weights, laid out for this
    processor, which every session maps into memory instead of reading them. The files are gone when
    this returns; a session's own is its arena.

    Args:
        graph: an ONNX file.
        count: of the sessions: so many threads compute at a time, others wait.

    Attributes:
        idle: sessions that compute nothing; the one used last comes first.
        inputs, outputs: of the graph.

    Raises:
        ModelError: ONNX Runtime cannot load the file.
        UnavailableError: there is no room for the temporary file.
    """

    def __init__(self, graph: Path, count: int = 1) -> None:
        try:
            # A file that is in use cannot be deleted everywhere: not on NFS.
            with tempfile.TemporaryDirectory(prefix="model-", ignore_cleanup_errors=True) as folder:
                optimised = Path(folder, "model.onnx")
                _optimise(graph, optimised)
                sessions = [_open(optimised) for _ in range(count)]
        except RuntimeException as error:
            raise UnavailableError(
                f"ONNX Runtime cannot open {count} sessions of {graph}, one a thread: {error}"
            ) from error
        except OSError as error:
            raise UnavailableError(
                f"the weights of {graph} need a temporary file: {error} (TMPDIR names the folder)"
            ) from error
        self.inputs: Sequence[ort.NodeArg] = sessions[0].get_inputs()
        self.outputs: Sequence[ort.NodeArg] = sessions[0].get_outputs()
        self.idle: LifoQueue[ort.InferenceSession] = LifoQueue()
        for session in sessions:
            self.idle.put(session)
        self._count = count
        self._helpers = ThreadPoolExecutor(count, thread_name_prefix="score")

    def run(self, output: str, feed: Mapping[str, Any]) -> Any:
        """One of the graph's outputs."""
        session = self.idle.get()
        try:
            return session.run([output], feed)[0]
        finally:
            self.idle.put(session)

    def for_each(self, work: Callable[[Item], None], items: Sequence[Item]) -> float:
        """Does a work for each item in this thread, and in others as long as sessions are idle.

        A book of abstracts has hundreds of times the batches of an article, and the last article of
        a run would be one thread's alone.

        Args:
            work: calls ``run`` once; what it raises in any thread is raised here.
            items: in the order in which they are begun.

        Returns:
            Milliseconds of processor time that the other threads took.
        """
        left = deque(items)

        def do_next() -> bool:
            try:
                item = left.popleft()
            except IndexError:  # another thread took the last one
                return False
            work(item)
            return True

        def help_out() -> float:
            start = time.thread_time()
            while do_next():
                pass
            return (time.thread_time() - start) * 1000

        helpers: list[Future[float]] = []
        try:
            while left:
                if len(left) > 1 and self.idle.qsize() > 1 and len(helpers) < self._count - 1:
                    helpers.append(self._helpers.submit(help_out))
                do_next()
        finally:
            left.clear()
        return sum(helper.result() for helper in helpers if not helper.cancel())

    def reserve(self, feed: Mapping[str, Any]) -> None:
        """Run every session at once, while all of them are idle, so that its arena has the room."""
        names = [node.name for node in self.outputs]
        sessions = list(self.idle.queue)
        with ThreadPoolExecutor(len(sessions)) as pool:
            list(pool.map(lambda session: session.run(names, feed), sessions))


def session_options() -> ort.SessionOptions:
    """One core for each call, and memory that is kept, because batches have a bounded size.

    Two threads, 150 batches of many shapes, 8 x 512 hidden, int8: the process needs 251 MB with the
    arena, 305 with the memory pattern too, 455 without either, when malloc keeps what is freed; the
    core time is the same. See ``tests/bench/bench_runtime.py``.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = False
    if not products_are_exact():
        options.add_session_config_entry(EXACT_PRODUCTS, "1")
    options.log_severity_level = 3  # errors; they are raised as well
    if platform.machine() in {"x86_64", "AMD64"}:  # elsewhere nobody has tried it
        # The matrices as the kernels want them are in the file; else each session makes its own.
        options.add_session_config_entry(PREPACKED, "1")
    return options


def _optimise(graph: Path, optimised: Path) -> None:
    """Write a graph as this machine computes it best, its weights in a file beside it."""
    options = session_options()
    try:
        options.optimized_model_filepath = str(optimised)
    except TypeError as error:
        raise OSError(f"{str(optimised.parent)!r} is no name in UTF-8") from error
    external = "session.optimized_model_external_initializers_"
    options.add_session_config_entry(f"{external}file_name", WEIGHTS)
    options.add_session_config_entry(f"{external}min_size_in_bytes", "1024")
    try:
        ort.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"], disabled_optimizers=UNFUSED
        )
    except Exception as error:  # its errors share no base class
        reason = " ".join(str(error).split())
        if str(optimised.parent) in reason:
            raise OSError(f"no room for it in {optimised.parent.parent}") from error
        if "opset" in reason.lower() or "IR version" in reason:
            raise ModelError(
                f"{graph} needs a newer ONNX Runtime than {ort.__version__}: {reason}"
            ) from error
        raise ModelError(f"ONNX Runtime {ort.__version__} cannot load {graph}: {reason}") from error


def _open(optimised: Path) -> ort.InferenceSession:
    options = session_options()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(str(optimised), options, providers=["CPUExecutionProvider"])

"""A model folder in, a graph that reads windows of tokens out, with its tokenizer.

A folder is what the ecosystem publishes: ``config.json``, ``tokenizer.json`` (or ``vocab.txt`` and
its settings) and ``model*.onnx``, with an optional ``model.json`` of our own (see ``Settings``).
Nothing is read that could carry code: no pickle, no PyTorch file.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.files import ModelError, external_files, file_sha256
from models.inputs import Inputs
from models.locate import find_graph
from models.sessions import Item, Sessions
from models.settings import Settings
from models.tokenizer import load_tokenizer, special_tokens

# Some tables of embeddings are padded to a round number.
LEAST_OF_VOCABULARY = 0.9

E = TypeVar("E", bound="Encoder")


@dataclass(frozen=True)
class Encoder:
    """A graph that reads windows of tokens, with its tokenizer: all of a model but its head.

    What the graph's numbers mean is the matter of a head: a class that inherits from this one, and
    turns them into scores, as ``Model`` does for tokens.

    Safe to use from several threads; as many compute at a time as there are sessions.

    Attributes:
        settings: what the folder says.
        fingerprint: 12 hex digits of a sha256 over the graph, the tokenizer, the labels and
            ``max_tokens``: equal fingerprints give equal scores.
        inputs: of the graph.
        output: the graph's output that is read.
        before, after: ids of the special tokens around a window.
        one_by_one: whether the graph gives a window its own answer only in a batch of one.
    """

    settings: Settings
    fingerprint: str
    tokenizer: Tokenizer
    sessions: Sessions
    inputs: Inputs
    output: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    one_by_one: bool = False

    @classmethod
    def load(cls: type[E], settings: Settings, threads: int) -> E:
        """Opens the graph and the tokenizer of a folder.

        Args:
            settings: what the folder says.
            threads: that compute at a time.

        Raises:
            ModelError: one is missing, damaged, or does not fit the other.
        """
        graph = find_graph(settings.folder)
        tokenizer, tokenizer_files = load_tokenizer(settings.tokenizer)
        _check_files(settings)
        _check_vocabulary(settings, tokenizer)
        weights = _weights(graph)
        sessions = Sessions(graph, threads)
        pad = settings.tokenizer.special.get("pad_token")
        # GPT-2 has none; its attention is 0 anyway.
        pad_id = (tokenizer.token_to_id(pad) if pad else settings.pad_id) or 0
        inputs = Inputs.of(graph, sessions.inputs, pad_id, settings.first_position)
        if inputs.columns and inputs.columns < settings.max_tokens:
            settings = replace(settings, max_tokens=inputs.columns)
        before, after = special_tokens(tokenizer)
        if settings.max_tokens <= len(before) + len(after):
            raise ModelError(
                f"{settings.folder}: a window of {settings.max_tokens} tokens, "
                f"{len(before) + len(after)} of them special, has no room for text"
            )
        outputs = [node.name for node in sessions.outputs]
        return cls(
            settings=settings,
            fingerprint=_fingerprint([*weights, *tokenizer_files], settings),
            tokenizer=tokenizer,
            sessions=sessions,
            inputs=inputs,
            output="logits" if "logits" in outputs else outputs[0],
            before=before,
            after=after,
        )

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.settings.name

    @property
    def full_name(self) -> str:
        """``NAME@FINGERPRINT``, which tells models apart: the column ``model`` of annotations."""
        return f"{self.name}@{self.fingerprint}"

    @property
    def max_tokens(self) -> int:
        """The longest window, special tokens included."""
        return self.settings.max_tokens

    @property
    def n_special(self) -> int:
        """Special tokens around every window."""
        return len(self.before) + len(self.after)

    @property
    def window_limit(self) -> int:
        """The longest window in tokens of text."""
        return self.max_tokens - self.n_special

    @property
    def rows_at_once(self) -> int | None:
        """Windows that the graph reads in one go; None if it takes any number."""
        return 1 if self.one_by_one else self.inputs.rows

    def run(self, windows: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """The graph's ``output`` for some windows, which are one batch if it takes so many.

        Args:
            windows: token ids of each window, without special tokens.
        """
        rows = self.rows_at_once or len(windows)
        batches = [windows[at : at + rows] for at in range(0, len(windows), rows)]
        parts = [self.sessions.run(self.output, self.feed(b))[: len(b)] for b in batches]
        output: NDArray[Any] = parts[0] if len(parts) == 1 else _stack(parts)
        return output.astype(np.float32, copy=False)

    def feed(self, windows: Sequence[NDArray[np.int32]]) -> dict[str, NDArray[Any]]:
        """The graph's inputs for a batch: special tokens added, padded, by the declared names."""
        return self.inputs.feed(
            [np.array([*self.before, *ids.tolist(), *self.after]) for ids in windows]
        )

    def for_each(self, work: Callable[[Item], None], items: Sequence[Item]) -> float:
        """Does a work that runs one batch for each item; see ``Sessions.for_each``."""
        return self.sessions.for_each(work, items)

    def reserve(self, tokens: int) -> None:
        """Computes a batch of so many padded tokens in every session, while all of them are idle.

        The sessions have then all the memory that they ever take.
        """
        longest = np.full(self.window_limit, self.inputs.pad_id, np.int32)
        rows = self.rows_at_once or max(tokens // self.max_tokens, 1)
        self.sessions.reserve(self.feed([longest] * rows))

    def read_longest_window(self) -> Mapping[str, NDArray[Any]]:
        """Runs the graph on the longest window of the last token: what its sizes only claim.

        Returns:
            All outputs of the graph by name.

        Raises:
            ModelError: the graph fails.
        """
        last = max(self.tokenizer.get_vocab().values())
        feed = self.feed([np.full(self.window_limit, last, np.int32)])
        try:
            return {node.name: self.sessions.run(node.name, feed) for node in self.sessions.outputs}
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise ModelError(
                f"{find_graph(self.settings.folder)} fails on a window of {self.max_tokens} tokens "
                f"with the last token's id {last}: {' '.join(str(error).split())}"
            ) from error


def _check_vocabulary(settings: Settings, tokenizer: Tokenizer) -> None:
    """Raises ModelError for a tokenizer of another model."""
    known, size = tokenizer.get_vocab_size(), settings.vocabulary
    if size is not None and not LEAST_OF_VOCABULARY * size <= known <= size:
        only = ("", "only ") if known > size else ("only ", "")
        raise ModelError(
            f"{settings.folder}: the tokenizer knows {only[0]}{known} tokens, the model "
            f"{only[1]}{size} (config.json vocab_size)"
        )


def _check_files(settings: Settings) -> None:
    """Raises ModelError for a listed file that is missing, or another one."""
    for name, expected in settings.files.items():
        path = settings.folder / name
        if not path.is_file():
            raise ModelError(f"{settings.folder} lacks {name}, which its model.json lists")
        if (found := file_sha256(path)) != expected:
            raise ModelError(
                f"{path} is damaged or another file: sha256 {found}, model.json says {expected}"
            )


def _weights(graph: Path) -> list[Path]:
    """The files that a graph is made of.

    Raises:
        ModelError: one is missing.
    """
    external = [graph.parent / name for name in external_files(graph)]
    if missing := [path for path in external if not path.is_file()]:
        raise ModelError(
            f"{graph} keeps its weights in another file, which is missing: {missing[0]}"
        )
    return [graph, *external]


def _fingerprint(files: Sequence[Path], settings: Settings) -> str:
    total = hashlib.sha256(json.dumps([*settings.labels, settings.max_tokens]).encode())
    for path in dict.fromkeys(files):
        total.update(bytes.fromhex(file_sha256(path)))
    return total.hexdigest()[:12]


def _stack(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The outputs of several batches as one array; zeros fill the shorter ones."""
    widest = max(part.shape[1] for part in parts)
    stacked = np.zeros((sum(map(len, parts)), widest, *parts[0].shape[2:]), parts[0].dtype)
    row = 0
    for part in parts:
        stacked[row : row + len(part), : part.shape[1]] = part
        row += len(part)
    return stacked

"""A model folder in, a model ready to score out.

A folder is what the ecosystem publishes: ``config.json``, ``tokenizer.json`` (or ``vocab.txt`` and
its settings) and ``model*.onnx``, with an optional ``model.json`` of our own (see ``Settings``).
Nothing is read that could carry code: no pickle, no PyTorch file.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.files import ModelError, external_files, file_sha256
from models.locate import find_graph, find_model_folder
from models.sessions import Item, Sessions
from models.settings import Settings, read_settings
from models.tokenizer import load_tokenizer, special_tokens
from transforms.labels import read_scheme

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
INTEGERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
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
        before, after: ids of the special tokens around a window.
        pad_id: fills the shorter rows of a batch; its attention is 0.
    """

    settings: Settings
    fingerprint: str
    tokenizer: Tokenizer
    sessions: Sessions
    before: tuple[int, ...]
    after: tuple[int, ...]
    pad_id: int

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
        before, after = special_tokens(tokenizer)
        if settings.max_tokens <= len(before) + len(after):
            raise ModelError(
                f"{settings.folder}: a window of {settings.max_tokens} tokens, "
                f"{len(before) + len(after)} of them special, has no room for text"
            )
        pad = settings.tokenizer.special.get("pad_token")
        return cls(
            settings=settings,
            fingerprint=_fingerprint(graph, tokenizer_files, settings),
            tokenizer=tokenizer,
            sessions=Sessions(graph, threads),
            before=before,
            after=after,
            # GPT-2 has none; its attention is 0 anyway.
            pad_id=(tokenizer.token_to_id(pad) if pad else settings.pad_id) or 0,
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

    @cached_property
    def _inputs(self) -> tuple[tuple[str, type], ...]:
        return tuple((node.name, INTEGERS[node.type]) for node in self.sessions.inputs)

    @cached_property
    def _output(self) -> str:
        names = [node.name for node in self.sessions.outputs]
        return "logits" if "logits" in names else names[0]

    def run(self, windows: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """What the graph gives for one batch: its ``logits``, else its first output.

        Args:
            windows: token ids of each window, without special tokens.
        """
        output: NDArray[Any] = self.sessions.run(self._output, self.feed(windows))
        return output.astype(np.float32, copy=False)

    def feed(self, windows: Sequence[NDArray[np.int32]]) -> dict[str, NDArray[Any]]:
        """The graph's inputs for a batch: special tokens added, padded, by the declared names."""
        before, after = len(self.before), len(self.after)
        longest = max(len(ids) for ids in windows)
        batch = np.full((len(windows), longest + self.n_special), self.pad_id, np.int64)
        mask = np.zeros_like(batch)
        batch[:, :before] = self.before
        for row, attention, ids in zip(batch, mask, windows, strict=True):
            end = before + len(ids)
            row[before:end] = ids
            row[end : end + after] = self.after
            attention[: end + after] = 1
        values = {"input_ids": batch, "attention_mask": mask}
        feed: dict[str, NDArray[Any]] = {}
        for name, dtype in self._inputs:
            if name == "token_type_ids":
                values[name] = np.zeros_like(batch)
            elif name == "position_ids":
                values[name] = np.broadcast_to(np.arange(batch.shape[1]), batch.shape)
            feed[name] = values[name].astype(dtype, copy=False)
        return feed

    def for_each(self, work: Callable[[Item], None], items: Sequence[Item]) -> float:
        """Does a work that runs one batch for each item; see ``Sessions.for_each``."""
        return self.sessions.for_each(work, items)

    def reserve(self, tokens: int) -> None:
        """Computes a batch of so many padded tokens in every session, while all of them are idle.

        The sessions have then all the memory that they ever take.
        """
        longest = np.full(self.window_limit, self.pad_id, np.int32)
        self.sessions.reserve(self.feed([longest] * max(tokens // self.max_tokens, 1)))

    def longest_window(self) -> NDArray[np.float32]:
        """What the graph gives for the longest window of the last token.

        It shows what the declared sizes only claim.

        Raises:
            ModelError: the graph wants other inputs, or fails.
        """
        graph = find_graph(self.settings.folder)
        for node in self.sessions.inputs:
            if node.name not in INPUTS or node.type not in INTEGERS:
                raise ModelError(
                    f"{graph} wants an input {node.name} ({node.type}) that is unknown"
                )
            if any(isinstance(size, int) for size in node.shape):
                raise ModelError(
                    f"{graph}: {node.name} has a fixed shape {node.shape}: export it with dynamic "
                    "axes"
                )
        last = self.tokenizer.get_vocab_size() - 1
        try:
            return self.run([np.full(self.window_limit, last, np.int32)])
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise ModelError(
                f"{graph} fails on a window of {self.max_tokens} tokens with the last token's id "
                f"{last}: {' '.join(str(error).split())}"
            ) from error


class Model(Encoder):
    """A token classifier: an encoder that gives each token a score for each label."""

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the graph's last dimension, as the folder has them."""
        return self.settings.labels

    def score(self, windows: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """Logits of one batch.

        Args:
            windows: token ids of each window, without special tokens.

        Returns:
            Array of windows x tokens of the longest window x labels. Row ``i`` counts up to
            ``len(windows[i])``; what follows is padding.
        """
        before = len(self.before)
        longest = max(len(ids) for ids in windows)
        return self.run(windows)[:, before : before + longest]


def load_model(name_or_dir: str, threads: int = 1) -> Model:
    """Loads a token classifier and proves that it works here.

    Args:
        name_or_dir: name of an embedded or known model, a folder, or the URI of one.
        threads: that compute at a time.

    Raises:
        ModelError: the model cannot work; one sentence says why.
    """
    settings = read_settings(find_model_folder(name_or_dir))
    _check_labels(settings)
    model = Model.load(settings, threads)
    _check_shape(model)
    run_self_test(model)
    return model


def run_self_test(model: Model) -> float:
    """Compares the model's answers here with those in its folder.

    Catches a swapped file, another version of the tokenizer, or a kernel that computes wrongly on
    this processor.

    Returns:
        The largest difference of a logit; 0 for a folder without a self-test.

    Raises:
        ModelError: tokens or labels differ, or a logit by more than the tolerance.
    """
    worst, tolerance = 0.0, model.settings.tolerance
    for case in model.settings.self_tests:
        encoding = model.tokenizer.encode(case.text, add_special_tokens=False)
        if len(encoding) != len(case.labels):
            raise ModelError(
                f"{model.name} fails its self-test: {case.text!r} has {len(encoding)} tokens, "
                f"expected {len(case.labels)}"
            )
        logits = model.score([np.array(encoding.ids, np.int32)])[0]
        if not np.isfinite(logits).all():
            raise ModelError(f"{model.name} fails its self-test: {case.text!r} has logits like NaN")
        if logits.shape != case.logits.shape or not set(case.labels) <= set(model.labels):
            raise ModelError(
                f"{model.name} fails its self-test: it was made with other labels than those of "
                f"config.json, {', '.join(model.labels)}"
            )
        worst = max(worst, float(np.abs(logits - case.logits).max()))
        expected = [model.labels.index(label) for label in case.labels]
        # A label may lose to another only by what two logits may differ.
        lead = logits.max(axis=1) - logits[np.arange(len(expected)), expected]
        if worst > tolerance or lead.max() > 2 * tolerance:
            raise ModelError(
                f"{model.name} fails its self-test: a logit of {case.text!r} differs by "
                f"{worst:.4f}, more than {tolerance}; the processor, a library or a file "
                f"differs from where the model was made"
            )
    return worst


def _check_labels(settings: Settings) -> None:
    """Raises ModelError for labels that are not those of a token classifier."""
    labels = settings.labels
    if "O" not in labels:
        raise ModelError(
            f"{settings.folder / 'config.json'}: none of the labels {', '.join(labels)} is O, "
            f"so nothing says which tokens are outside of entities"
        )
    types = read_scheme(labels).types
    if unknown := [kind for kind in settings.min_scores if kind not in types]:
        raise ModelError(
            f"{settings.folder / 'model.json'}: the threshold of {unknown[0]!r} is of no entity "
            "type of the model"
        )
    if unknown := [kind for pair in settings.people.items() for kind in pair if kind not in types]:
        raise ModelError(
            f"{settings.folder / 'model.json'}: people are {unknown[0]!r}, which is no entity type "
            "of the model"
        )


def _check_shape(model: Model) -> None:
    """Raises ModelError for a graph that does not score every token for every label."""
    shape = model.longest_window().shape
    if shape != (1, model.max_tokens, len(model.labels)):
        raise ModelError(
            f"{find_graph(model.settings.folder)} gives {' x '.join(map(str, shape))} scores for "
            f"one window of {model.max_tokens} tokens and {len(model.labels)} labels"
        )


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


def _fingerprint(graph: Path, tokenizer_files: Sequence[Path], settings: Settings) -> str:
    external = [graph.parent / name for name in external_files(graph)]
    if missing := [path for path in external if not path.is_file()]:
        raise ModelError(
            f"{graph} keeps its weights in another file, which is missing: {missing[0]}"
        )
    total = hashlib.sha256(json.dumps([*settings.labels, settings.max_tokens]).encode())
    for path in dict.fromkeys([graph, *external, *tokenizer_files]):
        total.update(bytes.fromhex(file_sha256(path)))
    return total.hexdigest()[:12]

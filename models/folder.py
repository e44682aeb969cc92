"""A model folder in, a model ready to score out.

A folder is what the ecosystem publishes: ``config.json``, ``tokenizer.json`` (or ``vocab.txt`` and
its settings) and ``model*.onnx``, with an optional ``model.json`` of our own (see ``Model``).
Nothing is read that could carry code: no pickle, no PyTorch file.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the job's threads are its parallelism

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel
from tokenizers.processors import TemplateProcessing

from models.fetch import HOMES, fetch_model, published_name
from models.files import ModelError, external_files, file_sha256, listed_files
from models.sessions import Item, Sessions
from transforms.labels import read_scheme
from transforms.records import Aggregation

EMBEDDED = Path(__file__).parent
GENERAL_TOKENIZERS = ("PreTrainedTokenizerFast", "TokenizersBackend")
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
INTEGERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
# Their position of the first token is pad_token_id + 1, so that many positions are never used.
OFFSET_POSITIONS = {
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
}
# Attention takes memory by the square of the window: more would not fit a worker of 1 GB.
MOST_TOKENS = 1024
# Some tables of embeddings are padded to a round number.
LEAST_OF_VOCABULARY = 0.9
# Logits of an int8 graph differ by processor: microsoft/onnxruntime#14642.
TOLERANCE = 0.5


@dataclass(frozen=True)
class SelfTest:
    """A sentence and what the model gave for it where it was made.

    Attributes:
        labels: of each token, without special tokens.
        logits: tokens x labels.
    """

    text: str
    labels: tuple[str, ...]
    logits: NDArray[np.float32]


@dataclass(frozen=True)
class Model:
    """A token classifier, its tokenizer and what the folder says about both.

    Safe to use from several threads; as many compute at a time as there are sessions.

    Attributes:
        name: from ``model.json``, else the folder's name.
        fingerprint: 12 hex digits of a sha256 over the graph, the tokenizer, the labels and
            ``max_tokens``: equal fingerprints give equal scores.
        labels: in the order of the graph's last dimension, as the folder has them.
        before, after: ids of the special tokens around a window.
        pad_id: fills the shorter rows of a batch; its attention is 0.
        max_tokens: the longest window, special tokens included.
        aggregation: the folder's choice; ``first`` where it makes none.
        thresholds: the lowest score by entity type; other types have none.
        label_names: entity types in words for people.
        version, licence: as ``model.json`` says, or "".
        self_tests: what the model must give on any machine, within ``tolerance`` a logit.
    """

    name: str
    folder: Path
    fingerprint: str
    labels: tuple[str, ...]
    tokenizer: Tokenizer
    sessions: Sessions
    before: tuple[int, ...]
    after: tuple[int, ...]
    pad_id: int
    max_tokens: int
    aggregation: Aggregation
    thresholds: Mapping[str, float]
    label_names: Mapping[str, str]
    version: str
    licence: str
    self_tests: tuple[SelfTest, ...]
    tolerance: float

    @property
    def full_name(self) -> str:
        """``NAME@FINGERPRINT``, which tells models apart: the column ``model`` of annotations."""
        return f"{self.name}@{self.fingerprint}"

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
        logits = self.sessions.run(self._output, self.feed(windows))
        scored: NDArray[np.float32] = logits[:, before : before + longest].astype(
            np.float32, copy=False
        )
        return scored

    def for_each(self, work: Callable[[Item], None], items: Sequence[Item]) -> float:
        """Does a work that scores one batch for each item; see ``Sessions.for_each``."""
        return self.sessions.for_each(work, items)

    def reserve(self, tokens: int) -> None:
        """Computes a batch of so many padded tokens in every session, while all of them are idle.

        The sessions have then all the memory that they ever take.
        """
        longest = np.full(self.window_limit, self.pad_id, np.int32)
        self.sessions.reserve(self.feed([longest] * max(tokens // self.max_tokens, 1)))

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


def load_model(name_or_dir: str, threads: int = 1) -> Model:
    """Load a model and prove that it works here: sizes, positions and the folder's self-test.

    Args:
        name_or_dir: name of an embedded or known model, a folder, or the URI of one.
        threads: that compute at a time.

    Raises:
        ModelError: the model cannot work; one sentence says why.
    """
    folder = find_model_folder(name_or_dir)
    try:
        model = _load(folder, threads)
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder}: config.json, tokenizer_config.json or model.json is not as it should be: "
            f"{type(error).__name__}: {error}"
        ) from error
    run_self_test(model)
    return model


def _load(folder: Path, threads: int) -> Model:
    config = _read_json(folder / "config.json")
    settings = read_settings(folder)
    graph = find_graph(folder)
    labels = _read_labels(folder, config)
    tokenizer, tokenizer_files, tokenizer_config = load_tokenizer(folder)
    _check_files(folder, listed_files(settings, str(folder / "model.json")))
    before, after = _special_tokens(tokenizer)
    max_tokens = _max_tokens(config, tokenizer_config, settings)
    aggregation = settings.get("aggregation", "first")
    if aggregation not in get_args(Aggregation):
        raise ModelError(
            f"{folder / 'model.json'} asks for aggregation {aggregation!r}; "
            f"known are {', '.join(get_args(Aggregation))}"
        )
    vocabulary = config.get("vocab_size")
    if vocabulary is not None and tokenizer.get_vocab_size() > vocabulary:
        raise ModelError(
            f"{folder}: the tokenizer knows {tokenizer.get_vocab_size()} tokens, "
            f"the model only {vocabulary} (config.json vocab_size)"
        )
    if vocabulary is not None and tokenizer.get_vocab_size() < LEAST_OF_VOCABULARY * vocabulary:
        raise ModelError(
            f"{folder}: the tokenizer knows only {tokenizer.get_vocab_size()} tokens, the model "
            f"{vocabulary} (config.json vocab_size)"
        )
    model = Model(
        name=settings.get("name", published_name(folder)),
        folder=folder,
        fingerprint=_fingerprint(graph, tokenizer_files, labels, max_tokens),
        labels=labels,
        tokenizer=tokenizer,
        sessions=Sessions(graph, threads),
        before=before,
        after=after,
        pad_id=_pad_id(config, tokenizer, tokenizer_config),
        max_tokens=max_tokens,
        aggregation=aggregation,
        thresholds=_thresholds(folder, settings, labels),
        label_names=settings.get("label_names", {}),
        version=settings.get("version", ""),
        licence=settings.get("licence", ""),
        self_tests=tuple(
            SelfTest(case["text"], tuple(case["labels"]), np.array(case["logits"], np.float32))
            for case in settings.get("self_test", ())
        ),
        tolerance=float(settings.get("tolerance", TOLERANCE)),
    )
    if model.window_limit < 1:
        raise ModelError(
            f"{folder}: a window of {max_tokens} tokens, {model.n_special} of them special, has "
            "no room for text"
        )
    _prove(model, graph)
    return model


def run_self_test(model: Model) -> float:
    """Compare the model's answers here with those in its folder.

    Catches a swapped file, another version of the tokenizer, or a kernel that computes wrongly on
    this processor.

    Returns:
        The largest difference of a logit; 0 for a folder without a self-test.

    Raises:
        ModelError: tokens or labels differ, or a logit by more than the tolerance.
    """
    worst = 0.0
    for case in model.self_tests:
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
        if worst > model.tolerance or lead.max() > 2 * model.tolerance:
            raise ModelError(
                f"{model.name} fails its self-test: a logit of {case.text!r} differs by "
                f"{worst:.4f}, more than {model.tolerance}; the processor, a library or a file "
                f"differs from where the model was made"
            )
    return worst


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object")
    return content


def read_settings(folder: Path) -> dict[str, Any]:
    """A folder's ``model.json``; empty if it has none.

    Raises:
        ModelError: it is no JSON object.
    """
    return _read_json(folder / "model.json") if (folder / "model.json").is_file() else {}


def find_graph(folder: Path) -> Path:
    """The graph of a model folder: the one that ``model.json`` lists, else the quantised one.

    Raises:
        ModelError: there is none, or one cannot be told from another.
    """
    graphs = {path.name: path for path in sorted(folder.glob("model*.onnx"))}
    named = [name for name in read_settings(folder).get("files", {}) if name.endswith(".onnx")]
    for name in [*named, "model_quantized.onnx", "model.onnx"]:
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
    raise ModelError(f"{folder} has no model*.onnx")


def _read_labels(folder: Path, config: Mapping[str, Any]) -> tuple[str, ...]:
    by_id = {int(index): label for index, label in (config.get("id2label") or {}).items()}
    if not by_id:
        raise ModelError(f"{folder / 'config.json'} has no labels (id2label)")
    if sorted(by_id) != list(range(len(by_id))):
        raise ModelError(f"{folder / 'config.json'}: the labels' ids are not 0 to n-1: {by_id}")
    labels = tuple(by_id[index] for index in range(len(by_id)))
    if strangers := [label for label in labels if not isinstance(label, str) or not label]:
        raise ModelError(f"{folder / 'config.json'}: {strangers[0]!r} is no label")
    if "O" not in labels:
        raise ModelError(
            f"{folder / 'config.json'}: none of the labels {', '.join(labels)} is O, "
            f"so nothing says which tokens are outside of entities"
        )
    return labels


def _thresholds(
    folder: Path, settings: Mapping[str, Any], labels: tuple[str, ...]
) -> dict[str, float]:
    thresholds = settings.get("thresholds", {})
    for kind, score in thresholds.items():
        if kind not in read_scheme(labels).types or not isinstance(score, (int, float)):
            raise ModelError(
                f"{folder / 'model.json'}: the threshold of {kind!r}, {score!r}, is no score of an "
                "entity type of the model"
            )
    return dict(thresholds)


def load_tokenizer(folder: Path) -> tuple[Tokenizer, list[Path], dict[str, Any]]:
    """A folder's tokenizer, the files that it is made of, and its settings.

    Raises:
        ModelError: there is none, or it cannot be loaded.
    """
    settings = folder / "tokenizer_config.json"
    config = _read_json(settings) if settings.is_file() else {}
    if (folder / "tokenizer.json").is_file():
        files = [folder / "tokenizer.json"]
        try:
            tokenizer = Tokenizer.from_file(str(files[0]))
        except Exception as error:  # a bare Exception is what tokenizers raises
            raise ModelError(f"{files[0]} cannot be loaded: {error}") from error
        if _set_as_told(tokenizer, config):
            files.append(settings)
    elif (folder / "vocab.txt").is_file():
        files = [folder / "vocab.txt"] + [settings] * settings.is_file()
        tokenizer = _bert_tokenizer(files[0], config)
    else:
        raise ModelError(f"{folder} has neither tokenizer.json nor vocab.txt")
    # Both can be baked into the file, and would cut or lengthen what the job counts on.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer, files, config


def _set_as_told(tokenizer: Tokenizer, config: Mapping[str, Any]) -> bool:
    """Let the settings overrule a tokenizer's file, as transformers does; whether they did.

    Published folders contradict themselves: "cased" in one file, lower case in the other. The
    general class reads its file as it is; the classes of BERT's and GPT-2's kind have defaults of
    their own for what the settings leave open.
    """
    kind = str(config.get("tokenizer_class") or "")
    normalizer, pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    if not config or kind in GENERAL_TOKENIZERS:
        return False
    if isinstance(normalizer, BertNormalizer):
        part: Any = normalizer
        wanted = {
            "lowercase": config.get("do_lower_case", True),
            "strip_accents": config.get("strip_accents"),
            "handle_chinese_chars": config.get("tokenize_chinese_chars", True),
        }
    elif isinstance(pre_tokenizer, ByteLevel) and kind.startswith(("Roberta", "GPT2")):
        part = pre_tokenizer
        wanted = {"add_prefix_space": config.get("add_prefix_space", False)}
    else:
        return False
    changed = {name: value for name, value in wanted.items() if value != getattr(part, name)}
    for name, value in changed.items():
        setattr(part, name, value)
    return bool(changed)


def _bert_tokenizer(vocab: Path, config: Mapping[str, Any]) -> Tokenizer:
    """BERT's tokenizer from a bare vocabulary, by the settings and defaults of transformers."""

    def special(role: str, default: str) -> str:
        token = config.get(role, default)
        return str(token["content"] if isinstance(token, dict) else token)

    unknown = special("unk_token", "[UNK]")
    cls, sep = special("cls_token", "[CLS]"), special("sep_token", "[SEP]")
    try:
        words = WordPiece.from_file(str(vocab), unk_token=unknown)
    except Exception as error:  # a bare Exception is what tokenizers raises
        raise ModelError(f"{vocab} cannot be read: {error}") from error
    tokenizer = Tokenizer(words)
    tokens = [special("pad_token", "[PAD]"), unknown, cls, sep, special("mask_token", "[MASK]")]
    for token in (unknown, cls, sep):
        if tokenizer.token_to_id(token) is None:
            raise ModelError(f"{vocab} has no token {token}")
    tokenizer.add_special_tokens([t for t in tokens if tokenizer.token_to_id(t) is not None])
    tokenizer.normalizer = BertNormalizer(
        lowercase=config.get("do_lower_case", True),
        strip_accents=config.get("strip_accents"),
        handle_chinese_chars=config.get("tokenize_chinese_chars", True),
    )
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single=f"{cls} $A {sep}",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in (cls, sep)],
    )
    return tokenizer


def _special_tokens(tokenizer: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    probe = tokenizer.encode("a")
    text = [index for index, special in enumerate(probe.special_tokens_mask) if not special]
    return tuple(probe.ids[: text[0]]), tuple(probe.ids[text[-1] + 1 :])


def _pad_id(
    config: Mapping[str, Any], tokenizer: Tokenizer, tokenizer_config: Mapping[str, Any]
) -> int:
    token = tokenizer_config.get("pad_token")
    if isinstance(token, dict):
        token = token.get("content")
    pad_id = tokenizer.token_to_id(token) if token else config.get("pad_token_id")
    return int(pad_id or 0)  # GPT-2 has none; its attention is 0 anyway


def _max_tokens(
    config: Mapping[str, Any], tokenizer_config: Mapping[str, Any], settings: Mapping[str, Any]
) -> int:
    limits = [MOST_TOKENS]
    for name in ("max_position_embeddings", "n_positions"):
        if (positions := config.get(name) or -1) > 0:  # models with relative positions say -1
            if config.get("model_type") in OFFSET_POSITIONS:
                pad_id = config.get("pad_token_id")
                positions -= (1 if pad_id is None else pad_id) + 1
            limits.append(positions)
    limits.append(int(min(tokenizer_config.get("model_max_length") or MOST_TOKENS, MOST_TOKENS)))
    asked = settings.get("max_tokens", MOST_TOKENS)
    if asked > min(limits) and "max_tokens" in settings:
        raise ModelError(f"model.json asks for {asked} tokens, the model takes {min(limits)}")
    return int(min(*limits, asked))


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, expected in files.items():
        if not (folder / name).is_file():
            raise ModelError(f"{folder} lacks {name}, which its model.json lists")
        if (found := file_sha256(folder / name)) != expected:
            raise ModelError(
                f"{folder / name} is damaged or another file: sha256 {found}, "
                f"model.json says {expected}"
            )


def _fingerprint(
    graph: Path, tokenizer_files: Sequence[Path], labels: Sequence[str], max_tokens: int
) -> str:
    external = [graph.parent / name for name in external_files(graph)]
    if missing := [path for path in external if not path.is_file()]:
        raise ModelError(
            f"{graph} keeps its weights in another file, which is missing: {missing[0]}"
        )
    total = hashlib.sha256(json.dumps([*labels, max_tokens]).encode())
    for path in dict.fromkeys([graph, *external, *tokenizer_files]):
        total.update(bytes.fromhex(file_sha256(path)))
    return total.hexdigest()[:12]


def _prove(model: Model, graph: Path) -> None:
    """Run the longest window of the last token, which shows what the declared sizes only claim."""
    for node in model.sessions.inputs:
        if node.name not in INPUTS or node.type not in INTEGERS:
            raise ModelError(f"{graph} wants an input {node.name} ({node.type}) that is unknown")
        if any(isinstance(size, int) for size in node.shape):
            raise ModelError(
                f"{graph}: {node.name} has a fixed shape {node.shape}: export it with dynamic axes"
            )
    last = model.tokenizer.get_vocab_size() - 1
    try:
        logits = model.score([np.full(model.window_limit, last, np.int32)])
    except Exception as error:  # its errors share no base class
        raise ModelError(
            f"{graph} fails on a window of {model.max_tokens} tokens with the last token's id "
            f"{last}: {' '.join(str(error).split())}"
        ) from error
    if logits.shape != (1, model.window_limit, len(model.labels)):
        raise ModelError(
            f"{graph} gives {' x '.join(map(str, logits.shape))} scores for one window of "
            f"{model.window_limit} tokens and {len(model.labels)} labels"
        )

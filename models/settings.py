"""A model folder's JSON in, one typed record out: the only place that meets odd JSON.

``config.json`` and ``tokenizer_config.json`` are the ecosystem's; ``model.json`` is our own, and
optional.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import numpy as np
from numpy.typing import NDArray

from models.fetch import published_name
from models.files import ModelError, listed_files
from transforms.records import Aggregation

T = TypeVar("T")

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
# Logits of an int8 graph differ by processor: microsoft/onnxruntime#14642.
TOLERANCE = 0.5
SPECIAL_TOKENS = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
_IN_WORDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    dict: "an object",
    list: "a list",
}


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
class TokenizerSettings:
    """What ``tokenizer_config.json`` says; defaults are those of transformers.

    Attributes:
        path: of the file, whether it is there or not.
        is_empty: whether nothing is said.
        kind: name of the class in transformers, or "".
        strip_accents: None: as ``lowercase``.
        max_length: longest text in tokens; None without a limit.
        special: the special tokens that are named, by role.
    """

    path: Path
    is_empty: bool
    kind: str
    lowercase: bool
    strip_accents: bool | None
    chinese_characters: bool
    add_prefix_space: bool
    max_length: float | None
    special: Mapping[str, str]


@dataclass(frozen=True)
class Settings:
    """What a model folder says of its model.

    Attributes:
        folder: the folder.
        name: from ``model.json``, else where the folder was published, else the folder's own.
        labels: in the order of the graph's last dimension.
        vocabulary: tokens that the graph knows; None if it is not said.
        max_tokens: the longest window, special tokens included.
        pad_id: from ``config.json``.
        first_position: of the first token; RoBERTa's kin count from ``pad_id + 1``.
        tokenizer: of its tokenizer.
        aggregation: how tokens become mentions; ``first`` where nothing is said.
        min_scores: the lowest score by type; other types have none.
        people: types of words for people, each with the type that they are where they are wanted.
        agreement: whether the mentions of an article are made to agree; not where nothing is said.
        version, licence: as ``model.json`` says, or "".
        files: sha256 of each file that ``model.json`` lists.
        self_tests: what the model must give on any machine, within ``tolerance`` a logit.
    """

    folder: Path
    name: str
    labels: tuple[str, ...]
    vocabulary: int | None
    max_tokens: int
    pad_id: int | None
    first_position: int
    tokenizer: TokenizerSettings
    aggregation: Aggregation
    min_scores: Mapping[str, float]
    people: Mapping[str, str]
    agreement: bool
    version: str
    licence: str
    files: Mapping[str, str]
    self_tests: tuple[SelfTest, ...]
    tolerance: float


@dataclass(frozen=True)
class _Json:
    """The JSON object in a file; nothing if there is no file."""

    path: Path
    content: Mapping[str, Any]

    def get(self, key: str, kind: type[T]) -> T | None:
        """The value of a key; None if it is null or not there.

        Raises:
            ModelError: it is of another kind.
        """
        value = self.content.get(key)
        return None if value is None else _checked(value, kind, f"{self.path}: {key}")


def _checked(value: object, kind: type[T], what: str) -> T:
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise ModelError(f"{what} is {value!r}, not {_IN_WORDS[kind]}")
    return cast(T, value)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; an empty one if there is no file.

    Raises:
        ModelError: it holds something else, or cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object")
    return content


def read_settings(folder: Path) -> Settings:
    """What a model folder says of its model.

    Raises:
        ModelError: one of its files is no JSON, or says what no model can be.
    """
    config = _read(folder / "config.json")
    own = _read(folder / "model.json")
    tokenizer = read_tokenizer_settings(folder)
    tolerance = own.get("tolerance", float)
    return Settings(
        folder=folder,
        name=own.get("name", str) or published_name(folder),
        labels=_labels(config),
        vocabulary=config.get("vocab_size", int),
        max_tokens=_max_tokens(config, tokenizer, own),
        pad_id=config.get("pad_token_id", int),
        first_position=_first_position(config),
        tokenizer=tokenizer,
        aggregation=_aggregation(own),
        min_scores=_min_scores(own),
        people=_people(own),
        agreement=own.get("agreement", bool) or False,
        version=own.get("version", str) or "",
        licence=own.get("licence", str) or "",
        files=listed_files(own.content, str(own.path)),
        self_tests=tuple(_self_tests(own)),
        tolerance=TOLERANCE if tolerance is None else tolerance,
    )


def read_tokenizer_settings(folder: Path) -> TokenizerSettings:
    """What a model folder says of its tokenizer.

    Raises:
        ModelError: ``tokenizer_config.json`` is no JSON, or says what no tokenizer can be.
    """
    config = _read(folder / "tokenizer_config.json")
    lowercase = config.get("do_lower_case", bool)
    chinese_characters = config.get("tokenize_chinese_chars", bool)
    special = {role: _token(config, role) for role in SPECIAL_TOKENS}
    return TokenizerSettings(
        path=config.path,
        is_empty=not config.content,
        kind=config.get("tokenizer_class", str) or "",
        lowercase=True if lowercase is None else lowercase,
        strip_accents=config.get("strip_accents", bool),
        chinese_characters=True if chinese_characters is None else chinese_characters,
        add_prefix_space=config.get("add_prefix_space", bool) or False,
        max_length=config.get("model_max_length", float),
        special={role: token for role, token in special.items() if token},
    )


def _read(path: Path) -> _Json:
    return _Json(path, read_json(path))


def _token(config: _Json, role: str) -> str | None:
    """A special token: its text, or an object that holds it."""
    if isinstance(config.content.get(role), dict):
        return _Json(config.path, config.content[role]).get("content", str)
    return config.get(role, str)


def _labels(config: _Json) -> tuple[str, ...]:
    named = config.get("id2label", dict)
    if not named:
        raise ModelError(f"{config.path} has no labels (id2label)")
    if set(named) != set(map(str, range(len(named)))):
        raise ModelError(f"{config.path}: the labels' ids are not 0 to n-1: {named}")
    labels = [named[str(index)] for index in range(len(named))]
    if strangers := [label for label in labels if not isinstance(label, str) or not label]:
        raise ModelError(f"{config.path}: {strangers[0]!r} is no label")
    return tuple(labels)


def _aggregation(own: _Json) -> Aggregation:
    chosen = own.get("aggregation", str) or "first"
    if chosen not in get_args(Aggregation):
        raise ModelError(
            f"{own.path} asks for aggregation {chosen!r}; "
            f"known are {', '.join(get_args(Aggregation))}"
        )
    return cast(Aggregation, chosen)


def _min_scores(own: _Json) -> dict[str, float]:
    scores = own.get("thresholds", dict) or {}
    for kind, score in scores.items():
        if isinstance(score, bool) or not isinstance(score, (int, float)):
            raise ModelError(f"{own.path}: the threshold of {kind!r}, {score!r}, is no score")
    return scores


def _first_position(config: _Json) -> int:
    if config.get("model_type", str) not in OFFSET_POSITIONS:
        return 0
    pad_id = config.get("pad_token_id", int)
    return (1 if pad_id is None else pad_id) + 1


def _people(own: _Json) -> dict[str, str]:
    people = own.get("people", dict) or {}
    for kind, name in people.items():
        _checked(name, str, f"{own.path}: people {kind}")
    return people


def _max_tokens(config: _Json, tokenizer: TokenizerSettings, own: _Json) -> int:
    limits: list[float] = [MOST_TOKENS]
    for name in ("max_position_embeddings", "n_positions"):
        if (positions := config.get(name, int) or -1) > 0:  # models with relative positions say -1
            limits.append(positions - _first_position(config))
    limits.append(tokenizer.max_length or MOST_TOKENS)  # 1e30 is how some say that there is none
    most = int(min(limits))
    asked = own.get("max_tokens", int)
    if asked is not None and asked > most:
        raise ModelError(f"{own.path} asks for {asked} tokens, the model takes {most}")
    return most if asked is None else asked


def _self_tests(own: _Json) -> Sequence[SelfTest]:
    tests = []
    for case in own.get("self_test", list) or []:
        try:
            logits = np.array(case["logits"], np.float32)
            tests.append(SelfTest(str(case["text"]), tuple(map(str, case["labels"])), logits))
        except (LookupError, TypeError, ValueError) as error:
            raise ModelError(
                f"{own.path}: each self_test needs a text, its labels and its logits: "
                f"{type(error).__name__}: {error}"
            ) from error
    return tests

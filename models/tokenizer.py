"""A model folder's tokenizer, as transformers would make it of the same files."""

import os
from pathlib import Path
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the job's threads are its parallelism

from tokenizers import Tokenizer
from tokenizers.models import BPE, WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel
from tokenizers.processors import RobertaProcessing, TemplateProcessing

from models.files import ModelError
from models.settings import TokenizerSettings

GENERAL_TOKENIZERS = ("PreTrainedTokenizerFast", "TokenizersBackend")


def load_tokenizer(settings: TokenizerSettings) -> tuple[Tokenizer, list[Path]]:
    """The tokenizer of the folder that the settings are of, and the files that it is made of.

    Raises:
        ModelError: there is none, or it cannot be loaded.
    """
    folder = settings.path.parent
    if (folder / "tokenizer.json").is_file():
        files = [folder / "tokenizer.json"]
        try:
            tokenizer = Tokenizer.from_file(str(files[0]))
        except Exception as error:  # a bare Exception is what tokenizers raises
            raise ModelError(f"{files[0]} cannot be loaded: {error}") from error
        if _apply_settings(tokenizer, settings):
            files.append(settings.path)
    elif (folder / "vocab.txt").is_file():
        files = [folder / "vocab.txt"] + [settings.path] * settings.path.is_file()
        tokenizer = _bert_tokenizer(files[0], settings)
    elif (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        files = [folder / "vocab.json", folder / "merges.txt"]
        tokenizer = _byte_level_tokenizer(files[0], files[1], settings)
        files += [settings.path] * settings.path.is_file()
    else:
        _refuse_sentencepiece(folder)
        raise ModelError(f"{folder} has neither tokenizer.json nor vocab.txt")
    # Both can be baked into the file, and would cut or lengthen what the job counts on.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer, files


def special_tokens(tokenizer: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids of the special tokens before and after a text."""
    probe = tokenizer.encode("a")
    text = [index for index, special in enumerate(probe.special_tokens_mask) if not special]
    return tuple(probe.ids[: text[0]]), tuple(probe.ids[text[-1] + 1 :])


def _apply_settings(tokenizer: Tokenizer, settings: TokenizerSettings) -> bool:
    """Lets the settings overrule a tokenizer's file, as transformers does.

    Published folders contradict themselves: "cased" in one file, lower case in the other. The
    general class reads its file as it is; the classes of BERT's and GPT-2's kind have defaults of
    their own for what the settings leave open.

    Returns:
        Whether anything changed.
    """
    normalizer, pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    if settings.is_empty or settings.kind in GENERAL_TOKENIZERS:
        return False
    if isinstance(normalizer, BertNormalizer):
        part: Any = normalizer
        wanted = {
            "lowercase": settings.lowercase,
            "strip_accents": settings.strip_accents,
            "handle_chinese_chars": settings.chinese_characters,
        }
    elif isinstance(pre_tokenizer, ByteLevel) and settings.kind.startswith(("Roberta", "GPT2")):
        part = pre_tokenizer
        wanted = {"add_prefix_space": settings.add_prefix_space}
    else:
        return False
    changed = {name: value for name, value in wanted.items() if value != getattr(part, name)}
    for name, value in changed.items():
        setattr(part, name, value)
    return bool(changed)


def _refuse_sentencepiece(folder: Path) -> None:
    """Raises ModelError for SentencePiece's own file, whose normaliser tokenizers cannot read."""
    for path in sorted([*folder.glob("*.model"), *folder.glob("*.spm")]):
        raise ModelError(
            f"{folder} has only {path.name} of its tokenizer: make tokenizer.json of it with "
            f"transformers, AutoTokenizer.from_pretrained(...).save_pretrained({str(folder)!r})"
        )


def _byte_level_tokenizer(vocab: Path, merges: Path, settings: TokenizerSettings) -> Tokenizer:
    """GPT-2's tokenizer, or RoBERTa's: with special tokens around the text, if it knows them."""
    try:
        tokenizer = Tokenizer(BPE.from_file(str(vocab), str(merges)))
    except Exception as error:  # a bare Exception is what tokenizers raises
        raise ModelError(f"{vocab} and {merges} cannot be read: {error}") from error
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=settings.add_prefix_space)
    named = settings.special
    cls, sep = named.get("cls_token", "<s>"), named.get("sep_token", "</s>")
    special = [cls, sep, *(named.get(role, "") for role in ("pad_token", "mask_token"))]
    tokenizer.add_special_tokens([t for t in special if tokenizer.token_to_id(t) is not None])
    last, first = tokenizer.token_to_id(sep), tokenizer.token_to_id(cls)
    if last is not None and first is not None:
        tokenizer.post_processor = RobertaProcessing(
            (sep, last),
            (cls, first),
            trim_offsets=False,
            add_prefix_space=settings.add_prefix_space,
        )
    return tokenizer


def _bert_tokenizer(vocab: Path, settings: TokenizerSettings) -> Tokenizer:
    """BERT's tokenizer from a bare vocabulary, by the settings and defaults of transformers."""
    named = settings.special
    unknown = named.get("unk_token", "[UNK]")
    cls, sep = named.get("cls_token", "[CLS]"), named.get("sep_token", "[SEP]")
    try:
        words = WordPiece.from_file(str(vocab), unk_token=unknown)
    except Exception as error:  # a bare Exception is what tokenizers raises
        raise ModelError(f"{vocab} cannot be read: {error}") from error
    tokenizer = Tokenizer(words)
    pad, mask = named.get("pad_token", "[PAD]"), named.get("mask_token", "[MASK]")
    tokens = [pad, unknown, cls, sep, mask]
    for token in (unknown, cls, sep):
        if tokenizer.token_to_id(token) is None:
            raise ModelError(f"{vocab} has no token {token}")
    tokenizer.add_special_tokens([t for t in tokens if tokenizer.token_to_id(t) is not None])
    tokenizer.normalizer = BertNormalizer(
        lowercase=settings.lowercase,
        strip_accents=settings.strip_accents,
        handle_chinese_chars=settings.chinese_characters,
    )
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single=f"{cls} $A {sep}",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in (cls, sep)],
    )
    return tokenizer

"""Articles in, an encoder that has read them out: words hidden and guessed, before fine-tuning."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModelForMaskedLM

from models.train.data import (
    LEAST_CHARACTERS,
    Corpus,
    load_tokenizer,
    training_sentences,
)
from models.train.loop import Settings, inputs_of, is_done, run_steps, save_encoder

PRETRAINING = Settings(
    steps=1300,
    learning_rate=5e-4,
    head_learning_rate=5e-4,
    layer_decay=1.0,
    dropout=0.0,
    masked=0.15,
    averaging=0.99,
    batch_tokens=4096,
    max_tokens=128,
)


def gold_texts(data: Path, corpora: Iterable[Corpus]) -> Iterator[list[str]]:
    """The sentences of every corpus's training part, without their labels."""
    for corpus in corpora:
        yield [sentence.text for sentence in training_sentences(data, corpus)]


def token_ids(tokenizer: Tokenizer, *tokens: str) -> list[int]:
    """The ids of special tokens.

    Raises:
        ValueError: the vocabulary lacks one.
    """
    found = [tokenizer.token_to_id(token) for token in tokens]
    if None in found:
        raise ValueError(f"the vocabulary has no {tokens[found.index(None)]}")
    return [index for index in found if index is not None]


def pack(
    texts: Iterable[list[str]], tokenizer: Tokenizer, max_tokens: int
) -> tuple[Tensor, Tensor]:
    """Cut each text's passages, end to end, into rows of `max_tokens` with special tokens.

    Returns:
        ids and words, (rows, tokens): words counts a row's words, -1 at special tokens. What
        remains at a text's end is left out.
    """
    start, end = token_ids(tokenizer, "[CLS]", "[SEP]")
    room = max_tokens - 2
    id_rows, word_rows = [], []
    for passages in texts:
        long = [passage for passage in passages if len(passage) >= LEAST_CHARACTERS]
        ids: list[int] = []
        words: list[int] = []
        for encoding in tokenizer.encode_batch(long, add_special_tokens=False):
            first = words[-1] + 1 if words else 0
            ids += [*encoding.ids, end]
            words += [first + (word or 0) for word in encoding.word_ids]
            words.append(words[-1] + 1 if words else 0)
        for at in range(0, len(ids) - room + 1, room):
            id_rows.append([start, *ids[at : at + room], end])
            row = words[at : at + room]
            word_rows.append([-1, *(word - row[0] for word in row), -1])
    return torch.tensor(id_rows), torch.tensor(word_rows)


def hide(
    ids: Tensor, words: Tensor, share: float, mask_id: int, n_vocabulary: int
) -> tuple[Tensor, Tensor]:
    """Hide whole words, as BERT does: 80 % as [MASK], 10 % as another token, 10 % as they are.

    Args:
        ids: (rows, tokens), as `pack` gives them.
        words: (rows, tokens), likewise.
        share: of the words.
        mask_id: id of [MASK].
        n_vocabulary: ids that another token is drawn from.

    Returns:
        The ids to read, and where tokens are to be guessed (rows, tokens).
    """
    drawn = torch.rand(words.shape).gather(1, words.clamp(min=0))
    guess = (drawn < share) & (words >= 0)
    seen = torch.where(guess & (drawn < 0.8 * share), mask_id, ids)
    other = torch.randint(n_vocabulary, ids.shape)
    return torch.where(guess & (drawn >= 0.9 * share), other, seen), guess


def pretrain(base: Path, texts: Iterable[list[str]], work: Path, settings: Settings) -> Path:
    """Let `base` guess hidden words of the texts; returns the folder of the encoder.

    Goes on from `work`/checkpoint.pt if there is one; a finished run is not repeated.

    Raises:
        OtherRunError: `work` holds a run from another base.
    """
    trained = work / "encoder"
    if is_done(trained, settings, work, inputs_of(base)):
        return trained
    torch.manual_seed(settings.seed)
    tokenizer = load_tokenizer(base)
    [mask_id] = token_ids(tokenizer, "[MASK]")
    model = AutoModelForMaskedLM.from_pretrained(
        base, local_files_only=True, attn_implementation="eager"
    )
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = settings.dropout
    ids, words = pack(texts, tokenizer, settings.max_tokens)
    rows = settings.batch_tokens // settings.max_tokens

    def draw(epoch: int) -> list[list[int]]:
        order = list(range(len(ids)))
        random.Random(settings.seed + epoch).shuffle(order)  # noqa: S311 - sampling, not secrecy
        return [order[at : at + rows] for at in range(0, len(order), rows)]

    def loss_of(batch: Sequence[int]) -> tuple[Tensor, int]:
        own = ids[list(batch)]
        seen, guess = hide(
            own, words[list(batch)], settings.masked, mask_id, model.config.vocab_size
        )
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bf16):
            hidden = model.base_model(input_ids=seen).last_hidden_state[guess]
            logits = model.cls(hidden)
        return nn.functional.cross_entropy(logits.float(), own[guess]), own.numel()

    mean = run_steps(
        model, settings, work, draw, loss_of, lambda _: {}, checkpoint_steps=100, watch_steps=100
    )
    save_encoder(mean, tokenizer, base, trained)
    return trained

"""Examples in, fine-tuned encoder out, with a log table and checkpoints to go on from."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification

from models.train.data import Corpus, Example, corpus_files, draw_epoch, examples
from models.train.score import entity_scores

LOG_COLUMNS = ("minutes", "step", "epoch", "loss", "learning_rate", "tokens_per_second", "scores")


@dataclass(frozen=True)
class Settings:
    """What a run is made of.

    The learning rate falls to zero at `steps`, or sooner at `minutes` of training on this machine.
    A batch holds up to `batch_tokens` padded tokens and `batch_sentences` sentences. A sentence
    whose every word lost less than `easy_loss` when last seen comes back more seldom.
    """

    steps: int = 12000
    minutes: float = float("inf")
    learning_rate: float = 2.5e-4
    head_learning_rate: float = 1e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.06
    dropout: float = 0.0
    batch_tokens: int = 1024
    batch_sentences: int = 1024
    max_tokens: int = 256
    seed: int = 20
    bf16: bool = False
    easy_loss: float = 0.05


def partial_label_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """For each word -log of the probability that the label is one of those allowed.

    Args:
        logits: (words, labels).
        allowed: (words, labels), true where the label may be the right one; at least one a word.
    """
    open_logits = logits.masked_fill(~allowed, float("-inf"))
    return torch.logsumexp(logits, -1) - torch.logsumexp(open_logits, -1)


def load_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer, which neither pads nor truncates."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def load_encoder(base: Path, labels: Sequence[str], dropout: float) -> nn.Module:
    """The base folder's encoder under a head for these labels; a head of other size is replaced."""
    config = AutoConfig.from_pretrained(
        base,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
        local_files_only=True,
    )
    for name in ("hidden_dropout_prob", "resid_pdrop", "embd_pdrop", "dropout"):
        if hasattr(config, name):
            setattr(config, name, dropout)
    for name in ("attention_probs_dropout_prob", "attn_pdrop", "attention_dropout"):
        if hasattr(config, name):  # drawing its random numbers would cost a tenth of the step
            setattr(config, name, 0.0)
    model: nn.Module = AutoModelForTokenClassification.from_pretrained(
        base, config=config, local_files_only=True, ignore_mismatched_sizes=True
    )
    return model


def collate(batch: Sequence[Example], n_labels: int, pad: int) -> dict[str, Tensor]:
    """Pad a batch.

    Returns:
        ids and mask (sentences, tokens); of each word its first token's place in the flattened
        batch (where), its sentence (rows) and its allowed labels (words, labels).
    """
    length = max(len(example.ids) for example in batch)
    ids = torch.full((len(batch), length), pad, dtype=torch.long)
    mask = torch.zeros((len(batch), length), dtype=torch.long)
    where, rows = [], []
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        mask[row, : len(example.ids)] = 1
        where += [row * length + position for position in example.first]
        rows += [row] * len(example.first)
    allowed = torch.zeros((len(where), n_labels), dtype=torch.bool)
    word = 0
    for example in batch:
        for labels in example.allowed:
            allowed[word, list(labels)] = True
            word += 1
    return {
        "ids": ids,
        "mask": mask,
        "where": torch.tensor(where, dtype=torch.long),
        "rows": torch.tensor(rows, dtype=torch.long),
        "allowed": allowed,
    }


def word_logits(model: nn.Module, batch: dict[str, Tensor], *, bf16: bool) -> Tensor:
    """Logits of the words' first tokens, fp32, (words, labels)."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        logits = model(input_ids=batch["ids"], attention_mask=batch["mask"]).logits
    flat: Tensor = logits.flatten(0, 1)[batch["where"]].float()
    return flat


def parameter_groups(model: nn.Module, settings: Settings) -> list[dict[str, Any]]:
    """Groups by depth: each layer below the head learns `layer_decay` times slower."""
    n_layers = model.config.num_hidden_layers  # type: ignore[union-attr]
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if name.startswith(("classifier", "score")):
            rate = settings.head_learning_rate
        else:
            parts = name.split(".")
            depth = next((int(p) for p in parts if p.isdigit()), -1)
            rate = settings.learning_rate * settings.layer_decay ** (n_layers - 1 - depth)
        decay = settings.weight_decay if parameter.ndim > 1 and "embedding" not in name else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def rate_factor(progress: float, warmup: float) -> float:
    """Linear up to 1 at `warmup`, then linear down to 0 at the end; progress is 0 to 1."""
    if progress < warmup:
        return progress / warmup
    return max(0.0, (1 - progress) / (1 - warmup))


def predict(
    model: nn.Module, sentences: Sequence[Example], labels: Sequence[str], pad: int, *, bf16: bool
) -> list[list[str]]:
    """The most likely label of every word, sentence by sentence, in the order given."""
    model.eval()
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i].ids))
    answers: list[list[str]] = [[] for _ in sentences]
    for at in range(0, len(order), 32):
        rows = order[at : at + 32]
        batch = collate([sentences[i] for i in rows], len(labels), pad)
        with torch.no_grad():
            best = iter(word_logits(model, batch, bf16=bf16).argmax(-1).tolist())
        for i in rows:
            answers[i] = [labels[next(best)] for _ in sentences[i].first]
    return answers


def train(
    base: Path,
    data: Path,
    work: Path,
    corpora: Sequence[Corpus],
    labels: Sequence[str],
    settings: Settings,
    *,
    watch: Sequence[str],
    checkpoint_steps: int = 100,
    watch_steps: int = 1000,
) -> Path:
    """Fine-tune `base` on the corpora and return the folder of the trained encoder.

    Goes on from `work`/checkpoint.pt if there is one; a finished run is not repeated.
    The log is `work`/log.tsv. Every `watch_steps` the held-out splits of the corpora named in
    `watch` are scored.
    """
    work.mkdir(parents=True, exist_ok=True)
    trained, kept = work / "encoder", work / "settings.json"
    wanted = json.dumps(asdict(settings), indent=2) + "\n"
    if (trained / "tokenizer.json").exists() and kept.read_text() == wanted:
        return trained
    kept.write_text(wanted)
    torch.manual_seed(settings.seed)
    tokenizer = load_tokenizer(base)
    model = load_encoder(base, labels, settings.dropout)
    pad = model.config.pad_token_id or 0  # type: ignore[union-attr]

    def encoded(corpus: Corpus, splits: Sequence[str]) -> list[Example]:
        paths = corpus_files(data, corpus, splits)
        return examples(corpus, paths, tokenizer, labels=labels, max_tokens=settings.max_tokens)

    pool = [example for c in corpora for example in encoded(c, c.train)]
    held_out = {c.name: encoded(c, c.held_out) for c in corpora if c.name in watch}
    model.train()
    optimizer = torch.optim.AdamW(parameter_groups(model, settings), betas=(0.9, 0.98), fused=True)
    rates = [group["lr"] for group in optimizer.param_groups]
    log = work / "log.tsv"
    if not log.exists():
        log.write_text("\t".join(LOG_COLUMNS) + "\n")
    step, epoch, done, minutes_before = 0, 0, 0, 0.0
    hardest = torch.full((len(pool),), float("inf"))  # each sentence's worst word when last seen
    batches: list[list[int]] = []
    checkpoint = work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        step, epoch, done = state["step"], state["epoch"], state["done"]
        minutes_before, hardest, batches = state["minutes"], state["hardest"], state["batches"]
    started = time.monotonic()

    def minutes() -> float:
        return minutes_before + (time.monotonic() - started) / 60

    def save() -> None:
        fresh = work / "checkpoint.new"
        state = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "rng": torch.get_rng_state(),
            "step": step,
            "epoch": epoch,
            "done": done,
            "minutes": minutes(),
            "hardest": hardest,
            "batches": batches,
        }
        torch.save(state, fresh)
        fresh.replace(checkpoint)

    def report(loss: float, factor: float, speed: float, scores: dict[str, float]) -> None:
        row = (
            f"{minutes():.1f}",
            str(step),
            f"{epoch + done / max(1, len(batches)):.2f}",
            f"{loss:.4f}",
            f"{factor * settings.learning_rate:.2e}",
            f"{speed:.0f}",
            " ".join(f"{name}={score:.4f}" for name, score in scores.items()),
        )
        with log.open("a") as table:
            table.write("\t".join(row) + "\n")

    total_loss, n_tokens, since = 0.0, 0, time.monotonic()

    def progress() -> float:
        return min(1.0, max(step / settings.steps, minutes() / settings.minutes))

    now = progress()
    while now < 1:
        if done == len(batches):
            epoch, done = epoch + bool(batches), 0
            easy = (hardest < settings.easy_loss).tolist()
            batches = draw_epoch(
                pool,
                corpora,
                easy,
                seed=settings.seed + epoch,
                batch_tokens=settings.batch_tokens,
                batch_sentences=settings.batch_sentences,
            )
        factor = rate_factor(now, settings.warmup)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        chosen = batches[done]
        batch = collate([pool[i] for i in chosen], len(labels), pad)
        losses = partial_label_loss(word_logits(model, batch, bf16=settings.bf16), batch["allowed"])
        optimizer.zero_grad(set_to_none=True)
        losses.mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        hardest[chosen] = torch.zeros(len(chosen)).scatter_reduce(
            0, batch["rows"], losses.detach(), "amax"
        )
        done, step = done + 1, step + 1
        total_loss += losses.mean().item()
        n_tokens += int(batch["mask"].sum())
        now = progress()
        if step % checkpoint_steps == 0 or now == 1:
            scores = {}
            if step % watch_steps == 0 or now == 1:
                scores = {
                    c.name: entity_scores(
                        [example.gold for example in held_out[c.name]],
                        predict(model, held_out[c.name], labels, pad, bf16=settings.bf16),
                        c.closed,
                    )["micro"]["f1"]
                    for c in corpora
                    if c.name in watch
                }
                model.train()
            speed = n_tokens / (time.monotonic() - since)
            report(total_loss / checkpoint_steps, factor, speed, scores)
            save()
            total_loss, n_tokens, since = 0.0, 0, time.monotonic()
    model.save_pretrained(trained)
    tokenizer.save(str(trained / "tokenizer.json"))
    return trained

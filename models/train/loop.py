"""Batches in, trained weights out: the steps of any of the recipes, with a log and checkpoints."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from models.files import file_sha256
from transforms.errors import UserError

LOG_COLUMNS = ("minutes", "step", "epoch", "loss", "learning_rate", "tokens_per_second", "scores")


@dataclass(frozen=True)
class Settings:
    """What a run is made of.

    The learning rate falls to zero at `steps`, or sooner at `minutes` of training on this machine.
    A batch holds up to `batch_tokens` padded tokens and `batch_sentences` sentences. Of the tokens
    that the model reads, a share of `masked` is hidden from it. The weights kept are a running mean
    that forgets all but `averaging` of itself a step; 0 keeps the last ones. Of the encoder the
    lowest `fixed_layers` stay as they are, and the embeddings with them; 0 fixes nothing. A batch
    is computed in `parts` at a time, each on a core. `bf16` is two to three times as fast as fp32
    on processors with AVX512-BF16 or AMX, and slower on others.
    """

    steps: int = 9000
    minutes: float = float("inf")
    learning_rate: float = 2.5e-4
    head_learning_rate: float = 1e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.06
    dropout: float = 0.1
    masked: float = 0.05
    averaging: float = 0.998
    batch_tokens: int = 2048
    batch_sentences: int = 1024
    max_tokens: int = 256
    seed: int = 20
    fixed_layers: int = 0
    parts: int = 1
    bf16: bool = True


class OtherRunError(UserError):
    """A work folder holds a run that was made from something else."""


def inputs_of(base: Path, labels: Sequence[str] = (), data: Iterable[Path] = ()) -> dict[str, Any]:
    """What a run is made from, by the hashes of the files."""
    weights = [path for ending in ("safetensors", "bin") for path in base.glob(f"*.{ending}")]
    named = [base / name for name in ("config.json", "tokenizer.json", "vocab.txt")]
    files = [*(path for path in named if path.is_file()), *sorted(weights)]
    return {
        "base": [file_sha256(path) for path in files],
        "labels": list(labels),
        "data": [file_sha256(file) for path in data for file in _files(path)],
    }


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def is_done(trained: Path, settings: Settings, work: Path, inputs: Mapping[str, Any]) -> bool:
    """Whether the encoder is there, of these settings; if not, they are noted in `work`.

    Raises:
        OtherRunError: `work` holds one that was made from something else.
    """
    work.mkdir(parents=True, exist_ok=True)
    made_from = work / "inputs.json"
    wanted = json.dumps(inputs, indent=1) + "\n"
    if made_from.exists() and made_from.read_text() != wanted:
        raise OtherRunError(f"{work} holds a run from another base, other data or labels")
    made_from.write_text(wanted)
    kept = work / "settings.json"
    wanted = json.dumps(asdict(settings), indent=2) + "\n"
    if (trained / "tokenizer.json").exists() and kept.read_text() == wanted:
        return True
    kept.write_text(wanted)
    return False


def save_encoder(model: nn.Module, tokenizer: Tokenizer, base: Path, target: Path) -> None:
    """Write a HuggingFace folder, with what the base says of its tokenizer.

    Without that, transformers would make another one of the same tokenizer.json.
    """
    model.save_pretrained(target)  # type: ignore[operator]
    for name in ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        if (base / name).is_file():
            shutil.copy(base / name, target)
    tokenizer.save(str(target / "tokenizer.json"))


def rate_factor(progress: float, warmup: float) -> float:
    """Linear up to 1 at `warmup`, then linear down to 0 at the end; progress is 0 to 1."""
    if progress < warmup:
        return progress / warmup
    return max(0.0, (1 - progress) / (1 - warmup))


def parameter_groups(model: nn.Module, settings: Settings) -> list[dict[str, Any]]:
    """Groups by depth: each layer below the head learns `layer_decay` times slower."""
    n_layers = model.config.num_hidden_layers  # type: ignore[union-attr]
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith(("classifier", "score", "cls")):
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


def run_steps(
    model: nn.Module,
    settings: Settings,
    work: Path,
    draw: Callable[[int], list[list[int]]],
    loss_of: Callable[[Sequence[int]], tuple[Tensor, int]],
    watch: Callable[[nn.Module], dict[str, float]],
    *,
    checkpoint_steps: int,
    watch_steps: int,
) -> nn.Module:
    """Train `model` and return the averaged one. Killed, it goes on from `work`/checkpoint.pt.

    Args:
        model: trained in place.
        settings: of the run.
        work: takes the checkpoint, and the log as a table, `log.tsv`.
        draw: an epoch's batches, each the indexes of its examples; the same for the same epoch.
        loss_of: a batch's mean loss, and its tokens without padding.
        watch: scores of a model for the log; called every `watch_steps` and at the end.
        checkpoint_steps: steps from one row of the log, and checkpoint, to the next.
        watch_steps: a multiple of `checkpoint_steps`.
    """
    model.train()
    optimizer = torch.optim.AdamW(parameter_groups(model, settings), betas=(0.9, 0.98), fused=True)
    rates = [group["lr"] for group in optimizer.param_groups]

    def blend(means: Any, weights: Any, n_averaged: Any) -> None:
        fresh = max(1 - settings.averaging, 9 / (10 + int(n_averaged)) * (settings.averaging > 0))
        torch._foreach_lerp_(means, weights, fresh)

    mean = AveragedModel(model, multi_avg_fn=blend)
    log = work / "log.tsv"
    if not log.exists():
        log.write_text("\t".join(LOG_COLUMNS) + "\n")
    step, epoch, done, minutes_before = 0, 0, 0, 0.0
    batches: list[list[int]] = []
    checkpoint = work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        mean.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        step, epoch, done = state["step"], state["epoch"], state["done"]
        minutes_before = state["minutes"]
        batches = draw(epoch) if done else []
    started = time.monotonic()

    def minutes() -> float:
        return minutes_before + (time.monotonic() - started) / 60

    def progress() -> float:
        return min(1.0, max(step / settings.steps, minutes() / settings.minutes))

    def save() -> None:
        fresh = work / "checkpoint.new"
        state = {
            "model": model.state_dict(),
            "mean": mean.state_dict(),
            "optimizer": optimizer.state_dict(),
            "rng": torch.get_rng_state(),
            "step": step,
            "epoch": epoch,
            "done": done,
            "minutes": minutes(),
        }
        torch.save(state, fresh)
        fresh.replace(checkpoint)

    cores = ThreadPoolExecutor(settings.parts, initializer=torch.set_num_threads, initargs=(1,))

    def add_gradients(batch: Sequence[int]) -> tuple[float, int]:
        if settings.parts == 1:
            return backward(batch, 1.0)
        parts = [batch[at :: settings.parts] for at in range(min(settings.parts, len(batch)))]
        done = list(cores.map(backward, parts, [len(part) / len(batch) for part in parts]))
        return sum(loss for loss, _ in done), sum(size for _, size in done)

    def backward(batch: Sequence[int], weight: float) -> tuple[float, int]:
        loss, size = loss_of(batch)
        (weight * loss).backward()
        return weight * loss.item(), size

    total_loss, n_tokens, n_steps, since = 0.0, 0, 0, time.monotonic()
    now = progress()
    while now < 1:
        if done == len(batches):
            epoch, done = epoch + bool(batches), 0
            batches = draw(epoch)
        factor = rate_factor(now, settings.warmup)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        optimizer.zero_grad(set_to_none=True)
        loss, size = add_gradients(batches[done])
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        mean.update_parameters(model)
        done, step = done + 1, step + 1
        total_loss, n_tokens, n_steps = total_loss + loss, n_tokens + size, n_steps + 1
        now = progress()
        if step % checkpoint_steps == 0 or now == 1:
            speed = n_tokens / (time.monotonic() - since)
            scores = watch(mean.module) if step % watch_steps == 0 or now == 1 else {}
            row = (
                f"{minutes():.1f}",
                str(step),
                f"{epoch + done / len(batches):.2f}",
                f"{total_loss / n_steps:.4f}",
                f"{factor * settings.learning_rate:.2e}",
                f"{speed:.0f}",
                " ".join(f"{name}={score:.4f}" for name, score in scores.items()),
            )
            with log.open("a") as table:
                table.write("\t".join(row) + "\n")
            save()
            total_loss, n_tokens, n_steps, since = 0.0, 0, 0, time.monotonic()
    return mean.module

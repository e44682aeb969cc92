"""Examples in, fine-tuned encoder out, with a log table and checkpoints to go on from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification

from models.train.articles import ARTICLES, ArticleText, article_examples
from models.train.data import (
    Corpus,
    Example,
    Sentence,
    corpus_paths,
    draw_epoch,
    examples,
    held_out_letters,
    held_out_sentences,
    load_tokenizer,
    training_sentences,
)
from models.train.loop import Settings, inputs_of, is_done, run_steps, save_encoder
from models.train.score import entity_scores

LEAST_KNOWN = 0.01  # what teachers must give the allowed labels together to have a say on a word


def partial_label_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """For each word -log of the probability that the label is one of those allowed.

    Args:
        logits: (words, labels).
        allowed: (words, labels), true where the label may be the right one; at least one a word.
    """
    open_logits = logits.masked_fill(~allowed, float("-inf"))
    return torch.logsumexp(logits, -1) - torch.logsumexp(open_logits, -1)


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
        base,
        config=config,
        local_files_only=True,
        ignore_mismatched_sizes=True,
        attn_implementation="eager",  # for single sentences as fast as any, and exports
    )
    return model


def collate(batch: Sequence[Example], n_labels: int, pad: int) -> dict[str, Tensor]:
    """Pad a batch.

    Returns:
        ids, mask, and inner, true where neither special token nor padding is, (sentences, tokens);
        of each word its first token's place in the flattened batch (where) and its allowed labels
        (words, labels).
    """
    length = max(len(example.ids) for example in batch)
    ids = torch.full((len(batch), length), pad, dtype=torch.long)
    mask = torch.zeros((len(batch), length), dtype=torch.long)
    inner = torch.zeros((len(batch), length), dtype=torch.bool)
    where = []
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        mask[row, : len(example.ids)] = 1
        inner[row, 1 : len(example.ids) - 1] = True
        where += [row * length + position for position in example.first]
    allowed = torch.zeros((len(where), n_labels), dtype=torch.bool)
    word = 0
    for example in batch:
        for labels in example.allowed:
            allowed[word, list(labels)] = True
            word += 1
    return {
        "ids": ids,
        "mask": mask,
        "inner": inner,
        "where": torch.tensor(where, dtype=torch.long),
        "allowed": allowed,
    }


def word_logits(model: nn.Module, batch: dict[str, Tensor], *, bf16: bool) -> Tensor:
    """Logits of the words' first tokens, fp32, (words, labels)."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        logits = model(input_ids=batch["ids"], attention_mask=batch["mask"]).logits
    flat: Tensor = logits.flatten(0, 1)[batch["where"]].float()
    return flat


def opinions(
    models: Sequence[nn.Module],
    sentences: Sequence[Example],
    n_labels: int,
    pad: int,
    *,
    bf16: bool,
) -> list[Tensor]:
    """The mean over the models of each sentence's label probabilities, fp16, (words, labels)."""
    for model in models:
        model.eval()
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i].ids))
    found = [torch.empty(0)] * len(sentences)
    for at in range(0, len(order), 32):
        rows = order[at : at + 32]
        batch = collate([sentences[i] for i in rows], n_labels, pad)
        with torch.no_grad():
            each = [word_logits(model, batch, bf16=bf16).softmax(-1) for model in models]
        mean = torch.stack(each).mean(0).half()
        for i, words in zip(rows, mean.split([len(sentences[i].first) for i in rows]), strict=True):
            found[i] = words.clone()
    return found


def predict(
    model: nn.Module, sentences: Sequence[Example], labels: Sequence[str], pad: int, *, bf16: bool
) -> list[list[str]]:
    """The most likely label of every word, sentence by sentence, in the order given."""
    found = opinions([model], sentences, len(labels), pad, bf16=bf16)
    return [[labels[i] for i in words.argmax(-1).tolist()] for words in found]


def train(
    base: Path,
    data: Path,
    work: Path,
    corpora: Sequence[Corpus],
    labels: Sequence[str],
    settings: Settings,
    *,
    watch: Sequence[str],
    teachers: Sequence[Path] = (),
    articles: Iterable[ArticleText] = (),
    checkpoint_steps: int = 100,
    watch_steps: int = 1000,
) -> Path:
    """Fine-tune `base` on the corpora and return the folder of the trained encoder.

    Goes on from `work`/checkpoint.pt if there is one; a finished run is not repeated.
    The log is `work`/log.tsv. Every `watch_steps` the held-out splits of the corpora named in
    `watch` are scored.

    Args:
        base: HuggingFace folder to begin with.
        data: folder of all gold data.
        work: takes checkpoint, log and encoder.
        corpora: to be trained on.
        labels: of the model, by id.
        settings: of the run.
        watch: names of corpora.
        teachers: trained encoders of the same labels and tokenizer. What they make of a word
            together is learned beside the gold, and alone where there is none (distillation,
            Hinton et al. 2015, arXiv:1503.02531).
        articles: for the teachers to label, but for words of which more is sure than they say.
        checkpoint_steps: steps from one checkpoint to the next.
        watch_steps: a multiple of `checkpoint_steps`.

    Raises:
        OtherRunError: `work` holds a run from another base, other data, labels or teachers.
    """
    trained = work / "encoder"
    files = [path for corpus in corpora for path in corpus_paths(data, corpus.train)]
    inputs = inputs_of(base, labels, files)
    if teachers:
        inputs["teachers"] = [inputs_of(teacher)["base"] for teacher in teachers]
    if is_done(trained, settings, work, inputs):
        return trained
    torch.manual_seed(settings.seed)
    tokenizer = load_tokenizer(base)
    model = load_encoder(base, labels, settings.dropout)
    _fix_layers(model, settings.fixed_layers)
    pad = model.config.pad_token_id or 0  # type: ignore[union-attr]
    mask_id = tokenizer.token_to_id("[MASK]")

    def encoded(corpus: Corpus, sentences: Sequence[Sentence]) -> list[Example]:
        return examples(corpus, sentences, tokenizer, labels=labels, max_tokens=settings.max_tokens)

    held_out = {c.name: encoded(c, held_out_sentences(data, c)) for c in corpora if c.name in watch}
    unseen = held_out_letters(data, corpora)
    pool = [example for c in corpora for example in encoded(c, training_sentences(data, c, unseen))]
    lessons: list[Tensor] = []
    if teachers:
        pool += article_examples(
            articles, tokenizer, labels, seed=settings.seed, max_tokens=settings.max_tokens
        )
        lessons = opinions(
            [load_encoder(teacher, labels, 0.0) for teacher in teachers],
            pool,
            len(labels),
            pad,
            bf16=settings.bf16,
        )

    def draw(epoch: int) -> list[list[int]]:
        return draw_epoch(
            pool,
            (*corpora, ARTICLES),
            seed=settings.seed + epoch,
            batch_tokens=settings.batch_tokens,
            batch_sentences=settings.batch_sentences,
        )

    def loss_of(chosen: Sequence[int]) -> tuple[Tensor, int]:
        batch = collate([pool[i] for i in chosen], len(labels), pad)
        if settings.masked:
            hidden = (torch.rand(batch["ids"].shape) < settings.masked) & batch["inner"]
            batch["ids"][hidden] = mask_id
        logits = word_logits(model, batch, bf16=settings.bf16)
        loss = partial_label_loss(logits, batch["allowed"]).mean()
        if lessons:
            taught = torch.cat([lessons[i] for i in chosen]).float() * batch["allowed"]
            known = taught.sum(-1) > LEAST_KNOWN
            taught = taught[known] / taught[known].sum(-1, keepdim=True)
            loss = loss + nn.functional.cross_entropy(logits[known], taught)
        return loss, int(batch["mask"].sum())

    def scores_of(candidate: nn.Module) -> dict[str, float]:
        return {
            c.name: entity_scores(
                [example.gold for example in held_out[c.name]],
                predict(candidate, held_out[c.name], labels, pad, bf16=settings.bf16),
                c.closed,
            )["micro"]["f1"]
            for c in corpora
            if c.name in watch
        }

    mean = run_steps(
        model,
        settings,
        work,
        draw,
        loss_of,
        scores_of,
        checkpoint_steps=checkpoint_steps,
        watch_steps=watch_steps,
    )
    save_encoder(mean, tokenizer, base, trained)
    return trained


def _fix_layers(model: nn.Module, n_layers: int) -> None:
    """Takes the lowest layers, and the embeddings, out of the training."""
    below = {str(layer) for layer in range(n_layers)}
    for name, parameter in model.named_parameters():
        layer = next((part for part in name.split(".") if part.isdigit()), None)
        if n_layers and ("embeddings" in name or layer in below):
            parameter.requires_grad_(False)


def average(first: Path, second: Path, share: float, target: Path) -> None:
    """Write the encoder whose weights are the mean of two of one architecture.

    Two trainings that began alike often end in one basin, and their mean does better than either
    (model soups, Wortsman et al. 2022, arXiv:2203.05482).

    Args:
        first: a HuggingFace folder.
        second: another.
        share: of the second, 0 to 1.
        target: takes the mean, with the tokenizer of the first.
    """
    model, other = (
        AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True)
        for folder in (first, second)
    )
    with torch.no_grad():
        for weights, its in zip(model.parameters(), other.parameters(), strict=True):
            weights.lerp_(its, share)
    save_encoder(model, load_tokenizer(first), first, target)

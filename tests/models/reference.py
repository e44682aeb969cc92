# ruff: noqa: S106 - names of special tokens, not passwords
"""The token classification pipeline of transformers, as it is and with its known faults mended.

Needs torch and transformers, which the job does not. ``python -m tests.models.reference`` records
``transformers_entities.json`` with them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    PreTrainedTokenizerFast,
    TokenClassificationPipeline,
)
from transformers.pipelines.token_classification import AggregationStrategy

from models.model import load_model
from tests.models.difficult import difficult_sentences
from tests.models.rows import LABELS, made_up_logits
from transforms.windows import BLANKS

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 512,
}
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert-cased": ("bert", SMALL),
    "bert-uncased": ("bert", SMALL),
    "distilbert": ("distilbert", {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}),
    "electra": ("electra", {**SMALL, "embedding_size": 16}),
    "deberta-v2": (
        "deberta-v2",
        {
            **SMALL,
            "relative_attention": True,
            "pos_att_type": ["c2p", "p2c"],
            "position_biased_input": False,
        },
    ),
    "roberta": ("roberta", {**SMALL, "max_position_embeddings": 514}),
    "gpt2": ("gpt2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}),
}


def train_tokenizer(name: str) -> PreTrainedTokenizerFast:
    """A small tokenizer of the architecture's kind."""
    texts = difficult_sentences(500, seed=2)
    if name in {"roberta", "gpt2"}:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        special = ROBERTA_SPECIAL if name == "roberta" else ["<|endoftext|>"]
        tokenizer.train_from_iterator(
            texts,
            trainers.BpeTrainer(
                vocab_size=600,
                special_tokens=special,
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                show_progress=False,
            ),
        )
        if name == "gpt2":
            tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
            return PreTrainedTokenizerFast(
                tokenizer_object=tokenizer,
                unk_token="<|endoftext|>",
                model_input_names=["input_ids", "attention_mask"],
            )
        tokenizer.post_processor = processors.RobertaProcessing(
            ("</s>", 2), ("<s>", 0), add_prefix_space=False
        )
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            bos_token="<s>",
            eos_token="</s>",
            cls_token="<s>",
            sep_token="</s>",
            pad_token="<pad>",
            unk_token="<unk>",
            mask_token="<mask>",
            model_input_names=["input_ids", "attention_mask"],
        )
    special_names = {
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    template = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = ["input_ids", "token_type_ids", "attention_mask"]
    if name == "deberta-v2":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.train_from_iterator(
            texts,
            trainers.UnigramTrainer(
                vocab_size=500,
                special_tokens=BERT_SPECIAL,
                unk_token="[UNK]",
                show_progress=False,
            ),
        )
    else:
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=name != "bert-cased")
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.train_from_iterator(
            texts,
            trainers.WordPieceTrainer(
                vocab_size=600, special_tokens=BERT_SPECIAL, show_progress=False
            ),
        )
        if name == "distilbert":
            names = ["input_ids", "attention_mask"]
    tokenizer.post_processor = template
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_input_names=names, **special_names
    )


def save_random_model(name: str, folder: Path) -> None:
    """A small model of the architecture, as ``save_pretrained`` writes it."""
    torch.manual_seed(sum(map(ord, name)))
    tokenizer = train_tokenizer(name)
    model_type, sizes = ARCHITECTURES[name]
    pad = tokenizer.pad_token_id
    config = AutoConfig.for_model(
        model_type,
        vocab_size=len(tokenizer),
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
        pad_token_id=pad,
        bos_token_id=0,
        eos_token_id=0 if pad is None else 2,
        initializer_range=0.3,  # so that neighbours get different labels
        **sizes,
    )
    model = AutoModelForTokenClassification.from_config(config)
    with torch.no_grad():
        model.classifier.bias[1] = 1.5  # O: about every second token
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


class Mended(TokenClassificationPipeline):
    """The pipeline without its faults 18111, 23206, 23322 and 27876.

    Words are those of the tokenizer, or of white space where it knows none.
    """

    def gather_pre_entities(self, sentence, input_ids, *args, **options):
        """Mark as going on with a word what does so in the text."""
        tokens = super().gather_pre_entities(sentence, input_ids, *args, **options)
        encoding = self.tokenizer.backend_tokenizer.encode(
            sentence, add_special_tokens=len(input_ids) > len(tokens)
        )
        knows_words = self.tokenizer.backend_tokenizer.model.__class__.__name__ == "WordPiece"
        kept = []
        for token, following in zip(tokens, [*tokens[1:], None], strict=True):
            start, end = token["start"], token["end"]
            if token["word"] in BLANKS and following and not sentence[following["start"]].isspace():
                start, end = following["start"], following["start"] + 1  # it opens the word
            text = sentence[start:end]
            if not text.strip() and not knows_words:
                continue  # white space is no word
            start += len(text) - len(text.lstrip())
            end -= len(text) - len(text.rstrip())
            previous = kept[-1] if kept else None
            if knows_words:
                word = encoding.word_ids[token["index"]]
                joined = previous is not None and previous["word_id"] == word
            else:
                word = None
                between = sentence[previous["start"] : start] if previous else " "
                joined = not any(character.isspace() for character in between)
            kept.append(
                {**token, "start": start, "end": end, "is_subword": joined, "word_id": word}
            )
        return kept

    def postprocess(self, *args, **options):
        """One entity for a place and type: the bytes of a character are tokens of one place."""
        found = {}
        for entity in super().postprocess(*args, **options):
            kind = entity.get("entity_group") or entity["entity"][2:]
            found.setdefault((entity["start"], entity["end"], kind), entity)
        return list(found.values())

    def aggregate(self, pre_entities, aggregation_strategy):
        """A B- inside a word goes on with the word's entity."""
        if aggregation_strategy.value != "simple":
            return super().aggregate(pre_entities, aggregation_strategy)
        entities = []
        for token in pre_entities:
            best = token["scores"].argmax()
            label = self.model.config.id2label[best]
            if entities and token["is_subword"] and entities[-1]["entity"][2:] == label[2:]:
                label = f"I-{label[2:]}" if label != "O" else label
            entities.append({**token, "entity": label, "score": token["scores"][best]})
        return self.group_entities(entities)


def record(path: Path, count: int = 30) -> None:
    """Write what the mended pipeline finds, for those who have no torch."""
    recorded = {}
    for name, tokenizer in (
        ("tiny", load_model(str(path.parent / "tiny")).tokenizer),
        ("tiny_bpe", load_model(str(path.parent / "tiny_bpe")).tokenizer),
    ):
        config = AutoConfig.for_model("bert", id2label=dict(enumerate(LABELS)), **SMALL)
        pipeline = Mended(
            model=AutoModelForTokenClassification.from_config(config),
            tokenizer=PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]"),
        )
        cases = recorded[name] = []
        for text in difficult_sentences(count, seed=3):
            encoding = tokenizer.encode(text, add_special_tokens=False)
            logits = made_up_logits(np.array(encoding.ids))
            output = {
                "sentence": text,
                "input_ids": torch.tensor([encoding.ids]),
                "special_tokens_mask": torch.zeros(1, len(encoding), dtype=torch.long),
                "offset_mapping": torch.tensor([encoding.offsets]),
                "logits": torch.tensor(logits)[None],
                "is_last": True,
            }
            found = {}
            for aggregation in AggregationStrategy:
                entities = pipeline.postprocess([dict(output)], aggregation)
                found[aggregation.value] = [
                    (
                        e["start"],
                        e["end"],
                        e.get("entity_group") or e["entity"][2:],
                        round(e["score"].item(), 5),
                    )
                    for e in entities
                ]
            cases.append({"text": text, **found})
    lines = json.dumps(recorded, ensure_ascii=True).replace('{"text"', '\n{"text"')
    path.write_text(lines + "\n")


if __name__ == "__main__":
    record(Path(__file__).parent / "transformers_entities.json")

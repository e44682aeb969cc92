"""One peer over some sentences: run by ``bench_peers``, in the peers' own environment.

    python score.py optimum MODEL_DIR SENTENCES.json RESULT.json
    python score.py torch MODEL_DIR SENTENCES.json RESULT.json

``optimum`` is the way of QEB8L's README: optimum's ONNX Runtime model in the transformers pipeline,
a sentence at a time. ``torch`` is the same pipeline over BERT-base's shape (BioBERT's: 12 layers of
768) in fp32 with random weights, which cost what trained ones do, and the tokenizer of MODEL_DIR.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, BertConfig, BertForTokenClassification, pipeline

WARM = 10
"""Sentences before the clock starts."""


def main(way: str, folder: str, sentences: str, result: str) -> None:
    """Scores the sentences and writes seconds, peak memory and entities."""
    torch.set_num_threads(2)
    tokenizer = AutoTokenizer.from_pretrained(folder, model_max_length=512)
    model: Any
    if way == "optimum":
        from optimum.onnxruntime import ORTModelForTokenClassification

        model = ORTModelForTokenClassification.from_pretrained(
            folder, file_name="model_quantized.onnx"
        )
    else:
        labels = json.loads(Path(folder, "config.json").read_text())["id2label"]
        model = BertForTokenClassification(
            BertConfig(vocab_size=len(tokenizer), num_labels=len(labels), id2label=labels)
        ).eval()
    find = pipeline(
        "token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="first"
    )
    texts = json.loads(Path(sentences).read_text())
    for text in texts[:WARM]:
        find(text)
    start = time.perf_counter()
    found = [find(text) for text in texts]
    seconds = time.perf_counter() - start
    Path(result).write_text(
        json.dumps(
            {
                "seconds": seconds,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                / (1e6 if sys.platform == "darwin" else 1e6 / 1024),
                "entities": [
                    [[one["start"], one["end"], one["entity_group"]] for one in entities]
                    for entities in found
                ],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

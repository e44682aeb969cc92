"""Labels, and logits that need no model: from a token's id and place, the same everywhere."""

import numpy as np

# The strategies that transformers has too.
THEIRS = ("none", "simple", "first", "average", "max")

LABELS = ("B-cell-type", "O", "I-cell-type", "B-cell_line", "I-cell_line", "B-X", "I-X")


def made_up_logits(ids: np.ndarray) -> np.ndarray:
    """Tokens x labels, float32; every second token or so is outside."""
    places = np.arange(len(ids))[:, None]
    phase = np.asarray(ids, np.float64)[:, None] * 12.9898 + np.arange(len(LABELS)) * 78.233
    logits = 3 * np.sin(phase + places * 0.7)
    logits[:, LABELS.index("O")] += 1
    return logits.astype(np.float32)

"""Logits of a sentence's tokens in, entities out.

Five ways to aggregate mean what they mean in the token classification pipeline of transformers; the
sixth, ``viterbi``, is ours. Where that pipeline errs, this module does not
(tests/transforms/test_entities.py): words come from the tokenizer or from white space, never from
the look of a token, and one word is never split into two entities of one type.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from transforms.labels import Scheme, best_sequence, probabilities, read_scheme, sureness
from transforms.records import Aggregation, Entity, Tokens


def labelled_sentences(
    logits: NDArray[np.float32],
    tokens: Tokens,
    sentences: Sequence[tuple[int, int]],
    labels: tuple[str, ...],
) -> list[int]:
    """Which of a passage's sentences have a token that is not outside; no other has an entity.

    A mean over tokens that are all outside is outside as well.

    Args:
        logits: tokens x labels, of the passage.
        tokens: of the passage.
        sentences: their offsets in the passage's text, in order.
        labels: of the model.
    """
    types = np.array(read_scheme(labels).types)
    labelled = (types != "")[logits.argmax(axis=1)]
    starts = tokens.starts[labelled & (tokens.starts < tokens.ends)]
    if not len(starts):
        return []
    ends = [end for _, end in sentences]
    return np.unique(np.searchsorted(ends, starts, side="right")).tolist()  # type: ignore[no-any-return]


def find_entities(
    logits: NDArray[np.float32],
    tokens: Tokens,
    sentence: tuple[int, int],
    labels: tuple[str, ...],
    aggregation: Aggregation = "first",
    *,
    min_scores: Mapping[str, float] | None = None,
    min_score: float = 0.0,
    types: Mapping[str, str] | None = None,
) -> list[Entity]:
    """The entities of one sentence, in reading order.

    Args:
        logits: tokens x labels, of the passage.
        tokens: of the passage.
        sentence: its offsets in the passage's text; no entity crosses them.
        labels: of the model.
        aggregation: ``none`` makes an entity of every token that is not outside; ``simple`` joins
            tokens by their labels; ``first``, ``average`` and ``max`` label a whole word by its
            first token, by the mean of its tokens, or by the token most sure of itself, and join
            words; ``viterbi`` labels words by their first tokens, all of a sentence together, as
            ``best_sequence`` does.
        min_scores: the lowest score by type.
        min_score: the lowest score of the other types.
        types: other names for types of the model; entities of a type with no name are left out.

    Returns:
        Entities with offsets in the passage's text, and the mean score of the parts joined, or
        what ``sureness`` says for ``viterbi``: a float32, so that every format that it is written
        in has the same number.
    """
    [(first, last)] = tokens.within([sentence])
    scheme = read_scheme(labels)
    starts, ends = tokens.starts[first:last], tokens.ends[first:last]
    filled = starts < ends
    if not filled.any():
        return []
    best = logits[first:last].argmax(axis=1)
    words = tokens.words[first:last]
    scores = probabilities(logits[first:last])
    if not filled.all():
        starts, ends, words = starts[filled], ends[filled], words[filled]
        scores, best = scores[filled], best[filled]
    ends = ends.clip(max=sentence[1])
    if aggregation not in {"none", "simple"}:
        word_starts = np.flatnonzero(np.append(True, words[1:] != words[:-1]))
        scores, best = _aggregate_words(scores, best, word_starts, labels, aggregation)
        starts, ends = starts[word_starts], ends[np.append(word_starts[1:], len(ends)) - 1]
        words = words[word_starts]

    entities: dict[tuple[int, int, str], Entity] = {}
    certainty = scores[np.arange(len(best)), best].tolist()
    parts = _join(best.tolist(), words.tolist(), scheme, joins=aggregation != "none")
    for start, end in parts:
        own_type = scheme.types[best[start]]
        kind = (types or {}).get(own_type, own_type)
        if not kind:
            continue
        if aggregation == "viterbi":
            score = sureness(scores, best, (start, end), labels)
        else:
            score = float(np.float32(sum(certainty[start:end]) / (end - start)))
        if score >= (min_scores or {}).get(kind, min_score):
            entity = Entity(int(starts[start]), int(ends[end - 1]), kind, score)
            # Tokens that are bytes of one character have one place: the first of them counts.
            entities.setdefault(entity[:3], entity)
    return list(entities.values())


def _aggregate_words(
    scores: NDArray[np.float32],
    best: NDArray[np.intp],
    word_starts: NDArray[np.intp],
    labels: tuple[str, ...],
    aggregation: Aggregation,
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Each word's probabilities and label."""
    if aggregation == "first":
        return scores[word_starts], best[word_starts]
    if aggregation == "viterbi":
        firsts = scores[word_starts]
        return firsts, best_sequence(firsts, labels)
    if aggregation == "average":
        counts = np.diff(np.append(word_starts, len(scores)))
        means: NDArray[np.float32] = np.add.reduceat(scores, word_starts)
        means /= counts[:, None].astype(np.float32)
        return means, means.argmax(axis=1)
    top = scores.max(axis=1)
    surest = np.array([word.argmax() for word in np.split(top, word_starts[1:])]) + word_starts
    return scores[surest], best[surest]


def _join(best: list[int], words: list[int], scheme: Scheme, joins: bool) -> list[tuple[int, int]]:
    """Ranges of tokens or words that are one entity."""
    parts: list[tuple[int, int]] = []
    previous = scheme.outside
    for index, label in enumerate(best):
        if scheme.types[label]:
            if (
                joins
                and scheme.types[label] == scheme.types[previous]
                and (
                    words[index] == words[index - 1]
                    or not (scheme.begins[label] or scheme.ends[previous])
                )
            ):
                parts[-1] = (parts[-1][0], index + 1)
            else:
                parts.append((index, index + 1))
        previous = label
    return parts

"""Passages in, the windows that a model reads out.

A passage is tokenised once; windows are ranges of its tokens. Tokens are never dropped:

    sentences   |-------|--------------------------|----|
    windows     [=======][========---]             [====]     = scored here
                               [---============]              - read as context
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, chain, pairwise

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from transforms.records import Tokens, Window, WindowMode

# An encoding takes some 130 bytes a token; those of a whole book of abstracts took 38 MB.
PASSAGES_AT_ONCE = 256
# The tokens that are one space: of SentencePiece and of byte-level BPE.
BLANKS = ("▁", "Ġ")
# What str.isspace holds for white space.
SPACES = np.array([code for code in range(0x3001) if chr(code).isspace()], np.uint32)


def tokenize_passages(
    texts: Sequence[str],
    tokenizer: Tokenizer,
    sentences: Sequence[Sequence[tuple[int, int]]] | None = None,
) -> list[Tokens]:
    """The tokens of each passage.

    A word is what the tokenizer takes for one, if it knows words (WordPiece); if it does not
    (byte-level BPE, Unigram), a word is text up to the next white space. Such a tokenizer's first
    token depends on what stands before it. No character is of two words: normalised by NFKC, the
    one of "…" is three stops.

    Args:
        texts: of the passages.
        tokenizer: of the model.
        sentences: of each passage, as offsets in its text, if the model reads each by itself.
    """
    knows_words = getattr(tokenizer.model, "continuing_subword_prefix", None)
    if knows_words or sentences is None:
        sentences = [[(0, len(text))] for text in texts]
    wanted = [(text, tuple(spans)) for text, spans in zip(texts, sentences, strict=True)]
    unique = list(dict.fromkeys(wanted))  # an article of tables says "0.05" a hundred times
    blanks = [i for i in map(tokenizer.token_to_id, BLANKS) if i is not None]
    tokens: dict[tuple[str, tuple[tuple[int, int], ...]], Tokens] = {}
    for at in range(0, len(unique), PASSAGES_AT_ONCE):
        some = unique[at : at + PASSAGES_AT_ONCE]
        pieces = [text[start:end] for text, spans in some for start, end in spans]
        encodings = tokenizer.encode_batch(pieces, add_special_tokens=False)
        if knows_words:
            tokens.update(zip(some, _word_piece_tokens(encodings), strict=True))
            continue
        left = iter(encodings)
        for text, spans in some:
            parts = [(next(left), start) for start, _ in spans]
            tokens[text, spans] = _trimmed_tokens(text, parts, blanks)
    return [tokens[passage] for passage in wanted]


def _ids_and_offsets(encodings: Sequence[Encoding]) -> tuple[NDArray[np.int32], ...]:
    """The ids, starts and ends of all tokens of some texts, one after the other."""
    ids = list(chain.from_iterable(encoding.ids for encoding in encodings))
    flat = chain.from_iterable(chain.from_iterable(encoding.offsets for encoding in encodings))
    starts, ends = np.fromiter(flat, np.int32, 2 * len(ids)).reshape(-1, 2).T.copy()
    return np.array(ids, np.int32), starts, ends


def _word_piece_tokens(encodings: Sequence[Encoding]) -> Iterator[Tokens]:
    """Of texts that are encoded whole."""
    columns = _ids_and_offsets(encodings)
    words = np.fromiter(
        chain.from_iterable(encoding.word_ids for encoding in encodings), np.int32, len(columns[0])
    )
    ends = list(accumulate(map(len, encodings), initial=0))
    for first, last in pairwise(ends):
        tokens = Tokens(*(column[first:last] for column in (*columns, words)))
        overlap = tokens.starts[1:] < tokens.ends[:-1]
        if overlap.any():
            new_word = (tokens.words[1:] != tokens.words[:-1]) & ~overlap
            tokens = replace(tokens, words=np.append(0, new_word).cumsum(dtype=np.int32))
        yield tokens


def _trimmed_tokens(
    text: str, parts: Sequence[tuple[Encoding, int]], blanks: Sequence[int]
) -> Tokens:
    """Tokens of a tokenizer without words: its tokens can hold the white space before them.

    A word goes from white space to white space, however many tokens a character has: an emoji
    is four tokens of GPT-2's, with the same offsets. A space that is a token by itself, as that of
    " β" may be, is the first token of the word behind it: models learn a word's label from there.
    """
    ids, starts, ends = _ids_and_offsets([encoding for encoding, _ in parts])
    of_parts = np.array([start for _, start in parts], np.int32)
    moved = np.repeat(of_parts, [len(encoding) for encoding, _ in parts])
    starts += moved
    ends += moved
    as_they_came = starts.copy()
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    space = np.append(np.isin(codes, SPACES), False)
    while (blank := space[starts] & (starts < ends)).any():
        starts += blank
    while (blank := space[ends - 1] & (starts < ends)).any():
        ends -= blank
    empty = starts == ends  # only white space: stays in the sentence that it starts in
    starts[empty] = ends[empty] = as_they_came[empty]
    following = np.append(as_they_came[1:], len(text))
    opens_word = np.isin(ids, blanks) & ~space[following] & (np.append(moved[1:], -1) == moved)
    starts[opens_word] = following[opens_word]
    ends[opens_word] = following[opens_word] + 1
    # The words before each character, counted by the spaces that end a run of white space.
    word_of = np.cumsum(space[:-1] & ~space[1:])
    words = np.append(0, word_of)[starts]
    return Tokens(ids, starts, ends, words.astype(np.int32))


def cut_windows(
    tokens: Sequence[Tokens],
    sentences: Sequence[Sequence[tuple[int, int]]],
    limit: int,
    mode: WindowMode = "sentence",
) -> list[Window]:
    """Windows that score every token of every sentence exactly once, none over the limit.

    Args:
        tokens: of each passage.
        sentences: of each passage, in order, as offsets in its text.
        limit: tokens of text that a window can hold (``Model.window_limit``).
        mode: ``sentence`` gives each sentence a window of its own, which is what models for
            sentences were trained on; ``pack`` puts neighbouring sentences of a passage together
            as long as they fit.

    Returns:
        The windows in reading order. A sentence without tokens has none.
    """
    windows: list[Window] = []
    for passage, (its_tokens, its_sentences) in enumerate(zip(tokens, sentences, strict=True)):
        ranges = [(first, last) for first, last in its_tokens.within(its_sentences) if first < last]
        if mode == "pack":
            ranges = list(_pack(ranges, limit))
        for first, last in ranges:
            if last - first <= limit:
                windows.append(Window(passage, first, last, first, last))
            else:
                windows.extend(_cut_long(passage, its_tokens.words, first, last, limit))
    return windows


def _pack(ranges: Sequence[tuple[int, int]], limit: int) -> Iterator[tuple[int, int]]:
    if not ranges:
        return
    first, last = ranges[0]
    for start, end in ranges[1:]:
        if end - first > limit:
            yield first, last
            first = start
        last = end
    yield first, last


def _cut_long(
    passage: int, words: NDArray[np.int32], first: int, last: int, limit: int
) -> Iterator[Window]:
    """Overlapping windows over one sentence; the middle of an overlap is where the scoring changes.

    There a token has as much context on its left in the next window as on its right in this one.
    """
    inside = words[first:last]
    word_starts = first + np.flatnonzero(np.append(True, inside[1:] != inside[:-1]))

    def word_start(lowest: int, position: int) -> int:
        """The last start of a word in ``(lowest, position]``; ``position`` if there is none."""
        found = int(word_starts[word_starts.searchsorted(position, "right") - 1])
        return found if found > lowest else position

    # Of a window's quarters, the first and the last can be shared with its neighbours.
    quarter = limit // 4
    start = scored_start = first
    while last - start > limit:
        end = word_start(start + limit - quarter, start + limit)
        next_start = word_start(end - 2 * quarter, end - quarter)
        scored_end = word_start(next_start, (next_start + end) // 2)
        yield Window(passage, start, end, scored_start, scored_end)
        start, scored_start = next_start, scored_end
    yield Window(passage, start, last, scored_start, last)

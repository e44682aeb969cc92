"""Token ids in, a graph's inputs out: by the names, types and shapes that graphs are exported with.

What goes in is rows of ids with their special tokens; what comes out is one array for each input
that the graph declares, padded to one length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.files import ModelError

IDS, MASK, SEGMENTS, POSITIONS = "input_ids", "attention_mask", "token_type_ids", "position_ids"
# BERT's first release called two of them otherwise, and graphs made with TensorFlow still do.
NAMES = {
    IDS: IDS,
    MASK: MASK,
    "input_mask": MASK,
    SEGMENTS: SEGMENTS,
    "segment_ids": SEGMENTS,
    POSITIONS: POSITIONS,
}
INTEGERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
# A mask can be of any type that holds 0 and 1.
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(bool)": np.bool_}


@dataclass(frozen=True)
class Inputs:
    """What a graph wants to be given.

    Attributes:
        declared: of each input the name, what it holds (a key of ``NAMES``), and its type.
        rows: of every batch; None if a batch may have any number.
        columns: of every row; None if a row may have any length.
        pad_id: fills the shorter rows of a batch; its attention is 0.
        first_position: of the first token, in ``position_ids``.
    """

    declared: tuple[tuple[str, str, type], ...]
    rows: int | None
    columns: int | None
    pad_id: int
    first_position: int

    @classmethod
    def of(
        cls, graph: Path, nodes: Sequence[ort.NodeArg], pad_id: int, first_position: int
    ) -> "Inputs":
        """Reads what a graph declares.

        Args:
            graph: for messages.
            nodes: its inputs.
            pad_id: of the tokenizer.
            first_position: of the first token.

        Raises:
            ModelError: an input is unknown, or of an unknown type or shape.
        """
        declared = []
        for node in nodes:
            role = NAMES.get(node.name, "")
            types = {**INTEGERS, **TYPES} if role == MASK else INTEGERS
            if not role or node.type not in types:
                raise ModelError(
                    f"{graph} wants an input {node.name} ({node.type}) that is unknown"
                )
            if len(node.shape) not in (0, 2):  # 0: the graph does not say
                raise ModelError(
                    f"{graph}: {node.name} has the shape {node.shape}, not windows x tokens"
                )
            declared.append((node.name, role, types[node.type]))
        if IDS not in [role for _, role, _ in declared]:
            raise ModelError(f"{graph} has no input {IDS}")
        rows, columns = (_fixed_size(graph, nodes, axis) for axis in (0, 1))
        return cls(tuple(declared), rows, columns, pad_id, first_position)

    def feed(self, rows: Sequence[NDArray[np.int32]]) -> dict[str, NDArray[Any]]:
        """The graph's inputs for one batch.

        A batch of fixed size is filled up with its last row.

        Args:
            rows: ids, special tokens included; at most ``self.rows``.
        """
        rows = [*rows, *[rows[-1]] * ((self.rows or len(rows)) - len(rows))]
        size = len(rows), self.columns or max(map(len, rows))
        ids, mask = np.full(size, self.pad_id, np.int64), np.zeros(size, np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        return {
            name: self._values(role, ids, mask).astype(dtype, copy=False)
            for name, role, dtype in self.declared
        }

    def _values(
        self, role: str, ids: NDArray[np.int64], mask: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        if role == POSITIONS:
            return self._positions(ids)
        return {IDS: ids, MASK: mask, SEGMENTS: np.zeros_like(ids)}[role]

    def _positions(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts from 0; or as RoBERTa's kin from behind the pad id, which is every pad's position.

        ``create_position_ids_from_input_ids`` in transformers.
        """
        if not self.first_position:
            return np.broadcast_to(np.arange(ids.shape[1]), ids.shape)
        pad = self.first_position - 1
        counts: NDArray[np.int64] = (ids != pad).cumsum(axis=1) * (ids != pad) + pad
        return counts


def _fixed_size(graph: Path, nodes: Sequence[ort.NodeArg], axis: int) -> int | None:
    """The size of an axis, if the graph was exported with one."""
    sizes = {node.shape[axis] for node in nodes if node.shape and isinstance(node.shape[axis], int)}
    if len(sizes) > 1 or min(sizes, default=1) < 1:
        raise ModelError(
            f"{graph} wants inputs of different sizes: {', '.join(map(str, sorted(sizes)))}"
        )
    return sizes.pop() if sizes else None

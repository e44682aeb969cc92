"""The way back: from characters of an article's text to text nodes of its XML."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator

from transforms.records import XmlRun, XmlSpan


class Paths:
    """The elements met on the way, as steps; XPaths are written when they are asked for."""

    def __init__(self) -> None:
        self._parents = array("i")
        self._names: list[str] = []
        self._indexes = array("i")
        self._xpaths: dict[int, str] = {}

    def add(self, parent: int, name: str, index: int, qualified: bool) -> int:
        """Adds the ``index``-th child of its name; in a namespace, of its local name."""
        self._parents.append(parent)
        self._names.append(f"*[local-name()='{name}']" if qualified else name)
        self._indexes.append(index)
        return len(self._names) - 1

    def xpath(self, element: int) -> str:
        """Where an element stands, from the root."""
        steps = []
        while element >= 0 and element not in self._xpaths:
            steps.append(element)
            element = self._parents[element]
        xpath = self._xpaths.get(element, "")
        for step in reversed(steps):
            xpath += f"/{self._names[step]}[{self._indexes[step]}]"
            self._xpaths[step] = xpath
        return xpath


class XmlMap:
    """Runs of text, each verbatim in one text node but for white space; between them, inserts."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._starts = array("i")
        self._lengths = array("i")
        self._nodes = array("i")
        self._offsets = array("i")
        self._owners = array("i")
        self._ordinals = array("i")

    def add_node(self, owner: int, ordinal: int) -> int:
        """Adds the ``ordinal``-th text node of an element."""
        self._owners.append(owner)
        self._ordinals.append(ordinal)
        return len(self._owners) - 1

    def add_run(self, start: int, length: int, node: int, offset: int) -> None:
        """Adds a stretch of the text that stands at ``offset`` in a text node."""
        self._starts.append(start)
        self._lengths.append(length)
        self._nodes.append(node)
        self._offsets.append(offset)

    @property
    def size(self) -> int:
        """Characters of the XML in the text."""
        return sum(self._lengths)

    def locate(self, start: int, end: int) -> XmlSpan | None:
        """Where a span of the text stands in the XML; None if nothing of it does."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = bisect_right(self._starts, end - 1) - 1
        if first < len(self._starts) and start >= self._starts[first] + self._lengths[first]:
            first += 1
        if first > last or start >= end:
            return None
        skipped = max(start - self._starts[first], 0)
        length = min(end - self._starts[last], self._lengths[last])
        return XmlSpan(
            self._node_xpath(self._nodes[first]),
            self._offsets[first] + skipped,
            self._node_xpath(self._nodes[last]),
            self._offsets[last] + length,
        )

    def runs(self) -> Iterator[XmlRun]:
        """Every run, in the order of the text."""
        for start, length, node, offset in zip(
            self._starts, self._lengths, self._nodes, self._offsets, strict=True
        ):
            yield XmlRun(start, length, self._node_xpath(node), offset)

    def _node_xpath(self, node: int) -> str:
        return f"{self._paths.xpath(self._owners[node])}/text()[{self._ordinals[node]}]"

"""What the members of a package are to us: articles, other files, or a danger."""

import re
from collections.abc import Iterator

from transforms.archives.files import file_reject
from transforms.errors import printable
from transforms.records import Reject

MEMBER_ENDINGS = (".xml", ".nxml", ".xml.gz", ".nxml.gz")


class Members:
    """The members of one package, met one after another.

    Rejects of members that are not read, and of the package, are numbered as the package's own.

    Attributes:
        broken: the package cannot be read on behind a member.
    """

    def __init__(self, uri: str) -> None:
        self.broken = False
        self._uri = uri
        self._seen: set[int] = set()
        self._count = 0
        self._rejects = 0
        self._last = ""

    def uri_of(self, name: str) -> str:
        r"""The URI of a member; control characters in its name are written as ``\u001b``.

        They could break lines of tables, and do things to terminals.
        """
        plain = printable(name).replace("\n", "\\u000a").replace("\t", "\\u0009")
        return f"{self._uri}!/{plain}"

    def refuse(self, name: str, problem: str | None) -> Reject | None:
        """The reject of a member that must not be read.

        Args:
            name: of the member.
            problem: that it is known to have.
        """
        self._count += 1
        self._last = name
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name):
            problem = "has a name that leaves the package's folder"
        if problem is None and self.wants(name):
            key = hash(self.uri_of(name))
            if key in self._seen:
                problem = "has the same name as an earlier one"
            self._seen.add(key)
        if problem is None:
            return None
        return self.reject("unsafe-member", f"the member {name!r} {problem}: it was not read")

    def reject(self, reason: str, message: str) -> Reject:
        """The package's own next reject."""
        self._rejects += 1
        return file_reject(self._uri, reason, message, self._rejects - 1)

    def wants(self, name: str) -> bool:
        """Whether a member may hold articles."""
        # macOS puts a "._NAME" of its own beside each file.
        base = name.rpartition("/")[2]
        return base.lower().endswith(MEMBER_ENDINGS) and not base.startswith("._")

    def last(self) -> str:
        """Says how far the package was read."""
        return f"the last member read is {self._last!r}" if self._last else "no member was read"

    def none_found(self) -> Iterator[Reject]:
        """The reject of a package in which no member may hold articles."""
        if not self._seen:
            yield self.reject(
                "no-article",
                f"none of the package's {self._count} members ends in {', '.join(MEMBER_ENDINGS)}; "
                "packages inside packages are not opened",
            )

"""The two kinds of errors that end a command with one line. Every error of the project is one."""

import re
from typing import ClassVar


class UserError(Exception):
    """The command cannot do what it was asked for: the message says what to ask for instead."""

    exit_code: ClassVar[int] = 2


class JobError(Exception):
    """The command could not do what it was asked for: the message says what, where and why."""

    exit_code: ClassVar[int] = 1


class MachineError(JobError):
    """The machine lacks memory, file descriptors, threads or room; no article is to blame."""


def is_fault_of_machine(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that the machine lacks something."""
    while error is not None:
        if isinstance(error, OSError | MemoryError | ImportError) or _NO_THREAD in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


_NO_THREAD = "can't start new thread"
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""A text as a terminal can show it: control characters, but tabs and line ends, spelled out.

    Names of files, members, labels and models come from others, and could do things to a terminal.

    >>> printable("a\x1b[31mb")
    'a\\u001b[31mb'
    """
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

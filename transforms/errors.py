"""The two kinds of errors that end a command with one line. Every error of the project is one."""

from typing import ClassVar


class UserError(Exception):
    """The command cannot do what it was asked for: the message says what to ask for instead."""

    exit_code: ClassVar[int] = 2


class JobError(Exception):
    """The command could not do what it was asked for: the message says what, where and why."""

    exit_code: ClassVar[int] = 1

"""The hash of the code changes when the code does, and only then."""

import pytest

from pipeline.job.fingerprint import code_hash

CODE = '''
"""A module."""
LIMIT = 32
"""What the limit is."""


class Cut:
    """A class."""

    def length(self, text: str, /, *, most: int = LIMIT) -> int:
        """A function."""
        return min(len(text), most) if text else {**{}, 1: f"{text!r:>{most}}"}
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 32", "LIMIT = 32  # characters"),
        ("LIMIT = 32", "LIMIT = (\n    0x20\n)"),
        ('"""A module."""', '"""Another text."""'),
        ('"""A module."""', ""),
        ('"""What the limit is."""', ""),
        ('    """A class."""\n', ""),
        ('        """A function."""\n', ""),
        ("\n\n", "\n"),
        ('"{text!r:>{most}}"', "'{text!r:>{most}}'"),
    ],
)
def test_words_about_the_code_do_not_count(old, new):
    """Comments, docstrings and formatting."""
    assert code_hash(CODE.encode()) == code_hash(CODE.replace(old, new).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 32", "LIMIT = 33"),
        ("LIMIT = 32", "LIMIT = 32.0"),
        ("LIMIT = 32", "LIMIT = '32'"),
        ("length", "width"),
        ("min(", "max("),
        ("len(text), most", "most, len(text)"),
        (", /", ""),
        ("if text", "if not text"),
        ("!r", "!s"),
        ("{**{}, 1:", "{1:"),
    ],
)
def test_what_the_code_does_counts(old, new):
    """Names, constants and their types, order, signatures."""
    assert old in CODE
    assert code_hash(CODE.encode()) != code_hash(CODE.replace(old, new).encode())


def test_every_version_of_python_gives_the_same_hash():
    """Workers and the process that starts a run must agree; so must a restart after an upgrade."""
    assert code_hash(CODE.encode()).hex().startswith("86f31226ff0686b0")

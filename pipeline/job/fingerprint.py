"""Hashes that say whether two processes, or two starts of a run, would write the same rows."""

import ast
import functools
import hashlib
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import transforms
from models import model, sessions, settings, tokenizer
from transforms.concepts import Terminology
from transforms.inference import TokenClassifier

LIBRARIES = ("onnxruntime", "tokenizers", "lxml", "pyarrow")
"""Whose versions change the rows."""


def code_fingerprint() -> str:
    """Returns a hash of the stages' code, the code that scores, and the libraries below them."""
    digest = hashlib.sha256(_hash_stages())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    return digest.hexdigest()[:12]


def parts_fingerprint(parts: Sequence[TokenClassifier | Terminology]) -> str:
    """Returns a hash of the stages' code and of what a process has loaded."""
    names = [part.full_name for part in parts]
    return hashlib.sha256("\n".join([_hash_stages().hex(), *names]).encode()).hexdigest()[:16]


@functools.cache
def _hash_stages() -> bytes:
    stages = sorted(Path(transforms.__file__).parent.rglob("[!.]*.py"))
    scoring = [Path(str(room.__file__)) for room in (model, sessions, settings, tokenizer)]
    digest = hashlib.sha256()
    for path in stages + scoring:
        digest.update(code_hash(path.read_bytes()))
    return digest.digest()


def code_hash(source: bytes) -> bytes:
    """Hashes what Python code does: not its comments, docstrings or formatting.

    All versions of Python give the same hash: the fields that one has and another has not are empty
    in code that all of them can read.
    """
    digest = hashlib.sha256()
    for token in _tokens(ast.parse(source)):
        digest.update(f"{token}\n".encode())
    return digest.digest()


def _tokens(node: object) -> Iterator[str]:
    """The classes, fields and values of a syntax tree, in the order of the code."""
    if isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name, value in ast.iter_fields(_without_empty_text(node)):
            if value is not None and value != []:
                yield f".{name}"
                yield from _tokens(value)
        yield ")"
    elif isinstance(node, list):
        for each in node:
            if not _is_docstring(each):
                yield from _tokens(each)
    else:
        # Which characters repr() escapes depends on the version's Unicode tables.
        yield ascii(node)


def _without_empty_text(node: ast.AST) -> ast.AST:
    """An f-string without the empty pieces that Python 3.12 puts into formats; any other node."""
    if not isinstance(node, ast.JoinedStr):
        return node
    pieces = (piece for piece in node.values if ast.dump(piece) != _EMPTY_TEXT)
    return ast.JoinedStr(list(pieces))


_EMPTY_TEXT = ast.dump(ast.Constant(""))


def _is_docstring(node: object) -> bool:
    """Whether a statement is nothing but a string, as docstrings are."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )

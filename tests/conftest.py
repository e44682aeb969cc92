"""Fixtures that several test modules use."""

import atexit
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")

TESTS = Path(__file__).parent
ROOT = TESTS.parent


QUICK = ("transforms", "models")
"""Folders of the tests that run first: those of the stages, then those of the models."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the tests so that the first minute tells most: slow ones come last."""

    def rank(item: pytest.Item) -> tuple[bool, int]:
        folder = item.path.relative_to(TESTS).parts[0]
        place = QUICK.index(folder) if folder in QUICK else len(QUICK)
        return item.get_closest_marker("slow") is not None, place

    items.sort(key=rank)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real articles and gold data beside the project; skips where it is missing."""
    folder = Path(os.environ.get("ANNOTATION_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real articles at {folder}: set ANNOTATION_SHARED to their folder")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample articles."""
    return TESTS / "cases" / "samples"


@pytest.fixture(scope="session")
def tiny() -> str:
    """The folder of a model whose labels can be worked out by hand."""
    return str(TESTS / "models" / "tiny")


@atexit.register
def _silence_duckdb() -> None:
    """Leads nowhere what DuckDB's bindings print of their own objects after the tests' result."""
    if "duckdb" in sys.modules and sys.__stderr__ is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stderr__.fileno())

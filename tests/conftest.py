"""Fixtures that several test modules use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real articles and gold data beside the project; skips where it is missing."""
    folder = Path(os.environ.get("ANNOTATION_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real articles at {folder}: set ANNOTATION_SHARED to their folder")
    return folder

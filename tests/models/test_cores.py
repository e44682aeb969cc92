"""How many threads a process starts when nobody says."""

import os

import pytest

from models import cores
from models.cores import available_cores


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine of eight cores, without a quota; gives the folder of its control group."""
    monkeypatch.setattr(cores, "CONTROL_GROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("20000 100000\n", 1),
        ("1600000 100000\n", 8),
    ],
)
def test_quota_of_a_container_counts(content, expected, machine):
    """As Docker and Kubernetes set it, version 2; a part of a core is a core."""
    (machine / "cpu.max").write_text(content)
    assert available_cores() == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("300000", 3)])
def test_quota_of_an_older_container_counts(quota, expected, machine):
    """Version 1."""
    (machine / "cpu").mkdir()
    (machine / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (machine / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert available_cores() == expected


def test_affinity_counts(machine, monkeypatch):
    """As taskset and some schedulers set it."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert available_cores() == 1
    (machine / "cpu.max").write_text("200000 100000\n")
    assert available_cores() == 1


def test_all_cores_where_nothing_limits_them(machine, monkeypatch):
    """On macOS there is neither affinity nor control group."""
    assert not list(machine.iterdir())
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert available_cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_cores() == 1

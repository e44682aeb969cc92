"""A user learns how fast a model is on their machine, and which setting to take."""

from pathlib import Path

import pytest

from models.bench import Speed, bench_model, recommend
from models.files import ModelError

TINY = Path(__file__).parent / "tiny"


def test_every_setting_is_measured():
    """In the order given, each with its speed and memory."""
    speeds = bench_model(str(TINY), threads=[1, 2], seconds=0.05)
    assert [speed.threads for speed in speeds] == [1, 2]
    assert all(s.tokens_per_second > 0 and s.peak_megabytes > 10 for s in speeds)


def test_the_least_memory_wins_among_equals():
    """Equal means within three per cent of the fastest."""
    speeds = [
        Speed(1, 500, 100),
        Speed(3, 985, 200),
        Speed(4, 1000, 300),
        Speed(2, 900, 150),
    ]
    assert recommend(speeds) == speeds[1]


def test_a_model_that_cannot_work_is_not_measured():
    """The reason is that of loading it."""
    with pytest.raises(ModelError, match="neither a folder nor known by name"):
        bench_model("no-such-model", seconds=0.01)

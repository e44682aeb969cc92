"""What becomes of an output folder when a run begins: decided by its record alone."""

from dataclasses import replace

import pytest

from pipeline.job.begin import Start, begin, decide
from pipeline.output.record import FinishedRun, Inputs, OutputError, Plan, Run, Update
from tests.runs import TINY, begun, finished

OTHER_INPUT = Inputs(("b.xml",), 2, 300, "12" * 32)
SAME_SIZE = Inputs(("b.xml",), 1, 100, "12" * 32)
OTHER_CODE = replace(begun().options, code="ffffffffffff")
OTHER_MODEL = (replace(TINY, fingerprint="2"),)


@pytest.mark.parametrize(
    ("old", "new", "flags", "start"),
    [
        (None, begun(), {}, Start.NEW),
        (None, begun(), {"overwrite": True}, Start.NEW),
        (None, begun(), {"update": True}, Start.NEW),
        (begun(), begun(), {}, Start.GO_ON),
        (finished(), begun(), {}, Start.GO_ON),
        (finished(state="incomplete"), begun(), {}, Start.GO_ON),
        (finished(), begun(), {"update": True}, Start.UPDATE),
        (finished(), begun(inputs=OTHER_INPUT), {"update": True}, Start.UPDATE),
        (begun(), begun(inputs=OTHER_INPUT), {"update": True}, Start.UPDATE),
        # An update that was stopped is one still, whether that is said again or not.
        (begun(update=Update()), begun(), {}, Start.UPDATE),
        (begun(update=Update(1, 2, 3)), begun(), {}, Start.UPDATE),
        (begun(update=Update()), begun(inputs=OTHER_INPUT), {}, Start.UPDATE),
        # One that has ended is not.
        (finished(update=Update(1, 2, 3)), begun(), {}, Start.GO_ON),
        (finished(), begun(), {"overwrite": True}, Start.OVERWRITE),
        (begun(), begun(inputs=OTHER_INPUT), {"overwrite": True}, Start.OVERWRITE),
        (finished(), begun(options=OTHER_CODE), {"overwrite": True}, Start.OVERWRITE),
    ],
)
def test_start(old, new, flags, start):
    """By what the folder holds, what was asked for, and the flags."""
    assert decide(old, new, "out", **{"overwrite": False, "update": False, **flags}) is start


@pytest.mark.parametrize(
    ("old", "new", "flags", "said"),
    [
        (
            finished(),
            begun(inputs=OTHER_INPUT),
            {},
            r"\(1 files, 100 bytes; now 2 files, 300 bytes\)",
        ),
        (finished(), begun(inputs=SAME_SIZE), {}, "now as many, with other names or content"),
        (begun(), begun(options=OTHER_CODE), {}, "the code of this program, which has changed"),
        (
            begun(),
            begun(options=OTHER_CODE, software={"onnxruntime": "1.1"}),
            {"update": True},
            r"onnxruntime \(was 1\.0, now 1\.1\)",
        ),
        (finished(), begun(models=OTHER_MODEL), {}, r"model \(was tiny@1, now tiny@2\)"),
        (
            finished(),
            begun(options=replace(begun().options, model_options=({"aggregation": "max"},))),
            {},
            r'aggregation \(was "first", now "max"\)',
        ),
        (
            begun(update=Update()),
            begun(options=replace(begun().options, languages=("all",))),
            {},
            r'languages \(was \["en"\], now \["all"\]\)',
        ),
    ],
)
def test_what_would_mix_two_runs_is_refused(old, new, flags, said):
    """With what differs, and the flags that help."""
    with pytest.raises(OutputError, match=said):
        decide(old, new, "out", **{"overwrite": False, "update": False, **flags})


@pytest.mark.parametrize(
    "run",
    [begun(), begun(update=Update()), begun(update=Update(1, 2, 3), seconds=1.5), finished()],
)
def test_a_record_is_read_as_it_was_written(run):
    """The record of a run that has ended has more."""
    read = Run.from_bytes(run.to_bytes())
    assert read == run
    assert isinstance(read, FinishedRun) == isinstance(run, FinishedRun)


@pytest.mark.parametrize("update", [None, Update(1, 2, 3)])
def test_a_plan_is_read_as_it_was_written(update):
    """Also one that names what an update supersedes."""
    plan = Plan("a", ("a.xml",), {"a-1": 5}, update, ("a-0",) if update else None)
    assert Plan.from_bytes(plan.to_bytes()) == plan


def test_times_of_earlier_starts_are_carried_on(tmp_path):
    """Unless the run is begun anew."""
    output = str(tmp_path / "out")
    assert begin(begun(), output, overwrite=False, update=False) is Start.NEW
    record = tmp_path / "out" / "run.json"
    record.write_bytes(begun(seconds=2.0, stage_msec={"parse": 3}).to_bytes())
    assert begin(begun(), output, overwrite=False, update=False) is Start.GO_ON
    assert Run.from_bytes(record.read_bytes()) == begun(seconds=2.0, stage_msec={"parse": 3})
    assert begin(begun(), output, overwrite=True, update=False) is Start.OVERWRITE
    assert Run.from_bytes(record.read_bytes()) == begun()


def test_a_complete_record_stays_until_all_is_found_as_it_says(tmp_path):
    """A start that is refused by the plan must not spoil it."""
    record = tmp_path / "run.json"
    record.write_bytes(finished().to_bytes())
    assert begin(begun(), str(tmp_path), overwrite=False, update=False) is Start.GO_ON
    assert record.read_bytes() == finished().to_bytes()

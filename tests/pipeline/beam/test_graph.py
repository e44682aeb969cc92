"""The job as a Beam transform: what it gives, and what runners show of it."""

import argparse
from collections.abc import Sequence

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.runner import PipelineResult
from apache_beam.testing.util import assert_that

from pipeline.beam.graph import NAMESPACE, AnnotateArchives
from pipeline.commands.annotate import add_arguments, run_options
from pipeline.job.begin import begin, describe_run
from pipeline.job.inputs import group_archives, match_inputs
from pipeline.job.options import RunOptions
from pipeline.output.inputs import inputs_fingerprint
from pipeline.output.receipts import Receipt, Totals
from pipeline.output.record import FinishedRun, finished_run
from transforms.records import Archive


@pytest.fixture
def job(samples, tiny, tmp_path) -> tuple[list[Archive], RunOptions]:
    """Archives and options of a run over the samples, whose folder is taken into use."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    flags = ["--input", str(samples), "--output", str(tmp_path / "out"), "--model", tiny]
    files = match_inputs([str(samples)])
    options = run_options(parser.parse_args(flags), inputs_fingerprint(files))
    archives = group_archives(files)
    run = describe_run(options, [str(samples)], files, archives)
    begin(run, options.output, overwrite=False, update=False)
    return archives, options


def run_graph(archives: Sequence[Archive], options: RunOptions) -> PipelineResult:
    """Runs the transform in a pipeline of somebody else's, who adds the receipts up himself."""

    def check(receipts: Sequence[Receipt]) -> None:
        totals = Totals()
        for receipt in receipts:
            totals.add_receipt(receipt)
        assert (totals.planned, len(receipts)) == (12, 2)
        assert totals.sums.counts.articles == 11

    pipeline = beam.Pipeline(runner=FnApiRunner())
    receipts = pipeline | beam.Create(archives) | AnnotateArchives(options)
    assert_that(receipts, check)
    result = pipeline.run()
    result.wait_until_finish()
    return result


def counters(result: PipelineResult) -> dict[str, int]:
    """Beam's counters of the job, by name."""
    found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(NAMESPACE))
    return {each.key.metric.name: each.committed for each in found["counters"]}


def expected_counters(run: FinishedRun) -> dict[str, int]:
    """The counters that ``run.json`` stands for."""
    return {
        "planned": run.reconciliation.planned,
        **run.counts,
        **{f"annotations_{type_}": count for type_, count in run.annotations.by_type.items()},
        **{f"rejects_{reason}": count for reason, count in run.rejects.items()},
    }


def test_counters_and_times_are_those_of_the_run(job):
    """Counts agree with ``run.json``; each stage has a time for each article."""
    archives, options = job
    result = run_graph(archives, options)
    run = finished_run(options.output)
    assert run.state == "complete"
    assert counters(result) == expected_counters(run)
    found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(NAMESPACE))
    times = {each.key.metric.name: each.committed for each in found["distributions"]}
    stages = {"parse", "classify", "split", "window", "infer", "decode", "remap", "link", "write"}
    assert times.keys() == {f"{stage}_msec" for stage in stages}
    for spent in times.values():
        assert spent.count == run.reconciliation.annotated
        assert 0 <= spent.min <= spent.max <= spent.sum


def test_what_is_committed_is_not_counted_again(job):
    """Its receipts come all the same."""
    archives, options = job
    run_graph(archives, options)
    again = counters(run_graph(archives, options))
    assert {name for name, count in again.items() if count} == {"planned"}

"""How a run ends: what an update replaced is dropped, and ``run.json`` says what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import NamedTuple

from pipeline.job.begin import delete_chunks, now
from pipeline.job.options import RunOptions
from pipeline.output import storage
from pipeline.output.committed import whole_receipt
from pipeline.output.paths import plan_of
from pipeline.output.receipts import Totals
from pipeline.output.record import (
    AnnotationCounts,
    DamagedError,
    FinishedRun,
    Plan,
    Reconciliation,
    Run,
    Update,
    own_run,
    read_plan,
    read_run,
    write_plan,
    write_run,
)


def commit_run(totals: Totals, options: RunOptions, versions: Sequence[str]) -> None:
    """Ends a run: drops what an update replaced, adds up, and writes ``run.json``.

    Args:
        totals: of all receipts.
        options: of the run.
        versions: ids that articles with different bytes share.

    Raises:
        TakenOverError: another run has taken the folder over, or it is gone.
    """
    output = options.output
    run = own_run(output, options.fingerprint, options.inputs)
    plans = _read_plans(output, run.archives)
    if run.update and not run.update.is_counted:
        run = replace(run, update=_count_update(output, plans))
        write_run(output, run)  # before the plans no longer tell it
    _drop_superseded(output, plans)
    planned = sum(size for plan in plans.current for size in plan.chunks.values())
    write_run(output, _finish(run, totals, planned, versions))


def _finish(run: Run, totals: Totals, planned: int, versions: Sequence[str]) -> FinishedRun:
    sums, counts = totals.sums, totals.sums.counts
    missing = planned - counts.articles - counts.rejects - counts.duplicates
    begun = {field.name: getattr(run, field.name) for field in fields(Run)}
    return FinishedRun(
        **{**begun, "state": "complete" if missing == 0 else "incomplete"},
        finished=now(),
        counts=dict(sorted(counts.by_name().items())),
        annotations=AnnotationCounts(
            by_type=dict(sums.types.most_common()), by_section=dict(sums.sections.most_common())
        ),
        rejects=dict(sums.reasons.most_common()),
        notes=dict(sums.notes.most_common()),
        reconciliation=Reconciliation(
            planned=planned,
            annotated=counts.articles,
            rejected=counts.rejects,
            duplicates=counts.duplicates,
            missing=missing,
        ),
        same_id_other_bytes=tuple(sorted(versions)),
        chunks=len(totals.receipts),
        receipts_sha256=totals.receipts_sha256(),
    )


def record_timing(output: str, seconds: float, stage_msec: Mapping[str, float]) -> None:
    """Adds to ``run.json`` what only the process that started the run knows: its times.

    Those of earlier starts that ended are in it already.
    """
    run = read_run(output)
    if run is not None:
        stages = sorted({*run.stage_msec, *stage_msec})
        both = {name: run.stage_msec.get(name, 0) + stage_msec.get(name, 0) for name in stages}
        write_run(output, replace(run, seconds=round(run.seconds + seconds, 3), stage_msec=both))


class _Plans(NamedTuple):
    """The plans of an output folder: of archives that are input, and of those no longer."""

    current: list[Plan]
    vanished: list[Plan]


def _read_plans(output: str, archives: Sequence[str]) -> _Plans:
    """Reads all plans.

    Raises:
        DamagedError: that of an archive is missing or damaged.
    """
    found = storage.sizes(storage.join(output, "plan"), "*.json")
    vanished = {name.removesuffix(".json") for name in found} - set(archives)
    return _Plans(
        current=[_read_current(output, archive) for archive in archives],
        vanished=[read_plan(output, name) or Plan(name, (), {}) for name in sorted(vanished)],
    )


def _read_current(output: str, archive: str) -> Plan:
    plan = read_plan(output, archive)
    if plan is None:
        raise DamagedError(f"{storage.join(output, plan_of(archive))} is missing or damaged")
    return plan


def _count_update(output: str, plans: _Plans) -> Update:
    updates = [plan.update for plan in (*plans.current, *plans.vanished) if plan.update]
    held = sum(_articles_in(output, plan) for plan in plans.vanished)
    return Update(
        annotated=sum(update.annotated or 0 for update in updates),
        kept=sum(update.kept or 0 for update in updates),
        dropped=sum(update.dropped or 0 for update in updates) + held,
    )


def _articles_in(output: str, plan: Plan) -> int:
    receipts = (whole_receipt(output, chunk) for chunk in plan.chunks)
    return sum(receipt.sums.counts.articles for receipt in receipts if receipt)


def _drop_superseded(output: str, plans: _Plans) -> None:
    """Deletes the chunks that no plan names.

    The plans are cleared last, so that a run killed in between still knows what to drop.
    """
    delete_chunks(output, but={chunk for plan in plans.current for chunk in plan.chunks})
    for plan in plans.current:
        if plan.superseded is not None:
            write_plan(output, replace(plan, update=None, superseded=None))
    storage.delete([storage.join(output, plan_of(plan.archive)) for plan in plans.vanished])

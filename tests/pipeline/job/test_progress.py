"""What a person sees meanwhile, and at the end."""

import io
import threading
from dataclasses import replace

import pytest

from pipeline.job import progress
from pipeline.job.progress import Reporter, Tally, status_line
from pipeline.job.summary import duckdb_command, summary_lines
from pipeline.output.receipts import Receipt
from pipeline.output.record import (
    AnnotationCounts,
    Plan,
    Reconciliation,
    Update,
    write_plan,
)
from tests.runs import finished
from transforms.records import Counts, Sums


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "planning: 0 articles found"),
        ({"planned": 1200}, "planning: 1,200 articles found"),
        ({"planned": 1200, "skipped": 400}, "400 already done"),
        (
            {"planned": 1200, "skipped": 200, "articles": 90, "rejects": 10, "tokens": 5000},
            "300 of 1,200 articles, 900 left: 0:01:30 | 10 rejected | 10.0 articles/s, "
            "500 tokens/s",
        ),
        (
            {"planned": 1_000_000, "articles": 10},
            "10 of 1,000,000 articles, 999,990 left: 277:46:30 | 0 rejected | 1.0 articles/s, "
            "0 tokens/s",
        ),
        (
            {"planned": 5, "articles": 10},
            "10 of 5 articles, 0 left: 0:00:00 | 0 rejected | 1.0 articles/s, 0 tokens/s",
        ),
    ],
)
def test_line_tells_done_left_rates_and_time(counts, expected):
    """What an earlier run did counts as done, and not for the rates."""
    assert status_line(counts, 10.0) == expected


def test_no_time_has_passed_yet():
    """No division by nothing."""
    assert "left" in status_line({"planned": 2, "articles": 1}, 0.0)


def test_tally_loses_nothing_between_threads():
    """Every thread's articles are counted."""
    tally = Tally()

    def work() -> None:
        for _ in range(500):
            tally.article(Counts(articles=1, tokens=3))
            tally.planned(1)
            tally.skipped(2)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert +tally.read() == {"articles": 4000, "tokens": 12_000, "planned": 4000, "skipped": 8000}
    tally.read()["articles"] = 0
    assert tally.read()["articles"] == 4000


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize(("stream", "live"), [(Terminal(), True), (io.StringIO(), False)])
def test_terminal_has_one_live_line_and_a_file_plain_ones(stream, live, monkeypatch):
    """The live line is wiped at the end; a file has no control characters."""
    monkeypatch.setattr(progress, "LIVE_SECONDS", 0.001)
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.001)
    asked = threading.Event()
    calls = iter(range(1_000_000))

    def counts() -> dict[str, int]:
        if next(calls) > 1:
            asked.set()
        return {"planned": 3}

    with Reporter(counts, stream):
        assert asked.wait(60)
    said = stream.getvalue()
    assert "planning: 3 articles found" in said
    assert said.endswith("\r\x1b[K") is live
    assert ("\n" in said) is not live
    assert ("\x1b" in said) is live


RUN = finished(
    counts={"sub_articles": 2, "sentences": 1234, "tokens": 56_789, "annotations": 7},
    reconciliation=Reconciliation(planned=12, annotated=10, rejected=1, duplicates=1, missing=0),
    annotations=AnnotationCounts({"GP": 1500, "CD": 2}, {}),
    rejects={"not-well-formed": 1, "duplicate": 1},
    notes={"entities_decoded": 4},
    stage_msec={"infer": 61_234, "parse": 40},
)


def test_summary_tells_what_was_found_and_where():
    """Counts, rejects by reason, time by stage, the files and a command to look at them."""
    said = "\n".join(summary_lines(RUN, "/out", 61.5, 0))
    for part in (
        "10 of 12 articles annotated (2 sub-articles beside them)",
        "1 rejected, 1 duplicates, in 61.5 s",
        "1,234 sentences, 56,789 tokens, 7 annotations",
        "GP 1,500, CD 2",
        "not-well-formed 1, duplicate 1",
        "entities_decoded 4",
        "infer 61.2, parse 0.0",
        "/out",
        duckdb_command("/out"),
    ):
        assert part in said
    assert "update" not in said


def test_summary_tells_what_went_and_what_bears_one_id_twice():
    """After an update, and for versions of an article."""
    ids = tuple(f"PMC{number}" for number in range(1, 8))
    run = replace(RUN, update=Update(3, 1000, 2), same_id_other_bytes=ids, stage_msec={})
    said = "\n".join(summary_lines(run, "/out", 1.0, 1003))
    assert "3 new or changed articles annotated, 1,000 kept, 2 gone or replaced" in said
    assert "1,003 of them were committed before" in said
    assert "7 ids" in said
    assert "PMC5" in said
    assert "PMC6" not in said


def test_a_damaged_receipt_hides_no_other(tmp_path, monkeypatch):
    """Its chunk is done again."""
    monkeypatch.setattr(progress, "POLL_SECONDS", 0)
    counts = progress.polled(str(tmp_path))
    whole = Receipt(
        chunk_id="b",
        options="o",
        planned=2,
        sums=Sums(Counts(articles=2)),
        duplicates={},
        files={},
    )
    (tmp_path / "receipts").mkdir()
    (tmp_path / "receipts" / "a.json").write_bytes(b"{")
    (tmp_path / "receipts" / "b.json").write_bytes(whole.to_bytes())
    assert counts()["articles"] == 2


def test_an_archive_planned_again_counts_once(tmp_path, monkeypatch):
    """As an update does, before workers in other processes tell of it."""
    monkeypatch.setattr(progress, "POLL_SECONDS", 0)
    output = str(tmp_path)
    counts = progress.polled(output)
    write_plan(output, Plan("a", ("a.xml",), {"a-1": 500}))
    assert counts()["planned"] == 500
    write_plan(output, Plan("a", ("a.xml",), {"a-2": 500, "a-3": 1}))
    assert counts()["planned"] == 501

"""What a finished run tells the person who started it."""

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from pipeline.output import storage
from pipeline.output.record import FinishedRun

QUERY = 'SELECT type, exact, count(*) AS n FROM "{}" GROUP BY ALL ORDER BY n DESC LIMIT 20'


def duckdb_command(output: str) -> str:
    """A shell command that shows the commonest mentions of a run.

    With this Python, if its environment has DuckDB; the ``duckdb`` command is another package.
    DuckDB finds no file by a pattern if a folder's name has a backslash in it: not even by this.
    """
    folder = re.sub(r"[*?[]", r"[\g<0>]", storage.join(output, "annotations"))
    query = QUERY.format(storage.join(folder, "*.parquet").replace('"', '""'))
    plain = output.isprintable() and not set(output).intersection('"\\')
    literal = f'"""{query}"""' if plain else repr(query)
    code = f"import duckdb; duckdb.sql({literal}).show()"
    return shlex.join([sys.executable, "-c", code])


def summary_lines(run: FinishedRun, output: str, seconds: float, kept: int) -> Iterator[str]:
    """Counts by type and section, rejects by reason, time by stage, and where the files are.

    Args:
        run: that is complete.
        output: its folder.
        seconds: that this start took.
        kept: articles that were committed before it.
    """
    counts, sums = run.counts, run.reconciliation
    yield (
        f"{sums.annotated:,} of {sums.planned:,} articles annotated "
        f"({counts.get('sub_articles', 0):,} sub-articles beside them), "
        f"{sums.rejected:,} rejected, {sums.duplicates:,} duplicates, in {seconds:.1f} s"
    )
    if kept:
        yield f"{kept:,} of them were committed before this start"
    if update := run.update:
        yield (
            f"update: {update.annotated:,} new or changed articles annotated, "
            f"{update.kept:,} kept, {update.dropped:,} gone or replaced"
        )
    yield (
        f"{counts.get('sentences', 0):,} sentences, {counts.get('tokens', 0):,} tokens, "
        f"{counts.get('annotations', 0):,} annotations"
    )
    if sums.annotated and not counts.get("sentences"):
        yield "none of their text was kept: `excluded` in articles says why (--language?)"
    yield _table("by type", run.annotations.by_type)
    yield _table("by section", run.annotations.by_section)
    yield _table("rejects", run.rejects)
    if versions := run.same_id_other_bytes:
        yield (
            f"{len(versions):,} ids are borne by articles with different bytes: "
            f"{', '.join(versions[:5])} (run.json lists them)"
        )
    yield _table("repaired", run.notes)
    stages = {name: round(msec / 1000, 1) for name, msec in run.stage_msec.items()}
    yield _table("core-s by stage", stages)
    yield f"files         {output}"
    if counts.get("annotations") and find_spec("duckdb"):
        yield f"look at them  {duckdb_command(output)}"


def _table(title: str, values: Mapping[str, float]) -> str:
    shown = ", ".join(f"{name} {value:,}" for name, value in values.items()) or "none"
    return f"{title:<17} {shown}"

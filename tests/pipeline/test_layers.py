"""A layer with a table of its own takes one module, and its name among the layers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.articles import article, write_archive

ROOT = Path(__file__).parents[2]

MODULE = '''
"""A layer of the mentions that stand in the same sentence, two by two."""

from itertools import combinations
from typing import ClassVar, NamedTuple

from transforms.layers import Annotated, Clock, Resources
from transforms.mentions import ANNOTATIONS
from transforms.shards import Table, columns_of, schema_of


class Pair(NamedTuple):
    article_id: str
    first: str
    second: str
    gap: int
    note: str | None


PAIRS: Table[Pair] = Table("pairs", schema_of(columns_of(Pair)), row_group=1_000, count="n_pairs")


class Pairs:
    table: ClassVar[Table[Pair]] = PAIRS

    @classmethod
    def using(cls, resources: Resources) -> "Pairs":
        return cls()

    def annotate(self, article: Annotated, clock: Clock) -> Annotated:
        with clock.timed("pair"):
            rows = [
                Pair(a.article_id, a.annotation_id, b.annotation_id, b.start - a.end, None)
                for a, b in combinations(article.rows_of(ANNOTATIONS), 2)
                if a.sentence == b.sentence
            ]
        return article.with_rows(PAIRS, rows)
'''
BEFORE = "LAYERS: tuple[type[Layer], ...] = (Mentions, Links)\n"
AFTER = "LAYERS: tuple[type[Layer], ...] = (Mentions, Links, Pairs)\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with one more layer."""
    folder = tmp_path_factory.mktemp("program")
    for package in ("pipeline", "transforms", "models"):
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=shutil.ignore_patterns("minilm-*", "train", "__pycache__"),
        )
    (folder / "transforms" / "pairs.py").write_text(MODULE)
    tables = folder / "transforms" / "tables.py"
    text = tables.read_text()
    assert text.count(BEFORE) == 1
    tables.write_text(text.replace(BEFORE, f"from transforms.pairs import Pairs\n\n{AFTER}"))
    return folder


def call(program: Path, *arguments: str | Path) -> int:
    """Runs a command of the copy; gives its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, arguments)], cwd=program, check=False
    )
    return done.returncode


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three articles."""
    folder = tmp_path_factory.mktemp("in")
    return write_archive(folder / "a.xml.gz", [article(n) for n in (1, 2, 3)])


@pytest.fixture(scope="module")
def output(program: Path, archive: Path, tiny: str, tmp_path_factory: pytest.TempPathFactory):
    """What the copy makes of them."""
    folder = tmp_path_factory.mktemp("run") / "out"
    flags = ("--model", tiny, "--quiet")
    assert call(program, "annotate", "--input", archive, "--output", folder, *flags) == 0
    return folder


def rows(output: Path, table: str) -> list[dict]:
    """All rows of a table."""
    files = sorted((output / table).glob("*.parquet"))
    return [row for path in files for row in pq.read_table(path).to_pylist()]


def test_its_rows_are_in_a_table_of_their_own(output):
    """Each refers to two mentions of one sentence; ``articles`` counts them."""
    mentions = {row["annotation_id"]: row for row in rows(output, "annotations")}
    pairs = rows(output, "pairs")
    assert pairs
    for pair in pairs:
        first, second = mentions[pair["first"]], mentions[pair["second"]]
        assert first["sentence"] == second["sentence"]
        assert pair["gap"] == second["start"] - first["end"]
    assert sum(row["n_pairs"] for row in rows(output, "articles")) == len(pairs)


def test_it_is_committed_with_the_rest(output):
    """Receipts name its files, run.json adds its rows and its time up."""
    [first, *_] = sorted((output / "receipts").iterdir())
    assert f"pairs/{first.stem}.parquet" in json.loads(first.read_text())["files"]
    run = json.loads((output / "run.json").read_text())
    assert run["counts"]["pairs"] == len(rows(output, "pairs"))
    assert "pair" in run["stage_msec"]


def test_verify_checks_its_table(program, output, tmp_path):
    """A sound run passes; a row too few is found."""
    assert call(program, "verify", output) == 0
    damaged = shutil.copytree(output, tmp_path / "out")
    [path] = (damaged / "pairs").iterdir()
    pq.write_table(pq.read_table(path).slice(1), path)
    assert call(program, "verify", damaged) == 1


def test_an_update_keeps_its_rows(program, archive, output, tiny):
    """Those of articles that did not change come from the earlier run."""
    before = rows(output, "pairs")
    write_archive(archive, [article(n) for n in (4, 1, 2, 3)])
    flags = ("--model", tiny, "--quiet", "--update")
    assert call(program, "annotate", "--input", archive, "--output", output, *flags) == 0
    assert json.loads((output / "run.json").read_text())["update"]["kept"] == 3
    after = rows(output, "pairs")
    assert [row for row in after if row["article_id"] != "PMC4"] == before
    assert len(after) > len(before)
    assert call(program, "verify", output) == 0

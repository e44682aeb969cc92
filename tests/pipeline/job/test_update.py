"""An update, an overwrite, and what is in the way of both: nothing of another's is touched."""

import errno
import json
import shutil
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest

from pipeline.__main__ import main
from pipeline.output import storage
from pipeline.output.record import Plan, write_plan
from tests.articles import article, write_archive
from transforms.archives.files import open_source


def files(output: Path) -> dict[str, bytes]:
    """Every file but the record, which has times."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def record(output: Path) -> dict:
    """``run.json``."""
    return json.loads((output / "run.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["delete", "write"])
def test_an_update_stopped_at_any_step_of_its_end_drops_all_that_is_gone(
    name, annotate, tmp_path, monkeypatch
):
    """No article stays in two chunks, and none of an archive that is no longer named."""
    first, second = tmp_path / "a.xml.gz", tmp_path / "b.xml.gz"
    before, fresh = tmp_path / "before", tmp_path / "fresh"
    write_archive(first, [article(n) for n in (1, 2, 3)])
    write_archive(second, [article(n) for n in (7, 8)])
    assert annotate([first, second], before) == 0
    write_archive(first, [article(n) for n in (1, 5)])
    assert annotate(first, fresh) == 0
    real = getattr(storage, name)
    for step in range(40):
        output = Path(shutil.copytree(before, tmp_path / f"out{step}"))
        left = step

        def stop(*arguments: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                raise storage.StorageError("stopped")
            return real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(storage, name, stop)
            code = annotate(first, output, "--update")
        if code == 0:
            break
        left_off = record(output)
        ended = left_off["state"] == "complete" and left_off["update"]  # but for the time
        assert annotate(first, output, "--update") == 0
        assert files(output) == files(fresh)
        went = (0, 2, 0) if ended else (1, 1, 4)
        assert record(output)["update"] == dict(
            zip(("annotated", "kept", "dropped"), went, strict=True)
        )
    assert 3 < step < 39
    assert main(["verify", str(output)]) == 0


def test_overwriting_deletes_what_a_run_wrote_and_nothing_else(annotate, tmp_path):
    """Whatever stands in a folder of the same name."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    output = tmp_path / "out"
    assert annotate(source, output) == 0
    mine = write_archive(output / "articles" / "mine.xml.gz", [article(2)])
    assert annotate(source, output, "--overwrite") == 0
    assert mine.is_file()


def test_a_record_of_another_kind_is_not_overwritten(annotate, tmp_path, capsys):
    """Other tools have a ``run.json`` too."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    (tmp_path / "out").mkdir()
    theirs = tmp_path / "out" / "run.json"
    theirs.write_text('{"hello": 1}')
    assert annotate(source, tmp_path / "out", "--overwrite") == 2
    assert "is of no run: name another folder" in capsys.readouterr().err
    assert theirs.read_text() == '{"hello": 1}'


def test_a_restart_that_is_refused_leaves_a_complete_run_complete(annotate, tmp_path, capsys):
    """The change is in the middle of a file, where only the plan finds it."""
    source = tmp_path / "a.xml"
    text = article(1, padding=20_000).replace("xxx", "yyy", 1)
    source.write_text(text)
    output = tmp_path / "out"
    assert annotate(source, output) == 0
    before = record(output)
    middle = len(text) // 2
    source.write_text(f"{text[:middle]}z{text[middle + 1 :]}")
    assert annotate(source, output) == 1
    said = capsys.readouterr().err
    assert f"error: {source} has changed since this output was begun" in said
    assert "again" not in said.replace("start again", "")
    assert record(output) == before


def test_a_change_in_one_of_many_small_files_is_told_by_their_names(annotate, tmp_path, capsys):
    """They are read as one archive, whose name nobody knows."""
    text = article(1, padding=20_000)
    sources = [tmp_path / f"{name}.xml" for name in "abc"]
    for source in sources:
        source.write_text(text.replace("Of mice", source.stem))
    assert annotate(sources, tmp_path / "out") == 0
    text = sources[1].read_text()
    middle = len(text) // 2
    sources[1].write_text(f"{text[:middle]}z{text[middle + 1 :]}")
    assert annotate(sources, tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert f"error: {sources[0]}, or another of the 3 files read together, has changed" in said


def test_a_file_that_changes_under_a_run_wants_an_update(annotate, tmp_path, monkeypatch, capsys):
    """The same command would be refused; what is advised works."""
    source, output = tmp_path / "a.xml", tmp_path / "out"
    source.write_text(article(1))

    def planned(output: str, plan: Plan) -> None:
        write_plan(output, plan)
        source.write_text(article(2))

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.job.plan.write_plan", planned)
        assert annotate(source, output) == 1
    error, advice = capsys.readouterr().err.splitlines()[-2:]
    assert "the file was changed after it was planned" in error
    assert advice.endswith("stays; use --update to annotate what is new or changed")
    assert annotate(source, output, "--update") == 0
    assert main(["verify", str(output)]) == 0


@pytest.mark.parametrize("flags", [["--update"], []])
@pytest.mark.parametrize("name", ["a.xml", "a.zip"])
def test_articles_of_a_file_that_cannot_be_read_stay(
    name, flags, annotate, tmp_path, monkeypatch, capsys
):
    """Neither a plain start nor an update drops them, until the file is no longer named."""
    lost, other, output = tmp_path / name, tmp_path / "b.xml", tmp_path / "out"
    if name.endswith(".zip"):
        with zipfile.ZipFile(lost, "w") as package:
            package.writestr("1.xml", article(1))
    else:
        lost.write_text(article(1))
    other.write_text(article(2))
    assert annotate([lost, other], output) == 0
    before = files(output)
    plans = {path for path in before if path.startswith("plan/")}
    real = open_source

    def locked(uri: str) -> BinaryIO:
        if uri == str(lost):
            raise PermissionError(errno.EACCES, "Permission denied", uri)
        return real(uri)

    monkeypatch.setattr("transforms.archives.files.open_source", locked)
    assert annotate([lost, other], output, *flags) == 1
    [said] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert said.startswith(f"error: {lost}: the file cannot be opened: [Errno 13]")
    assert "make it readable, or take it out of --input" in said
    after = files(output)
    assert all(after[path] == data for path, data in before.items() if path not in plans)
    assert annotate(other, output, "--update") == 0
    assert record(output)["update"]["dropped"] == 1


@pytest.mark.parametrize("step", ["/plan/", "/annotations/"])
@pytest.mark.parametrize(
    ("part", "told"), [("options", "with other options"), ("inputs", "over other input")]
)
def test_a_run_that_another_takes_over_ends(
    step, part, told, annotate, tmp_path, monkeypatch, capsys
):
    """Else its rows would stand beside the other's, or in their place."""
    source = write_archive(tmp_path / "a.xml.gz", [article(n) for n in (1, 2)])
    output = tmp_path / "out"
    real = storage.write

    def overtaken(uri: str, data: bytes) -> None:
        if step in uri:
            monkeypatch.undo()
            path = output / "run.json"
            other = record(output)
            other[part]["sha256"] = "another"
            path.write_text(json.dumps(other))
        real(uri, data)

    monkeypatch.setattr(storage, "write", overtaken)
    assert annotate(source, output) == 1
    assert f"another run, {told}, has taken" in capsys.readouterr().err
    assert not list((output / "receipts").glob("*"))
    assert bool(list((output / "annotations").glob("*"))) == (step == "/annotations/")


def test_an_update_annotates_again_what_is_lost_or_not_what_it_was(annotate, tmp_path):
    """A shard of another chunk, of the same name and size or not, gives nobody its rows."""
    source = tmp_path / "a.xml.gz"
    for damage in ("lost", "other", "plan"):
        output = tmp_path / damage
        write_archive(source, [article(n) for n in (1, 2, 3)])
        assert annotate(source, output) == 0
        [shard] = (output / "annotations").iterdir()
        if damage == "lost":
            shard.unlink()
        elif damage == "other":
            shard.write_bytes(bytes(reversed(shard.read_bytes())))
        else:
            [plan] = (output / "plan").iterdir()
            plan.write_text("{")
        write_archive(source, [article(n) for n in (1, 2, 4)])
        assert annotate(source, output, "--update") == 0
        assert main(["verify", str(output)]) == 0
        kept = record(output)["update"]["kept"]
        assert kept == 0
        shutil.rmtree(output)


def test_a_broken_article_that_stands_twice_is_rejected_and_counted(annotate, tmp_path):
    """Once for what is broken, once as a duplicate; and every promise holds."""
    broken = article(7).replace("</body>", "")
    for name in ("a", "b"):
        write_archive(tmp_path / f"{name}.xml.gz", [article(1 + ord(name)), broken])
    output = tmp_path / "out"
    inputs = sorted(tmp_path.glob("*.xml.gz"))
    assert annotate(inputs, output, "--max-reject-rate", "1") == 0
    assert record(output)["rejects"]["duplicate"] == 1
    assert main(["verify", str(output)]) == 0


def test_a_folder_that_is_emptied_meanwhile_is_told(annotate, tmp_path, monkeypatch, capsys):
    """There is nothing to go on with."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1)])
    output = tmp_path / "out"
    real = storage.write

    def emptied(uri: str, data: bytes) -> None:
        if "/annotations/" in uri:
            (output / "run.json").unlink()
        real(uri, data)

    monkeypatch.setattr(storage, "write", emptied)
    assert annotate(source, output) == 1
    said = capsys.readouterr().err
    assert "run.json is gone: somebody emptied the folder" in said
    assert "go on from there" not in said


def test_a_plain_restart_keeps_the_record_of_the_update(annotate, tmp_path, capsys):
    """And says that nothing was left to do."""
    source = write_archive(tmp_path / "a.xml.gz", [article(1), article(2)])
    assert annotate(source, tmp_path / "out") == 0
    write_archive(source, [article(1), article(3)])
    assert annotate(source, tmp_path / "out", "--update") == 0
    went = record(tmp_path / "out")["update"]
    assert went == {"annotated": 1, "kept": 1, "dropped": 1}
    capsys.readouterr()
    assert annotate(source, tmp_path / "out") == 0
    assert record(tmp_path / "out")["update"] == went
    assert "2 of them were committed before this start" in capsys.readouterr().out

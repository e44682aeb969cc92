"""The commands of ``models``, as they are typed."""

import pytest

from pipeline.__main__ import main
from pipeline.commands.flags import DEFAULT_MODEL


@pytest.fixture
def models(capsys):
    """Runs ``models`` with words; returns exit code, stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main(["models", *map(str, words)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def gold(tmp_path):
    """One tagged sentence."""
    path = tmp_path / "gold.tsv"
    path.write_text("TP53\tB-GENE\nand\tO\nBRCA\tB-GENE\n", encoding="utf-8")
    return path


def test_list_names_what_comes_with_the_package(models):
    """The default among them; and what can be fetched."""
    code, out, _ = models("list")
    assert code == 0
    assert {DEFAULT_MODEL, "QEB8L"} <= {line.split()[0] for line in out.splitlines()}


def test_check_runs_the_self_test(models):
    """Of every embedded model, where none is named."""
    code, out, _ = models("check")
    assert code == 0
    assert f"{DEFAULT_MODEL}@" in out
    assert "same labels, logits within" in out


def test_quantize_tells_the_cost_in_f1(models, gold, tiny, tmp_path):
    """Before and after, over the gold that is given."""
    pytest.importorskip("onnx", reason="quantising needs onnx: pip install '.[quantize]'")
    pytest.importorskip("nervaluate", reason="F1 needs nervaluate: pip install '.[evaluate]'")
    code, out, err = models("quantize", tiny, tmp_path / "small", "--gold", gold)
    assert (code, err) == (0, "")
    assert "F1         1.0000, now 1.0000 (strict, micro)" in out


def test_gold_that_is_missing_is_told_before_the_work(models, tiny, tmp_path):
    """In one line, and no folder is written."""
    pytest.importorskip("nervaluate", reason="F1 needs nervaluate: pip install '.[evaluate]'")
    code, out, err = models("quantize", tiny, tmp_path / "small", "--gold", tmp_path / "nowhere")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no gold at" in err
    assert not (tmp_path / "small").exists()


def test_bench_recommends_a_setting(models, tiny):
    """One of those that it measured."""
    words = ("bench", tiny, "--threads", 1, 2, "--seconds", 0.05)
    code, out, _ = models(*words)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:3]] == ["1", "2"]
    assert "recommended: --threads " in out


@pytest.mark.parametrize("flags", [["--threads", "0"], ["--seconds", "0"]], ids=" ".join)
def test_bench_refuses_what_measures_nothing(models, tiny, flags):
    """As wrong use of a flag."""
    with pytest.raises(SystemExit) as ended:
        models("bench", tiny, *flags)
    assert ended.value.code == 2


@pytest.mark.parametrize("data", [b"", b"\n\n", b"caf\xe9\n"])
def test_texts_that_are_none_are_told_before_the_work(models, tiny, tmp_path, data):
    """In one line, and no folder is written."""
    texts = tmp_path / "texts.txt"
    texts.write_bytes(data)
    code, _, err = models("quantize", tiny, tmp_path / "small", "--texts", texts)
    assert (code, err.count("\n")) == (2, 1)
    assert str(texts) in err
    assert not (tmp_path / "small").exists()


def test_fetch_copies_a_folder_into_the_cache(models, tiny, tmp_path, monkeypatch):
    """And says where it is."""
    monkeypatch.setenv("ANNOTATION_CACHE", str(tmp_path / "cache"))
    code, out, _ = models("fetch", f"file://{tiny}")
    assert code == 0
    assert str(tmp_path / "cache") in out


@pytest.mark.parametrize(
    ("action", "name", "expected"),
    [
        ("check", "no-such-model", 2),
        ("bench", "no-such-model", 2),
        ("fetch", "no-such-model", 2),
        ("fetch", "file:///no-such-model", 1),
    ],
)
def test_a_model_that_is_not_there_ends_with_one_line(models, action, name, expected):
    """Wrong use; but that a file could not be fetched is none."""
    code, out, err = models(action, name)
    assert (code, out, err.count("\n")) == (expected, "", 1)
    assert "no-such-model" in err

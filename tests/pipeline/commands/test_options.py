"""Flags become options that make sense, or a line that says why not."""

import argparse
import json
import shutil

import pytest

from models.files import ModelError
from models.model import load_model
from pipeline.__main__ import main
from pipeline.beam.runners import check_flags
from pipeline.commands.annotate import add_arguments, run_options
from pipeline.commands.flags import DEFAULT_MODEL
from transforms.errors import UserError


@pytest.fixture
def options(tiny):
    """Reads flags of ``annotate``; ``--model`` is the small one if none is given."""

    def read(*flags: str):
        parser = argparse.ArgumentParser(exit_on_error=False)
        add_arguments(parser)
        model = [] if "--model" in flags else ["--model", tiny]
        return run_options(
            parser.parse_args(["--input", "a.xml", "--output", "out", *model, *flags]), "01234567"
        )

    return read


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--runner", "FlinkRunner", "--flink_master", "host:8081"],
        ["--temp_location=gs://b/t", "--project", "p", "--region", "r"],
        ["--setup_file", "./setup.py", "--save_main_session"],
        ["--environment_type=EXTERNAL", "--environment_config=localhost:50000"],
        ["--s3_endpoint_url", "http://localhost:5000"],
        ["--direct_num_workers", "3"],
    ],
)
def test_flags_of_beam_pass_through(flags):
    """Those of any runner and file system that Beam brings."""
    check_flags(flags)


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--no-such-flag"], "--no-such-flag"),
        (["--runer", "FlinkRunner"], "--runer"),
        (["--runner", "DirectRunner", "stray.xml"], "stray.xml"),
        (["--direct_num_workers", "many"], "--direct_num_workers"),
    ],
)
def test_flags_that_nobody_knows_are_refused_by_name(flags, named):
    """Beam itself would let most of them pass."""
    with pytest.raises(UserError, match=named):
        check_flags(flags)


@pytest.mark.parametrize(
    ("flags", "overall", "by_type"),
    [
        ([], 0.0, {}),
        (["--min-score", "0.5"], 0.5, {}),
        (["--min-score", "GP=0.9"], 0.0, {"GP": 0.9}),
        (["--min-score", "0.5", "GP=0.9", "CD=1"], 0.5, {"GP": 0.9, "CD": 1.0}),
    ],
)
def test_least_scores_for_all_and_by_type(flags, overall, by_type, options):
    """A type's own wins."""
    [model] = options(*flags).models
    assert (model.min_score, model.min_scores) == (overall, by_type)


@pytest.mark.parametrize(
    ("flags", "others"),
    [([], None), (["--min-score", "GP=0.9"], None), (["--min-score", "GP=0.9", "0.2"], 0.2)],
)
def test_a_models_own_least_scores_hold_until_another_is_given_for_all(flags, others, options):
    """One for a type changes nothing for the other types."""
    thresholds = load_model(DEFAULT_MODEL).settings.min_scores
    [model] = options("--model", DEFAULT_MODEL, *flags).models
    least = {kind: model.min_scores.get(kind, model.min_score) for kind in thresholds}
    expected = dict(thresholds) if others is None else dict.fromkeys(thresholds, others)
    assert least == {**expected, **({"GP": 0.9} if flags else {})}


def test_words_for_people_are_left_out_unless_asked_for(options, tiny, tmp_path):
    """Where a model has a type for them; it is none that a least score can be given for."""
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "model.json").write_text(json.dumps({"people": {"DS": "OG"}}))
    [without] = options("--model", str(folder)).models
    [kept] = options("--model", str(folder), "--people").models
    assert (without.types, kept.types) == ({"DS": ""}, {"DS": "OG"})
    with pytest.raises(UserError, match="no model has the type DS"):
        options("--model", str(folder), "--min-score", "DS=0.5")
    with pytest.raises(UserError, match="no model has a type of its own for words for people"):
        options("--people")


@pytest.mark.parametrize("value", ["x", "-0.1", "1.1", "nan", "GP=", "GP=x", "=0.5=", "inf"])
def test_least_score_that_is_none_is_refused(value, options):
    """Not from 0 to 1."""
    with pytest.raises(UserError, match="neither SCORE nor TYPE=SCORE"):
        options("--min-score", value)


@pytest.mark.parametrize(
    "flags",
    [
        ["--max-reject-rate", "2"],
        ["--max-reject-rate", "-0.1"],
        ["--threads", "0"],
        ["--workers", "-1"],
        ["--threads", "two"],
        ["--window", "page"],
        ["--aggregation", "median"],
        ["--overwrite", "--update"],
    ],
    ids=" ".join,
)
def test_values_out_of_range_are_refused(flags, options):
    """Before anything is read."""
    with pytest.raises((argparse.ArgumentError, SystemExit)):
        options(*flags)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--threads", "two"], "--threads: two is not a whole number from 1 up"),
        (["--max-reject-rate", "5%"], "--max-reject-rate: 5% is not a number from 0 to 1"),
        (["--window", "page"], "--window: invalid choice: 'page'"),
        (["--overwrite", "--update"], "not allowed with argument"),
        (["--output"], "--output: expected one argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_line_that_says_what_was_expected(flags, said, capsys):
    """Without the whole usage before it."""
    with pytest.raises(SystemExit) as end:
        main(["annotate", "--input", "a.xml", "--output", "out", *flags])
    error = capsys.readouterr().err
    assert end.value.code == 2
    assert said in error
    assert len(error.splitlines()) == 1


def test_models_are_told_apart(options, tiny):
    """The same one twice is a mistake; two are annotated with in the order given."""
    with pytest.raises(UserError, match="twice"):
        options("--model", tiny, tiny)
    assert [model.folder for model in options("--model", tiny, f"{tiny}_bpe").models] == [
        tiny,
        f"{tiny}_bpe",
    ]
    with pytest.raises(ModelError, match="no-such-model"):
        options("--model", "no-such-model")


def test_fingerprint_changes_with_what_changes_the_rows(options, tiny):
    """And with nothing else: other threads go on with the same output."""
    prints = [
        options(*flags).fingerprint
        for flags in (
            [],
            ["--aggregation", "max"],
            ["--min-score", "0.5"],
            ["--min-score", "GP=0.5"],
            ["--window", "pack"],
            ["--language", "en", "fr"],
            ["--language", "all"],
            ["--references"],
            ["--model", f"{tiny}_bpe"],
            ["--model", tiny, f"{tiny}_bpe"],
            ["--model", f"{tiny}_bpe", tiny],
        )
    ]
    assert len(set(prints)) == len(prints)
    assert options("--threads", "7", "--workers", "2", "--quiet").fingerprint == prints[0]
    assert options("--language", "EN", "--aggregation", "first").fingerprint == prints[0]


@pytest.mark.parametrize(
    ("flags", "languages"),
    [
        ([], {"en"}),
        (["--language", "EN", "fr"], {"en", "fr"}),
        (["--language", "en", "all"], set()),
    ],
)
def test_languages(flags, languages, options):
    """Regions do not count; all is the same as no wish."""
    assert options(*flags).text.languages == languages


def test_an_empty_name_is_no_output(options):
    """Of a shell's variable that is not set: not the current folder."""
    with pytest.raises(UserError, match="--output: an empty name"):
        options("--output", "")


def test_an_output_whose_library_is_missing_is_refused(options, monkeypatch):
    """With what to install."""
    monkeypatch.setattr("pipeline.output.storage.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"s3://b/out needs the extra s3: pip install '\.\[s3\]'"):
        options("--output", "s3://b/out")


@pytest.mark.parametrize(("code", "kept"), [("eng", "en"), ("EN-gb", "en"), ("pt_BR", "pt")])
def test_languages_are_told_by_any_of_their_codes(code, kept, options):
    """As in the articles."""
    assert options("--language", code).text.languages == {kept}


def test_the_language_that_is_none_is_named(options):
    """Not its neighbour."""
    with pytest.raises(UserError, match="'english' is no code"):
        options("--language", "en", "english")


@pytest.mark.parametrize("code", ["english", "", "und", "1"])
def test_a_language_that_is_none_is_refused(code, options):
    """All text that is marked would be left out."""
    with pytest.raises(UserError, match="is no code like en or pt"):
        options("--language", code)


def test_the_same_model_twice_is_refused(tiny, tmp_path, options):
    """Under another name too: its annotations would have the same ids."""
    copy = shutil.copytree(tiny, tmp_path / "another")
    with pytest.raises(UserError, match="hold the same model"):
        options("--model", tiny, str(copy))


def test_a_known_name_wins_over_a_folder_here(options, tmp_path, monkeypatch):
    """As it does for the other commands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT_MODEL).mkdir()
    assert options("--model", DEFAULT_MODEL).models[0].folder == DEFAULT_MODEL


def test_a_misspelt_flag_is_named_where_it_is_missed(capsys):
    """Not only the one that it should have been."""
    with pytest.raises(SystemExit, match="2"):
        main(["annotate", "--inptu", "a.xml", "--output", "out"])
    assert "did you mean --input by --inptu?" in capsys.readouterr().err

"""``evaluate``, from gold to what it prints, with a model whose answers are known by heart."""

import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("nervaluate", reason="scoring needs the extra [evaluate]")

from models.gold import iob_document
from models.model import Model
from pipeline.__main__ import main
from pipeline.evaluation.evaluate import match_types
from pipeline.evaluation.predictions import predict
from pipeline.evaluation.scores import score
from pipeline.output.paths import files_of, receipt_of
from tests.articles import TESTS, article, write_archive
from tests.runs import TINY as MODEL
from tests.runs import finished
from transforms.errors import UserError

TINY = str(TESTS / "models/tiny")


@pytest.fixture
def evaluate(capsys):
    """Runs the command; gives its exit code, output and errors."""

    def run(*argv: object):
        code = main(["evaluate", *map(str, argv)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def iob(tmp_path: Path) -> Path:
    """Three sentences: a mention found, one of another type, one found by half."""
    path = tmp_path / "test.tsv"
    path.write_text(
        "BRCA\tB-GENE\nin\tO\nmice\tB-Species\n.\tO\n\n"
        "The\tO\naspirin\tB-GENE\nwas\tO\ndiabetes\tO\n\n"
        "TP53\tB-GENE\nreceptor\tI-GENE\n",
        encoding="utf-8",
    )
    return path


def test_json_has_types_and_micro_for_strict_and_overlap(evaluate, iob):
    """As the contract has it; types are the model's, those that the gold annotates alone."""
    code, out, _ = evaluate("--gold", iob, "--model", TINY, "--json")
    assert code == 0
    report = json.loads(out)
    assert report["strict"]["types"] == {
        "GP": {"precision": 1 / 2, "recall": 1 / 3, "f1": pytest.approx(0.4), "support": 3},
        "OG": {"precision": 1, "recall": 1, "f1": 1, "support": 1},
    }
    assert report["strict"]["micro"] == {
        "precision": pytest.approx(2 / 3),
        "recall": 1 / 2,
        "f1": pytest.approx(4 / 7),
        "support": 4,
    }
    assert report["overlap"]["types"]["GP"]["recall"] == pytest.approx(2 / 3)
    assert report["gold"]["types"] == {"GP": ["GENE"], "OG": ["Species"]}


def test_gold_types_choose_what_is_scored(evaluate, iob):
    """Labels that are not named are not scored, and counted as such."""
    _, out, _ = evaluate("--gold", iob, "--model", TINY, "--json", "--gold-types", "CD=GENE")
    report = json.loads(out)
    assert list(report["strict"]["types"]) == ["CD"]
    assert report["strict"]["types"]["CD"]["recall"] == pytest.approx(1 / 3)
    assert report["gold"]["labels_not_scored"] == {"Species": 1}


def test_the_table_says_what_was_scored(evaluate, iob):
    """Scores by type, and everything that qualifies them."""
    code, out, _ = evaluate("--gold", iob, "--model", TINY)
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["strict", "GP", "0.5000", "0.3333", "0.4000"] in [row[:5] for row in rows]
    assert "on IOB gold, sentences: 3" in out
    assert "scored: GP = GENE, OG = Species" in out
    assert "bootstrap samples of whole sentences" in out


def test_errors_are_listed_with_their_context(evaluate, iob, tmp_path):
    """A line an error, as tab-separated values."""
    evaluate("--gold", iob, "--model", TINY, "--errors", tmp_path / "errors.tsv")
    with (tmp_path / "errors.tsv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert [(row["kind"], row["document"], row["gold"], row["predicted"]) for row in rows] == [
        ("missed", "test.tsv:2", "aspirin", ""),
        ("wrong boundary", "test.tsv:3", "TP53 receptor", "TP53"),
    ]
    assert (rows[0]["before"], rows[0]["text"], rows[0]["after"]) == (
        *("The ", "aspirin"),
        " was diabetes",
    )


LABELS = ["O", "O", "B-GP", "I-GP", "B-DS", "I-DS"]
WORDS = ["BRCA", "TP53", "breast", "cancer", "the", "(", ")", "-", "IFN-TP53", "mice", "protein"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(WORDS), st.sampled_from(LABELS)), min_size=1, max_size=9
        ),
        min_size=1,
        max_size=6,
    )
)
def test_scores_of_tagged_tokens_are_seqevals(sentences):
    """From the model's mentions to the figures: seqeval's, on tags of the gold's tokens."""
    seqeval = pytest.importorskip("seqeval.metrics", reason="compares with seqeval")
    documents = [iob_document(str(number), [pairs]) for number, pairs in enumerate(sentences)]
    types = sorted({m.type for document in documents for m in document.mentions})
    if not types:
        return
    found = predict(TINY, documents, threads=1)
    tags = []
    for document, mentions in zip(documents, found.mentions, strict=True):
        row = ["O"] * len(document.tokens)
        for mention in mentions:
            covered = [
                number
                for number, (start, end) in enumerate(document.tokens)
                if mention.start <= start and end <= mention.end
            ]
            if mention.type in types:
                row[covered[0]] = f"B-{mention.type}"
                for number in covered[1:]:
                    row[number] = f"I-{mention.type}"
        tags.append(row)
    gold = [[tag for _, tag in pairs] for pairs in sentences]
    expected = seqeval.classification_report(gold, tags, output_dict=True, zero_division=0)
    mentions = [document.mentions for document in documents]
    strict = score(mentions, found.mentions, types, resamples=2)["strict"]
    for name, its in {**strict.types, "micro avg": strict.micro}.items():
        assert (its.precision, its.recall, its.f1, its.support) == pytest.approx(
            tuple(expected[name][key] for key in ("precision", "recall", "f1-score", "support"))
        )


def test_ways_to_aggregate_are_compared(evaluate, tmp_path):
    """``none`` leaves the two words of a name apart."""
    path = tmp_path / "gold.tsv"
    path.write_text("acetylsalicylic\tB-CD\nacid\tI-CD\n", encoding="utf-8")
    f1 = {}
    for way in ("first", "none"):
        _, out, _ = evaluate("--gold", path, "--model", TINY, "--json", "--aggregation", way)
        f1[way] = json.loads(out)["strict"]["micro"]["f1"]
    assert f1 == {"first": 1, "none": 0}


GOLD = {
    "gold.tsv": "-DOCSTART-\tO\n\nBRCA\tB-GP\nin\tO\nmice\tO\n\nTP53\tB-GP\nof\tO\nhuman\tO\n",
    "gold.txt": "7|t|BRCA in mice.\n7|a|TP53 was human. The aspirin.\n7\t0\t4\tBRCA\tGP\n",
}


@pytest.mark.parametrize("name", GOLD)
def test_what_the_model_sees_at_once_is_chosen(evaluate, tmp_path, monkeypatch, name):
    """Neighbouring sentences in one window, or each in a window of its own."""
    path = tmp_path / name
    path.write_text(GOLD[name], encoding="utf-8")
    windows = Counter()
    score = Model.score

    def counted(self, batch):
        windows[way] += len(batch)
        return score(self, batch)

    monkeypatch.setattr(Model, "score", counted)
    for way in ("sentence", "pack"):
        assert evaluate("--gold", path, "--model", TINY, "--window", way)[0] == 0
    assert windows["pack"] < windows["sentence"]


def test_a_prediction_is_widened_to_the_golds_tokens(evaluate, tmp_path):
    """Gold that tags tokens says nothing of their parts; how often it was needed is told."""
    path = tmp_path / "gold.tsv"
    path.write_text("anti-BRCA\tB-GP\nin\tO\n", encoding="utf-8")
    _, out, _ = evaluate("--gold", path, "--model", TINY)
    assert "strict   GP          1.0000  1.0000" in out
    assert "predictions widened to the gold's tokens: GP 1" in out


def test_pubtator_gold_with_several_labels_for_a_type(evaluate, tmp_path):
    """The model's sentences are those of the job."""
    path = tmp_path / "gold.txt"
    path.write_text(
        "7|t|BRCA in mice.\n7|a|TP53 was human. The aspirin.\n"
        "7\t0\t4\tBRCA\tProtein\n7\t14\t18\tTP53\tGene\n7\t23\t28\thuman\tSpecies\n",
        encoding="utf-8",
    )
    code, out, _ = evaluate(
        *("--gold", path, "--model", TINY, "--json", "--gold-types", "GP=Gene|Protein")
    )
    assert code == 0
    assert json.loads(out)["strict"]["micro"]["f1"] == 1


def test_what_readers_do_not_agree_on_counts_neither_way(evaluate, tmp_path):
    """Nor do words for people that are marked apart; sections have figures of their own."""
    rows = [
        ("RESULTS", "BRCA in mice.", [(0, 4, "GP", 2), (8, 12, "OG", 1)]),
        ("TABLE", "TP53\nhuman\nmice", [(0, 4, "GP", 1), (5, 10, "PP", 2), (11, 15, "OG", 2)]),
    ]
    path = tmp_path / "passages.jsonl"
    path.write_text(
        "\n".join(
            json.dumps(
                {
                    "id": section,
                    "section": section,
                    "text": text,
                    "mentions": [
                        {"start": a, "end": b, "type": kind, "exact": text[a:b], "readers": n}
                        for a, b, kind, n in mentions
                    ],
                }
            )
            for section, text, mentions in rows
        )
    )
    _, out, _ = evaluate("--gold", path, "--model", TINY, "--json")
    report = json.loads(out)
    micro = [report["strict"]["micro"], *(rows["micro"] for rows in report["sections"].values())]
    assert [(its["precision"], its["recall"], its["support"]) for its in micro] == [
        (1, 1, 2),
        (1, 1, 1),
        (1, 1, 1),
    ]
    assert list(report["sections"]) == ["RESULTS", "TABLE"]
    _, out, _ = evaluate("--gold", path, "--model", TINY)
    assert "RESULTS  micro    " in out


@pytest.mark.parametrize(("label", "scored"), [("OG", "OG"), ("O", "")])
def test_words_for_people_count_where_the_gold_annotates_them(evaluate, tmp_path, label, scored):
    """LINNAEUS does, others do not."""
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    (folder / "model.json").write_text(json.dumps({"people": {"CD": "OG"}}))
    tag = f"B-{label}" if label == "OG" else "O"
    path = tmp_path / "gold.tsv"
    path.write_text(f"aspirin\t{tag}\nin\tO\nmice\tB-OG\n", encoding="utf-8")
    _, out, _ = evaluate("--gold", path, "--model", folder, "--json")
    report = json.loads(out)
    assert report["gold"]["people"] == {"CD": scored}
    assert report["strict"]["micro"]["f1"] == 1
    assert report["strict"]["types"]["OG"]["support"] == 1 + bool(scored)


GOLD_TEXT = "Mice\n\nBRCA [1] was in mice. Only here: BRCA.\n"
RUN_TEXT = "Mice\nBRCA was in mice.\nTable of BRCA"


@pytest.fixture
def craft(tmp_path: Path) -> Path:
    """Gold whose rendering of the article is not the job's."""
    folder = tmp_path / "craft"
    folder.mkdir()
    (folder / "77.txt").write_text(GOLD_TEXT, encoding="utf-8")
    spans = [(0, 4, "OG"), (6, 10, "GP"), (22, 26, "OG"), (39, 43, "GP")]
    rows = [f"{a}-{b}\t{kind}\tx\t{GOLD_TEXT[a:b]}" for a, b, kind in spans]
    (folder / "77.entities.tsv").write_text(
        "\n".join(["spans\ttype\tconcept\ttext", *rows]), encoding="utf-8"
    )
    (folder / "88.txt").write_text("Never run.", encoding="utf-8")
    (folder / "88.entities.tsv").write_text("spans\ttype\tconcept\ttext\n", encoding="utf-8")
    return folder


FOUND = [(0, 4, "OG"), (5, 9, "GP"), (17, 21, "OG"), (32, 36, "GP")]


def write_run(folder: Path, models=("tiny@1",), found=FOUND) -> Path:
    """An output folder with what ``evaluate`` reads of one."""
    for sub in ("articles", "annotations", "receipts"):
        (folder / sub).mkdir(parents=True)
    run = finished(models=tuple(replace(MODEL, fingerprint=name[5:]) for name in models))
    (folder / "run.json").write_bytes(run.to_bytes())
    (folder / receipt_of("c")).write_text("{}", encoding="utf-8")
    article = {
        **dict.fromkeys(["pmcid", "doi"]),
        "article_id": "PMC5",
        "pmid": "77",
        "source_uri": "a.xml",
        "sha256": "0" * 64,
        "n_annotations": len(models) * len(found),
        "text": RUN_TEXT,
        "passages": [
            {"start": start, "end": end, "section": code}
            for start, end, code in [(0, 4, "TITLE"), (5, 22, "RESULTS"), (23, 36, "TABLE")]
        ],
    }
    pq.write_table(pa.Table.from_pylist([article]), folder / files_of("c")["articles"])
    annotations = [
        {"article_id": "PMC5", "model": name, "start": start, "end": end, "type": kind}
        for name in models
        for start, end, kind in found
    ]
    pq.write_table(pa.Table.from_pylist(annotations), folder / files_of("c")["annotations"])
    return folder


def test_a_run_is_scored_in_the_golds_text(evaluate, craft, tmp_path):
    """Text that only one side has is counted: gold there is missed, predictions are left out."""
    code, out, err = evaluate("--gold", craft, "--run", write_run(tmp_path / "run"), "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["strict"]["types"]["OG"]["f1"] == 1
    assert report["strict"]["types"]["GP"] == {
        "precision": 1,
        "recall": 1 / 2,
        "f1": pytest.approx(2 / 3),
        "support": 2,
    }
    assert report["text"] == {
        "predictions_widened": {},
        "gold_mentions_lost": {"GP": 1},
        "predictions_outside": {"GP": 1},
    }
    assert report["gold"]["absent"] == ["88"]


def test_errors_of_a_run_tell_their_section(evaluate, craft, tmp_path):
    """To see where a model goes wild; text that is the gold's alone has none."""
    run = write_run(tmp_path / "run", found=[(0, 4, "GP"), (5, 9, "OG"), (17, 21, "OG")])
    evaluate("--gold", craft, "--run", run, "--errors", tmp_path / "errors.tsv")
    with (tmp_path / "errors.tsv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert [(row["kind"], row["section"], row["gold"]) for row in rows] == [
        ("missed", "", "BRCA"),
        ("wrong type", "TITLE", "Mice"),
        ("wrong type", "RESULTS", "BRCA"),
    ]


def test_a_run_of_several_models_needs_one_named(evaluate, craft, tmp_path):
    """Their mentions are never mixed."""
    run = write_run(tmp_path / "run", ["tiny@1", "tiny@2"])
    code, _, err = evaluate("--gold", craft, "--run", run)
    assert code == 2
    assert "has the models tiny@1, tiny@2: name one with --model" in err
    code, out, _ = evaluate("--gold", craft, "--run", run, "--model", "tiny@2")
    assert (code, out.splitlines()[0]) == (0, "tiny@2 on CRAFT gold, documents: 1")


IDS = (("pmcid", "5"), ("pmid", "16109169"), ("doi", "10.1371/journal.pbio.0020003"))


def test_a_run_scores_1_against_its_own_export_to_brat(evaluate, annotate, tmp_path):
    """Whatever ids the articles have: each is found, two versions of one by their own files."""
    its_id = 'pub-id-type="pmcid">1<'
    named = [article(1).replace(its_id, f'pub-id-type="{kind}">{own}<') for kind, own in IDS]
    nameless = article(1).replace(its_id, 'pub-id-type="publisher-id">x<')
    versions = [article(7), article(7, paragraphs=1).replace("Study 7-0", "BRCA1")]
    letter = "<sub-article><body><p>Letter of mice.</p></body></sub-article></article>"
    reviewed = article(8).replace("</article>", letter)
    source = write_archive(tmp_path / "a.xml.gz", [*named, nameless, *versions, reviewed])
    run = tmp_path / "run"
    assert annotate(source, run) == 0
    assert main(["export", str(run), "--format", "brat"]) == 0
    code, out, _ = evaluate("--gold", run / "export/brat", "--run", run, "--json")
    report = json.loads(out[out.index("{") :])
    assert code == 0
    assert (report["gold"]["scored"], report["gold"]["absent"]) == (8, [])
    assert report["strict"]["micro"]["f1"] == 1
    assert report["strict"]["micro"]["support"] > 8
    assert not any(report["text"].values())


@pytest.mark.parametrize("name", ["PMC7", "7"])
def test_another_versions_mentions_are_never_taken(evaluate, annotate, tmp_path, name):
    """Gold that names both means the first."""
    short = article(7, paragraphs=1).replace("Study", "BRCA1 study")
    source = write_archive(tmp_path / "a.xml.gz", [short, article(7)])
    run = tmp_path / "run"
    assert annotate(source, run) == 0
    assert main(["export", str(run), "--format", "brat"]) == 0
    [chunk] = [path for path in (run / "export/brat").iterdir() if path.is_dir()]
    first = min(chunk.glob("*.txt"), key=lambda path: path.stat().st_size)
    for ending in (".txt", ".ann"):
        copy = tmp_path / "gold" / f"{name}{ending}"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(first.with_suffix(ending).read_bytes())
    code, out, _ = evaluate("--gold", tmp_path / "gold", "--run", run, "--json")
    report = json.loads(out[out.index("{") :])
    assert (code, report["strict"]["micro"]["f1"]) == (0, 1)
    assert not any(report["text"].values())


def test_tables_that_do_not_fit_together_are_told(evaluate, craft, tmp_path):
    """Exit code 1: the mentions would be another article's."""
    run = write_run(tmp_path / "run")
    path = run / files_of("c")["annotations"]
    rows = pq.read_table(path).to_pylist()
    rows[0]["article_id"] = "PMC6"
    for damaged in (rows, rows[1:]):
        pq.write_table(pa.Table.from_pylist(damaged), path)
        code, _, err = evaluate("--gold", craft, "--run", run)
        assert (code, err.count("\n")) == (1, 1)
        assert "the counts of PMC5 differ from its rows" in err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--gold", "nowhere.tsv"], "no gold at nowhere.tsv"),
        (["--gold", "{iob}", "--model", "nowhere"], "no model 'nowhere'"),
        (["--gold", "{iob}", "--model", TINY, "--gold-types", "GP=gene"], "no label 'gene'"),
        (["--gold", "{iob}", "--model", TINY, "--gold-types", "gene=GENE"], "no TYPE=LABEL"),
        (["--gold", "{iob}", "--model", TINY, "--gold-types", "GP=GENE,CD=GENE"], "to GP and CD"),
        (["--gold", "{iob}", "--run", "nowhere"], "is no output folder of a run"),
        (["--gold", "{iob}", "--run", "x", "--aggregation", "max"], "it goes with --model"),
        (["--gold", "{iob}", "--run", "x", "--window", "pack"], "--window: a run's mentions"),
    ],
)
def test_wrong_use_ends_with_one_line(evaluate, iob, argv, message):
    """And exit code 2."""
    code, out, err = evaluate(*(str(word).format(iob=iob) for word in argv))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_equal_names_go_before_well_known_ones():
    """A model trained on the gold's own labels is scored on them."""
    assert match_types(["protein", "DNA", "cell"], ["protein", "DNA"]) == {
        "protein": "protein",
        "DNA": "DNA",
    }
    assert match_types(["protein", "DNA", "cell"], ["GP", "DS"]) == {"protein": "GP", "DNA": "GP"}
    with pytest.raises(UserError, match="no label of the gold is a type of the model"):
        match_types(["Cell"], ["GP"])

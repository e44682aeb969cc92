"""Both recipes from end to end with a random encoder of two layers; skipped without torch."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the recipe is not tested: install models/train/requirements.txt"
)
transformers = pytest.importorskip("transformers")
pytest.importorskip("onnx")

from tokenizers import Tokenizer  # noqa: E402
from tokenizers.models import BPE, WordPiece  # noqa: E402
from tokenizers.normalizers import BertNormalizer  # noqa: E402
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel  # noqa: E402
from tokenizers.processors import TemplateProcessing  # noqa: E402

from models.model import load_model  # noqa: E402
from models.train import publish, recipes  # noqa: E402
from models.train.__main__ import main  # noqa: E402
from models.train.articles import ArticleText  # noqa: E402
from models.train.data import (  # noqa: E402
    EMBEDDED,
    LABELS,
    examples,
    held_out_sentences,
    load_tokenizer,
)
from models.train.dequantize import dequantize  # noqa: E402
from models.train.loop import Settings, rate_factor  # noqa: E402
from models.train.pretrain import hide, pack  # noqa: E402
from models.train.train import (  # noqa: E402
    load_encoder,
    opinions,
    partial_label_loss,
    predict,
    train,
)

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "p", "##53", "gene", "is", "here", "[MASK]")
SAMPLES = Path(__file__).parents[2] / "cases" / "samples"

SENTENCE = [("the", "O"), ("p53", "B-{0}"), ("gene", "I-{0}"), ("is", "O"), ("here", "O")]


@pytest.fixture
def base(tmp_path):
    """A BERT of two layers that knows seven words."""
    folder = tmp_path / "base"
    tokenizer = Tokenizer(WordPiece({w: i for i, w in enumerate(WORDS)}, unk_token=WORDS[1]))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=512,
    )
    torch.manual_seed(1)
    transformers.BertForTokenClassification(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def gold(tmp_path):
    """A folder of corpora with the paths and labels of the real ones, all of them IOB."""
    folder = tmp_path / "gold"
    for corpus in EMBEDDED:
        for name in (*corpus.train, *corpus.held_out, *corpus.unread):
            path = folder / name if Path(name).suffix else folder / name / "all.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, next(iter(corpus.mentions)), 40)
        for name in corpus.left_out:
            (folder / name).write_text("")
    return folder


def write(path: Path, label: str, n: int):
    """An IOB file of `n` sentences with one mention each."""
    lines = [f"{token}\t{tag.format(label)}" for token, tag in SENTENCE]
    path.write_text(("\n".join(lines) + "\n\n") * n)


def test_the_loss_is_the_surprise_that_the_label_is_one_of_those_allowed():
    """Equal logits over four labels, two of them allowed: one bit."""
    losses = partial_label_loss(
        torch.zeros(2, 4), torch.tensor([[True, True, False, False], [True] * 4])
    )
    assert losses.tolist() == pytest.approx([0.6931472, 0.0])


def test_the_rate_goes_up_to_one_and_down_to_zero():
    """One cycle: the last steps settle."""
    assert [rate_factor(p, 0.1) for p in (0, 0.05, 0.1, 0.55, 1)] == pytest.approx(
        [0, 0.5, 1, 0.5, 0]
    )


def test_a_killed_run_goes_on_to_the_same_weights(base, gold, tmp_path, monkeypatch):
    """The checkpoint holds the draw, the random state and the optimizer."""
    settings = Settings(steps=12, batch_tokens=64, dropout=0.1, bf16=False)
    options = {"watch": (), "checkpoint_steps": 6}

    class KilledError(Exception):
        pass

    whole = train(base, gold, tmp_path / "whole", EMBEDDED, LABELS, settings, **options)
    with monkeypatch.context() as patch:
        patch.setattr("models.train.train.collate", broken_after(8, KilledError))
        with pytest.raises(KilledError):
            train(base, gold, tmp_path / "killed", EMBEDDED, LABELS, settings, **options)
    again = train(base, gold, tmp_path / "killed", EMBEDDED, LABELS, settings, **options)
    weights = [
        transformers.BertForTokenClassification.from_pretrained(folder).state_dict()
        for folder in (whole, again)
    ]
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name
    log = (tmp_path / "killed" / "log.tsv").read_text().splitlines()
    assert [row.split("\t")[1] for row in log] == ["step", "6", "12"]


def test_a_pupil_comes_to_think_what_its_teachers_think_together(base, gold, tmp_path):
    """Where the gold says nothing too: of types left open, and of articles."""
    teachers = []
    for seed in (3, 4):
        torch.manual_seed(seed)
        teacher = load_encoder(base, LABELS, 0.0)
        with torch.no_grad():
            teacher.classifier.weight.mul_(50)
        teacher.save_pretrained(tmp_path / str(seed))
        teachers.append(tmp_path / str(seed))
    corpora = (replace(EMBEDDED[0], closed=frozenset(), mentions={}),)
    settings = replace(
        Settings(), steps=150, learning_rate=3e-2, head_learning_rate=3e-2, masked=0.0, dropout=0.0
    )
    taught = train(
        base,
        gold,
        tmp_path / "work",
        corpora,
        LABELS,
        replace(settings, bf16=False),
        watch=(),
        teachers=teachers,
        articles=[ArticleText(["the p53 gene is here, here is the p53 gene."], frozenset())] * 20,
    )
    tokenizer = load_tokenizer(base)
    asked = examples(corpora[0], held_out_sentences(gold, corpora[0])[:1], tokenizer)

    def thought(*folders: Path) -> torch.Tensor:
        models = [load_encoder(folder, LABELS, 0.0) for folder in folders]
        return opinions(models, asked, len(LABELS), 0, bf16=False)[0].float()

    each = [thought(teacher) for teacher in teachers]
    assert torch.allclose(thought(*teachers), (each[0] + each[1]) / 2, atol=1e-3)
    assert (thought(taught) - thought(*teachers)).abs().max() < 0.1
    assert (each[0] - each[1]).abs().max() > 0.3
    [labels] = predict(load_encoder(taught, LABELS, 0.0), asked, LABELS, 0, bf16=False)
    assert labels == [LABELS[i] for i in thought(taught).argmax(-1)]


def broken_after(n: int, error: type[Exception]):
    """`collate` that fails at call `n` + 1."""
    from models.train.train import collate

    calls = []

    def fragile(*arguments):
        calls.append(1)
        if len(calls) > n:
            raise error
        return collate(*arguments)

    return fragile


def test_one_command_goes_from_gold_to_a_folder_that_the_job_loads(base, gold, tmp_path):
    """The written self-test holds, and the card has every corpus's figures."""
    out = tmp_path / "model"
    command = ["embedded", "--data", gold, "--base", base, "--out", out]
    command += ["--work", tmp_path / "work", "--steps", 3, "--model-version", "0.0.1"]
    command += ["--articles", *sorted(SAMPLES.glob("*.xml*"))]
    assert main([str(part) for part in command]) == 0
    model = load_model(str(out))
    assert model.labels == LABELS
    assert (model.name, model.settings.version) == (publish.NAME, "0.0.1")
    assert len(model.settings.self_tests) == 4
    card = (out / "README.md").read_text()
    assert "$" not in card
    assert all(f"| {corpus.name} " in card for corpus in EMBEDDED)


def test_a_model_is_trained_further_from_its_own_int8_weights(base, gold, tmp_path):
    """What is restored says what the graph says; new labels begin as those they are like."""
    common = ["--data", gold, "--work", tmp_path / "work", "--steps", 2]
    command = ["embedded", "--base", base, "--out", tmp_path / "old", *common]
    command += ["--articles", *sorted(SAMPLES.glob("*.xml*"))]
    assert main([str(part) for part in command]) == 0
    old = load_model(str(tmp_path / "old"))
    labels = (*LABELS[:3], "B-XX")
    restored = dequantize(tmp_path / "old", labels, {"B-XX": "B-GP"}, tmp_path / "restored")
    model = load_encoder(restored, labels, 0.0).eval()
    ids = load_tokenizer(restored).encode("the p53 gene is here").ids
    with torch.no_grad():
        ours = model(input_ids=torch.tensor([ids])).logits[0, 1:-1]
    theirs = old.score([np.array(ids[1:-1], np.int32)])[0]
    assert ours[:, :3].numpy() == pytest.approx(theirs[:, :3], abs=0.05)
    assert torch.equal(ours[:, 3], ours[:, 1])
    common[3] = tmp_path / "further"
    command = ["tuned", "--model", tmp_path / "old", "--out", tmp_path / "new", *common]
    assert main([str(part) for part in command]) == 0
    assert load_model(str(tmp_path / "new")).labels == LABELS


def test_whole_words_are_hidden_and_guessed(base):
    """Every token of a word or none; what is guessed is about the share asked for."""
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    passage = "the p53 gene is here " * 40
    ids, words = pack([[passage, "too short"]], tokenizer, 16)
    assert ids.shape == words.shape
    assert ids.shape[1] == 16
    assert (ids[:, 0] == 2).all()
    assert (words[:, [0, -1]] == -1).all()
    torch.manual_seed(0)
    mask = tokenizer.token_to_id("[MASK]")
    seen, guess = hide(ids.repeat(50, 1), words.repeat(50, 1), 0.2, mask, len(WORDS))
    assert 0.15 < guess[:, 1:-1].float().mean() < 0.25
    assert (seen == ids.repeat(50, 1))[~guess].all()
    assert 0.7 < (seen[guess] == mask).float().mean() < 0.9
    pieces = ids.repeat(50, 1) == tokenizer.token_to_id("##53")
    assert (guess[:, 1:] == guess[:, :-1])[pieces[:, 1:] & (words.repeat(50, 1)[:, :-1] >= 0)].all()


def test_any_encoder_is_fine_tuned_over_the_grid(base, tmp_path):
    """The best point is kept, with the corpus's own labels."""
    data = tmp_path / "epmc"
    data.mkdir()
    for split in ("train", "devel"):
        write(data / f"{split}.tsv", "GP", 20)
    command = ["finetune", "--data", data, "--base", base, "--out", tmp_path / "best"]
    command += ["--work", tmp_path / "work", "--epochs", 4]
    command += ["--learning-rates", 1e-6, 3e-2, "--batch-sizes", 4]
    assert main([str(part) for part in command]) == 0
    rows = (tmp_path / "work" / "grid.tsv").read_text().splitlines()
    assert len(rows) == 3
    assert rows[2].split("\t")[0::2] == ["0.03", "1.0000"]
    config = json.loads((tmp_path / "best" / "config.json").read_text())
    assert list(config["id2label"].values()) == ["O", "B-GP", "I-GP"]


def test_byte_level_encoders_are_fine_tuned_too(tmp_path):
    """GPT-2 has neither special tokens nor padding, and its words end at white space."""
    folder, data = tmp_path / "base", tmp_path / "epmc"
    alphabet = {letter: i for i, letter in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Tokenizer(BPE(alphabet, []))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    config = transformers.GPT2Config(vocab_size=256, n_embd=16, n_layer=2, n_head=2)
    transformers.GPT2ForTokenClassification(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    data.mkdir()
    for split in ("train", "devel"):
        write(data / f"{split}.tsv", "GP", 20)
    point = recipes.finetune(
        folder,
        data,
        tmp_path / "work",
        tmp_path / "best",
        learning_rates=[1e-2],
        batch_sizes=[4],
        epochs=8,
    )
    assert point["devel_f1"] > 0.9


def test_settings_are_kept_beside_the_log(base, gold, tmp_path):
    """A log without its settings could not be repeated."""
    settings = replace(Settings(), steps=1, seed=5, masked=0.0)
    train(base, gold, tmp_path / "work", EMBEDDED, LABELS, settings, watch=("BC5CDR",))
    assert json.loads((tmp_path / "work" / "settings.json").read_text())["seed"] == 5
    assert "BC5CDR=" in (tmp_path / "work" / "log.tsv").read_text()


def test_a_work_folder_is_of_one_base_and_one_set_of_data(base, tmp_path, capsys):
    """Another's encoder is not given out as the answer; what the base says of case is kept."""
    (base / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    for kind in ("GP", "DS"):
        data = tmp_path / kind
        data.mkdir()
        for split in ("train", "devel"):
            write(data / f"{split}.tsv", kind, 4)
        command = ["finetune", "--data", data, "--base", base, "--out", tmp_path / "best"]
        command += ["--work", tmp_path / "work", "--steps", 1]
        command += ["--learning-rates", 1e-3, "--batch-sizes", 4]
        assert main([str(part) for part in command]) == (0 if kind == "GP" else 2)
    assert "another base, other data or labels" in capsys.readouterr().err
    kept = json.loads((tmp_path / "best" / "tokenizer_config.json").read_text())
    assert kept == {"do_lower_case": False}

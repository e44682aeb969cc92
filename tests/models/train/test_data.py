"""Gold becomes text as it would be found, with the labels each word may have."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from models.gold import read_gold
from models.train.data import (
    LABELS,
    Corpus,
    Sentence,
    draw_epoch,
    encode,
    examples,
    held_out_letters,
    letters_of,
    load_tokenizer,
    set_symbols_apart,
    training_sentences,
)

GENES = Corpus("genes", {"GENE": "GP"}, frozenset({"GP"}), ("train.tsv",), ("devel.tsv",))
WORDS = ("the", "mouse", "gene", "is", "here", "p", "##53", "-", ",", ".", "aspirin")


@pytest.fixture
def tokenizer():
    """A WordPiece tokenizer of ten words."""
    vocabulary = {w: i for i, w in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS))}
    made = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    made.normalizer = BertNormalizer()
    made.pre_tokenizer = BertPreTokenizer()
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


def write(path, *sentences):
    """An IOB file of these sentences."""
    path.write_text(
        "\n\n".join("\n".join(f"{token}\t{tag}" for token, tag in s) for s in sentences) + "\n"
    )
    return path


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=4),
            st.sampled_from(["O", "B-GENE", "I-GENE", "B-DISO", "I-DISO"]),
        ),
        min_size=1,
    )
)
def test_training_reads_the_text_that_evaluate_reads(tmp_path_factory, tokens):
    """And the mentions in it, where they are."""
    folder = tmp_path_factory.mktemp("gold")
    write(folder / "train.tsv", tokens)
    [sentence] = training_sentences(folder, GENES)
    [document] = read_gold(folder / "train.tsv").documents
    assert sentence.text == document.text
    assert sentence.spans == document.mentions


def test_text_without_sentences_is_split_as_the_job_splits_it(tmp_path):
    """A line of a table is a sentence; of mentions that overlap the longest stays."""
    row = {
        "id": "1",
        "text": "The p53 gene is here. So it is.\np53",
        "mentions": [
            {"start": 4, "end": 7, "type": "GP", "exact": "p53"},
            {"start": 4, "end": 12, "type": "GP", "exact": "p53 gene"},
            {"start": 32, "end": 35, "type": "GP", "exact": "p53"},
        ],
    }
    (tmp_path / "train.jsonl").write_text(json.dumps(row))
    assert training_sentences(tmp_path, replace(GENES, train=("train.jsonl",))) == [
        Sentence("The p53 gene is here.", ((4, 12, "GP"),)),
        Sentence("So it is.", ()),
        Sentence("p53", ((0, 3, "GP"),)),
    ]


def test_documents_of_test_sets_are_left_out(tmp_path):
    """By the tables of their names, and by the sentences they share, however these are spaced."""
    copied = "The patients had been treated with 0.5 mg of aspirin (ASA) daily."
    texts = {"1": "In CDR's test.", "2": "In CDR's devel.", "3": f"Seen.\n{copied}", "4": "New."}
    (tmp_path / "train.txt").write_text(
        "".join(
            f"{name}|t|{text.replace(chr(10), f'{chr(10)}{name}|a|')}\n\n"
            for name, text in texts.items()
        )
    )
    (tmp_path / "in_cdr.tsv").write_text("pmid\tours\tcdr\n1\ttrain\ttest\n2\ttrain\tdevel\n")
    tokens = ["The", "patients", "had", "been", "treated", "with", "0", ".", "5", "mg", "of"]
    write(
        tmp_path / "test.tsv",
        [(token, "O") for token in [*tokens, "aspirin", "(", "ASA", ")", "daily", "."]],
    )
    corpus = Corpus(
        "ours", {}, frozenset(), ("train.txt",), ("test.tsv",), left_out=("in_cdr.tsv",)
    )
    held_out = held_out_letters(tmp_path, [corpus])
    found = training_sentences(tmp_path, corpus, held_out)
    assert [sentence.text for sentence in found if sentence.text] == ["In CDR's devel.", "New."]


def test_an_article_with_a_sentence_of_a_test_set_is_left_out_whole(tmp_path):
    """Its other passages are as well known."""
    copied = "The knockout mice died at the age of twelve weeks of renal failure."
    rows = [
        {"id": str(n), "article_id": article, "text": text, "mentions": []}
        for n, (article, text) in enumerate([("a", copied), ("a", "More."), ("b", "Other.")])
    ]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    corpus = replace(GENES, train=("train.jsonl",))
    found = training_sentences(tmp_path, corpus, frozenset({letters_of(copied)}))
    assert [sentence.text for sentence in found] == ["Other."]


def test_a_word_outside_may_be_of_any_type_the_corpus_leaves_open(tokenizer):
    """A corpus of genes does not say that aspirin is no chemical."""
    (example,) = examples(GENES, [Sentence("The p53 gene", ((4, 12, "GENE"),))], tokenizer)
    assert example.gold == ("O", "B-GP", "I-GP")
    outside, begin, inside = ({LABELS[i] for i in allowed} for allowed in example.allowed)
    assert outside == set(LABELS) - {"B-GP", "I-GP"}
    assert (begin, inside) == ({"B-GP"}, {"I-GP"})
    assert [example.ids[i] for i in example.first] == [
        tokenizer.token_to_id(piece) for piece in ("the", "p", "gene")
    ]


def test_a_doubtful_mention_may_be_its_type_or_nothing(tokenizer):
    """ChEBI tags "protein" and "acid"."""
    wide = Corpus(
        "wide", {"CHEBI": "CD"}, frozenset({"CD"}), ("train",), (), doubtful=frozenset({"CHEBI"})
    )
    (example,) = examples(wide, [Sentence("aspirin", ((0, 7, "CHEBI"),))], tokenizer)
    assert {LABELS[i] for i in example.allowed[0]} == {"O", "B-CD"}


@pytest.mark.parametrize(
    ("label", "mention", "allowed"),
    [
        ("Species", "patients", {"B-PP"}),
        ("Species", "mouse", {"B-OG"}),
        ("PP", "patients", {"B-PP"}),
        ("PP", "students", {"B-PP", "O"}),
    ],
)
def test_people_are_no_organisms(tokenizer, label, mention, allowed):
    """Corpora of species annotate some words for people, those of full text more."""
    species = Corpus("s", {"Species": "OG", "PP": "PP"}, frozenset({"OG", "PP"}), ())
    (example,) = examples(species, [Sentence(mention, ((0, len(mention), label),))], tokenizer)
    assert {LABELS[i] for i in example.allowed[0]} == allowed


def test_the_same_seed_draws_the_same_batches_within_their_limits(tokenizer):
    """A killed run draws again what it had drawn."""
    texts = ["the " * (1 + i % 9) + "p53" for i in range(60)]
    sentences = [Sentence(text, ((len(text) - 3, len(text), "GENE"),)) for text in texts]
    pool = examples(GENES, sentences, tokenizer)
    options = {"batch_tokens": 64, "batch_sentences": 5}
    drawn = [draw_epoch(pool, [GENES], seed=s, **options) for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert sorted(i for batch in drawn[0] for i in batch) == list(range(60))
    for batch in drawn[0]:
        assert len(batch) <= 5
        assert len(batch) * max(len(pool[i].ids) for i in batch) <= 64


def test_sentences_are_drawn_by_the_share_of_their_corpus(tokenizer):
    """A share of 1.5 is every sentence once and half of them twice; fewer without a mention."""
    sentences = [Sentence("the", ())] * 400 + [Sentence("p53", ((0, 3, "GENE"),))] * 400
    pool = examples(GENES, sentences, tokenizer)
    corpus = replace(GENES, share=1.5, empty=0.2)
    drawn = draw_epoch(pool, [corpus], batch_tokens=64, batch_sentences=50, seed=3)
    times = Counter(i for batch in drawn for i in batch)
    assert all(times[i] in (1, 2) for i in range(400, 800))
    assert 540 < sum(times[i] for i in range(400, 800)) < 660
    assert 80 < sum(times[i] for i in range(400)) < 160


def test_a_name_ends_before_minus_and_trade_mark(tokenizer, tmp_path):
    """Articles have the minus of genotypes, where the corpora have a hyphen."""
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    set_symbols_apart(tmp_path)
    apart = load_tokenizer(tmp_path)
    text = "p53−/− Aspirin® is here"
    [(ids, words)] = encode([text], apart)
    assert [text[start:end] for _, start, end in words] == [
        "p53",
        "−",
        "/",
        "−",
        "Aspirin",
        "®",
        "is",
        "here",
    ]
    assert [apart.id_to_token(i) for i in ids[1:4]] == ["p", "##53", "-"]

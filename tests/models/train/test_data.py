"""Gold becomes text as it would be found, with the labels each word may have."""

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

from models.train.data import (
    LABELS,
    Corpus,
    detokenise,
    draw_epoch,
    examples,
    load_tokenizer,
    read_iob,
    set_symbols_apart,
    words_of,
)

GENES = Corpus("genes", {"GENE": "GP"}, frozenset({"GP"}), ("train",), ("devel",))
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


def test_sentences_end_at_blank_lines_and_document_marks_are_no_tokens(tmp_path):
    """JNLPBA marks its documents by a token of their own."""
    path = write(
        tmp_path / "a.tsv", [("-DOCSTART-", "O")], [("p53", "B-GENE"), ("is", "O")], [(".", "O")]
    )
    assert list(read_iob(path)) == [[("p53", "B-GENE"), ("is", "O")], [(".", "O")]]


def test_a_line_without_a_tag_names_its_file_and_number(tmp_path):
    """A broken file is found without a debugger."""
    path = tmp_path / "a.tsv"
    path.write_text("p53\tB-GENE\nis\n")
    with pytest.raises(ValueError, match=r"a\.tsv:2"):
        list(read_iob(path))


def test_text_is_spaced_as_prose():
    """The corpora keep no spaces; the job meets them."""
    tokens = ['"', "Parkinson", "'", "s", '"', "(", "PD", ")", ",", "3", "/", "4", ":", "5", "'"]
    text = detokenise([(token, "O") for token in [*tokens, "end", "."]]).text
    assert text == "\"Parkinson's\" (PD), 3/4: 5' end."


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=4),
            st.sampled_from(["O", "B-GENE", "I-GENE", "B-DISO", "I-DISO"]),
        ),
        min_size=1,
    )
)
def test_every_mention_is_where_its_tokens_are(tokens):
    """Only spaces are added, and no mention begins or ends with one."""
    sentence = detokenise(tokens)
    assert "".join(sentence.text.split(" ")) == "".join(token for token, _ in tokens)
    begun = sum(
        tag[0] == "B" or (tag[0] == "I" and before[2:] != tag[2:])
        for (_, before), (_, tag) in zip([("", "O"), *tokens], tokens, strict=False)
    )
    assert len(sentence.spans) == begun
    for start, end, _ in sentence.spans:
        assert sentence.text[start:end].strip() == sentence.text[start:end] != ""


def test_a_word_outside_may_be_of_any_type_the_corpus_leaves_open(tmp_path, tokenizer):
    """A corpus of genes does not say that aspirin is no chemical."""
    path = write(tmp_path / "train.tsv", [("The", "O"), ("p53", "B-GENE"), ("gene", "I-GENE")])
    (example,) = examples(GENES, [path], tokenizer)
    assert example.gold == ("O", "B-GP", "I-GP")
    outside, begin, inside = ({LABELS[i] for i in allowed} for allowed in example.allowed)
    assert outside == {"O", "B-DS", "I-DS", "B-CD", "I-CD", "B-OG", "I-OG"}
    assert (begin, inside) == ({"B-GP"}, {"I-GP"})
    assert [example.ids[i] for i in example.first] == [
        tokenizer.token_to_id(piece) for piece in ("the", "p", "gene")
    ]


def test_a_doubtful_mention_may_be_its_type_or_nothing(tmp_path, tokenizer):
    """ChEBI tags "protein" and "acid"."""
    wide = Corpus(
        "wide", {"CHEBI": "CD"}, frozenset({"CD"}), ("train",), (), doubtful=frozenset({"CHEBI"})
    )
    path = write(tmp_path / "train.tsv", [("aspirin", "B-CHEBI")])
    (example,) = examples(wide, [path], tokenizer)
    assert {LABELS[i] for i in example.allowed[0]} == {"O", "B-CD"}


def test_the_same_seed_draws_the_same_batches_within_their_limits(tmp_path, tokenizer):
    """A killed run draws again what it had drawn."""
    sentences = [[("the", "O")] * (1 + i % 9) + [("p53", "B-GENE")] for i in range(60)]
    pool = examples(GENES, [write(tmp_path / "train.tsv", *sentences)], tokenizer)
    options = {"batch_tokens": 64, "batch_sentences": 5}
    drawn = [draw_epoch(pool, [GENES], seed=s, **options) for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert sorted(i for batch in drawn[0] for i in batch) == list(range(60))
    for batch in drawn[0]:
        assert len(batch) <= 5
        assert len(batch) * max(len(pool[i].ids) for i in batch) <= 64


def test_sentences_are_drawn_by_the_share_of_their_corpus(tmp_path, tokenizer):
    """A share of 1.5 is every sentence once and half of them twice; fewer without a mention."""
    sentences = [[("the", "O")]] * 400 + [[("p53", "B-GENE")]] * 400
    pool = examples(GENES, [write(tmp_path / "train.tsv", *sentences)], tokenizer)
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
    encoding = apart.encode(text)
    words = [text[start:end] for _, start, end in words_of(text, encoding, byte_level=False)]
    assert words == ["p53", "−", "/", "−", "Aspirin", "®", "is", "here"]
    assert encoding.tokens[1:4] == ["p", "##53", "-"]

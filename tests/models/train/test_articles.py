"""Sentences of articles, and what is sure of their words."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import BertPreTokenizer

from models.train.articles import ArticleText, allowed_labels, article_examples, article_texts
from models.train.data import LABELS, encode

SPECIES = {"Ocimum sanctum", "O. sanctum"}
ARTICLE = """<article><front><article-meta><title-group><article-title>Effect of <italic>Ocimum
sanctum</italic></article-title></title-group></article-meta></front><body><p>It grows
<italic>in vitro</italic>. <italic>In vitro</italic>, <italic>O. sanctum</italic> grew.</p></body>
</article>"""


@pytest.fixture
def tokenizer():
    """A tokenizer of which every word is unknown."""
    made = Tokenizer(WordPiece({"[UNK]": 0}, unk_token="[UNK]"))  # noqa: S106
    made.pre_tokenizer = BertPreTokenizer()
    return made


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Ocimum sanctum", {"Ocimum": "B-OG", "sanctum": "I-OG"}),
        ("the Ocimum leaf", {"Ocimum": "O B-OG I-OG"}),
        ("by O. sanctum,", {"O": "B-OG", ".": "I-OG", "sanctum": "I-OG"}),
        ("of Malvaceae", {"Malvaceae": "O B-OG I-OG"}),
        ("RNA-seq of p53", {"RNA": "O", "-": "O", "seq": "O"}),
        ("DEGs (FDR)", {"DEGs": "O", "FDR": "O"}),
        ("WT1 and KEGG-based", {}),
        ("amino acid", {"amino": "B-CD I-CD", "acid": "I-CD"}),
    ],
)
def test_what_a_rule_is_sure_of(tokenizer, text, sure):
    """And of no other word."""
    [(_, words)] = encode([text], tokenizer)
    allowed = allowed_labels(text, words, SPECIES, LABELS)
    assert {
        text[start:end]: " ".join(LABELS[i] for i in own)
        for (_, start, end), own in zip(words, allowed, strict=True)
        if len(own) < len(LABELS)
    } == sure


def test_latin_names_are_told_by_italics(tmp_path):
    """But what stands in glass is none."""
    path = tmp_path / "a.xml"
    path.write_text(ARTICLE)
    (article,) = article_texts([Path(path)])
    assert article.species == SPECIES
    assert article.passages[0] == "Effect of Ocimum sanctum"


def test_only_sentences_are_drawn(tokenizer):
    """Cells of tables would teach numbers."""
    sentence = "the mouse gene is here, the mouse gene is here."
    articles = [
        ArticleText([f"{sentence} Is it?", "aspirin"], frozenset()),
        ArticleText([sentence], frozenset({"the mouse"})),
    ]
    drawn = article_examples(articles, tokenizer, LABELS, seed=0)
    assert [len(example.first) for example in drawn] == [12, 12]
    marked = [sum(len(own) < len(LABELS) for own in example.allowed) for example in drawn]
    assert sorted(marked) == [0, 4]

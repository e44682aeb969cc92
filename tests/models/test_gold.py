"""Gold in every format becomes a text with mentions that stand where the gold says."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gold import (
    GoldError,
    Mention,
    iob_document,
    join_tokens,
    read_gold,
    tagged_spans,
)

TEXT = "BRCA1 in β-cells\n\nIt binds BRCA1 and aspirin 🐭."


@pytest.fixture
def write(tmp_path: Path):
    """Writes a file with these lines and gives its path."""

    def write_file(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_file


def surfaces(gold):
    """What the gold annotates, as (text, label), by document."""
    return [[(doc.text[m.start : m.end], m.type) for m in doc.mentions] for doc in gold.documents]


def test_iob_without_document_marks_is_a_document_a_sentence(write):
    """So the bootstrap draws sentences, and says so."""
    path = write("test.tsv", "IL\tB-GP", "-\tI-GP", "2\tI-GP", ".\tO", "", "", "Mice\tB-OG", "")
    gold = read_gold(path)
    assert (gold.format, gold.unit) == ("IOB", "sentence")
    assert [(doc.name, doc.text) for doc in gold.documents] == [
        ("test.tsv:1", "IL-2."),
        ("test.tsv:2", "Mice"),
    ]
    assert surfaces(gold) == [[("IL-2", "GP")], [("Mice", "OG")]]


def test_iob_with_document_marks_keeps_sentences_together(write):
    """Each on a line of its own."""
    path = write(
        "a.tsv", "-DOCSTART-\tO", "", "One\tO", "", "p53\tB-GP", "", "-DOCSTART-\tO", "Two\tO"
    )
    gold = read_gold(path)
    assert gold.unit == "document"
    assert [doc.text for doc in gold.documents] == ["One\np53", "Two"]
    assert gold.documents[0].sentences == ((0, 3), (4, 7))
    assert surfaces(gold) == [[("p53", "GP")], []]


def test_pubtator_offsets_count_title_separator_and_abstract(write):
    """In code points; relations are passed over."""
    path = write(
        "corpus.txt",
        "7|t|BRCA1 in 🐭.",
        "7|a|Mice had it.",
        "7\t0\t5\tBRCA1\tGene\t672",
        "7\t12\t16\tMice\tSpecies\t10090",
        "7\tAssociation\t672\t10090",
        "",
        "8|t|Nothing here.",
        "8|a|",
    )
    gold = read_gold(path)
    assert gold.format == "PubTator"
    assert [doc.name for doc in gold.documents] == ["7", "8"]
    assert surfaces(gold) == [[("BRCA1", "Gene"), ("Mice", "Species")], []]


def test_brat_reads_text_bound_annotations_alone(tmp_path):
    """Relations and notes are passed over; a mention in pieces is one span."""
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "a.ann").write_text(
        "T1\tGene 0 5\tBRCA1\nT2\tCell 9 11;11 16\tβ- cells\nR1\tBinds Arg1:T1 Arg2:T2\n"
        "T3\tGene 27 32\tBRCA1\n#1\tNote T1\tx\n",
        encoding="utf-8",
    )
    for path in (tmp_path, tmp_path / "a.ann", tmp_path / "a.txt"):
        gold = read_gold(path)
        assert gold.format == "brat"
        assert surfaces(gold) == [[("BRCA1", "Gene"), ("β-cells", "Cell"), ("BRCA1", "Gene")]]
        assert gold.documents[0].discontinuous == 1


def test_craft_spans_nest_and_repeat(tmp_path):
    """Two concepts with one span are one mention."""
    (tmp_path / "7.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "7.entities.tsv").write_text(
        "spans\ttype\tconcept\ttext\n0-5\tGP\tPR:1\tBRCA1\n0-5\tGP\tPR:2\tBRCA1\n"
        "0-16\tGP\tPR:3\tBRCA1 in β-cells\n37-44\tCD\tCHEBI:1\taspirin\n"
        "0-5;9-16\tGP\tPR:4\tBRCA1 ... β-cells\n",
        encoding="utf-8",
    )
    (tmp_path / "7.copyright.txt").write_text("public", encoding="utf-8")
    for path in (tmp_path, tmp_path / "7.txt", tmp_path / "7.entities.tsv"):
        gold = read_gold(path)
        assert (gold.format, [doc.name for doc in gold.documents]) == ("CRAFT", ["7"])
        assert gold.documents[0].mentions == (
            Mention(0, 5, "GP"),
            Mention(0, 16, "GP"),
            Mention(37, 44, "CD"),
        )


def test_chemprot_has_abstracts_and_entities_in_tables(write, tmp_path):
    """Entities of abstracts that are not there are left out, as where only some have text."""
    write("abstracts.partial.tsv", "7\tp53 binds.\tIt binds DNA.", "8\tMice\tNone.")
    write(
        "entities.tsv",
        "7\tT1\tGENE-Y\t0\t3\tp53",
        "7\tT2\tCHEMICAL\t20\t23\tDNA",
        "9\tT1\tGENE-Y\t0\t3\tp53",
    )
    gold = read_gold(tmp_path)
    assert (gold.format, gold.unit) == ("ChemProt", "document")
    assert [doc.text for doc in gold.documents] == ["p53 binds.\nIt binds DNA.", "Mice\nNone."]
    assert surfaces(gold) == [[("p53", "GENE-Y"), ("DNA", "CHEMICAL")], []]


def test_what_one_of_two_readers_marked_is_undecided(write):
    """Where a passage has one reader throughout, all is decided."""
    row = {"id": "P1", "article_id": "PMC1", "section": "FIG", "text": "p53 in mice"}
    marks = [
        {"start": 0, "end": 3, "type": "GP", "exact": "p53", "readers": 2},
        {"start": 7, "end": 11, "type": "OG", "exact": "mice", "readers": 1},
    ]
    both = write("a.jsonl", json.dumps({**row, "mentions": marks}))
    [passage] = read_gold(both).documents
    assert (passage.name, passage.article, passage.section) == ("P1", "PMC1", "FIG")
    assert (passage.mentions, passage.undecided) == (
        (Mention(0, 3, "GP"),),
        (Mention(7, 11, "OG"),),
    )
    [passage] = read_gold(write("b.jsonl", json.dumps({**row, "mentions": marks[1:]}))).documents
    assert (passage.mentions, passage.undecided) == ((Mention(7, 11, "OG"),), ())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "p53\tB-GP\np53\n", "a.tsv:2: expected a token, a tab and an IOB tag"),
        ("a.txt", "7|t|p53\n7|a|\n7\t0\t3\tp21\tGene\n", "a.txt:3: offsets .* hold 'p53', not"),
        ("a.txt", "7|t|p53\n7|a|\n7\t0\n", "a.txt:3: expected id, start, end, mention, type"),
        ("a.txt", "Only prose.\n", "holds no gold"),
        ("a.ann", "T1\tGene 0 3\tp53\n", "a.txt is missing"),
        ("a.txt", "7|t|p53\n8\t0\t3\tp53\tGene\n", "a.txt:2: a row of '8' stands below '7'"),
        ("a.tsv", "p53\tB-GP\n\tO\n", "a.tsv:2: expected a token, a tab and an IOB tag"),
        ("a.entities.tsv", "spans\ttype\tconcept\ttext\n1-1\tGP\tx\t\n", "it would be empty"),
        ("a.entities.tsv", "begin\tend\n", "expected columns spans, type"),
        ("a.jsonl", '{"id": "1", "mentions": []}\n', "a.jsonl:1: expected JSON with id, text"),
        ("entities.tsv", "7\tT1\tGENE\t0\t3\tp53\n", "has entities.tsv, but no abstracts"),
    ],
)
def test_broken_gold_is_refused_with_its_place(tmp_path, name, content, message):
    """File, line, what was expected and what was found."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    if name == "entities.tsv":
        path = tmp_path
    if name == "a.entities.tsv":
        (tmp_path / "a.txt").write_text("p53", encoding="utf-8")
    with pytest.raises(GoldError, match=message):
        read_gold(path)


def test_no_document_is_lost_for_want_of_a_blank_line(write):
    """Or for one too many; nor the sentences before the first mark of an IOB file."""
    gold = read_gold(write("a.txt", "1|t|p53\n\n1\t0\t3\tp53\tGene\n2|t|p21\n2|a|no\n"))
    assert [(doc.name, doc.text) for doc in gold.documents] == [("1", "p53\n"), ("2", "p21\nno")]
    assert [len(doc.mentions) for doc in gold.documents] == [1, 0]
    gold = read_gold(write("b.tsv", "p53\tB-GP\n\n-DOCSTART- -X- O O\n\np21\tB-GP\n"))
    assert [doc.text for doc in gold.documents] == ["p53", "p21"]
    gold = read_gold(write("c.tsv", "-DOCSTART-\n\np21\tB-GP\n"))
    assert [doc.text for doc in gold.documents] == ["p21"]


def test_training_data_is_not_mixed_with_test_data(write):
    """Scores over both would mean nothing."""
    write("train.tsv", "p53\tB-GP")
    test = write("test.tsv", "p53\tB-GP")
    with pytest.raises(GoldError, match=r"test\.tsv, train\.tsv: name the one to score"):
        read_gold(test.parent)
    assert len(read_gold(test).documents) == 1


def test_no_such_gold(tmp_path):
    """A path that is not there is named."""
    with pytest.raises(GoldError, match="no gold at"):
        read_gold(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text",
    [
        "IL-2 (0.5 mg/ml), i.e. 12,000 of 1, 2 and 3.",
        'They said "never" in 5% of mice.',
        "Binding [3, 4] of E. coli's Na+/K+ pump; p < 0.05.",
    ],
)
def test_tokens_are_spaced_as_prose(text):
    """Numbers, brackets, quotes, abbreviations."""
    tokens = re.findall(r"\w+|[^\w\s]", text)
    assert join_tokens(tokens)[0] == text


words = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=6)
tags = st.sampled_from(["O", "B-GP", "I-GP", "B-DS", "I-DS"])


@given(st.lists(st.lists(st.tuples(words, tags), min_size=1, max_size=12), max_size=4))
def test_every_token_and_mention_stands_where_its_offsets_say(sentences):
    """Tokens are found again in the text, in order; a mention runs from token to token."""
    document = iob_document("x", sentences)
    mentions = set()
    for (start, end), sentence in zip(document.sentences, sentences, strict=True):
        line, offsets = join_tokens([token for token, _ in sentence])
        assert document.text[start:end] == line
        assert [line[a:b] for a, b in offsets] == [token for token, _ in sentence]
        assert all(a[1] <= b[0] for a, b in pairwise(offsets))
        mentions |= {
            (start + offsets[first][0], start + offsets[last][1], label)
            for first, last, label in tagged_spans([tag for _, tag in sentence])
        }
    assert set(document.mentions) == mentions
    assert document.text.split("\n") == [document.text[a:b] for a, b in document.sentences] or (
        not sentences
    )


def test_brat_files_are_found_in_folders_inside(write, tmp_path):
    """As ``export`` writes them, a folder a chunk; where some stand in the folder, they are it."""
    for chunk, name in (("b", "2"), ("a", "1")):
        (tmp_path / "brat" / chunk).mkdir(parents=True)
        write(f"brat/{chunk}/{name}.txt", TEXT)
        write(f"brat/{chunk}/{name}.ann", "T1\tGP 0 5\tBRCA1")
    write("brat/annotation.conf", "[entities]", "GP")
    gold = read_gold(tmp_path / "brat")
    assert (gold.format, [doc.name for doc in gold.documents]) == ("brat", ["1", "2"])
    assert surfaces(gold) == [[("BRCA1", "GP")]] * 2
    write("brat/3.txt", TEXT)
    write("brat/3.ann", "")
    assert [doc.name for doc in read_gold(tmp_path / "brat").documents] == ["3"]


def test_folders_of_training_data_beside_test_data_are_refused(write, tmp_path):
    """Scores over both would mean nothing."""
    for part in ("brat/train", "brat/test"):
        (tmp_path / part).mkdir(parents=True)
        write(f"{part}/1.txt", TEXT)
        write(f"{part}/1.ann", "T1\tGP 0 5\tBRCA1")
    for folder, said in ((tmp_path, "brat/test, brat/train"), (tmp_path / "brat", "test, train")):
        with pytest.raises(GoldError, match=f"holds {said}: name the one to score"):
            read_gold(folder)
    assert len(read_gold(tmp_path / "brat" / "train").documents) == 1

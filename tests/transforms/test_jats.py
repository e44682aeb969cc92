"""Clean text, every character of it found again in the XML, and every other one accounted for."""

import hashlib
import json
import pickle
import re
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.jats import TextOptions, parse_articles, parse_xml
from transforms.records import Article, ArticleRange, Block, RejectError, SourceArticle
from transforms.sections import code_sections
from transforms.sentences import split_passages

CASES = Path(__file__).parents[1] / "cases" / "articles"
EVERYTHING = TextOptions(frozenset(), references=True)


def source(xml: str | bytes, namespaces: str = "") -> SourceArticle:
    """An article as the archives give it."""
    data = xml.encode() if isinstance(xml, str) else xml
    sha256 = hashlib.sha256(data).hexdigest()
    return SourceArticle(ArticleRange("a.xml", 0, 0, len(data), sha256, "", namespaces), data)


def parse(xml: str | bytes, options: TextOptions = TextOptions()) -> list[Article]:  # noqa: B008
    """The articles in the XML, with the codes of their sections."""
    return list(map(code_sections, parse_articles(source(xml), options)))


def paragraph(content: str) -> list[str]:
    """The passages of an article of one paragraph."""
    (article,) = parse(f"<article><body><p>{content}</p></body></article>")
    return article.text.split("\n")


def refused(xml: str | bytes, namespaces: str = "") -> RejectError:
    """Why the XML is refused."""
    with pytest.raises(RejectError) as caught:
        parse_articles(source(xml, namespaces), TextOptions())
    assert caught.value.stage == "parse"
    return caught.value


def check_promises(xml: SourceArticle, articles: Sequence[Article]) -> None:
    """Ledger, passages, and each character of the text, found again by its XPath alone."""
    root = parse_xml(xml)
    tree = root.getroottree()
    nodes: dict[str, str] = {}

    def text_of(xpath: str) -> str:
        if xpath not in nodes:
            (nodes[xpath],) = tree.xpath(xpath, smart_strings=False)
        return nodes[xpath]

    assert articles[0].chars_source == int(root.xpath("string-length()"))
    for article in articles:
        assert article.chars_kept + sum(article.excluded.values()) == article.chars_source
        assert all(count > 0 for count in article.excluded.values())
        ends = [passage.end for passage in article.passages]
        starts = [passage.start for passage in article.passages]
        assert [0, *(end + 1 for end in ends)][: len(starts)] == starts
        assert ends[-1:] == ([len(article.text)] if article.text else [])
        for passage in article.passages:
            text = article.text[passage.start : passage.end]
            assert text == text.strip() != ""
            assert not re.search(r"[\n\t\r]|[\s\u200b]{2}", text)
            assert len(tree.xpath(passage.xpath)) == 1
        places = []
        for at, char in enumerate(article.text):
            span = article.xml_map.locate(at, at + 1)
            if span is None:
                assert char in " \n\ufffc"
                continue
            assert (span.start_xpath, span.start_offset + 1) == (span.end_xpath, span.end_offset)
            found = text_of(span.start_xpath)[span.start_offset]
            assert found == char or (char == " " and found in "\t\r\n")
            places.append((span.start_xpath, span.start_offset))
        assert len(set(places)) == len(places) == article.chars_kept


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_cases(case):
    """Each folder of ``cases/articles`` holds an article and what a reader expects of it."""
    xml = source((CASES / case / "article.xml").read_bytes())
    articles = parse_articles(xml, TextOptions())
    assert [described(code_sections(article)) for article in articles] == json.loads(
        (CASES / case / "expected.json").read_text(encoding="utf-8")
    )
    check_promises(xml, articles)
    check_promises(xml, parse_articles(xml, EVERYTHING))


def described(article: Article) -> dict:
    """An article as ``expected.json`` writes it."""
    return {
        "article_id": article.article_id,
        "title": article.title,
        "language": article.language,
        "article_type": article.article_type,
        "year": article.year,
        "passages": [
            {
                "section": passage.section,
                "path": " > ".join(passage.path),
                "text": article.text[passage.start : passage.end],
            }
            for passage in article.passages
        ],
        "excluded": dict(article.excluded),
        "notes": dict(article.notes),
    }


ELEMENTS = """
    p p p sec title label italic sup sub xref xref fig caption table-wrap td list list-item fn
    inline-formula disp-formula alternatives tex-math break abstract trans-abstract kwd-group kwd
    title-group article-title ref-list ref element-citation mixed-citation name boxed-text
    supplementary-material sub-article response front article-meta back named-content unknown
    custom-meta meta-name meta-value def-item term def disp-quote graphic inline-graphic
    m:math x:p
"""
ATTRIBUTES = {
    "xref": ['ref-type="bibr"', 'ref-type="bibr"', 'ref-type="fn"', 'ref-type="fig"', 'rid="r"'],
    "sec": ['sec-type="methods"', 'xml:lang="fr"', ""],
    "p": ["", "", 'xml:lang="fr"', 'xml:lang="en"'],
    "fig": ["", 'xml:lang="en"'],
    "unknown": ["", 'xml:lang="fr"', 'xml:lang="en-GB"'],
    "sub-article": ["", 'xml:lang="fr"'],
}
TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "1",
                "12",
                "[",
                "]",
                "(",
                ")",
                ", ",
                "; ",
                "–",
                " ",
                "\n   ",
                "Smith et al., ",
                "2004",
            ),
            *(
                "see ",
                "ref. ",
                "A\u0301",
                "😀",
                "\xa0",
                "\u200b",
                "\u202e",
                ".",
                "TP53",
                "\t\t",
                "±",
            ),
        ]
    ),
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Z")), max_size=8),
)


def element(name: str, attribute: str, content: list[str]) -> str:
    """One element as XML."""
    return f"<{name} {attribute}>{''.join(content)}</{name}>"


def trees(content: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """An element around some content."""
    return st.sampled_from(ELEMENTS.split()).flatmap(
        lambda name: st.builds(
            element,
            st.just(name),
            st.sampled_from(ATTRIBUTES.get(name, [""])),
            st.lists(content, max_size=6),
        )
    )


CONTENT = st.recursive(
    st.one_of(
        TEXTS.map(escape), st.sampled_from(["<!--c-->", "<?p i?>", "<![CDATA[<&]]>", "&alpha;"])
    ),
    trees,
    max_leaves=40,
)


@given(st.lists(CONTENT, max_size=6), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_tree_is_accounted_for_character_by_character(content, everything):
    """Whatever the XML: nothing lost, nothing twice, and all of it found again."""
    namespaces = 'xmlns:m="http://www.w3.org/1998/Math/MathML" xmlns:x="urn:x" xml:lang="en"'
    xml = source(f"<article {namespaces}><front/>{''.join(content)}</article>")
    options = EVERYTHING if everything else TextOptions()
    articles = parse_articles(xml, options)
    check_promises(xml, articles)
    assert [article.article_id for article in articles[1:]] == [
        f"{articles[0].article_id}#sa{number}" for number in range(1, len(articles))
    ]


@given(st.data())
@settings(deadline=None)
def test_a_span_reaches_from_its_first_to_its_last_character_in_the_xml(data):
    """Inserted characters at its edges do not count."""
    (article,) = parse(
        "<article><body><p>a<inline-formula><tex-math>x</tex-math></inline-formula>b"
        "<fig><label>F</label></fig>c  d<i>e</i></p></body></article>"
    )
    assert article.text == "a\ufffcb c de\nF"
    start = data.draw(st.integers(0, len(article.text)))
    end = data.draw(st.integers(start, len(article.text)))
    located = [at for at in range(start, end) if article.xml_map.locate(at, at + 1)]
    span = article.xml_map.locate(start, end)
    if not located:
        assert span is None
        return
    first = article.xml_map.locate(located[0], located[0] + 1)
    last = article.xml_map.locate(located[-1], located[-1] + 1)
    assert span[:2] == first[:2]
    assert span[2:] == last[2:]


@pytest.mark.parametrize(
    ("content", "passages"),
    [
        ("Na<sub>v</sub>1.7 and IFN-<italic>γ</italic>", ["Nav1.7 and IFN-γ"]),
        ("in <bold> mice </bold> only", ["in mice only"]),
        ("one<fig><label>F 1</label></fig>, two", ["one, two", "F 1"]),
        ("one <fig><label>F 1</label></fig> two", ["one two", "F 1"]),
        ("one.<fig><label>F 1</label></fig>Two", ["one. Two", "F 1"]),
        ("one <p>inner</p> two", ["one two", "inner"]),
        ("see <ext-link>www.ebi.ac.uk</ext-link>", ["see www.ebi.ac.uk"]),
        ("see <xref ref-type='fig'>Fig. 2</xref>", ["see Fig. 2"]),
        (
            "by <institution-id>10.13039/1</institution-id><institution>NIH</institution>",
            ["by NIH"],
        ),
        (
            "see<def-list><term-head>Name</term-head><def-head>Meaning</def-head></def-list>",
            ["see", "Name", "Meaning"],
        ),
        ("<inline-formula><math/></inline-formula>", [""]),
        ("a<disp-formula><math/></disp-formula>b", ["a \ufffc b"]),
        ("a<disp-formula>2 H<sub>2</sub>O<label>(1)</label></disp-formula>b", ["a 2 H2O b"]),
        ("<named-content>TP53</named-content>-null", ["TP53-null"]),
        (
            "<verse-group><verse-line>a</verse-line><verse-line>b</verse-line></verse-group>",
            [*"ab"],
        ),
        ("a<nobody-knows>b<p>c</p>d</nobody-knows>e", ["ab de", "c"]),
        ("a<xref rid='r'>1</xref><fn id='f'><p>n</p></fn>", ["a1", "n"]),
        ("&nbsp;a&thinsp;b&nbsp;", ["a\u2009b"]),
        (
            "in <italic><named-content content-type='taxon-name'><named-content content-type="
            "'genus'>Aedes</named-content><named-content content-type='species'>aegypti"
            "</named-content></named-content></italic>",
            ["in Aedes aegypti"],
        ),
        (
            "<tp:taxon-name xmlns:tp='t'><tp:taxon-name-part>C.</tp:taxon-name-part>"
            "<tp:taxon-name-part>unamas</tp:taxon-name-part></tp:taxon-name>",
            ["C. unamas"],
        ),
        ("<named-content content-type='gene'>TP</named-content>53", ["TP53"]),
        ("wild<fn><p>n</p></fn>-type, A<fn><p>o</p></fn>/B", ["wild-type, A/B", "n", "o"]),
        ("<abbrev>TNF<def><p>factor</p></def></abbrev>-alpha", ["TNF-alpha", "factor"]),
        ("IL-2<hr/>IL-4", ["IL-2 IL-4"]),
        ("the <tex-math>\\documentclass $\\beta$</tex-math>-catenin", ["the \ufffc-catenin"]),
        ("<inline-formula>$\\alpha$</inline-formula>-SMA", ["\ufffc-SMA"]),
        (
            "<italic>bla</italic>\n<sub>SHV</sub> NH<sub>4</sub>\n  <sup>+</sup> "
            "<italic>E.</italic>\n<italic>coli</italic> in m<sup>2</sup> <sub>x</sub>",
            ["blaSHV NH4+ E. coli in m2 x"],
        ),
        (
            "<taxon-name>S. alba</taxon-name><taxon-authority>Dai &amp; Wu</taxon-authority>"
            "<taxon-status>sp. nov.</taxon-status>, found",
            ["S. alba Dai & Wu sp. nov., found"],
        ),
        (
            "Il10<sup>−/−<xref ref-type='bibr'>5</xref></sup> CD4<sup>+ [<xref ref-type='bibr'>5"
            "</xref>]</sup> Cl<sup>−<xref ref-type='bibr'>5</xref>,<xref ref-type='bibr'>6</xref>"
            "</sup>",
            ["Il10−/− CD4+ Cl−"],
        ),
        (
            "mice<sup><xref ref-type='bibr'>1</xref>–3</sup> cells<sup>1,<xref ref-type='bibr'>2"
            "</xref></sup> 10<sup>5 <xref ref-type='bibr'>6</xref></sup>",
            ["mice cells 105"],
        ),
    ],
)
def test_inline_markup_neither_parts_nor_joins_and_blocks_are_lifted_out(content, passages):
    """What a reader would read as one word is one word."""
    assert paragraph(content) == passages


@pytest.mark.parametrize(
    ("content", "passages"),
    [
        (
            "<oasis:table xmlns:oasis='o'><oasis:tgroup><oasis:row><oasis:entry>BRCA1</oasis:entry>"
            "<oasis:entry>TP53</oasis:entry></oasis:row></oasis:tgroup></oasis:table>",
            ["BRCA1", "TP53"],
        ),
        (
            "<alternatives><graphic><alt-text>Image of it</alt-text></graphic><table><tr>"
            "<td>BRCA1</td><td>mice</td></tr></table></alternatives>",
            ["BRCA1", "mice"],
        ),
        (
            "<table><tr><td><italic xml:lang='la'>Homo sapiens</italic></td>"
            "<td>of <named-content xml:lang='la'>Mus musculus</named-content> too</td></tr>"
            "</table>",
            ["Homo sapiens", "of Mus musculus too"],
        ),
    ],
)
def test_tables_by_cell(content, passages):
    """Whatever model of tables they follow, and whatever else is offered in their place."""
    (article,) = parse(f"<article><body><table-wrap>{content}</table-wrap></body></article>")
    assert article.text.split("\n") == passages


@pytest.mark.parametrize(
    "code", ["en", "EN-us", "en_GB", "eng", " en ", "und", "mul", "english", "en fr"]
)
def test_codes_of_the_same_language(code):
    """Also those of no certain language: nobody would miss its text if it went."""
    (article,) = parse(f"<article xml:lang='{code}'><body><p>iron</p></body></article>")
    assert article.text == "iron"


def test_titles_are_read_as_the_text_is():
    """A line break parts words, a footnote's mark leaves none."""
    xml = (
        "<article><front><article-meta><title-group><article-title>Role of p53<break/>in mice"
        "<xref ref-type='author-notes'>*</xref></article-title></title-group></article-meta>"
        "</front><body><sec><title>Results<break/>and Discussion"
        "<xref ref-type='table-fn'>a</xref></title><p>Cells.</p></sec></body></article>"
    )
    (article,) = parse(xml)
    assert article.title == "Role of p53 in mice"
    assert {(p.section, p.path) for p in article.passages if p.path} == {
        ("RESULTS|DISCUSS", ("Results and Discussion",))
    }


def test_sections_of_taxon_treatments_are_sections():
    """TaxPub has its own name for them."""
    xml = (
        "<article><body><sec><title>Systematics</title><tp:treatment-sec xmlns:tp='t'>"
        "<title>Data availability</title><p>In GenBank.</p></tp:treatment-sec></sec></body>"
        "</article>"
    )
    (article,) = parse(xml)
    last = article.passages[-1]
    assert (last.section, last.path) == ("DATA_AVAIL", ("Systematics", "Data availability"))


def test_a_reference_type_that_is_missing_is_read_from_its_target():
    """Some articles leave ``ref-type`` empty."""
    xml = (
        "<article><body><p>TP53 [<xref ref-type='' rid='r1'>1</xref>].</p></body>"
        "<back><ref-list><ref id='r1'/></ref-list></back></article>"
    )
    assert parse(xml)[0].text == "TP53."


def test_references_become_passages_when_asked_for():
    """Parts of an ``element-citation`` are parted by spaces."""
    xml = (
        "<article><back><ref-list><title>References</title><ref><label>1</label>"
        "<element-citation><name><surname>Li</surname><given-names>A</given-names></name>"
        "<article-title>On <italic>BRCA1</italic></article-title><year>2004</year>"
        "</element-citation></ref><ref><mixed-citation>Li A, <year>2005</year>.</mixed-citation>"
        "</ref></ref-list></back></article>"
    )
    (article,) = parse(xml, TextOptions(references=True))
    assert article.text.split("\n") == ["References", "Li A On BRCA1 2004", "Li A, 2005."]
    assert {passage.section for passage in article.passages} == {"REF"}
    assert parse(xml)[0].text == ""
    assert parse(xml)[0].excluded == {"references": 37}


def test_a_reference_in_several_forms_is_read_once():
    """As its author wrote it."""
    (article,) = parse(
        "<article><back><ref-list><ref><citation-alternatives><element-citation><source>Cell"
        "</source></element-citation><mixed-citation>Li A, Cell.</mixed-citation>"
        "</citation-alternatives></ref></ref-list></back></article>",
        TextOptions(references=True),
    )
    assert article.text == "Li A, Cell."


def test_all_languages_are_text_when_asked_for():
    """An empty set of languages wants all."""
    xml = "<article xml:lang='en'><body><p xml:lang='pt-BR'>ferro</p><p>iron</p></body></article>"
    assert parse(xml)[0].text == "iron"
    assert parse(xml)[0].excluded == {"language": 5}
    assert parse(xml, TextOptions(frozenset()))[0].text == "ferro\niron"
    assert parse(xml, TextOptions(frozenset({"pt"})))[0].text == "ferro"


def test_blocks_tell_the_section_stage_what_stands_around_a_passage():
    """Titles, types, neighbours and the beginning of the text."""
    xml = (
        "<article article-type='review-article'><body><sec><title>A<xref ref-type='bibr'>1</xref>"
        "</title></sec><sec sec-type='methods'><label>2</label><p><bold>Mice.</bold> They ran.</p>"
        "</sec><sec><title>C</title></sec></body></article>"
    )
    (article,) = parse_articles(source(xml), TextOptions())
    body, section, paragraph = article.passages[1].blocks
    assert body == Block("body", "", "", "A12Mice. They ran.C", (), ("A", "", "C"))
    assert section == Block("sec", "Mice.", "methods", "2Mice. They ran.", ("A",), ("C",))
    assert paragraph == Block("p", "Mice.", "", "Mice. They ran.", (), ())


@pytest.mark.parametrize(
    ("paragraph", "code"),
    [
        ("<bold>Funding:</bold> None.", "ACK_FUND"),
        ("<bold>Funding</bold> None.", "ACK_FUND"),
        ("<italic>Conflict of interest</italic>. None.", "COMP_INT"),
        ("<italic><bold>Conflict of interest:</bold></italic> None.", "COMP_INT"),
        ("<italic>Funding</italic> of such work is rare.", "OTHER"),
        ("There was no <bold>funding:</bold> none.", "OTHER"),
    ],
)
def test_words_that_open_a_paragraph_like_a_title_place_it(paragraph, code):
    """Bold ones, and those in italics that a full stop or colon parts from the text."""
    xml = (
        f"<article><back><sec><title>Declarations</title><p>{paragraph}</p></sec></back></article>"
    )
    assert parse(xml)[0].passages[1].section == code


def test_a_label_of_words_is_a_sections_title():
    """Some journals number nothing and put titles there."""
    (article,) = parse(
        "<article><body><sec><label>3. Results</label><p>a</p></sec></body></article>"
    )
    assert [(p.section, p.path) for p in article.passages] == [("RESULTS", ("3. Results",))] * 2


def test_a_label_tells_that_a_section_is_an_appendix():
    """Its title is that of its topic."""
    (article,) = parse(
        "<article><back><sec><label>Appendix A</label><title>Proofs</title><p>a</p></sec></back>"
        "</article>"
    )
    assert [(p.section, p.path) for p in article.passages] == [("APPENDIX", ("Proofs",))] * 3


def test_a_licence_in_the_front_is_metadata():
    """Old articles have it without permissions around it."""
    (article,) = parse(
        "<article><front><article-meta><license><p>Open.</p></license></article-meta></front>"
        "<body><p>Mice.</p></body></article>"
    )
    assert article.text == "Mice."
    assert article.excluded == {"metadata": 5}
    assert article.license == "Open."


def test_a_superscript_after_the_word_reference_is_a_citation():
    """The word has no number there."""
    xref = "<xref ref-type='bibr'>{}</xref>"
    (article,) = parse(
        f"<article><body><p>GAPDH was a reference.<sup>{xref.format(12)}</sup> Mice, as in "
        f"ref.<sup>{xref.format(3)}</sup> too.</p></body></article>"
    )
    assert article.text == "GAPDH was a reference. Mice, as in ref.3 too."


def test_custom_metadata_is_text_only_where_it_says_what_it_is():
    """PLOS keeps its data availability statements there."""
    xml = (
        "<article><front><article-meta><custom-meta-group><custom-meta><meta-name>Data Availability"
        "</meta-name><meta-value>All in GEO.</meta-value></custom-meta><custom-meta><meta-name>"
        "version</meta-name><meta-value>7</meta-value></custom-meta></custom-meta-group>"
        "</article-meta></front></article>"
    )
    (article,) = parse(xml)
    assert article.text == "Data Availability\nAll in GEO."
    assert article.passages[1].section == "DATA_AVAIL"
    assert article.excluded == {"metadata": 8}


def test_related_objects_are_text_in_paragraphs_and_metadata_in_front():
    """A trial's number, or a data set with its address."""
    (article,) = parse(
        "<article><front><article-meta><related-object>NCT1</related-object></article-meta></front>"
        "<body><p>Trial <related-object>NCT01234567</related-object>.</p></body></article>"
    )
    assert article.text == "Trial NCT01234567."
    assert article.excluded == {"metadata": 4}


def test_metadata():
    """Identifiers of the article's own front matter, the earliest year, the licence's URL."""
    (article,) = parse(
        "<article xmlns:xlink='http://www.w3.org/1999/xlink' article-type='letter' xml:lang='en'>"
        "<front><journal-meta><journal-title-group><journal-title>J. Iron</journal-title>"
        "</journal-title-group></journal-meta><article-meta><article-id pub-id-type='pmid'>7"
        "</article-id><article-id pub-id-type='pmc'>8</article-id><article-id pub-id-type='doi'>"
        "10.1/x</article-id><title-group><article-title>On<xref ref-type='fn'>*</xref>\n iron"
        "</article-title></title-group><pub-date><year>2020</year></pub-date><pub-date><year>2019"
        "</year></pub-date><permissions><license xlink:href='https://creativecommons.org/licenses/"
        "by/4.0/'><license-p>Open.</license-p></license></permissions><related-article>"
        "<article-id pub-id-type='pmid'>9</article-id></related-article></article-meta></front>"
        "</article>"
    )
    assert (article.article_id, article.pmcid, article.pmid, article.doi) == (
        *("PMC8", "PMC8", "7", "10.1/x"),
    )
    assert (article.title, article.journal, article.article_type) == (
        "On iron",
        "J. Iron",
        "letter",
    )
    assert (article.language, article.year) == ("en", 2019)
    assert article.license == "https://creativecommons.org/licenses/by/4.0/"


def test_an_article_without_identifiers_goes_by_its_bytes():
    """And without anything else, it is empty but whole."""
    xml = source("<article/>")
    (article,) = parse_articles(xml, TextOptions())
    assert article.article_id == f"SRC:{xml.range.sha256[:16]}"
    assert (article.text, article.passages, article.chars_source) == ("", (), 0)


def test_namespaces_of_enclosing_elements_are_in_scope():
    """An article cut out of an OAI answer, say."""
    xml = source("<o:article><o:p l:href='x'>iron</o:p></o:article>", 'xmlns:o="urn:o" xmlns:l="l"')
    (article,) = parse_articles(xml, TextOptions())
    assert article.passages[0].xpath == "/*[local-name()='article'][1]/*[local-name()='p'][1]"
    check_promises(xml, [article])


def test_an_article_travels():
    """Between processes, with its map."""
    (article,) = parse("<article><body><p>iron</p></body></article>")
    copy = pickle.loads(pickle.dumps(article))  # noqa: S301
    assert copy.xml_map.locate(0, 4) == article.xml_map.locate(0, 4)


@pytest.mark.parametrize(
    ("xml", "reason", "said"),
    [
        ("", "empty", "found nothing"),
        ("<article>\n<p>a</sec></article>", "not-well-formed", "line 2, column"),
        ("<article><p l:href='x'/></article>", "unbound-prefix", "line 1, column 23"),
        (b"<article>\n <p>caf\xe9</p></article>", "bad-encoding", "0xe9 at line 2, column 8"),
        ("<article><p>\x00</p></article>", "bad-encoding", "line 1"),
        ("<html><p>a</p></html>", "not-jats", "found html"),
        ("<article/><article/>", "not-well-formed", "found 2"),
        ("<article/></w><w>", "not-well-formed", "line 1"),
        ("<article>" + "<p>" * 900_000, "too-deep", "256"),
        ("<article>" + "<!-- &a;" * 100_000, "not-well-formed", "line 1"),
        ("<article>" + "<?" * 900_000, "not-well-formed", "line 1"),
        (f"<article><p>{'a' * 11_000_000}</p></article>", "too-long", "line 1"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(xml, reason, said):
    """With the place, for a curator."""
    error = refused(xml)
    assert error.reason == reason
    assert said in error.message


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE article [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE article [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE article SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE article [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
    ],
)
def test_no_doctype_is_read(doctype):
    """So none can define an entity, or fetch anything."""
    assert refused(f"{doctype}<article><p>&b;&x;</p></article>").reason == "not-well-formed"


def test_entities_of_the_dtd_are_decoded_and_counted():
    """By the standard tables; in comments and CDATA they are no entities."""
    (article,) = parse(
        "<article><!-- &lsqb; -->\n<p>&alpha;&nbsp;&lt;&bogus;&lambda;"
        "<![CDATA[&beta;]]> &agr;&THgr;&b.kappa;</p></article>"
    )
    assert article.text == "α\xa0<\ufffdλ&beta; αΘκ"
    assert article.notes == {"entities_decoded": 6, "entities_unknown": 1}


def test_footnotes_that_name_editors_and_addresses_are_left_out():
    """What the article's own notes say stays."""
    notes = (
        '<fn fn-type="edited-by"><p>Edited by: A. Editor, Example University</p></fn>'
        '<fn fn-type="custom" custom-type="edited-by"><p>Edited by: B. Editor</p></fn>'
        '<fn fn-type="present-address"><p>Present address: Example Institute</p></fn>'
        '<fn fn-type="conflict"><p>No competing interests.</p></fn>'
    )
    (article,) = parse(
        "<article><front><article-meta>"
        f"<author-notes>{notes}</author-notes></article-meta></front></article>"
    )
    assert article.text == "No competing interests."
    assert article.excluded == {"authors": 60, "affiliations": 34}


def test_the_year_of_an_issue_of_several_months():
    """PubMed has it in words."""
    (article,) = parse(
        "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><Journal><JournalIssue><PubDate>"
        "<MedlineDate>2003 Jan-Feb</MedlineDate></PubDate></JournalIssue></Journal></Article>"
        "</MedlineCitation></PubmedArticle>"
    )
    assert article.year == 2003


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("<p>Correspondence to: A. Smith, <email>a@b.org</email></p>", False),
        ("<label>*</label><p>Corresponding author.</p>", False),
        ("<p>E-mail: <email>a@b.org</email></p>", False),
        ("<p><email>a.smith@b.org</email></p>", False),
        ("<p>Electronic address: a@b.org</p>", False),
        ("<p>Emails were sent to a@b.org.</p>", True),
        ("<p>These authors contributed equally.</p>", True),
    ],
)
def test_authors_addresses_are_no_text(note, kept):
    """Whether or not the note has a type."""
    (article,) = parse(
        f"<article><front><article-meta><author-notes><fn>{note}</fn></author-notes>"
        "</article-meta></front></article>"
    )
    assert bool(article.text) == kept
    assert ("affiliations" in article.excluded) != kept


def test_a_history_among_the_notes_is_metadata():
    """A section of that type in the body is what it says."""
    history = '<sec sec-type="history"><p>Revised 2026 May 11.</p></sec>'
    (article,) = parse(
        f"<article><body>{history}</body><back><notes>{history}</notes></back></article>"
    )
    assert article.text == "Revised 2026 May 11."
    assert article.excluded["metadata"] == len(article.text)


def test_a_figure_that_is_called_a_table_is_one():
    """Preprints show tables as pictures."""
    figure = "<fig><label>{0} 2.</label><caption><p>Mice.</p></caption></fig>"
    body = "".join(map(figure.format, ("Table", "Figure", "Supplementary Table")))
    (article,) = parse(f"<article><body>{body}</body></article>")
    by_text = {article.text[p.start : p.end]: p.section for p in article.passages}
    assert by_text["Table 2."] == by_text["Supplementary Table 2."] == "TABLE"
    assert by_text["Figure 2."] == "FIG"


@pytest.mark.parametrize(
    "namespace", ["http://www.elsevier.com/xml/ja/dtd", "http://docbook.org/ns/docbook"]
)
def test_articles_of_other_schemas_are_refused(namespace):
    """They use the names of JATS for other things."""
    with pytest.raises(RejectError, match=namespace) as error:
        parse(f"<article xmlns='{namespace}'><body><p>Mice.</p></body></article>")
    assert error.value.reason == "not-jats"


@pytest.mark.parametrize("child", ["header", "article-metadata", "art-front", "pubfm", "authors"])
def test_articles_of_publishers_own_dtds_are_refused(child):
    """They too have a root called article; what has a front may have any other children."""
    error = refused(f"<article><{child}>Mice</{child}><body><p>ran.</p></body></article>")
    assert error.reason == "not-jats"
    assert child in error.message
    (article,) = parse(
        f"<article><front/><{child}>Mice</{child}><body><p>ran.</p></body></article>"
    )
    assert article.text == "Mice\nran."


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("In mice [{1}],{n} rats [{2}], and", "In mice, rats, and"),
        ("As in Ek ({y});{n} so it is", "As in Ek; so it is"),
        ("In mice [{1}],<sup>{n}</sup> rats", "In mice, rats"),
        ("In mice<sup>{1}</sup><sup>,</sup><sup>{n}</sup> and rats", "In mice and rats"),
        ("In mice<sup>{1},{2}</sup> and rats", "In mice and rats"),
        ("In mice{n},{n} and rats", "In mice and rats"),
    ],
)
def test_a_comma_between_a_citation_and_a_footnote_is_the_authors(content, text):
    """Between two marks of one kind, or raised, it only holds them."""
    marks = {
        "1": "<xref ref-type='bibr'>1</xref>",
        "2": "<xref ref-type='bibr'>2</xref>",
        "y": "<xref ref-type='bibr'>1997</xref>",
        "n": "<xref ref-type='fn'>3</xref>",
    }
    for name, mark in marks.items():
        content = content.replace(f"{{{name}}}", mark)
    assert paragraph(content) == [text]


def sentences(xml: str) -> list[str]:
    """The sentences of the first article in the XML."""
    article = parse(xml)[0]
    places = [(passage.start, passage.end) for passage in article.passages]
    breaks = [at for passage in article.passages for at in passage.breaks]
    split = split_passages(article.text, places, breaks)
    return [article.text[one.start : one.end] for one in split.sentences]


@pytest.mark.parametrize(
    "block",
    [
        "<list><list-item><p>X</p></list-item></list>",
        "<disp-quote><p>X</p></disp-quote>",
        "<table-wrap><table><tr><td>X</td></tr></table></table-wrap>",
        "<preformat>X</preformat>",
    ],
)
def test_a_capital_letter_behind_a_block_begins_a_sentence(block):
    """What goes on in lower case, or behind a footnote or a figure, is one sentence."""
    body = "<article><body><p>Mice were as{block}{rest}</p></body></article>".format
    for space in ("", " "):
        found = sentences(body(block=block, rest=f"{space}Rats ran."))
        assert found[:2] == ["Mice were as", "Rats ran."]
        assert sentences(body(block=block, rest=f"{space}follows."))[0] == "Mice were as follows."
    assert sentences(body(block=block, rest=", Rats too."))[0] == "Mice were as, Rats too."
    for floating in ("<fn><p>X</p></fn>", "<fig><caption><p>X</p></caption></fig>"):
        found = sentences(body(block=floating, rest=" BRCA1 is."))
        assert found[0] == "Mice were as BRCA1 is."


def test_a_capital_letter_behind_a_displayed_formula_begins_a_sentence():
    """The placeholder, or the formula that is text, stays with the sentence before."""
    maths = "<disp-formula><math><mi>r</mi></math></disp-formula>"
    assert sentences(f"<article><body><p>It is{maths}We ran; r{maths}is.</p></body></article>") == [
        "It is \ufffc",
        "We ran; r \ufffc is.",
    ]
    plain = "<disp-formula>H<sub>2</sub>O</disp-formula>"
    assert sentences(f"<article><body><p>It is {plain} We ran.</p></body></article>") == [
        "It is H2O",
        "We ran.",
    ]


def test_scanned_text_is_parted_where_its_paragraphs_end():
    """At blank lines, headings and page numbers; words that lines break are whole again."""
    xml = (
        "<article><body><preformat preformat-type='{}'>\n  The haemo-\n  globin of IgA-\nDNA was\n"
        " low.\n\nA Bell\n  12\nKEY POINTS\nMice die.</preformat></body></article>"
    )
    (scanned,) = parse(xml.format("pmc-ocr-text"))
    assert scanned.text.split("\n") == [
        "The haemoglobin of IgA- DNA was low.",
        "A Bell",
        "12",
        "KEY POINTS",
        "Mice die.",
    ]
    assert scanned.excluded["line-hyphen"] == 4
    check_promises(source(xml.format("pmc-ocr-text")), [scanned])
    (code,) = parse(xml.format("code"))
    assert code.text.split("\n") == [
        "The haemo- globin of IgA- DNA was low.",
        "A Bell 12 KEY POINTS Mice die.",
    ]


def test_soft_hyphens_are_left_out():
    """With and without them a name is the same."""
    (article,) = parse("<article><body><p>phospho\u00adlipase \u00adC\u00ad</p></body></article>")
    assert article.text == "phospholipase C"
    assert article.excluded == {"soft-hyphen": 3}


def test_an_other_abstract_is_english_if_it_does_not_say_otherwise():
    """By PubMed's DTD."""
    (article,) = parse(
        "<PubmedArticle><MedlineCitation><OtherAbstract Type='KIE'><AbstractText>Mice."
        "</AbstractText></OtherAbstract><OtherAbstract Language='fre'><AbstractText>Souris."
        "</AbstractText></OtherAbstract></MedlineCitation></PubmedArticle>"
    )
    assert article.text == "Mice."
    assert article.passages[0].section == "ABSTRACT"


def test_the_title_of_a_book_is_a_title_where_no_chapter_has_one():
    """A record of a chapter has both."""
    record = (
        "<PubmedBookArticle><BookDocument>{}<Book><BookTitle>On Mice</BookTitle></Book>"
        "</BookDocument></PubmedBookArticle>"
    )
    (book,) = parse(record.format(""))
    assert (book.title, book.text, book.passages[0].section) == ("On Mice", "On Mice", "TITLE")
    (chapter,) = parse(record.format("<ArticleTitle>Fur</ArticleTitle>"))
    assert (chapter.title, chapter.text) == ("Fur", "Fur")


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("<fn><p><sup>*</sup> Present address: Ek Institute, Oldtown.</p></fn>", "affiliations"),
        ("<fn><label>2</label><p>Current address: Newtown.</p></fn>", "affiliations"),
        ("<fn><p>Permanent affiliation: Newtown.</p></fn>", "affiliations"),
        ("<fn><p>Reprint requests: A. Ek, 5 Road.</p></fn>", "affiliations"),
        ("<p>Address reprint requests to A. Ek.</p>", "affiliations"),
        ("<p>To whom correspondence should be sent: a@b.org</p>", "affiliations"),
        ("<p>Requests for materials should be sent to A. Ek.</p>", "affiliations"),
        ("<fn><p>Academic Editor: A. Ek</p></fn>", "authors"),
        ("<fn><p>Edited by: A. Ek, Oldtown</p></fn>", "authors"),
        (
            "<fn><p>This article was submitted to Mice, a section of the journal Fur</p></fn>",
            "metadata",
        ),
        ("<fn><p>Present data are ours.</p></fn>", ""),
        ("<p>All authors are equal.</p>", ""),
    ],
)
def test_notes_on_people_and_on_the_journal_are_no_text(note, reason):
    """In whatever shape the authors' notes have them."""
    (article,) = parse(
        f"<article><front><article-meta><author-notes>{note}</author-notes></article-meta></front>"
        "</article>"
    )
    assert bool(article.text) == (not reason)
    assert not reason or article.excluded[reason] > 8


def codes_of(back: str) -> list[str]:
    """The section codes of the passages of the back matter."""
    return [
        passage.section for passage in parse(f"<article><back>{back}</back></article>")[0].passages
    ]


def test_each_paragraph_of_a_statement_has_a_code_of_its_own():
    """Those that state nothing have the code of the whole."""
    thanks = "<p>We thank A. Bell.</p><p>The drawings are by C. Dorn.</p>"
    none = "<p>The authors have no conflict of interest.</p>"
    led = "<p><bold>Conflict of interest</bold> AB is paid by a maker.</p>"
    free = "<p><bold>Open Access</bold> This article is free.</p>"
    assert codes_of(f"<ack>{thanks}{none}</ack>") == ["ACK_FUND", "ACK_FUND", "COMP_INT"]
    assert codes_of(f"<ack>{thanks}{led}{free}</ack>")[2:] == ["COMP_INT", "OTHER"]
    assert codes_of(f"<fn-group><fn>{thanks}{none}</fn></fn-group>") == [
        "ACK_FUND",
        "ACK_FUND",
        "COMP_INT",
    ]
    interests = (
        "<p>Competing interests: AB has shares.</p><p>CD is supported by grants from us.</p>"
    )
    assert codes_of(f"<notes>{interests}</notes>") == ["COMP_INT", "COMP_INT"]


def test_a_paragraph_like_a_title_names_those_that_follow():
    """Until the next of its kind."""
    body = (
        "<article><body><sec><title>Discussion</title><p>Mice ran.</p>"
        "<p><bold>Disclosures</bold></p><p>None.</p>"
        "<p><italic>Author contributions</italic>: AB ran.</p><p>CD ate.</p>"
        "<p><bold>Funding.</bold></p><p>None.</p></sec></body></article>"
    )
    assert [passage.section for passage in parse(body)[0].passages] == [
        *("DISCUSS", "DISCUSS", "COMP_INT", "COMP_INT", "AUTH_CONT", "DISCUSS"),
        *("ACK_FUND", "ACK_FUND"),
    ]


def test_paths_have_titles_as_the_text_has_them():
    """Without what is left of citations, with those that a title needs."""
    title = "<title>{}</title>".format
    mark = "<xref ref-type='bibr'>{}</xref>".format
    titles = [
        title(f"Ways of ({mark('Bell, 2003')})"),
        title(f"Mice<sup>{mark(1)},{mark(2)}</sup>"),
        title(f"Use of Fur_Align [{mark(12)}]"),
    ]
    body = "".join(f"<sec>{one}</sec>" for one in titles)
    (article,) = parse(f"<article><body>{body}</body></article>")
    assert article.text.split("\n") == ["Ways of (Bell, 2003)", "Mice", "Use of Fur_Align"]
    assert [passage.path for passage in article.passages] == [
        (line,) for line in article.text.split("\n")
    ]


def test_parts_of_citations_and_names_are_apart():
    """Where publishers write nothing between them."""
    name = "<string-name><surname>Bell</surname><given-names>A</given-names></string-name>"
    (article,) = parse(
        f"<article><body><p>See {name}.</p></body><back><ref-list><ref><mixed-citation>{name}<year>"
        "2001</year>, <source>Fur</source></mixed-citation></ref></ref-list></back></article>",
        TextOptions(references=True),
    )
    assert article.text == "See Bell A.\nBell A 2001, Fur"


def test_text_behind_the_last_section_is_no_introduction():
    """Text before the first one is."""
    sections = "<sec><title>Results</title></sec><sec><title>Discussion</title></sec>"
    (article,) = parse(
        "<article article-type='research-article'><body><p>a</p>"
        f"{sections}<p>b</p></body></article>"
    )
    assert [passage.section for passage in article.passages] == [
        "INTRO",
        "RESULTS",
        "DISCUSS",
        "OTHER",
    ]


def test_a_section_of_references_is_a_reference_list():
    """In the body too, with the others; one on references inside another section is not."""
    section = "<sec><title>References</title><p>Bell A. Fur.</p></sec>"
    xml = f"<article><body>{section}<sec><title>Use</title>{section}</sec></body></article>"
    assert parse(xml)[0].text == "Use\nReferences\nBell A. Fur."
    assert parse(xml, TextOptions(references=True))[0].text.count("Bell") == 2


def test_europe_pmcs_id_of_a_preprint():
    """Whatever its type is called."""
    (article,) = parse(
        "<article><front><article-meta><article-id pub-id-type='archive'>PPR123</article-id>"
        "<article-id pub-id-type='doi'>10.1101/1</article-id></article-meta></front></article>"
    )
    assert (article.pprid, article.article_id) == ("PPR123", "DOI:10.1101/1")

"""Names and attributes of elements of JATS and PubMed that the modules ask for."""

from transforms.jats.marks import CITATION, FOOTNOTE


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FRONT = frozenset(("front", "front-stub", "article-meta"))
FORMATTING = _words(
    "italic bold sub sup sc underline overline monospace roman sans-serif strike named-content "
    "styled-content ext-link email uri"
)
SPACED = _words(
    "element-citation nlm-citation name compound-kwd taxon-authority taxon-status "
    "nomenclature-citation"
)
# Between these, publishers may write nothing.
CITATION_PARTS = _words(
    "surname given-names prefix suffix name string-name person-group collab etal year month day "
    "season date volume issue fpage lpage page-range elocation-id source article-title part-title "
    "chapter-title trans-title trans-source publisher-name publisher-loc conf-name conf-date "
    "conf-loc edition series patent pub-id issn isbn institution degrees date-in-citation comment "
    "ext-link uri"
)
MATHS = frozenset(("math", "tex-math", "inline-formula", "disp-formula"))
TRANSLATIONS = _words(
    "trans-abstract trans-title-group trans-title trans-subtitle OtherAbstract VernacularTitle"
)
# Parts of a species' name, between which some journals write nothing: Aedes, aegypti.
NAME_PARTS = frozenset(("named-content", "taxon-name-part"))
RANKS = _words(
    "kingdom phylum class subclass superorder order suborder infraorder superfamily family "
    "subfamily tribe subtribe genus subgenus section species subspecies variety form authority"
)
# Blocks in a paragraph behind which a capital letter begins a sentence. Figures and boxes are not
# among them: they float, and the paragraph runs on around them.
SET_APART = _words(
    "list def-list disp-quote disp-formula disp-formula-group table-wrap table-wrap-group table "
    "statement verse-group speech preformat code chem-struct-wrap array"
)
TITLE_HOLDERS = frozenset(("title-group", "trans-title-group"))
KINDS = ("sec-type", "fn-type", "notes-type", "content-type", "abstract-type", "NlmCategory")
XREF_MARKS = {
    "bibr": CITATION,
    "ref": CITATION,
    **dict.fromkeys(("fn", "table-fn", "aff", "corresp", "author-notes"), FOOTNOTE),
}
MARC_LANGUAGES = {
    **{"eng": "en", "spa": "es", "por": "pt", "fre": "fr", "ger": "de", "ita": "it"},
    **{"chi": "zh", "jpn": "ja", "rus": "ru", "kor": "ko", "pol": "pl", "tur": "tr"},
    **{"fra": "fr", "deu": "de", "zho": "zh", "dut": "nl", "nld": "nl", "ara": "ar"},
}
# Codes that say that there is no one language, or that nobody knows it.
NO_LANGUAGE = frozenset(("und", "mul", "zxx", "mis"))

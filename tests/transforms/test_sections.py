"""The section code of a passage: one case a convention, one a trap."""

import functools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import Block
from transforms.sections import CODES, rules, section_code
from transforms.sections.rules import RULES, STATEMENTS, Rule, Statement, Titles
from transforms.sections.titles import code_of_title, normalise, plain


def block(
    title: str = "",
    element: str = "sec",
    kind: str = "",
    text: str = "",
    before: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
) -> Block:
    """A block with empty fields but for those named."""
    return Block(element, title, kind, text, before, after)


def code_of(*blocks: Block | str, article_type: str = "research-article") -> str:
    """The code of nested blocks; a string is a section of that title."""
    nested = [block(b) if isinstance(b, str) else b for b in blocks]
    return section_code(nested, article_type)


BACK = block(element="back")
MAIN = ("Introduction", "Materials and methods", "Results", "Discussion", "Conclusions")


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Introduction", "INTRO"),
        ("Background", "INTRO"),
        ("Background and objectives", "INTRO"),
        ("Research background", "INTRO"),
        ("Research conclusions", "CONCL"),
        ("Conclusions of the study", "CONCL"),
        ("COI statement", "COMP_INT"),
        ("Disclosure Summary", "COMP_INT"),
        ("Open Research", "DATA_AVAIL"),
        ("Data summary", "DATA_AVAIL"),
        ("GEO accession", "DATA_AVAIL"),
        ("Statement of significance", "ABSTRACT"),
        ("Translational Relevance", "ABSTRACT"),
        ("Added value of this study", "ABSTRACT"),
        ("Video Supplement", "SUPPL"),
        ("Index Terms", "KEYWORD"),
        ("CRediT roles", "AUTH_CONT"),
        ("DNA Deposition", "DATA_AVAIL"),
        ("Microarray data accession", "DATA_AVAIL"),
        ("Online Supporting Information", "SUPPL"),
        ("Introduction: why it matters", "INTRO"),
        ("INTRODUÇÃO", "INTRO"),
        ("I N T R O D U C T I O N", "INTRO"),
        ("2.1. Materials and methods", "METHODS"),
        ("Materials & Methods", "METHODS"),
        ("■ INTRODUCTION", "INTRO"),
        ("(1) Introduction", "INTRO"),
        ("[2] Methods", "METHODS"),
        ("3Materials and methods", "METHODS"),
        ("Methods/Design", "METHODS"),
        ("Patients and methods.", "METHODS"),
        ("Subjects and Methods", "METHODS"),
        ("Experimental procedures", "METHODS"),
        ("Experimental section", "METHODS"),
        ("Stocks and materials", "METHODS"),
        ("STAR★Methods", "METHODS"),
        ("Online methods", "METHODS"),
        ("Key resources table", "METHODS"),
        ("Metodología", "METHODS"),
        ("Materiais e métodos", "METHODS"),
        ("Procedimentos metodológicos da pesquisa", "METHODS"),
        ("II. RESULTS", "RESULTS"),
        ("Results and analysis", "RESULTS"),
        ("Results and interpretation", "RESULTS"),
        ("Resultados", "RESULTS"),
        ("Results and Discussion", "RESULTS|DISCUSS"),
        ("Results/Discussion", "RESULTS|DISCUSS"),
        ("Resultados e discussão", "RESULTS|DISCUSS"),
        ("Presentation and discussion of results", "RESULTS|DISCUSS"),
        ("Discussion, conclusion and recommendations", "DISCUSS|CONCL"),
        ("Conclusion and discussion", "CONCL|DISCUSS"),
        ("Model and results", "METHODS|RESULTS"),
        ("Discussão:", "DISCUSS"),
        ("General discussion", "DISCUSS"),
        ("Conclusions and outlook", "CONCL"),
        ("Conclusion and implications for breeders", "CONCL"),
        ("Concluding remarks", "CONCL"),
        ("Considerações finais", "CONCL"),
        ("Case presentation", "CASE"),
        ("Case report", "CASE"),
        ("Relato de caso", "CASE"),
        ("Supplementary Material", "SUPPL"),
        ("Supporting information", "SUPPL"),
        ("Additional files", "SUPPL"),
        ("S1 Text", "SUPPL"),
        ("Appendix A. Supplementary data", "SUPPL"),
        ("List of abbreviations", "ABBR"),
        ("Appendix B: Proofs", "APPENDIX"),
        ("Acknowledgements", "ACK_FUND"),
        ("Agradecimientos", "ACK_FUND"),
        ("Funding statement", "ACK_FUND"),
        ("Role of the funding source", "ACK_FUND"),
        ("Authors’ contributions", "AUTH_CONT"),
        ("CRediT authorship contribution statement", "AUTH_CONT"),
        ("Conflict of interest", "COMP_INT"),
        ("Declaration of competing interest", "COMP_INT"),
        ("Disclosure statement", "COMP_INT"),
        ("Conflict of interest and funding", "COMP_INT|ACK_FUND"),
        ("Availability of data and materials", "DATA_AVAIL"),
        ("Data Availability Statement", "DATA_AVAIL"),
        ("Data and code availability", "DATA_AVAIL"),
        ("Data sharing", "DATA_AVAIL"),
        ("Accession numbers", "DATA_AVAIL"),
        ("Referências bibliográficas", "REF"),
        ("Ethics statement", "OTHER"),
        ("Consent for publication", "OTHER"),
        ("Publisher's note", "OTHER"),
        ("Author summary", "ABSTRACT"),
        ("Highlights", "ABSTRACT"),
        ("Statistical analysis", "METHODS"),
        ("Subjects", "METHODS"),
        ("Limitations", "DISCUSS"),
        ("Future perspectives", "CONCL"),
        ("Background/Aims", "INTRO"),
        ("Author contributions and competing interests", "AUTH_CONT|COMP_INT"),
        ("Data availability and conflict of interest", "DATA_AVAIL|COMP_INT"),
        ("Disclosures and acknowledgments", "COMP_INT|ACK_FUND"),
        ("Nomenclature and abbreviations", "ABBR"),
        ("Authors’ conclusions", "CONCL"),
        ("Plain English summary", "ABSTRACT"),
        ("How this study might affect research, practice or policy", "ABSTRACT"),
        ("Appendix A: Supplementary data", "SUPPL"),
        ("Appendix. Supporting information", "SUPPL"),
        ("Supplementary materials and data availability", "SUPPL|DATA_AVAIL"),
        ("Case presentation and discussion", "CASE|DISCUSS"),
        ("Before you begin", "METHODS"),
        ("1. Chemical context", "INTRO"),
        ("2. Structural commentary", "RESULTS"),
        ("5. Synthesis and crystallization", "METHODS"),
        ("Case studies", "RESULTS"),
        ("Future outlook: including a microbial perspective", "CONCL"),
        ("Key results", "RESULTS"),
        ("Role of the Funder/Sponsor:", "ACK_FUND"),
        ("Sponsor’s role", "ACK_FUND"),
        ("Additional Contributions:", "ACK_FUND"),
        ("Concept and design:", "AUTH_CONT"),
        ("Acquisition, analysis, or interpretation of data:", "AUTH_CONT"),
        ("Drafting of the manuscript:", "AUTH_CONT"),
        ("Critical revision of the manuscript for intellectual content:", "AUTH_CONT"),
        ("Obtained funding:", "AUTH_CONT"),
        ("Administrative, technical, or material support:", "AUTH_CONT"),
        ("Guarantor", "AUTH_CONT"),
        ("Collaborators", "AUTH_CONT"),
        ("Research data and other materials availability", "DATA_AVAIL"),
        ("GenBank accessions", "DATA_AVAIL"),
        ("Contribución de los autores", "AUTH_CONT"),
        ("Contributions des auteurs", "AUTH_CONT"),
        ("Declaración de conflicto de intereses", "COMP_INT"),
        ("Liens d'intérêts", "COMP_INT"),
        ("Finanzierung", "ACK_FUND"),
        ("Material und Methode", "METHODS"),
        ("Patienten und Methoden", "METHODS"),
        ("Hintergrund", "INTRO"),
        ("Introduzione", "INTRO"),
        ("Discussion générale", "DISCUSS"),
        ("Cas clinique", "CASE"),
    ],
)
def test_a_title_tells_in_any_dress(title: str, code: str) -> None:
    """Numbering, case, accents, markup, punctuation and languages do not matter."""
    assert code_of(title) == code


@pytest.mark.parametrize(
    "title",
    [
        "Prefrontal cortex",
        "Refractive index",
        "First line treatment preferences",
        "Reference genome",
        "Casein kinase",
        "Caspase activity",
        "Case-control matching",
        "Case fatality",
        "Supplementation with iron",
        "Supplemental oxygen",
        "Supplements",
        "Supplementary data collection",
        "Supplemental data analysis",
        "Supporting cells of the cochlea",
        "Social support and health",
        "Hope, training and support",
        "Supporting information needs of carers",
        "Case report forms",
        "Appendix perforation",
        "Appendicitis",
        "Introduction of alien species",
        "Introduction and spread of rabies",
        "Background EEG activity",
        "Conflict of species",
        "Interest in science",
        "Abbreviated protocols",
        "Fundamental frequency",
        "Experimental and theoretical spectra",
        "Materials and energy flows",
        "Database searching enzymes",
        "Resultant force",
        "Acknowledging uncertainty",
        "Figure-ground segregation",
        "Tabletop games",
        "Summary statistics of reads",
        "Vitamin E",
        "Keyword spotting",
    ],
)
def test_a_title_that_only_looks_alike_tells_nothing(title: str) -> None:
    """Whole titles count, never a likeness or a word in them."""
    assert code_of_title(title) == ""
    assert code_of(title, article_type="review-article") == "OTHER"


# Rules that may already have decided before a rule is asked; else only those of its own kind.
TELLING = ("always", "outside", "supplement")
ASKED_BEFORE = {
    **dict.fromkeys(TELLING, TELLING),
    "type": (*TELLING, "type"),
    "case report": (*TELLING, "case report"),
    "hint": (*TELLING, "hint"),
    "research": (*TELLING, "hint", "research"),
    "topic": (*TELLING, "hint", "research", "topic"),
}


titles = functools.cache(Titles)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.when}: {rule.example}")
def test_each_rule_for_titles_is_needed(rule: Rule) -> None:
    """Its example is matched by its own row, and by none before it."""
    asked = titles(*ASKED_BEFORE.get(rule.when, (rule.when,)))
    assert asked.match(normalise(rule.example)) == rule
    assert set(rule.code.split("|")) <= {*CODES, ""}


@pytest.mark.parametrize("rule", STATEMENTS, ids=lambda rule: rule.example)
def test_each_rule_for_statements_is_needed(rule: Statement) -> None:
    """Its example is found by its own row, and by no other one of the code."""
    same = [one for one in STATEMENTS if one.code == rule.code]
    assert [one for one in same if re.search(one.pattern, plain(rule.example))] == [rule]
    assert rule.code in CODES


def test_the_times_at_which_rules_hold_are_explained() -> None:
    """The table in the module's docstring has each of them."""
    assert {rule.when for rule in RULES} == set(re.findall(r"^([a-z ]+?)  ", rules.__doc__, re.M))


def test_the_own_title_decides_else_the_nearest_ancestor_that_tells() -> None:
    """A title that only hints gives way to any ancestor that tells."""
    assert code_of("Materials and Methods", "Cell culture") == "METHODS"
    assert code_of("Results", "BRCA1") == "RESULTS"
    assert code_of("Background", "Malaria in Asia") == "INTRO"
    assert code_of("Discussion", "Strengths", "Conclusions") == "CONCL"
    assert code_of("Results and discussion", "Limitations") == "DISCUSS"
    assert code_of("Results and discussion", "Thermal stability") == "RESULTS|DISCUSS"
    assert code_of("Results", "Participants") == "RESULTS"
    assert code_of("Results", "Statistical analysis") == "RESULTS"
    assert code_of("Discussion", "Key results") == "DISCUSS"


def test_titles_win_over_types() -> None:
    """Types count where no title tells, neither the own nor an outer one."""
    assert code_of(block("Discussion", kind="conclusions")) == "DISCUSS"
    assert code_of(block("Discussion"), block("Other ways", kind="methods")) == "DISCUSS"
    assert code_of(block("Yeast", kind="materials|methods")) == "METHODS"
    assert code_of(block("Yeast", kind="results|discussion")) == "RESULTS|DISCUSS"
    assert code_of(block("Yeast", kind="subsection")) == "OTHER"


def test_back_matter_is_told_by_its_own_title_wherever_it_stands() -> None:
    """Statements keep their code in any section, ack or supplement."""
    assert code_of("Materials and Methods", "Data availability") == "DATA_AVAIL"
    ack = block("Authors' contributions", element="ack")
    assert code_of(BACK, ack, "Competing interests") == "COMP_INT"
    assert code_of(BACK, ack, "Funding") == "ACK_FUND"
    assert code_of("Supporting information", "Accession numbers") == "SUPPL"
    assert code_of("Supporting information", "Acknowledgements") == "ACK_FUND"
    assert code_of("Supporting information", "Methods") == "SUPPL"


@pytest.mark.parametrize(
    "title",
    [
        "Accessions",
        "Supplement",
        "Additional data",
        "Contributors",
        "Collaborators",
        "Concept and design",
    ],
)
def test_some_titles_of_the_back_matter_are_topics_in_the_main_line(title: str) -> None:
    """Accessions of rice, a food supplement, the centres that took part."""
    assert code_of("Methods", title) == "METHODS"
    assert code_of(BACK, title) in ("DATA_AVAIL", "SUPPL", "AUTH_CONT")


def test_a_paragraph_that_opens_with_a_statements_title_has_its_code() -> None:
    """In a block of many statements, in an acknowledgement, in the main line."""
    interests = block("Conflict of Interest Disclosures:", "p")
    assert code_of(BACK, "Article Information", interests) == "COMP_INT"
    assert code_of(BACK, block(element="ack"), block("Author contributions.", "p")) == "AUTH_CONT"
    assert code_of("Discussion", block("Funding:", "p")) == "ACK_FUND"
    assert code_of(block("", "abstract"), block("Key words:", "p")) == "KEYWORD"
    assert code_of("Results", block("", "table-wrap"), block("Abbreviations:", "p")) == "TABLE"
    assert code_of("Results", block("Supplementary Table 1", "p")) == "RESULTS"
    assert code_of("Results", block("Methods.", "p")) == "RESULTS"
    assert code_of(BACK, "Article Information", block("Participants.", "p")) == "OTHER"


def test_a_note_of_two_statements_has_both_codes() -> None:
    """In the order of the text, where each stands under its own words."""
    note = block(element="fn", text="Source of Support: Nil, Conflict of Interest: None declared.")
    assert code_of(BACK, note) == "ACK_FUND|COMP_INT"
    note = block(element="fn", text="Conflict of interest: None. Funding: the fund of NIH paid it.")
    assert code_of(BACK, note) == "COMP_INT|ACK_FUND"
    note = block(element="fn", text="Conflicts of interest: AB had grants from Example Inc.")
    assert code_of(BACK, note) == "COMP_INT"


def test_methods_at_the_end_tell_nothing_of_what_stands_before_them() -> None:
    """Letters have findings and all in text without a title, or under topics."""
    text = block(element="body", after=("Methods", "Data availability"))
    assert code_of(text) == "OTHER"
    assert code_of(text._replace(after=("Methods", "Results"))) == "INTRO"
    assert code_of(block("Main", after=("Methods summary",))) == "OTHER"
    assert code_of(block("A new clock", after=("Methods", "Acknowledgements"))) == "OTHER"


def test_an_introduction_is_told_by_its_place_under_an_empty_title() -> None:
    """Some journals leave it without one, or call it "Main"."""
    after = ("Results", "Discussion", "Methods")
    for title in ("", "Main", "Main text"):
        assert code_of(block(title, after=after)) == "INTRO"
    assert code_of(block("Mainland mice", after=after)) == "OTHER"


def test_topics_of_reviews_are_other() -> None:
    """What no ancestor tells is not guessed from the place in a review."""
    topic = block("Iron in plants", before=("Introduction",), after=("Conclusions",))
    assert code_of(topic, "Uptake", article_type="review-article") == "OTHER"
    assert code_of("Introduction", "Anaemia", article_type="review-article") == "INTRO"
    for title in ("Case studies", "Clinical presentation"):
        assert code_of(title, article_type="review-article") == "OTHER"


def test_reviews_tell_how_they_searched() -> None:
    """Their only methods."""
    for title in ("Search methodology", "Review methodology", "Methods of literature search"):
        assert code_of(title, article_type="review-article") == "METHODS"


def test_the_type_of_a_reviews_topic_is_not_believed() -> None:
    """It repeats a word of the title; without a title it is all there is."""
    topic = block("Methods for differential co-expression", kind="methods")
    assert code_of(topic, article_type="review-article") == "OTHER"
    assert code_of(topic) == "METHODS"
    assert code_of(block(kind="intro"), article_type="review-article") == "INTRO"
    data = block("Deposits", kind="data-availability")
    assert code_of(data, article_type="review-article") == "DATA_AVAIL"


def test_ethics_is_other_unless_inside_methods() -> None:
    """A statement by itself has no code of its own."""
    assert code_of(BACK, block("Ethics approval and consent to participate", "notes")) == "OTHER"
    assert code_of("Methods", "Ethical approval") == "METHODS"


def test_compliance_with_ethical_standards_is_about_interests_only_when_alone() -> None:
    """The title covers several statements; a nested one goes by its own."""
    alone = block(
        "Compliance with ethical standards",
        "notes",
        "COI-statement",
        "The authors declare that they have no conflict of interest.",
    )
    assert code_of(BACK, alone) == "COMP_INT"
    both = alone._replace(text=alone.text + " All patients gave informed consent.")
    assert code_of(BACK, both) == "OTHER"
    assert code_of(BACK, both, block("Conflict of interest")) == "COMP_INT"
    assert code_of(BACK, block("Declarations", "notes", text=both.text)) == "OTHER"


def test_transparency_declarations_go_by_their_text() -> None:
    """One journal has the authors' interests there, others anything."""
    title = "Transparency declarations"
    assert code_of(BACK, block(title, text="None to declare.")) == "COMP_INT"
    none = block(title, text="AB and CD have no financial relationship with any company.")
    assert code_of(BACK, none) == "COMP_INT"
    assert code_of(BACK, block(title, text="This is an honest account.")) == "OTHER"


def test_taxon_treatments_take_a_telling_ancestor_or_none() -> None:
    """The parts of a treatment have titles that would tell something elsewhere."""
    taxon = block("Taxonomy", before=("Material and methods",), after=("Discussion",))
    assert code_of(taxon, "Aus bus sp. nov.", "Etymology") == "OTHER"
    assert code_of("Results", "Aus bus sp. nov.", "Material examined") == "RESULTS"


@pytest.mark.parametrize(
    ("element", "kind", "text", "code"),
    [
        ("ack", "", "We thank our patients.", "ACK_FUND"),
        ("ack", "", "The figures are by A. Artist.", "ACK_FUND"),
        ("ref-list", "", "", "REF"),
        ("fn", "con", "AB and CD conceived the study; EF acquired funding.", "AUTH_CONT"),
        ("fn", "conflict", "AB received personal fees from a company.", "COMP_INT"),
        ("fn", "", "These authors contributed equally to this work.", "AUTH_CONT"),
        ("fn", "", "AB and CD equally contributed.", "AUTH_CONT"),
        ("fn", "", "AB and CD equally supervised this work.", "AUTH_CONT"),
        ("fn", "other", "†These authors share first authorship", "AUTH_CONT"),
        ("fn", "other", "Joint first authors.", "AUTH_CONT"),
        ("fn", "", "AB and CD are co-first authors.", "AUTH_CONT"),
        ("fn", "", "Shared last author", "AUTH_CONT"),
        ("fn", "", "This work was supported, in whole or in part, by Grant R01.", "ACK_FUND"),
        ("fn", "", "Supplemental data for this article can be accessed online.", "SUPPL"),
        ("fn", "other", "https://example.org/tool", "OTHER"),
        ("fn", "other", "This article was submitted to Cell Growth, a section.", "OTHER"),
        ("fn", "present-address", "Present address: Example Institute.", "OTHER"),
        ("fn", "edited-by", "Edited by: A. Editor, Example University.", "OTHER"),
        ("fn", "presented-at", "Sequence data have been deposited in GenBank.", "DATA_AVAIL"),
        ("fn", "financial-disclosure", "There are no conflicts of interest.", "COMP_INT"),
        ("fn", "supplementary-material", "This article contains more online.", "SUPPL"),
        ("fn", "", "Abbreviations: ALT, alanine aminotransferase.", "ABBR"),
        ("fn", "", "Data deposition: all reads are at ENA.", "DATA_AVAIL"),
        ("fn", "", "The authors have no funding and conflicts of interest to disclose.", "both"),
        ("notes", "", "Competing Interests: None declared.", "COMP_INT"),
        ("notes", "COI-statement", "None.", "COMP_INT"),
        ("funding-statement", "", "The funders had no role in the work.", "ACK_FUND"),
        ("bio", "", "A. Author is a professor.", "OTHER"),
    ],
)
def test_untitled_blocks_go_by_element_type_and_text(
    element: str, kind: str, text: str, code: str
) -> None:
    """The type counts unless the text contradicts it; two statements give both."""
    wanted = "ACK_FUND|COMP_INT" if code == "both" else code
    assert code_of(BACK, block("", element, kind, text)) == wanted


def test_custom_metadata_go_by_their_name() -> None:
    """Only the name tells: the text of metadata is anything."""
    named = block("Data Availability", "custom-meta", "", "All data are in the paper.")
    assert code_of(named) == "DATA_AVAIL"
    assert code_of(block("cover-date", "custom-meta", "", "May")) == "OTHER"


def test_a_topical_section_of_a_research_article_takes_the_code_of_its_place() -> None:
    """Authors name what led to their findings, and these, after the topic."""
    leading = block("", before=(), after=("Methods", "Results"))
    assert code_of(leading) == "INTRO"
    leads = block("The clock of the fly", before=("Introduction",), after=("Methods", "Results"))
    assert code_of(leads) == "INTRO"
    finding = block("A new clock", before=MAIN[:3], after=MAIN[3:])
    assert code_of(finding, "Its parts") == "RESULTS"
    assert code_of(finding, article_type="review-article") == "OTHER"
    nowhere = block("A new clock", before=("Introduction",), after=("Conclusions",))
    assert code_of(nowhere) == "OTHER"
    combined = block("Its calibration", before=("Results and discussion",), after=("Conclusions",))
    assert code_of(combined) == "RESULTS|DISCUSS"
    assert code_of(combined._replace(after=("Acknowledgements",))) == "RESULTS|DISCUSS"


def test_what_comes_after_the_closing_statements_is_none_of_the_main_line() -> None:
    """Notes of the publisher's that stand in the body as sections; abbreviations may come first."""
    closed = (*MAIN[:3], "Funding")
    assert code_of(block("", kind="fn-group", before=closed)) == "OTHER"
    assert code_of(block("Wing shape", before=closed[:3])) == "RESULTS"
    assert code_of(block("Wing shape", before=("Abbreviations", *closed[:3]))) == "RESULTS"


def test_a_type_of_subjects_is_believed_with_another_alone() -> None:
    """BMJ gives it to topics too."""
    assert code_of(block("Longer consultations", kind="subjects")) == "OTHER"
    assert code_of(block("Mice", kind="methods|subjects")) == "METHODS"


def test_a_disclosure_that_opens_with_another_title_is_that() -> None:
    """Some journals put a statement on transparency there."""
    affirmed = "Transparency statement: The Authors affirm that this is honest."
    assert code_of(BACK, block("Disclosure", text=affirmed)) == "OTHER"
    assert code_of(BACK, block("Disclosure", text="None to report.")) == "COMP_INT"


def test_a_summary_before_the_results_concludes_nothing() -> None:
    """It sums up what was done."""
    summary = block("Summary", before=("Introduction",), after=("Results", "Discussion"))
    assert code_of(summary) == "METHODS"
    assert code_of(summary._replace(before=MAIN[:4], after=())) == "CONCL"


def test_text_directly_in_the_body_is_an_introduction_only_before_sections_that_tell() -> None:
    """Letters and editorials stand in the body as well."""
    body = block(element="body")
    assert code_of(body) == "OTHER"
    assert code_of(body, article_type="letter") == "OTHER"
    assert code_of(body._replace(after=("The clock", "Methods"))) == "INTRO"


def test_trial_protocols_describe_methods() -> None:
    """End points and planned analyses without a section of methods around them."""
    for title in ("Endpoints", "Primary outcome", "Sample size", "Statistical considerations"):
        assert code_of(title, article_type="protocol") == "METHODS"


def test_an_appendix_wins_over_all_that_stands_in_it() -> None:
    """Sections, figures and tables in it; not its references or a supplement."""
    app = block("Appendix 1", "app")
    assert code_of(BACK, block(element="app-group"), app, "Methods") == "APPENDIX"
    assert code_of(BACK, app, block("Growth", "fig")) == "APPENDIX"
    assert code_of(BACK, "A.1 Uncertainty of maps") == "APPENDIX"
    assert code_of(BACK, app, block("", "ref-list")) == "REF"
    assert code_of(BACK, block("Supplementary Materials", "app")) == "SUPPL"
    untitled = block("", "app")
    assert code_of(BACK, untitled, "Additional files", block("", "media")) == "SUPPL"
    assert code_of(BACK, untitled, "Proofs") == "APPENDIX"


def test_elements_that_tell_hold_all_their_content() -> None:
    """Abstracts, figures, tables, keyword and reference lists, glossaries."""
    assert code_of(block(element="front"), block("On clocks", "article-title")) == "TITLE"
    assert code_of(block("", "abstract"), "Methods") == "ABSTRACT"
    assert code_of(block("", "abstract"), "Electronic supplementary material") == "SUPPL"
    assert code_of(block("", "abstract"), "Funding") == "ACK_FUND"
    assert code_of(block("", "abstract"), "How to cite this article") == "OTHER"
    assert code_of(block("", "abstract"), "Trial status") == "ABSTRACT"
    assert code_of(block("Keywords", "kwd-group")) == "KEYWORD"
    assert code_of(block("Abbreviations", "kwd-group")) == "ABBR"
    assert code_of("Results", block("Growth", "fig")) == "FIG"
    assert code_of("Results", block("", "table-wrap"), block("", "fn", "", "n = 3")) == "TABLE"
    assert code_of("Methods", block("", "supplementary-material")) == "SUPPL"
    assert code_of("Supporting information", block("Figure S1", "fig")) == "SUPPL"
    assert code_of(BACK, block("Genes", "glossary"), block("", "def-list")) == "ABBR"
    assert code_of("Methods", block("", "boxed-text")) == "METHODS"
    assert code_of("Results", block("", "disp-quote")) == "RESULTS"


def test_case_reports_tell_of_a_case_under_clinical_titles() -> None:
    """Only in articles of that type."""
    assert code_of("Outcome and follow-up", article_type="case-report") == "CASE"
    assert code_of("Case 1", article_type="case-report") == "CASE"
    assert code_of("Patient and observation", article_type="case-report") == "CASE"
    assert code_of("Case series", article_type="case-report") == "CASE"
    assert code_of("Clinical presentation", article_type="case-report") == "CASE"
    assert code_of("Patient’s perspective", article_type="case-report") == "CASE"
    topic = block("A girl with fever", before=("Introduction",), after=("Discussion",))
    assert code_of(topic, article_type="case-report") == "CASE"
    assert code_of(topic) == "RESULTS"


def test_a_footnote_of_the_title_is_none_of_it() -> None:
    """It says what other footnotes say."""
    title = block(element="title-group")
    assert code_of(title) == "TITLE"
    assert code_of(title, block(element="fn", text="Not for sale.")) == "OTHER"


def test_no_blocks_at_all_are_other() -> None:
    """Text outside every known element is kept, without a claim."""
    assert section_code(()) == "OTHER"


WORDS = (
    "introduction methods results and / & : . 1. II. case supplementary data interests of "
    "discussão apêndice A conflict funding (draft) ★ availability appendix notes"
)
ELEMENTS = (
    "sec abstract ack fn fn-group notes app app-group glossary ref-list fig table-wrap back body "
    "kwd-group p boxed-text supplementary-material def-list custom-meta unheard-of"
)
TITLES = st.one_of(
    st.text(max_size=40), st.lists(st.sampled_from(WORDS.split()), max_size=8).map(" ".join)
)
BLOCKS = st.builds(
    Block,
    st.sampled_from(ELEMENTS.split()),
    TITLES,
    TITLES,
    TITLES,
    st.lists(TITLES, max_size=3).map(tuple),
    st.lists(TITLES, max_size=3).map(tuple),
)


@given(st.lists(BLOCKS, max_size=5), st.sampled_from(["", "research-article", "case-report"]))
def test_there_is_always_a_code_or_two(blocks: list[Block], article_type: str) -> None:
    """Any nesting of any titles, types and texts."""
    codes = section_code(blocks, article_type).split("|")
    assert len(codes) <= 2
    assert len(set(codes)) == len(codes)
    assert set(codes) <= CODES

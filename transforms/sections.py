"""The section code of a passage, from the titles and types of the elements around it.

Everything that a curator may want to change stands in the tables: what titles, types, elements and
statements tell. Titles are matched whole, never by likeness: 'Prefrontal cortex' is no reference
list and 'Casein kinase' no case report. The codes are those of Europe PMC and BioC.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import takewhile

from transforms.records import Block

CODES = frozenset(
    [
        "TITLE",
        "ABSTRACT",
        "KEYWORD",
        "INTRO",
        "METHODS",
        "RESULTS",
        "DISCUSS",
        "CONCL",
        "CASE",
        "FIG",
        "TABLE",
        "SUPPL",
        "ABBR",
        "APPENDIX",
        "ACK_FUND",
        "AUTH_CONT",
        "COMP_INT",
        "DATA_AVAIL",
        "REF",
        "OTHER",
    ]
)


# Titles that tell whatever stands above them. Regular expressions for a whole title, after
# `normalise`: lower case, no accents, apostrophes, numbering or final punctuation, "and" for "&".
TELLING: Mapping[str, tuple[str, ...]] = {
    "ABSTRACT": (
        r"abstract|(editors|author|authors|lay|plain language|graphical|structured) (summary|"
        r"abstract)",
        r"significance statement|elife digest|resumo|resumen|resume|zusammenfassung",
    ),
    "KEYWORD": (r"key ?words?|palavras chave|palabras clave|mots cles|subject terms",),
    "INTRO": (
        r"((general|brief|short) )?introductions?( section)?|introductory remarks",
        r"(scientific |general |study )?backgrounds?( and summary| information| literature)?",
        r"background (to|of) the (study|research|problem)",
        r"(background|introduction|introducao) (and|e) (motivations?|rationale|objectives?|aims?|"
        r"purposes?|goals?|significance|context|overview|hypothes[ie]s|scope|related works?|"
        r"literature( review)?|theor(y|etical framework)|background|introduction|objetivos?)( .*)?",
        r"introducao|introduccion|einleitung|einfuhrung",
    ),
    "METHODS": (
        r"((materials?|patients?|subjects?|animals?|participants?|data|reagents|chemicals|samples?|"
        r"study design|research design|design|population|setting|procedures?|metrics) (and )?)?"
        r"((general|research|online|star|detailed|extended|experimental|study|statistical|"
        r"laboratory|"
        r"computational|analytical|numerical|empirical|main|our|proposed) )*"
        r"(methods?|methodology|methodologies)"
        r"( section| summary| details?| used| employed| overview)?",
        r"methods? and (materials?|analys[ie]s|data|design|procedures?|protocols?)",
        r"materials and procedures",
        r"experimental( (and theoretical |and computational )?"
        r"(section|procedures?|part|details?|work|protocols?|materials?|setup))?",
        r"(stocks|reagents|equipment|strains|animals) and materials|materials and reagents",
        r"(experimental )?materials?|(experimental )?methodological (procedures|approach)",
        r"experimental models? and (subject|study participant) details",
        r"key resources? table|quantification and statistical analys[ie]s",
        r"metodos?|metodologia|(materia(l|is|les|l)|pacientes|sujeitos|sujetos) (e|y) metodos?",
        r"(procedimentos?|procedimientos?|percursos?|aspectos|caminhos?|desenho|delineamento) "
        r"metodologicos?( .*)?",
        r"metodologia e .*|materiel et methodes|patients et methodes|methoden|methodik",
    ),
    "RESULTS": (
        r"((main|key|experimental|empirical|simulation|numerical|overall|general|preliminary) )?"
        r"results?( section| obtained)?|resultados?|resultats|ergebnisse",
        r"(results and|analysis and) (analys[ie]s|results|interpretations?|findings|observations)",
        r"(results|resultados) e analises?|findings and results|results (of|from) (the|this) .*",
    ),
    "RESULTS|DISCUSS": (
        r"(presentation|analysis|interpretation) and discussion of (the )?(results|findings|data)",
        r"(apresentacao|analise|analisis|presentacion) (e|y) discuss?[ai]on? d[eo]s? .*",
        r"(apresentacao|analise) e discussao .*",
    ),
    "DISCUSS": (
        r"((general|overall|brief|further|final|main) )?discussions?( section)?",
        r"discussion (of|on) (the )?(main |key |our )?(results|findings)( .*)?",
        r"discuss(ao|ion)|discusion|diskussion",
    ),
    "CONCL": (
        r"((general|overall|main|final|summary|brief|major|key) )*conclusions?( section)?",
        r"conclu(ding|sive) (remarks?|statements?|comments?|thoughts|summary|observations|points)",
        r"final (considerations|remarks|comments|thoughts)|closing remarks|take home messages?",
        r"conclus(ao|oes|ion|iones)|consideracoes finais|algumas consideracoes|"
        r"consideraciones finales",
        r"(comentarios|reflexoes|reflexiones|notas) fina(is|les)|a guisa de conclusao",
        r"schlussfolgerung(en)?|fazit",
    ),
    "CASE": (
        r"((the|our|clinical) )?case (presentations?|reports?|descriptions?|histor(y|ies)|"
        r"summar(y|ies)|details?)( .*)?",
        r"case|cases|clinical cases?|presentation of (the )?cases?",
        r"(relato|relatos|descricao|apresentacao|presentacion|descripcion|reporte) d[eo]l? casos?",
        r"casos? clinicos?|descripcion del caso",
    ),
    "SUPPL": (
        r"appendix [a-z0-9]+[.:]? supplement(ary|al) (data|materials?|information|files?)",
        r"(electronic |online |web |data )?(supplement(ary|al)|supporting|suplementa(l|r)) "
        r"(\w+ ){0,3}(materials?|informations?|data|files?|documents?|contents?|figures?|tables?|"
        r"methods?|notes?|texts?|movies?|videos?|appendix|appendices|results?|references|"
        r"experimental procedures|discussion|legends?|resources?)( .{0,40})?",
        r"(electronic |online |web |data )supplements?|supplement|supplementary|supplemental",
        r"(electronic )?supplementary materials? and .*",
        r"(material|materiais) suplementar(es)?|material suplementario|informacao suplementar",
        r"additional (data |supporting )?(files?|materials?|data)( \d+)?|associated content",
        r"additional supporting information.*|web (extra|only) (materials?|data)|appended data",
        r"s\d+ (text|fig|figure|table|file|appendix|data|dataset|movie|video|audio|protocol|"
        r"checklist|methods?|information)\b.*",
        r"(file|text|figure|table|movie|video|dataset|protocol|appendix|data) s\d+\b.*",
    ),
    "ABBR": (
        r"(list of |non ?standard |selected |common )*(abbreviations?|acronyms?)"
        r"( used| and acronyms| and symbols| and definitions| list| and nomenclature)?",
        r"(list|glossary) of (terms|symbols|acronyms|abbreviations).*|glossary( of .*)?|glossario",
        r"(abbreviations|acronyms) used in .*|(lista de )?(abreviaturas|abreviacoes|siglas)( .*)?",
    ),
    "APPENDIX": (
        r"(technical |online |mathematical )?append(ix|ices|ixes)",
        r"(appendix|annex|anexo|apendice|annexe) ([a-z]|\d+|[ivx]+)\b.*",
        r"anexos?|apendices?|annex|annexes|anhang",
    ),
    "ACK_FUND": (
        r"ac?knowle?d?ge?ments?( of .*| section| and disclosures?)?|ackn?owledgements?",
        r"(main |special |sub )?thanks|acknowledg(e?ment)?s? (and|of) (funding|financial|"
        r"support).*",
        r"agradecimentos?|agradecimientos?|remerciements|danksagung",
        r"((research|source|sources|study|open access|project|author|article) )*(of )?"
        r"(funding|funders?|fundings)"
        r"( sources?| information| statements?| support| disclosures?| declaration| details?|"
        r" bodies|"
        r" agency| agencies| acknowledge?ments?| and support| and sponsorship| source statement)?",
        r"(the )?roles? of (the )?(funding sources?|funders?|sponsors?|funding bod(y|ies))( .*)?",
        r"(sources? of )?(financial|grant|research|funding) (support|assistance|disclosures?)"
        r"( and sponsorship| statement| information)?",
        r"(grants?|financing|sponsors?|sponsorship)( sponsors?| information| support| numbers?)?",
        r"(sources? of )?(support|sponsorship)( statement)?|statement of (financial support|"
        r"funding)",
        r"(fonte|fontes|fuente|fuentes) de (financiamento|financiamiento|financiacion|fomento)",
        r"financiamento|financiamiento|financiacion|apoio financeiro|suporte financeiro|"
        r"financement|apoyo financiero",
    ),
    "AUTH_CONT": (
        r"(individual )?(co )?(authors?|authorship|contributors?) (\w+ )?contributions?"
        r"( statements?| to (the|this) .*| and .*)?",
        r"(statement of |declaration of )?(authors? )?(contributions?|contributors?|authorship)",
        r"(statement|declaration) of (authors? contributions?|authorship)|authors? roles?",
        r"credit (authorship|author|taxonomy).*|authors? statements?|contributorship( statement)?",
        r"contributions? of (the )?(individual )?authors?( .*)?|(authors|author) contribution .*",
        r"contribuic(ao|oes) d[eo]s? (cada )?autor(es)?|contribuicao autoral|"
        r"contribuciones? de (los )?autor(es)?|colaboradores",
    ),
    "COMP_INT": (
        r"((statement|declaration|disclosure|declarations|disclosures|statements) (of|on) )?"
        r"(potential |any |possible |the )?((conflicts?|competing|competition|dualit(y|ies)|"
        r"competing of|conflicting|confict|conflit)( of)?( financial)? ?interests?)"
        r"( statements?| disclosures?| declarations?| policy| information)?",
        r"(authors? )?(conflicts?|competing) (of )?interests? (disclosure |statement )?(for|of|"
        r"by) .*",
        r"(competing|conflicting) (financial|commercial|personal) interests?( statements?)?",
        r"(declarations?|disclosures?|statements?) of (competing |conflicting |"
        r"financial )?interests?"
        r"( statements?)?",
        r"interests? (statements?|declarations?|disclosures?)|financial conflicts? of interests?",
        r"commercial interests?|no competing interests?|"
        r"conflito de interesses?|conflitos de interesses?|conflictos? de intere(s|ses)",
        r"declaracao de (conflitos? de )?interesses?|conflits? d ?interets?|interessenkonflikt",
    ),
    "DATA_AVAIL": (
        r"(data|code|software|material|materials|resource|dataset|datasets|sample|samples|"
        r"research data|database|source code|model|reagent|protocol|tool)"
        r"(( and|,|, and)? (data|code|software|material|materials|resource|reagent|model|"
        r"source code|"
        r"methods?|protocol|protocols))* "
        r"(availability|accessibility|sharing|deposition|access|archiving|repository|depositions)"
        r"( and (sharing|access|accession numbers?|requirements|deposition|archiving))?"
        r"( statements?| policy| plan| information| section)?",
        r"(statement (of|on) )?(data )?(availability|accessibility|sharing|deposition|"
        r"archiving) of "
        r"(the )?(\w+ )?(data|code|software|material|materials|supporting data|datasets?|resources|"
        r"reagents|source code|biological materials)( .*)?",
        r"availability( and (requirements|implementation))?|deposited data|data and code",
        r"(associated |database )?(accession|genbank|pdb|database) (numbers?|codes?|accessions?|"
        r"ids?)( .*)?|accessions?( codes| numbers)?|major datasets?|source data",
        r"(declaracao de )?disponibilidade (dos|de) dados.*|disponibilidad de datos.*|"
        r"dados de pesquisa",
    ),
    "REF": (
        r"references?|literature cited|(cited |selected )?literature|bibliograph(y|ies)|"
        r"references and (notes|recommended reading)|references cited|works cited|further reading|"
        r"(selected |recommended |suggested )?(readings?|references)|"
        r"referencias?( bibliograficas?)?|bibliografia|literatur|literatura citada",
    ),
    "FIG": (
        r"figures?( legends?| captions?)?|legends?( (to|for) (the )?figures?)?|schemes?|figuras?",
    ),
    "TABLE": (
        r"tables?( legends?| captions?)?|(specification|specifications) table|tabelas?|tablas?",
    ),
    "FIG|TABLE": (
        r"(figures?|figs?),? (schemes?,? )?and tables?|tables? and figures?|"
        r"figure and table legends?",
        r"display objects",
    ),
}

# Statements that no code describes; inside methods they are methods.
ETHICS = (
    r"(research |medical |animal |human )?ethic(s|al) (and (consent|dissemination|registration)|"
    r"approvals?|statements?|considerations?|standards?|declarations?|compliance|review|clearance|"
    r"permission|committee|conduct|aspects|guidelines|policy|information|procedures|oversight|"
    r"disclosures?|publication statement|consent|board|permit|note)( .*)?",
    r"ethics|ethical|statements? (of|on) (ethics|human and animal rights|informed consent)( .*)?",
    r"(patient |written |informed |participant )*consents?( statements?| form| to .*| for .*|"
    r" and .*)?",
    r"(institutional|irb|animal|human) (review|ethics|care|studies|subjects|and animal rights|"
    r"rights|"
    r"welfare)( .{0,60})?(statements?|approvals?|rights|consent|board|committee)( statements?)?",
    r"(human|animal|humans|animals)( and| or)? (human |animal |animals )?(rights|welfare)( .*)?",
    r"compliance with ethical (standards?|guidelines)( .*)?|(statement|protection) of (human|"
    r"animal).*",
    r"(trial|study|clinical trial|protocol|prospero|systematic review) registration( .*)?",
    r"(aspectos|consideracoes|consideraciones|questoes) etic(o|a)s",
)
ASIDE = (
    r"(publishers?|editors?|editorial|authors?|prepress|production|disclaimer) notes?( .*)?",
    r"usage notes|disclaimers?|(pre ?publication|publication|article) history|open access( .*)?|"
    r"(article |author |authors )(information|details?|statements?|biograph(y|ies)|addresses)",
    r"(how to )?cite this article( as)?|citations?|copyright( .*)?|(rights|"
    r"reprints) and permissions?",
    r"(provenance|peer review)( and peer review)?( .*)?|trial status|notice of .*|"
    r"current study status|transparency (declaration|statement)s?|reporting (summary|standards|"
    r"checklist)",
)

# Titles that tell only where nothing above them does: the participants of a trial are described in
# its methods, counted in its results and compared in its discussion.
HINTING: Mapping[str, tuple[str, ...]] = {
    "ABSTRACT": (
        r"(research |article |study )?highlights|significance|key (points|messages?)|"
        r"summary points|"
        r"what (is|was) (already )?known.*|what this (study|paper|article|research) adds.*|"
        r"in brief|synopsis|essentials|study contributions|author impact statement|resume",
    ),
    "INTRO": (
        r"((study|research|main|specific|primary|general|our) )*"
        r"(aims?|objectives?|purposes?|goals?|hypothes[ie]s|rationale|motivation|"
        r"research questions?)"
        r"( and (aims?|objectives?|purposes?|goals?|hypothes[ie]s|rationale|scope|significance|"
        r"research questions?))*( (of|for) (the|this) .*)?",
        r"(related|previous|prior) (works?|research|studies|literature)|(the )?literature review|"
        r"review of (the )?(related )?literature|(theoretical|conceptual) (background|framework)s?",
        r"statement of (the )?problem|problem statement|related literature|state of the art|"
        r"(study )?rationale( (of|for) (the|this) study| and .*)?|historical (background|overview|"
        r"context)|context",
        r"referencial teorico|marco teorico|fundamentacao teorica|revisao (de|da) literatura|"
        r"revision de (la )?literatura|objetivos?",
        r"preliminar(y|ies)( works?| remarks)?",
    ),
    "METHODS": (
        r"statistics|statistical (analys[ie]s|methods?|tests?|considerations|plan|approach).*",
        r"(data|image|bioinformatics?|qualitative|quantitative|statistical and data) "
        r"(analys[ie]s|acquisition|collection|extraction|processing|management|sources?|"
        r"preparation)"
        r"( (and|plan|methods?|of (the )?data).*)?",
        r"(study|research|trial|experimental|survey|sampling|experiment) (design|protocol|setting|"
        r"set ?up|population|participants|subjects|area|site|sites|region|procedures?|environment|"
        r"oversight|selection|strategy|approach|framework|system|conditions)( and .*)?",
        r"(the )?(participants?|subjects?|patients?|animals?|mice|sample|samples|population|"
        r"sampling|"
        r"recruitment|randomi[sz]ation|blinding|procedures?|protocols?|instruments?|"
        r"instrumentation|"
        r"measures?|measurements?|apparatus|equipment|reagents|chemicals|software|antibodies|"
        r"plasmids|"
        r"buffers|interventions?|variables|questionnaires?|calculations|datasets?|data|data ?sets|"
        r"experiments?|implementation|design|theory|theory and calculations?|"
        r"theoretical model|model|the model|models|simulations?|algorithms?|methods? (of|for) .*|"
        r"theory/calculation|preparation|cell lines?|case definitions?|ethics|eligibility)"
        r"( \d+)?( and (procedures?|setting|measures|measurements|analys[ie]s|sampling|design|"
        r"methods?|equipment|materials?))?",
        r"(inclusion|exclusion|eligibility|selection)( and (inclusion|exclusion|"
        r"selection))? criteria",
        r"(primary|secondary|main|safety|efficacy|study)?( and (primary|secondary|main))? ?"
        r"(outcomes?|end ?points?)( measures?| variables)?|outcome (measures?|assessments?)",
        r"sample size( .*)?|power (calculation|analysis)|follow up( .*)?|"
        r"(literature )?search( strategy.*)?",
        r"(plant|bacterial|animal|study|biological|test) (materials?|strains?|subjects)( and .*)?",
        r"cell (culture|lines?)( .*)?|animals and (housing|husbandry|treatments?|experimental|"
        r"sampl|diets?|tissue).*|(reagents|chemicals) and .*",
        r"(reagent|equipment|software|instrument) (setup|preparation)|sample preparation( .*)?",
        r"materials, .*|patient and public involvement( .*)?|(model|pipeline|system) "
        r"(description|formulation|development|specification|construction|calibration)s?",
        r"(empirical|econometric|identification|estimation|modell?ing) (strategy|approach|"
        r"framework|methods?|model|specification)s?|construction and content|(sur|method) details|"
        r"method details|experimental design,? materials?,? (and )?methods?|.* (and|e|y) methods?",
        r"stepwise procedures?|step by step .*|.*\[timing.*|delineamento .*|amostra|"
        r"participantes|"
        r"procedimentos|tipo de estudo|coleta de dados|analise (de|dos) dados|analise estatistica|"
        r"local (de|do) estudo|area de estudo",
    ),
    "RESULTS": (
        r"(\w+ ){0,3}(results|findings)|data (records?|description)|technical validation|"
        r"results? (of|from|for|on|in) .*|observations?|utility( and discussion)?|"
        r"value of the data|(patient|participant|sample|baseline|subject|study) characteristics",
        r"summary of (data|results|findings)|numerical (examples?|experiments)|"
        r"(findings|results),? .*|performance (test|evaluation|analysis)",
    ),
    "DISCUSS": (
        r"((study|main|potential|strengths?|key|methodological|our) )*(and )?"
        r"(limitations?|strengths?|weaknesses)( and (limitations?|strengths?|weaknesses|"
        r"future .*|directions))*( of (the|this|our) .*)?",
        r"comments?|commentary|interpretation( of (the )?(results|findings|data))?|(principal|"
        r"main|key) findings|"
        r"comparison with (other|previous|existing) .*|implications? (for|of) .*|"
        r"(clinical|policy|practical|practice|theoretical|managerial|"
        r"research)( and \w+)? implications?|"
        r"implications|limitacoes( do estudo)?|limitaciones|generali[sz]ability|"
        r"unanswered questions.*|meaning of the study.*",
    ),
    "CONCL": (
        r"(brief |executive )?summary( and .*)?|"
        r"(future |current |concluding |final )*(perspectives?|outlooks?|prospects?|directions?|"
        r"trends|work|research|challenges|developments?|recommendations?)"
        r"( and (future |current |concluding )*(perspectives?|outlooks?|prospects?|directions?|"
        r"work|"
        r"research|challenges|recommendations?|conclusions?|trends))*",
        r"(suggestions|recommendations|directions|implications|perspectives|outlook) for "
        r"(the )?(future|further) .*|moving forward|(the )?way forward|"
        r"recomendac(oes|iones)|perspectivas( .*)?",
    ),
    "CASE": (
        r"case (\d+|study|studies|series)|patient \d+|patient (information|"
        r"presentation|history|report)|clinical (presentation|history|summary|course|vignette)s?",
    ),
    "ABBR": (r"nomenclature|notations?|(list of )?symbols|definitions",),
    "SUPPL": (r"additional information",),
    "DATA_AVAIL": (r"resource availability|downloads?",),
}
# Taxon treatments are OTHER, even in the place of the results.
TAXON = (
    r"(systematics?|taxonomy|nomenclature|checklists?|phylum|class|order|family|genus)( .*)?|"
    r"systematic (palaeontology|paleontology|account|descriptions?|position)|taxonomic .*|"
    r"(family|genus|subfamily|species|subgenus) \w+|"
    r"descriptions?|diagnos[ie]s|etymology|remarks|(type )?materials? examined|type (material|"
    r"species|localit(y|ies))( .*)?|holotype|paratypes?|distribution|coloration pattern"
)
CASE_REPORT = (
    r"(case|patient) (\d+|[a-z])\b.*|(final |differential )?diagnos[ie]s|investigations?|"
    r"treatments?|outcomes?( and follow up)?|"
    r"follow up|clinical findings|diagnostic assessment|therapeutic intervention|"
    r"patient perspective|timeline|history|examination|management"
)

# What sec-type, fn-type, notes-type and the like tell, where they are not words of a title.
KINDS: Mapping[str, str] = {
    "intro": "INTRO",
    "subjects": "METHODS",
    "cases": "CASE",
    "supplementary material": "SUPPL",
    "si": "SUPPL",
    "abbr": "ABBR",
    "abbreviation": "ABBR",
    "ack": "ACK_FUND",
    "funding information": "ACK_FUND",
    "financial disclosure": "ACK_FUND",
    "supported by": "ACK_FUND",
    "con": "AUTH_CONT",
    "equal": "AUTH_CONT",
    "author contrib": "AUTH_CONT",
    "conflict": "COMP_INT",
    "coi statement": "COMP_INT",
    "competing interest statement": "COMP_INT",
    "datasets": "DATA_AVAIL",
    "conclusions": "CONCL",
}
ELEMENTS: Mapping[str, str] = {
    "ack": "ACK_FUND",
    "funding-statement": "ACK_FUND",
    "funding-group": "ACK_FUND",
    "glossary": "ABBR",
    "fn": "OTHER",
    "corresp": "OTHER",
    "bio": "OTHER",
}
# Elements that tell by themselves, the whole content with them.
CONTAINERS: Mapping[str, str] = {
    "article-title": "TITLE",
    "subtitle": "TITLE",
    "trans-title": "TITLE",
    "alt-title": "TITLE",
    "title-group": "TITLE",
    "abstract": "ABSTRACT",
    "trans-abstract": "ABSTRACT",
    "kwd-group": "KEYWORD",
    "ref-list": "REF",
    "supplementary-material": "SUPPL",
    "fig": "FIG",
    "fig-group": "FIG",
    "table-wrap": "TABLE",
    "table-wrap-group": "TABLE",
    "table-wrap-foot": "TABLE",
}

# What untitled statements say.
STATEMENTS: Mapping[str, str] = {
    "COMP_INT": r"(conflicts?|competing|duality|declarations?)( of)?( \w+)? interests?"
    r"|(no|any|nothing|none|not)\b[^.]{0,40}\bto (disclose|declare)|financial interests?"
    r"|competing financial|\bno conflicts?\b|conflitos? de interesse",
    "ACK_FUND": r"\bfund(ed|ing) (by|from|was|for|provided|sources?|support)"
    r"|\b(financially )?supported( \w+){0,3} by|grants? (from|to|no|number)|\bno (\w+ )?funding"
    r"|(financial|funding|grant) support|funders? had no|^funding|\bsponsored by"
    r"|\backnowledges?\b|\bthanks?\b|\bgrateful\b|\bthankful\b|agrade[cç]|apoio financeiro",
    "AUTH_CONT": r"authors? contributions?|contributed equally|equal contribution"
    r"|(conceived|designed) (and|the)|wrote the (paper|manuscript|article)"
    r"|all authors (have )?(read|contributed|approved)|contributed to (the )?(\w+ )?"
    r"(design|study|writing|work|conception)|equally to th(is|e) (work|study|paper|article)",
    "DATA_AVAIL": r"data (deposition|availability|sharing)|accession (numbers?|codes?)"
    r"|(data|sequences?|structures?|code|datasets?|coordinates)\b[^.]{0,80}"
    r"\b(available|deposited|accessible|accessed|downloaded)",
    "SUPPL": r"supplement(ary|al) (\w+ )?(materials?|information|data|files?|tables?|figures?)"
    r"|supporting information|additional files? ",
    "ABBR": r"^[*†‡\d\s]{0,3}[\w-]{2,12} ?= ?(?!\d)"
    r"|^(the )?(\w+ )?abbreviations?( used)?( in this \w+)?( are)?\b",
}

# Articles whose topical sections are OTHER wherever they stand.
TOPICAL = frozenset(
    (
        "review-article", "systematic-review", "editorial", "letter", "reply", "discussion", "news",
        "article-commentary", "book-review", "product-review", "abstract", "meeting-report",
        "correction", "retraction", "addendum", "introduction", "obituary", "oration", "",
    )
)  # fmt: skip
# Elements whose text tells what their title does not, and titles that tell nothing.
STATED = frozenset(("fn", "ack", "notes", "funding-statement"))
UNTELLING = frozenset(
    ("additional information", "notes", "note", "footnotes", "declarations", "peer reviewed")
)
MAIN_LINE = frozenset(("INTRO", "METHODS", "RESULTS", "DISCUSS", "CONCL", "CASE"))
# A topical section of a research article, by the telling sections before and after it.
PLACES: Mapping[tuple[str, str], str] = {
    ("INTRO", "RESULTS"): "METHODS",
    ("INTRO", "DISCUSS"): "RESULTS",
    ("METHODS", "RESULTS"): "METHODS",
    ("METHODS", "DISCUSS"): "RESULTS",
    ("METHODS", "CONCL"): "RESULTS",
    ("METHODS", "METHODS"): "METHODS",
    ("METHODS", ""): "METHODS",
    ("RESULTS", "RESULTS"): "RESULTS",
    ("RESULTS", "DISCUSS"): "RESULTS",
    ("RESULTS", "CONCL"): "RESULTS",
    ("RESULTS", "METHODS"): "RESULTS",
    ("RESULTS", ""): "RESULTS",
    ("DISCUSS", "CONCL"): "DISCUSS",
    ("CASE", "DISCUSS"): "CASE",
    ("CASE", "CONCL"): "CASE",
}
# Said by their own title wherever they stand.
BACK_MATTER = frozenset(
    ("ACK_FUND", "AUTH_CONT", "COMP_INT", "DATA_AVAIL", "ABBR", "SUPPL", "REF", "KEYWORD")
)


def _compiled(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_TELLING = {code: _compiled(patterns) for code, patterns in TELLING.items()}
_HINTING = {code: _compiled(patterns) for code, patterns in HINTING.items()}
_STATEMENTS = {code: re.compile(pattern) for code, pattern in STATEMENTS.items()}
_ETHICS = _compiled(ETHICS)
_ASIDE = _compiled(ASIDE)
_TAXON = re.compile(TAXON)
_CASE_REPORT = re.compile(CASE_REPORT)
_LETTERED = re.compile(r"[A-H]\.\s?\d")
# In a title with a part that tells nothing only these parts count ("Results and interpretation");
# these others tell only when they are the whole title ("Support").
_PLAIN = re.compile(
    r"((materials?|patients|general|main|key) (and )?)*(methods?|methodology|results?|discussions?|"
    r"conclusions?|concluding remarks|metodos?|metodologia|resultados?|discussao|discusion|"
    r"conclus(ao|oes|ion|iones))"
)
_BARE = re.compile(
    r"support|grants?|availability|literature|readings?|schemes?|figures?|tables?|cases?|thanks|"
    r"materials?|experimental|references?|sponsors?|financing"
)
_DISCLOSURE = re.compile(r"(authors? |financial |full )?disclosures?( statements?)?|statements?")
_ACCESSIONS = re.compile(r"accession.*")

_NUMBERING = re.compile(
    r"(?:section|part|chapter)?\s*(?:\d+(?:\.\d+)*|(?:[ivx]+|[a-h])(?:\.\d+)*[.):]|(?:ii|iii|iv|"
    r"vi+)\b)"
    r"[.):\s|-]*(?=[^\W\d_])"
)
_HEAD = re.compile(r"([^:.|]+?)\s*(?:[:.|]\s*| - )")
_PARTS = re.compile(r"\s*(?:/|,|;|\+|:|\b(?:and|or|e|y|et|und)\b)\s*")


@cache
def normalise(title: str) -> str:
    """A title in the form in which the tables are written.

    >>> normalise("2.1. Materials & Methods:")
    'materials and methods'
    >>> normalise("Discussão")
    'discussao'
    """
    text = unicodedata.normalize("NFKD", title.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"['’‘`´ʼ\u00ad\u200b]", "", text).replace("&", " and ")
    text = re.sub(r"[‐-―−_]", "-", text)
    text = re.sub(r"(?<=\w)-(?=\w)|[★☆*†‡§¶#\"“”]", " ", text)
    text = re.sub(r"\s*\([^()]*\)\s*$", "", text)
    text = " ".join(text.split()).strip(" .:;,-")
    if re.fullmatch(r"(?:\w )+\w", text):  # I N T R O D U C T I O N
        text = text.replace(" ", "")
    return _NUMBERING.sub("", text, count=1) if _NUMBERING.match(text) else text


def _match(patterns: Mapping[str, re.Pattern[str]], title: str) -> str:
    return next((code for code, pattern in patterns.items() if pattern.fullmatch(title)), "")


def _joined(codes: Iterable[str]) -> str:
    return "|".join(list(dict.fromkeys(c for code in codes for c in code.split("|") if c))[:2])


@cache
def told(title: str) -> str:
    """What a title tells whatever stands above it: a code, two joined by "|", or "".

    >>> told("Results and Discussion"), told("IV. CONCLUSIONS"), told("Prefrontal cortex")
    ('RESULTS|DISCUSS', 'CONCL', '')
    """
    text = normalise(title)
    if code := _match(_TELLING, text):
        return code
    if _ETHICS.fullmatch(text) or _ASIDE.fullmatch(text):
        return "OTHER"
    parts = [part for part in _PARTS.split(text) if part]
    codes = [_match(_TELLING, part) for part in parts]
    whole = all(codes) and not all(map(_BARE.fullmatch, parts))
    if len(parts) > 1 and (whole or _PLAIN.fullmatch(parts[0]) or _PLAIN.fullmatch(parts[-1])):
        leading = list(takewhile(lambda pair: not pair[0], zip(codes, parts, strict=True)))
        hints = [_match(_HINTING, part) for _, part in leading]
        return _joined(hints + codes)
    head = _HEAD.match(text)
    return _match(_TELLING, head[1]) if head and not _BARE.fullmatch(head[1]) else ""


@cache
def hinted(title: str) -> str:
    """What a title tells where nothing above it does, or ""."""
    text = normalise(title)
    if code := _match(_HINTING, text):
        return code
    parts = _PARTS.split(text)
    codes = [_match(_HINTING, part) for part in parts]
    return _joined(codes) if len(parts) > 1 and all(codes) else ""


@cache
def _kind_code(kind: str) -> str:
    """What the type of an element tells, or ""."""
    words = kind.casefold().replace("-", " ").replace("_", " ").split("|")
    return _joined(KINDS.get(word.strip()) or told(word) for word in words)


def _stated(text: str) -> list[str]:
    """What the statements in a text are about, in the order of the text."""
    plain = re.sub(r"['’]", "", text.casefold())
    found = [(m.start(), code) for code, p in _STATEMENTS.items() if (m := p.search(plain))]
    return [code for _, code in sorted(found)]


def _lead(text: str) -> str:
    """What the first words of an untitled block tell, if they stand there like a title."""
    head = re.match(r"[\W\d]*([^.:]{3,60})[.:]\s", text)
    return told(head[1]) if head else ""


def _statement(block: Block) -> str:
    """The code of a footnote, a note or an acknowledgement without a telling title, or ""."""
    lead = _lead(block.text)
    if lead in BACK_MATTER or lead == "OTHER":
        return lead
    stated = _stated(block.text)
    typed = _kind_code(block.kind) or ELEMENTS.get(block.element, "")
    if typed not in BACK_MATTER:
        return _joined(stated) or typed
    if typed == "ACK_FUND" and block.element != "ack" and stated[:1] == ["COMP_INT"]:
        return _joined(code for code in stated if code in ("COMP_INT", "ACK_FUND"))
    if typed not in stated:
        return typed
    return _joined(code for code in stated if code in (typed, "COMP_INT"))


def _own(block: Block) -> str:
    """What a block tells by its title, or as a statement; the types of sections come later."""
    title = normalise(block.title)
    if title.startswith("compliance with ethical"):
        several = re.search(r"ethic|consent|approv|animal", block.text.casefold())
        return "COMP_INT" if _stated(block.text) == ["COMP_INT"] and not several else "OTHER"
    if _DISCLOSURE.fullmatch(title):
        stated = [code for code in _stated(block.text) if code in ("COMP_INT", "ACK_FUND")]
        return _joined(stated) or ("ACK_FUND" if title.startswith("financial") else "COMP_INT")
    if code := told(block.title):
        return code
    if block.element in STATED or title in UNTELLING:
        return _statement(block)
    kind = _kind_code(block.kind)
    return kind if kind in BACK_MATTER else ELEMENTS.get(block.element, "")


def _container(blocks: Sequence[Block]) -> str:
    """The code that an element gives to all that stands in it, or ""."""
    inner = ""
    supplement = back = False
    for block in blocks:
        back = back or block.element == "back"
        code = CONTAINERS.get(block.element, "")
        title = told(block.title)
        if block.element == "app":
            code = "SUPPL" if "SUPPL" in (title, _lead(block.text)) else "APPENDIX"
        elif block.element == "sec" and (
            "APPENDIX" in (title, _kind_code(block.kind)) or (back and _LETTERED.match(block.title))
        ):
            code = "APPENDIX"
        elif code == "KEYWORD" and "ABBR" in (title, _kind_code(block.kind)):
            code = "ABBR"
        elif not code and _own(block) == "SUPPL":
            supplement = True
        if inner == "APPENDIX":
            code = "REF" if code == "REF" else inner
        elif code in ("FIG", "TABLE") and supplement:
            code = "SUPPL"
        supplement = supplement or code == "SUPPL"
        inner = code or inner
    return inner


def _nearest(codes: Iterable[str]) -> str:
    """The first code of the main line among these, or ""."""
    return next((code for code in codes if code.split("|")[0] in MAIN_LINE), "")


def _placed(blocks: Sequence[Block]) -> str:
    """What the place of a topical section among its siblings tells in a research article.

    Authors name the sections of their findings, or of what led to them, after the topic.
    """
    top = next((block for block in blocks if block.element == "sec"), None)
    place = top or next((block for block in blocks if block.element == "body"), None)
    if place is None or any(block.element == "back" for block in blocks):
        return ""
    before = _nearest(map(told, reversed(place.before))).split("|")[-1]
    after = _nearest(map(told, place.after)).split("|")[0]
    if (before in ("", "INTRO") and after == "METHODS") or (
        not place.title and not before and after
    ):
        return "INTRO"
    if code := PLACES.get((before, after)):
        return code
    before = _nearest(told(title) or hinted(title) for title in reversed(place.before))
    after = _nearest(told(title) or hinted(title) for title in place.after)
    return PLACES.get((before.split("|")[-1], after.split("|")[0]), "")


def _walk(blocks: Sequence[Block]) -> str:
    """The code of the nearest block that tells, as its ancestors allow it."""
    if not blocks:
        return ""
    *outer, own = blocks
    code = _own(own)
    if not code:
        return _walk(outer)
    if code in BACK_MATTER and not _ACCESSIONS.fullmatch(normalise(own.title)):
        return code
    above = _walk(outer)
    if above == "SUPPL":
        return code if code == "OTHER" else above
    if code == "OTHER" and (
        (above == "METHODS" and own.element == "sec")
        or (own.element == "fn" and not own.title and above in BACK_MATTER)
    ):
        return above
    return code


def section_code(blocks: Sequence[Block], article_type: str = "") -> str:
    """The section code of a passage.

    Args:
        blocks: the structural elements around it, the outermost first, its own last.
        article_type: as in the article.

    Returns:
        One of ``CODES``, or two joined by "|".
    """
    if code := _container(blocks) or _walk(blocks):
        return code
    if code := next(filter(None, (_kind_code(block.kind) for block in reversed(blocks))), ""):
        return code
    titles = [block.title for block in reversed(blocks) if block.title]
    if article_type == "case-report" and any(
        _CASE_REPORT.fullmatch(normalise(title)) for title in titles
    ):
        return "CASE"
    if code := next(filter(None, map(hinted, titles)), ""):
        return code
    if any(block.element == "def-list" for block in blocks) and blocks[0].element == "back":
        return "ABBR"
    if article_type in TOPICAL or any(_TAXON.fullmatch(normalise(t)) for t in titles):
        return "OTHER"
    return _placed(blocks) or "OTHER"

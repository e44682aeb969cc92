"""What titles, types, elements and statements tell of a section: for a curator to change."""

from collections.abc import Mapping

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


# The tables hold one regular expression a line, for a whole title in the form that `normalise`
# gives it: lower case, no accents, apostrophes, numbering or final punctuation, "and" for "&". A
# line that ends in a backslash goes on.

# Titles that tell whatever stands above them.
TELLING: Mapping[str, str] = {
    "ABSTRACT": r"""
        abstract|resumo|resumen|zusammenfassung
        (editors|authors?|lay|plain (language|english)|graphical|structured) (summary|abstract)
        significance statement|statement of significance|impact statement|elife digest
        translational relevance
        """,
    "KEYWORD": r"""
        key ?words?|index terms|palavras chave|palabras clave|mots cles
        """,
    "INTRO": r"""
        ((general|brief|short) )?introductions?( section)?|introductory remarks
        ((scientific|general|study|research) )?backgrounds?( information| literature)?
        background (to|of) the (study|research|problem)
        (background|introduction|introducao) (and|e) (background|introduction|motivations?)( .*)?
        (background|introduction|introducao) (and|e) (objectives?|objetivos?|aims?|purposes?)( .*)?
        (background|introduction|introducao) (and|e) (rationale|significance|context|overview)( .*)?
        (background|introduction|introducao) (and|e) (hypothes[ie]s|goals?|scope|summary)( .*)?
        (background|introduction|introducao) (and|e) (literature|related work|theor(y|etical))( .*)?
        introducao|introduccion|introduzione|einleitung|einfuhrung|hintergrund
        """,
    "METHODS": r"""
        ((general|main|our|online|star|detailed|extended|full) )?(methods?|methodolog(y|ies))
        (methods?|methodology) (section|summary|details?|used|employed|overview|section)
        (research|experimental|study|statistical|laboratory|computational) (methods?|methodology)
        (analytical|numerical|empirical|proposed|transparent|clinical) (methods?|methodology)
        (materials?|experimental|reagents|chemicals|procedures?|metrics),? (and )?methods?
        (patients?|subjects?|animals?|participants?|cases?|samples?|population),? (and )?methods?
        (study )?(design|setting|population|data) and (research )?(methods?|methodology)
        (study|research) (design|population) and (\w+ )?(methods?|methodology)
        (subjects?|patients?), materials,? and methods?|materials?,? methods?,? and .*
        methods? and (materials?|analys[ie]s|data|design|procedures?|protocols?|statistics)
        experimental( section| part| work| details?| setup| protocols?| materials?)?
        experimental (and (theoretical|computational) )?(procedures?|methods?)( and methods?)?
        (stocks|reagents|equipment|strains|animals) and materials
        materials and (procedures|reagents|equipment)|experimental materials and methods
        methodological (procedures|approach)|methods? details|before you begin
        experimental models? and (subject|study participant) details
        (key )?resources? table|quantification and statistical analys[ie]s
        metodos?|metodologia|casuistica e metodos?|metodologia e .*
        (materia(l|is|les)|pacientes|sujeitos|sujetos|participantes) (e|y) metodos?
        (procedimentos?|procedimientos?|percursos?|caminhos?|aspectos) metodologicos?( .*)?
        (desenho|delineamento|abordagem|diseno) metodologic[oa]
        (materiel|patients) et methodes|methoden|methodik|(material|patienten) und methoden?
        """,
    "RESULTS": r"""
        results?( section| obtained)?|resultados?|resultats|ergebnisse
        (general|preliminary) results?
        (experimental|empirical|simulation|numerical|experiment) results?
        (\w+ )?results and (analys[ie]s|interpretations?|findings|observations|statistics)
        (analys[ie]s|findings) and results|resultados e analises?|results (of|from) (the|this) .*
        """,
    "RESULTS|DISCUSS": r"""
        (presentation|analysis|interpretation) and discussion of (the )?(results|findings|data)
        (apresentacao|analise) e discussao( d[aeo]s? .*)?|(analisis|presentacion) y discusion( .*)?
        """,
    "DISCUSS": r"""
        ((general|overall|brief|further|final|main) )?discussions?( section)?
        discussion (of|on) (the )?(main |key |our )?(results|findings)( .*)?
        discuss(ao|ion)|discusion|diskussion|discussion generale
        ((study|main|potential|key|methodological|our|some|strengths and) )*limitations?\
( and (strengths|weaknesses|future .*|directions|implications))?( of (the|this|our) .*)?
        strengths and weaknesses( of .*)?|limitacoes( do estudo)?|limitaciones( del estudio)?
        """,
    "DISCUSS|CONCL": r"""
        discussion and summary
        """,
    "CONCL": r"""
        ((general|overall|main|final|summary|brief|major|key|in|to|authors?) )*conclu(de|sions?)\
( section)?
        research conclusions?|conclusions? of (the|this|our) (study|work|research|paper)
        conclu(ding|sive) (remarks?|statements?|comments?|thoughts|summary|observations|points)
        (final|closing) (considerations|remarks|comments|thoughts)|take home messages?
        conclus(ao|oes|ion|iones)|schlussfolgerung(en)?|fazit
        (consideracoes|consideraciones|comentarios|reflexoes|reflexiones|notas) fina(is|les)
        algumas consideracoes
        """,
    "CASE": r"""
        ((the|our|a|clinical|detailed|index|illustrative) )?case (presentation|report|description)s?
        ((the|our|a|clinical) )?case (histor(y|ies)|summar(y|ies)|illustrations?|details)
        case (presentation|report|description|history|series)s? (\d+|and (?!discussion).*|of .*)
        (clinical|illustrative) cases?|(presentation|description) of (the )?cases?
        (relatos?|descricao|apresentacao|reporte|presentacion|descripcion) de(l)? casos?
        (relatos?|descricao|apresentacao) dos? casos?|casos? clinicos?|cas cliniques?
        """,
    "SUPPL": r"""
        (electronic |online |web |data )?supplement(ary|al)( (and|for|to|of|s?\d).*)?
        (electronic |online |web |data )?supplement(ary|al) (\w+ )?(materials?|informations?)( .*)?
        (electronic |online |web |data )?supplement(ary|al) (\w+ )?(data|files?|contents?)\
( (?!collection|analys[ie]s).*)?
        supplement(ary|al) (\w+ )?(documents?|figures?|tables?|notes?|texts?|legends?)( .*)?
        supplement(ary|al) (\w+ )?(movies?|videos?|appendi(x|ces)|references|resources?)( .*)?
        supplement(ary|al) (\w+ )?(methods?|results?|discussion|procedures?)( .*)?
        (online )?supporting (online )?(information|materials?|data|files?)\
( (available|and|for|s?\d).*)?
        (electronic|online|web|data|video) supplements?|supplement
        appendix( [a-z\d]+)?[.:]? (supplement|supporting (information|materials?|data)).*
        (web|multimedia|online) appendi(x|ces)( \d+)?|extended data( (figure|table)s?.*)?
        additional (data |supporting )?(files?|materials?|data)( \d+.*)?|associated content
        additional supporting information.*|web (extra|only) (materials?|data)|digital content
        s\d+ (text|figs?|figures?|tables?|files?|appendix|data|dataset|movie|video|audio)\b.*
        s\d+ (protocol|checklist|methods?|information)\b.*
        (file|text|figure|table|movie|video|dataset|protocol|appendix|data) s\d+\b.*
        materia(l|is) suplementar(es)?|material suplementario|informac(ao|ion) suplementa(r|ria)
        """,
    "ABBR": r"""
        ((list|definitions?) of |non ?standard |selected |common )*(abbreviations?|acronyms?)
        (non ?standard )?(abbreviations?|acronyms?) (used|list|and .*|used in .*)
        (list|glossary) of (terms|symbols|acronyms|abbreviations)( .*)?|glossary|glossario
        (lista de )?(abreviaturas|abreviacoes|siglas)( .*)?
        """,
    "APPENDIX": r"""
        ((technical|mathematical|statistical) )?append(ix|ices|ixes)|anhang
        (appendix|annex|annexe|anexo|apendice) ([a-z]|\d+|[ivx]+)\b.*
        anexos?|apendices?|annex|annexes
        """,
    "ACK_FUND": r"""
        ac?knowle?d?ge?ments?( of .*| section| and disclosures?)?|ackn?owledgements?
        (main |special |sub )?thanks|agradecimentos?|agradecimientos?|remerciements|danksagung
        (research |study |project |author |article |open access )?(funding|funders?|fundings)
        (open access )?funding (sources?|information|statements?|support|disclosures?|details?)
        (funding|sponsorship) (bod(y|ies)|agenc(y|ies)|acknowledge?ments?|declarations?|source .*)
        funding( and |/)(support|sponsorship)|(sources?|statement|declaration|disclosure) of funding
        (the )?roles? of (the )?(funding|study)? ?(sources?|funders?|sponsors?|bod(y|ies))([ /].*)?
        (sources? of )?(financial|grant|research) (support|assistance)( .{0,30})?
        grants? (sponsors?|information|numbers?|funding)|financial disclosures?
        statement of financial support|(sources? of )?sponsorship|sources? of support
        additional contributions|sponsors? role
        (fontes?|fuentes?) de (financiamento|financiamiento|financiacion|fomento)
        financiamento|financiamiento|financiacion|(apoio|suporte|apoyo) financeiro|financement
        finanzierung
        """,
    "AUTH_CONT": r"""
        (individual |co )?(authors?|authorship|contributors?) (\w+ )?contributions?( .*)?
        (statement|declaration) of (authors? contributions?|authorship|contributions?)
        contributors?|contributorship( statement)?|contributions? statements?|authors? roles?
        (study )?concept and design|drafting of the manuscript|obtained funding|guarantors?
        acquisition, analysis,? (or|and) interpretation of (the )?data|collaborators
        critical revision of the manuscript( .*)?|administrative, technical,? (or|and) .* support
        credit (authorship|authors?|taxonomy|statement|roles?).*|authors? statements?|authorship
        authors and contributors|contributor information|authors? and contributions?
        contributions? (of|by) (the )?(individual )?(authors?|contributors)( .*)?
        contribuic(ao|oes) d[eo]s? (cada )?autor(es)?|contribuicao autoral|colaboradores
        contribucion(es)? de (los )?autor(es)?|contributions? des auteurs
        """,
    "COMP_INT": r"""
        (potential |possible |authors? )?(conflicts?|dualit(y|ies)) (of )?interests?
        (potential |possible |authors? )?(competing|conflicting|competition)( of)? interests?
        (competing|conflicting) (financial|commercial|personal) interests?
        (statements?|declarations?|disclosures?) (of|on) (any |potential |possible |the )*\
(conflicts?( of)?|competing|conflicting)( financial)? interests?
        (statements?|declarations?|disclosures?) of( financial)? interests?
        (conflicts? of|competing|conflicting|dualit(y|ies) of|declarations? of)( financial)? \
interests? (statements?|disclosures?|declarations?|policy|information|forms?)
        conflicts? of interests? (disclosure |statement )?(for|of|by) .*|no competing interests?
        financial (and|or|interests and) (other )?(competing|conflicts? of) interests?( .*)?
        financial conflicts? of interests?|(financial|commercial) interests?
        interests? (statements?|declarations?|disclosures?)|confict of interest|coi statements?
        conflitos? de interesses?|conflictos? de interes(es)?|conflits? d ?interets?
        declaracao de (conflitos? de )?interesses?|interessenkonflikt|liens d ?interets?
        declaracion de (conflictos? de )?interes(es)?
        """,
    "DATA_AVAIL": r"""
        (research )?(data|code|software|materials?|resource|datasets?|samples?|database|source code\
|model|dna|sequences?)\
(,? (and )?(other )?(data|code|software|materials?|resource|reagent|model|source code|\
protocols?))* \
(availability|accessibility|sharing|deposition|archiving|repository|accession)( .{0,40})?
        (research )?data (access|depositions?|statements?|archive)( statements?)?
        ((statement|declaration) (of|on) )?(data )?(availability|accessibility|sharing|deposition)\
 of (the )?(\w+ )?(data|code|software|materials?|datasets?|resources|reagents|source code)( .*)?
        availability and (requirements|implementation)|data and code|underlying data|open data
        (deposited|repository) data|open (practices( statement)?|research)|major datasets?
        data summary|programs? availability|geo accessions?
        (\w+ ){0,3}(accession|genbank|pdb) (numbers?|codes?|ids?)( .*)?|(genbank )?accessions?
        (\w+ ){0,2}data accessions?( .*)?
        (declaracao de )?disponibilidade (dos|de) dados.*|disponibilidad de (los )?datos.*
        dados de pesquisa
        """,
    "REF": r"""
        references?|references (cited|and (notes|recommended reading))|(literature|works) cited
        (cited|selected) literature|(selected |recommended )?bibliograph(y|ies)
        (further|selected|recommended|suggested) (readings?|references)
        referencias?( bibliograficas?)?|bibliografia|literatur|literatura citada
        """,
    "FIG|TABLE": r"""
        (figures?|figs?),? (schemes?,? )?and tables?|tables? and figures?
        figures? and tables? legends?
        """,
}

# Statements that no code describes; inside a section of the main line they are part of it.
ETHICS = r"""
    ethics|ethics and (consent|dissemination|registration)( .*)?
    ((research|medical|animal|human) )?ethic(s|al) (approvals?|statements?|considerations?)( .*)?
    ((research|medical|animal|human) )?ethic(s|al) (standards?|declarations?|compliance)( .*)?
    ((research|medical|animal|human) )?ethic(s|al) (review|clearance|permission|permit|note)( .*)?
    ((research|medical|animal|human) )?ethic(s|al) (committee|board|oversight|guidelines)( .*)?
    ((research|medical|animal|human) )?ethic(s|al) (aspects|conduct|information|consent)( .*)?
    (statements? (of|on) )?(ethics|human and animal rights|informed consent)
    ((patient|written|informed|participant) )*consents?( statements?| form| (to|for|and) .*)?
    (declaration of )?(patient|informed) consent
    (institutional|irb|animal|human) .{0,60}(review board|ethics|rights|consent)( statements?)?
    (research involving )?(human|animal)s? ((participants|subjects) )?and.{0,6} animals?( rights)?
    compliance with ethical (standards?|guidelines)( .*)?|protection of (human|animal) .*
    ((trial|study|clinical trial|protocol|review|prospero) )?registration( .*)?
    (aspectos|consideracoes|consideraciones|questoes) etic[oa]s
    """
ASIDE = r"""
    (publishers?|editors?|editorial|authors?|prepress|production) notes?( .*)?|disclaimers?( .*)?
    (pre ?publication|publication|article) history|open access( .*)?|trial status|usage notes
    (articles?|authors?) (information|details?|biograph(y|ies)|addresses)|about the authors?
    (how to )?cite this article( as)?|citations?|copyright( .*)?|notice of .*
    (rights|reprints) and permissions?|provenance( and peer review)?|peer review( information)?
    declarations|statements|current study status
    transparency (declaration|statements?)|reporting (summary|checklist)
    """

# Titles that tell only where nothing above them does: the participants of a trial are described in
# its methods, counted in its results and compared in its discussion.
HINTING: Mapping[str, str] = {
    "ABSTRACT": r"""
        ((research|article|study) )?highlights|key (points|messages?)|summary points|significance
        what (is|was) (already )?known.*|what this (study|paper|article|research) adds.*
        how this study might affect .*|how might (this|it) impact on clinical practice.*
        in brief|synopsis|essentials|study contributions|author impact statement
        research in context|evidence before this study|added value of this study
        implications of all (the )?available evidence
        """,
    "KEYWORD": r"""
        subject terms
        """,
    "INTRO": r"""
        ((study|research|main|specific|primary|general|our) )*(aims?|objectives?|purposes?|goals?)\
( and .*)?( (of|for) (the|this) .*)?
        (hypothes[ie]s|rationale|motivation|research questions?)( and .*)?
        ((related|previous|prior) (works?|research|studies|literature))|(the )?literature review
        review of (the )?(related )?literature|state of the art|historical (background|overview)
        (statement of (the )?problem|problem statement)|(study )?rationale (of|for) (the|this) study
        referencial teorico|marco teorico|fundamentacao teorica|objetivos?
        revis(ao|ion) (de|da) (la )?literatura
        """,
    "METHODS": r"""
        statistics( and .*)?|statistical (analys[ie]s|methods?|considerations|approach|plan)( .*)?
        (search|review) (methods?|methodology)|methods? of (the )?literature search
        (literature )?search( strategy)?( and .*)?|(study|article|literature) (selection|search)
        (inclusion|exclusion|eligibility|selection)( and (inclusion|exclusion|selection))? criteria
        data (extraction|collection|sources?|synthesis)( and .*)?|search criteria|survey design
        (quality|risk of bias) assessment( .*)?|(study|research|trial) design( and .*)?
        """,
    "RESULTS": r"""
        (?!interpretation )(\w+ ){0,3}(results|findings)|results? (of|from|for|on|in) .*
        (findings|results),? .*
        """,
    "DISCUSS": r"""
        (study )?(strengths?|weaknesses)( and .*)?|comments?|commentary
        interpretation( of (the )?(results|findings|data))?
        (principal|main|key) findings|comparison with (other|previous|existing) .*
        implications?( (for|of) .*)?|(\w+ )?(and \w+ )?implications?|generali[sz]ability
        unanswered questions.*|meaning of the study.*
        """,
    "CONCL": r"""
        (brief |executive )?summary( and .*)?
        ((future|current|concluding|final) )*(perspectives?|outlooks?|prospects?|recommendations?)\
( and .*)?
        future (directions?|trends|work|research|challenges|developments?)( and .*)?
        (suggestions|recommendations|directions|perspectives) for (the )?(future|further) .*
        moving forward|(the )?way forward|recomendac(oes|iones)|perspectivas( .*)?
        """,
    "AUTH_CONT": r"""
        contributions?
        """,
    "ACK_FUND": r"""
        (funding|financial )?support|grants?|financing|sponsors?
        """,
    "DATA_AVAIL": r"""
        availability|resource availability|downloads?|source data
        """,
    "REF": r"""
        literature|readings?
        """,
    "FIG": r"""
        figures?( legends?| captions?)?|legends?( (to|for) (the )?figures?)?|figuras?
        """,
    "TABLE": r"""
        tables?( legends?| captions?)?|specifications? table|tabelas?|tablas?
        """,
    "ABBR": r"""
        nomenclature|(list of )?symbols
        """,
    "CASE": r"""
        (the )?cases?
        patient (\d+|information|presentation|history|report)
        """,
}
# The same, in articles that report research; in others these are topics.
IN_RESEARCH: Mapping[str, str] = {
    "INTRO": r"""
        (the )?(present|current) study|(study|research) context|context|preliminar(y|ies)( works?)?
        chemical context
        (literature|theoretical|conceptual) (review|background|framework)s?( and .*)?
        """,
    "METHODS": r"""
        materials?( used| studied)?|(\w+ ){0,2}(methods?|approach|technique)|.* (and|e|y) methods?
        synthesis and crystalli[sz]ation|refinement( details)?
        (data|image|bioinformatics?|qualitative|quantitative|statistical and data) \
(analys[ie]s|acquisition|processing|management|preparation)( and .*| plan| methods?)?
        (study|research|trial|experimental|survey|sampling|experiment|simulation) \
(design|protocol|setting|set ?up|population|participants|subjects|sample)s?( and .*)?
        (study|research|trial|experimental|survey|sampling|experiment) \
(area|site|region|procedure|environment|oversight|strategy|framework|system|condition)s?( and .*)?
        (the )?(participants?|subjects?|patients?|animals?|mice|samples?|sampling|population)\
( \d+)?( and .*)?
        recruitment|settings?( and .*)?|(randomi[sz]ation|blinding)( and .*)?
        (procedures?|protocols?)( and .*)?
        (measures?|measurements?|instruments?|instrumentation|questionnaires?|variables)( and .*)?
        (apparatus|equipment|reagents|chemicals|software|antibodies|plasmids|buffers)( and .*)?
        interventions?|calculations|data|data ?sets?|experiments?( \d+)?|implementation|design
        theory|theory and calculations?|simulations?|algorithms?|preparation|eligibility
        ((the|mathematical|theoretical|system|proposed|numerical|statistical) )?models?
        methods? (of|for) .*|case definitions?|definitions
        ((primary|secondary|main|safety|efficacy|study|clinical) )*(and (secondary|safety) )?\
(outcomes?|end ?points?)( measures?| variables| assessments?)?
        sample size( .*)?|power (calculation|analysis)|follow up( .*)?
        (plant|bacterial|animal|biological|test) (materials?|strains?|subjects)( and .*)?
        cell (culture|lines?)( .*)?|animals and (housing|husbandry|treatments?|tissues?)( .*)?
        (reagent|equipment|software|instrument) (setup|preparation)|sample preparation( .*)?
        patient and public involvement( .*)?|(surgical|operative) (technique|procedure)s?
        (model|pipeline|system) (description|formulation|development|specification|calibration)s?
        (empirical|econometric|identification|estimation|modell?ing) (strategy|framework|model)s?
        construction and content|computational details|synthesis of .*|experimental design,? .*
        stepwise procedures?|step by step .*|.*\[timing.*
        delineamento .*|amostra|participantes|procedimentos|tipo de estudo|coleta de dados
        analise (de|dos) dados|analise estatistica|local (de|do) estudo|area de estudo
        """,
    "METHODS|RESULTS": r"""
        the study
        """,
    "RESULTS": r"""
        data (records?|description)|technical validation|observations?|utility( and .*)?|evaluation
        value of the data|(patient|participant|sample|baseline|subject|study) characteristics
        summary of data|numerical (examples?|experiments)|performance (test|evaluation|analysis)
        result analysis|structur(e|al) (commentary|description)|supramolecular features
        case stud(y|ies)|hirshfeld surface( analys[ie]s)?( and .*)?
        """,
}
# The same, in case reports.
IN_CASE_REPORT = r"""
    (case|patient) (\d+|[a-z])\b.*|(final |differential )?diagnos[ie]s|investigations?|treatments?
    outcomes?( and follow up)?|follow up|clinical findings|diagnostic assessment|examination
    therapeutic intervention|patients? perspectives?|timeline|history|management
    (patients?|cases?)( and observations?)?|observations?|reports?|report of (the |a )?cases?
    clinical (reports?|observations?|picture|course|descriptions?)|case (study|studies|series)
    clinical (presentation|history|vignette)s?
    """
# Taxon treatments are OTHER, even in the place of the results.
TAXON = r"""
    (systematics?|taxonomy|nomenclature|checklists?|phylum|class|order|family|genus)( .*)?
    systematic (pala?eontology|account|descriptions?|position)|taxonomic .*
    (subfamily|species|subgenus) \w+|descriptions?|diagnos[ie]s|etymology|remarks|distribution
    (type )?materials? examined|type (material|species|localit(y|ies))( .*)?|holotype|paratypes?
    coloration pattern
    """

# What sec-type, fn-type, notes-type and the like tell, where they are not words of a title.
KINDS: Mapping[str, str] = {
    "intro": "INTRO",
    "materials": "METHODS",
    "case": "CASE",
    "coi": "COMP_INT",
    "figures": "FIG",
    "tables": "TABLE",
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
    r"|(no|any|nothing|none|not)\b[^.]{0,40}\bto (disclose|declare)"
    r"|financial (interests?|relationships?)|competing financial|\bno conflicts?\b"
    r"|conflitos? de interesse",
    "ACK_FUND": r"\bfund(ed|ing) (by|from|was|for|provided|sources?|support)"
    r"|\b(financially )?supported( \w+){0,3} by|grants? (from|to|no|number)|\bno (\w+ )?funding"
    r"|(financial|funding|grant) support|funders? had no|^funding|\bsponsored by"
    r"|\bsupported,? in (whole|part)\b"
    r"|\backnowledges?\b|\bthanks?\b|\bgrateful\b|\bthankful\b|agrade[cç]|apoio financeiro",
    "AUTH_CONT": r"authors? contributions?|contributed equally|equal contribution"
    r"|(conceived|designed) (and|the)|wrote the (paper|manuscript|article)"
    r"|all authors (have )?(read|contributed|approved)|contributed to (the )?(\w+ )?"
    r"(design|study|writing|work|conception)|equally to th(is|e) (work|study|paper|article)"
    r"|equally (contributed|supervis)|\bshare[ds]? (the )?(joint )?(first|senior|last) authorship"
    r"|\b(joint|shared?|co)[ -](first|senior|last)[ -]authors?\b",
    "DATA_AVAIL": r"data (deposition|availability|sharing)|accession (numbers?|codes?)"
    r"|(?<!supplemental )(?<!supplementary )"
    r"(data|sequences?|structures?|code|datasets?|coordinates)\b[^.]{0,80}"
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
    (
        "additional information", "notes", "note", "footnotes", "peer reviewed",
        "transparency declarations",
    )
)  # fmt: skip
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
    ("RESULTS|DISCUSS", "METHODS"): "RESULTS|DISCUSS",
    ("RESULTS|DISCUSS", "CONCL"): "RESULTS|DISCUSS",
    ("RESULTS|DISCUSS", ""): "RESULTS|DISCUSS",
    ("DISCUSS", "CONCL"): "DISCUSS",
    ("CASE", "DISCUSS"): "CASE",
    ("CASE", "CONCL"): "CASE",
}
# Titles of the back matter that are topics inside the main line: the rice accessions of the
# methods, a food supplement, the centres that contributed patients, the concept of a device.
ALSO_TOPICS = r"""
    accessions?|supplement|additional data|contributors?|collaborators
    additional contributions|(study )?concept and design
    """
# Said by their own title wherever they stand.
BACK_MATTER = frozenset(
    ("ACK_FUND", "AUTH_CONT", "COMP_INT", "DATA_AVAIL", "ABBR", "SUPPL", "REF", "KEYWORD")
)
# What paragraphs may be by the words with which they open: "Supplementary Table 1" is none.
STATED_IN_A_PARAGRAPH = BACK_MATTER - {"SUPPL", "REF"}

"""What mentions mean: mentions of an article in, concepts of a terminology out, or none.

A mention is looked up as it stands, then by names that it may stand for, the surest first. The
first name that a terminology has decides. A gene's name is one of many species; the article says of
which.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, permutations
from typing import NamedTuple

from transforms.concepts import Candidate, Concept, Terminology
from transforms.names import name_key

HUMAN, MOUSE, RAT = 9606, 10090, 10116
_TAXON = "NCBITaxon:"
GENE, DISEASE, CHEMICAL, ORGANISM = "GP", "DS", "CD", "OG"

_MOST_REORDERED = 4

# What speaks for a species, beside its share of all that the article names. Chosen on BioRED's and
# tmVar3's training parts: 0.708 of BioRED's devel genes were right, 0.689 by the nearest alone.
_NEAREST, _HUMAN_BY_DEFAULT, _WRITTEN_SO = 0.6, 0.15, 0.4
_BEHIND = 20
_RODENT_SYMBOL = re.compile(r"[A-Z](?=.*\d)[a-z\d]{2,}")

LEARNT, FIRST = 1, 3
"""Ranks: names of everyday words and annotated corpora end at the one, those of the database that
names the concepts at the other."""

# How often links are right, by type and step, and by the kind of name: everyday or of an annotated
# corpus; of the database that names the concepts; of another. Of 58,000 gold mentions of BC5CDR,
# NCBI-disease, BioRED, tmVar3 and LINNAEUS, each part with the names learnt from the others.
SCORES = {
    ("CD", "abbreviation"): (0.99, 0.91, 0.15),
    ("CD", "name"): (0.99, 0.92, 0.29),
    ("CD", "order"): (0.67, 0.67, 0.33),
    ("CD", "part"): (0.92, 0.67, 0.33),
    ("DS", "abbreviation"): (0.98, 0.91, 0.21),
    ("DS", "name"): (0.97, 0.91, 0.47),
    ("DS", "order"): (0.75, 0.67, 0.58),
    ("DS", "part"): (0.81, 0.74, 0.26),
    ("GP", "abbreviation"): (0.96, 0.94, 0.90),
    ("GP", "name"): (0.90, 0.87, 0.80),
    ("GP", "order"): (0.40, 0.50, 0.40),
    ("GP", "part"): (0.73, 0.68, 0.60),
    ("OG", "abbreviation"): (0.99, 0.99, 0.90),
    ("OG", "genus"): (0.89, 1.00, 0.40),
    ("OG", "name"): (1.00, 0.94, 0.33),
    ("OG", "part"): (0.10, 0.18, 0.10),
}
_UNMEASURED = (0.9, 0.9, 0.7)

GUESSES = ("genus", "order", "part")
"""Steps whose links are kept only where they are right more often than not."""


class Span(NamedTuple):
    """A mention: its place in the article's text, and its type."""

    start: int
    end: int
    type: str


class Link(NamedTuple):
    """What a mention means.

    Attributes:
        how: the step that found it (see ``names_for``); genes that the article's species decided
            have ``species``.
        score: how often such links are right, 0 to 1.
    """

    concept: Concept
    how: str
    score: float


class Name(NamedTuple):
    """A name to look up for a mention, and the step that it is from."""

    text: str
    how: str


class Found(NamedTuple):
    """The concepts of the first name that a terminology has."""

    candidates: Sequence[Candidate]
    how: str
    terminology: Terminology


# Names that a mention may stand for -------------------------------------------------------------


def names_for(mention: str, type_: str, text: str, long_forms: Mapping[str, str]) -> Iterator[Name]:
    """The names to look up for a mention, the surest first.

    Args:
        mention: its characters.
        type_: its entity type.
        text: of the article, which may have a genus in full.
        long_forms: of the article's abbreviations.
    """
    if mention in long_forms:
        long = long_forms[mention]
        yield Name(long, "abbreviation")
        yield from (Name(name, "abbreviation") for name in _variants(long, type_))
    yield Name(mention, "name")
    if type_ == ORGANISM:
        yield from (Name(name, "genus") for name in _with_genus(mention, text))
    if (expanded := _expanded(mention, long_forms)) != mention:
        yield Name(expanded, "abbreviation")
    yield from (Name(name, "order") for name in _reordered(mention))
    yield from (Name(name, "part") for name in _variants(mention, type_))


_SHORT_GENUS = re.compile(r"([A-Z])[a-z]{0,2}\.\s?([A-Za-z-]{3,}.*)", re.DOTALL)


def _with_genus(mention: str, text: str) -> Iterator[str]:
    """``B. mallei`` with each genus of the article that it may be short for, its own first."""
    short = _SHORT_GENUS.fullmatch(mention)
    if short:
        species = re.escape(short[2].split()[0].lower())
        own = re.findall(rf"\b({short[1]}[a-z]{{2,}}) {species}\b", text)
        others = re.findall(rf"\b({short[1]}[a-z]{{3,}}) [a-z]{{4,}}", text)
        yield from (f"{genus} {short[2]}" for genus in dict.fromkeys(own + others[:100]))


def _expanded(mention: str, long_forms: Mapping[str, str]) -> str:
    """A mention of several words with the article's abbreviations among them in full."""
    return "".join(long_forms.get(part, part) for part in re.split(r"([\s/-]+)", mention))


def _reordered(mention: str) -> Iterator[str]:
    """``carcinoma of the breast`` as ``breast carcinoma``, and all other orders of few words."""
    words = [word for word in mention.replace(",", " ").split() if word not in ("of", "the", "in")]
    if 2 <= len(words) <= _MOST_REORDERED and not any(map(str.isdigit, mention)):
        yield from (" ".join(order) for order in list(permutations(words))[1:])


def _variants(name: str, type_: str) -> Iterator[str]:
    return _VARIANTS.get(type_, _no_variants)(name)


def _no_variants(name: str) -> Iterator[str]:  # noqa: ARG001 - one signature for all
    return iter(())


_ADJECTIVES = (
    ("otic", "osis"), ("emic", "emia"), ("itic", "itis"), ("tensive", "tension"),
    ("pathic", "pathy"), ("plegic", "plegia"), ("leptic", "lepsy"), ("phrenic", "phrenia"),
    ("thmic", "thmia"), ("plastic", "plasia"), ("trophic", "trophy"), ("betic", "betes"),
    ("pressive", "pression"), ("onian", "onism"), ("ritic", "ritis"), ("toxic", "toxicity"),
    ("gic", "gy"), ("ic", "ia"), ("ic", "y"), ("ive", "ion"), ("ous", "oma"),
)  # fmt: skip
_HARM = re.compile(
    r"(.+?)[\s-](?:damage|injur(?:y|ies)|dysfunctions?|impairments?|toxicit(?:y|ies)|lesions?|"
    r"abnormalit(?:y|ies)|complications?|involvement|defects?|disturbances?|insufficiency|"
    r"disorders?|diseases?|failure)",
    re.IGNORECASE,
)
_ORGANS = {
    "renal": "kidney", "hepatic": "liver", "cardiac": "heart", "pulmonary": "lung",
    "cerebral": "brain", "gastric": "stomach", "ocular": "eye", "cutaneous": "skin",
    "dermatological": "skin", "neurological": "nervous system", "neurologic": "nervous system",
    "psychiatric": "mental", "cardiovascular": "cardiovascular", "muscular": "muscle",
    "vascular": "vascular", "thyroid": "thyroid", "kidney": "kidney", "liver": "liver",
    "renovascular": "renovascular",
}  # fmt: skip
_AND = re.compile(r"\s*(?:,|/|\band/or\b|\band\b|\bor\b)\s*")
_STAGE = re.compile(
    r"(?:acute|chronic|severe|mild|moderate|advanced|early|late|recurrent|refractory|progressive|"
    r"primary|secondary|metastatic|sporadic|inherited|hereditary|familial|congenital|isolated|"
    r"symptomatic|malignant|benign|human|adult|childhood|juvenile|classical|typical|atypical|"
    r"reversible|transient|fatal|lethal|massive|bilateral|unilateral|induced|spontaneous|"
    r"drug-induced|experimental|generalized|non-familial|invasive|rare|common|major|minor)\s+",
    re.IGNORECASE,
)


def _disease_variants(name: str) -> Iterator[str]:
    """An adjective's noun, harm to an organ as its disease, one of several, without its course."""
    for adjective, noun in _ADJECTIVES:
        if name.lower().endswith(adjective):
            yield name[: -len(adjective)] + noun
    if harm := _HARM.fullmatch(name):
        organ = _ORGANS.get(harm[1].lower(), harm[1])
        yield from (f"{organ} {head}" for head in ("disease", "disorder", "injury"))
    parts = [part for part in _AND.split(name) if part]
    if len(parts) > 1:
        head = parts[-1].split()[-1]
        yield from (parts[-1], f"{parts[0]} {head}", parts[0])
    shorter = name
    while bare := _STAGE.match(shorter):
        shorter = shorter[bare.end() :]
        yield shorter
    for ending in (" syndrome", " disease", " disorder"):
        if name.endswith(ending):
            yield name.removesuffix(ending)
        else:
            yield name + ending


_CHIRAL = re.compile(
    r"^(?:\(?[+±-]+\)?-?|\(?[RSDLEZ](?:,[RS])?\)?-|dl-|DL-|cis-|trans-|\[?\(?\d+[A-Z]\)?\]?-?)+"
)
_SALT = re.compile(
    r"\s(?:hydrochloride|hydrobromide|sul(?:f|ph)ate|sodium|maleate|mesylate|acetate|citrate|"
    r"tartrate|phosphate|chloride|bromide|HCl|hydrate|ions?|salts?|therapy|monohydrate)$"
)


def _chemical_variants(name: str) -> Iterator[str]:
    """Without what tells isomers and isotopes apart; without a salt."""
    bare = _CHIRAL.sub("", name)
    if bare != name and len(bare) > 3:
        yield bare
    if (base := _SALT.sub("", name)) != name:
        yield base


_OF_A_GENE = re.compile(
    r"\s+(?:genes?|proteins?|m?RNAs?|cDNA|alleles?|receptors?|antigen|promoter|peptide|polypeptide|"
    r"enzyme|subunit|isoforms?|homologu?e?|mutants?|oncogene|loc(?:us|i)|molecule)$"
)
_BEFORE_A_GENE = re.compile(
    r"^(?:(?:human|mouse|murine|rat|bovine|recombinant|mutant|wild-?type|anti|serum|plasma|soluble|"
    r"total|activated|phosphorylated|endogenous|cellular|the|c|v|h|m|r|p|rh)[\s-]+)"
)


def _gene_variants(name: str) -> Iterator[str]:
    """Without words for what it is of, and what it is in."""
    bare = name
    while shorter := _OF_A_GENE.search(bare):
        bare = bare[: shorter.start()]
        yield bare
    while longer := _BEFORE_A_GENE.match(bare):
        bare = bare[longer.end() :]
        yield bare
    if bare[:1] in "hmrp" and bare[1:2].isupper():
        yield bare[1:]
    if bare.lower().startswith("factor "):
        yield f"coagulation {bare}"


def _organism_variants(name: str) -> Iterator[str]:
    """The species of a strain; the last word, as of "transgenic mice", and the first."""
    words = name.split()
    for count in range(len(words) - 1, 1, -1):
        yield " ".join(words[:count])
    if len(words) > 1:
        yield words[-1]
        yield words[0]


_VARIANTS: Mapping[str, Callable[[str], Iterator[str]]] = {
    DISEASE: _disease_variants,
    CHEMICAL: _chemical_variants,
    GENE: _gene_variants,
    ORGANISM: _organism_variants,
}


# Concepts ---------------------------------------------------------------------------------------


def find_concepts(
    names: Iterable[Name], type_: str, terminologies: Sequence[Terminology]
) -> Iterator[Found]:
    """The concepts of each name that one of the terminologies has."""
    for name in names:
        key = name_key(name.text)
        for terminology in terminologies if key else ():
            if candidates := terminology.find(type_, key):
                yield Found(candidates, name.how, terminology)


class _Article:
    """An article whose mentions are being linked; each string is looked up once."""

    def __init__(
        self,
        text: str,
        sentences: Sequence[tuple[int, int]],
        long_forms: Mapping[str, str],
        terminologies: Sequence[Terminology],
    ) -> None:
        self._text = text
        self._starts = [start for start, _ in sentences]
        self._long_forms = long_forms
        self._terminologies = terminologies
        self._found: dict[tuple[str, str], list[Found]] = {}
        self._species: list[tuple[int, int]] = []  # start of a mention, its taxon
        self._shares: dict[int, float] = {}  # of each taxon among these

    def link(self, span: Span) -> Link | None:
        """What a mention means."""
        mention = self._text[span.start : span.end]
        found = self._look_up(mention, span.type)
        if span.type == GENE:
            return self._link_gene(span, mention, found)
        return _link(found[0], found[0].candidates, span.type) if found else None

    def note_species(self, links: Mapping[Span, Link | None]) -> None:
        """Remembers where the article speaks of which species."""
        self._species = sorted(
            (span.start, int(link.concept.id.removeprefix(_TAXON)))
            for span, link in links.items()
            if link is not None and link.concept.id.startswith(_TAXON)
        )
        counts = Counter(taxon for _, taxon in self._species)
        self._shares = {taxon: count / counts.total() for taxon, count in counts.items()}

    def _look_up(self, mention: str, type_: str) -> list[Found]:
        """What the names for a mention find: of genes all, of others the first."""
        if (mention, type_) not in self._found:
            names = names_for(mention, type_, self._text, self._long_forms)
            found = find_concepts(names, type_, self._terminologies)
            self._found[mention, type_] = list(islice(found, None if type_ == GENE else 1))
        return self._found[mention, type_]

    def _link_gene(self, span: Span, mention: str, found: Sequence[Found]) -> Link | None:
        """The gene of the likeliest species that has one of such a name; none if it has several."""
        for taxon in self._likely_species(span, mention):
            for one in found:
                own = [each for each in one.candidates if each.taxon in (taxon, 0)]
                if own and sum(each.rank == own[0].rank for each in own) == 1:
                    return _link(one, own, GENE, None if taxon == HUMAN else "species")
                if own:
                    return None
        return None

    def _likely_species(self, span: Span, mention: str) -> list[int]:
        """The species that a gene may be of, the likeliest first.

        What speaks for one: how often the article names it, that it is named nearest in the
        sentence, and that its genes are written so: TP53 in humans, Trp53 in mice and rats.
        """
        weights = defaultdict[int, float](float, self._shares)
        weights[HUMAN] += _HUMAN_BY_DEFAULT
        if near := self._nearest(span):
            weights[near] += _NEAREST
        letters = [letter for letter in mention if letter.isalpha()]
        if len(letters) >= 3 and all(map(str.isupper, letters)):
            weights[HUMAN] += _WRITTEN_SO
        elif _RODENT_SYMBOL.fullmatch(mention):
            weights[MOUSE] += _WRITTEN_SO
            weights[RAT] += _WRITTEN_SO
        return sorted(weights, key=lambda taxon: -weights[taxon])

    def _nearest(self, span: Span) -> int | None:
        """The species named nearest in a mention's sentence; one behind it is farther off."""
        sentence = bisect_right(self._starts, span.start)
        start = self._starts[sentence - 1] if sentence else 0
        end = self._starts[sentence] if sentence < len(self._starts) else len(self._text)
        near = [
            (abs(at - span.start) + _BEHIND * (at > span.start), taxon)
            for at, taxon in self._species[
                bisect_left(self._species, (start, 0)) : bisect_left(self._species, (end, 0))
            ]
        ]
        return min(near)[1] if near else None


def _link(
    found: Found, candidates: Sequence[Candidate], type_: str, how: str | None = None
) -> Link | None:
    score = score_of(type_, found.how, candidates[0].rank)
    if found.how in GUESSES and score < 0.5:
        return None
    return Link(found.terminology.concept(candidates[0].row), how or found.how, score)


def score_of(type_: str, how: str, rank: int) -> float:
    """How often links of a type, found by a step through a name of such a rank, were right."""
    by_rank = SCORES.get((type_, how), _UNMEASURED)
    return by_rank[(rank > LEARNT) + (rank > FIRST)]


def link_mentions(
    text: str,
    sentences: Sequence[tuple[int, int]],
    spans: Sequence[Span],
    long_forms: Mapping[str, str],
    terminologies: Sequence[Terminology],
) -> list[Link | None]:
    """What each mention of an article means.

    Args:
        text: of the article.
        sentences: their offsets.
        spans: the mentions, in any order.
        long_forms: of the article's abbreviations.
        terminologies: the first that has a name decides.
    """
    article = _Article(text, sentences, long_forms, terminologies)
    organisms = {span: article.link(span) for span in spans if span.type == ORGANISM}
    article.note_species(organisms)
    return [organisms[span] if span in organisms else article.link(span) for span in spans]

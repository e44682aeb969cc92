"""``evaluate``: gold and a model, or a run, in; precision, recall, F1 and the errors out."""

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.cores import available_cores
from models.gold import Gold, GoldDocument, Mention, read_gold
from pipeline.evaluation.concepts import ConceptScore, score_concepts
from pipeline.evaluation.predictions import Predictions, predict
from transforms.concepts import Terminology
from transforms.errors import UserError

try:
    from pipeline.evaluation.scores import Error, Matching, find_errors, score
except ModuleNotFoundError as error:
    raise UserError(
        f"evaluate needs {error.name} (Python 3.11 or later): pip install '.[evaluate]'"
    ) from error

# What corpora call our types. Cancer alone is not disease, nor a cell line an organism.
LABELS = {
    "GP": "gp gene gene-y gene-n protein dna rna ggp pr gene_or_gene_product geneorgeneproduct "
    "gene_protein",
    "DS": "ds disease mondo diseaseorphenotypicfeature specificdisease diseaseclass modifier "
    "compositemention",
    "CD": "cd chemical chebi drug simple_chemical amino_acid chemicalentity",
    "OG": "og species taxon ncbitaxon organism organismtaxon",
}
TYPE_OF = {label: kind for kind, labels in LABELS.items() for label in labels.split()}

PEOPLE = "PP"  # words for people, which are organisms by some guidelines and not by others
CONTEXT = 60  # characters on each side of an error
COLUMNS = (
    *(
        "kind",
        "document",
        "section",
        "start",
        "end",
        "gold_type",
        "gold",
        "predicted_type",
        "predicted",
    ),
    *("before", "text", "after"),
)


def strict_f1(gold: Path, model: str) -> float:
    """The strict micro F1 of a model on gold data, with the default types.

    Raises:
        UserError: the gold or the model cannot be used.
    """
    read = read_gold(gold)
    found = predict(model, read.documents, available_cores())
    return compare(read, found).matchings["strict"].micro.f1


@dataclass(frozen=True)
class Report:
    """An evaluation.

    Attributes:
        gold_types: the scored types, each with the gold's labels for it.
        concepts: by type, if links were scored too.
        unscored: the gold's other labels, counted.
        documents: those scored; ``absent`` are the others, by name, which the run does not hold.
        people: the model's types of words for people, and what they were scored as; "" if not.
        sections: strict scores by section code, where the gold says what its texts are from.
        errors: over ``documents``.
    """

    gold: Gold
    predictions: Predictions
    gold_types: Mapping[str, Sequence[str]]
    unscored: Counter[str]
    documents: Sequence[GoldDocument]
    absent: Sequence[str]
    people: Mapping[str, str]
    matchings: Mapping[str, Matching]
    sections: Mapping[str, Matching]
    errors: Sequence[Error]
    concepts: Mapping[str, ConceptScore] = field(default_factory=dict)


def compare(
    gold: Gold,
    found: Predictions,
    gold_types: str | None = None,
    terminologies: Sequence[Terminology] = (),
) -> Report:
    """Scores predictions.

    Args:
        gold: what is right.
        found: what was found in its documents; counts of types that are not scored are dropped.
        gold_types: as ``match_types`` takes it.
        terminologies: to link mentions to, whose concepts are scored then.

    Raises:
        UserError: as ``match_types`` does, or terminologies and no ids in the gold.
    """
    if terminologies and not any(document.concepts for document in gold.documents):
        raise UserError("--concepts: the gold has no ids of concepts; PubTator files can have them")
    labels = Counter(mention.type for doc in gold.documents for mention in doc.mentions)
    type_of = match_types(labels, found.types, gold_types)
    types = sorted(set(type_of.values()))
    found.lost = _only(found.lost, type_of)
    found.outside = _only(found.outside, types)
    found.widened = _only(found.widened, types)
    scored = [
        (document, mentions)
        for document, mentions in zip(gold.documents, found.mentions, strict=True)
        if mentions is not None
    ]
    theirs = [
        [
            Mention(mention.start, mention.end, type_of[mention.type])
            for mention in document.mentions
            if mention.type in type_of
        ]
        for document, _ in scored
    ]
    people = people_in_gold(found.people, scored, type_of)
    ours = [decided(document, renamed(own, people), type_of) for document, own in scored]
    return Report(
        gold=gold,
        predictions=found,
        gold_types={
            kind: sorted(label for label in type_of if type_of[label] == kind) for kind in types
        },
        unscored=Counter({name: n for name, n in labels.items() if name not in type_of}),
        documents=[document for document, _ in scored],
        absent=[
            document.name
            for document, mentions in zip(gold.documents, found.mentions, strict=True)
            if mentions is None
        ],
        people=people,
        matchings=score(theirs, ours, types),
        sections=_by_section([document for document, _ in scored], theirs, ours, types),
        errors=list(find_errors(theirs, ours, types)),
        concepts=score_concepts([document for document, _ in scored], ours, type_of, terminologies)
        if terminologies
        else {},
    )


def people_in_gold(
    people: Mapping[str, str],
    scored: Iterable[tuple[GoldDocument, Sequence[Mention]]],
    type_of: Mapping[str, str],
) -> dict[str, str]:
    """What words for people count as: nothing, unless the gold annotates most of those found.

    Args:
        people: the model's types of such words, each with the type that they may count as.
        scored: documents, and the mentions found in each.
        type_of: the type of each gold label that is scored.
    """
    annotated = Counter[str]()
    for document, found in scored:
        gold = {m._replace(type=type_of[m.type]) for m in document.mentions if m.type in type_of}
        for mention in found:
            if kind := people.get(mention.type):
                annotated[mention.type] += 1 if mention._replace(type=kind) in gold else -1
    return {kind: name if annotated[kind] > 0 else "" for kind, name in people.items()}


def renamed(mentions: Iterable[Mention], types: Mapping[str, str]) -> list[Mention]:
    """Mentions by other names of their types; those of a type with no name are left out."""
    named = [mention._replace(type=types.get(mention.type, mention.type)) for mention in mentions]
    return [mention for mention in named if mention.type]


def decided(
    document: GoldDocument, found: Sequence[Mention], type_of: Mapping[str, str]
) -> list[Mention]:
    """The predictions that count.

    Where the gold's readers did not agree, or marked people apart, a prediction is neither right
    nor wrong, unless it shares text with a mention that counts.

    Args:
        document: of the gold.
        found: predictions in it.
        type_of: the type of each gold label that is scored.
    """
    counting = [mention for mention in document.mentions if mention.type in type_of]
    open_spans = [
        *document.undecided,
        *(m for m in document.mentions if m.type == PEOPLE and m.type not in type_of),
    ]
    return [
        mention
        for mention in found
        if not _touches(mention, open_spans) or _touches(mention, counting)
    ]


def _touches(mention: Mention, others: Iterable[Mention]) -> bool:
    return any(mention.start < other.end and other.start < mention.end for other in others)


def _by_section(
    documents: Sequence[GoldDocument],
    theirs: Sequence[list[Mention]],
    ours: Sequence[list[Mention]],
    types: Sequence[str],
) -> dict[str, Matching]:
    found = {}
    for code in sorted({document.section for document in documents} - {""}):
        chosen = [n for n, document in enumerate(documents) if document.section == code]
        gold, predicted = ([side[n] for n in chosen] for side in (theirs, ours))
        found[code] = score(gold, predicted, types)["strict"]
    return found


def _only(counts: Counter[str], names: Collection[str]) -> Counter[str]:
    return Counter({name: count for name, count in counts.items() if name in names})


def match_types(
    labels: Collection[str], types: Collection[str], wanted: str | None = None
) -> dict[str, str]:
    """Which of the model's types each gold label is; labels that are none are left out.

    Args:
        labels: the gold's.
        types: the model's.
        wanted: ``GP=GENE|protein,DS=Disease``. Without it, equal names count if there are any,
            else the names that well-known corpora use.

    Raises:
        UserError: an unknown type or label, or no label that is one of the types.

    >>> match_types(["Chemical", "Disease", "Cell"], ["GP", "DS", "CD", "OG"])
    {'Chemical': 'CD', 'Disease': 'DS'}
    """
    known = f"the gold has {', '.join(sorted(labels))}, the model {', '.join(sorted(types))}"
    if wanted is not None:
        type_of: dict[str, str] = {}
        for part in wanted.split(","):
            kind, equals, names = part.strip().partition("=")
            if not equals or kind not in types:
                raise UserError(f"--gold-types: {part!r} is no TYPE=LABEL; {known}")
            for name in names.split("|"):
                if name not in labels:
                    raise UserError(f"--gold-types: no label {name!r}; {known}")
                if type_of.get(name, kind) != kind:
                    raise UserError(f"--gold-types: {name} is given to {type_of[name]} and {kind}")
                type_of[name] = kind
        return type_of
    type_of = {label: label for label in labels if label in types} or {
        label: TYPE_OF[label.lower()] for label in labels if TYPE_OF.get(label.lower()) in types
    }
    if not type_of:
        raise UserError(f"no label of the gold is a type of the model: {known}; use --gold-types")
    return type_of


def write_errors(path: Path, report: Report) -> None:
    """Writes every error of an evaluation, with its context, as tab-separated values."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        for error in sorted(report.errors, key=lambda error: (error.kind, error.document)):
            document = report.documents[error.document]
            sections = report.predictions.sections.get(document.name, ())
            sides = [mention for mention in (error.gold, error.predicted) if mention]
            start, end = min(m.start for m in sides), max(m.end for m in sides)
            writer.writerow(
                [
                    error.kind,
                    document.name,
                    next((code for a, b, code in sections if a <= start < b), ""),
                    start,
                    end,
                    *_type_and_text(document, error.gold),
                    *_type_and_text(document, error.predicted),
                    _one_line(document.text[max(0, start - CONTEXT) : start]),
                    _one_line(document.text[start:end]),
                    _one_line(document.text[end : end + CONTEXT]),
                ]
            )


def _type_and_text(document: GoldDocument, mention: Mention | None) -> tuple[str, str]:
    if mention is None:
        return "", ""
    return mention.type, _one_line(document.text[mention.start : mention.end])


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ").replace("\r", " ")

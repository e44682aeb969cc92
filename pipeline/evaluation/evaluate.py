"""``evaluate``: gold and a model, or a run, in; precision, recall, F1 and the errors out."""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from models.cores import available_cores
from models.files import ModelError, UnavailableError
from models.gold import Gold, GoldDocument, GoldError, Mention, read_gold
from pipeline.evaluation.predictions import Predictions, predict, read_predictions
from pipeline.job.options import DEFAULT_MODEL, UsageError
from pipeline.output import storage
from pipeline.output.record import DamagedError, OutputError
from transforms.records import Aggregation, RejectError

try:
    from pipeline.evaluation.scores import (
        CONFIDENCE,
        RESAMPLES,
        Error,
        Matching,
        Score,
        find_errors,
        score,
    )
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: evaluate needs {error.name} (Python 3.11 or later): pip install '.[evaluate]'"
    ) from error

EXAMPLES = """\
examples:
  the embedded model on a corpus of tagged tokens:
    python -m pipeline evaluate --gold BC5CDR/test.tsv

  your model, with the gold's names for its types, and a list of what it got wrong:
    python -m pipeline evaluate --gold corpus.pubtator.txt --model QEB8L \\
        --gold-types 'GP=Gene|Protein,DS=Disease' --errors errors.tsv

  a run's output folder, against gold over its own rendering of the same articles:
    python -m pipeline evaluate --gold CRAFT-fulltext --run out --json

Only types that the gold annotates are scored. strict: boundaries and type are right. exact:
boundaries, whatever the type. overlap: the type is right and the mention shares text with the gold
one. partial: half a credit where mentions only share text, whatever the type.
"""

# What corpora call our types. Cancer alone is not disease, nor a cell line an organism.
LABELS = {
    "GP": "gp gene protein dna rna ggp pr gene_or_gene_product geneorgeneproduct gene_protein",
    "DS": "ds disease mondo diseaseorphenotypicfeature",
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


WRONG_USE = (UsageError, GoldError, OutputError, ModelError)
FAILURES = (DamagedError, UnavailableError, storage.StorageError, RejectError, OSError)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``evaluate``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--gold",
        required=True,
        type=Path,
        metavar="PATH",
        help="file or folder: IOB (token, tab, tag), PubTator, brat (.txt with .ann), CRAFT "
        "(PMID.txt with PMID.entities.tsv), ChemProt (abstracts.tsv with entities.tsv) or passages "
        "(.jsonl); brat also in folders inside, as export writes it",
    )
    parser.add_argument(
        "--gold-types",
        metavar="TYPE=LABEL[|LABEL],...",
        help="the gold's labels for the model's types, GP=GENE (default: equal names, else names "
        "that well-known corpora use)",
    )
    parser.add_argument(
        "--model",
        metavar="NAME_OR_DIR",
        help=f"the model to run over the gold's text (default: {DEFAULT_MODEL}); with --run, which "
        "of the run's models",
    )
    parser.add_argument(
        "--aggregation",
        choices=get_args(Aggregation),
        help="how the model's tokens become mentions (default: what its folder says, else first)",
    )
    parser.add_argument(
        "--run", metavar="DIR", dest="output", help="score what a run found, from its output folder"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--errors",
        type=Path,
        metavar="FILE",
        help="write every error with its context, by kind, as tab-separated values",
    )


def run(args: argparse.Namespace) -> int:
    """Runs ``evaluate``; returns its exit code."""
    if args.output and args.aggregation:
        raise UsageError("--aggregation: a run's mentions are made already; it goes with --model")
    gold = read_gold(args.gold)
    if args.output:
        found = read_predictions(storage.absolute(args.output), gold.documents, args.model)
    else:
        found = predict(
            args.model or DEFAULT_MODEL, gold.documents, available_cores(), args.aggregation
        )
    report = compare(gold, found, args.gold_types)
    if args.errors:
        _write_errors(args.errors, report)
    if args.json:
        print(json.dumps(_as_json(report), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_as_table(report)))
    return 0


def strict_f1(gold: Path, model: str) -> float:
    """The strict micro F1 of a model on gold data, with the default types.

    Raises:
        UsageError, GoldError, ModelError: as ``evaluate`` would report them.
    """
    read = read_gold(gold)
    found = predict(model, read.documents, available_cores())
    return compare(read, found).matchings["strict"].micro.f1


@dataclass(frozen=True)
class Report:
    """An evaluation.

    Attributes:
        gold_types: the scored types, each with the gold's labels for it.
        unscored: the gold's other labels, counted.
        documents: those scored; ``absent`` are the others, by name, which the run does not hold.
        sections: strict scores by section code, where the gold says what its texts are from.
        errors: over ``documents``.
    """

    gold: Gold
    predictions: Predictions
    gold_types: Mapping[str, Sequence[str]]
    unscored: Counter[str]
    documents: Sequence[GoldDocument]
    absent: Sequence[str]
    matchings: Mapping[str, Matching]
    sections: Mapping[str, Matching]
    errors: Sequence[Error]


def compare(gold: Gold, found: Predictions, gold_types: str | None = None) -> Report:
    """Scores predictions.

    Args:
        gold: what is right.
        found: what was found in its documents; counts of types that are not scored are dropped.
        gold_types: as ``match_types`` takes it.

    Raises:
        UsageError: as ``match_types`` does.
    """
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
    ours = [decided(document, mentions, type_of) for document, mentions in scored]
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
        matchings=score(theirs, ours, types),
        sections=_by_section([document for document, _ in scored], theirs, ours, types),
        errors=list(find_errors(theirs, ours, types)),
    )


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
        pairs = [[side[n] for n in chosen] for side in (theirs, ours)]
        found[code] = score(*pairs, types)["strict"]
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
        UsageError: an unknown type or label, or no label that is one of the types.

    >>> match_types(["Chemical", "Disease", "Cell"], ["GP", "DS", "CD", "OG"])
    {'Chemical': 'CD', 'Disease': 'DS'}
    """
    known = f"the gold has {', '.join(sorted(labels))}, the model {', '.join(sorted(types))}"
    if wanted is not None:
        type_of: dict[str, str] = {}
        for part in wanted.split(","):
            kind, equals, names = part.strip().partition("=")
            if not equals or kind not in types:
                raise UsageError(f"--gold-types: {part!r} is no TYPE=LABEL; {known}")
            for name in names.split("|"):
                if name not in labels:
                    raise UsageError(f"--gold-types: no label {name!r}; {known}")
                if type_of.get(name, kind) != kind:
                    raise UsageError(f"--gold-types: {name} is given to {type_of[name]} and {kind}")
                type_of[name] = kind
        return type_of
    type_of = {label: label for label in labels if label in types} or {
        label: TYPE_OF[label.lower()] for label in labels if TYPE_OF.get(label.lower()) in types
    }
    if not type_of:
        raise UsageError(f"no label of the gold is a type of the model: {known}; use --gold-types")
    return type_of


def _as_json(report: Report) -> dict[str, Any]:
    found = report.predictions
    return {
        **{name: _matching(matching) for name, matching in report.matchings.items()},
        "sections": {code: _matching(matching) for code, matching in report.sections.items()},
        "errors": dict(Counter(error.kind for error in report.errors)),
        "model": found.name,
        "gold": {
            "format": report.gold.format,
            "unit": report.gold.unit,
            "scored": len(report.documents),
            "absent": report.absent,
            "types": report.gold_types,
            "labels_not_scored": report.unscored,
            "discontinuous": sum(document.discontinuous for document in report.documents),
        },
        "text": {
            "predictions_widened": found.widened,
            "gold_mentions_lost": found.lost,
            "predictions_outside": found.outside,
        },
    }


def _matching(matching: Matching) -> dict[str, Any]:
    scores = {**matching.types, "micro": matching.micro}
    rows = {
        name: {
            "precision": its.precision,
            "recall": its.recall,
            "f1": its.f1,
            "support": its.support,
        }
        for name, its in scores.items()
    }
    micro = rows.pop("micro")
    intervals = {name: its.intervals for name, its in scores.items()}
    return {"types": rows, "micro": micro, "intervals": intervals}


def _as_table(report: Report) -> list[str]:
    found, gold = report.predictions, report.gold
    lines = [
        f"{found.name} on {gold.format} gold, {gold.unit}s: {len(report.documents)}",
        "",
        f"{'':8} {'type':8} {'precision':>9} {'recall':>7} {'F1':>7} "
        f"{f'{CONFIDENCE:.0%} of F1':>15} {'support':>8} {'predicted':>9}",
    ]
    for name, matching in report.matchings.items():
        for kind, its in [*matching.types.items(), ("micro", matching.micro)]:
            lines.append(f"{name:8} {kind:8} {_row(its)}")
    lines += [f"{code:8} micro    {_row(its.micro)}" for code, its in report.sections.items()]
    lines += [
        "",
        f"intervals: {RESAMPLES} bootstrap samples of whole {gold.unit}s",
        "scored: " + ", ".join(f"{k} = {' | '.join(v)}" for k, v in report.gold_types.items()),
    ]
    errors = Counter(error.kind for error in report.errors)
    lines.append("errors: " + (_listed(errors) or "none"))
    for what, counted in (
        ("labels of the gold not scored", report.unscored),
        ("predictions widened to the gold's tokens", found.widened),
        ("gold mentions not in the run's text, scored as missed", found.lost),
        ("predictions in text that the gold does not hold, left out", found.outside),
    ):
        if counted:
            lines.append(f"{what}: {_listed(counted)}")
    if pieces := sum(document.discontinuous for document in report.documents):
        lines.append(f"gold mentions in several pieces, scored from first to last: {pieces}")
    if report.absent:
        lines.append(f"not in the run, left out: {', '.join(report.absent)}")
    return lines


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _row(its: Score) -> str:
    low_high = "{:.4f}-{:.4f}".format(*its.intervals["f1"]) if its.intervals else "-"
    return (
        f"{its.precision:9.4f} {its.recall:7.4f} {its.f1:7.4f} {low_high:>15} "
        f"{its.support:8d} {its.predicted:9d}"
    )


def _write_errors(path: Path, report: Report) -> None:
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

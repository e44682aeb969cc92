"""``evaluate``: gold and a model, or a run, in; precision, recall, F1 and the errors out."""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any, get_args

from models.cores import available_cores
from models.gold import read_gold
from models.terminology.store import open_terminology
from pipeline.commands.flags import DEFAULT_MODEL, DEFAULT_TERMS
from pipeline.evaluation.evaluate import Report, compare, write_errors
from pipeline.evaluation.predictions import predict, read_predictions
from pipeline.evaluation.scores import CONFIDENCE, RESAMPLES, Matching, Score
from pipeline.output import storage
from transforms.errors import UserError
from transforms.records import Aggregation, WindowMode

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
        "--window",
        choices=get_args(WindowMode),
        help="what the model sees at once, as of annotate (default: sentence)",
    )
    parser.add_argument(
        "--agreement",
        choices=("on", "off"),
        help="make a document agree with itself, as of annotate (default: what the model's folder "
        "says, else off)",
    )
    parser.add_argument(
        "--run", metavar="DIR", dest="output", help="score what a run found, from its output folder"
    )
    parser.add_argument(
        "--concepts",
        action="store_true",
        help="score links as well, against the ids of PubTator gold: of the gold's own mentions, "
        "and end to end the set of concepts of each document",
    )
    parser.add_argument(
        "--terms",
        nargs="+",
        metavar="NAME_OR_DIR",
        help=f"terminologies to link to, with --concepts (default: {DEFAULT_TERMS})",
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
    for flag in ("aggregation", "window", "agreement"):
        if args.output and getattr(args, flag):
            raise UserError(f"--{flag}: a run's mentions are made already; it goes with --model")
    if args.terms and not args.concepts:
        raise UserError("--terms goes with --concepts")
    if args.output and args.concepts:
        raise UserError(
            "--concepts links anew, what a model finds: it goes with --model, not --run"
        )
    terms = args.terms or [DEFAULT_TERMS] if args.concepts else []
    terminologies = [open_terminology(name) for name in terms]
    gold = read_gold(args.gold)
    if args.output:
        found = read_predictions(storage.absolute(args.output), gold.documents, args.model)
    else:
        found = predict(
            args.model or DEFAULT_MODEL,
            gold.documents,
            available_cores(),
            args.aggregation,
            args.window or "sentence",
            args.agreement and args.agreement == "on",
        )
    report = compare(gold, found, args.gold_types, terminologies)
    if args.errors:
        write_errors(args.errors, report)
    if args.json:
        print(json.dumps(_as_json(report), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_as_table(report)))
    return 0


def _as_json(report: Report) -> dict[str, Any]:
    found = report.predictions
    return {
        **{name: _matching(matching) for name, matching in report.matchings.items()},
        **({"concepts": _concepts(report)} if report.concepts else {}),
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
            "people": report.people,
            "discontinuous": sum(document.discontinuous for document in report.documents),
        },
        "text": {
            "predictions_widened": found.widened,
            "gold_mentions_lost": found.lost,
            "predictions_outside": found.outside,
        },
    }


def _concepts(report: Report) -> dict[str, Any]:
    return {type_: score.as_json() for type_, score in report.concepts.items()}


def _concept_lines(report: Report) -> list[str]:
    """The table of concepts: of documents end to end, then of the gold's own mentions."""
    lines = [
        "",
        f"{'concepts':8} {'type':8} {'precision':>9} {'recall':>7} {'F1':>7} {'support':>8} "
        f"{'accuracy of gold mentions':>26} {'of those linked':>16} {'mentions':>9}",
    ]
    for type_, its in _concepts(report).items():
        lines.append(
            f"{'':8} {type_:8} {its['precision']:9.4f} {its['recall']:7.4f} {its['f1']:7.4f} "
            f"{its['gold_concepts']:8d} {its['accuracy_of_gold_mentions']:26.4f} "
            f"{its['precision_of_gold_mentions']:16.4f} {its['gold_mentions']:9d}"
        )
    return lines


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
    lines += _concept_lines(report) if report.concepts else []
    lines += [
        "",
        f"intervals: {RESAMPLES} bootstrap samples of whole {gold.unit}s",
        "scored: " + ", ".join(f"{k} = {' | '.join(v)}" for k, v in report.gold_types.items()),
    ]
    for kind, name in report.people.items():
        lines.append(f"words for people ({kind}): " + (f"scored as {name}" if name else "left out"))
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

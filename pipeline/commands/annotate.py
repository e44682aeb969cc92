"""``annotate``: input patterns in, an output folder of annotations out."""

import argparse
import json
import logging
import re
import sys
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

from models.annotators import default_options, load_cached
from models.cores import available_cores
from models.locate import embedded_models
from models.terminology.store import embedded_terminologies, open_terminology
from pipeline.beam import runners
from pipeline.beam.execute import execute
from pipeline.beam.failures import readable, way_on
from pipeline.beam.stopping import Stopped
from pipeline.commands.flags import DEFAULT_MODEL, DEFAULT_TERMS, positive, rate
from pipeline.job import progress
from pipeline.job.begin import Start, begin, describe_run
from pipeline.job.commit import record_timing
from pipeline.job.fingerprint import parts_fingerprint
from pipeline.job.inputs import group_archives, match_inputs
from pipeline.job.options import RunOptions, describe_options
from pipeline.job.summary import summary_lines
from pipeline.output import storage
from pipeline.output.inputs import inputs_fingerprint
from pipeline.output.record import FinishedRun, read_run
from transforms.errors import JobError, UserError, printable
from transforms.jats import TextOptions, primary_language
from transforms.labels import read_scheme
from transforms.records import Aggregation, WindowMode

EXAMPLES = """\
examples:
  annotate one Europe PMC bulk archive with the embedded model:
    python -m pipeline annotate --input PMC13900_PMC17829.xml.gz --output out

  every archive of a folder, with QEB8L, surer mentions only:
    python -m pipeline annotate --input 'oa/*.xml.gz' --model QEB8L --min-score 0.5 --output out

  two models in one pass, chemicals only when they are quite sure:
    python -m pipeline annotate --input a.xml b.nxml --model QEB8L models/scibert-jnlpba \\
        --min-score 0.5 CD=0.9 --output out

  from and to object stores, on Flink:
    python -m pipeline annotate --input 's3://oa/*.xml.gz' --output s3://me/out \\
        --runner FlinkRunner --flink_master host:8081 --environment_type EXTERNAL \\
        --environment_config localhost:50000

Stopped or killed? The same command goes on where it was. Flags that are not listed here go to
Apache Beam (--runner, --temp_location, --setup_file ...).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``annotate``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.set_defaults(beam_flags=[])
    data = parser.add_argument_group("data")
    data.add_argument(
        "--input",
        nargs="+",
        required=True,
        metavar="GLOB",
        help="Europe PMC archives (.xml.gz), JATS or PubMed XML, or .tar.gz/.zip of these: paths, "
        "folders, globs, URIs, or @list.txt with one of these a line",
    )
    data.add_argument(
        "--output", required=True, metavar="DIR", help="folder or URI for the results"
    )
    again = data.add_mutually_exclusive_group()
    again.add_argument(
        "--overwrite", action="store_true", help="throw away what an earlier run left in --output"
    )
    again.add_argument(
        "--update",
        action="store_true",
        help="the input changed since the run in --output: annotate what is new or changed, keep "
        "the rest, drop what is gone",
    )
    data.add_argument(
        "--max-reject-rate",
        type=rate,
        default=0.05,
        metavar="RATE",
        help="fail at the end if more than this part of the articles was rejected (default: 0.05)",
    )
    text = parser.add_argument_group("text")
    text.add_argument(
        "--language",
        nargs="+",
        default=["en"],
        metavar="CODE",
        help="keep text marked with these languages, or `all`; unmarked text is always kept "
        "(default: en)",
    )
    text.add_argument("--references", action="store_true", help="annotate the reference lists too")
    model = parser.add_argument_group("model")
    model.add_argument(
        "--model",
        nargs="+",
        default=[DEFAULT_MODEL],
        metavar="NAME_OR_DIR",
        help="embedded models (`models list`), or folders or URIs of ONNX token classifiers "
        f"(default: {DEFAULT_MODEL})",
    )
    model.add_argument(
        "--aggregation",
        choices=get_args(Aggregation),
        help="how tokens become mentions, as in transformers; viterbi, which is not there, labels "
        "all words of a sentence together (default: what the model's folder says, else first)",
    )
    model.add_argument(
        "--min-score",
        nargs="+",
        default=[],
        metavar="[TYPE=]SCORE",
        help="leave out mentions below this score, for all types or for one: 0.5 GP=0.8 (default: "
        "what the model's folder says, else 0)",
    )
    model.add_argument(
        "--people",
        action="store_true",
        help="keep words for people (patients, women) where the model's folder leaves them out",
    )
    model.add_argument(
        "--window",
        choices=get_args(WindowMode),
        default="sentence",
        help="what the model sees at once: one sentence, or neighbouring sentences of a passage "
        "packed up to its limit (default: sentence)",
    )
    model.add_argument(
        "--terms",
        nargs="+",
        default=[DEFAULT_TERMS],
        metavar="NAME_OR_DIR",
        help="terminologies (`terms list`, or folders of your own) to whose concepts mentions are "
        f"linked, the first that has a name decides; or `none` (default: {DEFAULT_TERMS})",
    )
    model.add_argument(
        "--agreement",
        choices=("on", "off"),
        help="make an article agree with itself: one type for a name, its further occurrences, its "
        "abbreviations (default: what the model's folder says, else off)",
    )
    run = parser.add_argument_group("run")
    run.add_argument(
        "--threads",
        type=positive,
        default=None,
        metavar="N",
        help="threads of each worker process (default: the cores that this process may use)",
    )
    run.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="worker processes on this machine, each with its own copy of the model (default: 1)",
    )
    run.add_argument("--verbose", action="store_true", help="show Apache Beam's own messages too")
    run.add_argument("--quiet", action="store_true", help="no progress, no summary: errors only")


def run(args: argparse.Namespace) -> int:
    """Runs ``annotate``; returns its exit code."""
    began = time.monotonic()
    _set_up_logs(verbose=args.verbose)
    notes: list[str] = []
    beam_options = runners.pipeline_options(args.beam_flags, args.workers)
    files = match_inputs(args.input, notes.append)
    options = run_options(args, inputs_fingerprint(files))
    archives = group_archives(files)
    start = begin(
        describe_run(options, args.input, files, archives),
        options.output,
        overwrite=args.overwrite,
        update=args.update,
    )
    for note in () if args.quiet else notes:
        print(f"note: {printable(note)}", file=sys.stderr)
    again = "the same command without --overwrite" if args.overwrite else "the same command again"
    go_on = f"run {again} to go on from there"
    stderr = sys.stderr  # which is another while the job runs

    def tell_stopped() -> None:
        if not args.quiet:
            print(_last_words(options.output, go_on), file=stderr, flush=True)

    try:
        done = execute(
            archives,
            options,
            update=start is Start.UPDATE,
            beam_options=beam_options,
            verbose=args.verbose,
            show_progress=not args.quiet,
            on_stop=tell_stopped,
            last_words=_STAYS.format(options.output, go_on),
        )
    except Stopped as stop:
        return 128 + stop.signal
    except Exception as error:
        if args.verbose:
            traceback.print_exc()
        way = way_on(error, go_on)
        stays = f"\n{_STAYS.format(options.output, way)}" if way else ""
        raise JobError(f"{readable(error)}{stays}") from error
    seconds = time.monotonic() - began
    record_timing(options.output, seconds, done.stage_msec)
    _finish(options, args, seconds, done.skipped, go_on)
    return 0


_STAYS = "what is committed in {} stays; {}"


def _last_words(output: str, go_on: str) -> str:
    """What a stopped run tells: a bucket is not asked, since it may not answer soon."""
    try:
        done = f"{progress.committed(output):,} articles are" if storage.is_local(output) else ""
    except storage.StorageError:
        done = ""
    return f"\nstopped: {done or 'finished chunks are'} committed in {output}; {go_on}"


def _finish(
    options: RunOptions, args: argparse.Namespace, seconds: float, kept: int, go_on: str
) -> None:
    """Prints the summary of a run that has ended.

    Raises:
        JobError: the run is not complete, or more articles were rejected than the user allows.
    """
    run = read_run(options.output)
    if not isinstance(run, FinishedRun):
        raise JobError(f"the run has not ended; {go_on}")
    sums = run.reconciliation
    if sums.missing:
        raise JobError(f"the run is not complete: {json.dumps(asdict(sums))}; {go_on}")
    if not args.quiet:
        for line in summary_lines(run, options.output, seconds, kept):
            print(line)
    attempted = sums.annotated + sums.rejected
    if attempted and sums.rejected / attempted > args.max_reject_rate:
        raise JobError(
            f"{sums.rejected} of {attempted} articles were rejected, more than "
            f"--max-reject-rate {args.max_reject_rate:g} allows; all else is committed"
        )


def _set_up_logs(*, verbose: bool) -> None:
    if verbose:
        logging.basicConfig(level=logging.INFO)
    else:
        warnings.simplefilter("ignore")


def run_options(args: argparse.Namespace, inputs: str) -> RunOptions:
    """Checks the flags and returns the options of the run; ``inputs`` is the hash of its input.

    Raises:
        UserError: a flag's value, or a model, cannot be used.
    """
    if not args.output.strip():
        raise UserError("--output: an empty name")
    if args.output.startswith(("http://", "https://")):
        raise UserError("--output: nothing can be written to http")
    if not storage.is_local(args.output) and (problem := storage.bucket_problem(args.output)):
        raise UserError(f"--output: {problem}")
    if args.quiet and args.verbose:
        raise UserError("--quiet and --verbose together make no sense")
    overall, by_type = _min_scores(args.min_score)
    folders = [folder if _is_name(folder) else storage.absolute(folder) for folder in args.model]
    if len(set(folders)) < len(folders):
        raise UserError("--model: the same model is named twice")
    threads = args.threads or available_cores()
    loaded = [load_cached(folder, threads) for folder in folders]
    if len({model.fingerprint for model in loaded}) < len(loaded):
        raise UserError("--model: two of the folders hold the same model")
    terms = _terms(args.terms)
    terminologies = [open_terminology(folder) for folder in terms]
    if args.people and not any(model.settings.people for model in loaded):
        raise UserError("--people: no model has a type of its own for words for people")
    known = {
        type_
        for model in loaded
        for type_ in read_scheme(model.labels).types
        if type_ and type_ not in model.settings.people
    }
    if unknown := sorted(set(by_type) - known):
        raise UserError(
            f"--min-score: no model has the type {unknown[0]}; types are {', '.join(sorted(known))}"
        )
    models = tuple(
        replace(
            own,
            aggregation=args.aggregation or own.aggregation,
            min_score=overall or 0.0,
            min_scores={**(own.min_scores if overall is None else {}), **by_type},
            window=args.window,
            types=model.settings.people if args.people else own.types,
            agreement=args.agreement == "on" if args.agreement else own.agreement,
        )
        for model, own in zip(loaded, map(default_options, folders, loaded), strict=True)
    )
    text = TextOptions(languages=_languages(args.language), references=args.references)
    return RunOptions(
        output=storage.absolute(args.output),
        models=models,
        terms=terms,
        text=text,
        threads=args.threads or 0,
        inputs=inputs,
        fingerprint=describe_options(models, text, loaded, terminologies).sha256,
        parts=parts_fingerprint([*loaded, *terminologies]),
    )


def _is_name(folder: str) -> bool:
    """Whether a model is named, not located: names win over folders of the same name."""
    return folder in embedded_models() or ("/" not in folder and not Path(folder).is_dir())


def _terms(names: Sequence[str]) -> tuple[str, ...]:
    """The terminologies of a run, those of folders by their whole path."""
    if names == ["none"]:
        return ()
    if "none" in names:
        raise UserError("--terms: none stands alone")
    embedded = embedded_terminologies()
    found = tuple(name if name in embedded else storage.absolute(name) for name in names)
    if len(set(found)) < len(found):
        raise UserError("--terms: the same terminology is named twice")
    return found


def _languages(codes: Sequence[str]) -> frozenset[str]:
    languages = {code: primary_language(code) for code in codes}
    for code, language in languages.items():
        if not re.fullmatch("[a-z]{2,3}", language):
            raise UserError(f"--language: {code!r} is no code like en or pt")
    return frozenset() if "all" in languages.values() else frozenset(languages.values())


def _min_scores(values: Sequence[str]) -> tuple[float | None, Mapping[str, float]]:
    overall = None
    by_type: dict[str, float] = {}
    for value in values:
        type_, equals, score = value.rpartition("=")
        try:
            number = float(score)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1 or (equals and not type_):
            raise UserError(f"--min-score: {value} is neither SCORE nor TYPE=SCORE, from 0 to 1")
        if type_:
            by_type[type_] = number
        else:
            overall = number
    return overall, by_type

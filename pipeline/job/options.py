"""What ``annotate`` can be told: flags in, checked options out."""

import argparse
import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

from apache_beam.options.pipeline_options import PipelineOptions

import models.folder
import models.sessions
import transforms
from models.annotators import default_options, load_cached
from models.cores import available_cores
from models.folder import embedded_models
from pipeline.numbers import positive
from pipeline.output import storage
from transforms.inference import TokenClassifier
from transforms.jats import TextOptions, primary_language
from transforms.labels import read_scheme
from transforms.layers import ModelOptions
from transforms.records import Aggregation, WindowMode

DEFAULT_MODEL = "minilm-l6-bioner"

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


class UsageError(Exception):
    """Flags or their values make no sense: the command ends with exit code 2."""


@dataclass(frozen=True)
class RunOptions:
    """What every worker is told.

    Attributes:
        output: the output folder.
        models: one or more.
        text: which text is kept.
        threads: of a worker process, each with one article in hand; 0: the cores that it has.
        inputs: hash of the input files, by name and size and, if they are local, their ends.
        fingerprint: hash of all that changes the rows: models' files and options, and text options.
        parts: hash of the code and of the models' files, which every worker must have too.
    """

    output: str
    models: tuple[ModelOptions, ...]
    text: TextOptions
    threads: int
    inputs: str
    fingerprint: str
    parts: str

    @property
    def threads_here(self) -> int:
        """Threads of a worker that is this process."""
        return self.threads or available_cores()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of ``annotate``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
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
        type=_rate,
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
        "--window",
        choices=get_args(WindowMode),
        default="sentence",
        help="what the model sees at once: one sentence, or neighbouring sentences of a passage "
        "packed up to its limit (default: sentence)",
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


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 1")
    return value


def run_options(args: argparse.Namespace, inputs: str) -> RunOptions:
    """The options of a run, checked; ``inputs`` is the hash of its input.

    Raises:
        UsageError: values that make no sense.
        models.files.ModelError: a model that cannot work.
    """
    if problem := storage.lacking(args.output):
        raise UsageError(f"--output: {problem}")
    if not args.output.strip():
        raise UsageError("--output: an empty name")
    if args.output.startswith(("http://", "https://")):
        raise UsageError("--output: nothing can be written to http")
    if args.quiet and args.verbose:
        raise UsageError("--quiet and --verbose together make no sense")
    overall, by_type = _min_scores(args.min_score)
    folders = [folder if _is_name(folder) else storage.absolute(folder) for folder in args.model]
    if len(set(folders)) < len(folders):
        raise UsageError("--model: the same model is named twice")
    threads = args.threads or available_cores()
    loaded = [load_cached(folder, threads) for folder in folders]
    if len({model.fingerprint for model in loaded}) < len(loaded):
        raise UsageError("--model: two of the folders hold the same model")
    known = {type_ for model in loaded for type_ in read_scheme(model.labels).types if type_}
    if unknown := sorted(set(by_type) - known):
        raise UsageError(
            f"--min-score: no model has the type {unknown[0]}; types are {', '.join(sorted(known))}"
        )
    models = tuple(
        replace(
            own,
            aggregation=args.aggregation or own.aggregation,
            min_score=overall or 0.0,
            min_scores={**(own.min_scores if overall is None else {}), **by_type},
            window=args.window,
        )
        for own in map(default_options, folders, loaded)
    )
    text = TextOptions(languages=_languages(args.language), references=args.references)
    shown = {
        **shown_options(models, text),
        "models": [model.full_name for model in loaded],
    }
    return RunOptions(
        output=storage.absolute(args.output),
        models=models,
        text=text,
        threads=args.threads or 0,
        inputs=inputs,
        fingerprint=hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16],
        parts=parts_fingerprint(loaded),
    )


def parts_fingerprint(loaded: Sequence[TokenClassifier]) -> str:
    """A hash of the stages' code and of the models' files, as this process has them."""
    names = [model.full_name for model in loaded]
    return hashlib.sha256("\n".join([_stages().hex(), *names]).encode()).hexdigest()[:16]


@functools.cache
def _stages() -> bytes:
    digest = hashlib.sha256()
    stages = sorted(Path(transforms.__file__).parent.rglob("[!.]*.py"))
    scoring = [Path(models.folder.__file__), Path(models.sessions.__file__)]
    for path in stages + scoring:
        digest.update(path.read_bytes())
    return digest.digest()


def code_fingerprint() -> str:
    """A hash of the stages' code, and of what scores: a run must not go on with other rows."""
    digest = hashlib.sha256(_stages())
    for package in ("onnxruntime", "tokenizers", "lxml", "pyarrow"):
        digest.update(f"{package} {version(package)}\n".encode())
    return digest.hexdigest()[:12]


def shown_options(models: Sequence[ModelOptions], text: TextOptions) -> dict[str, Any]:
    """The options that change the rows, as ``run.json`` shows them."""
    return {
        "code": code_fingerprint(),
        "model_options": [
            {name: value for name, value in asdict(model).items() if name != "folder"}
            for model in models
        ],
        "languages": sorted(text.languages) or ["all"],
        "references": text.references,
    }


def _is_name(folder: str) -> bool:
    """Whether a model is named, not located: names win over folders of the same name."""
    return folder in embedded_models() or ("/" not in folder and not Path(folder).is_dir())


def _languages(codes: Sequence[str]) -> frozenset[str]:
    languages = {code: primary_language(code) for code in codes}
    for code, language in languages.items():
        if not re.fullmatch("[a-z]{2,3}", language):
            raise UsageError(f"--language: {code!r} is no code like en or pt")
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
            raise UsageError(f"--min-score: {value} is neither SCORE nor TYPE=SCORE, from 0 to 1")
        if type_:
            by_type[type_] = number
        else:
            overall = number
    return overall, by_type


def check_beam_flags(flags: Sequence[str]) -> None:
    """Refuses flags that neither this command nor Beam knows.

    Raises:
        UsageError: naming the first one.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    seen = set()
    pending = list(PipelineOptions.__subclasses__())
    while pending:
        options = pending.pop()
        if options in seen:
            continue
        seen.add(options)
        pending += options.__subclasses__()
        if "_add_argparse_args" in vars(options):
            options._add_argparse_args(parser)
    try:
        _, unknown = parser.parse_known_args(list(flags))
    except (argparse.ArgumentError, SystemExit) as error:
        raise UsageError(str(error)) from error
    if unknown:
        raise UsageError(
            f"unknown flag or argument: {unknown[0]} (see python -m pipeline annotate --help)"
        )

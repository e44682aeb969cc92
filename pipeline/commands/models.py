"""``models``: makes, checks and measures model folders."""

import argparse
from collections.abc import Callable
from pathlib import Path

from models.bench import bench_model, recommend
from models.check import SELF_TEST, check_model, list_models
from models.export import export_model
from models.fetch import HOMES, fetch_model
from models.files import ModelError
from models.products import describe_products
from models.quantize import quantize_model
from pipeline.commands.flags import positive, positive_float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the commands of ``models`` and their flags."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(
        name: str, act: Callable[[argparse.Namespace], int], summary: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(act=act)
        return command

    action("list", _list, "the models that come with the package, or are fetched by name")
    check = action("check", _check, "load models as a worker does, and run their self-tests")
    check.add_argument("model", nargs="*", help="names or folders (default: every embedded one)")
    export = action(
        "export", _export, "make a model folder of a HuggingFace token classifier (extra: export)"
    )
    export.add_argument("source", type=Path, help="folder as save_pretrained writes it")
    export.add_argument("target", type=Path, help="the new folder")
    quantize = action(
        "quantize", _quantize, "make an int8 copy of a model folder, and tell its cost"
    )
    quantize.add_argument("model", help="name or folder of a model in fp32")
    quantize.add_argument("target", type=Path, help="the new folder")
    quantize.add_argument(
        "--static",
        action="store_true",
        help="fix the scales of activations by --texts: results do not depend on the batch",
    )
    quantize.add_argument(
        "--embeddings", action="store_true", help="the embeddings too: a smaller file"
    )
    quantize.add_argument(
        "--per-channel", action="store_true", help="a scale for each column of a weight"
    )
    quantize.add_argument(
        "--reduce-range",
        action="store_true",
        help="weights of 7 bits: faster on processors without VNNI, less exact; best with "
        "--per-channel",
    )
    quantize.add_argument(
        "--texts", type=Path, help="sentences to calibrate and compare on, one a line"
    )
    quantize.add_argument("--gold", type=Path, help="gold data, to tell the F1 before and after")
    bench = action("bench", _bench, "measure a model on this machine and recommend a setting")
    bench.add_argument("model", help="name or folder")
    bench.add_argument(
        "--threads", type=positive, nargs="+", default=[], help="default: 1 and all cores"
    )
    bench.add_argument(
        "--seconds", type=positive_float, default=3.0, help="for each setting (default: 3)"
    )
    fetch = action("fetch", _fetch, "copy a model from its home into the local cache")
    fetch.add_argument("uri", help="URI of a model folder, or a known name (QEB8L)")
    fetch.add_argument("--refresh", action="store_true", help="fetch it again")


def run(args: argparse.Namespace) -> int:
    """Runs ``models``; returns its exit code."""
    return int(args.act(args))


def _list(_: argparse.Namespace) -> int:
    for model in list_models():
        print(
            f"{model.name}  {model.version}  {model.megabytes:.1f} MB  {', '.join(model.types)}  "
            f"{model.licence}"
        )
    for name, uri in HOMES.items():
        print(f"{name}  fetched from {uri} when it is first named")
    return 0


def _check(args: argparse.Namespace) -> int:
    for name in args.model or [model.name for model in list_models()]:
        checked = check_model(name)
        model = checked.model
        print(f"{model.name}@{model.fingerprint}: works here")
        print(f"  labels       {' '.join(model.labels)}")
        print(f"  windows      up to {model.max_tokens} tokens, {model.n_special} of them special")
        if model.one_by_one:
            print("  batches      one window each: in a larger one the graph gives other scores")
        print(f"  aggregation  {model.settings.aggregation}")
        print(f"  agreement    {'on' if model.settings.agreement else 'off'}")
        print(f"  products     {describe_products()}")
        print(f"  graph        {checked.megabytes:.1f} MB, loaded in {checked.load_msec:.0f} ms")
        if checked.deviation is None:
            print("  self-test    the folder has none")
        else:
            print(f"  self-test    same labels, logits within {checked.deviation:.4f}")
    return 0


def _export(args: argparse.Namespace) -> int:
    model = export_model(args.source, args.target)
    print(f"{args.target}: {model.name}@{model.fingerprint}, labels {' '.join(model.labels)}")
    return 0


def _quantize(args: argparse.Namespace) -> int:
    texts = SELF_TEST
    if args.texts:
        try:
            texts = tuple(filter(None, args.texts.read_text(encoding="utf-8").splitlines()))
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"cannot read {args.texts}: {error}") from error
        if not texts:
            raise ModelError(f"{args.texts} has no line of text")
    before = _f1(args.gold, args.model) if args.gold else None
    cost = quantize_model(
        args.model,
        args.target,
        static=args.static,
        embeddings=args.embeddings,
        per_channel=args.per_channel,
        reduce_range=args.reduce_range,
        texts=texts,
    )
    print(f"size       {cost.megabytes[0]:.1f} MB, now {cost.megabytes[1]:.1f} MB")
    print(
        f"speed      {cost.tokens_per_second[0]:,.0f} tokens/s on one core, "
        f"now {cost.tokens_per_second[1]:,.0f}"
    )
    print(f"agreement  {cost.agreement:.2%} of {len(texts)} texts' tokens have the same label")
    print(f"deviation  probabilities differ by {cost.deviation:.3f} at most")
    if before is not None:
        after = _f1(args.gold, str(args.target))
        print(f"F1         {before:.4f}, now {after:.4f} (strict, micro)")
    return 0


def _f1(gold: Path, model: str) -> float:
    from pipeline.evaluation.evaluate import strict_f1  # noqa: PLC0415 - an optional dependency

    return strict_f1(gold, model)


def _bench(args: argparse.Namespace) -> int:
    speeds = bench_model(args.model, args.threads, args.seconds)
    print("threads  tokens/s  peak MB")
    for speed in speeds:
        print(f"{speed.threads:>7}  {speed.tokens_per_second:>8,.0f}  {speed.peak_megabytes:>7.0f}")
    best = recommend(speeds)
    print(
        f"recommended: --threads {best.threads} ({best.tokens_per_second:,.0f} tokens/s in "
        f"{best.peak_megabytes:.0f} MB)"
    )
    return 0


def _fetch(args: argparse.Namespace) -> int:
    print(fetch_model(args.uri, refresh=args.refresh))
    return 0

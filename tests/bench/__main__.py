"""The whole table of speed and memory, with this machine named.

    tests/bench/peers/make_env.sh PEERS
    python -m tests.bench PEERS [--articles 100] [--rounds 3]

Makes a model of QEB8L's shape in the peers' environment, then runs each benchmark in a process of
its own, one after another: the job against its floor, the job against its peers, memory over the
whole corpus, the plan, and whether cost grows with the number of articles. An hour or more.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from models.cores import available_cores
from tests.bench.shared import SHARED, need, processor

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Runs all and prints their tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("peers", type=Path, help="environment made by peers/make_env.sh")
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    need("corpus")
    peers, rounds = args.peers.absolute(), ["--rounds", str(args.rounds)]
    print(f"{platform.platform()}, {processor()}, {available_cores()} cores")
    with tempfile.TemporaryDirectory() as folder:
        shape = str(Path(folder, "qeb8l-shape"))
        source = str(SHARED / "models" / "QEB8L")
        run(peers / "bin" / "python", "peers.shape", source, shape)
        models = ["--model", "minilm-l6-bioner", shape]
        ours = Path(sys.executable)
        of_job = ["--articles", str(args.articles), "--threads", "1", "2"]
        run(ours, "bench_job", *models, *of_job, *rounds)
        run(ours, "bench_peers", str(peers), "--model", shape, *rounds)
        run(ours, "bench_memory", "--model", shape)
        run(ours, "bench_memory", "--model", shape, "--processes", "2", "--largest", "5")
        run(ours, "bench_plan")
        run(ours, "bench_scale")


def run(python: Path, module: str, *arguments: str) -> None:
    """One benchmark, shown with its command."""
    print(f"\n$ python -m tests.bench.{module} {' '.join(arguments)}", flush=True)
    subprocess.run(
        [python, "-m", f"tests.bench.{module}", *arguments],
        cwd=ROOT,
        check=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )


if __name__ == "__main__":
    main()

"""Does an article cost the same in a small run and in a large one?

    python -m tests.bench.bench_scale [--articles 100 1000 10000 100000]

The smallest real graph there is and articles of two sentences: what is left is the job's own work,
the plan, chunks, receipts, the side input of duplicates and the sum at the end, where a cost that
grows by the square would show. Each run is a process of its own; what it takes for no more than
ten articles (start-up) is taken off.
"""

import argparse
import gzip
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from models.cores import peak_of

TINY = Path(__file__).parents[1] / "models" / "tiny"
IN_ARCHIVE = 10_000
ARTICLE = """<article article-type="research-article"><front><article-meta>
<article-id pub-id-type="pmcid">{0}</article-id><article-id pub-id-type="doi">10.1/{0}</article-id>
<title-group><article-title>TP53 in mice, part {0}</article-title></title-group>
<abstract><p>Mice were treated with aspirin. Number {0} had breast cancer.</p></abstract>
</article-meta></front><body><sec><title>Results</title>
<p>TP53 and BRCA1 were seen in mouse {0}. Nothing else was found.</p></sec></body></article>
"""


def write_archives(folder: Path, articles: int) -> None:
    """Bulk archives of so many articles together."""
    for first in range(0, articles, IN_ARCHIVE):
        numbers = range(first + 1, min(first + IN_ARCHIVE, articles) + 1)
        path = folder / f"PMC{numbers[0]}_PMC{numbers[-1]}.xml.gz"
        text = "".join(ARTICLE.format(number) for number in numbers)
        path.write_bytes(gzip.compress(f"<articles>\n{text}</articles>\n".encode(), 1))


def run(articles: int) -> tuple[float, float, float, int]:
    """Seconds by the clock and of processor time, peak MB, and files written."""
    with tempfile.TemporaryDirectory() as name:
        source, output = Path(name, "in"), Path(name, "out")
        source.mkdir()
        write_archives(source, articles)
        command = [sys.executable, "-m", "pipeline", "annotate", "--quiet"]
        command += ["--input", str(source), "--output", str(output), "--model", str(TINY)]
        start = time.perf_counter()
        with subprocess.Popen(command) as job:
            _, status, usage = os.wait4(job.pid, 0)
            job.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if job.returncode:
            sys.exit(f"the job failed with {job.returncode}")
        counts = json.loads((output / "run.json").read_text())["counts"]
        assert counts["articles"] == articles, counts
        files = sum(len(files) for _, _, files in os.walk(output))
        return seconds, usage.ru_utime + usage.ru_stime, peak_of(usage) / 1e6, files


def main() -> None:
    """Runs sizes in turn and prints what an article costs in each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000])
    args = parser.parse_args()
    base_clock, base_processor, _, _ = run(10)
    print(f"{platform.platform()}; start-up {base_clock:.1f} s, {base_processor:.1f} core-s")
    print("| articles | seconds | ms an article | core-ms an article | peak MB | files |")
    print("| --- | --- | --- | --- | --- | --- |")
    for articles in args.articles:
        clock, processor, peak, files = run(articles)
        print(
            f"| {articles:,} | {clock:.1f} | {(clock - base_clock) / articles * 1e3:.2f} "
            f"| {(processor - base_processor) / articles * 1e3:.2f} | {peak:.0f} | {files:,} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""Articles to text: ``python -m tests.bench.bench_parse [EVERY]``.

Reads the bulk archives of the shared folder, every n-th article (default 5), and prints megabytes
of XML a second of processor time on one core, with the spread of three rounds; the time of a
``locate``; and what share of the characters is kept or excluded, by reason.
"""

import sys
import time
from collections import Counter

from tests.bench.shared import corpus_articles
from transforms.jats import TextOptions, parse_articles


def main(every: int) -> None:
    """Prints the figures."""
    sources = list(corpus_articles("bulk"))[::every]
    megabytes = sum(len(source.xml) for source in sources) / 1e6
    speeds = []
    for _ in range(3):
        start = time.process_time()
        for source in sources:
            parse_articles(source, TextOptions())
        speeds.append(megabytes / (time.process_time() - start))
    print(
        f"{len(sources)} articles, {megabytes:.1f} MB: {min(speeds):.1f} to {max(speeds):.1f} MB/s"
    )

    parsed = [parse_articles(source, TextOptions()) for source in sources]
    spans = [
        (article, at, at + 8)
        for group in parsed
        for article in group
        for at in range(0, len(article.text) - 8, 500)
    ]
    start = time.process_time()
    for article, first, last in spans:
        article.xml_map.locate(first, last)
    print(f"locate: {(time.process_time() - start) / len(spans) * 1e6:.1f} µs")

    counts: Counter[str] = Counter()
    for main_article, *_ in parsed:
        counts.update(main_article.excluded)
        counts["kept"] += main_article.chars_kept
    for reason, count in counts.most_common():
        print(f"{count / counts.total():8.3%} {reason}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

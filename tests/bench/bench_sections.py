"""Where section codes stand, and what is behind OTHER: ``python -m tests.bench.bench_sections``.

Over research articles of the shared corpus: the share of kept characters by code, and the titles
(else the elements) whose text no rule placed.
"""

from collections import Counter

from tests.bench.shared import corpus_articles
from transforms.jats import TextOptions, parse_articles
from transforms.sections import code_sections

SHOWN = 40


def main() -> None:
    """Prints both lists."""
    codes: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for source in corpus_articles():
        for article in map(code_sections, parse_articles(source, TextOptions())):
            if article.article_type != "research-article":
                continue
            for passage in article.passages:
                length = passage.end - passage.start
                codes[passage.section] += length
                if passage.section == "OTHER":
                    others[passage.path[-1] if passage.path else passage.xpath] += length
    for code, length in codes.most_common():
        print(f"{length / codes.total():8.3%} {code}")
    print(f"\nbehind OTHER, the commonest {SHOWN}:")
    for title, length in others.most_common(SHOWN):
        print(f"{length / codes.total():8.3%} {title}")


if __name__ == "__main__":
    main()

"""Articles and archives made to order, and what a run wrote of them."""

import gzip
from collections.abc import Iterable
from pathlib import Path

TESTS = Path(__file__).parent

SENTENCES = (
    "BRCA1 and TP53 were studied in human breast cancer.",
    "The mice were treated with aspirin and acetylsalicylic acid.",
    "IFN-<italic>γ</italic> protein of Escherichia coli was in the study of diabetes mellitus.",
)


def article(number: int, *, paragraphs: int = 3, padding: int = 0) -> str:
    """A small article: ``padding`` is bytes of references, which cost time to read and no more."""
    body = "".join(
        f"<p>Study {number}-{index}. {' '.join(SENTENCES)}</p>" for index in range(paragraphs)
    )
    references = f"<ref-list><ref><mixed-citation>{'x' * padding}</mixed-citation></ref></ref-list>"
    return (
        '<article xmlns:xlink="http://www.w3.org/1999/xlink" article-type="research-article">'
        "<front><article-meta>"
        f'<article-id pub-id-type="pmcid">{number}</article-id>'
        f"<title-group><article-title>Of mice, {number}</article-title></title-group>"
        "</article-meta></front>"
        f"<body><sec><title>Results</title>{body}</sec></body>"
        f"<back>{references}</back></article>"
    )


def write_archive(path: Path, articles: Iterable[str]) -> Path:
    """A bulk archive as Europe PMC ships them."""
    text = "<articles>\n" + "\n".join(articles) + "\n</articles>\n"
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def files(output: Path) -> dict[str, bytes]:
    """Every file of an output folder but ``run.json``, which tells times."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }

"""How large one article may be. What is larger is a reject, and costs the other articles nothing.

So a worker with 1 GB of memory can take two articles at a time, whatever is in them. The largest of
660 articles, a book of abstracts, has 1,177,636 characters in 5,463 passages; the longest passage
has 22,804 characters, and the most sub-articles of one are 11.
"""

from collections.abc import Iterable

from transforms.records import Article, RejectError, SourceArticle

MAX_MARKUP = 1_000_000
"""Tags and attributes: a parser takes some 100 bytes for each. The most met is 75,000."""
MAX_SUB_ARTICLES = 2_000
MAX_TEXT_CHARS = 5_000_000
MAX_PASSAGES = 50_000
MAX_SENTENCES = 100_000
MAX_PASSAGE_CHARS = 200_000
"""A passage is tokenized at one go: 600 bytes a token, and each full stop may be one."""


def check_limit(stage: str, what: str, found: int, limit: int) -> None:
    """Refuses an article that has too much of something.

    Raises:
        RejectError: it has more than the limit.
    """
    if found > limit:
        raise RejectError(
            stage, "too-large", f"the article has {found:,} {what}, the limit is {limit:,}"
        )


def check_markup(source: SourceArticle) -> None:
    """Refuses an article whose tree would fill the memory.

    Raises:
        RejectError: it has too many tags and attributes.
    """
    found = source.xml.count(b"<") + source.xml.count(b"=")
    check_limit("parse", "tags and attributes", found, MAX_MARKUP)


def check_text(articles: Iterable[Article]) -> None:
    """Refuses an article, with its sub-articles, that has too much text.

    Raises:
        RejectError: it has.
    """
    chars = passages = longest = 0
    for article in articles:
        chars += len(article.text)
        passages += len(article.passages)
        lengths = (passage.end - passage.start for passage in article.passages)
        longest = max(longest, *lengths, 0)
    check_limit("parse", "characters of text", chars, MAX_TEXT_CHARS)
    check_limit("parse", "passages", passages, MAX_PASSAGES)
    check_limit("parse", "characters in one passage", longest, MAX_PASSAGE_CHARS)

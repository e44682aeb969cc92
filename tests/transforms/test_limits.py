"""Promises of the limits: what few bytes can hold fills no worker."""

import pytest

from transforms import jats, journey, limits
from transforms.jats import TextOptions
from transforms.journey import annotate_source
from transforms.records import ArticleRange, Reject, SourceArticle


def outcome_of(body: str, after: str = ""):
    """What becomes of an article, without any model."""
    xml = f"<article><front/><body>{body}</body>{after}</article>".encode()
    place = ArticleRange("a.xml", 0, 0, len(xml), "ab" * 32, "PMC1")
    return annotate_source(SourceArticle(place, xml), (), TextOptions())


BODY = "<p>TNF binds. It does so.</p><p>So there.</p>"
SUB_ARTICLES = "<sub-article><body><p>TNF binds. It is so.</p></body></sub-article>" * 2


@pytest.mark.parametrize(
    ("limit", "most", "stage", "what"),
    [
        ("MAX_MARKUP", 20, "parse", "21 tags and attributes"),
        ("MAX_TEXT_CHARS", 71, "parse", "72 characters of text"),
        ("MAX_PASSAGES", 3, "parse", "4 passages"),
        ("MAX_PASSAGE_CHARS", 21, "parse", "22 characters in one passage"),
        ("MAX_SUB_ARTICLES", 1, "parse", "2 sub-articles"),
        ("MAX_SENTENCES", 6, "split", "7 sentences"),
    ],
)
def test_one_more_than_a_limit(limit, most, stage, what, monkeypatch):
    """It is a reject that says how much there is, and how much there may be."""

    def allow(number: int) -> None:
        for module in (limits, jats, journey):
            if hasattr(module, limit):
                monkeypatch.setattr(module, limit, number)

    allow(most + 1)
    assert not isinstance(outcome_of(BODY, SUB_ARTICLES), Reject)
    allow(most)
    reject = outcome_of(BODY, SUB_ARTICLES)
    assert isinstance(reject, Reject)
    assert (reject.stage, reject.reason) == (stage, "too-large")
    assert reject.message == f"the article has {what}, the limit is {most}"


@pytest.mark.parametrize(
    ("body", "after", "what"),
    [
        ("<p>" + "." * 2_000_000 + "</p>", "", "characters in one passage"),
        ("", "<sub-article/>" * 25_000, "sub-articles"),
        ("<p/>" * 1_200_000, "", "tags and attributes"),
        ("<p>a</p>" * 60_000, "", "passages"),
    ],
)
def test_a_few_bytes_of_gzip(body, after, what):
    """Each is one to four kilobytes of gzip that would fill a gigabyte, or hours."""
    reject = outcome_of(body, after)
    assert isinstance(reject, Reject)
    assert f" {what}, the limit is " in reject.message

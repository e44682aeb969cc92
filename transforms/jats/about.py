"""What an article's front matter says of it: identifiers, title, journal, licence, year."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lxml import etree

from transforms.jats.nodes import child, language_of, plain_text, primary_language
from transforms.records import Article, article_ids, sub_article_id

_HREF = "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True)
class About:
    """What the front matter says; fields as in ``Article``."""

    pmcid: str | None
    pmid: str | None
    doi: str | None
    title: str | None
    journal: str | None
    article_type: str | None
    language: str | None
    license: str | None
    year: int | None
    article_id: str = ""


def as_part(about: About, main: Article, number: int) -> About:
    """A sub-article goes by the identifiers of its article."""
    return replace(
        about,
        article_id=sub_article_id(main.article_id, number),
        pmcid=main.pmcid,
        pmid=main.pmid,
        doi=main.doi,
        journal=main.journal,
        license=about.license or main.license,
        year=about.year or main.year,
    )


def about_jats(article: etree._Element) -> About:
    """Of an ``article``, ``sub-article`` or ``response`` of JATS."""
    front = child(article, "front", "front-stub")
    meta = None if front is None else child(front, "article-meta")
    meta = front if meta is None else meta
    if meta is None:
        meta = etree.Element("article-meta")
    pmcid, pmid, doi = article_ids(
        (e.get("pub-id-type", ""), plain_text(e)) for e in meta.iterchildren("{*}article-id")
    )
    titles = child(meta, "title-group")
    journal = None if front is None else child(front, "journal-meta")
    return About(
        pmcid=pmcid,
        pmid=pmid,
        doi=doi,
        title=plain_text(None if titles is None else child(titles, "article-title")) or None,
        journal=plain_text(
            None if journal is None else next(journal.iter("{*}journal-title"), None)
        )
        or None,
        article_type=article.get("article-type") or article.get("response-type") or None,
        language=language_of(article),
        license=_license(meta),
        year=_earliest(
            year.text for date in meta.iterchildren("{*}pub-date") for year in date.iter("{*}year")
        ),
    )


def about_pubmed(record: etree._Element) -> About:
    """Of a record of PubMed."""
    data = child(record, "PubmedData")
    citation = child(record, "MedlineCitation")
    if citation is None:
        citation = child(record, "BookDocument")
    citation = record if citation is None else citation
    listed = None if data is None else child(data, "ArticleIdList")
    ids = [("pmid", plain_text(child(citation, "PMID")))]
    if listed is not None:
        ids += [(e.get("IdType", ""), plain_text(e)) for e in listed.iterchildren("*")]
    pmcid, pmid, doi = article_ids(ids)
    article = child(citation, "Article")
    article = citation if article is None else article
    journal = child(article, "Journal")
    language = plain_text(child(article, "Language"))
    types = child(article, "PublicationTypeList")
    return About(
        pmcid=pmcid,
        pmid=pmid,
        doi=doi,
        title=plain_text(child(article, "ArticleTitle")) or None,
        journal=None if journal is None else plain_text(child(journal, "Title")) or None,
        article_type=None
        if types is None
        else plain_text(next(types.iterchildren("*"), None)) or None,
        language=primary_language(language) or None,
        license=None,
        year=_earliest(
            year for name in ("PubDate", "ArticleDate") for year in _years(article, name)
        ),
    )


def _years(article: etree._Element, name: str) -> Iterator[str]:
    for date in article.iter("{*}" + name):
        for year in date.iterchildren("{*}Year", "{*}MedlineDate"):
            yield (year.text or "").strip()[:4]  # "1998 Dec-1999 Jan"


def _earliest(years: Iterable[str | None]) -> int | None:
    found = [int(year) for year in years if year and re.fullmatch(r"\s*[12]\d{3}\s*", year)]
    return min(found, default=None)


def _license(meta: etree._Element) -> str | None:
    """The licence's URL, else the first words of its text.

    Before JATS 1.0 it stood directly in ``article-meta``.
    """
    permissions = child(meta, "permissions")
    if permissions is None:
        permissions = meta
    for licence in permissions.iterchildren("{*}license"):
        reference = next(licence.iter("{*}license_ref"), None)
        links = (e.get(_HREF, "") for e in licence.iter("*"))
        url = plain_text(reference) or next(
            (link for link in links if re.search("licen|creativecommons", link)), ""
        )
        if text := url or licence.get(_HREF) or plain_text(licence):
            return text[:200]
    reference = next(permissions.iter("{*}license_ref"), None)
    return (plain_text(reference) or plain_text(child(permissions, "copyright-statement")))[
        :200
    ] or None

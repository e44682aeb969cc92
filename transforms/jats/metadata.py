"""What an article's front matter says of it: identifiers, title, journal, licence, year."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lxml import etree

from transforms.jats.nodes import child, language_of, plain_text, primary_language
from transforms.records import Metadata, article_id_from, article_ids, sub_article_id

_PPRID = re.compile(r"PPR\d+")  # Europe PMC's, of preprints
_HREF = "{http://www.w3.org/1999/xlink}href"


def of_part(own: Metadata, main: Metadata, number: int) -> Metadata:
    """Of a sub-article, which goes by the identifiers of its article."""
    return replace(
        own,
        article_id=sub_article_id(main.article_id, number),
        pmcid=main.pmcid,
        pmid=main.pmid,
        doi=main.doi,
        pprid=main.pprid,
        journal=main.journal,
        license=own.license or main.license,
        year=own.year or main.year,
    )


def jats_metadata(article: etree._Element, sha256: str) -> Metadata:
    """Of an ``article``, ``sub-article`` or ``response`` of JATS; ``sha256`` is of its bytes."""
    front = child(article, "front", "front-stub")
    meta = None if front is None else child(front, "article-meta")
    meta = front if meta is None else meta
    if meta is None:
        meta = etree.Element("article-meta")
    ids = [(e.get("pub-id-type", ""), plain_text(e)) for e in meta.iterchildren("{*}article-id")]
    pmcid, pmid, doi = article_ids(ids)
    titles = child(meta, "title-group")
    journal = None if front is None else child(front, "journal-meta")
    return Metadata(
        article_id=article_id_from(pmcid, pmid, doi, sha256),
        pmcid=pmcid,
        pmid=pmid,
        doi=doi,
        pprid=next((value for _, value in ids if _PPRID.fullmatch(value)), None),
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


def pubmed_metadata(record: etree._Element, sha256: str) -> Metadata:
    """Of a record of PubMed; ``sha256`` is of its bytes."""
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
    return Metadata(
        article_id=article_id_from(pmcid, pmid, doi, sha256),
        pmcid=pmcid,
        pmid=pmid,
        doi=doi,
        pprid=None,
        title=plain_text(child(article, "ArticleTitle")) or _book_title(article) or None,
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


def _book_title(document: etree._Element) -> str:
    book = child(document, "Book")
    return "" if book is None else plain_text(child(book, "BookTitle"))


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

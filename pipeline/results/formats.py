"""An article's annotations in other people's formats.

Offsets count Unicode code points, start included, end excluded, in every format.
"""

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote

from pipeline.output.committed import ArticleRows
from pipeline.results.identifiers import uri_of
from pipeline.results.pages import article_url
from pipeline.results.type_names import names_of
from transforms.mentions import ANNOTATIONS
from transforms.records import Sentence, split_article_id

Json = dict[str, Any]


class Link(NamedTuple):
    """What a mention means: an entry of a public database."""

    name: str
    uri: str


@dataclass
class Links:
    """What mentions mean: as the user says, else the concepts that they were linked to.

    Attributes:
        own: the user's, by type and mention, exactly as in ``annotations``.
        used: those of them that some mention has.
    """

    own: Mapping[tuple[str, str], Link] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)

    def of(self, annotation: Json, *databases: str) -> Link | None:
        """The link of a mention: to the first of these databases that has its concept, if any."""
        key = annotation["type"], annotation["exact"]
        if key in self.own:
            self.used.add(key)
            return self.own[key]
        if annotation["concept"] is None:
            return None
        ids = [annotation["concept"], *annotation["concept_xrefs"]]
        wanted = (id_ for database in databases for id_ in ids if id_.startswith(f"{database}:"))
        return Link(annotation["concept_name"], uri_of(next(wanted, ids[0])))


def _distinct(annotations: Iterable[Json]) -> Iterator[Json]:
    """Mentions once each, where the format has no place for the model that found them."""
    seen = set()
    for annotation in annotations:
        key = (annotation["start"], annotation["end"], annotation["type"])
        if key not in seen:
            seen.add(key)
            yield annotation


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def same_length(text: str) -> str:
    """A text in one line for formats of lines, with its offsets: a space for what would end it."""
    return _CONTROL.sub(" ", text)


def one_line(name: str) -> str:
    """A name that is no part of a text, in one line."""
    return " ".join(same_length(name).split())


# Europe PMC -------------------------------------------------------------------------------------
#
# The submission service's schema (ne_annotation_schema.json) and its validator; names of types and
# sections are those of Europe PMC's own pipeline and of the submission page.

SUBMISSION_DATABASES = {"GP": ("UniProtKB",), "CD": ("CHEBI",)}
"""Those whose entries Europe PMC's own pipeline links to, where a concept has several."""

SUBMISSION_SECTIONS = {
    "TITLE": "Title",
    "ABSTRACT": "Abstract",
    "INTRO": "Introduction",
    "METHODS": "Methods",
    "RESULTS": "Results",
    "DISCUSS": "Discussion",
    "CONCL": "Conclusion",
    "CASE": "Case study",
    "FIG": "Figure",
    "TABLE": "Table",
    "SUPPL": "Supplementary material",
    "ABBR": "Abbreviations",
    "ACK_FUND": "Acknowledgments",
    "AUTH_CONT": "Author Contributions",
    "COMP_INT": "Competing Interests",
    "REF": "References",
}
DEFAULT_SECTION = "Article"

SUBMISSION_LINES = 9_999
"""Most lines of a file: fewer than 10,000."""

_SOURCES = re.compile("AGR|CBA|MED|PAT|CTX|CIT|PMC|ETH|HIR")
_POSITION = re.compile(r"[0-9]+\.[0-9]+")


def submission_rows(article: ArticleRows, provider: str, links: Links) -> tuple[Json, Json] | None:
    """An article's line of the submission, and its line of what cannot be submitted.

    A mention can be submitted if it is linked, has text of its passage on a side, and stands in
    a section that Europe PMC shows: of articles outside PMC only title and abstract.

    Returns:
        Both lines; their ``anns`` may be empty, which the schema does not allow. None for an
        article that Europe PMC has no id for: a sub-article, or one without PMCID and PMID.
    """
    row = article.row
    if split_article_id(row["article_id"])[1] or not (row["pmcid"] or row["pmid"]):
        return None
    src, id_ = ("PMC", row["pmcid"]) if row["pmcid"] else ("MED", row["pmid"])
    matched: list[Json] = []
    unmatched: list[Json] = []
    for annotation in _distinct(article.annotations):
        link = links.of(annotation, *SUBMISSION_DATABASES.get(annotation["type"], ()))
        first = row["text"][article.sentences[annotation["sentence"]].start : annotation["start"]]
        section = SUBMISSION_SECTIONS.get(annotation["section"].split("|")[0], DEFAULT_SECTION)
        entry = {
            # Sentence, and word in it as white space divides it, both from 1.
            "position": f"{annotation['sentence'] + 1}.{len(f'{first}x'.split())}",
            "prefix": annotation["prefix"],
            "exact": annotation["exact"],
            "postfix": annotation["postfix"],
            "section": section,
            "type": names_of(annotation["type"]).europepmc,
            # "#" is what Europe PMC's pipeline writes for a term that it could not link.
            "tags": [link._asdict() if link else {"name": annotation["exact"], "uri": "#"}],
        }
        anchored = annotation["prefix"] or annotation["postfix"]
        shown = src == "PMC" or section in ("Title", "Abstract")
        (matched if link and anchored and shown else unmatched).append(entry)
    head = {"src": src, "id": id_, "provider": provider}
    return {**head, "anns": matched}, {**head, "anns": unmatched}


def submission_problems(line: Any) -> list[str]:
    """What the submission service would find wrong with a line; nothing, if it would take it."""
    if not isinstance(line, dict) or set(line) != {"src", "id", "provider", "anns"}:
        return ["a line must have src, id, provider and anns, and no other key"]
    problems = [
        f"{key} must be a string" for key in ("src", "id", "provider") if not _text(line[key])
    ]
    if _text(line["src"]) and not _SOURCES.search(line["src"]):
        problems.append(f"src {line['src']} is none of {_SOURCES.pattern}")
    if not isinstance(line["anns"], list) or not line["anns"]:
        return [*problems, "anns must be a list with at least one annotation"]
    sections = {*SUBMISSION_SECTIONS.values(), DEFAULT_SECTION}
    if line["src"] != "PMC":
        sections = {"Title", "Abstract"}
    for number, annotation in enumerate(line["anns"]):
        problems += (
            f"anns[{number}]: {found}" for found in _annotation_problems(annotation, sections)
        )
    return problems


def _annotation_problems(annotation: Any, sections: set[str]) -> Iterator[str]:
    if not isinstance(annotation, dict):
        yield "must be an object"
        return
    if unknown := set(annotation) - {
        *("position", "prefix", "exact", "postfix", "section", "type", "tags")
    }:
        yield f"unknown keys {', '.join(sorted(unknown))}"
    for key in ("position", "exact", "prefix", "postfix", "section", "type"):
        if not isinstance(annotation.get(key), str):
            yield f"{key} must be a string"
            return
    if not _POSITION.fullmatch(annotation["position"]):
        yield f"position {annotation['position']} is not sentence.word"
    if not annotation["exact"] or not annotation["type"]:
        yield "exact and type must not be empty"
    if not (annotation["prefix"] or annotation["postfix"]):
        yield "prefix or postfix must not be empty"
    if annotation["section"] not in sections:
        yield f"section {annotation['section']} is none of {', '.join(sorted(sections))}"
    tags = annotation.get("tags")
    if not isinstance(tags, list) or not tags:
        yield "tags must be a list with at least one tag"
        return
    for tag in tags:
        if not isinstance(tag, dict) or not _text(tag.get("name")):
            yield "a tag needs a name"
        elif not is_public_uri(tag.get("uri")):
            yield f"tag uri {tag.get('uri')} is not a public http(s) address"


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def is_public_uri(value: Any) -> bool:
    """Whether a tag can carry this: an http(s) address."""
    return isinstance(value, str) and bool(re.fullmatch(r"https?://[^\s/#]+\.\S+", value))


# BioC -------------------------------------------------------------------------------------------


def bioc_collection(date: str) -> Json:
    """A collection without documents.

    Args:
        date: as in ISO 8601; only the day counts.
    """
    return {
        "source": "Europe PMC",
        "date": date[:10].replace("-", ""),
        "key": "",
        "infons": {"offsets": "Unicode code points"},
    }


def bioc_document(article: ArticleRows, links: Links) -> Json:
    """An article as a document: offsets are those of ``articles.text``.

    Annotations stand beside a passage's text; its sentences say where they begin and end.
    Infons are strings, as BioC wants them. ``section_type`` has one code, as PubMed Central's
    files do; a combined section has all of its codes in ``sections``.
    """
    row = article.row
    by_passage: dict[int, list[Json]] = {}
    for annotation in article.annotations:
        by_passage.setdefault(annotation["passage"], []).append(annotation)
    sentences: dict[int, list[Sentence]] = {}
    for sentence in article.sentences:
        sentences.setdefault(sentence.passage, []).append(sentence)
    ids = {
        "article-id_pmc": (row["pmcid"] or "").removeprefix("PMC"),
        "article-id_pmid": row["pmid"],
        "article-id_doi": row["doi"],
    }
    about = {name: row[name] for name in ("title", "journal", "article_type", "language")}
    infons = {**ids, **about, "license": row["license"], "year": row["year"]}
    return {
        "id": row["article_id"],
        "infons": {name: str(value) for name, value in infons.items() if value},
        "passages": [
            {
                "offset": passage["start"],
                "infons": {
                    "section_type": passage["section"].split("|")[0],
                    "sections": passage["section"],
                    "type": _passage_type(passage["section"], passage["xpath"]),
                    "xpath": passage["xpath"],
                },
                "text": row["text"][passage["start"] : passage["end"]],
                "sentences": [
                    {
                        "offset": sentence.start,
                        "infons": {},
                        "text": row["text"][sentence.start : sentence.end],
                        "annotations": [],
                        "relations": [],
                    }
                    for sentence in sentences.get(number, ())
                ],
                "annotations": [
                    _bioc_annotation(annotation, links.of(annotation))
                    for annotation in by_passage.get(number, ())
                ],
                "relations": [],
            }
            for number, passage in enumerate(row["passages"])
        ],
        "relations": [],
    }


def _bioc_annotation(annotation: Json, link: Link | None) -> Json:
    infons = {
        "type": annotation["type"],
        "score": f"{annotation['score']:.4f}",
        "model": annotation["model"],
    }
    if link:
        infons["identifier"] = link.uri
        infons["name"] = link.name
    start, end = annotation["start"], annotation["end"]
    return {
        "id": annotation["annotation_id"],
        "infons": infons,
        "text": annotation["exact"],
        "locations": [{"offset": start, "length": end - start}],
    }


def _passage_type(section: str, xpath: str) -> str:
    """The name that PubMed Central's files give to a passage."""
    elements = re.findall(r"/([\w-]+)\[", xpath)
    own = elements[-1] if elements else ""
    if section == "TITLE":
        return "front"
    if own in ("td", "th"):
        return "table"
    if "table-wrap-foot" in elements:
        return "table_footnote"
    for element, name in (("table-wrap", "table"), ("fig", "fig")):
        if element in elements:
            return f"{name}_title_caption" if own in ("title", "label") else f"{name}_caption"
    prefix = "abstract_" if section == "ABSTRACT" else ""
    if own in ("title", "label"):
        return f"{prefix}title_{max(1, elements.count('sec'))}"
    if prefix:
        return "abstract"
    if "fn" in elements:
        return "footnote"
    return "ref" if section == "REF" else "paragraph"


# PubTator ---------------------------------------------------------------------------------------


PUBTATOR_BARE = ("NCBIGene:", "NCBITaxon:")
"""Databases whose ids PubTator has without a prefix."""


def _bare(curie: str) -> str:
    for prefix in PUBTATOR_BARE:
        curie = curie.removeprefix(prefix)
    return curie


def pubtator_text(article: ArticleRows) -> tuple[str, int] | None:
    """An article's title and abstract with their mentions, and how many these are.

    Passages of the abstract are joined by one space; offsets count title, one character, abstract.
    Full text does not fit into the format. None for an article with neither title nor abstract.
    """
    row = article.row
    own_pmid = None if split_article_id(row["article_id"])[1] else row["pmid"]
    name = quote(own_pmid or row["article_id"], safe="/:#().;+")
    base: dict[int, int] = {}
    parts = []
    at = 0
    for section in ("TITLE", "ABSTRACT"):
        own = []
        for number, passage in enumerate(row["passages"]):
            if passage["section"] == section:
                base[number] = at - passage["start"]
                own.append(same_length(row["text"][passage["start"] : passage["end"]]))
                at += len(own[-1]) + 1
        parts.append(" ".join(own))
        at = len(parts[0]) + 1
    if not base:
        return None
    title, abstract = parts
    if not title:  # which other readers of the format do not take: the abstract stands in its place
        title, abstract = abstract, ""
        base = {number: shift - 1 for number, shift in base.items()}
    lines = [f"{name}|t|{title}", f"{name}|a|{abstract}"]
    found = [
        (annotation["start"] + shift, annotation["end"] + shift, annotation)
        for annotation in _distinct(article.annotations)
        if (shift := base.get(annotation["passage"])) is not None
    ]
    for start, end, annotation in sorted(found, key=lambda mention: mention[:2]):
        kind = one_line(names_of(annotation["type"]).pubtator)
        exact = same_length(annotation["exact"])
        concept = _bare(annotation["concept"] or "-")
        lines.append(f"{name}\t{start}\t{end}\t{exact}\t{kind}\t{concept}")
    return "\n".join([*lines, "", ""]), len(found)


# Web Annotation ---------------------------------------------------------------------------------

WEB_CONTEXT = [
    "http://www.w3.org/ns/anno.jsonld",
    # The data model has no word for a score; W3C's ITS 2.0 has one.
    {"confidence": "http://www.w3.org/2005/11/its/rdf#taConfidence"},
]


def web_annotation(annotation: Json, row: Json, links: Links) -> Json:
    """An annotation in W3C's data model.

    The target is the article's XML; the scope, its page for people. The XPath selects a text node
    of the XML, and the position counts that node's own characters, so any XPath processor finds
    the place. A mention over several text nodes is a
    range between two such points.
    """
    link = links.of(annotation)
    body = [{"type": "TextualBody", "value": annotation["type"], "purpose": "tagging"}]
    if link:
        body.append({"type": "SpecificResource", "source": link.uri, "purpose": "identifying"})
    start, end = annotation["start_offset"], annotation["end_offset"]
    place: Json
    if annotation["start_xpath"] == annotation["end_xpath"]:
        place = _node_selector(annotation["start_xpath"], start, end)
    else:
        place = {
            "type": "RangeSelector",
            "startSelector": _node_selector(annotation["start_xpath"], start, start),
            "endSelector": _node_selector(annotation["end_xpath"], end, end),
        }
    return {
        "id": uuid.UUID(annotation["annotation_id"]).urn,
        "type": "Annotation",
        "body": body,
        "confidence": round(annotation["score"], 4),
        "generator": {"type": "Software", "name": annotation["model"]},
        "target": {
            "source": _xml_iri(row),
            **({"scope": page} if (page := article_url(row)) else {}),
            "selector": [
                place,
                {
                    "type": "TextQuoteSelector",
                    "exact": annotation["exact"],
                    "prefix": annotation["prefix"],
                    "suffix": annotation["postfix"],
                },
            ],
        },
    }


def _node_selector(xpath: str, start: int, end: int) -> Json:
    return {
        "type": "XPathSelector",
        "value": xpath,
        "refinedBy": {"type": "TextPositionSelector", "start": start, "end": end},
    }


def _xml_iri(row: Json) -> str:
    """Where the article's XML is: at Europe PMC, else the file that was read."""
    if row["pmcid"]:
        return f"https://www.ebi.ac.uk/europepmc/webservices/rest/{row['pmcid']}/fullTextXML"
    uri: str = row["source_uri"]
    return uri if "://" in uri else PurePosixPath(uri).as_uri()


# brat -------------------------------------------------------------------------------------------


def brat_type(type_: str) -> str:
    """An entity type as brat can read it."""
    return re.sub(r"[^\w-]", "_", type_, flags=re.ASCII)


def brat_standoff(article: ArticleRows) -> str:
    """The annotations over ``articles.text``, with their concepts.

    A note tells the score and the model.
    """
    lines = []
    for number, annotation in enumerate(article.annotations, 1):
        start, end, exact = annotation["start"], annotation["end"], annotation["exact"]
        kind = brat_type(annotation["type"])
        lines.append(f"T{number}\t{kind} {start} {end}\t{same_length(exact)}\n")
        note = f"score {annotation['score']:.4f}, {one_line(annotation['model'])}"
        lines.append(f"#{number}\tAnnotatorNotes T{number}\t{note}\n")
        if concept := annotation["concept"]:
            name = one_line(annotation["concept_name"])
            lines.append(f"N{number}\tReference T{number} {concept}\t{name}\n")
    return "".join(lines)


def brat_configuration(types: Iterable[str]) -> str:
    """``annotation.conf``: what brat must know to show the types."""
    entities = "".join(f"{brat_type(type_)}\n" for type_ in types)
    return f"[entities]\n{entities}[relations]\n[events]\n[attributes]\n"


# Tables ------------------------------------------------------------------------------------------

_OF_ARTICLE = ("pmcid", "pmid", "doi", "title", "journal", "year")

TABLE_COLUMNS = (*ANNOTATIONS.schema.names, *_OF_ARTICLE, "sentence_text")
"""Those of ``annotations``, and what tells the article."""


def table_rows(article: ArticleRows) -> Iterator[Json]:
    """Rows of ``annotations``, each with what tells its article, and its sentence's text."""
    row = article.row
    about = {name: row[name] for name in _OF_ARTICLE}
    for annotation in article.annotations:
        _, start, end = article.sentences[annotation["sentence"]]
        yield {**annotation, **about, "sentence_text": row["text"][start:end]}


def to_json(value: Any) -> str:
    """Compact JSON with readable characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

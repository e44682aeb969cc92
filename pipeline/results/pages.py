"""HTML pages: each stands alone, loads nothing, and runs no script but its own."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.results.type_names import names_of

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f]")
"""Control characters and the like: damaged input brings them, and no page may hold them."""

_CURIE = re.compile(r"[A-Za-z][\w.-]*:[\w.:/-]+", re.ASCII)


def render(template: str, script: str = "", **values: Any) -> str:
    """Fills a template of the folder ``templates``. All text in ``values`` is escaped.

    Args:
        template: file name.
        script: file name of the page's script; the page lets the browser run nothing else.
        values: what the template shows.
    """
    code = _source(script) if script else ""
    return _ENVIRONMENT.get_template(template).render(
        **values,
        script=Markup(code),  # noqa: S704 - a file of ours
        policy=_policy(code),
    )


def clean(text: str) -> str:
    """Text without characters that an HTML or XML page, or a terminal, could not hold."""
    return _NO_XML.sub("\ufffd", text)


def concept_url(curie: str) -> str:
    """Where a concept is described: Bioregistry leads from any CURIE to its database.

    >>> concept_url("MESH:D001943")
    'https://bioregistry.io/MESH:D001943'
    """
    return f"https://bioregistry.io/{curie}" if _CURIE.fullmatch(curie) else ""


def article_url(article: dict[str, Any]) -> str:
    """An article at Europe PMC, else at its DOI; "" for one without identifiers.

    >>> article_url({"pmcid": "PMC13900", "pmid": None, "doi": None})
    'https://europepmc.org/article/PMC/PMC13900'
    """
    if article["pmcid"]:
        return f"https://europepmc.org/article/PMC/{Markup.escape(article['pmcid'])}"
    if article["pmid"]:
        return f"https://europepmc.org/article/MED/{Markup.escape(article['pmid'])}"
    return f"https://doi.org/{article['doi']}" if article["doi"] else ""


def _policy(code: str) -> str:
    """A Content-Security-Policy: article text is hostile until shown otherwise."""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    scripts = f"; script-src 'sha256-{digest}'" if code else ""
    return f"default-src 'none'; style-src 'unsafe-inline'{scripts}"


def _source(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _finalize(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return clean(value)


def _to_data(value: Any) -> Markup:
    """JSON that can stand in a ``script`` element: nothing in it ends the element."""
    text = clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped as JSON


def _number(value: float) -> str:
    return f"{value:,}"


_TEMPLATES = Path(__file__).parent / "templates"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_finalize,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(number=_number, data=_to_data)
_ENVIRONMENT.globals.update(names_of=names_of, concept_url=concept_url, article_url=article_url)

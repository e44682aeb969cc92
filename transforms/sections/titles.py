"""What a title tells, or the statement of an untitled block.

Titles are matched whole, never by likeness: 'Prefrontal cortex' is no reference list and 'Casein
kinase' no case report.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from transforms.sections.elements import BACK_MATTER
from transforms.sections.rules import STATEMENTS, Titles

# Articles use the same few hundred titles most of the time.
TITLES = 1024

TELLING = Titles("always", "outside", "supplement")
_DISCLOSURE = Titles("disclosure")
_JOINED = Titles("joined")
_TYPE = Titles("type")
_HINT = Titles("hint")
_RESEARCH = Titles("research")
_STATEMENTS = {
    code: re.compile("|".join(rule.pattern for rule in rules))
    for code, rules in itertools.groupby(STATEMENTS, key=lambda rule: rule.code)
}

_NUMBERING = re.compile(
    r"(?:section|part|chapter)?\s*[(\[]?(?:\d+(?:\.\d+)*|(?:[ivx]+|[a-h])(?:\.\d+)*[.):]|(?:ii|iii|iv|"
    r"vi+)\b)"
    r"[.)\]:\s|-]*(?=[^\W\d_])"
)
_FIRST_WORDS = re.compile(r"[\W\d]*([^.:]{3,60})[.:]\s")
_LATER_WORDS = re.compile(r"[.;,]\s+([^.:;,]{3,60}):\s")
_HEAD = re.compile(r"([^:.|]+?)\s*(?:[:.|]\s*| - )")
_PARTS = re.compile(r"\s*(?:/|,|;|\+|:|\b(?:and|or|e|y|et|und)\b)\s*")


@lru_cache(TITLES)
def normalise(title: str) -> str:
    """A title in the form in which the rules are written.

    >>> normalise("2.1. Materials & Methods:")
    'materials and methods'
    >>> normalise("Discussão")
    'discussao'
    """
    text = unicodedata.normalize("NFKD", title.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"['’‘`´ʼ\u00ad\u200b]", "", text).replace("&", " and ")
    text = re.sub(r"[‐-―−_]", "-", text)
    text = re.sub(r"(?<=\w)-(?=\w)|[★☆*†‡§¶#\"“”]", " ", text)
    text = re.sub(r"\s*\([^()]*\)\s*$", "", text)
    text = re.sub(r"^[^\w(\[]+", "", " ".join(text.split())).strip(" .:;,-")
    if re.fullmatch(r"(?:\w )+\w", text):  # I N T R O D U C T I O N
        text = text.replace(" ", "")
    return _NUMBERING.sub("", text, count=1) if _NUMBERING.match(text) else text


def joined(codes: Iterable[str]) -> str:
    """The first two of some codes, joined by "|"; those that are joined already are parted."""
    return "|".join(list(dict.fromkeys(c for code in codes for c in code.split("|") if c))[:2])


def _code_of_part(title: str) -> str:
    """The code that a part of a title tells, or ""; what is OTHER as a whole tells nothing."""
    code = TELLING.code(title)
    return _DISCLOSURE.code(title) if code in ("", "OTHER") else code


def _hint_of_part(title: str, research: bool = True) -> str:
    return _HINT.code(title) or (_RESEARCH.code(title) if research else "")


@lru_cache(TITLES)
def code_of_title(title: str) -> str:
    """The code that a title tells whatever stands above it, two joined by "|", or "".

    >>> code_of_title("Results and Discussion"), code_of_title("IV. CONCLUSIONS")
    ('RESULTS|DISCUSS', 'CONCL')
    >>> code_of_title("Prefrontal cortex")
    ''
    """
    text = normalise(title)
    parts = [part for part in _PARTS.split(text) if part]
    codes = [_code_of_part(part) for part in parts]
    if code := TELLING.code(text):
        # "Author contributions and funding" is read whole as the former
        several = code in _STATEMENTS and all(codes) and codes[0] != "APPENDIX"
        return joined(codes) if several else code
    if len(parts) > 1 and (all(codes) or _JOINED.match(parts[0]) or _JOINED.match(parts[-1])):
        unknown = itertools.takewhile(lambda part: not _code_of_part(part), parts)
        return joined([*(_hint_of_part(part) for part in unknown), *codes])
    head = _HEAD.match(text)
    return code_of_title(head[1]) if head else ""


@lru_cache(TITLES)
def hint_of_title(title: str, research: bool = True) -> str:
    """The code that a title tells where nothing above it does, or "".

    Args:
        title: as it stands in the article.
        research: whether the article reports research.
    """
    text = normalise(title)
    parts = [text, *_PARTS.split(text)]
    codes = [_code_of_part(part) or _hint_of_part(part, research) for part in parts]
    if codes[0] or all(codes[1:]):
        return codes[0] or joined(codes[1:])
    head = _HEAD.match(text)  # "Future outlook: including microbes"
    return "CONCL" if head and _hint_of_part(head[1], research) == "CONCL" else ""


@lru_cache(TITLES)
def code_of_type(kind: str) -> str:
    """The code that the type of an element tells, or ""."""
    words = kind.casefold().replace("-", " ").replace("_", " ").split("|")
    return joined(code_of_title(word) or _TYPE.code(word.strip()) for word in words)


def code_of_lead(text: str) -> str:
    """The code that the first words of a text tell, if they stand there like a title, or ""."""
    head = _FIRST_WORDS.match(text)
    return code_of_title(head[1]) if head else ""


def codes_of_later_leads(text: str) -> list[str]:
    """The codes of the statements that words like titles open later in a text."""
    codes = map(code_of_title, _LATER_WORDS.findall(text))
    return [code for code in codes if code in BACK_MATTER]


def plain(text: str) -> str:
    """A text in the form in which the rules for statements are written."""
    return re.sub(r"['’]", "", text.casefold())


def codes_of_statements(text: str) -> list[str]:
    """What the statements in a text are about, in the order of the text."""
    text = plain(text)
    found = [(m.start(), code) for code, p in _STATEMENTS.items() if (m := p.search(text))]
    return [code for _, code in sorted(found)]

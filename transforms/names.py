"""A name in, its lookup key out: spellings of one name share a key.

>>> name_key("Tumours, IL-6 dependent") == name_key("tumor IL6-dependent")
True
"""

import functools
import re
import unicodedata

_LETTERS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "sigma tau upsilon phi chi psi omega"
)
_GREEK = {
    **{chr(0x3B1 + place): letter for place, letter in enumerate(_LETTERS.split())},
    **{"ϵ": "epsilon", "ϑ": "theta", "ϕ": "phi", "ϱ": "rho", "ϰ": "kappa", "µ": "mu"},
}
_SPELLED = str.maketrans({letter: f" {name} " for letter, name in _GREEK.items()})
_ACCENTS = re.compile("[\u0300-\u036f]")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_POSSESSIVE = re.compile(r"['’]s?\b")
_ROMAN = {
    **{"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"},
    **{"ix": "9", "xi": "11", "xii": "12", "xiii": "13"},
}
# Both spellings of a name go through these, so what comes out need not be a word.
_BRITISH = (("ae", "e"), ("oe", "e"), ("our", "or"), ("sulph", "sulf"), ("isation", "ization"))
_SHORT = 4


def name_words(name: str) -> list[str]:
    """The words of a name, letters and digits apart, without case, accents and inflection.

    >>> name_words("Type-II haemorrhagic diseases of TGFβ1")
    ['type', '2', 'hemorrhagic', 'diseas', 'of', 'tgf', 'beta', '1']
    """
    plain = name.lower()
    if not plain.isascii():
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain.translate(_SPELLED)))
    if "'" in plain or "’" in plain:
        plain = _POSSESSIVE.sub("", plain)
    words = _WORD.findall(plain)
    return [
        _ROMAN[word] if place and word in _ROMAN else word if len(word) <= _SHORT else _stem(word)
        for place, word in enumerate(words)
    ]


def name_key(name: str) -> str:
    """The key of a name: its words, joined."""
    return "".join(name_words(name))


@functools.lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """A word of more than four letters without the endings that number and spelling change."""
    for british, american in _BRITISH:
        if british in word:
            word = word.replace(british, american)
    if word.endswith("ies"):
        return word[:-3]
    if word.endswith(("uses", "sses")):
        return word[:-2]
    if word.endswith(("us", "ss")):
        return word
    for ending in ("is", "es", "s", "y", "e"):
        if word.endswith(ending):
            return word[: -len(ending)]
    return word

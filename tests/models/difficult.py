"""Sentences that make tokenizers and decoders stumble: generated, the same every time."""

import random

PARTS = [
    *("IFN-γ", "IL-2/IL-6", "Nav1.7", "α-synuclein", "5-HT₂A", "TNF-α-induced", "p53-/-", "κB"),
    *(
        "Café",
        "cafe\u0301",
        "Sjo\u0308gren",
        "naïve",
        "A\u030angström",
        "n\u0303",
        "ŠÇ",
        "İstanbul",
    ),
    *("😀", "👩‍🔬", "🧬DNA", "x😀y", "中文", "日本語", "한국", "ﬁbrosis", "Ⅳ", "ß", "ǅ", "µM"),
    *(
        "p\u200b53",
        "soft\u00adhyphen",
        "\ufeffBOM",
        "a\x11b",
        "\x07",
        "x\x7f",
        "\u2028",
        "e\u0301\u0302",
    ),
    *("[SEP]", "<s>", "##ing", "_", "__", "a_b", "B-cell", "T-cell/B-cell", "cell_type", "…", "—"),
    *("10%", "3.5×10⁻³", "(p<0.05)", "±", "1,2-dimethyl", "[3H]thymidine", "≥37°C", "C-terminal"),
    *(
        "e.g.",
        "i.v.",
        "don't",
        "patients'",
        '"quoted"',
        "«a»",
        "http://x.org/a?b=c#d",
        "A&B",
        "a@b.c",
    ),
    *(
        "the",
        "of",
        "protein",
        "cells",
        "mice",
        "treatment",
        "expression",
        "antidisestablishmentarian",
    ),
    "x" * 130,
    "(((((",
]
SPACES = [" "] * 12 + ["  ", "\t", "\u00a0", "\u2009", "\n", ""]


def difficult_sentences(count: int = 2000, seed: int = 1) -> list[str]:
    """So many texts of one to fourteen parts, without white space at their ends."""
    source = random.Random(seed)  # noqa: S311 - not for secrets
    sentences = []
    while len(sentences) < count:
        parts = source.choices(PARTS, k=source.randint(1, 14))
        text = "".join(part + source.choice(SPACES) for part in parts).strip()
        if text:
            sentences.append(text)
    return sentences


def plain_sentences(count: int) -> list[str]:
    """Difficult sentences of printable ASCII, single spaces, and no names of special tokens."""
    named = {"[SEP]", "<s>"}
    plain = [p for p in PARTS if p.isascii() and p.isprintable() and p not in named]
    source = random.Random(4)  # noqa: S311 - not for secrets
    return [" ".join(source.choices(plain, k=source.randint(1, 14))) for _ in range(count)]

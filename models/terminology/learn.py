"""Names that annotated corpora call concepts by: PubTator files in, a table of names out.

A name is learnt if most documents that have it mean one concept by it; not where the document
itself defines it as an abbreviation, and only from mentions of a single concept. Documents of test
parts must not teach: those whose title stands in one of the held-out files are passed over.

::

    python -m models.terminology.learn learnt.tsv GOLD... --held-out TEST...
"""

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from transforms.abbreviations import find_abbreviations
from transforms.names import name_key
from transforms.sentences import split_sentences

TYPES = {
    **dict.fromkeys(("Chemical", "ChemicalEntity"), "CD"),
    **dict.fromkeys(("Disease", "DiseaseOrPhenotypicFeature", "SpecificDisease"), "DS"),
    **dict.fromkeys(("DiseaseClass", "Modifier", "CompositeMention"), "DS"),
    **dict.fromkeys(("Gene", "GeneOrGeneProduct"), "GP"),
    **dict.fromkeys(("Species", "OrganismTaxon"), "OG"),
}
AGREEMENT = 0.6
"""Least share of the documents with a name that mean the same concept by it."""
_PASSAGE = re.compile(r"[^|\s]+\|([ta])\|(.*)")


class Document(NamedTuple):
    """An annotated abstract; mentions are their characters, types and ids."""

    title: str
    abstract: str
    mentions: list[tuple[str, str, str]]

    def long_forms(self) -> dict[str, str]:
        """The abbreviations that the document defines."""
        return {
            found.short: found.long
            for text in (self.title, self.abstract)
            for found in find_abbreviations(text, split_sentences(text))
        }


def read_documents(file: Path) -> Iterator[Document]:
    """The documents of a PubTator file."""
    document = Document("", "", [])
    for line in file.read_text(encoding="utf-8").split("\n"):
        if passage := _PASSAGE.fullmatch(line):
            if passage[1] == "t":
                if document.title:
                    yield document
                document = Document(passage[2], "", [])
            else:
                document = document._replace(abstract=passage[2])
        elif len(row := line.split("\t")) > 5 and row[1].isdigit():
            document.mentions.append((row[3], row[4], row[5]))
    if document.title:
        yield document


def learn_names(documents: Iterable[Document]) -> list[tuple[str, str, str]]:
    """Type, name and id of every name that the documents agree on, in order."""
    seen: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    spelt: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for document in documents:
        for type_, name, id_ in set(_single_concepts(document)):
            seen[type_, name_key(name)][id_] += 1
            spelt[type_, name_key(name)][name] += 1
    learnt = []
    for (type_, key), ids in seen.items():
        [(id_, count)] = ids.most_common(1)
        if key and count >= AGREEMENT * ids.total():
            name = min(spelt[type_, key].items(), key=lambda item: (-item[1], item[0]))[0]
            learnt.append((type_, name, id_))
    return sorted(learnt)


def _single_concepts(document: Document) -> Iterator[tuple[str, str, str]]:
    long_forms = document.long_forms()
    # The test part of tmVar3, all about variants, cannot be told from the rest of BioRED.
    has_variants = any(label == "SequenceVariant" for _, label, _ in document.mentions)
    for mention, label, id_ in document.mentions:
        if label in TYPES and ":" in id_ and not re.search(r"[|+\t]", mention + id_):
            type_ = TYPES[label]
            if type_ == "GP" and not has_variants:
                yield type_, long_forms.get(mention, mention), id_
            elif type_ != "GP" and mention not in long_forms:
                yield type_, mention, id_


def main() -> None:
    """Writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("gold", type=Path, nargs="+")
    parser.add_argument("--held-out", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    held_out = [_letters(file.read_text(encoding="utf-8")) for file in args.held_out]
    rows = learn_names(
        document
        for file in args.gold
        for document in read_documents(file)
        if not any(_letters(document.title) in text for text in held_out)
    )
    args.table.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def _letters(text: str) -> str:
    """What two renderings of a text have in common: letters and digits of the first column."""
    return "".join(
        re.findall(
            r"[a-z0-9]", "\n".join(line.partition("\t")[0] for line in text.split("\n")).lower()
        )
    )


if __name__ == "__main__":
    main()

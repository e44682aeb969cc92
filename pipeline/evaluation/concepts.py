"""Concepts of gold mentions and of found ones: how many of them are right."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from models.gold import GoldDocument, Mention
from pipeline.evaluation.predictions import split_document
from transforms.concepts import Concept, Terminology
from transforms.linker import Span
from transforms.links import link_text


@dataclass
class ConceptScore:
    """How well the mentions of a type are linked.

    Attributes:
        mentions: gold mentions with an id.
        answered: those of them that got a concept.
        right: those of them whose concept is one of the gold's.
        predicted, gold: concepts of each document, found and in the gold, summed.
        predicted_right: found ones that the gold has.
        gold_found: of the gold that were found.
    """

    mentions: int = 0
    answered: int = 0
    right: int = 0
    predicted: int = 0
    gold: int = 0
    predicted_right: int = 0
    gold_found: int = 0

    def as_json(self) -> dict[str, float | int]:
        """The measures, and what they count."""
        precision = _share(self.predicted_right, self.predicted)
        recall = _share(self.gold_found, self.gold)
        return {
            "precision": precision,
            "recall": recall,
            "f1": _share(2 * precision * recall, precision + recall),
            "accuracy_of_gold_mentions": _share(self.right, self.mentions),
            "precision_of_gold_mentions": _share(self.right, self.answered),
            "gold_mentions": self.mentions,
            "gold_concepts": self.gold,
            "predicted_concepts": self.predicted,
        }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


@dataclass
class _Document:
    """A document's concepts, by type."""

    gold: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    predicted: dict[str, set[Concept]] = field(default_factory=lambda: defaultdict(set))


def score_concepts(
    documents: Sequence[GoldDocument],
    mentions: Sequence[Sequence[Mention]],
    type_of: Mapping[str, str],
    terminologies: Sequence[Terminology],
) -> dict[str, ConceptScore]:
    """Scores links: of the gold's own mentions, and of those that a model found.

    A concept is right if its id, a former one of it or an exact equivalent is the gold's; of a gold
    mention with several ids, one of them is enough.

    Args:
        documents: of the gold, with ids.
        mentions: found in each document.
        type_of: the model's type of each label of the gold.
        terminologies: to link to.
    """
    scores: dict[str, ConceptScore] = defaultdict(ConceptScore)
    for document, found in zip(documents, mentions, strict=True):
        own = _Document()
        spans = [
            Span(each.start, each.end, type_of.get(each.type, each.type))
            for each in document.mentions
        ]
        for mention, concept in zip(
            document.mentions, _concepts(document, spans, terminologies), strict=True
        ):
            ids = document.concepts.get(mention)
            if ids and mention.type in type_of:
                own.gold[type_of[mention.type]].update(ids)
                its = scores[type_of[mention.type]]
                its.mentions += 1
                its.answered += concept is not None
                its.right += concept is not None and not names_of(concept).isdisjoint(ids)
        for span, concept in zip(
            found, _concepts(document, [Span(*each) for each in found], terminologies), strict=True
        ):
            if concept is not None:
                own.predicted[span.type].add(concept)
        _add_document(scores, own, set(type_of.values()))
    return dict(sorted(scores.items()))


def _concepts(
    document: GoldDocument, spans: Sequence[Span], terminologies: Sequence[Terminology]
) -> list[Concept | None]:
    split = split_document(document, "sentence")
    sentences = [(each.start, each.end) for each in split.sentences]
    links = link_text(document.text, sentences, spans, terminologies)
    return [link and link.concept for link in links]


def _add_document(scores: dict[str, ConceptScore], own: _Document, types: Iterable[str]) -> None:
    for type_ in types:
        names = [names_of(concept) for concept in own.predicted[type_]]
        its = scores[type_]
        its.predicted += len(names)
        its.gold += len(own.gold[type_])
        its.predicted_right += sum(not each.isdisjoint(own.gold[type_]) for each in names)
        its.gold_found += len(own.gold[type_] & set().union(*names))


def names_of(concept: Concept) -> set[str]:
    """Every id of a concept: its own, former ones and exact equivalents."""
    return {concept.id, *concept.former, *concept.xrefs}

"""What a model, or an earlier run, finds in the texts of gold documents."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

import pyarrow.compute as pc

from models.annotators import default_options, load_cached
from models.gold import GoldDocument, Mention
from pipeline.evaluation.align import align, map_span
from pipeline.output.committed import by_article, chunk_names, read_table
from pipeline.output.paths import article_file_name
from pipeline.output.record import OutputError, known_run
from transforms.labels import read_scheme
from transforms.layers import Annotator, Clock
from transforms.mentions import ANNOTATIONS, Mentions
from transforms.records import Aggregation, SplitText, WindowMode, split_article_id
from transforms.sentences import split_passages
from transforms.tables import ARTICLES


@dataclass
class Predictions:
    """The mentions found in each gold document, in the gold's coordinates.

    Attributes:
        name: of the model, ``name@fingerprint``.
        types: every type that the model can find.
        mentions: of each document; None for a document that the run does not hold.
        widened: predictions, by type, that end inside a token of the gold, which tags whole ones.
        lost: gold mentions, by label, some character of which is not in the run's text.
        outside: predictions, by type, in text that the gold does not hold.
        people: the model's types of words for people, each with the type that they may count as.
        sections: by document name, where a run tells them: start, end and section code.
    """

    name: str
    types: frozenset[str]
    mentions: list[list[Mention] | None]
    widened: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    people: Mapping[str, str] = field(default_factory=dict)
    sections: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)


def predict(
    model: str,
    documents: Sequence[GoldDocument],
    threads: int,
    aggregation: Aggregation | None = None,
    window: WindowMode = "sentence",
    agreement: bool | None = None,
) -> Predictions:
    """Runs a model over the gold's texts, each as the job runs an article.

    The gold's own sentences are used where it has them. Lines are passages. Where the gold tags
    tokens, a prediction is widened to the whole tokens that it touches, as it is when tokens are
    tagged and scored by seqeval.

    Args:
        model: name or folder.
        documents: of the gold.
        threads: documents at a time.
        aggregation: instead of the model's own.
        window: what the model sees at once.
        agreement: whether a document is made to agree, instead of what the model's folder says.

    Raises:
        ModelError: the model cannot work.
    """
    loaded = load_cached(model, threads)
    options = default_options(model, loaded)
    options = replace(
        options,
        aggregation=aggregation or options.aggregation,
        window=window,
        agreement=options.agreement if agreement is None else agreement,
        types={},
    )
    layer = Mentions([Annotator(loaded, options)])
    with ThreadPoolExecutor(threads) as pool:
        splits = [split_document(document, window) for document in documents]
        mentions = list(pool.map(partial(_mentions, layer), splits))
    people = loaded.settings.people
    types = frozenset(read_scheme(loaded.labels).types) - {"", *people}
    found = Predictions(loaded.full_name, types, [], people=people)
    for document, its_mentions in zip(documents, mentions, strict=True):
        if document.tokens is None:
            found.mentions.append(its_mentions)
            continue
        whole = whole_tokens(its_mentions, document.tokens)
        found.mentions.append(whole)
        found.widened.update(mention.type for mention in set(its_mentions) - set(whole))
    return found


def whole_tokens(mentions: Sequence[Mention], tokens: Sequence[tuple[int, int]]) -> list[Mention]:
    """Mentions as tags on tokens would have them: a token belongs to the first that touches it.

    Args:
        mentions: in order, without overlap.
        tokens: in order.

    >>> whole_tokens([Mention(0, 2, "GP"), Mention(3, 4, "DS")], [(0, 4), (4, 5)])
    [Mention(start=0, end=4, type='GP')]
    """
    whole: list[Mention] = []
    owner = None
    at = 0
    for start, end in tokens:
        while at < len(mentions) and mentions[at].end <= start:
            at += 1
        if at == len(mentions) or mentions[at].start >= end:
            continue
        if at == owner:
            whole[-1] = whole[-1]._replace(end=end)
        else:
            whole.append(Mention(start, end, mentions[at].type))
        owner = at
    return whole


def _mentions(layer: Mentions, split: SplitText) -> list[Mention]:
    found = layer.find(split, Clock())
    return [Mention(mention.start, mention.end, mention.type) for mention in found.mentions]


def split_document(document: GoldDocument, window: WindowMode) -> SplitText:
    """A gold document in passages and sentences.

    Its lines are passages, split as the job splits them. Where the gold has sentences, each is a
    passage of its own, or all of a document's are one passage if neighbours are to be packed.
    """
    text, sentences = document.text, document.sentences
    if sentences is None:
        return split_passages(text, list(_line_spans(text)))
    if window == "pack":
        return SplitText(text, [(0, len(text))], [sentences])
    return SplitText(text, sentences, [[(0, end - start)] for start, end in sentences])


def _line_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.split("\n"):
        if line.strip():
            yield start, start + len(line)
        start += len(line) + 1


def read_predictions(
    output: str, documents: Sequence[GoldDocument], model: str | None = None
) -> Predictions:
    """Reads what a run found in the gold's articles, and brings it into the gold's coordinates.

    An article is found by its PMID, PMCID, DOI or article id, or by its file's name; also as
    ``export`` writes these: ``DOI_10.1%2Fa``, ``PMC1@`` and the first 8 digits of a version's
    sha256.

    Args:
        output: the run's output folder.
        documents: of the gold, named by one of these ids.
        model: name, or ``name@fingerprint``, of the model if the run had several.

    Raises:
        OutputError: no output folder, none of the documents in it, or no such model.
        DamagedError: a shard is missing or damaged, or the tables do not fit together.
        storage.StorageError: a shard cannot be read.
    """
    run = known_run(output)
    models = {model.full_name: model for model in run.models}
    names = [name for name in models if model in (None, name, name.rpartition("@")[0])]
    if len(names) != 1:
        raise OutputError(f"{output} has the models {', '.join(models)}: name one with --model")
    types = frozenset(read_scheme(models[names[0]].labels).types) - {""}
    found = Predictions(names[0], types, [None] * len(documents))
    index = {_key(unquote(document.name)): n for n, document in enumerate(documents)}
    for number, text, passages, annotations in _articles(output, index, names[0]):
        document = documents[number]
        places = align(text, document.text)
        found.sections[document.name] = [
            (*span, passage["section"])
            for passage in passages
            if (span := map_span(places, passage["start"], passage["end"]))
        ]
        mapped = [(map_span(places, start, end), kind) for start, end, kind in annotations]
        found.mentions[number] = [Mention(*span, kind) for span, kind in mapped if span]
        found.outside.update(kind for span, kind in mapped if not span)
        held = set(places)
        found.lost.update(
            mention.type
            for mention in document.mentions
            if any(
                at not in held and not document.text[at].isspace()
                for at in range(mention.start, mention.end)
            )
        )
    if all(mentions is None for mentions in found.mentions):
        wanted = ", ".join(document.name for document in documents[:3])
        raise OutputError(f"{output} holds none of the gold's documents: {wanted}")
    return found


def _articles(
    output: str, index: dict[str, int], model: str
) -> Iterator[tuple[int, str, list[dict[str, Any]], list[tuple[int, int, str]]]]:
    """The wanted articles, one for a document: its number, text, passages and annotations."""
    ids = ["article_id", "pmcid", "pmid", "doi", "source_uri", "sha256"]
    seen: set[int] = set()
    for chunk in chunk_names(output):
        columns = [*ids, ANNOTATIONS.count, "text", "passages"]
        articles = read_table(output, chunk, ARTICLES, columns)
        wanted = {}
        for row, values in enumerate(articles.select(ids).to_pylist()):
            number = next((index[name] for name in _names(values) if name in index), None)
            if number is not None and number not in seen:
                seen.add(number)
                wanted[row] = number
        if not wanted:
            continue
        columns = ["article_id", "model", "start", "end", "type"]
        annotations = read_table(output, chunk, ANNOTATIONS, columns)
        parts = by_article(chunk, {ARTICLES.name: articles, ANNOTATIONS.name: annotations})
        for row, number in wanted.items():
            [article] = parts[row][ARTICLES.name].to_pylist()
            found = parts[row][ANNOTATIONS.name].filter(pc.field("model") == model).to_pylist()
            mentions = [(each["start"], each["end"], each["type"]) for each in found]
            yield number, article["text"], article["passages"], mentions


def document_of(
    values: Mapping[str, Any], documents: Iterable[GoldDocument]
) -> GoldDocument | None:
    """The gold document of an article; None if there is none.

    Args:
        values: row of ``articles``.
        documents: of the gold.
    """
    index = {_key(unquote(document.name)): document for document in documents}
    return next((index[name] for name in _names(values) if name in index), None)


def _names(values: Mapping[str, Any]) -> Iterator[str]:
    """What a gold document of the article may be called, the most telling first."""
    article_id = values["article_id"] or ""
    for name in (article_id, article_file_name(article_id)):
        yield _key(f"{name}@{values['sha256'][:8]}")
    yield article_file_name(article_id)
    for column in ("article_id", "pmcid", "pmid", "doi"):
        name = values[column]
        if name:
            yield _key(name)
            yield _key(name.removeprefix("PMC"))
    if not split_article_id(article_id)[1]:
        yield _key(PurePosixPath(values["source_uri"] or "").name.partition(".")[0])


def _key(name: str) -> str:
    """A name as a file can bear it: there is no colon in it."""
    return name.replace(":", "_")

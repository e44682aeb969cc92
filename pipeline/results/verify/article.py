"""The promises about one article: its row, its text, its sentences, tokens and annotations."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.results.verify.files import Written
from pipeline.results.xmltext import XmlText
from transforms.annotations import CONTEXT, annotation_id
from transforms.labels import read_scheme
from transforms.layers import Annotator
from transforms.mentions import ANNOTATIONS
from transforms.records import METADATA, Article, Passage, XmlSpan
from transforms.tables import SENTENCES
from transforms.windows import cut_windows, tokenize_passages

_ORDER = ("start", "end", "type", "model")


class Finding(NamedTuple):
    """One thing that was looked at: whether the promise holds, and what to say if not."""

    promise: str
    ok: bool
    what: str


def check_article(
    written: Written,
    article: Article,
    xml: XmlText,
    annotators: Sequence[Annotator],
    models: Collection[tuple[str, str]],
) -> Iterator[Finding]:
    """Checks an article's rows.

    Args:
        written: what the output says of it.
        article: its source, read again.
        xml: the source's text nodes.
        annotators: the run's models, loaded.
        models: their names and fingerprints, as the run says.
    """
    row = written.row
    sentences, annotations = written.rows[SENTENCES.name], written.rows[ANNOTATIONS.name]
    name = row["article_id"]
    for column in METADATA:
        yield Finding(
            "articles",
            row[column] == getattr(article, column),
            f"{name}: {column} is {row[column]!r}, not {getattr(article, column)!r}",
        )
    passages = _passages(row)
    as_read = row["text"] == article.text and passages == article.passages
    yield Finding("characters", as_read, f"{name}: text or passages are not those of the source")
    yield from _characters(row, article, xml)
    if passages is None:
        return
    for annotation in annotations:
        yield _slice(row, passages, sentences, annotation, models)
        yield _meaning(name, annotation, annotators)
    keys = [tuple(found[column] for column in _ORDER) for found in annotations]
    # Of an emoji's four tokens, each is an entity of its own if nothing is joined.
    may_repeat = any(annotator.options.aggregation == "none" for annotator in annotators)
    yield Finding(
        "slices",
        keys == sorted(keys if may_repeat else set(keys)),
        f"{name}: annotations are out of order, or there twice",
    )
    for annotation in annotations:
        place = XmlSpan(*(annotation[name] for name in XmlSpan._fields))
        located = article.xml_map.locate(annotation["start"], annotation["end"])
        yield Finding(
            "places",
            xml.holds(annotation) and (place == located or not as_read),
            f"{name} {annotation['annotation_id']}: {annotation['exact']!r} is not at "
            f"{place.start_xpath}[{place.start_offset}]",
        )
    in_order = True
    for finding in _sentences(row, passages, sentences):
        in_order &= finding.ok
        yield finding
    if in_order:
        yield _tokens(row, passages, sentences, annotators)


def _meaning(name: str, annotation: Mapping[str, Any], annotators: Sequence[Annotator]) -> Finding:
    """Whether the model has the type, and score and way are among those that the run asks for."""
    kind, score, found = annotation["type"], annotation["score"], annotation["found"]
    its = [a for a in annotators if a.model.name == annotation["model"].rpartition("@")[0]]
    return Finding(
        "slices",
        any(
            kind in read_scheme(one.model.labels).types
            and max(0.0, one.options.least_score(kind)) <= score <= 1
            and (
                found == "model" or (one.options.agreement and found in ("repeat", "abbreviation"))
            )
            for one in its
        ),
        f"{name} {annotation['annotation_id']}: no {kind} ({found}) of score {score} is asked for",
    )


def _characters(row: Mapping[str, Any], article: Article, xml: XmlText) -> Iterator[Finding]:
    source = xml.characters(row["article_id"])
    excluded = dict(row["excluded"])
    yield Finding(
        "characters",
        row["chars_source"] == source
        and row["chars_kept"] + row["chars_excluded"] == source
        and excluded == article.excluded
        and sum(excluded.values()) == row["chars_excluded"]
        and all(reason and count > 0 for reason, count in excluded.items()),
        f"{row['article_id']}: {row['chars_kept']} kept and {row['chars_excluded']} "
        f"excluded of {source} characters, for {excluded}",
    )
    complaint = xml.complaint(article)
    yield Finding("characters", not complaint, f"{row['article_id']}: {complaint}")
    glued = xml.touching(article)
    yield Finding("words", not glued, f"{row['article_id']}: glued together: {glued}")


def _slice(
    row: Mapping[str, Any],
    passages: Sequence[Passage],
    sentences: Sequence[Mapping[str, Any]],
    annotation: Mapping[str, Any],
    models: Collection[tuple[str, str]],
) -> Finding:
    text = row["text"]
    start, end = annotation["start"], annotation["end"]
    passage = _get(passages, annotation["passage"])
    sentence = _get(sentences, annotation["sentence"])
    name, _, fingerprint = annotation["model"].rpartition("@")
    own_id = annotation_id(
        row["article_id"], row["sha256"], start, end, annotation["type"], fingerprint
    )
    if passage is None or sentence is None:
        known = {"passage" if passage is None else "sentence": False}
    else:
        known = {
            "exact": bool(annotation["exact"]) and text[start:end] == annotation["exact"],
            "passage": annotation["passage"] == sentence["passage"],
            "sentence": passage.start <= sentence["start"] <= start < end <= sentence["end"],
            "section": annotation["section"] == passage.section,
            "prefix": text[max(passage.start, start - CONTEXT) : start] == annotation["prefix"],
            "postfix": text[end : min(passage.end, end + CONTEXT)] == annotation["postfix"],
            "model": (name, fingerprint) in models,
            "annotation_id": annotation["annotation_id"] == own_id,
        }
    wrong = ", ".join(column for column, is_right in known.items() if not is_right)
    return Finding(
        "slices",
        not wrong,
        f"{row['article_id']} {annotation['annotation_id']}: wrong {wrong}: "
        f"text[{start}:{end}] is {text[start:end]!r}, exact is {annotation['exact']!r}",
    )


def _sentences(
    row: Mapping[str, Any], passages: Sequence[Passage], sentences: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    text, end, left_out = row["text"], 0, []
    for number, sentence in enumerate(sentences):
        passage = _get(passages, sentence["passage"])
        yield Finding(
            "sentences",
            sentence["sentence"] == number
            and end <= sentence["start"] < sentence["end"]
            and passage is not None
            and passage.start <= sentence["start"]
            and sentence["end"] <= passage.end
            and sentence["section"] == passage.section,
            f"{row['article_id']}: sentence {number} is out of order or of its passage",
        )
        left_out.append(text[end : sentence["start"]])
        end = sentence["end"]
    left_out.append(text[end:])
    lost = "".join(left_out).strip()
    yield Finding("sentences", not lost, f"{row['article_id']}: in no sentence: {lost[:40]!r}")


def _tokens(
    row: Mapping[str, Any],
    passages: Sequence[Passage],
    sentences: Sequence[Mapping[str, Any]],
    annotators: Sequence[Annotator],
) -> Finding:
    texts = [row["text"][passage.start : passage.end] for passage in passages]
    spans: list[list[tuple[int, int]]] = [[] for _ in texts]
    for sentence in sentences:
        start = passages[sentence["passage"]].start
        spans[sentence["passage"]].append((sentence["start"] - start, sentence["end"] - start))
    n_tokens = n_windows = 0
    good = True
    for annotator in annotators:
        limit = annotator.model.window_limit
        alone = spans if annotator.options.window == "sentence" else None
        tokens = tokenize_passages(texts, annotator.model.tokenizer, alone)
        windows = cut_windows(tokens, spans, limit, annotator.options.window)
        scored = [np.zeros(len(passage.ids), int) for passage in tokens]
        for window in windows:
            good &= window.start <= window.scored_start
            good &= window.scored_end <= window.end <= window.start + limit
            scored[window.passage][window.scored_start : window.scored_end] += 1
        for passage, times in zip(tokens, scored, strict=True):
            # White space between sentences is a token for some tokenizers; it is in none.
            good &= bool((times[passage.starts < passage.ends] == 1).all() and (times < 2).all())
            n_tokens += int(times.sum())
        n_windows += len(windows)
    return Finding(
        "tokens",
        good and n_tokens == row["n_tokens"] and n_windows == row["n_windows"],
        f"{row['article_id']}: {row['n_tokens']} tokens in {row['n_windows']} windows; "
        f"its text has {n_tokens} in {n_windows}",
    )


def _passages(row: Mapping[str, Any]) -> tuple[Passage, ...] | None:
    """An article's passages; None if a field of one is missing."""
    passages = []
    for values in row["passages"]:
        if values is None or None in (*values.values(), *(values["path"] or ())):
            return None
        passages.append(Passage(**{**values, "path": tuple(values["path"])}))
    return tuple(passages)


def _get(rows: Sequence[Any], index: int) -> Any:
    return rows[index] if 0 <= index < len(rows) else None

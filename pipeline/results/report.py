"""One HTML page about a run, which needs no script, file or network."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.results.findings import BINS, Findings, Sample

MENTIONS = 25
"""Commonest mentions shown of each type."""

TOP = 15
"""Rows shown of journals and the like."""

CONTEXT = 300
"""Characters of a sentence shown on each side of a mention."""


class Html(str):
    """Text that is HTML already. All other text is escaped when it gets into the page."""

    __slots__ = ()


def make_page(output: str, record: Mapping[str, Any], found: Findings) -> str:
    """The whole page, well-formed as XML too.

    Args:
        output: name of the run's folder.
        record: its ``run.json``.
        found: what its tables hold.
    """
    parts = [
        _header(output, record),
        _notices(record, found),
        _numbers(record),
        _by_section(found),
        _mentions(found),
        _scores(found),
        _samples(found.samples),
        _ledger(found),
        _rejects(found),
        _articles(found),
        _run(record),
    ]
    title = _escape(f"Annotation run {output.rpartition('/')[2]}")
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        # The page is text from articles: no browser shall run or load any of it.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\"/>"
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


# Parts of the page ------------------------------------------------------------------------------


def _header(output: str, record: Mapping[str, Any]) -> Html:
    models = ", ".join(f"{model['name']}@{model['fingerprint']}" for model in record["models"])
    return _tag(
        "header",
        _tag("h1", "Annotation run"),
        _tag("p", _tag("code", output)),
        _tag("p", f"{models}, finished {record['finished'].replace('T', ' ')}"),
    )


def _notices(record: Mapping[str, Any], found: Findings) -> Html:
    notices = []
    if record["state"] != "complete":
        missing = record["reconciliation"]["missing"]
        notices.append(f"The run is {record['state']}: {missing:,} articles are missing.")
    by_type: Counter[str] = Counter()
    for (type_, _), count in found.annotations.items():
        by_type[type_] += count
    for what, told, counted in (
        ("annotations by type", record["annotations"]["by_type"], by_type),
        ("rejects", record["rejects"], _by_reason(found)),
    ):
        if dict(told) != dict(counted):
            notices.append(
                f"The tables and run.json do not agree on {what}: {dict(counted)} and {told}. "
                "python -m pipeline verify tells more."
            )
    if versions := record["same_id_other_bytes"]:
        notices.append(
            f"{len(versions):,} ids are borne by articles with different bytes: "
            f"{', '.join(versions[:5])}."
        )
    return Html("".join(_tag("p", notice, class_="notice") for notice in notices))


def _by_reason(found: Findings) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for (_, reason), count in found.rejects.items():
        reasons[reason] += count
    return reasons


def _numbers(record: Mapping[str, Any]) -> Html:
    sums, counts = record["reconciliation"], record["counts"]
    shown = [
        ("articles annotated", sums["annotated"]),
        ("rejected", sums["rejected"]),
        ("duplicates", sums["duplicates"]),
        ("sub-articles", counts.get("sub_articles", 0)),
        ("sentences", counts.get("sentences", 0)),
        ("tokens", counts.get("tokens", 0)),
        ("annotations", counts.get("annotations", 0)),
    ]
    cards = (
        _tag("div", _tag("b", f"{value:,}"), _tag("span", name), class_="card")
        for name, value in shown
    )
    return _tag("div", *cards, class_="cards")


def _by_section(found: Findings) -> Html:
    types = _types(found)
    totals: Counter[str] = Counter()
    for (_, section), count in found.annotations.items():
        totals[section] += count
    sections = sorted(
        {*totals, *found.text}, key=lambda name: (-totals[name], -found.text[name], name)
    )
    rows = [
        [
            section,
            *(found.annotations[type_, section] for type_ in types),
            totals[section],
            _bar(totals[section], max(totals.values(), default=0)),
            found.text[section],
            _rate(1000 * totals[section], found.text[section]),
        ]
        for section in sections
    ]
    per_type = [sum(found.annotations[type_, section] for section in sections) for type_ in types]
    n_total, n_chars = sum(per_type), found.text.total()
    rows.append(["all", *per_type, n_total, Html(), n_chars, _rate(1000 * n_total, n_chars)])
    return _part(
        "Annotations by section and type",
        _table(["section", *types, "all", "", "characters", "per 1,000"], rows),
        note="Characters are those of the text that was annotated. A combined section has both "
        "codes.",
    )


def _rate(part: float, whole: float) -> str:
    return f"{part / whole:.2f}" if whole else "–"


def _types(found: Findings) -> list[str]:
    by_type: Counter[str] = Counter()
    for (type_, _), count in found.annotations.items():
        by_type[type_] += count
    return [type_ for type_, _ in by_type.most_common()]


def _mentions(found: Findings) -> Html:
    tables = []
    for type_ in _types(found):
        tally = found.mentions[type_]
        ranked = sorted(tally.mentions.items(), key=lambda item: (-item[1], item[0]))[:MENTIONS]
        rows = [
            [_tag("bdi", exact), count, tally.articles[exact], _bar(count, ranked[0][1])]
            for exact, count in ranked
        ]
        note = f"Counts may be up to {tally.missed:,} too low." if tally.missed else ""
        tables.append(
            _tag(
                "div",
                _tag("h3", type_),
                _table(["mention", "times", "articles", ""], rows),
                _tag("p", note, class_="note") if note else Html(),
            )
        )
    return _part("Commonest mentions", _tag("div", *tables, class_="columns"))


def _scores(found: Findings) -> Html:
    charts = []
    for type_ in _types(found):
        counts = [int(count) for count in found.scores[type_]]
        labels = [f"{number / BINS:.2f} to {(number + 1) / BINS:.2f}" for number in range(BINS)]
        charts.append(_tag("div", _tag("h3", type_), _columns(labels, counts, "0", "1")))
    return _part(
        "Scores",
        _tag("div", *charts, class_="columns"),
        note=f"Annotations by score, in {BINS} equal intervals from 0 to 1.",
    )


def _samples(samples: Sequence[Sample]) -> Html:
    rows = []
    for sample in samples:
        row = sample.row
        before, after = sample.before[-CONTEXT:], sample.after[:CONTEXT]
        rows.append(
            [
                _tag("b", row["type"]),
                f"{row['score']:.2f}",
                _tag(
                    "div",
                    _tag(
                        "p",
                        "…" if before != sample.before else "",
                        before,
                        _tag("mark", row["exact"]),
                        after,
                        "…" if after != sample.after else "",
                        dir_="auto",
                    ),
                    _tag(
                        "p",
                        f"{row['article_id']}, {row['section']}: ",
                        _tag("bdi", sample.title),
                        class_="note",
                    ),
                ),
                _tag("code", row["annotation_id"][:12]),
            ]
        )
    return _part(
        f"{len(samples)} annotations at random",
        _table(["type", "score", "in its sentence", "id"], rows),
        note="python -m pipeline resolve DIR ID shows one in its XML.",
    )


def _ledger(found: Findings) -> Html:
    whole = found.kept + found.excluded.total()
    rows = [
        [name, count, _percent(count, whole), _bar(count, whole)]
        for name, count in [("annotated", found.kept), *found.excluded.most_common()]
    ]
    return _part(
        "Where the characters went",
        _table(["annotated, or left out because of", "characters", "share", ""], rows),
        note="All characters of text in the articles' XML.",
    )


def _rejects(found: Findings) -> Html:
    if not found.rejects:
        return _part("Rejects", _tag("p", "None."))
    rows = []
    for (stage, reason), count in found.rejects.most_common():
        examples = [
            _tag(
                "p",
                f"{row['source_uri']} article {row['source_index']}"
                f"{', ' + row['article_id'] if row['article_id'] else ''}: {row['message']}",
                class_="note",
            )
            for row in found.examples[stage, reason]
        ]
        rows.append([stage, reason, count, _tag("div", *examples)])
    return _part("Rejects", _table(["stage", "reason", "articles or files", "such as"], rows))


_ARTICLE_TITLES = {
    "article_type": "type",
    "journal": "journal",
    "language": "language",
    "license": "licence",
}


def _articles(found: Findings) -> Html:
    years = {year: count for year, count in found.articles["year"].items() if year is not None}
    parts = []
    if years:
        spread = list(range(min(years), max(years) + 1))[-60:]
        counts = [years.get(year, 0) for year in spread]
        chart = _columns([str(year) for year in spread], counts, str(spread[0]), str(spread[-1]))
        earlier = sum(count for year, count in years.items() if year < spread[0])
        note = f"{found.articles['year'][None]:,} without a year, {earlier:,} before {spread[0]}."
        parts.append(_tag("div", _tag("h3", "by year"), chart, _tag("p", note, class_="note")))
    for column, name in _ARTICLE_TITLES.items():
        ranked = found.articles[column].most_common()
        rows = [
            ["unknown" if value is None else value, count, _bar(count, ranked[0][1])]
            for value, count in ranked[:TOP]
        ]
        if rest := ranked[TOP:]:
            rows.append([f"{len(rest):,} others", sum(count for _, count in rest), Html()])
        table = _table([name, "articles", ""], rows)
        parts.append(_tag("div", _tag("h3", f"by {name}"), table))
    return _part("Articles", _tag("div", *parts, class_="columns"))


def _run(record: Mapping[str, Any]) -> Html:
    stages = record.get("stage_msec", {})
    whole = sum(stages.values())
    timing = [
        [name, f"{msec / 1000:,.1f}", _percent(msec, whole), _bar(msec, whole)]
        for name, msec in sorted(stages.items(), key=lambda item: -item[1])
    ]
    seconds = record.get("seconds")
    took = f"{seconds:,.1f} s in all; stages add up over threads." if seconds else ""
    options = {name: value for name, value in record["options"].items() if name != "model_options"}
    models = [
        _facts({**model, **chosen})
        for model, chosen in zip(record["models"], record["options"]["model_options"], strict=True)
    ]
    blocks = [
        _tag(
            "div",
            _tag("h3", "core time by stage"),
            _table(["stage", "seconds", "share", ""], timing),
        ),
        *(_tag("div", _tag("h3", "model"), model) for model in models),
        _tag("div", _tag("h3", "options"), _facts(options)),
        _tag("div", _tag("h3", "input"), _facts(record["inputs"])),
        _tag("div", _tag("h3", "repaired"), _facts(record["notes"] or {"nothing": ""})),
        _tag("div", _tag("h3", "software"), _facts(record["software"])),
    ]
    return _part("The run", _tag("div", *blocks, class_="columns"), note=took)


# Pieces of HTML ---------------------------------------------------------------------------------


def _escape(value: Any) -> Html:
    if isinstance(value, Html):
        return value
    text = f"{value:,}" if isinstance(value, int) else str(value)
    # Damaged input can bring control characters, which no page may hold.
    return Html(
        html.escape(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text))
    )


def _tag(name: str, *content: Any, class_: str = "", dir_: str = "") -> Html:
    attributes = "".join(
        f' {key}="{html.escape(value)}"'
        for key, value in (("class", class_), ("dir", dir_))
        if value
    )
    return Html(f"<{name}{attributes}>{''.join(map(_escape, content))}</{name}>")


def _part(title: str, *content: Html, note: str = "") -> Html:
    notes = [_tag("p", note, class_="note")] if note else []
    return _tag("section", _tag("h2", title), *notes, *content)


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Html:
    """A table; numbers, and what stands over them, to the right."""
    cells = [[(cell, "n" if _is_number(cell) else "") for cell in row] for row in rows]
    sides = [side for _, side in cells[0]] if cells else [""] * len(head)
    heads = [_tag("th", name, class_=side) for name, side in zip(head, sides, strict=True)]
    body = [_tag("tr", *(_tag("td", cell, class_=side) for cell, side in row)) for row in cells]
    top = [_tag("thead", _tag("tr", *heads))] if any(head) else []
    return _tag("div", _tag("table", *top, _tag("tbody", *body)), class_="scroll")


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int) or bool(re.fullmatch(r"[\d,.]+ ?%?|–", cell))


def _facts(facts: Mapping[str, Any]) -> Html:
    rows = [[name.replace("_", " "), _tag("span", _shown(facts[name]))] for name in facts]
    return _table(["", ""], rows)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _bar(value: float, most: float) -> Html:
    width = 100 * value / most if most else 0
    return Html(f'<div class="bar"><i style="width:{width:.1f}%"></i></div>')


def _columns(labels: Sequence[str], counts: Sequence[int], first: str, last: str) -> Html:
    """Counts as columns; the mouse tells each."""
    most = max(counts, default=0)
    columns = "".join(
        f'<span title="{_escape(f"{label}: {count:,}")}">'
        f'<i style="height:{100 * count / max(most, 1):.1f}%"></i></span>'
        for label, count in zip(labels, counts, strict=True)
    )
    told = _escape(_told(labels, counts))
    return _tag(
        "div",
        _tag("p", f"most {most:,}", class_="note end"),
        Html(f'<div class="chart" role="img" aria-label="{told}">{columns}</div>'),
        _tag("p", _tag("span", first), _tag("span", last), class_="note axis"),
    )


def _told(labels: Sequence[str], counts: Sequence[int]) -> str:
    return "; ".join(
        f"{label}: {count:,}" for label, count in zip(labels, counts, strict=True) if count
    )


STYLE = """
:root { color-scheme: light dark;
  --ink: #1c2430; --soft: #5b6675; --paper: #fff; --panel: #f5f7fa; --line: #d9dfe7;
  --accent: #2563a8; --mark: #ffe58a; --warn: #fff1d6 }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e6eaf0; --soft: #9aa6b6; --paper: #12161c; --panel: #1b212a; --line: #323b48;
  --accent: #6ea8e6; --mark: #6b5600; --warn: #40320f } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem; max-width: 78rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin: 0 }
h2 { font-size: 1.2rem; margin: 0 0 .5rem }
h3 { font-size: 1rem; margin: .5rem 0 }
header p { margin: .2rem 0; color: var(--soft); overflow-wrap: anywhere }
section { margin: 2rem 0 }
code { font-size: .9em }
.note { color: var(--soft); font-size: .87em; margin: .2rem 0; overflow-wrap: anywhere }
.notice { background: var(--warn); padding: .6rem .9rem; border-radius: .4rem }
.cards { display: flex; flex-wrap: wrap; gap: .7rem; margin: 1.2rem 0 }
.card { background: var(--panel); border-radius: .5rem; padding: .7rem 1rem; min-width: 7.5rem }
.card b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums }
.card span { color: var(--soft) }
.columns { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
th { color: var(--soft); font-weight: 600; font-size: .87em; overflow-wrap: normal }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td p { margin: 0 }
td code { white-space: nowrap }
mark { background: var(--mark); color: inherit; border-radius: .2rem; padding: 0 .15em }
.bar { min-width: 5rem; height: .75rem; margin-top: .35rem }
.bar i { display: block; height: 100%; background: var(--accent); border-radius: .15rem }
.chart { display: flex; align-items: flex-end; height: 5rem; border-bottom: 1px solid var(--soft) }
.chart span { flex: 1; height: 100%; display: flex; align-items: flex-end; padding-right: 1px }
.chart i { display: block; width: 100%; background: var(--accent) }
.chart span:hover { background: var(--line) }
.end { text-align: right }
.axis { display: flex; justify-content: space-between }
@media print { section { break-inside: avoid } }
"""

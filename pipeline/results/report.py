"""One HTML page about a run, which needs no script, file or network."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from pipeline.output.record import FinishedRun
from pipeline.results.article_view import SECTIONS
from pipeline.results.findings import ARTICLE_COLUMNS, BINS, Findings
from pipeline.results.pages import render

MENTIONS = 25
"""Commonest mentions shown of each type."""

TOP = 15
"""Rows shown of journals and the like."""

YEARS = 60
"""Most years that are shown."""


class Chart(NamedTuple):
    """Counts as columns, with what each stands for."""

    labels: Sequence[str]
    counts: Sequence[int]

    @property
    def told(self) -> str:
        """The chart in words, for those who do not see it."""
        pairs = zip(self.labels, self.counts, strict=True)
        return "; ".join(f"{label}: {count:,}" for label, count in pairs if count)


class Page(NamedTuple):
    """An article that has a page of its own, and where it stands beside the report."""

    article_id: str
    title: str
    n_mentions: int
    link: str


def make_page(output: str, run: FinishedRun, found: Findings, pages: Sequence[Page] = ()) -> str:
    """The whole page, well-formed as XML too.

    Args:
        output: name of the run's folder.
        run: that has ended.
        found: what its tables hold.
        pages: articles that have a page.
    """
    types = _types(found)
    return render(
        "report.html.jinja",
        output=output,
        name=output.rpartition("/")[2],
        run=run,
        found=found,
        types=types,
        kinds={type_: number for number, type_ in enumerate(types)},
        notices=list(_notices(run, found)),
        cards=_cards(run),
        sections=_by_section(found),
        section_names=SECTIONS,
        mentions={type_: found.mentions[type_].ranked(MENTIONS) for type_ in types},
        scores={type_: _scores(found, type_) for type_ in types},
        n_bins=BINS,
        years=_years(found),
        ranked={name: _ranked(found.articles[name]) for name in ARTICLE_COLUMNS if name != "year"},
        links={page.article_id: page.link for page in pages},
        pages=pages,
        models=_models(run),
        options=_facts(
            {name: one for name, one in asdict(run.options).items() if name != "model_options"}
        ),
        inputs=_facts(asdict(run.inputs)),
        notes=_facts(run.notes or {"nothing": ""}),
        software=_facts(run.software),
        stages=sorted(run.stage_msec.items(), key=lambda item: -item[1]),
        seconds=run.seconds,
    )


def _types(found: Findings) -> list[str]:
    """The commonest first."""
    return [type_ for type_, _ in found.by_type().most_common()]


def _notices(run: FinishedRun, found: Findings) -> Iterator[str]:
    if run.state != "complete":
        missing = run.reconciliation.missing
        yield f"The run is {run.state}: {missing:,} articles are missing."
    reasons: Counter[str] = Counter()
    for (_, reason), count in found.rejects.items():
        reasons[reason] += count
    for what, told, counted in (
        ("annotations by type", run.annotations.by_type, found.by_type()),
        ("rejects", run.rejects, reasons),
    ):
        if dict(told) != dict(counted):
            yield (
                f"The tables and run.json do not agree on {what}: {dict(counted)} and {told}. "
                "python -m pipeline verify tells more."
            )
    if versions := run.same_id_other_bytes:
        yield (
            f"{len(versions):,} ids are borne by articles with different bytes: "
            f"{', '.join(versions[:5])}."
        )


def _cards(run: FinishedRun) -> dict[str, int]:
    sums, counts = run.reconciliation, run.counts
    return {
        "articles annotated": sums.annotated,
        "rejected": sums.rejected,
        "duplicates": sums.duplicates,
        "sub-articles": counts.get("sub_articles", 0),
        "sentences": counts.get("sentences", 0),
        "tokens": counts.get("tokens", 0),
        "annotations": counts.get("annotations", 0),
    }


def _by_section(found: Findings) -> dict[str, int]:
    """Annotations of each section that has text, the commonest first."""
    totals: Counter[str] = Counter()
    for (_, section), count in found.annotations.items():
        totals[section] += count
    names = sorted(
        {*totals, *found.text}, key=lambda name: (-totals[name], -found.text[name], name)
    )
    return {name: totals[name] for name in names}


def _scores(found: Findings, type_: str) -> Chart:
    labels = [f"{number / BINS:.2f} to {(number + 1) / BINS:.2f}" for number in range(BINS)]
    return Chart(labels, [int(count) for count in found.scores[type_]])


def _years(found: Findings) -> Chart:
    """Articles by year, without gaps; of very long spans the last years."""
    years = {year: count for year, count in found.articles["year"].items() if year is not None}
    spread = range(min(years), max(years) + 1)[-YEARS:] if years else range(0)
    return Chart([str(year) for year in spread], [years.get(year, 0) for year in spread])


def _ranked(counter: Counter[Any]) -> list[tuple[str, int]]:
    ranked = [
        ("unknown" if value is None else str(value), count)
        for value, count in counter.most_common()
    ]
    if rest := ranked[TOP:]:
        return [*ranked[:TOP], (f"{len(rest):,} others", sum(count for _, count in rest))]
    return ranked


def _models(run: FinishedRun) -> list[dict[str, str]]:
    chosen = run.options.model_options
    return [
        _facts({**asdict(model), **options})
        for model, options in zip(run.models, chosen, strict=True)
    ]


def _facts(facts: Mapping[str, Any]) -> dict[str, str]:
    return {name.replace("_", " "): _in_words(value) for name, value in facts.items()}


def _in_words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)

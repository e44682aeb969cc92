"""One article with its mentions for a terminal: coloured, or with its types in brackets."""

from collections.abc import Iterator, Sequence

from pipeline.results.article_view import AGREED, HERE, THERE, ArticleView, Grid, Line, Stretch
from pipeline.results.pages import clean
from pipeline.results.type_names import names_of

_SIGNS = {"": "", AGREED: "", HERE: "+", THERE: "-"}
_COLORS = (34, 31, 32, 35, 33, 36)
_BOLD, _DIM, _UNDERLINED = 1, 2, 4


def article_lines(shown: ArticleView, *, color: bool) -> Iterator[str]:
    """The article, line by line.

    Args:
        shown: the article.
        color: whether to use ANSI colours; without them a mention is ``[exact|TYPE]``. A ``+`` or
            ``-`` stands at what a comparison found only here or only there.
    """
    row = shown.row
    yield _style(clean(f"{row['article_id']}  {row['title'] or ''}"), color, _BOLD)
    for type_, count in shown.types.items():
        name = clean(names_of(type_).plural)
        styled = _style(name, color, _color_of(type_, shown), _UNDERLINED)
        yield f"{styled} {count:,} ({clean(type_)})"
    for part in shown.parts:
        yield ""
        title = _written(part.heading, shown, color) if part.heading else clean(part.title)
        yield f"{'#' * part.level} {title}  {_style(part.section, color, _DIM)}"
        for block in part.blocks:
            if isinstance(block, Grid):
                yield from _rows(block, shown, color)
            else:
                yield f"{'- ' if block.kind == 'item' else ''}{_written(block, shown, color)}"


def _rows(grid: Grid, shown: ArticleView, color: bool) -> Iterator[str]:
    for cells in grid.rows:
        yield " | ".join(
            " ".join(_written(line, shown, color) for line in cell.lines) or "." for cell in cells
        )


def _written(line: Line, shown: ArticleView, color: bool) -> str:
    return "".join(_colored(line, shown) if color else _bracketed(line.stretches, shown))


def _colored(line: Line, shown: ArticleView) -> Iterator[str]:
    before: tuple[int, ...] = ()
    for text, over in line.stretches:
        signs = "".join(_SIGNS[shown.mentions[n].found] for n in over if n not in before)
        codes = [_color_of(shown.mentions[n].type, shown) for n in over[:1]]
        styles = [*codes, _UNDERLINED, *([_BOLD] if len(over) > 1 else [])]
        yield _style(signs + clean(text), bool(over), *styles)
        before = over


def _bracketed(stretches: Sequence[Stretch], shown: ArticleView) -> Iterator[str]:
    before: tuple[int, ...] = ()
    for text, over in [*stretches, Stretch("", ())]:
        for number in reversed(before):
            if number not in over:
                mention = shown.mentions[number]
                yield f"|{clean(mention.type)}{_SIGNS[mention.found]}]"
        yield "[" * sum(number not in before for number in over)
        yield clean(text)
        before = over


def _color_of(type_: str, shown: ArticleView) -> int:
    return _COLORS[list(shown.types).index(type_) % len(_COLORS)]


def _style(text: str, color: bool, *codes: int) -> str:
    return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m" if color else text

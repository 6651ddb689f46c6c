"""The figures: data in, picture out, one function each."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from estimation.survey.structure import Array, IntArray

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "p", "h", "<", ">", "*")
INK, QUIET, LINE = "#1c1c1a", "#6b6a64", "#d9d6cc"
WIDTHS = {"wide": 7.2, "narrow": 3.5}  # inches at 100 px: a desktop column and a phone


@dataclass(frozen=True, slots=True)
class Row:
    """One dot with its interval, in percent or percentage points.

    Attributes
    ----------
    label : str
        What stands above it.
    value, low, high : float
    color : str
        As ``#1F5FA8``.
    text : str
        The value as readers of the page write it.
    """

    label: str
    value: float
    low: float
    high: float
    color: str
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture in two widths and the sentence that says what it shows."""

    svg: dict[str, str]
    alt: str


def dot_and_interval(
    name: str,
    rows: Sequence[Row],
    *,
    alt: str,
    tick: Callable[[float], str],
    line: float | None = None,
    line_label: str = "",
) -> Figure:
    """Draw dots with intervals, one row each, and a decision line.

    Parameters
    ----------
    name : str
        Unique on the page.
    rows : sequence of Row
        From the top.
    alt : str
        The finding in one sentence.
    tick : callable
        Writes an axis value as the page's readers do.
    line : float, optional
        Where the decision falls, in the rows' unit.
    line_label : str
        Written at its upper end.
    """
    drawn = {kind: _draw(f"{name}-{kind}", rows, width, tick, line, line_label) for kind, width in WIDTHS.items()}
    return Figure(drawn, alt)


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: values over x, with its name at its end."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    color: str
    dashed: bool = False


def curves(
    name: str,
    lines: Sequence[Line],
    *,
    alt: str,
    ticks: tuple[Callable[[float], str], Callable[[float], str]],
    mark: float | None = None,
    mark_label: str = "",
) -> Figure:
    """Draw curves that fall with x, each named above it, and a mark at one x that names stay clear of.

    Parameters
    ----------
    name : str
        Unique on the page.
    lines : sequence of Line
    alt : str
        The finding in one sentence.
    ticks : pair of callables
        Write values of the two axes.
    mark : float, optional
        Where the design stands.
    """
    first, last = float(min(lines[0].x)), float(max(lines[0].x))
    start = (mark or 0.0) + 0.04 * last if (mark or 0.0) < 0.5 * last else first + 0.1 * (last - first)

    def draw(axes: "Axes", wide: bool) -> None:
        for line in lines:
            style = (0, (4, 3)) if line.dashed else "-"
            axes.plot(line.x, line.y, color=line.color, linewidth=2, linestyle=style)
            place = int(np.searchsorted(line.x, start)) if mark is not None else len(line.x) // 3
            place = min(place, len(line.x) - 1)
            axes.annotate(
                line.label,
                (line.x[place], line.y[place]),
                (6, 5),
                textcoords="offset points",
                color=line.color,
                fontsize=10,
            )
        if mark is not None:
            axes.axvline(mark, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
            axes.text(mark, axes.get_ylim()[1], f" {mark_label} ", va="bottom", ha="left", color=INK, fontsize=9)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color=LINE, linewidth=0.8)

    drawn = {kind: _canvas(f"{name}-{kind}", width, 3.0, draw, ticks) for kind, width in WIDTHS.items()}
    return Figure(drawn, alt)


def strip(name: str, places: Sequence[float], bounds: Sequence[float], *, alt: str) -> Figure:
    """Draw where along the list of all stations the drawn ones lie: one tick each, areas shaded in turn.

    Parameters
    ----------
    name : str
        Unique on the page.
    places : sequence of float
        Of the drawn stations, 0 … 1 along the list.
    bounds : sequence of float
        Where areas end, 0 … 1.
    alt : str
        The finding in one sentence.
    """

    def draw(axes: "Axes", wide: bool) -> None:
        for i, (start, end) in enumerate(zip([0.0, *bounds[:-1]], bounds, strict=True)):
            if i % 2:
                axes.axvspan(start, end, color=LINE, alpha=0.55, linewidth=0)
        axes.vlines(places, 0, 1, color="#1F5FA8", linewidth=1.0 if wide else 0.6)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.xaxis.set_visible(False)
        axes.yaxis.set_visible(False)

    silent = (lambda _: "", lambda _: "")
    return Figure({kind: _canvas(f"{name}-{kind}", width, 0.8, draw, silent) for kind, width in WIDTHS.items()}, alt)


def scatter_map(
    name: str,
    points: "Array",
    drawn: "IntArray",
    *,
    alt: str,
    labels: tuple[str, str],
    length: Callable[[float], str],
) -> Figure:
    """Draw a map: all stations as grey squares, the drawn ones as coloured dots, and a bar of length.

    Parameters
    ----------
    name : str
        Unique on the page.
    points : numpy.ndarray, shape (N, 2)
        Kilometres east and north of every station; NaN where unknown.
    drawn : numpy.ndarray of intp, shape (m,)
        Rows of the drawn ones.
    alt : str
        The finding in one sentence.
    labels : pair of str
        Name the dots of the drawn stations and those of all.
    length : callable
        Writes kilometres as the page's readers do.
    """
    known = points[np.isfinite(points).all(axis=1)]
    low, span = known.min(axis=0), np.maximum(np.ptp(known, axis=0), 0.1)

    def draw(axes: "Axes", wide: bool) -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path as Outline

        cell = 0.028 / scale  # squares of one cell stand for all stations in it
        squares = (np.unique(np.round((known - low) / cell), axis=0)) * cell + low
        ends = np.repeat(squares, 2, axis=0) + np.tile([[-0.36 * cell, 0.0], [0.36 * cell, 0.0]], (len(squares), 1))
        codes = np.tile([Outline.MOVETO, Outline.LINETO], len(squares))
        axes.add_patch(PathPatch(Outline(ends, codes), edgecolor="#a9a69b", linewidth=1.5, capstyle="butt", fill=False))
        size = (4.6 if wide else 3.6) if len(drawn) <= 600 else 2.4
        axes.plot(*points[drawn].T, "o", color="#1F5FA8", markersize=size, markeredgecolor="white", markeredgewidth=0.4)
        bar = _round_below(span[0] / 4)
        foot = low[1] - 0.24 / scale
        axes.plot([low[0] + span[0] - bar, low[0] + span[0]], [foot, foot], color=INK, linewidth=1.4)
        axes.annotate(length(bar), (low[0] + span[0], foot), (0, 4), textcoords="offset points", ha="right", fontsize=9)
        for row, (mark, color, edge) in enumerate((("o", "#1F5FA8", 4.6), ("s", "#a9a69b", 2.6))):
            y = low[1] - (0.16 + 0.19 * row) / scale
            axes.plot([low[0]], [y], mark, color=color, markersize=edge)
            axes.annotate(labels[row], (low[0], y), (7, 0), textcoords="offset points", va="center", fontsize=9)
        margin = 0.06 / scale
        axes.set(xlim=(low[0] - margin, low[0] + span[0] + margin), aspect="equal")
        axes.set(ylim=(low[1] - 0.44 / scale, low[1] + span[1] + margin))
        axes.set_axis_off()

    silent = (lambda _: "", lambda _: "")
    drawings = {}
    for kind, width in WIDTHS.items():
        scale = min((0.98 * width - 0.12) / span[0], (1.05 if kind == "narrow" else 0.72) * width / span[1])  # in/km
        height = span[1] * scale + 0.52
        drawings[kind] = _canvas(f"{name}-{kind}", width, height, draw, silent, (0.01, 0.01, 0.98, 0.98))
    return Figure(drawings, alt)


def _round_below(value: float) -> float:
    """Find the next lower of 1, 2, 5, 10, 20 and so on."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)))


def _canvas(
    salt: str,
    width: float,
    height: float,
    draw: "Callable[[Axes, bool], None]",
    ticks: tuple[Callable[[float], str], Callable[[float], str]],
    box: tuple[float, float, float, float] | None = None,
) -> str:
    """Set a plain canvas up, let `draw` fill it, and give it as a bare picture.

    The box of the axes is left, bottom, width and height as parts of the canvas; by default with
    room for values at the left and below.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    style: Any = {"svg.fonttype": "none", "svg.hashsalt": salt, "font.family": "sans-serif", "font.size": 10}
    with mpl.rc_context(style):
        canvas = Canvas(figsize=(width, height), dpi=100)
        FigureCanvasSVG(canvas)
        axes = canvas.add_axes(box or (0.42 / width, 0.32 / height, 1 - 0.5 / width, 1 - 0.6 / height))
        for axis, tick in zip((axes.xaxis, axes.yaxis), ticks, strict=True):
            axis.set_major_locator(MaxNLocator(4 if width < 5 else 7, steps=[1, 2, 5, 10]))
            axis.set_major_formatter(FuncFormatter(lambda value, _, tick=tick: tick(value)))
        axes.tick_params(colors=QUIET, length=0, pad=4)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_axisbelow(True)
        draw(axes, width > 5)
        stream = io.StringIO()
        canvas.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _bare(stream.getvalue())


def _draw(
    salt: str,
    rows: Sequence[Row],
    width: float,
    tick: Callable[[float], str],
    line: float | None,
    line_label: str,
) -> str:
    height = 0.62 * len(rows) + (0.75 if line is not None else 0.5)
    low, high = _limits(rows, line)

    def draw(axes: "Axes", wide: bool) -> None:
        axes.set(xlim=(low, high), ylim=(len(rows) - 0.45, -0.75))
        axes.yaxis.set_visible(False)
        axes.grid(axis="x", color=LINE, linewidth=0.8)
        if line is not None:
            axes.axvline(line, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
            side = "left" if line < (low + high) / 2 else "right"
            axes.text(line, -0.82, f" {line_label} ", ha=side, va="bottom", color=INK, fontsize=9)
        for i, row in enumerate(rows):
            _one(axes, i, row, low, high)

    box = (0.02, 0.36 / height, 0.96, 1 - (0.66 if line is not None else 0.42) / height)
    return _canvas(salt, width, height, draw, (tick, tick), box)


def _one(axes: "Axes", i: int, row: Row, low: float, high: float) -> None:
    marker = MARKERS[i % len(MARKERS)]
    axes.plot([row.low, row.high], [i, i], color=row.color, linewidth=4, alpha=0.35, solid_capstyle="butt")
    for end in (row.low, row.high):
        axes.plot([end, end], [i - 0.13, i + 0.13], color=row.color, linewidth=1.6, zorder=3)
    axes.plot(
        [row.value],
        [i],
        marker=marker,
        color=row.color,
        markersize=8,
        markeredgecolor="white",
        linestyle="",
        zorder=2.5,
    )
    late = row.value > (low + high) / 2
    where = row.high if late else row.low
    axes.text(
        where,
        i - 0.27,
        f"{row.label}  {row.text}",
        ha="right" if late else "left",
        va="bottom",
        color=INK,
        fontsize=10,
    )


def _limits(rows: Sequence[Row], line: float | None) -> tuple[float, float]:
    ends = [end for row in rows for end in (row.low, row.high)] + ([line] if line is not None else [])
    room = 0.08 * (max(ends) - min(ends)) or 1.0
    return min(ends) - room, max(ends) + room


def _bare(svg: str) -> str:
    """Keep what a page needs: no document type, metadata, style sheet or fixed size, no ids but those in use."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<(metadata|style)[^>]*>.*?</\1>", "", svg, flags=re.DOTALL)
    head, rest = svg.split(">", 1)
    box = re.search(r'viewBox="([^"]+)"', head)
    svg = f'<svg viewBox="{box[1] if box else ""}" aria-hidden="true" focusable="false">{rest}'
    for name in set(re.findall(r' id="([^"]+)"', svg)):
        if f"#{name}" not in svg:
            svg = svg.replace(f' id="{name}"', "")
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    return svg.strip()

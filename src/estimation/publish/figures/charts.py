"""Curves, and places along a list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from estimation.publish.figures.canvas import INK, LINE, WIDTHS, Figure, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: values over x, with its name at its end."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    color: str
    dashed: bool = False


def curves(
    name: str,
    lines: Sequence[Curve],
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

    drawn = {kind: canvas(f"{name}-{kind}", width, 3.0, draw, ticks) for kind, width in WIDTHS.items()}
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
    return Figure({kind: canvas(f"{name}-{kind}", width, 0.8, draw, silent) for kind, width in WIDTHS.items()}, alt)

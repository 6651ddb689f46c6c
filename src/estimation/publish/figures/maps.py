"""Maps of stations."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from estimation.publish.figures.canvas import INK, WIDTHS, Figure, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from estimation.arrays import Array, IntArray


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
        draw_squares(axes, known, 0.028 / scale, "#a9a69b")
        size = (4.6 if wide else 3.6) if len(drawn) <= 600 else 2.4
        axes.plot(*points[drawn].T, "o", color="#1F5FA8", markersize=size, markeredgecolor="white", markeredgewidth=0.4)
        bar = round_below(span[0] / 4)
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
        drawings[kind] = canvas(f"{name}-{kind}", width, height, draw, silent, (0.01, 0.01, 0.98, 0.98))
    return Figure(drawings, alt)


def draw_squares(axes: "Axes", points: "Array", cell: float, color: str) -> None:
    """Draw places as grey squares, one for all that lie in one cell, as a single path that stays small.

    Parameters
    ----------
    points : numpy.ndarray, shape (N, 2)
        All known.
    cell : float
        Its side, in the unit of the points.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    low = points.min(axis=0)
    cells = np.unique(np.round((points - low) / cell), axis=0) * cell + low
    ends = np.repeat(cells, 2, axis=0) + np.tile([[-0.36 * cell, 0.0], [0.36 * cell, 0.0]], (len(cells), 1))
    codes = np.tile([Outline.MOVETO, Outline.LINETO], len(cells))
    axes.add_patch(PathPatch(Outline(ends, codes), edgecolor=color, linewidth=1.5, capstyle="butt", fill=False))


def round_below(value: float) -> float:
    """Find the next lower of 1, 2, 5, 10, 20 and so on."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)))

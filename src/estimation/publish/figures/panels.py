"""Small multiples: one series in a panel of its own, all on the same scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from estimation.publish.figures.canvas import INK, LINE, MARKERS, QUIET, WIDTHS, Figure, Tick, furnish, paint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from estimation.arrays import Array

TITLE, PLOT, FOOT, GAP, LEFT, RIGHT = 0.34, 1.25, 0.3, 0.1, 0.5, 0.08  # inches of one panel, and of the axis' name


@dataclass(frozen=True, slots=True)
class Panel:
    """One series over the slots; NaN where there is nothing.

    Attributes
    ----------
    label : str
        What stands above it.
    color : str
        As ``#1F5FA8``.
    y : sequence of float
    low, high : sequence of float, optional
        Ends of a bar through each dot.
    text : sequence of str, optional
        Written above each dot.
    """

    label: str
    color: str
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    text: Sequence[str] = ()


def panels(
    name: str,
    slots: Sequence[str],
    series: Sequence[Panel],
    *,
    alt: str,
    tick: Tick,
    axis: str,
    target: float | None = None,
    band: tuple[Sequence[float], Sequence[float]] | None = None,
    limits: tuple[float | None, float | None] = (None, None),
    behind: bool = False,
) -> Figure:
    """Draw each series in a panel of its own, with dots at evenly spaced slots.

    Parameters
    ----------
    name : str
        Unique on the page.
    slots : sequence of str
        Names along the horizontal axis.
    series : sequence of Panel
    alt : str
        The finding in one sentence.
    tick : callable
        Writes a value of the vertical axis as the page's readers do.
    axis : str
        What the slots are, written below.
    target : float, optional
        A line that the dots should lie at.
    band : pair of sequences of float, optional
        Shaded at each slot, from the first to the second: what chance alone does around the target.
    limits : pair of float, optional
        Ends of the vertical axis; those not given come from the data.
    behind : bool
        Show the other series as grey lines in every panel.
    """
    ends = _ends(series, band, target, limits)

    def draw(axes: "Axes", i: int) -> None:
        own, x = series[i], np.arange(len(slots))
        axes.set(xlim=(-0.5, len(slots) - 0.5), ylim=ends)
        axes.grid(axis="y", color=LINE, linewidth=0.8)
        if band is not None:
            for at, low, high in zip(x, *band, strict=True):
                axes.fill_between([at - 0.5, at + 0.5], low, high, color="#8f8b7d", alpha=0.25, linewidth=0)
        if target is not None:
            axes.axhline(target, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        for other in (*series[:i], *series[i + 1 :]) if behind else ():
            axes.plot(x, other.y, color="#b9b6ab", linewidth=1.2)
        axes.plot(x, own.y, color=own.color, linewidth=2 if behind else 1, alpha=1 if behind else 0.45)
        if len(own.low):
            axes.vlines(x, own.low, own.high, color=own.color, linewidth=2)
        marker = MARKERS[i % len(MARKERS)]
        axes.plot(x, own.y, marker, color=own.color, markersize=7, markeredgecolor="white", markeredgewidth=0.8)
        for at, y, text in zip(x, own.y, own.text or [""] * len(x), strict=True):
            if text and np.isfinite(y):
                axes.annotate(
                    text, (at, y), (0, 6), textcoords="offset points", ha="center", color=own.color, fontsize=9
                )
        axes.set_title(own.label, loc="left", color=own.color, fontsize=10.5, fontweight="bold", pad=6)

    pictures = {}
    for kind, width in WIDTHS.items():
        columns = 1 if width < 5 or len(series) == 1 else 2
        rows = -(-len(series) // columns)
        each = TITLE + PLOT + FOOT
        height = rows * each + GAP + 0.12

        def fill(whole: "Canvas", columns: int = columns, width: float = width, height: float = height) -> None:
            for i in range(len(series)):
                row, column = divmod(i, columns)
                left = column * width / columns + LEFT
                bottom = height - (row + 1) * (TITLE + PLOT + FOOT) + FOOT
                size = width / columns - LEFT - RIGHT, PLOT
                axes = whole.add_axes((left / width, bottom / height, size[0] / width, size[1] / height))
                furnish(axes, (str, tick), 4.0)
                axes.set_xticks(range(len(slots)), slots, fontsize=9)
                if target is not None:
                    near = 0.09 * (ends[1] - ends[0])  # a value so near the target's would be written over it
                    values = [v for v in axes.yaxis.get_major_locator().tick_values(*ends) if abs(v - target) > near]
                    axes.set_yticks([v for v in (*values, target) if ends[0] <= v <= ends[1]])
                draw(axes, i)
            whole.text(LEFT / width, 0.05 / height, axis, color=QUIET, fontsize=9, va="bottom")

        pictures[kind] = paint(f"{name}-{kind}", width, height, fill)
    return Figure(pictures, alt)


def _ends(
    series: Sequence[Panel],
    band: tuple[Sequence[float], Sequence[float]] | None,
    target: float | None,
    limits: tuple[float | None, float | None],
) -> tuple[float, float]:
    """Find ends of the vertical axis that hold everything, with some room where they are not given."""
    parts: list[Array] = [
        np.asarray(values, dtype=np.float64) for one in series for values in (one.y, one.low, one.high)
    ]
    parts += [np.asarray(values, dtype=np.float64) for values in band or ()]
    values = np.concatenate([*parts, [] if target is None else [target]])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    room = 0.06 * (high - low) or 1.0
    return (low - room if limits[0] is None else limits[0], high + room if limits[1] is None else limits[1])

"""Dots with intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estimation.publish.figures.canvas import INK, LINE, MARKERS, WIDTHS, Figure, canvas, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class ShareRow:
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
    marker : str
        By default one for each row.
    """

    label: str
    value: float
    low: float
    high: float
    color: str
    text: str
    marker: str = ""


def dot_and_interval(
    name: str,
    rows: Sequence[ShareRow],
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
    rows : sequence of ShareRow
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


def _draw(
    salt: str,
    rows: Sequence[ShareRow],
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
            _one(axes, i, row, low, high, 60 if wide else 30)

    box = (0.02, 0.36 / height, 0.96, 1 - (0.66 if line is not None else 0.42) / height)
    return canvas(salt, width, height, draw, (tick, tick), box)


def _one(axes: "Axes", i: int, row: ShareRow, low: float, high: float, most: int) -> None:
    marker = row.marker or MARKERS[i % len(MARKERS)]
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
        f"{shortened(row.label, most)}  {row.text}",
        ha="right" if late else "left",
        va="bottom",
        color=INK,
        fontsize=10,
    )


def _limits(rows: Sequence[ShareRow], line: float | None) -> tuple[float, float]:
    ends = [end for row in rows for end in (row.low, row.high)] + ([line] if line is not None else [])
    room = 0.08 * (max(ends) - min(ends)) or 1.0
    return min(ends) - room, max(ends) + room

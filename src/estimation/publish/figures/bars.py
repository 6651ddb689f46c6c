"""Signed bars: what pulls a number up and what pulls it down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estimation.publish.figures.canvas import INK, LINE, QUIET, WIDTHS, Figure, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UP, DOWN, SUM = "#1F5FA8", "#B4501E", INK


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar from zero.

    Attributes
    ----------
    label : str
        What stands above it.
    value : float
    text : str
        The value with its sign, as readers of the page write it.
    start : float
        Where it begins: the sum of those before it, for bars that add up.
    total : bool
        It is the sum of the others: drawn dark, and apart.
    """

    label: str
    value: float
    text: str
    start: float = 0.0
    total: bool = False


def signed_bars(name: str, bars: Sequence[Bar], *, alt: str, tick: Callable[[float], str]) -> Figure:
    """Draw bars to both sides of zero, each with its name above and its number at its end.

    Parameters
    ----------
    name : str
        Unique on the page.
    bars : sequence of Bar
        From the top.
    alt : str
        The finding in one sentence.
    tick : callable
        Writes an axis value as the page's readers do.
    """
    height = 0.58 * len(bars) + 0.42
    ends = [end for bar in bars for end in (bar.start, bar.start + bar.value)]
    widest = max(max(ends, default=0.0), 0.0) - min(min(ends, default=0.0), 0.0) or 1.0

    def draw(axes: "Axes", wide: bool) -> None:
        room = (0.14 if wide else 0.24) * widest
        axes.set(xlim=(min(0.0, *ends) - room, max(0.0, *ends) + room), ylim=(len(bars) - 0.45, -0.72))
        axes.yaxis.set_visible(False)
        axes.grid(axis="x", color=LINE, linewidth=0.8)
        axes.axvline(0, color=INK, linewidth=1.2)
        left = axes.get_xlim()[0]
        for i, bar in enumerate(bars):
            end = bar.start + bar.value
            nothing = abs(bar.value) < 0.005 * widest
            color = SUM if bar.total else QUIET if nothing else UP if bar.value > 0 else DOWN
            axes.barh(i, bar.value, left=bar.start, height=0.34, color=color, linewidth=0)
            axes.plot([end, end], [i - 0.17, i + 0.17], color=color, linewidth=1.6)  # a bar of nothing is a stroke
            if i + 1 < len(bars):
                axes.plot([end, end], [i + 0.17, i + 0.83], color="#8f8b7d", linewidth=0.8)
            weight = "bold" if bar.total else "normal"
            axes.text(left, i - 0.27, bar.label, va="bottom", color=INK, fontsize=10, fontweight=weight)
            right = bar.value >= 0
            axes.annotate(
                bar.text,
                (end, i),
                (5 if right else -5, 0),
                textcoords="offset points",
                ha="left" if right else "right",
                va="center",
                color=color,
                fontsize=10,
                fontweight="bold",
            )

    box = (0.01, 0.34 / height, 0.98, 1 - 0.36 / height)
    drawn = {kind: canvas(f"{name}-{kind}", w, height, draw, (tick, tick), box) for kind, w in WIDTHS.items()}
    return Figure(drawn, alt)

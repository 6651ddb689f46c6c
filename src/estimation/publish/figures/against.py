"""Estimates against what came out: over the night, and area by area."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estimation.publish.figures.canvas import INK, LINE, QUIET, WIDTHS, Figure, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HELD, MISSED = "#1F5FA8", "#B4501E"


@dataclass(frozen=True, slots=True)
class Moment:
    """One take: hours on a clock that goes on after midnight, value and interval; `held` it or not."""

    hour: float
    value: float
    low: float
    high: float
    held: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """One estimate, with its interval, beside what came out."""

    label: str
    value: float
    low: float
    high: float
    truth: float
    held: bool


def draw_course(
    name: str,
    moments: Sequence[Moment],
    *,
    alt: str,
    ticks: tuple[Callable[[float], str], Callable[[float], str]],
    line: float,
    line_label: str,
    mark: float | None = None,
    mark_label: str = "",
) -> Figure:
    """Draw how an estimate and its interval went through the night, against a level line.

    Parameters
    ----------
    name : str
        Unique on the page.
    moments : sequence of Moment
        In the order of time.
    alt : str
        The finding in one sentence.
    ticks : pair of callables
        Write hours and values.
    line : float
        What came out.
    line_label : str
        Written at its end.
    mark : float, optional
        An hour to point out.
    mark_label : str
        Written above it.
    """
    x, low, high = ([getattr(one, key) for one in moments] for key in ("hour", "low", "high"))
    reach = [*low, *high, line]
    room = 0.08 * (max(reach) - min(reach)) or 1.0
    ends = min(reach) - room, max(reach) + room
    span = (x[-1] - x[0]) or 1.0

    def draw(axes: "Axes", wide: bool) -> None:
        axes.set(xlim=(x[0] - 0.05 * span, x[-1] + 0.05 * span), ylim=ends)
        axes.grid(axis="y", color=LINE, linewidth=0.8)
        if ends[0] < 0 < ends[1]:
            axes.axhline(0, color=QUIET, linewidth=0.8)
        axes.fill_between(x, low, high, color=HELD, alpha=0.14, linewidth=0)
        for one in moments:
            color = HELD if one.held else MISSED
            axes.plot([one.hour, one.hour], [one.low, one.high], color=color, linewidth=1.6)
        axes.plot(x, [one.value for one in moments], color=HELD, linewidth=1, alpha=0.5)
        for held, marker, color in ((True, "o", HELD), (False, "D", MISSED)):
            part = [one for one in moments if one.held is held]
            axes.plot(
                [one.hour for one in part],
                [one.value for one in part],
                marker,
                color=color,
                markersize=7,
                markeredgecolor="white",
                markeredgewidth=0.8,
            )
        axes.axhline(line, color=INK, linewidth=1.4, linestyle=(0, (4, 3)))
        axes.annotate(
            line_label,
            (axes.get_xlim()[1], line),
            (0, 3),
            textcoords="offset points",
            ha="right",
            va="bottom",
            color=INK,
            fontsize=10,
            fontweight="bold",
        )
        if mark is not None:
            axes.axvline(mark, color=QUIET, linewidth=1, linestyle=(0, (1, 2)))
            side = "left" if mark < x[0] + span / 2 else "right"
            axes.text(mark, ends[1], f" {mark_label} ", ha=side, va="bottom", color=QUIET, fontsize=9)

    drawn = {kind: canvas(f"{name}-{kind}", width, 3.2, draw, ticks) for kind, width in WIDTHS.items()}
    return Figure(drawn, alt)


def beside(
    name: str, rows: Sequence[Compared], *, alt: str, tick: Callable[[float], str], labels: tuple[str, str, str]
) -> Figure:
    """Draw one row for each estimate: its interval and dot, and a stroke where the result came out.

    Parameters
    ----------
    name : str
        Unique on the page.
    rows : sequence of Compared
        From the top.
    alt : str
        The finding in one sentence.
    tick : callable
        Writes an axis value as the page's readers do.
    labels : tuple of str
        Name an estimate whose interval held, one whose interval did not, and the result.
    """
    reach = [end for row in rows for end in (row.low, row.high, row.truth)]
    room = 0.05 * (max(reach) - min(reach)) or 1.0
    ends = min(reach) - room, max(reach) + room

    def draw(axes: "Axes", wide: bool) -> None:
        axes.set(xlim=ends, ylim=(len(rows) - 0.4, -0.6 if wide else -0.85))
        axes.grid(axis="x", color=LINE, linewidth=0.8)
        axes.yaxis.set_visible(False)
        for i, row in enumerate(rows):
            color, marker = (HELD, "o") if row.held else (MISSED, "D")
            axes.plot([row.low, row.high], [i, i], color=color, linewidth=4, alpha=0.35, solid_capstyle="butt")
            axes.plot([row.value], [i], marker, color=color, markersize=7, markeredgecolor="white")
            axes.plot([row.truth, row.truth], [i - 0.3, i + 0.3], color=INK, linewidth=2.2)
            if wide:
                axes.annotate(
                    row.label, (0, i), (-8, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                    ha="right", va="center", color=INK, fontsize=10, annotation_clip=False,
                )  # fmt: skip
            else:
                axes.text(ends[0], i - 0.32, row.label, va="bottom", color=INK, fontsize=9.5)
        _legend(axes, labels, wide, any(not row.held for row in rows))

    drawn = {}
    for kind, width in WIDTHS.items():
        wide = width > 5
        height = (0.3 if wide else 0.46) * len(rows) + 0.72
        box = (0.24 if wide else 0.01, 0.34 / height, 0.745 if wide else 0.98, 1 - 0.7 / height)
        drawn[kind] = canvas(f"{name}-{kind}", width, height, draw, (tick, tick), box)
    return Figure(drawn, alt)


def _legend(axes: "Axes", labels: tuple[str, str, str], wide: bool, missed: bool) -> None:
    """Name the marks above the rows."""
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=HELD, marker="o", linewidth=4, alpha=0.9, markersize=6, markeredgecolor="white"),
        Line2D([], [], color=MISSED, marker="D", linewidth=4, alpha=0.9, markersize=6, markeredgecolor="white"),
        Line2D([], [], color=INK, marker="|", linestyle="", markersize=11, markeredgewidth=2.2),
    ]
    shown = [i for i in range(3) if missed or i != 1]
    axes.legend(
        [marks[i] for i in shown],
        [labels[i] for i in shown],
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        bbox_transform=axes.transAxes,
        ncols=len(shown),
        frameon=False,
        borderaxespad=0.2,
        handlelength=1.4,
        handletextpad=0.5,
        columnspacing=1.2 if wide else 0.7,
        fontsize=9.5 if wide else 8.5,
        labelcolor=INK,
    )

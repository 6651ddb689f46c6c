"""Estimates below each other on one scale, each named at its left, its number at its right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estimation.publish.figures.canvas import INK, LINE, QUIET, WIDTHS, Figure, Tick, canvas, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEP = {"wide": 0.34, "narrow": 0.5}  # inches of a row


@dataclass(frozen=True, slots=True)
class Rung:
    """One estimate.

    Attributes
    ----------
    label : str
    value, low, high : float
        NaN ends: a dot alone.
    text : str
        The value as the page's readers write it.
    color, marker : str
    strong : bool
        The one that counts: bold.
    apart : bool
        With room above: the first of a group.
    """

    label: str
    value: float
    low: float
    high: float
    text: str
    color: str = INK
    marker: str = "o"
    strong: bool = False
    apart: bool = False


def ladder(
    name: str,
    rungs: Sequence[Rung],
    *,
    alt: str,
    tick: Tick,
    line: float | None = None,
    line_label: str = "",
    band: tuple[float, float] | None = None,
    reach: tuple[float, float] | None = None,
) -> Figure:
    """Draw estimates below each other.

    Parameters
    ----------
    name : str
        Unique on the page.
    rungs : sequence of Rung
        From the top.
    alt : str
        The finding in one sentence.
    tick : callable
        Writes an axis value as the page's readers do.
    line : float, optional
        A value that they are held against.
    line_label : str
        Written above it.
    band : pair of float, optional
        Shaded through all rows: the interval that counts.
    reach : pair of float, optional
        What the scale covers at least, so that several pictures have the same.
    """
    ends = [end for one in rungs for end in (one.low, one.high, one.value) if end == end]
    ends += [line] if line is not None else []
    ends += [*(band or ()), *(reach or ())]
    room = 0.05 * (max(ends) - min(ends)) or 1.0
    limits = min(ends) - room, max(ends) + room
    places: list[float] = []
    for one in rungs:
        places.append(places[-1] + (1.45 if one.apart else 1.0) if places else 0.0)

    def draw(axes: "Axes", wide: bool) -> None:
        axes.set(xlim=limits, ylim=(places[-1] + 0.5, -0.55 if wide else -0.85))
        axes.yaxis.set_visible(False)
        axes.grid(axis="x", color=LINE, linewidth=0.8)
        if band is not None:
            axes.axvspan(*band, color="#8f8b7d", alpha=0.18, linewidth=0)
        if line is not None:
            axes.axvline(line, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
            late = line > sum(limits) / 2
            axes.annotate(
                f" {line_label} ", (line, 1.0), (0, 1), xycoords=("data", "axes fraction"), textcoords="offset points",
                ha="right" if late else "left", va="bottom", color=INK, fontsize=9,
            )  # fmt: skip
        for at, one in zip(places, rungs, strict=True):
            _rung(axes, at, one, wide)

    drawn = {}
    for kind, width in WIDTHS.items():
        wide = kind == "wide"
        height = STEP[kind] * (places[-1] + 1) + 0.4 + (0.22 if line is not None else 0.06)
        top = 0.24 if line is not None else 0.04
        box = (0.33 if wide else 0.01, 0.32 / height, 0.57 if wide else 0.98, 1 - (0.32 + top) / height)
        drawn[kind] = canvas(f"{name}-{kind}", width, height, draw, (tick, tick), box)
    return Figure(drawn, alt)


def _rung(axes: "Axes", at: float, one: Rung, wide: bool) -> None:
    if one.low == one.low:
        axes.plot([one.low, one.high], [at, at], color=one.color, linewidth=4, alpha=0.35, solid_capstyle="butt")
        for end in (one.low, one.high):
            axes.plot([end, end], [at - 0.16, at + 0.16], color=one.color, linewidth=1.4)
    axes.plot(
        [one.value], [at], one.marker, color=one.color, markersize=8, markeredgecolor="white", markeredgewidth=0.8
    )
    weight = "bold" if one.strong else "normal"
    sides = ((one.label, 34 if wide else 38, 0, INK), (one.text, 40, 1, INK if wide or one.strong else QUIET))
    for text, most, side, color in sides:
        away = (10 if side else -10) if wide else (-2 if side else 2)
        axes.annotate(
            shortened(text, most),
            (side, at if wide else at - 0.22),
            (away, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="left" if wide == bool(side) else "right",
            va="center" if wide else "bottom",
            fontsize=10,
            fontweight=weight,
            color=color,
            annotation_clip=False,
        )

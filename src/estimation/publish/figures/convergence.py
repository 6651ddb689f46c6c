"""How shares and the lead went through the night, take by take, with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from estimation.publish.figures.canvas import INK, LINE, QUIET, WIDTHS, Figure, Tick, furnish, paint, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

ROOM = 13.5  # letters to an inch
CROWD = 24  # takes from which on dots would hide each other


@dataclass(frozen=True, slots=True)
class Track:
    """One quantity through the night; NaN where a take did not say it.

    Attributes
    ----------
    label : str
        Its name; blank where the title says it.
    color, marker : str
    value, low, high : sequence of float
        At every take.
    text : str
        The last value as the page's readers write it.
    """

    label: str
    color: str
    marker: str
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    text: str


def convergence(
    name: str,
    hours: Sequence[float],
    shares: Sequence[Track],
    lead: Track,
    *,
    alt: str,
    ticks: tuple[Tick, Tick, Tick],
    titles: tuple[str, str],
    line: float | None = None,
    line_label: str = "",
    tie_label: str = "",
) -> Figure:
    """Draw shares above and the lead below over the same hours.

    Parameters
    ----------
    name : str
        Unique on the page.
    hours : sequence of float
        Of the takes, on a clock that goes on after midnight.
    shares : sequence of Track
        In percent, the largest first.
    lead : Track
        In percentage points.
    alt : str
        The finding in one sentence.
    ticks : three callables
        Write hours, shares and points.
    titles : pair of str
        Stand above the two.
    line : float, optional
        The decision line of the shares.
    line_label, tie_label : str
        Name that line, and the zero of the lead.
    """
    heights = {"shares": 2.1, "lead": 1.5}  # inches of the plots

    def fill(whole: "Canvas", width: float, height: float) -> None:
        wide = width > 5
        left, right = (0.42, 1.6) if wide else (0.36, 0.1)
        legend = 0.0 if wide else 0.22 * -(-len(shares) // 2)
        top = height
        for kind, title, tracks, tick, mark, said in (
            ("shares", titles[0], shares, ticks[1], line, line_label),
            ("lead", titles[1], [lead], ticks[2], 0.0, tie_label),
        ):
            room = 0.3 + (legend if kind == "shares" else 0.0)
            own = heights[kind]
            top -= room
            axes = whole.add_axes((left / width, (top - own) / height, 1 - (left + right) / width, own / height))
            furnish(axes, (ticks[0] if kind == "lead" else lambda _: "", tick), width)
            _tracks(axes, hours, tracks, mark)
            above = (top + room - 0.06) / height
            said = f"- - {said}" if mark is not None else ""
            title = shortened(title, round(ROOM * (width - right)) - len(said) - 2)
            whole.text(0.03 / width, above, title, color=QUIET, fontsize=10, fontweight="bold", va="top")
            whole.text(1 - right / width, above, said, color=INK, fontsize=9, va="top", ha="right")
            if wide:
                _names(axes, tracks, own)
            elif legend and kind == "shares":
                _legend(axes, tracks)
            top -= own + (0.14 if kind == "shares" else 0.32)

    pictures = {}
    for kind, width in WIDTHS.items():
        legend = 0.0 if kind == "wide" else 0.22 * -(-len(shares) // 2)
        height = sum(heights.values()) + 2 * 0.3 + legend + 0.14 + 0.32

        def draw(whole: "Canvas", width: float = width, height: float = height) -> None:
            fill(whole, width, height)

        pictures[kind] = paint(f"{name}-{kind}", width, height, draw)
    return Figure(pictures, alt)


def _tracks(axes: "Axes", hours: Sequence[float], tracks: Sequence[Track], mark: float | None) -> None:
    """Draw the tracks of one plot."""
    span = (hours[-1] - hours[0]) or 1.0
    reach = np.array([end for one in tracks for ends in (one.low, one.high, one.value) for end in ends])
    reach = np.append(reach[np.isfinite(reach)], [] if mark is None else mark)
    room = 0.07 * np.ptp(reach) or 1.0
    axes.set(xlim=(hours[0] - 0.03 * span, hours[-1] + 0.03 * span), ylim=(reach.min() - room, reach.max() + room))
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    if mark is not None:
        axes.axhline(mark, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    for one in tracks:
        axes.fill_between(hours, one.low, one.high, color=one.color, alpha=0.15, linewidth=0)
        for edge in (one.low, one.high):
            axes.plot(hours, edge, color=one.color, linewidth=0.7, alpha=0.55)
        axes.plot(
            hours, one.value, color=one.color, linewidth=1.8, marker=one.marker, markersize=6.5,
            markeredgecolor="white", markeredgewidth=0.8, markevery=None if len(hours) <= CROWD else [len(hours) - 1],
        )  # fmt: skip


def _names(axes: "Axes", tracks: Sequence[Track], tall: float) -> None:
    """Write names and last values at the right ends of a plot so many inches tall, apart where they would touch."""
    low, high = axes.get_ylim()
    step = (high - low) * 0.34 / tall
    last = [next((v for v in reversed(one.value) if np.isfinite(v)), (low + high) / 2) for one in tracks]
    places = apart(last, step)
    for one, at in zip(tracks, places, strict=True):
        axes.annotate(
            f"{shortened(one.label, 22)}\n{one.text}".strip(), (1.0, at), (9, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", color=one.color, fontsize=9.5, fontweight="bold",
            linespacing=1.15, annotation_clip=False,
        )  # fmt: skip


def apart(values: Sequence[float], step: float) -> list[float]:
    """Move values apart to at least a step, as little as can be, their order kept.

    Least squares under order restrictions: of v_(i) - i step, by pooling adjacent violators (Barlow et al. 1972).
    """
    order = sorted(range(len(values)), key=lambda i: values[i])
    blocks: list[tuple[float, int]] = []  # mean, how many
    for rank, i in enumerate(order):
        mean, count = values[i] - rank * step, 1
        while blocks and blocks[-1][0] > mean:
            before, n = blocks.pop()
            mean, count = (before * n + mean * count) / (n + count), n + count
        blocks.append((mean, count))
    level = [mean for mean, count in blocks for _ in range(count)]
    placed = [0.0] * len(values)
    for rank, i in enumerate(order):
        placed[i] = level[rank] + rank * step
    return placed


def _legend(axes: "Axes", tracks: Sequence[Track]) -> None:
    """Name the tracks above the plot, where there is no room at their ends."""
    from matplotlib.lines import Line2D

    axes.legend(
        [Line2D([], [], color=one.color, marker=one.marker, markersize=6.5, markeredgecolor="white") for one in tracks],
        [f"{shortened(one.label, 18)} {one.text}" for one in tracks],
        loc="lower left", bbox_to_anchor=(-0.09, 0.99), ncols=2, frameon=False, borderaxespad=0.1, fontsize=9,
        handlelength=1.3, handletextpad=0.4, columnspacing=0.9, labelspacing=0.25, labelcolor=INK,
    )  # fmt: skip

"""Maps of areas: one mark at the centre of each, over its outline or the dots of its stations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from estimation.publish.figures.canvas import INK, QUIET, WIDTHS, Figure, canvas, shortened
from estimation.publish.figures.maps import draw_squares, round_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from estimation.arrays import Array

LETTER = {"wide": 0.068, "narrow": 0.062}  # inches of a letter, and of a line
LINE_HEIGHT = 0.15
LARGEST = {"wide": 19.0, "narrow": 14.0}  # points across
COLUMNS = {"wide": 4, "narrow": 2}  # of the names of marks
LONGEST = 20  # letters of a name
NOTHING = "#8f8b7d"


@dataclass(frozen=True, slots=True)
class Spot:
    """One area.

    Attributes
    ----------
    label : str
    x, y : float
        Kilometres east and north.
    size : float
        0 … 1; the area of the mark.
    color, marker : str
    sure : bool
        Filled; else an outline.
    """

    label: str
    x: float
    y: float
    size: float
    color: str
    marker: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """What the marks of a map lie on.

    Attributes
    ----------
    points : numpy.ndarray, shape (N, 2)
        Kilometres east and north of stations, drawn as grey dots where there are no outlines; NaN where unknown.
    outlines : sequence of (sequence of numpy.ndarray, str)
        Of each area its rings, each of shape (m, 2), in kilometres, and the colour that it is filled with.
    """

    points: "Array"
    outlines: "Sequence[tuple[Sequence[Array], str]]" = ()

    def extent(self) -> "tuple[Array, Array]":
        """Give the lower left corner, and width and height."""
        rings = [ring for area, _ in self.outlines for ring in area]
        every = np.concatenate(rings) if rings else self.points[np.isfinite(self.points).all(axis=1)]
        return every.min(axis=0), np.maximum(np.ptp(every, axis=0), 0.1)

    def draw(self, axes: "Axes", scale: float) -> None:
        """Draw it, at so many inches a kilometre."""
        for rings, color in self.outlines:
            _area(axes, rings, color)
        if not self.outlines:
            draw_squares(axes, self.points[np.isfinite(self.points).all(axis=1)], 0.03 / scale, "#d3cfc3")


def symbol_map(
    name: str,
    spots: Sequence[Spot],
    ground: Ground,
    *,
    alt: str,
    labels: Sequence[tuple[str, str, str, bool]],
    length: Callable[[float], str],
) -> Figure:
    """Draw a map of areas; names that would cover each other are left out, the smaller area's.

    Parameters
    ----------
    name : str
        Unique on the page.
    spots : sequence of Spot
    ground : Ground
    alt : str
        The finding in one sentence.
    labels : sequence of tuple
        What marks mean, below the map: text, colour, marker, filled.
    length : callable
        Writes kilometres as the page's readers do.
    """
    low, span = ground.extent()
    drawings = {}
    for kind, width in WIDTHS.items():
        scale = min((0.92 * width - 0.3) / span[0], (1.05 if kind == "narrow" else 0.62) * width / span[1])  # inches/km
        foot = 0.22 * (1 + -(-len(labels) // COLUMNS[kind]))
        height = span[1] * scale + 0.36 + foot
        left = low[0] - (width / scale - span[0]) / 2

        def draw(
            axes: "Axes", wide: bool, kind: str = kind, scale: float = scale, foot: float = foot, left: float = left
        ) -> None:
            top = low[1] - 0.18 / scale  # of what stands below the map
            axes.set(
                xlim=(left, left + WIDTHS[kind] / scale), ylim=(top - foot / scale, low[1] + span[1] + 0.18 / scale)
            )
            axes.set_axis_off()
            ground.draw(axes, scale)
            for one in sorted(spots, key=lambda one: -one.size):
                _mark(axes, one.x, one.y, one.marker, _across(one, kind), one.color, one.sure)
            for one, side in _named(spots, scale, kind, left):
                _name(axes, one, side, _across(one, kind) / 2 + 2)
            _below(axes, labels, left, top, scale, kind)
            _bar(axes, left + WIDTHS[kind] / scale - 0.1 / scale, top - (foot - 0.12) / scale, span[0], length)

        silent = (lambda _: "", lambda _: "")
        drawings[kind] = canvas(f"{name}-{kind}", width, height, draw, silent, (0.0, 0.0, 1.0, 1.0))
    return Figure(drawings, alt)


def _area(axes: "Axes", rings: "Sequence[Array]", color: str) -> None:
    """Fill one area, holes left out."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    codes = [np.full(len(ring), Outline.LINETO) for ring in rings]
    for part in codes:
        part[0], part[-1] = Outline.MOVETO, Outline.CLOSEPOLY
    outline = Outline(np.concatenate(rings), np.concatenate(codes))
    axes.add_patch(PathPatch(outline, facecolor=color, edgecolor="#a9a69b", linewidth=0.6, joinstyle="round"))


def _mark(axes: "Axes", x: float, y: float, marker: str, size: float, color: str, sure: bool) -> None:
    """Draw a mark: filled where it is sure, else an outline."""
    axes.plot(
        [x],
        [y],
        marker,
        markersize=size,
        color=color if sure else "white",
        markeredgecolor="white" if sure else color,
        markeredgewidth=0.9 if sure else 2.0,
    )


def _name(axes: "Axes", one: Spot, side: str, reach: float) -> None:
    """Write an area's name on one side of its mark, so many points from its centre."""
    axes.annotate(
        shortened(one.label, LONGEST),
        (one.x, one.y),
        {"right": (reach, 0), "left": (-reach, 0), "above": (0, reach), "below": (0, -reach)}[side],
        textcoords="offset points",
        fontsize=8.5,
        color=INK,
        ha={"right": "left", "left": "right"}.get(side, "center"),
        va={"above": "bottom", "below": "top"}.get(side, "center"),
        annotation_clip=False,
    )


def _bar(axes: "Axes", end: float, at: float, span: float, length: Callable[[float], str]) -> None:
    """Draw a bar of length below the map, at its right."""
    bar = round_below(span / 4)
    axes.plot([end - bar, end], [at, at], color=QUIET, linewidth=1.4)
    axes.annotate(
        length(bar), (end, at), (0, 3), textcoords="offset points", ha="right", va="bottom", fontsize=8.5, color=QUIET
    )


def _across(one: Spot, kind: str) -> float:
    return LARGEST[kind] * max(float(np.sqrt(one.size)), 0.35)


def _named(spots: Sequence[Spot], scale: float, kind: str, left: float) -> list[tuple[Spot, str]]:
    """Choose the areas that get a name, and on which side: the large ones first, where nothing is in the way.

    A name lies on the canvas, whose left edge is at `left` kilometres.
    """
    right = left + WIDTHS[kind] / scale
    taken = [_box(one, "", scale, kind) for one in spots]
    found = []
    for one in sorted(spots, key=lambda one: -one.size):
        for side in ("right", "left", "below", "above"):
            box = _box(one, side, scale, kind)
            own = _box(one, "", scale, kind)
            inside = left <= box[0] and box[2] <= right
            if inside and not any(_touch(box, other) for other in taken if other != own):
                taken.append(box)
                found.append((one, side))
                break
    return found


def _box(one: Spot, side: str, scale: float, kind: str) -> tuple[float, float, float, float]:
    """Give the room of a mark, or of its name on one side: left, bottom, right, top in kilometres."""
    r = _across(one, kind) / 144
    wide, tall = LETTER[kind] * min(len(one.label), LONGEST), LINE_HEIGHT
    left, bottom, right, top = {
        "": (-r, -r, r, r),
        "right": (r, -tall / 2, r + wide, tall / 2),
        "left": (-r - wide, -tall / 2, -r, tall / 2),
        "below": (-wide / 2, -r - tall, wide / 2, -r),
        "above": (-wide / 2, r, wide / 2, r + tall),
    }[side]
    return one.x + left / scale, one.y + bottom / scale, one.x + right / scale, one.y + top / scale


def _touch(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _below(
    axes: "Axes", labels: Sequence[tuple[str, str, str, bool]], left: float, top: float, scale: float, kind: str
) -> None:
    """Name the marks below the map."""
    for i, (text, color, marker, filled) in enumerate(labels):
        row, column = divmod(i, COLUMNS[kind])
        x = left + (0.12 + column * (WIDTHS[kind] - 0.1) / COLUMNS[kind]) / scale
        y = top - (0.08 + 0.22 * row) / scale
        _mark(axes, x, y, marker, 8, color, filled)
        axes.annotate(
            shortened(text, 22), (x, y), (8, 0), textcoords="offset points", va="center", fontsize=9, color=INK
        )

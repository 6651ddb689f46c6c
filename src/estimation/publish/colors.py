"""Candidates' colours as a page can use them: dark enough to be seen, as unlike as they can be for every reader."""

from functools import cache

import numpy as np

from estimation.arrays import Array
from estimation.contest import Candidate

PALETTE = ("#1F5FA8", "#B4501E", "#2E7D4F", "#7A4E9E", "#8A6D00", "#A8325E", "#2B7C86", "#6B5B4B", "#555555")
PAPERS = ("#fbfaf6", "#ffffff")  # of the page and of its cards
CONTRAST = 3.0  # graphics against their ground (WCAG 2.2, 1.4.11)
APART = 8.0  # CIE76; nearer colours are one colour for a reader who looks up and down between them

_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
# linear sRGB as seen without one kind of cones (Machado, Oliveira and Fernandes 2009, table 1, severity 1.0)
_SEEN = {
    "all": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
READERS = tuple(_SEEN)
STEP = 0.92  # by which a colour is darkened at a time
STEPS = 24


@cache
def colors_of(candidates: tuple[Candidate, ...]) -> tuple[str, ...]:
    """Give every candidate a colour: his own where he has one, darkened where it is too light or too like another's.

    Contrast is always reached. That two stay apart for a reader who sees no red or no green can't be promised of
    any nine colours: number, marker and name always tell as much.
    """
    found: list[str] = []
    for i, candidate in enumerate(candidates):
        wanted = visible(candidate.color or PALETTE[i % len(PALETTE)])
        choices = [wanted, *(darker(wanted, STEP**step) for step in range(1, STEPS))]
        fit = next((one for one in choices if all(distance(one, other) >= APART for other in found)), None)
        found.append(fit or max(choices, key=lambda one: min((distance(one, other) for other in found), default=0.0)))
    return tuple(found)


def visible(color: str) -> str:
    """Darken a colour until graphics in it can be told from the page; one that can is left as it is."""
    part = 1.0
    while min(contrast(darker(color, part), paper) for paper in PAPERS) < CONTRAST:
        part *= 0.98
    return darker(color, part)


def darker(color: str, part: float) -> str:
    """Scale the light of a colour, hue kept."""
    if part == 1.0:
        return color
    return "#" + "".join(f"{round(255 * value):02x}" for value in _encoded(part * _linear(color)))


def lighter(color: str, part: float) -> str:
    """Mix a colour with white, so much of it kept: 1 is the colour, 0 is white."""
    return "#" + "".join(f"{round(255 - part * (255 - int(color[i : i + 2], 16))):02x}" for i in (1, 3, 5))


def contrast(color: str, other: str) -> float:
    """Give the ratio of luminances, 1 … 21 (WCAG 2.2, contrast ratio)."""
    low, high = sorted(float(_XYZ[1] @ _linear(one)) for one in (color, other))
    return (high + 0.05) / (low + 0.05)


def distance(color: str, other: str) -> float:
    """Give how far two colours are apart for the reader who tells them least: CIE76 in L*a*b*."""
    return min(float(np.linalg.norm(_lab(color, kind) - _lab(other, kind))) for kind in READERS)


def text_on(color: str) -> str:
    """Choose white or black for letters on a colour."""
    return max(("#ffffff", "#1c1c1a"), key=lambda ink: contrast(color, ink))


def _linear(color: str) -> Array:
    values = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _encoded(linear: Array) -> Array:
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@cache
def _lab(color: str, kind: str) -> Array:
    ratio = _XYZ @ np.clip(_SEEN[kind] @ _linear(color), 0, 1) / _WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])

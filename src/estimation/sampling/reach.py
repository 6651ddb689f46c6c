"""How near the drawn stations are to all stations, on the map."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from estimation.arrays import Array, IntArray
from estimation.frame import Frame
from estimation.sampling.auxiliary import on_plane, places
from estimation.seeds import generator

YARDSTICKS = 20  # simple random samples that a sample is held against


@dataclass(frozen=True, slots=True)
class Reach:
    """The distance from every station to the nearest drawn one.

    Attributes
    ----------
    points : numpy.ndarray, shape (N, 2)
        Kilometres east and north of every station; NaN where its place is unknown.
    drawn : numpy.ndarray of intp, shape (m,)
        Rows of the drawn stations whose place is known.
    known : int
        Stations whose place is known.
    half, most, farthest : float
        Kilometres within which half of these stations, nine tenths, and all have a drawn one.
    simple_half, simple_most : float
        The same of simple random samples of as many stations, on average.
    """

    points: Array
    drawn: IntArray
    known: int
    half: float
    most: float
    farthest: float
    simple_half: float
    simple_most: float


def reach(frame: Frame, rows: IntArray, seed: str) -> Reach | None:
    """Measure how near a sample is to all stations.

    Parameters
    ----------
    frame : Frame
    rows : numpy.ndarray of intp, shape (n,)
        The drawn stations.
    seed : str
        Of the simple samples that it is held against.

    Returns
    -------
    Reach or None
        None where the frame has no coordinates, or none of a drawn station.
    """
    degrees = places(frame)
    if degrees is None:
        return None
    points = on_plane(degrees)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    drawn = rows[np.isin(rows, known)]
    if not len(drawn):
        return None
    half, most, farthest = _distances(points[known], points[drawn])
    rng = generator(seed, "reach")
    others = [
        _distances(points[known], points[rng.choice(known, len(drawn), replace=False)]) for _ in range(YARDSTICKS)
    ]
    simple = np.mean(others, axis=0)
    return Reach(points, drawn, len(known), half, most, farthest, float(simple[0]), float(simple[1]))


def _distances(points: Array, drawn: Array) -> tuple[float, float, float]:
    """Give the median, the nine-tenths point and the largest distance to the nearest drawn point."""
    distance = np.asarray(cKDTree(drawn).query(points)[0])
    half, most = np.quantile(distance, (0.5, 0.9))
    return float(half), float(most), float(distance.max())

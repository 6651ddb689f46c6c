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
class CoverageDistance:
    """The distance from every station to the nearest drawn one.

    Attributes
    ----------
    points : numpy.ndarray, shape (N, 2)
        Kilometres east and north of every station; NaN where its place is unknown.
    drawn : numpy.ndarray of intp, shape (m,)
        Rows of the drawn stations whose place is known.
    known : int
        Stations whose place is known.
    median_km, p90_km, farthest_km : float
        Kilometres within which half of these stations, nine tenths, and all have a drawn one.
    simple_median_km, simple_p90_km : float
        The same of simple random samples of as many stations, on average.
    """

    points: Array
    drawn: IntArray
    known: int
    median_km: float
    p90_km: float
    farthest_km: float
    simple_median_km: float
    simple_p90_km: float


def coverage_distance(frame: Frame, rows: IntArray, seed: str) -> CoverageDistance | None:
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
    CoverageDistance or None
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
    median_km, p90_km, farthest_km = _distances(points[known], points[drawn])
    rng = generator(seed, "reach")
    others = [
        _distances(points[known], points[rng.choice(known, len(drawn), replace=False)]) for _ in range(YARDSTICKS)
    ]
    simple = np.mean(others, axis=0)
    return CoverageDistance(
        points, drawn, len(known), median_km, p90_km, farthest_km, float(simple[0]), float(simple[1])
    )


def _distances(points: Array, drawn: Array) -> tuple[float, float, float]:
    """Give the median, the nine-tenths point and the largest distance to the nearest drawn point."""
    distance = np.asarray(cKDTree(drawn).query(points)[0])
    median_km, p90_km = np.quantile(distance, (0.5, 0.9))
    return float(median_km), float(p90_km), float(distance.max())

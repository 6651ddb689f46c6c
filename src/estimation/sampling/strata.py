"""Strata: a partition of the frame, in the order of the map."""

from dataclasses import dataclass

import numpy as np

from estimation.columns import AREA_LEVELS
from estimation.frame import Frame
from estimation.survey.structure import Array, IntArray


@dataclass(frozen=True, slots=True)
class Strata:
    """A partition of the frame into strata, neighbours beside each other.

    Attributes
    ----------
    columns : str
        The columns that define it, joined by commas.
    codes : numpy.ndarray of intp, shape (N,)
        The stratum of each station, 0 … H - 1.
    labels : tuple of str
        The name of each stratum: its path.
    size : numpy.ndarray, shape (H,)
        Stations N_h.
    parents : tuple of numpy.ndarray of intp, each of shape (H,)
        The area that each stratum lies in, from the nearest level to the widest.
    """

    columns: str
    codes: IntArray
    labels: tuple[str, ...]
    size: Array
    parents: tuple[IntArray, ...]


def strata_by(frame: Frame, columns: str) -> Strata:
    """Make strata of frame columns.

    Strata are ordered as the frame first names their areas, all of one parent area together, so
    that a neighbour in the order is a neighbour on the map.

    Parameters
    ----------
    columns : str
        ``district`` means the area's whole path; several columns are joined by commas.

    Raises
    ------
    FrameError
        A column is not in the frame.
    """
    areas = frame.areas(columns)
    depth = len(areas.paths[0])
    ranks = np.empty((len(areas.paths), depth), dtype=np.intp)
    for level in range(depth):
        seen: dict[tuple[str, ...], int] = {}
        ranks[:, level] = [seen.setdefault(path[: level + 1], len(seen)) for path in areas.paths]
    order = np.lexsort(ranks.T[::-1])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    labels = areas.labels
    codes = place[areas.codes]
    return Strata(
        columns,
        codes,
        tuple(labels[i] for i in order),
        np.bincount(codes, minlength=len(order)).astype(np.float64),
        tuple(ranks[order, level] for level in range(depth - 2, -1, -1)),
    )


def coarser(frame: Frame, n: int, minimum: int) -> list[tuple[str, int]]:
    """List the columns whose strata a sample of n could serve, finest first, with their number."""
    fitting = []
    for name in [
        *reversed(AREA_LEVELS),
        *[c for c in frame.table.columns if c not in (*AREA_LEVELS, "tps_id", "tps", "registered")],
    ]:
        if name in AREA_LEVELS or frame.table[name].nunique() <= n:
            size = strata_by(frame, name).size
            if np.minimum(size, minimum).sum() <= n:
                fitting.append((name, len(size)))
    return fitting

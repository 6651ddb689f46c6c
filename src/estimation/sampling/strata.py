"""Strata: a partition of the frame, in the order of the map."""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array, IntArray
from estimation.columns import AREA_LEVELS
from estimation.errors import DesignError
from estimation.frame import Frame


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


def strata_of(columns: str, codes: IntArray, labels: tuple[str, ...], parents: tuple[IntArray, ...] = ()) -> Strata:
    """Make strata of a partition that somebody else made, for example by a baseline share.

    Parameters
    ----------
    columns : str
        What defines it, for example ``district, baseline_1``.
    codes : numpy.ndarray of intp, shape (N,)
        The stratum of each station, 0 … H - 1, neighbours beside each other.
    labels : tuple of str, H long
        The name of each stratum.
    parents : tuple of numpy.ndarray of intp, each of shape (H,)
        The areas that it lies in, from the nearest level to the widest; strata of one stand together.

    Raises
    ------
    DesignError
        A code has no label, a stratum no station, or a parent area is not one for each stratum.
    """
    number = len(labels)
    if len(codes) == 0 or codes.min() < 0 or codes.max() >= number:
        raise DesignError(f"stratum codes must lie in 0 … {number - 1}, as there are {number} labels")
    size = np.bincount(codes, minlength=number).astype(np.float64)
    if not size.all():
        raise DesignError(f"stratum '{labels[int(np.argmin(size))]}' has no station: leave it out")
    if any(parent.shape != (number,) for parent in parents):
        raise DesignError(f"{number} strata need {number} parent areas on each level")
    return Strata(columns, codes.astype(np.intp, copy=False), labels, size, parents)


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

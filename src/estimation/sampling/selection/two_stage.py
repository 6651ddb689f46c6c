"""Villages first, then stations in them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError
from estimation.sampling.selection.groups import grouped
from estimation.sampling.selection.systematic import systematic, systematic_joint
from estimation.sampling.selection.unequal import inclusion_probabilities, sampford, sampford_joint

METHODS: dict[str, tuple[Callable[..., IntArray], Callable[[Array], Array]]] = {
    "systematic": (systematic, systematic_joint),
    "sampford": (sampford, sampford_joint),
}


@dataclass(frozen=True, slots=True)
class TwoStage:
    """A sample of stations in a sample of clusters.

    Attributes
    ----------
    rows : numpy.ndarray of intp, shape (n,) or (replicates, n)
        Rows of the frame, cluster by cluster. Where a replicate has fewer stations than another, because
        its clusters are small, the rest is -1.
    probability : numpy.ndarray, same shape, 0 … 1
        π of each station, that of its cluster × min(stations, N_c) / N_c; NaN where the row is -1.
    psu_probability : numpy.ndarray, same shape, 0 … 1
        π of its cluster; NaN where the row is -1.
    """

    rows: IntArray
    probability: Array
    psu_probability: Array


def two_stage(
    cluster: ArrayLike,
    clusters: int,
    stations: int,
    rng: np.random.Generator,
    *,
    size: ArrayLike | None = None,
    method: str = "systematic",
    replicates: int | None = None,
) -> TwoStage:
    """Draw clusters with probability proportional to size, then a simple sample in each.

    With size N_c and the same number of stations in each, every station has the same probability (Cochran
    1977, section 11.2); a cluster with fewer stations is taken whole.

    Parameters
    ----------
    cluster : array_like of int, shape (N,), 0 … C - 1
        The cluster of each station; every code has at least one.
    clusters : int, 1 … C
        Clusters to draw.
    stations : int, ≥ 1
        Stations to draw in each.
    rng : numpy.random.Generator
    size : array_like, shape (C,), ≥ 0, optional
        Size of each cluster, such as registered voters; its number of stations by default.
    method : str
        ``"systematic"`` (along the codes) or ``"sampford"``.
    replicates : int, optional
        Draw that many independent samples at once.

    Returns
    -------
    TwoStage

    Raises
    ------
    DesignError
        Codes without a station, more clusters than there are, no station to draw, an unknown method.
    """
    from estimation.sampling.selection import kernels

    codes, count, chance = _first_stage(cluster, clusters, stations, size)
    draw, _ = _method(method)
    chosen = np.atleast_2d(draw(chance, rng, replicates=replicates))
    groups = grouped(codes, len(count))
    rows = np.full((len(chosen), clusters * stations), -1, dtype=np.intp)
    take = np.minimum(stations, count)
    kernels.within(groups.start, count, take, chosen, groups.rows, rng.random(rows.shape), rows)
    rows = rows[:, : int((rows >= 0).sum(axis=1).max())]
    psu = np.where(rows >= 0, chance[codes[rows]], np.nan)
    probability = psu * (take / count)[codes[rows]]
    if replicates is None:
        rows, psu, probability = rows[0], psu[0], probability[0]
    return TwoStage(rows, probability, psu)


def two_stage_joint(
    cluster: ArrayLike,
    clusters: int,
    stations: int,
    rows: ArrayLike | None = None,
    *,
    size: ArrayLike | None = None,
    method: str = "systematic",
) -> Array:
    """Work out the joint inclusion probabilities of `two_stage`.

    Two stations of one cluster: π_c k (k - 1) / (N_c (N_c - 1)), k = min(stations, N_c); of two clusters:
    π_cd (k_c / N_c) (k_d / N_d) (Särndal, Swensson and Wretman 1992, section 4.3).

    Parameters
    ----------
    cluster, clusters, stations, size, method
        As in `two_stage`.
    rows : array_like of int, shape (n,), optional
        Stations that are wanted; all by default.

    Returns
    -------
    numpy.ndarray, shape (n, n)

    Raises
    ------
    DesignError
        As in `two_stage`.
    """
    codes, count, chance = _first_stage(cluster, clusters, stations, size)
    _, joint = _method(method)
    wanted = np.arange(len(codes)) if rows is None else np.asarray(rows, dtype=np.intp)
    inside = codes[wanted]
    take = np.minimum(stations, count)
    share = (take / count)[inside]
    pairs = joint(chance)[np.ix_(inside, inside)] * np.outer(share, share)
    both = (chance * take * (take - 1) / (count * np.maximum(count - 1, 1)))[inside]
    pairs = np.where(inside[:, None] == inside, both[:, None], pairs)
    pairs[wanted[:, None] == wanted] = (chance[inside] * share)[np.nonzero(wanted[:, None] == wanted)[0]]
    return np.asarray(pairs)


def _first_stage(
    cluster: ArrayLike, clusters: int, stations: int, size: ArrayLike | None
) -> tuple[IntArray, IntArray, Array]:
    """Give the codes, the stations of each cluster, and the probability of each cluster."""
    codes = np.asarray(cluster, dtype=np.intp)
    if stations < 1:
        raise DesignError(f"{stations} stations are to be drawn in each cluster: draw at least 1")
    if not len(codes) or codes.min() < 0:
        raise DesignError("cluster codes must be 0 … C - 1, one for each station: number the villages from 0")
    count = np.bincount(codes)
    if not count.all():
        raise DesignError(f"cluster {int(np.argmin(count))} has no station: number the clusters without gaps")
    if not 1 <= clusters <= len(count):
        raise DesignError(f"{clusters} clusters of {len(count)} can't be drawn: draw 1 … {len(count)}")
    weights = count if size is None else np.asarray(size, dtype=np.float64)
    if len(weights) != len(count):
        raise DesignError(
            f"{len(weights)} sizes for {len(count)} clusters: give one for each, in the order of the codes"
        )
    return codes, count, inclusion_probabilities(weights, clusters)


def _method(name: str) -> tuple[Callable[..., IntArray], Callable[[Array], Array]]:
    if name not in METHODS:
        raise DesignError(f"method '{name}' of the first stage is unknown: known are {', '.join(METHODS)}")
    return METHODS[name]

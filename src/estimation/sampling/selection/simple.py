"""Which stations are drawn with equal probabilities, in all or in every stratum."""

import numpy as np

from estimation.errors import DesignError
from estimation.survey.structure import IntArray


def simple(size: int, n: int, rng: np.random.Generator, replicates: int | None = None) -> IntArray:
    """Draw a simple random sample without replacement: all samples of n stations are equally likely.

    Parameters
    ----------
    size : int
        Stations N of the frame.
    n : int, 0 … N
        Stations to draw.
    rng : numpy.random.Generator
    replicates : int, optional
        Draw that many independent samples at once.

    Returns
    -------
    numpy.ndarray of intp, shape (n,) or (replicates, n)
        Rows of the frame in random order.

    Raises
    ------
    DesignError
        n is negative or above N.
    """
    if not 0 <= n <= size:
        raise DesignError(f"n = {n} of {size} stations can't be drawn: n must lie in 0 … {size}")
    if replicates is None:
        return rng.choice(size, n, replace=False).astype(np.intp)
    drawn = np.empty((replicates, n), dtype=np.intp)
    for row in drawn:
        row[:] = rng.choice(size, n, replace=False)
    return drawn


def stratified(
    stratum: IntArray, allocation: IntArray, rng: np.random.Generator, replicates: int | None = None
) -> IntArray:
    """Draw a simple random sample without replacement in every stratum.

    Every station gets a uniform random key and the n_h smallest keys of a stratum are drawn
    (random sort, Tillé 2006, algorithm 4.4), so that all samples of that size are equally likely.

    Parameters
    ----------
    stratum : numpy.ndarray of intp, shape (N,)
        The stratum of each station, 0 … H - 1.
    allocation : numpy.ndarray of intp, shape (H,)
        Stations n_h to draw.
    rng : numpy.random.Generator
    replicates : int, optional
        Draw that many independent samples at once.

    Returns
    -------
    numpy.ndarray of intp, shape (n,) or (replicates, n)
        Rows of the frame, stratum by stratum, in random order within.
    """
    lead = () if replicates is None else (replicates,)
    order = np.argsort(stratum, kind="stable")
    ends = np.cumsum(np.bincount(stratum, minlength=len(allocation)))
    drawn = []
    for h, take in enumerate(allocation):
        rows = order[ends[h - 1] if h else 0 : ends[h]]
        keys = rng.random((*lead, len(rows)))
        if 0 < take < len(rows):
            first = np.argpartition(keys, take - 1, axis=-1)[..., :take]
        else:
            first = np.broadcast_to(np.arange(take), (*lead, take))
        inner = np.argsort(np.take_along_axis(keys, first, axis=-1), axis=-1)
        drawn.append(rows[np.take_along_axis(first, inner, axis=-1)])
    return np.concatenate(drawn, axis=-1)

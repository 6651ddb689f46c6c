"""Which stations are drawn with equal probabilities, in all or in every stratum."""

import numpy as np

from estimation.arrays import IntArray
from estimation.errors import DesignError
from estimation.sampling.selection.checked import blank, laid_out
from estimation.sampling.selection.groups import grouped


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
    from estimation.sampling.selection import kernels

    out, zero = blank(replicates, n), np.zeros(1, dtype=np.intp)
    if n:
        kernels.within(zero, zero + size, zero + n, zero[None], zero[:0], rng.random(out.shape), out)
    return laid_out(out, replicates)


def stratified(
    stratum: IntArray, allocation: IntArray, rng: np.random.Generator, replicates: int | None = None
) -> IntArray:
    """Draw a simple random sample without replacement in every stratum.

    The first n_h steps of Fisher and Yates' shuffle of each stratum (Knuth 1997, algorithm 3.4.2P), so that all
    samples of that size in all orders are equally likely. The frame is passed once, whatever the replicates; faster
    where it lies stratum by stratum.

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

    Raises
    ------
    DesignError
        A stratum has fewer stations than are to be drawn, n_h is negative, or a code lies outside 0 … H - 1.
    """
    from estimation.sampling.selection import kernels

    groups, take = grouped(stratum, len(allocation)), np.asarray(allocation, dtype=np.intp)
    wrong = np.flatnonzero((take > groups.stations) | (take < 0))
    if len(wrong):
        h = int(wrong[0])
        raise DesignError(
            f"stratum {h} has {int(groups.stations[h])} stations and {int(take[h])} are to be drawn: "
            f"allocate between 0 and N_h stations to each stratum"
        )
    out = blank(replicates, int(take.sum()))
    if out.shape[1]:
        same = np.arange(len(take))[None]
        kernels.within(groups.start, groups.stations, take, same, groups.rows, rng.random(out.shape), out)
    return laid_out(out, replicates)

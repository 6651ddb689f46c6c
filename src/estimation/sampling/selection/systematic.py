"""Every so many stations along a list: equal or unequal probabilities, one uniform start."""

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import Array, IntArray
from estimation.sampling.selection.checked import SURE, blank, chances, laid_out, permutation, unsure


def systematic(
    probability: ArrayLike,
    rng: np.random.Generator,
    *,
    order: ArrayLike | None = None,
    replicates: int | None = None,
) -> IntArray:
    """Draw a systematic sample along a list, with the inclusion probabilities given.

    Probabilities are laid end to end; the points u, u + 1, u + 2 … fall on the stations drawn, u being
    uniform (Madow 1949; Tillé 2006, algorithm 7.1). With π = n/N that is the fractional interval, so
    the sample has exactly n stations whether or not N/n is whole. The end of the list is n itself and
    not the rounded sum, so that rounding can't lose the last station. Stations with π ≥ 1 - 1e-9 are
    always in; they move the points of the others by whole numbers, so by nothing.

    Parameters
    ----------
    probability : array_like, shape (N,), 0 … 1
        Inclusion probabilities, whose sum n is a whole number (to 1e-6).
    rng : numpy.random.Generator
        One uniform number is taken for each replicate.
    order : array_like of int, shape (N,), optional
        The rows in the order of the list; the order of the frame by default.
    replicates : int, optional
        Draw that many independent samples at once.

    Returns
    -------
    numpy.ndarray of intp, shape (n,) or (replicates, n)
        Rows drawn, in the order of the list.

    Raises
    ------
    DesignError
        π outside 0 … 1, a sum that is not whole, or an order that does not name each row once.
    """
    from estimation.sampling.selection import kernels

    values, n = chances(probability)
    listed = permutation(order, len(values))
    out = blank(replicates, n)
    starts = rng.random(len(out))
    owner = np.argsort(starts)
    certain = int(np.count_nonzero(values >= SURE)) if values.max() >= SURE else 0
    kernels.systematic_kernel(values if listed is None else values[listed], starts[owner], owner, n - certain, out)
    return laid_out(out if listed is None else listed[out], replicates)


def systematic_joint(probability: ArrayLike, order: ArrayLike | None = None) -> Array:
    """Work out the joint inclusion probabilities of a systematic sample.

    Between two neighbouring boundaries (modulo 1) the start decides on one and the same sample, so that
    π_ij is the length of the starts that draw both (Connor 1966). Most pairs have zero: the design has no
    unbiased variance estimator. Takes N²(8 bytes) and N³ steps: up to some thousand stations.

    Parameters
    ----------
    probability : array_like, shape (N,), 0 … 1
    order : array_like of int, shape (N,), optional
        As in `systematic`.

    Returns
    -------
    numpy.ndarray, shape (N, N)
        In the order of the frame; the diagonal is π.

    Raises
    ------
    DesignError
        As in `systematic`.
    """
    values, _ = chances(probability)
    listed = permutation(order, len(values))
    joint = np.maximum(np.outer(values >= SURE, values), np.outer(values, values >= SURE))
    open_rows = unsure(values)
    if listed is not None:
        open_rows = listed[np.isin(listed, open_rows)]
    if len(open_rows):
        boundary = np.cumsum(values[open_rows])
        size = round(float(boundary[-1]))
        boundary = np.minimum(boundary, size)
        boundary[-1] = size
        cuts = np.sort(np.concatenate([[0.0, 1.0], boundary % 1.0]))
        length = np.diff(cuts)
        points = (cuts[:-1] + length / 2)[:, None] + np.arange(size)
        hit = np.zeros((len(length), len(open_rows)))
        np.put_along_axis(hit, np.searchsorted(boundary, points, side="right"), 1.0, axis=1)
        joint[np.ix_(open_rows, open_rows)] = hit.T @ (length[:, None] * hit)
    np.fill_diagonal(joint, values)
    return np.asarray(joint)

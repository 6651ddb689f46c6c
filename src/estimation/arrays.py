"""Arrays by group: their types, sums and shares of a group, with replicates on leading axes."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


def group_sums(values: Array | BoolArray, group: IntArray, groups: int) -> Array:
    """Add up one column of values (…, n) by group: shape (…, G)."""
    if values.ndim == 1 and group.ndim == 1:
        return np.asarray(np.bincount(group, values, groups), dtype=np.float64)  # of whole numbers where it is empty
    if group.ndim == 1 and len(group) and ascending(group):
        starts = runs(group)
        sums = np.zeros((*values.shape[:-1], groups))
        sums[..., group[starts]] = np.add.reduceat(values, starts, axis=-1, dtype=np.float64)
        return sums
    return stratum_sums(values[..., None], group, groups)[..., 0]


def ascending(group: IntArray) -> bool:
    """Say whether codes (n,) are sorted."""
    return bool((group[1:] >= group[:-1]).all())


def runs(group: IntArray) -> IntArray:
    """Find where each group begins in sorted codes (n,), n at least 1: one place for each group that is there."""
    begins = np.ones(len(group), dtype=np.bool_)
    np.not_equal(group[1:], group[:-1], out=begins[1:])
    return begins.nonzero()[0]


def lengths(starts: IntArray, n: int) -> IntArray:
    """Count the members of each group of n from where each begins."""
    ends = np.empty_like(starts)
    ends[:-1], ends[-1] = starts[1:], n  # np.append would take four times as long, as long as the rest
    return ends - starts


def stratum_sums(values: Array | BoolArray, stratum: IntArray, strata: int) -> Array:
    """Add up values by stratum.

    Parameters
    ----------
    values : numpy.ndarray, shape (…, n, k)
    stratum : numpy.ndarray of intp, shape (n,) or (…, n)
    strata : int
        Number of strata H.

    Returns
    -------
    numpy.ndarray, shape (…, H, k)
    """
    *lead, n, k = values.shape
    if values.ndim == 2 and stratum.ndim == 1:
        flat, blocks = stratum, 1
    else:
        lead = list(np.broadcast_shapes(tuple(lead), stratum.shape[:-1]))
        blocks = int(np.prod(lead, dtype=np.int64))
        codes = np.broadcast_to(stratum, (*lead, n)).reshape(blocks, n)
        flat = (codes + strata * np.arange(blocks)[:, None]).ravel()
    sums = np.empty((blocks * strata, k))
    for j in range(k):
        column = np.broadcast_to(values[..., j], (*lead, n)).ravel()
        sums[:, j] = np.bincount(flat, column, blocks * strata)
    return sums.reshape(*lead, strata, k)


def per_station(values: Array, group: IntArray) -> Array:
    """Give every station the value of its group: (…, G) and (n,) or (…, n) to (…, n)."""
    if group.ndim == 1:
        return np.asarray(values[..., group])
    shape = np.broadcast_shapes(values.shape[:-1], group.shape[:-1])
    flat = np.broadcast_to(values, (*shape, values.shape[-1])).reshape(-1)
    blocks = int(np.prod(shape, dtype=np.int64))
    codes = np.broadcast_to(group, (*shape, group.shape[-1])).reshape(blocks, -1)
    rows = codes + values.shape[-1] * np.arange(blocks)[:, None]
    return np.asarray(flat[rows].reshape(*shape, -1))

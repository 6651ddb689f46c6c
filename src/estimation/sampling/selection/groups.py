"""Where the stations of each stratum or cluster are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import IntArray
from estimation.errors import DesignError


@dataclass(frozen=True, slots=True)
class Groups:
    """The rows of a frame, group by group.

    Attributes
    ----------
    start, stations : numpy.ndarray of intp, shape (G,)
        First place and number of the stations of each group.
    rows : numpy.ndarray of intp, shape (N,) or (0,)
        The row of the frame at each place; empty where the frame lies group by group already.
    """

    start: IntArray
    stations: IntArray
    rows: IntArray


def grouped(code: ArrayLike, groups: int) -> Groups:
    """Find the stations of each group in one pass, and in three where the codes are not ascending.

    Parameters
    ----------
    code : array_like of int, shape (N,), 0 … G - 1
    groups : int
        Their number G; a group may be empty.

    Raises
    ------
    DesignError
        A code lies outside 0 … G - 1.
    """
    from estimation.sampling.selection import kernels

    codes = np.ascontiguousarray(code, dtype=np.intp)
    ascending = kernels.ascending_kernel(codes)
    if len(codes):
        low, high = (codes[0], codes[-1]) if ascending else (codes.min(), codes.max())
        if low < 0 or high >= groups:
            raise DesignError(
                f"codes lie in {int(low)} … {int(high)}, they must lie in 0 … {groups - 1}: "
                f"number the {groups} groups from 0"
            )
    if ascending:
        ends = np.searchsorted(codes, np.arange(groups), side="right")
    else:
        ends = np.cumsum(np.bincount(codes, minlength=groups))
    stations = np.diff(ends, prepend=0)
    start = ends - stations
    return Groups(start, stations, np.zeros(0, dtype=np.intp) if ascending else kernels.sorted_rows(codes, start))

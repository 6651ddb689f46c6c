"""How many stations each stratum gets."""

import numpy as np
from numpy.typing import NDArray

from estimation.errors import DesignError
from estimation.survey.structure import Array, IntArray


def proportional(n: int, size: Array, minimum: int = 2) -> IntArray:
    """Allocate n in proportion to stratum sizes, with a minimum and never more than there are.

    n_h = n N_h / N (Cochran 1977, section 5.5). Strata whose share lies below the minimum, or
    above N_h, are fixed there, all of one pass together, and the rest is shared again until
    nothing changes; whole numbers by largest remainder, ties to the first stratum.

    Parameters
    ----------
    n : int
        Stations to allocate.
    size : numpy.ndarray, shape (H,)
        Stations N_h of each stratum.
    minimum : int
        The least for a stratum; one that is smaller is taken whole.

    Returns
    -------
    numpy.ndarray of intp, shape (H,)
        It adds up to n.

    Raises
    ------
    DesignError
        n is above N, or the minima alone are above n.
    """
    population = int(size.sum())
    if n > population:
        raise DesignError(f"n = {n} is more than the {population} stations there are: ask for {population} or fewer")
    floor = np.minimum(size, minimum)
    if floor.sum() > n:
        raise DesignError(
            f"n = {n} is too few for {len(size)} strata with at least {minimum} stations each: "
            f"they need {int(floor.sum())}"
        )
    share = np.zeros(len(size))
    free = np.ones(len(size), dtype=np.bool_)
    while True:
        share[free] = (n - share[~free].sum()) * size[free] / size[free].sum()
        low, high = free & (share < floor), free & (share > size)
        if not (low | high).any():
            break
        share[low], share[high] = floor[low], size[high]
        free &= ~(low | high)
        if not free.any():
            break
    return _round(share, n, free)


def _round(share: Array, n: int, free: NDArray[np.bool_]) -> IntArray:
    """Round to whole numbers that add up to n, by largest remainder among the free strata."""
    whole = np.floor(share + 1e-9).astype(np.intp)
    rest = n - int(whole.sum())
    remainder = np.where(free, share - whole, -1.0)
    whole[np.argsort(-remainder, kind="stable")[:rest]] += 1
    return whole

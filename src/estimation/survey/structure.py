"""What a variance may know of a design."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimation.errors import DesignError

Array = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Structure:
    """The design of the stations that are looked at; leading axes are replicates.

    Attributes
    ----------
    weight : numpy.ndarray, shape (…, n)
        Expansion weight of each station, stations of the population for each; 0 = not in.
    stratum : numpy.ndarray of intp, shape (n,) or (…, n)
        The stratum of each station, 0 … H - 1.
    size : numpy.ndarray, shape (H,) or (…, H)
        Stations in each stratum of the population; infinite for sampling with replacement.
    method : str
        How the sample was drawn.
    """

    weight: Array
    stratum: IntArray
    size: Array
    method: str = "stratified"

    def __post_init__(self) -> None:
        n, strata = self.weight.shape[-1], self.size.shape[-1]
        if self.stratum.shape[-1] != n:
            raise DesignError(f"{n} weights and {self.stratum.shape[-1]} strata: give one stratum for each weight")
        if n and (self.stratum.min() < 0 or self.stratum.max() >= strata):
            raise DesignError(f"stratum codes must lie in 0 … {strata - 1}, as there are {strata} sizes")
        if not np.all(self.weight >= 0):
            raise DesignError("a weight is negative or not a number: weights are 0 (not in) or positive")

    @property
    def strata(self) -> int:
        """Number of strata H."""
        return int(self.size.shape[-1])

    def count(self) -> Array:
        """Count the stations that are in, by stratum: shape (…, H)."""
        inside = (self.weight > 0).astype(np.float64)[..., None]
        return np.asarray(stratum_sums(inside, self.stratum, self.strata)[..., 0])

    def df(self) -> Array:
        """Degrees of freedom: stations in, less strata that have any; shape (…)."""
        count = self.count()
        return np.asarray(count.sum(axis=-1) - (count > 0).sum(axis=-1), dtype=np.float64)


def stratum_sums(values: Array, stratum: IntArray, strata: int) -> Array:
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
    lead = list(np.broadcast_shapes(tuple(lead), stratum.shape[:-1]))
    values = np.broadcast_to(values, (*lead, n, k))
    blocks = int(np.prod(lead, dtype=np.int64))
    codes = np.broadcast_to(stratum, (*lead, n)).reshape(blocks, n) + strata * np.arange(blocks)[:, None]
    flat = codes.ravel()
    sums = [np.bincount(flat, values[..., j].ravel(), blocks * strata) for j in range(k)]
    return np.stack(sums, axis=-1).reshape(*lead, strata, k).astype(np.float64, copy=False)

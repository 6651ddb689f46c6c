"""What a sample costs: stations, and villages to go to; and how many stations a budget pays."""

from dataclasses import dataclass
from math import floor

import numpy as np
from scipy.special import gammaln

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.sampling.auxiliary import positive
from estimation.sampling.strata import Strata


@dataclass(frozen=True, slots=True)
class Prices:
    """What stations of a frame cost, in any one currency.

    Attributes
    ----------
    station : numpy.ndarray, shape (N,)
        Of each station, ≥ 0.
    village : float
        Of going to a village, whatever the number of its stations, ≥ 0.
    """

    station: Array
    village: float

    @property
    def mean(self) -> float:
        """The mean cost of a station."""
        return float(self.station.mean())

    def of(self, frame: Frame, rows: IntArray) -> float:
        """Add up what the stations in some rows of the frame cost, and their villages."""
        villages = len(np.unique(frame.areas("village").codes[rows]))
        return float(self.station[rows].sum()) + villages * self.village


def prices_of(frame: Frame, cost: str, cost_station: float, cost_village: float) -> Prices | None:
    """Give the cost of every station: by a column of the frame, or the same for all; None where none is given.

    A station whose cost is blank gets the mean of the others.

    Raises
    ------
    DesignError
        The column is not in the frame, holds no number, or one that is not above 0.
    """
    if not (cost or cost_station or cost_village):
        return None
    station = positive(frame, cost) if cost else np.full(len(frame), float(cost_station))
    return Prices(station, cost_village)


def expected_villages(size: Array, n: float) -> float:
    """Compute how many villages a simple random sample is expected to meet: Σ_v 1 - C(N - N_v, n) / C(N, n).

    Parameters
    ----------
    size : numpy.ndarray, shape (V,)
        Stations N_v of each village, N together.
    n : float
        Stations drawn, 0 … N.
    """
    total = float(size.sum())
    rest = total - size
    can_miss = rest >= n
    none = np.zeros(len(size))
    some = rest[can_miss]
    none[can_miss] = np.exp(
        gammaln(some + 1) - gammaln(some - n + 1) - gammaln(total + 1) + gammaln(total - n + 1),
    )
    return float(len(size) - none.sum())


def by_stratum(frame: Frame, strata: Strata, prices: Prices, n: int) -> Array:
    """Compute the cost c_h of one more station in each stratum, shape (H,).

    The mean cost of its stations, and of its villages what falls to a station: c_v E_h / n_h, with the villages E_h
    that a simple sample of n_h = n N_h / N of its stations is expected to meet. So strata of many small
    villages cost more.
    """
    count = len(strata.labels)
    mean = np.bincount(strata.codes, prices.station, count) / strata.size
    if not prices.village:
        return np.asarray(mean)
    village = frame.areas("village").codes
    each = np.clip(n * strata.size / strata.size.sum(), 1.0, strata.size)
    met = np.empty(count)
    for h in range(count):
        size = np.bincount(village[strata.codes == h])
        met[h] = expected_villages(size[size > 0].astype(np.float64), float(each[h]))
    return np.asarray(mean + prices.village * met / each)


def affordable(
    budget: float, cost_station: float, cost_village: float = 0.0, size: Array | None = None, *, visits: float = 1.0
) -> tuple[int, float]:
    """Find the most stations that a budget pays, villages included.

    Parameters
    ----------
    budget, cost_station, cost_village : float
        In one currency, ≥ 0; the costs not both 0.
    size : numpy.ndarray, shape (V,)
        Stations N_v of each village; needed where going to villages costs.
    visits : float
        Villages that the design goes to, relative to a simple sample of as many stations.

    Returns
    -------
    n : int
        0 … N (without villages without limit).
    cost : float
        Of these.

    Raises
    ------
    DesignError
        Both costs are 0, or villages cost and their sizes are not given.
    """
    if not cost_station and not cost_village:
        raise DesignError("a budget needs costs: give cost_station, a cost column, or cost_village")
    if not cost_village:
        n = floor(budget / cost_station + 1e-9)
        return n, n * cost_station
    if size is None:
        raise DesignError("going to villages costs, and the sizes of villages are not known: give them")

    def cost(n: int) -> float:
        return n * cost_station + cost_village * villages_met(size, n, visits)

    low, high = 0, int(size.sum())
    while low < high:  # the cost rises with n
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(middle) <= budget * (1 + 1e-9) else (low, middle - 1)
    return low, cost(low)


def villages_met(size: Array, n: float, visits: float = 1.0) -> float:
    """Estimate the villages that n stations lie in: those of a simple sample times `visits`, n or all at most."""
    return min(expected_villages(size, n) * visits, float(n), float(len(size)))

"""Strata made of what is known beforehand: cuts of an auxiliary, crossings, mergers, and what they gain."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError
from estimation.sampling import allocation as allocations
from estimation.sampling.strata import Strata, strata_of
from estimation.seeds import generator
from estimation.survey.collapse import collapse


@dataclass(frozen=True, slots=True)
class Cut:
    """A variable cut into strata, from low to high.

    Attributes
    ----------
    boundaries : numpy.ndarray, shape (L - 1,)
        Stratum l holds boundary l - 1 < x ≤ boundary l, in units of x.
    codes : numpy.ndarray of intp, shape (N,)
        The stratum of each station, 0 … L - 1.
    allocation : numpy.ndarray of intp, shape (L,), or None
        Neyman's allocation of the n that the cut was made for.
    variance : float or None
        The variance of the expanded total of x under that allocation.
    """

    boundaries: Array
    codes: IntArray
    allocation: IntArray | None = None
    variance: float | None = None

    def summary(self, x: Array) -> pd.DataFrame:
        """Describe each stratum: bounds, stations, mean and spread of x, shape (N,), and its allocation."""
        groups = pd.Series(x).groupby(self.codes)
        table = pd.DataFrame(
            {
                "low": groups.min(),
                "high": groups.max(),
                "stations": groups.size(),
                "mean": groups.mean(),
                "spread": groups.std().fillna(0.0),
            }
        )
        table.index = pd.Index(self.names, name="stratum")
        if self.allocation is not None:
            table["n"] = self.allocation
        return table

    @property
    def names(self) -> list[str]:
        """Name the strata by their bounds: ``≤ 0.4``, ``0.4–0.6``, ``> 0.6``."""
        digits = next(
            (k for k in (4, 6, 9) if len({f"{b:.{k}g}" for b in self.boundaries}) == len(self.boundaries)), 17
        )
        cuts = [f"{value:.{digits}g}" for value in self.boundaries]
        if not cuts:
            return ["all"]
        return [f"≤ {cuts[0]}", *[f"{a}–{b}" for a, b in pairwise(cuts)], f"> {cuts[-1]}"]

    def strata(self, columns: str) -> Strata:
        """Make strata of it, named by the variable and the bounds."""
        return strata_of(columns, self.codes, tuple(f"{columns} {name}" for name in self.names))


def cumulative_root_frequency(x: Array, strata: int, bins: int | Array | None = None) -> Cut:
    """Cut a variable where the cumulative √f passes equal steps (Dalenius and Hodges 1959).

    Frequencies f are counted in classes of equal width; each boundary is the class limit whose
    cumulative √f lies nearest to l/L of all (Cochran 1977, section 5A.7).

    Parameters
    ----------
    x : numpy.ndarray, shape (N,)
        The variable, for example a candidate's share in an earlier election; no missing values.
    strata : int
        Number of strata L ≥ 1.
    bins : int or numpy.ndarray, optional
        Number of classes, or their limits in rising order; 20 classes for each stratum without it.

    Raises
    ------
    DesignError
        x is missing somewhere, or takes too few values for so many strata.
    """
    x = _known(x, strata)
    frequency, limits = np.histogram(x, bins=20 * strata if bins is None else bins)
    if frequency.sum() < len(x):
        raise DesignError(f"{len(x) - frequency.sum()} values lie outside the classes: widen the outer limits")
    total = np.cumsum(np.sqrt(frequency))
    steps = total[-1] * np.arange(1, strata) / strata
    nearest = np.abs(total[:, None] - steps).argmin(axis=0)
    return _cut(x, limits[1:][nearest])


def lavallee_hidiroglou(
    x: Array,
    strata: int,
    n: int,
    *,
    take_all: bool = False,
    minimum: int = 2,
    seed: int | str = 1,
    steps: int = 2000,
) -> Cut:
    """Cut a skewed variable for the smallest variance at n stations (Lavallée and Hidiroglou 1988).

    Boundaries minimise the variance of the expanded total of x under Neyman's allocation. They are
    found by Kozak's (2004) random search from the cumulative √f cut: one boundary moves by a random
    step and stays where that is better; at the end each moves to the best place near it until none
    can. (Lavallée and Hidiroglou fix the precision and minimise n, the same problem turned round.)

    Parameters
    ----------
    x : numpy.ndarray, shape (N,)
        The variable; no missing values.
    strata : int
        Number of strata L ≥ 1.
    n : int
        Stations to allocate.
    take_all : bool
        Whether the top stratum must be taken whole; any may be, where that is best.
    minimum : int
        The least stations in a stratum, and of it in the sample, ≥ 1.
    seed : int or str
        Of the search; the same one gives the same boundaries.
    steps : int
        Random moves to try.

    Returns
    -------
    Cut
        With the allocation and the variance.

    Raises
    ------
    DesignError
        x is missing somewhere, or takes too few values for so many strata, or n is too few.
    """
    x = _known(x, strata)
    if minimum < 1 or n < minimum * strata or n > len(x):
        raise DesignError(
            f"n = {n} does not fit {strata} strata of {len(x)} stations with at least {minimum} each: "
            f"ask for {max(minimum, 1) * strata} … {len(x)}, or for fewer strata"
        )
    search = _Search.of(x, n, minimum, take_all)
    place = search.start(strata)
    best = search.variance(place)
    rng = generator(seed, "lavallee_hidiroglou")
    lengths = np.exp(rng.uniform(0, np.log(1 + len(search.distinct) / strata), steps)).astype(np.intp)
    lengths[rng.random(steps) < 0.5] *= -1
    for which, step in zip(rng.integers(0, max(strata - 1, 1), steps), lengths, strict=True):
        if strata == 1:
            break
        moved = place.copy()
        moved[which] += step
        found = search.variance(moved)
        if found < best:
            place, best = moved, found
    place, best = search.descend(place, best)
    if not np.isfinite(best):
        raise DesignError(
            f"no cut of {len(search.distinct)} distinct values leaves {minimum} stations in each of {strata} strata: "
            f"ask for fewer strata" + (" or do without take_all" if take_all else "")
        )
    cut = _cut(x, search.distinct[place])
    allocation, variance = _allocate(x, cut.codes, n, minimum, take_all)
    return Cut(cut.boundaries, cut.codes, allocation, variance)


@dataclass(frozen=True, slots=True)
class _Search:
    """The variance of a cut from sums over the sorted distinct values, which costs no pass over the stations."""

    distinct: Array  # values of x, rising
    sums: Array  # (D + 1, 3): stations, x and x² below each
    n: int
    minimum: int
    take_all: bool

    @classmethod
    def of(cls, x: Array, n: int, minimum: int, take_all: bool) -> "_Search":
        values, count = np.unique(x, return_counts=True)
        centred = values - x.mean()
        sums = np.zeros((len(values) + 1, 3))
        sums[1:] = np.cumsum(np.column_stack([count, count * centred, count * centred**2]), axis=0)
        return cls(values, sums, n, minimum, take_all)

    def start(self, strata: int) -> IntArray:
        """Begin with equal steps of √f over the values, or with equal numbers of values where that is not feasible."""
        if strata == 1 or len(self.distinct) == 1:
            return np.zeros(strata - 1, dtype=np.intp)
        root = np.cumsum(np.sqrt(np.diff(self.sums[:, 0]) * np.gradient(self.distinct, edge_order=1)))
        steps = np.arange(1, strata) / strata
        first = np.searchsorted(root, root[-1] * steps).astype(np.intp)
        stations = np.searchsorted(self.sums[1:, 0], self.sums[-1, 0] * steps).astype(np.intp)
        top = np.searchsorted(self.sums[1:, 0], self.sums[-1, 0] - self.minimum * np.arange(strata - 1, 0, -1)) - 1
        return min((first, stations, top.astype(np.intp)), key=self.variance)

    def variance(self, place: IntArray) -> float:
        """Compute Σ N_h² (1/n_h - 1/N_h) S_h² under Neyman's allocation; infinite where the cut is not allowed."""
        edges = np.concatenate([[-1], place, [len(self.distinct) - 1]])
        if np.any(np.diff(edges) < 1):
            return np.inf
        number, total, square = np.diff(self.sums[edges + 1], axis=0).T
        spread = np.sqrt(np.maximum(square - total**2 / number, 0.0) / np.maximum(number - 1, 1))
        left, open_ = self.n, len(number)
        if self.take_all:
            left, open_ = self.n - int(number[-1]), len(number) - 1
        if np.any(number < self.minimum) or left < self.minimum * open_:
            return np.inf
        number, spread = number[:open_], spread[:open_]
        measure = np.maximum(number * spread, 1e-9 * number * (spread.max(initial=0.0) or 1.0))
        share, _ = allocations.bounded(left, measure, np.full(open_, float(self.minimum)), number)
        return float((number**2 * (1 / share - 1 / number) * spread**2).sum())

    def descend(self, place: IntArray, best: float) -> tuple[IntArray, float]:
        """Move one boundary at a time, by one to five values or a power of two, until none improves."""
        reach = [1, 2, 3, 4, 5, *(2 ** np.arange(3, max(4, int(np.log2(len(self.distinct))) + 1))).tolist()]
        improved = True
        while improved:
            improved = False
            for which in range(len(place)):
                for step in [*reach, *(-step for step in reach)]:
                    moved = place.copy()
                    moved[which] += step
                    found = self.variance(moved)
                    if found < best:
                        place, best, improved = moved, found, True
        return place, best


def cross(a: Strata, b: Strata) -> Strata:
    """Cross two partitions of the same stations, for example areas and classes of a baseline share.

    Strata go by `a`, then by `b`; combinations without stations are left out. Each one's parents are
    its stratum in `a` and that one's parents, so that what is too small is merged inside it first.

    Raises
    ------
    DesignError
        The partitions are not of the same number of stations.
    """
    if len(a.codes) != len(b.codes):
        raise DesignError(f"{len(a.codes)} and {len(b.codes)} stations can't be crossed: cut the same frame twice")
    found, codes = np.unique(a.codes * len(b.labels) + b.codes, return_inverse=True)
    first, second = np.divmod(found, len(b.labels))
    labels = tuple(f"{a.labels[i]} / {b.labels[j]}" for i, j in zip(first, second, strict=True))
    parents = (first.astype(np.intp), *[parent[first] for parent in a.parents])
    return strata_of(f"{a.columns}, {b.columns}", codes.astype(np.intp), labels, parents)


def merge_small(strata: Strata, minimum: int) -> Strata:
    """Merge strata of fewer stations than a minimum into their neighbour of the same parent area.

    The rule is that of :func:`estimation.survey.collapse.collapse`: with the next one, the last with
    the one before; only a whole parent area that is too small joins the next parent area.

    Parameters
    ----------
    strata : Strata
    minimum : int
        The least stations N_h of a stratum, ≥ 1.

    Raises
    ------
    DesignError
        All stations together are fewer than the minimum.
    """
    if strata.size.sum() < minimum:
        raise DesignError(f"all {strata.size.sum():.0f} stations are fewer than the minimum of {minimum}: lower it")
    group = collapse(strata.size, np.full(len(strata.size), np.inf), list(strata.parents), needed=minimum)
    first = np.unique(group, return_index=True)[1]
    members = np.split(np.arange(len(group)), first[1:])
    labels = tuple(_joined([strata.labels[i] for i in rows]) for rows in members)
    return strata_of(strata.columns, group[strata.codes], labels, tuple(parent[first] for parent in strata.parents))


def gain(values: Array, partitions: Mapping[str, Strata | IntArray], n: int, minimum: int = 2) -> pd.DataFrame:
    """Compare the variance under stratification with that of a simple random sample of the same n.

    Parameters
    ----------
    values : numpy.ndarray, shape (N,)
        For a ratio the residuals d = y - θ v of an earlier election, in votes.
    partitions : mapping of str to Strata or to numpy.ndarray of intp, shape (N,)
        The stratifications, by name.
    n : int
        Stations in the sample.
    minimum : int
        The least for a stratum.

    Returns
    -------
    pandas.DataFrame
        One row a stratification, the first without any: ``strata``; ``proportional`` and ``neyman``,
        the variances relative to none, fpc included; ``equivalent``, the n that a simple random
        sample would need for the proportional one's variance. Neyman's knows the S_h of these
        very values, so promises more than another election will keep.

    Raises
    ------
    DesignError
        A stratification does not fit the stations, n is too few for it, or the values do not vary.
    """
    values = np.asarray(values, dtype=np.float64)
    population = len(values)
    simple = population**2 * (1 / n - 1 / population) * float(values.var(ddof=1))
    if not simple > 0:
        raise DesignError("nothing varies between stations, or n takes all of them: there is nothing to gain")
    rows = {"none": (1, 1.0, 1.0, float(n))}
    for name, partition in partitions.items():
        codes = partition.codes if isinstance(partition, Strata) else partition
        if len(codes) != population:
            raise DesignError(f"stratification '{name}' has {len(codes)} stations, the values {population}")
        size, spread = _spreads(values, codes)
        shares = [allocations.proportional(n, size, minimum), allocations.neyman(n, size, spread, minimum)]
        ratios = [float(allocations.variance(share, size, spread)) / simple for share in shares]
        needed = 1 / (ratios[0] * (1 / n - 1 / population) + 1 / population)
        rows[name] = (len(size), ratios[0], ratios[1], needed)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["strata", "proportional", "neyman", "equivalent"])


def _known(x: Array, strata: int) -> Array:
    """Check that x is known everywhere and takes at least as many values as there are to be strata."""
    x = np.asarray(x, dtype=np.float64)
    missing = int((~np.isfinite(x)).sum())
    if missing or len(x) == 0:
        raise DesignError(
            f"the variable is missing for {missing} of {len(x)} stations: give them a stratum of their own"
        )
    if not 1 <= strata <= (values := len(np.unique(x))):
        raise DesignError(f"{strata} strata can't be made of {values} distinct values: ask for 1 … {values}")
    return x


def _cut(x: Array, boundaries: Array) -> Cut:
    """Code x by its boundaries; every stratum must hold a station."""
    codes = np.searchsorted(boundaries, x, side="left").astype(np.intp)
    filled = np.count_nonzero(np.bincount(codes, minlength=len(boundaries) + 1))
    if filled <= len(boundaries):
        raise DesignError(
            f"only {filled} of {len(boundaries) + 1} strata would hold stations, as many stations share a value: "
            f"ask for fewer strata, or count in more classes"
        )
    return Cut(np.asarray(boundaries, dtype=np.float64), codes)


def _spreads(values: Array, codes: IntArray) -> tuple[Array, Array]:
    """Compute N_h and S_h of each stratum; S_h is 0 where there is one station."""
    size = np.bincount(codes).astype(np.float64)
    if not size.all():
        raise DesignError(f"stratum {int(np.argmin(size))} has no station: leave it out")
    mean = np.bincount(codes, values) / size
    return size, np.sqrt(np.bincount(codes, (values - mean[codes]) ** 2) / np.maximum(size - 1, 1))


def _allocate(x: Array, codes: IntArray, n: int, minimum: int, take_all: bool) -> tuple[IntArray, float]:
    """Allocate n by Neyman in whole numbers, the top stratum whole where asked."""
    size, spread = _spreads(x, codes)
    floor = np.full(len(size), minimum)
    floor[-1] = size[-1] if take_all else minimum
    allocation = allocations.neyman(n, size, spread, floor)
    return allocation, float(allocations.variance(allocation, size, spread))


def _joined(labels: list[str]) -> str:
    """Name a merged stratum by its members' common path and what differs: ``R1 / UTARA + BARAT``."""
    if len(labels) == 1:
        return labels[0]
    paths = [label.split(" / ") for label in labels]
    common = 0
    while common < min(map(len, paths)) - 1 and len({path[common] for path in paths}) == 1:
        common += 1
    return " / ".join([*paths[0][:common], " + ".join(" / ".join(path[common:]) for path in paths)])

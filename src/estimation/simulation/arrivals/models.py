"""Models of arrival, and the part of a sample that they have in.

A model is a function of a population, the rows of b samples and a generator; it gives every station a key,
the smaller the earlier, infinite for a station that never reports. Finite keys of a sample differ from each
other: what is equal has been put in an order at random.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from estimation.arrays import Array, BoolArray, IntArray
from estimation.errors import DesignError
from estimation.estimators.propensity import distances
from estimation.frame import Frame
from estimation.sampling import strata_for
from estimation.simulation.population import Population

ArrivalModel = Callable[[Population, IntArray, np.random.Generator], Array]

STEPS = 100  # of a bisection


def ranks(keys: Array) -> IntArray:
    """Rank stations by arrival, 1 … n; those that never report come last, in the order they stand in.

    Parameters
    ----------
    keys : numpy.ndarray, shape (…, n)
        Of an arrival model.

    Returns
    -------
    numpy.ndarray of intp, shape (…, n)
    """
    order = np.argsort(keys, axis=-1, kind="stable")
    place = np.empty(keys.shape, dtype=np.intp)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(1, keys.shape[-1] + 1), keys.shape), axis=-1)
    return place


def arrived(keys: Array, part: float, drawn: BoolArray | None = None) -> BoolArray:
    """Say which stations are in once a part of the sample has been received.

    Parameters
    ----------
    keys : numpy.ndarray, shape (…, n)
        Of an arrival model.
    part : float
        Of the n stations, in [0, 1]: the first round(part · n) are in, fewer where too few ever report.
    drawn : numpy.ndarray of bool, shape (…, n), optional
        False for a place that a smaller sample leaves empty; n is then the number of True.

    Returns
    -------
    numpy.ndarray of bool, shape (…, n)

    Raises
    ------
    DesignError
        The part does not lie in [0, 1].
    """
    if not 0 <= part <= 1:
        raise DesignError(f"a received part of {part} lies outside [0, 1]: write 0.5 for half of the sample")
    if drawn is None:
        return np.asarray(np.isfinite(keys) & (ranks(keys) <= round(part * keys.shape[-1])))
    wanted = np.rint(part * drawn.sum(axis=-1, keepdims=True))
    return np.asarray(drawn & np.isfinite(keys) & (ranks(np.where(drawn, keys, np.inf)) <= wanted))


def arrival_ranks(keys: Array, rng: np.random.Generator) -> Array:
    """Replace keys (b, n) by 1 … n, equal ones in random order; infinite ones stay."""
    order = np.lexsort((rng.random(keys.shape), keys), axis=-1)
    place = np.empty(keys.shape)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(1.0, keys.shape[-1] + 1), keys.shape), axis=-1)
    return np.where(np.isfinite(keys), place, np.inf)


@dataclass(frozen=True, slots=True)
class Random:
    """Any order is as likely as any other."""

    def __call__(self, population: Population, rows: IntArray, rng: np.random.Generator) -> Array:
        """Give keys, shape (b, n)."""
        return rng.random(rows.shape)


@dataclass(frozen=True, slots=True)
class Ordered:
    """Small, or near, stations tend to come first.

    The key is a z + √(1 - a²) e: z the normal score of the station's roll or distance among all of the
    population, e normal.

    Attributes
    ----------
    by : str
        ``size``: registered voters. ``distance``: the frame's column ``distance``, else kilometres to the middle
        (the median by voters) of the station's regency. A station without it has z = 0.
    strength : float
        The correlation a in [-1, 1]; 1 is the strict order, ties at random; negative: large or far ones first.
    """

    by: str
    strength: float = 0.5

    def __post_init__(self) -> None:
        _within(self.by, self.strength, -1, 1, "the correlation of the order of arrival with it")

    def __call__(self, population: Population, rows: IntArray, rng: np.random.Generator) -> Array:
        """Give keys, shape (b, n).

        Raises
        ------
        DesignError
            The frame has neither distances nor coordinates.
        """
        frame = population.frame
        score = normal_scores(frame.registered if self.by == "size" else distances_of(frame))[rows]
        keys = self.strength * score + np.sqrt(1 - self.strength**2) * rng.standard_normal(rows.shape)
        return arrival_ranks(keys, rng) if abs(self.strength) == 1 else keys


@dataclass(frozen=True, slots=True)
class AreaOrder:
    """Areas have a quick or a slow night, another one in every sample.

    The key is √ρ u + √(1 - ρ) e with u a normal effect of the area and e normal.

    Attributes
    ----------
    level : str
        Frame column of the areas.
    part : float
        ρ in [0, 1], the part of the keys' variance that lies between areas; 1: area after area, in each at random.
    """

    level: str = "district"
    part: float = 0.5

    def __post_init__(self) -> None:
        _within("area", self.part, 0, 1, "the part of the variance between areas")

    def __call__(self, population: Population, rows: IntArray, rng: np.random.Generator) -> Array:
        """Give keys, shape (b, n)."""
        keys = np.sqrt(self.part) * area_effects(population.frame, self.level, rows, rng)
        return (
            arrival_ranks(keys, rng)
            if self.part == 1
            else keys + np.sqrt(1 - self.part) * rng.standard_normal(rows.shape)
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """Whole areas never report, other ones in every sample; all other stations come in random order.

    Attributes
    ----------
    part : float
        Of the areas, in [0, 1); at least one where it is not 0, and never all.
    level : str
        Frame column of the areas.
    """

    part: float = 0.15
    level: str = "district"

    def __post_init__(self) -> None:
        _within("missing", self.part, 0, 1 - 1e-12, "the part of the areas that never report")

    def __call__(self, population: Population, rows: IntArray, rng: np.random.Generator) -> Array:
        """Give keys, shape (b, n).

        Raises
        ------
        DesignError
            There is one area only.
        """
        codes = population.frame.areas(self.level).codes
        areas = int(codes.max()) + 1
        if areas == 1 and self.part > 0:
            raise DesignError(f"arrival 'missing' needs two areas of level '{self.level}' at least, and there is one")
        silent = min(max(round(self.part * areas), int(self.part > 0)), areas - 1)
        lot = ranks(rng.random((len(rows), areas)))
        never = np.take_along_axis(lot, codes[rows], axis=-1) <= silent
        return np.where(never, np.inf, rng.random(rows.shape))


@dataclass(frozen=True, slots=True)
class Adverse:
    """Strongholds of the first candidate come first inside their strata, which no correction can see.

    With z the residual of r = (y - θ v) / x (votes of the first candidate less his share of the valid votes,
    by voter) from its stratum's mean, weighted by x and of standard deviation σ, a station's moment u in 0 … 1
    has the density 1 + c (1 - 2u), c = b z within ±1, where b makes the weighted mean of c z equal to δ. Then
    E(z | u) = δ (1 - 2u), so that what is in while a part p is differs from all by δ (1 - p) standard deviations,
    and the first candidate's share by δ (1 - p) σ Σx / Σv: the bias that a projection from partial returns
    allows for, at every p. u is drawn by inversion: 2e / (1 + c + √((1 + c)² - 4ce)), e uniform.

    Attributes
    ----------
    delta : float
        δ; negative: his strongholds come last. It is at most the weighted mean of the absolute z, about 0.8.
    strata : str
        Frame columns of the strata; blank: the contest's ``[design] strata``, or districts where it has none.
    """

    delta: float = 0.1
    strata: str = ""

    def __post_init__(self) -> None:
        _within("adverse", self.delta, -1, 1, "δ, in standard deviations between stations")

    def __call__(self, population: Population, rows: IntArray, rng: np.random.Generator) -> Array:
        """Give keys, shape (b, n).

        Raises
        ------
        DesignError
            No order differs from the whole by so much, or stations of a stratum don't differ.
        """
        c = self.slopes(population)[rows]
        e = 1 - rng.random(rows.shape)  # above 0
        return np.asarray(2 * e / (1 + c + np.sqrt(np.maximum((1 + c) ** 2 - 4 * c * e, 0))))

    def slopes(self, population: Population) -> Array:
        """Give c of every station, shape (N,)."""
        z, x, _ = adverse_residuals(population, self.strata)
        largest = float((x * np.abs(z)).sum() / x.sum())
        if abs(self.delta) >= largest:
            raise DesignError(
                f"arrival 'adverse={self.delta:g}': no order of these stations differs by more than {largest:.2f} "
                f"standard deviations: take a smaller one"
            )
        target = abs(self.delta) * x.sum()
        low, high = 0.0, 1.0
        while (x * z * np.clip(high * z, -1, 1)).sum() < target:
            high *= 2
        for _ in range(STEPS):
            middle = (low + high) / 2
            short = (x * z * np.clip(middle * z, -1, 1)).sum() < target
            low, high = (middle, high) if short else (low, middle)
        return np.asarray(np.sign(self.delta) * np.clip(high * z, -1, 1))


def adverse_residuals(population: Population, strata: str = "") -> tuple[Array, Array, float]:
    """Give the standardised residuals z of the first candidate, shape (N,), the exposures x, and their scale σ.

    Raises
    ------
    DesignError
        The residuals are all zero.
    """
    columns = strata or population.contest.design.strata or "district"
    cells = strata_for(population.frame, columns, 0, population.contest.design.n)
    roll = population.frame.registered
    x = np.where(np.isnan(roll), np.nanmedian(roll) if np.isfinite(roll).any() else 1.0, roll)
    first = population.order[0]
    r = (population.counts.votes[:, first] - population.shares[first] * population.counts.valid) / x
    total = np.bincount(cells.codes, x)
    r = r - (np.bincount(cells.codes, x * r) / total)[cells.codes]
    scale = float(np.sqrt((x * r**2).sum() / x.sum()))
    if not scale > 0:
        raise DesignError("arrival 'adverse' has nothing to go by: the stations of each stratum voted alike")
    return r / scale, x, scale


def normal_scores(values: Array) -> Array:
    """Give normal scores Φ⁻¹((rank - ½) / m) of m known values, shape (N,); 0 where a value is unknown."""
    from scipy.stats import rankdata

    known = np.isfinite(values)
    scores = np.zeros(values.shape)
    if known.any():
        scores[known] = ndtri((rankdata(values[known]) - 0.5) / known.sum())
    return scores


def area_effects(frame: Frame, level: str, rows: IntArray, rng: np.random.Generator) -> Array:
    """Draw a standard normal effect of each area in each of b samples: shape (b, n)."""
    codes = frame.areas(level).codes
    effects = rng.standard_normal((len(rows), int(codes.max()) + 1))
    return np.take_along_axis(effects, codes[rows], axis=-1)


def distances_of(frame: Frame) -> Array:
    """Give the distance of every station, shape (N,): see :func:`estimation.estimators.propensity.distances`.

    Raises
    ------
    DesignError
        The frame has none.
    """
    found = distances(frame)
    if found is None:
        raise DesignError(
            "arrival by distance needs a column 'distance', or latitude and longitude, and the frame has neither: "
            "add them, or take another arrival"
        )
    return found


def _within(name: str, value: float, low: float, high: float, what: str) -> None:
    if not low <= value <= high:
        raise DesignError(f"arrival '{name}={value:g}': {what} lies in {low:g} … {round(high, 6):g}")

"""How many stations: from a margin of error, a right leader, a budget; and what the persons-formula would say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, sqrt

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError
from estimation.sampling.cost import affordable
from estimation.sampling.variability import StationVariance, strictly_between


@dataclass(frozen=True, slots=True)
class Size:
    """A sample size, with what the formula for persons would say beside it.

    Attributes
    ----------
    between : StationVariance
        What it rests on.
    n : int
        Stations that must report.
    reserve : int
        Stations to draw above n, as some will not report.
    margin : float
        Margin of error at n, a half-width in shares (0.01 is one point).
    level : float
        Its confidence level.
    deff : float
        Variance over that of a simple random sample of as many voters, without fpc.
    persons : int
        Voters that z² p (1 - p) / e² would ask for.
    persons_stations : int
        Those, put into whole stations of mean size.
    understated : float
        The margin at n over the margin that the persons-formula claims for all voters of n stations.
    probability : float or None
        Of the right leader, where that was asked.
    villages, per_village : int or None
        Villages and stations in each, for two stages.
    cost : float or None
        Of the stations (and villages) drawn, where costs were given.
    """

    between: StationVariance
    n: int
    reserve: int
    margin: float
    level: float
    deff: float
    persons: int
    persons_stations: int
    understated: float
    probability: float | None = None
    villages: int | None = None
    per_village: int | None = None
    cost: float | None = None

    @property
    def drawn(self) -> int:
        """Stations to draw: n and the reserve."""
        return self.n + self.reserve

    def sentence(self) -> str:
        """Say in one English sentence how many stations are needed, and what they give."""
        where = f" in {self.villages:,} villages, {self.per_village} in each" if self.villages else ""
        right = f" and name the right leader with probability {self.probability:.1%}" if self.probability else ""
        draw = f"; draw {self.drawn:,}, as {self.reserve:,} may not report" if self.reserve else ""
        paid = f"; the cost is {self.cost:,.0f}" if self.cost is not None else ""
        return (
            f"{self.n:,} of {self.between.stations:,} stations{where} give the {self.between.quantity} "
            f"within {100 * self.margin:.1f} points at {self.level:.0%}{right}{draw}{paid}; the formula for persons "
            f"asks for {self.persons:,} voters, the voters of {self.persons_stations:,} stations, but voters of one "
            f"station vote alike: at {self.n:,} stations the error it claims is {self.understated:.1f} times too small."
        )


def for_margin(between: StationVariance, margin: float, *, level: float = 0.95, reporting: float = 1.0) -> Size:
    """Find the stations for a margin of error e: n₀ = z² σ² / e², n = n₀ / (1 + n₀ / N) (Cochran 1977, section 4.6).

    Parameters
    ----------
    between : StationVariance
    margin : float
        Half-width of the interval, 0 … 1 (0.01 is one point).
    level : float
        Confidence level, 0 … 1.
    reporting : float
        Share of the drawn stations that will report, 0 < r ≤ 1.

    Raises
    ------
    DesignError
        A number is outside its range, or more stations would have to be drawn than there are.
    """
    strictly_between("the margin of error", margin, 0, 1)
    n = _stations(between, (margin / _z(level)) ** 2)
    return _size(between, n, _drawn(between, n, reporting), level, asked=margin)


def for_leader(
    between: StationVariance,
    probability: float,
    *,
    threshold: float | None = None,
    decisive: bool = False,
    level: float = 0.95,
    reporting: float = 1.0,
) -> Size:
    """Find the stations that name the right leader with a probability, if the expected value comes true.

    The estimate is on the right side of the threshold with probability Φ(distance / se); its whole
    interval is with Φ(distance / se - z).

    Parameters
    ----------
    between : StationVariance
        Of a lead, or of a share against a threshold.
    probability : float
        0.5 < P < 1.
    threshold : float, optional
        0 for a lead, 0.5 for a share without it.
    decisive : bool
        Whether the whole interval, not the estimate alone, must be on the right side.
    level, reporting
        As in :func:`for_margin`.

    Raises
    ------
    DesignError
        As in :func:`for_margin`; the expected value is the threshold itself.
    """
    strictly_between("the probability", probability, 0.5, 1)
    distance = _distance(between, threshold)
    if distance == 0:
        raise DesignError(f"an expected {between.quantity} at the threshold has no right side: expect another value")
    beyond = _z(level) if decisive else 0.0
    n = _stations(between, (distance / (float(ndtri(probability)) + beyond)) ** 2)
    size = _size(between, n, _drawn(between, n, reporting), level)
    error = sqrt(float(between.variance(n)))
    return replace(size, probability=float(ndtr(distance / error - beyond)) if error else 1.0)


def for_budget(
    between: StationVariance,
    budget: float,
    cost_station: float,
    *,
    cost_village: float = 0.0,
    villages: Array | None = None,
    visits: float = 1.0,
    level: float = 0.95,
    reporting: float = 1.0,
) -> Size:
    """Find the stations that a budget pays, and the margin of error that they buy.

    Parameters
    ----------
    between : StationVariance
    budget, cost_station : float
        In one currency, > 0; every drawn station costs, whether it reports or not.
    cost_village, villages, visits
        The cost of going to a village, the stations of each, and the villages that the design goes to
        relative to a simple sample; see :func:`estimation.sampling.cost.affordable`. Where stations are
        drawn in villages that were drawn before, :func:`two_stage_size` finds the best number in each.
    level, reporting
        As in :func:`for_margin`.

    Raises
    ------
    DesignError
        A number is outside its range, or fewer than 2 stations would report.
    """
    if not cost_village:
        strictly_between("the cost of a station", cost_station, 0, np.inf)
    drawn, cost = affordable(budget, cost_station, cost_village, villages, visits=visits)
    if drawn > between.stations:
        drawn, cost = between.stations, between.stations * cost_station
    n = floor(drawn * _reporting(reporting) + 1e-9)
    if n < 2:
        raise DesignError(f"a budget of {budget:g} pays {drawn} stations, {n} would report and 2 are needed: raise it")
    return replace(_size(between, n, drawn, level), cost=cost)


def at(between: StationVariance, n: int, *, level: float = 0.95) -> Size:
    """Say what n stations that report are worth, 1 ≤ n ≤ N; level as in :func:`for_margin`."""
    strictly_between("the number of stations", n, 0, between.stations + 1)
    return _size(between, n, n, level)


def optimal_take(cost_station: float, cost_village: float, correlation: float) -> float:
    """Compute the stations per village with the least variance for the cost, √(c₁/c₂ · (1 - ρ)/ρ).

    It does not depend on the budget (Cochran 1977, eq. 10.26, with S_u² = ρ σ² and S₂² = (1 - ρ) σ²;
    Hansen, Hurwitz and Madow 1953, volume I, chapter 6).

    Parameters
    ----------
    cost_station, cost_village : float
        Costs c₂ of a station and c₁ of going to a village, > 0.
    correlation : float
        Intraclass correlation ρ of stations in a village, 0 < ρ < 1 (see :func:`intraclass`).

    Raises
    ------
    DesignError
        A number is outside its range.
    """
    strictly_between("the cost of a station", cost_station, 0, np.inf)
    strictly_between("the cost of a village", cost_village, 0, np.inf)
    strictly_between("the intraclass correlation of villages", correlation, 0, 1)
    return sqrt(cost_village / cost_station * (1 - correlation) / correlation)


def two_stage_size(
    between: StationVariance,
    budget: float,
    cost_station: float,
    cost_village: float,
    *,
    villages: int,
    correlation: float,
    level: float = 0.95,
    reporting: float = 1.0,
) -> Size:
    """Find the villages, and the stations in each, that a budget serves best.

    V = ρ σ² (1/a - 1/A) + (1 - ρ) σ² (1/(a m r) - 1/N), for a of A villages of equal size, m stations
    in each and the share r reporting (Cochran 1977, section 10.3), at cost a (c₁ + c₂ m). Every m is
    tried; without rounding the best is :func:`optimal_take`.

    Parameters
    ----------
    between : StationVariance
    budget, cost_station, cost_village : float
        In one currency, > 0.
    villages : int
        Villages A of the population.
    correlation : float
        Intraclass correlation ρ of stations in a village, 0 < ρ < 1.
    level, reporting
        As in :func:`for_margin`.

    Raises
    ------
    DesignError
        A number is outside its range, or the budget does not pay two villages.
    """
    optimal_take(cost_station, cost_village, correlation)
    rate = _reporting(reporting)
    if not 2 <= villages <= between.stations:
        raise DesignError(f"{villages} villages can't hold {between.stations} stations: give 2 … {between.stations}")
    take = np.arange(1, between.stations // villages + 1)
    visited = np.minimum(np.floor(budget / (cost_village + cost_station * take) + 1e-9), villages)
    if visited[0] < 2:
        paid = f"{visited[0]:.0f} villages at {cost_village + cost_station:g} each"
        raise DesignError(f"a budget of {budget:g} pays {paid}, and 2 are needed: raise it")
    inside = np.maximum(visited, 1) * take * rate
    first = correlation * (1 / np.maximum(visited, 1) - 1 / villages)
    second = (1 - correlation) * (1 / inside - 1 / between.stations)
    variance = np.where(visited >= 2, between.unit * (first + second), np.inf)
    best = int(np.argmin(variance))
    a, m = int(visited[best]), int(take[best])
    n = max(1, floor(a * m * rate + 1e-9))
    effect = 1 + (m * rate - 1) * correlation if m * rate > 1 else 1.0
    size = _size(between, n, a * m, level, variance=float(variance[best]), effect=effect)
    return replace(size, villages=a, per_village=m, cost=a * (cost_village + cost_station * m))


def curve(
    between: StationVariance, ns: Sequence[int] | IntArray, *, level: float = 0.95, threshold: float | None = None
) -> pd.DataFrame:
    """Draw the margin of error against the stations that report.

    Parameters
    ----------
    between : StationVariance
    ns : sequence of int, shape (K,)
        Stations, 1 … N.
    level : float
        Confidence level, 0 … 1.
    threshold : float, optional
        As in :func:`for_leader`.

    Returns
    -------
    pandas.DataFrame
        Index ``n``; ``standard_error``, ``margin``; ``persons_margin``, what the persons-formula
        claims for all their voters, and ``understated``, how many times too small that is;
        ``right_leader``, the probability of the right side of the threshold.

    Raises
    ------
    DesignError
        An n is outside 1 … N.
    """
    n = np.asarray(ns, dtype=np.float64)
    if n.size == 0 or n.min() < 1 or n.max() > between.stations:
        raise DesignError(f"a curve runs over 1 … {between.stations} stations: leave out what is outside")
    error = np.sqrt(between.variance(n))
    naive = _z(level) * np.sqrt(between.person / (n * between.voters))
    with np.errstate(divide="ignore", invalid="ignore"):
        right = np.where(error > 0, ndtr(_distance(between, threshold) / error), 1.0)
    return pd.DataFrame(
        {
            "standard_error": error,
            "margin": _z(level) * error,
            "persons_margin": naive,
            "understated": _z(level) * error / naive,
            "right_leader": right,
        },
        index=pd.Index(n.astype(np.intp), name="n"),
    )


def _stations(between: StationVariance, variance: float) -> int:
    """Find the least n ≥ 2 whose variance is at most the one given."""
    first = between.unit / variance
    return max(2, ceil(first / (1 + first / between.stations) - 1e-9))


def _drawn(between: StationVariance, n: int, reporting: float) -> int:
    """Find how many to draw so that n are expected to report."""
    drawn = ceil(n / _reporting(reporting) - 1e-9)
    if drawn > between.stations:
        raise DesignError(
            f"{n} stations must report, so {drawn} must be drawn, more than the {between.stations} there are: "
            f"ask for less precision, or see that more report than {reporting:.0%}"
        )
    return drawn


def _size(
    between: StationVariance,
    n: int,
    drawn: int,
    level: float,
    *,
    asked: float | None = None,
    variance: float | None = None,
    effect: float = 1.0,
) -> Size:
    """Put the persons-formula beside a size."""
    z = _z(level)
    margin = z * sqrt(float(between.variance(n)) if variance is None else variance)
    aim = asked or margin
    persons = ceil(z**2 * between.person / aim**2 - 1e-9) if aim else ceil(between.stations * between.voters)
    naive = z * sqrt(between.person / (n * between.voters))
    rooms = ceil(persons / between.voters - 1e-9)
    return Size(between, n, drawn - n, margin, level, between.deff * effect, persons, rooms, margin / naive)


def _distance(between: StationVariance, threshold: float | None) -> float:
    """Measure how far the expected value is from what decides."""
    return abs(between.value - ((0.0 if between.quantity == "lead" else 0.5) if threshold is None else threshold))


def _z(level: float) -> float:
    """Find the normal quantile of a two-sided level."""
    return float(ndtri(0.5 + strictly_between("the confidence level", level, 0, 1) / 2))


def _reporting(share: float) -> float:
    """Check the share that reports: above 0, 1 at most."""
    return 1.0 if share == 1 else strictly_between("the share of stations that report", share, 0, 1)

"""How stations differ: what a sample size rests on, assumed or measured in an earlier election."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError


@dataclass(frozen=True, slots=True)
class StationVariance:
    """How much stations differ: all that a sample size depends on.

    A simple random sample of n stations estimates the quantity with variance (1/n - 1/N) σ².

    Attributes
    ----------
    quantity : {"share", "lead"}
        What is estimated.
    value : float
        Its expected value, 0 … 1; a lead -1 … 1.
    unit : float
        σ² = S²_d / v̄², of the residuals d = y - θ v over the mean valid votes (Cochran 1977, section 6.3).
    person : float
        The variance of one voter: p (1 - p), for a lead p₁ + p₂ - (p₁ - p₂)².
    voters : float
        Mean valid votes v̄ of a station.
    stations : int
        Stations N of the population.
    """

    quantity: Literal["share", "lead"]
    value: float
    unit: float
    person: float
    voters: float
    stations: int

    @property
    def deff(self) -> float:
        """Design effect of drawing whole stations instead of as many voters (Kish 1965, section 5.4)."""
        return self.unit * self.voters / self.person

    @property
    def intraclass(self) -> float:
        """Intraclass correlation ρ of voters in a station, from deff = 1 + (v̄ - 1) ρ."""
        return (self.deff - 1) / (self.voters - 1)

    def times(self, effect: float) -> "StationVariance":
        """Apply a design's effect on the variance, relative to simple sampling of stations, > 0."""
        return replace(self, unit=self.unit * strictly_between("the design's effect", effect, 0, np.inf))

    def variance(self, n: float | Array) -> Array:
        """Compute the variance at n stations that report, 1 … N, of any shape."""
        return np.maximum(1 / np.asarray(n, dtype=np.float64) - 1 / self.stations, 0.0) * self.unit


def assume_share(
    share: float, stations: int, voters: float, *, deff: float | None = None, intraclass: float | None = None
) -> StationVariance:
    """State how stations differ in a share, by a design effect or an intraclass correlation.

    deff = 1 + (v̄ - 1) ρ (Kish 1965, section 5.4), so σ² = p (1 - p) deff / v̄.

    Parameters
    ----------
    share : float
        Expected share p, 0 < p < 1; 0.5 is the worst case.
    stations : int
        Stations N of the population, ≥ 2.
    voters : float
        Mean valid votes of a station, > 1.
    deff, intraclass : float
        One of them: the design effect of whole stations, > 0, or ρ of voters in a station, 0 … 1.

    Raises
    ------
    DesignError
        A number is outside its range, or both or neither of deff and intraclass are given.
    """
    strictly_between("the share", share, 0, 1)
    return _assumed("share", share, share * (1 - share), stations, voters, deff, intraclass)


def assume_lead(
    lead: float,
    stations: int,
    voters: float,
    *,
    together: float = 1.0,
    deff: float | None = None,
    intraclass: float | None = None,
) -> StationVariance:
    """State how stations differ in a lead p₁ - p₂; one voter has variance p₁ + p₂ - (p₁ - p₂)².

    Parameters
    ----------
    lead : float
        Expected lead, -1 … 1.
    stations, voters, deff, intraclass
        As in :func:`assume_share`.
    together : float
        Share p₁ + p₂ of the two, above abs(lead), 1 at most.

    Raises
    ------
    DesignError
        As in :func:`assume_share`.
    """
    if not abs(lead) < together <= 1:
        raise DesignError(f"a lead of {lead:g} needs two candidates with more than that together, not {together:g}")
    return _assumed("lead", lead, together - lead**2, stations, voters, deff, intraclass)


def measure(y: Array, v: Array, *, rival: Array | None = None, codes: IntArray | None = None) -> StationVariance:
    """Measure how stations differ in an earlier election: S²_d / v̄² of its residuals.

    Parameters
    ----------
    y, v : numpy.ndarray, shape (N,)
        Votes of a candidate and valid votes of every station.
    rival : numpy.ndarray, shape (N,), optional
        Votes of the second candidate: the quantity is the lead of y over it.
    codes : numpy.ndarray of intp, shape (N,), optional
        Strata; σ² is then Σ N_h S²_h / N / v̄², that of proportional allocation (Cochran 1977, section 5.3).
        A stratum of one station counts as without variance.

    Raises
    ------
    DesignError
        See :func:`ratio_residuals`; fewer than two stations.
    """
    leading = y if rival is None else y - rival
    theta, d = ratio_residuals(leading, v)
    if len(d) < 2:
        raise DesignError("stations can't be compared where there are fewer than 2: give the whole earlier election")
    variance = float(d.var(ddof=1)) if codes is None else _pooled(d, codes)
    both = theta if rival is None else float((y + rival).sum() / v.sum())
    mean = float(v.mean())
    name: Literal["share", "lead"] = "share" if rival is None else "lead"
    return StationVariance(name, theta, variance / mean**2, both - theta**2, mean, len(v))


def ratio_residuals(y: Array, v: Array) -> tuple[float, Array]:
    """Compute a population's ratio θ = Σ y / Σ v and its residuals d = y - θ v.

    Parameters
    ----------
    y, v : numpy.ndarray, shape (N,)
        Votes (or a difference of votes) and valid votes ≥ 0 of each station.

    Returns
    -------
    theta : float
    d : numpy.ndarray, shape (N,)

    Raises
    ------
    DesignError
        The shapes differ, a number is missing, or there are no valid votes.
    """
    y, v = np.asarray(y, dtype=np.float64), np.asarray(v, dtype=np.float64)
    if y.shape != v.shape or y.ndim != 1:
        raise DesignError(f"votes have shape {y.shape} and valid votes {v.shape}: give one of each for each station")
    if not np.all(np.isfinite(y) & np.isfinite(v)):
        bad = int((~(np.isfinite(y) & np.isfinite(v))).sum())
        raise DesignError(f"the earlier election lacks votes for {bad} of {len(y)} stations: leave those out")
    if not v.sum() > 0:
        raise DesignError("the earlier election has no valid votes: give its counts")
    theta = float(y.sum() / v.sum())
    return theta, y - theta * v


def intraclass(y: Array, v: Array, cluster: IntArray, of: Literal["residual", "share"] = "residual") -> float:
    """Estimate the intraclass correlation of stations in clusters by analysis of variance.

    (MS_b - MS_w) / (MS_b + (n₀ - 1) MS_w), n₀ = (N - Σ n_c² / N) / (C - 1) (Donner 1986).

    Parameters
    ----------
    y, v : numpy.ndarray, shape (N,)
        Votes and valid votes of each station.
    cluster : numpy.ndarray of intp, shape (N,)
        The village, or other cluster, of each.
    of : {"residual", "share"}
        Of d = y - θ v, which is what a ratio's variance sees, or of the stations' shares y / v.

    Returns
    -------
    float
        -1/(n₀ - 1) … 1.

    Raises
    ------
    DesignError
        There are fewer than two clusters, or no cluster has two stations.
    """
    x = ratio_residuals(y, v)[1] if of == "residual" else np.asarray(y, dtype=np.float64) / v
    codes = np.unique(cluster, return_inverse=True)[1]
    size = np.bincount(codes).astype(np.float64)
    number, clusters = len(x), len(size)
    if clusters < 2 or clusters == number:
        none = f"{number} stations in {clusters} clusters have no intraclass correlation"
        raise DesignError(f"{none}: it needs 2 clusters or more, and 2 stations in one of them")
    mean = np.bincount(codes, x) / size
    within = float(((x - mean[codes]) ** 2).sum()) / (number - clusters)
    between = float((size * (mean - x.mean()) ** 2).sum()) / (clusters - 1)
    typical = (number - float((size**2).sum()) / number) / (clusters - 1)
    return (between - within) / (between + (typical - 1) * within)


def _assumed(
    quantity: Literal["share", "lead"],
    value: float,
    person: float,
    stations: int,
    voters: float,
    deff: float | None,
    rho: float | None,
) -> StationVariance:
    """Turn a design effect or an intraclass correlation into the variance between stations."""
    if (deff is None) == (rho is None):
        raise DesignError(
            "stations differ by a design effect or by an intraclass correlation: give one of deff and intraclass, "
            "or measure it in an earlier election (see size.measure)"
        )
    if stations < 2:
        raise DesignError(f"{stations} stations can't be sampled: give the number in the whole contest, 2 or more")
    strictly_between("the mean of voters at a station", voters, 1, np.inf)
    if rho is not None:
        if not 0 <= rho <= 1:
            raise DesignError(f"the intraclass correlation is {rho:g}: give a number from 0 to 1")
        deff = 1 + (voters - 1) * rho
    assert deff is not None
    unit = person * strictly_between("the design effect", deff, 0, np.inf) / voters
    return StationVariance(quantity, value, unit, person, voters, stations)


def _pooled(d: Array, codes: IntArray) -> float:
    """Compute Σ N_h S²_h / N."""
    if len(codes) != len(d):
        raise DesignError(f"{len(codes)} stratum codes and {len(d)} stations: give one for each")
    count = np.bincount(codes).astype(np.float64)
    mean = np.bincount(codes, d) / np.maximum(count, 1)
    squares = np.bincount(codes, (d - mean[codes]) ** 2)
    return float((count * squares / np.maximum(count - 1, 1)).sum()) / len(d)


def strictly_between(name: str, value: float, low: float, high: float) -> float:
    """Check that a number lies strictly between two bounds."""
    if not low < value < high:
        span = f"above {low:g}" if high == np.inf else f"between {low:g} and {high:g}"
        raise DesignError(f"{name} is {value:g}: give a number {span}")
    return value

"""Confidence intervals by name, for arrays of estimates.

Every function contains its estimate, is never narrower at a wider level, and is NaN only where there is variance
and no degrees of freedom. All but :func:`t_interval` are for proportions and stay inside [0, 1].

**The ends 0 and 1.** A candidate without a single vote in the sample has θ = 0 and an estimated variance of zero, yet
the population may hold some of his votes. Where the number of stations in is given, the intervals for proportions
take it as the effective size there: if none of n stations drawn at random has a vote for him, fewer than
1 - (α/2)^(1/n) of all stations have any, and he has no larger share of the votes than these stations (the rule of
three; Clopper and Pearson 1934, Hanley and Lippman-Hand 1983). Student's interval is the point itself there. So
is every other one where the number of stations is not given; a census must not give it, or must give its support.
At an end *with* variance, and outside [0, 1], an effective size means nothing: the t interval holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
from scipy.special import betaincinv, expit, logit, ndtri, stdtrit

from estimation.arrays import Array, BoolArray
from estimation.contest.possible import fewest_draws
from estimation.errors import EstimateError

EDGE = 1e-12  # a share this near to 0 or 1 is there but for rounding, and so is a standard error
MOST_SPREAD = 1e100  # t² / n_e from here on fills [0, 1]; its square stays finite
MOST_SIZE = 1e7  # effective size up to which the quantiles of a beta distribution are reliable

Formula = Callable[[Array, Array, Array], tuple[Array, Array]]  # proportion, effective size, quantile -> ends

HIT = 1e-9  # less than that of a hit is none: rates come as quotients


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lower and upper limits, shape (…, k), in the unit of the estimate."""

    low: Array
    high: Array


class Interval(Protocol):
    """An interval from estimates, variances and degrees of freedom, one quantity at a time."""

    def __call__(
        self, theta: Array, variance: Array, df: Array, level: float, stations: Array | float | None = None
    ) -> Bounds:
        """Give the limits, shape (…, k)."""
        ...


def check_level(level: float) -> None:
    """Refuse a level that is no probability.

    Raises
    ------
    EstimateError
        It is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise EstimateError(f"a level of {level} is no probability between 0 and 1: write 0.95 for 95 %")


def per_quantity(values: Array | float, theta: Array) -> Array:
    """Give values of shape (…) or (…, k) an axis for the k quantities."""
    values = np.asarray(values, dtype=np.float64)
    return values[..., None] if values.ndim == theta.ndim - 1 else values


def student(df: Array, level: float) -> Array:
    """Give Student's two-sided quantile; NaN without degrees of freedom, normal with infinitely many."""
    return np.asarray(np.where(df > 0, stdtrit(np.minimum(np.maximum(df, 1e-9), 1e12), (1 + level) / 2), np.nan))


def t_interval(theta: Array, variance: Array, df: Array, level: float, stations: Array | float | None = None) -> Bounds:
    """Give the symmetric interval θ ∓ t √V with Student's t on the design's degrees of freedom.

    (Korn and Graubard 1998, eq. 1; Valliant, Dever and Kreuter 2018, section 3.1.)

    Parameters
    ----------
    theta, variance : numpy.ndarray, shape (…, k)
        Estimates and their variances.
    df : numpy.ndarray, shape (…) or (…, k)
        Degrees of freedom.
    level : float
        Confidence level in (0, 1), two-sided.
    stations
        Not used: it is there for the other intervals.

    Returns
    -------
    Bounds
        Both limits equal the estimate where the variance is zero, as at a census, but also for a candidate
        without any vote in the sample; both are NaN where it is positive and there are no degrees of freedom.

    Raises
    ------
    EstimateError
        The level is not between 0 and 1.
    """
    check_level(level)
    quantile = student(per_quantity(df, theta), level)
    half = np.where(variance == 0, 0.0, quantile * np.sqrt(np.maximum(variance, 0)))
    return Bounds(theta - half, theta + half)


def logit_interval(
    theta: Array, variance: Array, df: Array, level: float, stations: Array | float | None = None
) -> Bounds:
    """Give the t interval of log(p/(1-p)), taken back to proportions.

    logit p ∓ t √V / (p (1-p)) (Korn and Graubard 1998, section 2; R `survey`: `svyciprop`, "logit", "xlogit").
    Without any vote, where the logit is infinite, it is :func:`clopper_pearson`'s: 0 to 1 - (α/2)^(1/n).

    Parameters
    ----------
    theta, variance : numpy.ndarray, shape (…, k)
        Estimated proportions and their variances.
    df : numpy.ndarray, shape (…) or (…, k)
        Degrees of freedom.
    level : float
        Confidence level in (0, 1), two-sided.
    stations : numpy.ndarray or float, shape (…) or (…, k), optional
        Stations in; for proportions at 0 or 1, see the head of the module.

    Raises
    ------
    EstimateError
        The level is not between 0 and 1.
    """

    def formula(p: Array, size: Array, t: Array) -> tuple[Array, Array]:
        inside = (p > 0) & (p < 1)
        centre = logit(np.where(inside, p, 0.5))
        half = t / np.sqrt(np.maximum(size * p * (1 - p), 1e-300))
        rare = -np.expm1(np.log((1 - level) / 2) / size)
        low, high = np.where(p > 0, 1 - rare, 0.0), np.where(p < 1, rare, 1.0)
        return np.where(inside, expit(centre - half), low), np.where(inside, expit(centre + half), high)

    return _proportion(theta, variance, df, level, stations, formula)


def wilson(theta: Array, variance: Array, df: Array, level: float, stations: Array | float | None = None) -> Bounds:
    """Give Wilson's score interval on the effective sample size.

    The p with (θ - p)² = t² p (1-p) / n_e, n_e = θ (1-θ) / V (Wilson 1927; Korn and Graubard 1998; Dean and
    Pagano 2015). Adjusting n_e to the degrees of freedom as :func:`clopper_pearson` does, and taking the
    quantile of n - 1, is the same: both cancel. Parameters and errors as :func:`logit_interval`.
    """
    return _proportion(theta, variance, df, level, stations, _wilson_ends)


def clopper_pearson(
    theta: Array, variance: Array, df: Array, level: float, stations: Array | float | None = None
) -> Bounds:
    """Give the exact binomial interval on the effective sample size: quantiles of beta distributions.

    n_e = θ (1-θ) / V · (t_{n-1} / t_df)², then B(α/2; n_e θ, n_e (1-θ) + 1) and B(1-α/2; n_e θ + 1, n_e (1-θ))
    (Clopper and Pearson 1934; Korn and Graubard 1998, section 2; R `survey`: `svyciprop`, "beta"). The adjustment
    is at most 1: degrees of freedom above n - 1 earn nothing. From an effective size of ten million on, where it
    can't be told from it, :func:`wilson`.

    Parameters
    ----------
    theta, variance : numpy.ndarray, shape (…, k)
        Estimated proportions and their variances.
    df : numpy.ndarray, shape (…) or (…, k)
        Degrees of freedom.
    level : float
        Confidence level in (0, 1), two-sided.
    stations : numpy.ndarray or float, shape (…) or (…, k), optional
        Stations in, n; without it the quantile of n - 1 is the normal one, which is a little wider.

    Raises
    ------
    EstimateError
        The level is not between 0 and 1.
    """
    count = np.asarray(np.inf if stations is None else per_quantity(stations, theta))
    own = student(np.where(count > 1, count - 1, np.inf), level)

    def formula(p: Array, size: Array, t: Array) -> tuple[Array, Array]:
        many = size > MOST_SIZE
        beta = _beta_ends(p, np.minimum(size, MOST_SIZE) * np.minimum((own / t) ** 2, 1), (1 - level) / 2)
        score = _wilson_ends(p, size, t)
        return np.where(many, score[0], beta[0]), np.where(many, score[1], beta[1])

    return _proportion(theta, variance, df, level, stations, formula)


def percentile(theta: Array, draws: Array | None, level: float) -> Bounds:
    """Give the central quantiles of draws, linearly interpolated (Efron 1981; Hyndman and Fan 1996, type 7).

    Parameters
    ----------
    theta : numpy.ndarray, shape (…, k)
        Estimates, which the interval contains.
    draws : numpy.ndarray, shape (…, R, k)
        Bootstrap replicates, or draws from a predictive distribution.
    level : float
        Confidence level in (0, 1), two-sided.

    Raises
    ------
    EstimateError
        There are no draws, or so few that less than one is expected beyond each limit.
    """
    check_level(level)
    need = fewest_draws(level)
    if draws is None:
        raise EstimateError("a percentile interval needs draws, and this estimate has none: choose another interval")
    if draws.shape[-2] < need:
        raise EstimateError(
            f"{draws.shape[-2]} draws say nothing of a level of {level}, which needs {need:,}: make more, or lower it"
        )
    low, high = np.quantile(draws, ((1 - level) / 2, (1 + level) / 2), axis=-2)
    return Bounds(np.minimum(low, theta), np.maximum(high, theta))


# "auto" is the logit for every share: under 5 % its coverage is nearest to the level in small samples, and its score is
# nowhere worse than Student's (benchmarks/README.md, "Intervals"); one rule has no share at which it jumps
INTERVALS: Mapping[str, Interval] = MappingProxyType(
    {
        "auto": logit_interval,
        "t": t_interval,
        "logit": logit_interval,
        "wilson": wilson,
        "clopper-pearson": clopper_pearson,
    }
)


def _proportion(
    theta: Array, variance: Array, df: Array, level: float, stations: Array | float | None, formula: Formula
) -> Bounds:
    """Apply a formula inside (0, 1) and to samples without any vote; elsewhere Student's interval."""
    plain = t_interval(theta, variance, df, level)
    quantile = np.broadcast_to(student(per_quantity(df, theta), level), plain.low.shape)
    count = np.asarray(0.0 if stations is None else per_quantity(stations, theta))
    edge = np.minimum(theta, 1 - theta)
    empty: BoolArray = np.asarray((np.abs(edge) <= EDGE) & (variance <= EDGE**2) & (count > 0))
    inner: BoolArray = np.asarray((edge > 0) & (variance > 0) & ~empty)
    p = np.where(inner, theta, np.where(empty, np.round(theta), 0.5))
    with np.errstate(over="ignore"):
        known = np.minimum(p * (1 - p) / np.where(inner, variance, 1.0), 1e300)
    size = np.where(inner, np.maximum(known, 1e-300), np.where(empty, count, 1.0))
    t = np.where(inner, quantile, ndtri((1 + level) / 2))
    with np.errstate(over="ignore"):
        low, high = formula(p, size, np.minimum(t, 1e140))
    use = inner | empty
    return Bounds(
        np.where(use, np.clip(low, np.minimum(theta, 0), theta), plain.low),
        np.where(use, np.clip(high, theta, np.maximum(theta, 1)), plain.high),
    )


def _wilson_ends(p: Array, size: Array, t: Array) -> tuple[Array, Array]:
    """Solve (θ - p)² = a p (1-p), a = t² / n_e; the product of the solutions is θ² / (1 + a)."""
    a = np.minimum(t**2 / size, MOST_SPREAD)
    root = np.sqrt(a * p * (1 - p) + a**2 / 4)
    high = (p + a / 2 + root) / (1 + a)
    return p**2 / ((1 + a) * high), high


def _beta_ends(p: Array, size: Array, tail: float) -> tuple[Array, Array]:
    """Give the quantiles of beta distributions that end a binomial interval; 0 and 1 at the ends themselves."""
    yes, no = size * p, size * (1 - p)
    low = betaincinv(np.where(yes == 0, 1.0, yes), no + 1, tail)
    miss = betaincinv(np.where(no == 0, 1.0, no), yes + 1, tail)
    return np.where(yes == 0, 0.0, low), np.where(no == 0, 1.0, 1 - miss)


def exact_binomial(rate: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Give exact binomial bounds of a rate out of n (Clopper and Pearson 1934); NaN for none.

    A mean over several shares needs no whole number of hits: the beta quantiles take any (Korn and Graubard 1998).
    """
    if not n > 0 or not np.isfinite(rate):
        return np.nan, np.nan
    hits, tail = rate * n, (1 - level) / 2
    low = 0.0 if hits < HIT else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if n - hits < HIT else float(betaincinv(hits + 1, n - hits, 1 - tail))
    return low, high

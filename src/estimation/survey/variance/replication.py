"""Variances by replication: the estimate again and again with other weights.

Replicates take a function weights → θ in the place of a linearised statistic, so that whatever
the weights go through (calibration, a model) is done anew in each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimation.arrays import Array
from estimation.errors import EstimateError
from estimation.survey.structure import Structure, lead_shape
from estimation.survey.variance import factors

Fit = Callable[[Array], Array]
Centre = Literal["mean", "estimate"]

METHODS = ("jackknife", "bootstrap", "brr", "fay", "successive-replicates")
MOST = 2**27  # numbers that all factors together may have: a gigabyte


@dataclass(frozen=True, slots=True)
class Replicates:
    """Replicate weights of one sample, as factors on its weights.

    V = scale Σ_r rscales_r (t_r - c)(t_r - c)', with t_r the estimate from the weights w · factor_r.

    Attributes
    ----------
    factor : numpy.ndarray, shape (R, n)
        Factor of each station in each replicate, ≥ 0; R = 0 where nothing was left to chance.
    scale : float
        Common multiplier of the squares.
    rscales : numpy.ndarray, shape (R,)
        Multiplier of each replicate.
    method : str
        One of :data:`METHODS`.
    df : float
        Degrees of freedom of the variance.
    centre : {"mean", "estimate"}
        c: the mean of the replicates that have a multiplier, or the full sample's estimate.
    """

    factor: Array
    scale: float
    rscales: Array
    method: str
    df: float
    centre: Centre = "estimate"

    def __post_init__(self) -> None:
        if self.factor.ndim != 2 or self.rscales.shape != self.factor.shape[:1]:
            raise EstimateError(
                f"factors of shape {self.factor.shape} and rscales of shape {self.rscales.shape}: "
                "replicates need (R, stations) and (R,)"
            )
        if self.centre not in ("mean", "estimate"):
            raise EstimateError(f"'{self.centre}' is no centre of replicates: take 'mean' or 'estimate'")


def replicates(
    structure: Structure,
    method: str,
    rng: np.random.Generator | None = None,
    *,
    number: int = 1000,
    fay: float = 0.5,
    centre: Centre | None = None,
) -> Replicates:
    """Make the replicate weights of a sample.

    ======================  =========================================================================
    method                  factors, and what the variance of a total is
    ======================  =========================================================================
    jackknife               one unit left out in turn, the rest of its stratum n_h / (n_h - 1);
                            rscales (1 - f_h)(n_h - 1) / n_h (JK1 with one stratum, else JKn; Wolter
                            2007, section 4.5). Exactly the stratified variance
    bootstrap               1 - λ_h + λ_h n_h / (n_h - 1) r, r from n_h - 1 draws with replacement,
                            λ_h = √(1 - f_h), scale 1 / (R - 1) (Rao and Wu 1988; Rao, Wu and Yue 1992,
                            with m_h = n_h - 1). The stratified variance in expectation
    brr, fay                1 ± (1 - ρ) √(1 - f_h), balanced by a Hadamard matrix, two units in each
                            stratum; ρ = 0 for brr; scale 1 / (R (1 - ρ)²) (McCarthy 1969; Judkins 1990).
                            Exactly the stratified variance
    successive-replicates   1 + 2^(-3/2) √(1 - f_h) (a_i - a_{i+1}), rows of a Hadamard matrix along the
                            list and round again; scale 4 / R (Fay and Train 1995; Ash 2014). Exactly
                            ½ (1 - f_h) Σ (z_i - z_{i-1})² where every unit has a row
    ======================  =========================================================================

    **Units** are stations, or the design's primary units (`cluster`): a replicate takes a village
    with all its stations. A unit that was certain to be in has factor 1 in every replicate, and
    counts in no n_h: a stratum that is completely in adds nothing. A certain village is a stratum
    of its own, with its stations as units.

    **Finite-population correction.** f_h is the part of the stratum that is in; with unequal
    probabilities f_i is π_i, of which the bootstrap takes the mean of the stratum. Villages other
    than certain ones have f = 0, as if drawn with replacement, which covers the second stage and is
    conservative (as :func:`estimation.survey.variance.ultimate_cluster`). Without any correction:
    a `size` that is infinite.

    Parameters
    ----------
    structure : Structure
        One sample, without leading axes; with `order` for successive-replicates.
    method : str
        One of :data:`METHODS`.
    rng : numpy.random.Generator, optional
        What the bootstrap draws with.
    number : int
        Replicates of the bootstrap, at least 2. For successive-replicates about the most: rows are used
        again where the sample has more units.
    fay : float
        Fay's ρ in [0, 1).
    centre : {"mean", "estimate"}, optional
        Without it the mean of the replicates for the bootstrap, the full sample's estimate for others.

    Returns
    -------
    Replicates
        With the units less their strata as degrees of freedom, at most R - 1. (R's ``survey`` takes
        the rank of the weights less one, which is the same but in exceptions, and slow.)

    Raises
    ------
    EstimateError
        The method is not known, a stratum has one unit in, balanced replicates do not find two units
        in a stratum, the bootstrap has no generator, or there would be too many numbers to hold.
    DesignError
        The order of the list is not known.
    """
    if method not in METHODS:
        raise EstimateError(f"no replicates are called '{method}': they are {', '.join(METHODS)}")
    if lead_shape(structure):
        raise EstimateError(
            f"replicates are made for one sample, and this structure has leading axes {lead_shape(structure)}: "
            "take its samples one by one, or a linearised variance"
        )
    if number < 2:
        raise EstimateError(f"{number} replicates: a variance needs 2 at least, and 1000 are usual")
    units = factors.units_of(structure)
    chosen: Centre = centre or ("mean" if method == "bootstrap" else "estimate")
    n = structure.weight.shape[-1]
    if not units.number:
        return Replicates(np.empty((0, n)), 1.0, np.empty(0), method, float(structure.df()), chosen)
    as_many = {"jackknife": units.number, "bootstrap": number, "successive-replicates": min(units.number, number)}
    _check_room(as_many.get(method, units.strata), n, method)
    if method == "jackknife":
        factor, scale, rscales = factors.jackknife(units)
    elif method == "bootstrap":
        if rng is None:
            raise EstimateError("the bootstrap draws at random: give replicates(…, rng=numpy.random.default_rng(seed))")
        factor, scale, rscales = factors.bootstrap(units, rng, number)
    elif method == "successive-replicates":
        factor, scale, rscales = factors.successive_differences(units, number)
    else:
        factor, scale, rscales = factors.balanced_halves(units, fay if method == "fay" else 0.0)
    df = float(min(units.df(), len(factor) - 1))
    return Replicates(units.per_station(factor), scale, rscales, method, df, chosen)


def replicate_covariance(fit: Fit, weight: Array, replicates: Replicates) -> tuple[Array, Array]:
    """Estimate the covariance of any function of the weights.

    V = scale Σ_r rscales_r (t_r - c)(t_r - c)' (Wolter 2007, chapters 3 to 5).

    Parameters
    ----------
    fit : function of weights (b, n) to estimates (b, k)
        Each row by itself, as :func:`ratio_fit`; it is called with some replicates at a time.
    weight : numpy.ndarray, shape (n,)
        The full sample's weights, 0 = not in.
    replicates : Replicates

    Returns
    -------
    cov : numpy.ndarray, shape (k, k)
        Zero where there are no replicates, as at a census.
    draws : numpy.ndarray, shape (R, k)
        The estimates t_r.

    Raises
    ------
    EstimateError
        The estimate does not exist in the full sample or in a replicate, as where a denominator is
        zero.
    """
    factor = replicates.factor
    if weight.shape != factor.shape[1:]:
        raise EstimateError(
            f"{weight.shape} weights and replicates of {factor.shape[1]} stations: give the weights they were made for"
        )
    full = fit(weight[None, :])[0]
    if not np.all(np.isfinite(full)):
        raise EstimateError(
            f"quantity {int(np.flatnonzero(~np.isfinite(full))[0])} has no estimate in the full sample: "
            "no station that it could come from is in: wait for returns"
        )
    draws = np.empty((len(factor), len(full)))
    step = max(1, factors.BLOCK // max(1, len(weight)))
    for start in range(0, len(factor), step):
        draws[start : start + step] = fit(factor[start : start + step] * weight)
    _check_draws(draws, replicates.method)
    used = replicates.rscales > 0
    centre = draws[used].mean(axis=0) if replicates.centre == "mean" and used.any() else full
    rows = (draws - centre).T * np.sqrt(replicates.scale * replicates.rscales)
    return np.asarray(rows @ rows.T), draws


def ratio_fit(y: Array, x: Array) -> Fit:
    """Give the function from weights to ratios of totals, all replicates by one matrix product.

    Parameters
    ----------
    y : numpy.ndarray, shape (n, k)
        Numerators; zero where the number is not known or the station is outside a domain.
    x : numpy.ndarray, shape (n,) or (n, k)
        Denominators, one for all columns or one for each.

    Returns
    -------
    function of weights (…, n) to ratios (…, k)
        NaN where a denominator is not positive: :func:`replicate_covariance` says which.
    """
    k = y.shape[-1]
    table = np.column_stack([y, x])

    def ratios(weight: Array) -> Array:
        totals = weight @ table
        below = totals[..., k:]
        return np.asarray(totals[..., :k] / np.where(below > 0, below, np.nan))

    return ratios


def _check_room(number: int, n: int, method: str) -> None:
    if number * n > MOST:
        raise EstimateError(
            f"{method}: {number} replicates of {n} stations are {number * n * 8 / 2**30:.1f} GB, and at most 1 GB is "
            f"taken: take the bootstrap with at most {MOST // n} replicates, or a linearised variance"
        )


def _check_draws(draws: Array, method: str) -> None:
    bad = ~np.isfinite(draws)
    if not bad.any():
        return
    replicate, quantity = (int(place) for place in np.argwhere(bad)[0])
    raise EstimateError(
        f"{method}: replicate {replicate} has no estimate of quantity {quantity}, and {int(bad.any(axis=1).sum())} of "
        f"{len(draws)} replicates have none of some: all stations that it comes from have weight 0 there. Take fay, "
        "which leaves nobody out, a linearised variance, or a wider area"
    )

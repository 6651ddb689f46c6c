"""Ratios of totals and the influence of each station on them."""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array, IntArray, group_sums, per_station, stratum_sums
from estimation.errors import EstimateError


@dataclass(frozen=True, slots=True)
class Linear:
    """A point estimate and its linearisation.

    Attributes
    ----------
    theta : numpy.ndarray, shape (…, k)
        The estimates.
    influence : numpy.ndarray, shape (…, n, k)
        Influence u_ij of each station on each estimate, not weighted.
    weight : numpy.ndarray, shape (…, n)
        The weights that go with it; ``weight[..., None] * influence`` is what a covariance takes.
    """

    theta: Array
    influence: Array
    weight: Array

    @property
    def expanded(self) -> Array:
        """Weighted influence e = w u, shape (…, n, k)."""
        return self.weight[..., None] * self.influence


def ratio(y: Array, x: Array, weight: Array) -> Linear:
    """Estimate ratios of population totals: the combined ratio estimator.

    θ_j = Σ w y_j / Σ w x_j, with influence u_ij = (y_ij - θ_j x_ij) / Σ w x_j (Särndal, Swensson
    and Wretman 1992, eq. 5.6.4 and result 5.6.2; Cochran 1977, eq. 6.44 for the stratified case).

    Parameters
    ----------
    y : numpy.ndarray, shape (…, n, k)
        Numerators, for example votes of each candidate.
    x : numpy.ndarray, shape (…, n) or (…, n, k)
        Denominators, for example valid votes, one for all columns of `y` or one for each.
        A station outside a domain, or without the number, has y = x = 0 in that column.
    weight : numpy.ndarray, shape (…, n)
        Expansion weights; 0 for a station that is not in.

    Raises
    ------
    EstimateError
        A denominator's total is not positive, as when no station of the domain is in.
    """
    if x.ndim == y.ndim - 1:
        x = x[..., None]
    w = weight[..., None, :]
    denominator = (w @ x)[..., 0, :]
    if not (denominator > 0).all():
        raise EstimateError("a ratio's denominator is zero: no station with such votes is in: wait for returns")
    theta = (w @ y)[..., 0, :] / denominator
    # stations along the last axis in memory: loops over k numbers at a time would take three times as long
    across = np.ascontiguousarray(np.swapaxes(x, -1, -2)) * theta[..., None]
    np.subtract(np.swapaxes(y, -1, -2), across, out=across)
    across /= denominator[..., None]
    return Linear(theta, np.swapaxes(across, -1, -2), weight)


def separate(y: Array, x: Array, weight: Array, stratum: IntArray, totals: Array, *, share: bool = False) -> Linear:
    """Estimate totals, or ratios to known totals, from one ratio in each stratum: the separate ratio estimator.

    θ_j = Σ_h X_h R_hj with R_hj = Σ_h w y_j / Σ_h w x, and influence u_ij = (X_h / X̂_h)(y_ij - R_hj x_i) in stratum
    h, X̂_h = Σ_h w x (Cochran 1977, section 6.10, eq. 6.44 and 6.45). As a share: divided by Σ_h X_h.

    It has a smaller variance than the combined ratio where ratios differ between strata, and a bias that
    adds up over strata with few stations (Cochran 1977, section 6.12).

    Parameters
    ----------
    y : numpy.ndarray, shape (…, n, k)
        Numerators, for example votes of each candidate.
    x : numpy.ndarray, shape (…, n)
        The denominator, for example registered voters.
    weight : numpy.ndarray, shape (…, n)
        Expansion weights; 0 for a station that is not in.
    stratum : numpy.ndarray of intp, shape (n,) or (…, n)
        0 … H - 1.
    totals : numpy.ndarray, shape (H,) or (…, H)
        Total X_h of `x` in each stratum of the population; 0 where it has none.
    share : bool
        Divide by the known Σ_h X_h.

    Raises
    ------
    EstimateError
        A stratum that has a total has no station in with positive `x`.
    """
    strata = totals.shape[-1]
    found = group_sums(weight * x, stratum, strata)
    empty = (totals > 0) & ~(found > 0)
    if empty.any():
        raise EstimateError(
            f"stratum {int(np.argwhere(empty)[0][-1])} has no station in with a denominator, and a separate ratio "
            "needs one in every stratum: collapse it, or take the combined ratio"
        )
    divided = np.where(found > 0, found, 1.0)
    ratios = stratum_sums(weight[..., None] * y, stratum, strata) / divided[..., None]
    theta = (totals[..., None, :] @ ratios)[..., 0, :]
    own = np.stack([per_station(ratios[..., j], stratum) for j in range(ratios.shape[-1])], axis=-1)
    influence = per_station(totals / divided, stratum)[..., None] * (y - own * x[..., None])
    if not share:
        return Linear(theta, influence, weight)
    whole = totals.sum(axis=-1)
    if not np.all(whole > 0):
        raise EstimateError("the known totals of a separate ratio sum to zero: give the population's")
    return Linear(theta / whole[..., None], influence / whole[..., None, None], weight)

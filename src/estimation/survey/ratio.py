"""Ratios of totals and the influence of each station on them."""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array
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
    across = np.ascontiguousarray(x.swapaxes(-1, -2)) * theta[..., None]
    np.subtract(y.swapaxes(-1, -2), across, out=across)
    across *= (1 / denominator)[..., None]
    return Linear(theta, across.swapaxes(-1, -2), weight)

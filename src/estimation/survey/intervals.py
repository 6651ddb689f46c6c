"""Confidence intervals for an estimate."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from estimation.errors import EstimateError
from estimation.survey.structure import Array


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lower and upper limits, shape (…, k), in the unit of the estimate."""

    low: Array
    high: Array


def t_interval(theta: Array, variance: Array, df: Array, level: float) -> Bounds:
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

    Returns
    -------
    Bounds
        Both limits equal the estimate where the variance is zero, as at a census; both are NaN
        where it is positive and there are no degrees of freedom.

    Raises
    ------
    EstimateError
        The level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise EstimateError(f"a level of {level} is no probability between 0 and 1: write 0.95 for 95 %")
    df = np.asarray(df, dtype=np.float64)
    df = df[..., None] if df.ndim == theta.ndim - 1 else df
    quantile = np.where(df > 0, stdtrit(np.maximum(df, 1e-9), (1 + level) / 2), np.nan)
    half = np.where(variance == 0, 0.0, quantile * np.sqrt(np.maximum(variance, 0)))
    return Bounds(theta - half, theta + half)

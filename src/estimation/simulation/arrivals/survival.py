"""When counts come in: a log-logistic model of accelerated failure time, with what is not in yet censored."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_ndtr

from estimation.arrays import Array


@dataclass(frozen=True, slots=True)
class Survival:
    """Times to arrival T with log T = β₀ + Σ β_j x_j + s W, W standard logistic.

    Attributes
    ----------
    names : tuple of str
        ``intercept``, then the q covariates.
    coefficients : numpy.ndarray, shape (q + 1,)
        β, on the logarithm of the time's unit.
    scale : float
        s > 0.
    covariance : numpy.ndarray, shape (q + 2, q + 2)
        Of β and log s, from the observed information.
    log_likelihood : float
        Of the times, at the maximum.
    """

    names: tuple[str, ...]
    coefficients: Array
    scale: float
    covariance: Array
    log_likelihood: float = np.nan

    def centre(self, covariates: Array) -> Array:
        """Give β₀ + Σ β_j x_j, the logarithm of the median time: (…, n, q) to (…, n)."""
        return np.asarray(self.coefficients[0] + covariates @ self.coefficients[1:])

    def chance(self, time: float | Array, covariates: Array) -> Array:
        """Give the chance to be in by a time > 0: shape (…, n)."""
        return np.asarray(expit((np.log(time) - self.centre(covariates)) / self.scale))

    def times(self, covariates: Array, normal: Array) -> Array:
        """Turn standard normal numbers into times of the same rank: W = logit Φ(z).

        Parameters
        ----------
        covariates : numpy.ndarray, shape (…, n, q)
        normal : numpy.ndarray, shape (…, n)
            Independent ones give independent times; area effects of unit total variance leave every
            station's distribution as it is.

        Returns
        -------
        numpy.ndarray, shape (…, n)
        """
        return np.exp(self.centre(covariates) + self.scale * (log_ndtr(normal) - log_ndtr(-normal)))

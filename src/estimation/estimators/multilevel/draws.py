"""Draws from the joint predictive distribution."""

import numpy as np
from scipy.special import ndtr, stdtrit

from estimation.arrays import Array


def posterior_draws(
    theta: Array, cov: Array, df: Array, candidates: int, number: int, rng: np.random.Generator
) -> Array:
    """Draw quantities whose margins are the Wilson intervals, joined by the covariance's correlations.

    A draw is the p with (θ - p)² = T² p (1 - p) / n_e, n_e = θ (1 - θ) / V, on the side that T's sign says, with T of
    Student's distribution on each quantity's own degrees of freedom and a normal copula (Joe 2014); shares are made
    to add up to one again.

    Parameters
    ----------
    theta, df : numpy.ndarray, shape (…, q)
    cov : numpy.ndarray, shape (…, q, q)
    candidates : int
        The first so many are shares of one whole.
    number : int
        Number R of draws.

    Returns
    -------
    numpy.ndarray, shape (…, R, q)
    """
    variance = np.diagonal(cov, axis1=-2, axis2=-1)
    se = np.sqrt(np.maximum(variance, 0.0))
    scale = np.where(se > 0, se, 1.0)
    value, vector = np.linalg.eigh(cov / (scale[..., :, None] * scale[..., None, :]))
    root = vector * np.sqrt(np.maximum(value, 0.0))[..., None, :]
    normal = rng.standard_normal((*theta.shape[:-1], number, theta.shape[-1])) @ np.swapaxes(root, -1, -2)
    t = stdtrit(df[..., None, :], np.clip(ndtr(normal), 1e-15, 1 - 1e-15))
    fixed = (se <= 0) | (theta <= 0) | (theta >= 1)
    spread = np.where(fixed, 1.0, theta * (1 - theta))
    a = t**2 * (variance / spread)[..., None, :]
    root_of = np.sqrt(a * spread[..., None, :] + a**2 / 4)
    moved = (theta[..., None, :] + a / 2 + np.sign(t) * root_of) / (1 + a)
    drawn = np.where(fixed[..., None, :], theta[..., None, :], np.clip(moved, 0.0, 1.0))
    drawn[..., :candidates] /= drawn[..., :candidates].sum(axis=-1, keepdims=True)
    return np.asarray(drawn)

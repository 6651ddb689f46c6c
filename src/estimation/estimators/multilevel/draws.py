"""Draws from the joint predictive distribution."""

import numpy as np
from scipy.special import expit, logit, ndtr, stdtrit

from estimation.survey.structure import Array


def draw(theta: Array, cov: Array, df: Array, candidates: int, number: int, rng: np.random.Generator) -> Array:
    """Draw quantities whose margins are the logit t intervals, joined by the covariance's correlations.

    logit θ + T √V / (θ (1 - θ)) with T of Student's distribution on each quantity's own degrees of freedom and a normal
    copula (Joe 2014, section 2.3); shares are made to add up to one again.

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
    inside = np.where(fixed, 0.5, theta)
    moved = expit(logit(inside)[..., None, :] + t * (se / (inside * (1 - inside)))[..., None, :])
    drawn = np.where(fixed[..., None, :], theta[..., None, :], moved)
    drawn[..., :candidates] /= drawn[..., :candidates].sum(axis=-1, keepdims=True)
    return np.asarray(drawn)

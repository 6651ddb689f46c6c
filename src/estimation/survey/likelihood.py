"""Where the binomial deviance reaches a cut-off: the two ends of a likelihood interval."""

import numpy as np

from estimation.arrays import Array, BoolArray

STEPS = 60  # Newton needs a dozen; the rest is for extreme cut-offs
LEAST = np.finfo(np.float64).tiny  # below it a quotient of one by it is not finite
FAR = 750.0  # p exp(-750) is zero in floating point
SERIES = 1e-2  # below it the differences are taken from their series, since they cancel


def deviance_ends(p: Array, cut: Array) -> tuple[Array, Array]:
    """Solve KL(p, x) = cut for x on both sides of p.

    KL(p, x) = p log(p/x) + (1-p) log((1-p)/(1-x)) is half the deviance of one binomial observation. Newton's
    method from a bound on the near side of the root: KL is convex in log x, so that the first step passes
    the root and all others come back to it.

    Parameters
    ----------
    p : numpy.ndarray
        Proportions in [0, 1].
    cut : numpy.ndarray, same shape
        Cut-offs, positive and finite, or NaN, whose ends are NaN.

    Returns
    -------
    tuple of numpy.ndarray
        The lower and the upper end, exact but for rounding; 0 and 1 where p is.
    """
    return p - _fall(p, 1 - p, cut), p + _fall(1 - p, p, cut)


def _fall(p: Array, q: Array, cut: Array) -> Array:
    """Find by how much p must fall for the divergence to reach the cut-off; q = 1 - p."""
    inside: BoolArray = np.asarray((p > 0) & (q > 0))
    a, b = np.where(inside, p, 0.5), np.where(inside, np.maximum(q, LEAST), 0.5)
    # x = p exp(-s); the second derivative in s is at most p/q, hence the root is not nearer than this
    s = np.minimum(np.sqrt(2 * cut * b / a), FAR)
    for _ in range(STEPS):  # the last step squares the error of the one before
        fall = -a * np.expm1(-s)
        value = a * _decay(s) + b * _excess(fall / b)
        before, s = s, np.clip(s + (cut - value) * (b + fall) / np.maximum(fall, 1e-300), 0.0, FAR)
        if np.all(np.isnan(s) | (np.abs(s - before) <= 1e-9 * s)):
            break
    certain = np.where(p > 0, -np.expm1(-cut), 0.0 * cut)  # p = 1: -log x = cut; p = 0: there is no fall
    return np.asarray(np.where(inside, -a * np.expm1(-s), certain))


def _decay(s: Array) -> Array:
    """Work out s + exp(-s) - 1 without cancellation, s ≥ 0."""
    near = np.minimum(s, SERIES)
    series = near**2 / 2 * (1 - near / 3 * (1 - near / 4 * (1 - near / 5 * (1 - near / 6 * (1 - near / 7)))))
    return np.asarray(np.where(s < SERIES, series, s + np.expm1(-s)))


def _excess(x: Array) -> Array:
    """Work out x - log(1 + x) without cancellation, x ≥ 0."""
    near = np.minimum(x, SERIES)
    powers = [(-near) ** j / (j + 2) for j in range(8)]
    return np.asarray(np.where(x < SERIES, near**2 * np.sum(powers, axis=0), x - np.log1p(x)))

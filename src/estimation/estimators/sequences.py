"""Asymptotic confidence sequences: calls that hold at all takes together, however often one looks.

**They need returns that arrive in random order within strata**, as do the boundaries of
:mod:`estimation.survey.spending`. If small or near stations come first, no sequence and no boundary of any kind is
valid, since what is in is then no sample of what was drawn.
"""

from functools import lru_cache

import numpy as np
from scipy.special import log_ndtr

from estimation.arrays import Array
from estimation.errors import DesignError
from estimation.survey.spending import check_error


def mixture_multiplier(fraction: Array, error: float, tightest: float = 1.0, *, two_sided: bool = False) -> Array:
    """Give the number of standard errors that holds at all takes together, by Robbins' normal mixture.

    A normal statistic with information v since the beginning exceeds it at any v with probability `error` at most
    (Robbins 1970; two-sided √((1 + ρ/v) log((1 + v/ρ) / α²)), Howard, Ramdas, McAuliffe and Sekhon 2021, eq. 14; for
    estimates with estimated variances Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, theorem 2.2). One-sided
    the mixture is over positive drifts: 2 (1 + v/ρ)^(-1/2) exp(s²/2) Φ(s) = 1/α with s = z (1 + ρ/v)^(-1/2).

    At the tightest fraction it asks for 4.03 standard errors with a one-sided error of 0.001, where a single look asks
    for 3.09 and a planned last take for 3.29; two-sided for 3.04 with 0.05, instead of 1.96.

    Parameters
    ----------
    fraction : numpy.ndarray, shape (…)
        Information over that of some planned moment, 0 or more; it may exceed 1.
    error : float
        In (0, 1/2): of one side, or of both together.
    tightest : float
        The fraction at which the multiplier is to be least, above 0.
    two_sided : bool
        For intervals; a call looks at one side.

    Returns
    -------
    numpy.ndarray, shape (…)
        Infinite at fraction 0.

    Raises
    ------
    DesignError
        A number lies outside its range.
    """
    check_error(error)
    fraction = np.asarray(fraction, dtype=np.float64)
    if not (np.all(fraction >= 0) and tightest > 0):
        raise DesignError("an information fraction is negative, or none: give 0 or more, and a tightest one above 0")
    return _mixture(fraction * (_best(error, two_sided) / tightest), error, two_sided)


def _mixture(ratio: Array, error: float, two_sided: bool) -> Array:
    """Solve for the multiplier at information v / ρ."""
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.log1p(ratio)
        if two_sided:
            s = np.sqrt(growth - 2 * np.log(error))
        else:
            target = growth / 2 - np.log(2 * error)
            s = np.sqrt(2 * np.maximum(target, 0.0))  # Φ(s) ≤ 1, so that the root lies to the right
            for _ in range(8):  # Newton; s²/2 + log Φ(s) is smooth and increasing
                tail = np.exp(-(s**2) / 2 - log_ndtr(s)) / np.sqrt(2 * np.pi)
                s = s - (s**2 / 2 + log_ndtr(s) - target) / (s + tail)
        return np.where(np.isinf(ratio), np.inf, s * np.sqrt(1 + 1 / ratio))


@lru_cache(maxsize=64)
def _best(error: float, two_sided: bool) -> float:
    """Find the v / ρ at which the multiplier is least, by golden sections on a log scale."""
    low, high, part = 0.0, 8.0, (np.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - part * (high - low), low + part * (high - low)
        values = _mixture(np.exp(np.array([left, right])), error, two_sided)
        low, high = (low, right) if values[0] < values[1] else (left, high)
    return float(np.exp((low + high) / 2))

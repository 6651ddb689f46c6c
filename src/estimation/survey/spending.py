"""Boundaries for looking more than once: how far from zero an estimate must be at each take.

A statistic z_k = θ̂_k / se_k that is looked at again and again behaves like a Brownian motion over its standard
deviation, B(t_k) / √t_k, at the fractions t_k of the information that the last take will have: given what is in later,
the mean of an earlier estimate is the later one, so that the covariance of the two is the variance of the later. That
holds for samples drawn without replacement, as they come in, if the order within strata is random, and for no other
order (canonical joint distribution: Jennison and Turnbull 2000, section 3.1).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import betaln, ndtr, ndtri, ndtri_exp, stdtr

from estimation.arrays import Array
from estimation.errors import DesignError

FAINT = 1e-290  # smaller probabilities are on their way to underflow
POINTS = 32  # Jennison and Turnbull's r: 12 r - 3 nodes
MOST_POINTS = 128
REACH = 40.0  # no boundary lies beyond: the probability there is 1e-350


def _obrien_fleming(fraction: Array, error: float) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(2 * ndtr(ndtri(error / 2) / np.sqrt(fraction)))


def _pocock(fraction: Array, error: float) -> Array:
    return np.asarray(error * np.log1p((np.e - 1) * fraction))


SPENDING: dict[str, Callable[[Array, float], Array]] = {"obrien-fleming": _obrien_fleming, "pocock": _pocock}


def spent(fraction: Array, error: float, spending: str = "obrien-fleming") -> Array:
    """Give the part of the error that may be spent up to an information fraction.

    O'Brien–Fleming-type: 2 - 2 Φ(z_{α/2} / √t); Pocock-type: α log(1 + (e - 1) t) (Lan and DeMets 1983, section 3).

    Parameters
    ----------
    fraction : numpy.ndarray, shape (…)
        0 … 1.
    error : float
        One-sided error α in (0, 1/2), all of which is spent at fraction 1.
    spending : {"obrien-fleming", "pocock"}

    Raises
    ------
    DesignError
        A number lies outside its range; the spending function is unknown.
    """
    fraction = np.asarray(fraction, dtype=np.float64)
    check_error(error)
    if spending not in SPENDING:
        raise DesignError(f"spending '{spending}' is unknown: it is one of {', '.join(SPENDING)}")
    if not np.all((fraction >= 0) & (fraction <= 1)):
        raise DesignError("an information fraction lies outside 0 … 1: divide by the information of the last take")
    return SPENDING[spending](fraction, error)


def boundaries(fractions: Array, error: float, spending: str = "obrien-fleming") -> Array:
    """Find the boundaries of planned takes: P(z_j ≥ boundary_j at some j ≤ k) is what may be spent up to take k.

    Each boundary depends on the fractions up to its own take only, so that takes need not be planned in number or
    time; only the fractions must not be chosen by what was seen (Lan and DeMets 1983). Recursive numerical integration
    (Armitage, McPherson and Rowe 1969) by Simpson's rule (Jennison and Turnbull 2000, section 19.2).

    Parameters
    ----------
    fractions : numpy.ndarray, shape (K,)
        Information fractions t_1 < … < t_K of the takes so far, in (0, 1].
    error : float
        One-sided error α in (0, 1/2).
    spending : {"obrien-fleming", "pocock"}
        See :func:`spent`.

    Returns
    -------
    numpy.ndarray, shape (K,)
        In standard errors; infinite where what may be spent is below 1e-290.

    Raises
    ------
    DesignError
        The fractions don't rise from above 0 to at most 1, or rise by too little to integrate over (a ten-thousandth
        of themselves); the error or the spending function is unusable.
    """
    times = _rising(fractions)
    steps = np.diff(spent(times, error, spending), prepend=0.0)
    points, found, before, last = _points(times), np.full(len(times), np.inf), None, 0.0
    for k, (t, step) in enumerate(zip(times, steps, strict=True)):
        if step > FAINT:
            found[k] = _solve(before, last, t, step)
        before, last = _carry(before, last, t, found[k], 0.0, points), float(t)
    return found


def crossing(bounds: Array, fractions: Array, drift: float = 0.0) -> Array:
    """Work out the probability of having been at or above a boundary, up to each take.

    Parameters
    ----------
    bounds : numpy.ndarray, shape (K,)
        In standard errors; may be infinite.
    fractions : numpy.ndarray, shape (K,)
        Information fractions, rising, in (0, 1].
    drift : float
        The true value in standard errors of fraction 1; 0 gives the error, anything else the power.

    Returns
    -------
    numpy.ndarray, shape (K,)

    Raises
    ------
    DesignError
        The fractions don't rise from above 0 to at most 1, or are not as many as the boundaries.
    """
    times, bounds = _rising(fractions), np.asarray(bounds, dtype=np.float64)
    if bounds.shape != times.shape:
        raise DesignError(f"{bounds.size} boundaries and {times.size} fractions: give one boundary for each take")
    points, found, before, last = _points(times), np.zeros(len(times)), None, 0.0
    for k, (t, bound) in enumerate(zip(times, bounds, strict=True)):
        found[k] = _exit(before, last, t, float(bound), drift)
        before, last = _carry(before, last, t, float(bound), drift, points), float(t)
    return np.cumsum(found)


def continuous(fraction: Array, error: float) -> Array:
    """Give the O'Brien–Fleming boundary for any number of looks, z(t) = z_{α/2} / √t.

    By the reflection principle P(max_{t ≤ 1} B(t) ≥ c) = 2 (1 - Φ(c)), so that c = z_{α/2} is crossed with probability
    α however often one looks up to fraction 1 (Lan and DeMets 1983, section 3; O'Brien and Fleming 1979). At fraction 1
    it asks for 3.29 standard errors where a single look at 0.001 asks for 3.09.

    Parameters
    ----------
    fraction : numpy.ndarray, shape (…)
        Information fraction, 0 … 1; 0 gives infinity.
    error : float
        One-sided error α in (0, 1/2).

    Raises
    ------
    DesignError
        A number lies outside its range.
    """
    fraction = np.asarray(fraction, dtype=np.float64)
    check_error(error)
    if np.any((fraction < 0) | (fraction > 1)):
        raise DesignError("an information fraction lies outside 0 … 1: divide by the information of the last take")
    with np.errstate(divide="ignore"):
        return np.asarray(-ndtri(error / 2) / np.sqrt(fraction))


def normal_deviate(t: Array, df: Array) -> Array:
    """Turn Student's t into the normal deviate with the same tail, Φ⁻¹(T_df(t)).

    A boundary for normal statistics then serves estimates with few degrees of freedom (Jennison and Turnbull 2000,
    section 4.4, the significance level approach).

    Parameters
    ----------
    t : numpy.ndarray, shape (…)
        Estimate over standard error; may be infinite.
    df : numpy.ndarray, shape (…)
        Degrees of freedom; infinite leaves t as it is.

    Returns
    -------
    numpy.ndarray, shape (…)
        NaN where df is not positive. Exact to rounding while the tail exceeds 1e-290, to 1e-4 of itself beyond.
    """
    t, df = np.broadcast_arrays(np.asarray(t, dtype=np.float64), np.asarray(df, dtype=np.float64))
    size, usable = np.abs(t), np.where(df > 0, df, 1.0)
    finite = np.where(np.isfinite(usable), usable, 1.0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        tail = stdtr(finite, -size)
        # P = x^a √(1-x) / (2 a B(a, 1/2)) 2F1(a + 1/2, 1; a + 1; x) with a = df/2, x = 1 / (1 + t²/df); of the
        # hypergeometric function the first convergent of its continued fraction
        a, rest = finite / 2, 1 / (1 + (finite / size) / size)
        log_x = -np.logaddexp(0.0, 2 * np.log(size) - np.log(finite))
        ratio = rest + (1 - rest) * 0.5 / (a + 1)
        log_tail = a * log_x + np.log(rest) / 2 - np.log(2 * a) - betaln(a, 0.5) - np.log(ratio)
        deviate = np.where(tail > FAINT, -ndtri(tail), -ndtri_exp(np.where(tail > FAINT, -1.0, log_tail)))
    deviate = np.where(np.isinf(size), np.inf, np.where(np.isinf(usable), size, deviate))
    return np.where(df > 0, np.copysign(deviate, t), np.nan)


def check_error(error: float) -> None:
    """Refuse an error that is no probability below one half.

    Raises
    ------
    DesignError
    """
    if not 0 < error < 0.5:
        raise DesignError(f"an error of {error} is no probability between 0 and 0.5: write 0.001 for 0.1 %")


class _Mass(NamedTuple):
    """Where z is if no boundary was crossed: nodes, and density times Simpson's weight."""

    node: Array
    weight: Array


def _rising(fractions: Array) -> Array:
    times = np.asarray(fractions, dtype=np.float64)
    if times.ndim != 1 or not len(times) or not (times[0] > 0 and times[-1] <= 1 and np.all(np.diff(times) > 0)):
        raise DesignError(
            f"fractions {times.tolist()} don't rise from above 0 to at most 1: leave takes without news out"
        )
    return times


def _points(times: Array) -> int:
    """Choose r so that a step's standard deviation, √(Δt / t), spans at least two of the nodes' distances, 3 / 4r."""
    least = float(np.sqrt((np.diff(times) / times[1:]).min())) if len(times) > 1 else 1.0
    if least < 1.5 / MOST_POINTS:
        raise DesignError(
            f"two takes differ by {least**2:.1e} of their information, too little to integrate over: "
            "leave one of them out, or use the continuous boundary"
        )
    return max(POINTS, int(np.ceil(1.5 / least)))


def _nodes(mean: float, bound: float, points: int) -> _Mass:
    """Lay out Jennison and Turnbull's nodes below a boundary (2000, section 19.2.1), with Simpson's weights."""
    i = np.arange(1, 6 * points)
    with np.errstate(divide="ignore"):
        left, right = -3 - 4 * np.log(points / i), 3 + 4 * np.log(points / (6 * points - i))
    x = mean + np.where(i < points, left, np.where(i > 5 * points, right, -3 + 1.5 * (i - points) / points))
    x = x[x < bound]
    odd = np.append(x, bound) if bound < x[-1] + 1 else x
    if len(odd) < 2:
        return _Mass(odd, np.zeros(len(odd)))
    gap = np.diff(odd)
    node, weight = np.empty(2 * len(odd) - 1), np.zeros(2 * len(odd) - 1)
    node[::2], node[1::2] = odd, odd[:-1] + gap / 2
    weight[1::2] = 4 * gap / 6
    weight[:-2:2] += gap / 6
    weight[2::2] += gap / 6
    return _Mass(node, weight)


def _density(x: Array) -> Array:
    return np.asarray(np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi))


def _exit(before: _Mass | None, last: float, t: float, bound: float, drift: float) -> float:
    """Integrate the probability of crossing at this take and not before."""
    if before is None:
        return float(ndtr(drift * np.sqrt(t) - bound))
    step = t - last
    return float(
        before.weight @ ndtr((before.node * np.sqrt(last) + drift * step - bound * np.sqrt(t)) / np.sqrt(step))
    )


def _carry(before: _Mass | None, last: float, t: float, bound: float, drift: float, points: int) -> _Mass:
    """Integrate where z is at this take, if no boundary was crossed up to it."""
    node, weight = _nodes(drift * float(np.sqrt(t)), bound, points)
    if before is None:
        return _Mass(node, weight * _density(node - drift * np.sqrt(t)))
    step = t - last
    distance = (node[:, None] * np.sqrt(t) - before.node * np.sqrt(last) - drift * step) / np.sqrt(step)
    return _Mass(node, weight * (_density(distance) @ before.weight) * np.sqrt(t / step))


def _solve(before: _Mass | None, last: float, t: float, step: float) -> float:
    """Find the boundary that is crossed with a probability, by bisection to the last digit."""
    low, high = -REACH, REACH
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _exit(before, last, t, middle, 0.0) > step else (low, middle)
    return (low + high) / 2

"""Fits the arrival model of a past night: how BALI_2024 of estimation.simulation.arrivals was found."""

from collections.abc import Sequence
from math import factorial, pi

import numpy as np
from scipy.special import eval_hermitenorm, expit, ndtri

from estimation.arrays import Array, BoolArray, IntArray
from estimation.errors import EstimateError
from estimation.frame import Frame
from estimation.simulation.arrivals.log_logistic import LogLogistic, Survival, covariates_of

TERMS = 30  # of the tetrachoric series
TOLERANCE = 1e-9  # of the mean slope of the log-likelihood


def fit_night(
    frame: Frame,
    times: Array,
    observed: BoolArray,
    covariates: Sequence[str] = ("size",),
    levels: Sequence[str] = ("district", "village"),
    at: float | None = None,
) -> LogLogistic:
    """Fit a past night.

    Parameters
    ----------
    frame : Frame
        Its stations, N of them.
    times : numpy.ndarray, shape (N,)
        Minutes since the end of voting, > 0: of arrival, or of the end of waiting.
    observed : numpy.ndarray of bool, shape (N,)
        The station came in.
    covariates : sequence of str
        ``size``, ``distance``.
    levels : sequence of str
        Area levels from the widest to the finest; each gets what the wider ones leave it of
        :func:`area_part`.
    at : float, optional
        The moment at which areas are compared; see :func:`area_part`.

    Raises
    ------
    EstimateError
        Of :func:`fit_log_logistic` and :func:`area_part`.
    DesignError
        A covariate is unknown, or the frame does not have it.
    """
    x = covariates_of(frame, covariates)
    survival = fit_log_logistic(times, observed, x, covariates)
    parts, before = [], 0.0
    for level in levels:
        part = area_part(survival, times, observed, x, frame.areas(level).codes, at)
        parts.append((level, max(part - before, 0.0)))
        before = max(part, before)
    return LogLogistic(survival, tuple(parts))


def fit_log_logistic(
    times: Array, observed: BoolArray, covariates: Array, names: Sequence[str] | None = None
) -> Survival:
    """Fit by maximum likelihood (Kalbfleisch and Prentice 2002, section 3.5).

    A station that is in adds log f(T), one that is not log S(T) with T the time until which it was waited for.

    Parameters
    ----------
    times : numpy.ndarray, shape (m,)
        T > 0, of arrival or of the end of waiting.
    observed : numpy.ndarray of bool, shape (m,)
        The station is in.
    covariates : numpy.ndarray, shape (m, q)
    names : sequence of str, optional
        Of the covariates.

    Raises
    ------
    EstimateError
        A time is not positive, a covariate not a number; too few stations are in for the number of
        parameters, or all at one time; covariates are collinear; or the likelihood has no maximum.
    """
    from scipy.optimize import minimize

    labels = tuple(names) if names is not None else tuple(f"covariate {j + 1}" for j in range(covariates.shape[1]))
    x = np.column_stack([np.ones(len(times)), covariates])
    _check(times, observed, x, labels)
    log_time = np.log(times)

    def loss(at: Array) -> float:
        value, _, _ = _likelihood(at, log_time, observed, x)
        return -value / len(times)

    def slope(at: Array) -> Array:
        return -_likelihood(at, log_time, observed, x)[1] / len(times)

    def curvature(at: Array) -> Array:
        return -_likelihood(at, log_time, observed, x)[2] / len(times)

    start, *_ = np.linalg.lstsq(x[observed], log_time[observed], rcond=None)
    spread = (log_time[observed] - x[observed] @ start).std() * np.sqrt(3) / pi
    begin = np.append(start, np.log(max(float(spread), 1e-3)))
    found = minimize(loss, begin, jac=slope, hess=curvature, method="trust-exact", options={"gtol": TOLERANCE})
    value, gradient, hessian = _likelihood(found.x, log_time, observed, x)
    definite = np.linalg.eigvalsh(-hessian)[0] > 1e-10 * len(times)
    if not (definite and np.abs(gradient).max() < 1e-6 * len(times) and np.exp(found.x[-1]) > 1e-6):
        raise EstimateError(
            f"the likelihood of arrival times has no maximum ({found.message}): leave covariates out, "
            f"or take a night with more stations in"
        )
    jacobian = float(log_time[observed].sum())  # from the density of log T to that of T
    return Survival(
        ("intercept", *labels),
        found.x[:-1],
        float(np.exp(found.x[-1])),
        np.asarray(np.linalg.inv(-hessian), dtype=np.float64),
        value - jacobian,
    )


def area_part(
    survival: Survival, times: Array, observed: BoolArray, covariates: Array, area: IntArray, at: float | None = None
) -> float:
    """Estimate how much of the arrival's variance lies between areas, from who is in by one moment.

    Behind each station stands a normal number with P(in by t) = Φ(h), h from the fitted model; those of two
    stations of an area correlate by ρ. The mean product of D - Φ(h), D = 1 where a station is in, over pairs
    of an area is Σ_m ρ^m / m! He_{m-1}(h) He_{m-1}(h') φ(h) φ(h') (the tetrachoric series, Pearson 1900), which is
    solved for ρ.

    Parameters
    ----------
    times, observed, covariates
        As the model was fitted to.
    area : numpy.ndarray of intp, shape (m,)
        Code of the area.
    at : float, optional
        The moment t, before any station was given up; by default the median time of those in, or the end of
        waiting where that is earlier.

    Returns
    -------
    float
        ρ in [0, 0.99]; 0 where areas differ less than by chance.

    Raises
    ------
    EstimateError
        No area has two stations.
    """
    end = float(times[~observed].min()) if not observed.all() else np.inf
    moment = min(float(np.median(times[observed])), end) if at is None else at
    if moment > end:
        raise EstimateError(f"some stations were waited for until {end:g} only: take a moment before, not {moment:g}")
    chance = survival.chance(moment, covariates)
    h = ndtri(np.clip(chance, 1e-12, 1 - 1e-12))
    density = np.exp(-(h**2) / 2) / np.sqrt(2 * pi)

    def over_pairs(values: Array) -> float:
        return float(((np.bincount(area, values) ** 2).sum() - (values**2).sum()) / 2)

    if not over_pairs(np.ones(len(area))) > 0:
        raise EstimateError("no area has two stations: take a wider level")
    series = [over_pairs(eval_hermitenorm(m - 1, h) * density) / factorial(m) for m in range(1, TERMS + 1)]
    found = over_pairs((observed & (times <= moment)) - chance)
    low, high = 0.0, 0.99
    for _ in range(60):
        middle = (low + high) / 2
        short = middle * np.polynomial.polynomial.polyval(middle, series) < found
        low, high = (middle, high) if short else (low, middle)
    return 0.0 if found <= 0 else high


def _likelihood(at: Array, log_time: Array, observed: BoolArray, x: Array) -> tuple[float, Array, Array]:
    """Give log-likelihood of log T, gradient and Hessian in (β, log s)."""
    s = float(np.exp(at[-1]))
    w = (log_time - x @ at[:-1]) / s
    inside = expit(w)
    value = np.where(observed, w - at[-1], 0.0) - np.where(observed, 2, 1) * np.logaddexp(0, w)
    first = observed - np.where(observed, 2, 1) * inside
    second = -np.where(observed, 2, 1) * inside * (1 - inside)
    # w falls by 1/s in the centre, and by w in log s
    gradient = np.append(-(first @ x) / s, -(first * w).sum() - observed.sum())
    hessian = np.empty((len(at), len(at)))
    hessian[:-1, :-1] = (x * second[:, None]).T @ x / s**2
    hessian[:-1, -1] = hessian[-1, :-1] = ((second * w + first) @ x) / s
    hessian[-1, -1] = (second * w**2 + first * w).sum()
    return float(value.sum()), gradient, hessian


def _check(times: Array, observed: BoolArray, x: Array, labels: tuple[str, ...]) -> None:
    if not np.all(np.isfinite(times) & (times > 0)):
        raise EstimateError("a time of arrival is not positive: count from before the first, such as the end of voting")
    if not np.isfinite(x).all():
        column = labels[int(np.argwhere(~np.isfinite(x))[0][1]) - 1]
        raise EstimateError(f"covariate '{column}' is not a number at some station: fill it, or leave it out")
    needed = x.shape[1] + 2
    if observed.sum() < needed:
        raise EstimateError(
            f"{int(observed.sum())} stations are in, and {needed - 1} parameters need {needed}: leave covariates out"
        )
    if np.ptp(times[observed]) == 0:
        raise EstimateError("all stations came in at one time: there is no spread to fit")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise EstimateError(f"the covariates {', '.join(labels)} are collinear: leave one out")

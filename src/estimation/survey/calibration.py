"""Calibration of weights to known totals, and the influence that is left after it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estimation.arrays import Array, BoolArray, IntArray
from estimation.errors import EstimateError
from estimation.survey import dual, explain
from estimation.survey.distances import BOUNDED, check_bounds, choose
from estimation.survey.ratio import Linear

BLOCK = 200_000  # numbers looked at together: a megabyte and a half stays in a processor's cache
AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class WeightSummary:
    """The g-weights of the stations that are in, and what calibrating cost; each array has shape (…).

    Attributes
    ----------
    smallest, lower, median, upper, largest : numpy.ndarray, shape (…)
        Extremes and quartiles of g.
    negative : numpy.ndarray of intp, shape (…)
        Stations with g < 0.
    kish : numpy.ndarray, shape (…)
        1 + CV² of the weights w g, the variance lost to unequal weights (Kish 1992); ≥ 1.
    unmet : numpy.ndarray, shape (…, q)
        Relative differences of the calibrated totals from those given.
    """

    smallest: Array
    lower: Array
    median: Array
    upper: Array
    largest: Array
    negative: IntArray
    kish: Array
    unmet: Array


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights calibrated to known totals; leading axes are replicates.

    Attributes
    ----------
    weight : numpy.ndarray, shape (…, n)
        Calibrated weights w g; 0 = not in.
    g : numpy.ndarray, shape (…, n)
        What each weight was multiplied by; 0 = not in.
    base : numpy.ndarray, shape (n,) or (…, n)
        The weights w before.
    auxiliary : numpy.ndarray, shape (n, q) or (…, n, q)
        Auxiliary variables x.
    scale : numpy.ndarray, shape (n,) or (…, n)
        σ² > 0, what the variance of a residual is proportional to.
    totals : numpy.ndarray, shape (q,) or (…, q)
        The population's totals.
    achieved : numpy.ndarray, shape (…, q)
        Σ w g x.
    names : tuple of str
        The q auxiliaries.
    distance : str
        ``linear``, ``truncated``, ``raking`` or ``logit``.
    range : tuple of (float, float)
        Between which the g-weights were kept.
    ridge : numpy.ndarray, shape (…)
        The ridge η; 0 = every total is met.
    penalty : numpy.ndarray, shape (…, q)
        P_j ≥ 0 in Σ w g x_j + P_j λ_j = t_j; 0 = the total is met.
    dropped : numpy.ndarray of bool, shape (…, q)
        Auxiliaries that earlier ones imply, total included; they are met without being asked for.
    iterations : numpy.ndarray of intp, shape (…)
        Steps of Newton's method.
    """

    weight: Array
    g: Array
    base: Array
    auxiliary: Array
    scale: Array
    totals: Array
    achieved: Array
    names: tuple[str, ...]
    distance: str
    range: tuple[float, float]
    ridge: Array
    penalty: Array
    dropped: BoolArray
    iterations: IntArray

    @property
    def unmet(self) -> Array:
        """Relative differences of the calibrated totals from those given (absolute where one is 0): (…, q)."""
        return (self.achieved - self.totals) / np.where(self.totals == 0, 1.0, np.abs(self.totals))

    def summary(self) -> WeightSummary:
        """Describe the g-weights of the stations that are in, replicate by replicate."""
        inside = np.broadcast_to(self.base > 0, self.g.shape)
        smallest, lower, median, upper, largest = _quartiles(self.g, inside)
        count, total = inside.sum(axis=-1), self.weight.sum(axis=-1)
        kish = count * (self.weight**2).sum(axis=-1) / total**2
        negative = np.asarray((self.g < 0).sum(axis=-1), dtype=np.intp)
        return WeightSummary(smallest, lower, median, upper, largest, negative, np.asarray(kish), self.unmet)

    def table(self) -> pd.DataFrame:
        """Show the totals of one calibration (no leading axes): given, achieved, and how each was used."""
        met = np.where(self.penalty == 0, "met", "penalised")
        return pd.DataFrame(
            {
                "total": self.totals,
                "achieved": self.achieved,
                "difference": self.achieved - self.totals,
                "relative": self.unmet,
                "used": np.where(self.dropped, "implied by others", met),
            },
            index=list(self.names),
        )


def calibrate(
    weight: Array,
    auxiliary: Array,
    totals: Array,
    distance: str = "linear",
    *,
    bounds: tuple[float, float] | None = None,
    scale: Array | None = None,
    ridge: float | str | None = None,
    cost: Array | None = None,
    names: Sequence[str] | None = None,
) -> Calibration:
    """Change weights as little as possible so that they add auxiliary variables up to their known totals.

    Minimises Σ w σ² G(g) under Σ w g x = t (Deville and Särndal 1992, section 2); the linear distance
    gives the generalised regression estimator. With a ridge η, totals need not be met: the linear distance
    then minimises Σ w σ² (g - 1)² / Σ w σ² + Σ_j (c_j / η) (Σ w g x_j / t_j - 1)², so that η is the price of
    moving the weights in relative misses of totals (Bardsley and Chambers 1984; Rao and Singh 1997;
    Beaumont and Bocci 2008). Automatic: η = 0 where all g then lie within the bounds, else the
    smallest η for which they do, by bisection of log η (g is taken to move to 1 steadily as η grows).

    An auxiliary that earlier ones imply is left out, as one margin of several complete ones is, if its
    total is what theirs imply.

    Parameters
    ----------
    weight : numpy.ndarray, shape (…, n)
        Weights w ≥ 0; 0 for a station that is not in.
    auxiliary : numpy.ndarray, shape (n, q) or (…, n, q)
        Auxiliary variables x, finite for stations that are in.
    totals : numpy.ndarray, shape (q,) or (…, q)
        The population's totals of them.
    distance : str
        ``linear``; ``truncated`` (linear within bounds; so is ``linear`` with bounds); ``raking``, g > 0;
        ``logit``, smoothly within bounds.
    bounds : tuple of (float, float), optional
        Smallest and largest g-weight, L < 1 < U; an infinite end is open, except for ``logit``.
    scale : numpy.ndarray, shape (n,) or (…, n), optional
        σ² > 0, by default 1; with one auxiliary x, σ² = x gives the ratio estimator.
    ridge : float or "automatic", optional
        η ≥ 0. Automatic needs bounds, and the distance ``linear`` or ``raking``.
    cost : numpy.ndarray, shape (q,), optional
        c > 0 of each auxiliary, by default 1; infinite: the total must be met. Needs a ridge.
    names : sequence of str, optional
        Of the auxiliaries, for messages and tables.

    Returns
    -------
    Calibration

    Raises
    ------
    EstimateError
        Something given is out of its range or shape; an auxiliary's total is positive and no station in
        has any of it; totals of collinear auxiliaries contradict each other; no weights within the bounds
        meet the totals. ``CalibrationError`` for the last three: it knows which replicates.
    """
    labels = _names(names, auxiliary)
    search = ridge == AUTOMATIC
    limits = _limits(distance, bounds) if search else None
    kind = choose(distance, None if search else bounds)
    costs, eta = _ridge(ridge, cost, len(labels))
    scale = np.ones(weight.shape[-1:]) if scale is None else scale
    lead = _check(weight, auxiliary, totals, scale)
    n, q = auxiliary.shape[-2:]
    flat = [_flat(value, lead, axes) for value, axes in ((weight, 1), (auxiliary, 2), (totals, 1), (scale, 1))]
    number = len(flat[0])
    g, achieved, penalty = np.empty((number, n)), np.empty((number, q)), np.empty((number, q))
    dropped, used = np.empty((number, q), dtype=np.bool_), np.empty(number)
    steps, fault, column = (np.empty(number, dtype=np.intp) for _ in range(3))
    for rows in _blocks(number, n * q):
        problem = dual.pose(*(value[rows] for value in flat))
        _finite(problem, labels)
        if limits is None:
            found = dual.fixed(problem, kind, np.full(len(problem.totals), eta), costs)
        else:
            found = dual.automatic(problem, kind, costs, limits)
        with np.errstate(over="ignore", invalid="ignore"):  # of replicates that are refused below
            ratio = np.where(problem.weight > 0, kind.ratio(problem.exponent(found.multiplier)), 0.0)
            g[rows], achieved[rows] = ratio, problem.total(ratio)
        penalty[rows], dropped[rows], used[rows] = found.penalty, ~found.keep, found.ridge
        steps[rows], fault[rows], column[rows] = found.steps, found.fault, found.column
    if fault.any():
        first = int(np.argmax(fault > 0))
        problem = dual.pose(*(value[first : first + 1] for value in flat))
        exact = np.isinf(costs) if search or eta > 0 else np.ones(q, dtype=np.bool_)
        reason = explain.Reason(int(fault[first]), int(column[first]), labels, kind, limits, exact)
        raise explain.error(problem, reason, (fault > 0).reshape(lead))
    return Calibration(
        weight=(flat[0] * g).reshape(*lead, n),
        g=g.reshape(*lead, n),
        base=weight,
        auxiliary=auxiliary,
        scale=scale,
        totals=totals,
        achieved=achieved.reshape(*lead, q),
        names=labels,
        distance=kind.name,
        range=kind.range if limits is None else limits,
        ridge=used.reshape(lead),
        penalty=penalty.reshape(*lead, q),
        dropped=dropped.reshape(*lead, q),
        iterations=steps.reshape(lead),
    )


def residual(linear: Linear, calibration: Calibration) -> Linear:
    """Take from each station's influence what the auxiliaries explain of it.

    u - x'B with B = (Σ w x x'/σ² + P)⁻¹ Σ w x u/σ², w the weights before calibration and P the ridge's
    penalty; with weights w g it is what a covariance takes for any distance, as all of them have the
    linear one's variance (Deville and Särndal 1992, result 5 and section 3). An automatic ridge and bounds
    count as if they had been fixed beforehand.

    Parameters
    ----------
    linear : Linear
        An estimate with the calibrated weights and its influence, shape (…, n, k).
    calibration : Calibration

    Returns
    -------
    Linear
        The same estimate; influence 0 for a station that is not in, weights w g.

    Raises
    ------
    EstimateError
        The two do not have the same stations.
    """
    u = linear.influence
    n, k = u.shape[-2:]
    if calibration.weight.shape[-1] != n:
        raise EstimateError(
            f"the influence has {n} stations and the calibration {calibration.weight.shape[-1]}: give those calibrated"
        )
    parts = ((u, 2), (calibration.base, 1), (calibration.auxiliary, 2), (calibration.scale, 1))
    lead = np.broadcast_shapes(
        calibration.penalty.shape[:-1], *(part.shape[: part.ndim - axes] for part, axes in parts)
    )
    u, weight, x, scale = (_flat(value, lead, axes) for value, axes in parts)
    penalty, keep = _flat(calibration.penalty, lead, 1), _flat(~calibration.dropped, lead, 1)
    left = np.empty((len(u), n, k))
    for rows in _blocks(len(left), n * max(k, x.shape[-1])):
        left[rows] = _unexplained(u[rows], weight[rows], x[rows], scale[rows], penalty[rows], keep[rows])
    return Linear(linear.theta, left.reshape(*lead, n, k), calibration.weight)


def _unexplained(u: Array, weight: Array, x: Array, scale: Array, penalty: Array, keep: BoolArray) -> Array:
    inside = weight > 0
    if not inside.all():
        u, x = np.where(inside[..., None], u, 0.0), np.where(inside[..., None], x, 0.0)
        scale = np.where(inside, scale, 1.0)
    weighted = np.swapaxes(x * (weight / scale)[..., None], -1, -2)
    matrix = dual.bordered(weighted @ x + penalty[:, None, :] * np.eye(penalty.shape[-1]), keep)
    moment = np.where(keep[..., None], weighted @ u, 0.0)
    return np.asarray(u - x @ np.linalg.solve(matrix, moment))


def leverage(calibration: Calibration) -> Array:
    """Say how much of each station's own residual the regression takes away: h, shape (…, n).

    h_i = (w_i / σ_i²) x_i'(Σ w x x'/σ² + P)⁻¹ x_i, in 0 … 1; their sum is the number of auxiliaries without a ridge
    (Valliant 2002, section 2).
    """
    c = calibration
    x = np.where((c.base > 0)[..., None], c.auxiliary, 0.0)
    pull = np.where(c.base > 0, c.base / c.scale, 0.0)
    weighted = np.swapaxes(x * pull[..., None], -1, -2)
    matrix = weighted @ x + c.penalty[..., None, :] * np.eye(c.penalty.shape[-1])
    moved = np.linalg.solve(dual.bordered(matrix, ~c.dropped), np.where(c.dropped[..., None], 0.0, weighted))
    return np.asarray((x * np.swapaxes(moved, -1, -2)).sum(axis=-1))


def _quartiles(g: Array, inside: BoolArray) -> list[Array]:
    """Give extremes and quartiles of those inside, between the order statistics linearly (R's type 7)."""
    ordered, last = np.sort(np.where(inside, g, np.inf), axis=-1), inside.sum(axis=-1, keepdims=True) - 1
    points = []
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        place = part * last
        below = np.floor(place).astype(np.intp)
        ends = (np.take_along_axis(ordered, end, axis=-1)[..., 0] for end in (below, np.minimum(below + 1, last)))
        low, high = ends
        points.append(np.asarray(low + (place - below)[..., 0] * (high - low)))
    return points


def _flat(values: NDArray[Any], lead: tuple[int, ...], trailing: int) -> NDArray[Any]:
    """Lay leading axes on one: (…, *rest) to (replicates, *rest)."""
    rest = values.shape[values.ndim - trailing :]
    return np.broadcast_to(values, (*lead, *rest)).reshape(int(np.prod(lead, dtype=np.int64)), *rest)


def _blocks(number: int, size: int) -> Iterator[slice]:
    step = max(1, BLOCK // max(1, size))
    return (slice(start, start + step) for start in range(0, number, step))


def _names(names: Sequence[str] | None, auxiliary: Array) -> tuple[str, ...]:
    if auxiliary.ndim < 2:
        raise EstimateError(f"auxiliary has shape {auxiliary.shape}: it needs (…, stations, columns)")
    q = auxiliary.shape[-1]
    labels = tuple(f"auxiliary {j}" for j in range(1, q + 1)) if names is None else tuple(names)
    if len(labels) != q:
        raise EstimateError(f"{len(labels)} names for {q} auxiliaries: give one for each column")
    return labels


def _limits(distance: str, bounds: tuple[float, float] | None) -> tuple[float, float]:
    """Check that an automatic ridge has something to bring within bounds."""
    if distance in BOUNDED:
        raise EstimateError(
            f"ridge='automatic' goes with distance 'linear' or 'raking': '{distance}' has its own bounds"
        )
    if bounds is None:
        raise EstimateError("ridge='automatic' needs bounds=(L, U), inside which it brings the g-weights")
    return check_bounds(bounds)


def _ridge(ridge: float | str | None, cost: Array | None, q: int) -> tuple[Array, float]:
    """Check ridge and costs: the costs (q,), and η (0 where it is none or automatic)."""
    if ridge is None and cost is not None:
        raise EstimateError("costs of auxiliaries need a ridge: give ridge=1.0 (the costs as they are) or 'automatic'")
    costs = np.ones(q) if cost is None else np.asarray(cost, dtype=np.float64)
    if costs.shape != (q,) or not np.all(costs > 0):
        raise EstimateError(f"costs must be {q} numbers above 0, one for each auxiliary; infinite: must be met")
    if ridge is None or ridge == AUTOMATIC:
        return costs, 0.0
    if isinstance(ridge, str) or np.ndim(ridge) or not 0 <= ridge < np.inf:
        raise EstimateError(f"ridge is {ridge!r}: give a number from 0 (exact) up, or '{AUTOMATIC}'")
    return costs, float(ridge)


def _check(weight: Array, auxiliary: Array, totals: Array, scale: Array) -> tuple[int, ...]:
    """Check shapes and ranges, and find the replicate axes."""
    n, q = auxiliary.shape[-2:]
    for name, value, length, what in (("weight", weight, n, "stations"), ("totals", totals, q, "columns")):
        if value.ndim < 1 or value.shape[-1] != length:
            raise EstimateError(
                f"{name} has shape {value.shape} and auxiliary {auxiliary.shape}: its last axis needs {length} {what}"
            )
    if scale.ndim < 1 or scale.shape[-1] != n:
        raise EstimateError(f"scale has shape {scale.shape} for {n} stations: it needs (…, {n})")
    if not np.all(weight >= 0) or not np.all(np.isfinite(weight)):
        raise EstimateError("a weight is negative or not a number: weights are 0 (not in) or positive")
    if not np.all((scale > 0) & np.isfinite(scale) | (weight == 0)):
        raise EstimateError("scale σ² must be positive where a station is in")
    if not np.all(np.isfinite(totals)):
        column = int(np.argwhere(~np.isfinite(totals))[0][-1])
        raise EstimateError(f"the total of auxiliary column {column} is not a number: give the population's")
    try:
        return np.broadcast_shapes(weight.shape[:-1], auxiliary.shape[:-2], totals.shape[:-1], scale.shape[:-1])
    except ValueError as error:
        raise EstimateError(f"replicate axes do not fit each other: {error}") from error


def _finite(problem: dual.Problem, names: tuple[str, ...]) -> None:
    if not np.isfinite(problem.gram).all():
        column = int(np.argwhere(~np.isfinite(problem.auxiliary))[0][-1])
        raise EstimateError(
            f"auxiliary '{names[column]}' has no number at a station that is in: fill it, or leave the column out"
        )

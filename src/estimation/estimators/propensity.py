"""The chance of a drawn station to be in by now, and weights by its inverse."""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, group_sums, per_station
from estimation.baseline import PREFIX
from estimation.contest import EstimateTable
from estimation.errors import EstimateError
from estimation.estimators.weighting import CLASSES, Weighting, weigh
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling import Strata, strata_by, strata_for
from estimation.sampling.auxiliary import on_plane, places
from estimation.sampling.strata import strata_of
from estimation.survey import Structure, collapse
from estimation.survey.calibration import calibrate
from estimation.survey.variance.kernel import chance

LOWEST = 0.2  # of the mean chance: below, a chance is raised to it, so that no weight is five times the usual
CELL = 5  # stations in that a cell needs, and out that an area's effect needs
SEPARATED = 15.0  # logits beyond are chances that the data call 0 or 1
FAR = 3.0  # standard deviations; a covariate beyond counts as there: a roll of 3 voters is no evidence of a trend
STEPS = 50  # of Newton's method
SETTLED = 1e-12  # relative change of the deviance that counts as none


class SeparationError(EstimateError):
    """A covariate tells exactly which stations are in, so that no chance can be estimated.

    Attributes
    ----------
    replicates : numpy.ndarray of bool, shape (…)
        Where it does.
    """

    def __init__(self, replicates: BoolArray, message: str) -> None:
        super().__init__(message)
        self.replicates = replicates


@dataclass(frozen=True, slots=True)
class Response:
    """Chances of the drawn stations to be in.

    Attributes
    ----------
    chance : numpy.ndarray, shape (…, n)
        Trimmed from below at a fifth of the mean, in (0, 1].
    trimmed : numpy.ndarray of intp, shape (…)
        Stations in whose chance was raised.
    groups : numpy.ndarray of intp, shape (…)
        Cells, or areas with an effect of their own.
    names : tuple of str
        Covariates beside the areas' effects.
    joined : int
        Cells or areas taken together with a neighbour; the most of any replicate.
    """

    chance: Array
    trimmed: IntArray
    groups: IntArray
    names: tuple[str, ...] = ()
    joined: int = 0


def propensity(
    frame: Frame,
    rows: IntArray,
    strata: Strata,
    structure: Structure,
    table: EstimateTable | None = None,
    by: str = "logistic",
    drawn: BoolArray | None = None,
) -> Weighting:
    """Weight what has arrived by 1/π times the inverse of its estimated chance to be in, calibrated to the strata.

    The weights 1/(π p̂) are brought to N_h in the (collapsed) strata, or to ``[estimate] auxiliaries`` where there
    are any (Särndal, Swensson and Wretman 1992, section 15.6; Kim and Kim 2007). The variance counts p̂ as
    known, which overstates it where p̂ explains votes (Kim and Kim 2007, section 3); its second phase is that of
    the strata. With every station in p̂ = 1, and it is the ratio calibrated to the strata.

    Parameters
    ----------
    rows, strata, structure, table
        As :func:`estimation.estimators.two_phase.two_phase`.
    by : str
        ``logistic`` or ``cells``: :func:`logistic_response`, :func:`cell_response`.
    drawn : numpy.ndarray of bool, shape (…, n), optional
        False for a place that a smaller sample leaves empty.

    Raises
    ------
    EstimateError
        `by` is unknown, or the weights can't be calibrated. ``SeparationError``: a covariate tells exactly who is in.
    """
    if by not in ("logistic", "cells"):
        raise EstimateError(f"response by '{by}' is unknown: known are logistic, cells")
    response = (logistic_response if by == "logistic" else cell_response)(frame, rows, strata, structure, drawn)
    inside = structure.inside
    base = 1 / chance(structure)
    weighted = replace(structure, weight=np.where(inside, base / response.chance, 0.0))
    name = "propensity" if by == "logistic" else "propensity-cells"
    few = by == "cells" and response.joined > 0 and not inside.all()
    joined = (Notice("W320", {"count": response.joined}),) if few else ()
    table = table or EstimateTable()
    if table.auxiliaries:
        found = weigh("calibrated", frame, rows, strata, weighted, table)
        return replace(found, name=name, notes=(*joined, *found.notes))
    groups = int(structure.stratum.max()) + 1
    own = structure.stratum[..., None] == np.arange(groups)
    labels = tuple(f"stations of stratum {g + 1}" for g in range(groups))
    found_weights = calibrate(weighted.weight, own.astype(np.float64), structure.size[..., :groups], names=labels)
    return Weighting(name, weighted, found_weights, table.leverage, ("stations by stratum",), joined)


def cell_response(
    frame: Frame, rows: IntArray, strata: Strata, structure: Structure, drawn: BoolArray | None = None
) -> Response:
    """Estimate chances by cells: the weighted part of the drawn stations of a cell that is in.

    Cells are classes of the roll (``registered/3``) by strata (districts where there is one stratum); one with
    fewer than five stations in is taken together with the next area of its class, and a class too small with the
    next class (Little 1986; Eltinge and Yansaneh 1997).

    Parameters
    ----------
    rows, strata, structure, drawn
        As :func:`propensity`.
    """
    inside, there = structure.inside, _there(structure, drawn)
    cells = _crossed(frame, strata)
    code, number = cells.codes[rows], len(cells.labels)
    # a cell without a station has nobody to speak for, and goes with a neighbour as any small one
    group = collapse(group_sums(inside, code, number), np.full(number, np.inf), list(cells.parents), needed=CELL)
    of_station = _of_station(group, code)
    weight = np.where(there, 1 / chance(structure), 0.0)
    groups = int(group.max()) + 1
    asked = group_sums(weight, of_station, groups)
    got = group_sums(np.where(inside, weight, 0.0), of_station, groups)
    rate = per_station(got / np.where(asked > 0, asked, 1.0), of_station)
    return _trimmed(np.where(there, rate, 1.0), inside, there, group)


def logistic_response(
    frame: Frame, rows: IntArray, strata: Strata, structure: Structure, drawn: BoolArray | None = None
) -> Response:
    """Estimate chances by logistic regression on the roll, the earlier election, distance and areas.

    logit p = α_area + β₁ log(roll) + β₂ baseline + β₃ log(1 + km), by maximum likelihood without weights
    (Little and Vartivarian 2003). Areas are the strata (districts where there is one), taken together with
    neighbours until five stations are in and five out in each; covariates are taken in this order, one for each
    five of the fewer of in and out beyond the first five. One night is fitted by statsmodels, replicates by the same
    iteration in one array.

    Parameters
    ----------
    rows, strata, structure, drawn
        As :func:`propensity`.

    Raises
    ------
    SeparationError
        A covariate tells exactly who is in, as where stations came strictly by size.
    """
    inside, there = structure.inside, _there(structure, drawn)
    fewer = np.minimum(inside.sum(axis=-1), (there & ~inside).sum(axis=-1))
    areas = _areas(frame, strata)
    code, number = areas.codes[rows], len(areas.labels)
    counts = group_sums(inside, code, number), group_sums(there & ~inside, code, number)
    group = collapse(counts[0], np.full(number, np.inf), list(areas.parents), needed=CELL)
    group = collapse(counts[1], np.full(number, np.inf), list(areas.parents), needed=CELL, start=group)
    varying = fewer > 0
    if not varying.any():
        return _trimmed(np.ones(inside.shape), inside, there, group)
    covariates, names = _covariates(frame)
    most = max(int(fewer[varying].min()) // CELL - 1, 0)
    x = np.where(there[..., None], covariates[:, :most][rows], 0.0)
    own = (_of_station(group, code)[..., None] == np.arange(int(group.max()) + 1)) & there[..., None]
    design = np.concatenate([own, x], axis=-1)
    found = _fit(design, inside, there, varying)
    return replace(_trimmed(found, inside, there, group), names=names[:most])


def fit_logistic(design: Array, inside: BoolArray, there: BoolArray) -> tuple[Array, BoolArray]:
    """Fit b logistic regressions by Newton's method.

    Parameters
    ----------
    design : numpy.ndarray, shape (b, n, q)
        Columns; one that is 0 everywhere has no coefficient.
    inside, there : numpy.ndarray of bool, shape (b, n)
        What is explained, and the rows that count.

    Returns
    -------
    tuple of numpy.ndarray
        Logits, shape (b, n), and where there is a maximum, shape (b,).
    """
    b, n, q = design.shape
    empty = ~(design != 0).any(axis=1)
    idle = np.eye(q) * empty[:, None, :]
    beta, logits = np.zeros((b, q)), np.zeros((b, n))
    y, use = inside.astype(np.float64), there.astype(np.float64)
    deviance = _deviance(logits, y, use)
    done = np.zeros(b, dtype=np.bool_)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-logits))
        score = np.swapaxes(design, 1, 2) @ (use * (y - p))[..., None]
        information = np.swapaxes(design, 1, 2) @ (design * (use * p * (1 - p))[..., None]) + idle
        ridge = 1e-12 * np.trace(information, axis1=1, axis2=2)[:, None, None] * np.eye(q)
        step = np.linalg.solve(information + ridge, score)[..., 0]
        beta = np.where(done[:, None], beta, beta + step)
        logits = np.clip((design @ beta[..., None])[..., 0], -2 * SEPARATED, 2 * SEPARATED)
        now = _deviance(logits, y, use)
        done |= np.abs(now - deviance) <= SETTLED * (np.abs(now) + 1)
        deviance = now
        if done.all():
            break
    return logits, done & (np.where(there, np.abs(logits), 0).max(axis=1) < SEPARATED)


def _fit(design: Array, inside: BoolArray, there: BoolArray, varying: BoolArray) -> Array:
    """Give chances (…, n); 1 where all or none are in."""
    if inside.ndim == 1:
        logits, good = _fit_one(design[there], inside[there])
        if not good:
            raise SeparationError(np.array(True), _separated("the stations that are in"))
        found = np.ones(inside.shape)
        found[there] = 1 / (1 + np.exp(-logits))
        return found
    lead, n = inside.shape[:-1], inside.shape[-1]
    some = varying.ravel()
    y, use = (np.broadcast_to(part, (*lead, n)).reshape(-1, n)[some] for part in (inside, there))
    logits, every = fit_logistic(design.reshape(-1, *design.shape[-2:])[some], y, use)
    if not every.all():
        where = np.zeros(varying.size, dtype=np.bool_)
        where[np.flatnonzero(some)[~every]] = True
        raise SeparationError(where.reshape(lead), _separated(f"who is in in {int((~every).sum())} replicates"))
    chances = np.ones((varying.size, n))
    chances[some] = 1 / (1 + np.exp(-logits))
    return chances.reshape(inside.shape)


def _fit_one(design: Array, inside: BoolArray) -> tuple[Array, bool]:
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    with warnings.catch_warnings(), np.errstate(over="ignore"):  # on the way to a separation
        warnings.simplefilter("error", PerfectSeparationWarning)
        try:
            model = GLM(inside.astype(np.float64), design, family=Binomial())
            found = model.fit(tol=0.0, rtol=SETTLED, maxiter=STEPS)
        except PerfectSeparationWarning:
            return np.zeros(len(inside)), False
    logits = np.asarray(design @ found.params, dtype=np.float64)
    return logits, bool(found.converged and np.abs(logits).max() < SEPARATED)


def _separated(what: str) -> str:
    return (
        f"a covariate tells exactly {what}: no chance of arrival can be estimated by logistic regression: take "
        f"response by cells, or wait for returns"
    )


def _deviance(logits: Array, y: Array, use: Array) -> Array:
    return np.asarray(2 * (use * (np.logaddexp(0, logits) - y * logits)).sum(axis=-1))


def _trimmed(chances: Array, inside: BoolArray, there: BoolArray, group: IntArray) -> Response:
    """Raise chances to a fifth of their mean at least."""
    mean = inside.sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)
    low = inside & (chances < LOWEST * mean[..., None])
    groups = group.max(axis=-1) + 1
    return Response(
        np.maximum(np.minimum(chances, 1.0), LOWEST * np.where(mean > 0, mean, 1.0)[..., None]),
        np.asarray(low.sum(axis=-1), dtype=np.intp),
        np.asarray(groups, dtype=np.intp),
        joined=group.shape[-1] - int(groups.min()),
    )


def _there(structure: Structure, drawn: BoolArray | None) -> BoolArray:
    return np.ones(structure.weight.shape, dtype=np.bool_) if drawn is None else drawn | structure.inside


def _of_station(group: IntArray, code: IntArray) -> IntArray:
    """Give each station the group of its cell: (…, C) and (…, n) to (…, n)."""
    if group.ndim == 1:
        return np.asarray(group[code])
    return np.take_along_axis(group, np.broadcast_to(code, (*group.shape[:-1], code.shape[-1])), axis=-1)


def _areas(frame: Frame, strata: Strata) -> Strata:
    return strata if len(strata.labels) > 1 else strata_by(frame, "district")


def _crossed(frame: Frame, strata: Strata) -> Strata:
    """Cross classes of the roll with areas, the areas of one class beside each other."""
    areas = _areas(frame, strata)
    roll = frame.registered[np.isfinite(frame.registered)]
    if len(np.unique(roll)) < 3:
        return areas
    sizes, number = strata_for(frame, CLASSES), len(areas.labels)
    rank = np.argsort(np.argsort(np.array(sizes.labels)))  # the frame names classes as they come
    pairs, codes = np.unique(rank[sizes.codes] * number + areas.codes, return_inverse=True)
    size, area = pairs // number, pairs % number
    names = sorted(sizes.labels)
    labels = tuple(f"{names[c]}, {areas.labels[a]}" for c, a in zip(size, area, strict=True))
    # an area's parents count inside a class only: cells of one parent stand together
    parents = tuple(size * number + parent[area] for parent in areas.parents)
    return strata_of(f"{CLASSES},{areas.columns}", codes, labels, (*parents, size))


def _covariates(frame: Frame) -> tuple[Array, tuple[str, ...]]:
    """Give standardised covariates of every station, shape (N, q), within ± 3; the mean where one is unknown."""
    columns: list[tuple[str, Array]] = [("registered", np.log(frame.registered))]
    earlier = [name for name in frame.table.columns if name.startswith(PREFIX)]
    # the shares add up to one
    columns += [(name, frame.table[name].to_numpy(dtype=np.float64)) for name in (earlier[:-1] or earlier)]
    if (kilometres := distances(frame)) is not None:
        columns.append(("distance", np.log1p(kilometres)))
    names, values = [], []
    for name, column in columns:
        known = np.isfinite(column)
        if known.any() and column[known].std() > 0:
            names.append(name)
            centred = np.where(known, column, column[known].mean()) - column[known].mean()
            values.append(np.clip(centred / column[known].std(), -FAR, FAR))
    return (np.stack(values, axis=-1) if values else np.empty((len(frame), 0))), tuple(names)


def distances(frame: Frame) -> Array | None:
    """Give the distance of every station to the office, shape (N,); NaN where it is unknown.

    It is the frame's column ``distance``, else the kilometres to the middle of its regency, the median of its
    coordinates by voters; None where the frame has neither.
    """
    if "distance" in frame.table.columns and frame.table["distance"].dtype.kind in "fiu":
        return np.asarray(frame.table["distance"].to_numpy(dtype=np.float64, na_value=np.nan))
    degrees = places(frame)
    if degrees is None:
        return None
    at, regency = on_plane(degrees), strata_by(frame, "regency")
    voters = np.where(np.isnan(frame.registered), 1.0, frame.registered)
    middle = np.full((len(regency.labels), 2), np.nan)
    for code in range(len(regency.labels)):
        own = np.flatnonzero((regency.codes == code) & np.isfinite(at).all(axis=1))
        if len(own):
            middle[code] = [_median(at[own, axis], voters[own]) for axis in (0, 1)]
    return np.asarray(np.hypot(*(at - middle[regency.codes]).T))


def _median(values: Array, weight: Array) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])

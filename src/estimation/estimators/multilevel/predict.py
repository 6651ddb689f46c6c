"""The multilevel predictor: what is out is predicted from what is in, and the interval keeps its promise early."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimation.arrays import Array, BoolArray, IntArray
from estimation.contest import INVALID, TURNOUT, share_name
from estimation.errors import EstimateError
from estimation.estimators.multilevel.arrival_rank import slope_column
from estimation.estimators.multilevel.draws import posterior_draws
from estimation.estimators.multilevel.fit import Fit, ModelData, fit_model
from estimation.estimators.multilevel.mixture import Mixed, honest, joint_covariance, predict_rate, share_prior, shares
from estimation.estimators.multilevel.model_population import Exposure, ModelFrame
from estimation.estimators.quantities import Outstanding
from estimation.returns import Counts
from estimation.rules import Notice
from estimation.survey import Estimate

BLOCK = 2_000_000  # numbers in the largest array of a block of replicates
TOGETHER = 0.8  # of the stations in must have all numbers for turnout to be correlated with the shares
ROLLS = 0.9  # of the stations must have a known roll for turnout to mean anything


@dataclass(frozen=True, slots=True)
class _Part:
    """One family of quantities with its intervals' ingredients."""

    mixed: Mixed
    variance: Array
    inflation: Array
    df: Array


def predict(
    population: ModelFrame,
    rows: IntArray,
    counts: Counts,
    numbers: Sequence[int],
    *,
    rank: Array | None = None,
    drawn: int | None = None,
    turnout: bool = True,
    outstanding: Outstanding | None = None,
    interval: str = "wilson",
    draws: int = 0,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Predict the result from the stations that are in; leading axes are replicates.

    For candidate c, r_i = (y_ic - θ_c t_i) / x_i = Z_i β + Σ_k u_k[g_k(i)] + b v_i + ε_i with a random effect of every
    nested area, a slope on the order of arrival and ε_i ~ N(0, σ²/ω_i), ω_i = (x_i/x̄)^κ; the variance ratios of the
    levels are mixed over a grid by their marginal posterior weight (prediction theory: Valliant, Dorfman and Royall
    2000, chapters 2 and 8; small areas: Rao and Molina 2015, chapter 5; grid: Rue, Martino and Chopin 2009, section 3).
    The same model on valid votes and ballots for each voter gives what shares are taken of, the invalid share and
    turnout. The finite population is in it: what is in is known, and at a census the variance is zero.

    Two additions make the interval honest: bias that the slope can't learn, (δ (1 - p) σ̂ X / T̂)² with p = |A|/|S|; and
    for small candidates, whose few strongholds may all be out, more variance and fewer degrees of freedom, after the
    kurtosis of the residuals. The interval is Wilson's with Student's quantile by default: the logit t interval is the
    same for large shares, and nearly all of [0, 1] where the standard error of a small one is larger than itself. The
    design's weights play no part: what it used must be a level or a covariate of the population. Coverage is a property
    across nights, not of a single one.

    Cost and memory are linear in the stations drawn and in the areas, see :mod:`estimation.estimators.multilevel.fit`;
    what is linear in the stations of the frame is done once, by :func:`model_frame`.

    Parameters
    ----------
    population : ModelFrame
        The frame, N stations.
    rows : numpy.ndarray of intp, shape (n,) or (…, n)
        Frame rows of the drawn sample; all rows where every station is asked.
    counts : Counts
        What they counted, arrays of shape (…, n) and (…, n, k).
    numbers : sequence of int
        The k candidates' numbers, which name the shares.
    rank : numpy.ndarray, shape (n,) or (…, n), optional
        Order of first receipt, 1 … |A|, ties averaged, see :func:`arrival_rank`; without it all are tied.
    drawn : int, optional
        Size |S| of the sample, where not all of it is in `rows`.
    turnout : bool
        Predict turnout and the invalid share too.
    outstanding : Outstanding, optional
        Then no interval reaches below what has been counted when all that is out goes to others, nor above what a
        candidate has when he gets all of it.
    interval : str
        The estimate's own kind of interval, one of ``estimation.survey.estimate.KINDS``.
    draws : int
        Number of draws from the joint predictive distribution, see
        :func:`estimation.estimators.multilevel.draws.posterior_draws`.
    rng : numpy.random.Generator, optional
        For the draws.

    Returns
    -------
    Estimate
        ``share:<number>`` for each candidate, then ``turnout`` and ``invalid`` where at least two stations of each
        replicate have what they need. Turnout is over the stations with a known roll, at least nine tenths of the
        frame; else it is left out, which W307 says.

    Raises
    ------
    EstimateError
        A replicate has no station in, or no valid vote; shapes don't fit each other; draws without a generator.
    """
    lead, n, k = counts.seen.shape[:-1], counts.seen.shape[-1], counts.votes.shape[-1]
    size = n if drawn is None else drawn
    if rows.shape[-1] != n or k != len(numbers) or size < n:
        raise EstimateError(
            f"multilevel: {rows.shape[-1]} rows, {n} stations of {k} candidates, {len(numbers)} numbers, {size} drawn: "
            f"give one row for each station, one number for each candidate, and at least {n} drawn"
        )
    if draws and rng is None:
        raise EstimateError("multilevel: draws need a random generator: hand one in as rng")
    total = counts.votes.sum(axis=(-2, -1), where=counts.seen[..., None])
    if not np.all(total > 0):
        raise EstimateError("multilevel: no station with a valid vote is in: wait for returns")

    seen, places = _flat(counts.seen, lead), _flat(rows, lead)
    votes, ballots, invalid = _flat(counts.votes, lead, 2), _flat(counts.ballots, lead), _flat(counts.invalid, lead)
    order = None if rank is None else _flat(rank, lead)
    families, notes = _families(population, places, seen, ballots, invalid, turnout)
    each = _numbers_each(population, n, k)
    blocks = [slice(i, i + each) for i in range(0, len(seen), each)]
    parts = []
    for b in blocks:
        data = _model_data(population, places[b], seen[b], None if order is None else order[b], size)
        extra = np.nan_to_num(np.stack([ballots[b], invalid[b]], axis=1))  # who uses them looks at `families`
        stack = np.concatenate([np.swapaxes(votes[b], -1, -2), extra], axis=1)
        uses = {name: use[b] for name, use in families.items()}
        parts.append(_predict(data, stack, uses, seen[b].sum(axis=-1) / size))
    theta, cov, df = (
        np.concatenate(values).reshape(*lead, *values[0].shape[1:]) for values in zip(*parts, strict=True)
    )
    support = _support(counts, families, lead, outstanding)
    names = (*(share_name(number) for number in numbers), *list(families)[1:])
    made = posterior_draws(theta, cov, df, k, draws, rng) if draws and rng is not None else None
    return Estimate(
        names, theta, cov, df, support, notes if not lead else (), draws=made, kind=interval, cov_name="model"
    )


def _flat(values: NDArray[Any], lead: tuple[int, ...], trailing: int = 1) -> NDArray[Any]:
    """Lay the leading axes on one."""
    rest = values.shape[values.ndim - trailing :]
    return np.broadcast_to(values, (*lead, *rest)).reshape(-1, *rest)


def _families(
    population: ModelFrame, rows: IntArray, seen: BoolArray, ballots: Array, invalid: Array, turnout: bool
) -> tuple[dict[str, BoolArray], tuple[Notice, ...]]:
    """Say which stations each family of quantities can use; shares always come first."""
    families = {"share": seen}
    notes = []
    if turnout:
        counted = seen & np.isfinite(ballots)
        known = population.roll is not None and population.roll.stations >= ROLLS * len(population)
        rolls = population.roll.x[rows] > 0 if population.roll is not None else np.zeros_like(seen)
        for name, use, code in (
            (TURNOUT, counted & rolls & known, "W307"),
            (INVALID, counted & np.isfinite(invalid), "W308"),
        ):
            if np.all(use.sum(axis=-1) >= 2) and (name == TURNOUT or np.nansum(np.where(use, ballots, 0)) > 0):
                families[name] = use
            else:
                notes.append(Notice(code))
    return families, tuple(notes)


def _model_data(population: ModelFrame, rows: IntArray, seen: BoolArray, rank: Array | None, drawn: int) -> ModelData:
    """Lay the columns without a random effect beside the stations."""
    constants = population.constants
    slope = slope_column(rank, seen, population.exposure.x[rows], drawn)
    z = np.moveaxis(population.covariates[rows], -1, 1)
    fixed = np.concatenate([np.ones_like(slope)[:, None], z, slope[:, None]], axis=1)
    precision = np.concatenate([[0.0], np.ones(z.shape[1]), [constants.tau**-2]])
    return ModelData(population, rows, fixed, precision)


def _predict(data: ModelData, stack: Array, uses: dict[str, BoolArray], share_in: Array) -> tuple[Array, Array, Array]:
    """Predict one block of replicates: estimates, covariance, degrees of freedom."""
    k = stack.shape[1] - 2
    names, unit = list(uses), np.eye(k + 2)
    fits = _fits(data, stack, uses)
    votes = np.append(np.ones(k), [0.0, 0.0])
    parts = [_share_part(fits["share"], unit[:k], votes, share_in)]
    for name in names[1:]:
        if name == TURNOUT:
            mixed = predict_rate(fits[name], unit[k])
            prior = mixed.prior[:, 0]
            parts.append(_Part(mixed, *honest(mixed, prior, share_in)))
        else:
            parts.append(_share_part(fits[name], unit[k + 1 :], unit[k], share_in))
    theta, variance, df = (
        np.concatenate(values, axis=-1)
        for values in zip(*[(part.mixed.theta, part.variance, part.df) for part in parts], strict=True)
    )
    cov = _correlated(data, stack, uses, fits, [part.mixed for part in parts], share_in)
    return theta, _scaled(cov, variance), df


def _correlated(
    data: ModelData,
    stack: Array,
    uses: dict[str, BoolArray],
    fits: dict[str, Fit],
    members: list[Mixed],
    share_in: Array,
) -> Array:
    """Give a covariance of all quantities, whose correlations count.

    It comes from one fit on the stations that have all numbers; where these are too few, families are taken as
    independent.
    """
    together = np.logical_and.reduce(list(uses.values()))
    close = together.sum(axis=-1) >= TOGETHER * uses["share"].sum(axis=-1)
    width = [member.theta.shape[1] for member in members]
    cov = np.zeros((len(stack), sum(width), sum(width)))
    if close.any():
        whole = [fitted for name, fitted in fits.items() if name != TURNOUT]  # with the exposure that all have
        same = [fitted for fitted in whole if np.array_equal(fitted.weight > 0, together)]
        fitted = same[0] if same else fit_model(data, data.population.exposure, stack, together | ~close[:, None])
        cov = joint_covariance(fitted, members, share_in)
    if not close.all():
        apart, end = np.zeros_like(cov), 0
        for member, own in zip(members, width, strict=True):
            place = slice(end, end + own)
            apart[:, place, place] = joint_covariance(member.fit, [member], share_in)
            end += own
        cov = np.where(close[:, None, None], cov, apart)
    return cov


def _fits(data: ModelData, stack: Array, uses: dict[str, BoolArray]) -> dict[str, Fit]:
    """Fit each family, once for those that use the same stations and exposure."""
    population = data.population
    done: list[tuple[BoolArray, Exposure, Fit]] = []
    found = {}
    for name, use in uses.items():
        exposure = population.roll if name == TURNOUT and population.roll is not None else population.exposure
        same = [f for mask, size, f in done if size is exposure and np.array_equal(mask, use)]
        if not same:
            same = [fit_model(data, exposure, stack, use)]
            done.append((use, exposure, same[0]))
        found[name] = same[0]
    return found


def _share_part(fitted: Fit, numerators: Array, whole: Array, share_in: Array) -> _Part:
    mixed = shares(fitted, numerators, whole)
    least = 1 / (fitted.counted @ whole + 2)[:, None]
    prior = share_prior(fitted, np.clip(mixed.theta, least, 1 - least), whole)
    return _Part(mixed, *honest(mixed, np.diagonal(prior, axis1=-2, axis2=-1), share_in))


def _scaled(cov: Array, variance: Array) -> Array:
    """Give a covariance the variances wanted and keep its correlations."""
    own = np.diagonal(cov, axis1=-2, axis2=-1)
    scale = np.sqrt(np.divide(variance, own, out=np.zeros_like(own), where=own > 0))
    return np.asarray(scale[:, :, None] * cov * scale[:, None, :])


def _support(
    counts: Counts, families: dict[str, BoolArray], lead: tuple[int, ...], outstanding: Outstanding | None
) -> Array:
    """Give the range that each quantity can still take."""
    k = counts.votes.shape[-1]
    support = np.zeros((*lead, k + len(families) - 1, 2))
    support[..., 1] = 1.0
    if outstanding is None:
        return support
    rest = outstanding.ballots
    counted = np.where(counts.seen[..., None], counts.votes, 0.0).sum(axis=-2)
    total = counted.sum(axis=-1, keepdims=True)
    support[..., :k, 0] = counted / (total + rest)
    support[..., :k, 1] = (counted + rest) / (total + rest)
    for j, name in enumerate(list(families)[1:], start=k):
        use = families[name].reshape(*lead, -1)
        ballots = np.where(use, counts.ballots, 0.0).sum(axis=-1)
        if name == TURNOUT:
            support[..., j, 0] = np.minimum(ballots / outstanding.registered, 1.0)
        elif np.array_equal(use, counts.seen):  # else some that are in have not said, and may be anything
            invalid = np.where(use, counts.invalid, 0.0).sum(axis=-1)
            support[..., j, 0] = invalid / (ballots + rest)
            support[..., j, 1] = (invalid + rest) / (ballots + rest)
    return support


def _numbers_each(population: ModelFrame, n: int, k: int) -> int:
    """Say how many replicates make a block."""
    columns = population.covariates.shape[1] + 2 + k + 3
    points = [len(grid) for grid in population.grids]
    area = columns * population.tree.areas * max(points, default=1)
    grid = prod(points) * columns**2
    return int(max(1, BLOCK // max(columns * n, area, grid)))

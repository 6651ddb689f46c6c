"""What is estimated: shares, turnout, the invalid share, areas, the swing from an earlier election."""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array, BoolArray
from estimation.contest import INVALID, TURNOUT, EstimateTable, share_name
from estimation.errors import EstimateError
from estimation.estimators.precision import ratios
from estimation.estimators.weighting import Weighting, design_weighting
from estimation.returns import Counts
from estimation.survey import Estimate, Structure
from estimation.survey.degrees import domain_df


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What the stations that are not in could still bring, over the whole frame.

    Attributes
    ----------
    ballots : float
        At most that many: the roll and the allowance of the stations that are not in.
    registered : float
        Voters on the roll of the stations whose roll is known, in or not.
    """

    ballots: float
    registered: float


@dataclass(frozen=True, slots=True)
class _Columns:
    names: tuple[str, ...]
    y: Array
    x: Array


def estimate(
    seen: Counts,
    weighting: Weighting,
    numbers: list[int],
    table: EstimateTable | None = None,
    outstanding: Outstanding | None = None,
) -> Estimate:
    """Estimate shares, turnout and the invalid share jointly.

    Shares are θ_j = Σ w y_j / Σ w v, turnout Σ w b / Σ w x over the stations whose roll and
    ballots are known, the invalid share Σ w invalid / Σ w b where invalid votes are known
    (Cochran 1977, section 6.11), with the final weights of an estimator.

    Parameters
    ----------
    seen : Counts
        Arrays of shape (…, n).
    weighting : Weighting
        Weights are 0 where a station is not in.
    numbers : list of int
        The candidates' numbers, which name the shares.
    table : EstimateTable, optional
        ``[estimate]``: which variance, interval and degrees of freedom.
    outstanding : Outstanding, optional
        Then no interval reaches below what has been counted when all that is out goes to others, nor above
        what a candidate has when he gets all of it.

    Returns
    -------
    Estimate
        ``share:<number>`` for each candidate, then ``turnout`` and ``invalid`` where at least
        two stations have what they need.

    Raises
    ------
    EstimateError
        No station is in, or none has a valid vote; the design can't give the variance.
    """
    table = table or EstimateTable()
    columns = _columns(seen, weighting.structure.weight > 0, numbers)
    support = _support(columns, seen, outstanding)
    return ratios(columns.names, columns.y, columns.x, weighting, table, support)


def combined_ratio(seen: Counts, structure: Structure, numbers: list[int]) -> Estimate:
    """Estimate with the design's weights and the design's variance: see :func:`estimate`."""
    return estimate(seen, design_weighting(structure), numbers)


def domain(
    seen: Counts,
    weighting: Weighting,
    numbers: list[int],
    inside: BoolArray,
    table: EstimateTable | None = None,
    outstanding: Outstanding | None = None,
) -> Estimate:
    """Estimate the shares in an area.

    The influence is zero outside and the design stays whole (Särndal, Swensson and Wretman 1992,
    section 10.3); degrees of freedom are the primary units in (stations, or villages of two
    stages), less the strata that have any, inside the area.

    Parameters
    ----------
    inside : numpy.ndarray of bool, shape (n,)
        Which stations of the sample lie in the area.
    outstanding : Outstanding, optional
        Of the area: see :func:`estimate`.

    Raises
    ------
    EstimateError
        Fewer than two stations of the area are in.
    """
    structure = weighting.structure
    use = inside & (structure.weight > 0)
    if use.sum() < 2:
        raise EstimateError(f"the area has {int(use.sum())} stations in, and an estimate needs 2: wait for returns")
    votes = np.where(use[:, None], seen.votes, 0.0)
    valid = np.repeat(votes.sum(axis=-1)[:, None], len(numbers), axis=1)
    columns = _Columns(tuple(share_name(number) for number in numbers), votes, valid)
    support = _support(columns, seen, outstanding)
    return ratios(
        columns.names, columns.y, columns.x, weighting, table or EstimateTable(), support, domain_df(structure, use)
    )


def swing(
    seen: Counts, before: Array, weighting: Weighting, numbers: list[int], table: EstimateTable | None = None
) -> Estimate:
    """Estimate how far each share has moved since an earlier election, from the same stations.

    θ_j - θ'_j with influence u_j - u'_j: what the stations have in common in both elections drops out of
    the variance (Särndal, Swensson and Wretman 1992, section 9.9.1, difference of two ratios).

    Parameters
    ----------
    before : numpy.ndarray, shape (n, k)
        Votes of the earlier election at the stations of the sample, by candidate now; NaN where unknown.

    Returns
    -------
    Estimate
        ``swing:<number>`` for each candidate, in -1 … 1, from the stations that have both.

    Raises
    ------
    EstimateError
        Fewer than two stations have both, or the earlier election has other columns than candidates.
    """
    if before.shape[-1] != len(numbers):
        raise EstimateError(
            f"the earlier election has {before.shape[-1]} columns for {len(numbers)} candidates: give the votes of "
            f"each candidate's side in the order of the ballot"
        )
    both = (weighting.structure.weight > 0) & np.isfinite(before).all(axis=-1)
    if both.sum() < 2:
        raise EstimateError(f"{int(both.sum())} stations have both elections, and a swing needs 2: wait for returns")
    k = len(numbers)
    now, then = (np.where(both[:, None], votes, 0.0) for votes in (seen.votes, before))
    y = np.concatenate([now, then], axis=-1)
    x = np.repeat(np.stack([now.sum(axis=-1), then.sum(axis=-1)], axis=-1), k, axis=-1)
    names = tuple(f"{when}:{number}" for when in ("share", "before") for number in numbers)
    joint = ratios(names, y, x, weighting, table or EstimateTable(), np.tile([0.0, 1.0], (2 * k, 1)))
    change = np.concatenate([np.eye(k), -np.eye(k)], axis=1)
    draws = None if joint.draws is None else joint.draws @ change.T
    return Estimate(
        tuple(f"swing:{number}" for number in numbers),
        joint.theta @ change.T,
        change @ joint.cov @ change.T,
        weighting.structure.df(),
        np.tile([-1.0, 1.0], (k, 1)),
        draws=draws,
    )


def _support(columns: _Columns, seen: Counts, outstanding: Outstanding | None) -> Array:
    """Give the range that each quantity can still take, shape (k, 2) or (…, k, 2)."""
    support = np.zeros((*columns.y.shape[:-2], columns.y.shape[-1], 2))
    support[..., 1] = 1.0
    if outstanding is None:
        return support
    counted, of = columns.y.sum(axis=-2), columns.x.sum(axis=-2)
    to_come = outstanding.ballots
    for j, name in enumerate(columns.names):
        if name == TURNOUT:  # of the roll, which is known
            support[..., j, 0] = np.minimum(counted[..., j] / outstanding.registered, 1.0)
            continue
        if name == INVALID and np.any(np.isnan(seen.invalid) & seen.seen):
            continue  # some that are in have not said, and may be anything
        support[..., j, 0] = counted[..., j] / (of[..., j] + to_come)
        support[..., j, 1] = np.minimum((counted[..., j] + to_come) / (of[..., j] + to_come), 1.0)
    return support


def _columns(seen: Counts, use: BoolArray, numbers: list[int]) -> _Columns:
    names = [share_name(number) for number in numbers]
    y = [np.where(use, seen.votes[..., j], 0.0) for j in range(len(numbers))]
    x = [np.where(use, seen.valid, 0.0)] * len(numbers)
    for name, top, bottom in (
        (TURNOUT, seen.ballots, seen.registered),
        (INVALID, seen.invalid, seen.ballots),
    ):
        known = use & ~np.isnan(top) & ~np.isnan(bottom)
        if np.all((known & (bottom > 0)).sum(axis=-1) >= 2):
            names.append(name)
            y.append(np.where(known, top, 0.0))
            x.append(np.where(known, bottom, 0.0))
    return _Columns(tuple(names), np.stack(y, axis=-1), np.stack(x, axis=-1))

"""The combined ratio estimator of shares, turnout and invalid share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimation.errors import EstimateError
from estimation.returns import Counts
from estimation.survey import Estimate, Structure, ratio
from estimation.survey.structure import Array
from estimation.survey.variance import default

TURNOUT, INVALID = "turnout", "invalid"


@dataclass(frozen=True, slots=True)
class _Columns:
    names: tuple[str, ...]
    y: Array
    x: Array


def share_name(number: int) -> str:
    """Name a candidate's share in an estimate."""
    return f"share:{number}"


def combined_ratio(seen: Counts, structure: Structure, numbers: list[int]) -> Estimate:
    """Estimate shares, turnout and the invalid share jointly.

    Shares are θ_j = Σ w y_j / Σ w v, turnout Σ w b / Σ w x over the stations whose roll and
    ballots are known, the invalid share Σ w invalid / Σ w b where invalid votes are known
    (Cochran 1977, section 6.11, combined ratio estimate).

    Parameters
    ----------
    seen : Counts
        Arrays of shape (…, n).
    structure : Structure
        Weights are 0 where a station is not in.
    numbers : list of int
        The candidates' numbers, which name the shares.

    Returns
    -------
    Estimate
        ``share:<number>`` for each candidate, then ``turnout`` and ``invalid`` where at least
        two stations have what they need.

    Raises
    ------
    EstimateError
        No station is in, or none has a valid vote.
    """
    columns = _columns(seen, structure.weight > 0, numbers)
    linear = ratio(columns.y, columns.x, structure.weight)
    cov = default(structure)[1](linear.expanded, structure)
    support = ((0.0, 1.0),) * len(columns.names)
    return Estimate(columns.names, linear.theta, cov, structure.df(), support)


def domain(seen: Counts, structure: Structure, numbers: list[int], inside: NDArray[np.bool_]) -> Estimate:
    """Estimate the shares in an area.

    The influence is zero outside and the design stays whole (Särndal, Swensson and Wretman 1992,
    section 10.3); degrees of freedom are the primary units in (stations, or villages of two
    stages), less the strata that have any, inside the area.

    Parameters
    ----------
    inside : numpy.ndarray of bool, shape (n,)
        Which stations of the sample lie in the area.

    Raises
    ------
    EstimateError
        Fewer than two stations of the area are in.
    """
    use = inside & (structure.weight > 0)
    if use.sum() < 2:
        raise EstimateError(f"the area has {int(use.sum())} stations in, and an estimate needs 2: wait for returns")
    votes = np.where(use[:, None], seen.votes, 0.0)
    linear = ratio(votes, votes.sum(axis=-1), structure.weight)
    cov = default(structure)[1](linear.expanded, structure)
    units = structure.cluster[use] if structure.cluster is not None else np.flatnonzero(use)
    df = float(len(np.unique(units)) - len(np.unique(structure.stratum[use])))
    names = tuple(share_name(number) for number in numbers)
    return Estimate(names, linear.theta, cov, np.asarray(df), ((0.0, 1.0),) * len(numbers))


def _columns(seen: Counts, use: NDArray[np.bool_], numbers: list[int]) -> _Columns:
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

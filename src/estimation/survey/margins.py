"""Calibration to counts of groups: post-stratification and raking."""

from collections.abc import Sequence

import numpy as np

from estimation.arrays import Array, IntArray
from estimation.errors import EstimateError
from estimation.survey.calibration import Calibration, calibrate


def indicators(codes: IntArray, groups: int) -> Array:
    """Make one column for each group, 1 where a station belongs to it, else 0.

    Parameters
    ----------
    codes : numpy.ndarray of intp, shape (n,) or (…, n)
        0 … groups - 1; -1 for a station that belongs to none.
    groups : int

    Returns
    -------
    numpy.ndarray, shape (n, groups) or (…, n, groups)

    Raises
    ------
    EstimateError
        A code lies outside.
    """
    if codes.size and (codes.min() < -1 or codes.max() >= groups):
        raise EstimateError(f"codes of groups must lie in 0 … {groups - 1} (-1: none), as there are {groups} totals")
    return np.asarray(codes[..., None] == np.arange(groups), dtype=np.float64)


def poststratified(weight: Array, codes: IntArray, totals: Array, *, names: Sequence[str] | None = None) -> Calibration:
    """Calibrate to the population's count of each group: g = N_g / N̂_g (Holt and Smith 1979).

    Parameters
    ----------
    weight : numpy.ndarray, shape (…, n)
        Weights; 0 for a station that is not in.
    codes : numpy.ndarray of intp, shape (n,) or (…, n)
        The group of each station.
    totals : numpy.ndarray, shape (G,) or (…, G)
        Stations (or voters, if the weights count them) of the population in each group.
    names : sequence of str, optional
        Of the groups.

    Raises
    ------
    EstimateError
        No station of a group is in: merge it with another.
    """
    labels = names or [f"group {group}" for group in range(totals.shape[-1])]
    return calibrate(weight, indicators(codes, totals.shape[-1]), totals, names=labels)


def raked(
    weight: Array, margins: Sequence[tuple[IntArray, Array]], *, names: Sequence[str] | None = None
) -> Calibration:
    """Calibrate to the counts of several groupings at once, g > 0 (Deming and Stephan 1940).

    It gives the weights that iterative proportional fitting converges to. A group that the other
    groups and margins imply is left out, as the last of every margin but the first.

    Parameters
    ----------
    weight : numpy.ndarray, shape (…, n)
    margins : sequence of (codes, totals)
        As for :func:`poststratified`, one pair for each grouping.
    names : sequence of str, optional
        Of all groups, in the order of the margins.

    Raises
    ------
    EstimateError
        Margins add up to different populations, or no station of a group is in.
    """
    columns = [indicators(codes, totals.shape[-1]) for codes, totals in margins]
    labels = names or [
        f"margin {margin}, group {group}"
        for margin, (_, totals) in enumerate(margins)
        for group in range(totals.shape[-1])
    ]
    lead = np.broadcast_shapes(*(column.shape[:-1] for column in columns))
    auxiliary = np.concatenate([np.broadcast_to(column, (*lead, column.shape[-1])) for column in columns], axis=-1)
    axes = np.broadcast_shapes(*(totals.shape[:-1] for _, totals in margins))
    counts = np.concatenate([np.broadcast_to(totals, (*axes, totals.shape[-1])) for _, totals in margins], axis=-1)
    return calibrate(weight, auxiliary, counts, "raking", names=labels)

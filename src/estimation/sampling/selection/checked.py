"""What every draw asks of its arguments, with the errors that say how to mend them."""

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError

SURE = 1 - 1e-9  # from here on a station is in
ONE = np.float64(1).view(np.uint64)
WHOLE = 1e-6  # how far the sum of π may be from a whole number


def chances(probability: ArrayLike) -> tuple[Array, int]:
    """Check inclusion probabilities.

    Parameters
    ----------
    probability : array_like, shape (N,), 0 … 1
        Their sum is a whole number, to 1e-6.

    Returns
    -------
    numpy.ndarray, shape (N,)
    int
        The sample size n = Σπ.

    Raises
    ------
    DesignError
        A value lies outside 0 … 1 or is missing, or the sum is no whole number.
    """
    values = np.ascontiguousarray(probability, dtype=np.float64)
    if values.ndim != 1:
        raise DesignError(f"inclusion probabilities have shape {values.shape}: give one for each row, shape (N,)")
    if not len(values):
        raise DesignError("there are no rows to draw from: check the area that the frame was restricted to")
    if values.view(np.uint64).max() > ONE:  # in one pass: bits are in the order of numbers from 0 on, others are above
        for row in np.flatnonzero(~((values >= 0) & (values <= 1)))[:1]:
            raise DesignError(
                f"the inclusion probability of row {row} is {values[row]:g}, it must lie in 0 … 1: "
                f"make them with inclusion_probabilities(size, n)"
            )
    total = float(values.sum())
    if abs(total - round(total)) > WHOLE:
        raise DesignError(
            f"the inclusion probabilities sum to {total:.6f}, they must sum to a whole number, the sample size: "
            f"make them with inclusion_probabilities(size, n)"
        )
    return values, round(total)


def sure(probability: Array) -> IntArray:
    """Give the rows that are always in, those with π ≥ 1 - 1e-9."""
    return np.flatnonzero(probability >= SURE)


def unsure(probability: Array) -> IntArray:
    """Give the rows whose lot the draw decides, those with 0 < π < 1 - 1e-9."""
    return np.flatnonzero((probability > 0) & (probability < SURE))


def permutation(order: ArrayLike | None, rows: int) -> IntArray | None:
    """Check that an order names every row once."""
    if order is None:
        return None
    values = np.ascontiguousarray(order, dtype=np.intp)
    if values.shape != (rows,) or not np.array_equal(np.sort(values), np.arange(rows)):
        raise DesignError(f"order must name each of the {rows} rows once: give numpy.argsort of what to sort by")
    return values


def checked_columns(values: ArrayLike, rows: int, name: str) -> Array:
    """Check a table of finite numbers with one row for each station; a vector is one column."""
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != rows or not table.shape[1]:
        raise DesignError(f"{name} has shape {table.shape}: give one row for each of the {rows} stations")
    bad = np.argwhere(~np.isfinite(table)) if not np.isfinite(table.sum()) else np.empty((0, 2))
    if len(bad):
        row, column = (int(place) for place in bad[0])
        raise DesignError(f"{name} column {column} has no number in row {row}: fill it in or leave the column out")
    return table


def laid_out(rows: IntArray, replicates: int | None) -> IntArray:
    """Drop the replicate axis where none was asked for."""
    return np.asarray(rows[0] if replicates is None else rows)


def blank(replicates: int | None, n: int) -> IntArray:
    """Make room for the rows of each replicate: shape (R, n)."""
    if replicates is not None and replicates < 1:
        raise DesignError(f"{replicates} replicates were asked for: ask for at least 1, or leave it out")
    return np.zeros((1 if replicates is None else replicates, n), dtype=np.intp)


def with_certain(certain: IntArray, drawn: IntArray, replicates: int | None) -> IntArray:
    """Put the rows that are always in beside those drawn, in ascending order."""
    both = np.concatenate([np.broadcast_to(certain, (len(drawn), len(certain))), drawn], axis=1)
    return laid_out(np.sort(both, axis=1), replicates)

"""Samples balanced on totals: the cube method, and the local cube, which is also spread."""

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError
from estimation.sampling.selection.checked import blank, chances, checked_columns, sure, unsure, with_certain
from estimation.sampling.selection.trees import plant

COLLINEAR = 1e-10  # of a column's variance, what the columns before it must leave


def cube(
    probability: ArrayLike,
    balance: ArrayLike,
    rng: np.random.Generator,
    *,
    spread: ArrayLike | None = None,
    replicates: int | None = None,
) -> IntArray:
    """Draw a sample whose Horvitz–Thompson totals of the balance variables are nearly the true ones.

    Flight phase of Chauvet and Tillé (2006), with the stations in random order; landing by dropping the
    variables, the last column first (Deville and Tillé 2004), so put what matters most first. π itself is always the
    first variable, and the size is exactly n. With `spread`, the local cube (Grafström and Tillé 2013):
    each flight is among a random station and its nearest neighbours.

    Parameters
    ----------
    probability : array_like, shape (N,), 0 … 1
        Inclusion probabilities, whose sum n is a whole number (to 1e-6). From 1 - 1e-9 on a station is in.
    balance : array_like, shape (N, p) or (N,)
        Variables known for every station, in any unit; without π, which is included.
    rng : numpy.random.Generator
    spread : array_like, shape (N, q) or (N,), optional
        Coordinates in comparable units (the distance is Euclidean).
    replicates : int, optional
        Draw that many independent samples at once.

    Returns
    -------
    numpy.ndarray of intp, shape (n,) or (replicates, n)
        Rows drawn, ascending.

    Raises
    ------
    DesignError
        π outside 0 … 1 or with a sum that is not whole; a balance variable of the wrong shape, missing, or
        a combination of π and those before it (as a constant is where π is constant).
    """
    from estimation.sampling.selection import kernels_cube

    values, n = chances(probability)
    certain, rows = sure(values), unsure(values)
    table = checked_columns(balance, len(values), "balance")
    out = blank(replicates, n - len(certain))
    tree = None if spread is None else plant(checked_columns(spread, len(values), "spread"), rows, rng)
    if out.shape[1]:
        rows = rows if tree is None else tree.rows
        matrix = orthogonal(table, values, rows)
        if tree is None:
            kernels_cube.cube_kernel(values[rows], matrix, rng, out)
        else:
            kernels_cube.local_cube(
                values[rows], matrix, tree.points, tree.box, tree.depth, rng, tree.space(), tree.axes, out
            )
        out = rows[out]
    return with_certain(certain, out, replicates)


def orthogonal(table: Array, probability: Array, rows: IntArray) -> Array:
    """Divide by π and make the columns orthogonal, each among those before it, with mean square 1.

    Balance on the first k columns is the same before and after. The columns are centred first: π is in balance.

    Parameters
    ----------
    table : numpy.ndarray, shape (N, p)
    probability : numpy.ndarray, shape (N,)
    rows : numpy.ndarray of intp, shape (M,)
        The rows that are wanted.

    Returns
    -------
    numpy.ndarray, shape (M, p + 1)
        The first column is 1.

    Raises
    ------
    DesignError
        A column is proportional to π, or a combination of π and the columns before it.
    """
    from estimation.sampling.selection import kernels_cube

    mean, product, largest = kernels_cube.moments(table, probability, rows)
    length = np.sqrt(np.diag(product))
    constant = np.flatnonzero(length <= 1e-9 * largest)
    if len(constant):
        raise DesignError(
            f"balance column {int(constant[0])} is proportional to the inclusion probabilities (or constant), "
            f"which are balanced anyway: leave it out"
        )
    factor, dependent = kernels_cube.cholesky(product / np.outer(length, length), COLLINEAR)
    if dependent >= 0:
        raise DesignError(
            f"balance column {dependent} is a combination of the columns before it and the inclusion probabilities: "
            f"leave it out, as of a set of indicators that sum to one"
        )
    return kernels_cube.transformed(table, probability, rows, mean, np.linalg.inv(factor) / length)

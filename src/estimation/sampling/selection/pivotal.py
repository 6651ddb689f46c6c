"""The pivotal method: two stations meet and one of them is decided; along a list or among neighbours."""

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import IntArray
from estimation.errors import DesignError
from estimation.sampling.selection.checked import (
    blank,
    chances,
    checked_columns,
    permutation,
    sure,
    unsure,
    with_certain,
)
from estimation.sampling.selection.trees import plant


def pivotal(
    probability: ArrayLike,
    rng: np.random.Generator,
    *,
    order: ArrayLike | None = None,
    spread: ArrayLike | None = None,
    replicates: int | None = None,
) -> IntArray:
    """Draw a sample that is spread along a list, or over coordinates, with the probabilities given.

    Two stations with chances a, b meet (Deville and Tillé 1998): where a + b < 1 one takes both and the
    other leaves; else one is drawn and the other keeps a + b - 1. *Ordered* (Chauvet 2012): the station still
    open meets the next of the list, so that every stretch of the list has its share ± 1. *Local*
    (Grafström, Lundström and Schelin 2012, LPM2): a random open station meets the nearest open one, found
    in a k-d tree; among equally near ones the first of a random order that all replicates share.

    Parameters
    ----------
    probability : array_like, shape (N,), 0 … 1
        Inclusion probabilities, whose sum n is a whole number (to 1e-6). From 1 - 1e-9 on a station is in.
    rng : numpy.random.Generator
    order : array_like of int, shape (N,), optional
        The rows in the order of the list; the order of the frame by default.
    spread : array_like, shape (N, q) or (N,), optional
        Coordinates in comparable units (the distance is Euclidean); then the method is local.
    replicates : int, optional
        Draw that many independent samples at once.

    Returns
    -------
    numpy.ndarray of intp, shape (n,) or (replicates, n)
        Rows drawn, ascending.

    Raises
    ------
    DesignError
        π outside 0 … 1, a sum that is not whole, an order that does not name each row once, coordinates of
        the wrong shape or missing, or both order and spread.
    """
    from estimation.sampling.selection import kernels, kernels_tree

    values, n = chances(probability)
    certain, rows = sure(values), unsure(values)
    out = blank(replicates, n - len(certain))
    if spread is not None:
        if order is not None:
            raise DesignError(
                "both order and spread are given: leave out one, a sample is spread over a list or in space"
            )
        tree = plant(checked_columns(spread, len(values), "spread"), rows, rng)
        if out.shape[1]:
            kernels_tree.local_pivotal(
                values[tree.rows], tree.points, tree.box, tree.depth, rng, tree.space(), tree.axes, out
            )
            out = tree.rows[out]
    elif out.shape[1]:
        listed = permutation(order, len(values))
        kernels.pivotal_kernel(values, rows if listed is None else listed[np.isin(listed, rows)], rng, out)
    return with_certain(certain, out, replicates)

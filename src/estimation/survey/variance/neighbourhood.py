"""Samples that are spread over a space or along a list: squares around the local mean."""

from typing import Any

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, group_sums, per_station
from estimation.errors import DesignError
from estimation.survey.structure import CERTAIN, Structure
from estimation.survey.variance.kernel import by_blocks, chance, products, second_phase, uncertain
from estimation.survey.variance.successive import along, in_columns, in_order

NEIGHBOURS = 1  # besides the station itself: see local_neighbourhood
TIE = 1e-9  # relative; distances that differ by less are equal


def local_neighbourhood(expanded: Array, structure: Structure, *, neighbours: int = NEIGHBOURS) -> Array:
    """Estimate the covariance of a well-spread sample from each station's nearest neighbours.

    V = Σ_i (1 - π_i) n_i / (n_i - 1) (e_i - ē_i)(e_i - ē_i)', where ē_i is the mean of the n_i stations
    that are i and its nearest neighbours in its stratum. With one neighbour and small π it is
    ½ Σ (e_i - e_j)² (Grafström, Lundström and Schelin 2012; Grafström and Schelin 2014); with three
    it is the local mean variance of Stevens and Olsen (2003) with equal weights. A station that is
    as near as the last neighbour is a neighbour too, as in ``vsb`` of R BalancedSampling: ties need
    no order, and stations at one place are taken together. The factor 1 - π is that of Hájek (1964).

    Of n_h drawn stations m_h in, the neighbours are looked for among those that are in, their part
    is m_h / n_h of the above, and the second phase is added, simple sampling of m_h from n_h.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence.
    structure : Structure
        With `spread`, or else `order`, and `probability`; without the latter π is 1/w.
    neighbours : int
        How many, at least 1: more make it steadier, and larger where the map has a pattern.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census. Conservative as a rule: what lies between neighbours is counted, which a
        spread sample has partly removed.

    Raises
    ------
    DesignError
        The structure has neither `spread` nor `order`, or `neighbours` is below 1.
    EstimateError
        A stratum has one station in that is no certainty.
    """
    if neighbours < 1:
        raise DesignError(f"{neighbours} neighbours: a station needs at least 1 to be compared with")
    if structure.spread is None and structure.order is None:
        raise DesignError("no space to look for neighbours in: give Structure(spread=…) or Structure(order=…)")

    @by_blocks
    def local(values: Array, design: Structure) -> Array:
        pi = np.broadcast_to(chance(design), design.weight.shape)
        use, count = uncertain(design, pi)
        drawn = group_sums(np.asarray(pi < CERTAIN), design.stratum, design.strata)
        part = per_station(np.minimum(count / np.maximum(drawn, 1), 1), design.stratum)
        factor = np.where(use, part * (1 - pi), 0.0)
        first = _local(values, design, use, factor, neighbours)
        return np.asarray(first + second_phase(values, design))

    return local(expanded, structure)


def _local(values: Array, design: Structure, use: BoolArray, factor: Array, neighbours: int) -> Array:
    place = _line(design)
    if place is not None:
        rows, codes = along(place, design, use)
        rows = np.broadcast_to(rows, np.broadcast_shapes(values.shape[:-1], rows.shape))
        where = in_order(place, rows)
        if not np.any((where[..., 1:] == where[..., :-1]) & (codes[..., 1:] == codes[..., :-1])):
            codes = np.broadcast_to(codes, rows.shape)
            return _on_a_line(in_columns(values, rows), where, codes, in_order(factor, rows), neighbours)
    if values.ndim == 2 and use.ndim == 1 and design.stratum.ndim == 1:
        return _one(values, design.stratum, _space(design, None), use, factor, neighbours)
    number, n, k = np.broadcast_shapes(values.shape, (*use.shape, 1), (*design.stratum.shape, 1))
    strata, used, factors = (np.broadcast_to(part, (number, n)) for part in (design.stratum, use, factor))
    every = np.broadcast_to(values, (number, n, k))
    return np.stack(
        [_one(every[b], strata[b], _space(design, b), used[b], factors[b], neighbours) for b in range(number)]
    )


def _line(design: Structure) -> Array | None:
    """Positions (…, n) where the space has one dimension."""
    if design.spread is None:
        return np.asarray(design.order, dtype=np.float64)
    return design.spread[..., 0] if design.spread.shape[-1] == 1 else None


def _on_a_line(values: Array, place: Array, codes: IntArray, factor: Array, neighbours: int) -> Array:
    """Look for neighbours among as many stations to either side; they are sorted, no two at one place."""
    n = place.shape[-1]
    reach = min(neighbours, n - 1)
    steps = [step for step in range(-reach, reach + 1) if step]
    if not steps:
        return products(np.zeros(values.shape))
    distance = np.full((len(steps), *place.shape), np.inf)
    for row, step in enumerate(steps):
        here, there = _shifted(n, step)
        apart = np.abs(place[..., there] - place[..., here])
        distance[row][..., here] = np.where(codes[..., there] == codes[..., here], apart, np.inf)
    last = np.partition(distance, reach - 1, axis=0)[reach - 1]
    own = (distance <= last * (1 + TIE)) & np.isfinite(distance)
    total, size = values.copy(), 1.0 + own.sum(axis=0)
    for row, step in enumerate(steps):
        here, there = _shifted(n, step)
        total[..., here, :] += np.where(own[row][..., here, None], values[..., there, :], 0.0)
    root = np.sqrt(factor * size / np.maximum(size - 1, 1))[..., None]
    rest = (values - total / size[..., None]) * root
    return products(np.where(factor[..., None] > 0, rest, 0.0))


def _shifted(n: int, step: int) -> tuple[slice, slice]:
    """Rows that have a row `step` further on, and these further rows."""
    return slice(max(0, -step), n - max(0, step)), slice(max(0, step), n - max(0, -step))


def _space(design: Structure, replicate: int | None) -> Array:
    """Coordinates (n, q) of one replicate."""
    if design.spread is not None:
        spread = design.spread
        return spread if spread.ndim == 2 or replicate is None else spread[replicate]
    order = np.asarray(design.order, dtype=np.float64)
    return (order if order.ndim == 1 or replicate is None else order[replicate])[:, None]


def _one(values: Array, stratum: IntArray, space: Array, use: BoolArray, factor: Array, neighbours: int) -> Array:
    rows = np.flatnonzero(use)
    if not len(rows):
        return np.zeros((values.shape[-1],) * 2)
    near, own = nearest_neighbours(space[rows], stratum[rows], neighbours)
    e = values[rows]
    size = own.sum(axis=1)
    mean = (e[near] * own[..., None]).sum(axis=1) / size[:, None]
    root = np.sqrt(factor[rows] * size / np.maximum(size - 1, 1))
    return products((e - mean) * root[:, None])


def nearest_neighbours(space: Array, stratum: IntArray, neighbours: int) -> tuple[IntArray, BoolArray]:
    """Find each point and its nearest neighbours in its stratum, all that tie with the last included.

    Parameters
    ----------
    space : numpy.ndarray, shape (n, q)
    stratum : numpy.ndarray of intp, shape (n,)
    neighbours : int

    Returns
    -------
    tuple of numpy.ndarray of intp and of bool, each of shape (n, m)
        Rows of candidates, the point among them, and which of them count.
    """
    from scipy.spatial import KDTree

    n = len(space)
    low = space.min(axis=0)
    width = float(np.sqrt(((space.max(axis=0) - low) ** 2).sum()))
    apart = (2 * width + 1) * stratum  # strata lie further apart than any two points of one stratum
    tree: Any = KDTree(np.column_stack([space - low, apart]))
    number = min(n, neighbours + 3)
    while True:
        distance, near = tree.query(tree.data, k=number)
        distance, near = distance.reshape(n, number), near.reshape(n, number)
        last = distance[:, min(neighbours, number - 1), None]
        own = (distance <= last * (1 + TIE)) & (stratum[near] == stratum[:, None])
        if number == n or not own[:, -1].any():
            return near.astype(np.intp, copy=False), own
        number = min(n, 2 * number)

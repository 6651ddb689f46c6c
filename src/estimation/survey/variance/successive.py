"""Systematic sampling from an ordered list: differences of successive stations."""

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, group_sums, per_station
from estimation.errors import DesignError
from estimation.survey.structure import CERTAIN, Structure
from estimation.survey.variance.kernel import by_blocks, chance, need_some, need_two, products, second_phase, uncertain


@by_blocks
def successive(expanded: Array, structure: Structure, *, circular: bool = False) -> Array:
    """Estimate the covariance under systematic sampling with equal probabilities.

    V = Σ_h (1 - f_h) n_h / (2 (n_h - 1)) Σ_i (e_i - e_{i-1})(e_i - e_{i-1})', over neighbours along
    the list, inside strata, with f_h = n_h / N_h (Wolter 2007, section 8.2, v₂). Circular:
    V = Σ_h (1 - f_h) ½ {Σ_i (e_i - e_{i-1})(e_i - e_{i-1})' + (e_n - e_1)(e_n - e_1)'}, with the last and the
    first station as neighbours too, which is what successive-difference replication estimates (Fay and
    Train 1995; Ash 2014, section 2). Of n_h drawn stations m_h in, the differences are those of
    neighbours that are in, their part is m_h / n_h of the above, and the second phase is added, simple
    sampling of m_h from n_h.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence.
    structure : Structure
        With `order`.
    circular : bool
        Close the list to a circle in every stratum.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census. A trend along the list enters by its steps alone (circular: and by its whole
        length once), a period that agrees with the interval not at all.

    Raises
    ------
    DesignError
        The structure has no `order`.
    EstimateError
        A stratum has one station in and more in the population.
    """
    count, drawn = structure.count(), structure.drawn()
    need_some(count, structure)
    need_two(count, structure.size)
    fraction = drawn / np.maximum(structure.size, 1)
    part = count / np.maximum(drawn, 1)
    factor = np.maximum(1 - fraction, 0) * part * _per_difference(count, circular)
    weights = per_station(np.broadcast_to(factor, count.shape), structure.stratum)
    first = _differences(expanded, structure, structure.inside, weights, circular)
    return np.asarray(first + second_phase(expanded, structure))


@by_blocks
def successive_pps(expanded: Array, structure: Structure, *, circular: bool = False) -> Array:
    """Estimate the covariance under systematic sampling with unequal probabilities.

    V = Σ_h n_h / (2 (n_h - 1)) Σ_i (1 - (π_i + π_{i-1}) / 2) (e_i - e_{i-1})(e_i - e_{i-1})'
    (Wolter 2007, sections 8.6 and 8.7, successive differences of y/π, with the factor 1 - π of Hájek 1964
    and Brewer 2002 in the place of 1 - f: where π varies, a station of large π leaves less open).
    With equal π it is :func:`successive`; circular as there. Certainties are left out of the list.
    Returns that are not in are treated as in :func:`successive`.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence.
    structure : Structure
        With `order`, and `probability`; without the latter π is 1/w.
    circular : bool
        Close the list to a circle in every stratum.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census.

    Raises
    ------
    DesignError
        The structure has no `order`.
    EstimateError
        A stratum has one station in that is no certainty.
    """
    pi = chance(structure)
    use, count = uncertain(structure, pi)
    drawn = group_sums(np.asarray(np.broadcast_to(pi, use.shape) < CERTAIN), structure.stratum, structure.strata)
    factor = np.minimum(count / np.maximum(drawn, 1), 1) * _per_difference(count, circular)
    weights = per_station(factor, structure.stratum) * (1 - pi)
    first = _differences(expanded, structure, use, weights, circular)
    return np.asarray(first + second_phase(expanded, structure))


def _per_difference(count: Array, circular: bool) -> Array | float:
    """Give n / 2 over the number of differences, n - 1 on a line and n on a circle."""
    return 0.5 if circular else count / (2 * np.maximum(count - 1, 1))


def along(place: Array | IntArray, structure: Structure, use: BoolArray) -> tuple[IntArray, IntArray]:
    """Sort what is used by stratum and place.

    Parameters
    ----------
    place : numpy.ndarray, shape (n,) or (…, n)
        Positions on a line.
    structure : Structure
    use : numpy.ndarray of bool, shape (…, n)

    Returns
    -------
    tuple of numpy.ndarray of intp, each of shape (…, n)
        Rows in their new order, and the strata of these rows, H for a row that is not used.
    """
    shape = np.broadcast_shapes(use.shape, structure.stratum.shape, place.shape)
    codes = np.broadcast_to(np.where(use, structure.stratum, structure.strata), shape)
    by_place = np.broadcast_to(np.argsort(place, axis=-1, kind="stable"), shape)
    codes = np.take_along_axis(codes, by_place, axis=-1)
    by_code = np.argsort(codes, axis=-1, kind="stable")
    return np.take_along_axis(by_place, by_code, axis=-1), np.take_along_axis(codes, by_code, axis=-1)


def in_order(values: Array, rows: IntArray) -> Array:
    """Lay a number of each station, (…, n), out in the order of rows (…, n)."""
    return np.take_along_axis(np.broadcast_to(values, rows.shape), rows, axis=-1)


def in_columns(values: Array, rows: IntArray) -> Array:
    """Lay k numbers of each station, (…, n, k), out in the order of rows (…, n)."""
    return np.take_along_axis(np.broadcast_to(values, (*rows.shape, values.shape[-1])), rows[..., None], axis=-2)


def _differences(expanded: Array, structure: Structure, use: BoolArray, factor: Array, circular: bool = False) -> Array:
    """Add up the squares of differences, each by the mean of its two stations' factors."""
    if structure.order is None:
        raise DesignError("the list's order is not known: give Structure(order=…), the position of each station")
    rows, codes = along(structure.order, structure, use)
    rows = np.broadcast_to(rows, np.broadcast_shapes(expanded.shape[:-1], rows.shape))
    values = in_columns(expanded, rows)
    factors = in_order(factor, rows)
    pair = (codes[..., 1:] == codes[..., :-1]) & (codes[..., 1:] < structure.strata)
    total = products(_steps(values[..., 1:, :], values[..., :-1, :], factors[..., 1:], factors[..., :-1], pair))
    if not circular:
        return total
    place = np.broadcast_to(np.arange(codes.shape[-1]), codes.shape)
    begins = np.concatenate([np.ones((*codes.shape[:-1], 1), np.bool_), codes[..., 1:] != codes[..., :-1]], axis=-1)
    first = np.broadcast_to(np.maximum.accumulate(np.where(begins, place, 0), axis=-1), rows.shape)
    ends = np.concatenate([begins[..., 1:], np.ones((*codes.shape[:-1], 1), np.bool_)], axis=-1)
    closing = ends & (codes < structure.strata)
    return total + products(_steps(values, in_columns(values, first), factors, in_order(factors, first), closing))


def _steps(here: Array, there: Array, factor: Array, other: Array, pair: BoolArray) -> Array:
    root = np.sqrt((factor + other) / 2)
    return np.asarray(np.where(pair[..., None], here - there, 0.0) * root[..., None])

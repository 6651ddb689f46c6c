"""Two-stage samples: primary units (villages), then stations in them.

A primary unit is in when one of its stations is. Of n_h drawn primary units of a stratum m_h in,
the probability of a unit is taken as π_I m_h / n_h: drawn and then heard from, at random.
"""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, group_sums, per_station, stratum_sums
from estimation.errors import EstimateError
from estimation.survey.structure import CERTAIN, Structure, clusters, primary_strata
from estimation.survey.variance.kernel import by_blocks, need_some, need_two, squares
from estimation.survey.variance.lonely import check_single, settle


@dataclass(frozen=True, slots=True)
class _Units:
    """Primary units, shapes (…, C): stratum, stations in, population (∞ where not known), probability."""

    cluster: IntArray
    stratum: IntArray
    count: Array
    size: Array
    probability: Array


def ultimate_cluster(
    expanded: Array, structure: Structure, *, correction: bool = False, single: str = "collapse"
) -> Array:
    """Estimate the covariance of a sample of villages, then of stations, from the totals of villages.

    V = Σ_h n_h / (n_h - 1) Σ_i (z_i - z̄_h)(z_i - z̄_h)', z_i the sum of e over village i, as if villages
    had been drawn with replacement: valid whatever their probabilities and the second stage are, and
    conservative (Hansen, Hurwitz and Madow 1953; Särndal, Swensson and Wretman 1992, chapter 4). A
    village that was certain (π_I = 1) is a stratum of its own, with
    (1 - m_i / M_i) m_i / (m_i - 1) Σ_k (e_ik - ē_i)(e_ik - ē_i)', unless it has one station in of several:
    it counts among the others then.

    With `correction` the squares are multiplied by 1 - π_Ii, the first stage's finite-population
    correction, and nothing else is added: that leaves out the part π_I of the second stage's variance,
    which :func:`two_stage` has.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence.
    structure : Structure
        With `cluster`; `cluster_probability` tells certainties and is needed for the correction,
        `cluster_size` corrects certainties.
    correction : bool
        Correct for the part of the villages that was drawn.
    single : str
        What a stratum with one village in adds; see :func:`estimation.survey.variance.lonely.singly`.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census where `cluster_probability` and `cluster_size` are given.

    Raises
    ------
    DesignError
        The structure has no `cluster`.
    EstimateError
        A stratum has one village in that is no certainty; `correction` without `cluster_probability`.
    """
    check_single(single)
    if correction and structure.cluster_probability is None:
        raise EstimateError(
            "ultimate-cluster has no correction without cluster_probability: give Structure(cluster_probability=…), "
            "or take it without"
        )
    return _ultimate(expanded, structure, correction, single)


@by_blocks
def _ultimate(expanded: Array, structure: Structure, correction: bool, single: str) -> Array:
    units = _units(structure)
    if correction:
        return _first_stage(expanded, structure, units, units.count > 0, single)
    alone = (units.count >= 2) | (units.count >= units.size)
    certain: BoolArray = np.asarray((_given(structure, units.count.shape) >= CERTAIN) & alone & (units.count > 0))
    open_units = _Units(units.cluster, units.stratum, units.count, units.size, np.zeros(units.count.shape))
    first = _first_stage(expanded, structure, open_units, np.asarray((units.count > 0) & ~certain), single)
    if not certain.any():
        return first
    return first + _second_stage(expanded, structure, units, certain.astype(np.float64))


def two_stage(expanded: Array, structure: Structure, *, single: str = "collapse") -> Array:
    """Estimate the covariance of a two-stage sample from both stages.

    V = Σ_h n_h / (n_h - 1) Σ_i (1 - π_Ii)(z_i - z̄_h)(z_i - z̄_h)'
    + Σ_i π_Ii (1 - m_i / M_i) m_i / (m_i - 1) Σ_k (e_ik - ē_i)(e_ik - ē_i)', for simple sampling of m_i from
    M_i stations in primary unit i (Särndal, Swensson and Wretman 1992, result 4.3.1 and example
    4.3.1). Exact for simple sampling of primary units inside strata; with unequal π_I the first
    line is Brewer's approximation.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence.
    structure : Structure
        With `cluster`, `cluster_size` M_i and `cluster_probability` π_Ii.
    single : str
        What a stratum with one primary unit in adds to the first line; see
        :func:`estimation.survey.variance.lonely.singly`. Its second line is always added.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census.

    Raises
    ------
    DesignError
        The structure has no `cluster`.
    EstimateError
        `cluster_size` or `cluster_probability` is not given; a stratum has one primary unit in
        that is no certainty; a primary unit has one station in of several.
    """
    check_single(single)
    if structure.cluster is not None and (structure.cluster_size is None or structure.cluster_probability is None):
        raise EstimateError(
            "two-stage needs cluster_size and cluster_probability of the primary units: give them, "
            "or take ultimate-cluster"
        )
    return _two_stage(expanded, structure, single)


@by_blocks
def _two_stage(expanded: Array, structure: Structure, single: str) -> Array:
    units = _units(structure)
    short = (units.count == 1) & (units.size > 1)
    if short.any():
        where = int(np.argwhere(short)[0][-1])
        raise EstimateError(
            f"primary unit {where} has 1 station in of {int(units.size[short].ravel()[0])}, and its own variance "
            "needs 2: take ultimate-cluster, or wait"
        )
    first = _first_stage(expanded, structure, units, units.count > 0, single)
    return first + _second_stage(expanded, structure, units, units.probability)


def _given(structure: Structure, shape: tuple[int, ...]) -> Array:
    """Probabilities of primary units as designed; 0 where they are not given."""
    known = structure.cluster_probability
    return np.zeros(shape) if known is None else np.broadcast_to(known, shape)


def _units(structure: Structure) -> _Units:
    cluster, stratum = clusters(structure), primary_strata(structure)
    units = structure.primary_units
    count = group_sums(structure.inside, cluster, units)
    size = np.full(units, np.inf) if structure.cluster_size is None else structure.cluster_size
    probability = np.minimum(_given(structure, count.shape), 1.0)
    drawn = group_sums(np.ones(cluster.shape), cluster, units) > 0
    if structure.cluster_probability is not None and np.any(drawn & (count == 0)):
        heard = group_sums(np.asarray(count > 0), stratum, structure.strata)
        asked = group_sums(np.broadcast_to(drawn, count.shape), stratum, structure.strata)
        probability = probability * per_station(heard / np.maximum(asked, 1), stratum)
    return _Units(cluster, stratum, count, np.broadcast_to(size, count.shape), probability)


def _first_stage(expanded: Array, structure: Structure, units: _Units, use: BoolArray, single: str) -> Array:
    """Add up squares of the totals of primary units, around their mean by stratum."""
    use = np.asarray(use & (units.probability < CERTAIN))
    number = group_sums(use, units.stratum, structure.strata)
    need_some(structure.primary(), structure, "primary unit")
    if single == "collapse":
        need_two(number, np.full(number.shape, np.inf), "primary unit")
    inside = np.where(structure.inside[..., None], expanded, 0.0)
    totals = stratum_sums(inside, units.cluster, units.count.shape[-1])
    left = np.where(use, 1 - units.probability, 0)
    factor = per_station(number / np.maximum(number - 1, 1), units.stratum) * left
    others = squares(totals, units.stratum, structure.strata, use, factor)  # a single unit is its own mean: 0
    alone = np.asarray(number == 1)
    if single == "collapse" or not alone.any():
        return others
    own = per_station(alone.astype(np.float64), units.stratum) * left
    z = stratum_sums(totals * np.sqrt(own)[..., None], units.stratum, structure.strata)
    return settle(others, z, alone, structure.primary() > 0, single)


def _second_stage(expanded: Array, structure: Structure, units: _Units, part: Array) -> Array:
    """Add up squares of stations around the mean of their primary unit, each unit times its part."""
    m = units.count
    factor = part * np.maximum(1 - m / np.maximum(units.size, 1), 0) * m / np.maximum(m - 1, 1)
    return squares(expanded, units.cluster, m.shape[-1], structure.inside, per_station(factor, units.cluster))

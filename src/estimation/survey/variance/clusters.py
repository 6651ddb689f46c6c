"""Two-stage samples: primary units (villages), then stations in them.

A primary unit is in when one of its stations is. Of n_h drawn primary units of a stratum m_h in,
the probability of a unit is taken as π_I m_h / n_h: drawn and then heard from, at random.
"""

from dataclasses import dataclass

import numpy as np

from estimation.errors import EstimateError
from estimation.survey.structure import (
    CERTAIN,
    Array,
    BoolArray,
    IntArray,
    Structure,
    clusters,
    group_sums,
    per_station,
    primary_strata,
    stratum_sums,
)
from estimation.survey.variance.kernel import by_blocks, need_two, squares


@dataclass(frozen=True, slots=True)
class _Units:
    """Primary units, shapes (…, C): stratum, stations in, population (∞ where not known), probability."""

    cluster: IntArray
    stratum: IntArray
    count: Array
    size: Array
    probability: Array


@by_blocks
def ultimate_cluster(expanded: Array, structure: Structure) -> Array:
    """Estimate the covariance of a two-stage sample from the totals of primary units.

    V = Σ_h n_h / (n_h - 1) Σ_i (1 - π_Ii)(z_i - z̄_h)(z_i - z̄_h)', z_i the sum of e over primary unit i.
    Without `cluster_probability` π_I is 0: with replacement, valid whatever the second stage is
    (Hansen, Hurwitz and Madow 1953; Särndal, Swensson and Wretman 1992, chapter 4). With it there
    is the first stage's finite-population correction, which leaves out the part π_I of the second
    stage's variance: see :func:`two_stage`.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence.
    structure : Structure
        With `cluster`; `cluster_probability` for the correction.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        With the correction zero where all primary units are in.

    Raises
    ------
    DesignError
        The structure has no `cluster`.
    EstimateError
        A stratum has one primary unit in that is no certainty.
    """
    units = _units(structure)
    return _first_stage(expanded, structure, units, units.count > 0)


@by_blocks
def two_stage(expanded: Array, structure: Structure) -> Array:
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
    if structure.cluster_size is None or structure.cluster_probability is None:
        raise EstimateError(
            "two_stage needs cluster_size and cluster_probability of the primary units: give them, "
            "or take ultimate_cluster"
        )
    units = _units(structure)
    single = (units.count == 1) & (units.size > 1)
    if single.any():
        where = int(np.argwhere(single)[0][-1])
        raise EstimateError(
            f"primary unit {where} has 1 station in of {int(units.size[single].ravel()[0])}, and its own variance "
            "needs 2: take ultimate_cluster, or wait"
        )
    first = _first_stage(expanded, structure, units, units.count > 0)
    return first + _second_stage(expanded, structure, units, units.probability)


@by_blocks
def pps_clusters(expanded: Array, structure: Structure) -> Array:
    """Estimate the covariance of a sample of villages with unequal probabilities, then of stations.

    V = Σ_h n_h / (n_h - 1) Σ_i (z_i - z̄_h)(z_i - z̄_h)', z_i the sum of e over village i, as if villages
    had been drawn with replacement (Särndal, Swensson and Wretman 1992, chapter 4): it covers all
    stages and is conservative. A village that was certain (π_I = 1) is a stratum of its own, with
    (1 - m_i / M_i) m_i / (m_i - 1) Σ_k (e_ik - ē_i)(e_ik - ē_i)', unless it has one station in of several:
    it counts among the others then.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence.
    structure : Structure
        With `cluster`; `cluster_probability` tells certainties, `cluster_size` corrects them.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census where `cluster_probability` and `cluster_size` are given.

    Raises
    ------
    DesignError
        The structure has no `cluster`.
    EstimateError
        A stratum has one village in that is no certainty.
    """
    units = _units(structure)
    alone = (units.count >= 2) | (units.count >= units.size)
    certain: BoolArray = np.asarray((_given(structure, units.count.shape) >= CERTAIN) & alone & (units.count > 0))
    open_units = _Units(units.cluster, units.stratum, units.count, units.size, np.zeros(units.count.shape))
    drawn = np.asarray((units.count > 0) & ~certain)
    first = _first_stage(expanded, structure, open_units, drawn)
    if not certain.any():
        return first
    return first + _second_stage(expanded, structure, units, certain.astype(np.float64))


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


def _first_stage(expanded: Array, structure: Structure, units: _Units, use: BoolArray) -> Array:
    """Add up squares of the totals of primary units, around their mean by stratum."""
    use = np.asarray(use & (units.probability < CERTAIN))
    number = group_sums(use, units.stratum, structure.strata)
    need_two(number, np.full(number.shape, np.inf), "primary unit")
    inside = np.where(structure.inside[..., None], expanded, 0.0)
    totals = stratum_sums(inside, units.cluster, units.count.shape[-1])
    factor = per_station(number / np.maximum(number - 1, 1), units.stratum) * np.where(use, 1 - units.probability, 0)
    return squares(totals, units.stratum, structure.strata, use, factor)


def _second_stage(expanded: Array, structure: Structure, units: _Units, part: Array) -> Array:
    """Add up squares of stations around the mean of their primary unit, each unit times its part."""
    m = units.count
    factor = part * np.maximum(1 - m / np.maximum(units.size, 1), 0) * m / np.maximum(m - 1, 1)
    return squares(expanded, units.cluster, m.shape[-1], structure.inside, per_station(factor, units.cluster))

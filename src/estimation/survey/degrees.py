"""Degrees of freedom: of a variance that adds up over strata, and of an area."""

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, group_sums, per_station, stratum_sums
from estimation.survey.structure import Structure, primary_strata
from estimation.survey.variance.kernel import need_two


def satterthwaite(expanded: Array, structure: Structure) -> Array:
    """Work out the degrees of freedom of each quantity's variance, from how it is spread over the strata.

    (Σ_h V_h)² / Σ_h V_h² / (n_h - 1), V_h the part of stratum h (Satterthwaite 1946; Cochran 1977, eq. 5.16). Primary
    units less strata is right where these parts are in proportion to n_h - 1; it is fewer where a few strata
    make up most of the variance. Exact for normal values; those with heavier tails have fewer still.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence; zero outside a domain.
    structure : Structure
        V_h = (1 - n_h / N_h) n_h / (n_h - 1) Σ (e - ē_h)²; with two stages from the totals of the n_h villages, and
        without the correction. For draws that are not simple inside strata an approximation.

    Returns
    -------
    numpy.ndarray, shape (…, k)
        Between the least n_h - 1 and Σ (n_h - 1), over strata that are not completely in; n - 1 for one stratum.
        All primary units less strata where the variance is zero, as at a census.

    Raises
    ------
    EstimateError
        A stratum has one unit in and more in the population: collapse it first.
    """
    if structure.cluster is None:
        values, stratum, inside = expanded, structure.stratum, structure.inside
        count, size = structure.count(), structure.size
    else:
        values, stratum, inside = _totals(expanded, structure)
        count, size = group_sums(inside, stratum, structure.strata), np.full(structure.strata, np.inf)
    need_two(count, np.broadcast_to(size, count.shape), "station" if structure.cluster is None else "primary unit")
    factor = np.maximum(1 - count / np.maximum(size, 1), 0) * count / np.maximum(count - 1, 1)
    columns = [_one(values[..., j], stratum, inside, count, factor) for j in range(values.shape[-1])]
    found = np.stack(columns, axis=-1)
    return np.where(np.isnan(found), structure.df()[..., None], found)


def domain_df(structure: Structure, inside: BoolArray) -> Array:
    """Count the primary units in, less the strata that have any, inside an area.

    (Korn and Graubard 1999, section 5.2; R `survey`: `degf` of a subset.) A primary unit is a village
    in two stages, in where one of its stations is, else a station.

    Parameters
    ----------
    structure : Structure
    inside : numpy.ndarray of bool, shape (n,) or (…, n)
        Which of the drawn stations lie in the area.

    Returns
    -------
    numpy.ndarray, shape (…)
        0 where each stratum has one unit there, and where none is in.
    """
    use = np.asarray(inside & structure.inside)
    if structure.cluster is None:
        count = group_sums(use, structure.stratum, structure.strata)
    else:
        arrived = group_sums(use, structure.cluster, structure.primary_units) > 0
        count = group_sums(arrived, primary_strata(structure), structure.strata)
    return np.asarray(count.sum(axis=-1) - (count > 0).sum(axis=-1), dtype=np.float64)


def _totals(expanded: Array, structure: Structure) -> tuple[Array, IntArray, BoolArray]:
    """Add up primary units: values (…, C, k), their strata, and which are in."""
    assert structure.cluster is not None
    units = structure.primary_units
    values = stratum_sums(np.where(structure.inside[..., None], expanded, 0.0), structure.cluster, units)
    inside = group_sums(structure.inside, structure.cluster, units) > 0
    return values, primary_strata(structure), np.asarray(inside)


def _one(values: Array, stratum: IntArray, inside: BoolArray, count: Array, factor: Array) -> Array:
    """Work out one quantity's degrees of freedom from values (…, n); NaN without a variance."""
    strata = count.shape[-1]
    values = np.where(inside, values, 0.0)
    mean = group_sums(values, stratum, strata) / np.maximum(count, 1)
    centred = np.where(inside, values - per_station(mean, stratum), 0.0)
    top = np.abs(centred).max(axis=-1, keepdims=True)
    scaled = centred / np.where(top > 0, top, 1.0)  # so that fourth powers of tiny influences do not vanish
    parts = factor * group_sums(scaled**2, stratum, strata)
    total, below = parts.sum(axis=-1), (parts**2 / np.maximum(count - 1, 1)).sum(axis=-1)
    return np.asarray(np.where(below > 0, total**2 / np.where(below > 0, below, 1.0), np.nan))

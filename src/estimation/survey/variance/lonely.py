"""Strata with one unit in: a variance needs two, and what is put in its place is a choice."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from estimation.arrays import Array, BoolArray, group_sums, per_station, stratum_sums
from estimation.errors import EstimateError
from estimation.survey.structure import CERTAIN, Structure
from estimation.survey.variance.kernel import Covariance, by_blocks, chance, chance_in, products

SINGLE = ("collapse", "certainty", "centred", "average")

Open = Callable[[Structure], tuple[BoolArray, Array]]
"""The stations in that chance decided on (…, n), and the part 1 - f that each leaves open (…, n)."""


def singly(covariance: Covariance, open_to: Open, single: str) -> Covariance:
    """Let a covariance of stations take strata of which one station is in.

    ============  ==========================================================================================
    single        what a stratum with one station in, and more in the population, adds
    ============  ==========================================================================================
    `collapse`    an error: strata were to be collapsed before (:func:`estimation.survey.collapse`)
    `certainty`   nothing, as if it were completely in: too small
    `centred`     (1 - f) e e', its distance from zero, which is the mean of the influence of a ratio over all
                  strata (``adjust`` of R survey): conservative for ratios, and for a total far too large
    `average`     the mean of what the other strata add: the sum of the others times H / (H - L) for L such
                  strata of H with any station in
    ============  ==========================================================================================

    Parameters
    ----------
    covariance : function of (expanded, structure)
        A sum over strata.
    open_to : function of structure
        Which stations it counts.
    single : str
        One of the above; ``[estimate] single`` of a contest.

    Raises
    ------
    EstimateError
        `single` is none of the above; or with `average` every stratum has one station in.
    """
    check_single(single)
    if single == "collapse":
        return covariance

    @by_blocks
    def lenient(expanded: Array, structure: Structure) -> Array:
        use, left = open_to(structure)
        count = group_sums(use, structure.stratum, structure.strata)
        inside, drawn = structure.count(), structure.drawn()
        alone = np.asarray(((count == 1) & (structure.size > 1)) | ((inside == 1) & (drawn > 1)))
        own = np.asarray(structure.inside & per_station(alone, structure.stratum).astype(np.bool_))
        size = np.where(alone, 0.0, structure.size)  # what is alone is no part of the others
        rest = replace(structure, weight=np.where(own, 0.0, structure.weight), size=size)
        z = stratum_sums(
            np.where((own & use)[..., None], expanded * np.sqrt(left)[..., None], 0.0),
            structure.stratum,
            structure.strata,
        )
        return settle(covariance(expanded, rest), z, alone, inside > 0, single)

    return lenient


def check_single(single: str) -> None:
    """Refuse a treatment that does not exist.

    Raises
    ------
    EstimateError
        With the known ones.
    """
    if single not in SINGLE:
        raise EstimateError(f"single '{single}' is unknown for strata with one station in: it is {', '.join(SINGLE)}")


def settle(others: Array, alone_values: Array, alone: BoolArray, present: BoolArray, single: str) -> Array:
    """Put in what strata with one unit add.

    Parameters
    ----------
    others : numpy.ndarray, shape (…, k, k)
        The sum over the other strata.
    alone_values : numpy.ndarray, shape (…, H, k)
        √(1 - f) z of the single units, zero elsewhere.
    alone, present : numpy.ndarray of bool, shape (…, H)
        Strata with one unit in of several, and strata with any.
    single : str
        Not `collapse`.
    """
    if single == "certainty":
        return others
    if single == "centred":
        return np.asarray(others + products(alone_values))
    strata, lonely = present.sum(axis=-1), alone.sum(axis=-1)
    if np.any((strata == lonely) & (lonely > 0)):
        raise EstimateError(
            "every stratum has one station in, so that there are no others to take an average of: collapse strata"
        )
    return np.asarray(others * (strata / np.maximum(strata - lonely, 1))[..., None, None])


def by_count(structure: Structure) -> tuple[BoolArray, Array]:
    """All stations in; f is n_h / N_h."""
    left = np.maximum(1 - structure.count() / np.maximum(structure.size, 1), 0)
    return structure.inside, per_station(left, structure.stratum)


def by_chance(structure: Structure) -> tuple[BoolArray, Array]:
    """Give the stations in that are no certainties; f is the probability of being drawn and in."""
    pi = chance_in(structure)
    return np.asarray(structure.inside & (pi < CERTAIN)), 1 - pi


def by_draw(structure: Structure) -> tuple[BoolArray, Array]:
    """Give the stations in that were no certainties of the draw; f is the probability of being drawn and in."""
    return np.asarray(structure.inside & (chance(structure) < CERTAIN)), 1 - chance_in(structure)

"""Every variance by the name that a contest asks for it with."""

import math
from collections.abc import Callable

import numpy as np

from estimation.arrays import Array, runs
from estimation.contest.possible import JOINT, SYSTEMATIC, why_never
from estimation.errors import DesignError, EstimateError
from estimation.survey.structure import Structure
from estimation.survey.variance.balanced import balanced
from estimation.survey.variance.clusters import two_stage, ultimate_cluster
from estimation.survey.variance.default import default
from estimation.survey.variance.kernel import Covariance
from estimation.survey.variance.lonely import Open, by_chance, by_count, by_draw, check_single, singly
from estimation.survey.variance.neighbourhood import local_neighbourhood
from estimation.survey.variance.stratified import stratified
from estimation.survey.variance.successive import successive, successive_pps
from estimation.survey.variance.unequal_probability import (
    deville,
    horvitz_thompson,
    yates_grundy,
)

EVEN = 1.25  # largest over smallest π of a stratum up to which stations count as drawn with equal probabilities:
# strata that were collapsed, or allocated in whole stations, differ by that much; sizes of stations by much more

# the variances of stations, and the stations that each counts when it looks for strata with one of them in
BY_STATION: dict[str, tuple[Covariance, Open | None]] = {
    "stratified": (stratified, by_count),
    "successive": (successive, by_count),
    "local-neighbourhood": (local_neighbourhood, by_draw),
    "balanced": (balanced, None),
    "horvitz-thompson": (horvitz_thompson, None),
    "yates-grundy": (yates_grundy, None),
    "deville": (deville, by_chance),
}
UNEQUAL: dict[str, tuple[Covariance, Open | None]] = {
    "successive": (successive_pps, by_draw),
}
BY_VILLAGE: dict[str, Callable[..., Array]] = {"ultimate-cluster": ultimate_cluster, "two-stage": two_stage}
NAMES = ("auto", *BY_STATION, *BY_VILLAGE)


def by_name(name: str, *, single: str = "collapse") -> Covariance:
    """Give a variance by its name in a contest, with a look at whether the sample allows it.

    ``successive`` takes its form for unequal probabilities where they differ inside a stratum.

    Parameters
    ----------
    name : str
        One of :data:`NAMES`; ``auto`` is :func:`estimation.survey.variance.default`.
    single : str
        What a stratum with one station (in two stages, one village) in adds; see
        :func:`estimation.survey.variance.lonely.singly`. ``balanced``, ``horvitz-thompson`` and
        ``yates-grundy`` are no sums over strata and don't look at it.

    Returns
    -------
    function of (expanded, structure)
        It raises DesignError where it would be wrong for the way the sample was drawn.

    Raises
    ------
    EstimateError
        The name or the treatment of single stations is unknown.
    """
    check_single(single)
    if name not in NAMES:
        raise EstimateError(f"variance '{name}' is not computed from influence: known are {', '.join(NAMES)}")

    def chosen(expanded: Array, structure: Structure) -> Array:
        named = name_of(structure) if name == "auto" else name
        check_variance_fits(named, structure)
        if named in BY_VILLAGE:
            return BY_VILLAGE[named](expanded, structure, single=single)
        covariance, open_to = (UNEQUAL if named in UNEQUAL and uneven(structure) > 1 + 1e-9 else BY_STATION)[named]
        return (singly(covariance, open_to, single) if open_to else covariance)(expanded, structure)

    return chosen


def name_of(structure: Structure) -> str:
    """Give the name of the variance that :func:`estimation.survey.variance.default` picks."""
    return default(structure)[0]


def check_variance_fits(name: str, structure: Structure) -> None:
    """Refuse a variance that the way of drawing rules out.

    Raises
    ------
    DesignError
        With the method, what is in the way, and what to take instead.
    """
    method = structure.method if structure.cluster is None else "two-stage"
    known_pairs = name in JOINT and structure.joint is not None and method not in SYSTEMATIC
    reason = "" if known_pairs else why_never(name, method)
    if reason:
        raise DesignError(reason)
    if name == "stratified" and method not in ("all", "simple", "stratified", "systematic"):
        ratio = uneven(structure)
        if ratio > EVEN:
            raise DesignError(
                f"variance 'stratified' takes stations of a stratum as equally likely, and in this '{method}' sample "
                f"some are {ratio:.2f} times as likely as others: it would be wrong: take deville or auto"
            )


def uneven(structure: Structure) -> float:
    """Find by how much inclusion probabilities differ inside a stratum: the largest over the smallest; 1 if equal.

    Without probabilities the weights of the stations in tell them.
    """
    if structure.probability is None:
        use = structure.inside
        pi = np.divide(1.0, structure.weight, out=np.ones(use.shape), where=use)
    else:
        pi, use = structure.probability, np.ones(structure.probability.shape, dtype=np.bool_)
    shape = np.broadcast_shapes(pi.shape, structure.stratum.shape)
    block = structure.strata * np.arange(math.prod(shape[:-1]))[:, None]
    codes = (np.broadcast_to(structure.stratum, shape).reshape(-1, shape[-1]) + block).ravel()
    known = np.broadcast_to(use, shape).ravel()
    codes, chances = codes[known], np.broadcast_to(pi, shape).ravel()[known]
    if not len(codes):
        return 1.0
    order = np.lexsort((chances, codes))
    codes, chances = codes[order], chances[order]
    first = runs(codes)
    last = np.append(first[1:], len(codes)) - 1
    return float((chances[last] / chances[first]).max())

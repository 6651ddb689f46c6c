"""Every variance by the name that a contest asks for it with."""

import math
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from estimation.arrays import Array, runs
from estimation.errors import DesignError, EstimateError
from estimation.survey.structure import Structure
from estimation.survey.variance.balanced import balanced
from estimation.survey.variance.clusters import two_stage, ultimate_cluster
from estimation.survey.variance.default import default
from estimation.survey.variance.kernel import Covariance
from estimation.survey.variance.lonely import Open, by_chance, by_count, by_draw, check_single, singly, with_return
from estimation.survey.variance.neighbourhood import local_neighbourhood
from estimation.survey.variance.stratified import stratified
from estimation.survey.variance.successive import successive, successive_pps
from estimation.survey.variance.unequal import (
    brewer,
    deville,
    hajek,
    hartley_rao,
    horvitz_thompson,
    overton,
    with_replacement,
    yates_grundy,
)

EVEN = 1.25  # largest over smallest π of a stratum up to which stations count as drawn with equal probabilities:
# strata that were collapsed, or allocated in whole stations, differ by that much; sizes of stations by much more

LISTED = ("systematic", "pps-systematic", "pivotal")
SPREAD = (*LISTED, "local-cube")

# the variances of stations, and the stations that each counts when it looks for strata with one of them in
BY_STATION: dict[str, tuple[Covariance, Open | None]] = {
    "stratified": (stratified, by_count),
    "with-replacement": (with_replacement, with_return),
    "successive": (successive, by_count),
    "successive-circular": (partial(successive, circular=True), by_count),
    "local-neighbourhood": (local_neighbourhood, by_draw),
    "balanced": (balanced, None),
    "horvitz-thompson": (horvitz_thompson, None),
    "yates-grundy": (yates_grundy, None),
    "hajek": (hajek, by_chance),
    "hartley-rao": (hartley_rao, by_chance),
    "brewer": (brewer, by_chance),
    "overton": (overton, by_chance),
    "deville": (deville, by_chance),
}
UNEQUAL: dict[str, tuple[Covariance, Open | None]] = {
    "successive": (successive_pps, by_draw),
    "successive-circular": (partial(successive_pps, circular=True), by_draw),
}
BY_VILLAGE: dict[str, Callable[..., Array]] = {"ultimate-cluster": ultimate_cluster, "two-stage": two_stage}
NAMES = ("auto", *BY_STATION, *BY_VILLAGE)
NAME_OF = {covariance: name for table in (BY_STATION, UNEQUAL) for name, (covariance, _) in table.items()}


def by_name(name: str, *, single: str = "collapse") -> Covariance:
    """Give a variance by its name in a contest, with a look at whether the sample allows it.

    ``successive`` and ``successive-circular`` take their forms for unequal probabilities where
    probabilities differ inside a stratum; ``hartley-rao`` takes the mean of π in the sample for its
    constant, which makes it Brewer's.

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
        own = name_of(structure) if name == "auto" else name
        check(own, structure)
        if own in BY_VILLAGE:
            return BY_VILLAGE[own](expanded, structure, single=single)
        covariance, open_to = (UNEQUAL if own in UNEQUAL and uneven(structure) > 1 + 1e-9 else BY_STATION)[own]
        return (singly(covariance, open_to, single) if open_to else covariance)(expanded, structure)

    return chosen


def name_of(structure: Structure) -> str:
    """Give the name of the variance that :func:`estimation.survey.variance.default` picks."""
    return default(structure)[0]


def check(name: str, structure: Structure) -> None:
    """Refuse a variance that the way of drawing rules out.

    Raises
    ------
    DesignError
        With the method, what is in the way, and what to take instead.
    """
    method = structure.method
    if name in BY_VILLAGE:
        if structure.cluster is None:
            _refuse(name, f"needs villages drawn before stations, and method '{method}' has one stage", ("auto",))
    elif structure.cluster is not None:
        _refuse(
            name, "takes stations as drawn one by one, and villages were drawn first: it would be too small", BY_VILLAGE
        )
    if name in ("horvitz-thompson", "yates-grundy") and method in ("systematic", "pps-systematic"):
        _refuse(name, f"does not exist: most pairs of stations can't both be in a '{method}' sample", ("successive",))
    if name in UNEQUAL and method not in LISTED:
        _refuse(name, f"sees the order of a list, which method '{method}' did not draw by: it would be too small")
    if name == "local-neighbourhood" and method not in SPREAD:
        _refuse(name, f"needs a sample that was spread, and method '{method}' does not spread: it would be too small")
    if name == "balanced" and method not in ("cube", "local-cube"):
        _refuse(name, f"needs a balanced sample, and method '{method}' does not balance: it would be too small")
    if name == "stratified" and method not in ("all", "simple", "stratified", "systematic"):
        ratio = uneven(structure)
        if ratio > EVEN:
            _refuse(
                name,
                f"takes stations of a stratum as equally likely, and in this '{method}' sample some are {ratio:.2f} "
                "times as likely as others: it would be wrong",
                ("deville", "auto"),
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


def _refuse(name: str, reason: str, instead: Iterable[str] = ("stratified", "auto")) -> None:
    raise DesignError(f"variance '{name}' {reason}: take {' or '.join(instead)}")

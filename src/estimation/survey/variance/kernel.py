"""What the variances share: squares around centres, probabilities, blocks of replicates."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from itertools import combinations_with_replacement
from typing import Any, Concatenate, ParamSpec, cast

import numpy as np
from numpy.typing import NDArray

from estimation.arrays import Array, BoolArray, IntArray, ascending, group_sums, lengths, per_station, runs
from estimation.errors import EstimateError
from estimation.survey.structure import CERTAIN, TRAILING, Structure, flatten, lead_shape

Covariance = Callable[[Array, Structure], Array]
P = ParamSpec("P")

FEW = 5  # quantities up to which single dot products are quicker than a matrix product for each replicate
BLOCK = 200_000  # numbers looked at together: a megabyte and a half stays in a processor's cache


def by_blocks(
    function: Callable[Concatenate[Array, Structure, P], Array],
) -> Callable[Concatenate[Array, Structure, P], Array]:
    """Let a covariance of (b, n, k) take any leading axes, a few replicates at a time.

    Ten thousand replicates at once would send every intermediate result through main memory.
    Options are handed on to every block.
    """

    @wraps(function)
    def blocked(expanded: Array, structure: Structure, *args: P.args, **options: P.kwargs) -> Array:
        own_lead = lead_shape(structure)
        if expanded.ndim == 2 and not own_lead:
            return function(expanded, structure, *args, **options)
        n, k = expanded.shape[-2:]
        lead = np.broadcast_shapes(expanded.shape[:-2], own_lead)
        number = math.prod(lead)
        values = np.broadcast_to(expanded, (*lead, n, k)).reshape(number, n, k)
        parts: dict[str, Any] = flatten(structure, lead)
        stratum = parts["stratum"]
        if number and stratum.ndim > 1 and np.array_equal(stratum[1:], stratum[:-1]):
            parts["stratum"] = stratum[0]  # sums over strata that all replicates share are much cheaper
        moving = [name for name, axes in TRAILING.items() if parts[name] is not None and parts[name].ndim > axes]
        step = max(1, BLOCK // max(1, n * (n if "joint" in moving else k)))
        found = np.empty((number, k, k))
        for start in range(0, number, step):
            rows = slice(start, start + step)
            own = Structure(**(parts | {name: parts[name][rows] for name in moving}))
            found[rows] = function(values[rows], own, *args, **options)
        return found.reshape(*lead, k, k)

    return cast(Callable[Concatenate[Array, Structure, P], Array], blocked)


def squares(values: Array, group: IntArray, groups: int, centre: Array | BoolArray, factor: Array) -> Array:
    """Add up Σ_i q_i (v_i - v̄_g)(v_i - v̄_g)', where v̄_g = Σ_g a v / Σ_g a.

    Parameters
    ----------
    values : numpy.ndarray, shape (…, n, k)
    group : numpy.ndarray of intp, shape (n,) or (…, n)
        0 … groups - 1.
    centre : numpy.ndarray, shape (…, n)
        Weights a_i ≥ 0 of the means; a row with weight 0 is not looked at.
    factor : numpy.ndarray, shape (…, n)
        Factors q_i ≥ 0 of the squares.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Symmetric and positive semidefinite.
    """
    if values.ndim == 2 and group.ndim == centre.ndim == factor.ndim == 1:
        return _squares_of_one(values, group, centre, factor)
    n, k = values.shape[-2:]
    shapes = {values.shape[:-2], group.shape[:-1], centre.shape[:-1], factor.shape[:-1]}
    lead = shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes)
    if not n:
        return np.zeros((*lead, k, k))
    blocks = math.prod(lead)
    every = values if values.shape[:-2] == lead else np.broadcast_to(values, (*lead, n, k))
    across = np.ascontiguousarray(np.swapaxes(every.reshape(blocks, n, k), -1, -2))
    a, root = _rows(centre, lead), _rows(np.sqrt(factor), lead)
    if group.ndim == 1 and not ascending(group):
        order = np.argsort(group, kind="stable")
        group, across, a, root = group[order], across[..., order], a[:, order], root[:, order]
    binary = a.dtype == np.bool_
    use = a if binary else a > 0
    everything = bool(use.all())
    if not everything:
        across, root = np.where(use[:, None, :], across, 0.0), np.where(use, root, 0.0)
    weighted = across if binary else across * a[:, None, :]
    if group.ndim == 1:
        starts = runs(group)
        length = lengths(starts, n)
        total = length if binary and everything else np.add.reduceat(a, starts, axis=-1, dtype=np.float64)
        mean = np.add.reduceat(weighted, starts, axis=-1) / np.where(total > 0, total, 1.0)[..., None, :]
        scaled = np.repeat(mean, length, axis=-1)
    else:
        scaled = _means(weighted, _rows(group, lead), groups, a)
    np.subtract(across, scaled, out=scaled)
    scaled *= root[:, None, :]
    return _crossed(scaled).reshape(*lead, k, k)


def _squares_of_one(values: Array, group: IntArray, centre: Array | BoolArray, factor: Array) -> Array:
    """Add up the squares of one sample, without any leading axis: as :func:`squares`, in fewer steps."""
    use = centre if centre.dtype == np.bool_ else centre > 0
    if not use.all():
        values, group, centre, factor = values[use], group[use], centre[use], factor[use]
    if not ascending(group):
        order = np.argsort(group, kind="stable")
        values, group, centre, factor = values[order], group[order], centre[order], factor[order]
    n, k = values.shape
    if not n:
        return np.zeros((k, k))
    across, starts = np.ascontiguousarray(values.T), runs(group)
    length = lengths(starts, n)
    if centre.dtype == np.bool_:
        means = np.add.reduceat(across, starts, axis=-1) / length
    else:
        means = np.add.reduceat(across * centre, starts, axis=-1) / np.add.reduceat(centre, starts)
    centred = np.repeat(means, length, axis=-1)
    np.subtract(across, centred, out=centred)
    crossed = (centred * factor) @ centred.T  # of so few rows quicker than a symmetric product
    return np.asarray((crossed + crossed.T) / 2)


def _means(weighted: Array, group: IntArray, groups: int, centre: Array | BoolArray) -> Array:
    """Give each station the means of its group where groups differ by block: (blocks, k, n)."""
    blocks, k, n = weighted.shape
    flat = (group + groups * np.arange(blocks)[:, None]).ravel()
    total = np.bincount(flat, centre.ravel(), blocks * groups)
    share = 1 / np.where(total > 0, total, 1.0)
    means = np.empty((blocks, k, n))
    for j in range(k):
        sums = np.bincount(flat, weighted[:, j].ravel(), blocks * groups)
        means[:, j] = (sums * share)[flat].reshape(blocks, n)
    return means


def _rows(values: NDArray[Any], lead: tuple[int, ...]) -> NDArray[Any]:
    """Lay leading axes on one: (…, n) to (blocks, n)."""
    n = values.shape[-1]
    values = values if values.shape[:-1] == lead else np.broadcast_to(values, (*lead, n))
    return values.reshape(-1, n)


def products(rows: Array) -> Array:
    """Add up r_i r_i' over the rows of (…, n, k): shape (…, k, k), exactly symmetric."""
    return _crossed(np.ascontiguousarray(np.swapaxes(rows, -1, -2)))


def _crossed(across: Array) -> Array:
    """Give r r' of (…, k, n)."""
    *lead, k, _ = across.shape
    if k > FEW or math.prod(lead) == 1:
        return np.asarray(across @ np.swapaxes(across, -1, -2))
    found = np.empty((*lead, k, k))  # many small products: one call for all of each entry
    for i, j in combinations_with_replacement(range(k), 2):
        found[..., i, j] = found[..., j, i] = np.vecdot(across[..., i, :], across[..., j, :])
    return found


def need_two(count: Array, total: Array, unit: str = "station") -> None:
    """Refuse a stratum that has one unit in and more of which that one says nothing.

    Raises
    ------
    EstimateError
        With the stratum's number.
    """
    single = count == 1
    if not single.any():
        return
    lonely = single & (total > 1)
    if lonely.any():
        where = int(np.argwhere(lonely)[0][-1])
        raise EstimateError(
            f"stratum {where} has 1 {unit} in, and a variance needs 2: collapse it with a neighbour or wait"
        )


def need_some(count: Array, structure: Structure, unit: str = "station") -> None:
    """Refuse a stratum of whose drawn units none is in: nobody else speaks for it, and its variance would be 0.

    Raises
    ------
    EstimateError
        With the stratum's number.
    """
    if count.all():
        return
    every = replace(structure, weight=np.ones(structure.weight.shape))
    drawn = np.broadcast_to(every.count() if unit == "station" else every.primary(), count.shape)
    silent = (count == 0) & (drawn > 0) & (structure.size > 0)
    if silent.any():
        where = tuple(np.argwhere(silent)[0])
        raise EstimateError(
            f"stratum {int(where[-1])} has none of its {int(drawn[where])} drawn {unit}s in: "
            "collapse it with a neighbour or wait"
        )


def all_arrived(structure: Structure) -> bool:
    """Say whether every station that was drawn is in, in every replicate."""
    return bool(np.all(structure.weight > 0))


def arrived_fraction(structure: Structure) -> Array:
    """Give the part m_h / n_h of the drawn stations that is in, of the stratum of each station: (…, n)."""
    if all_arrived(structure):
        return np.ones(structure.weight.shape)
    drawn = structure.drawn()
    return per_station(structure.count() / np.maximum(drawn, 1), structure.stratum)


def chance(structure: Structure) -> Array:
    """Give each station's probability π_i of being drawn; shape (…, n).

    Where the structure has none it is what the weights say, (1/w_i) n_h / m_h, at most 1; for a
    station that is not in, the mean of its stratum.
    """
    if structure.probability is not None:
        return np.broadcast_to(np.minimum(structure.probability, 1.0), structure.weight.shape)
    if all_arrived(structure):
        return chance_in(structure)
    known = np.minimum(chance_in(structure) / np.maximum(arrived_fraction(structure), 1e-300), 1.0)
    total = group_sums(np.where(structure.inside, known, 0.0), structure.stratum, structure.strata)
    mean = per_station(total / np.maximum(structure.count(), 1), structure.stratum)
    return np.where(structure.inside, known, mean)


def chance_in(structure: Structure) -> Array:
    """Give each station's probability of being drawn and in: π_i m_h / n_h, or 1/w_i, at most 1; shape (…, n)."""
    if structure.probability is None:
        weight = structure.weight
        return np.divide(1.0, weight, out=np.ones(weight.shape), where=weight > 1)
    known = chance(structure)
    return known if all_arrived(structure) else known * arrived_fraction(structure)


def uncertain(structure: Structure, pi: Array) -> tuple[BoolArray, Array]:
    """Find the stations in that chance decided on, and count them by stratum: (…, n) and (…, H).

    A certainty (π = 1) is a stratum of its own that is completely in.

    Raises
    ------
    EstimateError
        A stratum has one such station.
    """
    need_some(structure.count(), structure)
    use: BoolArray = np.asarray(structure.inside & (pi < CERTAIN))
    count = group_sums(use, structure.stratum, structure.strata)
    need_two(count, structure.size)
    return use, count


def second_phase(expanded: Array, structure: Structure) -> Array | float:
    """Add what the stations that are not in leave open: m of n drawn, at random within strata.

    Σ_h (1 - m_h / n_h) m_h / (m_h - 1) Σ_i (e_i - ē_h)(e_i - ē_h)' (Särndal, Swensson and Wretman
    1992, chapter 9, second term, with simple sampling in the second phase).
    """
    if all_arrived(structure):
        return 0.0
    drawn, count = structure.drawn(), structure.count()
    need_two(count, np.broadcast_to(drawn, count.shape))
    factor = np.maximum(1 - count / np.maximum(drawn, 1), 0) * count / np.maximum(count - 1, 1)
    return squares(
        expanded, structure.stratum, structure.strata, structure.inside, per_station(factor, structure.stratum)
    )

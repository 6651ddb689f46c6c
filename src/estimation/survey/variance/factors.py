"""Replicate factors, by primary unit: which units a replicate leaves out, or weighs up or down."""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array, IntArray, group_sums
from estimation.errors import DesignError, EstimateError
from estimation.survey.structure import CERTAIN, Structure, clusters
from estimation.survey.variance.hadamard import hadamard
from estimation.survey.variance.kernel import arrived_fraction, chance_in, need_two

EQUAL = ("all", "simple", "stratified", "systematic")  # stations of a stratum have one probability, n_h / N_h
BLOCK = 50_000  # numbers made or used at once: a small part of a processor's cache


@dataclass(frozen=True, slots=True)
class Units:
    """The primary units that are in and that chance decided on.

    Attributes
    ----------
    unit : numpy.ndarray of intp, shape (n,)
        The unit of each station, 0 … U - 1; -1 for one that is not in or was a certainty.
    stratum : numpy.ndarray of intp, shape (U,)
        Stratum of each unit, 0 … H - 1, with at least two units in each.
    count : numpy.ndarray, shape (U,)
        Units in the stratum of each unit.
    fraction : numpy.ndarray, shape (U,)
        Its probability of being in, in [0, 1): what the finite-population correction takes off.
    part : numpy.ndarray, shape (U,)
        Part of the drawn units of its stratum that is in, in (0, 1].
    place : numpy.ndarray of intp, shape (U,), or None
        Position along the list.
    """

    unit: IntArray
    stratum: IntArray
    count: Array
    fraction: Array
    part: Array
    place: IntArray | None

    @property
    def number(self) -> int:
        """Number of units U."""
        return len(self.stratum)

    @property
    def strata(self) -> int:
        """Number of strata H that have such units."""
        return int(self.stratum.max()) + 1 if len(self.stratum) else 0

    def df(self) -> int:
        """Units less strata."""
        return self.number - self.strata

    def by_stratum(self, values: Array) -> Array:
        """Give each unit the mean of its stratum."""
        return np.asarray((group_sums(values, self.stratum, self.strata))[self.stratum] / self.count)

    def per_station(self, factor: Array) -> Array:
        """Lay factors of units (R, U) out by station (R, n); a station without a unit has factor 1."""
        stations = np.flatnonzero(self.unit >= 0)
        if len(stations) == self.number == len(self.unit) and np.array_equal(self.unit, stations):
            return factor
        laid = np.ones((len(factor), len(self.unit)))
        laid[:, stations] = factor[:, self.unit[stations]]
        return laid


def units_of(structure: Structure) -> Units:
    """Find the primary units of one sample, without certainties.

    A station, or in two stages a village. A village that was certain is a stratum of its own in
    which the stations are the units, as in :func:`estimation.survey.variance.ultimate_cluster`.

    Raises
    ------
    EstimateError
        A stratum has one unit in and more in the population.
    """
    label, home, fraction, part = _stations(structure) if structure.cluster is None else _villages(structure)
    use = structure.inside & (fraction < CERTAIN)
    _, first, own = np.unique(label[use], return_index=True, return_inverse=True)
    home, fraction, part = home[use][first], fraction[use][first], part[use][first]
    in_stratum = np.bincount(home).astype(np.float64)
    need_two(in_stratum, np.full(in_stratum.shape, np.inf), "station" if structure.cluster is None else "primary unit")
    _, stratum = np.unique(home, return_inverse=True)
    unit = np.full(structure.weight.shape, -1, dtype=np.intp)
    unit[use] = own
    place = None
    if structure.order is not None:
        place = np.full(len(home), np.iinfo(np.intp).max, dtype=np.intp)
        np.minimum.at(place, own, structure.order[use])
    return Units(unit, stratum, in_stratum[home], fraction, part, place)


def _stations(structure: Structure) -> tuple[IntArray, IntArray, Array, Array]:
    part = arrived_fraction(structure)
    size = structure.size[structure.stratum]
    if structure.probability is None or structure.method in EQUAL:
        fraction = structure.count()[structure.stratum] / np.maximum(size, 1)
    else:
        fraction = np.where(np.isinf(size), 0.0, chance_in(structure))
    return np.arange(len(part)), structure.stratum, np.minimum(fraction, 1.0), part


def _villages(structure: Structure) -> tuple[IntArray, IntArray, Array, Array]:
    cluster, units = clusters(structure), structure.primary_units
    count = group_sums(structure.inside, cluster, units)
    size = np.full(units, np.inf) if structure.cluster_size is None else structure.cluster_size
    chance = np.zeros(units) if structure.cluster_probability is None else structure.cluster_probability
    certain = ((chance >= CERTAIN) & ((count >= 2) | (count >= size)) & (count > 0))[cluster]
    fraction = np.where(certain, (count / np.maximum(size, 1))[cluster], 0.0)
    label = np.where(certain, units + np.arange(len(cluster)), cluster)
    home = np.where(certain, structure.strata + cluster, structure.stratum)
    return label, home, np.minimum(fraction, 1.0), np.ones(len(cluster))


def jackknife(units: Units) -> tuple[Array, float, Array]:
    """Leave each unit out in turn: 0 for it, n_h / (n_h - 1) for the rest of its stratum.

    Returns
    -------
    tuple of numpy.ndarray (U, U), float, numpy.ndarray (U,)
        Factors, scale 1 and rscales (1 - f)(n_h - 1) / n_h.
    """
    return _left_out(units), 1.0, (1 - units.fraction) * (units.count - 1) / units.count


def _left_out(units: Units) -> Array:
    same = units.stratum[:, None] == units.stratum
    factor = np.where(same, units.count / np.maximum(units.count - 1, 1), 1.0)
    np.fill_diagonal(factor, 0.0)
    return np.asarray(factor)


def bootstrap(units: Units, rng: np.random.Generator, number: int) -> tuple[Array, float, Array]:
    """Draw n_h - 1 of the n_h units of each stratum with replacement, and rescale.

    Factor 1 - λ_h + λ_h n_h / (n_h - 1) r, with r the times that the unit was drawn and
    λ_h = √(1 - f_h): never negative, as λ_h ≤ 1. Replicate r is the same whatever their number is.

    Returns
    -------
    tuple of numpy.ndarray (R, U), float, numpy.ndarray (R,)
        Factors, scale 1 / (R - 1) and rscales 1.
    """
    order = np.argsort(units.stratum, kind="stable")
    count = np.bincount(units.stratum, minlength=units.strata)
    slot = np.repeat(np.arange(units.strata), count - 1)
    begin, among = (np.cumsum(count) - count)[slot], count[slot].astype(np.float64)
    root = np.sqrt(1 - units.by_stratum(units.fraction))
    grow, rest = root * units.count / (units.count - 1), 1 - root
    factor = np.empty((number, units.number))
    step = min(max(1, BLOCK // units.number), number)
    offset = units.number * np.arange(step)[:, None]
    base, place = begin + offset, None if np.array_equal(order, np.arange(len(order))) else (order + offset).ravel()
    for start in range(0, number, step):
        rows = factor[start : start + step]
        share = rng.random((len(rows), len(slot)))
        share *= among
        drawn = share.astype(np.intp)  # below among always: the largest share is 1 - 2^-53
        drawn += base[: len(rows)]
        if place is not None:
            drawn = place[drawn]
        np.multiply(np.bincount(drawn.ravel(), minlength=rows.size).reshape(rows.shape), grow, out=rows)
        rows += rest
    return factor, 1 / (number - 1), np.ones(number)


def balanced_halves(units: Units, rho: float) -> tuple[Array, float, Array]:
    """Weigh one unit of each pair up and the other down, in the balanced pattern of a Hadamard matrix.

    Factors 1 ± (1 - ρ) √(1 - f), f the mean of the pair; 2 and 0 for ρ = f = 0. There are as many
    replicates as a Hadamard matrix of more than H rows has.

    Returns
    -------
    tuple of numpy.ndarray (R, U), float, numpy.ndarray (R,)
        Factors, scale 1 / (R (1 - ρ)²) and rscales 1.

    Raises
    ------
    EstimateError
        ρ lies outside [0, 1), or a stratum does not have two units in.
    """
    if not 0 <= rho < 1:
        raise EstimateError(f"Fay's ρ is {rho}, and must be at least 0 and below 1: 0 is plain BRR, 0.5 is usual")
    other = np.flatnonzero(units.count != 2)
    if len(other):
        raise EstimateError(
            f"balanced replicates need 2 units in each stratum, and {len(np.unique(units.stratum[other]))} of "
            f"{units.strata} strata have another number, up to {int(units.count.max())}: pair the units into strata "
            "of two, or take the jackknife or the bootstrap"
        )
    signs = hadamard(units.strata + 1)[1 : units.strata + 1].T
    pairs = np.argsort(units.stratum, kind="stable").reshape(-1, 2)
    change = signs * ((1 - rho) * np.sqrt(1 - units.fraction[pairs].mean(axis=1)))
    factor = np.empty((len(signs), units.number))
    factor[:, pairs[:, 0]] = 1 + change
    factor[:, pairs[:, 1]] = 1 - change
    return factor, 1 / (len(signs) * (1 - rho) ** 2), np.ones(len(signs))


def successive_differences(units: Units, number: int) -> tuple[Array, float, Array]:
    """Weigh neighbours along the list in opposite ways (Fay and Train 1995).

    Unit i has the factor 1 + 2^(-3/2) (s_i a_i - s_j a_j), where j is the next unit of its stratum,
    the first one after the last, a_i is the row of a Hadamard matrix that belongs to unit i, and
    s_i² = 1 - f. With a row for each unit, for a total
    V = ½ Σ_h (1 - f_h) Σ_i (z_i - z_{i-1})², around the circle. With fewer rows than units they are used
    again, in another order each time, so that the same two differences do not meet again.

    Of n_h drawn units m_h in, s_i² = m_h / n_h - f, and delete-one replicates with
    rscales (1 - m_h / n_h)(m_h - 1) / m_h are added for the second phase, as in
    :func:`estimation.survey.variance.successive`.

    Returns
    -------
    tuple of numpy.ndarray (R, U), float, numpy.ndarray (R,)
        Factors, scale 4 / R of the first replicates, and rscales 1 of these.

    Raises
    ------
    DesignError
        The order of the list is not known.
    """
    if units.place is None:
        raise DesignError("the list's order is not known: give Structure(order=…), the position of each station")
    signs = hadamard(max(4, min(units.number + 1, number)))
    order = np.lexsort((units.place, units.stratum))
    codes = units.stratum[order]
    left = (units.part - units.fraction)[order]
    following = np.arange(1, units.number + 1)
    last = np.flatnonzero(np.append(codes[1:] != codes[:-1], True))
    following[last] = np.append(0, last[:-1] + 1)
    root = np.empty(units.number)  # of a unit and the one before it
    root[following] = np.sqrt((left[following] + left) / 2)
    own = signs[_rows(units.number, len(signs))].T * root
    factor = np.empty(own.shape)
    factor[:, order] = 1 + 2**-1.5 * (own - own[:, following])
    scale, rscales = 4 / len(signs), np.ones(len(signs))
    if np.all(units.part == 1):
        return factor, scale, rscales
    open_units = np.flatnonzero(units.part < 1)
    second = ((1 - units.part) * (units.count - 1) / units.count)[open_units]
    return np.vstack([factor, _left_out(units)[open_units]]), scale, np.append(rscales, second / scale)


def _rows(number: int, order: int) -> IntArray:
    """Give each place of the list a row 1 … order - 1; each time round, the rows in steps of another width."""
    rows = order - 1
    steps = np.arange(1, rows + 1)
    steps = steps[np.gcd(steps, rows) == 1]
    place = np.arange(number)
    return np.asarray(1 + place % rows * steps[place // rows % len(steps)] % rows)

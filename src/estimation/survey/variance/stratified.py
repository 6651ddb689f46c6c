"""Stratified simple random sampling without replacement."""

import numpy as np

from estimation.arrays import Array, per_station
from estimation.survey.structure import Structure
from estimation.survey.variance.kernel import by_blocks, need_some, need_two, squares
from estimation.survey.variance.lonely import by_count, singly


def stratified(expanded: Array, structure: Structure, *, single: str = "collapse") -> Array:
    """Estimate the covariance of a linearised statistic under stratified simple random sampling.

    V = Σ_h (1 - n_h / N_h) n_h / (n_h - 1) Σ_i (e_i - ē_h)(e_i - ē_h)'
    (Cochran 1977, theorem 5.3, with e = w u; Wolter 2007, eq. 1.4.6 and 6.3.1).

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence; zero outside a domain, whose stations still count in n_h.
    structure : Structure
        Weights, strata and sizes N_h; n_h counts the weights above zero.
    single : str
        What a stratum with one station in adds: ``collapse`` (an error here, as strata were to be
        collapsed before), ``certainty``, ``centred`` or ``average``: see
        :func:`estimation.survey.variance.lonely.singly`.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        A stratum that is completely in contributes nothing: at a census the covariance is zero.

    Raises
    ------
    EstimateError
        A stratum has none of its drawn stations in, or one and more in the population: collapse it first.
    """
    return singly(_stratified, by_count, single)(expanded, structure)


@by_blocks
def _stratified(expanded: Array, structure: Structure) -> Array:
    inside = structure.inside
    batch = inside.ndim > 1 and inside.all()  # that is all in: H numbers, once
    count = structure.drawn() if batch else structure.count()
    need_some(count, structure)
    need_two(count, structure.size)
    factor = np.maximum(1 - count / np.maximum(structure.size, 1), 0) * (count / np.maximum(count - 1, 1))
    return squares(expanded, structure.stratum, structure.strata, inside, per_station(factor, structure.stratum))

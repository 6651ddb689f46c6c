"""Stratified simple random sampling without replacement."""

import numpy as np

from estimation.errors import EstimateError
from estimation.survey.structure import Array, Structure, stratum_sums


def stratified(expanded: Array, structure: Structure) -> Array:
    """Estimate the covariance of a linearised statistic under stratified simple random sampling.

    V = Σ_h (1 - n_h / N_h) n_h / (n_h - 1) Σ_i (e_i - ē_h)(e_i - ē_h)'
    (Cochran 1977, theorem 5.3, with e = w u; Wolter 2007, eq. 1.4.6 and 6.3.1).

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence; zero outside a domain, whose stations still count in n_h.
    structure : Structure
        Weights, strata and sizes N_h; n_h counts the weights above zero.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        A stratum that is completely in contributes nothing: at a census the covariance is zero.

    Raises
    ------
    EstimateError
        A stratum has one station in and more in the population: collapse it first.
    """
    count = structure.count()
    lonely = (count == 1) & (structure.size > 1)
    if lonely.any():
        where = int(np.argwhere(lonely)[0][-1])
        raise EstimateError(
            f"stratum {where} has 1 station in, and a variance needs 2: collapse it with a neighbour or wait"
        )
    factor = np.zeros(count.shape)
    several = count > 1
    fraction = np.divide(count, structure.size, out=np.zeros(count.shape), where=several)
    factor[several] = (np.maximum(1 - fraction, 0) * count / np.maximum(count - 1, 1))[several]
    inside = (structure.weight > 0)[..., None]
    sums = stratum_sums(expanded, structure.stratum, structure.strata)
    means = sums / np.maximum(count, 1)[..., None]
    centred = np.where(inside, expanded - _per_station(means, structure), 0.0)
    scaled = centred * np.sqrt(_per_station(factor[..., None], structure))
    return np.asarray(np.swapaxes(scaled, -1, -2) @ scaled)


def _per_station(values: Array, structure: Structure) -> Array:
    """Spread values of strata (…, H, k) over their stations (…, n, k)."""
    if structure.stratum.ndim == 1:
        return values[..., structure.stratum, :]
    shape = np.broadcast_shapes(values.shape[:-2], structure.stratum.shape[:-1])
    codes = np.broadcast_to(structure.stratum, (*shape, structure.stratum.shape[-1]))[..., None]
    return np.take_along_axis(np.broadcast_to(values, (*shape, *values.shape[-2:])), codes, axis=-2)

"""Design effects: what the design did to the variance."""

import numpy as np

from estimation.arrays import Array
from estimation.survey.structure import Structure


def deff_stations(variance: Array, y: Array, x: Array, theta: Array, structure: Structure) -> Array:
    """Compare with a simple random sample of as many stations (Kish 1965, section 8.1).

    deff = V / V_srs with V_srs = (1 - n/N) N̂² S²_d / n / X̂², N̂ = Σ w, where d = y - θ x and S²_d is
    estimated with the weights, Σ w (d - d̄)² / Σ w · n / (n - 1), as R survey does.

    Parameters
    ----------
    variance, theta : numpy.ndarray, shape (k,)
    y : numpy.ndarray, shape (n, k)
    x : numpy.ndarray, shape (n,)
    structure : Structure
        Without leading axes.

    Returns
    -------
    numpy.ndarray, shape (k,)
        NaN where the comparison has no variance, as at a census.
    """
    use = structure.weight > 0
    w, n = structure.weight[use], int(use.sum())
    population, fraction = w.sum(), n / float(structure.size.sum())
    d = y[use] - theta * x[use][:, None]
    spread = (w @ (d - (w @ d) / w.sum()) ** 2) / w.sum() * n / max(n - 1, 1)
    srs: Array = np.asarray((1 - fraction) * population**2 * spread / n / (w @ x[use]) ** 2)
    return np.divide(variance, srs, out=np.full_like(variance, np.nan), where=srs > 0)


def deff_persons(variance: Array, theta: Array, votes: float) -> Array:
    """Compare with a simple random sample of as many voters, V / (θ (1 - θ) / m).

    It says by how much the formula for opinion polls would understate the variance when it is
    put to the votes counted in the sample's stations (Kish 1965, section 5.4: clusters).

    Parameters
    ----------
    variance, theta : numpy.ndarray, shape (k,)
    votes : float
        Valid votes m counted in the stations that are in.

    Returns
    -------
    numpy.ndarray, shape (k,)
        NaN where θ is 0 or 1.
    """
    binomial = theta * (1 - theta) / votes
    return np.divide(variance, binomial, out=np.full_like(variance, np.nan), where=binomial > 0)

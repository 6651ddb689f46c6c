"""Balanced sampling (cube method): squares of residuals on the balancing variables."""

import numpy as np

from estimation.arrays import Array, group_sums, per_station
from estimation.errors import DesignError, EstimateError
from estimation.survey.structure import CERTAIN, Structure
from estimation.survey.variance.kernel import by_blocks, chance, products, second_phase

RANK = 1e-9  # relative to the largest; a singular value below it belongs to a variable that others give


@by_blocks
def balanced(expanded: Array, structure: Structure) -> Array:
    """Estimate the covariance of a sample that is balanced on the totals of p variables x.

    V = Σ_i c_i (e_i - x̌_i'b)(e_i - x̌_i'b)', x̌ = x/π, b the regression of e on x̌ with weights c,
    c_i = (1 - π_i) n / (n - p) (Deville and Tillé 2005). p is the rank of x̌; variables
    that others give do no harm. A certainty adds nothing and is not counted in n.

    Of n_h drawn stations m_h in, the residuals are those of the stations that are in, their part
    is m_h / n_h of the above, and the second phase is added, simple sampling of m_h from n_h, as
    what is in is not balanced any more.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
        Weighted influence.
    structure : Structure
        With `balance`, π (or a constant, with equal π) among it where the size of the sample was
        fixed, and `probability`; without the latter π is 1/w.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census, and for a variable that the sample is balanced on.

    Raises
    ------
    DesignError
        The structure has no `balance`.
    EstimateError
        No more stations are in than there are balancing variables.
    """
    if structure.balance is None:
        raise DesignError("the balancing variables are not known: give Structure(balance=…), or take deville")
    pi = np.broadcast_to(chance(structure), structure.weight.shape)
    use = structure.inside & (pi < CERTAIN)
    left = np.where(use, 1 - pi, 0.0)
    root = np.sqrt(left)[..., None]
    aux = np.where(use[..., None], structure.balance / pi[..., None], 0.0) * root
    length = np.sqrt((aux**2).sum(axis=-2, keepdims=True))
    u, singular, _ = np.linalg.svd(aux / np.where(length > 0, length, 1.0), full_matrices=False)
    kept = singular > RANK * np.maximum(singular[..., :1], 1e-300)
    basis = u * kept[..., None, :]
    spare = use.sum(axis=-1) - kept.sum(axis=-1)
    if np.any((spare <= 0) & use.any(axis=-1)):
        raise EstimateError(
            f"{int(use.sum(axis=-1).min())} stations in leave nothing over for {structure.balance.shape[-1]} "
            "balancing variables: wait, or take deville"
        )
    scaled = np.where(use[..., None], expanded, 0.0) * root
    rest = scaled - basis @ (basis.swapaxes(-1, -2) @ scaled)
    drawn = group_sums(np.asarray(pi < CERTAIN), structure.stratum, structure.strata)
    inside = group_sums(np.asarray(use), structure.stratum, structure.strata)
    part = per_station(np.minimum(inside / np.maximum(drawn, 1), 1), structure.stratum)
    scale = part * (use.sum(axis=-1) / np.maximum(spare, 1))[..., None]
    first = products(rest * np.sqrt(scale)[..., None])
    return np.asarray(first + second_phase(expanded, structure))

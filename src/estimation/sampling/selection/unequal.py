"""Fixed-size samples with unequal probabilities whose joint probabilities are known exactly."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError
from estimation.sampling.selection import frequency
from estimation.sampling.selection.checked import SURE, blank, chances, sure, unsure, with_certain

TOLERANCE = 1e-12  # of the inclusion probabilities that the weights of maximum entropy give
ITERATIONS = 100
DENSE = 600  # stations up to which Newton's full step is taken from the start


def inclusion_probabilities(size: ArrayLike, n: int) -> Array:
    """Make inclusion probabilities that are proportional to size and sum to n.

    Where n x_k / Σx passes 1 the station is certain; the rest of n is shared again among the others,
    until no other passes 1 (Tillé 2006, section 2.10).

    Parameters
    ----------
    size : array_like, shape (N,), ≥ 0
        Registered voters or another size; a station of size 0 is never drawn.
    n : int, 1 … number of positive sizes

    Returns
    -------
    numpy.ndarray, shape (N,), 0 … 1

    Raises
    ------
    DesignError
        A negative or missing size, no positive size, or fewer positive sizes than n.
    """
    values = np.asarray(size, dtype=np.float64)
    bad = np.flatnonzero(~((values >= 0) & np.isfinite(values)))
    if len(bad):
        raise DesignError(
            f"the size of row {int(bad[0])} is {values[bad[0]]:g}: sizes must be 0 or positive; "
            f"{len(bad)} of {len(values)} are not, fill them in or draw with equal probabilities"
        )
    positive = int(np.count_nonzero(values))
    if not positive:
        raise DesignError("all sizes are 0: give sizes such as registered, or draw with equal probabilities")
    if not 1 <= n <= positive:
        raise DesignError(
            f"n = {n}, but {positive} of {len(values)} rows have a positive size: n must lie in 1 … {positive}"
        )
    certain = np.zeros(len(values), dtype=bool)
    while True:
        left = n - np.count_nonzero(certain)
        open_total = values[~certain].sum()
        probability = np.where(certain, 1.0, left * values / open_total if open_total > 0 else 0.0)
        above = ~certain & (probability >= 1)
        if not above.any():
            return probability
        certain |= above


def sampford(probability: ArrayLike, rng: np.random.Generator, replicates: int | None = None) -> IntArray:
    """Draw a Rao–Sampford sample: fixed size, the inclusion probabilities exactly as given.

    Sampford (1967) draws one unit by π/n and n - 1 by π/(1 - π), with replacement, until all differ,
    which takes for ever when n is large. The same design, with an acceptance of about 1/√(2πΣπ(1-π)) at
    any n: one unit by π(1 - π), and a Poisson sample of the others until it has n - 1 (Grafström 2009 uses
    the like). Stations with π ≥ 1 - 1e-9 are always in, those with π = 0 never.

    Parameters
    ----------
    probability : array_like, shape (N,), 0 … 1
        Inclusion probabilities, whose sum n is a whole number (to 1e-6).
    rng : numpy.random.Generator
    replicates : int, optional
        Draw that many independent samples at once.

    Returns
    -------
    numpy.ndarray of intp, shape (n,) or (replicates, n)
        Rows drawn, ascending.

    Raises
    ------
    DesignError
        π outside 0 … 1, or a sum that is not whole.
    """
    from estimation.sampling.selection import kernels

    values, n = chances(probability)
    certain, rows = sure(values), unsure(values)
    out = blank(replicates, n - len(certain))
    if out.shape[1]:
        kernels.sampford_kernel(values[rows], rng, out)
    return with_certain(certain, rows[out] if out.size else out, replicates)


def sampford_joint(probability: ArrayLike) -> Array:
    """Work out the joint inclusion probabilities of `sampford`, exactly, for the whole frame.

    Parameters
    ----------
    probability : array_like, shape (N,), 0 … 1

    Returns
    -------
    numpy.ndarray, shape (N, N)
        The diagonal is π. See `frequency` for the method; needs 8 N² bytes.

    Raises
    ------
    DesignError
        As in `sampford`.
    """
    values, n = chances(probability)
    return _with_certain(values, n, frequency.sampford_pairs)


def max_entropy(probability: ArrayLike, rng: np.random.Generator, replicates: int | None = None) -> IntArray:
    """Draw a maximum-entropy (conditional Poisson) sample with the inclusion probabilities given.

    Working probabilities p are solved such that a Poisson sample with them, given that it has n units,
    includes each with probability π (`working_probabilities`); Poisson samples are drawn until one has n (Hájek
    1981; Chen, Dempster and Liu 1994, procedure 1), about √(2πΣp(1-p)) of them.

    Parameters
    ----------
    probability : array_like, shape (N,), 0 … 1
        Inclusion probabilities, whose sum n is a whole number (to 1e-6).
    rng : numpy.random.Generator
    replicates : int, optional
        Draw that many independent samples at once.

    Returns
    -------
    numpy.ndarray of intp, shape (n,) or (replicates, n)
        Rows drawn, ascending.

    Raises
    ------
    DesignError
        π outside 0 … 1, a sum that is not whole, or probabilities for which no weights are found.
    """
    from estimation.sampling.selection import kernels

    values, n = chances(probability)
    certain, rows = sure(values), unsure(values)
    out = blank(replicates, n - len(certain))
    if out.shape[1]:
        kernels.max_entropy_kernel(working_probabilities(values[rows]), rng, out)
    return with_certain(certain, rows[out] if out.size else out, replicates)


def max_entropy_joint(probability: ArrayLike) -> Array:
    """Work out the joint inclusion probabilities of `max_entropy`, exactly, for the whole frame.

    Ties and near-ties of π need no care here: nothing is divided by a difference of weights.

    Parameters
    ----------
    probability : array_like, shape (N,), 0 … 1

    Returns
    -------
    numpy.ndarray, shape (N, N)
        The diagonal is π. See `frequency` for the method; needs 8 N² bytes.

    Raises
    ------
    DesignError
        As in `max_entropy`.
    """
    values, n = chances(probability)
    return _with_certain(values, n, lambda inner, size: frequency.conditional_joint(working_probabilities(inner), size))


def working_probabilities(probability: Array) -> Array:
    """Solve for the Poisson probabilities p that give π after conditioning on the size.

    The log-likelihood Σ π_k t_k - log e_n(exp t) is concave in t = logit p, its gradient is π less the
    inclusion probabilities and its Hessian minus the covariance of the inclusion indicators (Chen, Dempster
    and Liu 1994, section 3). Newton's step; with more than 600 stations first with the diagonal alone,
    which converges as quickly there. Weights that are one unit in the last place apart do no harm.

    Parameters
    ----------
    probability : numpy.ndarray, shape (N,), inside 0 … 1

    Returns
    -------
    numpy.ndarray, shape (N,), inside 0 … 1
        Their sum is n; the largest error of the inclusion probabilities they give is 1e-12.

    Raises
    ------
    DesignError
        No convergence, as when some π are within 1e-12 of 0 or 1.
    """
    n = round(float(probability.sum()))
    logit = np.log(probability) - np.log1p(-probability)
    working, dense = probability, len(probability) <= DENSE
    error, best = np.inf, np.inf
    for turn in range(ITERATIONS):
        joint = frequency.conditional_joint(working, n) if dense else None
        found = frequency.conditional_single(working, n) if joint is None else np.diag(joint)
        gap = probability - found
        error = float(np.max(np.abs(gap)))
        if error <= TOLERANCE:
            return working
        dense = dense or (turn > 5 and error > best / 2 and len(probability) <= 10 * DENSE)
        best = min(best, error)
        step = gap / (found * (1 - found)) if joint is None else _newton_step(joint, gap)
        logit = logit + step * min(1.0, 2.0 / float(np.max(np.abs(step))))
        working = _centred(logit, n)
    raise DesignError(
        f"the weights of the maximum-entropy design are not found: after {ITERATIONS} steps a probability is still "
        f"{error:.1e} off; draw with sampford, or set probabilities very near 0 or 1 to 0 or 1"
    )


def _newton_step(joint: Array, gap: Array) -> Array:
    """Divide the gap by the covariance, whose rows sum to zero as the size is fixed."""
    single = np.diag(joint)
    covariance = joint - np.outer(single, single)
    step = np.linalg.solve(covariance + 1.0 / len(gap), gap - gap.mean())
    return np.asarray(step - step.mean())


def _centred(logit: Array, n: int) -> Array:
    """Shift log-odds until their probabilities sum to n, which leaves the design as it is."""
    shift = 0.0
    for _ in range(50):
        working = 1 / (1 + np.exp(-(logit + shift)))
        off = n - float(working.sum())
        if abs(off) < 1e-9 * n:
            break
        shift += max(-1.0, min(1.0, off / float(np.sum(working * (1 - working)))))
    return np.asarray(working)


def _with_certain(probability: Array, n: int, pairs: Callable[[Array, int], Array]) -> Array:
    """Lay the joint probabilities of the undecided rows into those with rows that are always or never in."""
    certain = probability >= SURE
    joint = np.maximum(np.outer(certain, probability), np.outer(probability, certain))
    rows = unsure(probability)
    if len(rows):
        joint[np.ix_(rows, rows)] = pairs(probability[rows], n - int(np.count_nonzero(certain)))
    np.fill_diagonal(joint, probability)
    return np.asarray(joint)

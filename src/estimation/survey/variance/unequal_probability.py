"""Unequal probabilities without replacement, from single or joint inclusion probabilities.

All but :func:`horvitz_thompson` and :func:`yates_grundy` need the single ones alone. Of n_h
drawn stations m_h in, those take π_i m_h / n_h for π_i: drawn and then in, at random inside the
stratum. They take 1/w_i where the structure has no π. A certainty (π = 1) is a stratum of its own
that is completely in: it adds nothing and is not counted in n_h.
"""

import numpy as np

from estimation.arrays import Array, group_sums, per_station
from estimation.errors import EstimateError
from estimation.survey.structure import Structure
from estimation.survey.variance.kernel import all_arrived, by_blocks, chance_in, need_some, need_two, squares, uncertain


@by_blocks
def with_replacement(expanded: Array, structure: Structure) -> Array:
    """Estimate the covariance as if stations had been drawn with replacement (Hansen and Hurwitz 1943).

    V = Σ_h n_h / (n_h - 1) Σ_i (e_i - ē_h)(e_i - ē_h)' (Särndal, Swensson and Wretman 1992, section 2.9).
    Conservative for most designs without replacement; at a census it is not zero.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
    structure : Structure

    Returns
    -------
    numpy.ndarray, shape (…, k, k)

    Raises
    ------
    EstimateError
        A stratum has one station in.
    """
    count = structure.count()
    need_some(count, structure)
    need_two(count, np.full(count.shape, np.inf))
    factor = per_station(count / np.maximum(count - 1, 1), structure.stratum)
    return squares(expanded, structure.stratum, structure.strata, structure.inside, factor)


@by_blocks
def brewer(expanded: Array, structure: Structure) -> Array:
    """Estimate the covariance from single probabilities, around the plain mean.

    V = Σ_h n_h / (n_h - 1) Σ_i (1 - π_i)(e_i - ē_h)(e_i - ē_h)' (Brewer 2002, chapter 9, as R survey
    has it; for high-entropy designs such as Sampford's or maximum entropy).

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
    structure : Structure
        `probability` where known; see the module.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census.

    Raises
    ------
    EstimateError
        A stratum has one station in that is no certainty.
    """
    pi = chance_in(structure)
    use, count = uncertain(structure, pi)
    factor = per_station(count / np.maximum(count - 1, 1), structure.stratum) * (1 - pi)
    return squares(expanded, structure.stratum, structure.strata, use, factor)


@by_blocks
def deville(expanded: Array, structure: Structure) -> Array:
    """Estimate the covariance from single probabilities, with Deville's factor.

    V = Σ_h 1 / (1 - Σ a_i²) Σ_i (1 - π_i)(e_i - A_h)(e_i - A_h)', a_i = (1 - π_i) / Σ_h (1 - π),
    A_h = Σ a e (Deville 1999; ``varest`` of R sampling).

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
    structure : Structure
        `probability` where known; see the module.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census.

    Raises
    ------
    EstimateError
        A stratum has one station in that is no certainty.
    """
    pi = chance_in(structure)
    use, _ = uncertain(structure, pi)
    centre = np.where(use, 1 - pi, 0.0)
    total = group_sums(centre, structure.stratum, structure.strata)
    concentration = group_sums(centre**2, structure.stratum, structure.strata) / np.where(total > 0, total, 1) ** 2
    factor = per_station(1 / np.where(total > 0, 1 - concentration, 1), structure.stratum) * centre
    return squares(expanded, structure.stratum, structure.strata, centre, factor)


@by_blocks
def overton(expanded: Array, structure: Structure) -> Array:
    """Estimate the Yates–Grundy covariance with Overton's joint probabilities.

    1 - π_i π_j / π_ij = 1 - (n - (π_i + π_j) / 2) / (n - 1) (Overton 1985; Stehman and Overton
    1994), in closed form: Σ_h Σ_i (n_h (1 - π_i) + Σ_h (1 - π)) / (2 (n_h - 1)) (e_i - ē_h)(e_i - ē_h)'.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
    structure : Structure
        `probability` where known; see the module.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census.

    Raises
    ------
    EstimateError
        A stratum has one station in that is no certainty.
    """
    pi = chance_in(structure)
    use, count = uncertain(structure, pi)
    left = np.where(use, 1 - pi, 0.0)
    half = 1 / (2 * np.maximum(count - 1, 1))
    total = group_sums(left, structure.stratum, structure.strata)
    factor = left * per_station(count * half, structure.stratum) + per_station(total * half, structure.stratum)
    return squares(expanded, structure.stratum, structure.strata, use, factor)


def hartley_rao(expanded: Array, structure: Structure, *, mean_square: Array | float | None = None) -> Array:
    """Estimate the Yates–Grundy covariance with Hartley and Rao's joint probabilities.

    V = Σ_h 1 / (n_h - 1) Σ_{i<j} (1 - π_i - π_j + b_h)(e_i - e_j)(e_i - e_j)' (Hartley and Rao 1962),
    in closed form: Σ_h Σ_i n_h (1 + b_h - π_i - π̄_h) / (n_h - 1) (e_i - ē_h)(e_i - ē_h)'.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
    structure : Structure
        `probability` where known; see the module.
    mean_square : float or numpy.ndarray, shape (H,), optional
        b_h = Σ_U π² / n_h, over all stations of the stratum's population, certainties apart.
        Without it b_h is the mean of π in the sample, and the result is :func:`brewer` exactly.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census.

    Raises
    ------
    EstimateError
        A stratum has one station in that is no certainty.
    """
    if mean_square is None:
        return brewer(expanded, structure)
    square = np.asarray(mean_square, dtype=np.float64)

    @by_blocks
    def with_square(values: Array, design: Structure) -> Array:
        pi = chance_in(design)
        use, count = uncertain(design, pi)
        mean = group_sums(np.where(use, pi, 0.0), design.stratum, design.strata) / np.maximum(count, 1)
        above = np.where(count > 0, 1 + square - mean, 1.0)
        scale = per_station(count / np.maximum(count - 1, 1), design.stratum)
        factor = np.where(use, scale * (per_station(above, design.stratum) - pi), 0.0)
        up = squares(values, design.stratum, design.strata, use, np.maximum(factor, 0))
        if np.all(factor >= 0):
            return up
        return up - squares(values, design.stratum, design.strata, use, np.maximum(-factor, 0))

    return with_square(expanded, structure)


@by_blocks
def horvitz_thompson(expanded: Array, structure: Structure) -> Array:
    """Estimate the covariance from joint probabilities, in the form of Horvitz and Thompson.

    V = Σ_i Σ_j (1 - π_i π_j / π_ij) e_i e_j', 1 - π_i for i = j (Horvitz and Thompson 1952; Särndal,
    Swensson and Wretman 1992, section 2.8). Unbiased, also where the size of the sample is random;
    it may be negative.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
    structure : Structure
        With `joint`.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census.

    Raises
    ------
    EstimateError
        There are no joint probabilities, one of them is zero, or not all drawn stations are in.
    """
    total = expanded.swapaxes(-1, -2) @ (_delta(structure, "horvitz-thompson") @ expanded)
    return np.asarray((total + total.swapaxes(-1, -2)) / 2)


@by_blocks
def yates_grundy(expanded: Array, structure: Structure) -> Array:
    """Estimate the covariance from joint probabilities, in the form of Sen, Yates and Grundy.

    V = -Σ_{i<j} (1 - π_i π_j / π_ij)(e_i - e_j)(e_i - e_j)' (Sen 1953; Yates and Grundy 1953; Särndal,
    Swensson and Wretman 1992, section 2.8). Unbiased where the size of the sample is fixed; never
    negative where π_ij ≤ π_i π_j for all pairs, as in Sampford's and maximum-entropy designs.

    Parameters
    ----------
    expanded : numpy.ndarray, shape (…, n, k)
    structure : Structure
        With `joint`.

    Returns
    -------
    numpy.ndarray, shape (…, k, k)
        Zero at a census.

    Raises
    ------
    EstimateError
        There are no joint probabilities, one of them is zero, or not all drawn stations are in; a
        stratum has one station that is no certainty.
    """
    delta = _delta(structure, "yates-grundy")
    diagonal = np.arange(delta.shape[-1])
    uncertain(structure, 1 - delta[..., diagonal, diagonal])  # of a stratum with one station it would say nothing: 0
    delta[..., diagonal, diagonal] = 0.0
    delta[..., diagonal, diagonal] = -delta.sum(axis=-1)
    centred = expanded - expanded.mean(axis=-2, keepdims=True)  # changes nothing but the rounding
    total = centred.swapaxes(-1, -2) @ (delta @ centred)
    return np.asarray((total + total.swapaxes(-1, -2)) / 2)


def _delta(structure: Structure, name: str) -> Array:
    """Give 1 - π_i π_j / π_ij, with 1 - π_i on the diagonal: shape (…, n, n)."""
    joint = structure.joint
    if joint is None:
        raise EstimateError(f"{name} needs joint probabilities: give Structure(joint=…), or take deville")
    if not all_arrived(structure):
        inside = int(structure.inside.reshape(-1, joint.shape[-1]).sum(axis=-1).min())
        raise EstimateError(
            f"{name} needs all {joint.shape[-1]} drawn stations, and {inside} are in: take deville, or wait"
        )
    diagonal = np.arange(joint.shape[-1])
    pi = joint[..., diagonal, diagonal]
    if np.any(joint == 0):
        first, second = (int(row) for row in np.argwhere(joint == 0)[0][-2:])
        raise EstimateError(
            f"stations {first} and {second} had no chance to be drawn together (joint probability 0), so {name} "
            "does not exist: take successive or local-neighbourhood"
        )
    delta = 1 - pi[..., :, None] * pi[..., None, :] / joint
    delta[..., diagonal, diagonal] = 1 - pi
    return np.asarray(delta)

"""Exact probabilities of fixed-size designs from the characteristic function of a Poisson sample.

Draw each station by itself with probability p_k, and let S be the number drawn. Conditional Poisson and
Sampford samples are such samples given S = n, so that all their probabilities are coefficients of
G(θ) = Π_k (1 - p_k + p_k e^{iθ}), and a coefficient is a mean over equally spaced θ (Fernández and Williams
2010). With f_k = p_k e^{iθ} / (1 - p_k + p_k e^{iθ}), a pair has G f_i f_j: the whole N × N table is one product
of matrices. No term is larger than what it adds to, whatever the ties, where recursions over
elementary symmetric functions cancel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimation.arrays import Array

NEGLIGIBLE = 42.0  # e^-42 is below the rounding of a double
Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Spectrum:
    """G and f at the frequencies θ that matter.

    Attributes
    ----------
    weight : numpy.ndarray of complex, shape (K,)
        G(θ) e^{-iθn}, times the share of the frequency in the mean.
    inside : numpy.ndarray of complex, shape (N, K)
        f_k(θ).
    """

    weight: Complex
    inside: Complex

    def pairs(self, left: Complex) -> Array:
        """Give Re Σ_θ left_i f_j for every pair: shape (N, N)."""
        return np.asarray(left.real @ self.inside.real.T - left.imag @ self.inside.imag.T)


def spectrum(probability: Array, n: int) -> Spectrum:
    """Evaluate G and f.

    The mean over M frequencies is exact when M > N; fewer suffice when S can't be M away from n (Bernstein's
    bound), and those with |G| ≤ exp(-2 V sin²(θ/2)) negligible are left out. Frequencies are shifted by half
    a step, which keeps clear of θ = π, where a station with p = 1/2 makes G zero and f infinite.

    Parameters
    ----------
    probability : numpy.ndarray, shape (N,), inside 0 … 1
    n : int
        Near the sum of the probabilities.
    """
    variance = float(np.sum(probability * (1 - probability)))
    reach = 30 + np.sqrt(900 + 90 * variance)
    count = int(min(len(probability) + 1, np.ceil(reach)))
    count += count % 2
    angle = (np.arange(count // 2) + 0.5) * (2 * np.pi / count)  # the other half are their conjugates
    angle = angle[2 * variance * np.sin(angle / 2) ** 2 <= NEGLIGIBLE]
    turn = np.exp(1j * angle)
    inside = np.multiply.outer(probability, turn)
    factor = inside + (1 - probability)[:, None]
    np.divide(inside, factor, out=inside)
    return Spectrum(np.prod(factor, axis=0) * np.exp(-1j * angle * n) * (2 / count), inside)


def conditional_single(probability: Array, n: int) -> Array:
    """Give each station's inclusion probability in a Poisson sample of size n: shape (N,)."""
    found = spectrum(probability, n)
    return np.asarray((found.inside @ found.weight).real / found.weight.real.sum())


def conditional_joint(probability: Array, n: int) -> Array:
    """Give the joint inclusion probabilities in a Poisson sample of size n: shape (N, N)."""
    found = spectrum(probability, n)
    joint = found.pairs(found.inside * found.weight) / found.weight.real.sum()
    np.fill_diagonal(joint, (found.inside @ found.weight).real / found.weight.real.sum())
    return np.asarray(np.maximum(joint, 0))


def sampford_pairs(probability: Array, n: int) -> Array:
    """Give the joint inclusion probabilities of a Sampford sample with π inside 0 … 1: shape (N, N).

    A sample has probability proportional to that of the Poisson sample times Σ_{k in s} (1 - π_k) (Sampford
    1967, equation 6). With H(θ) = Σ_k (1 - π_k) f_k and g_i = (1 - π_i)(1 - f_i), a pair has
    G f_i f_j (H + g_i + g_j).
    """
    found = spectrum(probability, n)
    rest = (1 - probability)[:, None]
    marks = (rest * found.inside).sum(axis=0)
    norm = float((found.weight * marks).sum().real)
    half = found.pairs(found.inside * (rest * (1 - found.inside) + marks / 2) * (found.weight / norm))
    joint = np.maximum(half + half.T, 0)
    np.fill_diagonal(joint, probability)
    return joint

"""A small frame with ties, a certain station and one that is never drawn, and judges of many draws."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import chi2, norm

from estimation.sampling.selection import inclusion_probabilities

REPLICATES = 20_000
SIZE = np.array([12.0, 7, 31, 18, 18, 25, 9, 300, 14, 40, 22, 0, 5, 11])  # row 7 is certain, row 11 never in
N = 6


@pytest.fixture(scope="session")
def small():
    rng = np.random.default_rng(99)
    return SimpleNamespace(
        probability=inclusion_probabilities(SIZE, N),
        n=N,
        replicates=REPLICATES,
        order=rng.permutation(len(SIZE)),
        spread=rng.random((len(SIZE), 2)),
        balance=np.column_stack([SIZE**1.5, rng.random(len(SIZE))]),
    )


def counts(rows, size):
    inside = np.zeros((len(rows), size))
    np.put_along_axis(inside, rows, 1.0, axis=1)
    assert np.all(inside.sum(axis=1) == rows.shape[1])  # nobody twice
    return inside


def single_p(rows, probability):
    """Smallest two-sided p-value of a station's count, times the number of stations (Bonferroni)."""
    mean = counts(rows, len(probability)).mean(axis=0)
    open_ = (probability > 0) & (probability < 1)
    assert np.array_equal(mean[~open_], probability[~open_])
    error = np.sqrt(probability[open_] * (1 - probability[open_]) / len(rows))
    return 2 * norm.sf(np.abs(mean - probability)[open_] / error).min() * open_.sum()


def joint_p(rows, joint):
    """Chi-square p-value of all stations with their exact covariance, and Bonferroni's over all pairs."""
    inside = counts(rows, len(joint))
    probability = np.diag(joint)
    covariance = joint - np.outer(probability, probability)
    gap = inside.mean(axis=0) - probability
    statistic = len(rows) * gap @ np.linalg.pinv(covariance, rcond=1e-9, hermitian=True) @ gap
    singles = chi2.sf(statistic, np.linalg.matrix_rank(covariance, tol=1e-9, hermitian=True))
    pairs = inside.T @ inside / len(rows)
    error = np.sqrt(joint * (1 - joint) / len(rows))
    upper = np.triu(np.ones(joint.shape, dtype=bool), 1)
    fixed = upper & (error < 1e-9)
    assert np.allclose(pairs[fixed], joint[fixed], atol=1e-12)
    tested = upper & ~fixed
    extreme = np.max(np.abs(pairs - joint)[tested] / error[tested], initial=0)
    return singles, 2 * norm.sf(extreme) * max(1, tested.sum())


@pytest.fixture(scope="session")
def judge():
    return SimpleNamespace(single=single_p, joint=joint_p, counts=counts)

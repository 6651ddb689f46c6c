"""Intervals for all candidates at once: against exact quantiles, and what they promise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import ndtri
from scipy.stats import binom, studentized_range

from estimation.errors import EstimateError
from estimation.survey.intervals import student, t_interval
from estimation.survey.simultaneous import simultaneous

RELATIVE = 1e-3  # three standard errors of the Sobol points


def critical(cov, df, level=0.95):
    bounds = simultaneous(np.zeros(len(cov)), np.asarray(cov, dtype=np.float64), np.asarray(df, np.float64), level)
    return float(bounds.high[0] / math.sqrt(cov[0][0]))


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("k", [2, 5, 10])
def test_independent_normals_have_sidaks_quantile(k, level):
    expected = ndtri((1 + level ** (1 / k)) / 2)
    assert critical(np.eye(k), np.inf, level) == pytest.approx(expected, rel=RELATIVE)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
@pytest.mark.parametrize("df", [2, 20, 300])
def test_three_equal_shares_have_tukeys_quantile(df, level):
    # correlations of -1/2 in a plane: the three differences of three means
    cov = np.full((3, 3), -0.5) + 1.5 * np.eye(3)
    expected = studentized_range.ppf(level, 3, df) / math.sqrt(2)
    assert critical(cov, df, level) == pytest.approx(expected, rel=1e-4)


def test_all_differences_of_five_means_have_tukeys_quantile():
    pairs = np.array([np.eye(5)[i] - np.eye(5)[j] for i in range(5) for j in range(i)])
    expected = studentized_range.ppf(0.95, 5, 30) / math.sqrt(2)
    assert critical(pairs @ pairs.T, 30) == pytest.approx(expected, rel=RELATIVE)


def test_two_shares_of_one_whole_are_one_quantity():
    cov = np.array([[4.0, -4.0], [-4.0, 4.0]]) * 1e-4
    both = simultaneous(np.array([0.6, 0.4]), cov, np.array(7.0), 0.95)
    alone = t_interval(np.array([0.6, 0.4]), np.diagonal(cov), np.array(7.0), 0.95)
    np.testing.assert_allclose([both.low, both.high], [alone.low, alone.high], rtol=1e-12)


def test_a_share_without_variance_is_the_point_and_counts_for_nothing():
    cov = np.zeros((3, 3))
    cov[:2, :2] = np.eye(2) * 1e-4
    bounds = simultaneous(np.array([0.5, 0.5, 0.0]), cov, np.array(np.inf), 0.95)
    assert (bounds.low[2], bounds.high[2]) == (0, 0)
    assert bounds.high[0] - 0.5 == pytest.approx(0.01 * ndtri((1 + math.sqrt(0.95)) / 2), rel=RELATIVE)


def test_no_degrees_of_freedom_give_no_interval():
    cov = np.diag([1e-4, 1e-4, 0.0])
    bounds = simultaneous(np.array([0.5, 0.5, 0.0]), cov, np.array(0.0), 0.95)
    assert np.isnan(bounds.low[:2]).all()
    assert bounds.high[2] == 0


def test_the_least_degrees_of_freedom_count():
    many = simultaneous(np.zeros(2), np.eye(2), np.array([3.0, 50.0]), 0.95)
    few = simultaneous(np.zeros(2), np.eye(2), np.array(3.0), 0.95)
    assert many.high.tolist() == few.high.tolist()


def test_replicates_are_leading_axes_and_two_calls_agree():
    cov = np.stack([np.eye(3), np.full((3, 3), -0.5) + 1.5 * np.eye(3)])
    stack = simultaneous(np.zeros((2, 3)), cov, np.array([5.0, 9.0]), 0.95)
    for b, df in enumerate((5.0, 9.0)):
        assert stack.high[b].tolist() == simultaneous(np.zeros(3), cov[b], np.array(df), 0.95).high.tolist()


def test_more_than_ten_quantities_are_an_error():
    with pytest.raises(EstimateError, match="takes at most 10 quantities, and there are 11: select some"):
        simultaneous(np.zeros(11), np.eye(11), np.array(5.0), 0.95)


@settings(max_examples=10)
@given(
    hnp.arrays(np.float64, (5, 3), elements=st.floats(-1, 1)),
    st.floats(1, 1e6),
    st.tuples(st.floats(0.5, 0.9999), st.floats(0.5, 0.9999)).map(sorted),
)
def test_between_student_and_bonferroni_and_wider_at_a_wider_level(rows, df, levels):
    cov, own = rows @ rows.T, np.array(df)
    inner, outer = (simultaneous(np.zeros(5), cov, own, level).high for level in levels)
    assert np.all(inner <= outer + 1e-12)
    se = np.sqrt(np.diagonal(cov))
    assert np.all(inner >= se * student(own, levels[0]) - 1e-12)
    assert np.all(inner <= se * student(own, 1 - (1 - levels[0]) / 5) + 1e-12)


def test_all_shares_are_covered_together():
    """Multivariate t of four correlated quantities, 20,000 draws: all within in 95 %, 99 % binomial interval."""
    rng, count, df = np.random.default_rng(3), 20_000, 8
    root = np.array([[1.0, 0.0, 0.0], [-0.6, 0.8, 0.0], [-0.3, -0.5, 0.4], [-0.1, -0.3, -0.4]])
    t = rng.normal(size=(count, 3)) @ root.T / np.sqrt(rng.chisquare(df, count) / df)[:, None]
    c = critical(root @ root.T, df)
    inside = float((np.abs(t) / np.linalg.norm(root, axis=1) <= c).all(axis=1).mean())
    low, high = binom.ppf([0.005, 0.995], count, 0.95) / count
    assert low <= inside <= high

"""Student's interval."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimation.errors import EstimateError
from estimation.survey import t_interval


def quantile(p, df):
    """Student's quantile in closed form, for one and two degrees of freedom."""
    return math.tan(math.pi * (p - 0.5)) if df == 1 else (2 * p - 1) / math.sqrt(2 * p * (1 - p))


@pytest.mark.parametrize("level", [0.90, 0.95, 0.998])
@pytest.mark.parametrize("df", [1, 2])
def test_by_hand(df, level):
    bounds = t_interval(np.array([0.5]), np.array([0.04]), np.array(float(df)), level)
    half = 0.2 * quantile((1 + level) / 2, df)
    assert bounds.low == pytest.approx([0.5 - half], rel=1e-10)
    assert bounds.high == pytest.approx([0.5 + half], rel=1e-10)


def test_many_degrees_of_freedom_give_the_normal_interval():
    bounds = t_interval(np.array([0.0]), np.array([1.0]), np.array(1e9), 0.95)
    assert bounds.high == pytest.approx([1.959963985], rel=1e-8)


def test_no_variance_gives_the_estimate_itself():
    bounds = t_interval(np.array([0.3]), np.array([0.0]), np.array(0.0), 0.95)
    assert (bounds.low[0], bounds.high[0]) == (0.3, 0.3)


def test_no_degrees_of_freedom_give_no_interval():
    bounds = t_interval(np.array([0.3, 0.7]), np.array([0.01, 0.0]), np.array(0.0), 0.95)
    assert np.isnan([bounds.low[0], bounds.high[0]]).all()
    assert (bounds.low[1], bounds.high[1]) == (0.7, 0.7)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_a_level_that_is_no_probability_is_an_error(level):
    with pytest.raises(EstimateError, match=rf"a level of {level} is no probability between 0 and 1: write 0.95"):
        t_interval(np.zeros(1), np.ones(1), np.array(3.0), level)


@given(
    st.floats(-1, 1),
    st.floats(0, 10),
    st.integers(1, 500),
    st.tuples(st.floats(0.01, 0.999), st.floats(0.01, 0.999)).map(sorted),
)
def test_a_wider_level_is_never_narrower_and_both_contain_the_estimate(theta, variance, df, levels):
    inner, outer = (t_interval(np.array([theta]), np.array([variance]), np.array(float(df)), level) for level in levels)
    assert outer.low[0] <= inner.low[0] <= theta <= inner.high[0] <= outer.high[0]


def test_replicates_have_their_own_degrees_of_freedom():
    theta, variance, df = np.zeros((3, 2)), np.ones((3, 2)), np.array([1.0, 2.0, 0.0])
    stack = t_interval(theta, variance, df, 0.95)
    assert stack.high[0] == pytest.approx([quantile(0.975, 1)] * 2)
    assert stack.high[1] == pytest.approx([quantile(0.975, 2)] * 2)
    assert np.isnan(stack.high[2]).all()


def test_quantities_may_have_their_own_degrees_of_freedom():
    bounds = t_interval(np.zeros(2), np.ones(2), np.array([1.0, 2.0]), 0.95)
    assert bounds.high == pytest.approx([quantile(0.975, 1), quantile(0.975, 2)])

"""Ratios of totals and their influence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from estimation.errors import EstimateError
from estimation.survey import ratio


@st.composite
def counted(draw):
    """Votes of k candidates in n stations, one vote at least in each, and weights."""
    n, k = draw(st.integers(1, 8)), draw(st.integers(2, 4))
    votes = draw(hnp.arrays(np.int64, (n, k), elements=st.integers(0, 300))).astype(np.float64)
    votes[:, 0] += 1
    weight = draw(hnp.arrays(np.int64, n, elements=st.integers(1, 40))).astype(np.float64)
    return votes, weight


def test_by_hand():
    # Σwy = 2·3 + 3·1 = 9, Σwx = 2·4 + 3·2 = 14, θ = 9/14
    # u_1 = (3 - 4·9/14) / 14 = 6/196, u_2 = (1 - 2·9/14) / 14 = -4/196
    linear = ratio(np.array([[3.0], [1.0]]), np.array([4.0, 2.0]), np.array([2.0, 3.0]))
    assert linear.theta == pytest.approx([9 / 14])
    assert linear.influence[:, 0] == pytest.approx([6 / 196, -4 / 196])
    assert linear.expanded[:, 0] == pytest.approx([12 / 196, -12 / 196])


def test_one_denominator_for_each_column():
    # votes over valid: (10 + 20) / (20 + 30) = 0.6; ballots over roll, known in the first station only: 24 / 30 = 0.8
    y = np.array([[10.0, 24.0], [20.0, 0.0]])
    x = np.array([[20.0, 30.0], [30.0, 0.0]])
    linear = ratio(y, x, np.ones(2))
    assert linear.theta == pytest.approx([0.6, 0.8])
    assert linear.influence[1, 1] == 0


def test_a_station_that_is_not_in_does_not_count():
    votes, valid = np.array([[10.0], [99.0]]), np.array([20.0, 99.0])
    assert ratio(votes, valid, np.array([5.0, 0.0])).theta == pytest.approx([0.5])
    assert ratio(votes, valid, np.array([5.0, 0.0])).expanded[1, 0] == 0


@pytest.mark.parametrize(
    ("valid", "weight"), [([20.0, 30.0], [0.0, 0.0]), ([0.0, 0.0], [1.0, 1.0])], ids=["nothing in", "no valid vote"]
)
def test_no_denominator_is_an_error(valid, weight):
    with pytest.raises(EstimateError, match=r"a ratio's denominator is zero: no station with such votes is in: wait"):
        ratio(np.array([[1.0], [2.0]]), np.array(valid), np.array(weight))


def test_one_replicate_without_denominator_is_an_error():
    weight = np.array([[1.0, 1.0], [0.0, 0.0]])
    with pytest.raises(EstimateError, match="denominator is zero"):
        ratio(np.array([[1.0], [2.0]]), np.array([3.0, 4.0]), weight)


@given(counted())
def test_shares_sum_to_one_and_influence_to_zero(drawn):
    votes, weight = drawn
    linear = ratio(votes, votes.sum(axis=1), weight)
    assert linear.theta.sum() == pytest.approx(1, abs=1e-12)
    assert linear.influence.sum(axis=1) == pytest.approx(0, abs=1e-12)  # over candidates, in every station
    assert linear.expanded.sum(axis=0) == pytest.approx(0, abs=1e-12)  # over stations, for every candidate


@given(counted(), st.floats(1e-3, 1e3))
def test_the_scale_of_weights_changes_neither_shares_nor_expanded_influence(drawn, scale):
    votes, weight = drawn
    one = ratio(votes, votes.sum(axis=1), weight)
    other = ratio(votes, votes.sum(axis=1), scale * weight)
    np.testing.assert_allclose(other.theta, one.theta, rtol=1e-12)
    np.testing.assert_allclose(other.expanded, one.expanded, rtol=1e-9, atol=1e-15)


@given(counted(), st.randoms(use_true_random=False))
def test_the_order_of_stations_changes_nothing(drawn, random):
    votes, weight = drawn
    order = list(range(len(votes)))
    random.shuffle(order)
    one = ratio(votes, votes.sum(axis=1), weight)
    other = ratio(votes[order], votes[order].sum(axis=1), weight[order])
    np.testing.assert_allclose(other.theta, one.theta, rtol=1e-12)
    np.testing.assert_allclose(other.influence, one.influence[order], rtol=1e-9, atol=1e-15)


def test_a_stack_of_replicates_equals_the_loop():
    rng = np.random.default_rng(1)
    votes = rng.integers(0, 300, (3, 4, 6, 2)).astype(np.float64)
    weight = rng.integers(1, 9, (3, 4, 6)).astype(np.float64)
    stack = ratio(votes, votes.sum(axis=-1), weight)
    assert stack.theta.shape == (3, 4, 2)
    for i, j in np.ndindex(3, 4):
        one = ratio(votes[i, j], votes[i, j].sum(axis=-1), weight[i, j])
        np.testing.assert_allclose(stack.theta[i, j], one.theta, rtol=1e-13)
        np.testing.assert_allclose(stack.influence[i, j], one.influence, rtol=1e-11, atol=1e-16)


def test_weights_may_differ_by_replicate_where_the_counts_do_not():
    votes = np.array([[30.0, 70.0], [60.0, 40.0]])
    weight = np.array([[1.0, 1.0], [3.0, 1.0], [0.0, 1.0]])
    # first candidate: (30 + 60) / 200, (90 + 60) / 400, 60 / 100
    assert ratio(votes, votes.sum(axis=1), weight).theta[:, 0] == pytest.approx([0.45, 0.375, 0.6])

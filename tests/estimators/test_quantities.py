"""Shares, turnout and invalid share from counts, with what is blank left out."""

import math
from dataclasses import replace

import numpy as np
import pytest

from estimation.errors import EstimateError
from estimation.estimators import combined_ratio, design_weighting, domain
from estimation.returns import Counts
from estimation.survey import Structure

NAN = math.nan
VOTES = np.array([[10.0, 10.0], [20.0, 30.0], [30.0, 10.0], [5.0, 5.0]])


def counts(**changes):
    """Four stations: the roll of the second is unknown, the invalid votes of the third are blank."""
    everywhere = np.ones(4, dtype=np.bool_)
    made = Counts(
        VOTES,
        np.array([1.0, 2.0, NAN, 0.0]),
        np.array([21.0, 52.0, 40.0, 10.0]),
        np.array([30.0, NAN, 60.0, 20.0]),
        everywhere,
        ~everywhere,
    )
    return replace(made, **changes)


def design(weight=(2.0, 2.0, 2.0, 2.0), stratum=(0, 0, 0, 0), size=(8.0,)):
    return Structure(np.array(weight), np.array(stratum), np.array(size))


def variance_of(y, x, theta):
    """(1 - 4/8) · 4/3 · Σ e², e = 2 (y - θ x) / Σ 2 x: the mean of e is zero where all are in one stratum."""
    y, x = np.array(y, dtype=np.float64), np.array(x, dtype=np.float64)
    return 0.5 * 4 / 3 * np.sum(((y - theta * x) / x.sum()) ** 2)


def test_by_hand_with_blanks_as_domains():
    estimate = combined_ratio(counts(), design(), [1, 2])
    assert estimate.names == ("share:1", "share:2", "turnout", "invalid")
    assert estimate.theta == pytest.approx([65 / 120, 55 / 120, 71 / 110, 3 / 83])
    assert float(estimate.df) == 3
    assert estimate.support.tolist() == [[0.0, 1.0]] * 4
    expected = [
        variance_of([10, 20, 30, 5], [20, 50, 40, 10], 65 / 120),
        variance_of([10, 30, 10, 5], [20, 50, 40, 10], 55 / 120),
        variance_of([21, 0, 40, 10], [30, 0, 60, 20], 71 / 110),
        variance_of([1, 2, 0, 0], [21, 52, 0, 10], 3 / 83),
    ]
    np.testing.assert_allclose(estimate.variance, expected, rtol=1e-12)


def test_unequal_weights_by_hand():
    estimate = combined_ratio(counts(), design((1.0, 2.0, 3.0, 4.0), size=(10.0,)), [1, 2])
    # (10 + 40 + 90 + 20) / (20 + 100 + 120 + 40); (21 + 120 + 40) / (30 + 180 + 80)
    assert estimate.theta[0] == pytest.approx(160 / 280)
    assert estimate.theta[2] == pytest.approx(181 / 290)


def test_names_follow_the_ballot():
    assert combined_ratio(counts(), design(), [2, 7]).names[:2] == ("share:2", "share:7")


def test_what_is_not_in_is_not_looked_at():
    votes = VOTES.copy()
    votes[3] = 999
    estimate = combined_ratio(counts(votes=votes), design((2.0, 2.0, 2.0, 0.0)), [1, 2])
    assert estimate.theta == pytest.approx([60 / 110, 50 / 110, 61 / 90, 3 / 73])


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"registered": np.array([NAN, NAN, 60.0, NAN])}, ("share:1", "share:2", "invalid")),
        ({"registered": np.full(4, NAN)}, ("share:1", "share:2", "invalid")),
        ({"invalid": np.array([NAN, 2.0, NAN, NAN])}, ("share:1", "share:2", "turnout")),
        ({"ballots": np.full(4, NAN), "invalid": np.full(4, NAN)}, ("share:1", "share:2")),
    ],
)
def test_what_fewer_than_two_stations_know_is_not_estimated(changes, names):
    assert combined_ratio(counts(**changes), design(), [1, 2]).names == names


def test_a_candidate_without_votes_has_share_zero_and_no_variance():
    votes = VOTES.copy()
    votes[:, 1] = 0
    estimate = combined_ratio(counts(votes=votes), design(), [1, 2])
    assert estimate.theta[:2].tolist() == [1, 0]
    assert estimate.se[:2].tolist() == [0, 0]


def test_a_census_gives_the_true_ratios():
    estimate = combined_ratio(counts(), design((1.0,) * 4, size=(4.0,)), [1, 2])
    assert estimate.theta == pytest.approx([65 / 120, 55 / 120, 71 / 110, 3 / 83], rel=1e-15)
    assert estimate.se.tolist() == [0, 0, 0, 0]


def test_nothing_in_is_an_error():
    with pytest.raises(EstimateError, match="denominator is zero: no station with such votes is in"):
        combined_ratio(counts(), design((0.0,) * 4), [1, 2])


def test_a_stack_of_replicates_equals_the_loop():
    weight = np.array([[2.0, 2.0, 2.0, 2.0], [2.0, 2.0, 0.0, 4.0], [1.0, 3.0, 5.0, 0.0]])
    one = counts()
    lead = {name: np.stack([getattr(one, name)] * 3) for name in ("votes", "invalid", "ballots", "registered")}
    stack = combined_ratio(counts(**lead), design(weight), [1, 2])
    for b in range(3):
        single = combined_ratio(one, design(weight[b]), [1, 2])
        assert single.names == stack.names
        np.testing.assert_allclose(stack.theta[b], single.theta, rtol=1e-14)
        np.testing.assert_allclose(stack.cov[b], single.cov, rtol=1e-12, atol=1e-18)
        assert stack.df[b] == single.df


def test_domain_by_hand():
    # the first two stations: θ = 30/70, Σ w x = 140, e = 2 (y - θ x) / 140, zero outside; n stays 4
    inside = np.array([True, True, False, False])
    area = domain(counts(), design_weighting(design()), [1, 2], inside)
    assert area.names == ("share:1", "share:2")
    assert area.theta == pytest.approx([30 / 70, 40 / 70])
    assert area.variance[0] == pytest.approx(0.5 * 4 / 3 * 2 * ((10 - 20 * 3 / 7) / 70) ** 2)
    assert float(area.df) == 1


def test_domain_degrees_of_freedom_are_those_inside():
    structure = design(stratum=(0, 0, 1, 1), size=(4.0, 4.0))
    assert float(domain(counts(), design_weighting(structure), [1, 2], np.array([True, True, True, False])).df) == 1
    assert float(domain(counts(), design_weighting(structure), [1, 2], np.array([True, False, True, False])).df) == 0


def test_the_whole_as_a_domain_is_the_whole():
    whole = combined_ratio(counts(), design(), [1, 2])
    area = domain(counts(), design_weighting(design()), [1, 2], np.ones(4, dtype=np.bool_))
    np.testing.assert_allclose(area.theta, whole.theta[:2], rtol=1e-15)
    np.testing.assert_allclose(area.cov, whole.cov[:2, :2], rtol=1e-12)
    assert area.df == whole.df


@pytest.mark.parametrize(("weight", "number"), [((2.0, 0.0, 2.0, 2.0), 1), ((0.0, 0.0, 2.0, 2.0), 0)])
def test_a_domain_with_fewer_than_two_is_an_error(weight, number):
    with pytest.raises(EstimateError, match=f"the area has {number} stations in, and an estimate needs 2: wait"):
        domain(counts(), design_weighting(design(weight)), [1, 2], np.array([True, True, False, False]))

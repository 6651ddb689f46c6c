"""Joint estimates: contrasts, selections, intervals, tables."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from estimation.errors import EstimateError
from estimation.rules import Notice
from estimation.survey import Estimate, Structure, ratio
from estimation.survey.variance import stratified

T2 = 0.95 / math.sqrt(2 * 0.975 * 0.025)  # Student's 97.5 % quantile with two degrees of freedom


def made(theta=(0.5, 0.3, 0.2), df=2.0):
    cov = np.array([[4.0, -1.0, -3.0], [-1.0, 9.0, -8.0], [-3.0, -8.0, 11.0]]) / 1e4
    names = ("share:1", "share:2", "share:3")
    return Estimate(names, np.array(theta), cov, np.array(df), ((0.0, 1.0),) * 3, (Notice("W303"),))


@st.composite
def estimates(draw):
    """Shares of three candidates from six stations in two strata."""
    votes = draw(hnp.arrays(np.int64, (6, 3), elements=st.integers(0, 200))).astype(np.float64)
    votes[:, 0] += 1
    structure = Structure(np.array([2.0] * 3 + [4.0] * 3), np.repeat([0, 1], 3), np.array([6.0, 12.0]))
    linear = ratio(votes, votes.sum(axis=1), structure.weight)
    names = ("share:1", "share:2", "share:3")
    return Estimate(names, linear.theta, stratified(linear.expanded, structure), structure.df(), ((0.0, 1.0),) * 3)


def test_standard_errors_are_roots_of_the_diagonal():
    assert made().variance == pytest.approx([4e-4, 9e-4, 11e-4])
    assert made().se == pytest.approx([0.02, 0.03, math.sqrt(11e-4)])


def test_lead_by_hand():
    # 4 + 9 - 2·(-1) = 15
    lead = made().contrast({"share:1": 1, "share:2": -1}, "lead")
    assert lead.names == ("lead",)
    assert lead.theta == pytest.approx([0.2])
    assert lead.variance == pytest.approx([15e-4])
    assert lead.support == ((-1.0, 1.0),)
    assert lead.notes == made().notes


def test_distance_from_one_half_by_hand():
    distance = made().contrast({"share:1": 1}, "distance", constant=-0.5)
    assert distance.theta == pytest.approx([0.0], abs=1e-15)
    assert distance.variance == pytest.approx([4e-4])
    assert distance.support == ((-0.5, 0.5),)


def test_select_keeps_order_and_covariance():
    part = made().select(["share:3", "share:1"])
    assert part.names == ("share:3", "share:1")
    assert part.theta.tolist() == [0.2, 0.5]
    assert part.cov.tolist() == [[11e-4, -3e-4], [-3e-4, 4e-4]]


def test_an_unknown_quantity_is_an_error():
    with pytest.raises(EstimateError, match="'turnout' was not estimated: there are share:1, share:2, share:3"):
        made().index("turnout")
    with pytest.raises(EstimateError, match="'share:9' was not estimated"):
        made().contrast({"share:9": 1}, "x")
    with pytest.raises(EstimateError, match="'lead' was not estimated"):
        made().select(["lead"])


def test_interval_by_hand_and_table():
    table = made().table(0.95)
    assert list(table.columns) == ["estimate", "se", "low", "high", "df"]
    assert list(table.index) == ["share:1", "share:2", "share:3"]
    assert table.loc["share:1", "low"] == pytest.approx(0.5 - 0.02 * T2)
    assert table.loc["share:1", "high"] == pytest.approx(0.5 + 0.02 * T2)
    assert table["df"].tolist() == [2, 2, 2]


def test_interval_ends_at_the_support():
    bounds = made(theta=(0.98, 0.01, 0.01)).interval(0.95)
    assert bounds.low[0] == pytest.approx(0.98 - 0.02 * T2)
    assert (bounds.high[0], bounds.low[1], bounds.low[2]) == (1, 0, 0)


def test_no_degrees_of_freedom_give_no_interval():
    bounds = made(df=0.0).interval(0.95)
    assert np.isnan(bounds.low).all()
    assert np.isnan(bounds.high).all()


def test_replicates_are_leading_axes():
    one, other = made(), made(theta=(0.6, 0.3, 0.1))
    both = Estimate(
        one.names, np.stack([one.theta, other.theta]), np.stack([one.cov] * 2), np.array([2.0, 2.0]), one.support
    )
    lead = both.contrast({"share:1": 1, "share:2": -1}, "lead")
    assert lead.theta[:, 0] == pytest.approx([0.2, 0.3])
    assert lead.cov.shape == (2, 1, 1)
    assert both.select(["share:3"]).theta[:, 0].tolist() == [0.2, 0.1]
    for b, single in enumerate((one, other)):
        np.testing.assert_allclose(both.interval(0.9).low[b], single.interval(0.9).low)
        np.testing.assert_allclose(both.interval(0.9).high[b], single.interval(0.9).high)


@given(estimates(), st.tuples(st.floats(0.5, 0.999), st.floats(0.5, 0.999)).map(sorted))
def test_intervals_lie_in_the_support_contain_the_estimate_and_nest(estimate, levels):
    lead = estimate.contrast({"share:1": 1, "share:2": -1}, "lead")
    for part in (estimate, lead):
        low, high = np.array(part.support).T
        inner, outer = part.interval(levels[0]), part.interval(levels[1])
        for bounds in (inner, outer):
            assert np.all((low - 1e-12 <= bounds.low) & (bounds.low <= part.theta))
            assert np.all((part.theta <= bounds.high) & (bounds.high <= high + 1e-12))
        assert np.all(outer.low <= inner.low)
        assert np.all(inner.high <= outer.high)


@given(estimates())
def test_a_contrast_is_what_its_margins_give(estimate):
    lead = estimate.contrast({"share:1": 1, "share:2": -1}, "lead")
    cov = estimate.cov
    assert lead.theta[0] == pytest.approx(estimate.theta[0] - estimate.theta[1], abs=1e-15)
    assert lead.variance[0] == pytest.approx(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1], rel=1e-9, abs=1e-18)


def test_a_contrast_that_is_certain_has_a_standard_error():
    # rows sum to zero, as those of shares do: the variance of the sum is zero, by rounding -7e-21
    cov = np.array([[0.3, -0.1, -0.2], [-0.1, 0.3, -0.2], [-0.2, -0.2, 0.4]]) / 1e4
    shares = Estimate(("a", "b", "c"), np.array([0.5, 0.3, 0.2]), cov, np.array(4.0), ((0.0, 1.0),) * 3)
    total = shares.contrast({"a": 1, "b": 1, "c": 1}, "total")
    assert total.se[0] == pytest.approx(0, abs=1e-9)
    assert total.interval(0.95).low[0] == pytest.approx(total.theta[0], abs=1e-9)

"""Joint estimates: contrasts, selections, intervals, tables."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from estimation.errors import EstimateError
from estimation.rules import Notice
from estimation.survey import Estimate, Structure, ratio
from estimation.survey.estimate import KINDS
from estimation.survey.intervals import INTERVALS
from estimation.survey.simultaneous import simultaneous
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
    cov = stratified(linear.expanded, structure)
    return Estimate(names, linear.theta, cov, structure.df(), np.tile([0.0, 1.0], (3, 1)), stations=6.0)


def test_standard_errors_are_roots_of_the_diagonal():
    assert made().variance == pytest.approx([4e-4, 9e-4, 11e-4])
    assert made().se == pytest.approx([0.02, 0.03, math.sqrt(11e-4)])


def test_lead_by_hand():
    # 4 + 9 - 2·(-1) = 15
    lead = made().contrast({"share:1": 1, "share:2": -1}, "lead")
    assert lead.names == ("lead",)
    assert lead.theta == pytest.approx([0.2])
    assert lead.variance == pytest.approx([15e-4])
    assert lead.support.tolist() == [[-1.0, 1.0]]
    assert lead.notes == made().notes


def test_distance_from_one_half_by_hand():
    distance = made().contrast({"share:1": 1}, "distance", constant=-0.5)
    assert distance.theta == pytest.approx([0.0], abs=1e-15)
    assert distance.variance == pytest.approx([4e-4])
    assert distance.support.tolist() == [[-0.5, 0.5]]


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
    table = made().table(0.95, "t")
    assert list(table.columns) == ["estimate", "se", "low", "high", "df"]
    assert list(table.index) == ["share:1", "share:2", "share:3"]
    assert table.loc["share:1", "low"] == pytest.approx(0.5 - 0.02 * T2)
    assert table.loc["share:1", "high"] == pytest.approx(0.5 + 0.02 * T2)
    assert table["df"].tolist() == [2, 2, 2]


def test_interval_ends_at_the_support():
    bounds = made(theta=(0.98, 0.01, 0.01)).interval(0.95, "t")
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


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "percentile"])
@given(estimates(), st.tuples(st.floats(0.5, 0.999), st.floats(0.5, 0.999)).map(sorted))
@settings(max_examples=20)
def test_intervals_lie_in_the_support_contain_the_estimate_and_nest(kind, estimate, levels):
    lead = estimate.contrast({"share:1": 1, "share:2": -1}, "lead")
    for part in (estimate, lead):
        low, high = part.support.T
        inner, outer = part.interval(levels[0], kind), part.interval(levels[1], kind)
        for bounds in (inner, outer):
            assert np.all((low - 1e-12 <= bounds.low) & (bounds.low <= part.theta))
            assert np.all((part.theta <= bounds.high) & (bounds.high <= high + 1e-12))
        assert np.all(outer.low <= inner.low + 1e-12)
        assert np.all(inner.high <= outer.high + 1e-12)


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


def test_support_may_be_given_as_pairs():
    assert made().support.tolist() == [[0, 1]] * 3
    assert made().proportion == (True, True, True)


def test_a_share_alone_stays_a_proportion_and_a_lead_is_none():
    assert made().contrast({"share:2": 1}, "second").proportion == (True,)
    assert made().contrast({"share:2": 1}, "distance", constant=-0.5).proportion == (False,)
    # what is out can't overturn this lead, whose support lies inside [0, 1]: it is no proportion for that
    narrow = replace(made(), support=np.array([[0.45, 0.55], [0.25, 0.35], [0.1, 0.2]]))
    lead = narrow.contrast({"share:1": 1, "share:2": -1}, "lead")
    assert lead.support == pytest.approx(np.array([[0.1, 0.3]]))
    assert lead.proportion == (False,)
    assert lead.select(["lead"]).proportion == (False,)


@pytest.mark.parametrize("kind", INTERVALS)
def test_what_is_no_proportion_has_students_interval(kind):
    lead = made().contrast({"share:1": 1, "share:2": -1}, "lead")
    bounds = lead.interval(0.9, kind)
    half = 0.9 / math.sqrt(2 * 0.95 * 0.05) * math.sqrt(15e-4)
    assert (bounds.low[0], bounds.high[0]) == pytest.approx((0.2 - half, 0.2 + half))


@pytest.mark.parametrize("kind", INTERVALS)
def test_a_proportion_has_the_interval_of_the_kind(kind):
    estimate = replace(made(df=9.0), stations=30.0)
    expected = INTERVALS[kind](estimate.theta, estimate.variance, estimate.df, 0.95, 30.0)
    bounds = estimate.interval(0.95, kind)
    np.testing.assert_allclose([bounds.low, bounds.high], [expected.low, expected.high], rtol=1e-12)
    own = replace(estimate, kind=kind).interval(0.95)
    np.testing.assert_array_equal(own.low, bounds.low)
    assert replace(estimate, kind=kind).select(["share:1"]).kind == kind


def test_nothing_reaches_below_what_has_been_counted():
    support = np.array([[0.49, 0.55], [0.2, 0.31], [0.15, 0.25]])
    for kind in [*INTERVALS, "simultaneous"]:
        bounds = replace(made(), support=support).interval(0.95, kind)
        np.testing.assert_array_equal([bounds.low[0], bounds.high[0]], [0.49, 0.55])
        np.testing.assert_array_equal(bounds.high, support[:, 1])


def test_support_may_differ_by_replicate():
    support = np.array([[[0.4, 1.0]] * 3, [[0.0, 0.55]] * 3])
    theta, cov = np.full((2, 3), 0.5), np.stack([np.eye(3)] * 2)
    both = Estimate(made().names, theta, cov, np.array([2.0, 2.0]), support)
    bounds = both.interval(0.95)
    assert bounds.low[:, 0] == pytest.approx([0.4, 0], abs=0.02)
    assert bounds.high[:, 0] == pytest.approx([1, 0.55], abs=0.02)
    assert both.contrast({"share:1": 1, "share:2": -1}, "lead").support[:, 0].tolist() == [[-0.6, 0.6], [-0.55, 0.55]]


def test_a_census_without_a_vote_is_the_point_and_a_sample_is_not():
    theta, cov = np.array([1.0, 0.0]), np.zeros((2, 2))
    sample = Estimate(("share:1", "share:2"), theta, cov, np.array(39.0), ((0.0, 1.0),) * 2, stations=40.0)
    bounds = sample.interval(0.95)
    assert bounds.high == pytest.approx([1, 0.0880973], abs=1e-7)
    assert bounds.low == pytest.approx([1 - 0.0880973, 0], abs=1e-7)
    census = replace(sample, support=np.array([[1.0, 1.0], [0.0, 0.0]]))
    assert (census.interval(0.95).low.tolist(), census.interval(0.95).high.tolist()) == ([1, 0], [1, 0])


def test_quantities_may_have_their_own_degrees_of_freedom_and_stations():
    estimate = replace(made(df=(1.0, 2.0, 3.0)), stations=np.array([10.0, 20.0, 30.0]))
    part = estimate.select(["share:3", "share:2"])
    assert (part.df.tolist(), part.stations.tolist()) == ([3, 2], [30, 20])
    lead = estimate.contrast({"share:3": 1, "share:2": -1}, "lead")
    assert (float(lead.df), float(lead.stations)) == (2, 20)
    assert estimate.table()["df"].tolist() == [1, 2, 3]


def test_draws_go_along_and_give_percentiles():
    steps = np.linspace(-1, 1, 201)[:, None]
    estimate = replace(made(), draws=made().theta + steps * [0.1, -0.1, 0.0])
    bounds = estimate.interval(0.9, "percentile")
    assert (bounds.low, bounds.high) == (pytest.approx([0.41, 0.21, 0.2]), pytest.approx([0.59, 0.39, 0.2]))
    lead = estimate.contrast({"share:1": 1, "share:2": -1}, "lead").interval(0.9, "percentile")
    assert (lead.low[0], lead.high[0]) == pytest.approx((0.02, 0.38))
    assert estimate.select(["share:2"]).interval(0.9, "percentile").low == pytest.approx([0.21])


def test_simultaneous_intervals_are_for_each_family():
    cov = np.zeros((4, 4))
    cov[:3, :3], cov[3, 3] = made().cov, 1e-4
    names = (*made().names, "turnout")
    estimate = Estimate(names, np.array([0.5, 0.3, 0.2, 0.7]), cov, np.array(9.0), ((0.0, 1.0),) * 4)
    bounds, joint = estimate.interval(0.95, "simultaneous"), simultaneous(made().theta, made().cov, np.array(9.0), 0.95)
    np.testing.assert_allclose(bounds.low[:3], joint.low, rtol=1e-12)
    assert bounds.high[3] == estimate.interval(0.95, "t").high[3]
    assert bounds.high[0] > estimate.interval(0.95, "t").high[0] + 0.005


def test_what_does_not_fit_is_an_error():
    with pytest.raises(EstimateError, match="'normal' is no interval: there are auto, t, logit, wilson"):
        made().interval(0.95, "normal")
    with pytest.raises(EstimateError, match="'' is no interval"):
        replace(made(), kind="")
    with pytest.raises(EstimateError, match=r"cov ends in shape \(3, 3\) for 2 quantities: it needs \(2, 2\)"):
        Estimate(("a", "b"), np.array([0.5, 0.5]), made().cov, np.array(2.0), ((0.0, 1.0),) * 2)
    with pytest.raises(EstimateError, match=r"support ends in shape \(2,\) for 1 quantities"):
        Estimate(("a",), np.array([0.5]), np.eye(1), np.array(2.0), (0.0, 1.0))
    with pytest.raises(EstimateError, match=r"draws have shape \(100,\): they need \(…, draws, 3\)"):
        replace(made(), draws=np.ones(100))
    with pytest.raises(EstimateError, match="this estimate has none"):
        made().interval(0.95, "percentile")

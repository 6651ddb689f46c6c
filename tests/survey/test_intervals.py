"""Intervals: by hand, and what they promise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betainc
from scipy.stats import binom

from estimation.errors import EstimateError
from estimation.survey import Structure, ratio, t_interval
from estimation.survey.intervals import (
    INTERVALS,
    clopper_pearson,
    logit_interval,
    percentile,
    wilson,
)
from estimation.survey.variance import stratified

SHARES = {name: interval for name, interval in INTERVALS.items() if name != "t"}
MANY = np.array(1e12)
ROUNDING = 1e-12


def quantile(p, df):
    """Student's quantile in closed form, for one and two degrees of freedom."""
    return math.tan(math.pi * (p - 0.5)) if df == 1 else (2 * p - 1) / math.sqrt(2 * p * (1 - p))


def ends(interval, theta, variance, df, level=0.95, stations=None):
    bounds = interval(np.array([theta]), np.array([variance]), np.asarray(df, dtype=np.float64), level, stations)
    return float(bounds.low[0]), float(bounds.high[0])


@pytest.mark.parametrize("level", [0.90, 0.95, 0.998])
@pytest.mark.parametrize("df", [1, 2])
def test_student_by_hand(df, level):
    half = 0.2 * quantile((1 + level) / 2, df)
    assert ends(t_interval, 0.5, 0.04, df, level) == pytest.approx((0.5 - half, 0.5 + half), rel=1e-10)


def test_many_degrees_of_freedom_give_the_normal_interval():
    assert ends(t_interval, 0.0, 1.0, 1e9)[1] == pytest.approx(1.959963985, rel=1e-8)
    assert ends(t_interval, 0.0, 1.0, np.inf)[1] == pytest.approx(1.959963985, rel=1e-8)


def test_logit_by_hand():
    # logit 0.2 = -log 4; two degrees of freedom, se 0.016: half-width t 0.016 / 0.16 = t / 10
    t = quantile(0.975, 2)
    expected = [1 / (1 + 4 * math.exp(sign * t / 10)) for sign in (1, -1)]
    assert ends(logit_interval, 0.2, 0.016**2, 2) == pytest.approx(expected, rel=1e-12)


def test_wilson_by_hand():
    # 20 of 100, z = 1.959964 (Newcombe 1998: 0.1334 to 0.2888)
    assert ends(wilson, 0.2, 0.0016, MANY) == pytest.approx((0.1333669, 0.2888292), abs=1e-7)


def test_clopper_pearson_by_its_definition():
    # 20 of 100: the proportions at which 20 or more, or 20 or fewer, have a chance of 2.5 %
    low, high = ends(clopper_pearson, 0.2, 0.0016, MANY)
    assert (low, high) == pytest.approx((0.1266556, 0.2918427), abs=1e-7)
    assert binom.sf(19, 100, low) == pytest.approx(0.025, rel=1e-8)
    assert binom.cdf(20, 100, high) == pytest.approx(0.025, rel=1e-8)


def test_korn_and_graubards_degrees_of_freedom():
    # one degree of freedom against two of three stations: n_e = 0.25/0.01 · (t_2/t_1)²
    t1, t2 = quantile(0.975, 1), quantile(0.975, 2)
    fewer = 0.01 * (t1 / t2) ** 2
    assert ends(clopper_pearson, 0.5, 0.01, 1, stations=3) == pytest.approx(
        ends(clopper_pearson, 0.5, fewer, MANY), rel=1e-9
    )
    # degrees of freedom beyond n - 1 earn nothing
    assert ends(clopper_pearson, 0.5, 0.01, 50, stations=3) == ends(clopper_pearson, 0.5, 0.01, 2, stations=3)


@given(st.floats(0, 7), st.floats(-12, -0.01))
def test_beta_quantiles_have_their_tails(power, log_share):
    size, theta = 10**power, 10**log_share
    low, high = ends(clopper_pearson, theta, theta * (1 - theta) / size, MANY)
    if low > 1e-280:
        assert betainc(size * theta, size * (1 - theta) + 1, low) == pytest.approx(0.025, rel=1e-4)
    if high < 1 - 1e-9:
        assert betainc(size * (1 - theta), size * theta + 1, 1 - high) == pytest.approx(0.025, rel=1e-4)


def test_no_vote_in_any_of_forty_stations():
    # rule of three: 1 - 0.025^(1/40), as if stations either have a vote or not
    assert ends(clopper_pearson, 0.0, 0.0, 39, stations=40) == pytest.approx((0, 0.0880973), abs=1e-7)
    assert ends(logit_interval, 0.0, 0.0, 39, stations=40) == pytest.approx((0, 0.0880973), abs=1e-7)
    z2 = 1.959963984540054**2
    assert ends(wilson, 0.0, 0.0, 39, stations=40) == pytest.approx((0, z2 / (40 + z2)), rel=1e-12)
    assert ends(t_interval, 0.0, 0.0, 39, stations=40) == (0, 0)


@pytest.mark.parametrize("name", SHARES)
def test_all_votes_mirror_none(name):
    low, high = ends(SHARES[name], 0.0, 0.0, 39, stations=40)
    # the last digits of 1 are lost where votes and valid votes are added up in another order
    assert ends(SHARES[name], 1 - 1e-16, 1e-33, 39, stations=40) == pytest.approx((1 - high, 1 - low), rel=1e-12)


@pytest.mark.parametrize("name", INTERVALS)
def test_without_the_number_of_stations_no_variance_is_the_point(name):
    assert ends(INTERVALS[name], 0.0, 0.0, 39) == (0, 0)
    assert ends(INTERVALS[name], 0.3, 0.0, 0.0, stations=40) == (0.3, 0.3)


@pytest.mark.parametrize("name", SHARES)
def test_outside_and_at_the_ends_with_variance_student_holds(name):
    for theta in (-0.01, 0.0, 1.0):
        low, high = ends(SHARES[name], theta, 1e-4, 2, stations=40)
        assert (low, high) == pytest.approx(ends(t_interval, theta, 1e-4, 2), rel=1e-12)


@pytest.mark.parametrize("name", INTERVALS)
def test_no_degrees_of_freedom_give_no_interval(name):
    bounds = INTERVALS[name](np.array([0.3, 0.7]), np.array([0.01, 0.0]), np.array(0.0), 0.95)
    assert np.isnan([bounds.low[0], bounds.high[0]]).all()
    assert (bounds.low[1], bounds.high[1]) == (0.7, 0.7)


@pytest.mark.parametrize("name", INTERVALS)
@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_a_level_that_is_no_probability_is_an_error(name, level):
    with pytest.raises(EstimateError, match=rf"a level of {level} is no probability between 0 and 1: write 0.95"):
        INTERVALS[name](np.zeros(1), np.ones(1), np.array(3.0), level)


LEVELS = st.tuples(st.floats(0.5, 0.9999), st.floats(0.5, 0.9999)).map(sorted)
THETAS = st.one_of(
    st.sampled_from([0.0, 1.0, 1e-300, 1e-15, 1 - 1e-15]), st.floats(0, 1), st.floats(-12, 0).map(lambda x: 10**x)
)
VARIANCES = st.one_of(st.sampled_from([0.0, 1e-300]), st.floats(-20, 1).map(lambda x: 10**x))
DEGREES = st.one_of(st.sampled_from([1.0, 2.0, 1e6]), st.floats(1, 1e6))
STATIONS = st.one_of(st.none(), st.integers(1, 10_000))


@pytest.mark.parametrize("name", INTERVALS)
@given(theta=THETAS, variance=VARIANCES, df=DEGREES, stations=STATIONS, levels=LEVELS)
def test_what_every_interval_promises(name, theta, variance, df, stations, levels):
    inner, outer = (ends(INTERVALS[name], theta, variance, df, level, stations) for level in levels)
    for low, high in (inner, outer):
        assert low <= theta <= high
        if name != "t" and (variance == 0 or 0 < theta < 1):
            assert low >= 0
            assert high <= 1
    assert outer[0] <= inner[0] + ROUNDING
    assert inner[1] <= outer[1] + ROUNDING


@given(st.floats(-1, 1), st.floats(0, 10), st.integers(1, 500), LEVELS)
def test_student_takes_any_quantity(theta, variance, df, levels):
    inner, outer = (ends(t_interval, theta, variance, df, level) for level in levels)
    assert outer[0] <= inner[0] <= theta <= inner[1] <= outer[1]


@pytest.mark.parametrize("name", INTERVALS)
def test_replicates_have_their_own_degrees_of_freedom_and_stations(name):
    theta, variance = np.array([[0.2, 0.0], [0.3, 0.7], [0.4, 0.5]]), np.array([[1e-3, 0.0], [1e-3, 1e-4], [0.0, 1.0]])
    df, stations = np.array([1.0, 2.0, 0.0]), np.array([30.0, 40.0, 50.0])
    stack = INTERVALS[name](theta, variance, df, 0.95, stations)
    for b in range(3):
        one = INTERVALS[name](theta[b], variance[b], df[b], 0.95, float(stations[b]))
        np.testing.assert_array_equal(stack.low[b], one.low)
        np.testing.assert_array_equal(stack.high[b], one.high)


def test_quantities_may_have_their_own_degrees_of_freedom():
    bounds = t_interval(np.zeros(2), np.ones(2), np.array([1.0, 2.0]), 0.95)
    assert bounds.high == pytest.approx([quantile(0.975, 1), quantile(0.975, 2)])


def test_percentiles_by_hand():
    # 0, 0.01 … 1: the ends of the central half lie at 0.25 and 0.75
    draws = np.linspace(0, 1, 101)[:, None] * [1.0, 0.1]
    bounds = percentile(np.array([0.5, 0.09]), draws, 0.5)
    assert bounds.low == pytest.approx([0.25, 0.025])
    assert bounds.high == pytest.approx([0.75, 0.09])  # an estimate outside is contained


def test_percentiles_need_draws():
    with pytest.raises(EstimateError, match="a percentile interval needs draws, and this estimate has none"):
        percentile(np.array([0.5]), None, 0.95)
    with pytest.raises(EstimateError, match=r"39 draws say nothing of a level of 0\.95, which needs 40: make more"):
        percentile(np.array([0.5]), np.ones((39, 1)), 0.95)
    assert percentile(np.array([0.5]), np.full((1000, 1), 0.5), 0.998).low == [0.5]


def test_a_candidate_whom_few_stations_know_is_covered():
    """Ten of 1,000 stations give him all their votes, and two in three samples of 40 have none of these.

    At least 95 % is asked for: rejected by a one-sided binomial test at 0.1 %.
    """
    rng, replicates, n = np.random.default_rng(11), 2000, 40
    votes = np.zeros(1000)
    votes[:10] = 200.0
    drawn = np.argsort(rng.random((replicates, 1000)), axis=1)[:, :n]
    structure = Structure(np.full((replicates, n), 25.0), np.zeros((replicates, n), dtype=np.intp), np.array([1000.0]))
    linear = ratio(votes[drawn][..., None], np.full((replicates, n), 200.0), structure.weight)
    variance = np.diagonal(stratified(linear.expanded, structure), axis1=-2, axis2=-1)
    assert 0.6 < (linear.theta == 0).mean() < 0.75
    least = binom.ppf(0.001, replicates, 0.95) / replicates
    covered = {}
    for name in ("auto", "clopper-pearson", "t"):
        bounds = INTERVALS[name](linear.theta, variance, structure.df(), 0.95, float(n))
        covered[name] = float(((bounds.low <= 0.01) & (bounds.high >= 0.01)).mean())
    assert covered["auto"] >= least
    assert covered["clopper-pearson"] >= least
    assert covered["t"] < 0.4  # Student's says [0, 0] wherever there is no vote

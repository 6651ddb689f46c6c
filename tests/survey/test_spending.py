"""Boundaries for takes that are looked at one after the other.

Published: Lan-DeMets boundaries as gsDesign and ldbounds print them (four decimals), the constants of Pocock and of
O'Brien and Fleming in Jennison and Turnbull (2000), tables 2.1 and 2.3 (three decimals). Outside check: the
multivariate normal distribution function.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multivariate_normal, norm
from scipy.stats import t as student

from estimation.errors import DesignError
from estimation.seeds import generator
from estimation.survey.spending import (
    boundaries,
    continuous,
    crossing,
    normal_deviate,
    spent,
)


def even(takes):
    return np.arange(1, takes + 1) / takes


@pytest.mark.parametrize(
    ("takes", "error", "spending", "published", "within"),
    [
        (5, 0.025, "obrien-fleming", [4.8769, 3.3569, 2.6803, 2.2898, 2.0310], 1.5e-4),
        (5, 0.025, "pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859], 1.5e-4),
        # another program, which integrates on a grid of 0.05
        (4, 0.05, "obrien-fleming", [3.74955, 2.53993, 2.01604, 1.72014], 5e-5),
    ],
)
def test_published_boundaries(takes, error, spending, published, within):
    np.testing.assert_allclose(boundaries(even(takes), error, spending), published, atol=within)


@pytest.mark.parametrize(
    ("takes", "pocock", "obrien_fleming"),
    [(2, 2.178, 1.977), (3, 2.289, 2.004), (5, 2.413, 2.040), (10, 2.555, 2.087), (20, 2.672, 2.126)],
)
def test_published_constants_of_two_sided_tests_spend_five_percent(takes, pocock, obrien_fleming):
    # to cross both sides is all but impossible (2e-5 with two takes), so that both together are twice one
    assert 2 * crossing(np.full(takes, pocock), even(takes))[-1] == pytest.approx(0.05, abs=8e-5)
    bounds = obrien_fleming / np.sqrt(even(takes))
    assert 2 * crossing(bounds, even(takes))[-1] == pytest.approx(0.05, abs=8e-5)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
@pytest.mark.parametrize("times", [(0.3, 1.0), (0.2, 0.5, 0.9), (0.1, 0.35, 0.6, 1.0)])
def test_the_multivariate_normal_says_the_same(spending, times):
    times = np.array(times)
    bounds = boundaries(times, 0.05, spending)
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    below = multivariate_normal(np.zeros(len(times)), correlation, abseps=1e-7, releps=1e-7, maxpts=400_000, seed=1)
    assert 1 - below.cdf(bounds) == pytest.approx(float(spent(times[-1], 0.05, spending)), abs=1e-6)


def test_one_take_by_hand():
    assert boundaries(np.array([1.0]), 0.025) == pytest.approx([1.959963985], rel=1e-8)
    # a Pocock-type half: 0.05 log(1 + 1.71828 / 2) = 0.0310057
    assert spent(np.array([0.5]), 0.05, "pocock") == pytest.approx([0.0310057], abs=1e-7)
    # an O'Brien-Fleming-type quarter: 2 (1 - Φ(1.959964 / 0.5)) = 2 (1 - Φ(3.919928))
    assert spent(np.array([0.25]), 0.05) == pytest.approx([2 * norm.sf(3.919928)], rel=1e-6)


@settings(max_examples=20)
@given(st.sets(st.integers(2, 100), min_size=1, max_size=4))
def test_the_error_is_spent_as_it_may_be(percent):
    times = np.array(sorted(percent)) / 100
    for spending in ("obrien-fleming", "pocock"):
        bounds = boundaries(times, 0.01, spending)
        assert crossing(bounds, times) == pytest.approx(spent(times, 0.01, spending), rel=1e-9, abs=1e-250)


def test_a_later_take_changes_no_earlier_boundary():
    np.testing.assert_array_equal(boundaries(even(8)[:5], 0.001), boundaries(even(8), 0.001)[:5])


def test_finer_nodes_change_the_fourth_decimal_at_most(monkeypatch):
    coarse = boundaries(np.array([0.05, 0.1, 0.5, 0.52, 1.0]), 0.001)
    monkeypatch.setattr("estimation.survey.spending.POINTS", 128)
    np.testing.assert_allclose(boundaries(np.array([0.05, 0.1, 0.5, 0.52, 1.0]), 0.001), coarse, atol=2e-5)


def test_a_take_too_early_to_spend_anything_has_no_boundary():
    bounds = boundaries(np.array([0.001, 1.0]), 0.001)
    assert bounds[0] == np.inf
    assert bounds[1] == pytest.approx(norm.isf(0.001), rel=1e-8)


def test_drift_gives_power_by_hand():
    # one take at 1 with boundary 1.96 and a drift of 3: Φ(3 - 1.96)
    assert crossing(np.array([1.96]), np.array([1.0]), 3.0) == pytest.approx([norm.cdf(1.04)], rel=1e-12)
    # a first take that can't be crossed changes nothing
    assert crossing(np.array([np.inf, 1.96]), np.array([0.4, 1.0]), 3.0) == pytest.approx([0, norm.cdf(1.04)], rel=1e-7)


def test_simulated_paths_cross_as_often_as_integrated():
    rng, paths, times = generator(1, "spending"), 40_000, even(20)
    walk = np.cumsum(rng.normal(size=(paths, 20)) * np.sqrt(1 / 20), axis=1) / np.sqrt(times)
    for error, spending in ((0.01, "obrien-fleming"), (0.05, "obrien-fleming"), (0.05, "pocock")):
        crossed = int((walk >= boundaries(times, error, spending)).any(axis=1).sum())
        assert binom.ppf(0.0005, paths, error) <= crossed <= binom.ppf(0.9995, paths, error)
    # few looks waste a part of what the continuous boundary may spend, none of its validity
    crossed = int((walk >= continuous(times, 0.05)).any(axis=1).sum())
    assert 0.030 * paths <= crossed <= binom.ppf(0.9995, paths, 0.05)


def test_the_continuous_boundary_spends_all_with_many_looks():
    # 2,000 looks at a walk overshoot by about 0.5826 / √2000 standard errors (Chernoff 1965; Siegmund 1985)
    rng, paths, steps, error = generator(2, "spending"), 4_000, 2_000, 0.05
    highest = np.full(paths, -np.inf)
    place = np.zeros(paths)
    for _ in range(steps):
        place += rng.normal(size=paths) / math.sqrt(steps)
        np.maximum(highest, place, out=highest)
    expected = 2 * norm.sf(norm.isf(error / 2) + 0.5826 / math.sqrt(steps))
    crossed = int((highest >= continuous(np.array(1.0), error)).sum())
    assert expected == pytest.approx(0.0485, abs=1e-4)
    assert binom.ppf(0.0005, paths, expected) <= crossed <= binom.ppf(0.9995, paths, expected)


def test_the_continuous_boundary_by_hand():
    assert continuous(np.array([0, 0.25, 1]), 0.05) == pytest.approx([np.inf, 3.919928, 1.959964], rel=1e-6)
    assert continuous(np.array(1.0), 0.001) == pytest.approx(3.290527, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: boundaries(np.array([0.5, 0.5]), 0.05),
            r"fractions \[0.5, 0.5\] don't rise from above 0 to at most 1",
        ),
        (lambda: boundaries(np.array([0.0, 1.0]), 0.05), "leave takes without news out"),
        (lambda: boundaries(np.array([0.5, 1.1]), 0.05), r"don't rise from above 0 to at most 1"),
        (lambda: boundaries(np.array([]), 0.05), r"fractions \[\] don't rise"),
        (lambda: boundaries(np.array([0.5, 0.50001]), 0.05), "two takes differ by 2.0e-05 of their information"),
        (lambda: boundaries(even(2), 0.5), "an error of 0.5 is no probability between 0 and 0.5: write 0.001"),
        (lambda: boundaries(even(2), 0.05, "haybittle"), "'haybittle' is unknown: it is one of obrien-fleming, pocock"),
        (lambda: continuous(np.array(1.2), 0.05), "an information fraction lies outside 0 … 1"),
        (lambda: spent(np.array(-0.1), 0.05), "an information fraction lies outside 0 … 1"),
        (lambda: crossing(np.ones(2), even(3)), "2 boundaries and 3 fractions: give one boundary for each take"),
    ],
)
def test_what_can_not_be_is_an_error(call, text):
    with pytest.raises(DesignError, match=text):
        call()


@pytest.mark.parametrize("df", [1.0, 2.5, 10.0, 283.0])
def test_deviates_have_students_tail(df):
    t = np.array([0.0, 0.3, 1.0, 2.0, 4.0, 9.0])
    np.testing.assert_allclose(normal_deviate(t, df), norm.isf(student.sf(t, df)), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(normal_deviate(-t, df), -normal_deviate(t, df))


def test_deviates_by_hand():
    # df = 1: P(T > 1) = 1/4;  df = 2: P(T > t) = 1/2 - t / (2 √(2 + t²)), 0.0057 for t = 9.2717
    assert normal_deviate(np.array(1.0), np.array(1.0)) == pytest.approx(norm.isf(0.25), rel=1e-12)
    tail = 0.5 - 9.2717 / (2 * math.sqrt(2 + 9.2717**2))
    assert normal_deviate(np.array(9.2717), np.array(2.0)) == pytest.approx(norm.isf(tail), rel=1e-9)


def test_deviates_far_out_are_finite_and_in_order():
    # far out the density is C df^((df+1)/2) t^-(df+1), C = Γ((df+1)/2) / (√(df π) Γ(df/2)); its integral has t^-df / df
    df, t = 10.0, 1e40
    log_tail = math.lgamma(5.5) - math.lgamma(5) - 0.5 * math.log(df * math.pi) + 5.5 * math.log(df)
    log_tail -= df * math.log(t) + math.log(df)
    found = float(normal_deviate(np.array(t), np.array(df)))
    assert norm.logsf(found) == pytest.approx(log_tail, rel=1e-6)
    deviates = normal_deviate(np.array([10, 30, 38, 39, 100, 1e200, np.inf]), np.array(1e6))
    assert np.all(np.diff(deviates) > 0)
    assert deviates[2:4] == pytest.approx([37.98631, 38.98517], abs=1e-4)
    assert normal_deviate(np.array([-50.0, 3.0]), np.array([np.inf, 0.0])).tolist()[0] == -50
    assert np.isnan(normal_deviate(np.array(3.0), np.array(0.0)))

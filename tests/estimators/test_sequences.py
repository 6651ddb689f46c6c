"""Asymptotic confidence sequences: Robbins' mixture."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import lambertw
from scipy.stats import binom, norm

from estimation.decision import information
from estimation.errors import DesignError
from estimation.estimators.sequences import mixture_multiplier
from estimation.seeds import generator
from estimation.survey import Structure, ratio
from estimation.survey.spending import continuous, normal_deviate
from estimation.survey.variance import stratified


def best(error, two_sided):
    """Find v/ρ at the least multiplier by looking at many."""
    ratios = np.exp(np.linspace(0, 8, 20_001))
    if two_sided:
        values = np.sqrt((1 + 1 / ratios) * (np.log1p(ratios) - 2 * math.log(error)))
        return ratios[values.argmin()], values.min()
    low, high = np.zeros(len(ratios)), np.full(len(ratios), 30.0)
    for _ in range(60):
        s = (low + high) / 2
        above = 2 / np.sqrt(1 + ratios) * np.exp(s**2 / 2) * norm.cdf(s) >= 1 / error
        low, high = np.where(above, low, s), np.where(above, s, high)
    values = high * np.sqrt(1 + 1 / ratios)
    return ratios[values.argmin()], values.min()


@pytest.mark.parametrize("error", [0.05, 0.001])
@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("tightest", [0.5, 1.0])
def test_the_multiplier_is_least_where_it_is_to_be(error, two_sided, tightest):
    ratio, value = best(error, two_sided)
    found = mixture_multiplier(tightest * np.array([0.9, 1, 1.1]), error, tightest, two_sided=two_sided)
    assert found[1] == pytest.approx(value, rel=1e-7)
    assert found[0] > found[1] < found[2]
    assert ratio == pytest.approx({(0.05, False): 6.69, (0.05, True): 8.25, (0.001, False): 15.2, (0.001, True): 16.6}[
        error, two_sided
    ], rel=0.01)  # fmt: skip


def test_what_a_call_at_any_time_costs():
    one = mixture_multiplier(np.array([0.25, 0.5, 1.0]), 0.001)
    assert one == pytest.approx([4.205, 4.062, 4.027], abs=1e-3)
    assert mixture_multiplier(np.array(1.0), 0.001, two_sided=True) == pytest.approx(4.206, abs=1e-3)
    assert mixture_multiplier(np.array(1.0), 0.05, two_sided=True) == pytest.approx(3.035, abs=1e-3)
    assert mixture_multiplier(np.array(1.0), 0.05) == pytest.approx(2.766, abs=1e-3)


def test_two_sided_in_closed_form():
    # Howard et al. (2021), eq. 14, with the best v/ρ = -W(-α²/e) - 1, W the lower branch of Lambert's function
    ratio = -float(lambertw(-(0.05**2) / math.e, -1).real) - 1
    assert ratio == pytest.approx(8.212, abs=1e-3)
    at = np.array([0.1, 1.0, 3.0])
    expected = np.sqrt((1 + 1 / (at * ratio)) * (np.log1p(at * ratio) - 2 * math.log(0.05)))
    np.testing.assert_allclose(mixture_multiplier(at, 0.05, two_sided=True), expected, rtol=1e-6)


def test_nothing_in_has_no_multiplier():
    assert mixture_multiplier(np.array([0.0, np.inf]), 0.001).tolist() == [np.inf, np.inf]
    assert mixture_multiplier(np.array([0.0, np.inf]), 0.001, two_sided=True).tolist() == [np.inf, np.inf]


@given(st.floats(1e-4, 1e4), st.floats(1e-6, 0.4), st.floats(0.05, 5))
def test_one_side_is_never_dearer_than_two_and_never_cheaper_than_one_look(fraction, error, tightest):
    one = float(mixture_multiplier(np.array(fraction), error, tightest))
    two = float(mixture_multiplier(np.array(fraction), error, tightest, two_sided=True))
    assert norm.isf(error) < one
    assert norm.isf(error / 2) < two


def test_walks_cross_less_often_than_the_error_at_any_time():
    # looked at from a hundredth of the information to a hundred times as much
    rng, paths, error = generator(5, "mixture"), 20_000, 0.05
    times = np.geomspace(0.01, 100, 120)
    walk = np.cumsum(rng.normal(size=(paths, 120)) * np.sqrt(np.diff(times, prepend=0)), axis=1) / np.sqrt(times)
    one = int((walk >= mixture_multiplier(times, error)).any(axis=1).sum())
    two = int((np.abs(walk) >= mixture_multiplier(times, error, two_sided=True)).any(axis=1).sum())
    for crossed in (one, two):
        assert 0.5 * error * paths < crossed <= binom.ppf(0.9995, paths, error)
    often = (np.abs(walk) >= norm.isf(error / 2)).any(axis=1).mean()
    assert often > 0.4  # what the interval for one look is worth here


@pytest.mark.parametrize(
    ("fraction", "error", "tightest", "text"),
    [
        (-0.1, 0.05, 1.0, "an information fraction is negative, or none"),
        (np.nan, 0.05, 1.0, "an information fraction is negative, or none"),
        (0.5, 0.05, 0.0, "a tightest one above 0"),
        (0.5, 0.5, 1.0, "an error of 0.5 is no probability between 0 and 0.5"),
    ],
)
def test_what_can_not_be_is_an_error(fraction, error, tightest, text):
    with pytest.raises(DesignError, match=text):
        mixture_multiplier(np.array(fraction), error, tightest)


def evening(drawn, nights, looks, seed):
    """A tie in four strata of 150 stations, so many drawn of each, looked at again and again as they come in at random.

    Gives the normal deviate, and the information over that of all drawn stations, or where these are all there are,
    of half of them: (nights, looks).
    """
    rng = generator(seed, "evening")
    codes = np.repeat(np.arange(4), 150)
    votes = rng.integers(80, 220, 600).astype(np.float64)
    d = votes * np.array([0.3, -0.1, 0.2, -0.3])[codes] + rng.normal(0, 40, 600)
    d -= d.sum() / votes.sum() * votes
    rows = np.concatenate(
        [rng.permuted(np.broadcast_to(part, (nights, 150)), axis=1)[:, :drawn] for part in np.split(np.arange(600), 4)],
        axis=1,
    )
    stratum, size = np.repeat(np.arange(4), drawn), np.full(4, 150.0)
    place = rng.permuted(np.broadcast_to(np.arange(4 * drawn), rows.shape), axis=1)
    found = []
    for k in range(looks):
        seen = place < 4 * drawn * (k + 5) / (looks + 4)  # the first look has enough in each stratum
        count = np.maximum(Structure(seen * 1.0, stratum, size).count(), 1)
        structure = Structure(np.where(seen, 150 / count[:, stratum], 0.0), stratum, size)
        linear = ratio(d[rows][..., None], votes[rows], structure.weight)
        variance = np.maximum(stratified(linear.expanded, structure)[..., 0, 0], 1e-30)
        z = normal_deviate(linear.theta[..., 0] / np.sqrt(variance), structure.df())
        found.append((z, information(structure.count(), structure.drawn(), size)))
    z, part = (np.stack(part, axis=-1) for part in zip(*found, strict=True))
    return z, np.maximum.accumulate(part, axis=-1)


def test_who_looks_ten_times_errs_often_unless_the_looks_were_planned():
    nights, error = 1_500, 0.05
    z, whole = evening(40, nights, 10, 20)
    wrong = {
        "interval": (z >= norm.isf(0.025)).any(axis=-1).sum(),
        "continuous": (z >= continuous(whole, error)).any(axis=-1).sum(),
        "mixture": (z >= mixture_multiplier(whole, error)).any(axis=-1).sum(),
    }
    assert wrong["interval"] > binom.ppf(0.9995, nights, 2 * 0.025)  # 2.5 % to each side are promised
    assert wrong["continuous"] <= binom.ppf(0.9995, nights, error)
    assert wrong["mixture"] <= binom.ppf(0.9995, nights, error)
    assert whole[:, -1].tolist() == [1.0] * nights


def test_where_all_are_asked_the_mixture_holds_to_the_end():
    nights, error = 300, 0.05
    z, half = evening(150, nights, 10, 21)
    before = slice(0, -1)  # at the last look everything is known, and the lead is zero but for rounding
    assert (half[:, -1] == np.inf).all()
    wrong = (z[:, before] >= mixture_multiplier(half[:, before], error)).any(axis=-1).sum()
    assert wrong <= binom.ppf(0.9995, nights, error)

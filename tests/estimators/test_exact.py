"""Exact confidence sequences of bounded counts."""

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import binom

from estimation.errors import DesignError, EstimateError
from estimation.estimators import exact
from estimation.estimators.exact import bernstein_sequence, hoeffding_sequence, share_sequence, total_sequence
from estimation.seeds import generator

ONE = np.zeros(4, dtype=np.intp)


def test_one_round_by_hand():
    # N = 10, four in, U = 1, one round: λ_i = b (11 - i) / 4 with b = min(aim, 0.9 · 4 / 10) = 0.36, as the aim is
    # √(2 log 20) / (1/4 · √Σ(left/4)²) = 2.4477 / (0.25 · 4.2866) = 2.28; centres are past sums over i, at most
    # 0.95 / λ - 1
    d = np.array([0.5, -0.2, 0.8, 0.1])
    bet, left = 0.36 * np.array([10, 9, 8, 7]) / 4, np.array([10, 9, 8, 7])
    past = np.array([0, 0.5, 0.3, 1.1])
    centre = np.minimum([0, 0.25, 0.1, 0.275], 0.95 / bet - 1)
    assert centre == pytest.approx([0, 0.95 / 0.81 - 1, 0.1, 0.275])
    gain = sum(
        math.log(1 + lam * (x - m)) + lam * (m + s / r)
        for lam, x, m, s, r in zip(bet, d, centre, past, left, strict=True)
    )
    found = total_sequence(d, np.array([1.0]), ONE, np.array([10.0]), np.arange(4.0), 0.05, rounds=1)
    assert found.low == pytest.approx([(gain + math.log(0.05)) / 0.36], rel=1e-12)
    assert found.high.tolist() == [np.inf]
    assert found.closed.tolist() == [3.0]


@pytest.mark.parametrize("rounds", [1, 2])
def test_the_mean_of_the_evidence_is_at_most_one_over_all_orders(rounds):
    # every sample of 4 of 5 in every order, 120 of them equally likely: E exp(log evidence at the true total) ≤ 1
    population = np.array([0.9, -0.7, 0.2, -0.4, 0.0])
    orders = np.array(list(permutations(range(5), 4)))
    values = population[orders]
    size, bound = np.array([5.0]), np.array([1.0])
    layout = exact._lay_out(bound, ONE, size, np.broadcast_to(np.arange(4.0), values.shape), rounds)
    bets = exact._bets(values, np.zeros_like(values), layout, 0.05)
    evidence = np.exp(exact._gain(values, bets, layout) - np.cumsum(bets.step, axis=-1) * population.sum())
    mean = evidence.mean(axis=0)
    assert np.all(mean <= 1 + 1e-12)
    assert np.all(mean > 0.75)  # and it isn't idle


def some(rng, nights):
    """Draw 30 of the first 60 stations and 20 of the other 40."""
    parts = (
        rng.permuted(np.broadcast_to(part, (nights, len(part))), axis=1) for part in np.split(np.arange(100), [60])
    )
    return np.concatenate([rows[:, : rows.shape[1] // 2] for rows in parts], axis=1)


def race(shift, seed, nights):
    """Two strata of 60 and 40 stations with very different leads, 30 and 20 drawn, in random order."""
    rng = generator(seed, "exact")
    codes = np.repeat(np.arange(2), [60, 40])
    d = np.clip(np.where(codes == 0, 60, -90) + rng.normal(0, 40, 100), -300, 300)
    d += shift - d.mean()
    rows = some(rng, nights)
    arrival = rng.permuted(np.broadcast_to(np.arange(50.0), rows.shape), axis=1)
    return d, d[rows], codes[rows[0]], arrival


SIZE, BOUND = np.array([60.0, 40.0]), np.array([320.0, 320.0])


def test_the_limit_is_above_the_total_no_more_often_than_the_error():
    nights = 1_500
    for shift, error in ((0.0, 0.2), (25.0, 0.2), (0.0, 0.05)):
        d, values, stratum, arrival = race(shift, 6, nights)
        found = total_sequence(values, BOUND, stratum, SIZE, arrival, error)
        wrong = int((found.low > d.sum()).any(axis=-1).sum())
        assert wrong <= binom.ppf(0.9995, nights, error)
        assert np.all(np.diff(found.low, axis=-1) >= 0)


def test_a_clear_lead_is_called_and_its_reverse_never():
    _, values, stratum, arrival = race(80.0, 7, 500)  # twice the spread within strata
    assert (total_sequence(values, BOUND, stratum, SIZE, arrival, 0.001).low[:, -1] > 0).mean() > 0.95
    assert (total_sequence(-values, BOUND, stratum, SIZE, arrival, 0.001).low > 0).sum() == 0


def test_what_is_not_in_is_not_looked_at():
    _, values, stratum, arrival = race(40.0, 8, 3)
    whole = total_sequence(values, BOUND, stratum, SIZE, arrival, 0.05)
    late = arrival > 30
    part = total_sequence(np.where(late, np.nan, values), BOUND, stratum, SIZE, np.where(late, np.inf, arrival), 0.05)
    known = whole.closed <= 30
    assert 0 < known.sum() < known.size
    np.testing.assert_allclose(part.low[known], whole.low[known], rtol=1e-12)
    assert np.isinf(part.closed[~known]).all()
    np.testing.assert_allclose(part.at(49).low, whole.at(30).low, rtol=1e-12)
    assert (whole.at(-1).low == -np.inf).all()


def test_the_order_of_the_rows_changes_nothing():
    _, values, stratum, arrival = race(10.0, 9, 2)
    turn = generator(9, "turn").permutation(50)
    there = total_sequence(values, BOUND, stratum, SIZE, arrival, 0.05)
    back = total_sequence(values[:, turn], BOUND, stratum[turn], SIZE, arrival[:, turn], 0.05)
    np.testing.assert_allclose(back.low, there.low, rtol=1e-12)


def test_a_census_is_known():
    d = np.array([3.0, -1.0, 2.0, -2.0])
    found = total_sequence(d, np.array([5.0]), ONE, np.array([4.0]), np.arange(4.0), 0.001, rounds=2)
    assert found.low[1] == 2.0
    assert found.low[0] < 2.0


def test_shares_are_bounded_from_both_sides():
    rng, nights, error = generator(10, "exact"), 150, 0.2
    codes = np.repeat(np.arange(2), [60, 40])
    v = rng.integers(100, 300, 100).astype(np.float64)
    y = np.round(v * np.clip(np.where(codes == 0, 0.6, 0.35) + rng.normal(0, 0.05, 100), 0, 1))
    rows = some(rng, nights)
    arrival = rng.permuted(np.broadcast_to(np.arange(50.0), rows.shape), axis=1)
    found = share_sequence(y[rows], v[rows], BOUND, codes[rows[0]], SIZE, arrival, error)
    truth = y.sum() / v.sum()
    missed = int(((found.low > truth) | (found.high < truth)).any(axis=-1).sum())
    assert missed <= binom.ppf(0.9995, nights, error)
    width = (found.high - found.low)[:, -1]
    assert 0.02 < np.median(width) < 0.15
    mirrored = share_sequence((v - y)[rows], v[rows], BOUND, codes[rows[0]], SIZE, arrival, error)
    np.testing.assert_allclose(mirrored.low, 1 - found.high, atol=1e-9)


def test_the_shares_limit_is_where_the_total_is_just_rejected():
    # one round, so that bets depend on no share: below the limit the total of y - θ v is rejected, above it isn't
    v = np.array([200.0, 150, 180, 220])
    y = np.array([150.0, 120, 130, 160])
    arguments = (np.array([250.0]), ONE, np.array([8.0]), np.arange(4.0))
    low = float(share_sequence(y, v, *arguments, 0.4, rounds=1).low[0])
    layout = exact._lay_out(*arguments, 1)
    bets = exact._bets(y, v, layout, 0.2)
    gain = [float(exact._gain(y - theta * v, bets, layout)[0]) for theta in (low - 1e-6, low, low + 1e-6)]
    assert 0.05 < low < 0.74  # 560 of 750 votes
    assert gain[0] > -math.log(0.2) > gain[2]


def test_empirical_bernstein_by_hand():
    # N = 4, x = 1, 0, error 0.2, log(2/0.2) = 2.302585; first bet √(2 · 2.302585 / (0.25 · 1 · log 2)) = 5.16, cut to
    # 1/2. penalty (1 - 1/2)² (log 2 - 1/2) = 0.0482868, radius (0.0482868 + 2.302585) / 0.5 = 4.70; so that the mean
    # lies between what is in and what could be: 1/4 and 1
    bounds = bernstein_sequence(np.array([1.0, 0.0]), 4, (0.0, 1.0), 0.2)
    assert bounds.low.tolist() == [0.25, 0.25]
    assert bounds.high.tolist() == [1.0, 0.75]


def test_hoeffding_by_hand():
    # N = 1000, error 0.05, all values 1/2: bets √(8 log 40 / (i log(1 + i))) cut to 1, centre 1/2, radius
    # (Σ λ²/8 + log 40) / Σ λ N / (N - i + 1)
    i = np.arange(1, 401)
    bet = np.minimum(np.sqrt(8 * math.log(40) / (i * np.log1p(i))), 1)
    radius = (np.cumsum(bet**2 / 8) + math.log(40)) / np.cumsum(bet * 1000 / (1001 - i))
    bounds = hoeffding_sequence(np.full(400, 0.5), 1000, (0.0, 1.0), 0.05)
    assert bounds.high[-1] == pytest.approx(0.5 + radius[-1], rel=1e-10)
    assert bounds.low[-1] == pytest.approx(0.5 - radius[-1], rel=1e-10)
    quiet = bernstein_sequence(np.full(400, 0.5), 1000, (0.0, 1.0), 0.05)
    assert (quiet.high - quiet.low)[-1] < 0.5 * (bounds.high - bounds.low)[-1]


@pytest.mark.parametrize("sequence", [bernstein_sequence, hoeffding_sequence])
def test_one_population_is_covered_at_all_times(sequence):
    rng, nights, error = generator(11, "exact"), 2_000, 0.2
    population = rng.beta(2, 5, 200) * 10 - 3
    values = rng.permuted(np.broadcast_to(population, (nights, 200)), axis=1)
    bounds = sequence(values, 200, (-3.0, 7.0), error)
    missed = (bounds.low > population.mean() + 1e-9) | (bounds.high < population.mean() - 1e-9)
    assert int(missed.any(axis=-1).sum()) <= binom.ppf(0.9995, nights, error)
    right = ~missed.any(axis=-1)  # everything is in, and what was never wrong is exact now
    np.testing.assert_allclose(bounds.low[right, -1], population.mean(), atol=1e-9)
    np.testing.assert_allclose(bounds.high[right, -1], population.mean(), atol=1e-9)


def test_what_can_not_be_is_an_error():
    d, bound, size, times = np.array([0.5, -0.2, 0.8, 0.1]), np.array([1.0]), np.array([10.0]), np.arange(4.0)
    with pytest.raises(EstimateError, match="a station of stratum 0 is beyond its bound of 1, on which an exact"):
        total_sequence(-d * 10, bound, ONE, size, times, 0.05, rounds=1)
    with pytest.raises(DesignError, match="stratum 0 has 4 stations drawn and 5 rounds need as many of each"):
        total_sequence(d, bound, ONE, size, times, 0.05, rounds=5)
    with pytest.raises(DesignError, match="stratum 1 has 0 stations drawn and 1 rounds need as many"):
        total_sequence(d, np.ones(2), ONE, np.array([10.0, 3.0]), times, 0.05)
    with pytest.raises(DesignError, match="a bound is not above 0: give the largest roll"):
        total_sequence(d, np.zeros(1), ONE, size, times, 0.05)
    with pytest.raises(EstimateError, match="a station of stratum 0 is beyond its bound of 1"):
        share_sequence(d + 1, d, bound, ONE, size, times, 0.05)
    with pytest.raises(EstimateError, match="a value lies outside 0 … 1: give a support"):
        bernstein_sequence(np.array([1.5]), 4, (0.0, 1.0), 0.05)
    with pytest.raises(DesignError, match="an error of 5 is no probability"):
        hoeffding_sequence(np.array([0.5]), 4, (0.0, 1.0), 5)

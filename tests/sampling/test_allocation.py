"""Allocations: by hand, against the reference, and by what makes each of them the best."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimation.errors import DesignError
from estimation.sampling.allocation import bethel, equal, neyman, optimal_cost, power, proportional, variance

REFERENCE = Path(__file__).parents[1] / "reference" / "expected_allocation.json"
CASES = {name: case for name, case in json.loads(REFERENCE.read_text(encoding="utf-8")).items() if name != "strata"}


def real(values):
    return np.array(values, dtype=np.float64)


def allocate(n, size, minimum=2, **more):
    return proportional(n, real(size), minimum, **more).tolist()


@pytest.mark.parametrize(
    ("n", "size", "minimum", "expected"),
    [
        (10, [50, 30, 20], 2, [5, 3, 2]),
        (10, [33, 33, 34], 2, [3, 3, 4]),  # 3.3, 3.3, 3.4: the largest remainder gets the tenth
        (5, [10, 10], 2, [3, 2]),  # 2.5, 2.5: the first of equals
        (10, [90, 5, 5], 2, [6, 2, 2]),  # 9, 0.5, 0.5: both are raised, the rest goes to the first
        (10, [90, 5, 5], 1, [8, 1, 1]),
        (10, [1, 99], 2, [1, 9]),  # a stratum of one is taken whole
        (12, [60, 30, 12], 3, [6, 3, 3]),  # 7.06, 3.53, 1.41; then 9 to share as 6, 3
        (11, [60, 30, 12], 3, [5, 3, 3]),  # then 8 to share as 5.33, 2.67, and that is raised too
        (6, [9, 9, 9], 2, [2, 2, 2]),
        (27, [9, 9, 9], 2, [9, 9, 9]),
        (10, [50, 30, 20], [2, 2, 4], [4, 2, 4]),  # 6 left as 3.75, 2.25
    ],
)
def test_by_hand(n, size, minimum, expected):
    assert allocate(n, size, minimum) == expected


def test_proportional_to_the_roll_with_a_maximum_by_hand():
    roll = real([6000, 3000, 1000])
    assert allocate(20, [50, 30, 20], measure=roll) == [12, 6, 2]
    assert allocate(20, [50, 30, 20], measure=roll, maximum=10) == [10, 8, 2]  # 10 left as 7.5, 2.5: first of equals
    assert allocate(20, [5, 100], measure=real([99, 1])) == [5, 15]  # 19.8 is capped before 0.2 is raised


def test_a_stratum_without_measure_gets_its_minimum_until_the_others_are_whole():
    assert allocate(10, [5, 50, 50], measure=real([1, 1, 0])) == [4, 4, 2]
    assert allocate(12, [5, 3, 10, 20], measure=real([1, 1, 0, 0])) == [5, 3, 2, 2]
    assert allocate(17, [5, 3, 10, 20], measure=real([1, 1, 0, 0])) == [5, 3, 3, 6]


def test_equal_by_hand():
    assert equal(12, real([50, 30, 20])).tolist() == [4, 4, 4]
    assert equal(13, real([50, 30, 3])).tolist() == [5, 5, 3]
    assert equal(13, real([50, 30, 3]), maximum=np.array([4, 9, 9])).tolist() == [4, 6, 3]


def test_neyman_by_hand():
    # N S = 500, 600, 900 of 2,000
    assert neyman(20, real([50, 30, 20]), real([10, 20, 45])).tolist() == [5, 6, 9]
    # the seventh of n = 7 from 2, 2, 2: 500/√6 = 204, 600/√6 = 245, 900/√6 = 367
    assert neyman(7, real([50, 30, 20]), real([10, 20, 45])).tolist() == [2, 2, 3]


def test_cost_by_hand():
    # N S / √c = 500/1, 600/2, 900/3 = 500, 300, 300 of 1,100
    size, spread, cost = real([50, 30, 20]), real([10, 20, 45]), real([1, 4, 9])
    assert optimal_cost(11, size, spread, cost).tolist() == [5, 3, 3]
    # minima of 1 cost 14; gains (N S)²/(2c) = 125000, 45000, 45000; then stratum 0: 41667
    assert optimal_cost(None, size, spread, cost, 1, budget=15).tolist() == [2, 1, 1]
    assert optimal_cost(None, size, spread, cost, 1, budget=19.5).tolist() == [2, 2, 1]
    # after 2, 2, 1 (19) come 45000 for 9, 41667 for 1: 9 can't be paid out of 3, three of the first can
    assert optimal_cost(None, size, spread, cost, 1, budget=22).tolist() == [5, 2, 1]


def test_a_budget_is_shared_as_cochran_says():
    size, spread, cost = real([400, 300, 200]), real([4, 8, 16]), real([1, 2, 4])
    # eq. 5.24: n = C Σ(N S/√c) / Σ(N S √c)
    k = size * spread / np.sqrt(cost)
    expected = 300 * k / (size * spread * np.sqrt(cost)).sum()
    found = optimal_cost(None, size, spread, cost, budget=300)
    assert np.all(np.abs(found - expected) < 1.5)
    assert 300 - cost.min() < cost @ found <= 300


def test_power_lies_between_equal_precision_and_neyman():
    size, mean, spread = real([50, 30, 20]), real([100, 50, 10]), real([10, 20, 45])
    totals, cv = size * mean, spread / mean
    np.testing.assert_array_equal(power(40, size, totals, cv, 1.0), neyman(40, size, spread, exact=False))
    # q = 0: 0.1, 0.4, 4.5 → 0.8, 3.2, 36: minimum 2, maximum 20, the rest 18
    assert power(40, size, totals, cv, 0.0).tolist() == [4, 16, 20]
    # q = 1/2: √5000 0.1, √1500 0.4, √200 4.5 = 7.07, 15.49, 63.64 → the last whole, 20 as 6.27, 13.73
    assert power(40, size, totals, cv).tolist() == [6, 14, 20]


@pytest.mark.parametrize("name", list(CASES))
def test_whole_numbers_equal_the_reference(name):
    case = CASES[name]
    n, size, spread, minimum = case["n"], real(case["N_h"]), real(case["S_h"]), case["minimum"]
    found = {
        "proportional": proportional(n, size, minimum),
        "neyman": neyman(n, size, spread, minimum, exact=False),
        "square_root": proportional(n, size, minimum, measure=np.sqrt(size)),
    }
    for method, allocation in found.items():
        assert allocation.tolist() == case[method]["integer_bounded"], method
        assert variance(allocation, size, spread) == pytest.approx(case[method]["variance_bounded"], rel=1e-12)
        assert np.all(np.abs(allocation - case[method]["real_bounded"]) < 1)
    assert proportional(n, size, 0).tolist() == case["proportional"]["integer_unbounded"]
    best = case["exact_integer_optimum"]
    optimum = neyman(n, size, spread, minimum)
    assert optimum.tolist() == best["n_h"]
    assert variance(optimum, size, spread) == pytest.approx(best["variance"], rel=1e-12)


@st.composite
def requests(draw):
    """Sizes of strata, a minimum, and an n that is possible."""
    size = np.array(draw(st.lists(st.integers(1, 500), min_size=1, max_size=12)))
    minimum = draw(st.integers(1, 5))
    n = draw(st.integers(int(np.minimum(size, minimum).sum()), int(size.sum())))
    return n, size, minimum


@given(requests(), st.integers(0, 10**6))
def test_every_method_adds_up_and_keeps_its_bounds(request_, seed):
    n, size, minimum = request_
    rng = np.random.default_rng(seed)
    spread, cost = rng.choice([0.0, 1.0, 3.0, 50.0], len(size)), rng.uniform(1, 9, len(size))
    size = size.astype(np.float64)
    for allocation in (
        proportional(n, size, minimum),
        proportional(n, size, minimum, measure=spread),
        equal(n, size, minimum),
        neyman(n, size, spread, minimum),
        neyman(n, size, spread, minimum, exact=False),
        optimal_cost(n, size, spread, cost, minimum),
        power(n, size, size, spread, 0.5, minimum),
    ):
        assert allocation.sum() == n
        assert np.all(allocation >= np.minimum(size, minimum))
        assert np.all(allocation <= size)


@given(requests())
def test_a_larger_stratum_never_gets_fewer(request_):
    n, size, minimum = request_
    size = np.sort(size)[::-1]
    assert np.all(np.diff(allocate(n, size, minimum)) <= 0)


@given(requests(), st.integers(0, 10**6))
def test_no_neighbour_is_better_than_the_optimum(request_, seed):
    n, size, minimum = request_
    size = size.astype(np.float64)
    spread = np.random.default_rng(seed).uniform(0.1, 40, len(size))
    best = neyman(n, size, spread, minimum)
    least = float(variance(best, size, spread))
    move = np.eye(len(size), dtype=int)
    neighbours = np.array([best + move[a] - move[b] for a in range(len(size)) for b in range(len(size)) if a != b])
    if len(neighbours):
        fits = np.all((neighbours >= np.minimum(size, minimum)) & (neighbours <= size), axis=1)
        assert np.all(variance(neighbours[fits], size, spread) >= least - 1e-9 * (least + 1))
    assert least <= float(variance(neyman(n, size, spread, minimum, exact=False), size, spread)) + 1e-9 * (least + 1)


def test_bethel_with_one_target_is_neyman_rounded_up():
    size, spread = real([500, 300, 200]), real([10, 20, 45])
    # Cochran eq. 5.25: n = (Σ N S)² / (V + Σ N S²); Σ N S = 20,000, Σ N S² = 575,000, V = 1,500² = 2,250,000
    real_n = 20_000**2 / 2_825_000  # 141.59 as 35.4, 42.5, 63.7
    found = bethel(size, spread, real([1500]))
    assert found.sum() == np.ceil(real_n)
    assert np.all(np.abs(found - real_n * size * spread / 20_000) < 1)
    assert variance(found, size, spread) <= 1500**2


def test_bethel_with_separate_domains_solves_each_alone():
    size, spread = real([100, 400, 250]), real([10, 10, 10])
    domains = np.eye(3, dtype=bool)
    # standard error of a mean of 1: n = 1 / (1/100 + 1/N) = 50, 80, 71.4
    found = bethel(size, spread, real([1, 1, 1]), totals=size, domains=domains)
    assert found.tolist() == [50, 80, 72]
    margins = bethel(size, spread, real([1.959964] * 3), totals=size, domains=domains, level=0.95)
    assert margins.tolist() == [50, 80, 72]


@st.composite
def targets(draw):
    """A regency of districts with several strata each: targets for all of it and for every district."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    districts = draw(st.integers(1, 5))
    home = np.sort(np.concatenate([np.arange(districts), rng.integers(0, districts, draw(st.integers(0, 6)))]))
    size = rng.integers(3, 150, len(home)).astype(np.float64)
    domains = np.vstack([np.ones(len(home), bool), home == np.arange(districts)[:, None]])
    totals = domains @ (size * rng.uniform(150, 350, len(home)))
    spread = rng.uniform(5, 60, (len(home), districts + 1))
    goal = np.concatenate([[rng.uniform(0.003, 0.03)], rng.uniform(0.01, 0.08, districts)])
    return size, spread, goal, totals, domains, rng.uniform(1, 3, len(home))


def errors(allocation, size, spread, totals, domains):
    return np.sqrt([variance(allocation, size, spread[:, j] * domains[j]) for j in range(len(totals))]) / totals


@settings(max_examples=60, deadline=None)
@given(targets())
def test_bethel_meets_every_target_and_no_station_is_idle(case):
    size, spread, goal, totals, domains, cost = case
    found = bethel(size, spread, goal, totals=totals, domains=domains, cost=cost)
    assert np.all(errors(found, size, spread, totals, domains) <= goal * (1 + 1e-9))
    for h in np.flatnonzero(found > np.minimum(size, 2)):
        fewer = found - (np.arange(len(size)) == h)
        assert np.any(errors(fewer, size, spread, totals, domains) > goal)


@settings(max_examples=30, deadline=None)
@given(targets())
def test_bethel_costs_no_more_than_the_best_that_a_general_optimiser_finds_and_the_rounding(case):
    from scipy.optimize import minimize

    size, spread, goal, totals, domains, cost = case
    found = bethel(size, spread, goal, totals=totals, domains=domains, cost=cost)
    a = np.where(domains.T, spread, 0.0) ** 2 * size[:, None] ** 2 / totals**2
    b = goal**2 + (a / size[:, None]).sum(axis=0)
    floor = np.minimum(size, 2)
    best = minimize(
        lambda x: cost @ (1 / x) / (cost @ size),
        1 / size,
        jac=lambda x: -cost / x**2 / (cost @ size),
        bounds=list(zip(1 / size, 1 / floor, strict=True)),
        constraints={"type": "ineq", "fun": lambda x: 1 - x @ a / b, "jac": lambda x: -(a / b).T},
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    assert cost @ found <= cost @ (1 / best.x) * (1 + 1e-6) + cost.sum()


def test_bethel_serves_a_regency_and_its_districts():
    size = np.array([45, 23, 20, 81, 40, 46, 29, 112, 86, 48, 121, 46, 70, 40, 75, 58, 68], dtype=np.float64)
    goal = np.array([0.01] + [0.05] * 17)
    domains = np.vstack([np.ones(17, bool), np.eye(17, dtype=bool)])
    totals = domains @ (size * 320)
    whole = bethel(size, np.full(17, 28.0), goal, totals=totals, domains=domains, level=0.95)
    # the regency alone: n = 1 / ((0.01 · 320 / 28 / 1.96)² + 1/1008) = 227.8; district 2, of 20, alone:
    # 1 / ((0.05 · 320 / 28 / 1.96)² + 1/20) = 7.4, where a proportional share would be 4.5
    assert bethel(size, np.full(17, 28.0), goal[:1], totals=totals[:1], level=0.95).sum() == 228
    assert whole[2] == 8
    assert 228 < whole.sum() < 260


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: allocate(31, [10, 20]), "n = 31 is more than the 30 stations there are: ask for 30 or fewer"),
        (
            lambda: allocate(4, [1, 10, 20]),
            "n = 4 is too few for 3 strata with at least 2 stations each: they need 5",
        ),
        (lambda: allocate(20, [10, 20], maximum=9), "more than the maxima of the strata allow: ask for 18 or raise"),
        (lambda: allocate(10, [10, 20], [2, 9], maximum=8), "stratum 1 has minimum 9 above its maximum 8"),
        (lambda: allocate(10, [10, 20], [2, 9, 9]), "there are 2 strata and 3 values of minimum: give one for each"),
        (lambda: allocate(10, [10, 0]), "stratum 1 has no station: leave it out"),
        (lambda: allocate(10, [10, 20], measure=real([1, -1])), "stratum 1 has measure -1, which must be 0 or more"),
        (
            lambda: neyman(10, real([10, 20]), real([np.nan, 1])),
            "stratum 0 has spread nan, which must be 0 or more: join it with a neighbour, or give a number",
        ),
        (lambda: optimal_cost(5, real([9, 9]), real([1, 1]), real([1, 0])), "stratum 1 has cost 0"),
        (lambda: optimal_cost(5, real([9]), real([1]), real([1]), budget=2), "either n or a budget: give one"),
        (
            lambda: optimal_cost(None, real([9, 9]), real([1, 1]), real([3, 5]), budget=15),
            "the minima cost 16, the budget is 15: raise it or lower them",
        ),
        (
            lambda: power(5, real([9]), real([9]), real([1]), 1.5),
            "exponent of a power allocation is 1.5: give one betw",
        ),
        (lambda: bethel(real([9, 9]), real([1, 1]), real([0])), "targets and costs must be positive"),
        (
            lambda: bethel(real([9, 9]), real([5, 5]), real([0.1, 9]), maximum=5),
            "target 0 can't be met even with every stratum at its maximum: raise the maximum of its strata or allow",
        ),
        (lambda: bethel(real([9, 9]), np.ones((3, 1)), real([1])), r"need spreads of shape \(2, 1\)"),
    ],
)
def test_what_is_impossible_is_an_error_with_its_remedy(call, message):
    with pytest.raises(DesignError, match=message):
        call()

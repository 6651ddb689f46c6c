"""Calibration that may miss totals, at a price."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimation.survey import Linear, Structure
from estimation.survey.calibration import calibrate, residual
from estimation.survey.explain import CalibrationError
from estimation.survey.variance import stratified

from .conftest import indicators

W = np.array([2.0, 3.0, 5.0])


def case(seed, n=30, q=4):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.gamma(5, 60, (n, q - 1))])
    w = rng.uniform(5, 15, n)
    return w, x, (w @ x) * rng.uniform(0.8, 1.2, q), rng


def objective(g, w, x, totals, ridge, cost):
    """Mean square of g - 1, and of the relative misses at their price."""
    return w @ (g - 1) ** 2 / w.sum() + cost / ridge @ (w * g @ x / totals - 1) ** 2


def test_by_hand():
    # x = 1, t = 15 of Σw = 10: P = η t² / (c Σw) = 2·225 / (4·10) = 11.25, λ = 5 / (10 + 11.25), g = 1 + λ
    found = calibrate(W, np.ones((3, 1)), np.array([15.0]), ridge=2.0, cost=np.array([4.0]))
    assert found.penalty == pytest.approx([11.25])
    assert found.g == pytest.approx(np.full(3, 1 + 5 / 21.25))
    assert found.achieved == pytest.approx([10 + 50 / 21.25])
    assert found.unmet == pytest.approx([(10 + 50 / 21.25) / 15 - 1])
    assert found.table()["used"].tolist() == ["penalised"]
    # the same penalty in the regression: B = Σwy / (Σw + P)
    y = np.array([[3.0], [5.0], [4.0]])
    left = residual(Linear(found.weight @ y, y, found.weight), found)
    assert left.influence == pytest.approx(y - 41 / 21.25)


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
@settings(max_examples=40, deadline=None)
def test_it_is_the_minimum(seed, ridge):
    w, x, totals, rng = case(seed)
    cost = rng.uniform(0.1, 10, 4)
    g = calibrate(w, x, totals, ridge=ridge, cost=cost).g
    least = objective(g, w, x, totals, ridge, cost)
    for _ in range(5):
        assert objective(g + 1e-3 * rng.normal(size=30), w, x, totals, ridge, cost) > least


def test_from_exact_to_nothing():
    w, x, totals, _ = case(1)
    path = [calibrate(w, x, totals, ridge=ridge) for ridge in (0.0, 1e-9, 0.1, 10.0, 1e9)]
    np.testing.assert_allclose(path[0].g, calibrate(w, x, totals).g, rtol=1e-14)
    np.testing.assert_allclose(path[1].g, path[0].g, rtol=1e-6)
    np.testing.assert_allclose(path[4].g, 1, atol=1e-6)
    moved = [(w * (p.g - 1) ** 2).sum() for p in path]
    missed = [(p.unmet**2).sum() for p in path]
    assert moved == sorted(moved, reverse=True)
    assert missed == sorted(missed)


def test_an_infinite_cost_is_met_exactly():
    w, x, totals, _ = case(2)
    found = calibrate(w, x, totals, ridge=5.0, cost=np.array([np.inf, 1, 1, 1]))
    assert abs(found.unmet[0]) < 1e-14
    assert np.all(np.abs(found.unmet[1:]) > 1e-3)
    assert found.penalty[0] == 0
    left = residual(Linear(np.zeros(1), x[:, :1], found.weight), found)
    assert np.abs(left.influence).max() < 1e-12


@pytest.mark.parametrize("distance", ["raking", "logit", "truncated"])
def test_other_distances_solve_their_equations(distance):
    w, x, totals, _ = case(3)
    bounds = None if distance == "raking" else (0.9, 1.1)
    found = calibrate(w, x, totals, distance, bounds=bounds, ridge=0.1)
    # Σ w g x + P λ = t with g = F(x'λ): λ from the misses, and g again from λ
    u = x @ ((totals - found.achieved) / found.penalty)
    steep = 0.2 / (0.1 * 0.1)
    again = {
        "raking": np.exp(u),
        "truncated": np.clip(1 + u, 0.9, 1.1),
        "logit": 0.9 + 0.2 / (1 + np.exp(-steep * u)),
    }
    np.testing.assert_allclose(found.g, again[distance], rtol=1e-8)


@pytest.mark.parametrize("distance", ["linear", "raking"])
@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_automatic_takes_the_smallest_ridge(distance, seed):
    w, x, totals, _ = case(seed)
    bounds = (0.8, 1.25)
    found = calibrate(w, x, totals, distance, bounds=bounds, ridge="automatic")
    if found.ridge == 0:
        np.testing.assert_allclose(found.g, calibrate(w, x, totals, distance).g, rtol=1e-13)
        return
    assert found.ridge > 0
    assert found.range == bounds
    assert np.all((found.g >= bounds[0]) & (found.g <= bounds[1]))
    assert min(found.g.min() - bounds[0], bounds[1] - found.g.max()) <= 1.1e-10  # it touches
    for part in (0.99, 0.5, 0.1, 1e-2, 1e-4):  # none of the weaker ones will do
        less = calibrate(w, x, totals, distance, ridge=part * float(found.ridge))
        assert less.g.min() < bounds[0] or less.g.max() > bounds[1]
    same = calibrate(w, x, totals, distance, ridge=float(found.ridge))
    np.testing.assert_allclose(same.g, found.g, rtol=1e-12)


def test_automatic_meets_what_has_an_infinite_cost():
    w, x, totals, _ = case(8)
    cost = np.array([1.0, np.inf, 1, 1])
    found = calibrate(w, x, totals, bounds=(0.8, 1.25), ridge="automatic", cost=cost)
    assert found.ridge > 0
    assert abs(found.unmet[1]) < 1e-13
    assert found.table()["used"].tolist() == ["penalised", "met", "penalised", "penalised"]


def test_automatic_where_nothing_exact_exists():
    # no station in group 2, and 33 + 30 are not 60: least squares of relative misses, δ_3 (33·0.55 + 30·0.5 + 60) = 3
    codes = np.array([0, 0, 1, 1, 0, 1])
    x = np.column_stack([indicators(codes, 3), np.ones(6)])
    totals = np.array([33.0, 30.0, 5.0, 60.0])
    found = calibrate(np.full(6, 10.0), x, totals, bounds=(0.5, 2.0), ridge="automatic")
    assert found.unmet[2] == -1
    assert found.ridge == pytest.approx(1e-8)  # the weakest there is: bounds hold already
    assert found.unmet[[0, 1, 3]] == pytest.approx(np.array([-0.55, -0.5, 1]) * 3 / 93.15, rel=1e-5)
    assert found.achieved[0] + found.achieved[1] == pytest.approx(found.achieved[3], rel=1e-12)


def test_automatic_by_replicate():
    rng = np.random.default_rng(5)
    x = np.concatenate([np.ones((40, 30, 1)), rng.gamma(5, 60, (40, 30, 2))], axis=-1)
    w = rng.uniform(5, 15, (40, 30))
    totals = np.array([300.0, 90_000, 90_000])
    found = calibrate(w, x, totals, bounds=(0.75, 1.3), ridge="automatic")
    assert 0.2 < (found.ridge > 0).mean() < 0.95
    for row in range(40):
        one = calibrate(w[row], x[row], totals, bounds=(0.75, 1.3), ridge="automatic")
        np.testing.assert_allclose(found.g[row], one.g, rtol=1e-8)
        np.testing.assert_allclose(found.ridge[row], one.ridge, rtol=1e-7)


def test_totals_that_must_be_met_can_still_be_impossible():
    w, x, totals, _ = case(6)
    totals[0] = 1.5 * w.sum()
    cost = np.array([np.inf, 1, 1, 1])
    with pytest.raises(
        CalibrationError, match=r"^no ridge brings the g-weights within 0\.8 … 1\.25, as the totals whose cost"
    ):
        calibrate(w, x, totals, bounds=(0.8, 1.25), ridge="automatic", cost=cost)
    empty = np.column_stack([np.zeros(30), x[:, 1:]])
    with pytest.raises(CalibrationError, match=r"^no station that is in has any of 'a'"):
        calibrate(w, empty, totals, bounds=(0.8, 1.25), ridge="automatic", cost=cost, names=list("abcd"))


def test_a_ridge_is_between_the_regression_and_the_expansion_estimator():
    """2,000 samples of 40 of 800: less variance than expansion; its own standard errors tell it."""
    rng = np.random.default_rng(7)
    x = np.column_stack([np.ones(800), rng.gamma(8, 50, 800)])
    y = 0.5 * x[:, 1] + rng.normal(0, 40, 800)
    draws = np.argsort(rng.random((2000, 800)), axis=1)[:, :40]
    w = np.full((2000, 40), 20.0)
    design = Structure(w, np.zeros(40, dtype=np.intp), np.array([800.0]))
    spread = []
    for ridge in (0.0, 0.05, 1e6):
        found = calibrate(w, x[draws], x.sum(axis=0), ridge=ridge)
        values = y[draws][..., None]
        linear = residual(Linear((found.weight[:, None] @ values)[:, 0], values, found.weight), found)
        told = np.sqrt(stratified(linear.expanded, design)[:, 0, 0].mean())
        assert told == pytest.approx(linear.theta.std(), rel=0.07)
        spread.append(linear.theta.std())
    assert spread == sorted(spread)
    assert spread[1] < 0.8 * spread[2]

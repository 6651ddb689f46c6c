"""What holds for every calibration, whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimation.survey import Linear, Structure, ratio
from estimation.survey.calibration import calibrate, residual
from estimation.survey.distances import choose
from estimation.survey.explain import CalibrationError
from estimation.survey.variance import stratified

from .conftest import margins

DISTANCES = [("linear", None), ("truncated", (0.4, 2.5)), ("raking", None), ("logit", (0.4, 2.5))]
each = pytest.mark.parametrize(("distance", "bounds"), DISTANCES, ids=[name for name, _ in DISTANCES])


def case(seed, n=24, q=3, lead=()):
    """Weights, auxiliaries and totals that some g-weights between 0.7 and 1.6 meet."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([np.ones((*lead, n, 1)), rng.gamma(6, 60, (*lead, n, q - 1))], axis=-1)
    w = rng.uniform(4, 12, (*lead, n))
    totals = ((w * rng.uniform(0.7, 1.6, (*lead, n)))[..., None] * x).sum(axis=-2)
    return w, x, totals, rng


seeds = st.integers(0, 10_000)
quickly = settings(max_examples=40, deadline=None)


@each
@given(seeds)
@quickly
def test_totals_are_met_within_the_range(distance, bounds, seed):
    w, x, totals, _ = case(seed)
    found = calibrate(w, x, totals, distance, bounds=bounds)
    np.testing.assert_allclose((w * found.g) @ x, totals, rtol=1e-12)
    np.testing.assert_allclose(found.achieved, totals, rtol=1e-12)
    low, high = found.range
    assert np.all((found.g >= low) & (found.g <= high))
    if distance == "raking":
        assert np.all(found.g > 0)


@each
def test_a_calibrated_total_has_no_variance(distance, bounds):
    w, x, totals, _ = case(3)
    found = calibrate(w, x, totals, distance, bounds=bounds)
    left = residual(Linear(found.weight @ x, x, found.weight), found)
    cov = stratified(left.expanded, Structure(w, np.zeros(24, dtype=np.intp), np.array([np.inf])))
    np.testing.assert_allclose(left.theta, totals, rtol=1e-12)
    assert np.all(np.abs(cov) <= 1e-20 * np.outer(totals, totals))


@each
def test_totals_that_are_met_change_nothing(distance, bounds):
    w, x, _, _ = case(4)
    found = calibrate(w, x, w @ x, distance, bounds=bounds)
    np.testing.assert_allclose(found.g, 1, rtol=1e-14)
    assert found.iterations <= 1


@each
@given(seeds, st.floats(1e-4, 1e4), st.floats(1e-4, 1e4), st.floats(1e-3, 1e3))
@quickly
def test_units_do_not_matter(distance, bounds, seed, times, unit, variance):
    """Weights and totals in thousands, an auxiliary in other units, σ² up to a factor: the same g."""
    w, x, totals, _ = case(seed)
    one = calibrate(w, x, totals, distance, bounds=bounds)
    units = np.array([1.0, unit, 1.0])
    other = calibrate(
        times * w, x * units, times * totals * units, distance, bounds=bounds, scale=np.full(24, variance)
    )
    np.testing.assert_allclose(other.g, one.g, rtol=1e-9)


@each
@given(seeds)
@quickly
def test_order_of_stations_and_of_auxiliaries_changes_nothing(distance, bounds, seed):
    w, x, totals, rng = case(seed)
    rows, columns = rng.permutation(24), rng.permutation(3)
    one = calibrate(w, x, totals, distance, bounds=bounds)
    other = calibrate(w[rows], x[rows][:, columns], totals[columns], distance, bounds=bounds)
    np.testing.assert_allclose(other.g, one.g[rows], rtol=1e-10)
    u = rng.normal(size=(24, 2))
    left = residual(Linear(np.zeros(2), u, one.weight), one)
    moved = residual(Linear(np.zeros(2), u[rows], other.weight), other)
    np.testing.assert_allclose(moved.influence, left.influence[rows], rtol=1e-8, atol=1e-10)


@each
@pytest.mark.parametrize("ridge", [None, 0.5])
def test_a_stack_of_replicates_equals_the_loop(distance, bounds, ridge):
    w, x, totals, rng = case(5, lead=(4, 3))
    w[rng.random(w.shape) < 0.15] = 0.0
    totals = np.where(rng.random((4, 3, 1)) < 0.5, (w[..., None, :] @ x)[..., 0, :], totals)  # some end at once
    bounds = bounds and (0.2, 4.0)
    stack = calibrate(w, x, totals, distance, bounds=bounds, ridge=ridge)
    left = residual(ratio(x[..., 1:], x.sum(axis=-1), stack.weight), stack)
    assert stack.g.shape == (4, 3, 24)
    assert stack.summary().kish.shape == (4, 3)
    for i, j in np.ndindex(4, 3):
        one = calibrate(w[i, j], x[i, j], totals[i, j], distance, bounds=bounds, ridge=ridge)
        np.testing.assert_allclose(stack.g[i, j], one.g, rtol=1e-11)
        np.testing.assert_allclose(stack.penalty[i, j], one.penalty, rtol=1e-12)
        assert stack.iterations[i, j] == one.iterations
        alone = residual(ratio(x[i, j, :, 1:], x[i, j].sum(axis=-1), one.weight), one)
        np.testing.assert_allclose(left.expanded[i, j], alone.expanded, rtol=1e-8, atol=1e-12)
        quartiles = np.quantile(one.g[w[i, j] > 0], [0, 0.25, 0.5, 0.75, 1])
        report = stack.summary()
        found = [getattr(report, name)[i, j] for name in ("smallest", "lower", "median", "upper", "largest")]
        np.testing.assert_allclose(found, quartiles, rtol=1e-10)


def test_blocks_of_replicates_join(monkeypatch):
    w, x, totals, _ = case(6, lead=(7,))
    whole = calibrate(w, x, totals, "raking")
    monkeypatch.setattr("estimation.survey.calibration.BLOCK", 150)  # two replicates at a time
    parts = calibrate(w, x, totals, "raking")
    np.testing.assert_allclose(parts.g, whole.g, rtol=1e-13)
    u = Linear(np.zeros((7, 3)), x, whole.weight)
    assert residual(u, parts).influence.shape == (7, 24, 3)


def test_one_set_of_auxiliaries_for_all_replicates():
    _, x, totals, rng = case(7)
    w = rng.uniform(6, 10, (5, 24))
    found = calibrate(w, x, totals)
    assert found.g.shape == (5, 24)
    for row in range(5):
        np.testing.assert_allclose(found.g[row], calibrate(w[row], x, totals).g, rtol=1e-12)
    areas = np.stack([x[:, :1], x[:, 1:2]])[:, None]  # one influence for each area, (2, 1, n, 1)
    assert residual(Linear(np.zeros((2, 1, 1)), areas, found.weight), found).influence.shape == (2, 5, 24, 1)


@each
def test_distances_agree_near_one(distance, bounds):
    """All distances have F(0) = F'(0) = 1, so that g differs in the second order only."""
    w, x, totals, _ = case(8)
    near = w @ x + 1e-4 * (totals - w @ x)
    g = calibrate(w, x, near, distance, bounds=bounds).g
    linear = calibrate(w, x, near).g
    assert np.abs(linear - 1).max() > 1e-5
    assert np.abs(g - linear).max() <= 20 * np.abs(linear - 1).max() ** 2


@each
def test_slope_and_integral_are_those_of_the_ratio(distance, bounds):
    function = choose(distance, bounds)
    u, h = np.linspace(-1.31, 1.31, 52), 1e-6  # no corner of the truncated one, -0.6, lies within h of these
    slope = (function.ratio(u + h) - function.ratio(u - h)) / (2 * h)
    value = (function.integral(u + h) - function.integral(u - h)) / (2 * h)
    np.testing.assert_allclose(function.slope(function.ratio(u)), slope, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(value, function.ratio(u), rtol=1e-8, atol=1e-9)
    assert function.ratio(np.zeros(1)) == pytest.approx(1, rel=1e-15)
    assert function.slope(np.ones(1)) == pytest.approx(1, rel=1e-15)


def test_raked_weights_are_those_of_proportional_fitting():
    rng = np.random.default_rng(9)
    codes = rng.integers(0, 3, 40), rng.integers(0, 4, 40)
    w = rng.uniform(5, 15, 40)
    totals = [np.bincount(c, w * rng.uniform(0.8, 1.3, 40)) for c in codes]
    totals = [t * 400 / t.sum() for t in totals]
    fitted = w.copy()
    for _ in range(300):
        for c, t in zip(codes, totals, strict=True):
            fitted = fitted * (t / np.bincount(c, fitted))[c]
    np.testing.assert_allclose(
        calibrate(w, *margins(*zip(codes, totals, strict=True)), "raking").weight, fitted, rtol=1e-11
    )


@given(seeds)
@quickly
def test_a_combination_of_columns_is_dropped_where_its_total_agrees(seed):
    w, x, totals, _ = case(seed)
    wide, given_totals = np.c_[x, x @ [300.0, 1, -0.5]], np.append(totals, totals @ [300.0, 1, -0.5])
    found, plain = calibrate(w, wide, given_totals, "raking"), calibrate(w, x, totals, "raking")
    assert found.dropped.tolist() == [False, False, False, True]
    np.testing.assert_allclose(found.g, plain.g, rtol=1e-10)
    with pytest.raises(CalibrationError, match="auxiliary 'auxiliary 4' is a combination of those before it"):
        calibrate(w, wide, given_totals * [1, 1, 1, 1.0001])


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("distance", ["truncated", "logit"])
def test_hard_bounds_are_met(distance, share):
    """Most stations at a bound, few free: Newton's method must come there in every one of 500 replicates."""
    rng = np.random.default_rng(10)
    x = np.concatenate([np.ones((500, 30, 1)), rng.lognormal(5, 0.6, (500, 30, 5))], axis=-1)
    w = rng.uniform(1, 20, (500, 30))
    g = np.where(rng.random(w.shape) < share, rng.choice([0.6, 1.5], w.shape), rng.uniform(0.6, 1.5, w.shape))
    found = calibrate(w, x, ((w * g)[..., None, :] @ x)[..., 0, :], distance, bounds=(0.6, 1.5))
    assert np.abs(found.unmet).max() < 1e-9
    assert found.iterations.max() < 100


def test_the_regression_estimator_is_covered():
    """Intervals of a total from 2,000 simple random samples of 80 of 800 contain it as often as they say."""
    rng = np.random.default_rng(12)
    x = np.column_stack([np.ones(800), rng.gamma(8, 50, 800)])
    y = 0.5 * x[:, 1] + rng.normal(0, 40, 800)
    draws = np.argsort(rng.random((2000, 800)), axis=1)[:, :80]
    w = np.full((2000, 80), 10.0)
    found = calibrate(w, x[draws], x.sum(axis=0), "raking")
    values = y[draws][..., None]
    linear = residual(Linear((found.weight[:, None] @ values)[:, 0], values, found.weight), found)
    design = Structure(w, np.zeros(80, dtype=np.intp), np.array([800.0]))
    se = np.sqrt(stratified(linear.expanded, design)[:, 0, 0])
    inside = np.abs(linear.theta[:, 0] - y.sum()) <= 1.9905 * se  # t with 79 degrees of freedom
    assert 0.93 <= inside.mean() <= 0.965  # 95 %, ± 3 Monte-Carlo errors of 0.5 %
    assert linear.theta.std() == pytest.approx(se.mean(), rel=0.06)
    assert linear.theta.std() < 0.5 * (800 * np.sqrt((1 - 0.1) / 80) * y.std())  # half of what y alone would have

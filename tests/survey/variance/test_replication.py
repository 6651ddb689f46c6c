"""Replication: by hand, as identities with the closed formulas, and by simulation."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from estimation.survey import Structure, ratio
from estimation.survey.variance import brewer, stratified, successive, successive_pps, ultimate_cluster
from estimation.survey.variance.hadamard import hadamard
from estimation.survey.variance.replication import METHODS, Replicates, ratio_fit, replicate_covariance, replicates


def rng(seed=1):
    return np.random.default_rng(seed)


def total(values):
    return lambda weight: weight @ values


def covariance(values, design, method, **more):
    """The variance of the total of values."""
    made = replicates(design, method, rng(), **more)
    return replicate_covariance(total(values), design.weight, made)[0]


def pairs(size, strata=7, seed=3):
    """Two stations in each stratum, in a mixed order."""
    codes = rng(seed).permutation(np.repeat(np.arange(strata), 2))
    sizes = np.asarray(np.broadcast_to(np.asarray(size, dtype=np.float64), (strata,)))
    return Structure(np.where(np.isinf(sizes), 5.0, sizes / 2)[codes], codes, sizes)


def mixed(seed=4, part=False):
    """Strata of 2, 3, 6 and 4, one more that is completely in, in a mixed order; a third not in where part."""
    codes = rng(seed).permutation(np.repeat(np.arange(5), [3, 6, 9, 4, 6] if part else [2, 3, 6, 4, 3]))
    inside = np.ones(len(codes), dtype=bool)
    if part:
        for h, away in enumerate([1, 2, 3, 0, 2]):
            inside[np.flatnonzero(codes == h)[:away]] = False
    size = np.array([10.0, 12, 30, 8, 6 if part else 3])
    count = np.bincount(codes[inside], minlength=5)
    return Structure(np.where(inside, (size / count)[codes], 0.0), codes, size, order=rng(seed).permutation(len(codes)))


def expanded(values, design):
    return design.weight[:, None] * values


# --- Hadamard matrices ------------------------------------------------------------------------------------------------


def test_hadamard_matrices_are_orthogonal_and_no_larger_than_needed():
    orders = set()
    for least in range(1, 301):
        signs = hadamard(least).astype(np.int64)
        order = len(signs)
        if order not in orders:
            assert np.all(signs[0] == 1)
            np.testing.assert_array_equal(signs @ signs.T, order * np.eye(order, dtype=np.int64))
        orders.add(order)
        assert order - least < 12
    # those of order 52, 92, 100, … need other constructions
    missing = [order for order in range(4, 301, 4) if order not in orders]
    assert missing == [52, 92, 100, 116, 156, 172, 184, 188, 232, 236, 244, 260, 268, 292]


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_the_jackknife_by_hand():
    # N = 9, w = 3, y = 1, 2, 6: totals without each are 36, 31.5, 13.5 around 27; (1 - 1/3) 2/3 (81 + 20.25 + 182.25)
    design = Structure(np.full(3, 3.0), np.zeros(3, dtype=np.intp), np.array([9.0]))
    made = replicates(design, "jackknife")
    cov, draws = replicate_covariance(total(np.array([[1.0], [2], [6]])), design.weight, made)
    np.testing.assert_allclose(draws[:, 0], [36, 31.5, 13.5])
    np.testing.assert_allclose(made.rscales, np.full(3, 4 / 9))
    assert cov == pytest.approx(np.array([[126.0]]))
    assert made.df == 2


def test_balanced_halves_by_hand():
    # one pair, N = 8, e = 4 and 12: (1 - 2/8) (12 - 4)² = 48; factors 1 ± √¾
    design = Structure(np.full(2, 4.0), np.zeros(2, dtype=np.intp), np.array([8.0]))
    made = replicates(design, "brr")
    np.testing.assert_allclose(np.sort(made.factor, axis=1), [[1 - 0.75**0.5, 1 + 0.75**0.5]] * 2)
    assert covariance(np.array([[1.0], [3]]), design, "brr") == pytest.approx(np.array([[48.0]]))


def test_successive_replicates_by_hand():
    # the list is 1, 2, 4, 3 with w = 2, N = 8: ½ · ½ · 4 (1 + 4 + 1 + 4), round from 3 to 1
    design = Structure(np.full(4, 2.0), np.zeros(4, dtype=np.intp), np.array([8.0]), order=np.array([1, 0, 3, 2]))
    values = np.array([[2.0], [1], [3], [4]])
    assert covariance(values, design, "successive-replicates") == pytest.approx(np.array([[10.0]]))


def test_centres_by_hand():
    # estimates 1, 2 and 6 (the last with no multiplier), full sample's 3: around the mean 1.5, around 3
    fit = total(np.array([[1.0], [2]]))
    factor, rscales = np.array([[1.0, 0], [0, 1], [2, 2]]), np.array([1.0, 1, 0])
    for centre, want in (("mean", 0.5 * 2 * 0.25), ("estimate", 0.5 * (4 + 1))):
        cov, draws = replicate_covariance(fit, np.ones(2), Replicates(factor, 0.5, rscales, "brr", 1.0, centre))
        assert cov == pytest.approx(np.array([[want]]))
        np.testing.assert_array_equal(draws[:, 0], [1, 2, 6])


def test_the_bootstrap_by_enumeration():
    # all 3² draws from three stations: mean and variance of the replicates are the sample's and the stratified one
    design = Structure(np.full(3, 3.0), np.zeros(3, dtype=np.intp), np.array([9.0]))
    values = np.array([1.0, 2, 6])
    factor = np.array(
        [1 - (2 / 3) ** 0.5 + (2 / 3) ** 0.5 * 1.5 * np.bincount(d, minlength=3) for d in product(range(3), repeat=2)]
    )
    estimates = factor @ (3 * values)
    assert estimates.mean() == pytest.approx(27)
    assert estimates.var() == pytest.approx(stratified(3 * values[:, None], design)[0, 0])
    made = replicates(design, "bootstrap", rng(), number=300)
    seen = {tuple(np.round(row, 9)) for row in made.factor}
    assert seen == {tuple(np.round(row, 9)) for row in factor}


# --- equal to the closed formulas -------------------------------------------------------------------------------------


def test_the_jackknife_of_a_total_is_the_stratified_variance():
    for part in (False, True):
        design = mixed(part=part)
        values = rng(5).normal(size=(len(design.weight), 3))
        want = stratified(expanded(values, design), design)
        for centre in ("mean", "estimate"):
            np.testing.assert_allclose(covariance(values, design, "jackknife", centre=centre), want, rtol=1e-12)


@pytest.mark.parametrize(("method", "rho"), [("brr", 0.5), ("fay", 0.0), ("fay", 0.3), ("fay", 0.9)])
@pytest.mark.parametrize("size", [np.inf, 9.0, np.array([2.0, 3, 4, 5, 9, 20, 2])])
def test_balanced_replicates_of_a_total_are_the_stratified_variance(method, rho, size):
    design = pairs(size)
    values = rng(6).normal(size=(14, 3))
    want = stratified(expanded(values, design), design)
    for centre in ("mean", "estimate"):
        np.testing.assert_allclose(covariance(values, design, method, fay=rho, centre=centre), want, rtol=1e-11)


def circular(values, design):
    """½ Σ_h (1 - f_h) Σ (e_i - e_{i-1})², around the circle."""
    cov = 0.0
    for h in range(design.strata):
        rows = np.flatnonzero((design.stratum == h) & design.inside)
        e = expanded(values, design)[rows[np.argsort(design.order[rows])]]
        step = e - np.roll(e, 1, axis=0)
        cov = cov + (1 - len(rows) / design.size[h]) / 2 * step.T @ step
    return cov


def test_successive_replicates_of_a_total_are_the_circular_differences():
    design = mixed()
    values = rng(7).normal(size=(len(design.weight), 3))
    for centre in ("mean", "estimate"):
        found = covariance(values, design, "successive-replicates", centre=centre)
        np.testing.assert_allclose(found, circular(values, design), rtol=1e-11)


def test_of_two_stations_successive_replicates_are_the_differences_themselves():
    design = replace(pairs(9.0), order=np.arange(14))
    values = rng(8).normal(size=(14, 2))
    found = covariance(values, design, "successive-replicates")
    np.testing.assert_allclose(found, successive(expanded(values, design), design), rtol=1e-11)


def test_successive_replicates_have_the_second_phase_of_what_is_not_in():
    design = mixed(part=True)
    values = rng(9).normal(size=(len(design.weight), 2))
    drawn, count = design.drawn(), design.count()
    first = 0.0
    for h in range(5):
        one = replace(design, weight=np.where(design.stratum == h, design.weight, 0.0))
        share = (1 - drawn[h] / design.size[h]) * count[h] / drawn[h] / (1 - count[h] / design.size[h])
        first = first + share * circular(values, one)
    away = np.where(count < drawn, drawn, np.inf)  # stratified, with n_h drawn stations as the population
    away = np.where(np.isinf(away), count, away)
    want = first + stratified(expanded(values, design), replace(design, size=away))
    np.testing.assert_allclose(covariance(values, design, "successive-replicates"), want, rtol=1e-11)


def unequal(method):
    pi = rng(10).uniform(0.2, 0.7, 20)
    pi[3] = 1.0
    return Structure(
        1 / pi, np.zeros(20, dtype=np.intp), np.array([50.0]), method, probability=pi, order=rng(11).permutation(20)
    )


def test_with_unequal_probabilities():
    design = unequal("sampford")
    values = rng(12).normal(size=(20, 2))
    want = brewer(expanded(values, design), design)
    np.testing.assert_allclose(covariance(values, design, "jackknife"), want, rtol=1e-12)
    listed = unequal("pps-systematic")
    rows = np.argsort(listed.order)
    rows = rows[rows != 3]
    step = expanded(values, listed)[rows][[0, -1]]
    pi = listed.probability[rows][[0, -1]].mean()
    # the formula along the line is 19 / (2 · 18) Σ; around the circle ½ Σ, with one step more
    line = successive_pps(expanded(values, listed), listed) * 18 / 19
    close = (1 - pi) / 2 * np.outer(step[0] - step[1], step[0] - step[1])
    np.testing.assert_allclose(covariance(values, listed, "successive-replicates"), line + close, rtol=1e-11)


def villages():
    """Nine villages in two strata, of 2 to 4 stations; one was certain, with part of its stations in, one is all in."""
    cluster = np.repeat(np.arange(9), [2, 3, 4, 2, 3, 4, 3, 2, 3])
    home = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])[cluster]
    chance = np.array([0.2, 0.2, 0.2, 0.2, 0.5, 1.0, 0.5, 0.5, 1.0])
    size = np.array([4.0, 6, 8, 3, 5, 9, 7, 4, 3])
    weight = (size / np.bincount(cluster) / chance)[cluster]
    return Structure(
        weight, home, np.array([60.0, 40]), "two-stage", cluster=cluster, cluster_size=size, cluster_probability=chance,
        order=np.arange(len(cluster)),
    )  # fmt: skip


def test_villages_are_left_out_whole_and_certain_ones_station_by_station():
    design = villages()
    values = rng(13).normal(size=(len(design.weight), 2))
    made = replicates(design, "jackknife")
    assert len(made.factor) == 7 + 4  # villages, and the stations of the certain one that is not all in
    assert made.df == (4 - 1) + (3 - 1) + (4 - 1)
    want = ultimate_cluster(expanded(values, design), design)
    np.testing.assert_allclose(covariance(values, design, "jackknife"), want, rtol=1e-12)
    for method in ("bootstrap", "successive-replicates"):
        factor = replicates(design, method, rng()).factor
        for village in (0, 4, 7):
            inside = factor[:, design.cluster == village]
            np.testing.assert_array_equal(inside, np.broadcast_to(inside[:, :1], inside.shape))
        assert np.all(factor[:, design.cluster == 8] == 1)


def test_a_village_stands_in_the_list_where_its_first_station_does():
    design = villages()
    order = design.order.copy()
    order[[0, 1]] = order[[1, 0]]
    other = replicates(replace(design, order=order), "successive-replicates")
    np.testing.assert_array_equal(other.factor, replicates(design, "successive-replicates").factor)


# --- what all promise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_census_has_no_variance_and_no_replicates(method):
    design = Structure(np.ones(8), np.repeat(np.arange(4), 2), np.full(4, 2.0), order=np.arange(8))
    fit = ratio_fit(rng(14).random((8, 2)), np.ones(8))
    cov, draws = replicate_covariance(fit, design.weight, replicates(design, method, rng()))
    assert np.all(cov == 0)
    assert draws.shape == (0, 2)


@pytest.mark.parametrize("method", METHODS)
def test_no_weight_is_negative_and_what_is_certain_or_not_in_is_left_alone(method):
    design = (
        mixed(part=True)
        if method in ("jackknife", "bootstrap", "successive-replicates")
        else pairs([2, 9, 9, 9, 9, 9, 9])
    )
    made = replicates(design, method, rng(), number=200)
    assert made.factor.min() >= 0
    fraction = (design.count() / design.size)[design.stratum]
    assert np.all(made.factor[:, ~design.inside | (fraction == 1)] == 1)


@pytest.mark.parametrize("method", ["jackknife", "successive-replicates"])
def test_the_order_of_rows_changes_nothing(method):
    design = mixed()
    n = len(design.weight)
    y, x, rows = rng(16).random((n, 3)), 1 + rng(17).random(n), rng(18).permutation(n)
    other = replace(design, weight=design.weight[rows], stratum=design.stratum[rows], order=design.order[rows])
    first, second = (
        replicate_covariance(ratio_fit(a, b), one.weight, replicates(one, method))[0]
        for a, b, one in ((y, x, design), (y[rows], x[rows], other))
    )
    np.testing.assert_allclose(second, first, rtol=1e-10)


def test_the_first_replicates_are_the_same_whatever_their_number():
    design = mixed()
    few, many = (replicates(design, "bootstrap", rng(), number=number).factor for number in (10, 5000))
    np.testing.assert_array_equal(many[:10], few)


def test_of_a_ratio_replicates_agree_with_the_linearised_variance():
    codes = np.repeat(np.arange(20), 20)
    x = rng(19).uniform(100, 400, 400)
    y = x[:, None] * rng(20).dirichlet([20, 15, 1], 400)
    design = Structure(np.full(400, 5.0), codes, np.full(20, 100.0))
    linear = stratified(ratio(y, x, design.weight).expanded, design)
    cov, draws = replicate_covariance(ratio_fit(y, x), design.weight, replicates(design, "jackknife"))
    np.testing.assert_allclose(cov, linear, rtol=0.01)
    np.testing.assert_allclose(draws.sum(axis=1), 1, rtol=1e-12)
    each = replicate_covariance(
        ratio_fit(y, np.column_stack([x, x, x])), design.weight, replicates(design, "jackknife")
    )
    np.testing.assert_allclose(each[0], cov, rtol=1e-9)


# --- simulation -------------------------------------------------------------------------------------------------------


def test_the_bootstrap_has_the_stratified_variance_in_expectation():
    # V̂ of R normal-like replicates has a relative standard error of √(2/R): within 4 of them, for each of 3 totals
    design = mixed()
    values = rng(21).normal(size=(len(design.weight), 3))
    number = 40_000
    cov = covariance(values, design, "bootstrap", number=number)
    want = stratified(expanded(values, design), design)
    np.testing.assert_allclose(np.diagonal(cov), np.diagonal(want), rtol=4 * (3 / number) ** 0.5)
    made = replicates(design, "bootstrap", rng(22), number=number)
    spread = made.factor.std(axis=0, ddof=1) / number**0.5
    assert np.all(np.abs(made.factor.mean(axis=0) - 1) <= 4.5 * spread)


def test_with_fewer_rows_than_units_successive_replicates_are_right_on_average():
    # 60 units on 24 rows: over random orders of values, the mean of V̂ is the simple variance (interval of 4 errors)
    design = Structure(np.full(60, 5.0), np.zeros(60, dtype=np.intp), np.array([300.0]), order=np.arange(60))
    values = rng(23).gamma(2, size=60)
    made = replicates(design, "successive-replicates", number=23)
    assert made.factor.shape == (24, 60)
    assert made.df == 23
    shuffled = rng(24).permuted(np.tile(values, (4000, 1)), axis=1).T
    cov = np.array(
        [replicate_covariance(total(shuffled[:, i : i + 1]), design.weight, made)[0][0, 0] for i in range(4000)]
    )
    want = stratified(5 * values[:, None], design)[0, 0]
    assert abs(cov.mean() - want) <= 4 * cov.std() / 4000**0.5
    assert cov.std() / want < 0.5


def test_intervals_of_drawn_samples_cover_as_often_as_they_say():
    # simple samples of 40 of 200, 500 of them: covered by the bootstrap's t interval at 95 % within a 99.9 % interval
    population = rng(25).gamma(4, size=200)
    truth, covered = population.sum(), 0
    design = Structure(np.full(40, 5.0), np.zeros(40, dtype=np.intp), np.array([200.0]))
    made = replicates(design, "bootstrap", rng(26), number=400)
    draw = rng(27)
    for _ in range(500):
        values = draw.choice(population, 40, replace=False)[:, None]
        cov, _ = replicate_covariance(total(values), design.weight, made)
        covered += abs(5 * values.sum() - truth) <= 2.023 * cov[0, 0] ** 0.5
    assert 458 <= covered <= 489  # binomial(500, 0.95), 99.9 %

"""Each variance under its own design: exactly unbiased by enumeration, or nearly so by seeded simulation.

Where all samples can be listed, the mean of the estimates is compared with the true variance to rounding. Simulations
have fixed seeds; their bounds leave room of three Monte-Carlo standard errors around what the theory promises.
"""

from functools import partial
from itertools import combinations, product

import numpy as np
import pytest

from estimation.survey import Structure
from estimation.survey.variance import (
    balanced,
    brewer,
    deville,
    hartley_rao,
    horvitz_thompson,
    local_neighbourhood,
    overton,
    stratified,
    successive,
    successive_pps,
    two_stage,
    ultimate_cluster,
    yates_grundy,
)

Y = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0])
PI = 3 * np.array([2.0, 1.0, 3.0, 1.5, 4.0, 6.0, 2.0, 4.5]) / 24


def sampford(pi, n):
    """All samples of n, their probabilities, and the joint inclusion probabilities."""
    samples = np.array(list(combinations(range(len(pi)), n)))
    odds = pi / (1 - pi)
    chance = odds[samples].prod(axis=1) * (1 - pi[samples]).sum(axis=1)
    chance /= chance.sum()
    joint = np.zeros((len(pi), len(pi)))
    for sample, p in zip(samples, chance, strict=True):
        joint[np.ix_(sample, sample)] += p
    return samples, chance, joint


SAMPFORD = sampford(PI, 3)


def test_the_samples_have_the_probabilities_asked_for():
    assert np.diagonal(SAMPFORD[2]) == pytest.approx(PI)


def sampford_estimates(function):
    """The mean estimated and the true variance of the total of Y."""
    samples, chance, joint = SAMPFORD
    found, totals = [], []
    for sample in samples:
        pi = PI[sample]
        matrix = joint[np.ix_(sample, sample)]
        codes = np.zeros(3, dtype=np.intp)
        design = Structure(1 / pi, codes, np.array([8.0]), "sampford", probability=pi, joint=matrix)
        values = (Y[sample] / pi)[:, None]
        found.append(function(values, design)[0, 0])
        totals.append(values.sum())
    truth = chance @ (np.array(totals) - Y.sum()) ** 2
    return chance @ np.array(found), truth


@pytest.mark.parametrize("function", [yates_grundy, horvitz_thompson])
def test_joint_probabilities_are_unbiased(function):
    mean, truth = sampford_estimates(function)
    assert mean == pytest.approx(truth, rel=1e-10)


@pytest.mark.parametrize("function", [brewer, deville, overton, hartley_rao])
def test_single_probabilities_are_nearly_unbiased(function):
    mean, truth = sampford_estimates(function)
    assert 0.9 < mean / truth < 1.1


# --- two stages -------------------------------------------------------------------------------------------------------

VILLAGES = np.array([[3.0, 1.0, 4.0], [1.0, 5.0, 9.0], [2.0, 6.0, 5.0], [3.0, 5.0, 8.0]])
PAIRS = np.array(list(combinations(range(4), 2)))
STATIONS = np.array(list(combinations(range(3), 2)))


def village_estimates(function, chance, probability):
    """All samples of two villages and two stations in each."""
    found, totals, weight = [], [], []
    for (villages, p), own in product(zip(PAIRS, chance, strict=True), product(STATIONS, STATIONS)):
        y = np.concatenate([VILLAGES[village][rows] for village, rows in zip(villages, own, strict=True)])
        pi = probability[villages]
        w = np.repeat(1 / pi, 2) * 1.5
        design = Structure(
            w,
            np.zeros(4, dtype=np.intp),
            np.array([12.0]),
            "two-stage",
            cluster=np.repeat([0, 1], 2),
            cluster_size=np.full(2, 3.0),
            cluster_probability=pi,
        )
        found.append(function((w * y)[:, None], design)[0, 0])
        totals.append(w @ y)
        weight.append(p / 9)
    truth = np.array(weight) @ (np.array(totals) - VILLAGES.sum()) ** 2
    return np.array(weight) @ np.array(found), truth


def test_two_stages_are_unbiased():
    mean, truth = village_estimates(two_stage, np.full(6, 1 / 6), np.full(4, 0.5))
    assert mean == pytest.approx(truth, rel=1e-10)


def test_the_first_stage_alone_lacks_a_part_of_the_second():
    mean, truth = village_estimates(partial(ultimate_cluster, correction=True), np.full(6, 1 / 6), np.full(4, 0.5))
    within = VILLAGES.var(axis=1, ddof=1).sum() * 3**2 * (1 - 2 / 3) / 2  # the second stage's V2 of all villages
    assert mean == pytest.approx(truth - within, rel=1e-10)


def test_villages_by_size_are_conservative():
    pi = 2 * np.array([0.2, 0.3, 0.2, 0.3])
    samples, chance, _ = sampford(pi, 2)
    assert samples.tolist() == PAIRS.tolist()
    mean, truth = village_estimates(ultimate_cluster, chance, pi)
    assert truth < mean < 2.5 * truth


# --- lists, maps, balance ---------------------------------------------------------------------------------------------


def population(rng, size=120):
    """Values with a smooth trend along the list, and noise."""
    return 10 + 4 * np.sin(np.arange(size) / size * 5) + rng.normal(size=size)


def judged(function, rows, y, n, *, inside=None, **more):
    """Mean estimated over true variance of the mean, for a stack of equal-probability samples."""
    total = len(y)
    seen = np.ones(rows.shape, dtype=np.bool_) if inside is None else inside
    weight = np.where(seen, 1 / seen.sum(axis=1, keepdims=True), 0.0) * total
    design = Structure(
        weight, np.zeros(n, dtype=np.intp), np.array([float(total)]), probability=np.full(n, n / total), **more
    )
    values = (weight * (y[rows] - y.mean()))[..., None]
    return float(function(values, design).mean() / np.mean(values.sum(axis=(1, 2)) ** 2))


def ordered_pivotal(rng, draws, total, n):
    """Draw samples by ordered pivotal sampling with equal probabilities (Deville and Tillé 1998)."""
    found = np.zeros((draws, n), dtype=np.intp)
    for b in range(draws):
        place, left, sample = 0, n / total, []
        for j in range(1, total):
            both, u = left + n / total, rng.random()
            if both < 1 - 1e-9:
                place = j if u < n / total / both else place
                left = both
            else:
                if u < (1 - n / total) / (2 - both):  # `place` is drawn, j goes on
                    place, out = j, place
                else:
                    out = j
                sample.append(out)
                left = both - 1
        found[b] = sorted([*sample, place][:n])
    return found


RNG = np.random.default_rng(20241127)
LINE = population(RNG)
PIVOTAL = ordered_pivotal(RNG, 1500, 120, 24)


def test_successive_differences_on_a_shuffled_list_are_unbiased():
    rng = np.random.default_rng(1)
    lists = rng.permuted(np.tile(np.arange(120), (3000, 1)), axis=1)
    starts = rng.integers(0, 5, (3000, 1))
    rows = np.take_along_axis(lists, starts + 5 * np.arange(24), axis=1)
    assert 0.92 < judged(successive, rows, LINE, 24, order=np.arange(24)) < 1.08


def test_successive_differences_see_the_trend():
    starts = np.arange(5)[:, None]
    rows = starts + 5 * np.arange(24)
    assert judged(stratified, rows, LINE, 24) > 2 * judged(successive, rows, LINE, 24, order=rows)
    assert judged(successive, rows, LINE, 24, order=rows) > 1


def test_systematic_sampling_by_size_on_a_shuffled_list_is_nearly_unbiased():
    rng = np.random.default_rng(2)
    size = rng.uniform(1, 3, 120)
    pi, y = 24 * size / size.sum(), size * LINE
    lists = rng.permuted(np.tile(np.arange(120), (3000, 1)), axis=1)
    ends = pi[lists].cumsum(axis=1)
    ends[:, -1] = 24.0
    points = rng.random((3000, 1)) + np.arange(24)
    places = np.stack([np.searchsorted(end, point, side="right") for end, point in zip(ends, points, strict=True)])
    rows = np.take_along_axis(lists, places, axis=1)
    chance = pi[rows]
    zero = np.zeros(24, dtype=np.intp)
    design = Structure(1 / chance, zero, np.array([120.0]), probability=chance, order=np.arange(24))
    values = (y[rows] / chance)[..., None]
    truth = np.mean((values.sum(axis=(1, 2)) - y.sum()) ** 2)
    assert 0.9 < successive_pps(values, design).mean() / truth < 1.1


def test_neighbours_of_a_spread_sample_are_a_little_conservative():
    assert 1.0 < judged(local_neighbourhood, PIVOTAL, LINE, 24, order=PIVOTAL) < 1.4
    assert judged(stratified, PIVOTAL, LINE, 24) > 4


@pytest.mark.parametrize("number", [20, 12, 4])
def test_returns_that_are_not_all_in_open_a_second_phase(number):
    rng = np.random.default_rng(3)
    inside = rng.permuted(np.tile(np.arange(24) < number, (1500, 1)), axis=1)
    for function in (local_neighbourhood, successive):
        assert 0.9 < judged(function, PIVOTAL, LINE, 24, inside=inside, order=PIVOTAL) < 1.25


def test_a_balanced_sample_is_nearly_unbiased():
    rng = np.random.default_rng(4)
    x = np.column_stack([np.linspace(-1, 1, 120), rng.normal(size=120)])
    y = 2 * x[:, 0] + x[:, 1] + rng.normal(size=120)
    kept = []
    while len(kept) < 1200:
        rows = rng.permuted(np.tile(np.arange(120), (20_000, 1)), axis=1)[:, :24]
        off = np.abs(x[rows].mean(axis=1) - x.mean(axis=0)).max(axis=1)  # rejective: keep what is balanced
        kept.extend(rows[off < 0.015])
    rows = np.array(kept[:1200])
    balance = np.concatenate([np.ones((*rows.shape, 1)), x[rows]], axis=2) * 24 / 120
    assert 0.9 < judged(balanced, rows, y, 24, balance=balance) < 1.12
    assert judged(stratified, rows, y, 24) > 2
    half = rng.permuted(np.tile(np.arange(24) < 12, (1200, 1)), axis=1)
    assert 0.9 < judged(balanced, rows, y, 24, inside=half, balance=balance) < 1.12

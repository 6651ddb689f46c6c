"""What every variance promises on any sample: scale, order, replicates, stations not in, a census."""

from dataclasses import replace

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
    with_replacement,
    yates_grundy,
)


def three_neighbours(values, structure):
    return local_neighbourhood(values, structure, neighbours=3)


def corrected(values, structure):
    return ultimate_cluster(values, structure, correction=True)


def circular(values, structure):
    return successive(values, structure, circular=True)


def circular_pps(values, structure):
    return successive_pps(values, structure, circular=True)


def centred(values, structure):
    return stratified(values, structure, single="centred")


def on_a_line(values, structure):
    return local_neighbourhood(values, replace(structure, spread=None))


JOINT = [horvitz_thompson, yates_grundy]
PARTIAL = [
    stratified,
    successive,
    successive_pps,
    local_neighbourhood,
    three_neighbours,
    on_a_line,
    balanced,
    with_replacement,
    brewer,
    deville,
    overton,
    hartley_rao,
    two_stage,
    ultimate_cluster,
    corrected,
    circular,
    circular_pps,
    centred,
]
ALL = PARTIAL + JOINT
N, K = 24, 3


def sample(seed, *, part=False):
    """Two strata, each of four villages with three stations in; the last of six stations are out where part."""
    rng = np.random.default_rng(seed)
    codes, villages = np.repeat([0, 1], 12), np.repeat(np.arange(8), 3)
    pi = rng.uniform(0.2, 0.6, N)
    joint = np.multiply.outer(pi, pi) * 0.9
    np.fill_diagonal(joint, pi)
    weight = 1 / pi
    if part:
        weight = np.where(rng.permuted(np.tile([1, 1, 0], (8, 1)), axis=1).ravel() > 0, 1.5 * weight, 0.0)
    structure = Structure(
        weight,
        codes,
        np.array([60.0, 60.0]),
        probability=pi,
        joint=joint,
        cluster=villages,
        cluster_size=rng.integers(4, 9, 8).astype(np.float64),
        cluster_probability=np.full(8, 0.5),
        order=rng.permutation(N),
        spread=rng.normal(size=(N, 2)),
        balance=np.column_stack([pi, rng.normal(size=N)]),
    )
    return rng.normal(size=(N, K)), structure


def shuffled(values, structure, rows):
    own = {name: getattr(structure, name)[rows] for name in ("weight", "stratum", "probability", "cluster", "order")}
    space = {name: getattr(structure, name)[rows] for name in ("spread", "balance")}
    return values[rows], replace(structure, joint=structure.joint[np.ix_(rows, rows)], **own, **space)


@pytest.mark.parametrize("function", ALL)
def test_it_scales_with_the_square_and_transforms_linearly(function):
    values, structure = sample(1)
    matrix = np.random.default_rng(2).normal(size=(K, 2))
    cov = function(values, structure)
    assert cov.shape == (K, K)
    np.testing.assert_allclose(function(1000 * values, structure), 1e6 * cov, rtol=1e-9)
    np.testing.assert_allclose(function(values @ matrix, structure), matrix.T @ cov @ matrix, rtol=1e-9)


@pytest.mark.parametrize("function", ALL)
def test_it_is_symmetric_and_where_it_is_a_sum_of_squares_not_negative(function):
    cov = function(*sample(3))
    np.testing.assert_array_equal(cov, cov.T)
    if function not in JOINT:
        assert np.linalg.eigvalsh(cov).min() >= -1e-12


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("function", PARTIAL)
def test_the_order_of_rows_changes_nothing(function, part):
    values, structure = sample(4, part=part)
    rows = np.random.default_rng(5).permutation(N)
    np.testing.assert_allclose(
        function(*shuffled(values, structure, rows)), function(values, structure), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("function", JOINT)
def test_the_order_of_rows_changes_nothing_with_joint_probabilities(function):
    values, structure = sample(4)
    rows = np.random.default_rng(5).permutation(N)
    np.testing.assert_allclose(function(*shuffled(values, structure, rows)), function(values, structure), rtol=1e-9)


@pytest.mark.parametrize("function", PARTIAL)
def test_what_a_station_that_is_not_in_would_say_changes_nothing(function):
    values, structure = sample(6, part=True)
    found = function(np.where(structure.inside[:, None], values, np.nan), structure)
    np.testing.assert_array_equal(found, function(np.where(structure.inside[:, None], values, 0.0), structure))
    assert np.all(np.isfinite(found))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("function", PARTIAL)
def test_a_stack_of_replicates_equals_the_loop(function, known):
    every = [sample(seed, part=seed % 3 > 0) for seed in range(6)]
    moving = ["weight", "order", "spread", "balance", "cluster_size"] + (["probability"] if known else [])
    stacked = {name: np.stack([getattr(design, name) for _, design in every]) for name in moving}
    rest = {} if known else {"probability": None}
    values = np.stack([values for values, _ in every])
    stack = replace(every[0][1], **stacked, **rest)
    cov = function(values, stack)
    assert cov.shape == (6, K, K)
    for b, (one, design) in enumerate(every):
        np.testing.assert_allclose(cov[b], function(one, replace(design, **rest)), rtol=1e-9, atol=1e-13)
    doubled = {name: part.reshape(2, 3, *part.shape[1:]) for name, part in stacked.items()}
    again = function(values.reshape(2, 3, N, K), replace(stack, **doubled))
    np.testing.assert_allclose(again.reshape(6, K, K), cov, rtol=1e-12)


@pytest.mark.parametrize("function", JOINT)
def test_a_stack_of_values_equals_the_loop(function):
    values, structure = sample(7)
    stack = function(np.stack([values, 2 * values]), structure)
    np.testing.assert_allclose(stack, np.stack([1, 4])[:, None, None] * function(values, structure), rtol=1e-9)


@pytest.mark.parametrize("function", [one for one in ALL if one is not with_replacement])
def test_a_census_has_no_variance(function):
    values, structure = sample(8)
    census = replace(
        structure,
        weight=np.ones(N),
        size=np.array([12.0, 12.0]),
        probability=np.ones(N),
        joint=np.ones((N, N)),
        cluster_size=np.full(8, 3.0),
        cluster_probability=np.ones(8),
    )
    assert np.all(function(values, census) == 0)


def test_many_replicates_in_blocks_equal_the_loop():
    rng = np.random.default_rng(9)
    values = rng.normal(size=(700, 150, 3))  # more than one block of kernel.BLOCK
    weight = np.where(rng.random((700, 150)) < 0.8, 2.0, 0.0)
    structure = Structure(weight, np.repeat(np.arange(3), 50), np.full(3, 100.0), order=np.arange(150))
    for function in (stratified, successive):
        stack = function(values, structure)
        for b in (0, 443, 444, 699):
            one = Structure(weight[b], structure.stratum, structure.size, order=structure.order)
            np.testing.assert_allclose(stack[b], function(values[b], one), rtol=1e-12)

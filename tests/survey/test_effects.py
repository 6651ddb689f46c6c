"""Design effects."""

import numpy as np
import pytest

from estimation.survey import Structure, ratio
from estimation.survey.effects import deff_persons, deff_stations
from estimation.survey.variance import stratified

ONE_STRATUM = np.zeros(2, dtype=np.intp)


def test_stations_by_hand():
    # θ = 4/8, d = -1, 1, S²_d = 2; V_srs = (1 - 2/4) · 4² · 2 / 2 / 16² = 1/32
    structure = Structure(np.full(2, 2.0), ONE_STRATUM, np.array([4.0]))
    y, x = np.array([[1.0], [3.0]]), np.array([4.0, 4.0])
    assert deff_stations(np.array([1 / 16]), y, x, np.array([0.5]), structure) == pytest.approx([2])


def test_a_simple_random_sample_has_design_effect_one():
    rng = np.random.default_rng(3)
    votes = rng.integers(1, 200, (9, 3)).astype(np.float64)
    structure = Structure(np.full(9, 5.0), np.zeros(9, dtype=np.intp), np.array([45.0]))
    linear = ratio(votes, votes.sum(axis=1), structure.weight)
    variance = np.diagonal(stratified(linear.expanded, structure))
    deff = deff_stations(variance, votes, votes.sum(axis=1), linear.theta, structure)
    np.testing.assert_allclose(deff, 1, rtol=1e-12)


def test_a_station_that_is_not_in_does_not_count():
    structure = Structure(np.array([2.0, 2.0, 0.0]), np.zeros(3, dtype=np.intp), np.array([4.0]))
    y, x = np.array([[1.0], [3.0], [99.0]]), np.array([4.0, 4.0, 99.0])
    assert deff_stations(np.array([1 / 16]), y, x, np.array([0.5]), structure) == pytest.approx([2])


@pytest.mark.parametrize(
    ("size", "y"), [([2.0], [[1.0], [3.0]]), ([4.0], [[2.0], [2.0]])], ids=["a census", "no difference"]
)
def test_no_variance_to_compare_with_gives_none(size, y):
    structure = Structure(np.ones(2), ONE_STRATUM, np.array(size))
    assert np.isnan(deff_stations(np.zeros(1), np.array(y), np.array([4.0, 4.0]), np.array([0.5]), structure)).all()


def test_with_replacement_the_comparison_is_with_replacement_too():
    # N is not infinite then, it is Σ w = 4: V_srs = 4² · 2 / 2 / 16² = 1/16
    structure = Structure(np.full(2, 2.0), ONE_STRATUM, np.array([np.inf]))
    y, x = np.array([[1.0], [3.0]]), np.array([4.0, 4.0])
    assert deff_stations(np.array([1 / 8]), y, x, np.array([0.5]), structure) == pytest.approx([2])


def test_persons_by_hand():
    # V = 0.01 against 0.5 · 0.5 / 100 = 0.0025; and 0.0016 against 0.2 · 0.8 / 100
    assert deff_persons(np.array([0.01, 0.0016]), np.array([0.5, 0.2]), 100.0) == pytest.approx([4, 1])


def test_persons_without_a_binomial_variance_give_none():
    assert np.isnan(deff_persons(np.zeros(2), np.array([0.0, 1.0]), 100.0)).all()

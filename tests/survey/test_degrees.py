"""Degrees of freedom: by hand, bounds, and what a simulation needs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimation.errors import EstimateError
from estimation.survey import Structure
from estimation.survey.degrees import domain_df, satterthwaite


def two_strata():
    """Variances 2 and 8 without correction, of 3 and 2 stations: V = 3·s²."""
    values = np.array([-1.0, 0.0, 1.0, -1.0, 1.0])[:, None]
    return values, Structure(np.ones(5), np.array([0, 0, 0, 1, 1]), np.array([np.inf, np.inf]))


def test_by_hand():
    # V_1 = 3 · 1, V_2 = 2 · 2: 7² / (3²/2 + 4²/1)
    assert satterthwaite(*two_strata()) == pytest.approx([49 / 20.5])


def test_a_stratum_that_is_completely_in_counts_for_nothing():
    values, structure = two_strata()
    whole = Structure(structure.weight, structure.stratum, np.array([6.0, 2.0]))
    assert satterthwaite(values, whole) == pytest.approx([2])
    # half of the first is in: V_1 = 3 · 1/2
    half = Structure(structure.weight, structure.stratum, np.array([6.0, 4.0]))
    assert satterthwaite(values, half) == pytest.approx([(1.5 + 2) ** 2 / (1.5**2 / 2 + 2**2)])


def test_a_census_has_all_units_less_strata():
    values, structure = two_strata()
    census = Structure(structure.weight, structure.stratum, np.array([3.0, 2.0]))
    assert satterthwaite(values, census).tolist() == [3]
    assert satterthwaite(np.zeros((5, 2)), structure).tolist() == [3, 3]


def test_one_stratum_has_n_less_one():
    values = np.array([[1.0, 4.0], [2.0, 4.5], [5.0, -1.0], [0.0, 0.0]])
    structure = Structure(np.ones(4), np.zeros(4, dtype=np.intp), np.array([100.0]))
    assert satterthwaite(values, structure) == pytest.approx([3, 3])


def test_stations_that_are_not_in_are_not_looked_at():
    values, structure = two_strata()
    more = np.concatenate([values, [[99.0], [np.nan]]])
    weight = np.concatenate([structure.weight, [0.0, 0.0]])
    thin = Structure(weight, np.concatenate([structure.stratum, [0, 1]]), structure.size)
    assert satterthwaite(more, thin) == pytest.approx(satterthwaite(values, structure))


def test_a_lonely_station_is_an_error():
    structure = Structure(np.ones(3), np.array([0, 0, 1]), np.array([9.0, 9.0]))
    with pytest.raises(EstimateError, match="stratum 1 has 1 station in, and a variance needs 2"):
        satterthwaite(np.ones((3, 1)), structure)


def test_villages_are_the_units_of_two_stages():
    # totals of villages: 1, 3 | 0, 4, 8; V = 2·2 and 3/2·32: 52² / (4²/1 + 48²/2)
    values = np.array([0.5, 0.5, 3.0, 0.0, 1.0, 3.0, 8.0])[:, None]
    cluster = np.array([0, 0, 1, 2, 3, 3, 4])
    stratum = np.array([0, 0, 0, 1, 1, 1, 1])
    structure = Structure(np.ones(7), stratum, np.array([50.0, 60.0]), cluster=cluster)
    assert satterthwaite(values, structure) == pytest.approx([52**2 / (16 + 48**2 / 2)])


@given(st.integers(0, 2**32 - 1), st.floats(-9, 3), st.integers(1, 6))
def test_between_the_least_stratum_and_the_sum(seed, scale, strata):
    rng = np.random.default_rng(seed)
    count = rng.integers(2, 8, strata)
    stratum = np.repeat(np.arange(strata), count)
    values = 10**scale * rng.normal(size=(3, len(stratum), 2)) * rng.lognormal(0, 2, strata)[stratum][:, None]
    structure = Structure(np.ones((3, len(stratum))), stratum, count + rng.integers(1, 50, strata).astype(float))
    df = satterthwaite(values, structure)
    assert df.shape == (3, 2)
    assert np.all(df >= (count - 1).min() - 1e-9)
    assert np.all(df <= (count - 1).sum() + 1e-9)
    for b in range(3):  # replicates are leading axes; scale drops out
        one = Structure(np.ones(len(stratum)), stratum, structure.size)
        assert satterthwaite(1e-6 * values[b], one) == pytest.approx(df[b], rel=1e-9)


def test_it_is_the_degrees_of_freedom_of_the_variance():
    """Var(V̂) = 2 V² / df for normal values (Satterthwaite's own definition), 40,000 replicates, within 3 %."""
    rng, count, spread = np.random.default_rng(5), np.array([3, 10, 30]), np.array([6.0, 1.0, 0.5])
    stratum = np.repeat([0, 1, 2], count)
    parts = count * spread**2  # expectation of n_h Σ(e - ē)²/(n_h - 1), without correction
    df = parts.sum() ** 2 / (parts**2 / (count - 1)).sum()
    values = rng.normal(size=(40_000, 43)) * spread[stratum]
    inner = np.stack([count[h] * values[:, stratum == h].var(axis=1, ddof=1) for h in range(3)], axis=1)
    total = inner.sum(axis=1)
    assert 2 * total.mean() ** 2 / total.var() == pytest.approx(df, rel=0.03)


def domains():
    stratum = np.array([0, 0, 0, 1, 1, 2])
    return Structure(np.array([1.0, 1, 0, 1, 1, 1]), stratum, np.array([9.0, 9.0, 9.0]))


def test_domain_by_hand():
    # stations 0, 1, 3 of the area are in: three, in two strata
    inside = np.array([True, True, True, True, False, False])
    assert domain_df(domains(), inside) == 1
    assert domain_df(domains(), np.ones(6, dtype=np.bool_)) == domains().df() == 2
    assert domain_df(domains(), np.zeros(6, dtype=np.bool_)) == 0


def test_domains_may_differ_by_replicate():
    inside = np.array([[True] * 6, [True, True, False, False, False, False]])
    assert domain_df(domains(), inside).tolist() == [2, 1]


def test_villages_are_the_units_of_a_domain_in_two_stages():
    cluster = np.array([0, 0, 1, 2, 2, 3])
    structure = Structure(np.ones(6), np.array([0, 0, 0, 0, 0, 1]), np.array([50.0, 60.0]), cluster=cluster)
    assert domain_df(structure, np.array([True, True, True, False, False, True])) == 1
    assert domain_df(structure, np.array([False, True, True, True, False, True])) == 2

"""Laws that every covariance keeps on any sample, found by hypothesis: scale, sign, order, replicates, a census."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimation.errors import EstimateError
from estimation.survey import Structure, ratio
from estimation.survey.variance import by_name, ultimate_cluster
from estimation.survey.variance.names import NAMES

# a draw that each variance allows
METHODS = {
    "successive": "systematic",
    "local-neighbourhood": "pivotal",
    "balanced": "cube",
    "ultimate-cluster": "two-stage",
    "two-stage": "two-stage",
}
CASES = {name: by_name(name) for name in NAMES}
CASES |= {f"stratified-{single}": by_name("stratified", single=single) for single in ("certainty", "centred")}
CASES["first-stage"] = partial(ultimate_cluster, correction=True)
MAY_BE_NEGATIVE = {"horvitz-thompson", "yates-grundy"}
QUICK = settings(max_examples=8, deadline=None)


@st.composite
def samples(draw):
    """A sample of one to three strata, each of two to four villages with two or three stations."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    villages = [draw(st.integers(2, 4)) for _ in range(draw(st.integers(1, 3)))]
    home = np.repeat(np.arange(len(villages)), villages)
    cluster = np.repeat(np.arange(len(home)), rng.integers(2, 4, len(home)))
    stratum, n = home[cluster], len(cluster)
    pi = rng.uniform(0.1, 0.8, len(villages))[stratum] * draw(st.sampled_from([1.0, rng.uniform(0.8, 1.0, n)]))
    joint = np.multiply.outer(pi, pi) * np.where(np.equal.outer(stratum, stratum), 0.9, 1.0)
    np.fill_diagonal(joint, pi)
    size = np.bincount(stratum, 1 / pi) + 1
    structure = Structure(
        1 / pi,
        stratum,
        size,
        probability=pi,
        joint=joint,
        order=rng.permutation(n),
        spread=rng.normal(size=(n, 2)),
        balance=pi[:, None],
        cluster=cluster,
        cluster_size=np.bincount(cluster) + rng.integers(0, 5, len(home)).astype(np.float64),
        cluster_probability=rng.uniform(0.1, 0.9, len(home)),
    )
    values = rng.normal(size=(n, 2)) * 10.0 ** draw(st.integers(-4, 6)) + draw(st.sampled_from([0.0, 5.0]))
    return values, structure


def fitted(name, structure):
    """Let the structure be one that the variance allows."""
    two = name in ("ultimate-cluster", "two-stage", "first-stage")
    method = METHODS.get(name, "two-stage" if two else "stratified")
    parts = {} if two else {"cluster": None, "cluster_size": None, "cluster_probability": None}
    return replace(structure, method=method, **parts)


def permuted(structure, rows):
    parts = {name: getattr(structure, name)[rows] for name in ("weight", "stratum", "probability", "order", "spread")}
    parts |= {"balance": structure.balance[rows], "joint": structure.joint[np.ix_(rows, rows)]}
    if structure.cluster is not None:
        parts["cluster"] = structure.cluster[rows]
    return replace(structure, **parts)


@pytest.mark.parametrize("name", list(CASES))
@QUICK
@given(samples())
def test_a_covariance_is_one(name, drawn):
    values, structure = drawn[0], fitted(name, drawn[1])
    cov = CASES[name](values, structure)
    size = np.abs(values).max() ** 2 * len(values)
    np.testing.assert_array_equal(cov, cov.T)
    if name not in MAY_BE_NEGATIVE:
        assert np.linalg.eigvalsh(cov).min() >= -1e-13 * size
    np.testing.assert_allclose(CASES[name](-3 * values, structure), 9 * cov, rtol=1e-9, atol=1e-12 * size)


@pytest.mark.parametrize("name", list(CASES))
@QUICK
@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_stations_changes_nothing(name, drawn, random):
    values, structure = drawn[0], fitted(name, drawn[1])
    rows = list(range(len(values)))
    random.shuffle(rows)
    one, other = CASES[name](values, structure), CASES[name](values[rows], permuted(structure, rows))
    np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12 * np.abs(values).max() ** 2 * len(values))


@pytest.mark.parametrize("name", list(CASES))
@QUICK
@given(samples())
def test_replicates_equal_the_loop(name, drawn):
    values, structure = drawn[0], fitted(name, drawn[1])
    stack = np.stack([values, 2 * values, values[::-1]])
    found = CASES[name](stack, structure)
    for b in range(3):
        scale = np.abs(values).max() ** 2 * len(values)
        np.testing.assert_allclose(found[b], CASES[name](stack[b], structure), rtol=1e-10, atol=1e-12 * scale)


@pytest.mark.parametrize("name", CASES)
@QUICK
@given(samples())
def test_a_census_has_none(name, drawn):
    values, structure = drawn[0], fitted(name, drawn[1])
    n = len(values)
    parts = {"probability": np.ones(n), "joint": np.ones((n, n)), "size": structure.count()}
    if structure.cluster is not None:
        parts["cluster_size"] = np.bincount(structure.cluster).astype(np.float64)
        parts["cluster_probability"] = np.ones(len(parts["cluster_size"]))
    assert np.all(CASES[name](values, replace(structure, weight=np.ones(n), **parts)) == 0)


@pytest.mark.parametrize("name", ["stratified", "successive", "ultimate-cluster", "two-stage"])
@QUICK
@given(samples(), st.floats(0.01, 100))
def test_shares_do_not_feel_the_scale_of_weights(name, drawn, scale):
    structure = fitted(name, drawn[1])
    votes = np.abs(np.round(drawn[0])) + 1
    found = [
        CASES[name](
            ratio(votes, votes.sum(axis=1), factor * structure.weight).expanded,
            replace(structure, weight=factor * structure.weight),
        )
        for factor in (1.0, scale)
    ]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-8, atol=1e-15)


def test_nothing_in_has_no_ratio():
    votes = np.random.default_rng(1).integers(1, 9, (6, 2)).astype(np.float64)
    with pytest.raises(EstimateError, match="a ratio's denominator is zero: no station with such votes is in: wait"):
        ratio(votes, votes.sum(axis=1), np.zeros(6))


@pytest.mark.parametrize("name", ["stratified", "successive", "deville"])
def test_one_station_in_names_its_stratum(name):
    weight = np.array([2.0, 2.0, 0.0, 2.0])
    structure = Structure(weight, np.array([0, 0, 1, 1]), np.array([4.0, 6.0]), order=np.arange(4))
    structure = replace(structure, method=METHODS.get(name, "stratified"))
    with pytest.raises(EstimateError, match="stratum 1 has 1 station in, and a variance needs 2: collapse it"):
        CASES[name](np.ones((4, 1)), structure)


@pytest.mark.parametrize("name", [name for name in CASES if name not in (*MAY_BE_NEGATIVE, "balanced")])
def test_a_stratum_of_which_nothing_is_in_is_named(name):
    structure = Structure(
        np.array([2.0, 2.0, 0.0, 0.0]),
        np.array([0, 0, 1, 1]),
        np.array([4.0, 6.0]),
        order=np.arange(4),
        cluster=np.arange(4),
        cluster_size=np.ones(4),
        cluster_probability=np.full(4, 0.5),
    )
    with pytest.raises(
        EstimateError, match=r"stratum 1 has none of its 2 drawn (station|primary unit)s in: collapse it"
    ):
        CASES[name](np.ones((4, 1)), fitted(name, structure))


def test_a_stratum_of_which_nothing_was_drawn_adds_nothing():
    structure = Structure(np.full(2, 2.0), np.zeros(2, dtype=np.intp), np.array([4.0, 9.0]))
    assert CASES["stratified"](np.array([[1.0], [3.0]]), structure) == pytest.approx(np.array([[2.0]]))

"""The covariance under stratified simple random sampling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from estimation.arrays import stratum_sums
from estimation.errors import DesignError, EstimateError
from estimation.survey import Structure, ratio
from estimation.survey.variance import stratified


@st.composite
def samples(draw):
    """Votes of a stratified sample with two to four stations in each of one to four strata."""
    taken = np.array(draw(st.lists(st.integers(2, 4), min_size=1, max_size=4)))
    size = taken + np.array(draw(st.lists(st.integers(0, 9), min_size=len(taken), max_size=len(taken))))
    codes = np.repeat(np.arange(len(taken)), taken)
    votes = draw(hnp.arrays(np.int64, (len(codes), 3), elements=st.integers(0, 300))).astype(np.float64)
    votes[:, 0] += 1
    return votes, Structure((size / taken)[codes], codes, size.astype(np.float64))


def shares_covariance(votes, structure):
    return stratified(ratio(votes, votes.sum(axis=-1), structure.weight).expanded, structure)


def test_by_hand():
    # stratum 0: N = 4, e = 1, 3:    (1 - 2/4) · 2/1 · (1 + 1)     = 2
    # stratum 1: N = 6, e = 0, 1, 2: (1 - 3/6) · 3/2 · (1 + 0 + 1) = 1.5
    expanded = np.array([[1.0], [3.0], [0.0], [1.0], [2.0]])
    structure = Structure(np.full(5, 2.0), np.array([0, 0, 1, 1, 1]), np.array([4.0, 6.0]))
    assert stratified(expanded, structure) == pytest.approx(np.array([[3.5]]))


def test_by_hand_with_replacement():
    # without the correction 1 - n/N the parts are 4 and 3
    expanded = np.array([[1.0], [3.0], [0.0], [1.0], [2.0]])
    structure = Structure(np.full(5, 2.0), np.array([0, 0, 1, 1, 1]), np.full(2, np.inf))
    assert stratified(expanded, structure) == pytest.approx(np.array([[7.0]]))


def test_covariance_by_hand():
    # one stratum, N = 4, centred (-1, 2) and (1, -2): (1 - 2/4) · 2 · ([1 -2; -2 4] + [1 -2; -2 4])
    expanded = np.array([[1.0, 5.0], [3.0, 1.0]])
    structure = Structure(np.full(2, 2.0), np.zeros(2, dtype=np.intp), np.array([4.0]))
    assert stratified(expanded, structure) == pytest.approx(np.array([[2.0, -4.0], [-4.0, 8.0]]))


def test_a_station_that_is_not_in_does_not_count():
    expanded = np.array([[1.0], [3.0], [0.0]])
    structure = Structure(np.array([2.0, 2.0, 0.0]), np.zeros(3, dtype=np.intp), np.array([4.0]))
    assert stratified(expanded, structure) == pytest.approx(np.array([[2.0]]))


def test_a_station_outside_the_domain_still_counts():
    # N = 6, n = 3, e = 1, 3, 0: (1 - 3/6) · 3/2 · (1/9 + 25/9 + 16/9) = 3.5
    expanded = np.array([[1.0], [3.0], [0.0]])
    structure = Structure(np.full(3, 2.0), np.zeros(3, dtype=np.intp), np.array([6.0]))
    assert stratified(expanded, structure) == pytest.approx(np.array([[3.5]]))


def test_a_stratum_of_one_that_is_in_contributes_nothing():
    expanded = np.array([[7.0], [1.0], [3.0]])
    structure = Structure(np.array([1.0, 2.0, 2.0]), np.array([0, 1, 1]), np.array([1.0, 4.0]))
    assert stratified(expanded, structure) == pytest.approx(np.array([[2.0]]))


def test_an_empty_stratum_contributes_nothing():
    expanded = np.array([[1.0], [3.0]])
    structure = Structure(np.full(2, 2.0), np.array([0, 0]), np.array([4.0, 9.0]))
    assert stratified(expanded, structure) == pytest.approx(np.array([[2.0]]))


def test_one_station_of_several_is_an_error():
    structure = Structure(np.ones(3), np.array([0, 1, 1]), np.array([2.0, 4.0]))
    with pytest.raises(EstimateError, match="stratum 0 has 1 station in, and a variance needs 2: collapse it"):
        stratified(np.zeros((3, 1)), structure)


def test_one_lonely_replicate_is_an_error_that_names_the_stratum():
    weight = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0]])
    structure = Structure(weight, np.array([0, 0, 1, 1]), np.array([4.0, 4.0]))
    with pytest.raises(EstimateError, match="stratum 1 has 1 station in"):
        stratified(np.zeros((2, 4, 1)), structure)


@given(samples())
def test_a_census_has_zero_variance(drawn):
    votes, structure = drawn
    census = Structure(np.ones(len(votes)), structure.stratum, structure.count())
    assert np.all(shares_covariance(votes, census) == 0)


@given(samples())
def test_rows_of_the_covariance_of_shares_sum_to_zero(drawn):
    covariance = shares_covariance(*drawn)
    assert covariance.sum(axis=0) == pytest.approx(0, abs=1e-14)
    np.testing.assert_array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() >= -1e-14


@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_stations_changes_nothing(drawn, random):
    votes, structure = drawn
    order = list(range(len(votes)))
    random.shuffle(order)
    shuffled = Structure(structure.weight[order], structure.stratum[order], structure.size)
    np.testing.assert_allclose(
        shares_covariance(votes[order], shuffled), shares_covariance(votes, structure), rtol=1e-9, atol=1e-15
    )


@given(samples())
def test_replacement_never_lowers_a_variance(drawn):
    votes, structure = drawn
    endless = Structure(structure.weight, structure.stratum, np.full(structure.strata, np.inf))
    with_replacement = np.diagonal(shares_covariance(votes, endless))
    assert np.all(with_replacement >= np.diagonal(shares_covariance(votes, structure)) - 1e-15)


def test_a_stack_of_replicates_equals_the_loop():
    rng = np.random.default_rng(2)
    expanded = rng.normal(size=(5, 12, 3))
    weight = np.where(rng.random((5, 12)) < 0.8, 2.0, 0.0)
    weight[:, [0, 1, 4, 5, 8, 9]] = 2.0  # two of each stratum are in
    size = np.array([9.0, 8.0, 12.0])
    common = np.repeat(np.arange(3), 4)
    varying = np.stack([common, common, common // 2, np.zeros(12, dtype=np.intp), common])
    for codes in (common, varying):
        stack = stratified(expanded, Structure(weight, codes, size))
        assert stack.shape == (5, 3, 3)
        for b, one in enumerate(np.broadcast_to(codes, (5, 12))):
            np.testing.assert_allclose(stack[b], stratified(expanded[b], Structure(weight[b], one, size)), rtol=1e-12)


def test_sizes_may_differ_by_replicate():
    expanded = np.array([[[1.0], [3.0]], [[1.0], [3.0]]])
    structure = Structure(np.ones((2, 2)), np.zeros(2, dtype=np.intp), np.array([[4.0], [2.0]]))
    assert stratified(expanded, structure)[:, 0, 0] == pytest.approx([2.0, 0.0])


def test_degrees_of_freedom_are_stations_in_less_strata_in():
    weight = np.array([[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0, 0.0]])
    structure = Structure(weight, np.array([0, 0, 1, 1, 1]), np.array([4.0, 6.0]))
    assert structure.df().tolist() == [3, 1]
    assert structure.count().tolist() == [[2, 3], [2, 0]]


def test_stratum_sums_by_hand():
    values = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    assert stratum_sums(values, np.array([1, 0, 1]), 3).tolist() == [[2, 20], [5, 50], [0, 0]]
    codes = np.array([[1, 0, 1], [2, 2, 2]])
    assert stratum_sums(values, codes, 3)[..., 0].tolist() == [[2, 5, 0], [0, 0, 7]]


@pytest.mark.parametrize(
    ("weight", "stratum", "text"),
    [
        ([1.0, 1.0], [0], "2 weights and 1 strata: give one stratum for each weight"),
        ([1.0, 1.0], [0, 2], "stratum codes must lie in 0 … 1, as there are 2 sizes"),
        ([1.0, 1.0], [-1, 0], "stratum codes must lie in 0 … 1"),
        ([1.0, -1.0], [0, 1], "a weight is negative or not a number"),
        ([1.0, np.nan], [0, 1], "a weight is negative or not a number"),
    ],
)
def test_a_structure_that_does_not_fit_is_an_error(weight, stratum, text):
    with pytest.raises(DesignError, match=text):
        Structure(np.array(weight), np.array(stratum), np.array([4.0, 4.0]))

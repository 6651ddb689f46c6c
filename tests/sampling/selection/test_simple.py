"""The draw: who is in, how often, and in what order."""

import numpy as np
import pytest
from scipy.stats import chi2

from estimation.errors import DesignError
from estimation.sampling.selection import simple, stratified

STRATUM = np.array([0, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0, 1])  # N_h = 5, 6, 2
TAKE = np.array([2, 3, 2])
REPLICATES = 20_000


@pytest.fixture(scope="module")
def many():
    return stratified(STRATUM, TAKE, np.random.default_rng(20241127), REPLICATES)


def test_sizes_by_stratum_and_no_station_twice(many):
    assert many.shape == (REPLICATES, 7)
    assert np.all(STRATUM[many] == [0, 0, 1, 1, 1, 2, 2])
    assert np.all(np.diff(np.sort(many, axis=1), axis=1) > 0)


def test_the_same_seed_draws_the_same():
    one, other = (stratified(STRATUM, TAKE, np.random.default_rng(5)) for _ in range(2))
    assert one.shape == (7,)
    assert one.tolist() == other.tolist()
    assert one.tolist() != stratified(STRATUM, TAKE, np.random.default_rng(6)).tolist()


def test_every_station_is_drawn_equally_often(many):
    # counts of a stratum: covariance R π (1 - π) N/(N - 1) (I - 11'/N), so their squares are χ² with N - 1
    statistic, df = 0.0, 0
    for h in range(2):
        rows = np.flatnonzero(h == STRATUM)
        counts = np.bincount(many.ravel(), minlength=len(STRATUM))[rows]
        p, size = TAKE[h] / len(rows), len(rows)
        statistic += ((counts - REPLICATES * p) ** 2).sum() / (REPLICATES * p * (1 - p) * size / (size - 1))
        df += size - 1
    assert 0.001 < chi2.sf(statistic, df) < 0.999


def test_every_sample_of_a_stratum_is_equally_likely(many):
    # 6 choose 3 = 20 samples
    drawn = np.sort(many[:, 2:5], axis=1)
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 20
    expected = REPLICATES / 20
    assert 0.001 < chi2.sf(((counts - expected) ** 2 / expected).sum(), 19) < 0.999


def test_strata_are_drawn_independently(many):
    first, second = many[:, :2], many[:, 2:5]
    both = (np.any(first == 0, axis=1) & np.any(second == 1, axis=1)).mean()
    assert both == pytest.approx(2 / 5 * 3 / 6, abs=4 * np.sqrt(0.2 * 0.8 / REPLICATES))


def test_the_order_within_a_stratum_is_random(many):
    for place in (0, 1):
        counts = np.bincount(many[:, place], minlength=12)[np.flatnonzero(STRATUM == 0)]
        expected = REPLICATES / 5
        assert 0.001 < chi2.sf(((counts - expected) ** 2 / expected).sum(), 4) < 0.999


def test_a_stratum_taken_whole_is_in_random_order_too(many):
    assert (many[:, 5] == 3).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(REPLICATES))


def test_nothing_is_drawn_where_nothing_is_allocated():
    rows = stratified(STRATUM, np.array([0, 6, 0]), np.random.default_rng(1))
    assert sorted(rows.tolist()) == [1, 4, 7, 9, 10, 12]


def shuffled(size, take, uniform):
    """Shuffle a whole list by Fisher and Yates, and stop when enough of it is in place."""
    places = list(range(size))
    for t in range(take):
        other = t + int(next(uniform) * (size - t))
        places[t], places[other] = places[other], places[t]
    return places[:take]


@pytest.mark.parametrize("mixed", [False, True])
def test_the_kernel_equals_its_twin(mixed):
    sizes, take = np.array([1, 4, 0, 300, 7, 40]), np.array([1, 0, 0, 60, 7, 20])
    codes = np.repeat(np.arange(6), sizes)
    codes = np.random.default_rng(1).permutation(codes) if mixed else codes
    drawn = stratified(codes, take, np.random.default_rng(6), 30)
    uniform = iter(np.random.default_rng(6).random(drawn.size))
    for row in drawn:
        known = [np.flatnonzero(codes == h)[shuffled(sizes[h], take[h], uniform)] for h in range(6)]
        assert row.tolist() == np.concatenate(known).tolist()


def test_the_kernel_draws_in_the_groups_chosen_and_leaves_the_rest():
    from estimation.sampling.selection import kernels

    start, stations, take = np.array([0, 4, 9]), np.array([4, 5, 2]), np.array([3, 3, 2])
    chosen, out = np.array([[0, 2], [1, 0], [2, 1]]), np.full((3, 6), -1)
    uniform = np.random.default_rng(6).random((3, 6))
    kernels.within(start, stations, take, chosen, np.zeros(0, dtype=np.intp), uniform, out)
    for r, groups in enumerate(chosen):
        following = iter(uniform[r])
        known = [start[g] + place for g in groups for place in shuffled(stations[g], take[g], following)]
        assert out[r].tolist() == known + [-1] * (6 - len(known))


@pytest.mark.parametrize("size", [0, 1, 5, 1024, 1025, 1026, 3000])
def test_codes_are_known_to_be_ascending(size):
    from estimation.sampling.selection import kernels

    codes = np.arange(size) // 3
    assert kernels.ascending_kernel(codes)
    for place in range(1, size, 7):
        falling = codes.copy()
        falling[place:] -= codes[place] + 1
        assert not kernels.ascending_kernel(falling)


def test_one_simple_sample_is_the_first_of_many_and_equals_one_stratum():
    one, many = simple(50, 9, np.random.default_rng(3)), simple(50, 9, np.random.default_rng(3), 4)
    assert many[0].tolist() == one.tolist() == shuffled(50, 9, iter(np.random.default_rng(3).random(9)))
    stratum = stratified(np.zeros(50, dtype=int), np.array([9]), np.random.default_rng(3), 4)
    assert many.tolist() == stratum.tolist()


def test_every_order_of_every_sample_is_equally_likely():
    rows = simple(5, 3, np.random.default_rng(14), REPLICATES)
    _, counts = np.unique(rows, axis=0, return_counts=True)
    assert len(counts) == 60
    expected = REPLICATES / 60
    assert 0.001 < chi2.sf(((counts - expected) ** 2 / expected).sum(), 59) < 0.999


@pytest.mark.parametrize(
    ("stratum", "allocation", "text"),
    [
        (STRATUM, [2, 7, 2], "stratum 1 has 6 stations and 7 are to be drawn: allocate between 0 and N_h"),
        (STRATUM, [2, -1, 2], "stratum 1 has 6 stations and -1 are to be drawn"),
        (STRATUM, [2, 3], r"codes lie in 0 … 2, they must lie in 0 … 1: number the 2 groups from 0"),
        (np.sort(STRATUM) - 1, [2, 3, 2], r"codes lie in -1 … 1, they must lie in 0 … 2"),
    ],
)
def test_a_stratified_sample_that_cannot_be_drawn_is_refused(stratum, allocation, text):
    with pytest.raises(DesignError, match=text):
        stratified(stratum, np.array(allocation), np.random.default_rng(1))


def test_a_simple_sample_has_all_pairs_equally_often():
    rows = simple(8, 3, np.random.default_rng(11), REPLICATES)
    assert rows.shape == (REPLICATES, 3)
    drawn = np.sort(rows, axis=1)
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 56
    expected = REPLICATES / 56
    assert 0.001 < chi2.sf(((counts - expected) ** 2 / expected).sum(), 55) < 0.999


def test_a_simple_sample_comes_in_random_order():
    first = np.bincount(simple(5, 3, np.random.default_rng(12), REPLICATES)[:, 0])
    expected = REPLICATES / 5
    assert 0.001 < chi2.sf(((first - expected) ** 2 / expected).sum(), 4) < 0.999


def test_a_simple_sample_can_be_nobody_or_everybody():
    assert simple(4, 0, np.random.default_rng(1)).shape == (0,)
    assert sorted(simple(4, 4, np.random.default_rng(1)).tolist()) == [0, 1, 2, 3]
    assert simple(4, 2, np.random.default_rng(1)).dtype == np.intp


@pytest.mark.parametrize("n", [-1, 5])
def test_a_simple_sample_larger_than_the_frame_is_refused(n):
    with pytest.raises(DesignError, match=f"n = {n} of 4 stations can't be drawn: n must lie in 0 … 4"):
        simple(4, n, np.random.default_rng(1))

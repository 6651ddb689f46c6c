"""The cube and the local cube: plain twins, balance, spread, columns that can't be balanced."""

import numpy as np
import pytest

from estimation.errors import DesignError
from estimation.sampling.selection import cube, inclusion_probabilities, kernels_cube, kernels_tree, pivotal, trees
from estimation.sampling.selection.cube import orthogonal


def flight_twin(matrix, chance, units, p, once, rng):
    """Move chances along null vectors found by least squares; gives those left open."""
    basis = []
    for unit in units:
        while True:
            held = matrix[basis, :p].T
            times = np.linalg.lstsq(held, matrix[unit, :p])[0] if basis else np.empty(0)
            if np.linalg.norm(matrix[unit, :p] - held @ times) > 1e-7:
                basis.append(unit)
                break
            moving, along = np.array([*basis, unit]), np.array([*-times, 1.0])
            active = np.abs(along) > 1e-14
            limits = np.where(along > 0, 1 - chance[moving], chance[moving])[active] / np.abs(along[active])
            backs = np.where(along > 0, chance[moving], 1 - chance[moving])[active] / np.abs(along[active])
            up, down = limits.min(), backs.min()
            chance[moving] += (up if rng.random() * (up + down) < down else -down) * along
            chance[moving] = np.where(np.abs(chance - np.round(chance)) < 1e-11, np.round(chance), chance)[moving]
            basis = [k for k in basis if 0 < chance[k] < 1]
            if once:
                return basis
            if chance[unit] in (0, 1):
                break
    return basis


def land_twin(matrix, chance, units, rng):
    for p in range(matrix.shape[1], 0, -1):
        flight_twin(matrix, chance, [k for k in units if 0 < chance[k] < 1], p, False, rng)
    return np.flatnonzero(np.round(chance))


def cube_twin(probability, matrix, rng):
    units = list(range(len(probability)))
    for i in range(len(units) - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        units[i], units[j] = units[j], units[i]
    chance = probability.copy()
    flight_twin(matrix, chance, units, matrix.shape[1], False, rng)
    return land_twin(matrix, chance, units, rng)


def local_twin(probability, matrix, points, rng):
    p, chance, left = matrix.shape[1], probability.copy(), list(range(len(probability)))
    while np.sum(open_ := (chance > 0) & (chance < 1)) > p:
        turn = int(rng.random() * len(left))
        first = left[turn]
        if not open_[first]:
            left[turn] = left[-1]
            left.pop()
            continue
        apart = ((points - points[first]) ** 2).sum(axis=1)
        near = np.argsort(np.where(open_ & (np.arange(len(chance)) != first), apart, np.inf))[:p].tolist()
        flight_twin(matrix, chance, [first, *near], p, True, rng)
    return land_twin(matrix, chance, left, rng)


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(1)
    probability = inclusion_probabilities(rng.integers(50, 600, 80), 15)
    return probability, np.column_stack([np.ones(80), rng.normal(size=(80, 3))]), rng.random((80, 2))


def test_the_kernel_equals_its_twin(case):
    probability, matrix, _ = case
    rng, twin_rng = np.random.default_rng(2), np.random.default_rng(2)
    out = np.zeros((1, 15), dtype=np.intp)
    for _ in range(20):
        kernels_cube.cube_kernel(probability, matrix, rng, out)
        assert sorted(out[0].tolist()) == cube_twin(probability, matrix, twin_rng).tolist()


def test_the_flight_equals_its_twin(case):
    probability, matrix, _ = case
    rng, twin_rng = np.random.default_rng(2), np.random.default_rng(2)
    p = matrix.shape[1]
    room = kernels_cube.room(p)
    for turn in range(20):
        units = np.random.default_rng(turn).permutation(80)
        found, known = probability.copy(), probability.copy()
        kernels_cube.flight(matrix, found, units, p, False, rng, room)
        flight_twin(matrix, known, units.tolist(), p, False, twin_rng)
        assert found == pytest.approx(known, abs=1e-9)
        assert matrix.T @ found == pytest.approx(matrix.T @ probability, abs=1e-10)


def test_the_matrix_is_orthogonal_and_spans_the_same():
    rng = np.random.default_rng(3)
    probability = inclusion_probabilities(rng.integers(50, 600, 80), 15)
    table = np.column_stack([rng.normal(2019, 1, 80), rng.random(80) * 1e6, rng.random(80)])
    matrix = orthogonal(table, probability, np.arange(80))
    assert matrix.T @ matrix / 80 == pytest.approx(np.eye(4), abs=1e-9)
    for columns in (1, 2, 3):
        known = table[:, :columns] / probability[:, None]
        fitted = matrix[:, : columns + 1] @ (matrix[:, : columns + 1].T @ known / 80)
        assert fitted == pytest.approx(known, rel=1e-9)


@pytest.mark.parametrize("size", [5, 20, 80])
def test_the_local_kernel_equals_its_twin_without_a_tree(case, size):
    n = size // 4 + 1
    probability = inclusion_probabilities(case[0][:size], n)
    tree = trees.plant(case[2][:size], np.arange(size), np.random.default_rng(4))
    chance, matrix = probability[tree.rows], case[1][tree.rows]
    out = np.zeros((10, n), dtype=np.intp)
    rng, twin_rng = np.random.default_rng(5), np.random.default_rng(5)
    kernels_cube.local_cube(chance, matrix, tree.points, tree.box, tree.depth, rng, tree.space(), tree.axes, out)
    known = [local_twin(chance, matrix, tree.points, twin_rng).tolist() for _ in range(10)]
    assert np.sort(out, axis=1).tolist() == known


@pytest.mark.parametrize("local", [False, True])
def test_totals_are_near_the_truth(local):
    rng = np.random.default_rng(6)
    size = rng.integers(100, 600, 1000)
    probability = inclusion_probabilities(size, 100)
    balance = np.column_stack([size * rng.random(1000), rng.integers(0, 2, 1000), rng.normal(5, 1, 1000)])
    rows = cube(probability, balance, rng, spread=rng.random((1000, 2)) if local else None, replicates=200)
    gap = (balance / probability[:, None])[rows].sum(axis=1) - balance.sum(axis=0)
    # the landing decides on at most p = 4 stations, whose chances move by less than 1 each
    centred = balance / probability[:, None] - np.mean(balance / probability[:, None], axis=0)
    assert np.all(np.abs(gap) <= 4 * np.abs(centred).max(axis=0))
    free = pivotal(probability, rng, order=rng.permutation(1000), replicates=200)
    loose = (balance / probability[:, None])[free].sum(axis=1) - balance.sum(axis=0)
    assert np.all(gap.std(axis=0) < 0.3 * loose.std(axis=0))
    assert np.all(np.abs(gap.mean(axis=0)) < 4 * gap.std(axis=0) / np.sqrt(200))


def test_strata_as_balance_variables_give_fixed_sizes():
    stratum = np.repeat(np.arange(5), 40)
    indicators = (stratum[:, None] == np.arange(1, 5)) * 1.0
    rows = cube(np.full(200, 0.1), indicators, np.random.default_rng(7), replicates=50)
    assert np.all(stratum[rows].reshape(50, 20) == np.repeat(np.arange(5), 4))


def test_rounding_does_not_grow_with_the_frame():
    rng = np.random.default_rng(9)
    probability = inclusion_probabilities(rng.integers(100, 600, 50_000), 500)
    matrix = np.column_stack([np.ones(50_000), rng.normal(size=(50_000, 6))])
    chance = probability.copy()
    kernels_cube.flight(matrix, chance, np.arange(50_000), 7, False, rng, kernels_cube.room(7))
    assert matrix.T @ chance == pytest.approx(matrix.T @ probability, abs=1e-6)
    assert ((chance > 0) & (chance < 1)).sum() <= 7


def test_the_local_cube_is_spread():
    rng = np.random.default_rng(10)
    points = rng.random((400, 2))
    rows = cube(np.full(400, 0.1), rng.random((400, 1)), rng, spread=points, replicates=100)
    quarter = (points[:, 0] < 0.5) * 2 + (points[:, 1] < 0.5)
    found = np.array([np.bincount(quarter[row], minlength=4) for row in rows])
    expected = np.bincount(quarter) * 0.1
    assert np.all(np.mean((found - expected) ** 2, axis=0) < 0.35 * expected * 0.75)  # of a free sample's variance


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda p, x: np.column_stack([x, p]), r"column 1 is proportional to the inclusion probabilities"),
        (lambda p, x: np.column_stack([x, x**2, 3 * x - 2 * p]), "column 2 is a combination of the columns before it"),
        (lambda p, x: np.column_stack([x * 0, x]), "column 0 is proportional to the inclusion probabilities"),
        (lambda p, x: x[:5], r"balance has shape \(5, 1\): give one row for each of the 14 stations"),
        (lambda p, x: np.where(x == x[2], np.nan, x), "balance column 0 has no number in row 2: fill it in or leave"),
    ],
    ids=["proportional", "combination", "zero", "shape", "missing"],
)
def test_columns_that_cannot_be_balanced_are_named(make, text, small):
    with pytest.raises(DesignError, match=text):
        cube(small.probability, make(small.probability, small.balance[:, 0]), np.random.default_rng(1))


def test_a_constant_is_named_where_the_probabilities_are_constant():
    with pytest.raises(DesignError, match="column 0 is proportional"):
        cube(np.full(20, 0.5), np.full(20, 7.0), np.random.default_rng(1))


def test_the_tree_finds_the_nearest_whatever_was_taken_out():
    rng = np.random.default_rng(2)
    tree = trees.plant(rng.random((300, 2)), np.arange(300), rng)
    chance, space = np.full(300, 0.5), tree.space()
    kernels_tree.begin(chance, tree.points, tree.box, tree.depth, space)
    _, _, alive, around, count = space
    near, distance = np.empty(5, np.intp), np.empty(5)
    room = np.empty(2), np.empty(tree.depth + 2, np.intp), np.empty(tree.depth + 2)
    for place in rng.permutation(300)[:299]:
        chance[place] = rng.integers(0, 2)
        kernels_tree.take_out(place, tree.depth, alive, around, count)
        point, *others = np.flatnonzero(chance == 0.5)
        known = np.sort(((tree.points[others] - tree.points[point]) ** 2).sum(axis=1))[:5]
        found = kernels_tree.nearest(point, tree.depth, alive, around, near, distance, *room, tree.axes)
        assert found == min(5, len(others))
        assert distance[:found] == pytest.approx(known)
        assert len(set(near[:found].tolist()) & set(others)) == found
        assert np.array_equal(alive[point], tree.points[point])

"""The pivotal methods: plain twins, balance along the list, spread in space."""

import numpy as np
import pytest

from estimation.errors import DesignError
from estimation.sampling.selection import inclusion_probabilities, kernels, kernels_tree, pivotal, sampford, trees


def meet(first, second, uniform):
    both = first + second
    if both < 1:
        return (both, 0.0) if uniform < first / both else (0.0, both)
    return (1.0, both - 1) if uniform < (1 - second) / (2 - both) else (both - 1, 1.0)


def is_open(chance):
    return (chance > 1e-11) & (chance < 1 - 1e-11)


def ordered_twin(probability, rng):
    chance = list(probability)
    holder = 0
    for k in range(1, len(chance)):
        if not is_open(chance[holder]):
            holder = k
            continue
        chance[holder], chance[k] = meet(chance[holder], chance[k], rng.random())
        if not is_open(chance[holder]):
            holder = k
    return np.flatnonzero(np.round(chance))


def local_twin(probability, points, rng):
    chance, left = probability.copy(), list(range(len(probability)))
    while np.sum(open_ := is_open(chance)) > 1:
        turn = int(rng.random() * len(left))
        first = left[turn]
        if not open_[first]:
            left[turn] = left[-1]
            left.pop()
            continue
        apart = ((points - points[first]) ** 2).sum(axis=1)
        second = int(np.argmin(np.where(open_ & (np.arange(len(chance)) != first), apart, np.inf)))
        chance[first], chance[second] = meet(chance[first], chance[second], rng.random())
    return np.flatnonzero(np.round(chance))


@pytest.mark.parametrize("equal", [False, True])
def test_the_ordered_kernel_equals_its_twin(equal):
    sizes = np.ones(60) if equal else np.random.default_rng(1).integers(50, 600, 60)
    probability = inclusion_probabilities(sizes, 12)
    out = np.zeros((100, 12), dtype=np.intp)
    kernels.pivotal_kernel(probability, np.arange(60), np.random.default_rng(2), out)
    rng = np.random.default_rng(2)
    assert np.sort(out, axis=1).tolist() == [ordered_twin(probability, rng).tolist() for _ in range(100)]


@pytest.mark.parametrize("sides", [1, 2, 3])
@pytest.mark.parametrize("size", [2, 5, 40, 300])
def test_the_local_kernel_equals_its_twin_without_a_tree(size, sides):
    n = size // 4 + 1
    probability = inclusion_probabilities(np.random.default_rng(1).integers(50, 600, size), n)
    tree = trees.plant(np.random.default_rng(3).normal(size=(size, sides)), np.arange(size), np.random.default_rng(4))
    chance = probability[tree.rows]
    out = np.zeros((10, n), dtype=np.intp)
    rng = np.random.default_rng(5)
    kernels_tree.local_pivotal(chance, tree.points, tree.box, tree.depth, rng, tree.space(), tree.axes, out)
    rng = np.random.default_rng(5)
    assert np.sort(out, axis=1).tolist() == [local_twin(chance, tree.points, rng).tolist() for _ in range(10)]


def test_a_tree_holds_every_row_in_the_box_of_its_leaf():
    spread = np.random.default_rng(3).integers(0, 9, (500, 2)) * 1.0
    tree = trees.plant(spread, np.arange(500), np.random.default_rng(4))
    assert sorted(tree.rows) == list(range(500))
    assert np.array_equal(spread[tree.rows], tree.points)
    leaf = np.array([kernels_tree.leaf_of(place, 500, tree.depth) for place in range(500)])
    assert np.all((tree.points >= tree.box[leaf, 0]) & (tree.points <= tree.box[leaf, 1]))
    assert np.bincount(leaf)[1 << tree.depth :].max() <= kernels_tree.BUCKET


def test_neighbours_that_share_their_place_are_no_burden():
    # 20,000 stations at 10 places: a search must not walk through all of a place
    spread = np.random.default_rng(3).integers(0, 10, 20_000) * 1.0
    drawn = pivotal(np.full(20_000, 0.01), np.random.default_rng(1), spread=spread)
    by_place = np.bincount(spread[drawn].astype(int)) - np.bincount(spread.astype(int)) * 0.01
    assert np.abs(by_place).max() < 2


def test_every_stretch_of_the_list_has_its_share(small):
    probability = np.full(120, 0.1)
    drawn = pivotal(probability, np.random.default_rng(1), order=np.arange(119, -1, -1), replicates=500)
    for end in range(1, 120):
        assert np.all(np.abs((drawn >= 120 - end).sum(axis=1) - end * 0.1) < 1)


def imbalance(drawn, points, probability):
    """Stevens and Olsen's measure: the variance of π summed over the Voronoi cell of each station drawn."""
    apart = ((points[:, None] - points[drawn]) ** 2).sum(axis=-1)
    return np.var(np.bincount(apart.argmin(axis=1), weights=probability, minlength=len(drawn)))


def test_local_pivotal_samples_are_spread():
    rng = np.random.default_rng(8)
    points = rng.random((400, 2))
    probability = inclusion_probabilities(rng.integers(50, 600, 400), 40)
    local = pivotal(probability, rng, spread=points, replicates=60)
    free = sampford(probability, rng, 60)
    mean = [np.mean([imbalance(rows, points, probability) for rows in drawn]) for drawn in (local, free)]
    assert mean[0] < 0.4 * mean[1]
    assert mean[0] == pytest.approx(0.10, abs=0.05)


def test_order_and_spread_together_are_refused(small):
    with pytest.raises(DesignError, match="both order and spread are given: leave out one"):
        pivotal(small.probability, np.random.default_rng(1), order=small.order, spread=small.spread)


@pytest.mark.parametrize(
    ("spread", "text"),
    [
        (np.zeros((3, 2)), r"spread has shape \(3, 2\): give one row for each of the 14 stations"),
        (
            np.where(np.arange(28).reshape(14, 2) == 5, np.nan, 1.0),
            "spread column 1 has no number in row 2: fill it in",
        ),
    ],
)
def test_coordinates_that_cannot_be_used_are_refused(spread, text, small):
    with pytest.raises(DesignError, match=text):
        pivotal(small.probability, np.random.default_rng(1), spread=spread)

"""Systematic samples: the plain twin, the edge where a station gets lost, joint probabilities."""

import json
from pathlib import Path

import numpy as np
import pytest

from estimation.errors import DesignError
from estimation.sampling.selection import inclusion_probabilities, systematic, systematic_joint

REFERENCE = json.loads((Path(__file__).parents[2] / "reference/expected_selection.json").read_text())


class Start:
    """Gives the starts that it was made with, in place of random ones."""

    def __init__(self, *starts):
        self.starts = np.array(starts)

    def random(self, size):
        assert size == len(self.starts)
        return self.starts


def twin(probability, starts, n, order=None):
    order = np.arange(len(probability)) if order is None else order
    boundary = np.minimum(np.cumsum(probability[order]), n)
    boundary[-1] = n
    return np.array([order[np.searchsorted(boundary, start + np.arange(n), side="right")] for start in starts])


@pytest.mark.parametrize("ordered", [False, True])
def test_the_kernel_equals_its_twin(ordered):
    rng = np.random.default_rng(5)
    probability = inclusion_probabilities(rng.integers(50, 600, 1000), 70)
    order = rng.permutation(1000) if ordered else None
    starts = rng.random(40)
    assert np.array_equal(
        systematic(probability, Start(*starts), order=order, replicates=40), twin(probability, starts, 70, order)
    )


def test_by_hand():
    # boundaries 0.5, 0.7, 1.6, 2: the points 0.55 and 1.55
    assert systematic([0.5, 0.2, 0.9, 0.4], Start(0.55)).tolist() == [1, 2]
    # in the order 3 2 1 0 they are 0.4, 1.3, 1.5, 2: the points 0.2 and 1.2, 0.45 and 1.45
    drawn = systematic([0.5, 0.2, 0.9, 0.4], Start(0.45, 0.2), order=[3, 2, 1, 0], replicates=2)
    assert drawn.tolist() == [[2, 1], [3, 2]]


def test_a_certain_station_keeps_its_place_in_the_list():
    assert systematic([0.5, 1, 0, 0.5], Start(0.7)).tolist() == [1, 3]
    assert systematic([0.5, 1, 0, 0.5], Start(0.2)).tolist() == [0, 1]


@pytest.mark.parametrize("start", [0.0, 2.0**-53, 0.1, 0.9, 1 - 2.0**-53])
@pytest.mark.parametrize(("size", "n"), [(100, 10), (10, 9), (1008, 100), (823, 300), (7, 7)])
def test_rounding_never_loses_or_doubles_a_station(size, n, start):
    drawn = systematic(np.full(size, n / size), Start(start))
    assert len(set(drawn.tolist())) == n


def test_equal_probabilities_are_a_fractional_interval():
    # 100 of 1,008: gaps of 10 or 11, and never another
    drawn = systematic(np.full(1008, 100 / 1008), np.random.default_rng(1), replicates=50)
    assert set(np.unique(np.diff(drawn, axis=1))) == {10, 11}


@pytest.mark.parametrize("case", ["pi6", "pi12"])
def test_joint_probabilities_agree_with_the_reference(case):
    probability = np.array(REFERENCE[case]["pik"])
    assert systematic_joint(probability) == pytest.approx(np.array(REFERENCE[case]["exact"]["systematic"]), abs=1e-9)


def test_joint_probabilities_sum_to_n_times_single_ones_in_any_order(small):
    joint = systematic_joint(small.probability, small.order)
    assert joint.sum(axis=1) == pytest.approx(small.n * small.probability, abs=1e-12)
    assert np.array_equal(joint[7], small.probability)
    assert not joint[11].any()
    back = np.argsort(small.order)
    along = systematic_joint(small.probability[small.order])
    assert joint == pytest.approx(along[np.ix_(back, back)], abs=1e-12)


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 1, 2, 2], [1, 2, 3, 4]])
def test_an_order_that_is_none_is_refused(order):
    with pytest.raises(DesignError, match=r"order must name each of the 4 rows once: give numpy\.argsort"):
        systematic([0.5, 0.5, 0.5, 0.5], np.random.default_rng(1), order=order)

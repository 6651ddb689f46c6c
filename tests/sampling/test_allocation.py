"""Proportional allocation."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimation.errors import DesignError
from estimation.sampling import proportional

REFERENCE = Path(__file__).parents[1] / "reference" / "expected_allocation.json"
CASES = {name: case for name, case in json.loads(REFERENCE.read_text(encoding="utf-8")).items() if name != "strata"}


def allocate(n, size, minimum=2):
    return proportional(n, np.array(size, dtype=np.float64), minimum).tolist()


@pytest.mark.parametrize(
    ("n", "size", "minimum", "expected"),
    [
        (10, [50, 30, 20], 2, [5, 3, 2]),
        (10, [33, 33, 34], 2, [3, 3, 4]),  # 3.3, 3.3, 3.4: the largest remainder gets the tenth
        (5, [10, 10], 2, [3, 2]),  # 2.5, 2.5: the first of equals
        (10, [90, 5, 5], 2, [6, 2, 2]),  # 9, 0.5, 0.5: both are raised, the rest goes to the first
        (10, [90, 5, 5], 1, [8, 1, 1]),
        (10, [1, 99], 2, [1, 9]),  # a stratum of one is taken whole
        (12, [60, 30, 12], 3, [6, 3, 3]),  # 7.06, 3.53, 1.41; then 9 to share as 6, 3
        (11, [60, 30, 12], 3, [5, 3, 3]),  # then 8 to share as 5.33, 2.67, and that is raised too
        (6, [9, 9, 9], 2, [2, 2, 2]),
        (27, [9, 9, 9], 2, [9, 9, 9]),
    ],
)
def test_by_hand(n, size, minimum, expected):
    assert allocate(n, size, minimum) == expected


@pytest.mark.parametrize("name", list(CASES))
def test_whole_numbers_equal_the_reference(name):
    case = CASES[name]
    assert allocate(case["n"], case["N_h"], case["minimum"]) == case["proportional"]["integer_bounded"]


@pytest.mark.parametrize("name", list(CASES))
def test_whole_numbers_are_the_real_ones_rounded_up_or_down(name):
    case = CASES[name]
    difference = np.array(allocate(case["n"], case["N_h"], case["minimum"])) - case["proportional"]["real_bounded"]
    assert np.all(np.abs(difference) < 1)


@st.composite
def requests(draw):
    """Sizes of strata, a minimum, and an n that is possible."""
    size = np.array(draw(st.lists(st.integers(1, 500), min_size=1, max_size=12)))
    minimum = draw(st.integers(1, 5))
    n = draw(st.integers(int(np.minimum(size, minimum).sum()), int(size.sum())))
    return n, size, minimum


@given(requests())
def test_it_adds_up_and_keeps_its_bounds(request_):
    n, size, minimum = request_
    allocation = np.array(allocate(n, size, minimum))
    assert allocation.sum() == n
    assert np.all(allocation >= np.minimum(size, minimum))
    assert np.all(allocation <= size)


@given(requests())
def test_a_larger_stratum_never_gets_fewer(request_):
    n, size, minimum = request_
    size = np.sort(size)[::-1]
    assert np.all(np.diff(allocate(n, size, minimum)) <= 0)


def test_more_than_there_are_is_an_error():
    with pytest.raises(DesignError, match="n = 31 is more than the 30 stations there are: ask for 30 or fewer"):
        allocate(31, [10, 20])


def test_fewer_than_the_minima_is_an_error():
    with pytest.raises(DesignError, match="n = 4 is too few for 3 strata with at least 2 stations each: they need 5"):
        allocate(4, [1, 10, 20])

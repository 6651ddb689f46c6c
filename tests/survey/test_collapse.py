"""Taking strata together: the documented rule by hand, then its promises on any counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimation.survey import collapse

LARGE = np.full(6, 10.0)
TWO_AREAS = [np.array([0, 0, 0, 1, 1, 1])]
TWO_LEVELS = [np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 0, 1, 1])]


def groups(count, parents=(), size=LARGE, **more):
    return collapse(
        np.array(count, dtype=np.float64), np.asarray(size, dtype=np.float64), list(parents), **more
    ).tolist()


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ([2, 2, 2, 2, 2, 2], [0, 1, 2, 3, 4, 5]),  # nothing to do
        ([1, 3, 2, 2, 2, 2], [0, 0, 1, 2, 3, 4]),  # joins the next
        ([2, 2, 1, 2, 2, 2], [0, 1, 1, 2, 3, 4]),  # the last of its area joins the one before
        ([2, 2, 2, 1, 2, 2], [0, 1, 2, 3, 3, 4]),  # the first of its area joins the next, not the area before
        ([2, 2, 2, 2, 2, 1], [0, 1, 2, 3, 4, 4]),  # the last of all
        ([1, 1, 2, 2, 2, 2], [0, 0, 1, 2, 3, 4]),  # two that are too small are enough for each other
        ([0, 1, 1, 2, 2, 2], [0, 0, 0, 1, 2, 3]),  # goes on until there is enough
        ([2, 1, 0, 2, 2, 2], [0, 0, 0, 1, 2, 3]),  # what is still too small at the end goes back as a whole
        ([1, 0, 0, 2, 2, 2], [0, 0, 0, 0, 1, 2]),  # an area that is too small joins the next area
        ([2, 2, 2, 0, 0, 1], [0, 1, 2, 2, 2, 2]),  # and the last area the one before
        ([0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]),  # never enough: all are one
        ([0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]),
    ],
)
def test_one_parent_level_by_hand(count, expected):
    assert groups(count, TWO_AREAS) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ([1, 0, 3, 3, 2, 2], [0, 0, 0, 1, 2, 3]),  # first its own area, then the next of the same wider area
        ([3, 3, 1, 0, 2, 2], [0, 1, 1, 1, 2, 3]),  # the last of the wider area goes back inside it
        ([2, 2, 2, 2, 1, 0], [0, 1, 2, 3, 3, 3]),  # the wider area itself is too small
        ([1, 0, 0, 0, 2, 2], [0, 0, 0, 0, 0, 1]),
    ],
)
def test_two_parent_levels_by_hand(count, expected):
    assert groups(count, TWO_LEVELS) == expected


def test_without_parents_the_frame_is_the_area():
    assert groups([2, 1, 2, 2, 2, 1]) == [0, 1, 1, 2, 3, 3]


def test_what_is_completely_in_needs_no_partner():
    assert groups([1, 3, 2, 2, 2, 2], TWO_AREAS, size=[1, 10, 10, 10, 10, 10]) == [0, 1, 2, 3, 4, 5]
    assert groups([1, 3, 1, 2, 2, 2], TWO_AREAS, size=[1, 10, 10, 10, 10, 10]) == [0, 1, 1, 2, 3, 4]


def test_what_is_completely_in_needs_no_partner_however_much_is_needed():
    assert groups([2, 1, 9, 9, 9, 9], size=[2, 1, 20, 20, 20, 20], needed=4) == [0, 1, 2, 3, 4, 5]
    assert groups([1, 1, 9, 9, 9, 9], size=[2, 1, 20, 20, 20, 20], needed=4) == [0, 0, 0, 1, 2, 3]


def test_strata_may_need_different_numbers():
    assert groups([1, 1, 3, 2, 2, 2], needed=np.array([1, 2, 4, 1, 1, 1])) == [0, 1, 1, 2, 3, 4]


def test_a_group_needs_as_many_as_its_most_demanding_stratum():
    # 1 + 3 are enough for the first stratum and not for the second
    assert groups([1, 3, 2, 2, 2, 2], needed=np.array([2, 5, 2, 2, 2, 2])) == [0, 0, 0, 1, 2, 3]


def test_groups_that_exist_stay_together():
    start = np.array([0, 0, 1, 2, 3, 3])
    assert groups([2, 2, 2, 2, 2, 2], TWO_AREAS, start=start) == [0, 0, 1, 2, 3, 3]
    assert groups([1, 0, 2, 2, 2, 2], TWO_AREAS, start=start) == [0, 0, 0, 1, 2, 2]
    assert groups([2, 2, 2, 2, 0, 1], TWO_AREAS, start=start) == [0, 0, 1, 2, 2, 2]


def test_a_group_that_spans_two_areas_joins_in_the_second():
    start = np.array([0, 1, 2, 2, 3, 3])
    assert groups([2, 2, 1, 1, 2, 2], TWO_AREAS, start=start) == [0, 1, 2, 2, 3, 3]
    assert groups([2, 2, 1, 0, 2, 2], TWO_AREAS, start=start) == [0, 1, 2, 2, 2, 2]


def test_a_group_that_spans_two_whole_areas_waits_for_the_wider_one():
    start, parents = np.array([0, 1, 2, 2, 3, 4]), [np.array([0, 0, 0, 1, 2, 2])]
    assert groups([2, 2, 1, 0, 2, 2], parents, start=start) == [0, 1, 2, 2, 2, 3]


def test_groups_are_numbered_in_order():
    assert groups([2, 2, 2, 2, 2, 2], start=np.array([7, 7, 3, 9, 9, 1])) == [0, 0, 1, 2, 2, 3]


@st.composite
def cases(draw):
    """Counts, sizes, needs, nested parents and perhaps groups that exist; three replicates."""
    strata = draw(st.integers(1, 10))
    numbers = st.lists(st.integers(0, 5), min_size=strata, max_size=strata)
    count = np.array([draw(numbers) for _ in range(3)], dtype=np.float64)
    size = np.maximum(count.max(axis=0) + np.array(draw(numbers)), 1)
    need = np.array(draw(st.lists(st.integers(1, 3), min_size=strata, max_size=strata)))
    steps = st.lists(st.booleans(), min_size=strata, max_size=strata)
    near = np.cumsum(draw(steps))
    wide = np.cumsum(np.array(draw(steps)) & np.diff(near, prepend=near[0]).astype(bool))
    start = np.array([np.cumsum(draw(steps)) for _ in range(3)]) if draw(st.booleans()) else None
    return count, size, [near, wide], need, start


@given(cases())
def test_every_group_has_what_it_needs_or_is_the_whole(case):
    count, size, parents, need, start = case
    found = collapse(count, size, parents, needed=need, start=start)
    for b, group in enumerate(found):
        for g in range(group.max() + 1):
            own = group == g
            inside = count[b, own].sum()
            assert inside >= need[own].max() or inside == size[own].sum() or own.all()


@pytest.mark.parametrize(
    ("count", "size", "needed"),
    [
        ([3, 1, 0], [9, 9, 9], np.array([2, 1, 2])),  # not 0 1 1: one in for a stratum that needs two
        ([3, 1, 0], [9, 1, 3], 2),  # not 0 1 1: one in of four
    ],
)
def test_what_the_last_joins_is_enough_for_it(count, size, needed):
    assert groups(count, size=size, needed=needed) == [0, 0, 0]


@given(cases())
def test_groups_are_neighbours_and_what_exists_stays_together(case):
    count, size, parents, need, start = case
    found = collapse(count, size, parents, needed=need, start=start)
    steps = np.diff(found, axis=1)
    assert np.all(found[:, 0] == 0)
    assert np.all((steps == 0) | (steps == 1))
    if start is not None:
        assert np.all(steps[np.diff(start, axis=1) == 0] == 0)


@given(cases())
def test_a_stack_of_replicates_equals_the_loop(case):
    count, size, parents, need, start = case
    stack = collapse(count, size, parents, needed=need, start=start)
    for b in range(len(count)):
        one = collapse(count[b], size, parents, needed=need, start=None if start is None else start[b])
        np.testing.assert_array_equal(stack[b], one)


@given(cases())
def test_nothing_is_joined_where_all_have_enough(case):
    _, size, parents, need, _ = case
    for count in (size, np.minimum(need, size)):
        assert collapse(count, size, parents, needed=need).tolist() == list(range(len(size)))

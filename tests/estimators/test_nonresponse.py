"""Weights and strata of what is in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimation.estimators import weight_responding
from estimation.rules import Notice
from estimation.sampling import Strata, sample_of
from estimation.survey.variance import stratified


def sample(size, drawn, parents=None, notes=()):
    """A sample with so many drawn of each stratum's stations; all strata in one area, or as `parents` say."""
    size, drawn = np.array(size), np.array(drawn)
    codes = np.repeat(np.arange(len(size)), size)
    rows = np.concatenate([np.flatnonzero(codes == h)[:n] for h, n in enumerate(drawn)])
    labels = tuple(f"P / R / S{h}" for h in range(len(size)))
    area = np.zeros(len(size), dtype=np.intp) if parents is None else np.array(parents)
    strata = Strata("district", codes, labels, size.astype(np.float64), (area,))
    return sample_of(rows, (drawn / size)[codes[rows]], strata, "stratified", notes=notes)


def seen(*pattern):
    return np.array([mark == "x" for mark in "".join(pattern)])


def codes_of(arrival):
    return [note.code for note in arrival.notes]


def test_a_full_sample_has_the_weights_of_the_design():
    drawn = sample([10, 20, 9], [2, 4, 3])
    arrival = weight_responding(drawn, seen("xx", "xxxx", "xxx"))
    np.testing.assert_allclose(arrival.structure.weight, 1 / drawn.probability, rtol=1e-15)
    assert arrival.group.tolist() == [0, 1, 2]
    assert arrival.structure.size.tolist() == [10, 20, 9]
    assert arrival.structure.stratum.tolist() == drawn.stratum.tolist()
    assert (float(arrival.strata_in), arrival.notes) == (3, ())


def test_those_in_stand_for_their_stratum():
    arrival = weight_responding(sample([10, 20], [2, 4]), seen("xx", "x..x"))
    assert arrival.structure.weight.tolist() == [5, 5, 10, 0, 0, 10]  # 10/2 and 20/2
    assert arrival.group.tolist() == [0, 1]


def test_one_of_several_shares_a_weight_with_the_next():
    # N_g / Σ 1/π = (15 + 10) / (5 + 2·5) = 5/3, so that w = 25/3, three in for 25
    arrival = weight_responding(sample([15, 10], [3, 2]), seen("x..", "xx"))
    assert arrival.structure.weight == pytest.approx([25 / 3, 0, 0, 25 / 3, 25 / 3])
    assert arrival.group.tolist() == [0, 0]
    assert arrival.structure.size.tolist() == [25, 0]
    assert arrival.notes == (Notice("W301", {"group": "S0 + S1"}),)


def test_unequal_probabilities_stay_in_proportion():
    # N_g / Σ 1/π = (15 + 20) / (5 + 2·10) = 7/5: 5 becomes 7 and 10 becomes 14
    arrival = weight_responding(sample([15, 20], [3, 2]), seen("x..", "xx"))
    assert arrival.structure.weight == pytest.approx([7, 0, 0, 14, 14])


def test_one_of_one_keeps_its_weight_and_shares_a_variance():
    arrival = weight_responding(sample([5, 12], [1, 3]), seen("x", "xx."))
    assert arrival.structure.weight.tolist() == [5, 6, 6, 0]
    assert arrival.group.tolist() == [0, 0]
    assert codes_of(arrival) == ["W301"]


def test_a_stratum_of_one_station_that_is_in_stands_alone():
    arrival = weight_responding(sample([1, 12], [1, 3]), seen("x", "xx."))
    assert arrival.structure.weight.tolist() == [1, 6, 6, 0]
    assert arrival.group.tolist() == [0, 1]
    assert arrival.notes == ()


def test_empty_strata_are_said():
    arrival = weight_responding(sample([10, 10, 10], [2, 2, 2]), seen("xx", "..", "xx"))
    assert arrival.group.tolist() == [0, 1, 1]
    assert arrival.structure.weight == pytest.approx([5, 5, 0, 0, 10, 10])
    assert arrival.notes == (Notice("W302", {"count": 1, "strata": 3}), Notice("W301", {"group": "S1 + S2"}))
    assert arrival.notes[0].text == "strata without any return yet: 1 of 3"


def test_strata_without_a_drawn_station_are_said_and_stood_for():
    arrival = weight_responding(sample([10, 7, 10], [2, 0, 2]), seen("xx", "xx"))
    assert arrival.structure.weight == pytest.approx([5, 5, 8.5, 8.5])
    assert codes_of(arrival) == ["W313", "W301"]
    assert arrival.notes[0].text == "stations in strata of which none was drawn: 7"


def test_neighbours_of_the_same_area_go_together():
    drawn = sample([10, 10, 10, 10], [2, 2, 2, 2], parents=[0, 0, 1, 1])
    assert weight_responding(drawn, seen("xx", "x.", "xx", "xx")).group.tolist() == [0, 0, 1, 2]
    assert weight_responding(drawn, seen("xx", "xx", "x.", "xx")).group.tolist() == [0, 1, 2, 2]
    assert weight_responding(drawn, seen("x.", "..", "xx", "xx")).group.tolist() == [0, 0, 0, 1]


def test_the_sample_s_own_notes_come_first_and_many_groups_are_counted():
    strata = 20
    drawn = sample([10] * strata, [2] * strata, notes=(Notice("W303"),))
    arrival = weight_responding(drawn, seen("x." * strata))
    assert codes_of(arrival) == ["W303", "W301"]
    assert arrival.notes[1].values["group"].startswith("S0 + S1; S2 + S3; ")
    assert arrival.notes[1].values["group"].endswith("S14 + S15; … (+2)")


def test_nothing_in_has_no_weight():
    arrival = weight_responding(sample([10, 10], [2, 2]), seen("...."))
    assert arrival.structure.weight.tolist() == [0, 0, 0, 0]
    assert float(arrival.strata_in) == 0
    assert codes_of(arrival) == ["W302", "W301"]


@st.composite
def patterns(draw):
    """A sample and five arrival patterns of it, one station in at least in each."""
    size = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    drawn = [draw(st.integers(0, min(n, 4))) for n in size]
    drawn[0] = max(drawn[0], 1)
    parents = np.cumsum(draw(st.lists(st.booleans(), min_size=len(size), max_size=len(size))))
    n = sum(drawn)
    inside = np.array([draw(st.lists(st.booleans(), min_size=n, max_size=n)) for _ in range(5)])
    inside[np.arange(5), draw(st.lists(st.integers(0, n - 1), min_size=5, max_size=5))] = True
    return sample(size, drawn, parents), inside


@given(patterns())
def test_weights_add_up_to_the_population_whatever_is_in(case):
    drawn, inside = case
    for pattern in inside:
        weight = weight_responding(drawn, pattern).structure.weight
        assert weight.sum() == pytest.approx(drawn.strata.size.sum(), rel=1e-12)
        np.testing.assert_array_equal(weight > 0, pattern)


@given(patterns())
def test_a_variance_can_always_be_computed_from_two(case):
    drawn, inside = case
    for pattern in inside:
        structure = weight_responding(drawn, pattern).structure
        assert structure.size.sum() == drawn.strata.size.sum()
        if pattern.sum() >= 2:
            expanded = np.where(pattern, np.arange(len(pattern)), 0.0)[:, None]
            assert np.isfinite(stratified(expanded, structure)).all()


@given(patterns())
def test_a_stack_of_replicates_equals_the_loop(case):
    drawn, inside = case
    stack = weight_responding(drawn, inside)
    assert stack.notes == ()
    for b, pattern in enumerate(inside):
        one = weight_responding(drawn, pattern)
        np.testing.assert_allclose(stack.structure.weight[b], one.structure.weight, rtol=1e-13)
        np.testing.assert_array_equal(stack.structure.stratum[b], one.structure.stratum)
        np.testing.assert_array_equal(stack.structure.size[b], one.structure.size)
        assert stack.strata_in[b] == one.strata_in

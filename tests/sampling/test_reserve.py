"""The reserve list: inside the stratum, near first, at random, in an order that is followed."""

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling.reserve import next_reserve, reserve
from estimation.sampling.strata import strata_by
from estimation.seeds import generator

DRAWN = np.array([0, 1, 2, 6])  # A: 0 and 6, both in DESA 1; B: 1 in DESA 2; C: 2 in DESA 3


@pytest.fixture
def frame(make_contest):
    return load_frame(load_contest(make_contest(stations=18)))


@pytest.fixture
def strata(frame):
    return strata_by(frame, "district")


def rng(seed="1"):
    return generator(seed, "reserve")


def test_by_hand(frame, strata):
    """A has stations 0 3 6 9 12 15; its village DESA 1 has 0 6 12, so 12 comes first."""
    held = reserve(frame, strata, DRAWN, per_stratum=2, rng=rng())
    in_a = held.rows[held.stratum == 0].tolist()
    assert in_a[0] == 12
    assert in_a[1] in (3, 9, 15)
    assert held.order.tolist() == [1, 2, 1, 2, 1, 2]
    assert held.stratum.tolist() == [0, 0, 1, 1, 2, 2]
    assert set(held.rows[2:4].tolist()) == {7, 13}
    assert set(held.rows[4:6].tolist()) == {8, 14}
    assert len(held) == 6


def test_none_is_drawn_or_twice_and_all_lie_in_their_stratum(frame, strata):
    held = reserve(frame, strata, DRAWN, per_stratum=99, rng=rng())
    assert sorted([*held.rows.tolist(), *DRAWN.tolist()]) == list(range(18))
    assert np.array_equal(strata.codes[held.rows], held.stratum)


def test_a_share_is_rounded_up_and_an_undrawn_stratum_has_none(frame, strata):
    held = reserve(frame, strata, np.array([0, 3, 6, 9, 1]), share=0.25, rng=rng())
    assert np.bincount(held.stratum, minlength=3).tolist() == [1, 1, 0]
    assert len(reserve(frame, strata, DRAWN, per_stratum=0, rng=rng())) == 0


def test_the_seed_decides(frame, strata):
    lists = [reserve(frame, strata, DRAWN, per_stratum=4, rng=rng(seed)).rows.tolist() for seed in ("1", "1", "2")]
    assert lists[0] == lists[1] != lists[2]


@pytest.mark.slow
def test_candidates_of_a_village_are_equally_likely(frame, strata):
    """B's drawn station 1 lies in DESA 2 beside 7 and 13: 2,000 lists, 4.4 standard deviations of 22.4."""
    first = [reserve(frame, strata, np.array([1]), per_stratum=1, rng=rng(str(i))).rows[0] for i in range(2000)]
    assert set(first) == {7, 13}
    assert abs(first.count(7) - 1000) < 98


def test_the_nearest_first_then_down_the_list(frame, strata):
    held = reserve(frame, strata, DRAWN, per_stratum=3, rng=rng())
    a = held.rows[held.stratum == 0].tolist()
    assert next_reserve(frame, strata, held, 6) == 12
    assert next_reserve(frame, strata, held, 0, used=[12]) == a[1]
    assert next_reserve(frame, strata, held, 12, used=[a[1]]) == a[2]
    assert next_reserve(frame, strata, held, 0, used=a) is None


def test_a_village_match_goes_before_an_earlier_place(frame, strata):
    held = reserve(frame, strata, np.array([0, 3]), per_stratum=4, rng=rng())
    villages = frame.areas("village").codes
    for failed in (0, 3):
        found = next_reserve(frame, strata, held, failed)
        assert villages[found] == villages[failed]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (DRAWN, {}, "needs either per_stratum or share"),
        (DRAWN, {"per_stratum": 1, "share": 0.1}, "needs either per_stratum or share"),
        (DRAWN, {"per_stratum": -1}, "reserve per stratum -1 is negative"),
        (DRAWN, {"share": 0.0}, "reserve share 0.0 is no positive number"),
        (DRAWN, {"share": float("nan")}, "reserve share nan is no positive number"),
        (np.array([1, 1]), {"share": 0.1}, "a station is drawn twice"),
        (np.array([18]), {"share": 0.1}, "a drawn station is not among the 18 of the frame"),
    ],
)
def test_what_can_t_be_reserved(frame, strata, rows, options, message):
    with pytest.raises(DesignError, match=message):
        reserve(frame, strata, rows, rng=rng(), **options)

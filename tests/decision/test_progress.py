"""Information and thin strata, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from estimation.decision import Progress, information, thin_part, thin_strata

PROGRESS = Progress(used=150, drawn=300, strata_in=17, strata=17, thin=0)


@pytest.mark.parametrize(
    ("arrived", "drawn", "size", "expected"),
    [
        ([150], [300], [1e12], 0.5),
        ([150], [300], [1030], (1 / 300 - 1 / 1030) / (1 / 150 - 1 / 1030)),  # 0.4148
        ([300], [300], [1030], 1.0),
        ([0], [300], [1030], 0.0),
        # two strata of 100 and 300, ten drawn of each: 100² / 10 × 0.9 + 300² / 10 × 0.96667 = 9600
        # over five of the first, 100² / 5 × 0.95 + 8700 = 10600
        ([5, 10], [10, 10], [100, 300], 9600 / 10600),
        ([5, 0], [10, 10], [100, 300], 0.0),  # nothing is known of the second
        # all are asked: 1 with half in, 3 with three quarters, infinite at the end
        ([50], [100], [100], 1.0),
        ([75], [100], [100], 3.0),
        ([100], [100], [100], np.inf),
    ],
)
def test_information_by_hand(arrived, drawn, size, expected):
    assert float(information(arrived, drawn, size)) == pytest.approx(expected, rel=1e-9)


def test_uneven_arrival_tells_less_than_even():
    even, uneven = information([[75, 75], [140, 10]], [150, 150], [1000, 1000])
    assert uneven < even < 0.5


def test_progress_takes_what_it_is_given():
    assert PROGRESS.information == 0.5
    assert replace(PROGRESS, fraction=0.3).information == 0.3
    assert replace(PROGRESS, stations=1030).information == pytest.approx(0.4148, abs=1e-4)
    assert replace(PROGRESS, stations=300).information == pytest.approx(1.0)
    assert [replace(PROGRESS, stations=n).whole for n in (None, 1030, 300)] == [False, False, True]


def test_thin_strata_are_those_that_lack_what_they_could_have():
    drawn = np.array([10, 10, 2, 1, 0])

    def thin(arrived, minimum):
        return np.flatnonzero(thin_strata(arrived, drawn, minimum)).tolist()

    assert thin([10, 2, 2, 1, 0], 2) == []
    assert thin([10, 1, 1, 0, 0], 2) == [1, 2]  # a single station drawn is not waited for
    assert thin([10, 2, 2, 1, 0], 3) == [1]  # two are all of two
    assert thin([0, 0, 0, 0, 0], 0) == []
    assert thin_strata([[10, 1, 2, 1, 0], [0, 0, 0, 0, 0]], drawn, 2).sum(axis=-1).tolist() == [1, 3]


def test_thin_strata_hold_their_part_of_the_roll():
    stratum = np.array([0, 0, 1, 2])
    registered = np.array([100.0, 300.0, 200.0, np.nan])  # the unknown one counts as the mean, 200
    thin = np.array([[False, True, False], [True, False, True], [False, False, False]])
    assert thin_part(thin, stratum, registered).tolist() == pytest.approx([0.25, 0.75, 0.0])

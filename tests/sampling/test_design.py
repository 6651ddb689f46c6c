"""A design, and the draw that it makes."""

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError, FrameError
from estimation.frame import load_frame
from estimation.sampling import Design, design_of, draw


@pytest.fixture
def frame(make_contest):
    return load_frame(load_contest(make_contest(stations=14)))  # districts of 5, 5 and 4, six villages


def test_draw_follows_the_allocation(frame):
    sample = draw(frame, Design(7))  # 2.5, 2.5, 2: the first of equals gets the seventh
    assert sample.drawn.tolist() == [3, 2, 2]
    assert sample.method == "stratified"
    assert sample.probability.tolist() == [3 / 5] * 3 + [2 / 5] * 2 + [2 / 4] * 2
    assert (1 / sample.probability).sum() == pytest.approx(len(frame))
    assert len(set(sample.rows.tolist())) == 7
    assert sample.stratum.tolist() == [0, 0, 0, 1, 1, 2, 2]


def test_the_seed_is_text(frame):
    rows = draw(frame, Design(7, seed="7")).rows
    np.testing.assert_array_equal(rows, draw(frame, Design(7, seed="7")).rows)
    assert rows.tolist() != draw(frame, Design(7, seed="4-1-6-2")).rows.tolist()


def test_too_few_for_the_strata_names_the_columns_that_fit(frame):
    text = (
        r"strata 'village': n = 7 is too few for 6 strata with at least 2 stations each: they need 12\. "
        r"Columns of the frame that n = 7 can serve: district \(3 strata\), regency \(1 strata\), "
        r"province \(1 strata\); or draw more stations"
    )
    with pytest.raises(DesignError, match=text):
        draw(frame, Design(7, strata="village"))


def test_too_few_for_anything_says_so(frame):
    with pytest.raises(DesignError, match=r"that n = 1 can serve: none; or draw more stations"):
        draw(frame, Design(1))


def test_more_than_the_frame_is_an_error_without_advice(frame):
    with pytest.raises(DesignError, match=r"^n = 15 is more than the 14 stations there are: ask for 14 or fewer$"):
        draw(frame, Design(15))


def test_an_unknown_column_is_an_error(frame):
    with pytest.raises(FrameError, match="column 'kecamatan' is not in the frame"):
        draw(frame, Design(7, strata="kecamatan"))


def test_the_contest_gives_the_design_and_the_caller_changes_it(make_contest):
    folder = make_contest(extra_toml='[design]\nn = 8\nstrata = "village"\nminimum = 1\nseed = 42\n')
    contest = load_contest(folder)
    assert design_of(contest) == Design(8, strata="village", minimum=1, seed="42")
    assert design_of(contest, n=9, strata=None, seed=7) == Design(9, strata="village", minimum=1, seed="7")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"method": "stratifed"}, r"method 'stratifed' is unknown: did you mean 'stratified'\?"),
        ({"allocation": "best"}, "allocation 'best' is unknown: known are proportional, registered, equal"),
        ({"method": "cube"}, r"method 'cube' needs columns to balance on: name them in \[design\] balance"),
        ({"method": "simple", "strata": "district"}, "method 'simple' has no strata: leave them out"),
        ({"strata": ""}, "method 'stratified' needs strata: name frame columns"),
        ({"method": "cube", "balance": ("registered",), "order": "sha256"}, "order 'sha256' goes with methods simple"),
    ],
)
def test_what_is_not_known_is_an_error(make_contest, change, text):
    with pytest.raises(DesignError, match=text):
        design_of(load_contest(make_contest()), **change)

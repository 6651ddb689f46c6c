"""Classes of a column as strata: cut by either rule, or known and unknown."""

import dataclasses

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling import Design, design_of, draw, read_sample, write_draw
from estimation.sampling.apply_design import allocate, strata_for
from estimation.sampling.stratification import cumulative_root_frequency, lavallee_hidiroglou


def small_frame(stations):
    """Rows over three districts of two villages; stations i and i + 6 lie in one village."""
    return [
        {"tps_id": f"{i:04d}", "province": "JAWA", "regency": "KOTA", "district": "ABC"[(i - 1) % 3]}
        | {"village": f"DESA {(i - 1) % 6 + 1}", "tps": f"{i:03d}", "registered": 300 + i}
        for i in range(1, stations + 1)
    ]


@pytest.fixture(scope="module")
def frame(demo):
    return load_frame(load_contest(demo))


@pytest.fixture
def gaps(make_contest):
    """Fourteen stations, of which the third, the ninth and the tenth have no roll."""
    rows = [row | ({"registered": ""} if row["tps_id"] in ("0003", "0009", "0010") else {}) for row in small_frame(14)]
    return load_contest(make_contest(stations=rows))


def test_lavallee_and_hidiroglou_cut_for_the_sample(frame):
    x = frame.table["baseline_1"].to_numpy()
    lh = strata_for(frame, "baseline_1/3lh", n=100)
    assert lh.labels == ("baseline_1 2/3", "baseline_1 1/3", "baseline_1 3/3")  # as the frame first names them
    wanted = lavallee_hidiroglou(x, 3, 100)
    order = [int(label[11]) - 1 for label in lh.labels]
    np.testing.assert_array_equal(np.array(order)[lh.codes], wanted.codes)
    root = cumulative_root_frequency(x, 3)
    assert not np.array_equal(root.codes, wanted.codes)
    np.testing.assert_array_equal(lh.size, np.bincount(wanted.codes)[order])
    assert sorted(strata_for(frame, "baseline_1/3").size) == sorted(np.bincount(root.codes))


def test_the_draws_seed_does_not_move_strata(frame):
    designs = [Design(100, strata="district,baseline_1/2lh", merge=6, seed=seed) for seed in ("1", "2")]
    one, two = (draw(frame, design).strata for design in designs)
    assert one.labels == two.labels
    np.testing.assert_array_equal(one.codes, two.codes)


def test_stations_without_a_value_are_a_class_of_their_own(frame):
    table = frame.table.assign(baseline_1=frame.table["baseline_1"].where(np.arange(1030) >= 30))
    blank = dataclasses.replace(frame, table=table)
    for token in ("baseline_1/3", "baseline_1/3lh"):
        strata = strata_for(blank, token, n=100)
        assert strata.size[strata.labels.index("?")] == 30
        assert len(strata.labels) == 4


def test_known_and_unknown_are_two_strata(gaps):
    frame = load_frame(gaps)
    strata = strata_for(frame, "registered?")
    assert strata.labels == ("registered known", "registered unknown")
    assert strata.size.tolist() == [11, 3]
    assert np.flatnonzero(strata.codes).tolist() == [2, 8, 9]
    crossed = strata_for(frame, "district,registered?")
    assert [label.split(" / ", 2)[2] for label in crossed.labels] == [
        "A / registered known",
        "A / registered unknown",
        "B / registered known",
        "C / registered unknown",
        "C / registered known",
    ]


@pytest.mark.parametrize("method", ["pivotal", "stratified", "systematic"])
def test_stations_without_a_roll_are_drawn_apart(gaps, method):
    frame = load_frame(gaps)
    design = Design(6, method, "registered?")
    assert allocate(frame, design, strata_for(frame, "registered?")).tolist() == [4, 2]
    for seed in range(20):
        sample = draw(frame, dataclasses.replace(design, seed=str(seed)))
        assert np.isin(sample.rows, [2, 8, 9]).sum() == 2
        assert sorted(set(sample.probability.round(9))) == [round(4 / 11, 9), round(2 / 3, 9)]


def test_fewer_than_the_minimum_are_taken_whole(make_contest):
    rows = [row | ({"registered": ""} if row["tps_id"] == "0003" else {}) for row in small_frame(12)]
    frame = load_frame(load_contest(make_contest(stations=rows)))
    sample = draw(frame, Design(4, "pivotal", "registered?"))
    assert sample.probability[sample.rows == 2].tolist() == [1.0]
    assert sample.drawn.tolist() == [3, 1]


@pytest.mark.parametrize("strata", ["registered?", "registered/2lh"])
def test_a_sample_is_read_back_with_its_strata(gaps, strata):
    frame, design = load_frame(gaps), design_of(gaps, n=7, method="pivotal", strata=strata)
    drawn = draw(frame, design)
    write_draw(gaps, frame, design, drawn)
    again = read_sample(gaps.out / "sample.csv", frame, design)
    assert again.strata.labels == drawn.strata.labels
    np.testing.assert_array_equal(again.rows, drawn.rows)
    np.testing.assert_array_equal(again.strata.size, drawn.strata.size)


def test_a_column_that_is_called_so_is_that_column(make_contest):
    rows = [row | {"kota/desa": "kota" if row["district"] == "A" else "desa"} for row in small_frame(12)]
    frame = load_frame(load_contest(make_contest(stations=rows)))
    assert strata_for(frame, "kota/desa").labels == ("kota", "desa")


@pytest.mark.parametrize(
    ("token", "text"),
    [
        (
            "baseline_1/x",
            r"strata 'baseline_1/x': write the column and a number of classes, such as baseline_1/3, or base",
        ),
        ("baseline_1/1lh", r"write the column and a number of classes"),
        ("baseline_1/3hl", r"write the column and a number of classes"),
        ("baselin_1/3lh", r"column 'baselin_1' is not in the frame: did you mean 'baseline_1'\?"),
        ("dpt?", r"strata 'dpt\?': column 'dpt' is not in the frame: it has tps_id"),
        ("village/3", r"strata 'village/3': column 'village' holds no number: name a numeric one, or leave '/' out"),
        (
            "baseline_1/60lh",
            r"strata 'baseline_1/60lh': n = 100 does not fit 60 strata of 1030 stations with at least 2 e",
        ),
        ("baseline_1/900", r"strata 'baseline_1/900': 900 strata can't be made of \d+ distinct values: ask for 1 … "),
    ],
)
def test_what_can_not_be_cut_says_what_to_write(frame, token, text):
    with pytest.raises(DesignError, match=text):
        strata_for(frame, token, n=100)

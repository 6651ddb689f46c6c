"""Whether what is in is unlike what is out: halves by hand, the difference inside strata by least squares."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.projection import project_contest
from estimation.projection.arrivals import FEWEST, MOST_BIAS, UNCORRECTED, Halves, compare_halves, corrections


@pytest.fixture(scope="module")
def half(demo):
    return project_contest(load_contest(demo), as_of=datetime.fromisoformat("2024-11-27T17:00:00+07:00"))


@pytest.fixture
def of_rows(make_contest):
    """Project a contest in which everybody is asked: (votes of the first, of 100, minute of receipt) by station."""

    def make(rows, stations=24, **more):
        head = "tps_id,received_at,votes_1,votes_2,invalid,total\n"
        lines = [
            f"{i:04d},2024-11-27T14:{minute:02d}:00+07:00,{votes},{100 - votes},0,100\n"
            for i, (votes, minute) in rows.items()
        ]
        toml = '[returns]\nasked = "all"\n[design]\nstrata = "province"\n'
        return project_contest(
            load_contest(make_contest(stations=stations, returns=head + "".join(lines), extra_toml=toml, **more))
        )

    return make


def named(found, name):
    return next(one for one in found if one.name == name)


def test_halves_by_hand(of_rows):
    # the first ten to come in have 40 of 100 and 60 of 100 by turns, the last ten 60 and 80
    rows = {i: ((40 if i % 2 else 60) + (20 if i > 10 else 0), i) for i in range(1, 21)}
    time = named(compare_halves(of_rows(rows)), "time")
    assert [half.used for half in time.halves] == [10, 10]
    assert [half.drawn for half in time.halves] == [None, None]
    assert [half.share for half in time.halves] == pytest.approx([0.5, 0.7])
    assert time.within == pytest.approx(0.2)
    assert time.low > 0
    assert time.shift == pytest.approx(0.2 * 4 / 20)
    assert time.passed is False
    assert datetime.fromtimestamp(time.cut).minute == 10


def test_no_trend_passes(of_rows):
    rows = {i: ((48, 52, 50)[i % 3], i) for i in range(1, 21)}
    time = named(compare_halves(of_rows(rows)), "time")
    assert time.low < 0 < time.high
    assert time.passed is True


def test_inside_strata_the_difference_is_that_of_least_squares(half):
    p = half
    split = named(compare_halves(p), "size")
    seen, cell = p.counts.seen, p.sample.cells.codes[p.sample.rows]
    second = p.counts.registered > split.cut
    leader = int(np.argmax(p.estimate.theta[:2]))
    weight = p.weighting.structure.weight * p.counts.valid
    columns = np.column_stack([second, *(cell == c for c in np.unique(cell))]).astype(float)[seen]
    root = np.sqrt(weight[seen])
    share = p.counts.votes[seen, leader] / p.counts.valid[seen]
    b = np.linalg.lstsq(columns * root[:, None], share * root, rcond=None)[0][0]
    assert split.within == pytest.approx(b, abs=1e-12)
    assert split.low < b < split.high


def test_halves_of_the_size_count_drawn_and_used(half):
    split = named(compare_halves(half), "size")
    roll, seen = half.counts.registered, half.counts.seen
    for one, inside in zip(split.halves, (roll <= split.cut, roll > split.cut), strict=True):
        assert (one.drawn, one.used) == (int(inside.sum()), int((inside & seen).sum()))
        assert one.low < one.share < one.high
    assert split.passed is (abs(split.shift) <= MOST_BIAS * split.se)


def test_size_that_matters_and_arrives_unevenly_fails(of_rows):
    # 301 … 324 voters: all small ones are in, six of twelve large ones, and these vote otherwise
    rows = {i: (60 + i % 3 if i > 12 else 45 + i % 3, i) for i in range(1, 19)}
    size = named(compare_halves(of_rows(rows)), "size")
    assert [(half.drawn, half.used) for half in size.halves] == [(12, 12), (12, 6)]
    assert size.shift > MOST_BIAS * size.se
    assert size.passed is False


def test_everything_in_does_no_harm(of_rows):
    rows = {i: (60 if i > 12 else 40, i) for i in range(1, 25)}
    assert [one.passed for one in compare_halves(of_rows(rows))] == [True, True]


def test_too_few_in_a_half_say_nothing(of_rows):
    rows = {i: (50 + i % 2, i) for i in range(1, 2 * FEWEST)}
    found = compare_halves(of_rows(rows))
    assert [(one.name, one.why, one.passed) for one in found] == [("time", "few", None), ("size", "few", None)]
    assert found[0].halves == ()


def test_no_estimate_no_splits(of_rows):
    p = of_rows({1: (50, 1)})
    assert p.estimate is None
    assert compare_halves(p) == ()
    assert corrections(p) == {}


def test_distance_is_a_column_or_from_the_centre_of_the_voters(demo):
    frame = load_contest(demo)
    p = project_contest(frame, as_of=datetime.fromisoformat("2024-11-27T17:00:00+07:00"))
    table = p.frame.table
    assert [one.name for one in compare_halves(p)] == ["time", "size"]
    far = np.arange(len(table)) % 40
    column = replace(p, frame=replace(p.frame, table=table.assign(Jarak_km=far.astype(float))))
    split = named(compare_halves(column), "distance")
    assert split.cut == np.median(far[p.sample.rows])
    ring = np.linspace(0, 2 * np.pi, len(table))
    radius = np.where(np.arange(len(table)) % 2, 0.1, 0.2)
    on_map = table.assign(latitude=radius * np.cos(ring), longitude=radius * np.sin(ring))
    split = named(compare_halves(replace(p, frame=replace(p.frame, table=on_map))), "distance")
    assert 10 < split.cut < 24  # rings of 11 and 22 km
    assert sum(one.drawn for one in split.halves) == len(p.sample)


def test_corrections_begin_with_none(half):
    found = corrections(half)
    assert list(found) == [UNCORRECTED, "ratio", "two-phase", "multilevel"]
    weight = np.where(half.counts.seen, 1 / half.sample.probability, 0)
    raw = weight @ half.counts.votes / (weight @ half.counts.valid)
    assert found[UNCORRECTED].theta == pytest.approx(raw)
    assert found["multilevel"] is half.estimate
    assert np.all(found[UNCORRECTED].variance > 0)


def test_a_split_without_an_interval_says_nothing():
    nan = float("nan")
    assert Halves("size", 1.0, (), nan, nan, nan, 0.0, 0.01).passed is None

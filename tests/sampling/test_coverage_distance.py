"""Coordinates by any of their names, and how near a sample is, by hand."""

import dataclasses

import numpy as np
import pytest

from estimation.columns import place_column
from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling import Design, draw
from estimation.sampling.auxiliary import KM_PER_DEGREE, coordinates, on_plane, places
from estimation.sampling.coverage_distance import coverage_distance


@pytest.fixture
def frame(make_contest):
    return load_frame(load_contest(make_contest(stations=12)))


def on_a_line(frame, step=0.1):
    """Put the stations on a meridian, `step` degrees apart."""
    return dataclasses.replace(frame, table=frame.table.assign(lintang=step * np.arange(12) - 8, bujur=113.5))


@pytest.mark.parametrize(
    ("name", "header", "found"),
    [
        ("latitude", ["tps", "Lintang"], "Lintang"),
        ("lintang", ["lat", "lon"], "lat"),
        ("bujur", ["lat", "lon"], "lon"),
        ("longitude", ["Garis Bujur"], "Garis Bujur"),
        ("longitude", ["lintang"], None),
        ("registered", ["registered"], None),
    ],
)
def test_coordinates_have_many_names(name, header, found):
    assert place_column(name, header) == found


def test_places_are_read_and_nonsense_is_unknown(frame):
    table = frame.table.assign(
        lat=["-7,5", "0", "95", "", "x", *["-7.25"] * 7], lon=["113,25", "0", "113", "113", "113", *["114.5"] * 7]
    )
    found = places(dataclasses.replace(frame, table=table))
    assert found[0].tolist() == [-7.5, 113.25]
    assert np.isnan(found[1:5]).all()
    assert found[5:].tolist() == [[-7.25, 114.5]] * 7


def test_a_frame_without_places_has_no_map(frame):
    assert places(frame) is None
    one = dataclasses.replace(frame, table=frame.table.assign(lat=-7.5, lon=113.0))
    assert places(one) is None  # all in one place
    assert coverage_distance(frame, np.array([0]), "1") is None


def test_kilometres_are_true_at_the_mean_latitude():
    plane = on_plane(np.array([[60.0, 10.0], [60.0, 12.0], [60.0, np.nan]]))
    assert plane[1, 0] - plane[0, 0] == pytest.approx(2 * 0.5 * KM_PER_DEGREE)
    assert plane[0, 1] == plane[1, 1]
    assert np.isnan(plane[2, 0])


def test_how_near_a_sample_is_by_hand(frame):
    line = on_a_line(frame)
    found = coverage_distance(line, np.array([0, 1, 2, 3]), "1")  # the eight others are 1 … 8 steps away
    step = 0.1 * KM_PER_DEGREE
    assert found.known == 12
    assert found.median_km == pytest.approx(2.5 * step)  # 0 0 0 0 1 2 | 3 4 5 6 7 8
    assert found.p90_km == pytest.approx(6.9 * step)
    assert found.farthest_km == pytest.approx(8 * step)
    assert found.simple_p90_km < 4 * step
    again = coverage_distance(line, np.array([0, 1, 2, 3]), "1")
    assert (again.simple_median_km, again.simple_p90_km) == (found.simple_median_km, found.simple_p90_km)


def test_a_drawn_station_without_a_place_is_left_out(frame):
    line = on_a_line(frame)
    table = line.table.assign(lintang=line.table["lintang"].where(np.arange(12) > 1))
    found = coverage_distance(dataclasses.replace(line, table=table), np.array([0, 5]), "1")
    assert (found.known, found.drawn.tolist()) == (10, [5])
    assert coverage_distance(dataclasses.replace(line, table=table), np.array([0, 1]), "1") is None


def test_a_spread_draw_takes_coordinates_by_any_name_on_the_scale_of_the_map(frame):
    table = frame.table.assign(lat=np.tile([60.0, 61.0], 6), lon=np.repeat([10.0, 14.0], 6))
    wide = dataclasses.replace(frame, table=table)
    found = coordinates(wide, ("lintang", "bujur"))
    # one degree of latitude against four of longitude at half their width
    assert np.ptp(found[:, 1]) / np.ptp(found[:, 0]) == pytest.approx(4 * np.cos(np.radians(60.5)))
    assert (found**2).mean() == pytest.approx(1.0)
    np.testing.assert_array_equal(found, coordinates(wide, ("lat", "lon")))
    assert np.ptp(coordinates(wide, ("lat", "registered")), axis=0) == pytest.approx([2.0, 11 / 143**0.5 * 12**0.5])
    rows = [draw(wide, Design(4, "pivotal", "", spread=names)).rows.tolist() for names in (("lat", "lon"),) * 2]
    assert rows[0] == rows[1]
    with pytest.raises(DesignError, match="column 'bujur' is not in the frame"):
        coordinates(frame, ("bujur",))

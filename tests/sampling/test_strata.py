"""Strata of frame columns, in the order of the map."""

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError, FrameError
from estimation.frame import load_frame
from estimation.sampling import strata_by
from estimation.sampling.strata import coarser, strata_of


def row(tps_id, regency, district, village, **more):
    area = {"province": "P", "regency": regency, "district": district, "village": village}
    return {"tps_id": tps_id, **area, "tps": "001", "registered": 300, **more}


SCATTERED = [
    row("1", "R1", "UTARA", "A", size="large"),
    row("2", "R2", "UTARA", "B", size="small"),
    row("3", "R1", "BARAT", "C", size="large"),
    row("4", "R2", "UTARA", "D", size="large"),
    row("5", "R1", "UTARA", "A", size="small"),
]


@pytest.fixture
def frame(make_contest):
    return load_frame(load_contest(make_contest(stations=SCATTERED)))


def test_a_district_is_its_whole_path_and_areas_stand_together(frame):
    strata = strata_by(frame, "district")
    assert strata.columns == "district"
    assert strata.labels == ("P / R1 / UTARA", "P / R1 / BARAT", "P / R2 / UTARA")
    assert strata.codes.tolist() == [0, 2, 1, 2, 0]
    assert strata.size.tolist() == [2, 1, 2]


def test_parents_go_from_the_nearest_level_to_the_widest(frame):
    by_village = strata_by(frame, "village")
    assert [label.rsplit(" / ")[-1] for label in by_village.labels] == ["A", "C", "B", "D"]
    district, regency, province = (level.tolist() for level in by_village.parents)
    assert district[0] != district[1]
    assert district[2] == district[3]
    assert regency == [0, 0, 1, 1]
    assert province == [0, 0, 0, 0]


def test_several_columns_cross(frame):
    strata = strata_by(frame, "district, size")
    assert strata.labels == (
        "P / R1 / UTARA / large",
        "P / R1 / UTARA / small",
        "P / R1 / BARAT / large",
        "P / R2 / UTARA / small",
        "P / R2 / UTARA / large",
    )
    assert strata.size.tolist() == [1, 1, 1, 1, 1]


def test_another_column_has_no_parents(frame):
    strata = strata_by(frame, "size")
    assert strata.labels == ("large", "small")
    assert strata.size.tolist() == [3, 2]
    assert strata.parents == ()


def test_an_unknown_column_is_an_error_with_the_nearest(frame):
    with pytest.raises(FrameError, match=r"column 'distrik' is not in the frame: did you mean 'district'\?"):
        strata_by(frame, "distrik")


def test_coarser_lists_what_a_sample_can_serve_finest_first(frame):
    # with a minimum of 2: villages need 5, districts 5, regencies 4, sizes 4, the province 2
    assert coarser(frame, 5, 2) == [("village", 4), ("district", 3), ("regency", 2), ("province", 1), ("size", 2)]
    assert coarser(frame, 4, 2) == [("regency", 2), ("province", 1), ("size", 2)]
    assert coarser(frame, 1, 2) == []


def test_strata_of_a_partition_made_elsewhere():
    strata = strata_of("baseline", np.array([1, 0, 1]), ("low", "high"))
    assert strata.size.tolist() == [1, 2]
    assert strata.parents == ()


@pytest.mark.parametrize(
    ("codes", "parents", "message"),
    [
        ([0, 2], (), r"stratum codes must lie in 0 … 1, as there are 2 labels"),
        ([0, 0], (), "stratum 'high' has no station: leave it out"),
        ([0, 1], (np.array([0]),), "2 strata need 2 parent areas on each level"),
    ],
)
def test_a_partition_that_does_not_fit_is_an_error(codes, parents, message):
    with pytest.raises(DesignError, match=message):
        strata_of("baseline", np.array(codes), ("low", "high"), parents)

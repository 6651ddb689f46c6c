"""Looking through a contest folder for what is wrong with it."""

import json

import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError, FrameError
from estimation.projection.inspect import inspect

HEADER = "tps_id,votes_1,votes_2,invalid,total\n"


def test_the_demo(demo):
    found = inspect(load_contest(demo))
    assert found.headline == (
        "Pemilihan Bupati Situbondo 2024: 2 candidates, 1,030 stations; regencies 1, districts 17, villages 136; "
        "507,507 registered voters"
    )
    assert list(found.parts) == ["frame", "sample", "official", "returns"]
    assert len(found.parts["frame"]) == len(found.parts["sample"]) == 0
    assert found.errors == len(found.parts["returns"].errors) > 0
    assert len(found.parts["official"].errors) == 0


def test_a_folder_without_sample_official_and_returns(make_contest):
    found = inspect(load_contest(make_contest()))
    assert list(found.parts) == ["frame", "returns"]
    assert found.errors == 0


def test_findings_of_every_part(make_contest):
    folder = make_contest(
        stations=[
            {
                "tps_id": "01",
                "province": "P",
                "regency": "R",
                "district": "D",
                "village": "V",
                "tps": "1",
                "registered": 0,
            },
            {
                "tps_id": "02",
                "province": "P",
                "regency": "R",
                "district": "D",
                "village": "V",
                "tps": "2",
                "registered": 700,
            },
        ],
        returns=HEADER + "01,10,10,1,21\n02,10,10,1,99\n3,1,1,1,3\n",
    )
    (folder / "official.csv").write_text(HEADER + "01,10,10,1,22\n")
    found = inspect(load_contest(folder))
    assert found.parts["frame"].counts() == {"W101": 1, "W102": 1}
    assert found.parts["returns"].counts() == {"E203": 1, "E207": 1}
    assert found.parts["official"].counts() == {"E203": 1}
    assert found.errors == 2  # the official result is the truth that there is


def test_document(make_contest):
    folder = make_contest(returns=HEADER + "0001,10,10,1,21\n0002,10,10,1,99\n")
    held = inspect(load_contest(folder)).document()
    assert {key: held[key] for key in ("schema", "contest", "stations")} == {
        "schema": "check/1",
        "contest": "small",
        "stations": 12,
    }
    errors = [finding for finding in held["parts"]["returns"] if finding["code"].startswith("E")]
    assert errors == [
        {"code": "E203", "file": "returns.csv", "line": "3", "column": "total", "value": "99", "tps_id": "0002"}
    ]
    assert json.loads(json.dumps(held)) == held


def test_an_area_alone(make_contest):
    folder = make_contest(returns=HEADER + "0001,10,10,1,21\n0002,10,10,1,99\n")
    found = inspect(load_contest(folder), "district=A")
    assert len(found.frame) == 4
    assert found.errors == 0  # 0002 lies in district B


def test_an_area_alone_where_there_is_a_larger_sample(demo):
    found = inspect(load_contest(demo), "district=BESUKI")
    frame = (demo / "frame.csv").read_text(encoding="utf-8")
    assert len(found.frame) == frame.count(",SITUBONDO,BESUKI,")
    assert list(found.parts) == ["frame", "sample", "official", "returns"]


def test_a_baseline_that_is_not_there_is_an_error(make_contest):
    folder = make_contest(extra_toml='[baseline]\npath = "earlier.csv"\n')
    with pytest.raises(FrameError, match=r"earlier\.csv: \[baseline\] names it and there is no such file"):
        inspect(load_contest(folder))


def test_a_sample_that_does_not_fit_is_an_error(make_contest):
    folder = make_contest()
    (folder / "out").mkdir()
    (folder / "out" / "sample.csv").write_text("tps_id,stratum,probability,weight\n9999,A,0.5,2\n")
    with pytest.raises(DesignError, match=r"sample\.csv, line 2: '9999' is not in the frame"):
        inspect(load_contest(folder))

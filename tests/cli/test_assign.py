"""``quickcount assign``: what it says and with which status it ends."""

import json

import pytest


@pytest.fixture
def contest(make_contest, run):
    folder = make_contest(stations=60)
    run("draw", folder, "--n", 12)
    return folder


def test_sheets_are_written(run, contest):
    status, out, _ = run("assign", contest, "--by", "district", "--lang", "en")
    assert (status, out.splitlines()[0]) == (0, "12 stations on 3 sheets, by district")
    assert (contest / "out/assignments/assignments-en.html").is_file()
    assert len(list((contest / "out/assignments/sheets").iterdir())) == 3


def test_json_lists_the_sheets(run, contest, tmp_path):
    status, out, _ = run("assign", contest, "--by", "regency", "--json", "-", "--out", tmp_path / "x")
    document = json.loads(out)
    assert status == 0
    assert document["sheets"] == [{"code": "0013", "area": ["JAWA", "KOTA"], "stations": 12}]
    assert (tmp_path / "x/assignments.xlsx").is_file()


def test_no_officers_file_ends_with_1_and_a_wrong_area_with_2(run, contest):
    status, _, err = run("assign", contest, "--by", "officer")
    assert status == 1
    assert "officers.csv: there is no such file" in err
    assert run("assign", contest, "--by", "street")[0] == 2

"""Who owes what: by officer, by village, and what a published page may say."""

import pytest

from estimation.contest import load_contest
from estimation.projection import project_contest
from estimation.projection.officers import roster

HEAD = "tps_id,received_at,votes_1,votes_2,invalid,total,reporter\n"
OFFICERS = "officer,village\nA-1,DESA 1\nA-1,DESA 2\nA-1,DESA 3\nB-1,DESA 4\nB-1,DESA 5\nB-1,DESA 6\n"


@pytest.fixture
def night(make_contest):
    """Stations 1 … 12 in six villages; 1, 2, 7 in, 3 kept out."""

    def make(officers="", **more):
        rows = [f"{i:04d},2024-11-27T14:00:00+07:00,60,40,0,{101 if i == 3 else 100},R{i}\n" for i in (1, 2, 3, 7)]
        folder = make_contest(returns=HEAD + "".join(rows), extra_toml='[returns]\nasked = "all"\n', **more)
        (folder / "out").mkdir()
        if officers:
            (folder / "out" / "officers.csv").write_text(officers, encoding="utf-8")
        return project_contest(load_contest(folder))

    return make


def test_by_officer(night):
    found = roster(night(OFFICERS))
    assert (found.by, found.trouble) == ("officer", "")
    assert [(d.officer, d.area, d.drawn, d.used, d.kept_out, d.out) for d in found.duties] == [
        ("A-1", ("JAWA", "KOTA"), 6, 3, 1, 2),
        ("B-1", ("JAWA", "KOTA"), 6, 0, 0, 6),
    ]


def test_by_village_with_whoever_reported(night):
    found = roster(night())
    assert found.by == "village"
    assert [(d.officer, d.area[-1], d.drawn, d.used, d.kept_out) for d in found.duties][:4] == [
        ("R1, R7", "DESA 1", 2, 2, 0),
        ("R2", "DESA 2", 2, 1, 0),
        ("R3", "DESA 3", 2, 0, 1),
        ("", "DESA 4", 2, 0, 0),
    ]


def test_a_published_page_names_no_officer(night):
    found = roster(night(OFFICERS), named=False)
    assert found.by == "village"
    assert {d.officer for d in found.duties} == {""}


def test_a_broken_file_of_officers_stops_nothing_and_is_told(night):
    found = roster(night("officer,village\nA-1,DESA 99\n"))
    assert found.by == "village"
    assert "officers.csv, line 2: village 'DESA 99' is not in the frame" in found.trouble

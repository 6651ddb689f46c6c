"""A new contest folder: what is written, and that nothing is overwritten."""

from datetime import UTC, date, datetime

import pytest

from estimation.contest import load_contest
from estimation.errors import ContestError
from estimation.scaffold import init

ASKED = {"title": 'Pemilihan "Wali Kota" X', "kind": "walikota", "day": date(2024, 11, 27), "timezone": "Asia/Makassar"}


def test_what_is_written_is_a_contest(tmp_path):
    made = init(tmp_path / "kota-x", candidates=["A – B", "C"], n=120, **ASKED)
    assert made == load_contest(tmp_path / "kota-x")
    assert (made.about.id, made.about.title, made.about.release) == ("kota-x", 'Pemilihan "Wali Kota" X', "internal")
    assert made.about.publish_after.astimezone(UTC) == datetime(2024, 11, 27, 8, tzinfo=UTC)  # 15:00 WIB, 16:00 WITA
    assert [(c.number, c.name, c.empty_column) for c in made.candidates] == [(1, "A – B", False), (2, "C", False)]
    assert (made.design.n, made.design.strata, str(made.returns.timezone)) == (120, "district", "Asia/Makassar")
    assert list((tmp_path / "kota-x" / "inbox").iterdir()) == []
    assert 'rule = "plurality" # plurality, majority-runoff or' in (tmp_path / "kota-x" / "contest.toml").read_text()


def test_a_single_candidate_stands_against_the_empty_column(tmp_path):
    made = init(tmp_path, candidates=["A"], rule="single-candidate", **ASKED)
    assert [(c.number, c.name, c.empty_column) for c in made.candidates] == [
        (1, "A", False),
        (2, "Kolom kosong", True),
    ]


def test_the_frame_is_copied_as_it_is(tmp_path):
    (tmp_path / "tps.CSV").write_bytes(b"tps_id;dpt\r\n0101;300\r\n")
    made = init(tmp_path / "x", candidates=["A", "B"], frame=tmp_path / "tps.CSV", **ASKED)
    assert made.frame.path == "frame.csv"
    assert (tmp_path / "x" / "frame.csv").read_bytes() == b"tps_id;dpt\r\n0101;300\r\n"


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "frame.csv").write_text("mine")
    with pytest.raises(ContestError, match=r"frame\.csv: there is a frame already: move it away, or leave out"):
        init(tmp_path, candidates=["A", "B"], frame=tmp_path / "frame.csv", **ASKED)
    init(tmp_path, candidates=["A", "B"], **ASKED)
    with pytest.raises(ContestError, match=r"contest\.toml: there is a contest already: change it, or name another"):
        init(tmp_path, candidates=["A", "B"], **ASKED)
    assert (tmp_path / "frame.csv").read_text() == "mine"


def test_what_makes_no_contest_leaves_nothing_behind(tmp_path):
    with pytest.raises(ContestError, match="rule 'plurality' needs two candidates or more, there is one"):
        init(tmp_path / "y", candidates=["A"], **ASKED)
    assert not (tmp_path / "y" / "contest.toml").exists()
    with pytest.raises(ContestError, match=r"tps\.xls: a frame is a CSV or Parquet file"):
        init(tmp_path / "y", candidates=["A", "B"], frame=tmp_path / "tps.xls", **ASKED)


def test_the_command_says_what_comes_next(run, tmp_path):
    asked = ["--title", "T", "--candidate", "A", "--candidate", "B", "--day", "2024-11-27"]
    status, out, _ = run("init", tmp_path / "z", *asked)
    assert status == 0
    assert out.splitlines()[1] == f"next: put frame.csv into the folder, then quickcount check {tmp_path / 'z'}"

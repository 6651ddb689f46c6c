"""Which return holds: the latest of one source, a verified one before all, and none where sources disagree."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimation.contest import Contest, load_contest
from estimation.frame import Frame, load_frame
from estimation.resources import demo_contest
from estimation.returns import Resolution, read_returns, resolve

MakeContest = Callable[..., Path]
Rows = Sequence[Mapping[str, Any]]


def at(clock: str) -> str:
    return f"2024-11-27T{clock}:00+07:00"


def form(clock: str = "16:00", a: int = 100, **other: Any) -> dict[str, Any]:
    """A return of station 0001 with ``a`` and 150 votes and 10 invalid ones."""
    row = {"tps_id": "0001", "received_at": at(clock), "votes_1": a, "votes_2": 150, "invalid": 10}
    row |= {"total": a + 160, "source": "officer", "reporter": "P-01", "status": "received"}
    return row | other


BAD = {"total": 999}  # E203 and E205


def settle_in(
    contest: Contest, frame: Frame, inbox: Path, asked: Sequence[int] | None = None, as_of: str | None = None
) -> Resolution:
    intake = read_returns(contest, inbox)
    rows = np.arange(len(frame)) if asked is None else np.array(asked, dtype=np.intp)
    before = intake.table.copy(deep=True), intake.findings.table.copy(deep=True), frame.table.copy(deep=True)
    result = resolve(contest, frame, intake, rows, datetime.fromisoformat(at(as_of)) if as_of else None)
    for was, now in zip(before, (intake.table, intake.findings.table, frame.table), strict=True):
        pd.testing.assert_frame_equal(was, now)
    return result


@pytest.fixture
def settle(make_contest: MakeContest) -> Callable[..., Resolution]:
    """Settle rows, or files of rows, that came in for a small contest; also: nothing given is changed."""

    def run(returns: Any, asked: Sequence[int] | None = None, as_of: str | None = None) -> Resolution:
        contest = load_contest(make_contest(returns=returns))
        return settle_in(contest, load_frame(contest), contest.folder / "inbox", asked, as_of)

    return run


def held(resolution: Resolution) -> int | None:
    """Votes of the first candidate in the return that holds for station 0001, None where none is used."""
    row = resolution.table[resolution.table["row"] == 0].iloc[0]
    return int(row["votes_1"]) if row["usable"] else None


# --- one source ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "votes"),
    [
        ([form("16:00", 100)], 100),
        ([form("16:00", 100), form("17:00", 110)], 110),
        ([form("17:00", 110), form("16:00", 100)], 110),
        ([form("16:00", 100), form("16:00", 100)], 100),
        ([form("17:00", 100), form("16:30", 110) | {"received_at": "2024-11-27T10:30:00Z"}], 110),
    ],
    ids=["one", "correction", "correction-first", "duplicate", "zones"],
)
def test_of_one_source_the_latest_holds(settle: Callable[..., Resolution], rows: Rows, votes: int) -> None:
    result = settle(rows)
    assert (held(result), len(result.table), len(result.findings)) == (votes, 1, 0)


@pytest.mark.parametrize(
    ("rows", "votes"),
    [
        ([form("16:00", 100), form("17:00", 110, **BAD)], None),
        ([form("16:00", 100), form("17:00", 110, votes_1="1.100")], None),
        ([form("16:00", 100), form("17:00", 110, votes_1=None)], None),
        ([form("16:00", 100), form("17:00", 110, status="maybe")], None),
        ([form("16:00", 100), form("17:00", 110, status="verified", **BAD)], None),
        ([form("16:00", 100), form("17:00", 110, **BAD), form("18:00", 120)], 120),
        ([form("16:00", 100, **BAD), form("17:00", 110)], 110),
        ([form("16:00", 100), form("17:00", 100, status="rejected")], None),
        ([form("16:00", 100, status="rejected"), form("17:00", 110)], 110),
        ([form("16:00", 100, source="officer"), form("17:00", 100, source="app", status="rejected")], None),
    ],
)
def test_a_return_kept_out_takes_the_station_out_and_revives_none(
    settle: Callable[..., Resolution], rows: Rows, votes: int | None
) -> None:
    result = settle(rows)
    assert held(result) == votes
    assert len(result.findings.errors) >= 1


# --- verified, and several sources --------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "votes", "codes"),
    [
        ([form("16:00", 100, status="verified"), form("17:00", 110)], 100, {}),
        ([form("16:00", 100), form("17:00", 110, status="verified")], 110, {}),
        ([form("16:00", 100, status="verified"), form("17:00", 110, status="verified")], 110, {}),
        ([form("16:00", 100, status="verified"), form("17:00", 110, source="app")], 100, {}),
        ([form("16:00", 100, status="verified"), form("17:00", 110, **BAD)], 100, {"E203": 1, "E205": 1}),
        ([form("16:00", 100), form("17:00", 100, source="app")], 100, {}),
        ([form("16:00", 100), form("17:00", 110, source="app")], None, {"E211": 2}),
        ([form("16:00", 100), form("17:00", 100, source="app", invalid=None)], None, {"E211": 2}),
        ([form("16:00", 100), form("17:00", 110, source="app"), form("18:00", 110)], 110, {}),
        ([form("16:00", 100), form("17:00", 110, source="app"), form("15:00", 120, status="verified")], 120, {}),
        ([form("16:00", 100), form("17:00", 110, source=None)], None, {"E211": 2}),
    ],
)
def test_verified_before_others_and_sources_that_disagree(
    settle: Callable[..., Resolution], rows: Rows, votes: int | None, codes: dict[str, int]
) -> None:
    result = settle(rows)
    assert (held(result), result.findings.errors.counts()) == (votes, codes)


def test_sources_that_disagree_are_named(settle: Callable[..., Resolution]) -> None:
    table = settle([form("16:00", 100), form("17:00", 110, source="app")]).findings.table
    assert table[["line", "column", "value"]].to_numpy().tolist() in (
        [[2, "source", "officer"], [3, "source", "app"]],
        [[3, "source", "app"], [2, "source", "officer"]],
    )


@pytest.mark.parametrize(
    "flaw", [BAD | {"status": "verified"}, {"status": "rejected"}], ids=["quarantined", "rejected"]
)
def test_a_verified_return_is_not_revived_either(settle: Callable[..., Resolution], flaw: dict[str, Any]) -> None:
    assert held(settle([form("16:00", 100, status="verified"), form("17:00", 100, **flaw)])) is None


# --- ties ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["source", "reporter", "invalid", "received_at"])
def test_tied_rows_with_a_blank(settle: Callable[..., Resolution], blank: str) -> None:
    rows = [form("16:00", 100, **{blank: None})] * 2
    if blank == "received_at":
        rows = [{key: row[key] for key in row if key != blank} for row in rows]
    assert held(settle(rows)) == 100


ROWS = st.builds(
    form,
    clock=st.sampled_from(["16:00", "16:00", "17:00"]),
    a=st.integers(100, 104),
    tps_id=st.sampled_from(["0001", "0002"]),
    source=st.sampled_from(["officer", "app"]),
    status=st.sampled_from(["received", "received", "verified", "rejected"]),
    reporter=st.sampled_from(["P-01", "P-02"]),
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Contest, Frame]:
    """The demo contest's rules with two stations, once for all examples."""
    folder = tmp_path_factory.mktemp("orders")
    text = (demo_contest("situbondo-2024") / "contest.toml").read_text(encoding="utf-8")
    (folder / "contest.toml").write_text(
        text.replace('[baseline]\npath = "baseline.csv"\nlevel = "village"\n', ""), encoding="utf-8"
    )
    head, one, two = (
        "tps_id,province,regency,district,village,tps,registered",
        "0001,P,R,D,V,1,301",
        "0002,P,R,D,W,1,302",
    )
    (folder / "frame.csv").write_text("\n".join([head, one, two]))
    contest = load_contest(folder)
    return contest, load_frame(contest)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=7), data=st.data())
def test_no_order_of_rows_or_files_decides(opened: tuple[Contest, Frame], rows: Rows, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    results = []
    for files in ([rows], [part for part in (shuffled[:cut], shuffled[cut:]) if part]):
        with TemporaryDirectory() as inbox:
            for name, part in zip("ab", files, strict=False):
                pd.DataFrame(part).to_csv(Path(inbox) / f"{name}.csv", index=False)
            results.append(settle_in(*opened, Path(inbox)))
    one, other = results
    place = ["file", "line"]
    pd.testing.assert_frame_equal(one.table.drop(columns=place), other.table.drop(columns=place))
    assert one.findings.counts() == other.findings.counts()


def test_columns_of_other_files_do_not_decide_a_tie(settle: Callable[..., Resolution]) -> None:
    for votes in range(101, 111):
        with_roll = [form("16:00", votes, registered=301)]
        with_users = [form("16:00", 100, used_total=260)]
        one = settle({"a.csv": with_roll, "b.csv": with_users})
        other = settle({"b.csv": with_roll, "a.csv": with_users})
        assert held(one) == held(other)


# --- as of --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "votes", "stations"),
    [("15:59", None, 0), ("16:00", 100, 1), ("16:59", 100, 1), ("17:00", 110, 2), (None, 110, 2)],
)
def test_only_what_had_been_received_by_then(
    settle: Callable[..., Resolution], as_of: str | None, votes: int | None, stations: int
) -> None:
    rows = [form("16:00", 100), form("17:00", 110), form("17:00", 90, tps_id="0002")]
    result = settle(rows, as_of=as_of)
    assert len(result.table) == stations
    assert (held(result) if stations else None) == votes
    assert result.as_of == datetime.fromisoformat(at(as_of or "17:00"))


def test_what_came_later_is_not_listed_yet(settle: Callable[..., Resolution]) -> None:
    rows = [form("16:00"), form("17:00", tps_id="0002", votes_1="x"), form("17:00", tps_id="0003", **BAD)]
    assert len(settle(rows, as_of="16:30").findings) == 0
    assert settle(rows, as_of="17:00").findings.counts() == {"E202": 1, "E203": 1, "E205": 1}


def untimed(**other: Any) -> dict[str, Any]:
    return {key: value for key, value in form(**other).items() if key != "received_at"}


def test_a_file_without_times_counts_as_all_received(settle: Callable[..., Resolution]) -> None:
    files = {"a.csv": [untimed(a=100), untimed(tps_id="0002")], "b.csv": [form("17:00", 110)]}
    early, late = settle(files, as_of="16:00"), settle(files)
    assert (held(early), early.untimed, len(early.table)) == (100, 2, 2)
    assert (held(late), late.untimed, len(late.table)) == (110, 1, 2)
    assert settle([untimed()]).as_of is None


def test_a_row_without_time_that_can_not_be_read_is_listed_at_any_moment(settle: Callable[..., Resolution]) -> None:
    rows = [untimed(), untimed(tps_id="0002", votes_1="x")]
    assert settle(rows).findings.counts() == {"E202": 1}
    assert settle(rows, as_of="20:00").findings.counts() == {"E202": 1}


@pytest.mark.parametrize("moment", ["20:00", None])
def test_a_time_that_can_not_be_read_is_listed_at_any_moment(
    settle: Callable[..., Resolution], moment: str | None
) -> None:
    result = settle([form("16:00"), form(tps_id="0002", received_at="sore")], as_of=moment)
    assert result.table["usable"].tolist() == [True, False]
    assert result.findings.counts() == {"E210": 1}


# --- stations -----------------------------------------------------------------------------------


def test_stations_outside_the_sample_are_set_apart_and_counted(settle: Callable[..., Resolution]) -> None:
    rows = [
        form(),
        form(tps_id="0002"),
        form("17:00", tps_id="0002"),
        form(tps_id="0003", **BAD),
        form(tps_id="0004", votes_1="x"),
    ]
    result = settle(rows, asked=[0])
    assert (result.outside, result.table["row"].tolist(), result.findings.counts()) == (3, [0], {})


@pytest.mark.parametrize(
    "tps_id",
    [
        "1",
        "00001",
        "9999",
        pytest.param(None),
    ],
)
def test_a_station_that_the_frame_does_not_know(settle: Callable[..., Resolution], tps_id: str | None) -> None:
    result = settle([form(), form(tps_id=tps_id)])
    assert result.findings.table[["code", "line", "column", "value"]].to_numpy().tolist() == [
        ["E207", 3, "tps_id", tps_id or ""]
    ]
    assert (result.outside, result.table["row"].tolist()) == (0, [0])


def test_stations_elsewhere_are_outside_and_not_unknown(make_contest: MakeContest) -> None:
    contest = load_contest(make_contest(returns=[form(), form(tps_id="0002"), form(tps_id="9999")]))
    frame = load_frame(contest, "district=A")
    result = resolve(contest, frame, read_returns(contest), np.arange(len(frame)))
    assert (result.outside, result.findings.counts()) == (1, {"E207": 1})


def test_nothing_received(settle: Callable[..., Resolution]) -> None:
    result = settle(None)
    assert (len(result.table), len(result.findings), result.outside, result.untimed) == (0, 0, 0, 0)
    assert result.as_of is None
    assert {"row", "usable", "votes_1", "total"} <= set(result.table.columns)


# --- what is listed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "code", "column", "value"),
    [
        ({"total": 261}, "E203", "total", "261"),
        ({"valid": 251}, "E204", "valid", "251"),
        ({"votes_2": 250, "total": 360}, "E205", "total", "360"),
        ({"used_total": 259}, "E206", "total", "260"),
        ({"registered": 307}, "E208", "registered", "307"),
        (
            {"ballots_received": 309, "ballots_used": 260, "ballots_spoiled": 0, "ballots_left": 48},
            "E209",
            "ballots_received",
            "309",
        ),
        ({"status": "rejected"}, "E212", "status", "rejected"),
        ({"registered": 300}, "W201", "registered", "300"),
        ({"ballots_received": 303}, "W202", "ballots_received", "303"),
        ({"votes_1": 0, "total": 160}, "W204", "votes_1", "0"),
        ({"votes_2": 190, "total": 300}, "W205", "total", "300"),
        ({"votes_1": 0, "votes_2": 0, "invalid": 61, "total": 61}, "W211", "votes_1", "0"),
        ({"votes_1": 10, "votes_2": 10, "total": 30}, "W206", "total", "30"),
        ({"votes_2": 200, "total": 310}, "W208", "total", "310"),
        ({"invalid": None}, "W209", "total", "260"),
        ({"cuaca": "hujan"}, "W210", "", "cuaca"),
    ],
)
def test_each_rule_is_listed_with_its_place(
    settle: Callable[..., Resolution], row: dict[str, Any], code: str, column: str, value: str
) -> None:
    result = settle([form() | row])
    places = result.findings.table.set_index("code")
    assert places.loc[code, ["file", "column", "value"]].tolist() == ["returns.csv", column, value]
    assert (held(result) is None) == code.startswith("E")


def test_errors_stand_before_warnings_and_a_return_kept_out_has_no_warnings(settle: Callable[..., Resolution]) -> None:
    result = settle([form(registered=300), form(tps_id="0002", registered=299, **BAD)])
    assert result.findings.table[["code", "line"]].to_numpy().tolist() == [["E203", 3], ["E205", 3], ["W201", 2]]


def test_blank_votes_are_named_by_their_own_column(settle: Callable[..., Resolution]) -> None:
    assert settle([form(votes_2=None)]).findings.table["column"].tolist() == ["votes_2"]


def test_a_stations_own_corrections_are_no_other_stations(settle: Callable[..., Resolution]) -> None:
    much, little = {"votes_1": 240, "votes_2": 10, "total": 260}, {"votes_1": 10, "votes_2": 240, "total": 260}
    rows = [form("16:00", **much), form("16:10", **little), form("16:20", **much)]
    assert settle(rows).findings.counts() == {}

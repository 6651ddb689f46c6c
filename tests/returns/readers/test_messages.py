"""Text messages: lines and gateways' exports, both orders, letters for digits, check digits, resends."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimation.contest import load_contest
from estimation.frame import load_frame
from estimation.returns import Intake, read_returns, resolve

Found = Callable[..., list[tuple[str, int, str, str]]]
TakeIn = Callable[..., Intake]
COLUMNS = ["tps_id", "reporter", "votes_1", "votes_2", "invalid", "total"]


def table(intake: Intake) -> list[list[object]]:
    return intake.table[COLUMNS].astype(object).where(intake.table[COLUMNS].notna(), None).to_numpy().tolist()


def test_lines_that_begin_with_the_station(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"sms.txt": "0001#P-01#120#170#10\n\n0002 # P-02 # 45 # 87 # 12 #\n0003#P-03#45#87\n"})
    assert table(intake) == [
        ["0001", "P-01", 120, 170, 10, 300],
        ["0002", "P-02", 45, 87, 12, 144],
        ["0003", "P-03", 45, 87, None, None],
    ]
    assert intake.table["line"].tolist() == [1, 3, 4]
    assert intake.table["revision"].tolist() == [1, 3, 4]
    assert intake.table["received_at"].isna().all()
    assert (listed(intake), intake.sources[0].layout, intake.sources[0].separator) == ([], "messages", "#")


@pytest.mark.parametrize(("code", "returns"), [("small", ""), ("SMALL", ""), ("qc24", 'code = "QC24"')])
def test_lines_that_begin_with_the_code_of_the_contest(take_in: TakeIn, code: str, returns: str) -> None:
    assert table(take_in({"sms.txt": f"{code}#0001#120#170#10\n"}, returns)) == [["0001", None, 120, 170, 10, 300]]


def assigned(make_contest: Callable[..., Path], message: str, officers: bool = False) -> Intake:
    folder = make_contest(returns={"sms.txt": message + "\n"})
    (folder / "out").mkdir()
    rows = "reporter,tps_id\n0013,0001\n0021,0002\n0021,0003\n"
    (folder / "out" / "assignments.csv").write_text(rows)
    if officers:
        (folder / "out" / "officers.csv").write_text("officer,tps_id\n")
    return read_returns(load_contest(folder))


def test_lines_are_counted_as_editors_do(take_in: TakeIn, listed: Found) -> None:
    text = "0001#P-01#120#170#10\u2028\r\n\x0b\n0002#P-01#x#1\n"
    assert listed(take_in({"sms.txt": text}), "E218", "E202") == [("E202", 3, "votes_1", "x")]


def test_the_code_of_an_officer_with_one_station(make_contest: Callable[..., Path], listed: Found) -> None:
    intake = assigned(make_contest, "small#0013#120#170#10")
    assert table(intake) == [["0001", "0013", 120, 170, 10, 300]]
    assert listed(intake) == []


def test_the_code_of_an_officer_with_several_stations(make_contest: Callable[..., Path], listed: Found) -> None:
    intake = assigned(make_contest, "small#0021#120#170#10")
    assert listed(intake) == [("E220", 1, "", "small#0021#120#170#10".replace("small", "…"))]
    assert intake.table["unreadable"].tolist() == [True]


@pytest.mark.parametrize(("code", "wrong"), [("0021", False), ("0022", True), ("0012", True), ("P-01", True)])
def test_a_check_digit(make_contest: Callable[..., Path], listed: Found, code: str, wrong: bool) -> None:
    intake = assigned(make_contest, f"0002#{code}#120#170#10")
    assert [code for code, *_ in listed(intake)] == ["E219"] * wrong
    assert intake.table["unreadable"].tolist() == [wrong]
    assert listed(assigned(make_contest, f"0002#{code}#120#170#10", officers=True)) == []


@pytest.mark.parametrize("message", ["0001#P-01#120", "0001#P-01#120#170#10#300", "0001#P-01##"])
def test_too_few_or_too_many_fields(take_in: TakeIn, listed: Found, message: str) -> None:
    intake = take_in({"sms.txt": f"0002#P-02#1#2#3\n{message}\n"})
    assert listed(intake) == [("E218", 2, "", message.rstrip("#"))]
    assert intake.table["unreadable"].tolist() == [False, True]
    assert intake.table["tps_id"].tolist() == ["0002", "0001"]
    assert np.isnan(intake.table["votes_1"]).tolist() == [False, True]


def test_letters_for_digits_are_proposed_and_not_used(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"sms.txt": "0001#P-01#12O#I7l#x\n0002#P-01#1#2#3\n"})
    assert listed(intake) == [
        ("E202", 1, "votes_1", "12O"),
        ("W213", 1, "votes_1", "12O → 120"),
        ("E202", 1, "votes_2", "I7l"),
        ("W213", 1, "votes_2", "I7l → 171"),
        ("E202", 1, "invalid", "x"),
    ]
    assert intake.table["unreadable"].tolist() == [True, False]
    assert np.isnan(intake.table["votes_1"].iloc[0])


def test_a_gateways_export(take_in: TakeIn, listed: Found) -> None:
    text = "id;SenderNumber;Nama;TextDecoded;ReceivingDateTime\n"
    text += "1;+6281200000000;Made;0001#P-01#120#170#10;2024-11-27 16:05:00\n"
    text += "2;081200000000;Made;small#0002#120#170#10;2024-11-27 16:06:00\n"
    text += "3;081211111111;Putu;Selamat sore pak;2024-11-27 16:06:00\n"
    text += "4;081200000000;Made;0001#P-01#130#160#10;2024-11-27 16:30:00\n"
    intake = take_in({"inbox.csv": text}, 'timezone = "Asia/Jakarta"')
    frame = intake.table
    assert frame["tps_id"].tolist() == ["0001", "0002", "0001"]
    assert frame["line"].tolist() == [2, 3, 5]
    assert frame["received_at"].iloc[0] == pd.Timestamp("2024-11-27T09:05:00Z")
    assert frame["reporter"].iloc[0] == "P-01"
    assert frame["reporter"].str.fullmatch("p-[0-9a-f]{12}").tolist() == [False, True, False]
    assert listed(intake) == [("W220", 4, "", ""), ("W216", 1, "", "Nama")]
    everything = frame.to_csv() + intake.findings.table.to_csv()
    assert "8120" not in everything
    assert "Made" not in everything


def test_a_message_without_a_count_among_lines(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"sms.txt": "0001#P-01#120#170#10\nTPS 3 masih menghitung\n"})
    assert (listed(intake), len(intake.table)) == ([("W220", 2, "", "")], 1)


def test_a_resend_is_a_correction_in_a_file_without_times_too(make_contest: Callable[..., Path]) -> None:
    text = "0001#P-01#120#170#10\n0002#P-02#5#60#1\n0001#P-01#130#160#10\n"
    folder = make_contest(returns={"sms.txt": text})
    contest = load_contest(folder)
    frame = load_frame(contest)
    held = resolve(contest, frame, read_returns(contest), np.arange(len(frame))).table
    assert held[["tps_id", "votes_1", "usable"]].to_numpy().tolist() == [["0001", 130, True], ["0002", 5, True]]


counts = st.integers(0, 600)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(counts, counts, st.one_of(st.none(), counts)), min_size=1, max_size=6),
    coded=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    gap=st.sampled_from(["#", " # ", "# "]),
)
def test_what_is_sent_is_read(
    make_contest: Callable[..., Path], rows: list[tuple[int, int, int | None]], coded: bool, end: str, gap: str
) -> None:
    folder = make_contest()
    lines = []
    for i, numbers in enumerate(rows, 1):
        head = ["small", f"{i:04d}"] if coded else [f"{i:04d}", "P-01"]
        lines.append(gap.join([*head, *(str(n) for n in numbers if n is not None)]))
    (folder / "inbox" / "sms.txt").write_bytes(end.join(lines).encode())
    read = read_returns(load_contest(folder)).table
    np.testing.assert_array_equal(read[["votes_1", "votes_2", "invalid"]].to_numpy(), np.array(rows, dtype=np.float64))
    assert read["tps_id"].tolist() == [f"{i:04d}" for i in range(1, len(rows) + 1)]

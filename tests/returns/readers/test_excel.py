"""XLSX: what Excel does to codes, counts and rows is undone where it is certain, and refused where it is not."""

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimation.contest import load_contest
from estimation.returns import Intake, read_returns

Found = Callable[..., list[tuple[str, int, str, str]]]
TakeIn = Callable[..., Intake]
HEADER = ["Kode TPS", "Suara 1", "Suara 2", "Suara Tidak Sah", "Jumlah Suara"]


def book(*rows: Sequence[Any], change: Callable[[Any], None] | None = None, **sheets: Sequence[Sequence[Any]]) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for title, more in sheets.items():
        other = workbook.create_sheet(title)
        for row in more:
            other.append(list(row))
    if change is not None:
        change(workbook)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def test_text_and_numbers(take_in: TakeIn, listed: Found) -> None:
    rows = [["REKAPITULASI"], [], HEADER, ["0001", 120, "170", 10.0, 300], [], ["0002", 0, None, "", 5]]
    intake = take_in({"a.xlsx": book(*rows)})
    assert intake.table["tps_id"].tolist() == ["0001", "0002"]
    np.testing.assert_array_equal(
        intake.table[["votes_1", "votes_2", "invalid", "total"]].to_numpy(),
        [[120, 170, 10, 300], [0, np.nan, np.nan, 5]],
    )
    assert intake.table["line"].tolist() == [4, 6]
    assert listed(intake) == []
    assert (intake.sources[0].header_line, intake.sources[0].header) == (3, tuple(HEADER))


def test_a_code_without_its_zeros_is_found_in_the_frame(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"a.xlsx": book(HEADER, [1, 1, 2, 0, 3], ["2", 1, 2, 0, 3], [99, 1, 2, 0, 3])})
    assert intake.table["tps_id"].tolist() == ["0001", "2", "99"]
    assert listed(intake) == [("W215", 2, "tps_id", "1 → 0001")]


def test_a_long_code_as_a_number_keeps_its_digits(take_in: TakeIn) -> None:
    assert take_in({"a.xlsx": book(HEADER, [3512011001001, 1, 2, 0, 3])}).table["tps_id"].tolist() == ["3512011001001"]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (1.234, "1.234"),
        (-3, "-3"),
        (datetime(2024, 2, 1), "2024-02-01T00:00:00"),
        ("1.234", "1.234"),
        ("3,51201E+12", "3,51201E+12"),
        (True, "TRUE"),
        ("#REF!", "#REF!"),
    ],
)
def test_what_is_no_count(take_in: TakeIn, listed: Found, cell: object, shown: str) -> None:
    intake = take_in({"a.xlsx": book(HEADER, ["0001", cell, 2, 0, 3])})
    assert listed(intake) == [("E202", 2, "Suara 1", shown)]
    assert intake.table["unreadable"].tolist() == [True]


@pytest.mark.parametrize("cell", ["3,51201E+12", "3.51E+12", datetime(2024, 2, 1)])
def test_a_code_that_lost_its_digits(take_in: TakeIn, listed: Found, cell: object) -> None:
    intake = take_in({"a.xlsx": book(HEADER, [cell, 1, 2, 0, 3])})
    assert [(code, line) for code, line, _, _ in listed(intake)] == [("E216", 2)]
    assert intake.table["unreadable"].tolist() == [True]


def test_hidden_rows_and_merged_cells_are_kept_out_with_their_cell(take_in: TakeIn, listed: Found) -> None:
    def change(workbook: Any) -> None:
        workbook.active.row_dimensions[3].hidden = True
        workbook.active.merge_cells("B4:C4")

    intake = take_in({"a.xlsx": book(HEADER, *[[f"000{i}", 1, 2, 0, 3] for i in (1, 2, 3, 4)], change=change)})
    assert listed(intake) == [("E217", 3, "", "hidden"), ("E217", 4, "", "B4:C4 merged")]
    assert intake.table["unreadable"].tolist() == [False, True, True, False]


def test_a_merged_header_stops_with_its_cells(take_in: TakeIn) -> None:
    content = book(
        ["Judul"], HEADER, ["0001", 1, 2, 0, 3], change=lambda workbook: workbook.active.merge_cells("B2:B3")
    )
    with pytest.raises(ValueError, match=r"a\.xlsx, worksheet 'Sheet', cells B2:B3: the header is merged: split"):
        take_in({"a.xlsx": content})


def test_a_column_twice_or_without_a_name_stops_with_its_line(take_in: TakeIn) -> None:
    with pytest.raises(ValueError, match=r"worksheet 'Sheet', line 2: column 'DPT' stands there twice"):
        take_in({"a.xlsx": book(["Judul"], [*HEADER, "DPT", "DPT"])})
    with pytest.raises(ValueError, match=r"worksheet 'Sheet', line 1: column 6 has no name"):
        take_in({"a.xlsx": book([*HEADER, None, "DPT"])})


def test_a_row_of_totals_is_left_out_and_told(take_in: TakeIn, listed: Found) -> None:
    rows = [["Desa", *HEADER], ["A", "0001", 1, 2, 0, 3], ["JUMLAH", None, 1, 2, 0, 3]]
    intake = take_in({"a.xlsx": book(*rows)})
    assert intake.table["tps_id"].tolist() == ["0001"]
    assert listed(intake, "W214") == [("W214", 3, "", "JUMLAH")]


def test_a_row_of_totals_is_left_out_where_rows_are_hidden_too(take_in: TakeIn, listed: Found) -> None:
    rows = [["Desa", *HEADER], ["A", "0001", 1, 2, 0, 3], ["A", "0002", 1, 2, 0, 3], ["JUMLAH", None, 2, 4, 0, 6]]

    def change(workbook: Any) -> None:
        workbook.active.row_dimensions[2].hidden = True

    intake = take_in({"a.xlsx": book(*rows, change=change)})
    assert intake.table[["tps_id", "unreadable"]].to_numpy().tolist() == [["0001", True], ["0002", False]]
    assert listed(intake, "E217", "W214") == [("E217", 2, "", "hidden"), ("W214", 4, "", "JUMLAH")]


def test_cells_beyond_the_header_are_told(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"a.xlsx": book(HEADER, ["0001", 1, 2, 0, 3, "?"])})
    assert [(code, line) for code, line, _, _ in listed(intake)] == [("E213", 2)]


def test_several_worksheets(take_in: TakeIn, listed: Found) -> None:
    def hide(workbook: Any) -> None:
        workbook["Lama"].sheet_state = "hidden"

    second = [HEADER, ["0002", 4, 5, 0, 9]]
    content = book(HEADER, ["0001", 1, 2, 0, 3], change=hide, Besuki=second, Catatan=[["halo"]], Lama=second)
    intake = take_in({"a.xlsx": content})
    assert intake.table["tps_id"].tolist() == ["0001", "0002"]
    assert [value for *_, value in listed(intake, "W221")] == [
        "Catatan: without the columns of returns",
        "Lama: hidden",
    ]


def test_a_workbook_without_returns_stops(take_in: TakeIn) -> None:
    with pytest.raises(ValueError, match=r"a\.xlsx: no worksheet holds returns \('Sheet' is without the columns of"):
        take_in({"a.xlsx": book(["a", "b"], [1, 2])})


def test_times_are_in_the_zone_of_the_contest(take_in: TakeIn) -> None:
    rows = [[*HEADER, "Waktu"], ["0001", 1, 2, 0, 3, datetime(2024, 11, 27, 16, 5)]]
    table = take_in({"a.xlsx": book(*rows)}, 'timezone = "Asia/Jakarta"').table
    assert table["received_at"].tolist() == [pd.Timestamp("2024-11-27T09:05:00Z")]


def test_a_kobo_export_as_xlsx(take_in: TakeIn) -> None:
    header = ["g/tps_id", "g/votes_1", "g/votes_2", "_id", "_uuid", "_submission_time"]
    labels = ["TPS", "Satu", "Dua", "_id", "_uuid", "_submission_time"]
    rows = [header, labels, ["0001", 5, 6, 77, "0b2f7c1e-0000-4000-8000-000000000001", "2024-11-27T09:05:00"]]
    intake = take_in({"a.xlsx": book(*rows)})
    assert intake.table[["tps_id", "votes_2", "line", "source"]].to_numpy().tolist() == [["0001", 6, 3, "kobo"]]


counts = st.one_of(st.none(), st.integers(0, 600))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(counts, counts, counts, counts), min_size=1, max_size=6), text=st.booleans())
def test_what_is_written_is_read_again(
    make_contest: Callable[..., Path], rows: list[tuple[int | None, ...]], text: bool
) -> None:
    folder = make_contest()
    cells = [[f"{i:04d}", *(str(n) if text and n is not None else n for n in row)] for i, row in enumerate(rows, 1)]
    (folder / "inbox" / "a.xlsx").write_bytes(book(HEADER, *cells))
    table = read_returns(load_contest(folder)).table
    written = table[["votes_1", "votes_2", "invalid", "total"]].to_numpy()
    np.testing.assert_array_equal(written, np.array(rows, dtype=np.float64))

"""Files of returns: what is read, what can't be, and where it stands."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.errors import EstimationError, ReturnsError, TableError
from estimation.returns.readers import RowBatch
from estimation.returns.readers.tabular import read_source
from estimation.tables import read_table

MakeContest = Callable[..., Path]

GOOD = {
    "tps_id": "0001",
    "received_at": "2024-11-27T16:00:00+07:00",
    "votes_1": 120,
    "votes_2": 170,
    "invalid": 10,
    "total": 300,
}
ZONE = '[returns]\ntimezone = "Asia/Jakarta"\n'


@pytest.fixture
def read(make_contest: MakeContest) -> Callable[..., RowBatch]:
    """Read rows (changes of a good one) or text as returns of a small contest."""

    def run(*rows: Mapping[str, Any] | str, extra_toml: str = "") -> RowBatch:
        content = rows[0] if isinstance(rows[0], str) else [GOOD | row for row in rows]
        folder = make_contest(returns=content, extra_toml=extra_toml)
        return read_source(read_table(folder / "inbox" / "returns.csv"), load_contest(folder))

    return run


def listed(batch: RowBatch) -> list[tuple[str, int, str, str]]:
    return list(batch.findings.table[["code", "line", "column", "value"]].itertuples(index=False, name=None))


def test_a_good_row(read: Callable[..., RowBatch]) -> None:
    batch = read({})
    row = batch.table.iloc[0]
    assert row[["tps_id", "votes_1", "votes_2", "invalid", "total"]].tolist() == ["0001", 120, 170, 10, 300]
    assert row["received_at"] == pd.Timestamp("2024-11-27T09:00:00Z")
    assert row[["status", "file", "line", "unreadable"]].tolist() == ["received", "returns.csv", 2, False]
    assert listed(batch) == []


def test_indonesian_headers_and_semicolons(read: Callable[..., RowBatch]) -> None:
    batch = read(
        "\ufeffKode TPS;Diterima;Suara 1;Suara 2;Suara Tidak Sah;Jumlah Suara;DPT;Sumber;Petugas\r\n"
        "0001;2024-11-27T16:00:00+07:00;120;170;10;300;301;WhatsApp;P-01\r\n"
    )
    row = batch.table.iloc[0]
    assert row[["tps_id", "votes_1", "votes_2", "invalid", "total"]].tolist() == ["0001", 120, 170, 10, 300]
    assert row[["registered", "source", "reporter"]].tolist() == [301, "WhatsApp", "P-01"]
    assert listed(batch) == []


def test_the_contests_own_names(read: Callable[..., RowBatch]) -> None:
    text = "tps_id,Jam Unggah,votes_1,votes_2,invalid,total\n0001,2024-11-27T16:00:00Z,1,2,0,3\n"
    batch = read(text, extra_toml='[returns]\ncolumns = { "jam unggah" = "received_at" }\n')
    assert batch.table["received_at"].tolist() == [pd.Timestamp("2024-11-27T16:00:00Z")]
    assert listed(batch) == []


def test_unknown_columns_are_listed_with_the_nearest_known(read: Callable[..., RowBatch]) -> None:
    batch = read({"cuaca": "hujan", "reportr": "P-01", "votes_3": 1})
    assert listed(batch) == [
        ("W210", 1, "", "cuaca"),
        ("W210", 1, "", "reportr (is it reporter?)"),
        ("W210", 1, "", "votes_3 (is it votes_2?)"),
    ]
    assert "votes_3" not in batch.table


@pytest.mark.parametrize("missing", ["tps_id", "votes_2", "invalid", "total"])
def test_a_missing_required_column_stops(read: Callable[..., RowBatch], missing: str) -> None:
    header = ",".join(f"{name}x" if name == missing else name for name in GOOD)
    told = rf"returns\.csv, line 1: column '{missing}' \(is it '{missing}x'\?\) is missing"
    with pytest.raises(TableError, match=told):
        read(f"{header}\n")


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "\ufeff \r\n"])
def test_an_empty_file_stops(read: Callable[..., RowBatch], content: str) -> None:
    with pytest.raises(TableError, match="the file is empty"):
        read(content)


def test_a_blank_is_missing_and_not_zero(read: Callable[..., RowBatch]) -> None:
    batch = read({"invalid": None}, {"total": " "}, {"votes_2": None}, {"votes_2": 0})
    np.testing.assert_array_equal(batch.table["invalid"], [np.nan, 10, 10, 10])
    np.testing.assert_array_equal(batch.table["total"], [300, np.nan, 300, 300])
    np.testing.assert_array_equal(batch.table["votes_2"], [170, 170, np.nan, 0])
    assert (listed(batch), batch.table["unreadable"].sum()) == ([], 0)


@pytest.mark.parametrize("value", ["-1", "1.5", "1.234", "1,2E+3", "1E3", "12 suara", "—"])
@pytest.mark.parametrize("column", ["votes_1", "invalid", "total", "registered"])
def test_what_is_no_count_is_listed_and_not_repaired(read: Callable[..., RowBatch], column: str, value: str) -> None:
    batch = read({}, {column: value})
    assert listed(batch) == [("E202", 3, column, value)]
    assert batch.findings.table["tps_id"].tolist() == ["0001"]
    assert np.isnan(batch.table[column].iloc[1])
    assert batch.table["unreadable"].tolist() == [False, True]


def test_a_whole_number_with_a_decimal_zero_is_a_count(read: Callable[..., RowBatch]) -> None:
    batch = read({"votes_1": "120.0"}, {"votes_1": "0120"})
    assert (batch.table["votes_1"].tolist(), listed(batch)) == ([120, 120], [])


def test_a_ragged_row_is_listed_with_its_line_after_blank_lines_and_quoted_newlines(
    read: Callable[..., RowBatch],
) -> None:
    text = "tps_id,votes_1,votes_2,invalid,total,reporter\n\n"
    text += '0001,1,2,0,3,"P-01\nBesuki"\n0002,1,2,0,3\n\n0003,x,2,0,3,P-03\n'
    batch = read(text)
    assert listed(batch) == [("E213", 5, "", "0002,1,2,0,3"), ("E202", 7, "votes_1", "x")]
    assert batch.table[["tps_id", "line"]].to_numpy().tolist() == [["0001", 3], ["0003", 7]]


def test_leading_zeros_survive(read: Callable[..., RowBatch]) -> None:
    batch = read({"tps_id": "0001", "reporter": "007", "source": "00"}, {"tps_id": " 1"})
    assert batch.table["tps_id"].tolist() == ["0001", "1"]
    assert batch.table.loc[0, ["reporter", "source"]].tolist() == ["007", "00"]


# --- times --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-11-27T16:05:00+07:00", "2024-11-27T09:05:00"),
        ("2024-11-27T16:05:00+0700", "2024-11-27T09:05:00"),
        ("2024-11-27 17:05:00+08:00", "2024-11-27T09:05:00"),
        ("2024-11-27T09:05Z", "2024-11-27T09:05:00"),
        ("2024-11-27T16:05:00.250+07:00", "2024-11-27T09:05:00.250"),
    ],
)
@pytest.mark.parametrize("zone", ["", ZONE], ids=["no-zone", "zone"])
def test_times_with_an_offset(read: Callable[..., RowBatch], text: str, utc: str, zone: str) -> None:
    batch = read({}, {"received_at": text}, extra_toml=zone)
    assert batch.table["received_at"].iloc[1] == pd.Timestamp(utc, tz="UTC")
    assert listed(batch) == []


def test_naive_times_without_a_zone_stop_the_file(read: Callable[..., RowBatch]) -> None:
    with pytest.raises(ReturnsError) as told:
        read({"received_at": "2024-11-27T16:05:00"}, {"received_at": None})
    assert "returns.csv, line 2: '2024-11-27T16:05:00' has no UTC offset, as no time of the file has" in str(told.value)
    assert '[returns] timezone = "Asia/Jakarta"' in str(told.value)


def test_naive_times_are_in_the_declared_zone(read: Callable[..., RowBatch]) -> None:
    rows = [{"received_at": "2024-11-27T16:05:00"}, {"received_at": "2024-11-27T16:05:00+08:00"}]
    batch = read(*rows, extra_toml=ZONE)
    assert batch.table["received_at"].tolist() == [pd.Timestamp(f"2024-11-27T{h}:05:00Z") for h in ("09", "08")]
    assert listed(batch) == []


def test_a_time_that_the_clock_skips_or_says_twice_is_no_time(read: Callable[..., RowBatch]) -> None:
    rows = [{"received_at": time} for time in ("2024-03-31T02:30:00", "2024-10-27T02:30:00", "2024-10-27T04:30:00")]
    batch = read(*rows, extra_toml='[returns]\ntimezone = "Europe/Berlin"\n')
    assert [(code, line) for code, line, _, _ in listed(batch)] == [("E210", 2), ("E210", 3)]


@pytest.mark.parametrize(
    "time",
    [None, "2024-11-27T16:05:00", "sore", "27-11-2024 16:05+07:00", "2024-13-27T16:05:00+07:00", "0001-01-01T00:00Z"],
)
def test_one_time_that_can_not_be_read(read: Callable[..., RowBatch], time: str | None) -> None:
    batch = read({}, {"received_at": time})
    assert listed(batch) == [("E210", 3, "received_at", time or "")]
    assert batch.table["unreadable"].tolist() == [False, True]


def test_a_time_is_kept_to_the_microsecond(read: Callable[..., RowBatch]) -> None:
    batch = read({"received_at": "2024-11-27T16:00:00.123456789+07:00"})
    assert batch.table["received_at"].tolist() == [pd.Timestamp("2024-11-27T09:00:00.123456Z")]


@pytest.mark.parametrize("time", ["0001", "9999", "0001-01-01", "1800-01-01T00:00:00"])
def test_a_year_that_none_of_us_saw_is_no_time(read: Callable[..., RowBatch], time: str) -> None:
    batch = read({"received_at": time}, {}, extra_toml=ZONE)
    assert listed(batch) == [("E210", 2, "received_at", time)]


@pytest.mark.parametrize("rows", [1, 2])
def test_an_offset_of_hours_only(read: Callable[..., RowBatch], rows: int) -> None:
    times = ["2024-11-27T16:05:00+07", "2024-11-27T16:05:00"][:rows]
    batch = read(*[{"received_at": time} for time in times], extra_toml=ZONE)
    assert batch.table["received_at"].tolist() == [pd.Timestamp("2024-11-27T09:05:00Z")] * rows


def test_a_file_without_times(read: Callable[..., RowBatch]) -> None:
    batch = read("tps_id,votes_1,votes_2,invalid,total\n0001,1,2,0,3\n")
    assert batch.table["received_at"].isna().all()
    assert str(batch.table["received_at"].dtype).endswith("UTC]")
    assert listed(batch) == []


# --- status -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status"),
    [("verified", "verified"), ("Rejected", "rejected"), (None, "received"), (" received ", "received")],
)
def test_a_status(read: Callable[..., RowBatch], text: str | None, status: str) -> None:
    batch = read({"status": text})
    assert (batch.table["status"].tolist(), listed(batch)) == ([status], [])


def test_an_unknown_status(read: Callable[..., RowBatch]) -> None:
    batch = read({"status": "verified"}, {"status": "ok"})
    assert listed(batch) == [("E215", 3, "status", "ok")]
    assert batch.table["unreadable"].tolist() == [False, True]


# --- Parquet ------------------------------------------------------------------------------------


def parquet(folder: Path, **columns: list[object]) -> RowBatch:
    table = {key: [value] * 2 for key, value in GOOD.items()} | columns
    pd.DataFrame(table).to_parquet(folder / "inbox" / "returns.parquet")
    return read_source(read_table(folder / "inbox" / "returns.parquet"), load_contest(folder))


def test_parquet_with_typed_times_and_counts(make_contest: MakeContest) -> None:
    times = [pd.Timestamp("2024-11-27T16:00:00", tz="Asia/Jakarta"), pd.NaT]
    batch = parquet(make_contest(), received_at=times, votes_1=[120, None], total=[300, -1])
    assert batch.table["received_at"].iloc[0] == pd.Timestamp("2024-11-27T09:00:00Z")
    np.testing.assert_array_equal(batch.table["votes_1"], [120, np.nan])
    assert [(code, line, column) for code, line, column, _ in listed(batch)] == [
        ("E202", 2, "total"),
        ("E210", 2, "received_at"),
    ]


def test_a_blank_in_parquet_is_missing_too(make_contest: MakeContest) -> None:
    batch = parquet(make_contest(), total=["300", ""])
    assert listed(batch) == []


def test_an_infinite_count_in_parquet(make_contest: MakeContest) -> None:
    try:
        batch = parquet(make_contest(), total=[300.0, np.inf])
    except EstimationError:
        return
    assert [(code, line) for code, line, _, _ in listed(batch)] == [("E202", 2)]

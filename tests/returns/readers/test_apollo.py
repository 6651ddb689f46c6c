"""NDI Apollo: names dropped, codes without their leading zeros, the team's own tags."""

from collections.abc import Callable

import pandas as pd
import pytest

from estimation.returns import Intake

Found = Callable[..., list[tuple[str, int, str, str]]]
TakeIn = Callable[..., Intake]

HEADER = "Participant ID,Name,DB Phone,Recent Phone,Province,Regency,Location,Location Code,Latitude,Longitude,"
HEADER += "Registered Voters,AA,AB,BA,BB,Timestamp,Sample 1,Comment,Quarantine Status\n"
TOML = 'timezone = "Asia/Jakarta"\ncolumns = { AA = "votes_1", AB = "votes_2", BA = "invalid", BB = "total" }'


def row(code: str = "1", quarantine: str = "", time: str = "2024-11-27 16:05:00") -> str:
    return (
        f"{1000 + int(code)},Made Contoh,+6281200000000,081200000000,JAWA,KOTA,TPS 1,{code},-7.7,114.0,"
        f"301,120,170,10,300,{time},1,ramai,{quarantine}\n"
    )


def test_an_export(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"a.csv": "\ufeff" + HEADER + row("1") + row("12")}, TOML)
    table = intake.table
    assert table["tps_id"].tolist() == ["0001", "0012"]
    assert table[["votes_1", "votes_2", "invalid", "total", "registered"]].iloc[0].tolist() == [120, 170, 10, 300, 301]
    assert table["received_at"].tolist() == [pd.Timestamp("2024-11-27T09:05:00Z")] * 2
    assert table[["reporter", "source", "status"]].iloc[0].tolist() == ["1001", "apollo", "received"]
    assert listed(intake) == [
        ("W216", 1, "", "Name"),
        ("W216", 1, "", "DB Phone"),
        ("W216", 1, "", "Recent Phone"),
        ("W215", 2, "tps_id", "1 → 0001"),
        ("W215", 3, "tps_id", "12 → 0012"),
    ]
    assert (intake.sources[0].layout, intake.sources[0].mark, intake.sources[0].decimal) == ("apollo", True, ".")
    assert "Made" not in table.to_csv()
    assert "812" not in table.to_csv()


def test_a_code_that_several_stations_could_be_is_left_as_it_is(take_in: TakeIn, listed: Found) -> None:
    area = {"province": "P", "regency": "R", "district": "D", "village": "V", "tps": "1", "registered": 300}
    stations = [{"tps_id": code, **area} for code in ("001", "01", "002")]
    intake = take_in({"a.csv": HEADER + row("1") + row("2") + row("3")}, TOML, stations=stations)
    assert intake.table["tps_id"].tolist() == ["1", "002", "3"]
    assert listed(intake, "W215") == [("W215", 3, "tps_id", "2 → 002")]


@pytest.mark.parametrize(
    ("state", "status"), [("", "received"), ("None", "received"), ("A", "rejected"), ("R", "rejected")]
)
def test_quarantine(take_in: TakeIn, state: str, status: str) -> None:
    assert take_in({"a.csv": HEADER + row("1", state)}, TOML).table["status"].tolist() == [status]


def test_times_have_no_zone_so_the_contest_must_say_it(take_in: TakeIn) -> None:
    with pytest.raises(ValueError, match=r"a\.csv, line 2: '2024-11-27 16:05:00' has no UTC offset"):
        take_in({"a.csv": HEADER + row("1")}, TOML.splitlines()[1])


def test_tags_that_nobody_mapped_stop_with_the_line(take_in: TakeIn) -> None:
    with pytest.raises(
        ValueError, match=r"a\.csv, line 1: column 'votes_1', 'votes_2' is missing; the header reads Part"
    ):
        take_in({"a.csv": HEADER + row("1")}, 'timezone = "Asia/Jakarta"')


def test_translated_headers_are_read_when_the_contest_names_the_format(take_in: TakeIn) -> None:
    header = "Kode Pengamat,Nama,Telepon,Kode Lokasi,AA,AB,Waktu,Status Karantina\n"
    toml = 'format = "apollo"\ntimezone = "Asia/Jakarta"\ncolumns = { AA = "votes_1", AB = "votes_2", '
    toml += '"Kode Pengamat" = "reporter", "Kode Lokasi" = "tps_id", "Status Karantina" = "status" }'
    table = take_in({"a.csv": header + "A1,Made,0812,3,5,6,2024-11-27 16:00:00,A\n"}, toml).table
    assert table[["tps_id", "reporter", "status", "votes_2"]].iloc[0].tolist() == ["0003", "A1", "rejected", 6]

"""The frame: every broken row is listed, codes keep their zeros, an area is its whole path."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from estimation.contest import load_contest
from estimation.errors import FrameError, TableError
from estimation.frame import Frame, load_frame, read_frame

MakeContest = Callable[..., Path]

HEADER = "tps_id,province,regency,district,village,tps,registered"
# Two districts KOTA in two regencies; village MAJU in two districts of one regency.
AREAS = """\
001,P,UTARA,KOTA,MAJU,001,100
002,P,SELATAN,KOTA,MAJU,001,200
003,P,UTARA,DESA,MAJU,002,300
004,P,UTARA,KOTA,JAYA,001,400
005,P,SELATAN,KOTA,MAJU,002,500
"""


def frame(folder: Path, rows: str, header: str = HEADER) -> Frame:
    path = folder / "frame.csv"
    path.write_text(f"{header}\n{rows}", encoding="utf-8")
    return read_frame(path)


def rejected(folder: Path, rows: str, header: str = HEADER) -> str:
    with pytest.raises((FrameError, TableError)) as told:
        frame(folder, rows, header)
    return str(told.value).replace(str(folder / "frame.csv"), "frame.csv")


# --- files --------------------------------------------------------------------------------------


def test_a_small_contest(make_contest: MakeContest) -> None:
    folder = make_contest()
    read = load_frame(load_contest(folder))
    assert len(read) == 12
    assert read.registered.tolist() == [300 + i for i in range(1, 13)]
    assert read.table["tps_id"].tolist() == [f"{i:04d}" for i in range(1, 13)]
    assert (len(read.findings), read.where, len(read.elsewhere)) == (0, None, 0)
    assert read.sha256 == hashlib.sha256((folder / "frame.csv").read_bytes()).hexdigest()


def test_the_demo(demo: Path) -> None:
    read = load_frame(load_contest(demo))
    assert (len(read), read.registered.sum()) == (1_030, 507_507)
    assert [len(read.areas(level).paths) for level in ("regency", "district", "village")] == [1, 17, 136]


def test_no_frame(make_contest: MakeContest) -> None:
    folder = make_contest()
    (folder / "frame.csv").unlink()
    with pytest.raises(FrameError, match=r"neither frame\.csv nor frame\.parquet is there: put the list of stations"):
        load_frame(load_contest(folder))


def test_a_frame_that_the_contest_names_and_that_is_not_there(make_contest: MakeContest) -> None:
    folder = make_contest(extra_toml='[frame]\npath = "tps.csv"\n')
    with pytest.raises(TableError, match=r"tps\.csv: there is no such file"):
        load_frame(load_contest(folder))


def test_parquet_and_csv_are_the_same_frame(make_contest: MakeContest) -> None:
    folder = make_contest()
    from_csv = load_frame(load_contest(folder))
    pd.read_csv(folder / "frame.csv", dtype={"tps_id": str, "tps": str}).to_parquet(folder / "frame.parquet")
    (folder / "frame.csv").unlink()
    from_parquet = load_frame(load_contest(folder))
    pd.testing.assert_frame_equal(from_csv.table, from_parquet.table)


def test_parquet_with_numbers_as_codes(tmp_path: Path) -> None:
    row = {"tps_id": 1, "province": "P", "regency": "R", "district": "D", "village": "V", "tps": 1, "registered": 9}
    pd.DataFrame([row]).to_parquet(tmp_path / "frame.parquet")
    assert read_frame(tmp_path / "frame.parquet").table["tps_id"].tolist() == ["1"]


def test_indonesian_headers(tmp_path: Path) -> None:
    read = frame(
        tmp_path,
        "0012,JAWA TIMUR,SITUBONDO,BESUKI,DEMUNG,003,412,x\n",
        "Kode TPS,Provinsi,Kabupaten/Kota,Kecamatan,Desa/Kelurahan,No. TPS,DPT,ketua",
    )
    assert list(read.table.columns) == [*HEADER.split(","), "ketua"]
    assert read.table.iloc[0].tolist() == ["0012", "JAWA TIMUR", "SITUBONDO", "BESUKI", "DEMUNG", "003", 412.0, "x"]


def test_a_missing_column_is_told_with_the_nearest_header(tmp_path: Path) -> None:
    told = rejected(tmp_path, "1,P,R,D,V,1,9\n", "tps_id,province,regency,district,village,tps,registerd")
    assert told.startswith("frame.csv: column 'registered' (is it 'registerd'?) is missing; the header reads tps_id, ")


def test_a_header_and_no_station(tmp_path: Path) -> None:
    assert rejected(tmp_path, "") == "frame.csv: there is a header and no station below it"


# --- rows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        (
            "7,P,R,D,V,1,9\n8,P,R,D,V,2,9\n7,P,R,D,V,3,9\n",
            ["E101 frame.csv, line 2, column tps_id: '7'", "E101 frame.csv, line 4, column tps_id: '7'"],
        ),
        (
            "8,P,R,D,V,1,9\n\n7,P,R,D,V,2,9\n7,P,R,D,V,3,9\n7,P,R,D,V,4,9\n",
            [f"E101 frame.csv, line {line}, column tps_id: '7'" for line in (4, 5, 6)],
        ),
        (",P,R,D,V,1,9\n8,P,R,D,V,2,9\n", ["E102 frame.csv, line 2, column tps_id"]),
        ("  ,P,R,D,V,1,9\n8,P,R,D,V,2,9\n", ["E102 frame.csv, line 2, column tps_id"]),
        ("7,P,R,D,V,1,-3\n8,P,R,D,V,2,9\n", ["E103 frame.csv, line 2, column registered: '-3'"]),
        ("7,P,R,D,V,1,9.5\n8,P,R,D,V,2,1e2\n", [f"E103 frame.csv, line {n}, column registered" for n in (2, 3)]),
        ("7,P,R,,V,1,9\n8,P,R,D,V,2,9\n", ["E104 frame.csv, line 2, column district"]),
        ('7,P,R,D,"V",1,9\n8,P,R,D,"  ",2,9\n', ["E104 frame.csv, line 3, column village"]),
        ("7,P,R,D,V,1\n8,P,R,D,V,2,9\n", ["E105 frame.csv, line 2: '7,P,R,D,V,1': the row has too"]),
        ('7,P,R,"D\nE",V,1,9\n8,P,R,D,V,2,9,x\n', ["E105 frame.csv, line 4: '8,P,R,D,V,2,9,x'"]),
    ],
)
def test_every_broken_row_is_listed(tmp_path: Path, rows: str, places: list[str]) -> None:
    first, *lines = rejected(tmp_path, rows).splitlines()
    assert first == f"frame.csv: {len(places)} places in the frame must be mended"
    assert [line[: len(place)] for line, place in zip(lines, places, strict=True)] == places


def test_a_finding_names_the_header_that_stands_in_the_file(tmp_path: Path) -> None:
    told = rejected(tmp_path, "7,P,R,D,V,1,x\n", "kode,prov,kab,kec,desa,no_tps,dpt")
    assert "E103 frame.csv, line 2, column dpt: 'x': registered is not a whole number of voters" in told


def test_codes_that_differ_by_blanks_only_are_one_code(tmp_path: Path) -> None:
    told = rejected(tmp_path, "7,P,R,D,V,1,9\n 7,P,R,D,V,2,9\n7,P,R,D,V,3,9\n")
    assert told.count("E101") == 3


def test_two_codes_that_differ_by_blanks_only_are_one_code(tmp_path: Path) -> None:
    assert rejected(tmp_path, "7,P,R,D,V,1,9\n 7,P,R,D,V,2,9\n").count("E101") == 2


def test_registered_unknown_and_too_many(tmp_path: Path) -> None:
    read = frame(tmp_path, "1,P,R,D,V,1,\n2,P,R,D,V,2,0\n3,P,R,D,V,3,600\n4,P,R,D,V,4,601\n5,P,R,D,V,5,12.0\n")
    np.testing.assert_array_equal(read.registered, [np.nan, np.nan, 600, 601, 12])
    assert read.findings.table[["code", "line", "value"]].to_numpy().tolist() == [
        ["W101", 2, ""],
        ["W101", 3, "0"],
        ["W102", 5, "601"],
    ]


def test_the_contest_says_how_many_voters_a_station_may_have(make_contest: MakeContest) -> None:
    folder = make_contest(extra_toml="[returns]\nmax_registered = 310\n")
    assert load_frame(load_contest(folder)).findings.counts() == {"W102": 2}


def test_leading_zeros_survive_in_codes_and_auxiliaries(tmp_path: Path) -> None:
    read = frame(
        tmp_path,
        "00012,P,R,D,V,003,9,0350,1.5,\n00013,P,R,D,V,004,9,3501,2,x\n",
        HEADER + ",kode_pos,ketinggian,catatan",
    )
    assert read.table["tps_id"].tolist() == ["00012", "00013"]
    assert read.table["tps"].tolist() == ["003", "004"]
    assert read.table["kode_pos"].tolist() == ["0350", "3501"]
    assert read.table["ketinggian"].tolist() == [1.5, 2.0]
    assert read.table["catatan"].isna().tolist() == [True, False]


# --- areas --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "labels", "codes"),
    [
        ("province", ["P"], [0, 0, 0, 0, 0]),
        ("regency", ["P / UTARA", "P / SELATAN"], [0, 1, 0, 0, 1]),
        ("district", ["P / UTARA / KOTA", "P / SELATAN / KOTA", "P / UTARA / DESA"], [0, 1, 2, 0, 1]),
        (
            "village",
            [
                "P / UTARA / KOTA / MAJU",
                "P / SELATAN / KOTA / MAJU",
                "P / UTARA / DESA / MAJU",
                "P / UTARA / KOTA / JAYA",
            ],
            [0, 1, 2, 3, 1],
        ),
        ("tps", ["001", "002"], [0, 0, 1, 0, 1]),
        (
            "regency, tps",
            ["P / UTARA / 001", "P / SELATAN / 001", "P / UTARA / 002", "P / SELATAN / 002"],
            [0, 1, 2, 0, 3],
        ),
        ("tps,province", ["001 / P", "002 / P"], [0, 0, 1, 0, 1]),
        ("regency,district", ["P / UTARA / KOTA", "P / SELATAN / KOTA", "P / UTARA / DESA"], [0, 1, 2, 0, 1]),
    ],
)
def test_an_area_is_its_whole_path(tmp_path: Path, columns: str, labels: list[str], codes: list[int]) -> None:
    areas = frame(tmp_path, AREAS).areas(columns)
    assert areas.labels == labels
    assert areas.codes.tolist() == codes


def test_an_unknown_column_is_told_with_the_nearest(tmp_path: Path) -> None:
    read = frame(tmp_path, AREAS)
    with pytest.raises(FrameError, match=r"^column 'distrct' is not in the frame: did you mean 'district'[?]$"):
        read.areas("regency,distrct")
    with pytest.raises(FrameError, match=r"^column 'urban' is not in the frame: it has tps_id, province, "):
        read.areas("urban")


def test_categories_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    read = frame(tmp_path, AREAS)
    assert read.table["regency"].cat.categories.tolist() == ["UTARA", "SELATAN"]
    assert read.table["village"].cat.categories.tolist() == ["MAJU", "JAYA"]


def test_names_that_differ_by_outer_blanks_only_are_one_area(tmp_path: Path) -> None:
    read = frame(tmp_path, "1,P,R,D,V,1,9\n2,P,R, D ,V,2,9\n3,P,R,E,V,3,9\n")
    assert read.areas("district").codes.tolist() == [0, 0, 1]


def test_rows_of_stations(tmp_path: Path) -> None:
    assert frame(tmp_path, AREAS).rows_of(pd.Series(["003", "3", "001", None])).tolist() == [2, -1, 0, -1]
    assert frame(tmp_path, AREAS).rows_of(pa.array(["003", "3", "001", None])).tolist() == [2, -1, 0, -1]


# --- one area -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "stations"),
    [
        ("regency=UTARA", ["001", "003", "004"]),
        ("regency=utara", ["001", "003", "004"]),
        ("regency=SELATAN, district=KOTA", ["002", "005"]),
        ("district=DESA", ["003"]),
        ("village = JAYA", ["004"]),
        ("province=P", ["001", "002", "003", "004", "005"]),
    ],
)
def test_restricting_to_an_area(tmp_path: Path, where: str, stations: list[str]) -> None:
    whole = frame(tmp_path, AREAS)
    before = whole.table.copy(deep=True)
    part = whole.restrict(where)
    assert part.table["tps_id"].tolist() == stations
    assert part.table.index.tolist() == list(range(len(stations)))
    assert part.where == where
    assert sorted([*stations, *part.elsewhere]) == ["001", "002", "003", "004", "005"]
    assert set(part.table["district"].cat.categories) == set(part.table["district"].astype(str))
    pd.testing.assert_frame_equal(whole.table, before)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (
            "district=KOTA",
            "district=KOTA stands for 2 areas (P / UTARA / KOTA; P / SELATAN / KOTA): name the levels above",
        ),
        ("regency=UTARA,village=MAJU", "stands for 2 areas (P / UTARA / KOTA / MAJU; P / UTARA / DESA / MAJU)"),
        ("regency=UTRA", "no station lies in regency=UTRA: did you mean regency=UTARA?"),
        ("regency=BARAT LAUT", "no station lies in regency=BARAT LAUT"),
        ("kecamatan=KOTA", "'kecamatan=KOTA' names no area: write LEVEL=NAME, LEVEL one of province, regency, "),
        ("UTARA", "'UTARA' names no area"),
        ("regency=", "'regency=' names no area"),
        pytest.param(
            "village=MAJU,regency=UTARA",
            "stands for 2 areas",
        ),
    ],
)
def test_an_ambiguous_or_unknown_area(tmp_path: Path, where: str, message: str) -> None:
    with pytest.raises(FrameError) as told:
        frame(tmp_path, AREAS).restrict(where)
    assert message in str(told.value)


def test_findings_of_an_area_are_those_of_its_stations(tmp_path: Path) -> None:
    read = frame(tmp_path, AREAS.replace(",100", ",").replace(",200", ",0"))
    assert read.findings.counts() == {"W101": 2}
    assert read.restrict("regency=UTARA").findings.table["tps_id"].tolist() == ["001"]


def test_load_frame_restricts(make_contest: MakeContest) -> None:
    part = load_frame(load_contest(make_contest()), "district=B")
    assert part.table["tps_id"].tolist() == ["0002", "0005", "0008", "0011"]
    assert len(part.elsewhere) == 8

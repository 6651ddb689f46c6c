"""KoboToolbox: CSV with labels, groups and review states, and the pages of its interface."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimation.contest import load_contest
from estimation.returns import Intake, read_returns

Found = Callable[..., list[tuple[str, int, str, str]]]
TakeIn = Callable[..., Intake]

HEADER = [
    "start",
    "end",
    "hasil/tps_id",
    "hasil/suara_1",
    "hasil/suara_2",
    "hasil/suara_tidak_sah",
    "hasil/jumlah_suara",
    "petugas/Nama petugas",
    "petugas/No HP",
    "_lokasi_latitude",
    "_id",
    "_uuid",
    "_submission_time",
    "_validation_status",
    "_submitted_by",
    "_index",
]


def row(index: int = 1, **other: Any) -> dict[str, Any]:
    cells = {
        "start": "2024-11-27T16:00:00.000+07:00",
        "end": "2024-11-27T16:04:00.000+07:00",
        "hasil/tps_id": f"{index:04d}",
        "hasil/suara_1": "120",
        "hasil/suara_2": "170",
        "hasil/suara_tidak_sah": "10",
        "hasil/jumlah_suara": "300",
        "petugas/Nama petugas": "Made Contoh",
        "petugas/No HP": "081200000000",
        "_lokasi_latitude": "-7.70",
        "_id": str(9000 + index),
        "_uuid": f"0b2f7c1e-0000-4000-8000-{index:012d}",
        "_submission_time": "2024-11-27T09:05:00",
        "_validation_status": "",
        "_submitted_by": "enumerator1",
        "_index": str(index),
    }
    return cells | other


def export(*rows: dict[str, Any], labels: bool = False, encoding: str = "utf-8", header: list[str] = HEADER) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(
        stream, header, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n", extrasaction="ignore"
    )
    writer.writeheader()
    if labels:
        writer.writerow({name: f"Isi {name.split('/')[-1]}; apa" for name in header})
    writer.writerows(rows)
    return stream.getvalue().encode(encoding)


@pytest.mark.parametrize("labels", [False, True], ids=["plain", "labels"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_an_export(take_in: TakeIn, listed: Found, labels: bool, encoding: str) -> None:
    intake = take_in({"kobo.csv": export(row(1), row(2), labels=labels, encoding=encoding)})
    table = intake.table
    assert table["tps_id"].tolist() == ["0001", "0002"]
    assert table[["votes_1", "votes_2", "invalid", "total"]].to_numpy().tolist() == [[120, 170, 10, 300]] * 2
    assert table["received_at"].tolist() == [pd.Timestamp("2024-11-27T09:05:00Z")] * 2
    assert table["line"].tolist() == ([3, 4] if labels else [2, 3])
    assert table[["source", "reporter", "status", "submission"]].iloc[0].tolist() == [
        "kobo", "enumerator1", "received", "9001",
    ]  # fmt: skip
    assert listed(intake) == [("W216", 1, "", "petugas/Nama petugas"), ("W216", 1, "", "petugas/No HP")]
    source = intake.sources[0]
    assert (source.layout, source.separator, source.mark, source.decimal) == ("kobo", ";", encoding == "utf-8-sig", "")
    assert (source.rows, source.header[2]) == (2, "hasil/tps_id")


def test_labels_are_left_out_where_some_of_them_are_blank(take_in: TakeIn) -> None:
    labels = {name: f"Isi {name}" for name in HEADER} | {"_uuid": "", "_index": ""}
    intake = take_in({"kobo.csv": export(labels, row(1), row(2))})
    assert intake.table[["tps_id", "line"]].to_numpy().tolist() == [["0001", 3], ["0002", 4]]
    blank = row(1) | {"_id": "", "_uuid": "", "_submission_time": "", "_index": ""}
    assert take_in({"kobo.csv": export(blank)}).table["tps_id"].tolist() == ["0001"]  # a row without any is a return


def test_no_name_and_no_number_of_an_officer_gets_in(take_in: TakeIn) -> None:
    files = {"kobo.csv": export(row(1, _submitted_by="Made Contoh")) + b'"x";"Made Contoh";"081200000000"\n'}
    intake = take_in(files)
    everything = intake.table.to_csv() + intake.findings.table.to_csv() + repr(intake.sources)
    assert "Made" not in everything
    assert "0812" not in everything
    assert intake.table["reporter"].str.fullmatch("p-[0-9a-f]{12}").all()
    assert intake.findings.counts() == {"E213": 1, "W212": 1, "W216": 2}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("Approved", "verified"),
        ("validation_status_approved", "verified"),
        ("Not Approved", "rejected"),
        ("On Hold", "rejected"),
        ("", "received"),
    ],
)
def test_review_states(take_in: TakeIn, state: str, status: str) -> None:
    assert take_in({"k.csv": export(row(1, _validation_status=state))}).table["status"].tolist() == [status]


def test_the_contest_maps_states_and_columns_of_its_own(take_in: TakeIn, listed: Found) -> None:
    header = [name.replace("hasil/suara_1", "hasil/paslon_satu") for name in HEADER]
    rows = row(1, _validation_status="On Hold") | {"hasil/paslon_satu": "33"}
    toml = 'columns = { paslon_satu = "votes_1" }\nstatuses = { "On Hold" = "received" }'
    intake = take_in({"k.csv": export(rows, header=header)}, toml)
    assert (intake.table["votes_1"].tolist(), intake.table["status"].tolist()) == ([33], ["received"])
    unknown = take_in({"k.csv": export(row(1, _validation_status="Siapa tahu"))})
    assert listed(unknown, "E215") == [("E215", 2, "_validation_status", "Siapa tahu")]
    assert unknown.table["unreadable"].tolist() == [True]


def test_rows_of_another_version_of_the_form_miss_columns(take_in: TakeIn) -> None:
    intake = take_in({"k.csv": export(row(1), row(2, **{"hasil/suara_tidak_sah": "", "hasil/jumlah_suara": ""}))})
    np.testing.assert_array_equal(intake.table["invalid"], [10, np.nan])
    np.testing.assert_array_equal(intake.table["total"], [300, np.nan])
    short = [name for name in HEADER if "tidak_sah" not in name and "jumlah" not in name]
    assert "invalid" not in take_in({"k.csv": export(row(1), header=short)}).table


def test_rows_that_are_missing_are_told(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"k.csv": export(row(1), row(3))})
    assert listed(intake, "W212") == [("W212", 0, "", "2 of 3")]


def test_two_groups_with_one_field_stop_with_the_line(take_in: TakeIn) -> None:
    header = [*HEADER, "ulang/suara_1"]
    with pytest.raises(
        ValueError, match=r"k\.csv, line 1: columns 'hasil/suara_1', 'ulang/suara_1' all mean 'votes_1'"
    ):
        take_in({"k.csv": export(row(1), header=header)})


def test_a_changed_header_stops_with_the_line(take_in: TakeIn) -> None:
    header = [name.replace("hasil/suara_2", "hasil/calon_dua") for name in HEADER]
    with pytest.raises(ValueError, match=r"k\.csv, line 1: column 'votes_2' is missing; the header reads start, end,"):
        take_in({"k.csv": export(row(1), header=header)})


def page(count: int, *rows: dict[str, Any]) -> str:
    results = [
        {key: value for key, value in r.items() if value != ""} | {"_attachments": [], "_geolocation": [1.0, 2.0]}
        for r in rows
    ]
    return json.dumps({"count": count, "next": None, "previous": None, "results": results})


def test_a_page_of_the_interface(take_in: TakeIn, listed: Found) -> None:
    approved = {"uid": "validation_status_approved", "label": "Approved"}
    intake = take_in({"p.json": page(1234, row(1), row(2, _validation_status=approved, _id=77))})
    assert intake.table["tps_id"].tolist() == ["0001", "0002"]
    assert intake.table["status"].tolist() == ["received", "verified"]
    assert intake.table["submission"].tolist() == ["9001", "77"]
    assert listed(intake, "W212") == [("W212", 0, "", "2 of 1234")]


counts = st.one_of(st.none(), st.integers(0, 600))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(counts, counts, counts, counts), min_size=1, max_size=6),
    labels=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_what_is_written_in_the_layout_is_read_again(
    make_contest: Callable[..., Path], rows: list[tuple[int | None, ...]], labels: bool, encoding: str
) -> None:
    folder = make_contest()
    names = ("hasil/suara_1", "hasil/suara_2", "hasil/suara_tidak_sah", "hasil/jumlah_suara")
    cells = [
        row(i, **{name: "" if n is None else str(n) for name, n in zip(names, counts, strict=True)})
        for i, counts in enumerate(rows, 1)
    ]
    (folder / "inbox" / "k.csv").write_bytes(export(*cells, labels=labels, encoding=encoding))
    table = read_returns(load_contest(folder)).table
    written = np.array(rows, dtype=np.float64)
    np.testing.assert_array_equal(table[["votes_1", "votes_2", "invalid", "total"]].to_numpy(), written)
    assert table["tps_id"].tolist() == [f"{i:04d}" for i in range(1, len(rows) + 1)]

"""ODK Central: one CSV, and a ZIP with one CSV for each repeat."""

import csv
import io
import zipfile
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

META = ["KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status", "ReviewState"]
META += ["DeviceID", "Edits", "FormVersion"]
FORM = ["SubmissionDate", "start", "end", "hasil-tps_id", "hasil-votes_1", "hasil-votes_2", "hasil-invalid"]
FORM += ["hasil-total", "tempat-Latitude", "tempat-Longitude", "tempat-Altitude", "tempat-Accuracy", "meta-instanceID"]


def row(number: int = 1, **other: Any) -> dict[str, Any]:
    cells = {
        "SubmissionDate": "2024-11-27T09:05:00.123Z",
        "hasil-tps_id": f"{number:04d}",
        "hasil-votes_1": 120,
        "hasil-votes_2": 170,
        "hasil-invalid": 10,
        "hasil-total": 300,
        "tempat-Latitude": "-7,71",
        "KEY": f"uuid:{number}",
        "SubmitterID": 42,
        "SubmitterName": "Made Contoh",
        "ReviewState": "",
        "DeviceID": "collect:0812",
        "Edits": 0,
    }
    return cells | other


def write(header: list[str], *rows: dict[str, Any]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, header, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def packed(**members: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "-") + ".csv", content)
        archive.writestr("media/1700000000.jpg", b"\xff\xd8\xff")
    return stream.getvalue()


def test_a_csv(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"odk.csv": write([*FORM, *META], row(1), row(2, Edits=2))})
    table = intake.table
    assert table["tps_id"].tolist() == ["0001", "0002"]
    assert table[["votes_1", "votes_2", "invalid", "total"]].to_numpy().tolist() == [[120, 170, 10, 300]] * 2
    assert table["received_at"].tolist() == [pd.Timestamp("2024-11-27T09:05:00.123Z")] * 2
    assert table[["submission", "reporter", "source"]].iloc[1].tolist() == ["uuid:2", "42", "odk"]
    assert table["revision"].tolist() == [0, 2]
    assert listed(intake) == [("W216", 1, "", "SubmitterName"), ("W216", 1, "", "DeviceID")]
    assert (intake.sources[0].layout, intake.sources[0].separator) == ("odk", ",")


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("approved", "verified"),
        ("hasIssues", "rejected"),
        ("rejected", "rejected"),
        ("", "received"),
        ("edited", "received"),
    ],
)
def test_review_states(take_in: TakeIn, state: str, status: str) -> None:
    table = take_in({"odk.csv": write([*FORM, *META], row(1, ReviewState=state))}).table
    assert table["status"].tolist() == [status]


def test_a_state_that_nobody_knows(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"odk.csv": write([*FORM, *META], row(1), row(2, ReviewState="onHold"))})
    assert listed(intake, "E215") == [("E215", 3, "ReviewState", "onHold")]
    assert intake.table["unreadable"].tolist() == [False, True]


def test_a_zip_with_the_counts_in_the_form(take_in: TakeIn) -> None:
    foto = "PARENT_KEY,KEY,foto\nuuid:1,uuid:1/foto[1],a.jpg\n"
    intake = take_in({"h.zip": packed(hitung=write([*FORM, *META], row(1)), hitung__foto=foto)})
    assert intake.table[["tps_id", "file", "line"]].to_numpy().tolist() == [["0001", "h.zip/hitung.csv", 2]]


def test_a_zip_with_the_counts_in_a_repeat(take_in: TakeIn) -> None:
    repeat = ["tps_id", "votes_1", "votes_2", "invalid", "total", "PARENT_KEY", "KEY"]
    names = {"votes_1": 120, "votes_2": 170, "invalid": 10, "total": 300}
    rows = [
        {"tps_id": f"000{i}", "PARENT_KEY": f"uuid:{parent}", "KEY": f"uuid:{parent}/tps[{i}]"} | names
        for i, parent in ((1, 2), (2, 2), (3, 1))
    ]
    head = ["SubmissionDate", *META]
    late = row(2, SubmissionDate="2024-11-27T10:00:00Z", ReviewState="approved", SubmitterID=7)
    archive = packed(hitung=write(head, row(1), late), hitung__tps=write(repeat, *rows))
    table = take_in({"h.zip": archive}).table
    assert table["tps_id"].tolist() == ["0001", "0002", "0003"]
    assert table["status"].tolist() == ["verified", "verified", "received"]
    assert table["reporter"].tolist() == ["7", "7", "42"]
    assert table["received_at"].dt.hour.tolist() == [10, 10, 9]
    assert table["submission"].tolist() == ["uuid:2/tps[1]", "uuid:2/tps[2]", "uuid:1/tps[3]"]
    assert table["line"].tolist() == [2, 3, 4]


def test_repeats_within_a_repeat(take_in: TakeIn) -> None:
    village = "desa,PARENT_KEY,KEY\nA,uuid:1,v:1\nB,uuid:1,v:2\n"
    repeat = "tps_id,votes_1,votes_2,invalid,total,PARENT_KEY,KEY\n0001,1,2,0,3,v:2,t:1\n0002,1,2,0,3,v:1,t:2\n"
    archive = packed(hitung=write(["SubmissionDate", *META], row(1)), hitung__desa=village, hitung__tps=repeat)
    table = take_in({"h.zip": archive}).table
    assert table["received_at"].notna().all()
    assert table["reporter"].tolist() == ["42", "42"]


def test_a_zip_without_returns(take_in: TakeIn) -> None:
    with pytest.raises(
        ValueError, match=r"h\.zip: no CSV of this archive holds returns \(a\.csv\): columns tps_id and"
    ):
        take_in({"h.zip": packed(a="KEY,SubmissionDate,cuaca\n1,2024-11-27T09:00:00Z,hujan\n")})


def test_a_zip_that_is_broken_or_too_large(take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"h\.zip: this archive can't be opened"):
        take_in({"h.zip": packed(a="x\n")[:40]})
    monkeypatch.setattr("estimation.returns.readers.archives.UNPACKED", 10)
    with pytest.raises(ValueError, match=r"h\.zip: it unpacks to 0 MB, more than"):
        take_in({"h.zip": packed(a="x" * 100)})


def test_a_ragged_row_in_a_zip_is_told_with_its_line_and_without_names(take_in: TakeIn, listed: Found) -> None:
    content = write([*FORM, *META], row(1)) + "2024-11-27T09:05:00Z,Made Contoh,0001,081200000000\n"
    intake = take_in({"h.zip": packed(hitung=content)})
    assert listed(intake, "E213") == [("E213", 3, "", "…,…,0001,…")]


counts = st.one_of(st.none(), st.integers(0, 600))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(counts, counts, counts, counts), min_size=1, max_size=6), zipped=st.booleans())
def test_what_is_written_in_the_layout_is_read_again(
    make_contest: Callable[..., Path], rows: list[tuple[int | None, ...]], zipped: bool
) -> None:
    folder = make_contest()
    names = ("hasil-votes_1", "hasil-votes_2", "hasil-invalid", "hasil-total")
    cells = [
        row(i, **{name: "" if n is None else n for name, n in zip(names, counts, strict=True)})
        for i, counts in enumerate(rows, 1)
    ]
    content = write([*FORM, *META], *cells)
    path = folder / "inbox" / ("h.zip" if zipped else "h.csv")
    path.write_bytes(packed(hitung=content) if zipped else content.encode())
    table = read_returns(load_contest(folder)).table
    np.testing.assert_array_equal(
        table[["votes_1", "votes_2", "invalid", "total"]].to_numpy(), np.array(rows, dtype=np.float64)
    )

"""Whatever is wrong with a file, only our own errors come of it, and the other files are used."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimation.contest import load_contest
from estimation.returns import read_returns

MakeContest = Callable[..., Path]
HEADER = ["tps_id", "votes_1", "votes_2", "invalid", "total"]
GOOD = ",".join(HEADER) + "\n0001,120,170,10,300\n"


def workbook() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (HEADER, ["0002", 1, 2, 0, 3], ["0003", 1, 2, 0, 3]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.csv", "SubmissionDate,tps_id,votes_1,votes_2,KEY\n2024-11-27T09:00:00Z,0002,1,2,uuid:1\n")
    return stream.getvalue()


def parquet() -> bytes:
    stream = io.BytesIO()
    pd.DataFrame([["0002", 1, 2, 0, 3]], columns=HEADER).to_parquet(stream)
    return stream.getvalue()


KPU = json.dumps(
    {"chart": {"21": 1, "22": 2}, "administrasi": {"suara_sah": 3}, "images": ["3512011001001-20190417-180000-a.jpg"]}
)
PAGE = json.dumps({"count": 1, "results": [{"tps_id": "0002", "votes_1": 1, "votes_2": 2, "_id": 5, "_uuid": "x"}]})
FILES = {
    "xlsx": workbook(),
    "zip": archive(),
    "parquet": parquet(),
    "csv": GOOD.replace(",", ";").encode("utf-16"),
    "kpu": KPU.encode(),
    "kobo": PAGE.encode(),
    "sms": b"0002#P-01#1#2#3\n0003#P-01#1#2#3\n",
}


@pytest.mark.parametrize("kind", FILES)
def test_each_is_read_when_whole(make_contest: MakeContest, kind: str) -> None:
    folder = make_contest(returns={"good.csv": GOOD})
    (folder / "inbox" / "other").write_bytes(FILES[kind])
    intake = read_returns(load_contest(folder))
    assert len(intake.table) >= 2
    assert "E214" not in intake.findings.counts()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(list(FILES)),
    at=st.floats(0, 1),
    put=st.binary(max_size=6),
    drop=st.integers(0, 40),
    cut=st.booleans(),
)
def test_a_damaged_file_is_read_or_listed(
    broken_inbox: Path, kind: str, at: float, put: bytes, drop: int, cut: bool
) -> None:
    content = FILES[kind]
    place = int(at * len(content))
    damaged = content[:place] + put + (b"" if cut else content[place + drop :])
    (broken_inbox / "inbox" / "other").write_bytes(damaged)
    intake = read_returns(load_contest(broken_inbox))
    assert intake.table["tps_id"].iloc[0] == "0001"
    assert intake.table["votes_1"].iloc[0] == 120
    assert intake.table["unreadable"].dtype == bool
    if len(intake.table) == 1:  # nothing of the other was used: it must be said why, if it held more than a header
        codes = set(intake.findings.counts())
        read = damaged.replace(b"\0", b"").decode("latin-1"), damaged.decode("utf-16", "replace")
        below = [text.partition("\n")[2].strip() for text in read[: 2 if kind == "csv" else 1]]
        assert codes or "" in below or not damaged.strip()


@pytest.fixture
def broken_inbox(make_contest: MakeContest) -> Path:
    """Make a contest with one good file, whose code 0001 comes before any other's."""
    return make_contest(returns={"good.csv": GOOD}, extra_toml='[returns]\ntimezone = "Asia/Jakarta"\n')


@pytest.mark.parametrize(
    "document",
    [
        "[]", "{}", "null", "7", '"x"', '{"chart": 7}', '{"chart": []}', '{"images": 7, "chart": {"21": 1}}',
        '{"tungsura": 7}', '{"tungsura": {"table": {"3512011001001": 7}}}', '{"3512011001001": {"chart": {"21": {}}}}',
        '{"count": "x", "results": []}', '{"count": 3, "results": [7, null]}', '{"3512": {"1": {"nomor_urut": "x"}}}',
    ],
)  # fmt: skip
def test_json_of_any_other_shape(make_contest: MakeContest, document: str) -> None:
    folder = make_contest(returns={"0.csv": GOOD, "3512011001002.json": document})
    assert read_returns(load_contest(folder)).table["tps_id"].iloc[0] == "0001"


@pytest.mark.parametrize("column", ["tps_id", "votes_1", "status"])
@pytest.mark.parametrize(("cell", "kind"), [([1], "list"), ({"a": 1}, "struct"), (b"\xff", "binary")])
def test_parquet_may_hold_what_is_no_cell(make_contest: MakeContest, column: str, cell: object, kind: str) -> None:
    folder = make_contest(returns={"0.csv": GOOD})
    row = {"tps_id": "0002", "votes_1": 1, "votes_2": 2, "invalid": 0, "total": 3, "status": "received"}
    pa_table({name: [value] for name, value in (row | {column: cell}).items()}, folder / "inbox" / "x.parquet")
    intake = read_returns(load_contest(folder))
    assert (intake.table["tps_id"].tolist(), intake.findings.counts()) == (["0001"], {"E214": 1})
    told = intake.findings.table["value"].iloc[0]
    assert f"x.parquet: column '{column}' holds {kind}" in told
    assert told.endswith("which is neither text nor numbers: write it as text")


def pa_table(columns: dict[str, list[object]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)


def test_parquet_may_hold_text_as_bytes_or_coded(make_contest: MakeContest) -> None:
    import pyarrow as pa

    columns = {"tps_id": pa.array([b"0002"]), "votes_1": pa.array([1]).dictionary_encode(), "votes_2": [2]}
    folder = make_contest()
    pa_table(columns | {"invalid": [0], "total": ["3"]}, folder / "inbox" / "x.parquet")
    table = read_returns(load_contest(folder)).table
    assert table[["tps_id", "votes_1", "total"]].to_numpy().tolist() == [["0002", 1, 3]]

"""Small files that are read together: what comes of each is what it is when it is read alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from estimation.contest import load_contest
from estimation.returns import Intake, read_returns
from estimation.returns.readers import group_read

Found = Callable[..., list[tuple[str, int, str, str]]]
TakeIn = Callable[..., Intake]
MakeContest = Callable[..., Path]

HEADER = "tps_id,received_at,votes_1,votes_2,invalid,total,lintang,catatan"
ROW = "0001,2024-11-27T16:00:00+07:00,120,170,10,300,-7.71,ok"


def both(folder: Path) -> tuple[Intake, Intake]:
    """Read an inbox with files taken together, and one by one."""
    contest = load_contest(folder)
    together = read_returns(contest)
    small, group_read.SMALL = group_read.SMALL, -1
    try:
        return together, read_returns(contest)
    finally:
        group_read.SMALL = small


def assert_same(one: Intake, other: Intake) -> None:
    pd.testing.assert_frame_equal(one.table, other.table)
    places = [sorted(intake.findings.places()) for intake in (one, other)]
    assert places[0] == places[1]
    assert one.sha256 == other.sha256
    assert sorted(one.sources, key=lambda s: s.file) == sorted(other.sources, key=lambda s: s.file)


def test_five_hundred_files_are_one_table(make_contest: MakeContest, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{n:04d}.csv": f"{HEADER}\n{ROW.replace('0001', f'{n:04d}')}\n" for n in range(1, 501)}
    files["0007.csv"] = f"{HEADER}\n{ROW[:-3]}\n"  # too short
    files["0009.csv"] = f"{HEADER}\n{ROW.replace('120', '12O')}\n"  # a letter, found in the table
    folder = make_contest(stations=500, returns=files)
    calls: list[int] = []
    whole = group_read.normalise

    def counted(source: Any, *rest: Any, **options: Any) -> Any:
        calls.append(source.data.num_rows)
        return whole(source, *rest, **options)

    monkeypatch.setattr(group_read, "normalise", counted)
    intake = read_returns(load_contest(folder))
    assert calls == [499]
    assert (len(intake.table), intake.table["file"].is_unique, set(intake.table["line"])) == (499, True, {2})
    errors = intake.findings.errors.table[["code", "file", "line", "column", "value"]]
    assert errors.to_numpy().tolist() == [
        ["E202", "0009.csv", 2, "votes_1", "12O"],
        ["E213", "0007.csv", 2, "", ROW[:-3]],
    ]
    assert intake.findings.counts() == {"E202": 1, "E213": 1, "W210": 1000, "W213": 1}  # lintang, catatan
    assert len(intake.sources) == 500
    assert {source.decimal for source in intake.sources} == {".", ""}


ODD = {
    "header again": f"{HEADER}\n{ROW}\n{HEADER}\n{ROW}\n",
    "another header": f"{HEADER}\n{ROW}\n{HEADER.replace('votes_1,votes_2', 'votes_2,votes_1')}\n{ROW}\n",
    "totals": f"{HEADER}\n{ROW}\nJUMLAH,,120,170,10,300,,\n",
    "totals in the middle": f"{HEADER}\nJUMLAH,,120,170,10,300,,\n{ROW}\n",
    "decimals": f"{HEADER}\n{ROW.replace('120', '120.0')}\n",
    "a thousand": f"{HEADER}\n{ROW.replace('120', '1.200')}\n",
    "a naive time": f"{HEADER}\n{ROW.replace('+07:00', '')}\n",
    "too long": f"{HEADER}\n{ROW},x\n{ROW}\n",
    "blank lines": f"{HEADER}\n\n{ROW}\n\r\n\n{ROW}",
    "only a header": f"{HEADER}\n",
    "no newline": HEADER,
    "quotes": f'{HEADER}\n"0001",,"120","170","10","300","","a, b"\n',
    "a quoted newline": f'{HEADER}\n0001,,120,170,10,300,,"a\nb"\n{ROW}\n',
    "an open quote": f'{HEADER}\n0001,,120,170,10,300,,"a\n{ROW}\n',
    "a quote within": f'{HEADER}\n0001,,120,170,10,300,,a"b\n{ROW}\n',
    "a quoted quote": f'{HEADER}\n0001,,120,170,10,300,,"a""b"\n{ROW}\n',
    "carriage returns": f"{HEADER}\r\n{ROW}\r\n{ROW}\r\n",
    "a lone one": f"{HEADER}\n{ROW}\r{ROW}\n",
    "blank code": f"{HEADER}\n{ROW.replace('0001', '')}\n",
    "scientific": f"{HEADER}\n{ROW.replace('0001', '3.51E+12')}\n",
    "coordinates": f"{HEADER}\n{ROW.replace('-7.71', '')}\n",
    "words": f"{HEADER}\n{ROW.replace('120', 'seratus')}\n",
    "empty": "",
    "blanks": "  \n\n",
}


@pytest.mark.parametrize(
    "zone",
    ["", pytest.param('[returns]\ntimezone = "Asia/Jakarta"\n', marks=pytest.mark.slow)],
    ids=["no-zone", "zone"],
)
def test_odd_files_among_others(make_contest: MakeContest, zone: str) -> None:
    files = {f"{n:02d}.csv": text for n, text in enumerate(ODD.values())} | {"a.csv": f"{HEADER}\n{ROW}\n"}
    folder = make_contest(returns=files, extra_toml=zone)
    inbox = folder / "inbox"
    (inbox / "m1.csv").write_bytes(f"{HEADER}\n{ROW}\n".encode("utf-8-sig"))
    (inbox / "m2.csv").write_bytes(f"{HEADER}\n{ROW}\n{ROW}\n".encode("utf-8-sig"))
    for n in (1, 2):
        (inbox / f"u{n}.csv").write_bytes(f"{HEADER}\n{ROW}\n".replace(",", ";").encode("utf-16"))
        (inbox / f"w{n}.csv").write_bytes(f"{HEADER}\n{ROW.replace('ok', 'é')}\n".encode("cp1252"))
    one, other = both(folder)
    assert_same(one, other)
    assert {"E213", "E214", "E216", "W214", "W217", "E202"} <= set(one.findings.counts())
    assert {source.encoding for source in one.sources} == {"utf-8", "utf-16-le", "windows-1252"}


CELL = st.one_of(
    st.sampled_from(
        ["0001", "0002", "", "12", "170", "1.5", "1.234", "12O", "-3", "votes_1", "JUMLAH", '"x"', '"', "a"]
    ),
    st.sampled_from(
        ["2024-11-27T16:00:00+07:00", "2024-11-27T16:00:00", " 7 ", "tps_id", "é", "7,5", "\r", "verified"]
    ),
    st.text("ab01,;\n\r\"' ", max_size=4),
)
HEADERS = st.sampled_from(
    [
        "tps_id,received_at,votes_1,votes_2,invalid,total",
        "kode tps,waktu,suara 1,suara 2,tidak sah,jumlah suara,nama petugas,petugas",
        "tps_id,votes_1,votes_2,invalid,total,lintang,bujur,status",
        "KEY,SubmissionDate,a-tps_id,a-votes_1,a-votes_2,ReviewState,Edits",
        "tps_id,votes_1,votes_2",
        "pesan,waktu",
        '"tps_id","votes_1","votes_2","invalid","total"',
    ]
)
LINES = st.lists(st.lists(CELL, min_size=5, max_size=8), max_size=4)
WRITTEN = st.tuples(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]), st.sampled_from(["\n", "\r\n"]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=HEADERS,
    files=st.lists(st.tuples(LINES, WRITTEN, st.booleans()), min_size=2, max_size=5),
    zone=st.booleans(),
    separator=st.sampled_from(",;"),
)
@example(
    header="tps_id,votes_1,votes_2,invalid,total", files=[([], ("utf-8", "\n"), True)] * 2, zone=True, separator=","
)
@pytest.mark.slow
def test_any_files_are_read_as_they_are_alone(
    make_contest: MakeContest,
    header: str,
    files: list[tuple[list[list[str]], tuple[str, str], bool]],
    zone: bool,
    separator: str,
) -> None:
    folder = make_contest(extra_toml='[returns]\ntimezone = "Asia/Jakarta"\n' if zone else "")
    fields = header.count(",") + 1
    (folder / "inbox" / "z.csv").write_text("tps_id,votes_1,votes_2,invalid,total\n0012,1,2,0,3\n")
    for number, (lines, (encoding, end), fit) in enumerate(files):
        rows = [(cells * 2)[:fields] if fit else cells for cells in lines]
        text = end.join([header, *(",".join(cells) for cells in rows), ""]).replace(",", separator)
        (folder / "inbox" / f"{number}.csv").write_bytes(text.encode(encoding, errors="replace"))
    assert_same(*both(folder))

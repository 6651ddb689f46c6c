"""What a file is, its content says; how it is written is recorded; what stands among its rows is told with its line."""

import io
from collections.abc import Callable

import pandas as pd
import pytest

from estimation.returns import Intake
from estimation.returns.readers.layouts import layouts

Found = Callable[..., list[tuple[str, int, str, str]]]
TakeIn = Callable[..., Intake]
HEADER = "tps_id,votes_1,votes_2,invalid,total\n"
GOOD = HEADER + "0001,120,170,10,300\n"


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a", "a.parquet.csv", "a.xls", "a.json"])
def test_a_csv_by_any_name(take_in: TakeIn, name: str) -> None:
    assert take_in({name: GOOD}).table["tps_id"].tolist() == ["0001"]


def test_parquet_by_any_name(take_in: TakeIn) -> None:
    stream = io.BytesIO()
    pd.DataFrame({"tps_id": ["0001"], "votes_1": [1], "votes_2": [2], "invalid": [0], "total": [3]}).to_parquet(stream)
    intake = take_in({"a.csv": stream.getvalue()})
    assert (intake.table["tps_id"].tolist(), intake.table["line"].tolist()) == (["0001"], [1])


@pytest.mark.parametrize(
    ("content", "encoding", "mark"),
    [
        (GOOD.encode(), "utf-8", False),
        (b"\xef\xbb\xbf" + GOOD.encode(), "utf-8", True),
        (GOOD.encode("utf-16"), "utf-16-le", True),
        (GOOD.replace("0001", "Tânjung").encode("cp1252"), "windows-1252", False),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_how_a_file_is_written_is_recorded(
    take_in: TakeIn, content: bytes, encoding: str, mark: bool, separator: str
) -> None:
    intake = take_in({"a.csv": content.replace(b",", separator.encode())})
    source = intake.sources[0]
    assert (source.layout, source.encoding, source.mark, source.separator) == ("table", encoding, mark, separator)
    assert (source.file, source.header_line, source.rows, source.decimal) == ("a.csv", 1, 1, "")
    assert source.header == ("tps_id", "votes_1", "votes_2", "invalid", "total")
    assert intake.table["votes_1"].tolist() == [120]


def test_a_decimal_comma_is_recorded_and_a_thousand_is_no_decimal(take_in: TakeIn, listed: Found) -> None:
    text = "tps_id;lintang;votes_1;votes_2;invalid;total\n0001;-7,71;120,0;170;10;300,0\n0002;-7,72;1.234;5;0;1.239\n"
    intake = take_in({"a.csv": text})
    assert intake.sources[0].decimal == ","
    assert listed(intake, "E202") == [("E202", 3, "votes_1", "1.234"), ("E202", 3, "total", "1.239")]
    assert intake.table["votes_1"].iloc[0] == 120
    mixed = take_in({"a.csv": text.replace("120,0", "120.0")})
    assert mixed.sources[0].decimal == "mixed"
    assert listed(mixed, "E202")[-1] == ("E202", 3, "total", "1.239")
    assert ("E202", 2, "total", "300,0") in listed(mixed, "E202")


def test_the_header_again_among_the_rows(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"a.csv": GOOD + HEADER + "0002,1,2,0,3\n"})
    assert intake.table[["tps_id", "line"]].to_numpy().tolist() == [["0001", 2], ["0002", 4]]
    assert listed(intake) == [("W217", 3, "", "")]


def test_another_header_among_the_rows_stops_with_its_line(take_in: TakeIn) -> None:
    text = GOOD + "tps_id,votes_2,votes_1,invalid,total\n0002,1,2,0,3\n"
    with pytest.raises(
        ValueError, match=r"a\.csv, line 3: the header changes here to tps_id, votes_2, votes_1, invalid"
    ):
        take_in({"a.csv": text})


@pytest.mark.parametrize("header", ["kode tps,suara 2,suara 1,tidak sah,total", "votes_2,tps_id,votes_1,invalid,total"])
def test_another_header_under_other_names_stops_too(take_in: TakeIn, header: str) -> None:
    """Its first cell is not the code's own header; read on, the candidates' votes would change places."""
    with pytest.raises(
        ValueError, match=r"a\.csv, line 3: the header changes here to .*: put the rows from here on in"
    ):
        take_in({"a.csv": GOOD + header + "\n0002,1,2,0,3\n"})


def test_words_in_place_of_votes_are_no_header(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"a.csv": GOOD + "0002,belum,belum,,\n"})
    assert [place[:3] for place in listed(intake, "E202")] == [("E202", 3, "votes_1"), ("E202", 3, "votes_2")]


def test_a_row_of_totals_at_the_end_only(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"a.csv": GOOD + "TOTAL,120,170,10,300\n"})
    assert (intake.table["tps_id"].tolist(), listed(intake)) == (["0001"], [("W214", 3, "", "TOTAL")])
    intake = take_in({"a.csv": HEADER + "TOTAL,120,170,10,300\n0001,120,170,10,300\n"})
    assert (intake.table["tps_id"].tolist(), listed(intake)) == (["TOTAL", "0001"], [])


def test_a_code_in_scientific_notation_is_kept_out(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"a.csv": HEADER + '"3,51201E+12",1,2,0,3\n3.51E+12,1,2,0,3\n0001,1,2,0,3\n'})
    assert listed(intake) == [("E216", 2, "tps_id", "3,51201E+12"), ("E216", 3, "tps_id", "3.51E+12")]
    assert intake.table["unreadable"].tolist() == [True, True, False]


def test_a_plain_file_keeps_the_code_that_stands_in_it(take_in: TakeIn, listed: Found) -> None:
    intake = take_in({"a.csv": HEADER + "1,1,2,0,3\n"})
    assert (intake.table["tps_id"].tolist(), listed(intake)) == (["1"], [])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("foto.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "a file of kind '.jpg' can't be read here: save it as CSV"),
        ("a.pdf", b"%PDF-1.7\n", "a file of kind '.pdf' can't be read here"),
        ("a.xlsx", b"PK\x03\x04 no archive", "this archive can't be opened"),
        ("a.db", b"SQLite format 3\x00", "this is a SQLite database: name it in [returns] database"),
        ("a.json", b'{"results": [', "this is not JSON that can be read"),
        ("a.csv", "tps_id,votes_1\n".encode("utf-16") + b"\x00", "the text is not UTF-16"),
    ],
)
def test_what_can_not_be_read_is_listed(
    take_in: TakeIn, listed: Found, name: str, content: bytes, message: str
) -> None:
    intake = take_in({"good.csv": GOOD, name: content})
    ((code, line, _, value),) = listed(intake)
    assert (code, line, len(intake.table)) == ("E214", 0, 1)
    assert message in value


def test_a_named_format_is_taken_for_every_table(take_in: TakeIn) -> None:
    text = "g/tps_id;g/votes_1;g/votes_2\n0001;1;2\n"
    assert take_in({"a.csv": text}, 'format = "kobo"').table["source"].tolist() == ["kobo"]
    with pytest.raises(ValueError, match=r"a\.csv, line 1: column 'tps_id' \(is it 'g_tps_id'\?\)"):
        take_in({"a.csv": text}, 'format = "table"')


def test_an_unknown_format_stops(take_in: TakeIn) -> None:
    with pytest.raises(
        ValueError, match=r"known are auto, table, kobo, odk, apollo, messages, kpu: did you mean 'kobo'"
    ):
        take_in({"a.csv": GOOD}, 'format = "kobbo"')


def test_every_layout_maps_to_columns_that_we_know() -> None:
    from estimation.checks import COUNTS

    known = {"tps_id", "received_at", "source", "reporter", "status", "submission", "revision", "message", *COUNTS}
    for layout in layouts().values():
        assert {n for n in layout.columns.values() if not n.startswith("votes_")} <= known, layout.name
        assert set(layout.status.values()) <= {"received", "verified", "rejected"}


def test_all_layouts_in_one_inbox(take_in: TakeIn) -> None:
    kobo = (
        '"tps_id";"votes_1";"votes_2";"_id";"_uuid";"_submission_time"\n"0002";"1";"2";"5";"";"2024-11-27T09:00:00"\n'
    )
    files: dict[str, bytes | str] = {"a.csv": GOOD, "k.csv": kobo, "s.txt": "0003#P-01#1#2#3\n"}
    intake = take_in(files)
    assert intake.table[["tps_id", "source", "file"]].astype(object).fillna("").to_numpy().tolist() == [
        ["0001", "", "a.csv"], ["0002", "kobo", "k.csv"], ["0003", "sms", "s.txt"],
    ]  # fmt: skip
    assert [source.layout for source in intake.sources] == ["table", "kobo", "messages"]
    assert str(intake.table["received_at"].dtype).endswith("UTC]")

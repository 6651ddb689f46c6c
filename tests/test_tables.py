"""Tables: text stays text, a blank is null, and every row knows its line."""

import csv
import hashlib
import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimation.errors import TableError
from estimation.tables import Table, as_text, find_table, read_table

BLOCK = 2**20  # pyarrow reads a CSV file in blocks of this many bytes


def table(folder: Path, content: str | bytes, name: str = "t.csv") -> Table:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


def rows(read: Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in read.data.to_pylist()]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "the file is empty: put a header line and one row for each station in it"),
        ("t.csv", b"\r\n \n", "the file is empty"),
        ("t.parquet", b"", "the file is empty"),
        ("t.parquet", b"a,b\n1,2\n", "this is not a Parquet file that can be read"),
        ("t.xlsx", b"PK", "a file of kind '.xlsx' can't be read here: save it as CSV or Parquet"),
        ("t.csv", b"a,b,a\n1,2,3\n", "line 1: column 'a' stands there twice: rename or remove one"),
        ("t.csv", b"a,,c\n1,2,3\n", "line 1: column 2 has no name"),
        ("t.csv", b"d\x81sa,b\n1,2\n", "line 1: the text is not UTF-8: save the file as 'CSV UTF-8'"),
        ("t.csv", "a,b\né,1\n".encode() + "é,2\n".encode("latin-1"), "line 3: the text is not UTF-8"),
        ("t.csv", b"a,b\n" + b"1,2\n" * 20_000 + b"\x9d,2\n", "line 20002: the text is not UTF-8"),
        ("t.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF", "this is no text: save the file as 'CSV UTF-8'"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16")[:-1], "line 2: the text is not UTF-16"),
        ("t.csv", b'"a,b\n' + b"1,2\n" * 40_000, "line 1: the header can't be read (a quote is not closed"),
    ],
    ids=[
        "empty",
        "blank",
        "empty-parquet",
        "no-parquet",
        "xlsx",
        "twice",
        "unnamed",
        "no-encoding",
        "two-encodings",
        "no-encoding-late",
        "binary",
        "half-a-character",
        "open-quote",
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_remedy(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(TableError) as told:
        table(tmp_path, content, name)
    assert str(told.value).startswith(f"{tmp_path / name}")
    assert message in str(told.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"frame\.csv: there is no such file$"):
        read_table(tmp_path / "frame.csv")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_delimiters_byte_order_marks_and_line_ends(tmp_path: Path, delimiter: str, mark: bytes, end: str) -> None:
    text = end.join(delimiter.join(row) for row in [("tps_id", "n"), ("001", "7"), ("002", "")]) + end
    read = table(tmp_path, mark + text.encode())
    assert read.header == ["tps_id", "n"]
    assert rows(read) == [("001", "7"), ("002", None)]
    assert read.lines([0, 1]).tolist() == [2, 3]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("encoding", "begin", "named", "mark"),
    [
        ("utf-8", b"", "utf-8", False),
        ("utf-8", b"\xef\xbb\xbf", "utf-8", True),
        ("utf-16-le", b"\xff\xfe", "utf-16-le", True),
        ("utf-16-be", b"\xfe\xff", "utf-16-be", True),
        ("utf-16-le", b"", "utf-16-le", False),
        ("utf-16-be", b"", "utf-16-be", False),
        ("cp1252", b"", "windows-1252", False),
    ],
)
def test_the_encoding_and_the_separator_are_detected_and_recorded(
    tmp_path: Path, encoding: str, begin: bytes, named: str, mark: bool, separator: str, end: str
) -> None:
    cells = [("tps_id", "désa", "n"), ("001", "Tânjung – 2", "7"), ("002", "", "8")]
    content = begin + "".join(separator.join(row) + end for row in cells).encode(encoding)
    read = table(tmp_path, content)
    assert (read.encoding, read.mark, read.separator, read.header_line) == (named, mark, separator, 1)
    assert read.header == ["tps_id", "désa", "n"]
    assert rows(read) == [("001", "Tânjung – 2", "7"), ("002", None, "8")]
    assert read.lines([0, 1]).tolist() == [2, 3]
    assert read.sha256 == hashlib.sha256(content).hexdigest()


def test_a_separator_within_quotes_is_none(tmp_path: Path) -> None:
    read = table(tmp_path, '\n\n"suara, sah";"a,b,c"\n"1";"2"\n')
    assert (read.separator, read.header, read.header_line) == (";", ["suara, sah", "a,b,c"], 3)


def test_a_header_of_two_lines_within_quotes(tmp_path: Path) -> None:
    read = table(tmp_path, '"suara\nsah";b\n1;2\n3;4\n')
    assert (read.header, rows(read)) == (["suara\nsah", "b"], [("1", "2"), ("3", "4")])
    assert read.lines([0, 1]).tolist() == [3, 4]


@settings(deadline=None)
@given(
    cells=st.lists(
        st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), min_size=1).filter(str.strip),
        min_size=1,
        max_size=8,
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    separator=st.sampled_from(",;\t|"),
)
def test_any_text_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], encoding: str, separator: str
) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    with path.open("w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([("kode", "isi"), *(("1", cell) for cell in cells)])
    content = path.read_bytes()
    if encoding == "cp1252" and re.search(rb"[\xc2-\xf4][\x80-\xbf]", content):
        with pytest.raises(TableError, match="the text is not UTF-8") if not _is_utf_8(content) else nullcontext():
            read_table(path)
        return
    assert read_table(path).data.column("isi").to_pylist() == cells


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def test_kept_rows_know_their_line(tmp_path: Path) -> None:
    read = table(tmp_path, "a,b\n1,x\n2,x\n\n3,x\n").keep(np.array([False, True, True]))
    assert (read.data.column("a").to_pylist(), read.lines([0, 1]).tolist()) == (["2", "3"], [3, 5])
    assert read.keep(np.array([False, True])).lines([0]).tolist() == [5]


def test_everything_stays_text_as_it_stands(tmp_path: Path) -> None:
    cells = ["007", "1,2E+3", "1.234", "NA", "nan", "NULL", "true", "2024-11-27", " x ", "0x1F"]
    read = table(tmp_path, "c;d\n" + "".join(f"{cell};.\n" for cell in cells))
    assert read.data.column("c").to_pylist() == cells


def test_as_text_trims_and_makes_blanks_null(tmp_path: Path) -> None:
    read = table(tmp_path, 'a,b\n 01 ,x\n"  ",x\n"",x\n')
    assert as_text(read.data.column("a")).to_pylist() == ["01", None, None]


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n",
        pytest.param("a,b"),
    ],
)
def test_a_header_alone_is_a_table_without_rows(tmp_path: Path, content: str) -> None:
    read = table(tmp_path, content)
    assert (read.header, read.data.num_rows) == (["a", "b"], 0)


def test_sha256_is_that_of_the_file(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfa,b\r\n1,2\r\n"
    assert table(tmp_path, content).sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("a,b\n1,x\n2,x\n3,x\n", [2, 3, 4]),
        ("a,b\n1,x\n2,x\n3,x", [2, 3, 4]),
        ("a,b\n\n1,x\n\n\n2,x\n3,x\n", [3, 6, 7]),
        ("\n\na,b\n1,x\n2,x\n3,x\n", [4, 5, 6]),
        ('a,b\n1,"two\nlines"\n2,x\n3,x\n', [2, 4, 5]),
        ('a,b\r\n1,"two\r\nlines"\r\n\r\n2,x\r\n3,x\r\n', [2, 5, 6]),
        ('a,b\n1,"x\n\ny"\n2,x\nragged\n3,x\n', [2, 5, 7]),
        ("a;b\nragged\n1;x\n2;x\n3;x\n", [3, 4, 5]),
    ],
    ids=["plain", "no-last-end", "blank", "blank-first", "quoted", "quoted-crlf", "quoted-ragged", "ragged"],
)
def test_every_row_knows_its_line(tmp_path: Path, content: str, lines: list[int]) -> None:
    read = table(tmp_path, content)
    assert read.data.column("a").to_pylist() == ["1", "2", "3"]
    assert read.lines(np.arange(3)).tolist() == lines


@pytest.mark.parametrize(
    ("content", "ragged"),
    [
        ("a,b\n1,x\n2\n3,x\n", [(3, "2")]),
        ("a,b\n1,x\n2,x,y\n3,x\n", [(3, "2,x,y")]),
        ("a,b\n\n1,x\n\n2,x,y\n3,x\nlast", [(5, "2,x,y"), (7, "last")]),
        ('a,b\n1,"two\nlines"\n2,x,y\n3,x\n', [(4, "2,x,y")]),
        ("a\tb\n1\tx\n2\n3\tx\n", [(3, "2")]),
    ],
    ids=["few", "many", "blank-lines", "quoted-newline", "tab"],
)
def test_ragged_rows_are_left_out_and_listed_with_their_line(
    tmp_path: Path, content: str, ragged: list[tuple[int, str]]
) -> None:
    read = table(tmp_path, content)
    assert list(read.ragged) == ragged
    assert set(read.data.column("a").to_pylist()) <= {"1", "2", "3"}


@settings(deadline=None)
@given(blocks=st.lists(st.sampled_from(["{},x\n", "\n", '{},"x\ny"\n', "{}\n", "{},x,y\n"]), max_size=12))
def test_lines_and_ragged_rows_in_any_mixture(tmp_path_factory: pytest.TempPathFactory, blocks: list[str]) -> None:
    content, line, good, ragged = "a,b\n", 2, [], []
    for number, block in enumerate(blocks):
        if block in ("{}\n", "{},x,y\n"):
            ragged.append(line)
        elif block != "\n":
            good.append((str(number), line))
        content += block.format(number)
        line += block.count("\n")
    read = table(tmp_path_factory.mktemp("t"), content)
    lines = read.lines(np.arange(read.data.num_rows)).tolist()
    assert list(zip(read.data.column("a").to_pylist(), lines, strict=True)) == good
    assert [number for number, _ in read.ragged] == ragged


def test_quoted_newlines_in_a_large_file(tmp_path: Path) -> None:
    row = 'x,"two\nlines",1,2,3\n'
    n = 2 * BLOCK // len(row)
    read = table(tmp_path, "a,b,c,d,e\n" + row * n)
    assert read.data.num_rows == n
    assert read.lines([n - 1]).tolist() == [2 * n]


def test_parquet_keeps_types_and_counts_rows_from_one(tmp_path: Path) -> None:
    pd.DataFrame({"tps_id": ["001"], "n": [7]}).to_parquet(tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet")
    assert rows(read) == [("001", 7)]
    assert read.lines([0]).tolist() == [1]
    assert read.sha256 == hashlib.sha256((tmp_path / "t.parquet").read_bytes()).hexdigest()


def test_find_table_prefers_csv(tmp_path: Path) -> None:
    assert find_table(tmp_path, "frame") is None
    (tmp_path / "frame.parquet").touch()
    assert find_table(tmp_path, "frame") == tmp_path / "frame.parquet"
    (tmp_path / "frame.csv").touch()
    assert find_table(tmp_path, "frame") == tmp_path / "frame.csv"

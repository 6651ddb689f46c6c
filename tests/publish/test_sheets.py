"""The officers' sheets as files: nothing is computed by a spreadsheet, nothing is markup, codes stay text."""

import csv
import io
import re
import shutil

import openpyxl
import pytest

from estimation.contest import load_contest
from estimation.errors import ReportError
from estimation.publish.sheets import defused, write_sheets
from estimation.sampling.assign import assign
from estimation.words import Words

HEAD = "tps_id,province,regency,district,village,tps,registered"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def make(make_contest):
    def call(rows, drawn, candidates=2, officers=None):
        folder = make_contest(stations="\n".join([HEAD, *rows]) + "\n", candidates=candidates)
        (folder / "out").mkdir()
        (folder / "out/sample.csv").write_text("\n".join(["tps_id", *drawn]) + "\n", encoding="utf-8")
        if officers:
            (folder / "out/officers.csv").write_text(officers, encoding="utf-8")
        return load_contest(folder)

    return call


@pytest.fixture
def plain(make):
    rows = [f"00{i},JAWA,KOTA,{'AB'[i % 2]},DESA {i % 4},0{i},{300 + i}" for i in range(1, 9)]
    return make(rows, ["001", "002", "005", "008"])


@pytest.fixture
def hostile(make):
    rows = [
        f'-1,"=1+1",@KOTA,"[A]*:?/\\","{EVIL}",+62,300',
        f'007,"=1+1",@KOTA,"[a]*:?/\\","  =cmd|x","{EVIL}",',
    ]
    return make(rows, ["-1", "007"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+62", "'+62"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =x", "'  =x"),
        ("a=1", "a=1"),
        ("", ""),
        (-1, -1),
    ],
)
def test_formulas_are_defused(value, expected):
    assert defused(value) == expected


def test_files_and_the_csv_of_all(plain):
    written = write_sheets(assign(plain))
    folder = plain.out / "assignments"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*")) == [
        "assignments-id.html",
        "assignments.csv",
        "assignments.xlsx",
        "sheets/sheet-0013.csv",
        "sheets/sheet-0021.csv",
        "sheets/sheet-0037.csv",
    ]
    lines = written.table.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == [
        "sheet,reporter,tps_id,province,regency,district,village,tps,registered,reserve,message",
        "0013,0013,001,JAWA,KOTA,B,DESA 1,01,301,0,001#0013#",
    ]
    parts = [path.read_text(encoding="utf-8").splitlines() for path in written.sheets]
    assert [line for part in parts for line in part[1:]] == lines[1:]
    assert {part[0] for part in parts} == {lines[0]}


def test_the_same_inputs_give_the_same_bytes(plain, tmp_path, monkeypatch):
    written = write_sheets(assign(plain))
    before = {path: path.read_bytes() for path in (written.table, written.workbook, written.page, *written.sheets)}
    monkeypatch.setattr("time.time", lambda: 2e9)
    again = write_sheets(assign(plain))
    assert again == written
    assert {path: path.read_bytes() for path in before} == before
    book = openpyxl.load_workbook(written.workbook)
    assert (book.properties.created.year, book.properties.modified.year) == (1980, 1980)


def test_sheets_of_an_earlier_run_are_removed_and_nothing_else(plain):
    folder = plain.out / "assignments/sheets"
    write_sheets(assign(plain))
    (folder / "notes.csv").write_text("mine")
    (plain.out / "sample.csv").write_text("tps_id\n001\n")
    write_sheets(assign(plain))
    assert sorted(path.name for path in folder.iterdir()) == ["notes.csv", "sheet-0013.csv"]


def test_the_workbook_has_a_sheet_for_each_district_and_codes_as_text(plain):
    book = openpyxl.load_workbook(write_sheets(assign(plain), "en").workbook)
    assert book.sheetnames == ["Instructions", "B", "A"]
    sheet = book["B"]
    assert [cell.value for cell in sheet[1]][:4] == ["Sheet", "Reporter code", "Station code", "Province"]
    first = {name.value: cell for name, cell in zip(sheet[1], sheet[2], strict=True)}
    assert (first["Station code"].value, first["Station code"].data_type) == ("001", "s")
    assert first["Station code"].number_format == "@"
    assert (first["Roll"].value, first["Roll"].data_type) == (301, "n")
    text = [row[0].value for row in book["Instructions"].iter_rows()]
    assert "station code#reporter code#votes no. 1#votes no. 2#invalid votes" in text[3]
    assert any("tps_id, reporter, votes_1, votes_2, invalid, total" in line for line in text)


def test_nothing_from_outside_is_a_formula(hostile):
    written = write_sheets(assign(hostile))
    rows = list(csv.reader(io.StringIO(written.table.read_text(encoding="utf-8"), newline="")))
    assert rows[1][2:8] == ["'-1", "'=1+1", "'@KOTA", "[A]*:?/\\", EVIL, "'+62"]
    assert rows[1][-1] == "'-1#0013#"
    assert rows[2][6:9] == ["'=cmd|x", EVIL, ""]
    book = openpyxl.load_workbook(written.workbook)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    assert not [cell.value for cell in cells if isinstance(cell.value, str) and cell.value[:1] in "=+-@"]
    assert book.sheetnames == ["Petunjuk", "A", "a (2)"]


def test_nothing_from_outside_is_markup(hostile):
    text = write_sheets(assign(hostile)).page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 2
    assert "default-src 'none'" in text


def test_characters_that_xml_can_t_hold(make):
    contest = make(["1,J,K,A\x0bB,D,1,300"], ["1"])
    book = openpyxl.load_workbook(write_sheets(assign(contest)).workbook)
    assert book.worksheets[1]["F2"].value == "A\ufffdB"


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_page_says_who_where_when_and_how(plain, language):
    text = write_sheets(assign(plain), language).page.read_text(encoding="utf-8")
    words = Words(language)
    assert text.count('<article class="sheet">') == 3
    assert "break-after: page" in text
    assert f"<span>{words('assign.reporter')}</span>\n<b>0013</b>" in text
    assert {"id": "Rabu, 27 November 2024", "en": "Wednesday, 27 November 2024"}[language] in text
    assert "<code>001#0013#100#107#9</code>" in text
    format_ = re.search(r'<p class="format">(.*?)</p>', text)[1]
    assert re.findall(r"<span>(.*?)</span>", format_)[-1] == words("assign.part_invalid")
    assert words("assign.footer", number=1, sheets=3, contest="small", sample=assign(plain).sample_sha256[:12]) in text


def test_the_reserve_rule_stands_on_sheets_with_reserves_only(plain):
    rule = Words("en")("assign.rule_reserve")
    assert "never because of its count" in rule
    assert rule.replace("'", "&#39;") not in write_sheets(assign(plain), "en").page.read_text(encoding="utf-8")
    (plain.out / "sample.csv").write_text("tps_id,reserve\n001,\n005,1\n008,\n")
    text = write_sheets(assign(plain), "en").page.read_text(encoding="utf-8")
    assert text.count(rule.replace("'", "&#39;")) == 1
    assert "<em>reserve 1</em>" in text


def test_many_candidates_get_boxes_instead_of_a_table(make):
    rows = ["01,J,K,A,D,1,300", "02,J,K,A,D,2,"]
    text = write_sheets(assign(make(rows, ["01", "02"], candidates=9)), "en").page.read_text(encoding="utf-8")
    assert "<table>" not in text
    boxes = re.findall(r'<div class="boxes">(.*?)</div>', text, re.S)
    assert [re.findall(r"<span>(.*?)</span>", box) for box in boxes] == [
        [*map(str, range(1, 10)), "Invalid", "Total", "Sent at"]
    ] * 2


def test_several_officers_on_one_sheet_are_named_at_their_stations(make):
    rows = ["01,J,K,A,D,1,300", "02,J,K,A,D,2,300"]
    contest = make(rows, ["01", "02"], officers="officer,tps_id\nani,01\nbudi,02\n")
    text = write_sheets(assign(contest, "village"), "en").page.read_text(encoding="utf-8")
    assert '<td class="mono">ani</td>' in text
    assert '<td class="mono">budi</td>' in text
    assert "<span>Sheet</span>\n<b>0013</b>" in text


def test_another_folder_and_an_unknown_language(plain, tmp_path):
    assert write_sheets(assign(plain), out=tmp_path / "x").table == tmp_path / "x/assignments.csv"
    assert not (plain.out / "assignments").exists()
    with pytest.raises(ReportError, match="language 'jv' is unknown"):
        write_sheets(assign(plain), "jv")


def test_three_hundred_of_east_java(shared, tmp_path):
    """130,171 stations; the draw takes 38 strata."""
    from estimation.frame import load_frame
    from estimation.sampling import Design, draw, write_draw

    folder = shutil.copytree(shared / "data/jawa-timur-2019", tmp_path / "jt")
    contest = load_contest(folder)
    frame, design = load_frame(contest), Design(300, strata="regency")
    write_draw(contest, frame, design, draw(frame, design))
    assignments = assign(contest)
    written = write_sheets(assignments)
    assert len(assignments) == 300
    assert len(written.table.read_text(encoding="utf-8").splitlines()) == 301
    assert len(written.sheets) == len(assignments.sheets) > 250

"""Who observes which station: every station on one sheet, codes that are text, officers that fit."""

import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.sampling.assign import assign, check_digit, message_start, numbered

# Stations i and i + 6 lie in one village; villages 1 and 4 in district A, 2 and 5 in B, 3 and 6 in C.
DRAWN = ["0007", "0001", "0004", "0002", "0012"]


@pytest.fixture
def make(make_contest):
    def call(drawn=DRAWN, officers=None, stations=12, extra_toml="", header="tps_id", **files):
        folder = make_contest(stations=stations, extra_toml=extra_toml)
        (folder / "out").mkdir()
        (folder / "out/sample.csv").write_text("\n".join([header, *drawn]) + "\n", encoding="utf-8")
        if officers is not None:
            (folder / "out/officers.csv").write_text(officers, encoding="utf-8")
        return load_contest(folder)

    return call


def content(assignments):
    ids = assignments.frame.table["tps_id"]
    return {sheet.code: list(ids.iloc[sheet.rows]) for sheet in assignments.sheets}


def test_one_sheet_a_village_in_the_order_of_the_frame(make):
    found = assign(make())
    assert content(found) == {"0013": ["0001", "0007"], "0021": ["0002"], "0037": ["0004"], "0045": ["0012"]}
    assert found.by == "village"
    assert found.sheets[0].area == ("JAWA", "KOTA", "A", "DESA 1")
    assert found.sheets[0].reporters == ("0013", "0013")
    assert len(found) == 5


@pytest.mark.parametrize(("by", "sheets"), [("district", 3), ("regency", 1)])
def test_wider_areas(make, by, sheets):
    found = assign(make(), by)
    assert len(found.sheets) == sheets
    assert found.sheets[0].area == (("JAWA", "KOTA", "A") if by == "district" else ("JAWA", "KOTA"))
    assert sorted(code for codes in content(found).values() for code in codes) == sorted(DRAWN)


def test_table(make):
    table = assign(make()).table()
    assert table.iloc[0].to_dict() == {
        "sheet": "0013",
        "reporter": "0013",
        "tps_id": "0001",
        "province": "JAWA",
        "regency": "KOTA",
        "district": "A",
        "village": "DESA 1",
        "tps": "001",
        "registered": 301,
        "reserve": 0,
        "message": "0001#0013#",
    }
    assert message_start("0001", "7") == "0001#7#"


def test_all_stations_when_all_are_asked(make):
    found = assign(make(extra_toml='[returns]\nasked = "all"\n'))
    assert len(found) == 12
    assert found.sample_sha256 is None


def test_reserves_stand_behind_the_drawn_ones(make):
    found = assign(make(["0001,2", "0007,", "0004,1", "0010,0"], header="tps_id,reserve"), "district")
    assert content(found) == {"0013": ["0007", "0010", "0004", "0001"]}
    assert found.sheets[0].reserve.tolist() == [0, 0, 1, 2]


def test_officers_by_village_and_by_station(make):
    officers = (
        "petugas,kecamatan,desa,tps_id,nama\n007,A,desa 1,,Ani\nB-2,B,DESA  2,,Budi\n007,,,0004,Ani\nz9,,,0012,\n"
    )
    found = assign(make(officers=officers))
    assert found.by == "officer"
    assert content(found) == {"007": ["0001", "0004", "0007"], "B-2": ["0002"], "z9": ["0012"]}
    assert found.sheets[0].area == ("JAWA", "KOTA", "A")


def test_a_station_goes_before_its_village(make):
    found = assign(make(["0001", "0007"], "officer,village,tps_id\na,DESA 1,\nb,DESA 1,0007\n"))
    assert content(found) == {"a": ["0001"], "b": ["0007"]}


def test_officers_report_also_where_sheets_are_areas(make):
    found = assign(make(["0001", "0007"], "officer,village,tps_id\na,DESA 1,\nb,,0007\n"), "village")
    assert found.sheets[0].code == "0013"
    assert found.sheets[0].reporters == ("a", "b")


def test_check_digits():
    """572 has 4 in Damm's thesis (2004)."""
    assert check_digit("572") == "4"
    assert check_digit("5724") == "0"
    assert numbered(3) == ["0013", "0021", "0037"]
    assert {len(code) for code in numbered(1200)} == {5}


def test_one_wrong_digit_or_two_swapped_is_nobody_s_code():
    codes = set(numbered(999))
    for code in list(codes)[:200]:
        swapped = {code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(3)} - {code}
        wrong = {code[:i] + digit + code[i + 1 :] for i in range(4) for digit in "0123456789"} - {code}
        assert not codes & (swapped | wrong)


@pytest.mark.parametrize(
    ("drawn", "officers", "by", "message"),
    [
        (DRAWN, None, "house", "--by 'house' is unknown: known are village, district, regency, officer"),
        (DRAWN, None, "officer", r"officers\.csv: there is no such file: write officers"),
        (["0001", "0099"], None, None, r"sample\.csv, line 3: '0099' is not in the frame"),
        (["0001", "0002", "0001"], None, None, r"sample\.csv, line 4: '0001' was drawn before"),
        ([], None, None, "no station is drawn in it"),
        (["0001"], "officer,phone\na,1\n", None, "neither a column tps_id nor a column village"),
        (["0001"], "officer,village\na#1,DESA 1\n", None, r"line 2: officer 'a#1' can't stand in a message"),
        (["0001"], "officer,village\n,DESA 1\n", None, r"line 2: officer '' can't stand in a message"),
        (["0001"], "officer,tps_id\na,0099\n", None, r"line 2: station '0099' is not in the frame"),
        (
            ["0001"],
            "officer,village\na,DESA 9\n",
            None,
            r"village 'DESA 9' is not in the frame: did you mean 'desa \d'",
        ),
        (["0001"], "officer,village\na,\n", None, r"line 2: village '' is not in the frame: correct it"),
        (
            ["0001"],
            "officer,village\na,DESA 1\nb,DESA 1\n",
            None,
            r"line 3: village DESA 1 has officer 'b' and, in line 2, officer 'a'",
        ),
        (
            ["0001", "0002", "0003"],
            "officer,village\na,DESA 1\n",
            None,
            r"2 of 3 stations have no officer, first 0002 in JAWA / KOTA / B / DESA 2",
        ),
        (
            ["0001", "0002"],
            "officer,village\nab,DESA 1\nAB,DESA 2\n",
            None,
            "two officer codes differ in capital letters only",
        ),
    ],
)
def test_what_can_t_be_assigned(make, drawn, officers, by, message):
    with pytest.raises(DesignError, match=message):
        assign(make(drawn, officers), by)


def test_a_village_name_that_stands_for_two(make):
    head = "tps_id,province,regency,district,village,tps,registered"
    rows = [head, "1,J,K,A,SUKAMAJU,1,300", "2,J,K,B,SUKAMAJU,1,300"]
    stations = "\n".join(rows) + "\n"
    with pytest.raises(DesignError, match="village 'SUKAMAJU' stands for 2 villages: add the columns"):
        assign(make(["1"], "officer,village\na,SUKAMAJU\n", stations))
    assert content(assign(make(["1"], "officer,district,village\na,A,SUKAMAJU\n", stations))) == {"a": ["1"]}


@pytest.mark.parametrize("code", ["1#2", "1 2"])
def test_a_station_code_that_can_t_stand_in_a_message(make, code):
    head = "tps_id,province,regency,district,village,tps,registered"
    with pytest.raises(DesignError, match=f"tps_id '{code}' holds '#' or a blank, so no message can carry it"):
        assign(make([code], stations=f"{head}\n{code},J,K,A,D,1,300\n"))


def test_no_sample(make):
    contest = make()
    (contest.out / "sample.csv").unlink()
    with pytest.raises(DesignError, match="there is no sample: draw one with 'quickcount draw"):
        assign(contest)


def test_a_reserve_that_is_no_number(make):
    with pytest.raises(DesignError, match=r"line 3: reserve is no number"):
        assign(make(["0001,", "0002,first"], header="tps_id,reserve"))

"""``sample.csv``: written and read again, or from another program."""

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError, TableError
from estimation.frame import load_frame
from estimation.sampling import Design, ask_all, draw, read_sample, write_draw


@pytest.fixture
def drawn(make_contest):
    """A contest of 14 stations with 7 drawn in three districts: frame, sample and the file."""
    contest = load_contest(make_contest(stations=14))
    frame, design = load_frame(contest), Design(7)
    sample = draw(frame, design)
    return frame, sample, write_draw(contest, frame, design, sample)[0]


@pytest.fixture
def change(drawn):
    """Write the sample's file anew with other contents, and read it."""
    frame, _, path = drawn

    def read(edit, columns="district", **options):
        table = edit(pd.read_csv(path, dtype=str))
        table.to_csv(path, index=False, **options)
        return read_sample(path, frame, Design(7, strata=columns))

    return read


def cell(row, column, value):
    def edit(table):
        table.loc[row, column] = value
        return table

    return edit


def test_written_and_read_again_it_is_the_same(drawn):
    frame, sample, path = drawn
    again = read_sample(path, frame, Design(7))
    np.testing.assert_array_equal(again.rows, sample.rows)
    np.testing.assert_array_equal(again.probability, sample.probability)
    np.testing.assert_array_equal(again.stratum, sample.stratum)
    assert (again.strata.labels, again.method, again.notes) == (sample.strata.labels, "stratified", ())


def test_the_file_holds_the_frame_and_the_design(drawn):
    frame, sample, path = drawn
    table = pd.read_csv(path, dtype=str)
    assert list(table.columns) == [*frame.table.columns, "stratum", "probability", "weight", "order", "method"]
    assert table["tps_id"].str.fullmatch(r"00\d\d").all()  # leading zeros survive
    assert table["order"].tolist() == [str(i) for i in range(1, 8)]
    assert set(table["stratum"]) == {"JAWA / KOTA / A", "JAWA / KOTA / B", "JAWA / KOTA / C"}
    np.testing.assert_allclose(table["weight"].astype(float), 1 / sample.probability, rtol=1e-15)


def test_an_unknown_roll_is_a_blank(make_contest):
    rows = [
        {"tps_id": str(i), "province": "P", "regency": "R", "district": "D", "village": "V", "tps": str(i)}
        for i in range(3)
    ]
    frame = load_frame(load_contest(make_contest(stations=[row | {"registered": None} for row in rows])))
    assert draw(frame, Design(2)).table(frame)["registered"].isna().all()


def test_from_another_program(drawn, change):
    _, sample, _ = drawn
    # other order of rows and columns, other names of strata, no method, semicolons
    names = {"JAWA / KOTA / A": "I", "JAWA / KOTA / B": "II", "JAWA / KOTA / C": "III"}

    def other(table):
        table["stratum"] = table["stratum"].map(names)
        return table[["weight", "stratum", "probability", "tps_id"]].iloc[::-1]

    again = change(other, sep=";")
    np.testing.assert_array_equal(again.rows, sample.rows[::-1])
    assert [note.code for note in again.notes] == ["W303"]
    assert again.strata.labels == sample.strata.labels
    assert again.method == "stratified"


def test_strata_are_found_in_the_frame_where_the_contest_names_others(drawn, change):
    _, sample, _ = drawn
    assert change(lambda table: table, columns="regency").strata.labels == sample.strata.labels


def test_strata_are_found_where_a_finer_level_divides_the_drawn_stations_alike(make_contest, tmp_path):
    # two of four drawn in each of three districts, and these two happen to lie in one village of two
    frame = load_frame(load_contest(make_contest(stations=12)))
    ids = [f"{i:04d}" for i in (1, 7, 2, 8, 3, 9)]
    table = {"tps_id": ids, "stratum": list("AABBCC"), "probability": 0.5, "weight": 2, "method": "stratified"}
    pd.DataFrame(table).to_csv(tmp_path / "sample.csv", index=False)
    assert read_sample(tmp_path / "sample.csv", frame, Design(6, strata="regency")).strata.columns == "district"


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (cell(2, "tps_id", "9999"), r"line 4: '9999' is not in the frame: correct it or draw again"),
        (cell(2, "weight", "2"), r"line 4: '2' is a weight, but not 1/probability: correct it"),
        (cell(0, "probability", "1.5"), r"line 2: '1.5' is no probability in \(0, 1\]"),
        (cell(0, "probability", "0"), r"line 2: '0' is no probability in \(0, 1\]"),
        (cell(6, "weight", "viele"), r"line 8: 'viele' is not a number"),
        (lambda table: pd.concat([table, table.iloc[[0]]]), r"line 9: '00\d\d' was drawn before"),
        (lambda table: table.assign(probability="0.5", weight="2.1"), r"line 2: '2.1' is .* \(and 6 more rows\)"),
        (lambda table: table.iloc[:0], r"no station is drawn in it: draw a sample with 'quickcount draw'"),
        (
            lambda table: table.assign(method="pps"),
            r"method 'pps' is unknown: known are simple, stratified, systematic",
        ),
    ],
)
def test_a_row_that_is_wrong_is_an_error_with_its_line(change, edit, text):
    with pytest.raises(DesignError, match=text):
        change(edit)


def test_a_probability_must_be_the_drawn_part_of_the_stratum(change):
    text = (
        r"stratum 'JAWA / KOTA / A' has 3 of 5 stations drawn, a probability of 0\.600000, and the file says "
        r"0\.500000: the frame or the sample has changed since the draw"
    )
    with pytest.raises(DesignError, match=text):
        change(lambda table: table.assign(probability="0.5", weight="2"))


def test_strata_that_match_no_column_are_an_error(change):
    text = (
        r"the column 'stratum' matches no column of the frame \(tried district, village, .*\), "
        r"so the number of stations in each stratum is unknown"
    )
    with pytest.raises(DesignError, match=text):
        change(lambda table: table.assign(stratum=["x", "y"] * 3 + ["x"]))


def test_a_missing_column_is_an_error(change):
    with pytest.raises(TableError, match=r"column 'weight' is missing"):
        change(lambda table: table.drop(columns="weight"))


def test_all_stations_asked_is_a_census(drawn):
    frame, _, _ = drawn
    everyone = ask_all(frame, "district")
    assert everyone.rows.tolist() == list(range(14))
    assert everyone.probability.tolist() == [1] * 14
    assert everyone.drawn.tolist() == everyone.strata.size.tolist() == [5, 5, 4]
    assert (everyone.method, everyone.sha256) == ("all", None)

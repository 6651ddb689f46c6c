"""The rules of the form, each by hand: an example that breaks it, and one at the edge that does not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from estimation.checks import (
    COUNTS,
    Limits,
    decimal_mark,
    far_from_village,
    findings,
    form_errors,
    form_warnings,
    letters_for_digits,
    lost_digits,
    not_whole,
    whole_numbers,
)

NAN = np.nan
VOTES = ("votes_1", "votes_2")
# A form without a flaw, of a station with 400 voters; 410 ballots are the roll and 2.5 %.
GOOD = {
    "votes_1": 120,
    "votes_2": 170,
    "invalid": 10,
    "total": 300,
    "valid": 290,
    "registered": 400,
    "used_dpt": 290,
    "used_moved": 6,
    "used_unlisted": 4,
    "used_total": 300,
    "ballots_received": 410,
    "ballots_used": 300,
    "ballots_spoiled": 10,
    "ballots_left": 100,
}
PLAIN = {key: GOOD[key] for key in (*VOTES, "invalid", "total")}
LIMITS = Limits()
# The frame: two stations of the form's village, one of another.
ROLLS = pd.DataFrame({"village": [0, 0, 1], "registered": [400.0, 350.0, 360.0]})


def broken(forms: list[dict[str, float]], roll: float = 400.0, village: int = 0, limits: Limits = LIMITS) -> set[str]:
    """Codes that the last of some forms breaks."""
    counts = pd.DataFrame(forms, dtype=np.float64)
    rolls, villages = np.full(len(forms), roll), np.full(len(forms), village, dtype=np.intp)
    errors = form_errors(counts, VOTES, rolls, villages, ROLLS, limits)
    warnings = form_warnings(counts, VOTES, rolls, limits)
    warnings["W207"] = (VOTES[0], far_from_village(counts[list(VOTES)].to_numpy(), villages))
    return {code for code, (_, rows) in (errors | warnings).items() if rows[-1]}


def cast(count: int) -> dict[str, float]:
    """A plain form on which so many ballots were cast."""
    return {"votes_1": count // 2, "votes_2": count - count // 2, "invalid": 0, "total": count}


def test_a_form_without_a_flaw() -> None:
    assert broken([GOOD]) == broken([PLAIN]) == set()


@pytest.mark.parametrize(
    ("code", "flaw", "edge"),
    [
        ("E201", {"votes_2": NAN}, {"votes_2": 170}),
        ("E203", {"total": 301}, {"total": 300}),
        ("E203", {"invalid": 9}, {"invalid": NAN}),
        ("E204", {"valid": 289}, {"valid": NAN}),
        ("E204", {"valid": 291}, {"valid": 290}),
        ("E206", {"used_total": 299}, {"used_total": NAN}),
        ("E206", {"used_total": NAN, "used_dpt": 289}, {"used_total": NAN, "used_dpt": 290}),
        ("E206", {"used_total": NAN, "used_unlisted": 5}, {"used_total": NAN, "used_unlisted": NAN}),
        ("E208", {"registered": 350}, {"registered": 351}),
        ("E208", {"registered": 350}, {"registered": 360}),
        ("E209", {"ballots_left": 99}, {"ballots_left": NAN}),
        ("E209", {"ballots_received": 411}, {"ballots_received": 410}),
        ("W201", {"registered": 399}, {"registered": NAN}),
        ("W202", {"ballots_received": 416}, {"ballots_received": 415}),
        ("W202", {"ballots_received": 404}, {"ballots_received": 405}),
        ("W203", {"registered": 601}, {"registered": 600}),
        ("W209", {"invalid": NAN}, {"invalid": 10}),
        ("W209", {"total": NAN}, {"total": 300}),
    ],
)
def test_each_rule_and_its_edge(code: str, flaw: dict[str, float], edge: dict[str, float]) -> None:
    assert code in broken([GOOD | flaw])
    assert code not in broken([GOOD | edge])


@pytest.mark.parametrize(
    ("code", "roll", "flaw", "edge"),
    [
        ("E205", 400, cast(441), cast(440)),
        ("E205", 30, cast(34), cast(33)),
        ("W208", 80, cast(83), cast(82)),
        ("W208", 400, cast(440), cast(441)),
        ("W205", 400, cast(393), cast(392)),
        ("W205", 50, cast(50), cast(49)),
        ("W205", 80, cast(82), cast(83)),
        ("W206", 400, cast(79), cast(80)),
        ("W206", 5, cast(0), cast(1)),
        ("W204", 400, cast(300) | {"votes_1": 0, "votes_2": 300}, cast(300) | {"votes_1": 1, "votes_2": 299}),
        ("W211", 400, {"votes_1": 0, "votes_2": 0, "invalid": 300, "total": 300}, cast(1)),
    ],
)
def test_ballots_against_the_roll(code: str, roll: float, flaw: dict[str, float], edge: dict[str, float]) -> None:
    assert code in broken([flaw], roll)
    assert code not in broken([edge], roll)


@pytest.mark.parametrize("roll", [120, 200, 240, 400])
def test_exactly_the_roll_and_the_reserve_is_not_more(roll: int) -> None:
    assert "W208" not in broken([cast(roll * 41 // 40)], roll)


def test_exactly_the_roll_and_the_allowance_is_not_more() -> None:
    roll = np.arange(10, 601, 10)
    village = np.zeros(len(roll), dtype=np.intp)
    for extra in (0, 1):
        counts = pd.DataFrame([cast(n * 11 // 10 + extra) for n in roll.tolist()], dtype=np.float64)
        _, more = form_errors(counts, VOTES, roll.astype(np.float64), village, ROLLS, LIMITS)["E205"]
        assert more.sum() == extra * len(roll)


def test_the_contest_sets_the_limits() -> None:
    limits = Limits(allowance=0.5, ballot_reserve=0.25, max_registered=300)
    assert broken([cast(600)], limits=limits) == {"W208"}
    assert broken([cast(601)], limits=limits) == {"E205", "W205"}
    assert broken([cast(500)], limits=limits) == {"W205"}
    assert broken([PLAIN | {"registered": 400}], limits=limits) == {"W203"}
    assert broken([PLAIN | {"ballots_received": 500}], limits=limits) == set()


def test_an_unknown_roll_is_taken_from_the_form_where_it_says_one() -> None:
    assert broken([cast(441)], roll=NAN) == set()
    assert broken([cast(441) | {"registered": 400}], roll=NAN) == {"E205", "W205"}
    assert broken([PLAIN | {"registered": 350}], roll=NAN) == set()


def test_a_swapped_roll_needs_another_station_of_the_same_village() -> None:
    assert broken([PLAIN | {"registered": 350}], village=0) == {"E208", "W201"}
    assert broken([PLAIN | {"registered": 350}], village=1) == {"W201"}
    assert broken([PLAIN | {"registered": 360}], village=1) == {"E208", "W201"}
    assert broken([PLAIN | {"registered": 350}], village=-1, roll=NAN) == set()


def test_a_roll_that_two_stations_share_is_not_swapped() -> None:
    assert broken([PLAIN | {"registered": 350}], roll=350.0) == set()


@pytest.mark.parametrize(
    ("others", "votes_1", "far"),
    [
        ([50, 50], 91, True),
        ([50, 50], 90, False),
        ([50, 50], 9, True),
        ([50], 100, False),
        ([40, 60, 50], 95, True),
    ],
)
def test_a_share_far_from_the_other_stations_of_the_village(others: list[int], votes_1: int, far: bool) -> None:
    forms = [{"votes_1": n, "votes_2": 100 - n, "invalid": 0, "total": 100} for n in [*others, votes_1]]
    assert ("W207" in broken(forms, roll=200.0)) == far
    assert "W207" not in broken(forms, roll=200.0, village=-1)


@pytest.mark.parametrize(
    "flaw", [{"votes_1": 500, "total": NAN}, {"votes_1": 500, "invalid": NAN}], ids=["no-total", "no-invalid"]
)
def test_more_votes_than_voters_where_something_is_blank(flaw: dict[str, float]) -> None:
    assert {"E203", "E205"} & broken([PLAIN | flaw])


def test_a_row_of_blanks_breaks_no_rule_but_those_of_blanks() -> None:
    assert broken([dict.fromkeys((*VOTES, *COUNTS), NAN)]) == {"E201", "W209"}


def test_forms_are_not_changed() -> None:
    counts = pd.DataFrame([GOOD], dtype=np.float64)
    before = counts.copy(deep=True)
    form_errors(counts, VOTES, np.array([400.0]), np.array([0]), ROLLS, LIMITS)
    form_warnings(counts, VOTES, np.array([400.0]), LIMITS)
    pd.testing.assert_frame_equal(counts, before)


# --- counts -------------------------------------------------------------------------------------


def read(cells: list[object], kind: pa.DataType | None = None) -> tuple[list[int | None], list[bool]]:
    column = pa.chunked_array([pa.array(cells, kind)])
    numbers = whole_numbers(column)
    return numbers.to_pylist(), not_whole(column, numbers).tolist()


@pytest.mark.parametrize("others", [[], ["7"], ["x"]], ids=["alone", "among-numbers", "among-others"])
@pytest.mark.parametrize(
    ("cell", "number", "bad"),
    [
        ("12", 12, False),
        ("12.0", 12, False),
        (" 12 ", 12, False),
        ("007", 7, False),
        ("0", 0, False),
        (None, None, False),
        ("", None, False),
        ("  ", None, False),
        ("-3", None, True),
        ("1.5", None, True),
        ("1.234", None, True),
        ("1,234", None, True),
        ("1,2E+3", None, True),
        ("1E3", None, True),
        ("12 suara", None, True),
        ("１２", None, True),
        ("99999999999999999999", None, True),
        ("nan", None, True),
    ],
)
def test_a_count_in_text(cell: str | None, number: int | None, bad: bool, others: list[str]) -> None:
    numbers, wrong = read([cell, *others], pa.string())
    assert (numbers[0], wrong[0]) == (number, bad)


@pytest.mark.parametrize(
    "others",
    [
        pytest.param(["7"]),
        ["x"],
    ],
)
def test_a_hexadecimal_count(others: list[str]) -> None:
    assert read(["0x1F", *others])[1][0]


@pytest.mark.parametrize(
    ("cells", "kind", "numbers", "bad"),
    [
        ([3, -1, None], pa.int32(), [3, None, None], [False, True, False]),
        ([3.0, 2.5, -1.0, None], pa.float64(), [3, None, None, None], [False, True, True, False]),
        (["3", "x"], pa.large_string(), [3, None], [False, True]),
    ],
)
def test_a_count_with_a_type(
    cells: list[object], kind: pa.DataType, numbers: list[int | None], bad: list[bool]
) -> None:
    assert read(cells, kind) == (numbers, bad)


@pytest.mark.parametrize(
    ("cells", "kind", "bad"),
    [
        (["3", " "], pa.large_string(), [False, False]),
        ([3.0, NAN], pa.float64(), [False, False]),
        ([3.0, np.inf], pa.float64(), [False, True]),
        ([3.0, 1e30], pa.float64(), [False, True]),
    ],
    ids=["blank", "nan", "infinite", "huge"],
)
def test_a_count_with_a_type_that_is_blank_or_too_large(
    cells: list[object], kind: pa.DataType, bad: list[bool]
) -> None:
    assert read(cells, kind)[1] == bad


def test_findings_of_one_rule() -> None:
    found = findings("E203", "a.csv", [3, 4], "total", [7, None], ["01", None]).table
    assert found.to_numpy().tolist() == [
        ["E203", "a.csv", 3, "total", "7", "01"],
        ["E203", "a.csv", 4, "total", "", ""],
    ]


# --- how a file writes its numbers ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1", "1.234", "1,234", None], ""),
        (["1.5", "2"], "."),
        (["1,5", "1.234"], ","),
        (["-7,7123"], ","),
        (["1,5", "1.5"], "mixed"),
        (["1,5 suara"], ""),
    ],
)
def test_the_decimal_mark_of_a_file(cells: list[str | None], mark: str) -> None:
    assert decimal_mark([pa.chunked_array([pa.array(cells, pa.string())])]) == mark


def test_the_decimal_mark_is_that_of_all_columns() -> None:
    columns = [pa.chunked_array([pa.array([cell])]) for cell in ("1,5", "2.5", 7)]
    assert decimal_mark(columns) == "mixed"
    assert decimal_mark(columns[2:]) == ""


@pytest.mark.parametrize(
    ("cell", "decimal", "number"),
    [("12,0", ",", 12), ("12,0", "", None), ("12,0", "mixed", None), ("12,5", ",", None), ("1.234", ",", None)],
)
def test_a_decimal_comma(cell: str, decimal: str, number: int | None) -> None:
    column = pa.chunked_array([pa.array([cell], pa.string())])
    assert whole_numbers(column, decimal).to_pylist() == [number]


@pytest.mark.parametrize(
    ("code", "lost"),
    [
        ("3,51201E+12", True),
        ("3.51201e12", True),
        ("3E12", True),
        ("2024-02-01T00:00:00", True),
        ("3512011001001", False),
        ("E12", False),
        ("TPS-1E", False),
        (None, False),
    ],
)
def test_a_code_that_lost_digits(code: str | None, lost: bool) -> None:
    assert lost_digits(pa.chunked_array([pa.array([code], pa.string())])).tolist() == [lost]


@pytest.mark.parametrize(
    ("cell", "found", "reading"),
    [("12O", True, "120"), ("I7l", True, "171"), ("o", True, "0"), ("120", False, "120"), ("x2", False, "x2")],
)
def test_letters_for_digits(cell: str, found: bool, reading: str) -> None:
    letters, readings = letters_for_digits(pa.chunked_array([pa.array([cell, None], pa.string())]))
    assert (letters.tolist(), readings.to_pylist()) == ([found, False], [reading, None])


def test_findings_of_several_files() -> None:
    found = findings("E203", ["a.json", "b.json"], [1, 1], "total", [7, 8], ["01", "02"]).table
    assert found["file"].tolist() == ["a.json", "b.json"]

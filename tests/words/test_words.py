"""Words: both languages say everything, with the same values, in their own numbers."""

import re
from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from estimation.contest import EstimatorName, IntervalName, VarianceName
from estimation.errors import ReportError
from estimation.rules import RULES, Notice
from estimation.sampling.design import METHODS
from estimation.words import LANGUAGES, Words, catalogue


def test_both_languages_have_the_same_texts() -> None:
    assert set(catalogue("id")) == set(catalogue("en"))


@pytest.mark.parametrize("key", sorted(catalogue("en")))
def test_both_languages_take_the_same_values(key: str) -> None:
    values = [set(re.findall(r"{(\w+)}", catalogue(language)[key])) for language in LANGUAGES]
    assert values[0] == values[1]


@pytest.mark.parametrize("code", sorted(RULES))
def test_every_rule_is_said_in_indonesian(code: str) -> None:
    assert catalogue("id")[f"rules.{code}"] != RULES[code].text


@pytest.mark.parametrize(
    ("language", "share", "points", "count", "level"),
    [("id", "51,7\u00a0%", "−3,4", "1.030", "99,9\u00a0%"), ("en", "51.7\u00a0%", "−3.4", "1,030", "99.9\u00a0%")],
)
def test_numbers_are_written_as_their_readers_do(
    language: str, share: str, points: str, count: str, level: str
) -> None:
    words = Words(language)
    assert words.percent(0.51666) == share
    assert words.points(-0.0341) == points
    assert words.whole(1030) == count
    assert words.level(0.999) == level
    assert words.level(0.95) == "95\u00a0%"


def test_zero_has_no_sign_and_what_is_no_number_is_a_dash() -> None:
    assert Words("id").points(-0.00001) == "0,0"
    assert Words("id").decimal(float("nan")) == "–"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Jakarta", "27 November 2024 18.30 WIB"),
        ("Asia/Makassar", "27 November 2024 18.30 WITA"),
        ("Asia/Jayapura", "27 November 2024 18.30 WIT"),
        ("America/La_Paz", "27 November 2024 18.30 UTC-04"),
    ],
)
def test_times_carry_their_zone(zone: str, expected: str) -> None:
    assert Words("id").moment(datetime(2024, 11, 27, 18, 30, tzinfo=ZoneInfo(zone))) == expected


def test_english_time() -> None:
    assert Words("en").moment(datetime(2024, 8, 7, 8, 5, tzinfo=ZoneInfo("Asia/Jakarta"))) == "7 August 2024, 08:05 WIB"


def test_notice_begins_with_a_capital_and_takes_local_numbers() -> None:
    notice = Notice("W306", {"percent": 99.46})
    assert Words("id").notice(notice) == ("Partisipasi mencakup TPS yang DPT-nya diketahui, 99,5 % dari daftar TPS")
    assert notice.text == "turnout covers the stations with a known roll, 99.5 % of the frame"


def test_unknown_language() -> None:
    with pytest.raises(ReportError, match="language 'jv' is unknown: known are id, en"):
        Words("jv")


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("design", METHODS),
        ("variance", ("model", *get_args(VarianceName)[1:])),
        ("estimator", get_args(EstimatorName)[1:]),
        ("interval", get_args(IntervalName)[1:]),
    ],
)
def test_every_choice_has_words(table: str, names: tuple[str, ...]) -> None:
    spelled = {name if table == "design" else name.replace("-", "_") for name in names}
    assert {f"{table}.{name}" for name in spelled} <= set(catalogue("id"))


@pytest.mark.parametrize(("language", "text"), [("id", ">\u00a01.000.000.000"), ("en", ">\u00a01,000,000,000")])
def test_a_number_too_large_to_write_is_said_to_be(language: str, text: str) -> None:
    assert Words(language).decimal(2.73745e139) == text
    assert Words(language).decimal(-1e12) == text.replace(">", "<").replace("\u00a0", "\u00a0\u2212")

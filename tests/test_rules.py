"""The table of coded rules, and how findings and notices are said."""

import re

import pytest

from estimation.checks import findings
from estimation.rules import FINDING_COLUMNS, RULES, Findings, Notice


def some() -> Findings:
    bad = findings("E203", "a.csv", [2, 5], "total", [100, None], ["0001", None])
    return Findings.join(bad, Findings.none(), findings("W210", "b.csv", [1], "", ["cuaca"], [""]))


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_its_code_a_text_and_where_it_can_be_mended_a_remedy(code: str) -> None:
    rule = RULES[code]
    assert rule.code == code
    assert re.fullmatch(r"[EWC]\d{2,3}", code)
    assert rule.text == rule.text.strip()
    assert not rule.text.endswith(".")
    assert bool(rule.remedy) == (code[1] in "12" and code[0] in "EW")


def test_every_rule_of_the_form_has_a_code() -> None:
    errors, warnings = ([code for code in RULES if code.startswith(first)] for first in ("E2", "W2"))
    assert errors == [f"E2{number:02d}" for number in range(1, 21)]
    assert warnings == [f"W2{number:02d}" for number in range(1, 22)]


def test_the_table_can_not_be_changed() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        RULES["E999"] = RULES["E101"]  # type: ignore[index]


def test_a_sentence_says_place_value_wrong_and_remedy() -> None:
    assert some().sentences() == [
        "E203 a.csv, line 2, column total: '100': votes and invalid votes do not add up to the total: "
        "compare with the form",
        "E203 a.csv, line 5, column total: votes and invalid votes do not add up to the total: compare with the form",
        "W210 b.csv, line 1: 'cuaca': an unknown column was ignored: rename it, or map it in [returns] columns",
    ]


def test_a_limit_says_how_many_more() -> None:
    assert some().sentences(1)[1:] == ["… and 2 more"]
    assert some().sentences(3) == some().sentences()


def test_findings_are_counted_and_parted() -> None:
    found = some()
    assert (len(found), found.counts()) == (3, {"E203": 2, "W210": 1})
    assert (found.errors.counts(), found.warnings.counts()) == ({"E203": 2}, {"W210": 1})
    assert found.table["tps_id"].tolist() == ["0001", "", ""]


def test_findings_are_kept_by_place() -> None:
    found = some().keep([False, True, True])
    assert found.counts() == {"E203": 1, "W210": 1}
    assert found.table["line"].tolist() == [5, 1]
    assert repr(found) == "Findings(1 × E203, 1 × W210)"


def test_no_finding() -> None:
    none = Findings.join(Findings.none(), findings("E203", "a.csv", [], "total", [], []))
    assert (len(none), none.counts(), none.sentences()) == (0, {}, [])
    assert list(none.table.columns) == list(FINDING_COLUMNS)
    assert len(none.errors) == len(none.warnings) == 0


def test_a_notice_fills_its_values_in() -> None:
    assert Notice("W305", {"count": 3}).text == "returns from outside the sample, set apart: 3"
    text = Notice("W306", {"percent": 99.4467}).text
    assert text == "turnout covers the stations with a known roll, 99.4 % of the frame"

"""The sentences and tables of a design report, and its page."""

import json
import re
from pathlib import Path

import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.publish import DesignReport, open_design, render
from estimation.publish.words import Words


@pytest.fixture(scope="module")
def report(demo: Path) -> DesignReport:
    return open_design(str(demo), replicates=60, language="en")


def test_what_is_drawn(report: DesignReport) -> None:
    assert report.what().text.splitlines()[0] == (
        "300 of 1,030 TPS by stratified simple random sampling, in strata of district; "
        "the sample is drawn (out/sample.csv)."
    )
    assert report.headline == (
        "Pemilihan Bupati Situbondo 2024: Sampling design, n = 300, stratified simple random sampling"
    )


def test_the_frame_against_the_roll(report: DesignReport) -> None:
    lines = report.frame().text.splitlines()
    assert lines[1:5] == [
        "TPS | 1,030",
        "Registered voters | 507,507",
        "Districts (kecamatan) | 17",
        "Villages (desa) | 136",
    ]


def test_strata_add_up(report: DesignReport) -> None:
    rows = [line.split(" | ") for line in report.strata().text.splitlines()[1:]]
    assert len(rows) == 17
    assert sum(int(row[1]) for row in rows) == 1030
    assert sum(int(row[2]) for row in rows) == 300


def test_the_formula_for_persons_is_held_against_the_design(report: DesignReport) -> None:
    first, second = report.size().text.splitlines()
    assert (
        first
        == "498 TPS under simple random sampling give the share of the leader within 1.0 points at the 95\u00a0% level."
    )
    assert "9,593 voters, as many as vote in 26 TPS" in second
    assert "is 4.4 times too small" in second


def test_designs_are_compared(report: DesignReport) -> None:
    rows = [line.split(" | ")[0] for line in report.comparison().text.splitlines()[2:]]
    assert rows == [
        "simple random sampling",
        "stratified simple random sampling",
        "systematic sampling along the map",
        "pivotal sampling along the map",
    ]
    assert [line.split(" | ")[0] for line in report.missing().text.splitlines()[2:]] == [
        "0\u00a0%",
        "5\u00a0%",
        "10\u00a0%",
        "20\u00a0%",
    ]
    assert len(report.areas().text.splitlines()) == 18


def test_how_to_check(report: DesignReport) -> None:
    assert report.verify().text == (
        f"The frame's SHA-256 is {report.plan.frame.sha256}. Whoever has the frame and the seed '2024-11-27' draws the "
        "same TPS: quickcount verify situbondo-2024."
    )


def test_another_design_is_drawn_to_look_at(demo: Path) -> None:
    other = open_design(str(demo), n=60, method="pivotal", replicates=20, language="id")
    assert not other.plan.committed
    assert len(other.plan.sample) == 60
    assert "pivotal menurut urutan peta" in other.what().text
    assert "quickcount draw situbondo-2024 --commit" in other.verify().text


def test_without_an_earlier_election_nothing_is_simulated(make_contest) -> None:
    report = open_design(str(make_contest(stations=40, extra_toml="[design]\nn = 12\n")), language="en")
    assert report.plan.population is None
    assert report.size().text.startswith("There is no earlier election with results by TPS")
    assert report.comparison().html == report.areas().html == report.curve().html == ""
    assert "n = 12" in report.headline


def test_an_impossible_design_says_why(demo: Path) -> None:
    with pytest.raises(DesignError, match="n = 2000 is more than the 1030 stations there are"):
        open_design(str(demo), n=2000, method="simple")


def test_the_page(demo: Path, tmp_path: Path) -> None:
    page = render(load_contest(demo), kind="design", language="id", out=tmp_path, parameters={"replicates": 20})
    html = page.path.read_text(encoding="utf-8")
    assert page.path.name == "design-id.html"
    assert re.findall(r'<section[^>]* id="(\w+)"', html) == [
        "what", "frame", "strata", "spread", "size", "curve", "comparison", "missing", "areas", "verify",
    ]  # fmt: skip
    assert not re.search(r"https?:|//[a-z]", html)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "design-comparison.csv", "design-id.html", "design-missing.csv", "design-precision.csv",
    ]  # fmt: skip
    assert Words("id")("design.report") in page.headline
    assert json.dumps(page.warnings) == "0"

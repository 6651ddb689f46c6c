"""The sentences and tables of a design report, and its page."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import estimation as qc
from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.publish import DesignReport, render
from estimation.words import Words


@pytest.fixture(scope="module")
def report(demo: Path) -> DesignReport:
    return qc.open(demo).plan(replicates=60).parts("en")


def test_what_is_drawn(report: DesignReport) -> None:
    assert report.what().text.splitlines()[0] == (
        "300 of 1,030 TPS by stratified simple random sampling, in strata of districts; "
        "the sample is drawn (out/sample.csv)."
    )
    assert report.headline == (
        "Pemilihan Bupati Situbondo 2024: Sampling design, n = 300, stratified simple random sampling"
    )


def test_the_verdict_is_what_simulated_samples_say(report: DesignReport) -> None:
    verdict, size = report.verdict().text.splitlines(), report.size().text.splitlines()
    assert verdict[0] == (
        "300 TPS: a margin of error of 1.24 points. In 60 samples drawn from Pemilihan Bupati Situbondo 2024, the "
        "95\u00a0% interval held the result of Rio–Ulfi in 95.0\u00a0%, and the right leader was ahead in 100\u00a0%."
    )
    assert size[-1].split(" | ")[3] == "1.24"
    own = next(line for line in report.comparison().text.splitlines() if line.startswith("stratified"))
    assert own.split(" | ")[3:5] == ["95.0\u00a0%", "100\u00a0%"]


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
    first, second, *table = report.size().text.splitlines()
    assert (
        first
        == "498 TPS under simple random sampling give the share of the leader within 1.0 points at the 95\u00a0% level."
    )
    assert "9,593 voters, as many as vote in 26 TPS" in second
    assert "is 4.4 times too small" in second
    assert [line.split(" | ")[:2] for line in table] == [
        ["Asked", "TPS, simple"],
        ["margin of 1.0\u00a0points", "498"],
        ["this design, n\u00a0=\u00a0300", "300"],
    ]
    assert table[1].endswith(" | 26")  # the stations of the formula for persons


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
    other = qc.open(demo).plan(n=60, method="pivotal", replicates=20).parts("id")
    assert not other.plan.committed
    assert len(other.plan.sample) == 60
    assert "pivotal menurut urutan peta" in other.what().text
    assert "quickcount draw situbondo-2024 --commit" in other.verify().text


def test_without_an_earlier_election_nothing_is_simulated(make_contest) -> None:
    report = qc.open(make_contest(stations=40, extra_toml="[design]\nn = 12\n")).plan().parts("en")
    assert report.plan.population is None
    assert report.verdict().text.startswith(
        "12 TPS, not tried on an earlier election. There is no earlier election with"
    )
    assert report.size().text.startswith("There is no earlier election with results by TPS")
    assert report.comparison().html == report.areas().html == report.curve().html == ""
    assert "n = 12" in report.headline


def test_an_impossible_design_says_why(demo: Path) -> None:
    with pytest.raises(DesignError, match="n = 2000 is more than the 1030 stations there are"):
        qc.open(demo).plan(n=2000, method="simple").parts()


def test_the_page(demo: Path, tmp_path: Path) -> None:
    page = render(load_contest(demo), kind="design", language="id", out=tmp_path, parameters={"replicates": 20})
    html = page.path.read_text(encoding="utf-8")
    assert page.path.name == "design-id.html"
    assert re.findall(r'<section[^>]* id="(\w+)"', html) == [
        "verdict", "what", "frame", "strata", "spread", "size", "curve", "comparison", "missing", "areas", "verify",
    ]  # fmt: skip
    assert not re.search(r"https?:|//[a-z]", html)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "design-comparison.csv", "design-id-parts.zip", "design-id.html", "design-missing.csv", "design-precision.csv",
    ]  # fmt: skip
    assert Words("id")("design.report") in page.headline
    assert json.dumps(page.warnings) == "0"


@pytest.fixture(scope="module")
def priced(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> DesignReport:
    """A contest with coordinates, costs and a budget."""
    folder = shutil.copytree(demo, tmp_path_factory.mktemp("priced") / "contest")
    frame = pd.read_csv(folder / "frame.csv", dtype=str)
    village = pd.factorize(frame["village"])[0]
    places = {"lintang": -7.7 - village % 12 / 20, "bujur": 114 + village // 12 / 10}
    frame.assign(**places).to_csv(folder / "frame.csv", index=False)
    shutil.rmtree(folder / "out")
    toml = (folder / "contest.toml").read_text(encoding="utf-8")
    asked = "cost_station = 350000\ncost_village = 200000\nbudget = 100000000\nright_leader = 0.95\nmargin = 0.02\n"
    (folder / "contest.toml").write_text(toml.rstrip() + "\n" + asked, encoding="utf-8")
    return qc.open(folder).plan(replicates=40, allocation="optimal").parts("en")


def test_what_is_asked_and_what_it_costs(priced: DesignReport) -> None:
    table = [line.split(" | ") for line in priced.size().text.splitlines()[2:]]
    assert table[0] == [
        "Asked", "TPS, simple", "TPS, this design", "Margin (points)", "Right leader", "Cost",
        "TPS by the formula for persons",
    ]  # fmt: skip
    assert [row[:2] for row in table[1:]] == [
        ["margin of 2.0\u00a0points", "196"],
        ["right leader with 95\u00a0%", "190"],
        ["budget of 100,000,000", "225"],
        ["this design, n\u00a0=\u00a0300", "300"],
    ]
    budget, design = (int(row[5].replace(",", "")) for row in table[3:])
    assert 99_000_000 < budget <= 100_000_000
    assert 300 * 350_000 + 100 * 200_000 < design < 300 * 350_000 + 136 * 200_000
    lines = priced.what().text.splitlines()
    cost, over = re.fullmatch(
        r"It costs ([\d,]+), stations and the villages to go to: ([\d,]+) above the budget\.", lines[2]
    ).groups()
    assert int(cost.replace(",", "")) - int(over.replace(",", "")) == 100_000_000
    villages = int(re.search(r"lie in (\d+) villages", lines[1])[1])
    assert int(cost.replace(",", "")) == 300 * 350_000 + villages * 200_000


def test_an_allocation_that_sees_villages_only_is_said(priced: DesignReport) -> None:
    assert priced.what().text.splitlines()[3] == (
        "Note: The earlier election is known by village only: the allocation 'optimal' sees how villages differ, not "
        "how the stations in them do, and may be worse than 'proportional'."
    )


def test_costs_stand_in_the_comparison(priced: DesignReport) -> None:
    rows = [line.split(" | ") for line in priced.comparison().text.splitlines()[1:]]
    assert rows[0][-1] == "Cost"
    assert rows[-1][0] == "this design: stratified simple random sampling, in strata of districts, allocation optimal"
    assert all(300 * 350_000 < int(row[-1].replace(",", "")) <= 300 * 350_000 + 136 * 200_000 for row in rows[1:])


def test_a_map_says_how_near_the_sample_is(priced: DesignReport) -> None:
    part = priced.spread()
    alt, header, half, _, farthest = part.text.splitlines()
    reach = priced.plan.reach
    assert alt == (
        f"Map of the 300 drawn TPS among 1,030 with coordinates: half of all lie within {reach.half:.1f} km of a drawn "
        f"one and nine tenths within {reach.most:.1f} km; of a simple random sample, nine tenths would lie within "
        f"{reach.simple_most:.1f} km."
    )
    assert header == "To the nearest drawn TPS | This sample | Simple random (mean of 20)"
    assert half == "half of all TPS within | 0.0 km | 0.0 km"  # at the same place, in a village
    assert farthest == f"all within | {reach.farthest:.1f} km | "
    assert part.html.count("<svg") == 2
    assert "drawn TPS (300)" in part.html


def test_without_coordinates_it_is_a_list(report: DesignReport) -> None:
    assert report.plan.reach is None
    assert report.spread().text.startswith("The 300 drawn TPS along the list of all 1,030")


def test_classes_of_known_values_are_named_in_the_language(make_contest) -> None:
    folder = make_contest(stations=40, extra_toml='[design]\nn = 12\nmethod = "pivotal"\nstrata = "registered?"\n')
    text = (folder / "frame.csv").read_text()
    (folder / "frame.csv").write_text(re.sub(r",30\d\n", ",\n", text))
    rows = qc.open(folder).plan().parts("id").strata().text.splitlines()[1:]
    assert [row.rsplit(" | ", 1)[0] for row in rows] == [
        "registered tidak diketahui | 9 | 3",
        "registered diketahui | 31 | 9",
    ]


def test_without_a_result_a_budget_is_held_against_costs(make_contest) -> None:
    toml = "[design]\nn = 12\nbudget = 500\ncost_station = 10\ncost_village = 20\n"
    report = qc.open(make_contest(stations=60, extra_toml=toml)).plan().parts("en")
    assert report.size().text.splitlines()[1] == (
        "A budget of 500 pays 38 TPS under simple random sampling, with the villages to go to."
    )
    with pytest.raises(DesignError, match="a budget of 500 says nothing without costs"):
        qc.open(make_contest(extra_toml="[design]\nn = 6\n")).plan(budget=500).parts()

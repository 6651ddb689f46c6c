"""The sentences and tables of a calibration certificate, and its page."""

import json
import re
import shlex
from hashlib import sha256
from pathlib import Path
from typing import Any

import nbformat
import pytest

import estimation as qc
from estimation.cli import main
from estimation.contest import load_contest
from estimation.errors import EstimationError, ReportError
from estimation.publish import BacktestReport, render
from estimation.resources import notebook
from estimation.simulation.backtest.backtest_record import backtest_record_of
from estimation.words import Words

NBSP = "\u00a0"
ASKED: dict[str, Any] = {"replicates": 40, "received": "0.1,0.5,1", "estimators": "multilevel,ratio"}


def rows_of(estimator: str, part: float, coverage: float, width: float, **own: Any) -> list[dict[str, Any]]:
    """Make the rows of two candidates, one small one, the lead and turnout."""
    head = {"received": part, "estimator": estimator, "design": "pivotal", "n": 60, "arrival": "size=0.5"}
    judged = {"coverage": coverage, "half_width": width, "interval_score": 3 * width, "nights": 200}
    judged |= {"bias": -0.002, "true_se": width / 2, "mean_se": width / 2}
    calls = {"call_rate": 0.5, "wrong_call_rate": 0.01, "never_called_rate": 0.25}
    truths = {"share:1": 0.52, "share:2": 0.40, "share:3": 0.08, "lead": 0.12, "turnout": 0.75}
    return [
        {**head, "quantity": name, "truth": truth, **judged, **(calls if name == "lead" else {}), **own}
        for name, truth in truths.items()
    ]


def by_hand(contest_id: str, **changes: Any) -> dict[str, Any]:
    rows = rows_of("multilevel", 0.1, 0.99, 0.06) + rows_of("two-phase", 0.1, 0.90, 0.05)
    rows += rows_of("multilevel", 1.0, 0.95, 0.02) + rows_of("two-phase", 1.0, 0.95, 0.02, nights=150)
    return {
        "schema": "backtest/1", "contest": contest_id, "replicates": 200, "level": 0.95, "seed": "dice 3",
        "version": "9", "stations": 400, "left_out": 3, "first_right_call": {"multilevel": 1.0, "two-phase": None},
        "rows": rows, **changes,
    }  # fmt: skip


@pytest.fixture
def hand(make_contest) -> BacktestReport:
    contest = load_contest(make_contest(candidates=3))
    return BacktestReport(contest, backtest_record_of(by_hand(contest.about.id)), Words("en"))


@pytest.fixture(scope="module")
def report(demo: Path) -> BacktestReport:
    return qc.backtest(demo, **ASKED).parts("en")


def test_the_banner_says_what_was_replayed(hand: BacktestReport) -> None:
    lines = hand.banner().text.splitlines()
    assert lines[:2] == ["A past election replayed, no result", "200 election nights replayed"]
    assert lines[2].startswith(
        "Each night 60 of 400 TPS are drawn by pivotal sampling along the map. Their returns arrive with small TPS "
        f"first (size=0.5) and are estimated when 10{NBSP}%, 100{NBSP}% of them are in"
    )
    assert lines[2].endswith("Seed 'dice 3'.")
    assert lines[3] == "TPS of the frame without an official count, left out: 3."


def test_the_finding_is_one_sentence(hand: BacktestReport) -> None:
    lines = hand.finding().text.replace(NBSP, " ").splitlines()
    assert lines == [
        "The intervals keep their promise, as far as 200 nights can tell. 95 % intervals of the multilevel predictor "
        "held the truth in 99.0 % of the nights at 10 % of the returns; those of the two-phase calibration in 90.0 %.",
        "- From 200 nights: the true rate lies between 96.4 % and 99.9 % (exact binomial interval, 95 %).",
        "- The intervals of the multilevel predictor were 6.0 points to either side at 10 % of the returns.",
        "- Wrong calls by the multilevel predictor in a whole night: 2 in 200 nights; the true rate is at most 3.6 %.",
    ]


def test_too_narrow_is_said_first(make_contest) -> None:
    contest = load_contest(make_contest(candidates=3))
    rows = rows_of("ratio", 0.1, 0.80, 0.05) + rows_of("ratio", 1.0, 0.95, 0.02)
    short = BacktestReport(contest, backtest_record_of(by_hand(contest.about.id, rows=rows)), Words("id"))
    text = short.finding().text.replace(NBSP, " ")
    assert text.startswith(
        "Selang terlalu sempit pada 10 %. Dengan 10 % data masuk, selang 95 % dari rasio gabungan memuat hasil resmi "
        "pada 80,0 % malam.\n"
    )
    assert 'class="verdict leading"' in short.finding().html


def test_coverage_and_width_are_drawn_with_a_table_beside(hand: BacktestReport) -> None:
    lines = hand.coverage().text.replace(NBSP, " ").splitlines()
    assert lines == [
        "Coverage of 95 % intervals by part of the returns, shares of 12 % and more. multilevel predictor: lowest "
        "95.0 % at 100 %, highest 99.0 % at 10 %; two-phase calibration: lowest 90.0 % at 10 %, highest 95.0 % at "
        "100 %.",
        "In | multilevel predictor | two-phase calibration",
        "10 % | 99.0 % | 90.0 %",
        "100 % | 95.0 % | 95.0 %",
    ]
    lines = hand.width().text.replace(NBSP, " ").splitlines()
    assert lines[0].endswith(
        "multilevel predictor: 6.0 at 10 %, 2.0 at 100 %; two-phase calibration: 5.0 at 10 %, 2.0 at 100 %."
    )
    assert lines[2:] == ["10 % | 6.00 | 5.00", "100 % | 2.00 | 2.00"]
    html = hand.width().html
    assert html.count("<svg") == 2
    assert "Half-width in percentage points, the mean over nights." in html


def test_pooled_tables_group_the_parts_by_method(hand: BacktestReport) -> None:
    lines = hand.large().text.replace(NBSP, " ").splitlines()
    assert lines == [
        "In | Coverage | Exact interval | Half-width | Score (multilevel predictor = 1) | Bias | True standard error | "
        "Estimated",
        "multilevel predictor",
        "10 % | 99.0 % | 96.4 – 99.9 | 6.00 | 1.00 | 0.20 | 3.00 | 3.00",
        "100 % | 95.0 % | 91.0 – 97.6 | 2.00 | 1.00 | 0.20 | 1.00 | 1.00",
        "two-phase calibration",
        "10 % | 90.0 % | 85.0 – 93.8 | 5.00 | 0.83 | 0.20 | 2.50 | 2.50",
        "100 % | 95.0 % | 90.2 – 97.9 | 2.00 | 1.00 | 0.20 | 1.00 | 1.00",
    ]
    assert hand.large().html.count('scope="rowgroup" colspan="8"') == 2
    assert hand.small().text.count("\n") == 6
    assert "by chance alone about 6" in hand.small().html  # 0.8 of the standard error over the root of 200


def test_candidates_at_one_part(hand: BacktestReport) -> None:
    lines = hand.candidates().text.replace(NBSP, " ").splitlines()
    assert lines[0].split(" | ")[2:] == [
        "Coverage: multilevel predictor", "Coverage: two-phase calibration", "Half-width: multilevel predictor",
        "Bias: multilevel predictor",
    ]  # fmt: skip
    assert lines[1].endswith(" | 52.0 % | 99.0 % | 90.0 % | 6.00 | −0.20")
    assert lines[4] == "Lead of the first | 12.0 | 99.0 % | 90.0 % | 6.00 | −0.20"
    assert lines[5].startswith("Turnout | 75.0 % | ")


def test_calls(hand: BacktestReport) -> None:
    lines = hand.calls().text.replace(NBSP, " ").splitlines()
    assert lines[1:3] == [
        "First right call, multilevel predictor: at 100 % of the returns in the median night.",
        "First right call, two-phase calibration: never in most nights.",
    ]
    assert lines[3:6] == [
        "In | Called now | Wrong calls so far | Their rate, exact interval | Not called so far",
        "multilevel predictor",
        "10 % | 50.0 % | 2 | 0.1 – 3.6 | 25.0 %",
    ]


def test_what_covers_more_or_less_and_why(hand: BacktestReport) -> None:
    lines = hand.reading().text.replace(NBSP, " ").splitlines()
    assert lines[:4] == [
        "Shares of 12 % and more, above 95 % by more than chance allows: multilevel predictor at 10 %.",
        "Shares of 12 % and more, below 95 % by more than chance allows: two-phase calibration at 10 %.",
        "Shares below 12 %, above 95 % by more than chance allows: multilevel predictor at 10 %.",
        "Shares below 12 %, below 95 % by more than chance allows: two-phase calibration at 10 %.",
    ]
    assert "0.05 standard deviations between TPS (δ in [estimate] of the contest)" in lines[4]
    assert lines[5].startswith("In this order of arrival early TPS may differ")
    assert (
        lines[7] == "Nights without an estimate, which no coverage counts: two-phase calibration at 100 %: 50 of 200."
    )
    assert "a coverage between 92.0 % and 98.0 % can't be told from 95 %" in lines[8]


def test_in_random_order_the_allowance_is_a_price(report: BacktestReport) -> None:
    assert "In random order there is no such bias" in report.reading().text


def test_the_command_repeats_the_backtest(
    report: BacktestReport, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = report.provenance().text.splitlines()[-1].partition(": ")[2]
    assert command == (
        "quickcount backtest situbondo-2024 --n 300 --method stratified --strata district --estimator multilevel,ratio "
        "--arrival random --received 0.1,0.5,1 --replicates 40 --level 0.95 --seed 2024-11-27"
    )
    words = [str(demo) if word == "situbondo-2024" else word for word in shlex.split(command)]
    monkeypatch.setattr("sys.argv", [*words, "--json", str(tmp_path / "results.json")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    written = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert written == report.record.document


def provenance(found: BacktestReport) -> dict[str, str]:
    pairs = [line.partition(": ") for line in found.provenance().text.splitlines()]
    return {name: value for name, _, value in pairs}


def test_the_settings_in_force_are_part_of_the_certificate(make_contest, report: BacktestReport) -> None:
    told = provenance(report)
    for file, name in (("frame", "Frame"), ("baseline", "Earlier election"), ("official", "Official result")):
        digest = sha256((report.contest.folder / f"{file}.csv").read_bytes()).hexdigest()
        assert told[f"{name} (SHA-256)"] == digest
    held = told["[estimate] in force"]
    assert held.startswith(
        'estimator = "auto", auxiliaries = [], distance = "linear", leverage = true, variance = "auto"'
    )
    assert "delta = 0.05, tau = 0.1, kappa = 0.75, phi = [0.04, 0.06], call_error = 0.001" in held
    contest = load_contest(make_contest(candidates=3))
    older = BacktestReport(contest, backtest_record_of(by_hand(contest.about.id)), Words("id"))
    assert provenance(older)["[estimate] yang berlaku"] == "tidak tercatat, karena hasil ini dari versi terdahulu"


def test_what_was_in_force_is_said_and_not_what_the_contest_says_now(make_contest) -> None:
    contest = load_contest(make_contest(candidates=3, extra_toml="[estimate]\ntau = 0.2\ntakes = 20\n"))
    estimate = {"delta": 0.25, "tau": 0.2, "takes": None, "call_error": 0.01, "min_received": 0.75}
    document = by_hand(contest.about.id, estimate=estimate, where="district=D1")
    found = BacktestReport(contest, backtest_record_of(document), Words("en"))
    items = provenance(found)
    assert items["[estimate] in force"] == "delta = 0.25, tau = 0.2, call_error = 0.01, min_received = 0.75"
    assert items["The contest now says otherwise"] == (
        "delta = 0.05, takes = 20, call_error = 0.001, min_received = 0.5"
    )
    assert items["Contest"].endswith(" (district=D1)")
    assert items["Command"].endswith("--seed 'dice 3' --where district=D1")
    assert "0.25 standard deviations between TPS (δ" in found.reading().text
    text = found.calls().text.replace(NBSP, " ")
    assert "a probability of at most 1.0 % in a whole night, and none before 75 % of the sample is in" in text
    with pytest.raises(ReportError, match="the backtest is of district=D1, where is 'district=D2': leave where blank"):
        BacktestReport(contest, backtest_record_of(document), Words("en"), "district=D2")
    whole = backtest_record_of(by_hand(contest.about.id, where=None))
    with pytest.raises(ReportError, match="the backtest is of the whole contest, where is 'district=D2'"):
        BacktestReport(contest, whole, Words("en"), "district=D2")


def test_the_scoreboard_is_on_the_page(hand: BacktestReport) -> None:
    part = hand.scoreboard()
    assert part.name == "scoreboard"
    assert "<h2>The default predictor on past elections</h2>" in part.html


def test_a_seed_with_blanks_is_quoted(hand: BacktestReport) -> None:
    command = hand.provenance().text.splitlines()[-1]
    assert command.endswith("--seed 'dice 3'")
    assert "--strata" not in command
    assert "--where" not in command


def test_results_of_another_contest_are_refused(demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(by_hand("gianyar-2024")), encoding="utf-8")
    with pytest.raises(ReportError, match="the backtest is of 'gianyar-2024', the contest is 'situbondo-2024'"):
        qc.read_backtest(path, demo).parts()


def test_an_unknown_estimator_is_named(demo: Path) -> None:
    with pytest.raises(EstimationError, match="did you mean 'multilevel'"):
        qc.backtest(demo, estimators="multilevl").parts()


@pytest.mark.slow
def test_the_page_of_finished_results(demo: Path, report: BacktestReport, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(report.record.document), encoding="utf-8")
    out = tmp_path / "out"
    page = render(load_contest(demo), kind="backtest", language="id", out=out, parameters={"results": str(path)})
    html = page.path.read_text(encoding="utf-8")
    assert page.path.name == "backtest-id.html"
    assert re.findall(r'<section[^>]* id="(\w+)"', html) == [
        "banner", "verdict", "coverage", "width", "large", "candidates", "calls", "reading", "scoreboard", "method",
        "provenance",
    ]  # fmt: skip
    assert not re.search(r"https?:|//[a-z]", html)
    assert sorted(file.name for file in out.iterdir()) == [
        "backtest-id-parts.zip",
        "backtest-id.html",
        "backtest-rows.csv",
        "backtest.json",
    ]
    assert json.loads((out / "backtest.json").read_text(encoding="utf-8")) == report.record.document
    assert page.headline.startswith("Pemilihan Bupati Situbondo 2024: Dengan 10")


def test_every_parameter_can_be_read() -> None:
    import papermill

    known = papermill.inspect_notebook(str(notebook("backtest")))
    cell = nbformat.read(notebook("backtest"), as_version=4).cells[1]
    assert list(known) == [line.partition(" = ")[0] for line in cell.source.splitlines()]

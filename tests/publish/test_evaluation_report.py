"""The sentences, tables and pictures of an evaluation report, and its page."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import estimation as qc
from estimation.contest import load_contest
from estimation.projection import make_take
from estimation.publish import EvaluationReport, render
from estimation.publish.figures import Bar, Compared, Moment, beside, draw_course, signed_bars
from estimation.publish.reports.evaluation.takes_against_official import TAKES_SHOWN
from estimation.simulation.showcase import MOMENT, make_showcase
from estimation.words import Words

SECTIONS = ["banner", "verdict", "shares", "split", "takes", "areas", "recording", "method", "provenance"]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with three takes, each knowing of the one before."""
    folder = make_showcase("situbondo-2024", tmp_path_factory.mktemp("night"))
    contest = load_contest(folder)
    for hours in (-2, 0, 2):
        at = datetime.fromisoformat(MOMENT) + timedelta(hours=hours)
        make_take(contest, as_of=at)
    return folder


@pytest.fixture(scope="module")
def report(night: Path) -> EvaluationReport:
    return qc.open(night).evaluate(as_of=MOMENT).parts("en")


HEADER = "tps_id,votes_1,votes_2,invalid,total\n"


def small(make_contest, sent: Mapping[int, tuple[int, int]], **more: object) -> EvaluationReport:
    """A contest in which every station is asked and has 110 to 90 votes officially."""

    def row(i: int, votes: tuple[int, int]) -> str:
        return f"{i:04d},{votes[0]},{votes[1]},10,{sum(votes) + 10}\n"

    folder = make_contest(
        returns=HEADER + "".join(row(i, votes) for i, votes in sent.items()),
        extra_toml='[estimate]\nestimator = "ratio"\n[returns]\nasked = "all"\n',
        **more,
    )
    (folder / "official.csv").write_text(HEADER + "".join(row(i, (110, 90)) for i in range(1, 13)))
    return qc.open(folder).evaluate().parts("en")


def table(text: str) -> list[list[str]]:
    return [line.split(" | ") for line in text.splitlines() if " | " in line]


def test_the_verdict_is_one_sentence(report: EvaluationReport) -> None:
    lead, lines = report.evaluation.lead, report.verdict().text.splitlines()
    assert lead.held
    low, high, value, official = (
        f"{100 * v:.1f}".replace("-", "−") for v in (lead.low, lead.high, lead.estimate, lead.official)
    )
    miss, z = (f"{v:+.{d}f}".replace("-", "−") for v, d in ((100 * lead.miss, 2), (lead.z, 1)))
    assert lines[0] == (
        f"The interval held. The lead of Rio–Ulfi over Karna–Khoirani was projected as {value} points (95\u00a0% "
        f"interval: {low} to {high}); officially it is {official}: a miss of {miss} points, {z} standard errors."
    )
    assert lines[1:4] == [
        "- The projection had the right one ahead.",
        "- Nobody was called at this moment.",
        "- 2 of 2 shares lie inside their intervals.",
    ]
    assert lines[4].startswith("- The largest part of the miss is the ")
    assert report.headline == f"Pemilihan Bupati Situbondo 2024: {report.sentence()}"


def test_the_split_adds_up_on_the_page_too(report: EvaluationReport) -> None:
    header, *rows = table(report.split().text)
    assert header == ["Error", "Lead", "Rio–Ulfi", "Karna–Khoirani"]
    assert [row[0] for row in rows] == [
        "Recording error", "Early-return error", "Sampling error", "Frame error", "The miss",
    ]  # fmt: skip
    for column in range(1, 4):
        values = [float(row[column].replace("−", "-")) for row in rows]
        assert sum(values[:4]) == pytest.approx(values[4], abs=0.021)  # each is rounded to two decimals
    assert report.split().html.count("<svg") == 2


def test_the_takes(report: EvaluationReport) -> None:
    header, *rows = table(report.takes().text)
    assert header == ["Time", "In / drawn", "Lead", "Interval", "Miss", "In se", "Held", "Call"]
    assert [row[0] for row in rows] == ["16:30", "18:30", "20:30"]
    assert re.fullmatch(
        r"The lead of Rio–Ulfi over Karna–Khoirani in 3 takes from 16:30 to 20:30: the interval held the official "
        r"3\.4 points in \d of them\.",
        report.takes().text.splitlines()[0],
    )


def test_many_takes_are_thinned_and_files_that_are_none_are_named(report: EvaluationReport) -> None:
    first, *_ = report.evaluation.takes
    many = [replace(first, name=str(i), as_of=first.as_of + timedelta(hours=i)) for i in range(100)]
    e = replace(report.evaluation, takes=tuple(many), refused={"x": "it can't be read: no JSON"})
    part = EvaluationReport(e, Words("en")).takes()
    rows = table(part.text)[1:]
    assert len(rows) == TAKES_SHOWN
    assert (rows[0][0], rows[-1][0]) == ("27/11 16:30", "01/12 19:30")
    assert "Shown are 24 of 100 takes" in part.html
    assert "Files that are no takes of this contest: 1 (x: it can&#39;t be read: no JSON)." in part.html


def test_areas_say_how_many_held(report: EvaluationReport) -> None:
    part, found = report.areas(), report.evaluation.coverage[0]
    assert part.text.startswith(
        f"The share of Rio–Ulfi by area: the interval held the official share in {found.held} of 17 areas"
    )
    assert len(table(part.text)) == 18
    assert f"{found.held} of 17 held ({100 * found.held / 17:.1f}\u00a0%; exact binomial interval" in part.html


def test_what_was_sent_wrong_is_listed_with_its_place(make_contest) -> None:
    sent = dict.fromkeys(range(1, 13), (110, 90)) | {3: (90, 110), 5: (150, 50)}
    report = small(make_contest, sent)
    text = report.recording().text
    assert text.splitlines()[:2] == [
        "12 TPS that are in have an official count; the returns of 2 differ from it.",
        "Altogether the returns have, in votes: Candidate 1 +20, Candidate 2 −20. In 1 of them the numbers are right, "
        "but under other candidates.",
    ]
    assert table(text)[1:] == [
        ["0005 · DESA 5 005", "150 → 110", "50 → 90", "10", "votes", "returns.csv line 6"],
        ["0003 · DESA 3 003", "90 → 110", "110 → 90", "10", "other candidates", "returns.csv line 4"],
    ]
    # 20 votes of 2,400, in a census: all of the miss is recording error, and no interval held it
    assert report.verdict().text.splitlines()[0] == (
        "The interval missed. The lead of Candidate 1 over Candidate 2 was projected as 11.7 points (95\u00a0% "
        "interval: 11.7 to 11.7); officially it is 10.0: a miss of +1.67 points."
    )
    assert "- The call was right: Candidate 1 won." in report.verdict().text
    assert report.provenance().text.splitlines()[-1] == "Command: quickcount evaluate small --estimator ratio"
    assert table(report.split().text)[1:3] == [
        ["Recording error", "+1.67", "+0.83", "−0.83"],
        ["Early-return error", "0.00", "0.00", "0.00"],
    ]
    assert report.takes().text == "There is no take in out/takes."


def test_a_wrong_call_is_named(make_contest) -> None:
    report = small(make_contest, dict.fromkeys(range(1, 13), (80, 120)))
    lines = report.verdict().text.splitlines()
    assert "- The projection had the wrong one ahead." in lines
    assert "- The call was wrong: Candidate 2 was called, and Candidate 1 won." in lines
    assert "was projected as −20.0 points" in lines[0]
    assert 'class="verdict missed"' in report.verdict().html


def test_nothing_projected(make_contest) -> None:
    report = small(make_contest, {1: (110, 90)})
    assert report.verdict().text.splitlines() == [
        "Nothing was projected. Too little was in to project anything; officially Candidate 1 is 10.0 points ahead of "
        "Candidate 2.",
        "- Nobody was called at this moment.",
    ]
    assert report.split().text.startswith("The miss can't be taken apart: ")
    assert table(report.shares().text)[1] == ["Candidate 1", "–", "–", "55.0\u00a0%", "–", "–", "–"]


def test_where_a_threshold_decides_the_share_is_judged(make_contest) -> None:
    report = small(make_contest, dict.fromkeys(range(1, 13), (110, 90)), rule="majority-runoff")
    assert report.sentence() == (
        "The share of Candidate 1 was projected as 55.0\u00a0% (95\u00a0% interval: 55.0\u00a0% to 55.0\u00a0%); "
        "officially it is 55.0\u00a0%: a miss of 0.00 points."
    )


@pytest.mark.slow
def test_the_page(night: Path, tmp_path: Path) -> None:
    page = render(load_contest(night), kind="evaluation", language="id", out=tmp_path, parameters={"as_of": MOMENT})
    html = page.path.read_text(encoding="utf-8")
    assert page.path.name == "evaluation-id.html"
    assert re.findall(r'<section[^>]* id="(\w+)"', html) == SECTIONS
    assert not re.search(r"https?:|//[a-z]", html)
    names = ["areas.csv", "id-parts.zip", "id.html", "quantities.csv", "recording.csv", "takes.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(f"evaluation-{name}" for name in names),
        "evaluation.json",
    ]
    assert page.warnings == 0
    assert page.headline.startswith("Pemilihan Bupati Situbondo 2024: Keunggulan Rio–Ulfi atas Karna–Khoirani")


def test_bars_that_add_up_are_the_same_each_time() -> None:
    bars = [Bar("a", 2.0, "+2.0"), Bar("b", -3.0, "−3.0", 2.0), Bar("sum", -1.0, "−1.0", total=True)]
    figure = signed_bars("s", bars, alt="", tick=lambda v: f"{v:g}")
    assert figure == signed_bars("s", bars, alt="", tick=lambda v: f"{v:g}")
    for svg in figure.svg.values():
        assert re.findall(r">(a|b|sum|\+2\.0|−3\.0|−1\.0)<", svg) == ["a", "+2.0", "b", "−3.0", "sum", "−1.0"]


def test_bars_of_nothing_are_drawn() -> None:
    assert ">0.00<" in signed_bars("z", [Bar("a", 0.0, "0.00")], alt="", tick=str).svg["wide"]


def test_a_course_marks_what_was_missed() -> None:
    moments = [Moment(17.0, 1.0, -1.0, 3.0, True), Moment(18.0, 2.0, 1.5, 2.5, False)]
    given = {"alt": "", "ticks": (str, str), "line": 1.2, "line_label": "official 1.2"}
    svg = draw_course("c", moments, mark=18.0, mark_label="now", **given).svg["narrow"]
    assert re.findall(r">\s*(official 1\.2|now)\s*<", svg) == ["official 1.2", "now"]
    assert "#b4501e" in svg
    assert "#b4501e" not in draw_course("c", moments[:1], **given).svg["narrow"]


def test_rows_beside_the_result_name_their_marks() -> None:
    rows = [Compared("BESUKI", 50.0, 48.0, 52.0, 51.0, True), Compared("PANJI", 40.0, 39.0, 41.0, 45.0, False)]
    labels = ("projected", "missed", "official")
    svg = beside("b", rows, alt="", tick=str, labels=labels).svg
    assert re.findall(r">(BESUKI|PANJI|projected|missed|official)<", svg["wide"]) == ["BESUKI", "PANJI", *labels]
    assert ">missed<" not in beside("b", rows[:1], alt="", tick=str, labels=labels).svg["wide"]

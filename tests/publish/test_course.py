"""How the night went: the takes up to this one, as they were written."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import estimation as qc
from estimation.contest import load_contest
from estimation.projection import Takes, make_take, project_contest, read_takes
from estimation.publish import ProjectionReport
from estimation.publish.reports.projection.course import TAKES_SHOWN
from estimation.words import Words

FIRST = datetime.fromisoformat("2024-11-27T14:40:00+07:00")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, lay_night: Callable[..., Path]) -> Path:
    folder = lay_night(tmp_path_factory.mktemp("night"), (0.52, 0.48), spread=0.05)
    contest = load_contest(folder)
    for minutes in (0, 20, 40, 60):
        make_take(contest, as_of=FIRST + timedelta(minutes=minutes))
    return folder


def at(folder: Path, minutes: int, language: str = "en", **more: str) -> ProjectionReport:
    return qc.open(folder).project(as_of=(FIRST + timedelta(minutes=minutes)).isoformat(), **more).parts(language)


def test_every_take_up_to_this_one_and_no_later(night: Path, undrawn: None) -> None:
    lines = at(night, 40).course().text.splitlines()
    assert lines[1] == "Time, verdict | In | Paslon 1 | Paslon 2 | Lead"
    assert [line.split(" ")[0] for line in lines[2:]] == ["14:40", "15:00", "15:20"]
    assert lines[-1].split(" | ")[1] == "20 / 48"


@pytest.mark.slow
def test_a_take_of_this_moment_gives_way_to_this_page(night: Path, undrawn: None) -> None:
    lines = at(night, 60, level=None).course().text.splitlines()
    assert [line.split(" ")[0] for line in lines[2:]] == ["14:40", "15:00", "15:20", "15:40"]


def test_the_finding_says_how_the_lead_moved(night: Path, undrawn: None) -> None:
    report = at(night, 60, language="id")
    first, last = report.course().text.splitlines()[2], report.course().text.splitlines()[-1]
    before, now = (line.split(" | ")[4].split(" ")[0] for line in (first, last))
    assert report.course().text.startswith(
        f"4 proyeksi dari 14.40 sampai 15.40: selisih Paslon 1 atas Paslon 2 bergerak dari {before} ke {now} poin, "
    )


def test_takes_of_another_level_are_counted_and_not_drawn(night: Path) -> None:
    part = at(night, 60, level=0.9).course()
    assert part.text.splitlines() == [
        "There are not yet two takes of this sample: how the night went shows from the second on.",
        "Not shown, as made with another sample, area or confidence level: 3.",
    ]


@pytest.mark.slow
def test_takes_that_can_t_be_read_are_named(night: Path, tmp_path: Path) -> None:
    (tmp_path / "t" / "x").mkdir(parents=True)
    (tmp_path / "t" / "x" / "projection.json").write_text("{}", encoding="utf-8")
    contest = load_contest(night)
    takes = read_takes(contest, tmp_path / "t")
    assert takes.takes == ()
    report = ProjectionReport(project_contest(contest), Words("en"), takes)
    assert report.course().text.splitlines()[1].startswith("Could not be read: 1 (x: it has no take.json, so that ")


@pytest.mark.slow
def test_many_takes_are_tabulated_evenly_through_the_night(night: Path, undrawn: None) -> None:
    report = at(night, 60)
    one = report.takes.takes[0]
    assert one.as_of is not None
    moments = [(one.as_of + timedelta(seconds=30 * i)).isoformat() for i in range(90)]
    many = tuple(replace(one, projection=one.projection.model_copy(update={"as_of": at})) for at in moments)
    part = ProjectionReport(report.projection, report.words, Takes(many)).course()
    assert len(part.text.splitlines()) == 2 + TAKES_SHOWN
    assert "Shown are 16 of 91 takes." in part.html


@pytest.mark.slow
def test_a_lead_of_others_is_turned_to_today_s_pair(night: Path, undrawn: None) -> None:
    report = at(night, 60)
    take = report.takes.takes[-1]
    lead = take.projection.lead
    turned = take.projection.model_copy(
        update={
            "as_of": report.takes.takes[0].projection.as_of,
            "lead": lead.model_copy(update={"leader": lead.runner_up, "runner_up": lead.leader}),
        }
    )
    part = ProjectionReport(report.projection, report.words, Takes((replace(take, projection=turned),))).course()
    value = part.text.splitlines()[2].split(" | ")[4]
    assert value == f"{-100 * lead.estimate:.1f} ({-100 * lead.high:.1f} – {-100 * lead.low:.1f})".replace("-", "−")

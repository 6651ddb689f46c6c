"""The public folder is written only when contest.toml and the clock allow it; else the page says what keeps it in."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from estimation.contest import Contest, load_contest
from estimation.errors import ReportError
from estimation.publish.release import Placement, place
from estimation.publish.template import render_page
from estimation.words import Words

TIME = datetime(2024, 11, 27, 8, tzinfo=UTC)  # publish_after of the small contest, 15:00 WIB
BEFORE = TIME - timedelta(seconds=1)


@pytest.fixture
def small(make_contest) -> Contest:
    return load_contest(make_contest())


def with_about(contest: Contest, **changes: object) -> Contest:
    return replace(contest, about=replace(contest.about, **changes))


@pytest.mark.parametrize(
    ("mode", "release", "registration", "now", "status", "folder"),
    [
        ("live", "public", "12/KPU/2024", TIME, "public", "reports"),
        ("live", "public", "12/KPU/2024", BEFORE, "embargoed", "internal"),
        ("live", "embargoed", "12/KPU/2024", TIME, "public", "reports"),
        ("live", "embargoed", "12/KPU/2024", BEFORE, "embargoed", "internal"),
        ("live", "public", None, TIME, "unregistered", "internal"),
        ("live", "public", " ", TIME, "unregistered", "internal"),
        ("live", "embargoed", None, BEFORE, "unregistered", "internal"),
        ("live", "internal", "12/KPU/2024", TIME, "internal", "internal"),
        ("rehearsal", "internal", "12/KPU/2024", TIME, "rehearsal", "internal"),
        ("rehearsal", "public", "12/KPU/2024", TIME, "rehearsal", "internal"),
        ("demo", "internal", None, TIME, "demo", "internal"),
    ],
)
def test_where_a_page_goes(
    small: Contest, mode: str, release: str, registration: str | None, now: datetime, status: str, folder: str
) -> None:
    placement = place(with_about(small, mode=mode, release=release, registration=registration), now)
    assert (placement.status, placement.folder) == (status, small.out / folder)
    assert placement.public == (folder == "reports")


def test_the_clock_is_compared_as_moments_not_as_figures(small: Contest) -> None:
    contest = with_about(small, release="public", registration="12/KPU/2024")
    for now, status in (
        ("2024-11-27T15:00:00+07:00", "public"),
        ("2024-11-27T16:00:00+08:00", "public"),
        ("2024-11-27T15:59:59+08:00", "embargoed"),
        ("2024-11-27T08:00:00+00:00", "public"),
    ):
        assert place(contest, datetime.fromisoformat(now)).status == status
    with pytest.raises(ReportError, match="now 2024-11-27T15:00:00 has no UTC offset: give the moment with its zone"):
        place(contest, datetime(2024, 11, 27, 15))


def test_the_real_clock_is_the_default(small: Contest) -> None:
    contest = with_about(small, release="public", registration="12/KPU/2024")
    assert place(contest).status == "public"
    later = with_about(contest, publish_after=datetime(2999, 1, 1, tzinfo=UTC))
    assert place(later).status == "embargoed"
    assert place(later).why == "embargoed until 2999-01-01T07:00:00+07:00"


def test_a_folder_named_is_taken_but_never_the_public_one_of_what_is_not(small: Contest, tmp_path: Path) -> None:
    shut = place(small, TIME)
    assert shut.into(tmp_path) == tmp_path
    assert shut.into(None) == small.out / "internal"
    (small.folder / "beside").symlink_to(small.out, target_is_directory=True)
    for public in (small.out / "reports", small.out / "reports/deep", small.folder / "beside/reports"):
        with pytest.raises(
            ReportError, match=r"is the public folder, and this page may not be published yet \(\[contest"
        ):
            shut.into(public)
    opened = place(with_about(small, release="public", registration="12"), TIME)
    assert opened.into(small.out / "reports") == small.out / "reports"


@pytest.mark.parametrize(
    ("mode", "release", "registration", "title", "said"),
    [
        ("live", "internal", "1", "Internal · ", "Internal: not for publication"),
        ("live", "public", "1", "Embargo · ", "Embargoed: not for publication before 27 November 2024, 15:00 WIB"),
        (
            "live",
            "public",
            None,
            "Internal · ",
            "Internal: this quick count names no registration with the election auth",
        ),
        ("demo", "internal", None, "Demo · ", "Demo: the counts of single stations are simulated; not for publication"),
    ],
)
def test_the_page_says_what_keeps_it_internal(
    small: Contest, mode: str, release: str, registration: str | None, title: str, said: str
) -> None:
    placement = place(with_about(small, mode=mode, release=release, registration=registration), BEFORE)
    html = page_of(placement)
    assert f"<title>{title}T · R</title>" in html
    ribbon = re.search(rf'<p class="ribbon {placement.status}" id="ribbon">(.*?)</p>', html)
    assert ribbon
    assert ribbon[1].startswith(said)
    assert html.index('id="ribbon"') < html.index("<h1>")


def test_a_public_page_has_no_ribbon(small: Contest) -> None:
    html = page_of(place(with_about(small, release="public", registration="1"), TIME))
    assert "<title>T · R</title>" in html
    assert 'id="ribbon"' not in html


def page_of(placement: Placement) -> str:
    return render_page(Words("en"), report="R", title="T", placement=placement, body="", moment=TIME)

"""The list of all contests: its numbers, what may stand in public, and the page in a browser."""

import base64
import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from estimation.contest import Contest, load_contest
from estimation.projection.record import (
    CallRecord,
    LeadRecord,
    ProjectionRecord,
    QuantityRecord,
    SampleRecord,
    ShareRecord,
    WarningRecord,
)
from estimation.publish.overview import Entry, write_overview

NOW = datetime.fromisoformat("2024-11-27T20:00:00+07:00")
EVIL = "=1+1 </script><script>alert(1)</script> & \"Rio\" 'x'"


@pytest.fixture
def contest(make_contest: Callable[..., Path]) -> Contest:
    return load_contest(make_contest(candidates=3))


def named(contest: Contest, folder: Path, **about: Any) -> Contest:
    """Give a contest of another name, in a folder of its own."""
    return replace(contest, about=replace(contest.about, **about), folder=folder)


def ends(value: float, half: float) -> dict[str, float]:
    """Give an estimate and its interval as projection.json has them, of 9 decimals."""
    return {"estimate": round(value, 9), "low": round(value - half, 9), "high": round(value + half, 9)}


def take(lead: float = 0.034, status: str = "leading", used: int = 207, withdrawn: bool = False) -> ProjectionRecord:
    """Give what the list reads of a projection.json."""
    first, second = 0.33 + lead / 2, 0.33 - lead / 2
    shares = [(1, "Candidate 1", second), (2, "Candidate 2", first), (3, "Candidate 3", 0.34)]
    return ProjectionRecord.model_construct(
        as_of="2024-11-27T18:30:00+07:00",
        sample=SampleRecord(drawn=300, received=212, used=used),
        level=0.95,
        shares=[ShareRecord.model_construct(number=n, name=name, **ends(share, 0.01)) for n, name, share in shares],
        lead=LeadRecord.model_construct(leader=2, runner_up=1, **ends(lead, 0.02)),
        turnout=QuantityRecord.model_construct(**ends(0.771, 0.008)),
        call=CallRecord.model_construct(status=status, winner=2, withdrawn=withdrawn),
        warnings=[WarningRecord(code=code, text="…") for code in ("W304", "W312")],
    )


def without(record: ProjectionRecord) -> ProjectionRecord:
    """Take the estimates away, as where too little is in."""
    blank = dict.fromkeys(("estimate", "low", "high"))
    changes = {
        "as_of": None,
        "shares": [share.model_copy(update=blank) for share in record.shares],
        "lead": record.lead.model_copy(update={"leader": None, "runner_up": None, **blank}),
        "turnout": record.turnout.model_copy(update=blank),
        "call": CallRecord.model_construct(status="insufficient", winner=None, withdrawn=False),
    }
    return record.model_copy(update=changes)


@pytest.fixture
def entries(contest: Contest, tmp_path: Path) -> list[Entry]:
    """Give five contests: one as usual, an evil name, too few returns, one that failed, one that can't be read."""
    page = tmp_path / "a b/out/internal/projection-id.html"
    page.parent.mkdir(parents=True)
    page.write_text("")
    return [
        Entry("a b", named(contest, tmp_path / "a b", title="Pemilihan A"), take()),
        Entry("evil", named(contest, tmp_path / "evil", title=EVIL, mode="rehearsal"), take(-0.01, "too-close")),
        Entry("few", named(contest, tmp_path / "few", title="Few"), without(take())),
        Entry("old", named(contest, tmp_path / "old", title="Old"), take(0.2, withdrawn=True), "old/frame.csv: bad"),
        Entry("gone", None, None, "gone/contest.toml: no"),
    ]


def test_the_rows(entries: list[Entry], tmp_path: Path) -> None:
    written = write_overview(tmp_path, entries, "id", NOW)
    assert [path.relative_to(tmp_path).as_posix() for path in (*written.pages, *written.tables)] == [
        "internal/overview.html",
        "internal/overview.csv",
        "internal/overview.json",
    ]
    said = json.loads((tmp_path / "internal/overview.json").read_text())
    assert said["schema"] == "overview/1"
    assert said["contests"][0] == {
        "folder": "a b", "contest": "small", "title": "Pemilihan A", "mode": "live", "status": "leading",
        "as_of": "2024-11-27T18:30:00+07:00", "drawn": 300, "received": 212, "used": 207, "kept_out": 5,
        "leader": 2, "leader_name": "Candidate 2", "share": 0.347, "share_low": 0.337, "share_high": 0.357,
        "runner_up": 1, "runner_up_name": "Candidate 1", "lead": 0.034, "lead_low": 0.014,
        "lead_high": 0.054, "turnout": 0.771, "turnout_low": 0.763, "turnout_high": 0.779, "level": 0.95,
        "warnings": 2, "page": "../a b/out/internal/projection-id.html", "error": None,
    }  # fmt: skip
    assert [row["status"] for row in said["contests"]] == ["leading", "too-close", "insufficient", "failed", "failed"]
    with (tmp_path / "internal/overview.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert (rows[1]["title"], rows[1]["lead"]) == (f"'{EVIL}", "-0.01")
    assert (rows[4]["title"], rows[4]["error"]) == ("", "gone/contest.toml: no")


def test_the_page_shows_what_the_rows_say(entries: list[Entry], tmp_path: Path) -> None:
    text = write_overview(tmp_path, entries, "id", NOW).pages[0].read_text(encoding="utf-8")
    assert '<html lang="id">' in text
    assert text.count("<script>") == 1
    assert text.count("&lt;/script&gt;&lt;script&gt;alert(1)") == 1
    assert '<a href="../a%20b/out/internal/projection-id.html">Pemilihan A</a>' in text
    assert "Candidate 2 <b>34,7\u00a0%</b> <small>33,7 – 35,7</small>" in text
    assert '<td data-k="-0.010000"><b>−1,0</b> <small>−3,0 – 1,0</small></td>' in text
    assert "Internal: tidak untuk dipublikasikan" in text
    assert "Gladi: daftar ini memuat pemilihan yang datanya bukan data malam ini" in text
    assert "old/frame.csv: bad" in text
    assert not re.search(r"(src|href)=.(https?:)?//|@import|url\(", text)
    assert text.count('<tr data-s="failed">') == 2


def test_nothing_runs_but_what_is_named_by_its_hash(entries: list[Entry], tmp_path: Path) -> None:
    text = write_overview(tmp_path, entries, "en", NOW).pages[0].read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    for tag in ("style", "script"):
        content = text[text.index(f"<{tag}>") + len(tag) + 2 : text.index(f"</{tag}>")]
        digest = base64.b64encode(sha256(content.encode("utf-8")).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]
    assert " style=" not in text
    assert not re.search(r"\son\w+=", text)


def test_only_what_may_be_published_stands_in_the_root(contest: Contest, tmp_path: Path) -> None:
    free = {"release": "public", "registration": "KPU 12"}
    for place in ("x/out/internal", "y/out/internal", "y/out/reports"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "projection-en.html").write_text("")
    x = Entry("x", named(contest, tmp_path / "x", title="X", **free), take(), "x/frame.csv: bad")
    y = Entry("y", named(contest, tmp_path / "y", title="Y", **free), take())
    early = datetime.fromisoformat("2024-11-27T14:59:59+07:00")
    for held, moment in (([x, y], early), ([x, replace(y, contest=contest)], NOW), ([x, Entry("z", None, None)], NOW)):
        assert not write_overview(tmp_path, held, "id", moment).public
        assert not (tmp_path / "overview.html").exists()
    written = write_overview(tmp_path, [x, y], "id", NOW)
    assert written.public
    assert [path.relative_to(tmp_path).as_posix() for path in written.pages] == [
        "internal/overview.html",
        "overview.html",
    ]
    rows = json.loads((tmp_path / "overview.json").read_text())["contests"]
    assert [(row["page"], row["error"]) for row in rows] == [(None, None), ("y/out/reports/projection-en.html", None)]
    text = (tmp_path / "overview.html").read_text()
    assert "frame.csv" not in text
    assert "Internal" not in text
    inside = json.loads((tmp_path / "internal/overview.json").read_text())["contests"]
    assert inside[0]["error"] == "x/frame.csv: bad"
    assert inside[1]["page"] == "../y/out/reports/projection-en.html"


def test_545_contests_are_a_small_page(contest: Contest, tmp_path: Path) -> None:
    name = "Pemilihan Gubernur dan Wakil Gubernur Kepulauan Bangka Belitung 2024"
    entries = [Entry(f"k{i:03d}", named(contest, tmp_path / f"k{i:03d}", title=name), take()) for i in range(545)]
    page = write_overview(tmp_path, entries, "id", NOW).pages[0]
    assert 100_000 < page.stat().st_size < 600_000


def order(page: Any) -> list[str]:
    return page.evaluate(  # type: ignore[no-any-return]
        "[...document.querySelectorAll('tbody tr')].filter(row => !row.hidden).map(row => "
        "row.querySelector('th small').textContent.split(' ')[0])"
    )


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_in_a_browser(browser: Any, entries: list[Entry], tmp_path: Path, width: int) -> None:
    path = write_overview(tmp_path, entries, "id", NOW).pages[0]
    page = browser.new_page(viewport={"width": width, "height": 900})
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert order(page) == ["a", "evil", "few", "old", "gone"]
    if width > 900:
        page.click("thead th:nth-child(4) button")
        assert page.get_attribute("thead th:nth-child(4)", "aria-sort") == "descending"
    else:
        page.select_option("#sort", "3-")
    assert order(page) == ["old", "a", "evil", "few", "gone"]  # those without a lead last
    page.select_option("#sort", "3+")
    assert order(page) == ["evil", "a", "old", "few", "gone"]
    page.fill("#find", "TIPIS candidate")
    assert order(page) == ["evil"]
    assert page.inner_text("#shown") == "1 dari 5 ditampilkan"
    page.fill("#find", "")
    page.click("#counts li[data-s=failed] button")
    assert order(page) == ["old", "gone"]
    assert (requests, messages) == ([path.as_uri()], [])
    page.close()


@pytest.mark.slow
def test_the_page_without_script_and_on_paper(browser: Any, entries: list[Entry], tmp_path: Path) -> None:
    path = write_overview(tmp_path, entries, "en", NOW).pages[0]
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("tbody tr").count() == 5
    assert not page.locator("#tools").is_visible()
    assert page.locator("#counts button").count() == 0
    assert page.pdf(format="A4", landscape=True).startswith(b"%PDF")
    context.close()

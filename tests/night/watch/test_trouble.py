"""What fails is said, never ends the night, and leaves what was good as it was."""

import errno
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from estimation import files
from estimation.contest import load_contest
from estimation.night import taking
from estimation.night.events import Event
from estimation.night.page_worker import PageWorker
from estimation.night.stale_banner import add, age, remove
from estimation.night.watch import Settings, Watch
from estimation.words import Words

from .conftest import START, FakePages, Hand, drop


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.slow
def test_a_bad_edit_of_the_contest_is_said_and_the_night_goes_on(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2])
    toml = small / "contest.toml"

    def spoil() -> None:
        edit(toml, "[design]", "[desing]")
        drop(small, "b.csv", [3])

    night = play(small, {12: spoil, 84: lambda: edit(toml, "[desing]", "[design]")}, until=100)
    said = night.said("trouble")
    assert "no take can be made, the last one stays: " in said[0]
    assert "unknown table [desing]: did you mean 'design'?" in said[0]
    assert len(said) == 2  # said again after a minute
    assert ", since " in said[1]
    assert night.said("mended") == ["mended after 1.2 min: takes are made again"]
    assert night.takes() == ["20241127T180200+0700", "20241127T180300+0700"]


def test_a_mistake_of_the_program_is_logged_and_survived(small: Path, play, monkeypatch) -> None:
    real = taking.project_contest
    monkeypatch.setattr(taking, "project_contest", lambda *_, **__: 1 / 0)
    drop(small, "a.csv", [1, 2])
    night = play(small, {20: lambda: monkeypatch.setattr(taking, "project_contest", real)}, until=40)
    first = "ALARM: no take can be made, the last one stays: ZeroDivisionError: division by zero (see out/watch.log)"
    assert night.said("trouble") == [first]
    assert len(night.said("take")) == 1
    log = (small / "out" / "watch.log").read_text()
    assert log.startswith("2024-11-27T11:00:01")
    assert "Traceback (most recent call last)" in log


def test_a_terminal_that_is_gone_ends_nothing(small: Path) -> None:
    class Gone:
        def __call__(self, event: Event) -> None:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        def idle(self, text: str) -> None:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    drop(small, "a.csv", [1, 2])
    clock = Hand({}, until=3)
    assert Watch(load_contest(small), Settings(pages=False), Gone(), clock, PageWorker()).run()
    assert len(list((small / "out" / "takes").iterdir())) == 1
    said = (small / "out" / "watch.log").read_text().count("BrokenPipeError: ")
    assert said == 4  # start, take, end, and once of what is waited for


@pytest.mark.slow
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_on_a_full_disk_nothing_half_stands_and_all_good_stays(small: Path, play, monkeypatch, code: int) -> None:
    drop(small, "a.csv", [1, 2])
    pages = FakePages(small)
    page = small / "out" / "internal" / "projection-id.html"
    seen: list[str] = []

    def full(_: int) -> None:
        raise OSError(code, os.strerror(code))

    def fill() -> None:
        monkeypatch.setattr(files.os, "fsync", full)
        drop(small, "b.csv", [3])

    def look() -> None:
        assert len(list((small / "out" / "takes").iterdir())) == 1
        seen.append(page.read_text())
        monkeypatch.undo()

    night = play(small, {12: fill, 46: look}, until=60, pages=pages)
    said = night.said("trouble")
    assert said[0] == f"ALARM: no take can be made, the last one stays: a file: {os.strerror(code)}"
    assert {line.split(":")[1].strip() for line in said} == {
        "no take can be made, the last one stays", "no page can be marked as old", "no status can be written"
    }  # fmt: skip
    assert '<p id="of">20241127T180200+0700</p>' in seen[0]
    assert "aging" not in seen[0]
    assert night.takes() == ["20241127T180200+0700", "20241127T180300+0700"]
    assert not list((small / "out").glob(".take*"))
    assert len(night.said("mended")) == 3
    assert json.loads((small / "out" / "status.json").read_text())["troubles"] == []


@pytest.mark.slow
def test_while_no_page_can_be_made_the_last_one_says_how_old_it_is(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2])
    pages = FakePages(small)
    page = small / "out" / "internal" / "projection-en.html"
    seen: list[str] = []

    def die() -> None:
        pages.fails = "DeadKernelError: Kernel died"
        drop(small, "b.csv", [3])

    def look() -> None:
        seen.append(page.read_text(encoding="utf-8"))
        seen.append((small / "out" / "status.json").read_text(encoding="utf-8"))
        pages.fails = ""

    night = play(small, {20: die, 125: look}, until=140, pages=pages, languages=("en",))
    assert night.said("trouble")[0] == (
        "ALARM: no page can be made, the last good one stays: DeadKernelError: Kernel died"
    )
    assert seen[0].count('class="aging"') == 1
    assert (
        "Out of date: since 27 November 2024, 18:00 WIB this page could not be renewed. At 27 November 2024, 18:01 WIB "
        "it was 1 min old." in seen[0]
    )
    status = json.loads(seen[1])
    assert status["page"]["take"] == "20241127T180200+0700"
    assert status["take"]["name"] == "20241127T180300+0700"
    assert [trouble["what"] for trouble in status["troubles"]] == ["DeadKernelError: Kernel died"]
    after = page.read_text(encoding="utf-8")
    assert "aging" not in after
    assert "20241127T180300+0700" in after
    assert night.said("mended") == ["mended after 1.8 min: pages are made again"]


@pytest.mark.slow
def test_a_mark_left_by_a_killed_watch_is_taken_away(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2])
    play(small, once=True, pages=FakePages(small), languages=("en",))
    page = small / "out" / "internal" / "projection-en.html"
    before = page.read_text(encoding="utf-8")
    add(page, Words("en"), made=START, since=START, now=START)
    assert page.read_text(encoding="utf-8") != before
    play(small, until=5, pages=FakePages(small), languages=("en",))
    assert page.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "id",
            "sejak 27 November 2024 10.30 UTC halaman ini tidak dapat diperbarui. Pada 27 November 2024 11.00 UTC ",
        ),
        (
            "en",
            "since 27 November 2024, 10:30 UTC this page could not be renewed. At 27 November 2024, 11:00 UTC it ",
        ),
    ],
)
def test_the_line_stands_after_the_skip_link_once(tmp_path: Path, language: str, text: str) -> None:
    page = tmp_path / "page.html"
    html = (
        '<html>\n<body class="mode-live">\n<a class="skip" href="#main">Skip</a>\n<main>Body</main>\n</body>\n</html>\n'
    )
    page.write_text(html, encoding="utf-8")
    made, since = START - timedelta(minutes=65), START - timedelta(minutes=30)
    for _ in range(2):
        add(page, Words(language), made=made, since=since, now=START)
    marked = page.read_text(encoding="utf-8")
    assert text in marked
    assert marked.count("<p ") == 1
    assert marked.index("</a>") < marked.index("<p ") < marked.index("<main>")
    remove(page)
    assert page.read_text(encoding="utf-8") == html


def test_an_age_is_told_in_minutes_and_hours() -> None:
    assert age(Words("en"), timedelta(seconds=59)) == "0 min"
    assert age(Words("id"), timedelta(minutes=59, seconds=59)) == "59 menit"
    assert age(Words("en"), timedelta(minutes=60)) == "1 h 0 min"

"""The list of a contest's takes: newest on top, what can't be read left out and counted, nothing shut in public."""

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from estimation.contest import Contest, load_contest
from estimation.projection import make_take
from estimation.publish.index import write_index
from estimation.simulation.showcase import MOMENT

NOW = datetime(2024, 11, 27, 11, 40, tzinfo=UTC)


@pytest.fixture(scope="module")
def contest(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Contest:
    contest = load_contest(shutil.copytree(demo, tmp_path_factory.mktemp("index") / "situbondo-2024"))
    for hours in (2, 0):
        make_take(contest, as_of=datetime.fromisoformat(MOMENT) - timedelta(hours=hours))
    broken = contest.out / "takes" / "20241127T190000+0700"
    broken.mkdir()
    (broken / "projection.json").write_text('{"schema": "projection/1", "contest"', encoding="utf-8")
    foreign = shutil.copytree(contest.out / "takes" / "20241127T183000+0700", broken.with_name("20241127T200000+0700"))
    document = json.loads((foreign / "projection.json").read_text(encoding="utf-8"))
    (foreign / "projection.json").write_text(json.dumps(document | {"contest": "elsewhere"}), encoding="utf-8")
    return contest


def test_the_newest_take_is_on_top_and_on_the_screen(contest: Contest) -> None:
    path = write_index(contest, "en", NOW)
    html = path.read_text(encoding="utf-8")
    assert path == contest.out / "internal/index.html"
    rows = re.findall(r'<tr><th scope="row" data-sort="([^"]*)"><a href="([^"]*)">([^<]*)</a>', html)
    assert [(when, said) for when, _, said in rows] == [
        ("2024-11-27T18:30:00+07:00", "27 November 2024, 18:30 WIB"),
        ("2024-11-27T16:30:00+07:00", "27 November 2024, 16:30 WIB"),
    ]
    assert all((path.parent / link.replace("%2B", "+")).is_file() for _, link, _ in rows)
    screen = html[html.index('id="screen"') : html.index('id="takes"')]
    assert '<p class="status">Too close to call</p>' in screen
    assert "<strong>51.5\u00a0%</strong>" in screen
    assert "2.9 (−0.5 – 6.4), Rio–Ulfi" in screen
    assert 'data-age="2024-11-27T18:30:00+07:00"' in screen
    assert "2 takes can&#39;t be read" in html
    assert 'id="ribbon"' in html


def test_pages_in_the_folder_are_linked_with_their_time(contest: Contest) -> None:
    line = '<p id="rendered">Halaman dibuat <time datetime="2024-11-27T18:35:00+07:00">x</time></p>'
    folder = contest.out / "internal"
    for name, text in (("projection-id.html", line), ("evaluation-en.html", line), ("notes-id.html", line)):
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "projection-id.pdf").write_bytes(b"%PDF")
    html = write_index(contest, "id", NOW).read_text(encoding="utf-8")
    assert re.findall(r'<a href="([\w.-]+)" hreflang="(\w+)">([^<]*)</a>', html) == [
        ("evaluation-en.html", "en", "Evaluasi (English)"),
        ("projection-id.html", "id", "Proyeksi (Bahasa Indonesia)"),
        ("projection-id.pdf", "id", "PDF"),
    ]
    assert html.count("dibuat 27 November 2024 18.35 WIB") == 2


def test_in_public_no_file_outside_the_folder_is_linked(contest: Contest) -> None:
    about = replace(contest.about, mode="live", release="public", registration="12")
    takes = contest.out / "takes"
    for path in (record.with_name("projection.json") for record in takes.glob("*0+0700/take.json")):
        text = path.read_text(encoding="utf-8").replace('"mode": "demo"', '"mode": "live"')
        path.write_text(text, encoding="utf-8")
        record = json.loads(path.with_name("take.json").read_text(encoding="utf-8"))
        record["projection_sha256"] = sha256(text.encode("utf-8")).hexdigest()
        path.with_name("take.json").write_text(json.dumps(record), encoding="utf-8")
    path = write_index(replace(contest, about=about), "en", NOW)
    html = path.read_text(encoding="utf-8")
    assert path == contest.out / "reports/index.html"
    assert "../" not in html
    assert 'id="ribbon"' not in html
    assert html.count('<th scope="row"') == 2
    assert write_index(replace(contest, about=about), "en", NOW - timedelta(hours=4)).parent.name == "internal"


def test_takes_of_another_mode_are_left_out(contest: Contest) -> None:
    about = replace(contest.about, mode="rehearsal")
    html = write_index(replace(contest, about=about), "en", NOW).read_text(encoding="utf-8")
    assert "There is no projection yet." in html
    assert "<table" not in html

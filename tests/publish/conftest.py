"""Fixtures of the pages' tests: small nights made by hand, votes by arithmetic, no chance but the seeded draw."""

import importlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from estimation.contest import load_contest
from estimation.frame import load_frame
from estimation.projection import project_contest
from estimation.publish import ProjectionReport
from estimation.sampling import design_of, draw, write_draw
from estimation.words import Words

DISTRICTS = ("UTARA", "TIMUR", "SELATAN", "BARAT")
STATIONS = 96
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
NOON = datetime.fromisoformat("2024-11-27T14:00:00+07:00")

HEAD = """\
[contest]
id = "{id}"
title = "{title}"
kind = "{kind}"
election_day = 2024-11-27
timezone = "Asia/Jakarta"
publish_after = 2024-11-27T15:00:00+07:00
rule = "{rule}"
{more}
[frame]
path = "frame.csv"

[design]
strata = "district"
n = {drawn}
seed = "nights"
"""


def votes(i: int, shares: Sequence[float], spread: float, late: float = 0.0) -> list[int]:
    """Give the votes of station i: its valid votes by shares that are moved a little, the first's up for late ones."""
    valid = 170 + 37 * i % 61
    moved = [
        max(
            share
            + spread * ((5 * i + 3 * j) % 11 - 5) / 5 * (1 if j % 2 else -1)
            + (late * (i / STATIONS - 0.5) if j == 0 else 0),
            0.001,
        )
        for j, share in enumerate(shares)
    ]
    counted = [round(valid * part / sum(moved)) for part in moved]
    return counted


def lay_out(
    folder: Path,
    shares: Sequence[float],
    *,
    name: str = "kota",
    rule: str = "plurality",
    kind: str = "bupati",
    names: Sequence[str] = (),
    colors: Sequence[str] = (),
    more: str = "",
    spread: float = 0.03,
    received: float = 0.75,
    drawn: int = 48,
    places: bool = False,
    late: float = 0.0,
) -> Path:
    """Write a contest with a drawn sample and the returns of its first part.

    Parameters
    ----------
    shares : sequence of float
        Of the candidates; with the rule ``single-candidate`` the last is the empty column.
    more : str
        Further lines of ``[contest]``.
    spread : float
        How far a station's shares lie from these.
    received : float
        Part of the sample that is in.
    places : bool
        Stations have coordinates.
    late : float
        How much larger the first's share is in the last stations than in the first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    toml = HEAD.format(id=name, title="Pemilihan Bupati Kota 2024", kind=kind, rule=rule, more=more, drawn=drawn)
    for number in range(1, len(shares) + 1):
        called = names[number - 1] if names else f"Paslon {number}"
        toml += f"\n[[candidates]]\nnumber = {number}\nname = '''{called}'''\n"
        toml += f'color = "{colors[number - 1]}"\n' if colors else ""
        toml += "empty_column = true\n" if rule == "single-candidate" and number == len(shares) else ""
    (folder / "contest.toml").write_text(toml, encoding="utf-8")
    head = "tps_id,province,regency,district,village,tps,registered" + (",latitude,longitude" if places else "")
    lines = [head]
    for i in range(STATIONS):
        district = DISTRICTS[i % 4]
        at = (
            f",{-7.6 - 0.02 * (i % 4) - 0.001 * (i % 7):.4f},{113.9 + 0.03 * (i % 4) + 0.002 * (i % 11):.4f}"
            if places
            else ""
        )
        lines.append(f"{i + 1:04d},JAWA,KOTA,{district},DESA {i % 12 + 1},{i // 12 + 1:03d},{280 + 53 * i % 137}{at}")
    (folder / "frame.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    contest = load_contest(folder)
    frame = load_frame(contest)
    sample = draw(frame, design_of(contest))
    write_draw(contest, frame, design_of(contest), sample)
    columns = ",".join(f"votes_{j + 1}" for j in range(len(shares)))
    rows = [f"tps_id,received_at,{columns},invalid,total,source,reporter"]
    for place, row in enumerate(sorted(sample.rows.tolist())[: round(received * drawn)]):
        counted = votes(row, shares, spread, late)
        invalid = 3 + row % 5
        at = (NOON + timedelta(minutes=4 * place)).isoformat()
        total = sum(counted) + invalid + (7 if place == 5 else 0)  # one that does not add up
        rows.append(f"{row + 1:04d},{at},{','.join(map(str, counted))},{invalid},{total},petugas,P-{row % 12 + 1:02d}")
    (folder / "inbox").mkdir(exist_ok=True)
    (folder / "inbox" / "returns.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def report_of(folder: Path, language: str = "en") -> ProjectionReport:
    """Project a night that was laid out."""
    return ProjectionReport(project_contest(load_contest(folder)), Words(language))


@pytest.fixture(scope="session")
def lay_night() -> Callable[..., Path]:
    """Lay out a night: see :func:`lay_out`."""
    return lay_out


@pytest.fixture(scope="session")
def night_report() -> Callable[..., ProjectionReport]:
    """Project a night that was laid out: ``night_report(folder, "id")``."""
    return report_of


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave pictures blank: of a test that reads words, drawing takes nearly all the time."""
    for name in ("canvas", "convergence", "panels"):
        module = importlib.import_module(f"estimation.publish.figures.{name}")
        monkeypatch.setattr(module, "paint", lambda *_, **__: "<svg></svg>")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Give the system's Chromium, which asks nobody for anything of its own."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield opened
        opened.close()

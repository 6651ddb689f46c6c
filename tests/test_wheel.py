"""The wheel holds all that an installation needs, and no checkout beside it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]


def test_the_demo_runs_from_an_unpacked_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("quickcount-*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(site)
    assert "estimation/notebooks/projection.ipynb" in names
    assert "estimation/demo/situbondo-2024/contest.toml" in names
    assert "estimation/words/id.toml" in names
    assert "estimation/publish/reports/backtest/scoreboard.json" in names
    assert "estimation/publish/templates/page.html.j2" in names
    run = subprocess.run(
        [sys.executable, "-m", "estimation", "demo", str(tmp_path / "demo"), "--lang", "en"],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "too close to call" in run.stdout
    assert (tmp_path / "demo/situbondo-2024/out/internal/projection-en.html").is_file()

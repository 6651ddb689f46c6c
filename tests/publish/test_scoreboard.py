"""The scoreboard that the package carries: what summary.py makes of the results, and what a page says of it."""

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from estimation.contest import EstimateTable
from estimation.errors import ReportError
from estimation.publish.part import Part
from estimation.publish.reports.backtest import scoreboard as module
from estimation.publish.reports.backtest.scoreboard import SIZES, scoreboard, scoreboard_part
from estimation.words import Words

CALIBRATION = Path(__file__).resolve().parents[2] / "benchmarks" / "calibration"
PACKAGED = Path(module.__file__).with_name("scoreboard.json")


@pytest.fixture
def summary(monkeypatch: pytest.MonkeyPatch):
    before = set(sys.modules)
    for folder in (CALIBRATION.parent, CALIBRATION):
        monkeypatch.syspath_prepend(folder)
    yield importlib.import_module("summary")
    for name in set(sys.modules) - before:
        if not name.startswith("estimation"):
            del sys.modules[name]


def lines(language: str) -> list[str]:
    return said(scoreboard_part(Words(language)))


def said(part: Part) -> list[str]:
    return part.text.replace("\u00a0", " ").splitlines()


def test_the_package_carries_what_summary_makes_of_the_results(summary) -> None:
    results = (CALIBRATION / "results" / "scoreboard.json").read_bytes()
    assert json.loads(PACKAGED.read_text(encoding="utf-8")) == summary.short(results), (
        "run PYTHONPATH=src:benchmarks python benchmarks/calibration/summary.py"
    )


def test_summary_writes_it(summary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "PACKAGED", tmp_path / "scoreboard.json")
    summary.main()
    assert (tmp_path / "scoreboard.json").read_bytes() == PACKAGED.read_bytes()


def test_it_is_of_the_defaults_that_are_in_force() -> None:
    table = EstimateTable()
    held = scoreboard().about["constants"]
    assert held == {"delta": table.delta, "tau": table.tau, "kappa": table.kappa, "phi": list(table.phi)}, (
        "the defaults have changed: run benchmarks/calibration/scoreboard.py, then summary.py"
    )


def test_it_says_where_and_when_it_was_measured() -> None:
    about = scoreboard().about
    assert (about["date"], about["nights"], len(about["elections"])) == ("2026-11-24", 38_000, 6)
    assert about["machine"]["cores"] == 2
    html = scoreboard_part(Words("en")).html
    assert "Measured on 2026-11-24, quickcount 0.1.0, Python 3.11.7, NumPy 2.4.6, 2 cores (AMD EPYC)" in html
    assert about["source_sha256"][:12] in html


def test_what_it_comes_to_in_english() -> None:
    text = lines("en")
    assert text[0] == (
        "38,000 nights of 6 elections were replayed with the multilevel predictor as it is by default. In random order "
        "its 95 % intervals held the share of a candidate with 12 % and more on 96.2 % of nights. In orders in which "
        "returns really came: Bali 2024, by upload, 96.3 % (plain ratio: 91.5 %); East Java 2019, by entry, 94.9 % "
        "(plain ratio: 88.8 %); Bolivia 2019, by batch, 94.0 % (plain ratio: 88.7 %)."
    )
    assert text[1].startswith("Where it covers too little, below 93.5 % over a group: East Java 2019, by entry: ")
    for failure in (
        "by entry: 92.4 % at 5 % in (8 % of the cells below 80 %), 92.9 % at 10 % in (5 % of the cells",
        "Bolivia 2019, by batch: 93.1 % at 50 % in, 87.4 % at 75 % in",
        "Bali 2024, by upload, shares below 12 %: 92.3 % at 10 % in (17 % of the cells below 80 %)",
    ):
        assert failure in text[1]
    assert text[2].endswith(
        "94.0 % over the whole night, 87.4 % at 75 % in. The stress interval, δ = 0.25, held 98.3 %, by being wide."
    )
    assert "Bolivia 2019, by batch, shares below 12 %, 98.9 % at 1.20 times the score" in text[3]
    assert text[4].startswith("Its allowances, δ = 0.05 and τ = 0.10, were set after a look at these elections")


def test_what_it_comes_to_in_indonesian() -> None:
    text = lines("id")
    assert text[0].startswith(
        "38.000 malam dari 6 pemilu diulang dengan prediksi bertingkat menurut nilai bawaannya. Dalam urutan acak, "
        "selang 95 % memuat perolehan pasangan calon dengan 12 % ke atas pada 96,2 % malam."
    )
    assert "Bolivia, gelombang: 93,1 % ketika 50 % masuk, 87,4 % ketika 75 % masuk" in text[1]
    assert "Jawa Timur 2019, entri: 92,4 % ketika 5 % masuk (8 % sel di bawah 80 %)" in text[1]
    assert "memuatnya pada 98,3 % malam, karena lebar" in text[2]


def test_the_table() -> None:
    text = lines("en")
    head = text.index(
        "Election, order | Predictor | Under 90 / 80 | Score | Ratio, z | Ratio, t | Calibrated | f = 5 | f = 10"
    )
    assert text[head + 1] == "Shares of 12 % and more"
    assert text[head + 2] == "Bali 2024, by upload | 96.3 | 5.6 / 0.8 | 0.88 | 91.5 | 92.7 | 93.4 | 98.4 | 95.9"
    small = text.index("Shares below 12 %")
    assert text[small + 1] == "Bali 2024, by upload | 95.2 | 11.9 / 3.2 | 0.66 | 78.5 | 82.5 | 87.0 | 82.9 | 80.3"
    rows = scoreboard().rows
    assert len(text) == head + 1 + len(SIZES) + len(rows)
    assert len(rows) == 29


def test_where_nothing_fails_nothing_is_said_to() -> None:
    board = scoreboard()
    good = replace(board, rows=tuple(replace(row, parts=((0.5, 0.95, 0.0),), score=0.9) for row in board.rows))
    text = said(scoreboard_part(Words("en"), good))
    assert not any(line.startswith("Where it covers") for line in text)


def test_a_file_that_is_no_scoreboard_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    scoreboard.cache_clear()
    monkeypatch.setattr(module, "FILE", "schemas/projection-1.schema.json")
    with pytest.raises(ReportError, match=r"projection-1\.schema\.json: schema None where 'scoreboard/1' was expected"):
        scoreboard()
    monkeypatch.setattr(module, "FILE", "publish/nothing.json")
    with pytest.raises(ReportError, match=r"publish/nothing\.json can't be read .* install the package again"):
        scoreboard()

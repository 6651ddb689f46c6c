"""The verbs before the day on a whole province: East Java 2019, 38 regencies, 130,171 stations."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def contest(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = shared / "data/jawa-timur-2019"
    if not source.is_dir():
        pytest.skip(f"East Java 2019 is not here: {source} is absent")
    return Path(shutil.copytree(source, tmp_path_factory.mktemp("province") / "jawa-timur"))


def test_draw_verify_assign(run, contest: Path) -> None:
    status, out, err = run("draw", contest, "--n", 800, "--strata", "regency", "--seed", "2024-11-27")
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == "800 of 130171 stations drawn in 38 strata (regency), seed 2024-11-27"
    sample = pd.read_csv(contest / "out/sample.csv", dtype={"tps_id": str})
    assert len(sample) == sample["tps_id"].nunique() == 800
    assert sample["weight"].sum() == pytest.approx(130_171)
    assert sample["stratum"].nunique() == 38
    manifest = json.loads((contest / "out/manifest.json").read_text())
    assert sum(row["stations"] for row in manifest["strata"]) == 130_171
    assert all(abs(row["drawn"] - 800 * row["stations"] / 130_171) < 1 for row in manifest["strata"])
    status, out, _ = run("verify", contest)
    assert (status, out.splitlines()[0]) == (0, "the same 800 stations come out with seed '2024-11-27'")
    status, out, _ = run("assign", contest)
    assert status == 0
    sheets = pd.read_csv(contest / "out/assignments/assignments.csv", dtype=str)
    assert set(sheets["tps_id"]) == set(sample["tps_id"])


def test_the_whole_province_by_pivotal_with_stations_without_a_roll_apart(run, contest: Path) -> None:
    status, out, _ = run("draw", contest, "--n", 1000, "--method", "pivotal", "--strata", "registered?")
    assert (status, out.splitlines()[0]) == (
        0,
        "1000 of 130171 stations drawn in 2 strata (registered?) by pivotal, seed 1",
    )
    sample = pd.read_csv(contest / "out/sample.csv", dtype={"tps_id": str})
    assert sample["registered"].isna().sum() == 2
    assert sorted(sample["weight"].round(6).unique()) == [82.0, round(130_007 / 998, 6)]
    assert run("verify", contest)[0] == 0


def test_the_design_report(run, contest: Path) -> None:
    words = ("--n", 800, "--strata", "regency", "--margin", 0.005, "--cost-station", 350_000, "--cost-village", 200_000)
    status, out, err = run("design", contest, *words, "--budget", 200_000_000, "--replicates", 20, "--lang", "en")
    assert (status, err.replace("\r", "").strip()) == (0, "")
    assert ", n = 800, stratified simple random sampling" in out
    html = (contest / "out/internal/design-en.html").read_text(encoding="utf-8")
    assert "800 of 130,171 TPS by stratified simple random sampling, in strata of regencies" in html
    assert "budget of 200,000,000" in html
    table = pd.read_csv(contest / "out/internal/design-comparison.csv")
    assert set(table["design"]) == {"simple", "stratified", "systematic", "pivotal"}
    assert (table["stations"] == 800).all()
    assert table["cost"].between(800 * 350_000, 800 * 550_000).all()

"""The whole road on real elections: draw, project, report, copied to a scratch folder."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from estimation.cli import main

ROADS = {
    # contest: strata, file of returns, stations drawn and used, who leads, how the call may read
    "situbondo-2019": ("district", "official.csv", 300, 300, {1, 2}, {"too-close", "leading"}),
    "ciamis-2024": ("district", "official.csv", 300, 298, {2}, {"called"}),
    "bolivia-2019": ("regency", "official.parquet", 300, 300, {5}, {"leading", "called"}),
}
SLOW = ("ciamis-2024", "bolivia-2019")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in ROADS]
)
def test_from_the_frame_to_the_page(
    shared: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    strata, returns, drawn, used, leaders, statuses = ROADS[name]
    folder = tmp_path / name
    folder.mkdir()
    for file in (shared / "data" / name).iterdir():
        shutil.copyfile(file, folder / file.name)

    def quickcount(*words: str) -> None:
        monkeypatch.setattr(sys, "argv", ["quickcount", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 0, capsys.readouterr().err

    quickcount("draw", str(folder), "--n", "300", "--strata", strata, "--seed", "1")
    quickcount("project", str(folder), "--returns", str(folder / returns), "--json", str(tmp_path / "p.json"))
    quickcount("report", str(folder), "--returns", str(folder / returns), "--lang", "id")
    projection = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    assert (projection["sample"]["drawn"], projection["sample"]["used"]) == (drawn, used)
    assert projection["lead"]["leader"] in leaders
    assert projection["call"]["status"] in statuses
    assert sum(share["estimate"] for share in projection["shares"]) == pytest.approx(1, abs=1e-8)
    page = (folder / "out/internal/projection-id.html").read_text(encoding="utf-8")
    assert "Bukan hasil resmi" in page
    assert projection["provenance"]["sample_sha256"] in page
    assert json.loads((folder / "out/internal/projection.json").read_text(encoding="utf-8")) == projection


def test_strata_that_do_not_fit_name_those_that_do(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(shared / "data" / "bolivia-2019", tmp_path / "bolivia-2019")
    monkeypatch.setattr(sys, "argv", ["quickcount", "draw", str(folder), "--n", "300", "--strata", "district"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capsys.readouterr().err == (
        "error: strata 'district': n = 300 is too few for 340 strata with at least 2 stations each: they need 678. "
        "Columns of the frame that n = 300 can serve: regency (112 strata), province (9 strata); "
        "or draw more stations\n"
    )
    assert not (Path(folder) / "out").exists()

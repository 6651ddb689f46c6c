"""``quickcount evaluate``."""

import json
from pathlib import Path

import pytest

from estimation.simulation.showcase import MOMENT


def test_without_a_page_the_files_are_written(run, demo: Path, tmp_path: Path) -> None:
    status, out, _ = run("evaluate", demo, "--as-of", MOMENT, "--no-page", "--out", tmp_path)
    assert status == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "evaluation-areas.csv", "evaluation-quantities.csv", "evaluation-recording.csv", "evaluation-takes.csv",
        "evaluation.json",
    ]  # fmt: skip
    lines = out.splitlines()
    assert lines[0].startswith(f"situbondo-2024 as of {MOMENT}: the interval of the lead ")
    assert lines[-1] == f"evaluation: {tmp_path / 'evaluation.json'}"


def test_json_on_standard_output_is_the_file(run, demo: Path, tmp_path: Path) -> None:
    status, out, err = run("evaluate", demo, "--as-of", MOMENT, "--no-page", "--out", tmp_path, "--json", "-")
    assert status == 0
    assert json.loads(out) == json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert json.loads(out)["schema"] == "evaluation/1"
    assert "the miss of the lead, in points:" in err


def test_a_miss_is_no_failure(run, demo: Path, tmp_path: Path) -> None:
    text = (demo / "official.csv").read_text(encoding="utf-8").splitlines()
    turned = [text[0].replace("votes_1", "x").replace("votes_2", "votes_1").replace("x", "votes_2"), *text[1:]]
    (tmp_path / "hasil.csv").write_text("\n".join(turned) + "\n", encoding="utf-8")
    words = (
        "--as-of",
        MOMENT,
        "--no-page",
        "--out",
        tmp_path,
        "--official",
        tmp_path / "hasil.csv",
        "--estimator",
        "ratio",
    )
    status, out, _ = run("evaluate", demo, *words)
    assert status == 0
    assert "the interval of the lead missed the official result" in out
    found = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert found["estimator"] == "ratio"
    assert found["recording"]["order"] == found["recording"]["differing"] > 100


@pytest.mark.slow
def test_the_page(run, demo: Path, tmp_path: Path) -> None:
    status, out, _ = run("evaluate", demo, "--as-of", MOMENT, "--lang", "en", "--out", tmp_path)
    assert status == 0
    assert out.splitlines()[-1] == f"page: {tmp_path / 'evaluation-en.html'}"
    assert '<html lang="en">' in (tmp_path / "evaluation-en.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (("--official", "none.csv"), 2, "File 'none.csv' does not exist"),
        (("--as-of", "18:30"), 1, "error: --as-of '18:30' is no time: write it like"),
        (("--no-page", "--as-of", "2024-11-27T18:30:00"), 1, "has no UTC offset"),
    ],
)
def test_wrong_usage(run, demo: Path, words: tuple[str, ...], status: int, text: str) -> None:
    ended, _, err = run("evaluate", demo, *words)
    assert ended == status
    assert text in err


def test_without_an_official_result(run, make_contest) -> None:
    status, _, err = run("evaluate", make_contest(extra_toml='[returns]\nasked = "all"\n'), "--no-page")
    assert status == 1
    assert "there is no official result to evaluate by: add official.csv, or name one with --official" in err

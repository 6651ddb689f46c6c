"""``quickcount rehearse``: what it says, what it writes, and what it refuses."""

import json
from pathlib import Path

import pytest

from estimation.resources import demo_contest

DEMO = demo_contest("situbondo-2024")


@pytest.mark.slow
def test_an_evening_is_played_graded_and_graded_again(run, tmp_path: Path) -> None:
    folder = tmp_path / "gladi"
    words = ["--to", folder, "--files", "quarter", "--arrival", "random", "--rate", "misread=0.02", "--json", "-"]
    status, out, err = run("rehearse", DEMO, *words)
    assert status == 0, err
    document = json.loads(out)
    assert document["schema"] == "rehearsal/1"
    assert document["plan"]["faults"]["misread"] == 0.02
    assert document["plan"]["arrival"] == "random"
    misread = next(kind for kind in document["faults"] if kind["kind"] == "misread")
    assert (misread["injected"], misread["quarantined"]) == (6, 6)
    said = err.splitlines()
    assert said[0].startswith("playing ")
    assert said[1].startswith("Pemilihan Bupati Situbondo 2024, rehearsal: ")
    assert said[-1] == f"fault by fault: {folder / 'out' / 'rehearsal' / 'graded.csv'}"
    status, out, _ = run("rehearse", folder, "--grade", "--json", "-")
    assert status == 0
    assert json.loads(out) == document


def test_a_live_folder_is_refused(run, make_contest, tmp_path: Path) -> None:
    live = make_contest()
    status, _, err = run("rehearse", DEMO, "--to", live)
    assert status == 1
    assert 'says mode = "live" (contest small), and a rehearsal never touches live returns' in err


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([], 2, "give --to FOLDER to play a rehearsal, or --grade to grade the one in CONTEST"),
        (["--to", "x", "--grade"], 2, "give --to FOLDER to play a rehearsal, or --grade"),
        (["--to", "x", "--rate", "misread=much"], 2, "--rate 'misread=much' is no rate: write it like misread=0.02"),
        (["--to", "x", "--rate", "misreed=0.1"], 1, "fault 'misreed' is unknown: did you mean 'misread'?"),
        (["--to", "x", "--arrival", "sise"], 1, "did you mean 'size'?"),
        (["--grade"], 1, "no rehearsal was played here"),
    ],
)
def test_wrong_usage(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], status: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run("rehearse", DEMO, *words)
    assert code == status
    assert message in err

"""The command: what it writes, what it says, and with which status it ends."""

import json
import shutil
from pathlib import Path

import pytest

MOMENT = "2024-11-27T18:30:00+07:00"


@pytest.fixture
def contest(demo: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo, tmp_path / "situbondo-2024"))


def test_draw_writes_the_sample_and_says_so(run, contest: Path) -> None:
    status, out, _ = run("draw", contest, "--n", 100, "--seed", 7)
    assert status == 0
    assert out.splitlines()[0] == "100 of 1030 stations drawn in 17 strata (district), seed 7"
    assert len((contest / "out/sample.csv").read_text(encoding="utf-8").splitlines()) == 101


def test_draw_keeps_a_sample_that_it_replaces(run, contest: Path) -> None:
    before = (contest / "out/sample.csv").read_bytes()
    run("draw", contest, "--seed", 7)
    kept = list((contest / "out").glob("sample-*.csv"))
    assert [path.read_bytes() for path in kept] == [before]


def test_project_writes_json_to_standard_output_and_prose_to_the_other(run, contest: Path) -> None:
    status, out, err = run("project", contest, "--as-of", MOMENT, "--json", "-")
    document = json.loads(out)
    assert status == 0
    assert document["sample"] == {"drawn": 300, "received": 209, "used": 208}
    assert err.splitlines()[0] == "Pemilihan Bupati Situbondo 2024 (demo): too close to call"
    take = contest / "out/projections/20241127T183000+0700/projection.json"
    assert json.loads(take.read_text(encoding="utf-8")) == document


def test_project_to_a_file_at_another_level(run, contest: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep/p.json"
    assert run("project", contest, "--level", "0.9", "--json", target)[0] == 0
    assert json.loads(target.read_text(encoding="utf-8"))["level"] == 0.9


def test_strict_turns_warnings_into_status_1(run, contest: Path) -> None:
    status, _, err = run("project", contest, "--as-of", MOMENT, "--strict")
    assert status == 1
    assert err.startswith("--strict:")


def test_check_of_a_good_folder_and_of_bad_returns(run, contest: Path) -> None:
    shutil.rmtree(contest / "inbox")
    assert run("check", contest)[0] == 0
    (contest / "inbox").mkdir()
    first = (contest / "official.csv").read_text(encoding="utf-8").splitlines()
    (contest / "inbox/a.csv").write_text(f"{first[0]}\n{first[1].rsplit(',', 1)[0]},9\n", encoding="utf-8")
    status, out, _ = run("check", contest)
    assert status == 1
    assert "E203 × 1: votes and invalid votes do not add up to the total" in out


def test_check_json_lists_every_place(run, contest: Path) -> None:
    status, out, _ = run("check", contest, "--json", "-")
    document = json.loads(out)
    assert status == 1
    codes = [place["code"] for place in document["parts"]["returns"]]
    assert codes.count("E207") == 1
    assert codes.count("E203") == 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["project", "nowhere"], "error: nowhere/contest.toml: there is no such file"),
        (["report", "nowhere"], "error: nowhere/contest.toml: there is no such file"),
        (["draw", "nowhere"], "error: nowhere/contest.toml: there is no such file"),
        (["check", "nowhere"], "error: nowhere/contest.toml: there is no such file"),
    ],
)
def test_a_missing_contest_ends_with_1(run, words: list[str], message: str) -> None:
    status, _, err = run(*words)
    assert status == 1
    assert err.startswith(message)


def test_a_naive_moment_ends_with_1(run, contest: Path) -> None:
    status, _, err = run("project", contest, "--as-of", "2024-11-27T18:30")
    assert (status, err.strip()) == (
        1,
        "error: --as-of '2024-11-27T18:30' has no UTC offset: write it like 2024-11-27T18:30:00+07:00",
    )


def test_no_sample_ends_with_1_and_says_how_to_draw_one(run, contest: Path) -> None:
    (contest / "out/sample.csv").unlink()
    status, _, err = run("project", contest)
    assert status == 1
    assert "there is no sample: draw one with 'quickcount draw" in err


@pytest.mark.parametrize("words", [["project"], ["nothing"], ["draw", "x", "--n", "zero"], ["project", "x", "--bad"]])
def test_wrong_usage_ends_with_2(run, words: list[str]) -> None:
    assert run(*words)[0] == 2


def test_version_and_help(run) -> None:
    assert run("--version")[1].startswith("quickcount, version ")
    for verb in ("demo", "check", "draw", "project", "report"):
        assert verb in run("--help")[1]
        assert run(verb, "--help")[0] == 0


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (0, "fewer than two returns are in"),
        (1, "fewer than two returns are in"),
        (-1, "returns come from one of 17 strata only"),
    ],
)
def test_too_few_returns_still_project(run, contest: Path, rows: int, why: str) -> None:
    sample = (contest / "out/sample.csv").read_text(encoding="utf-8").splitlines()[1:]
    official = (contest / "official.csv").read_text(encoding="utf-8").splitlines()
    first = sample[0].split(",")
    keep = [line.split(",")[0] for line in sample if line.split(",")[3] == first[3]] if rows < 0 else [first[0]][:rows]
    returns = contest / "few.csv"
    returns.write_text(
        "\n".join([official[0], *(line for line in official if line.split(",")[0] in keep)]) + "\n", encoding="utf-8"
    )
    status, out, _ = run("project", contest, "--returns", returns)
    assert status == 0
    assert out.splitlines()[0].endswith("not enough returns")
    assert why in out

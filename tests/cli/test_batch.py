"""``quickcount batch``: what it says, what it writes, and its exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

RETURNS = "tps_id,votes_1,votes_2,invalid,total\n" + "".join(f"{i:04d},{150 + i},90,2,{242 + i}\n" for i in range(1, 9))
ALL = '[returns]\nasked = "all"\n\n[estimate]\nestimator = "ratio"\n'


@pytest.fixture
def root(make_contest: Callable[..., Path], tmp_path: Path) -> Path:
    for name in ("a", "b"):
        make_contest(returns=RETURNS, extra_toml=ALL).rename(tmp_path / name)
    return tmp_path


@pytest.mark.slow
def test_a_batch_and_the_next(run, root: Path) -> None:
    status, out, err = run("batch", root, "--workers", 2, "--lang", "en", "--json", root / "batch.json")
    assert status == 0, err
    assert out.splitlines() == [
        "2 contests: 2 projected, 0 unchanged, 0 failed",
        f"overview: {root / 'internal/overview.html'}",
    ]
    said = json.loads((root / "batch.json").read_text())
    assert said["schema"] == "batch/1"
    assert said["results"][1] == {
        "contest": "small",
        "folder": "b",
        "state": "computed",
        "take": "b/out/takes/untimed/projection.json",
        "waits": None,
        "done_again": False,
        "error": None,
        "trace": None,
        "pages": [],
    }
    assert '<html lang="en">' in (root / "internal/overview.html").read_text()
    (root / "a/contest.toml").write_text("[")
    status, out, err = run("batch", root, "--json", "-")
    assert status == 1
    assert (json.loads(out)["unchanged"], json.loads(out)["failed"]) == (1, 1)
    assert err.splitlines()[0] == "2 contests: 0 projected, 1 unchanged, 1 failed"
    assert err.splitlines()[1].startswith("a: a/contest.toml: this is not valid TOML (")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--kind", "projection"], 2, "--kind says which pages: give --pages too"),
        (["--workers", "0"], 2, "0 is not in the range x>=1"),
        (["--as-of", "18:30"], 1, "--as-of '18:30' is no time"),
        ([], 1, "no contest.toml is in it or in any folder below"),
    ],
)
def test_wrong_usage(run, tmp_path: Path, words: list[str], status: int, message: str) -> None:
    code, _, err = run("batch", tmp_path, *words)
    assert code == status
    assert message in err

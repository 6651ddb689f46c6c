"""``quickcount report``."""

import json
import shutil
from pathlib import Path

import pytest

from estimation.simulation.showcase import MOMENT


@pytest.fixture
def contest(demo: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo, tmp_path / "situbondo-2024"))


@pytest.mark.slow
def test_a_page_is_made_where_it_belongs(run, contest: Path) -> None:
    status, out, _ = run("report", contest, "--as-of", MOMENT, "--lang", "en")
    page = contest / "out/internal/projection-en.html"
    assert status == 0
    assert out.splitlines() == [
        "Pemilihan Bupati Situbondo 2024: Too close to call", "internal: a demo", f"page: {page}",
    ]  # fmt: skip
    assert (page.parent / "index.html").is_file()
    assert not (contest / "out/reports").exists()


@pytest.mark.slow
def test_a_page_is_verified_and_a_changed_one_ends_with_1(run, contest: Path, tmp_path: Path) -> None:
    run("report", contest, "--as-of", MOMENT, "--lang", "en")
    page = contest / "out/internal/projection-en.html"
    status, out, err = run("report", contest, "--verify", page, "--json", tmp_path / "v.json")
    assert (status, err) == (0, "")
    assert "= share 1 estimate: 0.514646591" in out
    assert out.splitlines()[-1] == "projection-en.html: the page is what its inputs give"
    assert json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))["same"] is True
    page.write_text(page.read_text(encoding="utf-8").replace("51.5", "51.6"), encoding="utf-8")
    status, out, _ = run("report", contest, "--verify", page)
    assert status == 1
    assert "the page says '51.6\\xa0%', the inputs give '51.5\\xa0%'" in out
    assert out.splitlines()[-1] == "projection-en.html: the page is NOT what its inputs give"


def test_a_failing_run_ends_with_1_and_names_the_page_that_says_so(run, contest: Path) -> None:
    (contest / "out/sample.csv").unlink()
    status, _, err = run("report", contest)
    assert status == 1
    assert "there is no sample: draw one with 'quickcount draw" in err
    assert (
        f"the last good page was left as it was, and {contest / 'out/internal/projection-id-error.html'} says so" in err
    )


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (("--kind", "weather"), 2, "'weather' is not one of 'projection', 'design', 'evaluation', 'backtest'"),
        (("--set", "replicates"), 2, "--set replicates: write NAME=VALUE"),
        (("--set", "n=3"), 1, "projection.ipynb has no parameter 'n'"),
        (("--kind", "design", "--as-of", MOMENT), 1, "sample_design.ipynb has no parameter 'as_of'"),
        (("--json", "-"), 2, "--key and --json go with --verify"),
        (("--as-of", "18:30"), 1, "error: --as-of '18:30' is no time"),
        (("--verify", "none.html"), 2, "File 'none.html' does not exist"),
    ],
)
def test_wrong_usage(run, demo: Path, words: tuple[str, ...], status: int, text: str) -> None:
    ended, _, err = run("report", demo, *words)
    assert (ended, text in err) == (status, True)


def test_verify_takes_everything_else_from_the_page(run, demo: Path, tmp_path: Path) -> None:
    (tmp_path / "p.html").write_text("", encoding="utf-8")
    status, _, err = run("report", demo, "--verify", tmp_path / "p.html", "--level", "0.9")
    assert status == 2
    assert "--verify takes all of that from the page" in err
    status, _, err = run("report", demo, "--verify", tmp_path / "p.html")
    assert status == 1
    assert "carries no manifest" in err


def test_the_public_folder_is_shut_by_name_too(run, contest: Path) -> None:
    status, _, err = run("report", contest, "--out", contest / "out/reports")
    assert status == 1
    assert "is the public folder, and this page may not be published yet (a demo)" in err
    assert not (contest / "out/reports").exists()


@pytest.mark.slow
def test_every_kind_is_offered_and_a_pdf_stands_beside(run, contest: Path) -> None:
    pytest.importorskip("weasyprint")
    for kind, words in (("design", ("--set", "replicates=20")), ("evaluation", ("--as-of", MOMENT, "--pdf"))):
        status, out, _ = run("report", contest, "--kind", kind, *words)
        assert status == 0
        assert out.splitlines()[-1] == f"page: {contest / f'out/internal/{kind}-id.html'}"
    assert (contest / "out/internal/evaluation-id.pdf").read_bytes().startswith(b"%PDF")

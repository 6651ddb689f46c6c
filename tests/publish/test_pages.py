"""From a notebook to a page."""

import base64
import hashlib
import json
import os
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from estimation.contest import load_contest
from estimation.errors import ReportError
from estimation.publish import Page, render
from estimation.resources import notebook
from estimation.simulation.showcase import MOMENT

NOW = datetime(2024, 11, 27, 11, 35, 7, tzinfo=UTC)  # 18.35 WIB


@pytest.fixture(scope="module")
def page(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Page:
    out = tmp_path_factory.mktemp("reports")
    return render(load_contest(demo), language="en", out=out, parameters={"as_of": MOMENT}, now=NOW)


@pytest.fixture(scope="module")
def html(page: Page) -> str:
    return page.path.read_text(encoding="utf-8")


def test_the_page_stands_alone(html: str) -> None:
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not re.search(
        r"https?:|//[a-z]|@import|url\((?!#)", html.replace(re.search(r"<script>.*", html, re.DOTALL)[0], "")
    )
    assert not re.search(r"https?:|import|fetch|XMLHttp|eval", re.search(r"<script>.*", html, re.DOTALL)[0])
    assert len(html.encode()) < 600_000


def test_only_our_style_and_script_run_and_the_policy_names_them_by_hash(html: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for element, rule in (("style", "style-src-elem"), ("script", "script-src")):
        (text,) = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert (rules["default-src"], rules["img-src"], rules["base-uri"], rules["form-action"]) == (
        "'none'", "data:", "'none'", "'none'",
    )  # fmt: skip
    data = [f' type="application/json" id="{name}"' for name in ("manifest", "parts")]
    assert re.findall(r"<script([^>]*)>", html) == [*data, ""]
    assert not re.search(r"\son[a-z]+=", html)


def test_the_page_shows_results_and_no_cells(html: str) -> None:
    sections = re.findall(r'<section[^>]* id="(\w+)"', html)
    assert (sections[:3], sections[-2:]) == (["banner", "verdict", "candidates"], ["method", "provenance"])
    assert "def " not in html
    assert "open_projection" not in html


def test_headline_warnings_and_files_beside_it(page: Page) -> None:
    assert page.headline == "Pemilihan Bupati Situbondo 2024: Too close to call"
    document = json.loads((page.path.parent / "projection.json").read_text(encoding="utf-8"))
    assert page.warnings == len(document["warnings"]) == 3
    names = {path.name for path in page.path.parent.iterdir()}
    assert names == {
        "areas.csv", "findings.csv", "officers.csv", "shares.csv", "projection.json",
        "projection-en.html", "projection-en-card.png", "projection-en-parts.zip",
    }  # fmt: skip
    with zipfile.ZipFile(page.path.parent / "projection-en-parts.zip") as parts:
        table = parts.read("candidates.csv").decode()
        picture = parts.read("chart.svg").decode()
    assert table.splitlines()[1] == ('1 Yusuf Rio Wahyu Prayogo – Ulfiyah,51.5\u00a0%,49.7 – 53.2,± 1.7,"38,632"')
    assert picture.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "<title>Dots with 95\u00a0% intervals. Rio–Ulfi 51.5\u00a0%, from 49.7 to 53.2" in picture


@pytest.mark.slow
def test_the_same_inputs_give_the_same_page_but_for_one_line(page: Page, demo: Path, tmp_path: Path) -> None:
    later = NOW.replace(minute=36)
    again = render(load_contest(demo), language="en", out=tmp_path, parameters={"as_of": MOMENT}, now=later)
    first, second = (one.path.read_text(encoding="utf-8").split("\n") for one in (page, again))
    assert len(first) == len(second)
    differing = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    assert differing == [
        tuple(
            f'<p id="rendered">Page made <time datetime="2024-11-27T18:{minute}:07+07:00">27 November 2024, '
            f"18:{minute} WIB</time>. Not signed.</p>"
            for minute in (35, 36)
        )
    ]
    beside = [path for path in page.path.parent.iterdir() if path.suffix in (".png", ".csv", ".zip")]
    same = {path.name: path.read_bytes() for path in beside}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name in same} == same


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A projection notebook whose last cell fails, in place of the real one; gives the folder to write to."""
    failing = nbformat.read(notebook("projection"), as_version=4)
    failing.cells = [*failing.cells[:3], nbformat.v4.new_code_cell("raise RuntimeError('the disk is <full>')")]
    nbformat.write(failing, tmp_path / "projection.ipynb")
    monkeypatch.setattr("estimation.publish.pages.notebook", lambda _: tmp_path / "projection.ipynb")
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_a_failing_notebook_leaves_the_page_and_writes_one_beside_it(demo: Path, broken: Path) -> None:
    (broken / "projection-id.html").write_text("the last good page", encoding="utf-8")
    with pytest.raises(ReportError, match="failed in cell 4: RuntimeError: the disk is <full>\nthe run is kept in"):
        render(load_contest(demo), out=broken, parameters={"as_of": MOMENT}, now=NOW)
    assert (broken / "projection-id.html").read_text(encoding="utf-8") == "the last good page"
    names = {"projection-id-error.html", "projection-id-failed.ipynb", "projection-id.html"}
    assert {path.name for path in broken.iterdir()} == names
    said = (broken / "projection-id-error.html").read_text(encoding="utf-8")
    assert "RuntimeError: the disk is &lt;full&gt;" in said
    assert "Dicoba 27 November 2024 18.35 WIB." in said
    assert '<a href="projection-id.html">' in said


def test_what_failed_is_not_told_in_public(make_contest, broken: Path) -> None:
    contest = load_contest(make_contest())
    about = replace(contest.about, release="public", registration="12/KPU/2024")
    with pytest.raises(ReportError, match="failed in cell"):
        render(replace(contest, about=about), now=NOW)
    public, internal = contest.out / "reports", contest.out / "internal"
    assert [path.name for path in public.iterdir()] == ["projection-id-error.html"]
    assert [path.name for path in internal.iterdir()] == ["projection-id-failed.ipynb"]
    said = (public / "projection-id-error.html").read_text(encoding="utf-8")
    assert "Belum ada halaman sebelumnya." in said
    assert str(contest.folder) not in said
    assert "Error" not in said.replace("RuntimeError", "Error")


@pytest.mark.slow
def test_a_good_page_takes_the_failed_one_away(page: Page, demo: Path, tmp_path: Path) -> None:
    for name in ("projection-en-error.html", "projection-en-failed.ipynb"):
        (tmp_path / name).write_text("old", encoding="utf-8")
    render(load_contest(demo), language="en", out=tmp_path, parameters={"as_of": MOMENT}, now=NOW)
    assert not [path for path in tmp_path.iterdir() if "error" in path.name or "failed" in path.name]


def test_a_parameter_that_the_notebook_does_not_know_is_an_error_before_the_run(demo: Path, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"projection.ipynb has no parameter 'asof': did you mean 'as_of'\?"):
        render(load_contest(demo), out=tmp_path, parameters={"asof": MOMENT})
    assert list(tmp_path.iterdir()) == []


def test_unknown_kind(demo: Path) -> None:
    with pytest.raises(ReportError, match="kind of report 'weather' is unknown: known are projection"):
        render(load_contest(demo), kind="weather")


def test_the_manifest_names_no_path_of_this_machine(html: str, demo: Path) -> None:
    assert str(demo) not in html
    assert os.environ.get("HOME", "/root") not in html

"""From a notebook to a page."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from estimation.contest import load_contest
from estimation.errors import ReportError
from estimation.publish import render
from estimation.resources import notebook
from estimation.simulation.showcase import MOMENT


@pytest.fixture(scope="module")
def page(demo: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("reports")
    return render(load_contest(demo), language="en", out=out, parameters={"as_of": MOMENT})


def test_the_page_stands_alone(page) -> None:
    html = page.path.read_text(encoding="utf-8")
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not re.search(r"https?:|//[a-z]", html)
    assert "<script" not in html
    assert "default-src &#39;none&#39;" in html or "default-src 'none'" in html
    assert len(html.encode()) < 600_000


def test_the_page_has_its_sections_in_order(page) -> None:
    html = page.path.read_text(encoding="utf-8")
    assert re.findall(r'<section[^>]* id="(\w+)"', html) == [
        "banner", "verdict", "candidates", "chart", "lead", "turnout", "progress", "problems", "methods", "method",
        "provenance",
    ]  # fmt: skip
    assert "def " not in html
    assert "open_projection" not in html


def test_headline_warnings_and_files_beside_it(page) -> None:
    assert page.headline == "Pemilihan Bupati Situbondo 2024: Too close to call"
    document = json.loads((page.path.parent / "projection.json").read_text(encoding="utf-8"))
    assert page.warnings == len(document["warnings"]) == 3
    assert sorted(path.name for path in page.path.parent.iterdir()) == [
        "areas.csv", "findings.csv", "projection-en.html", "projection.json", "shares.csv",
    ]  # fmt: skip


def test_the_same_inputs_give_the_same_page_but_for_its_time(page, demo: Path, tmp_path: Path) -> None:
    again = render(load_contest(demo), language="en", out=tmp_path, parameters={"as_of": MOMENT})
    first, second = (re.sub(r'<p id="rendered">.*', "", p.path.read_text(encoding="utf-8")) for p in (page, again))
    assert first == second


def test_a_failing_notebook_leaves_the_page(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = nbformat.read(notebook("projection"), as_version=4)
    broken.cells[-1].source = "raise RuntimeError('the disk is full')"
    nbformat.write(broken, tmp_path / "projection.ipynb")
    monkeypatch.setattr("estimation.publish.pages.notebook", lambda _: tmp_path / "projection.ipynb")
    out = tmp_path / "out"
    out.mkdir()
    (out / "projection-id.html").write_text("the last good page", encoding="utf-8")
    with pytest.raises(ReportError, match="RuntimeError: the disk is full"):
        render(load_contest(demo), out=out, parameters={"as_of": MOMENT})
    assert (out / "projection-id.html").read_text(encoding="utf-8") == "the last good page"
    assert sorted(path.name for path in out.iterdir()) == ["projection-id-failed.ipynb", "projection-id.html"]


def test_a_parameter_that_the_notebook_does_not_know_is_an_error_before_the_run(demo: Path, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"projection.ipynb has no parameter 'asof': did you mean 'as_of'\?"):
        render(load_contest(demo), out=tmp_path, parameters={"asof": MOMENT})
    assert list(tmp_path.iterdir()) == []


def test_unknown_kind(demo: Path) -> None:
    with pytest.raises(ReportError, match="kind of report 'weather' is unknown: known are projection"):
        render(load_contest(demo), kind="weather")

"""Every kind of page in a real browser: no error, no request, no sideways scroll, tables that sort, nobody shut out."""

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely

from estimation.contest import load_contest
from estimation.frame import load_frame
from estimation.projection import make_take
from estimation.publish import render
from estimation.simulation.showcase import MOMENT

pytestmark = pytest.mark.slow

NOW = datetime(2024, 11, 27, 11, 40, tzinfo=UTC)
PARAMETERS = {
    "projection": {"as_of": MOMENT},
    "design": {"replicates": 20},
    "backtest": {"replicates": 20, "estimators": "multilevel,ratio", "received": "0.1,0.5,1"},
    "evaluation": {"as_of": MOMENT},
}
PAGES = [*((kind, "id") for kind in PARAMETERS), ("projection", "en"), ("index", "id")]
PAPER = 673  # pixels of A4 between margins of 16 mm
WIDTHS = {390: "narrow", 1280: "wide", PAPER: "wide"}  # a telephone, a desk, A4


def outline(i: int, name: str) -> dict[str, object]:
    """Lay an area out on a grid of six columns."""
    square = shapely.box(113.8 + 0.1 * (i % 6), -7.9 + 0.1 * (i // 6), 113.9 + 0.1 * (i % 6), -7.8 + 0.1 * (i // 6))
    return {"type": "Feature", "properties": {"WADMKC": name}, "geometry": json.loads(shapely.to_geojson(square))}


@pytest.fixture(scope="module")
def made(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Make each page once: ``made(kind, language)`` gives its file."""
    folder = shutil.copytree(demo, tmp_path_factory.mktemp("browser") / "situbondo-2024")
    contest, middle = load_contest(folder), datetime.fromisoformat(MOMENT)
    for hours in (-3, -2, -1, 0):
        make_take(contest, as_of=middle + timedelta(hours=hours))
    names = [path[2] for path in load_frame(contest).areas("district").paths]
    drawn = {"type": "FeatureCollection", "features": [outline(i, name) for i, name in enumerate(names)]}
    outlines = folder / "boundaries.geojson"
    done: dict[tuple[str, str], Path] = {}

    def make(kind: str, language: str) -> Path:
        if kind == "index":
            make("projection", "id")
            return contest.out / "internal/index.html"
        if (kind, language) not in done:
            outlines.unlink(missing_ok=True)
            if language == "en":  # one page with a map, the others with tiles
                outlines.write_text(json.dumps(drawn), encoding="utf-8")
            done[kind, language] = render(
                contest, kind=kind, language=language, parameters=PARAMETERS[kind], now=NOW
            ).path
        return done[kind, language]

    return make


@pytest.mark.parametrize(("kind", "language"), PAGES)
def test_a_page_in_a_browser(browser: Any, made: Callable[[str, str], Path], kind: str, language: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    path = made(kind, language)
    page = browser.new_page()
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(path.as_uri())
    if kind == "projection":
        assert page.locator("#areas figure").count() == (language == "en")
    for width, shape in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media="print" if width == PAPER else "screen")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
        figures = page.locator("figure[role=img]")
        for i in range(figures.count()):
            assert figures.nth(i).locator(f".only-{shape}").is_visible()
            assert figures.nth(i).get_attribute("aria-label")
        assert _smallest_letters(page) >= 11
        if width != PAPER:
            found = Axe().run(page).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.lang") == language
    assert (requests, messages) == ([path.as_uri()], [])
    page.close()


def _smallest_letters(page: Any) -> float:
    """Measure the lowest text in a picture, in pixels."""
    return float(
        page.evaluate(
            "Math.min(99, ...[...document.querySelectorAll('figure svg text')].filter(t => t.getClientRects().length)"
            ".map(t => t.getBoundingClientRect().height))"
        )
    )


def column(page: Any, section: str, number: int) -> list[str]:
    return page.evaluate(
        f"[...document.querySelectorAll('#{section} table')].slice(0, 1).flatMap(t => [...t.tBodies[0].rows])"
        f".map(r => r.cells[{number}].textContent.trim())"
    )


def test_tables_sort_by_mouse_and_keyboard(browser: Any, made: Callable[[str, str], Path]) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(made("projection", "id").as_uri())
    before = column(page, "areas", 0)
    heads = page.locator("#areas thead th")
    heads.nth(2).get_by_role("button").click()
    shares = [float(text.split("\u00a0%")[0].replace(",", ".")) for text in column(page, "areas", 2)]
    assert shares == sorted(shares, reverse=True)
    assert heads.nth(2).get_attribute("aria-sort") == "descending"
    heads.nth(0).get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert column(page, "areas", 0) == sorted(before)
    page.keyboard.press("Enter")
    assert column(page, "areas", 0) == sorted(before, reverse=True)
    assert heads.nth(0).get_attribute("aria-sort") == "descending"
    assert heads.nth(2).get_attribute("aria-sort") is None
    page.close()


def test_without_script_the_page_has_everything(browser: Any, made: Callable[[str, str], Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(made("projection", "id").as_uri())
    assert page.locator("#areas tbody tr").count() == 17
    assert page.locator("thead button").count() == 0
    assert page.locator("#candidates .share").first.inner_text() == "51,5\u00a0%"
    context.close()


def test_a_screen_makes_itself_new_until_it_is_told_to_wait(browser: Any, made: Callable[[str, str], Path]) -> None:
    page = browser.new_page()
    page.clock.install(time=NOW)
    loads: list[str] = []
    page.on("load", lambda: loads.append("load"))
    page.goto(made("index", "id").as_uri())
    assert page.locator("[data-age]").inner_text() == "10 menit yang lalu"
    with page.expect_event("load"):
        page.clock.run_for(31_000)
    assert len(loads) == 2
    page.locator("[data-refresh]").click()
    assert page.locator("[data-refresh]").inner_text() == "Lanjut"
    page.clock.run_for(120_000)
    assert len(loads) == 2
    page.close()


def test_a_page_on_paper(browser: Any, made: Callable[[str, str], Path]) -> None:
    page = browser.new_page()
    page.goto(made("projection", "id").as_uri())
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert 5 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) <= 12
    page.close()

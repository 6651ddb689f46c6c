"""The page in a real browser, at three widths: no error, no request, no sideways scroll, the right language."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estimation.contest import load_contest
from estimation.publish import render
from estimation.simulation.showcase import MOMENT

pytestmark = pytest.mark.slow

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module", params=["id", "en"])
def page_file(request: pytest.FixtureRequest, demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pages")
    return render(load_contest(demo), language=request.param, out=out, parameters={"as_of": MOMENT}).path


@pytest.mark.parametrize(("width", "kind"), [(390, "narrow"), (1280, "wide"), (794, "wide")])
def test_a_page_in_a_browser(browser: Any, page_file: Path, width: int, kind: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(page_file.as_uri())
    assert requests == [page_file.as_uri()]
    assert messages == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.lang") == page_file.stem.rsplit("-", 1)[1]
    assert page.locator(f"#chart .only-{kind}").is_visible()
    figures = page.locator("figure[role=img]")
    assert figures.count() == 2
    assert all(figures.nth(i).get_attribute("aria-label") for i in range(2))
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('figure svg text')].filter(t => t.getClientRects().length)"
        ".map(t => t.getBoundingClientRect().height))"
    )
    assert smallest >= 11
    page.close()


def test_a_page_on_paper(browser: Any, page_file: Path, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(page_file.as_uri())
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert 2 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") + pdf.count(b"/Type /Page/") <= 6
    page.close()

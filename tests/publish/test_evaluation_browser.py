"""The evaluation page in a real browser: no error, no request, no sideways scroll, every figure in its width."""

import shutil
from pathlib import Path

import pytest

from estimation.contest import load_contest
from estimation.publish import render
from estimation.simulation.showcase import MOMENT

pytestmark = pytest.mark.slow

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_page_in_a_browser(demo: Path, tmp_path: Path, language: str) -> None:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    contest = load_contest(demo)
    made = render(contest, kind="evaluation", language=language, out=tmp_path, parameters={"as_of": MOMENT}).path
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        for width, kind in ((390, "narrow"), (1280, "wide")):
            page, requests, messages = browser.new_page(viewport={"width": width, "height": 900}), [], []
            page.on("request", lambda request, seen=requests: seen.append(request.url))
            page.on("console", lambda message, seen=messages: seen.append(message.text))
            page.goto(made.as_uri())
            assert (requests, messages) == ([made.as_uri()], [])
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for name in ("split", "areas"):
                assert page.locator(f"#{name} .only-{kind}").is_visible()
            smallest = page.evaluate(
                "Math.min(...[...document.querySelectorAll('figure svg text')].filter(t => t.getClientRects().length)"
                ".map(t => t.getBoundingClientRect().height))"
            )
            assert smallest >= 11
        browser.close()

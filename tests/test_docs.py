"""The documentation is built without a warning, says what the code says, and needs no network to be read."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest
from sphinx.errors import ExtensionError

from estimation.cli import cli
from estimation.rules import RULES

ROOT = Path(__file__).parents[1]
NAMESPACES = ("xmlns", "xmlns:xlink")


class _Page(HTMLParser):
    """Collects what a page's attributes point at, its anchors, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.values += [value or "" for name, value in attrs if name not in NAMESPACES]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("docs")
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", str(target / "trees"),
         str(ROOT / "docs"), str(target / "site")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return target / "site"


def test_no_page_points_outside(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    outside = [
        f"{page.relative_to(site)}: {value}"
        for page in pages
        for value in _read(page).values
        if re.match(r"\s*(?:[a-z]+:)?//|\s*(?:https?|mailto|ftp):", value, re.IGNORECASE)
    ]
    assert len(pages) > 20
    assert outside == []


def test_no_style_loads_from_outside(site: Path) -> None:
    loaded = [
        address
        for style in site.rglob("*.css")
        for address in re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')\s]+)", style.read_text(encoding="utf-8"))
    ]
    assert [address for address in loaded if "//" in address and not address.startswith("data:")] == []


@pytest.mark.parametrize("verb", cli.list_commands(click.Context(cli)))
def test_every_verb_has_all_its_options(site: Path, verb: str) -> None:
    text = "".join(_read(site / "reference" / "command.html").text)
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
    assert f"quickcount {verb}" in text
    assert [option for option in options if option not in text] == []


def test_every_rule_stands_there_in_both_languages(site: Path) -> None:
    text = "".join(_read(site / "reference" / "rules.html").text)
    assert [code for code in RULES if code not in text] == []
    assert "tps_id muncul di beberapa baris" in text
    assert "the tps_id stands in several rows" in text


def test_the_keys_follow_the_tables(site: Path) -> None:
    text = "".join(_read(site / "reference" / "contest.html").text)
    for words in ("publish_after", "call_error", "number (> 0, < 0.5)", "0.001"):
        assert words in text


GUIDED = [
    pytest.param(line, id=f"{page.stem}-{line[11:50]}")
    for page in sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"])
    for block in re.findall(r"```\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("quickcount ")
]


@pytest.mark.parametrize("line", GUIDED)
def test_a_command_of_the_guides_can_be_typed(line: str) -> None:
    _, verb, *words = shlex.split(line)
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None, f"{verb} is no verb"
    names = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    assert [word for word in words if word.startswith("--") and word not in names] == []


def test_the_guides_hold_commands() -> None:
    assert len(GUIDED) > 15


def test_a_key_without_a_meaning_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("generated", ROOT / "docs" / "_ext" / "generated.py")
    assert spec is not None
    assert spec.loader is not None
    generated = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generated)
    meanings = (ROOT / "docs" / "contest_keys.toml").read_text(encoding="utf-8")
    changed = meanings.replace("\ncall_error =", "\ncall_errors =")
    (tmp_path / "contest_keys.toml").write_text(changed, encoding="utf-8")
    monkeypatch.setattr(generated, "_HERE", tmp_path / "_ext")
    with pytest.raises(ExtensionError, match=r"\[estimate\] call_error has no meaning; \[estimate\] call_errors is no"):
        generated.contest_keys()

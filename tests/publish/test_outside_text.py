"""What comes from outside is text: markup, quotes, letters from the right, emoji, signs that turn a line."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from estimation.publish import Part, ProjectionReport
from estimation.words import isolated

NAMES = (
    "<script>alert('1')</script>",
    'Siti "Ani" & co <b>',
    "محمد علي",
    "Gita 🎉 $x^2$ {w} %s",
    "Hadi \u202elive\u2069 \u200f",
    "Naïve – Ni Made",
)
AREA = '"><img src=x onerror=alert(1)>'


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.handlers: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def parts(
    tmp_path_factory: pytest.TempPathFactory,
    lay_night: Callable[..., Path],
    night_report: Callable[..., ProjectionReport],
) -> list[Part]:
    more = f"sponsor = '''{NAMES[0]}'''"
    folder = lay_night(tmp_path_factory.mktemp("n"), (0.3, 0.25, 0.2, 0.12, 0.08, 0.05), names=NAMES, more=more)
    for path in (folder / "frame.csv", folder / "out" / "sample.csv"):
        path.write_text(path.read_text(encoding="utf-8").replace("UTARA", '"' + AREA.replace('"', '""') + '"'))
    rows = (folder / "inbox" / "returns.csv").read_text(encoding="utf-8").replace("P-05", "<i>P</i>")
    (folder / "inbox" / "returns.csv").write_text(rows + "<u>x</u>,,1,1,1,1,1,1,1,7,a,b\n", encoding="utf-8")
    return night_report(folder, "id").parts()


@pytest.mark.slow
def test_no_tag_comes_from_outside(parts: list[Part]) -> None:
    page = "".join(part.html for part in parts)
    tags = _Tags()
    tags.feed(page)
    assert not tags.seen & {"script", "img", "u"}
    assert page.count("<b>") == page.count("</b>")  # ours
    assert not tags.handlers
    said = "".join(tags.text)
    for name in (*NAMES[:4], NAMES[5]):
        assert name in said
    assert AREA in said
    assert "<u>x</u>" in said


@pytest.mark.slow
def test_signs_that_turn_a_line_are_left_out_and_letters_from_the_right_shut_in(parts: list[Part]) -> None:
    page = "".join(part.html + part.text for part in parts)
    assert "\u202e" not in page
    assert page.count("\u2068") == page.count("\u2069") > 0
    assert "\u2068محمد علي\u2069" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Rio–Ulfi", "Rio–Ulfi"),
        ("a\u202eb\u2066", "ab"),
        ("x\x00\x1by", "xy"),
        ("عمر", "\u2068عمر\u2069"),
        ("\u2068عمر\u2069 leads", "\u2068عمر\u2069 leads"),
        ("\u2068abc", "abc"),
        ("🎉", "🎉"),
    ],
)
def test_isolated(text: str, shown: str) -> None:
    assert isolated(text) == shown
    assert isolated(shown) == shown

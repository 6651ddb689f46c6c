"""Parts keep their data: read again they are the same, and what a page carries of them is what it shows."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from estimation.errors import ReportError
from estimation.publish import Part, ProjectionReport
from estimation.publish.archive import files_of
from estimation.publish.executed import body_of, json_of, parts_of
from estimation.publish.figures import Figure
from estimation.publish.page_table import Count, Filled, PageTable, RuleText, Shown, Where, Who, cell_text
from estimation.publish.part import MIME, Section, picture, table, to_data
from estimation.publish.part_data import from_data, replaced
from estimation.publish.sight import TextDifference, text_differences

PICTURE = Figure({"wide": '<svg viewBox="0 0 8 4" x="1"><text>5.1</text></svg>', "narrow": "<svg></svg>"}, "A & <b>")


class _Text(HTMLParser):
    """Gives what a reader sees or hears."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += "".join(f" {value}" for name, value in attrs if name == "aria-label")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def parts(
    tmp_path_factory: pytest.TempPathFactory,
    lay_night: Callable[..., Path],
    night_report: Callable[..., ProjectionReport],
) -> list[Part]:
    more = {"rule": "single-candidate", "names": ("Satria & <b>", "Kolom kosong")}
    return night_report(lay_night(tmp_path_factory.mktemp("night"), (0.56, 0.44), **more), "en").parts()


def test_a_part_read_from_its_data_is_the_same(parts: list[Part]) -> None:
    for part in parts:
        again = from_data(json.loads(json.dumps(to_data(part))))
        assert (type(again), again.html, to_data(again)) == (type(part), part.html, to_data(part))
    assert len({type(part) for part in parts}) >= 10


def test_what_a_page_carries_is_what_it_shows_without_pictures(parts: list[Part]) -> None:
    text = json_of(parts)
    assert "<" not in text
    assert "svg viewBox" not in text
    for part in parts:
        texts: list[str] = []
        replaced(to_data(part, pictures=False), lambda _, text, picture, keep=texts.append: keep(text))
        formulas = {one.source for one in getattr(part, "formulas", ())}  # shown set, and stored as they are written
        seen = _Text(part.html).text
        assert [text for text in {*texts} - formulas if text not in seen] == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"is": "Path", "name": "x"}, "no data of a part of a page: 'Path'"),
        ({"is": "Section", "name": "x"}, "missing 1 required positional argument: 'heading'"),
        ({"is": "Section", "name": "x", "heading": "h", "more": ""}, "unexpected keyword argument 'more'"),
        ({"is": "Section", "name": "x", "heading": 7}, "Section with another heading"),
        (
            {"is": "Section", "name": "x", "heading": "h", "table": {"is": "PageTable", "header": [], "rows": ["a"]}},
            "rows",
        ),
        ({"is": "Section", "name": "x", "heading": "h", "figure": {"is": "Figure", "svg": {}, "alt": None}}, "alt"),
    ],
)
def test_other_data_are_no_part(data: object, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        from_data(data)


def test_what_else_a_notebook_shows_is_a_part_and_plain_text_is_escaped() -> None:
    ours = table("t", "Heading", ["a", "b"], [["x", "1"]])
    outputs = [
        {"metadata": {MIME: to_data(ours)}, "data": {"text/html": ours.html, "text/plain": ours.text}},
        {"data": {"text/plain": "'<b>'"}},
        {"data": {"text/html": "<table>frame</table>", "text/plain": "frame"}},
        {"data": {"image/png": "iVBO\n", "text/plain": "<Figure>"}},
        {"data": {"image/svg+xml": "<svg/>"}},
        {"metadata": {MIME: to_data(Part("nothing"))}, "data": {"text/html": ""}},
    ]
    cells = [nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", **one)]) for one in outputs]
    unseen = nbformat.v4.new_code_cell(outputs=cells[1].outputs, metadata={"tags": ["unseen"]})
    prose = nbformat.v4.new_markdown_cell("# Prose")
    parts = parts_of(nbformat.v4.new_notebook(cells=[prose, unseen, *cells]))
    assert parts[0] == ours
    assert [part.html.removeprefix('<div class="foreign">').removesuffix("</div>") for part in parts[1:]] == [
        "<pre>&#39;&lt;b&gt;&#39;</pre>",
        "<table>frame</table>",
        '<img alt="" src="data:image/png;base64,iVBO">',
        '<img alt="" src="data:image/svg+xml;base64,PHN2Zy8+">',
    ]
    assert body_of(parts).startswith(ours.html)
    assert "frame" not in json_of(parts)


def test_files_beside_a_page_have_what_the_cells_show() -> None:
    cells = (
        Shown("5 %", "4 – 6"),
        Who("1", "Ani", "#fff", "empty"),
        Where("A", "B"),
        Filled("1 / 2", 50.0),
        Count("3"),
    )
    assert [cell_text(cell) for cell in cells] == ["5 % 4 – 6", "1 Ani (empty)", "A B", "1 / 2", "3"]
    assert cell_text(RuleText("Means", "first 1", ("x", "y"))) == "Means first 1 x y"
    assert cell_text(Shown("–", "–")) == "–"
    first = picture("t", "H", PICTURE, header=["a", "b"], rows=[["=1", " 2\u00a0 "]])
    files = files_of([first, table("t", "H", ["a"], [["x"]]), Section("u", "H", ("only words",))])
    assert list(files) == ["t.svg", "t.csv", "t-2.csv"]
    assert files["t.csv"].decode().splitlines() == ["a,b", "'=1,2\u00a0"]
    assert b'viewBox="0 0 8 4" width="8" height="4"' in files["t.svg"]
    assert b"<title>A &amp; &lt;b&gt;</title><text>5.1</text></svg>" in files["t.svg"]


@pytest.fixture
def shown() -> Section:
    rows = [["Ani", Shown("51.3 %", "49.0 – 53.6"), "7"], ["Budi & co", Shown("48.7 %", "46.4 – 51.0"), "7"]]
    return picture("shares", "Shares", PICTURE, header=["who", "share", "seats"], rows=rows, intro=["Two of them."])


def around(body: str) -> str:
    return f'<body>\n<p>Head</p>\n<main id="main">\n{body}\n</main>\n<footer>\n<p>made 18:30</p>\n</footer>'


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        (">51.3 %<", ">52.3 %<", [("shares, Ani, share", "52.3 %", "51.3 %")]),
        ("49.0 – 53.6", "50.1 – 53.6", [("shares, Ani, share", "50.1 – 53.6", "49.0 – 53.6")]),
        ("Budi &amp; co", "Budi &amp; sons", [("shares, Budi & co, who", "Budi & sons", "Budi & co")]),
        ('7</td></tr>\n<tr><th scope="row">Budi', '9</td></tr>\n<tr><th scope="row">Budi',
         [("shares, Ani, seats", "9", "7")]),
        (">who<", ">whom<", [("shares, heading", "whom", "who")]),
        ("Two of them.", "Three of them.", [("shares", "Three of them.", "Two of them.")]),
        ("A &amp; &lt;b&gt;", "B", [("shares, description", "B", "A & <b>")]),
        ("<text>5.1</text>", "<text>6.1</text>", [("shares, picture", "6.1", "5.1")]),
        ('x="1"', 'x="2"', []),
        ("<p>Two of them.</p>\n", "<p>Two of them.</p>\n<p>One leads.</p>\n", [("shares", "<p>One leads.</p>", "")]),
        ("<p>Two of them.</p>\n", "", [("shares", "", "Two of them.")]),
        ("made 18:30", "made 18:31", [("page", "made 18:31", "made 18:30")]),
    ],
)  # fmt: skip
def test_what_a_page_shows_otherwise_is_named(shown: Section, old: str, new: str, difference: list) -> None:
    page = around(shown.html)
    assert page.count(old) == 1
    made = text_differences(page.replace(old, new), page, [shown])
    assert list(made) == [TextDifference(*one) for one in difference]
    assert list(text_differences(page, page, [shown])) == []


def test_pictures_that_are_blank_are_not_looked_at(shown: Section) -> None:
    page, blank = around(shown.html), from_data(to_data(shown, pictures=False))
    assert list(text_differences(page, page, [blank])) == []
    assert list(text_differences(page.replace(">51.3 %<", ">52.3 %<"), page, [blank])) == [
        TextDifference("shares, Ani, share", "52.3 %", "51.3 %")
    ]


def test_a_part_of_data_that_are_not_whole_is_an_error(shown: Section) -> None:
    bad = Section("shares", "Shares", table=PageTable(("a",), (("x",),), "owed"))
    with pytest.raises(ReportError, match="the data of the part 'shares' in the page are not whole"):
        list(text_differences(around(shown.html), around(shown.html), [bad]))

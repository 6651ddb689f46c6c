"""A piece of a page: what it says in words, and the same for the page."""

from dataclasses import dataclass

from estimation.publish.figures import Figure
from estimation.publish.template import render_part
from estimation.publish.words import Words

PALETTE = ("#1F5FA8", "#B4501E", "#2E7D4F", "#7A4E9E", "#8A6D00", "#A8325E", "#2B7C86", "#6B5B4B", "#555555")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a page.

    Attributes
    ----------
    name : str
        Its anchor on the page.
    text : str
        What it says, in words; a notebook's test compares it.
    html : str
        The same for the page.
    """

    name: str
    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


@dataclass(frozen=True, slots=True)
class Shown:
    """An estimate as a page writes it."""

    value: str
    interval: str
    margin: str


def picture(
    words: Words,
    name: str,
    heading: str,
    figure: Figure,
    *,
    header: list[str] | None = None,
    rows: list[list[str]] | None = None,
    caption: str = "",
) -> Part:
    """Make a part of a figure; its words are the alternative text, which states the finding, and a table's rows.

    Parameters
    ----------
    header, rows : list, optional
        A table of what is drawn.
    caption : str
        How to read the picture, below it.
    """
    html = render_part(
        "figure",
        w=words,
        name=name,
        heading=heading,
        figure=figure,
        header=header or [],
        rows=rows or [],
        caption=caption,
    )
    lines = [figure.alt, *(" | ".join(row) for row in [header or [], *(rows or [])] if row)]
    return Part(name, "\n".join(lines), html)


def table(
    words: Words,
    name: str,
    heading: str,
    header: list[str],
    rows: list[list[str]],
    *,
    intro: list[str] | None = None,
    caption: str = "",
) -> Part:
    """Make a part of a table: the first column names the row, the others are figures.

    Parameters
    ----------
    header, rows : list
        As the page's readers write them; a row of one cell names the group of rows below it.
    intro : list of str, optional
        Sentences above it.
    caption : str
        A remark below it.
    """
    lines = [*(intro or []), *(" | ".join(row) for row in [header, *rows])]
    html = render_part(
        "table", w=words, name=name, heading=heading, header=header, rows=rows, intro=intro or [], caption=caption
    )
    return Part(name, "\n".join(lines), html)

"""A piece of a page: what it says in words, and the same for the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from estimation.publish.figures import Figure
from estimation.publish.template import render_part
from estimation.words import Words

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

    def __str__(self) -> str:
        return self.value if self.value == "–" else f"{self.value} ({self.interval})"


Cell = str | Shown  # of a table: text, or a value with its interval in small letters


@dataclass(frozen=True, slots=True)
class Check:
    """A look at whether something is as it should be.

    Attributes
    ----------
    name : str
        As the page's readers know it.
    passed : bool or None
        None where nothing can be said.
    header, rows : tuple
        The numbers behind it.
    text : str
        What a person would say of it.
    figure : Figure or None
    """

    name: str
    passed: bool | None
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    text: str
    figure: Figure | None = None

    @property
    def key(self) -> str:
        """Its outcome in a word: ``passed``, ``failed``, ``open``."""
        return {True: "passed", False: "failed", None: "open"}[self.passed]


def picture(
    words: Words,
    name: str,
    heading: str,
    figure: Figure,
    *,
    header: Sequence[str] | None = None,
    rows: Sequence[Sequence[Cell]] | None = None,
    intro: Sequence[str] | None = None,
    caption: str = "",
) -> Part:
    """Make a part of a figure; its words are the alternative text, which states the finding, and a table's rows.

    Parameters
    ----------
    header, rows : sequence, optional
        A table of what is drawn.
    intro : sequence of str, optional
        Sentences above it.
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
        intro=intro or [],
        caption=caption,
    )
    said = [figure.alt] if " ".join(intro or []) != figure.alt else []
    return Part(name, "\n".join([*(intro or []), *said, *lines_of(header or [], rows or [])]), html)


def table(
    words: Words,
    name: str,
    heading: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    intro: Sequence[str] | None = None,
    caption: str = "",
) -> Part:
    """Make a part of a table: the first column names the row, the others are figures.

    Parameters
    ----------
    header, rows : sequence
        As the page's readers write them; a row of one cell names the group of rows below it.
    intro : sequence of str, optional
        Sentences above it.
    caption : str
        A remark below it.
    """
    html = render_part(
        "table", w=words, name=name, heading=heading, header=header, rows=rows, intro=intro or [], caption=caption
    )
    return Part(name, "\n".join([*(intro or []), *lines_of(header, rows)]), html)


def lines_of(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Lay a table out in words, a line for each row."""
    return [" | ".join(map(str, row)) for row in [header, *rows] if row]

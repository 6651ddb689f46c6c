"""Tables of a page, and the kinds of their cells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_BLANKS = re.compile(r"[ \n]+")  # a narrow or unbroken blank is meant
_HIDDEN = {"shown": False}  # of a field: used for words alone, and not in the page's data


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell with an estimate as a page writes it."""

    value: str
    interval: str
    margin: str = field(default="", metadata=_HIDDEN)

    def __str__(self) -> str:
        return self.value if self.value == "–" else f"{self.value} ({self.interval})"


@dataclass(frozen=True, slots=True)
class Who:
    """A cell with a candidate: number, colour, name; a remark; what a telephone shows below; the short name."""

    number: str
    name: str
    color: str
    note: str = ""
    below: str = ""
    label: str = field(default="", metadata=_HIDDEN)

    def __str__(self) -> str:
        return f"{self.number} {self.name} ({self.note})" if self.note else f"{self.number} {self.name}"


@dataclass(frozen=True, slots=True)
class Where:
    """A cell with the name of an area or an officer, and what is above."""

    name: str
    above: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.above}" if self.above else self.name


@dataclass(frozen=True, slots=True)
class Filled:
    """A cell with a bar that is filled to so many percent, and the same in figures."""

    text: str
    width: float

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Count:
    """A cell with a count; ``sentence`` says it in words, blank where there is nothing to say."""

    text: str
    sentence: str = field(default="", metadata=_HIDDEN)
    marked: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class RuleText:
    """A cell with what a rule means, and the first places where it was broken, which open on demand."""

    text: str
    summary: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join([self.text, self.summary, *self.places])


Cell = str | Shown | Who | Where | Filled | Count | RuleText


def cell_text(cell: Cell) -> str:
    """Give the text of a cell as it is shown, in one line."""
    text = f"{cell.value} {cell.interval}" if isinstance(cell, Shown) and cell.value != "–" else str(cell)
    return _BLANKS.sub(" ", text).strip(" \n")


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table: the first column names the row; a row of one cell names the group of rows below it.

    Attributes
    ----------
    header : tuple of str
    rows : tuple of tuples of cells
    style : str
        ``figures``, ``candidates``, ``owed`` or ``rules``: how the page lays it out.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    style: str = "figures"

    @classmethod
    def of(cls, header: Sequence[str], rows: Sequence[Sequence[Cell]], style: str = "figures") -> "PageTable":
        """Make a table of any sequences."""
        return cls(tuple(header), tuple(tuple(row) for row in rows), style)

    @property
    def lines(self) -> list[str]:
        """The table in words, a line for each row."""
        return [" | ".join(map(str, row)) for row in [self.header, *self.rows] if row]

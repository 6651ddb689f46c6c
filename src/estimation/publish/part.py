"""Parts of a page: what each shows, as data; page, paper, archive, words and checks all read the same part."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar

from estimation.errors import ReportError
from estimation.publish.figures import Figure
from estimation.publish.formulas import Formula
from estimation.publish.template import render_part

MIME = "application/vnd.quickcount.part+json"  # under which a notebook's output carries a part's data
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

    @property
    def shown(self) -> str:
        """The text of the cell."""
        return self.value if self.value == "–" else f"{self.value} {self.interval}"


@dataclass(frozen=True, slots=True)
class Who:
    """A cell with a candidate: number, colour, name; a remark; what a telephone shows below; the short name."""

    number: str
    name: str
    color: str
    note: str = ""
    below: str = ""
    label: str = field(default="", metadata=_HIDDEN)

    @property
    def shown(self) -> str:
        """The text of the cell."""
        return f"{self.number} {self.name} ({self.note})" if self.note else f"{self.number} {self.name}"


@dataclass(frozen=True, slots=True)
class Where:
    """A cell with the name of an area or an officer, and what is above."""

    name: str
    above: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.above})" if self.above else self.name

    @property
    def shown(self) -> str:
        """The text of the cell."""
        return f"{self.name} {self.above}" if self.above else self.name


@dataclass(frozen=True, slots=True)
class Filled:
    """A cell with a bar that is filled to so many percent, and the same in figures."""

    text: str
    width: float

    @property
    def shown(self) -> str:
        """The text of the cell."""
        return self.text


@dataclass(frozen=True, slots=True)
class Count:
    """A cell with a count; ``sentence`` says it in words, blank where there is nothing to say."""

    text: str
    sentence: str = field(default="", metadata=_HIDDEN)
    marked: bool = False

    @property
    def shown(self) -> str:
        """The text of the cell."""
        return self.text


@dataclass(frozen=True, slots=True)
class Rule:
    """A cell with what a rule means, and the first places where it was broken, which open on demand."""

    text: str
    summary: str
    places: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The text of the cell."""
        return " ".join([self.text, self.summary, *self.places])


Cell = str | Shown | Who | Where | Filled | Count | Rule


def cell_text(cell: Cell) -> str:
    """Give the text of a cell as it is shown, in one line."""
    return _BLANKS.sub(" ", cell if isinstance(cell, str) else cell.shown).strip(" \n")


@dataclass(frozen=True, slots=True)
class Table:
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
    def of(cls, header: Sequence[str], rows: Sequence[Sequence[Cell]], style: str = "figures") -> "Table":
        """Make a table of any sequences."""
        return cls(tuple(header), tuple(tuple(row) for row in rows), style)

    @property
    def lines(self) -> list[str]:
        """The table in words, a line for each row."""
        return [" | ".join(map(str, row)) for row in [self.header, *self.rows] if row]


@dataclass(frozen=True, slots=True)
class Check:
    """A look at whether something is as it should be.

    Attributes
    ----------
    name : str
        As the page's readers know it.
    passed : bool or None
        None where nothing can be said.
    outcome : str
        The same in a word of the page's language.
    header, rows : tuple
        The numbers behind it.
    text : str
        What a person would say of it.
    figure : Figure or None
    """

    name: str
    passed: bool | None
    outcome: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    text: str
    figure: Figure | None = None

    @property
    def key(self) -> str:
        """Its outcome in a word: ``passed``, ``failed``, ``open``."""
        return {True: "passed", False: "failed", None: "open"}[self.passed]

    @property
    def table(self) -> Table:
        """The numbers behind it."""
        return Table(self.header, self.rows)


@dataclass(frozen=True, slots=True)
class AreaTile:
    """An area on a page without a map: who is ahead there, in his colour, filled where the lead is sure."""

    place: str
    color: str
    ink: str
    number: str
    leader: str
    share: str
    sure: bool
    sentence: str
    inside: str
    width: float


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a name, its interval and what that is called, and what it is a part of."""

    name: str
    value: str
    label: str
    interval: str
    of: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A word in a box: ``official``, ``mode`` or plain."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page; this plain kind shows nothing.

    Attributes
    ----------
    name : str
        Its anchor on the page.
    """

    name: str
    template: ClassVar[str] = ""

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        return ""

    @property
    def html(self) -> str:
        """The same for a page; blank where there is nothing to show."""
        return render_part(self) if self.template else ""

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give a notebook the data beside what it shows; in the metadata, where no viewer looks for a picture."""
        return {}, {MIME: to_data(self)}


@dataclass(frozen=True, slots=True, repr=False)
class Section(Part):
    """A heading, sentences, a picture with a note below it, a table, a caption.

    Attributes
    ----------
    heading : str
    sentences : tuple of str
    figure : Figure or None
        Its alternative text states the finding.
    note : str
        How to read the picture.
    table : Table or None
    caption : str
        A remark below the table.
    """

    heading: str
    sentences: tuple[str, ...] = ()
    figure: Figure | None = None
    note: str = ""
    table: Table | None = None
    caption: str = ""
    template: ClassVar[str] = "section"

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        lines = list(self.sentences)
        if self.figure is not None and self.figure.alt != " ".join(lines):
            lines.append(self.figure.alt)
        return "\n".join([*lines, *(self.table.lines if self.table and self.table.rows else [])])


@dataclass(frozen=True, slots=True, repr=False)
class Areas(Section):
    """Results by area: tiles where there is no map."""

    tiles: tuple[AreaTile, ...] = ()

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        assert self.table is not None
        return "\n".join([*self.sentences, *self.table.lines, self.caption])


@dataclass(frozen=True, slots=True, repr=False)
class Banner(Part):
    """What this page is: badges, as of when, how much is in (0 … 1), what it is not, who paid."""

    badges: tuple[Badge, ...]
    as_of: str
    inside: float | None
    stations: tuple[str, ...]
    disclaimer: str
    paid: tuple[str, ...] = ()
    template: ClassVar[str] = "banner"

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        words = [badge.text for badge in self.badges]
        return "\n".join([*words[:2], self.as_of, *self.stations, *words[2:], *self.paid])


@dataclass(frozen=True, slots=True, repr=False)
class ReplayBanner(Banner):
    """What a page of replayed nights is; nothing is still to come in."""

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        return "\n".join([*(badge.text for badge in self.badges), self.as_of, *self.stations, self.disclaimer])


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Part):
    """The finding in few words, in a sentence, and the reasons; above it, what has to alarm readers."""

    heading: str
    status: str
    sentence: str
    reasons: tuple[str, ...] = ()
    alarm: tuple[str, ...] = ()
    style: str = ""
    template: ClassVar[str] = "verdict"

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        return "\n".join([*self.alarm, f"{self.status}. {self.sentence}", *(f"- {line}" for line in self.reasons)])


@dataclass(frozen=True, slots=True, repr=False)
class Candidates(Section):
    """Each candidate's share, interval, margin and votes; its cells are :class:`Who` and text."""

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        assert self.table is not None
        votes = self.table.header[-1].lower()
        lines = []
        for who, share, interval, margin, count in self.table.rows:
            assert isinstance(who, Who)
            lines.append(f"{who.number} {who.label}: {share} ({interval}), {margin}, {votes} {count}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, repr=False)
class Quantities(Part):
    """Single numbers side by side."""

    heading: str
    items: tuple[Quantity, ...]
    template: ClassVar[str] = "quantities"

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        return "\n".join(f"{item.name}: {item.value} ({item.interval}) {item.of}" for item in self.items)


@dataclass(frozen=True, slots=True, repr=False)
class Progress(Part):
    """What is in, out and kept out, by area and by who is responsible; cells of :class:`Where` and counts."""

    heading: str
    sentences: tuple[str, ...]
    areas: Table
    who_heading: str
    notes: tuple[str, ...]
    duties: Table
    template: ClassVar[str] = "progress"

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        areas, duties = (list(map(_owed, table.rows)) for table in (self.areas, self.duties))
        return "\n".join([*self.sentences, *areas, *self.notes, *duties])


def _owed(row: Sequence[Cell]) -> str:
    where, inside, *counts = row
    assert isinstance(inside, Filled)
    return ", ".join([f"{where}: {inside.text}", *(c.sentence for c in counts if isinstance(c, Count) and c.sentence)])


@dataclass(frozen=True, slots=True, repr=False)
class Checks(Part):
    """Checks, each with its outcome, its sentence, its numbers and its figure."""

    heading: str
    sentences: tuple[str, ...]
    checks: tuple[Check, ...]
    template: ClassVar[str] = "checks"

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        lines = list(self.sentences)
        for check in self.checks:
            lines += [f"{check.outcome} – {check.name}: {check.text}", *check.table.lines]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules of one kind that were broken: code, what it means, how often."""

    heading: str
    table: Table


@dataclass(frozen=True, slots=True, repr=False)
class Problems(Part):
    """What limits the numbers, counts of returns, and broken rules."""

    heading: str
    counted: tuple[tuple[str, str], ...]
    nothing: str
    notices_heading: str
    notices: tuple[str, ...]
    groups: tuple[RuleGroup, ...]
    template: ClassVar[str] = "problems"

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        lines = [*self.notices, *(f"{name}: {count}" for name, count in self.counted)]
        lines += [f"{group.heading}: {row[0]} × {row[-1]}" for group in self.groups for row in group.table.rows]
        return "\n".join([*lines, self.nothing] if self.nothing else lines)


@dataclass(frozen=True, slots=True, repr=False)
class Method(Part):
    """How the numbers were made, in sentences and in formulas."""

    heading: str
    sentences: tuple[str, ...]
    formulas_heading: str = ""
    formulas: tuple[Formula, ...] = ()
    letters: str = ""
    template: ClassVar[str] = "method"

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        lines = [f"{one.says}: {one.text}" if one.says else one.text for one in self.formulas]
        return "\n".join([*self.sentences, *lines, *([self.letters] if self.letters else [])])


@dataclass(frozen=True, slots=True, repr=False)
class Provenance(Part):
    """Where the numbers come from: names and values."""

    heading: str
    intro: str
    items: tuple[tuple[str, str], ...]
    template: ClassVar[str] = "provenance"

    @property
    def text(self) -> str:
        """What it says, in words, line by line."""
        return "\n".join(f"{name}: {value}" for name, value in self.items)


@dataclass(frozen=True, slots=True, repr=False)
class Foreign(Part):
    """What a notebook shows besides parts, as HTML of its own."""

    content: str
    template: ClassVar[str] = "foreign"


_KINDS = {
    kind.__name__: kind
    for kind in (
        *(Shown, Who, Where, Filled, Count, Rule, Table, Check, AreaTile, Quantity, Badge, RuleGroup, Figure, Formula),
        *(Part, Section, Areas, Banner, ReplayBanner, Verdict, Candidates, Quantities, Progress, Checks, Problems),
        *(Method, Provenance, Foreign),
    )
}
_PICTURES = {"svg": {"wide": "", "narrow": ""}, "content": ""}  # a page holds these once, where they are seen
_MARKUP = frozenset({"is", "color", "ink", "style"})  # data that say how, not what


def to_data(value: Any, *, pictures: bool = True) -> Any:
    """Turn a part into plain data for JSON.

    Parameters
    ----------
    pictures : bool
        Pictures too; without them it is what a page carries beside what it shows.
    """
    if is_dataclass(value):
        data: dict[str, Any] = {"is": type(value).__name__}
        for item in fields(value):
            content = getattr(value, item.name)
            if item.metadata.get("shown", True) and content != item.default:
                blank = None if pictures else _PICTURES.get(item.name)
                data[item.name] = to_data(content, pictures=pictures) if blank is None else blank
        return data
    return [to_data(one, pictures=pictures) for one in value] if isinstance(value, tuple) else value


def from_data(data: Any) -> Any:
    """Make a part of its data.

    Raises
    ------
    ReportError
        These are not the data of a part.
    """
    if isinstance(data, list):
        return tuple(from_data(one) for one in data)
    if isinstance(data, dict) and "is" in data:
        try:
            return _KINDS[data["is"]](**{name: from_data(value) for name, value in data.items() if name != "is"})
        except (KeyError, TypeError) as error:
            raise ReportError(f"these are no data of a part of a page: {error}") from error
    return data


def tables_of(value: Any) -> Iterator[Table]:
    """Give the tables of a part in its order, blank ones left out."""
    yield from (one for one in _found(value, (Table, Check)) if one.rows)


def figures_of(value: Any) -> Iterator[Figure]:
    """Give the pictures of a part in its order."""
    yield from _found(value, (Figure,))


def _found(value: Any, kinds: tuple[type, ...]) -> Iterator[Any]:
    if isinstance(value, Check):
        yield from (one for one in (value.figure, value.table) if isinstance(one, kinds))
    elif isinstance(value, kinds):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _found(one, kinds)
    elif isinstance(value, Part | RuleGroup):
        for item in fields(value):
            yield from _found(getattr(value, item.name), kinds)


Leaf = Callable[[str, str, bool], Any]  # given a place, a text and whether it is markup; what to put there


def replaced(data: Any, leaf: Leaf, place: str = "") -> Any:
    """Put something else for every text that a part shows.

    Parameters
    ----------
    data : object
        From :func:`to_data`.
    leaf : callable
        Is given the place (the part's name; in a table row and column too), the text, and whether it is a picture.
    """
    if isinstance(data, str):
        return leaf(place, data, False)
    if isinstance(data, list):
        return [replaced(one, leaf, place) for one in data]
    if not isinstance(data, Mapping):
        return data
    if not place:
        place = str(data.get("name", ""))
        return {key: value if key in ("is", "name") else _below(key, value, leaf, place) for key, value in data.items()}
    if "rows" not in data:
        return {key: _below(key, value, leaf, place) for key, value in data.items()}
    header = data["header"]
    changed = {key: _below(key, value, leaf, place) for key, value in data.items() if key not in ("header", "rows")}
    changed["header"] = replaced(header, leaf, f"{place}, heading")
    changed["rows"] = []
    for row in data["rows"]:
        label = cell_text(from_data(row[0]))
        changed["rows"].append(
            [replaced(cell, leaf, f"{place}, {label}, {_column(header, i)}") for i, cell in enumerate(row)]
        )
    return {key: changed[key] for key in data}


def _column(header: Sequence[str], i: int) -> str:
    return header[i] if i < len(header) else str(i + 1)


def _below(key: str, value: Any, leaf: Leaf, place: str) -> Any:
    if key in _MARKUP:
        return value
    if key == "svg":
        return {width: leaf(f"{place}, picture", svg, True) for width, svg in value.items()}
    if key == "content":
        return leaf(place, value, True)
    return replaced(value, leaf, f"{place}, description" if key == "alt" else place)


def picture(
    name: str,
    heading: str,
    figure: Figure,
    *,
    header: Sequence[str] = (),
    rows: Sequence[Sequence[Cell]] = (),
    intro: Sequence[str] = (),
    caption: str = "",
) -> Section:
    """Make a part of a figure, with sentences above it, how to read it below, and a table of what is drawn."""
    return Section(name, heading, tuple(intro), figure, caption, Table.of(header, rows) if rows else None)


def table(
    name: str,
    heading: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    intro: Sequence[str] = (),
    caption: str = "",
) -> Section:
    """Make a part of a table, with sentences above it and a remark below."""
    return Section(name, heading, tuple(intro), table=Table.of(header, rows), caption=caption)

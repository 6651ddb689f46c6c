"""Parts of a page: what each shows, as data; page, paper, archive, words and checks all read the same part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

from estimation.publish.figures import Figure
from estimation.publish.formulas import Formula
from estimation.publish.page_table import Cell, Count, PageTable, Where, Who
from estimation.publish.template import render_part

MIME = "application/vnd.quickcount.part+json"  # under which a notebook's output carries a part's data
_PICTURES = {"svg": {"wide": "", "narrow": ""}, "content": ""}  # a page holds these once, where they are seen


@dataclass(frozen=True, slots=True)
class ArrivalCheck:
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
    def table(self) -> PageTable:
        """The numbers behind it."""
        return PageTable(self.header, self.rows)


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
        return "\n".join(self._lines())

    def _lines(self) -> Sequence[str]:
        return ()

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
    table: PageTable | None = None
    caption: str = ""
    template: ClassVar[str] = "section"

    def _lines(self) -> Sequence[str]:
        lines = list(self.sentences)
        if self.figure is not None and self.figure.alt != " ".join(lines):
            lines.append(self.figure.alt)
        return [*lines, *(self.table.lines if self.table and self.table.rows else [])]


@dataclass(frozen=True, slots=True, repr=False)
class AreaResults(Section):
    """Results by area: tiles where there is no map."""

    tiles: tuple[AreaTile, ...] = ()

    def _lines(self) -> Sequence[str]:
        assert self.table is not None
        return [*self.sentences, *self.table.lines, self.caption]


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

    def _lines(self) -> Sequence[str]:
        words = [badge.text for badge in self.badges]
        return [*words[:2], self.as_of, *self.stations, *words[2:], *self.paid]


@dataclass(frozen=True, slots=True, repr=False)
class ReplayBanner(Banner):
    """What a page of replayed nights is; nothing is still to come in."""

    def _lines(self) -> Sequence[str]:
        return [*(badge.text for badge in self.badges), self.as_of, *self.stations, self.disclaimer]


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

    def _lines(self) -> Sequence[str]:
        return [*self.alarm, f"{self.status}. {self.sentence}", *(f"- {line}" for line in self.reasons)]


@dataclass(frozen=True, slots=True, repr=False)
class Candidates(Section):
    """Each candidate's share, interval, margin and votes; its cells are :class:`Who` and text."""

    def _lines(self) -> Sequence[str]:
        assert self.table is not None
        votes = self.table.header[-1].lower()
        lines = []
        for who, share, interval, margin, count in self.table.rows:
            assert isinstance(who, Who)
            lines.append(f"{who.number} {who.label}: {share} ({interval}), {margin}, {votes} {count}")
        return lines


@dataclass(frozen=True, slots=True, repr=False)
class Quantities(Part):
    """Single numbers side by side."""

    heading: str
    items: tuple[Quantity, ...]
    template: ClassVar[str] = "quantities"

    def _lines(self) -> Sequence[str]:
        return [f"{item.name}: {item.value} ({item.interval}) {item.of}" for item in self.items]


@dataclass(frozen=True, slots=True, repr=False)
class ReturnsProgress(Part):
    """What is in, out and kept out, by area and by who is responsible; cells of :class:`Where` and counts."""

    heading: str
    sentences: tuple[str, ...]
    areas: PageTable
    who_heading: str
    notes: tuple[str, ...]
    duties: PageTable
    template: ClassVar[str] = "progress"

    def _lines(self) -> Sequence[str]:
        areas, duties = (list(map(_owed, table.rows)) for table in (self.areas, self.duties))
        return [*self.sentences, *areas, *self.notes, *duties]


def _owed(row: Sequence[Cell]) -> str:
    where, inside, *counts = row
    assert isinstance(where, Where)
    name = f"{where.name} ({where.above})" if where.above else where.name
    return ", ".join([f"{name}: {inside}", *(c.sentence for c in counts if isinstance(c, Count) and c.sentence)])


@dataclass(frozen=True, slots=True, repr=False)
class Checks(Part):
    """Checks, each with its outcome, its sentence, its numbers and its figure."""

    heading: str
    sentences: tuple[str, ...]
    checks: tuple[ArrivalCheck, ...]
    template: ClassVar[str] = "checks"

    def _lines(self) -> Sequence[str]:
        lines = list(self.sentences)
        for check in self.checks:
            lines += [f"{check.outcome} – {check.name}: {check.text}", *check.table.lines]
        return lines


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules of one kind that were broken: code, what it means, how often."""

    heading: str
    table: PageTable


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

    def _lines(self) -> Sequence[str]:
        lines = [*self.notices, *(f"{name}: {count}" for name, count in self.counted)]
        lines += [f"{group.heading}: {row[0]} × {row[-1]}" for group in self.groups for row in group.table.rows]
        return [*lines, self.nothing] if self.nothing else lines


@dataclass(frozen=True, slots=True, repr=False)
class Method(Part):
    """How the numbers were made, in sentences and in formulas."""

    heading: str
    sentences: tuple[str, ...]
    formulas_heading: str = ""
    formulas: tuple[Formula, ...] = ()
    letters: str = ""
    template: ClassVar[str] = "method"

    def _lines(self) -> Sequence[str]:
        lines = [f"{one.says}: {one.text}" if one.says else one.text for one in self.formulas]
        return [*self.sentences, *lines, *([self.letters] if self.letters else [])]


@dataclass(frozen=True, slots=True, repr=False)
class Provenance(Part):
    """Where the numbers come from: names and values."""

    heading: str
    intro: str
    items: tuple[tuple[str, str], ...]
    template: ClassVar[str] = "provenance"

    def _lines(self) -> Sequence[str]:
        return [f"{name}: {value}" for name, value in self.items]


@dataclass(frozen=True, slots=True, repr=False)
class Foreign(Part):
    """What a notebook shows besides parts, as HTML of its own."""

    content: str
    template: ClassVar[str] = "foreign"


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
    return Section(name, heading, tuple(intro), figure, caption, PageTable.of(header, rows) if rows else None)


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
    return Section(name, heading, tuple(intro), table=PageTable.of(header, rows), caption=caption)


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


def tables_of(value: Any) -> Iterator[PageTable]:
    """Give the tables of a part in its order, blank ones left out."""
    yield from (one for one in _found(value, (PageTable, ArrivalCheck)) if one.rows)


def figures_of(value: Any) -> Iterator[Figure]:
    """Give the pictures of a part in its order."""
    yield from _found(value, (Figure,))


def _found(value: Any, kinds: tuple[type, ...]) -> Iterator[Any]:
    if isinstance(value, ArrivalCheck):
        yield from (one for one in (value.figure, value.table) if isinstance(one, kinds))
    elif isinstance(value, kinds):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _found(one, kinds)
    elif isinstance(value, Part | RuleGroup):
        for item in fields(value):
            yield from _found(getattr(value, item.name), kinds)

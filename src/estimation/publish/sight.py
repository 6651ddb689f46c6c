"""What a page shows against what its parts say: line by line, and in a line text by text.

The parts are rendered once more with a mark around every text that comes from their data. So it is known of each line
what is template and what is data, and the same line on file can be read without knowing anything of its markup.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import unescape

from jinja2 import UndefinedError
from markupsafe import escape

from estimation.errors import ReportError
from estimation.publish.pagefile import is_for_programs, split_page
from estimation.publish.part import Part, to_data
from estimation.publish.part_data import from_data, replaced
from estimation.publish.template import render_part

_OPEN, _CLOSE = "\x01", "\x02"  # no text of a page holds them
_LONGEST = 200  # characters of a text that is named


@dataclass(frozen=True, slots=True)
class TextDifference:
    """A place on a page, what it says there, and what its data say."""

    place: str
    page: str
    data: str


@dataclass(frozen=True, slots=True)
class _Field:
    """A text that comes from data, as it is in a line: its place, its HTML, whether it is a picture."""

    place: str
    html: str
    picture: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page: what the template writes, before, between and behind the fields."""

    place: str
    literals: tuple[str, ...]
    fields: tuple[_Field, ...] = ()

    @property
    def html(self) -> str:
        """The whole line."""
        behind = [*(field.html for field in self.fields), ""]
        return "".join(literal + html for literal, html in zip(self.literals, behind, strict=True))


class _Marked(str):
    """A text that a template writes with marks around it, and with the number of its place."""

    __slots__ = ("number", "picture")
    number: int
    picture: bool

    def __html__(self) -> str:
        content = str(self) if self.picture else str(escape(str(self)))
        return f"{_OPEN}{self.number}{_OPEN}{content}{_CLOSE}"


def text_differences(html: str, again: str, parts: Sequence[Part]) -> Iterator[TextDifference]:
    """Find where a page does not show what it should.

    Parameters
    ----------
    html : str
        The page.
    again : str
        The page that the inputs give: the same template around the parts.
    parts : sequence of Part
        What the page should show. Pictures that are blank are not looked at.
    """
    head, _, foot = split_page(again)
    expected = [*(_Line("page", (line,)) for line in head)]
    for part in parts:
        expected += _lines(part)
    expected += [_Line("page", (line,)) for line in foot if not is_for_programs(line)]
    seen = [line for line in html.split("\n") if not is_for_programs(line)]
    matcher = SequenceMatcher(None, seen, [line.html for line in expected], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        for i in range(max(b - a, d - c)):
            if c + i >= d:
                near = expected[min(c, len(expected) - 1)].place
                yield TextDifference(near, seen[a + i].strip()[:_LONGEST], "")
            elif a + i >= b:
                yield from (TextDifference(field.place, "", unescape(field.html)) for field in expected[c + i].fields)
            else:
                yield from _compared(seen[a + i], expected[c + i])


def _lines(part: Part) -> Iterator[_Line]:
    """Render a part and take its lines apart."""
    places: list[tuple[str, bool]] = []

    def mark(place: str, text: str, picture: bool) -> str:
        if any(sign in text for sign in (_OPEN, _CLOSE, "\n")):
            return text
        marked = _Marked(text)
        marked.number, marked.picture = len(places), picture
        places.append((place, picture))
        return marked

    try:
        html = render_part(from_data(replaced(to_data(part), mark)))
    except UndefinedError as error:
        raise ReportError(f"the data of the part '{part.name}' in the page are not whole: {error}") from error
    for line in html.split("\n"):
        literals, fields = [], []
        for piece in line.split(_CLOSE):
            literal, _, marked = piece.partition(_OPEN)
            literals.append(literal)
            number, opened, content = marked.partition(_OPEN)
            if opened:
                place, picture = places[int(number)]
                fields.append(_Field(place, content, picture))
        yield _Line(part.name or "page", tuple(literals), tuple(fields))


def _compared(seen: str, line: _Line) -> Iterator[TextDifference]:
    """Compare a line on file with the line that should be there."""
    contents = _read(seen, line.literals)
    if contents is None:
        if not any(field.picture and not field.html for field in line.fields):
            yield from _trimmed(line.place, seen, line.html)
        return
    for field, content in zip(line.fields, contents, strict=True):
        if field.picture:
            if field.html:
                yield from _trimmed(field.place, content, field.html)
        elif content != field.html:
            yield TextDifference(field.place, unescape(content), unescape(field.html))


def _read(line: str, literals: Sequence[str]) -> list[str] | None:
    """Take out of a line what stands between what the template writes; None where it is another line."""
    if not line.startswith(literals[0]) or not line.endswith(literals[-1]):
        return None
    at, end, contents = len(literals[0]), len(line) - len(literals[-1]), []
    for literal in literals[1:-1]:
        found = line.find(literal, at, end) if literal else at
        if found < 0:
            return None
        contents.append(line[at:found])
        at = found + len(literal)
    return [*contents, line[at:end]] if len(literals) > 1 else ([] if line == literals[0] else None)


def _trimmed(place: str, seen: str, given: str) -> Iterator[TextDifference]:
    """Name the text in which two pieces of a page differ; where their markup differs, there is no text to name."""
    start = next((i for i, (a, b) in enumerate(zip(seen, given, strict=False)) if a != b), min(len(seen), len(given)))
    most = min(len(seen), len(given)) - start
    back = next((i for i in range(most) if seen[-1 - i] != given[-1 - i]), most)
    opened = max(seen.rfind("<", 0, start), seen.rfind(">", 0, start))
    if opened >= 0 and seen[opened] == "<":
        return
    texts = []
    for html in (seen, given):
        closed = html.find("<", len(html) - back)
        texts.append(html[opened + 1 : closed if closed >= 0 else len(html)].strip()[:_LONGEST])
    if texts[0] != texts[1]:
        yield TextDifference(place, unescape(texts[0]), unescape(texts[1]))

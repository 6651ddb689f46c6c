"""A page as a file: the lines by which programs read it again, which its template writes as they are here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path

from markupsafe import escape

from estimation.errors import ReportError
from estimation.publish.part import Part
from estimation.publish.part_data import from_data

MANIFEST, PARTS = "manifest", "parts"  # ids of what is for programs, each a line of its own
_BEGIN, _END, _FOOT = '<main id="main">', "</main>", "<footer>"
_RENDERED = '<p id="rendered"'
_SKIP = '<a class="skip"'
_STALE = '<p class="aging" '


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page, taken apart.

    Attributes
    ----------
    html : str
        Without the line by which a watch says how old it is.
    body : str
        What stands between the title and the footer.
    manifest, parts : str
        JSON; blank where there is none.
    moment : datetime.datetime or None
        When it was made.
    key, signature : str
        Blank where it is not signed.
    digest : str
        Of the manifest, as its readers see it.
    """

    html: str
    body: str
    manifest: str
    parts: str
    moment: datetime | None
    key: str
    signature: str
    digest: str


def read(path: Path) -> PageFile:
    """Take the file of a page apart; what is missing is blank.

    Raises
    ------
    ReportError
        It can't be read.
    """
    try:
        html = without_stale_line(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: this page can't be read: {error}") from error
    lines = html.split("\n")
    rendered = next((line for line in lines if line.startswith(_RENDERED)), "")
    foot = lines[lines.index(_FOOT) :] if _FOOT in lines else []
    digest = next((between(line, "<code>", "</code>") for line in foot if "<code>" in line), "")
    return PageFile(
        html,
        "\n".join(split_page(html)[1]),
        _of_script(lines, MANIFEST),
        _of_script(lines, PARTS),
        _moment(unescape(between(rendered, ' datetime="', '"'))),
        unescape(between(rendered, ' data-key="', '"')),
        unescape(between(rendered, ' data-signature="', '"')),
        digest,
    )


def split_page(html: str) -> tuple[list[str], list[str], list[str]]:
    """Give the lines of a page before its parts, those of the parts, and those behind."""
    lines = html.split("\n")
    if _BEGIN not in lines or _END not in lines:
        return lines, [], []
    first, last = lines.index(_BEGIN) + 1, len(lines) - 1 - lines[::-1].index(_END)
    return lines[:first], lines[first:last], lines[last:]


def is_for_programs(line: str) -> bool:
    """Say whether a line of a page holds data, which no reader sees."""
    return line.startswith((_script(MANIFEST), _script(PARTS)))


def parts_in(text: str) -> tuple[Part, ...]:
    """Read the data of the parts that a page carries; their pictures are left blank.

    Raises
    ------
    ReportError
        They are none.
    """
    try:
        parts = from_data(json.loads(text))
    except ValueError as error:
        raise ReportError(f"the data of the page's parts can't be read: {error}") from error
    if not isinstance(parts, tuple) or not all(isinstance(part, Part) for part in parts):
        raise ReportError("the data of the page's parts can't be read: they are no list of parts")
    return parts


def with_stale_line(html: str, text: str, style: str) -> str:
    """Put the line that says how old a page is behind the link that skips its head; one that is there is replaced.

    Parameters
    ----------
    text : str
        Without markup; it is escaped.
    """
    lines = without_stale_line(html).split("\n")
    at = _place(lines)
    if at is None:
        return html
    return "\n".join([*lines[:at], f'{_STALE}role="status" style="{style}">{escape(text)}</p>', *lines[at:]])


def without_stale_line(html: str) -> str:
    """Take the line away that says how old a page is: one line of text at its place, and nothing else."""
    lines = html.split("\n")
    at = _place(lines)
    if (
        at is not None
        and at < len(lines)
        and lines[at].startswith(_STALE)
        and lines[at].endswith("</p>")
        and lines[at].count("<") == 2
    ):
        del lines[at]
    return "\n".join(lines)


def between(text: str, before: str, after: str) -> str:
    """Give what stands between two marks; blank where they are not there."""
    inside, end, _ = text.partition(before)[2].partition(after)
    return inside if end else ""


def _place(lines: Sequence[str]) -> int | None:
    """Find the line behind the link that skips the head; in a page without one, behind the beginning of its body."""
    starts = (_SKIP, "<body")
    return next((i + 1 for start in starts for i, line in enumerate(lines) if line.startswith(start)), None)


def _script(name: str) -> str:
    return f'<script type="application/json" id="{name}">'


def _of_script(lines: Sequence[str], name: str) -> str:
    line = next((line for line in lines if line.startswith(_script(name))), "")
    return between(line, _script(name), "</script>")


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None

"""Writes the officers' sheets: CSV, one XLSX workbook, one printable HTML page."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from babel.dates import format_date

from estimation.columns import AREA_LEVELS
from estimation.contest import Contest
from estimation.errors import ReportError
from estimation.files import write_bytes, write_text
from estimation.publish.spreadsheet import defused
from estimation.publish.template import environment
from estimation.sampling.assign import SEPARATOR, Assignments, Sheet, message_start
from estimation.words import Words

_LOCALE = {"id": "id", "en": "en_GB"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP archive knows
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # what XML can't hold
_NO_TITLE = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
_WIDTH = {"message": 26, "tps_id": 18, "village": 24, "district": 20, "regency": 20, "province": 16}
_TABLE = ("sheet", "reporter", "tps_id", *AREA_LEVELS, "tps", "registered", "reserve", "message")
_AT = {name: place for place, name in enumerate(_TABLE)}  # as Assignments.table has them
_ROWS = 1_048_576  # rows that a worksheet holds


@dataclass(frozen=True, slots=True)
class Written:
    """Where the sheets are.

    Attributes
    ----------
    table : pathlib.Path
        ``assignments.csv``: all stations.
    workbook : pathlib.Path
        ``assignments.xlsx``: instructions, then one worksheet a district.
    page : pathlib.Path
        ``assignments-<language>.html``: one printed page or more for each sheet.
    sheets : tuple of pathlib.Path
        ``sheets/sheet-<code>.csv``, one for each sheet.
    """

    table: Path
    workbook: Path
    page: Path
    sheets: tuple[Path, ...]


def write_sheets(assignments: Assignments, language: str | None = None, out: Path | None = None) -> Written:
    """Write all sheets; the same assignments give the same bytes.

    Parameters
    ----------
    assignments : Assignments
    language : {"id", "en"}, optional
        Of the workbook and the page; by default the contest's. The CSV files have the project's
        own column names in every language.
    out : pathlib.Path, optional
        Folder; by default ``out/assignments``. Sheets of an earlier run that this one does not
        write are removed from its ``sheets``.

    Raises
    ------
    ReportError
        The language is unknown; a district has more stations than a worksheet has rows.
    """
    words = Words(language or assignments.contest.report.language)
    folder = out or assignments.contest.out / "assignments"
    table = assignments.table()
    header = list(_TABLE)
    records = _records(table[header].itertuples(index=False, name=None))
    lists = [
        (folder / "sheets" / f"sheet-{sheet.code}.csv", _csv([header, *own]))
        for sheet, own in _shares(assignments, records)
    ]
    for old in {*(folder / "sheets").glob("sheet-*.csv")} - {path for path, _ in lists}:
        old.unlink()
    return Written(
        table=write_text(folder / "assignments.csv", _csv([header, *records])),
        workbook=write_bytes(folder / "assignments.xlsx", workbook(assignments, header, records, words)),
        page=write_text(folder / f"assignments-{words.language}.html", sheets_page(assignments, records, words)),
        sheets=tuple(write_text(path, text) for path, text in lists),
    )


def _records(rows: Iterable[tuple[Any, ...]]) -> list[list[object]]:
    """Make plain values of a table's rows: text, whole numbers, blanks."""
    return [["" if pd.isna(value) else value for value in row] for row in rows]


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([defused(value) for value in row] for row in rows)
    return text.getvalue()


def workbook(assignments: Assignments, header: list[str], records: list[list[object]], words: Words) -> bytes:
    """Make the XLSX file: instructions, then one worksheet a district; codes are text cells."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    front = book.create_sheet(_title(words("assign.instructions"), set()))
    front.column_dimensions["A"].width = 110
    for line in instructions(assignments.contest, words):
        front.append([_cell(front, line)])
    places = [header.index(level) for level in AREA_LEVELS[:3]]
    parts: dict[tuple[object, ...], list[list[object]]] = {}
    for record in records:
        parts.setdefault(tuple(record[place] for place in places), []).append(record)
    taken = {words("assign.instructions").casefold()}
    for path, rows in parts.items():
        if len(rows) >= _ROWS:
            raise ReportError(
                f"district {path[-1]} has {len(rows)} stations, more than the rows of a worksheet: use assignments.csv"
            )
        _worksheet(book.create_sheet(_title(str(path[-1]), taken)), header, rows, words)
    content = io.BytesIO()
    book.save(content)
    return _without_times(content.getvalue())


def _worksheet(sheet: Any, header: list[str], rows: list[list[object]], words: Words) -> None:
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    for place, name in enumerate(header, 1):
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTH.get(name, 12)
    sheet.append([_cell(sheet, words(f"assign.{name}"), bold=True) for name in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: Any, value: object, *, bold: bool = False) -> object:
    """Make a cell; text is defused and stays text when somebody edits it."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, _ILLEGAL.sub("\ufffd", str(defused(value)))[:32767])
    cell.number_format = "@"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _title(name: str, taken: set[str]) -> str:
    """Make a worksheet's name: at most 31 characters, none that is forbidden, and no other's."""
    base = _NO_TITLE.sub(" ", name).strip(" '")[:31] or "-"
    title, number = base, 1
    while title.casefold() in taken:
        number += 1
        tail = f" ({number})"
        title = base[: 31 - len(tail)] + tail
    taken.add(title.casefold())
    return title


def _without_times(content: bytes) -> bytes:
    """Take the times of making out of an XLSX file, so that the same sheets are the same bytes."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z", part)
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            new.writestr(info, part)
    return result.getvalue()


def instructions(contest: Contest, words: Words) -> list[str]:
    """Say when, what and how to send, one sentence a line."""
    sentence = {key: words(f"assign.{key}") for key in ("title", "when_send", "when_correct", "what_message")}
    return [
        f"{sentence['title']}: {contest.about.title}",
        words("assign.when_day", day=_day(contest, words)),
        sentence["when_send"],
        f"{sentence['what_message']} {SEPARATOR.join(parts(contest, words))}",
        words("assign.digits"),
        words("assign.check"),
        sentence["when_correct"],
        words("assign.columns", columns=", ".join(return_columns(contest))),
        *[f"{candidate.number}: {candidate.name}" for candidate in contest.candidates],
        words("assign.rule_true"),
        words("assign.rule_unreachable"),
        words("assign.rule_reserve"),
        words("assign.rule_quiet"),
    ]


def parts(contest: Contest, words: Words) -> list[str]:
    """Name the parts of a message, in order."""
    votes = [words("assign.part_votes", number=candidate.number) for candidate in contest.candidates]
    return [words("assign.part_station"), words("assign.part_reporter"), *votes, words("assign.part_invalid")]


def return_columns(contest: Contest) -> list[str]:
    """Name the columns of a return that comes as a table."""
    return ["tps_id", "reporter", *contest.vote_columns, "invalid", "total"]


def _shares(assignments: Assignments, records: list[list[object]]) -> Iterator[tuple[Sheet, list[list[object]]]]:
    """Go through the sheets with their rows of the table."""
    start = 0
    for sheet in assignments.sheets:
        yield sheet, records[start : start + len(sheet.rows)]
        start += len(sheet.rows)


def sheets_page(assignments: Assignments, records: list[list[object]], words: Words) -> str:
    """Make the printable page; everything from outside is escaped by the template engine."""
    contest = assignments.contest
    sample = assignments.sample_sha256
    return (
        environment()
        .get_template("sheets.html.j2")
        .render(
            language=words.language,
            w=words,
            contest=contest,
            day=_day(contest, words),
            parts=parts(contest, words),
            columns=", ".join(return_columns(contest)),
            sheets=[_of_page(contest, sheet, own, words) for sheet, own in _shares(assignments, records)],
            sample=sample[:12] if sample else words("assign.all_stations"),
        )
    )


def _of_page(contest: Contest, sheet: Sheet, records: list[list[object]], words: Words) -> dict[str, object]:
    """Gather what the template shows of one sheet."""
    finer = list(AREA_LEVELS[len(sheet.area) :])
    stations = [
        {
            **{key: record[_AT[key]] for key in ("tps_id", "reporter", "reserve")},
            "tps": record[_AT["tps"]] or "–",
            "registered": "–" if record[_AT["registered"]] == "" else words.whole(int(str(record[_AT["registered"]]))),
            "area": [record[_AT[level]] for level in finer],
        }
        for record in records
    ]
    sample_votes = [str(100 + 7 * place) for place in range(len(contest.candidates))]
    one = sheet.reporters[0] if len(set(sheet.reporters)) == 1 else ""
    named = list(zip(AREA_LEVELS, sheet.area, strict=False))
    return {
        "code": sheet.code,
        "one_reporter": one,
        "wide": _wide(len(finer), len(sample_votes), bool(one)),
        "area": named[-1] if named else None,
        "above": named[-2::-1] if len(named) > 1 else [],
        "finer": finer,
        "stations": stations,
        "example": message_start(str(records[0][_AT["tps_id"]]), sheet.reporters[0])
        + SEPARATOR.join([*sample_votes, "9"]),
        "has_reserve": bool((sheet.reserve > 0).any()),
    }


def _wide(levels: int, candidates: int, one_reporter: bool) -> bool:
    """Tell whether a row of boxes would not fit on the paper's width (704 CSS pixels) as a table."""
    return 272 + 110 * levels + 54 * (candidates + 3) + (0 if one_reporter else 80) > 704


def _day(contest: Contest, words: Words) -> str:
    return format_date(contest.about.election_day, "EEEE, d MMMM y", locale=_LOCALE[words.language])

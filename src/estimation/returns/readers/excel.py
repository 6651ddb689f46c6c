"""Returns in XLSX worksheets.

What Excel does to a file is undone where that is certain, and refused with its cell where it is not. Rows of a title
may stand above the header; the header is the first row that names the columns of returns. Numbers and text are read as
they are stored, so that 1234 shown as ``1.234`` is 1234, and a number with decimals is no count. A code that was stored
as a number has lost its leading zeros: it is matched with the frame (W215). A date is no count. Merged cells in the
header stop the sheet; a row that is hidden, or has merged cells, is kept out (E217). Hidden worksheets, and those
without the columns of returns, are listed and not read (W221). Formulas count as what Excel last stored for them.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from estimation import checks
from estimation.contest import Contest
from estimation.errors import TableError
from estimation.returns.readers.archives import BROKEN, member, unpacked
from estimation.returns.readers.cells import as_cell, as_columns
from estimation.returns.readers.layouts import layout_of, layouts
from estimation.returns.readers.normalise import RowBatch, normalise
from estimation.returns.readers.tabular import prepared
from estimation.rules import Findings
from estimation.tables import Table

TITLE_ROWS = 30  # at most, above a header
_HIDDEN = re.compile(rb"<row\b(?=[^>]*\bhidden=\"(?:1|true)\")[^>]*\br=\"(\d+)\"")
_MERGED = re.compile(rb"<mergeCell\b[^>]*\bref=\"[A-Z]+(\d+):[A-Z]+(\d+)\"")
_RANGE = re.compile(rb"<mergeCell\b[^>]*\bref=\"([A-Z0-9:]+)\"")


def read_workbook(path: Path, content: bytes, contest: Contest) -> tuple[list[RowBatch], Findings]:
    """Read every worksheet of a workbook that holds returns.

    Raises
    ------
    TableError
        It is no workbook that can be read, no worksheet holds returns, a header is merged.
    """
    import openpyxl

    archive = unpacked(path, content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        opened: list[Any] = book.worksheets  # what a read-only one has is not declared
        sheets = [(sheet, _rows(sheet)) for sheet in opened]
        book.close()
    except (*BROKEN, SyntaxError, TypeError, AttributeError, IndexError) as error:  # of XML that is no worksheet
        raise TableError(f"{path}: this is not an XLSX workbook that can be read ({error}): save it again") from error
    digest = hashlib.sha256(content).hexdigest()
    batches: list[RowBatch] = []
    skipped: list[tuple[str, str]] = []
    for sheet, rows in sheets:
        header_row = _header_row(rows, contest)
        if sheet.sheet_state != "visible":
            skipped.append((sheet.title, "hidden"))
        elif header_row is None:
            skipped.append((sheet.title, "without the columns of returns"))
        else:
            xml = member(path, archive, sheet._worksheet_path)
            batches.append(_read_sheet(path, sheet.title, rows, header_row, xml, digest, contest))
    if not batches:
        told = "; ".join(f"'{title}' is {why}" for title, why in skipped)
        raise TableError(f"{path}: no worksheet holds returns ({told}): a header with tps_id and votes_1 … is needed")
    found = [
        checks.findings("W221", path.name, [0], "", [f"{title}: {why}"], [""])
        for title, why in skipped
        if why == "hidden" or len(skipped) + len(batches) > 1
    ]
    return batches, Findings.join(*found)


def _rows(sheet: Any) -> list[tuple[object, ...]]:
    sheet.reset_dimensions()  # what a program wrote there may be wrong, and rows would be cut off
    return list(sheet.iter_rows(values_only=True))


def _named(cells: tuple[object, ...]) -> Iterator[str]:
    yield from (as_cell(value) or "" for value in cells)


def _header_row(rows: list[tuple[object, ...]], contest: Contest) -> int | None:
    """Find the row, counted from zero, that names columns of returns."""
    wanted = {"tps_id", contest.vote_columns[0]}
    for number, cells in enumerate(rows[:TITLE_ROWS]):
        header = [name for name in _named(cells) if name.strip()]
        if len(header) < 3:
            continue
        for layout in layouts().values():
            try:
                names = set(layout.names(header, "", contest).values())
            except TableError:
                names = wanted  # it is the header, and has a fault: reading it says which
            if wanted <= names:
                return number
    return None


def _read_sheet(
    path: Path, title: str, rows: list[tuple[object, ...]], at: int, xml: bytes, digest: str, contest: Contest
) -> RowBatch:
    place = f"{path}, worksheet '{title}'"
    names = [name.strip() for name in _named(rows[at])]
    while names and not names[-1]:
        names.pop()
    merged = [(int(a), int(b), r.decode()) for (a, b), r in zip(_MERGED.findall(xml), _RANGE.findall(xml), strict=True)]
    for first, last, cells in merged:
        if first <= at + 1 <= last:
            raise TableError(f"{place}, cells {cells}: the header is merged: split the cells and name every column")
    for column, name in enumerate(names):
        if not name:
            raise TableError(f"{place}, line {at + 1}: column {column + 1} has no name")
        if name in names[:column]:
            raise TableError(f"{place}, line {at + 1}: column '{name}' stands there twice: rename or remove one")
    width = len(names)
    body = [(number, cells) for number, cells in enumerate(rows[at + 1 :], at + 2) if any(_named(cells))]
    lines = np.array([number for number, _ in body], dtype=np.int64)
    table = [tuple(cells[:width]) + (None,) * (width - len(cells)) for _, cells in body]
    data, numeric = as_columns(names, list(zip(*table, strict=True)) if table else [[] for _ in names])
    ragged = tuple((number, "") for number, cells in body if any(_named(cells[width:])))
    source = Table(path, data, digest, ragged, header_line=at + 1, _lines=lines, _numeric=numeric)
    hidden = np.isin(lines, [int(number) for number in _HIDDEN.findall(xml)])
    why = {int(line): "hidden" for line in lines[hidden]}
    for first, last, cells in merged:
        why |= {int(line): f"{cells} merged" for line in lines[(lines >= first) & (lines <= last)]}
    layout = layout_of(source, contest)
    source, found = prepared(source, layout, contest)
    bad = np.isin(source.lines(np.arange(source.data.num_rows)), list(why))
    told = checks.findings("E217", path.name, list(why), "", list(why.values()), [""] * len(why))
    return normalise(source, contest, layout, spoilt=bad if why else None, more=Findings.join(told, found))

"""Who observes which polling station: one sheet for each officer or area.

Officers may be named in ``out/officers.csv``: a column ``officer`` (their code) and either
``tps_id``, or the village with as many of the levels above it as make it the only one of its name.
Without that file every sheet is a reporter, with a code of its own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd

from estimation.arrays import IntArray
from estimation.columns import AREA_LEVELS, FRAME_COLUMNS, Column, nearest_name, rename, require
from estimation.contest import Contest
from estimation.damm import check_digit
from estimation.errors import DesignError
from estimation.frame import Frame, load_frame
from estimation.tables import Table, as_text, read_table

By = Literal["village", "district", "regency", "officer"]
LEVELS: tuple[str, ...] = get_args(By)
OFFICER_COLUMNS = (*FRAME_COLUMNS, Column("officer", ("petugas", "kode_petugas", "reporter", "uid", "officer_code")))
SEPARATOR = "#"
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one officer, or the officers of one area, get.

    Attributes
    ----------
    code : str
        Of the sheet: the officer's code, or a number whose last digit checks the others.
    area : tuple of str
        The area that holds all its stations: the path from the province down, as far as they share it.
    rows : numpy.ndarray of intp, shape (m,)
        Rows of the frame, in its order, reserves behind the drawn ones.
    reporters : tuple of str, length m
        The reporter code for each station.
    reserve : numpy.ndarray of intp, shape (m,)
        0 for a drawn station, else its place in the reserve list.
    """

    code: str
    area: tuple[str, ...]
    rows: IntArray
    reporters: tuple[str, ...]
    reserve: IntArray


@dataclass(frozen=True, slots=True)
class Assignments:
    """All sheets of a contest.

    Attributes
    ----------
    contest : Contest
    frame : Frame
    by : str
        ``village``, ``district``, ``regency`` or ``officer``.
    sheets : tuple of Sheet
        In the order of the frame.
    sample_sha256 : str or None
        Of ``sample.csv``; None where every station is asked.
    """

    contest: Contest
    frame: Frame
    by: str
    sheets: tuple[Sheet, ...]
    sample_sha256: str | None

    def __len__(self) -> int:
        return sum(len(sheet.rows) for sheet in self.sheets)

    def table(self) -> pd.DataFrame:
        """Lay all sheets out, one row a station.

        ``sheet``, ``reporter``, ``tps_id``, the area columns, ``tps`` (all text), ``registered``
        (whole number, blank where unknown), ``reserve`` (0 for a drawn station) and ``message``, the
        beginning of the message that reports it.
        """
        rows = np.concatenate([sheet.rows for sheet in self.sheets])
        reporters = [code for sheet in self.sheets for code in sheet.reporters]
        frame = self.frame.table.iloc[rows].reset_index(drop=True)
        return pd.DataFrame(
            {
                "sheet": [sheet.code for sheet in self.sheets for _ in sheet.rows],
                "reporter": reporters,
                "tps_id": frame["tps_id"],
                **{level: frame[level].astype(str) for level in AREA_LEVELS},
                "tps": frame["tps"].fillna(""),
                "registered": frame["registered"].round().astype("Int64"),
                "reserve": np.concatenate([sheet.reserve for sheet in self.sheets]),
                "message": [message_start(c, r) for c, r in zip(frame["tps_id"], reporters, strict=True)],
            }
        )


def message_start(tps_id: str, reporter: str) -> str:
    """Begin a message: station and reporter; votes in ballot order and the invalid ones follow.

    The whole message is ``tps_id#reporter#votes_1#…#votes_k#invalid``, digits only.
    """
    return f"{tps_id}{SEPARATOR}{reporter}{SEPARATOR}"


def assign(contest: Contest, by: str | None = None, sample_path: Path | None = None) -> Assignments:
    """Share the stations of the sample (or of the frame, when all are asked) among sheets.

    Parameters
    ----------
    contest : Contest
    by : {"village", "district", "regency", "officer"}, optional
        One sheet for each; by default ``officer`` where ``out/officers.csv`` is, else ``village``.
    sample_path : pathlib.Path, optional
        By default ``out/sample.csv``.

    Raises
    ------
    DesignError
        There is no sample, or a station in it is not in the frame or stands there twice; the officers'
        file is needed and missing, names an unknown or ambiguous area, two officers for one place,
        no officer for a station, or a code that can't stand in a message.
    TableError, FrameError
        A file can't be read.
    """
    if by is not None and by not in LEVELS:
        raise DesignError(f"--by '{by}' is unknown: known are {', '.join(LEVELS)}")
    frame = load_frame(contest)
    rows, reserve, sha256 = _stations(contest, frame, sample_path)
    codes_of_stations = frame.table["tps_id"].iloc[rows]
    unfit = codes_of_stations[codes_of_stations.str.contains(rf"[{SEPARATOR}\s]")]
    if len(unfit):
        raise DesignError(
            f"tps_id '{unfit.iloc[0]}' holds '{SEPARATOR}' or a blank, so no message can carry it: change the frame"
        )
    path = contest.out / "officers.csv"
    officers = read_officers(path, frame, rows) if path.is_file() else None
    by = by or ("village" if officers is None else "officer")
    if by == "officer":
        if officers is None:
            raise DesignError(f"{path}: there is no such file: write officers and their villages there, or use --by")
        groups, names = pd.factorize(pd.Series(officers, dtype="str"))
        codes = [str(name) for name in names]
    else:
        groups, _ = pd.factorize(frame.areas(by).codes[rows])
        codes = numbered(int(groups.max()) + 1)
    if len({code.casefold() for code in codes}) < len(codes):
        raise DesignError(f"{path}: two officer codes differ in capital letters only: give them different codes")
    levels = [pd.Categorical(frame.table[level]) for level in AREA_LEVELS]
    sheets = []
    for code, inside in zip(codes, _members(groups, len(codes)), strict=True):
        reporters = (code,) * len(inside) if officers is None else tuple(officers[i] for i in inside)
        own = rows[inside]
        sheets.append(Sheet(code, _shared(levels, own), own, reporters, reserve[inside]))
    return Assignments(contest, frame, by, tuple(sheets), sha256)


def numbered(count: int) -> list[str]:
    """Give sheets numbers from 1 with a check digit: one wrong digit, or two swapped, is no other's code (Damm 2004).

    Returns
    -------
    list of str
        Of equal length, at least four digits: ``0013``, ``0021``, …
    """
    width = max(3, len(str(count)))
    numbers = [f"{number:0{width}d}" for number in range(1, count + 1)]
    return [number + check_digit(number) for number in numbers]


def _members(groups: IntArray, count: int) -> list[IntArray]:
    """List the positions in each group, in ascending order."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.cumsum(np.bincount(groups, minlength=count))[:-1])


def _stations(contest: Contest, frame: Frame, sample_path: Path | None) -> tuple[IntArray, IntArray, str | None]:
    """Find the rows of the stations to observe, in the frame's order, and which are in reserve."""
    if sample_path is None and contest.returns.asked == "all":
        return np.arange(len(frame)), np.zeros(len(frame), dtype=np.intp), None
    path = sample_path or contest.out / "sample.csv"
    if not path.is_file():
        raise DesignError(f"{path}: there is no sample: draw one with 'quickcount draw {contest.folder}'")
    source = read_table(path)
    require(source.header, ("tps_id",), source.header, str(path))
    ids = as_text(source.data.column("tps_id")).to_pandas()
    if not len(ids):
        raise DesignError(f"{path}: no station is drawn in it: draw a sample with 'quickcount draw'")
    rows = frame.rows_of(ids)
    for bad, what in ((rows < 0, "is not in the frame"), (ids.duplicated().to_numpy(), "was drawn before")):
        if bad.any():
            line = int(source.lines(np.flatnonzero(bad)[:1])[0])
            raise DesignError(f"{path}, line {line}: '{ids[bad].iloc[0]}' {what}: correct it or draw again")
    reserve = _reserve_places(source, len(ids))
    order = np.lexsort((rows, reserve))
    return rows[order], reserve[order], source.sha256


def _reserve_places(source: Table, stations: int) -> IntArray:
    """Read the column ``reserve``: blank or 0 for a drawn station, else its place in the reserve list."""
    if "reserve" not in source.header:
        return np.zeros(stations, dtype=np.intp)
    text = as_text(source.data.column("reserve")).to_pandas().fillna("0")
    places = pd.to_numeric(text.replace({"False": "0", "True": "1"}), errors="coerce")
    if places.isna().any():
        line = int(source.lines(np.flatnonzero(places.isna())[:1])[0])
        raise DesignError(f"{source.path}, line {line}: reserve is no number: leave it blank for a drawn station")
    return np.asarray(places.to_numpy(), dtype=np.intp)


def _shared(names: Sequence["pd.Categorical"], rows: IntArray) -> tuple[str, ...]:
    """Give the area path that some stations share, from the province down."""
    area: list[str] = []
    for column in names:
        codes = column.codes[rows]
        if (codes != codes[0]).any():
            break
        area.append(str(column.categories[codes[0]]))
    return tuple(area)


def read_officers(path: Path, frame: Frame, rows: IntArray) -> list[str]:
    """Read ``officers.csv`` and find the officer of every station.

    Parameters
    ----------
    path : pathlib.Path
        ``officer`` and ``tps_id``, or ``officer`` and ``village`` with levels above it. A row with a
        ``tps_id`` goes before one with its village. Other columns, such as names, are not read.
    frame : Frame
    rows : numpy.ndarray of intp, shape (n,)
        The stations that need one.

    Returns
    -------
    list of str, length n

    Raises
    ------
    DesignError
        See :func:`assign`; the message names file and line.
    """
    source = read_table(path)
    names = rename(source.header, OFFICER_COLUMNS, str(path))
    require(names.values(), ("officer",), source.header, str(path))
    levels = [level for level in AREA_LEVELS if level in names.values()]
    if "tps_id" not in names.values() and "village" not in levels:
        raise DesignError(f"{path}: neither a column tps_id nor a column village is in it: add one of them")
    table = pd.DataFrame({new: as_text(source.data.column(raw)).to_pandas().fillna("") for raw, new in names.items()})
    lines = source.lines(np.arange(len(table)))
    by_station: dict[int, tuple[str, int]] = {}
    by_village: dict[int, tuple[str, int]] = {}
    villages = frame.areas("village")
    known = _villages(villages.paths, levels)
    stations = frame.rows_of(table["tps_id"]) if "tps_id" in table else np.full(len(table), -1)
    for record, station, line in zip(table.to_dict("records"), stations, lines, strict=True):
        place = f"{path}, line {line}"
        code = _officer_code(record["officer"], place)
        if record.get("tps_id"):
            if station < 0:
                raise DesignError(f"{place}: station '{record['tps_id']}' is not in the frame: correct it")
            _put(by_station, int(station), code, int(line), place, f"station {record['tps_id']}")
        else:
            name = tuple(str(record[level]) for level in levels)
            _put(by_village, _village_of(known, name, place), code, int(line), place, f"village {' / '.join(name)}")
    found = [by_station.get(int(r)) or by_village.get(int(v)) for r, v in zip(rows, villages.codes[rows], strict=True)]
    return _all_named(path, frame, rows, found)


def _all_named(path: Path, frame: Frame, rows: IntArray, found: list[tuple[str, int] | None]) -> list[str]:
    """Stop when a station has no officer, naming the first."""
    without = [row for row, pair in zip(rows, found, strict=True) if pair is None]
    if without:
        first = frame.table.iloc[without[0]]
        raise DesignError(
            f"{path}: {len(without)} of {len(rows)} stations have no officer, first {first['tps_id']} in "
            f"{' / '.join(str(first[level]) for level in AREA_LEVELS)}: add its village or its tps_id"
        )
    return [pair[0] for pair in found if pair is not None]


def _officer_code(code: str, place: str) -> str:
    if not _CODE.fullmatch(code):
        raise DesignError(
            f"{place}: officer '{code}' can't stand in a message: use 1 to 20 letters, digits, dots or hyphens"
        )
    return code


def _key(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(" ".join(name.split()).casefold() for name in path)


def _villages(paths: tuple[tuple[str, ...], ...], levels: list[str]) -> dict[tuple[str, ...], list[int]]:
    """Index the frame's villages by the levels that the officers' file has."""
    known: dict[tuple[str, ...], list[int]] = {}
    places = [AREA_LEVELS.index(level) for level in levels]
    for code, path in enumerate(paths):
        known.setdefault(_key(tuple(path[place] for place in places)), []).append(code)
    return known


def _village_of(known: dict[tuple[str, ...], list[int]], name: tuple[str, ...], place: str) -> int:
    label = " / ".join(name)
    found = known.get(_key(name), []) if name and name[-1] else []
    if not found:
        near = nearest_name(" / ".join(_key(name)), [" / ".join(key) for key in known]) if label.strip(" /") else None
        raise DesignError(
            f"{place}: village '{label}' is not in the frame"
            + (f": did you mean '{near}'?" if near else ": correct it")
        )
    if len(found) > 1:
        raise DesignError(
            f"{place}: village '{label}' stands for {len(found)} villages: add the columns of the levels above it"
        )
    return found[0]


def _put(held: dict[int, tuple[str, int]], key: int, code: str, line: int, place: str, what: str) -> None:
    other = held.setdefault(key, (code, line))
    if other[0] != code:
        raise DesignError(
            f"{place}: {what} has officer '{code}' and, in line {other[1]}, officer '{other[0]}': "
            f"keep one, or name their stations by tps_id"
        )

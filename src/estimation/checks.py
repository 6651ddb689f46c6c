"""Coded rules on frames and returns, vectorised: which rows break which rule, and where they stand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from estimation.columns import AREA_LEVELS
from estimation.rules import Findings, Place
from estimation.tables import Table, as_text

_LOST = r"^\d+([.,]\d+)?[eE]\+?\d+$|^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}"
BoolArray = NDArray[np.bool_]
Array = NDArray[np.float64]
IntArray = NDArray[np.intp]


def findings(
    code: str,
    file: str | Sequence[object],
    lines: Sequence[int] | NDArray[np.int64],
    column: str,
    values: Sequence[object],
    tps_ids: Sequence[object],
) -> Findings:
    """List the same broken rule at several lines of one file, or of a file each."""
    n = len(lines)
    files = [file] * n if isinstance(file, str) else map(str, file)
    whole = map(int, lines.tolist() if isinstance(lines, np.ndarray) else lines)
    places = zip([code] * n, files, whole, [column] * n, _texts(values), _texts(tps_ids), strict=True)
    return Findings(map(Place._make, places))


def _texts(values: Sequence[object]) -> list[str]:
    return ["" if value is None or value is pd.NA or value != value else str(value) for value in values]


def decimal_mark(columns: Iterable[pa.ChunkedArray]) -> str:
    """Tell the decimal mark of a file from its text columns: ``.``, ``,``, ``mixed``, or blank where none stands in it.

    Three digits behind a mark tell nothing, as they may be thousands: ``1.234``.
    """
    found = set()
    for column in columns:
        if pa.types.is_string(column.type):
            found |= {mark for mark in ".," if has_decimals(column, mark).any()}
    return "mixed" if len(found) > 1 else next(iter(found), "")


def has_decimals(column: pa.ChunkedArray, mark: str) -> BoolArray:
    """Find the cells of a text column with one, two, or four and more digits behind a mark, shape (n,)."""
    decimals = pc.match_substring_regex(column, rf"^\s*-?\d+[{mark}](?:\d{{1,2}}|\d{{4,}})\s*$")
    return _mask(pc.fill_null(decimals, False))


def whole_numbers(column: pa.ChunkedArray, decimal: str = "") -> pa.ChunkedArray:
    """Read a column of counts; what is blank or is no whole number becomes null.

    ``12`` and ``12.0`` are whole; ``-3``, ``1.234``, ``1,2E+3``, ``12 voters`` are not. Negative
    numbers are null too: see :func:`not_whole`.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    decimal : str, optional
        The file's decimal mark, see :func:`decimal_mark`; where it is a comma, ``12,0`` is whole too.
    """
    if pa.types.is_integer(column.type):
        return pc.if_else(pc.less(column, 0), None, column)
    if pa.types.is_floating(column.type):
        whole = pc.and_(pc.equal(column, pc.floor(column)), pc.and_(pc.greater_equal(column, 0), pc.less(column, 1e15)))
        return pc.cast(pc.if_else(whole, column, None), pa.int64())
    if not pa.types.is_string(column.type):
        column = pc.cast(column, pa.string())
    try:
        if pc.any(pc.match_substring(column, "x", ignore_case=True)).as_py():
            raise pa.ArrowInvalid("hexadecimal, which the cast would take for a number")
        numbers = pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        text = as_text(column)
        mark = "[.,]" if decimal == "," else r"\."
        digits = pc.match_substring_regex(text, rf"^\d{{1,15}}({mark}0)?$")
        clean = pc.replace_substring_regex(pc.if_else(digits, text, None), rf"{mark}0$", "")
        return pc.cast(clean, pa.int64())
    return pc.if_else(pc.less(numbers, 0), None, numbers)


def not_whole(column: pa.ChunkedArray, numbers: pa.ChunkedArray) -> BoolArray:
    """Find the cells that hold something and yet no whole number, shape (n,)."""
    number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    blank = pc.is_null(column, nan_is_null=True) if number else pc.is_null(as_text(column))
    return _mask(pc.and_(pc.is_null(numbers), pc.invert(blank)))


def lost_digits(ids: pa.ChunkedArray) -> BoolArray:
    """Find the codes that a spreadsheet turned into scientific notation or a date, shape (n,)."""
    return _mask(pc.fill_null(pc.match_substring_regex(ids, _LOST), False))


def letters_for_digits(column: pa.ChunkedArray) -> tuple[BoolArray, pa.ChunkedArray]:
    """Find the cells where O stands for 0, or I or l for 1, and give the number that they would be.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    pyarrow.ChunkedArray
        The proposed reading as text, for every cell.
    """
    found = pc.and_(pc.match_substring_regex(column, "^[0-9OoIl]+$"), pc.match_substring_regex(column, "[OoIl]"))
    reading = pc.replace_substring_regex(pc.replace_substring_regex(column, "[Oo]", "0"), "[Il]", "1")
    return _mask(pc.fill_null(found, False)), reading


def _mask(array: pa.ChunkedArray) -> BoolArray:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.bool_)


def frame_findings(
    source: Table,
    columns: Mapping[str, pa.ChunkedArray],
    numbers: pa.ChunkedArray,
    names: Mapping[str, str],
    max_registered: int,
) -> Findings:
    """Check the rows of a frame.

    Parameters
    ----------
    source : Table
        The file.
    columns : mapping of str to pyarrow.ChunkedArray
        Its columns under their canonical names; ``tps_id`` as trimmed text,
        the area columns dictionary-encoded.
    numbers : pyarrow.ChunkedArray
        ``registered`` as whole numbers, null where it is none.
    names : mapping of str to str
        ``{header: canonical name}``, so that a finding names the header that stands in the file.
    max_registered : int
        The most registered voters that a station may have without a warning.

    Returns
    -------
    Findings
        Codes E101–E105 and W101–W102.
    """
    header = {name: raw for raw, name in names.items()}
    ids = columns["tps_id"]
    voters = numbers.to_numpy(zero_copy_only=False).astype(np.float64)
    bad = not_whole(columns["registered"], numbers)
    found = [findings("E105", str(source.path), [line], "", [text], [""]) for line, text in source.ragged]

    def add(code: str, rows: BoolArray, column: str) -> None:
        where = np.flatnonzero(rows)
        if not len(where):
            return
        values = columns[column].take(pa.array(where)).to_pylist()
        stations = ids.take(pa.array(where)).to_pylist()
        found.append(
            findings(code, str(source.path), source.lines(where), header.get(column, column), values, stations)
        )

    if len(pc.unique(ids)) < len(ids):
        series = ids.to_pandas()
        add("E101", np.asarray(series.duplicated(keep=False) & series.notna()), "tps_id")
    if ids.null_count:
        add("E102", _mask(pc.is_null(ids)), "tps_id")
    for level in AREA_LEVELS:
        blank = pc.is_null(as_text(columns[level].dictionary))
        if columns[level].null_count or pc.any(blank).as_py():
            add("E104", _mask(pc.fill_null(blank.take(columns[level].indices), True)), level)
    add("E103", bad, "registered")
    add("W101", ~bad & ~(voters > 0), "registered")
    add("W102", voters > max_registered, "registered")
    return Findings.join(*found)


COUNTS = (
    "invalid",
    "total",
    "valid",
    "registered",
    "used_dpt",
    "used_moved",
    "used_unlisted",
    "used_total",
    "ballots_received",
    "ballots_used",
    "ballots_spoiled",
    "ballots_left",
)
TURNOUT_HIGH, TURNOUT_LOW = 0.98, 0.20
BALLOTS_FAR = 0.01  # of the roll, and at least five ballots
SHARE_FAR = 0.40  # of the valid votes; 2.5 standard deviations between stations of one village


@dataclass(frozen=True, slots=True)
class Limits:
    """What a form may hold, from ``[returns]`` of the contest."""

    allowance: float = 0.10
    ballot_reserve: float = 0.025
    max_registered: int = 600


class Columns(Protocol):
    """Arrays by name: a mapping, a table or rows of returns."""

    def __getitem__(self, name: Any, /) -> Any: ...
    def __contains__(self, name: object, /) -> bool: ...


def form_errors(
    counts: Columns,
    votes: Sequence[str],
    roll: Array,
    village: IntArray,
    rolls: Columns,
    limits: Limits,
) -> dict[str, tuple[str, BoolArray]]:
    """Check the arithmetic of forms: what keeps a return out (design: the form and its arithmetic).

    Parameters
    ----------
    counts : arrays by name, each of shape (m,)
        ``votes`` and those of ``COUNTS`` that the source has, as floats, NaN where blank.
    votes : sequence of str
        Columns of the candidates' votes.
    roll : numpy.ndarray, shape (m,)
        Registered voters by the frame; NaN where unknown.
    village : numpy.ndarray of intp, shape (m,)
        Village of the station; -1 where the frame doesn't know the station.
    rolls : arrays by name, each of shape (N,)
        ``village`` and ``registered`` of every station of the frame.
    limits : Limits

    Returns
    -------
    dict of str to (str, numpy.ndarray of bool)
        By code: the column to look at and the rows that break the rule. A rule whose numbers are
        blank isn't broken.
    """
    c = _filled(counts, len(roll))
    valid = _stacked(counts, votes).sum(axis=1)
    used = np.where(np.isnan(c["used_total"]), c["used_dpt"] + c["used_moved"] + c["used_unlisted"], c["used_total"])
    known = np.where(np.isnan(roll), c["registered"], roll)
    of_other = _pairs(village, c["registered"], rolls)
    counted = valid + np.nan_to_num(c["invalid"])
    return {
        "E201": (votes[0], np.isnan(valid)),
        "E203": ("total", _differ(valid + c["invalid"], c["total"]) | (counted > c["total"])),
        "E204": ("valid", _differ(c["valid"], valid)),
        "E205": ("total", np.where(np.isnan(c["total"]), counted, c["total"]) > _at_most(known, limits.allowance)),
        "E206": ("total", _differ(used, c["total"])),
        "E208": ("registered", of_other & (c["registered"] != roll) & ~np.isnan(roll)),
        "E209": (
            "ballots_received",
            _differ(c["ballots_received"], c["ballots_used"] + c["ballots_spoiled"] + c["ballots_left"]),
        ),
    }


def form_warnings(
    counts: Columns, votes: Sequence[str], roll: Array, limits: Limits
) -> dict[str, tuple[str, BoolArray]]:
    """Check what a good form seldom holds: listed, and the return is used; see :func:`form_errors`."""
    c = _filled(counts, len(roll))
    shares = _stacked(counts, votes)
    valid = shares.sum(axis=1)
    known = np.where(np.isnan(roll), c["registered"], roll)
    ballots = np.where(np.isnan(c["total"]), valid + c["invalid"], c["total"])
    turnout = np.divide(ballots, known, out=np.full(len(roll), np.nan), where=known > 0)
    over = (ballots > _at_most(known, limits.ballot_reserve)) & (ballots <= _at_most(known, limits.allowance))
    expected = np.ceil(known * (1 + limits.ballot_reserve))
    far = np.abs(c["ballots_received"] - expected) > np.maximum(5, BALLOTS_FAR * known)
    return {
        "W201": ("registered", _differ(c["registered"], roll)),
        "W202": ("ballots_received", far),
        "W203": ("registered", c["registered"] > limits.max_registered),
        "W204": (votes[0], (shares.max(axis=1) == valid) & (valid > 0) if len(votes) > 1 else valid < 0),
        "W205": ("total", (turnout > TURNOUT_HIGH) & ~over),
        "W206": ("total", turnout < TURNOUT_LOW),
        "W208": ("total", over),
        "W209": ("total", np.isnan(c["total"]) | np.isnan(c["invalid"])),
        "W211": (votes[0], valid == 0),
    }


def _filled(counts: Columns, rows: int) -> dict[str, Array]:
    """Give every count of the form, NaN where the source does not have it."""
    blank = np.full(rows, np.nan)
    return {name: np.asarray(counts[name], dtype=np.float64) if name in counts else blank for name in COUNTS}


def _stacked(counts: Columns, votes: Sequence[str]) -> Array:
    """Put the votes of the candidates side by side, shape (m, k)."""
    return np.stack([np.asarray(counts[name], dtype=np.float64) for name in votes], axis=-1)


def _differ(left: Array, right: Array) -> BoolArray:
    return np.asarray((left != right) & ~np.isnan(left) & ~np.isnan(right))


def _at_most(known: Array, part: float) -> Array:
    """Give the most ballots that a roll and a part of it allow; 1.025 × 120 is 123, not 122.99."""
    return np.asarray(np.floor(known * (1 + part) + 1e-9))


def _pairs(village: IntArray, registered: Array, rolls: Columns) -> BoolArray:
    """Tell where a form's roll is that of some station of the same village."""
    span = 1_000_000
    have = np.asarray(rolls["village"]) * span + np.asarray(rolls["registered"])  # NaN, where unknown, is like nothing
    asked = village * span + registered
    return np.isin(asked, have) & (village >= 0) & ~np.isnan(registered)


def far_from_village(votes: Array, village: IntArray) -> BoolArray:
    """Tell where a candidate's share is far from that of at least two other stations of the village (W207).

    Parameters
    ----------
    votes : numpy.ndarray, shape (m, k)
        Votes of each candidate in stations whose return is used.
    village : numpy.ndarray of intp, shape (m,)
        -1 where unknown.
    """
    valid = votes.sum(axis=1)
    good = (village >= 0) & (valid > 0)
    codes = np.where(good, village, 0)
    top = int(codes.max(initial=0)) + 1
    others = np.bincount(codes, good, top)[codes] - 1
    rest = np.bincount(codes, np.where(good, valid, 0), top)[codes] - valid
    far = np.zeros(len(valid), dtype=np.bool_)
    for j in range(votes.shape[1]):
        total = np.bincount(codes, np.where(good, votes[:, j], 0), top)[codes] - votes[:, j]
        with np.errstate(invalid="ignore", divide="ignore"):
            far |= np.abs(votes[:, j] / valid - total / rest) > SHARE_FAR
    return np.asarray(far & good & (others >= 2) & (rest > 0))

"""Coded rules on frames and returns, vectorised: which rows break which rule, and where they stand."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from estimation.columns import AREA_LEVELS
from estimation.rules import FINDING_COLUMNS, Findings
from estimation.tables import Table, as_text

BoolArray = NDArray[np.bool_]


def findings(
    code: str,
    file: str,
    lines: Sequence[int] | NDArray[np.int64],
    column: str,
    values: Sequence[object],
    tps_ids: Sequence[object],
) -> Findings:
    """List the same broken rule at several lines of one file."""
    n = len(lines)
    table = pd.DataFrame(
        {
            "code": [code] * n,
            "file": [file] * n,
            "line": np.asarray(lines, dtype=np.int64),
            "column": [column] * n,
            "value": ["" if value is None else str(value) for value in values],
            "tps_id": ["" if value is None else str(value) for value in tps_ids],
        },
        columns=list(FINDING_COLUMNS),
        dtype=object,
    )
    return Findings(table) if n else Findings.none()


def whole_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Read a column of counts; what is blank or is no whole number becomes null.

    ``12`` and ``12.0`` are whole; ``-3``, ``1.234``, ``1,2E+3``, ``12 voters`` are not. Negative
    numbers are null too: see :func:`not_whole`.
    """
    if pa.types.is_integer(column.type):
        return pc.if_else(pc.less(column, 0), None, column)
    if pa.types.is_floating(column.type):
        whole = pc.and_(pc.equal(column, pc.floor(column)), pc.greater_equal(column, 0))
        return pc.cast(pc.if_else(whole, column, None), pa.int64())
    try:
        numbers = pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        text = as_text(column)
        digits = pc.match_substring_regex(text, r"^\d{1,15}(\.0)?$")
        clean = pc.replace_substring_regex(pc.if_else(digits, text, None), r"\.0$", "")
        return pc.cast(clean, pa.int64())
    return pc.if_else(pc.less(numbers, 0), None, numbers)


def not_whole(column: pa.ChunkedArray, numbers: pa.ChunkedArray) -> BoolArray:
    """Find the cells that hold something and yet no whole number, shape (n,)."""
    blank = pc.is_null(as_text(column)) if pa.types.is_string(column.type) else pc.is_null(column)
    return _mask(pc.and_(pc.is_null(numbers), pc.invert(blank)))


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
        Its columns under their canonical names; the area columns dictionary-encoded.
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
        found.append(findings(code, str(source.path), source.lines(where), header.get(column, column), values, stations))

    if pc.count_distinct(ids, mode="all").as_py() < len(ids):
        series = as_text(ids).to_pandas()
        add("E101", np.asarray(series.duplicated(keep=False) & series.notna()), "tps_id")
    if ids.null_count or pc.any(pc.utf8_is_space(ids)).as_py() or pc.min(pc.binary_length(ids)).as_py() == 0:
        add("E102", _mask(pc.is_null(as_text(ids))), "tps_id")
    for level in AREA_LEVELS:
        blank = pc.is_null(as_text(columns[level].dictionary))
        if columns[level].null_count or pc.any(blank).as_py():
            add("E104", _mask(pc.fill_null(blank.take(columns[level].indices), True)), level)
    add("E103", bad, "registered")
    add("W101", ~bad & ~(voters > 0), "registered")
    add("W102", voters > max_registered, "registered")
    return Findings.join(*found)


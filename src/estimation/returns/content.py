"""A return as canonical text: the same return is the same text, whichever file brings it and how its columns stand."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from estimation.returns.rows import MOMENT, TEXT, Column, Rows

PLACE = ("file", "line")  # where a return stood is no part of what it says
DERIVED = ("row", "kept_out", "edition")  # nor is what was worked out about it
CELLS = "cells"  # cells that could not be read, as JSON
_ESCAPED = r'["\\\x00-\x1f]'


def canonical_rows(table: pd.DataFrame | Rows) -> list[str]:
    """Write each row as one line of JSON: keys in order, blanks left out, whole numbers without point, times in UTC.

    Parameters
    ----------
    table : pandas.DataFrame or Rows
        As :func:`~estimation.returns.intake.read_returns` gives them, in any order of columns; ``file``,
        ``line`` and what was derived are passed over. A column ``cells`` holds JSON and is taken as it is.

    Returns
    -------
    list of str
        Whose SHA-256 is the identity of a return.
    """
    rows = table if isinstance(table, Rows) else Rows.of_table(table)
    pairs = [_pairs(name, rows[name]) for name in sorted(set(rows) - {*PLACE, *DERIVED})]
    if not pairs or not len(rows):
        return ["{}"] * len(rows)
    joined = pc.binary_join_element_wise(*pairs, pa.scalar(",", TEXT), null_handling="skip")
    texts: list[str] = _concatenated("{", joined, "}").to_pylist()
    return texts


def utc_texts(times: "pd.Series[pd.Timestamp]") -> list[str]:
    """Write times in UTC, ``2024-11-27T09:05:00.000000Z``, so that text sorts as time does; '' for none."""
    utc = pa.array(times, from_pandas=True).cast(pa.timestamp("us", "UTC"), safe=False)
    texts: list[str] = pc.fill_null(_moments(utc.cast(pa.timestamp("us"))), "").to_pylist()
    return texts


def _moments(times: pa.Array) -> pa.Array:
    text = times.cast(pa.timestamp("us"), safe=False).cast(TEXT)
    return _concatenated(pc.replace_substring(text, " ", "T"), "Z")


def _concatenated(*parts: pa.Array | str) -> pa.Array:
    """Put texts one behind the other, row by row; null where one of them is."""
    texts = [pa.scalar(part, TEXT) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*texts, pa.scalar("", TEXT))


def _pairs(name: str, column: Column) -> pa.Array:
    """Write ``"name":value`` for each row, null where blank."""
    key = json.dumps(name) + ":"
    if name == CELLS:
        values = column
    elif not isinstance(column, np.ndarray):
        values = _texts(column)
    elif column.dtype == np.bool_:
        values = pc.if_else(pa.array(column), pa.scalar("true", TEXT), pa.scalar(None, TEXT))
    elif column.dtype == MOMENT:
        values = _concatenated('"', _moments(pa.array(column, from_pandas=True)), '"')
    else:
        values = _numbers(pa.array(column, from_pandas=True))
    return _concatenated(key, values)


def _numbers(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.int64()).cast(TEXT)
    except pa.ArrowInvalid:  # a fraction; counts have none
        said = [None if v is None else repr(int(v)) if float(v).is_integer() else repr(v) for v in values.to_pylist()]
        return pa.array(said, TEXT)


def _texts(values: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(values, _ESCAPED)).as_py():
        said = [None if v is None else json.dumps(v, ensure_ascii=False) for v in values.to_pylist()]
        return pa.array(said, TEXT)
    return _concatenated('"', values, '"')


def restore(texts: Sequence[str], numbers: Sequence[str], words: Sequence[str]) -> pd.DataFrame:
    """Read rows back from their canonical text.

    Parameters
    ----------
    texts : sequence of str
        As :func:`canonical_rows` wrote them.
    numbers, words : sequence of str
        Columns of counts and of text that the table has in any case; a further column comes back as it was written.

    Returns
    -------
    pandas.DataFrame
        Counts as floats, NaN where blank; ``received_at`` in UTC; ``unreadable`` as booleans.
    """
    import pyarrow.json as pj

    fields = [pa.field(name, pa.float64()) for name in numbers]
    fields += [pa.field(name, pa.string()) for name in (*words, "received_at")]
    fields += [pa.field("unreadable", pa.bool_()), pa.field(CELLS, pa.list_(pa.list_(pa.string())))]
    schema = pa.schema(fields)
    if not texts:
        read = schema.empty_table()
    else:
        content = "\n".join(texts).encode("utf-8")
        size = max(1 << 20, 2 * max(map(len, texts)) * 4)
        read = pj.read_json(
            pa.BufferReader(content), pj.ReadOptions(block_size=size), pj.ParseOptions(explicit_schema=schema)
        )
    table: pd.DataFrame = read.drop_columns(["received_at", "unreadable", CELLS]).to_pandas()
    for name in words:
        table[name] = table[name].astype("str")
    table["received_at"] = pd.to_datetime(read["received_at"].to_pandas().astype("str"), utc=True, format="ISO8601")
    table["received_at"] = table["received_at"].astype("datetime64[ns, UTC]")
    table["unreadable"] = pc.fill_null(read["unreadable"], False).to_numpy(zero_copy_only=False)
    table[CELLS] = pd.Series(read[CELLS].to_pylist(), index=table.index, dtype=object)
    return table

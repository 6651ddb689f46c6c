"""A return as canonical text: the same return is the same text, whichever file brings it and how its columns stand."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

PLACE = ("file", "line")  # where a return stood is no part of what it says
DERIVED = ("row", "kept_out", "edition")  # nor is what was worked out about it
CELLS = "cells"  # cells that could not be read, as JSON
_ESCAPED = r'["\\\x00-\x1f]'


def canonical(table: pd.DataFrame) -> list[str]:
    """Write each row as one line of JSON: keys in order, blanks left out, whole numbers without point, times in UTC.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows as :func:`~estimation.returns.intake.read_returns` gives them, in any order of columns; ``file``,
        ``line`` and what was derived are passed over. A column ``cells`` holds JSON and is taken as it is.

    Returns
    -------
    list of str
        Whose SHA-256 is the identity of a return.
    """
    names = sorted(set(table.columns) - {*PLACE, *DERIVED})
    pairs = [_pairs(name, table[name]) for name in names]
    if not pairs or not len(table):
        return ["{}"] * len(table)
    joined = pc.binary_join_element_wise(*pairs, ",", null_handling="skip")
    texts: list[str] = pc.binary_join_element_wise("{", joined, "}", "").to_pylist()
    return texts


def moments(times: "pd.Series[pd.Timestamp]") -> list[str]:
    """Write times in UTC, ``2024-11-27T09:05:00.000000Z``, so that text sorts as time does; '' for none."""
    texts: list[str] = pc.fill_null(_moments(times), "").to_pylist()
    return texts


def _moments(times: "pd.Series[Any]") -> pa.Array:
    utc = pa.array(times, from_pandas=True).cast(pa.timestamp("us", "UTC"), safe=False)
    text = utc.cast(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")


def _pairs(name: str, column: "pd.Series[Any]") -> pa.Array:
    """Write ``"name":value`` for each row, null where blank."""
    key = json.dumps(name) + ":"
    if name == CELLS:
        values = pa.array(column, pa.string(), from_pandas=True)
    elif column.dtype == np.bool_:
        values = pc.if_else(pa.array(column.to_numpy()), "true", pa.scalar(None, pa.string()))
    elif isinstance(column.dtype, pd.DatetimeTZDtype):
        values = pc.binary_join_element_wise('"', _moments(column), '"', "")
    elif pd.api.types.is_numeric_dtype(column.dtype):
        values = _numbers(pa.array(column, from_pandas=True))
    else:
        values = _texts(pa.array(column, from_pandas=True).cast(pa.string()))
    return pc.binary_join_element_wise(key, values, "")


def _numbers(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.int64()).cast(pa.string())
    except pa.ArrowInvalid:  # a fraction; counts have none
        said = [None if v is None else repr(int(v)) if float(v).is_integer() else repr(v) for v in values.to_pylist()]
        return pa.array(said, pa.string())


def _texts(values: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(values, _ESCAPED)).as_py():
        said = [None if v is None else json.dumps(v, ensure_ascii=False) for v in values.to_pylist()]
        return pa.array(said, pa.string())
    return pc.binary_join_element_wise('"', values, '"', "")


def restore(texts: Sequence[str], numbers: Sequence[str], words: Sequence[str]) -> pd.DataFrame:
    """Read rows back from their canonical text.

    Parameters
    ----------
    texts : sequence of str
        As :func:`canonical` wrote them.
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

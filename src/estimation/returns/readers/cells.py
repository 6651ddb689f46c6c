"""Cells that have a type of their own (worksheets, databases, JSON) as text, so that codes keep what they hold."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def as_cell(value: object) -> str | None:
    """Write a value as text: whole numbers without a decimal mark, times in ISO 8601, a blank as None."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (float, Decimal)):
        number = float(value)
        return str(int(value)) if abs(number) < 1e15 and number.is_integer() else str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)


def as_columns(
    header: Sequence[str], columns: Sequence[Sequence[object]]
) -> tuple[pa.Table, dict[str, NDArray[np.bool_]]]:
    """Give columns of values as text columns, and which cells were numbers.

    Parameters
    ----------
    header : sequence of str
    columns : sequence of sequences, each of length n
    """
    data = {
        name: pa.array([as_cell(v) for v in values], pa.string()) for name, values in zip(header, columns, strict=True)
    }
    numbers = (int, float, Decimal)
    numeric = {
        name: np.fromiter((isinstance(v, numbers) for v in values), dtype=np.bool_, count=len(values))
        for name, values in zip(header, columns, strict=True)
    }
    return pa.table(data), numeric

"""Classes of a frame column that strata may be made of: ``baseline_1/3``, ``baseline_1/3lh``, ``registered?``."""

import re

import numpy as np
import pandas as pd

from estimation.arrays import Array, BoolArray, IntArray
from estimation.columns import nearest_name
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.sampling.stratification import cumulative_root_frequency, lavallee_hidiroglou

_CUT = re.compile(r"(?P<column>.+)/(?P<number>\d+)(?P<rule>lh)?")
UNKNOWN = "?"  # the class of stations without a value, beside cut ones


def is_class(frame: Frame, token: str) -> bool:
    """Tell whether a name in a design's strata asks for classes, and is no column of the frame itself."""
    return token not in frame.table.columns and ("/" in token or token.endswith("?"))


def classes(frame: Frame, token: str, n: int) -> list[str]:
    """Give the class of every station, N names.

    Parameters
    ----------
    token : str
        ``baseline_1/3``: three classes by cumulative √f; ``baseline_1/3lh``: by Lavallée and
        Hidiroglou, for the least variance of the column's total; stations without a value are a class
        of their own, ``?``. ``registered?``: two classes, by whether there is a value.
    n : int
        Stations of the sample, of which the known ones get their part; boundaries by Lavallée and
        Hidiroglou depend on it.

    Raises
    ------
    DesignError
        The token can't be read, its column is not in the frame or not numeric, or it can't be cut so.
    """
    if token.endswith("?"):
        column = token[:-1].strip()
        known = ~_blank(frame, column, token)
        return [f"{column} {'known' if there else 'unknown'}" for there in known]
    found = _CUT.fullmatch(token)
    if found is None or int(found["number"]) < 2:
        raise DesignError(
            f"strata '{token}': write the column and a number of classes, such as baseline_1/3, or baseline_1/3lh for "
            f"the cut of Lavallée and Hidiroglou"
        )
    column, number = found["column"].strip(), int(found["number"])
    values = _numbers(frame, column, token)
    known = np.isfinite(values)
    names = np.full(len(frame), UNKNOWN, dtype=object)
    try:
        codes = _cut(values[known], number, found["rule"] is not None, n * known.mean())
    except DesignError as error:
        raise DesignError(f"strata '{token}': {error}") from error
    names[known] = [f"{column} {code + 1}/{number}" for code in codes]
    return [str(name) for name in names]


def _cut(values: Array, number: int, lh: bool, n: float) -> IntArray:
    """Cut known values; by Lavallée and Hidiroglou with a fixed seed, so that the draw's does not move strata."""
    if not lh:
        return cumulative_root_frequency(values, number).codes
    return lavallee_hidiroglou(values, number, min(max(round(n), 1), len(values))).codes


def _blank(frame: Frame, column: str, token: str) -> BoolArray:
    values = _column(frame, column, token)
    blank = values.isna() | (values.astype("str").str.strip() == "")
    return np.asarray(blank.to_numpy(), dtype=np.bool_)


def _numbers(frame: Frame, column: str, token: str) -> Array:
    values = _column(frame, column, token)
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(numbers).any():
        raise DesignError(f"strata '{token}': column '{column}' holds no number: name a numeric one, or leave '/' out")
    return np.asarray(numbers)


def _column(frame: Frame, column: str, token: str) -> "pd.Series":
    if column not in frame.table.columns:
        near = nearest_name(column, frame.table.columns)
        raise DesignError(
            f"strata '{token}': column '{column}' is not in the frame: "
            + (f"did you mean '{near}'?" if near else f"it has {', '.join(frame.table.columns)}")
        )
    return frame.table[column]

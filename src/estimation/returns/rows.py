"""Rows of returns as one array for each column: what reading gives, and what checks and resolution look at."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from estimation.arrays import IntArray

TEXT = pa.large_string()
MOMENT = np.dtype("datetime64[ns]")
Column = Any  # a NumPy array of numbers, truth values or moments, or an Arrow array of text


class Rows:
    """Rows of returns by column; a `pandas.DataFrame` of them is made only when it is asked for.

    Parameters
    ----------
    columns : mapping of str to array, each of shape (n,)
        Numbers and truth values as NumPy arrays (NaN where blank), moments as ``datetime64[ns]`` in UTC, text as
        Arrow arrays (null where blank).
    """

    __slots__ = ("_columns", "_table")

    def __init__(self, columns: Mapping[str, Column | pa.ChunkedArray]) -> None:
        self._columns: dict[str, Column] = {
            name: column if isinstance(column, np.ndarray) else _text(column) for name, column in columns.items()
        }
        self._table: pd.DataFrame | None = None

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> "Rows":
        """Take the columns out of a table."""
        return cls({str(name): _column(table[name]) for name in table.columns})

    @classmethod
    def join(cls, parts: "Sequence[Rows]") -> "Rows":
        """Put several below each other; a count that one of them does not have is blank there."""
        if len(parts) == 1:
            return parts[0]
        names = dict.fromkeys(name for part in parts for name in part)
        return cls({name: _joined([part.get(name) for part in parts]) for name in names})

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]

    def get(self, name: str) -> Column:
        """Give a column; NaN everywhere where there is none."""
        column = self._columns.get(name)
        return np.full(len(self), np.nan) if column is None else column

    def strings(self, name: str, where: IntArray | None = None) -> list[str]:
        """Give a column of text as strings, of all rows or of some; a blank is ''."""
        column = self._columns[name] if where is None else self._columns[name].take(pa.array(where))
        strings: list[str] = pc.fill_null(column, "").to_pylist()
        return strings

    def codes(self, name: str) -> IntArray:
        """Rank the values of a column of text in their order, a blank as ''; shape (n,)."""
        return sorted_codes(self._columns[name])

    def equal(self, name: str, value: str) -> NDArray[np.bool_]:
        """Tell which rows have this value in a column of text, shape (n,)."""
        same = pc.fill_null(pc.equal(self._columns[name], value), False)
        return np.asarray(same.to_numpy(zero_copy_only=False), dtype=np.bool_)

    def take(self, where: NDArray[Any]) -> "Rows":
        """Give some rows: by a mask of shape (n,), or by their numbers."""
        numbers = np.flatnonzero(where) if where.dtype == np.bool_ else where
        if where.dtype == np.bool_ and len(numbers) == len(self):
            return self
        chosen = pa.array(numbers)
        return Rows({name: c[numbers] if isinstance(c, np.ndarray) else c.take(chosen) for name, c in self._items()})

    def assign(self, **columns: Column) -> "Rows":
        """Give the rows with some columns added, or put in place of others."""
        return Rows(self._columns | columns)

    def drop(self, names: Iterable[str]) -> "Rows":
        """Give the rows without some columns."""
        without = set(names)
        return Rows({name: column for name, column in self._items() if name not in without})

    def _items(self) -> Iterable[tuple[str, Column]]:
        return self._columns.items()

    @property
    def table(self) -> pd.DataFrame:
        """All columns as a table: text as ``str``, moments in UTC."""
        if self._table is None:
            self._table = pd.DataFrame({name: _series(column) for name, column in self._items()})
        return self._table


def sorted_codes(text: pa.Array) -> IntArray:
    """Rank the values of a text array in their order, a blank as '', shape (n,)."""
    coded = pc.fill_null(text, "").dictionary_encode()
    names = coded.dictionary.to_pylist()
    place = np.empty(len(names), dtype=np.intp)
    place[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return np.asarray(place[coded.indices.to_numpy()], dtype=np.intp)


def translated(text: pa.Array, meaning: Callable[[str], str | None]) -> pa.Array:
    """Put another value in place of each in a text array; a blank stays blank, and so does what has no meaning."""
    coded = text.dictionary_encode()
    return pa.array([meaning(value) for value in coded.dictionary.to_pylist()], TEXT).take(coded.indices)


def _text(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if column.type == TEXT else column.cast(TEXT)


def _column(series: "pd.Series[Any]") -> Column:
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return np.asarray(series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), dtype=MOMENT)
    if series.dtype == np.bool_ or pd.api.types.is_numeric_dtype(series.dtype):
        return series.to_numpy()
    return _text(pa.array(series, from_pandas=True))


def _joined(columns: Sequence[Column]) -> Column:
    arrow = next((column for column in columns if not isinstance(column, np.ndarray)), None)
    if arrow is None:
        return np.concatenate(columns)
    blank = [pa.nulls(len(c), TEXT) if isinstance(c, np.ndarray) else c for c in columns]
    return pa.concat_arrays(blank)


def _series(column: Column) -> Any:
    if not isinstance(column, np.ndarray):
        return pd.array(column, dtype="str")
    if column.dtype == MOMENT:
        return pd.DatetimeIndex(column).tz_localize("UTC")
    return column

"""Faults of single returns: each function spoils some rows of a table and gives a new table.

A table has one row for each return, counted from 0: ``tps_id``, the candidates' votes, ``invalid``, ``total``,
``registered`` and, where the source has it, ``valid``; counts are whole numbers.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from estimation.arrays import IntArray

EXCESS = (1.15, 1.30)  # times the roll: above the 10 per cent that the checks allow
OFF = 20  # votes by which a form that doesn't add up is off at most
NUMBER_DIGITS = 12  # from here on a spreadsheet shows a number as 3.51214E+12


def misread(sent: pd.DataFrame, rows: IntArray, columns: Sequence[str], rng: np.random.Generator) -> pd.DataFrame:
    """Misread the last or last but one digit of one of the columns; all else stays."""
    counts = sent[list(columns)].to_numpy(np.int64, copy=True)
    column = rng.integers(len(columns), size=len(rows))
    value = counts[rows, column]
    unit = np.where((value >= 10) & (rng.random(len(rows)) < 0.5), 10, 1)
    digit = value // unit % 10
    read = (digit + rng.integers(1, 10, size=len(rows))) % 10
    counts[rows, column] = value + (read - digit) * unit
    return sent.assign(**{name: counts[:, j] for j, name in enumerate(columns)})


def exceed(sent: pd.DataFrame, rows: IntArray, first: str, rng: np.random.Generator) -> pd.DataFrame:
    """Raise one candidate's votes until the total exceeds the roll; the sums still hold."""
    target = np.rint(sent["registered"].to_numpy(np.float64)[rows] * rng.uniform(*EXCESS, len(rows))).astype(np.int64)
    extra = np.zeros(len(sent), dtype=np.int64)
    extra[rows] = target - sent["total"].to_numpy(np.int64)[rows]
    return sent.assign(**{name: sent[name] + extra for name in (first, "total", "valid") if name in sent})


def unbalance(sent: pd.DataFrame, rows: IntArray, votes: Sequence[str], rng: np.random.Generator) -> pd.DataFrame:
    """Put one candidate's votes off by 1 to 20, as on a form whose sums were added up wrongly."""
    counts = sent[list(votes)].to_numpy(np.int64, copy=True)
    column = rng.integers(len(votes), size=len(rows))
    off = rng.integers(1, OFF + 1, size=len(rows)) * rng.choice([-1, 1], size=len(rows))
    value = counts[rows, column]
    counts[rows, column] = np.where(value + off < 0, value - off, value + off)
    return sent.assign(**{name: counts[:, j] for j, name in enumerate(votes)})


def transpose(sent: pd.DataFrame, rows: IntArray, votes: Sequence[str]) -> pd.DataFrame:
    """Exchange the votes of the first at the station with those on the next line."""
    counts = sent[list(votes)].to_numpy(np.int64, copy=True)
    best = counts[rows].argmax(axis=1)
    following = (best + 1) % len(votes)
    counts[rows, best], counts[rows, following] = counts[rows, following], counts[rows, best].copy()
    return sent.assign(**{name: counts[:, j] for j, name in enumerate(votes)})


def shift(sent: pd.DataFrame, rows: IntArray, columns: Sequence[str]) -> pd.DataFrame:
    """Leave the first of the columns out, so that the cells behind it move one to the left and the last is blank."""
    cells = sent[list(columns)].astype(np.float64).to_numpy(copy=True)
    cells[rows, :-1] = cells[rows, 1:].copy()
    cells[rows, -1] = np.nan
    return sent.assign(**{name: pd.array(cells[:, j]).astype("Int64") for j, name in enumerate(columns)})


def swap(sent: pd.DataFrame, left: IntArray, right: IntArray) -> pd.DataFrame:
    """Send the forms of pairs of stations under each other's code."""
    codes = sent["tps_id"].to_numpy(dtype=object, copy=True)
    codes[left], codes[right] = codes[right], codes[left].copy()
    return sent.assign(tps_id=pd.Series(codes, index=sent.index, dtype="str"))


def recode(sent: pd.DataFrame, rows: IntArray, codes: Sequence[str]) -> pd.DataFrame:
    """Give some returns other station codes, as an officer who mistypes one does."""
    changed = sent["tps_id"].to_numpy(dtype=object, copy=True)
    changed[rows] = list(codes)
    return sent.assign(tps_id=pd.Series(changed, index=sent.index, dtype="str"))


def unknown_code(code: str, known: Collection[str]) -> str:
    """Change one character, in the TPS number where there is one, so that no station has the code."""
    for back in (3, 2, 1):
        for digit in "9876543210":
            place = max(0, len(code) - back)
            wrong = code[:place] + digit + code[place + 1 :]
            if wrong != code and wrong not in known:
                return wrong
    return f"{code}9"


def as_number(code: str) -> str:
    """Write a code as a spreadsheet does that takes it for a number; the code itself where nothing is lost."""
    if not code.isdecimal():
        return code
    return str(int(code)) if len(str(int(code))) < NUMBER_DIGITS else f"{int(code):.5E}"

"""The drawn sample, and its file ``sample.csv``."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estimation.columns import AREA_LEVELS, require
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling.strata import Strata, strata_by
from estimation.survey.structure import Array, IntArray
from estimation.tables import as_text, read_table


ROUNDED = 1e-4  # relative; a spreadsheet keeps six digits of a probability


@dataclass(frozen=True, slots=True)
class Sample:
    """Stations that were drawn (or asked), with what a variance needs to know.

    Attributes
    ----------
    rows : numpy.ndarray of intp, shape (n,)
        Their rows in the frame, in the order of the draw.
    probability : numpy.ndarray, shape (n,)
        Inclusion probabilities π_i in (0, 1]; the weight is 1/π_i.
    strata : Strata
        Over the whole frame, so that N_h is the frame's.
    method : str
    sha256 : str or None
        Of ``sample.csv``; None where every station was asked.
    notes : tuple of Notice
    """

    rows: IntArray
    probability: Array
    strata: Strata
    method: str
    sha256: str | None = None
    notes: tuple[Notice, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def stratum(self) -> IntArray:
        """Stratum of each drawn station, shape (n,)."""
        return self.strata.codes[self.rows]

    @property
    def drawn(self) -> IntArray:
        """Stations drawn in each stratum n_h, shape (H,)."""
        return np.bincount(self.stratum, minlength=len(self.strata.labels))

    def table(self, frame: Frame) -> pd.DataFrame:
        """Lay the sample out as ``sample.csv`` has it: every frame column, then the design's."""
        table = frame.table.iloc[self.rows].reset_index(drop=True)
        voters = table["registered"]
        return table.assign(
            registered=voters.round().astype("Int64"),
            stratum=[self.strata.labels[code] for code in self.stratum],
            probability=self.probability,
            weight=1 / self.probability,
            order=np.arange(1, len(self) + 1),
            method=self.method,
        )


def ask_all(frame: Frame, columns: str) -> Sample:
    """Treat the whole frame as the sample: every station is asked, and π is 1."""
    strata = strata_by(frame, columns)
    return Sample(np.arange(len(frame)), np.ones(len(frame)), strata, "all")


def read_sample(path: Path, frame: Frame, columns: str) -> Sample:
    """Read ``sample.csv``, ours or another program's, and fit it to the frame.

    Parameters
    ----------
    path : pathlib.Path
        With at least ``tps_id``, ``stratum``, ``probability`` and ``weight``.
    frame : Frame
        N_h comes from it.
    columns : str
        The frame columns that define the strata, by the manifest or the contest; where they
        don't give the strata of the file, each area level and other column is tried.

    Raises
    ------
    TableError
        The file is missing or a column is.
    DesignError
        A station is not in the frame or stands there twice; a probability is not in (0, 1]; a
        weight is not 1/probability; the strata are those of no frame column; a probability is
        not n_h/N_h.
    """
    source = read_table(path)
    require(source.header, ("tps_id", "stratum", "probability", "weight"), source.header, str(path))
    text = {name: as_text(source.data.column(name)).to_pandas() for name in source.header}
    table = pd.DataFrame(text)
    table["line"] = source.lines(np.arange(len(table)))
    table = table[~table["tps_id"].isin(frame.elsewhere)].reset_index(drop=True)
    if not len(table):
        raise DesignError(f"{path}: no station is drawn in it: draw a sample with 'quickcount draw'")
    rows = frame.rows_of(table["tps_id"])
    _refuse(path, table, rows < 0, "tps_id", "is not in the frame")
    _refuse(path, table, np.asarray(table["tps_id"].duplicated()), "tps_id", "was drawn before")
    probability, weight = (_numbers(path, table, name) for name in ("probability", "weight"))
    _refuse(path, table, ~((probability > 0) & (probability <= 1)), "probability", "is no probability in (0, 1]")
    _refuse(path, table, np.abs(weight * probability - 1) > ROUNDED, "weight", "is a weight, but not 1/probability")
    named = "method" in table and bool(table["method"].notna().all())
    method = str(table["method"].iloc[0]) if named else "stratified"
    if method != "stratified":
        raise DesignError(
            f"{path}: method '{method}' can't be estimated here: known is stratified (simple random sampling in strata)"
        )
    strata = _fit_strata(path, frame, columns, rows, table["stratum"], probability)
    codes = strata.codes[rows]
    exact = (np.bincount(codes, minlength=len(strata.labels)) / strata.size)[codes]
    return Sample(rows, exact, strata, method, source.sha256, () if named else (Notice("W303"),))


def _refuse(path: Path, table: pd.DataFrame, bad: NDArray[np.bool_], column: str, what: str) -> None:
    """Stop at the first bad row, naming its line and counting the others."""
    if bad.any():
        first = table[bad].iloc[0]
        more = f" (and {int(bad.sum()) - 1} more rows)" if bad.sum() > 1 else ""
        raise DesignError(f"{path}, line {first['line']}: '{first[column]}' {what}{more}: correct it or draw again")


def _numbers(path: Path, table: pd.DataFrame, column: str) -> Array:
    numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    _refuse(path, table, ~np.isfinite(numbers), column, "is not a number")
    return np.asarray(numbers)


def _fit_strata(
    path: Path, frame: Frame, columns: str, rows: IntArray, stratum: "pd.Series[str]", probability: Array
) -> Strata:
    """Find the frame columns whose strata are the file's: the same partition, and π = n_h/N_h."""
    named, _ = pd.factorize(stratum, use_na_sentinel=False)
    own = ("tps_id", "tps", "registered", *AREA_LEVELS)
    tried = [columns, *AREA_LEVELS[::-1], *[name for name in frame.table.columns if name not in own]]
    wrong = ""
    for candidate in tried:
        strata = strata_by(frame, candidate)
        codes = strata.codes[rows]
        pairs = len(np.unique(named * len(strata.labels) + codes))
        if pairs == len(np.unique(named)) == len(np.unique(codes)):
            said = _wrong_probability(strata, codes, probability)
            if not said:
                return strata
            wrong = wrong or said
    raise DesignError(
        f"{path}: {wrong}: the frame or the sample has changed since the draw"
        if wrong
        else f"{path}: the column 'stratum' matches no column of the frame (tried {', '.join(tried)}), so the number "
        f"of stations in each stratum is unknown: add the strata to the frame as a column"
    )


def _wrong_probability(strata: Strata, codes: IntArray, probability: Array) -> str:
    """Say where a probability is not n_h/N_h; blank where all are."""
    drawn = np.bincount(codes, minlength=len(strata.labels))
    expected = (drawn / strata.size)[codes]
    off = np.abs(probability - expected) > ROUNDED * expected
    if not off.any():
        return ""
    row = int(np.flatnonzero(off)[0])
    h = int(codes[row])
    return (
        f"stratum '{strata.labels[h]}' has {int(drawn[h])} of {int(strata.size[h])} stations drawn, a probability of "
        f"{expected[row]:.6f}, and the file says {probability[row]:.6f}"
    )

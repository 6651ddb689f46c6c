"""Reads ``sample.csv``, ours or another program's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estimation.arrays import Array, IntArray
from estimation.columns import AREA_LEVELS, require
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling.apply_design import strata_for
from estimation.sampling.design import METHODS, ORDERED, Design
from estimation.sampling.design_structure import Drawn
from estimation.sampling.draw import describe_draw
from estimation.sampling.sample import Sample
from estimation.sampling.strata import Strata
from estimation.tables import as_text, read_table

ROUNDED = 1e-4  # relative; a spreadsheet keeps six digits of a probability


def read_sample(path: Path, frame: Frame, design: Design) -> Sample:
    """Read ``sample.csv``, ours or another program's, and fit it to the frame.

    Parameters
    ----------
    path : pathlib.Path
        With at least ``tps_id``, ``stratum``, ``probability`` and ``weight``.
    frame : Frame
        N_h comes from it.
    design : Design
        By the manifest or the contest. Where its strata are not those of the file, each area
        level and other column is tried.

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
    if "reserve" in table:
        table = table[table["reserve"].isna() | (table["reserve"] == "0")]
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
    if method not in METHODS:
        raise DesignError(f"{path}: method '{method}' is unknown: known are {', '.join(METHODS)}")
    if method in ORDERED and "order" in table:
        turn = np.argsort(_numbers(path, table, "order"), kind="stable")
        table, rows, probability = table.iloc[turn].reset_index(drop=True), rows[turn], probability[turn]
    design = (
        design
        if design.method == method
        else Design(len(table), method, strata="district" if method == "stratified" else "")
    )
    fixed = method in ("simple", "stratified")
    strata = _fit_strata(path, frame, design, rows, table["stratum"], probability if fixed else None)
    if fixed:
        codes = strata.codes[rows]
        probability = (np.bincount(codes, minlength=len(strata.labels)) / strata.size)[codes]
    units = _numbers(path, table, "psu_probability") if "psu_probability" in table else None
    design = replace(design, strata=strata.columns) if method != "simple" else design
    notes = () if named else (Notice("W303"),)
    return describe_draw(frame, design, strata, Drawn(rows, probability, units), sha256=source.sha256, notes=notes)


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
    path: Path, frame: Frame, design: Design, rows: IntArray, stratum: "pd.Series[str]", probability: Array | None
) -> Strata:
    """Find the frame columns whose strata are the file's: the same partition, and π = n_h/N_h where it is fixed."""
    named, _ = pd.factorize(stratum, use_na_sentinel=False)
    own = ("tps_id", "tps", "registered", *AREA_LEVELS)
    tried = [design.strata, "", *AREA_LEVELS[::-1], *[name for name in frame.table.columns if name not in own]]
    wrong = ""
    for candidate in tried:
        strata = strata_for(frame, candidate, design.merge if candidate == design.strata else 0, design.n)
        codes = strata.codes[rows]
        pairs = len(np.unique(named * len(strata.labels) + codes))
        if pairs == len(np.unique(named)) == len(np.unique(codes)):
            said = _wrong_probability(strata, codes, probability) if probability is not None else ""
            if not said:
                return strata
            wrong = wrong or said
    raise DesignError(
        f"{path}: {wrong}: the frame or the sample has changed since the draw"
        if wrong
        else f"{path}: the column 'stratum' matches no column of the frame (tried {', '.join(filter(None, tried))}), "
        f"so the number of stations in each stratum is unknown: add the strata to the frame as a column"
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

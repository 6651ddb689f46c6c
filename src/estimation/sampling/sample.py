"""The drawn sample, and its file ``sample.csv``."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from estimation.columns import AREA_LEVELS, require
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling.strata import Strata, strata_by
from estimation.survey.structure import Array, IntArray
from estimation.tables import as_text, read_table

DESIGN_COLUMNS = ("stratum", "probability", "weight", "order", "method")


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
    if not len(table):
        raise DesignError(f"{path}: no station is drawn in it: draw a sample with 'quickcount draw'")
    rows = frame.rows_of(table["tps_id"])
    _no_row(path, source, rows < 0, table["tps_id"], "is not in the frame")
    _no_row(path, source, np.asarray(table["tps_id"].duplicated()), table["tps_id"], "was drawn before")
    probability = _numbers(path, source, table["probability"])
    weight = _numbers(path, source, table["weight"])
    _no_row(
        path,
        source,
        ~((probability > 0) & (probability <= 1)),
        table["probability"],
        "is no probability in (0, 1]",
    )
    _no_row(
        path,
        source,
        np.abs(weight * probability - 1) > 1e-6,
        table["weight"],
        "is a weight, but not 1/probability",
    )
    strata = _fit_strata(path, frame, columns, rows, table["stratum"])
    notes: tuple[Notice, ...] = ()
    method = "stratified"
    if "method" in table and table["method"].notna().all():
        method = str(table["method"].iloc[0])
    else:
        notes = (Notice("W303"),)
    if method != "stratified":
        raise DesignError(
            f"{path}: method '{method}' can't be estimated here: known is stratified (simple random sampling in strata)"
        )
    sample = Sample(rows, probability, strata, method, source.sha256, notes)
    _check_probabilities(path, sample)
    return sample


def _no_row(
    path: Path,
    source: object,
    bad: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    values: "pd.Series",
    what: str,
) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        line = source.lines([row])[0]  # type: ignore[attr-defined]
        more = f" (and {int(bad.sum()) - 1} more rows)" if bad.sum() > 1 else ""
        raise DesignError(f"{path}, line {line}: '{values.iloc[row]}' {what}{more}: correct it or draw again")


def _numbers(path: Path, source: object, column: "pd.Series") -> Array:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    _no_row(path, source, ~np.isfinite(numbers), column, "is not a number")
    return np.asarray(numbers)


def _fit_strata(path: Path, frame: Frame, columns: str, rows: IntArray, stratum: "pd.Series") -> Strata:
    """Find the frame columns whose partition of the drawn stations is the file's."""
    named, _ = pd.factorize(stratum, use_na_sentinel=False)
    others = [name for name in frame.table.columns if name not in ("tps_id", "tps", *AREA_LEVELS)]
    tried = [columns, *AREA_LEVELS[::-1], *others]
    for candidate in tried:
        strata = strata_by(frame, candidate)
        codes = strata.codes[rows]
        pairs = len(np.unique(named * len(strata.labels) + codes))
        if pairs == len(np.unique(named)) == len(np.unique(codes)):
            return strata
    raise DesignError(
        f"{path}: the column 'stratum' matches no column of the frame (tried {', '.join(tried)}), so the number of "
        f"stations in each stratum is unknown: add the strata to the frame as a column"
    )


def _check_probabilities(path: Path, sample: Sample) -> None:
    expected = (sample.drawn / sample.strata.size)[sample.stratum]
    wrong = np.abs(sample.probability - expected) > 1e-6 * expected
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        h = int(sample.stratum[row])
        raise DesignError(
            f"{path}: stratum '{sample.strata.labels[h]}' has {int(sample.drawn[h])} of {int(sample.strata.size[h])} "
            f"stations drawn, a probability of {expected[row]:.6f}, and the file says {sample.probability[row]:.6f}: "
            f"the frame or the sample has changed since the draw"
        )

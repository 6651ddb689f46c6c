"""The drawn sample, and its file ``sample.csv``."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.arrays import Array, IntArray
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling.reserve import Reserve
from estimation.sampling.strata import Strata, strata_by


@dataclass(frozen=True, slots=True)
class Sample:
    """Stations that were drawn (or asked), with what a variance needs to know.

    Attributes
    ----------
    rows : numpy.ndarray of intp, shape (n,)
        Their rows in the frame; for systematic and ordered draws in the order of the list.
    probability : numpy.ndarray, shape (n,)
        Inclusion probabilities π_i in (0, 1]; the weight is 1/π_i.
    strata : Strata
        Over the whole frame, so that N_h is the frame's.
    cells : Strata
        Within which stations that are in stand for those that are out: the strata, or districts
        where the design has none.
    method : str
    psu : tuple of str or None
        The primary unit of each station in a two-stage draw.
    psu_probability : numpy.ndarray, shape (n,), or None
        Inclusion probability of that unit.
    psu_size : numpy.ndarray, shape (n,), or None
        Stations of the population in it.
    spread : numpy.ndarray, shape (n, q), or None
        Coordinates of a spread sample.
    balance : numpy.ndarray, shape (n, p), or None
        Balancing variables of a cube sample.
    joint : numpy.ndarray, shape (n, n), or None
        Joint inclusion probabilities where they are known.
    reserve : Reserve or None
        Ordered replacements; no estimate looks at them before one is used.
    sha256 : str or None
        Of ``sample.csv``; None where every station was asked.
    notes : tuple of Notice
    """

    rows: IntArray
    probability: Array
    strata: Strata
    cells: Strata
    method: str
    psu: tuple[str, ...] | None = None
    psu_probability: Array | None = None
    psu_size: Array | None = None
    spread: Array | None = None
    balance: Array | None = None
    joint: Array | None = None
    reserve: Reserve | None = None
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
        table = frame.table.iloc[self.rows]
        units = {} if self.psu is None else {"psu": self.psu, "psu_probability": self.psu_probability}
        drawn = table.assign(
            stratum=[self.strata.labels[code] for code in self.stratum],
            probability=self.probability,
            weight=1 / self.probability,
            order=np.arange(1, len(self) + 1),
            **units,
            method=self.method,
        )
        if self.reserve is not None:
            drawn = pd.concat([drawn.assign(reserve=0), self._reserves(frame, self.reserve)])
        whole = {name: drawn[name].round().astype("Int64") for name in ("registered", "order")}
        return drawn.assign(**whole).reset_index(drop=True)

    def _reserves(self, frame: Frame, reserve: Reserve) -> pd.DataFrame:
        """Lay the reserve list out: no probability and no weight, as nothing was drawn of it."""
        labels = self.cells.labels
        return frame.table.iloc[reserve.rows].assign(
            stratum=[labels[code] for code in reserve.stratum], method=self.method, reserve=reserve.order
        )


def ask_all(frame: Frame, columns: str) -> Sample:
    """Treat the whole frame as the sample: every station is asked, and π is 1."""
    strata = strata_by(frame, columns)
    return Sample(np.arange(len(frame)), np.ones(len(frame)), strata, strata, "all")

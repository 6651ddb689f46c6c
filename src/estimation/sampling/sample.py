"""The drawn sample, and its file ``sample.csv``."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.arrays import Array, IntArray
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling.reserve import Reserve
from estimation.sampling.strata import Strata, strata_by
from estimation.survey import Structure


@dataclass(frozen=True, slots=True)
class Sample:
    """Stations that were drawn (or asked), with what a variance needs to know.

    Attributes
    ----------
    rows : numpy.ndarray of intp, shape (n,)
        Their rows in the frame; for systematic and ordered draws in the order of the list.
    structure : Structure
        Of the whole draw: weights 1/π_i, and what the variance of the method needs.
    strata : Strata
        Over the whole frame, so that N_h is the frame's.
    cells : Strata
        Within which stations that are in stand for those that are out: the strata, or districts
        where the design has none.
    psu : tuple of str or None
        The primary unit of each station in a two-stage draw.
    psu_probability : numpy.ndarray, shape (n,), or None
        Inclusion probability of that unit.
    reserve : Reserve or None
        Ordered replacements; no estimate looks at them before one is used.
    sha256 : str or None
        Of ``sample.csv``; None where every station was asked.
    notes : tuple of Notice
    """

    rows: IntArray
    structure: Structure
    strata: Strata
    cells: Strata
    psu: tuple[str, ...] | None = None
    psu_probability: Array | None = None
    reserve: Reserve | None = None
    sha256: str | None = None
    notes: tuple[Notice, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def method(self) -> str:
        """How it was drawn, a name of :data:`estimation.sampling.design.METHODS`; ``all`` where all were asked."""
        return self.structure.method

    @property
    def probability(self) -> Array:
        """Inclusion probabilities π_i in (0, 1], shape (n,)."""
        known = self.structure.probability
        return np.asarray(1 / self.structure.weight) if known is None else known

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


def sample_of(
    rows: IntArray, probability: Array, strata: Strata, method: str, *, notes: tuple[Notice, ...] = ()
) -> Sample:
    """Take stations as drawn one by one inside strata, with nothing known of the draw but their probabilities.

    Parameters
    ----------
    rows : numpy.ndarray of intp, shape (n,)
        Rows of the frame.
    probability : numpy.ndarray, shape (n,), in (0, 1]
    strata : Strata
        Over the whole frame; stations in stand for those that are out within them.
    method : str
        A name of :data:`estimation.sampling.design.METHODS`, or ``all``.
    """
    structure = Structure(
        1 / probability,
        strata.codes[rows],
        strata.size,
        method,
        probability=probability,
        order=np.arange(len(rows)),
    )
    return Sample(rows, structure, strata, strata, notes=notes)


def ask_all(frame: Frame, columns: str) -> Sample:
    """Treat the whole frame as the sample: every station is asked, and π is 1."""
    return sample_of(np.arange(len(frame)), np.ones(len(frame)), strata_by(frame, columns), "all")

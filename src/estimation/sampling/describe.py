"""From drawn rows to a sample."""

from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling.apply_design import cells_for
from estimation.sampling.design import UNEQUAL, Design
from estimation.sampling.design_structure import Drawn, design_structure
from estimation.sampling.sample import Sample
from estimation.sampling.strata import Strata


def describe(
    frame: Frame,
    design: Design,
    strata: Strata,
    drawn: Drawn,
    *,
    sha256: str | None = None,
    notes: tuple[Notice, ...] = (),
) -> Sample:
    """Compose the sample of drawn rows.

    Parameters
    ----------
    drawn : Drawn
        One sample, arrays of shape (n,).
    sha256 : str, optional
        Of the file that it was read from.
    notes : tuple of Notice
        What is to be said of the draw already.
    """
    psu = None
    if drawn.psu_probability is not None:
        clusters = frame.areas(design.cluster)
        psu = tuple(clusters.labels[code] for code in clusters.codes[drawn.rows])
    return Sample(
        rows=drawn.rows,
        structure=design_structure(frame, design, strata, drawn),
        strata=strata,
        cells=cells_for(frame, design, strata),
        psu=psu,
        psu_probability=drawn.psu_probability,
        sha256=sha256,
        notes=(*notes, *_unknown(frame, design)),
    )


def _unknown(frame: Frame, design: Design) -> list[Notice]:
    """Tell of stations whose measure of size was not known."""
    column = design.measure or ("registered" if design.method in UNEQUAL else "")
    count = int(frame.table[column].isna().sum()) if column else 0
    return [Notice("W317", {"column": column, "count": count})] if count else []

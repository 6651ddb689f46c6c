"""From drawn rows to a sample: what each method's variance needs is worked out from frame and design."""

import numpy as np

from estimation.arrays import Array, IntArray
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling import selection
from estimation.sampling.allocate import cells_for
from estimation.sampling.auxiliary import columns_of, coordinates, positive
from estimation.sampling.design import UNEQUAL, Design
from estimation.sampling.sample import Sample
from estimation.sampling.strata import Strata

LARGEST_JOINT = 3000  # stations of a stratum whose joint probabilities are worked out: N² numbers


def describe(
    frame: Frame,
    design: Design,
    strata: Strata,
    rows: IntArray,
    probability: Array,
    *,
    psu_probability: Array | None = None,
    sha256: str | None = None,
    notes: tuple[Notice, ...] = (),
) -> Sample:
    """Compose the sample of drawn rows.

    Parameters
    ----------
    rows : numpy.ndarray of intp, shape (n,)
        In the order of the list where the method goes through one.
    probability : numpy.ndarray, shape (n,)
    psu_probability : numpy.ndarray, shape (n,), optional
        Of a two-stage draw.
    """
    psu = size = None
    if psu_probability is not None:
        clusters = frame.areas(design.cluster)
        psu = tuple(clusters.labels[code] for code in clusters.codes[rows])
        size = np.bincount(clusters.codes)[clusters.codes[rows]].astype(np.float64)
    spread = balance = None
    if design.method == "local-cube" or (design.method == "pivotal" and design.spread):
        spread = coordinates(frame, design.spread)[rows]
    if design.method in ("cube", "local-cube"):
        balance = np.column_stack([probability, columns_of(frame, design.balance)[rows]])
    return Sample(
        rows=rows,
        probability=probability,
        strata=strata,
        cells=cells_for(frame, design, strata),
        method=design.method,
        psu=psu,
        psu_probability=psu_probability,
        psu_size=size,
        spread=spread,
        balance=balance,
        joint=_joint(frame, design, strata, rows),
        sha256=sha256,
        notes=(*notes, *_unknown(frame, design)),
    )


def _unknown(frame: Frame, design: Design) -> list[Notice]:
    """Tell of stations whose measure of size was not known."""
    column = design.measure or ("registered" if design.method in UNEQUAL else "")
    count = int(frame.table[column].isna().sum()) if column else 0
    return [Notice("W317", {"column": column, "count": count})] if count else []


def _joint(frame: Frame, design: Design, strata: Strata, rows: IntArray) -> Array | None:
    """Work out the joint probabilities of the drawn stations where the method has exact ones."""
    functions = {"sampford": selection.sampford_joint, "max-entropy": selection.max_entropy_joint}
    if design.method not in functions or strata.size.max() > LARGEST_JOINT:
        return None
    measure = positive(frame, design.measure or "registered")
    drawn = np.bincount(strata.codes[rows], minlength=len(strata.labels))
    joint = np.zeros((len(rows), len(rows)))
    single = np.zeros(len(rows))
    for h in range(len(strata.labels)):
        inside = np.flatnonzero(strata.codes == h)
        place = np.full(len(frame), -1, dtype=np.intp)
        place[inside] = np.arange(len(inside))
        mine = np.flatnonzero(strata.codes[rows] == h)
        probability = selection.inclusion_probabilities(measure[inside], int(drawn[h]))
        among = place[rows[mine]]
        joint[np.ix_(mine, mine)] = functions[design.method](probability)[np.ix_(among, among)]
        single[mine] = probability[among]
    other = strata.codes[rows][:, None] != strata.codes[rows][None, :]
    return np.where(other, np.outer(single, single), joint)

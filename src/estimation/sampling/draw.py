"""The draw: a design and a frame in, a sample out; or many samples at once."""

import re
from dataclasses import replace

import numpy as np

from estimation.arrays import Array, IntArray
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.rules import Notice
from estimation.sampling.apply_design import allocate, cells_for, notes, strata_for
from estimation.sampling.auxiliary import auxiliary_columns, coordinates, list_order, positive
from estimation.sampling.design import ORDERED, UNEQUAL, Design
from estimation.sampling.design_structure import Drawn, design_structure
from estimation.sampling.reserve import reserve
from estimation.sampling.sample import Sample
from estimation.sampling.strata import Strata
from estimation.sampling.ticket_order import sha256_order
from estimation.seeds import generator


def draw(frame: Frame, design: Design) -> Sample:
    """Draw a sample.

    Raises
    ------
    FrameError
        A stratification column is not in the frame.
    DesignError
        n does not fit the strata, or the method can't work with the columns that the design names.
    """
    strata = strata_for(frame, design.strata, design.merge, design.n)
    drawn = draw_rows(frame, design, strata, generator(design.seed, "draw"))
    sample = describe_draw(frame, design, strata, drawn, notes=notes(frame, design))
    if not design.reserve:
        return sample
    held = reserve(frame, sample.cells, sample.rows, share=design.reserve, rng=generator(design.seed, "reserve"))
    return replace(sample, reserve=held)


def describe_draw(
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


def draw_rows(
    frame: Frame, design: Design, strata: Strata, rng: np.random.Generator, replicates: int | None = None
) -> Drawn:
    """Draw rows of the frame by the design's method, many independent times if asked; see :func:`draw`."""
    from estimation.sampling import selection  # whoever reads a sample draws none

    if design.method == "two-stage":
        return _two_stage(frame, design, rng, replicates)
    share = allocate(frame, design, strata)
    if design.method in ("simple", "stratified"):
        if design.order == "sha256" and replicates is None:
            rows = sha256_order(frame.table["tps_id"], strata.codes, share, design.seed)
        else:
            rows = selection.stratified(strata.codes, share, rng, replicates)
        return Drawn(rows, (share / strata.size)[strata.codes[rows]])
    probability = probabilities(frame, design, strata, share)
    parts = []
    for h in range(len(strata.labels)):
        inside = np.flatnonzero(strata.codes == h)
        parts.append(inside[_select(frame, design, inside, probability[inside], rng, replicates)])
    rows = np.concatenate(parts, axis=-1)
    if design.method in ORDERED:
        turn = np.argsort(list_order(frame, design.sort)[rows], axis=-1)
        rows = np.take_along_axis(rows, turn, axis=-1)
    return Drawn(rows, probability[rows])


def probabilities(frame: Frame, design: Design, strata: Strata, share: IntArray) -> Array:
    """Give every station's inclusion probability, shape (N,): equal in a stratum, or by the measure."""
    from estimation.sampling import selection

    measure = design.measure or ("registered" if design.method in UNEQUAL else "")
    if not measure:
        return np.asarray((share / strata.size)[strata.codes])
    size = positive(frame, measure)
    probability = np.empty(len(frame))
    for h, n in enumerate(share):
        inside = strata.codes == h
        probability[inside] = selection.inclusion_probabilities(size[inside], int(n))
    return probability


def _select(
    frame: Frame,
    design: Design,
    inside: IntArray,
    probability: Array,
    rng: np.random.Generator,
    replicates: int | None,
) -> IntArray:
    """Draw within one stratum by the design's method; rows are counted inside it."""
    from estimation.sampling import selection

    if design.method in ("systematic", "pps-systematic"):
        order = _listed(list_order(frame, design.sort), inside)
        return selection.systematic(probability, rng, order=order, replicates=replicates)
    if design.method == "sampford":
        return selection.sampford(probability, rng, replicates=replicates)
    if design.method == "max-entropy":
        return selection.max_entropy(probability, rng, replicates=replicates)
    if design.method == "pivotal" and not design.spread:
        order = _listed(list_order(frame, design.sort), inside)
        return selection.pivotal(probability, rng, order=order, replicates=replicates)
    if design.method == "pivotal":
        places = coordinates(frame, design.spread)[inside]
        return selection.pivotal(probability, rng, spread=places, replicates=replicates)
    balance = auxiliary_columns(frame, design.balance)[inside]
    spread = coordinates(frame, design.spread)[inside] if design.method == "local-cube" else None
    try:
        return selection.cube(probability, balance, rng, spread=spread, replicates=replicates)
    except DesignError as error:
        named = re.sub(
            r"balance column (\d+)", lambda found: f"balance column '{design.balance[int(found[1])]}'", str(error)
        )
        raise DesignError(named) from error


def _listed(position: IntArray, inside: IntArray) -> IntArray:
    """Name some stations, counted among themselves, in the order of the list that gives their positions."""
    return np.argsort(position[inside], kind="stable")


def _two_stage(frame: Frame, design: Design, rng: np.random.Generator, replicates: int | None) -> Drawn:
    """Draw clusters with probabilities in proportion to their stations, then stations in each."""
    from estimation.sampling import selection

    if design.strata:
        raise DesignError("method 'two-stage' takes no strata: leave them out")
    clusters = frame.areas(design.cluster).codes
    number = max(2, round(design.n / design.per_cluster))
    drawn = selection.two_stage(clusters, number, design.per_cluster, rng, replicates=replicates)
    return Drawn(drawn.rows, drawn.probability, drawn.psu_probability)

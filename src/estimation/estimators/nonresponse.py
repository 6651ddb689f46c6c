"""From the drawn sample to the stations that are in: weights and strata."""

from dataclasses import dataclass, replace

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, group_sums, per_station
from estimation.rules import Notice
from estimation.sampling import Sample, Strata
from estimation.survey import Structure, collapse

GROUPS_NAMED = 8  # a notice names so many groups of strata, then counts the rest


@dataclass(frozen=True, slots=True)
class Adjustment:
    """The design of what is in.

    Attributes
    ----------
    structure : Structure
        Weights (0 = not in) and the collapsed strata of the drawn stations.
    group : numpy.ndarray of intp, shape (…, H)
        The collapsed stratum of each stratum.
    strata_in : numpy.ndarray, shape (…)
        Strata of the design that have a station in.
    weighting_class : numpy.ndarray of intp, shape (…, C)
        The group of each cell within which what is in stands for what is out.
    notes : tuple of Notice
    """

    structure: Structure
    group: IntArray
    strata_in: Array
    weighting_class: IntArray
    notes: tuple[Notice, ...]


def weight_responding(sample: Sample, seen: BoolArray, single: str = "collapse") -> Adjustment:
    """Weight the stations of a sample that are in so that they stand for their strata: see :func:`adjust`.

    Parameters
    ----------
    sample : Sample
    seen : numpy.ndarray of bool, shape (…, n)
        Which of its stations are in.
    single : str
        What becomes of a stratum with one station in, ``[estimate] single``: any other than ``collapse``
        leaves it as it is, for the variance to deal with.
    """
    cell = sample.cells.codes[sample.rows]
    adjustment = adjust(sample.structure, sample.strata, sample.cells, cell, seen, single)
    return adjustment if seen.ndim > 1 else replace(adjustment, notes=_notes(sample, seen, adjustment.weighting_class))


def adjust(
    drawn: Structure, strata: Strata, cells: Strata, cell: IntArray, seen: BoolArray, single: str = "collapse"
) -> Adjustment:
    """Weight the stations that are in so that they stand for their strata.

    Within a stratum the stations that are in are treated as a simple random part of those drawn:
    w_i = (1/π_i) N_g / Σ_g (1/π), over the stations in of the group g of strata, so that with
    simple sampling w = N_g/m_g (weighting-class adjustment, Särndal, Swensson and Wretman 1992,
    section 15.6.2). Strata in which too few have arrived are collapsed by
    :func:`estimation.survey.collapse`: first those with fewer than two of several drawn (they
    share a weight), then those that still have one station (they share a variance).

    Parameters
    ----------
    drawn : Structure
        Of the whole sample, weights 1/π of shape (…, n); 0 = no station (samples of several sizes).
    strata, cells : Strata
        The design's, and those within which what is in stands for what is out.
    cell : numpy.ndarray of intp, shape (…, n)
        The cell of each station.
    seen : numpy.ndarray of bool, shape (…, n)
        Which are in; leading axes fit those of the structure.
    single : str
        See :func:`weight_responding`.
    """
    whole, needed = cells is strata, 2 if single == "collapse" else 1
    number, of_strata = len(cells.labels), drawn.stratum
    weighting_class = _weighting_classes(drawn, cells, cell, seen, whole, needed)
    weight = np.where(seen, drawn.weight, 0.0)
    stands = group_sums(drawn.weight, cell, number)
    stands = np.where(stands > 0, stands, cells.size) if whole else stands
    target = _joined(np.broadcast_to(stands, weighting_class.shape), weighting_class)
    here = _joined(group_sums(weight, cell, number), weighting_class)
    factor = target / np.where(here > 0, here, np.inf)
    weight = weight * per_station(np.take_along_axis(factor, weighting_class, axis=-1), cell)
    count = group_sums(seen & (drawn.weight > 0), of_strata, len(strata.labels))
    group = collapse(count, strata.size, list(strata.parents), needed=needed, start=weighting_class if whole else None)
    size = _joined(np.broadcast_to(strata.size, count.shape), group)
    stratum = per_station(group.astype(np.float64), of_strata).astype(np.intp)
    counts = group_sums(seen & (drawn.weight > 0), cell, number)
    structure = replace(drawn, weight=weight, stratum=stratum, size=size)
    return Adjustment(structure, group, (counts > 0).sum(axis=-1), group if whole else weighting_class, ())


def _weighting_classes(
    drawn: Structure, cells: Strata, cell: IntArray, seen: BoolArray, whole: bool, needed: int
) -> IntArray:
    """Give the group of each cell, (…, C): those with too few in are collapsed."""
    number, there = len(cells.labels), drawn.weight > 0
    count = group_sums(seen & there, cell, number)
    asked = np.broadcast_to(group_sums(there, cell, number), count.shape)
    # a cell of which none was drawn needs a partner only where strata are to be represented whole
    enough = np.clip(asked, 1 if whole else 0, needed)
    return collapse(count, np.maximum(asked, enough), list(cells.parents), needed=enough)


def _joined(values: Array, group: IntArray) -> Array:
    """Add up values of strata by group; as many places as strata, the last ones 0."""
    return group_sums(np.asarray(values), group, values.shape[-1])


def _notes(sample: Sample, seen: BoolArray, group: IntArray) -> tuple[Notice, ...]:
    notes = list(sample.notes)
    strata = sample.cells
    cell = strata.codes[sample.rows]
    drawn = np.bincount(cell, minlength=len(strata.labels))
    count = np.bincount(cell, seen, len(strata.labels))
    empty = int(((count == 0) & (drawn > 0)).sum())
    if empty:
        notes.append(Notice("W302", {"count": empty, "strata": int((drawn > 0).sum())}))
    undrawn = int(strata.size[drawn == 0].sum()) if strata is sample.strata else 0
    if undrawn:
        notes.append(Notice("W313", {"count": undrawn}))
    several = [g for g, n in enumerate(np.bincount(group)) if n > 1]
    if several:
        short = [label.rsplit(" / ", 1)[-1] for label in strata.labels]
        named = [" + ".join(short[h] for h in np.flatnonzero(group == g)) for g in several[:GROUPS_NAMED]]
        more = [f"… (+{len(several) - GROUPS_NAMED})"] if len(several) > GROUPS_NAMED else []
        notes.append(Notice("W301", {"group": "; ".join(named + more)}))
    return tuple(notes)

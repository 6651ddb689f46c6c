"""From the drawn sample to the stations that are in: weights and strata."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimation.rules import Notice
from estimation.sampling import Sample
from estimation.survey import Structure, collapse
from estimation.survey.structure import Array, IntArray, stratum_sums

GROUPS_NAMED = 8  # a notice names so many groups of strata, then counts the rest


@dataclass(frozen=True, slots=True)
class Arrival:
    """The design of what is in.

    Attributes
    ----------
    structure : Structure
        Weights (0 = not in) and the collapsed strata of the drawn stations.
    group : numpy.ndarray of intp, shape (…, H)
        The collapsed stratum of each stratum.
    strata_in : numpy.ndarray, shape (…)
        Strata of the design that have a station in.
    notes : tuple of Notice
    """

    structure: Structure
    group: IntArray
    strata_in: Array
    notes: tuple[Notice, ...]


def arrived(sample: Sample, seen: NDArray[np.bool_], single: str = "collapse") -> Arrival:
    """Weight the stations that are in so that they stand for their strata.

    Within a stratum the stations that are in are treated as a simple random part of those drawn:
    w_i = (1/π_i) N_g / Σ_g (1/π), over the stations in of the group g of strata, so that with
    simple sampling w = N_g/m_g (weighting-class adjustment, Särndal, Swensson and Wretman 1992,
    section 15.6.2). Strata in which too few have arrived are collapsed by
    :func:`estimation.survey.collapse`: first those with fewer than two of several drawn (they
    share a weight), then those that still have one station (they share a variance).

    Parameters
    ----------
    sample : Sample
    seen : numpy.ndarray of bool, shape (…, n)
        Which of its stations are in.
    single : str
        What becomes of a stratum with one station in, ``[estimate] single``: any other than ``collapse``
        leaves it as it is, for the variance to deal with.
    """
    strata, cells = sample.strata, sample.cells
    base = 1 / sample.probability
    weight = np.where(seen, base, 0.0)
    needed = 2 if single == "collapse" else 1
    cell, among = _cells(sample, seen, needed)
    target = _group_sums(np.broadcast_to(_represented(sample), among.shape), among)
    arrived_weight = _group_sums(stratum_sums(weight[..., None], cell, len(cells.labels))[..., 0], among)
    factor = target / np.where(arrived_weight > 0, arrived_weight, np.inf)
    weight = weight * np.take_along_axis(factor, among, axis=-1)[..., cell]
    count = stratum_sums(seen.astype(np.float64)[..., None], sample.stratum, len(strata.labels))[..., 0]
    group = collapse(count, strata.size, list(strata.parents), needed=needed, start=among if cells is strata else None)
    size = _group_sums(np.broadcast_to(strata.size, count.shape), group)
    structure = _structure(sample, weight, group[..., sample.stratum], size)
    counts = stratum_sums(seen.astype(np.float64)[..., None], cell, len(cells.labels))[..., 0]
    notes = _notes(sample, counts, among if cells is not strata else group) if seen.ndim == 1 else ()
    return Arrival(structure, group, (counts > 0).sum(axis=-1), notes)


def _cells(sample: Sample, seen: NDArray[np.bool_], needed: int) -> tuple[IntArray, IntArray]:
    """Give the cell of each station and the group of each cell: those with too few in are collapsed."""
    cells = sample.cells
    cell = cells.codes[sample.rows]
    count = stratum_sums(seen.astype(np.float64)[..., None], cell, len(cells.labels))[..., 0]
    drawn = np.bincount(cell, minlength=len(cells.labels)).astype(np.float64)
    # a cell of which none was drawn needs a partner only where strata are to be represented whole
    enough = np.clip(drawn, 1 if cells is sample.strata else 0, needed)
    return cell, collapse(count, np.maximum(drawn, enough.min()), list(cells.parents), needed=enough)


def _represented(sample: Sample) -> Array:
    """Give what each cell stands for: the weights drawn in it; all stations of a stratum without any drawn."""
    cells = sample.cells
    weighted: Array = np.bincount(cells.codes[sample.rows], 1 / sample.probability, len(cells.labels)).astype(
        np.float64
    )
    if cells is not sample.strata:
        return weighted
    return np.where(weighted > 0, weighted, cells.size)


def _structure(sample: Sample, weight: Array, stratum: IntArray, size: Array) -> Structure:
    """Compose the structure with what the variance of the method needs besides weights and strata."""
    cluster = cluster_size = cluster_probability = None
    if sample.psu is not None and sample.psu_size is not None and sample.psu_probability is not None:
        _, first, cluster = np.unique(np.array(sample.psu), return_index=True, return_inverse=True)
        cluster_size, cluster_probability = sample.psu_size[first], sample.psu_probability[first]
    return Structure(
        weight,
        stratum,
        size,
        sample.method,
        probability=sample.probability,
        joint=sample.joint,
        cluster=cluster,
        cluster_size=cluster_size,
        cluster_probability=cluster_probability,
        order=np.arange(len(sample)),
        spread=sample.spread,
        balance=sample.balance,
    )


def _group_sums(values: Array, group: IntArray) -> Array:
    """Add up values of strata by group; as many places as strata, the last ones 0."""
    return stratum_sums(np.asarray(values)[..., None], group, values.shape[-1])[..., 0]


def _notes(sample: Sample, count: Array, group: IntArray) -> tuple[Notice, ...]:
    notes = list(sample.notes)
    strata = sample.cells
    drawn = np.bincount(strata.codes[sample.rows], minlength=len(strata.labels))
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

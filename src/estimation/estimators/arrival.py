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


def arrived(sample: Sample, seen: NDArray[np.bool_]) -> Arrival:
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
    """
    strata = sample.strata
    number = len(strata.labels)
    weight = np.where(seen, 1 / sample.probability, 0.0)
    both = np.stack([seen.astype(np.float64), weight], axis=-1)
    sums = stratum_sums(both, sample.stratum, number)
    count, weighted = sums[..., 0], sums[..., 1]
    parents = list(strata.parents)
    drawn = sample.drawn.astype(np.float64)
    cells = collapse(count, np.maximum(drawn, 1), parents, needed=np.clip(drawn, 1, 2))
    group = collapse(count, strata.size, parents, start=cells)
    factor = np.take_along_axis(
        _group_sums(np.broadcast_to(strata.size, count.shape), cells)
        / np.where((total := _group_sums(weighted, cells)) > 0, total, np.inf),
        cells,
        axis=-1,
    )
    weight = weight * factor[..., sample.stratum]
    structure = Structure(
        weight,
        group[..., sample.stratum],
        _group_sums(np.broadcast_to(strata.size, count.shape), group),
        sample.method,
    )
    notes = _notes(sample, count, group) if seen.ndim == 1 else ()
    return Arrival(structure, group, (count > 0).sum(axis=-1), notes)


def _group_sums(values: Array, group: IntArray) -> Array:
    """Add up values of strata by group; as many places as strata, the last ones 0."""
    return stratum_sums(np.asarray(values)[..., None], group, values.shape[-1])[..., 0]


def _notes(sample: Sample, count: Array, group: IntArray) -> tuple[Notice, ...]:
    notes = list(sample.notes)
    strata = sample.strata
    empty = int(((count == 0) & (sample.drawn > 0)).sum())
    if empty:
        notes.append(Notice("W302", {"count": empty, "strata": int((sample.drawn > 0).sum())}))
    undrawn = int(strata.size[sample.drawn == 0].sum())
    if undrawn:
        notes.append(Notice("W313", {"count": undrawn}))
    several = [g for g, n in enumerate(np.bincount(group)) if n > 1]
    if several:
        short = [label.rsplit(" / ", 1)[-1] for label in strata.labels]
        named = [" + ".join(short[h] for h in np.flatnonzero(group == g)) for g in several[:GROUPS_NAMED]]
        more = [f"… (+{len(several) - GROUPS_NAMED})"] if len(several) > GROUPS_NAMED else []
        notes.append(Notice("W301", {"group": "; ".join(named + more)}))
    return tuple(notes)

"""Takes neighbouring strata together where one of them has too few stations in."""

import numpy as np
from numpy.typing import NDArray

from estimation.arrays import Array, IntArray


def collapse(
    count: Array,
    size: Array,
    parents: list[IntArray],
    *,
    needed: Array | int = 2,
    start: IntArray | None = None,
) -> IntArray:
    """Collapse strata by a rule that depends on counts alone.

    Strata are taken in the order of the frame, which is the order of the map. A stratum with too
    few stations in is joined with the next one of the same parent area, and with the one before
    it where it is the last; only when a whole parent area is too small does it join the next
    parent area. A stratum that is completely in needs no partner. The rule looks at how many
    stations are in, never at what they counted, as collapsing by outcome biases the variance
    down (Wolter 2007, section 2.5).

    Parameters
    ----------
    count : numpy.ndarray, shape (…, H)
        Stations in, by stratum.
    size : numpy.ndarray, shape (H,) or (…, H)
        Stations of the population, by stratum.
    parents : list of numpy.ndarray of intp, each of shape (H,)
        The parent area of each stratum, from the nearest level to the widest; strata of one
        parent stand together. The whole frame is the last parent always.
    needed : int or numpy.ndarray, shape (H,) or (…, H)
        Stations that a stratum needs to stand alone.
    start : numpy.ndarray of intp, shape (…, H), optional
        Groups that exist already and stay together.

    Returns
    -------
    numpy.ndarray of intp, shape (…, H)
        The group of each stratum, 0, 1, … in order; with as many groups as strata where nothing
        had to be collapsed.
    """
    strata = count.shape[-1]
    group = np.broadcast_to(np.arange(strata) if start is None else start, count.shape).astype(np.intp)
    if start is None and np.all((count >= needed) | (count >= size)):
        return group
    need = np.broadcast_to(np.asarray(needed, dtype=np.float64), count.shape)
    size = np.broadcast_to(size, count.shape)
    for parent in [*parents, np.zeros(strata, dtype=np.intp)]:
        before = None
        while before is None or not np.array_equal(before, group):  # what was joined may still be too small
            before, group = group, _sweep(group, count, size, need, parent)
    return group


def _sweep(group: IntArray, count: Array, size: Array, need: Array, parent: IntArray) -> IntArray:
    """Join what is too small with the next inside its parent area, the last one with the one before it."""
    lead, strata = group.shape[:-1], group.shape[-1]
    new = np.zeros_like(group)
    label = np.zeros(lead, dtype=np.intp)
    begin = np.zeros(lead, dtype=np.intp)  # where the open group begins
    inside, total, enough = np.zeros(lead), np.zeros(lead), np.zeros(lead)
    small: NDArray[np.bool_] = np.zeros(lead, dtype=np.bool_)
    first = 0  # where the parent area begins
    for h in range(strata):
        if h:
            sibling = parent[h] == parent[h - 1]
            first = first if sibling else h
            joined = (group[..., h] == group[..., h - 1]) | (small & sibling)
            label = label + ~joined
            begin = np.where(joined, begin, h)
            inside, total, enough = (np.where(joined, value, 0) for value in (inside, total, enough))
        new[..., h] = label
        inside = inside + count[..., h]
        total = total + size[..., h]
        enough = np.maximum(enough, need[..., h])
        small = (inside < enough) & (inside < total)
        if h == strata - 1 or parent[h + 1] != parent[h]:
            goes_on = np.zeros(lead, np.bool_) if h == strata - 1 else group[..., h + 1] == group[..., h]
            back = small & ~goes_on & (begin > first)
            own = np.arange(strata) >= begin[..., None]
            new = np.where(back[..., None] & own & (np.arange(strata) <= h), label[..., None] - 1, new)
            label = label - back
            small = small & ~back
    return new

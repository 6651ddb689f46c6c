"""Nested areas, from the finest to the widest."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from estimation.arrays import Array, IntArray

FEW = 12  # strata that are no areas become indicators up to this number


@dataclass(frozen=True, slots=True)
class AreaTree:
    """Nested levels of areas, coded so that the areas of one parent stand together.

    Attributes
    ----------
    leaf : numpy.ndarray of intp, shape (N,)
        The finest area of each station, 0 … m - 1; 0 where there is no level.
    areas : int
        Number m of the finest areas.
    begins : tuple of numpy.ndarray of intp
        For each level but the widest, from the finest on: where the areas of each parent begin.
    depth : int
        Number of levels.
    """

    leaf: IntArray
    areas: int
    begins: tuple[IntArray, ...]
    depth: int

    def parent(self, level: int) -> IntArray:
        """Give the parent of each area of a level, counted from the finest."""
        begin, size = self.begins[level], self.areas if level == 0 else len(self.begins[level - 1])
        return np.repeat(np.arange(len(begin)), np.diff(np.append(begin, size)))


def grow(
    names: Sequence[str], codes: Sequence[IntArray], stations: int, strata: IntArray | None = None
) -> tuple[AreaTree, tuple[str, ...], Array | None]:
    """Nest levels inside each other and drop those that say nothing.

    Parameters
    ----------
    names, codes : sequences, from the widest level to the finest
        A code of each station, shape (N,), by level; each is taken within the one before it.
    stations : int
        N.
    strata : numpy.ndarray of intp, shape (N,), optional
        See :func:`estimation.estimators.multilevel.model_frame`.

    Returns
    -------
    tree : Tree
    kept : tuple of str
        The levels that are left.
    indicators : numpy.ndarray, shape (N, H - 1), or None
        Of strata that are no union of areas.
    """
    kept, paths = _nest(names, codes, stations)
    indicators = None
    if strata is not None and not _is_union(strata, paths):
        present, strata = np.unique(strata, return_inverse=True)
        if len(present) <= FEW:
            indicators = (strata[:, None] == np.arange(1, len(present))).astype(np.float64)
        else:
            # below the last level that it lies within; all finer ones are taken within it
            split = sum(_is_union(path, [strata]) for path in paths)
            kept, paths = _nest(
                (*kept[:split], "stratum", *kept[split:]), [*paths[:split], strata, *paths[split:]], stations
            )
    if not paths:
        return AreaTree(np.zeros(stations, dtype=np.intp), 1, (), 0), (), indicators
    begins = []
    for upper, lower in pairwise(paths):
        home = np.empty(int(lower.max()) + 1, dtype=np.intp)
        home[lower] = upper
        begins.append(np.flatnonzero(np.diff(home, prepend=-1)))
    return AreaTree(paths[-1], int(paths[-1].max()) + 1, tuple(begins[::-1]), len(paths)), tuple(kept), indicators


def _nest(names: Sequence[str], codes: Sequence[IntArray], stations: int) -> tuple[list[str], list[IntArray]]:
    """Code every level within those above it, in their order, and drop what adds nothing."""
    kept: list[str] = []
    paths: list[IntArray] = []
    above, number = np.zeros(stations, dtype=np.intp), 1
    for name, own in zip(names, codes, strict=True):
        base = own - own.min()
        path = _ranked(above * (int(base.max()) + 1) + base)
        found = int(path.max()) + 1
        if number < found < stations:
            kept.append(name)
            paths.append(path)
            above, number = path, found
    return kept, paths


def _ranked(keys: IntArray) -> IntArray:
    """Rank keys without gaps, in their order."""
    size = int(keys.max()) + 1
    if size > 20 * len(keys) + 1000:
        return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.intp)
    present = np.zeros(size, dtype=np.intp)  # a table of all keys is quicker than sorting
    present[keys] = 1
    return np.asarray((np.cumsum(present) - 1)[keys], dtype=np.intp)


def _is_union(group: IntArray, paths: Sequence[IntArray]) -> bool:
    """Say whether every group is a union of areas of the finest level."""
    if not paths:
        return bool((group == group[0]).all())
    finest = paths[-1]
    home = np.empty(int(finest.max()) + 1, dtype=group.dtype)
    home[finest] = group
    return bool((home[finest] == group).all())

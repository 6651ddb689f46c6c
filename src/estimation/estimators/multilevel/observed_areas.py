"""The areas that have a station in, and what those without one leave to them."""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray
from estimation.estimators.multilevel.model_population import Exposure
from estimation.estimators.multilevel.tree import AreaTree


@dataclass(frozen=True, slots=True)
class ObservedAreas:
    """Areas with a station used in any of B replicates, coded anew without gaps.

    Attributes
    ----------
    code : numpy.ndarray of intp, shape (B, n)
        The finest area of each station; 0 where it is not used.
    number : int
        Number of finest areas m.
    totals : numpy.ndarray, shape (m,)
        Their Σ x.
    begins, parents : tuple of numpy.ndarray of intp
        For each level but the widest, from the finest on: where the areas of each parent begin; the parent of each.
    unseen : tuple of numpy.ndarray
        For each level but the widest: Σ x of the areas that are absent, by the parents that are present.
    hidden : numpy.ndarray, shape (levels,)
        Σ (Σ x)² over the absent areas of each level, from the finest on.
    """

    code: IntArray
    number: int
    totals: Array
    begins: tuple[IntArray, ...]
    parents: tuple[IntArray, ...]
    unseen: tuple[Array, ...]
    hidden: Array


def observed_areas(tree: AreaTree, exposure: Exposure, rows: IntArray, use: BoolArray) -> ObservedAreas:
    """Find the areas that are present.

    Parameters
    ----------
    rows, use : numpy.ndarray, shape (B, n)
        Frame rows of the stations, and which of them are used.
    """
    leaf = tree.leaf[rows]
    here = np.zeros(tree.areas, dtype=np.bool_)
    here[leaf[use]] = True
    code = np.where(use, (np.cumsum(here) - 1)[leaf], 0)
    whole = exposure.leaf  # Σ x of every area of a level, present or not
    number, totals = int(here.sum()), whole[here]
    begins, parents, unseen, hidden = [], [], [], []
    for level in range(tree.depth):
        absent = np.where(here, 0.0, whole)
        hidden.append(float(absent @ absent))
        if level == tree.depth - 1:
            break
        home = tree.parent(level)[here]
        above = np.zeros(len(tree.begins[level]), dtype=np.bool_)
        above[home] = True
        begins.append(np.flatnonzero(np.diff(home, prepend=-1)))
        parents.append((np.cumsum(above) - 1)[home])
        unseen.append(np.add.reduceat(absent, tree.begins[level])[above])
        whole = np.add.reduceat(whole, tree.begins[level])
        here = above
    return ObservedAreas(code, number, totals, tuple(begins), tuple(parents), tuple(unseen), np.array(hidden))
